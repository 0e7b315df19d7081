"""Data mode: exact counts, the guards of +++, ACKs; and over the wire."""

from collections.abc import Callable

from hypothesis import given, strategies as st
import pytest

from ..data_mode import DataMode
from ..observations import TransferEnd
from .conftest import Started

_GUARD = 1.0


def _fed(expected: int, *pieces: tuple[float, bytes]) -> tuple[DataMode, int]:
    mode = DataMode(expected, last_input=0.0, guard=_GUARD)
    taken = 0
    for at, piece in pieces:
        taken += mode.take(piece, at)
    return mode, taken


@pytest.mark.parametrize(
    ("pieces", "later", "data", "end"),
    [
        # The escape needs its silences
        ([(0.1, b"abc"), (1.2, b"+++")], 2.3, b"abc", TransferEnd.ESCAPED),
        ([(0.1, b"abc"), (1.2, b"+"), (1.5, b"++")], 2.6, b"abc", TransferEnd.ESCAPED),
        ([(1.0, b"+++")], 2.0, b"", TransferEnd.ESCAPED),
        # No silence before, none after, too slow, a fourth plus, something with it
        ([(0.1, b"abc"), (1.0, b"+++")], 3.0, b"abc+++", None),
        ([(0.1, b"abc+++")], 3.0, b"abc+++", None),
        ([(0.1, b"abc"), (1.2, b"+++"), (2.1, b"d")], 4.0, b"abc+++d", None),
        ([(0.1, b"a"), (1.2, b"+"), (2.3, b"++")], 5.0, b"a+++", None),
        ([(0.1, b"a"), (1.2, b"++++")], 5.0, b"a++++", None),
        ([(0.1, b"a"), (1.2, b"+++\r")], 5.0, b"a+++\r", None),
        ([(0.1, b"a"), (1.2, b"+")], 5.0, b"a+", None),
        # The count ends it, whatever the bytes are
        ([(0.1, b"a"), (1.2, b"+++"), (1.3, b"0123456789")], 1.4, None, None),
    ],
)
def test_plus_signs_are_data_unless_both_guards_hold(
    pieces: list[tuple[float, bytes]],
    later: float,
    data: bytes | None,
    end: TransferEnd | None,
) -> None:
    """SMTP note 1.3, points 1 to 3."""
    mode, _ = _fed(10, *pieces)
    mode.tick(later)
    if data is None:
        assert (bytes(mode.data), mode.end) == (b"a+++012345", TransferEnd.COMPLETE)
    else:
        assert (bytes(mode.data), mode.end) == (data, end)


def test_pluses_that_complete_the_count_are_data() -> None:
    """The announced count ends data mode by itself (2.3.4)."""
    mode, taken = _fed(5, (0.1, b"ab"), (2.0, b"+++"))
    assert (bytes(mode.data), mode.end, taken) == (b"ab+++", TransferEnd.COMPLETE, 5)


@given(st.lists(st.binary(max_size=20), max_size=12), st.integers(1, 60))
def test_any_pieces_without_silence_arrive_as_they_are(
    pieces: list[bytes], expected: int
) -> None:
    """However the bytes are cut, the first `expected` are data, the others not."""
    mode, taken = _fed(expected, *((0.01 * i, p) for i, p in enumerate(pieces)))
    sent = b"".join(pieces)
    mode.finish(TransferEnd.TIMEOUT)
    assert bytes(mode.data) == sent[:expected]
    assert taken == min(len(sent), expected)


def test_an_ack_is_due_for_each_whole_kibibyte() -> None:
    """B, U, N: none for a last part."""
    mode, _ = _fed(3000, (0.1, b"x" * 1023))
    assert mode.acks_due() == 0
    mode.take(b"x" * 1026, 0.2)
    assert mode.acks_due() == 2
    mode.take(b"x" * 951, 0.3)
    assert (mode.acks_due(), mode.end) == (0, TransferEnd.COMPLETE)


def test_bytes_beyond_the_count_are_commands_again(modem_and_host: Started) -> None:
    """Whoever sends too much talks to the interpreter."""
    modem, host = modem_and_host
    host.command("AT+QSMTPBODY=0,5")
    host.write(b"helloAT+CSQ\r")
    assert host.read_until(b"+CSQ: 24,99\r\n\r\nOK\r\n") == (
        b"\r\n+QSMTPBODY: 5\r\n\r\nOK\r\n\r\n+CSQ: 24,99\r\n\r\nOK\r\n"
    )
    (transfer,) = modem.transfers()
    assert (transfer.data, transfer.end) == (b"hello", TransferEnd.COMPLETE)


def test_escape_keeps_the_shorter_body(start: Callable[..., Started]) -> None:
    """2.3.4's second example: the actual length is told."""
    modem, host = start(scale_guard=True)
    host.command("AT+QSMTPBODY=0,100,120")
    host.write(b"ninety")
    modem.control("wait_data", bytes=6, timeout=20)
    modem.control("wait_silence", seconds=0.05)
    host.write(b"+++")
    assert host.read_until(b"OK\r\n") == b"\r\n+QSMTPBODY: 6\r\n\r\nOK\r\n"
    assert modem.transfers()[0].end is TransferEnd.ESCAPED


def test_time_over_keeps_the_shorter_body(start: Callable[..., Started]) -> None:
    """2.3.4's third example."""
    modem, host = start(settings={"shortest_patience": 0})
    host.command("AT+QSMTPBODY=0,100,20")
    host.write(b"late")
    assert host.read_until(b"OK\r\n") == b"\r\n+QSMTPBODY: 4\r\n\r\nOK\r\n"
    assert modem.transfers()[0].end is TransferEnd.TIMEOUT
    assert modem.state().body == b"late"


def test_a_fall_of_dtr_ends_data_mode(modem_and_host: Started) -> None:
    """AT&D2 is the default (S); AT&D0 takes no notice."""
    modem, host = modem_and_host
    host.command("AT+QSMTPBODY=0,10")
    host.write(b"abc")
    modem.control("wait_data", bytes=3, timeout=20)
    modem.dtr(False)
    assert host.read_until(b"OK\r\n") == b"\r\n+QSMTPBODY: 3\r\n\r\nOK\r\n"
    host.ok("AT&D0")
    host.command("AT+QSMTPBODY=0,5")
    host.write(b"abc")
    modem.control("wait_data", bytes=3, timeout=20)
    modem.dtr(False)
    host.write(b"de")
    assert host.read_until(b"OK\r\n") == b"\r\n+QSMTPBODY: 5\r\n\r\nOK\r\n"


def test_result_codes_wait_until_data_mode_is_over(modem_and_host: Started) -> None:
    """Nothing that the host did not ask for stands inside its data."""
    modem, host = modem_and_host
    host.command("AT+QSMTPBODY=0,4")
    modem.urc("+CEREG: 2")
    host.write(b"body")
    assert host.read_until(b"CEREG: 2\r\n") == (
        b"\r\n+QSMTPBODY: 4\r\n\r\nOK\r\n\r\n+CEREG: 2\r\n"
    )


def test_bytes_sent_before_the_modem_has_settled_are_lost(
    start: Callable[..., Started],
) -> None:
    """M: some firmware is deaf right after CONNECT."""
    modem, host = start(settings={"connect_settle": 60000, "shortest_patience": 0})
    host.command("AT+QSMTPBODY=0,4,50")
    host.write(b"body")
    assert host.read_until(b"OK\r\n") == b"\r\n+QSMTPBODY: 0\r\n\r\nOK\r\n"
    assert modem.strays()[-1].data == b"body"
