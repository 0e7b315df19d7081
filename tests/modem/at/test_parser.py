"""Rule 2: any bytes, however cut, give the same events; nothing raises or grows."""

import itertools

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.modem.at.parser import (
    LINE_LIMIT,
    Acknowledgement,
    Event,
    Line,
    Parser,
)

TRANSCRIPTS = (
    b"\r\n+CSQ: 24,99\r\n\r\nOK\r\n",
    b"AT+CGSN\r\r\n861234567890123\r\n\r\nOK\r\n",
    b'\r\n+COPS: 0,0,"BOOKOK",7\r\n\r\nOK\r\n\r\nRDY\r\n',
    b'\r\n+QFLST: "UFS:a",1\r\n+QFLST: "UFS:b",2\r\n\r\nOK\r\n',
    b"\r\nOK\r\n\r\n+QSMTPPUT: 0,0\r\n",
    b"\xff\xfe\xe9\r\n\r\nOK\r\n",
    b"\r\n+CME ERROR: file already exist\r\n",
    '\r\n+COPS: 0,0,"中国移动",7\r\n\r\nOK\r\n'.encode(),
)


def feed_in(pieces: list[bytes]) -> list[Event]:
    """Return the events of a new parser that is fed piece by piece."""
    parser = Parser()
    return [event for piece in pieces for event in parser.feed(piece)]


@pytest.mark.parametrize("transcript", TRANSCRIPTS)
def test_a_transcript_gives_the_same_events_however_it_is_cut(
    transcript: bytes,
) -> None:
    whole = feed_in([transcript])
    assert whole
    for size in range(1, len(transcript)):
        pieces = [transcript[at : at + size] for at in range(0, len(transcript), size)]
        assert feed_in(pieces) == whole
    for cut in range(len(transcript)):
        assert feed_in([transcript[:cut], transcript[cut:]]) == whole


@given(st.binary(max_size=300), st.data())
def test_any_bytes_give_the_same_events_however_they_are_cut(
    stream: bytes, data: st.DataObject
) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=6).map(sorted))
    edges = [0, *cuts, len(stream)]
    pieces = [stream[a:b] for a, b in itertools.pairwise(edges)]
    assert feed_in(pieces) == feed_in([stream])


@given(st.binary(max_size=2000))
def test_after_any_noise_the_next_framed_line_is_read(noise: bytes) -> None:
    parser = Parser()
    parser.feed(noise)
    assert parser.feed(b"\r\n\r\nOK\r\n")[-1] == Line("OK", opened=True)


def test_a_line_that_never_ends_is_dropped_and_counted_without_growing() -> None:
    parser = Parser()
    for _ in range(1000):
        assert parser.feed(b"\xff" * 10_000) == []
    assert parser.held <= LINE_LIMIT
    assert parser.feed(b"x\r\n\r\nOK\r\n") == [Line("OK", opened=True)]
    assert parser.garbled_lines == 1


def test_a_line_of_the_longest_length_is_kept_and_a_longer_one_is_not() -> None:
    longest = b"x" * LINE_LIMIT
    assert feed_in([longest + b"\n"]) == [Line("x" * LINE_LIMIT, opened=False)]
    assert feed_in([longest + b"x\n"]) == []


@pytest.mark.parametrize(
    "garbled", [b"\xff\xfe", b"a\x00b", b"a\rb", b"\x1b[0m", b"a\tb", b"\xc3"]
)
def test_a_line_with_anything_unprintable_is_dropped(garbled: bytes) -> None:
    parser = Parser()
    assert parser.feed(b"\r\n" + garbled + b"\r\n\r\nOK\r\n") == [
        Line("OK", opened=True)
    ]
    assert parser.garbled_lines == 1


def test_the_echo_opens_the_answer_behind_it() -> None:
    assert feed_in([b"AT+CSQ\r\r\n+CSQ: 1,99\r\n"]) == [
        Line("AT+CSQ", opened=False),
        Line("+CSQ: 1,99", opened=True),
    ]


def test_reset_forgets_an_unfinished_line() -> None:
    parser = Parser()
    parser.feed(b"\r\n+CS")
    parser.reset()
    assert parser.feed(b"\r\nOK\r\n") == [Line("OK", opened=True)]


def test_acknowledgements_are_told_from_lines_around_them() -> None:
    parser = Parser()
    parser.expect_acknowledgements()
    assert parser.feed(b"AA") == [Acknowledgement(), Acknowledgement()]
    assert parser.feed(b"\r\nAPP RDY\r\nA") == [
        Line("APP RDY", opened=True),
        Acknowledgement(),
    ]
    assert parser.feed(b"A\r\n+QFUPL: 1024,0\r\n") == [
        Acknowledgement(),
        Line("+QFUPL: 1024,0", opened=True),
    ]
    parser.expect_lines()
    assert parser.feed(b"A\r\n") == [Line("A", opened=False)]


@given(st.lists(st.sampled_from([b"A", b"\r\n+CEREG: 1\r\n", b"\r\nOK\r\n"])))
def test_acknowledgements_are_counted_however_the_stream_is_cut(
    parts: list[bytes],
) -> None:
    stream = b"".join(parts)
    parser = Parser()
    parser.expect_acknowledgements()
    events = [event for byte in stream for event in parser.feed(bytes((byte,)))]
    assert events.count(Acknowledgement()) == parts.count(b"A")
    assert len(events) == len(parts)
