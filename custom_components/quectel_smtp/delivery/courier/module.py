"""The way by the modem's own mail client (SMTP note)."""

from collections.abc import Callable
from dataclasses import replace
import logging
from typing import Final, override

from ...modem.at.codes import SmtpError
from ...modem.at.commands import RESULT_MARGIN
from ...modem.at.errors import ModemError
from ...modem.mail import files
from ...modem.mail.attachments import ATTACHMENT_LIMIT, NotAttached
from ..records import Item, Way
from ..rules.capacity import CAPACITIES, fitted_server
from ..rules.enclosing import Source
from ..settings import Settings
from .carrier import Carrier, FitTo, Told
from .line import Line

_LOGGER = logging.getLogger(__name__)

_UNTOLD: Final = ATTACHMENT_LIMIT * files.SIZE_LIMIT
"""Bytes of a store that doesn't tell how many are free: it refuses what it can't take."""

_FAULTS: Final = (
    SmtpError.FILE_OPEN,
    SmtpError.ATTACHMENT_MEMORY,
    SmtpError.ATTACHMENT_SAVE,
)


def _choked(item: Item) -> bool:
    """Whether the modem's client could not send an email for its attachments' sake.

    It has stored them, and can't read them: it would be no better the next time.
    """
    found = item.finding
    return found is not None and found.way is Way.MODULE and found.code in _FAULTS


class ModuleCarrier(Carrier):
    """QSMTPCFG to QSMTPPUT, and QSMTPCLR."""

    def __init__(self, line: Line, put_timeout: int) -> None:
        """Take the line; ``put_timeout``: seconds that the modem may take, 60-65535."""
        self._line = line
        self._put_timeout = put_timeout

    @property
    @override
    def way(self) -> Way:
        return Way.MODULE

    @property
    @override
    def patience(self) -> float:
        return self._put_timeout + RESULT_MARGIN

    @override
    async def arm(self, settings: Settings) -> None:
        server = fitted_server(settings.server, CAPACITIES[self.way])
        await self._line.modem.arm_mail(server)

    @override
    async def prepare(
        self, item: Item, fit_to: FitTo, settings: Settings
    ) -> Told | None:
        modem = self._line.modem
        capacity = CAPACITIES[self.way]
        fitted = await fit_to(capacity)
        await modem.configure(fitted.server)
        if fitted.wants_files and not _choked(item):
            room = await modem.room_for_attachments()
            capacity = replace(capacity, store=_UNTOLD if room is None else room)
            fitted = await fit_to(capacity)
        refused: frozenset[Source] = frozenset()
        told = await modem.prepare(fitted.message)
        while isinstance(told, NotAttached):
            # The text never waits for what the modem does not take.
            refused |= {fitted.sources[place] for place in told.places}
            fitted = await fit_to(capacity, refused)
            told = await modem.prepare(fitted.message)
        return None if told is None else Told(told)

    @override
    async def mark(self) -> int | None:
        return await self._line.modem.mark()

    @override
    async def hand_over(self, handed_over: Callable[[], None]) -> Told:
        return Told(await self._line.modem.put(self._put_timeout, handed_over))

    @override
    async def give_up(self) -> None:
        """Leave it to the next email, which begins with clearing."""

    @override
    async def clear(self) -> None:
        try:
            await self._line.modem.clear()
        except ModemError as err:
            _LOGGER.debug("The email's content stays in the modem: %s", err)
