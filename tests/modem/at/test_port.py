"""Real ports: a pty and a socket, opened through serialx and through another library."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
import errno
import fcntl
import os
from pathlib import Path
import termios
import threading
from typing import Any

import pytest
import serial_asyncio
import serialx

from custom_components.quectel_smtp.modem.at import port
from custom_components.quectel_smtp.modem.at.channel import AtChannel
from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.errors import (
    PortBusyError,
    PortError,
    PortInvalidError,
    PortLostError,
    PortNotFoundError,
    PortPermissionError,
)
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.modem import Modem
from tests.virtual_modem.client import VirtualModem

CSQ = Command("AT+CSQ", prefixes=("+CSQ:",))
BODY = bytes(range(1, 256)) * 40


async def open_with_serialx(modem: VirtualModem) -> AtChannel:
    """Open as the integration does."""
    return await port.connect(PortSettings(modem.port))


async def open_socket_with_serialx(modem: VirtualModem) -> AtChannel:
    """Open over TCP as the integration does."""
    return await port.connect(PortSettings(modem.url))


async def open_with_pyserial_asyncio(modem: VirtualModem) -> AtChannel:
    """Open with the library that Home Assistant ends: the channel knows neither."""
    _, channel = await serial_asyncio.create_serial_connection(
        asyncio.get_running_loop(), AtChannel, modem.port, baudrate=115200
    )
    assert isinstance(channel, AtChannel)
    # This library connects the protocol only in the loop's next turn.
    while not channel.connected:
        await asyncio.sleep(0)
    return channel


OPENERS = pytest.mark.parametrize(
    ("opener", "tcp"),
    [
        (open_with_serialx, False),
        (open_socket_with_serialx, True),
        (open_with_pyserial_asyncio, False),
    ],
    ids=["serialx pty", "serialx socket", "pyserial-asyncio pty"],
)


@OPENERS
async def test_the_channel_works_over_any_asyncio_transport(
    opener: Callable[[VirtualModem], Awaitable[AtChannel]], tcp: bool
) -> None:
    async with VirtualModem(tcp=tcp) as virtual:
        channel = await opener(virtual)
        await channel.synchronise()
        assert await channel.execute(CSQ)
        lines = await channel.transfer(
            Command(f"AT+QSMTPBODY=1,{len(BODY)}", prefixes=("+QSMTPBODY:",)),
            BODY,
            timeout=60,
        )
        assert lines == (f"+QSMTPBODY: {len(BODY)}",)
        assert virtual.transfers()[-1].data == BODY
        await channel.close()
        with pytest.raises(PortLostError):
            await channel.execute(CSQ)


@OPENERS
async def test_a_port_that_goes_away_fails_what_waits(
    opener: Callable[[VirtualModem], Awaitable[AtChannel]], tcp: bool
) -> None:
    async with VirtualModem(tcp=tcp) as virtual:
        channel = await opener(virtual)
        await channel.synchronise()
        with channel.expect("+NEVER:") as never:
            virtual.hangup()
            with pytest.raises(PortLostError):
                await never.wait(60)
        assert not channel.connected
        await channel.close()


async def test_a_port_is_ours_alone_and_free_again_after_closing() -> None:
    async with VirtualModem() as virtual:
        settings = PortSettings(virtual.port)
        modem = Modem(settings)
        await modem.open()
        with pytest.raises(PortBusyError):
            await port.connect(settings)
        await modem.close()
        again = await port.connect(settings)
        await again.close()


def open_descriptors() -> int:
    """Return how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_opening_and_closing_leaks_no_descriptor_and_no_task() -> None:
    async with VirtualModem() as virtual:
        modem = Modem(PortSettings(virtual.port))
        await modem.open()
        await modem.close()
        before = open_descriptors(), len(asyncio.all_tasks())
        for _ in range(5):
            await modem.open()
            await modem.close()
        assert (open_descriptors(), len(asyncio.all_tasks())) == before


async def test_closing_leaves_the_modems_control_lines_alone() -> None:
    async with VirtualModem() as virtual:
        channel = await port.connect(PortSettings(virtual.port))
        descriptor = os.open(virtual.port, os.O_RDWR | os.O_NOCTTY)
        try:
            flags = termios.tcgetattr(descriptor)[2]
            assert not flags & termios.HUPCL
            with pytest.raises(OSError) as caught:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            assert caught.value.errno in {errno.EAGAIN, errno.EBUSY}
        finally:
            os.close(descriptor)
        await channel.close()


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("/dev/no-such-port", PortNotFoundError),
        ("/etc/hostname", PortInvalidError),
        ("socket://127.0.0.1:1", PortError),
        ("socket://127.0.0.1", PortInvalidError),
        ("bogus://x", PortInvalidError),
        ("", PortError),
    ],
)
async def test_a_port_that_can_not_be_opened_says_why(
    url: str, error: type[PortError]
) -> None:
    with pytest.raises(error):
        await port.connect(PortSettings(url))


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (PermissionError(), PortPermissionError),
        (OSError(errno.ENODEV, "x"), PortNotFoundError),
        (OSError(errno.EBUSY, "x"), PortBusyError),
        (TimeoutError(), PortError),
        (serialx.SerialException("x"), PortInvalidError),
        (ZeroDivisionError(), ZeroDivisionError),
    ],
)
async def test_each_reason_of_the_system_has_its_name(
    monkeypatch: pytest.MonkeyPatch, reason: Exception, error: type[Exception]
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise reason

    monkeypatch.setattr(port, "create_serial_connection", fail)
    with pytest.raises(error) as caught:
        await port.connect(PortSettings("esphome://host/?key=secret"))
    assert "secret" not in str(caught.value)


@pytest.fixture
def pty() -> Iterator[str]:
    """Return the path of a port that nobody answers on."""
    master, slave = os.openpty()
    yield os.ttyname(slave)
    os.close(slave)
    os.close(master)


class HangingDriver:
    """Has ``open`` wait for the test, as a driver does whose device has died."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand before the operating system."""
        self.reached = threading.Event()
        self.let_go = threading.Event()
        self._open = os.open
        monkeypatch.setattr("serialx.descriptor_transport.os.open", self.hang)

    def hang(self, *arguments: Any) -> int:
        """Open once the test says so."""
        self.reached.set()
        self.let_go.wait(60)
        return self._open(*arguments)

    async def until_reached(self) -> None:
        """Wait until somebody opens a port."""
        assert await asyncio.to_thread(self.reached.wait, 60)


async def _free_again(name: str) -> None:
    """Wait until the port can be opened, which locks it for one."""
    async with asyncio.timeout(60):
        while True:
            try:
                channel = await port.connect(PortSettings(name))
            except PortBusyError:
                await asyncio.sleep(0.01)
            else:
                await channel.close()
                return


@pytest.mark.parametrize("cancelled", [False, True])
async def test_a_driver_that_hangs_in_open_holds_nobody(
    pty: str, monkeypatch: pytest.MonkeyPatch, cancelled: bool
) -> None:
    monkeypatch.setattr(port, "OPENING", 60.0 if cancelled else 0.01)
    monkeypatch.setattr(port, "_RELEASE", 0.01)
    with monkeypatch.context() as patches:
        driver = HangingDriver(patches)
        opening = asyncio.create_task(port.connect(PortSettings(pty)))
        await driver.until_reached()
        if cancelled:
            opening.cancel()
        expected = asyncio.CancelledError if cancelled else PortError
        with pytest.raises(expected):
            await opening
        driver.let_go.set()
    # What was left behind closes it.
    monkeypatch.setattr(port, "OPENING", 60.0)
    await _free_again(pty)


async def test_an_opening_that_ends_as_it_is_given_up_is_closed(
    pty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = serialx.create_serial_connection
    opened = asyncio.Event()
    connected: list[asyncio.Transport] = []

    async def heedless(*arguments: Any, **options: Any) -> Any:
        found = await create(*arguments, **options)
        connected.append(found[0])
        opened.set()
        return found

    monkeypatch.setattr(port, "create_serial_connection", heedless)
    opening = asyncio.create_task(port.connect(PortSettings(pty)))
    await opened.wait()
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert connected[0].is_closing()
    await _free_again(pty)
