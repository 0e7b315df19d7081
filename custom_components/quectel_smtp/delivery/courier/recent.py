"""``Recent``: how the last attempts ended by either way, without whose emails they were."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
import re
from typing import Final

from ..records import End, Hold, Part, Split, Verdict, Way

ATTEMPTS: Final = 50
# Behind the reply's number (RFC 2034, 4).
_STATUS_CODE: Final = re.compile(r"\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b", re.ASCII)


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt ended, for all its addresses or for some."""

    when: datetime
    way: Way
    result: str
    """What it came to, else the key of the error that nothing was sent for."""
    code: int | None
    reply: int | None
    status_code: str | None
    """What the server's words have of a reason that tells of nobody (RFC 3463, 2)."""
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

    def note(
        self, parts: Iterable[Part], when: datetime, code: int | None = None
    ) -> None:
        """Note what an attempt came to; of one that only waits, nothing was tried.

        ``code`` is the modem's, of an error for which nothing was sent.
        """
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
                    code if found.result is None else found.code,
                    found.reply,
                    _status_code(found.words),
                    verdict.history.attempts,
                    _word(verdict),
                )
            )


def _status_code(words: str | None) -> str | None:
    match = _STATUS_CODE.match(words or "")
    return None if match is None else match[1]


def _word(verdict: Verdict) -> str:
    match verdict:
        case End(state=state):
            return state.value
        case Split():
            return "split"
        case Hold(reason=reason):
            return f"held: {reason.value}"
    return verdict.reason.value
