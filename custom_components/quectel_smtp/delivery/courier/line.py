"""``Line``: the way to the network: the port found, the modem in service on it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
import logging
from typing import Final, Protocol

from ...modem.at.errors import (
    ModemError,
    NoAnswerError,
    NotAModemError,
    PinRefusedError,
    PinUnjudgedError,
    PortError,
    WrongModemError,
)
from ...modem.at.port import PortSettings
from ...modem.mail.uploads import Uploads
from ...modem.modem import Modem
from ...modem.network.status import Identity, Network
from ...modem.service import await_registration, unlock
from ..settings import Pin, Settings

_LOGGER = logging.getLogger(__name__)

REGISTRATION_TIMEOUT: Final = 60.0
"""Seconds that a modem may take to register after its start."""
GLANCE: Final = 3.0
"""Seconds for a look whether our modem is behind another port."""

type FindPorts = Callable[[], Awaitable[Sequence[str]]]


class Observer(Protocol):
    """Who is told what the line learns."""

    def changed(self) -> None:
        """Connection or PDP context changed."""

    def identified(self, identity: Identity) -> None:
        """The modem said who it is."""

    def unlocked(self) -> None:
        """The SIM is ready."""

    def registered(self, network: Network) -> None:
        """The modem is in service."""


async def no_ports() -> Sequence[str]:
    """Find no other ports."""
    return ()


class Line:
    """Opens the port, recognises the modem by its IMEI, and brings it into service."""

    def __init__(
        self,
        settings: Settings,
        make_modem: Callable[[PortSettings], Modem],
        find_ports: FindPorts,
        observer: Observer,
        uploads: Callable[[str | None], Uploads],
    ) -> None:
        """Take the settings; nothing is opened yet.

        ``uploads`` are the note of the modem with an IMEI.
        """
        self._settings = settings
        self._make_modem = make_modem
        self._find_ports = find_ports
        self._observer = observer
        self._uploads = uploads
        self._refused: set[Pin | None] = set()
        self._in_service: int | None = None
        # Those that failed to open, by their ports: one may have told a result already.
        self._candidates: dict[str, Modem] = {}
        self.modem = make_modem(settings.port)
        self._unwatch = self.modem.watch(observer.changed)

    @property
    def in_service(self) -> bool:
        """Whether the modem is open, unlocked and registered in its present boot."""
        return self.modem.connected and self._in_service == self.modem.boot

    async def take(self, settings: Settings) -> None:
        """Work with these settings; another port or modem is opened anew."""
        if settings == self._settings:
            return
        before, self._settings = self._settings, settings
        self._in_service = None
        # The port where the modem was found under another name is as good.
        if settings.port not in (before.port, self.modem.port):
            await self.modem.close()
            self._adopt(self._make_modem(settings.port))
        elif settings.imei != before.imei:
            await self.modem.close()

    def leave_service(self) -> None:
        """Have the modem checked from the start before the next email."""
        self._in_service = None

    async def close(self) -> None:
        """Close the port."""
        await self.modem.close()

    def _adopt(self, modem: Modem) -> None:
        self._unwatch()
        self.modem = modem
        self._unwatch = modem.watch(self._observer.changed)

    # From a port to a modem in service.

    async def open(self, unsettled_for: float | None = None) -> None:
        """Open the port, or the one that our modem is found behind now.

        ``unsettled_for``: seconds in which an earlier email's result may still come.
        """
        if self.modem.connected:
            return
        self._in_service = None
        try:
            await self._open(self.modem, unsettled_for)
        except PortError, NoAnswerError, NotAModemError, WrongModemError:
            found = await self._search(unsettled_for)
            if found is None:
                raise
            _LOGGER.debug("The modem is behind another port now")
            self._adopt(found)
        # What they may have heard is of an email that is settled over this port now.
        self._candidates.clear()
        self._observer.changed()

    async def _open(self, modem: Modem, unsettled_for: float | None) -> None:
        if unsettled_for is not None and not modem.unsettled:
            modem.expect_late_result(unsettled_for)
        try:
            await modem.open()
            identity = await self._identify(modem)
        except BaseException:
            await modem.close()
            raise
        self._observer.identified(identity)

    async def _identify(self, modem: Modem) -> Identity:
        identity = await modem.identify()
        if self._settings.imei not in (None, identity.imei):
            raise WrongModemError
        modem.uploads = self._uploads(identity.imei)
        return identity

    async def _search(self, unsettled_for: float | None) -> Modem | None:
        """Look behind the ports that may be ours after it was plugged in elsewhere."""
        if self._settings.imei is None:
            return None
        for url in await self._find_ports():
            if url == self.modem.port.url:
                continue
            modem = self._candidate(url)
            try:
                async with asyncio.timeout(GLANCE):
                    await self._open(modem, unsettled_for)
            except WrongModemError:
                # What it may have told is no news of our emails.
                del self._candidates[url]
            except ModemError, TimeoutError:
                pass
            else:
                return modem
        return None

    def _candidate(self, url: str) -> Modem:
        """Return the modem that was looked for behind the port before, or a new one."""
        settings = replace(self._settings.port, url=url)
        modem = self._candidates.get(url)
        if modem is None or modem.port != settings:
            modem = self._candidates[url] = self._make_modem(settings)
        return modem

    async def bring_into_service(self) -> None:
        """Unlock the SIM, give the APN, wait for the network: once in each boot."""
        modem = self.modem
        if self.in_service:
            return
        boot = modem.boot
        await self._unlock()
        self._observer.unlocked()
        await modem.give_apn(self._settings.pdp)
        network = await await_registration(modem, REGISTRATION_TIMEOUT)
        self._in_service = boot if boot == modem.boot else None
        self._observer.registered(network)

    async def _unlock(self) -> None:
        pin = self._settings.pin
        usable = None if pin in self._refused else pin
        try:
            await unlock(
                self.modem,
                None if usable is None else usable.code,
                None if usable is None else usable.iccid,
            )
        except PinRefusedError, PinUnjudgedError:
            # The latter is kept in the settings: a person may know that it is right.
            self._refused.add(pin)
            raise
