"""A transcript's text gives back what was recorded, and nothing else is taken for one."""

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.modem.recording.transcript import (
    Exchange,
    Transcript,
    TranscriptError,
    escape,
    parse,
    render,
    unescape,
)

TITLE = "# Transcript of a Quectel modem, format 1"
commands = st.text(st.characters(max_codepoint=255), min_size=1, max_size=30)
names = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12)
values = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1)
exchanges = st.builds(
    Exchange, commands, st.binary(max_size=200), st.integers(0, 999_999_999)
)
transcripts = st.builds(
    Transcript,
    st.lists(st.tuples(names, values), max_size=4).map(tuple),
    st.lists(exchanges, max_size=4).map(tuple),
)


@given(transcripts)
def test_what_is_written_is_read_back_the_same(transcript: Transcript) -> None:
    text = render(transcript)
    assert parse(text) == transcript
    # As editors and version control may leave it.
    assert parse(text.replace("\n", "\r\n")) == transcript
    assert render(parse(text)) == text


@given(st.binary(max_size=300))
def test_any_bytes_are_plain_text_that_gives_them_back(data: bytes) -> None:
    text = escape(data)
    assert text.isascii()
    assert text.isprintable()
    assert not text.endswith(" ")
    assert unescape(text) == data


lines = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["> AT", "< OK", "= 1 ms", "= x ms", "< \\", "> \\x0", "a: b", ""]),
)


@given(st.lists(lines, max_size=8), st.booleans())
def test_any_text_is_a_transcript_or_is_refused_in_so_many_words(
    found: list[str], titled: bool
) -> None:
    text = "\n".join([TITLE, *found] if titled else found)
    try:
        transcript = parse(text)
    except TranscriptError as err:
        refused = str(err)
    else:
        assert parse(render(transcript)) == transcript
        return
    assert refused.startswith("line ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1 is not"),
        ("model: EC25", "line 1 is not"),
        (f"{TITLE}\nnonsense", "line 2: neither a command nor part of the header"),
        (f"{TITLE}\n< OK", "line 2: neither a command"),
        (f"{TITLE}\n> AT\nnonsense", "line 3: neither bytes that were received"),
        (f"{TITLE}\n> AT\n< a\\b\n", "line 3: column 2 is not escaped"),
        (f"{TITLE}\n> AT\n< OK", "line 3: the last exchange has no time"),
        (f"{TITLE}\n> AT\n= 1 ms\na: b", "line 4: neither a command"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, message: str) -> None:
    with pytest.raises(TranscriptError) as caught:
        parse(text)
    assert str(caught.value).startswith(message)


def test_it_reads_as_a_person_expects() -> None:
    exchange = Exchange("AT+CSQ", b"\r\n+CSQ: 24,99\r\n\r\nOK\r\n\xff\x00\\ ", 12)
    transcript = Transcript(
        (("model", "EC25"), ("note", "a"), ("note", "b")), (exchange,)
    )
    assert render(transcript).splitlines() == [
        TITLE,
        "model: EC25",
        "note: a",
        "note: b",
        "",
        "> AT+CSQ",
        r"< \r\n",
        r"< +CSQ: 24,99\r\n",
        r"< \r\n",
        r"< OK\r\n",
        r"< \xff\x00\\\x20",
        "= 12 ms",
    ]
    assert transcript.values("note") == ("a", "b")
