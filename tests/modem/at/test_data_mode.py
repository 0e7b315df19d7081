"""Rule 7: data mode is exact, and nothing of it ever becomes a command."""

import asyncio
import contextlib

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.modem.at.channel import AtChannel
from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.data_mode import ACK_BLOCK, pieces
from custom_components.quectel_smtp.modem.at.errors import (
    CommandError,
    DataModeError,
    ModemRebootedError,
    NoAnswerError,
    PortLostError,
    UnexpectedAnswerError,
)
from tests.modem.scripted_port import (
    ERROR,
    GUARD,
    OK,
    Data,
    ScriptedPort,
    SlowPort,
    frame,
    open_port,
)
from tests.modem.virtual_time import run, virtual_time

BODY = Command("AT+QSMTPBODY=1,1", prefixes=("+QSMTPBODY:",), deadline=6)
UPLOAD = Command('AT+QFUPL="UFS:a",1,60,1', prefixes=("+QFUPL:",), deadline=6)
CSQ = Command("AT+CSQ", prefixes=("+CSQ:",))

HOSTILE = (
    b"OK\r\nERROR\r\n+QSMTPPUT: 0,0\r\nCONNECT\r\nRDY\r\n",
    b"+++",
    b"+++\r\nATH\r\n",
    b"x" * 510 + b"+++" + b"y" * 600,
    bytes(range(256)) * 8,
    b"\0" * 3000,
    b"+" * 5000,
    b"AAAA\r\n" * 500,
)


def body_answer(data: bytes) -> bytes:
    """Return what follows a body."""
    return frame(f"+QSMTPBODY: {len(data)}")


def with_probes(port: ScriptedPort) -> ScriptedPort:
    """Let the port answer what a resync asks."""
    port.answers |= {
        "AT+CGSN": frame("861234567890123"),
        "AT+CSQ": frame("+CSQ: 24,99"),
    }
    return port


@pytest.mark.parametrize("data", HOSTILE, ids=range(len(HOSTILE)))
@virtual_time
async def test_a_body_arrives_byte_for_byte_whatever_it_holds(data: bytes) -> None:
    port = open_port()
    port.answers[BODY.line] = Data(len(data), body_answer)
    lines = await port.channel.transfer(BODY, data, timeout=60, settle=0.05)
    assert lines == (f"+QSMTPBODY: {len(data)}",)
    assert port.taken == [data]
    assert port.lines == [BODY.line]


@pytest.mark.parametrize("size", [1, 1023, 1024, 1025, 2048, 5000])
@virtual_time
async def test_an_upload_waits_for_each_acknowledgement(size: int) -> None:
    data = bytes(index % 251 for index in range(size))
    port = open_port()
    sent: list[int] = []
    port.answers[UPLOAD.line] = Data(size, frame(f"+QFUPL: {size},0"), acknowledge=True)
    plain = port.on_receive

    def receive(answer: bytes) -> None:
        if answer.startswith(b"A"):
            sent.append(sum(map(len, port.writes[1:])))
        plain(answer)

    port.on_receive = receive
    lines = await port.channel.transfer(UPLOAD, data, timeout=60, acknowledged=True)
    assert lines == (f"+QFUPL: {size},0",)
    assert port.taken == [data]
    assert sent == [ACK_BLOCK * (block + 1) for block in range(size // ACK_BLOCK)]


@virtual_time
async def test_an_acknowledgement_glued_to_the_result_is_told_from_it() -> None:
    port = open_port()
    port.answers[UPLOAD.line] = Data(1024, b"A" + frame("+QFUPL: 1024,0"))
    lines = await port.channel.transfer(
        UPLOAD, bytes(1024), timeout=60, acknowledged=True
    )
    assert lines == ("+QFUPL: 1024,0",)
    assert port.channel.unhandled_lines == 0


@virtual_time
async def test_a_lost_acknowledgement_ends_in_a_timeout_and_an_escape() -> None:
    port = with_probes(open_port())
    port.answers[UPLOAD.line] = Data(3000, OK)
    with pytest.raises(NoAnswerError):
        await port.channel.transfer(UPLOAD, bytes(3000), timeout=30, acknowledged=True)
    assert sum(map(len, port.writes[1:])) == ACK_BLOCK
    await escaped(port)


async def escaped(port: ScriptedPort) -> None:
    """Check that the next command comes after a guarded ``+++``."""
    first = len(port.writes)
    assert await port.channel.execute(CSQ) == ("+CSQ: 24,99",)
    assert port.writes[first] == b"+++"
    # ``written_at`` begins with the opening, so that it is one ahead.
    before, escape, after = port.written_at[first : first + 3]
    assert escape - before >= GUARD
    assert after - escape >= GUARD


@pytest.mark.parametrize("kibibytes", range(6))
@virtual_time
async def test_a_transfer_cancelled_at_any_kibibyte_escapes_before_the_next_command(
    kibibytes: int,
) -> None:
    port = with_probes(open_port())
    port.answers[UPLOAD.line] = Data(6000, OK, acknowledge=True)
    acknowledged = 0
    plain = port.on_receive

    def receive(answer: bytes) -> None:
        nonlocal acknowledged
        if answer == b"A":
            acknowledged += 1
            if acknowledged > kibibytes - 1:
                task.cancel()
                return
        elif kibibytes == 0:
            task.cancel()
        plain(answer)

    port.on_receive = receive
    task = asyncio.create_task(
        port.channel.transfer(UPLOAD, bytes(6000), timeout=60, acknowledged=True)
    )
    with pytest.raises(asyncio.CancelledError):
        await task
    port.on_receive = plain
    await escaped(port)


@virtual_time
async def test_a_transfer_cancelled_before_connect_escapes_too() -> None:
    port = with_probes(open_port())
    port.answers[BODY.line] = None
    task = asyncio.create_task(port.channel.transfer(BODY, b"x", timeout=60))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await escaped(port)


@virtual_time
async def test_connect_that_never_comes_is_no_answer_and_no_byte_is_written() -> None:
    port = with_probes(open_port())
    port.answers[BODY.line] = None
    with pytest.raises(NoAnswerError):
        await port.channel.transfer(BODY, b"secret", timeout=60)
    assert port.writes == [b"AT+QSMTPBODY=1,1\r"]
    await escaped(port)


@virtual_time
async def test_an_error_instead_of_connect_is_that_error() -> None:
    port = open_port()
    port.answers[BODY.line] = b"\r\n+CME ERROR: 652\r\n"
    with pytest.raises(CommandError) as caught:
        await port.channel.transfer(BODY, b"secret", timeout=60)
    assert caught.value.code == 652
    assert len(port.writes) == 1


@virtual_time
async def test_ok_instead_of_connect_is_unexpected() -> None:
    port = open_port()
    port.answers[BODY.line] = OK
    with pytest.raises(UnexpectedAnswerError):
        await port.channel.transfer(BODY, b"secret", timeout=60)
    assert len(port.writes) == 1


@virtual_time
async def test_a_second_connect_changes_nothing() -> None:
    port = open_port()
    port.answers[BODY.line] = Data(1, b"\r\nCONNECT\r\n" + frame("+QSMTPBODY: 1"))
    assert await port.channel.transfer(BODY, b"x", timeout=60) == ("+QSMTPBODY: 1",)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (frame("+QFUPL: 1024,0"), DataModeError),
        (b"\r\n+QFUPL: 1024,0\r\n\r\n+CME ERROR: 421\r\n", CommandError),
        (b"\r\nRDY\r\n", ModemRebootedError),
    ],
    ids=["ended short", "timed out", "rebooted"],
)
@virtual_time
async def test_nothing_more_is_written_once_the_modem_has_left_data_mode(
    answer: bytes, error: type[Exception]
) -> None:
    port = with_probes(open_port())
    port.answers[UPLOAD.line] = Data(ACK_BLOCK, b"A" + answer)
    with pytest.raises(error):
        await port.channel.transfer(UPLOAD, bytes(4000), timeout=60, acknowledged=True)
    assert sum(map(len, port.writes[1:])) == ACK_BLOCK
    assert port.channel.dirty
    assert await port.channel.execute(CSQ) == ("+CSQ: 24,99",)
    assert b"+++" not in port.writes


@virtual_time
async def test_a_port_lost_in_data_mode_is_a_lost_port() -> None:
    port = open_port()
    port.answers[UPLOAD.line] = Data(4000, OK)
    task = asyncio.create_task(
        port.channel.transfer(UPLOAD, bytes(4000), timeout=60, acknowledged=True)
    )
    await asyncio.sleep(1)
    port.lose(OSError(5, "gone"))
    with pytest.raises(PortLostError):
        await task


@virtual_time
async def test_bytes_lost_on_their_way_end_in_a_timeout_and_an_escape() -> None:
    port = with_probes(open_port())
    port.answers[BODY.line] = Data(100, OK)
    with pytest.raises(NoAnswerError):
        await port.channel.transfer(BODY, bytes(90), timeout=60)
    await escaped(port)


@virtual_time
async def test_an_error_after_the_last_byte_is_that_error() -> None:
    port = with_probes(open_port())
    port.answers[BODY.line] = Data(10, ERROR)
    with pytest.raises(CommandError):
        await port.channel.transfer(BODY, bytes(10), timeout=60)
    assert await port.channel.execute(CSQ) == ("+CSQ: 24,99",)


@virtual_time
async def test_a_slow_line_is_waited_for_and_never_holds_more_than_one_piece() -> None:
    port = SlowPort(AtChannel())
    data = bytes(3000)
    port.answers[BODY.line] = Data(len(data), body_answer)
    assert await port.channel.transfer(BODY, data, timeout=60)
    assert max(map(len, port.writes)) <= 511


@given(
    st.one_of(
        st.binary(max_size=3000),
        st.lists(st.sampled_from([b"+", b"++", b"+++", b"x" * 509, b"y"])).map(
            b"".join
        ),
    ),
    st.sampled_from([None, ACK_BLOCK]),
)
def test_pieces_are_whole_in_order_and_small(data: bytes, block: int | None) -> None:
    cuts = list(pieces(data, block))
    assert b"".join(data[start:end] for start, end in cuts) == data
    assert all(0 < end - start <= 511 for start, end in cuts)
    if block is not None:
        edges = {end for _, end in cuts}
        assert all(at in edges for at in range(block, len(data), block))


@given(st.lists(st.sampled_from([b"+++", b"+", b"x", b"ab" * 254])).map(b"".join))
def test_no_write_of_a_body_is_a_bare_escape_sequence(data: bytes) -> None:
    body = data + b"\r\n"
    for start, end in pieces(body, None):
        assert body[start:end] != b"+++"


@given(st.binary(min_size=1, max_size=2000))
def test_any_bytes_reach_data_mode_as_they_are(data: bytes) -> None:
    async def transfer() -> None:
        port = open_port()
        port.answers[BODY.line] = Data(len(data), body_answer)
        await port.channel.transfer(BODY, data, timeout=60)
        assert port.taken == [data]
        assert port.lines == [BODY.line]
        with contextlib.suppress(PortLostError):
            await port.channel.close()

    run(transfer())
