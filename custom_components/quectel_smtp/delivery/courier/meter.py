"""``Meter``: keeps count of what goes over the modem's data connection."""

import logging

from ...modem.at.errors import ModemError
from ..errors import OutboxError
from ..outbox.thread import OutboxThread
from ..rules.usage import Usage
from ..status import Board
from .line import Line

_LOGGER = logging.getLogger(__name__)


class Meter:
    """Reads the modem's counter, and adds what went by streams."""

    def __init__(self, line: Line, outbox: OutboxThread, board: Board) -> None:
        """Take the line, where the count is kept, and where it is seen."""
        self._line = line
        self._outbox = outbox
        self._board = board
        self._usage = Usage()
        self.due = True
        """Whether something may have gone over it since it was read."""

    async def resume(self) -> None:
        """Go on from what is kept; ``OutboxError`` if it can't be read."""
        self._usage = await self._outbox.do(lambda outbox, _: outbox.usage())
        self._board.post(traffic=self._usage.total)

    async def read(self) -> None:
        """Note what has gone over it; what fails here costs nothing."""
        self.due = False
        try:
            usage = self._usage.after(*await self._line.modem.traffic())
            if usage != self._usage:
                await self._outbox.do(lambda outbox, _: outbox.note_usage(usage))
        except (ModemError, OutboxError) as err:
            _LOGGER.debug("The data can't be counted: %s", err)
        else:
            self._usage = usage
            self._board.post(traffic=usage.total)
