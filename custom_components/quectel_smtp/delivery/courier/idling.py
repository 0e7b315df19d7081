"""``Idling``: gives the data connection back when no mail has needed it for long."""

import logging

from ...modem.at.errors import ModemError
from ...modem.network.pdp import PdpState
from .line import Line
from .pace import TURN_LEAST

_LOGGER = logging.getLogger(__name__)


class Idling:
    """Knows when mail used it last; times are seconds of the outbox's clock."""

    def __init__(self, line: Line) -> None:
        """Take the line."""
        self._line = line
        self._used: float | None = None

    def used(self, now: float) -> None:
        """Mail needs it, or a person wants it."""
        self._used = now

    def pause(self, now: float, idle: float) -> float | None:
        """Return the seconds until it is given back after ``idle`` of them; None: never."""
        if not idle or self._line.modem.pdp_state is not PdpState.ACTIVE:
            return None
        if self._used is None:
            self._used = now
        rest = self._used + idle - now
        # A difference of floats is not always the zero that it should be.
        return rest if rest > TURN_LEAST else 0.0

    async def give_back(self, now: float, idle: float) -> None:
        """Give it back if it is time for that (SMTP note 3.1)."""
        if self.pause(now, idle) != 0.0 or not self._line.in_service:
            return
        self._used = now
        try:
            await self._line.modem.deactivate()
        except ModemError as err:
            _LOGGER.debug("The PDP context stays: %s", err)
