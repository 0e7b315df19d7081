"""``Recent``: how the last attempts ended by either way, without whose emails they were."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ..records import End, Hold, Part, Split, Verdict, Way

ATTEMPTS: Final = 50


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt ended, for all its addresses or for some."""

    when: datetime
    way: Way
    result: str
    """What it came to, else the key of the error that nothing was sent for."""
    code: int | None
    reply: int | None
    number: int
    """Which attempt with this email it was, from 1."""
    verdict: str
    """The end, else why it is tried again or held."""


class Recent:
    """Counts attempts since the start, and keeps the last 50."""

    def __init__(self) -> None:
        """Nothing was tried yet."""
        self._attempts: deque[Attempt] = deque(maxlen=ATTEMPTS)
        self._counts: Counter[tuple[Way, str]] = Counter()

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """Return the last ones, the oldest first."""
        return tuple(self._attempts)

    @property
    def counts(self) -> Mapping[tuple[Way, str], int]:
        """Return how often each way came to each result."""
        return self._counts

    def note(self, parts: Iterable[Part], when: datetime) -> None:
        """Note what an attempt came to; of one that only waits, nothing was tried."""
        for part in parts:
            found, verdict = part.finding, part.verdict
            result = found.error if found.result is None else found.result.value
            if result is None:
                continue
            self._counts[found.way, result] += 1
            self._attempts.append(
                Attempt(
                    when,
                    found.way,
                    result,
                    found.code,
                    found.reply,
                    verdict.history.attempts,
                    _word(verdict),
                )
            )


def _word(verdict: Verdict) -> str:
    match verdict:
        case End(state=state):
            return state.value
        case Split():
            return "split"
        case Hold(reason=reason):
            return f"held: {reason.value}"
    return verdict.reason.value
