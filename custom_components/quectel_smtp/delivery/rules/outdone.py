"""``Outdone``: whether the modem's client is worth a first attempt at all, by late experience.

Published firmware may fail with each email of an account, and for no reason: each alarm
would be a log-in late, and marked as a possible repeat.
"""

from typing import Final

from ...modem.mail.smtp import Outcome, Result
from ..records import Item, Way
from .storm import DAY

# One may have been a weak signal.
_LEAST: Final = 2


class Outdone:
    """Counts emails that the stream has sent after the modem's client had failed."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._times = 0
        self._last = 0.0

    def prefers_stream(self, item: Item, now: float) -> bool:
        """Whether an email that was not attempted yet goes by the stream at once.

        For a day: then the modem's client is tried again. ``now``: seconds of the
        outbox's clock.
        """
        recent = now - self._last < DAY
        return item.finding is None and self._times >= _LEAST and recent

    def take(self, item: Item, way: Way, outcome: Outcome, now: float) -> None:
        """Take what an attempt came to; ``item`` is as it was before."""
        if outcome.result is not Result.SENT:
            return
        if way is Way.MODULE:
            self._times = 0
        elif item.finding is not None and item.finding.way is Way.MODULE:
            self._times += 1
            self._last = now
