"""What an HTML page says can be read as text."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.quectel_smtp.delivery.rules.text_of_html import text_of

from .unicode_texts import anything


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("no tag at all, 1 < 2 & 3", "no tag at all, 1 < 2 & 3"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<div><div>One</div></div><div>Two</div>", "One\nTwo"),
        ("One<br>Two<br/>Three<br><br>Four", "One\nTwo\nThree\n\nFour"),
        ("a <b>bold</b>  word\n here ", "a bold word here"),
        ("<b>a</b><i>b</i> <u>c</u>", "ab c"),
        ("<h1>T</h1>x<ul><li>One<li>Two</ul>y", "T\n\nx\n\n- One\n- Two\n\ny"),
        (
            "<table><tr><th>a</th><th>b</th></tr><tr><td>1<td>2</table>",
            "a b\n1 2",
        ),
        ("x<pre>  y\n\n z\t1\n</pre></pre>w", "x\n\n  y\n\n z\t1\n\nw"),
        ("&auml;&#8364;&lt;b&gt;", "ä€<b>"),
        ("<a href='https://example.com/x'>Look</a>!", "Look (https://example.com/x)!"),
        ("<a href='http://a.example'>http://a.example</a>", "http://a.example"),
        ("<a href='http://a.example'>http://<b>a.example</b></a>", "http://a.example"),
        ("<a href='#top'>Top</a> <a>none</a>", "Top none"),
        ("<img src='cid:door' alt='The door'><img src='x'>", "The door"),
        (
            "<html><head><title>T</title><style>p { x }</style></head>"
            "<script>if (a < b) { c() }</script><body>Seen",
            "Seen",
        ),
        ("<!-- hidden --><p>Seen", "Seen"),
    ],
    ids=range(18),
)
def test_a_page_is_read_in_lines(html: str, text: str) -> None:
    assert text_of(html) == text


@settings(deadline=None)
@given(anything | st.text("<>/!-&;='\" abtpre", max_size=80))
def test_any_page_is_read(html: str) -> None:
    text_of(html)


@settings(deadline=None)
@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=40))
def test_no_word_is_lost(word: str) -> None:
    assert text_of(f"<div><p class=x>{word}</p></div>") == word


@pytest.mark.parametrize(
    "piece", ["<b>a</b>", "<a href=http:b>c</a>", "<td>a", "a<br>", "<", "<a ", "&#"]
)
def test_a_page_of_very_many_pieces_takes_no_longer_than_another(piece: str) -> None:
    """Were what was said copied for each of them, this would take minutes."""
    text_of(piece * (1_000_000 // len(piece)))
