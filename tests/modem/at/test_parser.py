"""Rule 2: any bytes, however cut, give the same events; nothing raises or grows."""

import itertools

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.modem.at.parser import (
    LINE_LIMIT,
    Acknowledgement,
    Broken,
    Data,
    Event,
    Line,
    Parser,
    Prompt,
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


def data_parser(limit: int = 1500) -> Parser:
    """Return a parser that awaits counted data."""
    parser = Parser()
    parser.expect_data("+QIRD:", limit)
    return parser


POSING = (
    b'OK\r\n+QSMTPPUT: 0,0\r\nRDY\r\n+QIRD: 3\r\n\r\n\r\nOK\r\n\xff\x00> +QIURC: "x"'
)
PREFIXED = (b"", b"AT+QIRD=0,9\r", b'\r\n+QIURC: "recv",0\r\n')


def pieces_of(stream: bytes, cuts: list[int]) -> list[bytes]:
    """Cut a stream at these places."""
    edges = [0, *sorted(cuts), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(edges)]


@given(
    st.one_of(st.binary(min_size=1, max_size=200), st.just(POSING)),
    st.sampled_from(PREFIXED),
    st.sampled_from([b"\r\n\r\nOK\r\n", b"\r\nOK\r\n"]),
    st.data(),
)
def test_counted_data_is_whole_whatever_it_holds_and_however_it_is_cut(
    content: bytes, before: bytes, after: bytes, draw: st.DataObject
) -> None:
    stream = before + b"\r\n+QIRD: %d\r\n" % len(content) + content + after
    cuts = draw.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    parser = data_parser()
    events = [e for piece in pieces_of(stream, cuts) for e in parser.feed(piece)]
    assert events[-3:] == [
        Line(f"+QIRD: {len(content)}", opened=True),
        Data(content),
        Line("OK", opened=True),
    ]
    assert len(events) == 3 + bool(before)
    assert parser.held == 0


def test_counted_data_is_whole_when_cut_at_every_byte() -> None:
    stream = b"\r\n+QIRD: %d\r\n" % len(POSING) + POSING + b"\r\n\r\nOK\r\n"
    whole = data_parser().feed(stream)
    assert whole[1] == Data(POSING)
    for size in range(1, len(stream)):
        parser = data_parser()
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert [e for piece in pieces for e in parser.feed(piece)] == whole


@given(st.binary(max_size=60), st.data())
def test_a_line_of_the_modems_own_in_the_header_takes_nothing_of_the_data(
    content: bytes, draw: st.DataObject
) -> None:
    """Either the data is whole, or the answer is known to be broken."""
    urc = b'\r\n+QIURC: "recv",1\r\n'
    head = b"\r\n+QIRD: %d\r\n" % len(content)
    cut = draw.draw(st.integers(0, len(head)))
    stream = head[:cut] + urc + head[cut:] + content + b"\r\n\r\nOK\r\n"
    parser = data_parser()
    lines = []
    for event in parser.feed(stream):
        match event:
            case Broken():
                break
            case Data(found):
                # A line that is as long as the data can't be told from it.
                if found != content:
                    assert found.lstrip(b"\r\n").startswith(urc.strip())
                    assert len(found) == len(content)
                    return
            case Line(text):
                lines.append(text)
    # A number that was cut within its digits may come before it is known.
    urcs = ['+QIURC: "recv",1'] * lines.count('+QIURC: "recv",1')
    assert set(lines) <= {*urcs, "OK", head.decode().strip(), *HEADS}


HEADS = {f"+QIRD: {count}" for count in range(7)}


@pytest.mark.parametrize(
    "header",
    [b"+QIRD: 1501", b"+QIRD: 5,abcde", b"+QIRD: x", b"+QIRD:", b"+QIRD: 999999999"],
)
def test_a_header_without_a_plain_count_breaks_the_answer(header: bytes) -> None:
    parser = data_parser()
    if header == b"+QIRD:":
        # It may be the first half of one; what comes next can't complete it.
        assert parser.feed(b"\r\n+QIRD:\r\n\r\nOK\r\n") == [Line("OK", opened=True)]
        return
    assert parser.feed(b"\r\n" + header + b"\r\n+QSMTPPUT: 0,0\r\n") == [Broken()]
    assert parser.feed(b"\r\n+QSMTPPUT: 0,0\r\n") == []
    parser.resume()
    assert parser.feed(b"\r\nOK\r\n") == [Line("OK", opened=True)]


def test_data_that_does_not_end_as_counted_breaks_the_answer() -> None:
    parser = data_parser()
    assert parser.feed(b"\r\n+QIRD: 3\r\nabcde\r\nOK\r\n") == [
        Line("+QIRD: 3", opened=True),
        Broken(),
    ]
    assert parser.feed(b"+QSMTPPUT: 0,0\r\n") == []


def test_no_data_is_no_piece_of_data() -> None:
    assert data_parser().feed(b"\r\n+QIRD: 0\r\n\r\nOK\r\n") == [
        Line("+QIRD: 0", opened=True),
        Line("OK", opened=True),
    ]


def test_the_rest_of_data_that_is_given_up_is_never_read_as_lines() -> None:
    parser = data_parser()
    parser.feed(b"\r\n+QIRD: 40\r\nab")
    assert parser.held == 2
    parser.reset()
    assert parser.feed(b"\r\n+QSMTPPUT: 0,0\r\n") == []
    parser.resume()
    # One that comes later still is framed.
    assert Data(b"OK") in parser.feed(b"\r\n+QIRD: 2\r\nOK\r\n\r\nOK\r\n")
    parser.expect_lines()
    assert parser.feed(b"\r\n+QIRD: 2\r\n") == [Line("+QIRD: 2", opened=True)]


@pytest.mark.parametrize(
    "stream",
    [
        b"\r\n> \r\nSEND OK\r\n",
        b"\r\n>\r\nSEND OK\r\n",
        b"\r\n>\r\n\r\nSEND OK\r\n",
        b"AT+QISEND=0,1\r\r\n> \r\nSEND OK\r\n",
    ],
)
def test_a_prompt_is_told_once_however_it_is_cut(stream: bytes) -> None:
    for size in range(1, len(stream)):
        parser = Parser()
        parser.expect_prompt()
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        events = [e for piece in pieces for e in parser.feed(piece)]
        assert [e for e in events if not isinstance(e, Line)] == [Prompt()]
        assert [e.text for e in events[-1:] if isinstance(e, Line)] == ["SEND OK"]


def test_without_a_prompt_due_the_sign_is_part_of_a_line() -> None:
    assert feed_in([b"\r\n> \r\n"]) == [Line("> ", opened=True)]
    parser = Parser()
    parser.expect_prompt()
    assert parser.feed(b"\r\nx> y\r\n") == [Line("x> y", opened=True)]
    parser.expect_lines()
    assert parser.feed(b"\r\n>\r\n") == [Line(">", opened=True)]
