"""``Arming``: what every email needs is told to the modem before there is one."""

import asyncio
from collections.abc import Callable, Mapping
import logging
from typing import Final

from ...modem.at.errors import ModemError, UnsupportedModemError
from ..errors import OutboxError
from ..records import Way
from ..rules import policy
from ..settings import Settings
from .carrier import Carrier
from .line import Line
from .pace import jitter

_LOGGER = logging.getLogger(__name__)

_LASTING: Final = 900.0
"""Seconds after which a data connection that falls has been up: as the longest pause."""


class Arming:
    """Readies a modem in service while nothing waits for it.

    What fails here is no failure: it is not told again in the same boot, and an email
    does itself what is missing.
    """

    def __init__(
        self, line: Line, carriers: Mapping[Way, Carrier], now: Callable[[], float]
    ) -> None:
        """Take the line, the ways over it, and a clock, in seconds."""
        self._line = line
        self._carriers = carriers
        self._now = now
        # What was told, and in which boot of which modem.
        self._told: tuple[object, ...] | None = None
        # Whether files of ours lay in it after that all the same.
        self._held = False
        # How often the data connection was tried of late, when that may be again, and
        # since when it has been up, if the last time helped.
        self._attempts = 0
        self._gate = float("-inf")
        self._up: float | None = None

    async def arm(self, settings: Settings, wanted: asyncio.Event) -> None:
        """Tell what was not told yet, and bring the data connection up if it is to stay.

        To be called while no email waits for the modem, or is unsettled. Once ``wanted``
        is set it ends with the command that runs; the data connection is what an email
        begins with, too.
        """
        modem, way = self._line.modem, settings.options.way
        lacking = (modem, modem.boot, settings.server, way)
        # What an email left behind must not wait in the modem for the next one.
        if self._told != lacking or (modem.holds_files and not self._held):
            if not await self._tell(settings, wanted):
                return
            if self._told != lacking:
                self._told = lacking
                # What failed before was another boot's, or had other settings.
                self.reset()
        self._held = modem.holds_files
        if self.pause(settings) == 0.0:
            await self._connect(settings)

    def pause(self, settings: Settings) -> float | None:
        """Return the seconds until the data connection is brought up; None: never."""
        if settings.options.idle or self._line.modem.has_pdp(settings.pdp):
            return None
        return max(self._gate - self._now(), 0.0)

    def reset(self) -> None:
        """What keeps the data connection away may be mended: it is tried at once."""
        self._attempts = 0
        self._gate = float("-inf")

    async def _tell(self, settings: Settings, wanted: asyncio.Event) -> bool:
        """Tell all that emails need; False if somebody wants the modem."""
        if wanted.is_set():
            return False
        telling = asyncio.ensure_future(self._tell_all(settings))
        interrupting = asyncio.ensure_future(self._interrupt(telling, wanted))
        try:
            await asyncio.wait((telling,))
        finally:
            interrupting.cancel()
            telling.cancel()
            await asyncio.wait((telling, interrupting))
        if telling.cancelled():
            return False
        error = telling.exception()
        if error is not None:
            _LOGGER.error("Unexpected error, emails go on", exc_info=error)
        return True

    async def _tell_all(self, settings: Settings) -> None:
        """Tell all that is needed by the way that is chosen, or by each of them."""
        chosen = settings.options.way
        for way in Way:
            try:
                # What the modem's client was given goes, whichever is chosen now.
                if chosen in (way, None) or await self._left_files(way):
                    await self._carriers[way].arm(settings)
            except (ModemError, OutboxError) as err:
                _LOGGER.debug("The modem is not told what emails need: %s", err)
                if isinstance(err, UnsupportedModemError):
                    return

    async def _left_files(self, way: Way) -> bool:
        noted = await self._line.modem.uploads.noted()
        return way is Way.MODULE and bool(noted)

    async def _interrupt(
        self, telling: asyncio.Task[None], wanted: asyncio.Event
    ) -> None:
        await wanted.wait()
        await self._line.modem.interrupt(telling)

    async def _connect(self, settings: Settings) -> None:
        if self._up is not None and self._now() - self._up > _LASTING:
            self._attempts = 0
        self._attempts += 1
        self._up = None
        try:
            await self._line.modem.activate(settings.pdp)
        except ModemError as err:
            _LOGGER.debug("The data connection stays away: %s", err)
        else:
            self._up = self._now()
        self._gate = self._now() + policy.delay(self._attempts, jitter())
