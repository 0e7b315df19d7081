"""What of a text an email can have: all that can be seen, in every script."""

import unicodedata

from hypothesis import given, settings
import pytest

from custom_components.quectel_smtp.delivery.rules.characters import cleaned, one_line

from .unicode_texts import FAMILY, anything


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("\x1b[31;1mred\x1b[0m alert", "red alert"),
        ("\x9b1mbold", "bold"),
        ("\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]0;without its end\nnext", "]0;without its end\nnext"),
        ("\x1b(Bplain", "plain"),
        ("\x1bHello", "Hello"),
        ("\x1b[\x1b[1m1m", "[1m"),
        ("a\0b\x07c\x7fd\x91e", "abcde"),
        ("\u202eexe.gpj", "exe.gpj"),
        ("\u202dabc\u202c", "abc\u202c"),
        ("half \ud83d of a pair", "half \ufffd of a pair"),
    ],
    ids=range(12),
)
def test_what_shows_nothing_is_taken_out_and_told(text: str, found: str) -> None:
    assert cleaned(text).text == found
    assert cleaned(text).changed


@pytest.mark.parametrize(
    "begin", ["\x9d", "\x1b]", "\x1b[1", "\x9b;", "\x1b ", "\x90a"]
)
def test_a_text_of_nothing_but_beginnings_takes_no_longer_than_another(
    begin: str,
) -> None:
    """Were each looked through to the end of the text, this would take hours."""
    text = begin * 500_000
    assert cleaned(text).changed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Tab\tand\nline end",
        FAMILY + "👍🏽🇦🇹",
        "e\u0301 क्षि ไม้",
        "\u2067עברית\u2069 \u202bعربي\u202c \u200f\u061c",
        "a\u200bb\u200cc\u2060d\ufeff\u00ad",
        "\ufffe\U0010ffff",
    ],
    ids=range(7),
)
def test_text_in_any_script_stays_as_it_is(text: str) -> None:
    assert cleaned(text).text == text
    assert not cleaned(text).changed


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n", "\v", "\f", "\x85", "\u2028"])
def test_whatever_ends_a_line_is_a_line_feed(end: str) -> None:
    assert cleaned(f"a{end}b").text == "a\nb"
    assert not cleaned(f"a{end}b").changed
    assert one_line(cleaned(f" a{end}\tb {end}").text) == "a b"


@settings(deadline=None)
@given(anything)
def test_any_text_becomes_one_that_an_email_can_have(text: str) -> None:
    found = cleaned(text)
    kinds = {unicodedata.category(one) for one in found.text if one not in "\t\n"}
    assert not kinds & {"Cc", "Cs"}
    assert not set(found.text) & {"\u202d", "\u202e", "\u2028", "\u2029"}
    # Nothing is done twice, nor to what is sound.
    again = cleaned(found.text)
    assert again.text == found.text
    assert not again.changed
    assert len(one_line(found.text).splitlines()) <= 1
