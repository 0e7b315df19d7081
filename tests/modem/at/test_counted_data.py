"""Counted data and data after a prompt: any bytes, and none of them is ever a line."""

import asyncio
from typing import override

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.errors import (
    CommandError,
    NoAnswerError,
    PortLostError,
    UnexpectedAnswerError,
)
from tests.modem.scripted_port import (
    ERROR,
    OK,
    Collector,
    Data,
    Late,
    ScriptedPort,
    SlowPort,
    frame,
    open_port,
)
from tests.modem.virtual_time import run, virtual_time

READ = Command("AT+QIRD=0,1500", prefixes=("+QIRD:",), deadline=5)
SEND = Command("AT+QISEND=0,8", deadline=5, finals=("SEND OK", "SEND FAIL"))
CSQ = Command("AT+CSQ", prefixes=("+CSQ:",))
HOSTILE = b"\r\nOK\r\n+QSMTPPUT: 0,0\r\nRDY\r\n+CME ERROR: 3\r\n"
PAYLOAD = b"+++\x1aAT\r\n"
URC = b'\r\n+QIURC: "recv",1\r\n'


def answer(content: bytes) -> bytes:
    """Return the answer that counts ``content``."""
    return b"\r\n+QIRD: %d\r\n" % len(content) + content + b"\r\n\r\nOK\r\n"


def prompt(then: bytes = b"\r\nSEND OK\r\n", opening: bytes = b"\r\n> ") -> Data:
    """Take eight bytes after a prompt."""
    return Data(len(PAYLOAD), then, opening=opening)


def probed_port() -> ScriptedPort:
    """Return a port that answers what a resync asks."""
    port = open_port()
    port.answers |= {
        "AT+CGSN": frame("861234567890123"),
        "AT+CSQ": frame("+CSQ: 24,99"),
        "AT+CGATT?": frame("+CGATT: 1"),
        "AT+CCLK?": frame('+CCLK: "26/11/25,21:00:00+00"'),
    }
    return port


@given(st.binary(min_size=1, max_size=300), st.integers(1, 40))
def test_counted_data_arrives_whole_over_any_pieces(content: bytes, size: int) -> None:
    async def read() -> None:
        port = open_port()
        urcs = Collector()
        port.channel.subscribe("", urcs)
        port.cut = lambda data: (
            data[at : at + size] for at in range(0, len(data), size)
        )
        port.answers[READ.line] = answer(content)
        assert await port.channel.receive(READ, 1500) == content
        port.answers[CSQ.line] = frame("+CSQ: 24,99")
        assert await port.channel.execute(CSQ) == ("+CSQ: 24,99",)
        assert urcs.lines == []
        assert not port.channel.dirty

    run(read())


@virtual_time
async def test_no_data_is_empty_and_an_error_is_an_error() -> None:
    port = open_port()
    port.answers[READ.line] = [frame("+QIRD: 0"), ERROR, OK]
    assert await port.channel.receive(READ, 1500) == b""
    with pytest.raises(CommandError):
        await port.channel.receive(READ, 1500)
    with pytest.raises(UnexpectedAnswerError):
        await port.channel.receive(READ, 1500)
    assert not port.channel.dirty


@virtual_time
async def test_a_urc_between_the_data_and_its_ok_reaches_its_subscriber() -> None:
    port = open_port()
    urcs = Collector()
    port.channel.subscribe("+QIURC:", urcs)
    port.answers[READ.line] = URC + b"\r\n+QIRD: 2\r\nOK" + URC + OK
    assert await port.channel.receive(READ, 1500) == b"OK"
    assert urcs.lines == ['+QIURC: "recv",1'] * 2


@virtual_time
async def test_data_that_is_not_framed_as_counted_is_never_read_as_lines() -> None:
    """The caller is told, and the next one gets its own answer."""
    port = probed_port()
    urcs = Collector()
    port.channel.subscribe("+QSMTPPUT:", urcs)
    for broken in (
        b"\r\n+QIRD: 2\r\n" + HOSTILE + OK,
        b"\r\n+QIRD: 40," + HOSTILE + OK,
        b"\r\n+QIRD: 4000\r\n" + HOSTILE + OK,
    ):
        port.answers[READ.line] = broken
        with pytest.raises(UnexpectedAnswerError):
            await port.channel.receive(READ, 1500)
        assert not port.channel.dirty
        assert await port.channel.execute(CSQ) == ("+CSQ: 24,99",)
    assert urcs.lines == []
    assert port.channel.epoch == 0


@pytest.mark.parametrize("seconds", [5.05, 5.1, 5.3, 6.2, 6.9])
@pytest.mark.parametrize(
    "late", [answer(HOSTILE), b"\r\n+QIRD: 40," + HOSTILE + OK], ids=["whole", "broken"]
)
@virtual_time
async def test_an_answer_that_comes_late_is_never_read_as_lines(
    late: bytes, seconds: float
) -> None:
    port = probed_port()
    urcs = Collector()
    port.channel.subscribe("+QSMTPPUT:", urcs)
    port.answers[READ.line] = Late(seconds, late)
    with pytest.raises(NoAnswerError):
        await port.channel.receive(READ, 1500)
    port.silent = True
    asyncio.get_running_loop().call_later(2.0, setattr, port, "silent", False)
    assert await port.channel.execute(CSQ) == ("+CSQ: 24,99",)
    assert urcs.lines == []
    assert port.channel.epoch == 0


@virtual_time
async def test_data_that_stops_half_way_is_given_up_in_known_time() -> None:
    port = probed_port()
    port.answers[READ.line] = b"\r\n+QIRD: 100\r\n" + HOSTILE
    with pytest.raises(NoAnswerError):
        await port.channel.receive(READ, 1500)
    assert await port.channel.execute(CSQ) == ("+CSQ: 24,99",)


@pytest.mark.parametrize(
    "opening", [b"\r\n> ", b"\r\n>", b"\r\n>\r\n", URC + b"\r\n> "]
)
@pytest.mark.parametrize("result", ["SEND OK", "SEND FAIL"])
@virtual_time
async def test_data_after_a_prompt_arrives_byte_for_byte(
    opening: bytes, result: str
) -> None:
    port = open_port()
    then = b"\r\n" + result.encode() + b"\r\n"
    port.answers[SEND.line] = prompt(then, opening)
    assert await port.channel.send(SEND, PAYLOAD) == result
    assert port.taken == [PAYLOAD]
    assert port.lines == [SEND.line]
    assert not port.channel.dirty


@virtual_time
async def test_without_a_prompt_nothing_of_the_data_is_written() -> None:
    port = open_port()
    port.answers[SEND.line] = [ERROR, b"\r\nSEND FAIL\r\n", prompt(ERROR)]
    with pytest.raises(CommandError):
        await port.channel.send(SEND, PAYLOAD)
    assert await port.channel.send(SEND, PAYLOAD) == "SEND FAIL"
    assert port.taken == []
    with pytest.raises(CommandError):
        await port.channel.send(SEND, PAYLOAD)
    assert port.lines == [SEND.line] * 3
    assert not port.channel.dirty


@virtual_time
async def test_a_prompt_that_comes_late_takes_no_command() -> None:
    """It is paid with empty lines; then commands are commands again."""
    for seconds in (5.1, 5.4, 6.0):
        port = probed_port()
        port.answers[SEND.line] = None
        sending = asyncio.create_task(port.channel.send(SEND, PAYLOAD))
        loop = asyncio.get_running_loop()

        def ask(port: ScriptedPort = port) -> None:
            port.silent = False
            port.ask(prompt())

        loop.call_later(0.1, setattr, port, "silent", True)
        loop.call_later(seconds, ask)
        with pytest.raises(NoAnswerError):
            await sending
        assert await port.channel.execute(CSQ) == ("+CSQ: 24,99",)
        assert len(port.taken) == 1
        left = {"AT", "", "AT+CGSN", "AT+CSQ", "AT+CGATT?", "AT+CCLK?"}
        assert {*port.lines} - {SEND.line} <= left


@virtual_time
async def test_a_sender_that_is_cancelled_leaves_no_prompt_behind() -> None:
    for steps in range(12):
        port = probed_port()
        port.answers[SEND.line] = prompt()
        sending = asyncio.create_task(port.channel.send(SEND, PAYLOAD))
        for _ in range(steps):
            await asyncio.sleep(0)
        sending.cancel()
        await asyncio.wait((sending,))
        assert await port.channel.execute(CSQ) == ("+CSQ: 24,99",)
        assert all(taken in (PAYLOAD, b"\r" * 8) for taken in port.taken)
        assert not port.channel.dirty


@virtual_time
async def test_a_port_that_goes_fails_reader_and_sender() -> None:
    for work in ("receive", "send"):
        port = open_port()
        port.answers = {READ.line: None, SEND.line: None}
        channel = port.channel
        task = asyncio.create_task(
            channel.receive(READ, 1500)
            if work == "receive"
            else channel.send(SEND, PAYLOAD)
        )
        await asyncio.sleep(0.1)
        port.lose(OSError())
        with pytest.raises(PortLostError):
            await task


@virtual_time
async def test_a_slow_line_delays_what_is_sent_after_a_prompt() -> None:
    port = SlowPort(open_port().channel)
    port.answers[SEND.line] = prompt()
    assert await port.channel.send(SEND, PAYLOAD) == "SEND OK"
    assert port.taken == [PAYLOAD]


@pytest.mark.parametrize("cut", range(len(b"\r\n> ") + 1))
@virtual_time
async def test_a_urc_in_the_prompt_delays_nothing(cut: int) -> None:
    port = open_port()
    urcs = Collector()
    port.channel.subscribe("+QIURC:", urcs)
    opening = b"\r\n> "
    port.answers[SEND.line] = prompt(opening=opening[:cut] + URC + opening[cut:])
    assert await port.channel.send(SEND, PAYLOAD) == "SEND OK"
    assert urcs.lines == ['+QIURC: "recv",1']


@pytest.mark.parametrize("cut", range(len(b"\r\nSEND FAIL\r\n") + 1))
@virtual_time
async def test_a_urc_in_the_result_changes_nothing_of_it(cut: int) -> None:
    port = open_port()
    urcs = Collector()
    port.channel.subscribe("+QIURC:", urcs)
    result = b"\r\nSEND FAIL\r\n"
    port.answers[SEND.line] = prompt(result[:cut] + URC + result[cut:])
    assert await port.channel.send(SEND, PAYLOAD) == "SEND FAIL"
    assert urcs.lines == ['+QIURC: "recv",1']


@pytest.mark.parametrize("cut", range(len(answer(b"OK")) + 1))
@virtual_time
async def test_a_urc_anywhere_in_counted_data_makes_no_other_data_of_it(
    cut: int,
) -> None:
    """Whole, or known to be lost: a modem that writes into data can't be framed."""
    port = probed_port()
    urcs = Collector()
    port.channel.subscribe("+QIURC:", urcs)
    whole = answer(b"OK")
    port.answers[READ.line] = whole[:cut] + URC + whole[cut:]
    try:
        assert await port.channel.receive(READ, 1500) == b"OK"
    except UnexpectedAnswerError:
        assert b"+QIRD: 2" in whole[:cut]
        assert cut < whole.index(b"OK") + 4
    else:
        assert urcs.lines == ['+QIURC: "recv",1']
    assert await port.channel.execute(CSQ) == ("+CSQ: 24,99",)


class StuckPort(ScriptedPort):
    """Takes no more once it has been given the data after a prompt."""

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if bytes(data) == PAYLOAD:
            self.channel.pause_writing()
            self.stuck = len(data)
        else:
            super().write(data)

    @override
    def get_write_buffer_size(self) -> int:
        return self.stuck

    stuck = 0


@pytest.mark.parametrize("cancelled", [False, True])
@virtual_time
async def test_data_that_does_not_leave_while_the_prompt_waits_never_does(
    cancelled: bool,
) -> None:
    port = StuckPort(open_port().channel)
    port.answers[SEND.line] = prompt()
    sending = asyncio.create_task(port.channel.send(SEND, PAYLOAD))
    await asyncio.sleep(3)
    assert not sending.done()
    if cancelled:
        sending.cancel()
    with pytest.raises(asyncio.CancelledError if cancelled else NoAnswerError):
        await sending
    assert port.closed
    with pytest.raises(PortLostError):
        await port.channel.execute(CSQ)
    assert port.taken == []
