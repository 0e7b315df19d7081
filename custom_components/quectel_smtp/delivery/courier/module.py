"""The way by the modem's own mail client (SMTP note)."""

from collections.abc import Callable
from dataclasses import replace
import logging
from typing import override

from ...modem.at.commands import RESULT_MARGIN
from ...modem.at.errors import ModemError
from ...modem.mail.attachments import NotAttached
from ...modem.mail.message import Message
from ..records import Item, Way
from ..settings import Settings
from .carrier import Carrier, Told
from .line import Line

_LOGGER = logging.getLogger(__name__)


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
        await self._line.modem.arm_mail(settings.server)

    @override
    async def prepare(
        self, item: Item, message: Message, settings: Settings
    ) -> Told | None:
        modem = self._line.modem
        await modem.configure(settings.server)
        refused = await modem.prepare(message)
        while isinstance(refused, NotAttached):
            # The text never waits for what the modem has no room for.
            attachments = tuple(
                attachment
                for place, attachment in enumerate(message.attachments)
                if place not in refused.places
            )
            message = replace(message, attachments=attachments)
            refused = await modem.prepare(message)
        return None if refused is None else Told(refused)

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
