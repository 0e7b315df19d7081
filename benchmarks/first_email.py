"""The first email after a boot of the modem, which was armed, beside a warm one."""

import asyncio
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import median

from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.modem import Modem
from custom_components.quectel_smtp.modem.service import await_registration
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.tests.mail_server import MailServer

from .boundless import BAUDRATE, HOST, PDP, Office, folder
from .emails import COMMAND_SECONDS
from .pairs import timed
from .through_outbox import OPTIONS, Sending

_QUIET = 0.5
"""Seconds without a command after which a modem is armed."""
_BOOT = 60.0


@dataclass(slots=True)
class FirstEmail:
    """Seconds of each email, from the call on until it is known to be sent."""

    first: list[float] = field(default_factory=list)
    """The data connection was down."""
    connected: list[float] = field(default_factory=list)
    """It was brought up beforehand."""
    warm: list[float] = field(default_factory=list)
    activation: list[float] = field(default_factory=list)
    """The data connection alone, by ``Modem``."""
    beforehand: int = 0
    """Command lines from the boot on until the modem was armed, which no email asked for."""
    commands: int = 0
    """Command lines of the first email, until it was sent."""
    warm_commands: int = 0

    @property
    def without_activation(self) -> float:
        """The first email's median, less that of the activation which it waits for."""
        return median(self.first) - median(self.activation)


async def _armed(virtual: VirtualModem) -> int:
    """Boot the modem, and wait until it was told all; how many lines that took."""
    virtual.forget()
    virtual.reboot()
    await virtual.wait_for_command("", timeout=_BOOT)
    await virtual.wait_for_silence(_QUIET)
    return len(virtual.commands())


async def _restarted(virtual: VirtualModem, modem: Modem) -> None:
    """Boot it, and have ``Modem`` find its network again."""
    boot = modem.boot
    virtual.reboot()
    async with asyncio.timeout(_BOOT):
        while modem.boot == boot:
            await asyncio.sleep(0.01)
    await await_registration(modem, _BOOT)


def _sent(virtual: VirtualModem) -> int:
    lines = [seen.line for seen in virtual.commands()]
    return next(i for i, line in enumerate(lines, 1) if "QSMTPPUT=" in line)


async def _courier(
    virtual: VirtualModem, path: Path, count: int, found: FirstEmail, *, stays: bool
) -> None:
    """Send a first email and a warm one after each of ``count`` boots."""
    options = replace(OPTIONS, idle=0.0) if stays else OPTIONS
    office = Office(path, virtual.port, options=options)
    sending = Sending(office)
    await office.courier.open()
    office.courier.start()
    office.courier.show()
    try:
        # An account that has sent an email need not be proved.
        await sending.send()
        for _ in range(count):
            await sending.rest()
            heard = await _armed(virtual)
            virtual.forget()
            await timed(found.connected if stays else found.first, sending.send)
            await sending.rest()
            if stays:
                continue
            found.beforehand, found.commands = heard, _sent(virtual)
            # After as long a pause: a process that has rested is slower at first.
            await virtual.wait_for_silence(_QUIET)
            virtual.forget()
            await timed(found.warm, sending.send)
            await sending.rest()
            found.warm_commands = _sent(virtual)
    finally:
        await office.courier.close()


async def _activations(virtual: VirtualModem, count: int, found: FirstEmail) -> None:
    modem = Modem(PortSettings(virtual.port, BAUDRATE))
    await modem.open()
    try:
        for _ in range(count):
            await _restarted(virtual, modem)
            await virtual.wait_for_silence(_QUIET)
            await timed(found.activation, partial(modem.activate, PDP))
    finally:
        await modem.close()


async def _measure(port: int, place: Path, turns: int, count: int) -> FirstEmail:
    found = FirstEmail()
    async with VirtualModem(
        hosts={HOST: {25: port}},
        settings={"command_seconds": COMMAND_SECONDS},
        baud=BAUDRATE,
    ) as virtual:
        for turn in range(turns):
            for stays in (False, True):
                path = place / f"{turn}-{stays}.db"
                await _courier(virtual, path, count, found, stays=stays)
            await _activations(virtual, count, found)
    return found


def run(turns: int, count: int) -> FirstEmail:
    """Boot the modem ``count`` times in each of the ``turns``, for each figure."""
    with MailServer() as server, folder() as place:
        return asyncio.run(_measure(server.port, place, turns, count))
