"""What does not leave the port in time never reaches the modem, as commands to it."""

import asyncio
from collections.abc import AsyncIterator
import contextlib
from contextlib import asynccontextmanager
import fcntl
import os
import pty
import socket
import termios
import tty

import pytest
from serialx.platforms import serial_posix

from custom_components.quectel_smtp.modem.at import (
    channel as channel_module,
    outgoing,
    port,
)
from custom_components.quectel_smtp.modem.at.channel import AtChannel
from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.errors import (
    ModemRebootedError,
    NoAnswerError,
    PortLostError,
)
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail import files, smtp
from custom_components.quectel_smtp.modem.mail.message import Message
from tests.modem.scripted_port import Data, open_port
from tests.modem.virtual_time import virtual_time
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.observations import Phase, TransferEnd

from .stalling_link import StallingLink

# Every line of it is a command to a modem that is out of data mode.
HOST = "mail.example.com"
BODY = b"AT+CFUN=4\r\n" * 900
CSQ = Command("AT+CSQ", prefixes=("+CSQ:",))


def modem(patience: float) -> VirtualModem:
    """Return a modem behind TCP that waits so many seconds for a body at least."""
    return VirtualModem(tcp=True, settings={"shortest_patience": patience})


def body(seconds: int) -> Command:
    """Return the command that announces ``BODY``, with the modem's input time."""
    return Command(f"AT+QSMTPBODY=0,{len(BODY)},{seconds}", prefixes=("+QSMTPBODY:",))


async def open_through(link: StallingLink) -> AtChannel:
    """Open the modem behind a link that is cut 2,000 bytes into the body."""
    channel = await port.connect(PortSettings(link.url))
    await channel.synchronise()
    forwarded = 0

    def forward(data: bytes) -> None:
        nonlocal forwarded
        if b"AT+CFUN=4" in data:
            forwarded += len(data)
            if forwarded > 2000:
                link.cut()

    link.on_forward = forward
    return channel


async def check_nothing_follows(virtual: VirtualModem, link: StallingLink) -> None:
    """Mend the link once the modem's input time is over; the modem hears no command."""
    await virtual.wait_for_phase(Phase.COMMAND, timeout=60)
    (transfer,) = virtual.transfers()
    assert transfer.end is TransferEnd.TIMEOUT
    assert 0 < len(transfer.data) < len(BODY)
    before = len(virtual.commands())
    link.mend()
    await virtual.wait_for_silence(0.3)
    assert virtual.commands()[before:] == []
    async with asyncio.timeout(60):
        await link.ended.wait()
    again = await port.connect(PortSettings(virtual.url))
    await again.synchronise()
    assert await again.execute(CSQ)
    await again.close()
    assert not any("CFUN" in seen.line for seen in virtual.commands())
    assert virtual.strays() == []


async def test_a_link_that_comes_back_after_the_input_time_delivers_no_command() -> (
    None
):
    async with (
        modem(3) as virtual,
        StallingLink(virtual.ready.tcp) as link,
    ):
        channel = await open_through(link)
        with pytest.raises((NoAnswerError, PortLostError)):
            await channel.transfer(body(4), BODY, timeout=1)
        await check_nothing_follows(virtual, link)
        with pytest.raises(PortLostError):
            await channel.execute(CSQ)


async def test_a_transfer_cancelled_on_a_stalled_link_delivers_no_command() -> None:
    async with (
        modem(3) as virtual,
        StallingLink(virtual.ready.tcp) as link,
    ):
        channel = await open_through(link)
        task = asyncio.create_task(channel.transfer(body(3), BODY, timeout=60))
        while not link.is_cut:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await check_nothing_follows(virtual, link)


async def test_the_kernel_gives_a_dead_link_up_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A process that hangs, or a host that is too busy, takes nothing back."""
    monkeypatch.setattr(outgoing, "_DEAD_LINK", 1)
    async with (
        modem(3) as virtual,
        StallingLink(virtual.ready.tcp) as link,
    ):
        channel = await open_through(link)
        with pytest.raises(PortLostError):
            await channel.transfer(body(10), BODY, timeout=60)
        await check_nothing_follows(virtual, link)


@asynccontextmanager
async def connection(
    number: int,
) -> AsyncIterator[tuple[VirtualModem, StallingLink, AtChannel]]:
    """Yield a modem with a TCP connection to a server, behind a link."""
    async with (
        VirtualModem(
            tcp=True,
            hosts={HOST: {25: number}},
            settings={"shortest_patience": 3, "longest_send": 8000},
        ) as virtual,
        StallingLink(virtual.ready.tcp) as link,
    ):
        channel = await port.connect(PortSettings(link.url))
        await channel.synchronise()
        await channel.execute(Command('AT+QICSGP=1,1,"internet","","",0'))
        await channel.execute(Command("AT+QIACT=1", deadline=60))
        with channel.expect("+QIOPEN: 10,") as opened:
            line = f'AT+QIOPEN=1,10,"TCP","{HOST}",25,0,0'
            await channel.execute(Command(line))
            await opened.wait(20)
        yield virtual, link, channel
        await channel.close()


async def test_a_link_that_comes_back_after_a_prompt_is_over_delivers_no_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A prompt waits for less time than a body does.

    The data is longer than any that is sent: a real link's far side takes none of it.
    """
    monkeypatch.setattr(channel_module, "_PROMPT_TIME", 1)
    text = BODY[:3300]
    send = Command(f"AT+QISEND=10,{len(text)}", deadline=60, finals=("SEND OK",))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    number = server.sockets[0].getsockname()[1]
    async with server, connection(number) as (virtual, link, channel):

        def cut(data: bytes) -> None:
            if b"AT+CFUN=4" in data:
                link.cut()

        link.on_forward = cut
        sending = asyncio.create_task(channel.send(send, text))
        await virtual.wait_for_phase(Phase.DATA, timeout=60)
        await virtual.wait_for_phase(Phase.COMMAND, timeout=60)
        link.mend()
        with pytest.raises(PortLostError):
            await sending
        async with asyncio.timeout(60):
            await link.ended.wait()
        assert not any("CFUN" in seen.line for seen in virtual.commands())


async def test_what_waits_for_a_prompt_is_thrown_away_when_the_modem_restarts(
    emptied: list[int],
) -> None:
    far = Pty(b"\r\n> ")
    channel = await port.connect(PortSettings(far.name))
    emptied.clear()
    text = BODY[:990]
    send = Command(f"AT+QISEND=10,{len(text)}", deadline=60, finals=("SEND OK",))
    asyncio.get_running_loop().call_later(0.3, far.say, b"\r\nRDY\r\n")
    with pytest.raises(ModemRebootedError):
        await channel.send(send, text)
    assert emptied == [termios.TCOFLUSH]
    await channel.close()
    far.close()


async def test_closing_in_the_middle_of_a_body_delivers_no_command() -> None:
    async with (
        modem(3) as virtual,
        StallingLink(virtual.ready.tcp) as link,
    ):
        channel = await open_through(link)
        task = asyncio.create_task(channel.transfer(body(3), BODY, timeout=60))
        while not link.is_cut:
            await asyncio.sleep(0)
        await channel.close()
        with pytest.raises(PortLostError):
            await task
        await check_nothing_follows(virtual, link)


class Pty:
    """A serial port of this machine whose far side stops reading after CONNECT."""

    def __init__(self, opening: bytes = b"\r\nCONNECT\r\n") -> None:
        """Make the port; ``opening`` asks for the data."""
        self._opening = opening
        self._far, self._near = pty.openpty()
        tty.setraw(self._near)
        self.name = os.ttyname(self._near)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._far, self._answer)

    def _answer(self) -> None:
        if b"\r" in os.read(self._far, 100):
            self._loop.remove_reader(self._far)
            self.say(self._opening)

    def say(self, data: bytes) -> None:
        """Have the host read something."""
        os.write(self._far, data)

    def unplug(self) -> None:
        """Take the port away."""
        self._loop.remove_reader(self._far)
        os.close(self._far)

    def close(self) -> None:
        """End the port."""
        os.close(self._near)
        with contextlib.suppress(OSError):
            self.unplug()


@pytest.fixture
def emptied(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the queues that the driver of a serial port is told to empty."""
    queues: list[int] = []
    monkeypatch.setattr(serial_posix, "tcflush", lambda _, queue: queues.append(queue))
    return queues


@pytest.mark.parametrize(
    ("data", "stays"), [(BODY * 20, False), (BODY[:300], True)], ids=["much", "little"]
)
async def test_what_a_serial_port_still_holds_is_thrown_away(
    emptied: list[int], data: bytes, stays: bool
) -> None:
    """What its driver holds at once, what we hold ourselves with the port."""
    far = Pty()
    channel = await port.connect(PortSettings(far.name))
    emptied.clear()
    with pytest.raises(NoAnswerError):
        await channel.transfer(body(60), data, timeout=0.5)
    assert emptied == [termios.TCOFLUSH]
    await asyncio.sleep(0.7)
    assert channel.connected is stays
    await channel.close()
    far.close()


async def test_closing_a_serial_port_throws_away_what_it_holds(
    emptied: list[int],
) -> None:
    far = Pty()
    channel = await port.connect(PortSettings(far.name))
    emptied.clear()
    await asyncio.gather(channel.close(), channel.close())
    assert emptied == [termios.TCOFLUSH]
    far.close()


async def test_a_serial_port_that_has_just_gone_can_be_closed() -> None:
    far = Pty()
    channel = await port.connect(PortSettings(far.name))
    far.unplug()
    await channel.close()
    assert not channel.connected
    far.close()


async def test_where_the_kernel_does_not_tell_what_it_holds_the_port_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with VirtualModem(tcp=True) as virtual:
        channel = await port.connect(PortSettings(virtual.url))
        await channel.synchronise()
        task = asyncio.create_task(channel.transfer(body(60), BODY[:9], timeout=60))
        await virtual.wait_for_data(9)

        def fail(*_: object) -> None:
            raise OSError

        monkeypatch.setattr(fcntl, "ioctl", fail)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(PortLostError):
            await channel.execute(CSQ)
        await channel.close()


async def test_a_body_cut_short_on_a_good_link_needs_no_new_connection() -> None:
    async with modem(30) as virtual:
        channel = await port.connect(PortSettings(virtual.url))
        await channel.synchronise()
        task = asyncio.create_task(channel.transfer(body(60), BODY[:9], timeout=60))
        await virtual.wait_for_data(9)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await channel.execute(CSQ)
        assert virtual.transfers()[-1].end is TransferEnd.ESCAPED
        await channel.close()


async def test_a_system_that_gives_no_link_up_sends_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(socket, "TCP_USER_TIMEOUT")
    async with VirtualModem(tcp=True) as virtual:
        channel = await port.connect(PortSettings(virtual.url))
        await channel.synchronise()
        assert await channel.transfer(body(60), BODY, timeout=60)
        assert virtual.transfers()[-1].data == BODY
        await channel.close()


@virtual_time
async def test_a_body_is_over_for_us_well_before_it_is_for_the_modem() -> None:
    scripted = open_port()
    text = ("x" * 598 + "\n") * 5
    scripted.answers["AT+QSMTPBODY=0,3000,60"] = Data(4000, b"")
    began = asyncio.get_running_loop().time()
    with pytest.raises(NoAnswerError):
        await smtp.prepare(scripted.channel, Message("s", text, to=("a@example.com",)))
    assert asyncio.get_running_loop().time() - began < 60 - 10


@virtual_time
async def test_an_upload_is_over_for_us_well_before_it_is_for_the_modem() -> None:
    scripted = open_port()
    scripted.answers['AT+QFUPL="UFS:a",3000,63,1'] = Data(4000, b"")
    began = asyncio.get_running_loop().time()
    with pytest.raises(NoAnswerError):
        await files.upload(scripted.channel, "a", bytes(3000))
    assert asyncio.get_running_loop().time() - began < 63 - 10
