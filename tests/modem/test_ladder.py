"""Rule 11: whatever state a modem was left in, it is in service in known time."""

import asyncio
import os

import pytest

from custom_components.quectel_smtp.modem.at.errors import NoAnswerError, NotAModemError
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.modem import Modem
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.observations import Phase


def leave_behind(virtual: VirtualModem, data: bytes) -> None:
    """Write what another program writes and goes away."""
    descriptor = os.open(virtual.port, os.O_RDWR | os.O_NOCTTY)
    os.write(descriptor, data)
    os.close(descriptor)


async def identify(virtual: VirtualModem, baudrate: int = 115200) -> str:
    """Open the modem and return its model."""
    modem = Modem(PortSettings(virtual.port, baudrate))
    await modem.open()
    model = (await modem.identify()).model
    await modem.close()
    return model


@pytest.mark.parametrize(
    "left",
    [
        b"ATQ1\r",
        b"ATV0\r",
        b"ATE1\r",
        b"ATE1V0Q1\r",
        b"AT+CSQ",
        b"\x00\xff\x1b garbage",
    ],
)
async def test_settings_and_halves_of_lines_are_undone(left: bytes) -> None:
    async with VirtualModem() as virtual:
        leave_behind(virtual, left)
        assert await identify(virtual) == "EC200N-CN"


async def test_a_data_mode_that_was_left_behind_is_left() -> None:
    # DTR does not end it: a port behind a network has none.
    async with VirtualModem(tcp=True, time_scale=1) as virtual:
        other = Modem(PortSettings(virtual.port))
        await other.open()
        channel = other._open_session.channel  # noqa: SLF001  # a program that dies
        channel._write(b"AT+QSMTPBODY=0,1000,90\r")  # noqa: SLF001
        await virtual.wait_for_phase(Phase.DATA)
        channel._write(b"half a body")  # noqa: SLF001
        await virtual.wait_for_data(11)
        await other.close()
        assert await identify(virtual) == "EC200N-CN"
        assert virtual.transfers()[-1].data.startswith(b"half a body")


@pytest.mark.parametrize(("modem_speed", "our_speed"), [(9600, 115200), (115200, 9600)])
async def test_a_modem_at_another_speed_is_found(
    modem_speed: int, our_speed: int
) -> None:
    async with VirtualModem(settings={"check_speed": "true"}) as virtual:
        first = Modem(PortSettings(virtual.port))
        await first.open()
        channel = first._open_session.channel  # noqa: SLF001  # what a user has typed
        channel._write(f"AT+IPR={modem_speed}\r".encode())  # noqa: SLF001
        await virtual.wait_for_command(r"IPR=")
        await first.close()
        assert await identify(virtual, our_speed) == "EC200N-CN"


async def test_a_port_that_never_answers_is_given_up() -> None:
    async with VirtualModem() as virtual:
        virtual.silence()
        with pytest.raises(NoAnswerError):
            await identify(virtual)


async def test_a_port_that_talks_otherwise_is_not_a_modem() -> None:
    master, follower = os.openpty()
    loop = asyncio.get_running_loop()
    # A terminal that sends back what it gets.
    loop.add_reader(master, lambda: os.write(master, os.read(master, 4096)))
    try:
        with pytest.raises(NotAModemError):
            await Modem(PortSettings(os.ttyname(follower))).open()
    finally:
        loop.remove_reader(master)
        os.close(master)
        os.close(follower)
