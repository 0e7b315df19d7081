"""What is opened for a look at a server is closed, and no server poses in it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from custom_components.quectel_smtp.modem.at import port
from custom_components.quectel_smtp.modem.at.channel import AtChannel
from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.errors import (
    CommandError,
    ModemError,
    NoAnswerError,
    ServerNameError,
    ServerUnreachableError,
    UnexpectedAnswerError,
)
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.tcp.opening import reach
from custom_components.quectel_smtp.modem.tcp.preparation import Limits
from custom_components.quectel_smtp.modem.tcp.stream import TcpStream
from tests.modem.scripted_port import ERROR, OK, Collector, frame, open_port
from tests.modem.virtual_time import virtual_time
from tests.virtual_modem.client import VirtualModem

HOST = "mail.example.com"
OPEN_LINE = f'AT+QIOPEN=1,11,"TCP","{HOST}",25,0,0'
CLOSE_LINE = "AT+QICLOSE=11,1"
STATE_LINE = "AT+QISTATE=1,11"
IN_USE = OK + b"\r\n+QIOPEN: 11,563\r\n"
OPENED = OK + b"\r\n+QIOPEN: 11,0\r\n"
GREETING = b"\r\n+QSMTPPUT: 0,250\r\n"


@asynccontextmanager
async def greeted() -> AsyncIterator[tuple[AtChannel, Collector, asyncio.Event]]:
    """Yield a modem with a server that poses as it, and what was taken for a result.

    The event is set once the server has greeted.
    """
    has_greeted = asyncio.Event()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GREETING)
        await writer.drain()
        has_greeted.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    number = server.sockets[0].getsockname()[1]
    async with server, VirtualModem(hosts={HOST: {25: number}}) as virtual:
        channel = await port.connect(PortSettings(virtual.port))
        await channel.synchronise()
        results = Collector()
        channel.subscribe("+QSMTPPUT:", results)
        await channel.execute(Command('AT+QICSGP=1,1,"internet","","",0'))
        await channel.execute(Command("AT+QIACT=1", deadline=60))
        # What the server has greeted meanwhile is there when the modem closes.
        virtual.set("command_seconds", 0.3)
        try:
            yield channel, results, has_greeted
        finally:
            await channel.close()


async def test_a_servers_greeting_never_poses_as_the_modems_result() -> None:
    async with greeted() as (channel, results, has_greeted):
        await reach(channel, 1, HOST, 25)
        assert has_greeted.is_set()
        assert results.lines == []


async def test_with_direct_push_it_would() -> None:
    """What the test above would show of a probe in that mode."""
    async with greeted() as (channel, results, _):
        with channel.expect("+QIOPEN: 11,") as result:
            await channel.execute(Command(f"{OPEN_LINE[:-1]}1"))
            await result.wait(10)
        await channel.execute(Command(CLOSE_LINE))
        assert results.lines == ["+QSMTPPUT: 0,250"]


@virtual_time
async def test_a_connection_that_was_left_open_is_no_unreachable_server() -> None:
    scripted = open_port()
    scripted.answers[OPEN_LINE] = [IN_USE, OPENED]
    await reach(scripted.channel, 1, HOST, 25)
    assert scripted.lines == [OPEN_LINE, CLOSE_LINE, OPEN_LINE, CLOSE_LINE]


@virtual_time
async def test_a_plain_error_is_as_the_modem_explains_it_when_asked() -> None:
    scripted = open_port()
    scripted.answers[OPEN_LINE] = [ERROR, OPENED]
    scripted.answers["AT+QIGETERROR"] = frame("+QIGETERROR: 563,socket identity used")
    await reach(scripted.channel, 1, HOST, 25)
    scripted.answers[OPEN_LINE] = ERROR
    scripted.answers["AT+QIGETERROR"] = frame("+QIGETERROR: 568,operation busy")
    with pytest.raises(ServerUnreachableError):
        await reach(scripted.channel, 1, HOST, 25)


@pytest.mark.parametrize(
    "told",
    [ERROR, frame("+QIGETERROR: 0,ok"), frame("+QIGETERROR: 552,invalid parameters")],
)
@virtual_time
async def test_an_error_that_nobody_explains_is_a_firmware_without_the_command(
    told: bytes,
) -> None:
    scripted = open_port()
    scripted.answers[OPEN_LINE] = ERROR
    scripted.answers["AT+QIGETERROR"] = told
    with pytest.raises(CommandError):
        await reach(scripted.channel, 1, HOST, 25)


@virtual_time
async def test_a_connection_that_others_hold_is_tried_twice_at_most() -> None:
    scripted = open_port()
    scripted.answers[OPEN_LINE] = IN_USE
    with pytest.raises(ServerUnreachableError):
        await reach(scripted.channel, 1, HOST, 25)
    assert scripted.lines.count(OPEN_LINE) == 2


@virtual_time
async def test_a_connection_that_never_tells_of_itself_is_closed() -> None:
    scripted = open_port()
    with pytest.raises(NoAnswerError):
        await reach(scripted.channel, 1, HOST, 25)
    told = [line for line in scripted.lines if line != STATE_LINE]
    assert told == [OPEN_LINE, CLOSE_LINE]


@virtual_time
async def test_a_connection_whose_result_goes_elsewhere_is_asked_for() -> None:
    scripted = open_port()
    opening = frame(f'+QISTATE: 11,"TCP","{HOST}",25,0,1,1,11,0,"usbmodem"')
    connected = frame(f'+QISTATE: 11,"TCP","{HOST}",25,2000,2,1,11,0,"usbmodem"')
    scripted.answers[STATE_LINE] = [ERROR, opening, connected, connected]
    began = scripted.channel.now()
    await reach(scripted.channel, 1, HOST, 25)
    assert scripted.channel.now() - began < 15
    # What is connected at first may be an earlier user's.
    told = [line for line in scripted.lines if line != STATE_LINE]
    assert told == [OPEN_LINE, CLOSE_LINE] * 2


@virtual_time
async def test_a_connection_without_a_number_is_unexpected() -> None:
    scripted = open_port()
    scripted.answers[OPEN_LINE] = OK + b"\r\n+QIOPEN: 11,x\r\n"
    with pytest.raises(UnexpectedAnswerError):
        await reach(scripted.channel, 1, HOST, 25)


@virtual_time
async def test_a_refused_connection_that_can_not_be_closed_is_still_refused() -> None:
    scripted = open_port()
    scripted.answers |= {
        OPEN_LINE: OK + b"\r\n+QIOPEN: 11,566\r\n",
        CLOSE_LINE: ERROR,
    }
    with pytest.raises(ServerUnreachableError):
        await reach(scripted.channel, 1, HOST, 25)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"\r\n+CME ERROR: 566\r\n", ServerUnreachableError),
        (b"\r\n+CME ERROR: 565\r\n", ServerNameError),
        (b"\r\n+CME ERROR: 552\r\n", CommandError),
        (ERROR, CommandError),
    ],
)
@virtual_time
async def test_a_command_that_is_refused_is_a_missing_one_where_nothing_says_more(
    answer: bytes, error: type[ModemError]
) -> None:
    """For a look and for a stream alike."""
    scripted = open_port()
    scripted.answers |= {OPEN_LINE: answer, OPEN_LINE.replace("11", "10"): answer}
    with pytest.raises(error):
        await reach(scripted.channel, 1, HOST, 25)
    with pytest.raises(error):
        await TcpStream.open(scripted.channel, 1, HOST, 25, Limits())
