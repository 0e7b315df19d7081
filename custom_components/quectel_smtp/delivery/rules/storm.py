"""How many emails may go in an hour and in a day: pure arithmetic on past sends."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ..records import Options

HOUR: Final = 3600.0
DAY: Final = 86400.0
CRITICAL_BURST: Final = 10
"""Critical emails an hour that no limit of normal mail counts, nor holds back."""


@dataclass(frozen=True, slots=True)
class Send:
    """An email has left, on the outbox's clock.

    ``burst``: it was critical and had a place in the burst of critical mail.
    """

    elapsed: float
    burst: bool


@dataclass(frozen=True, slots=True)
class Room:
    """When the next email may go: not after now where there is room already."""

    normal: float
    burst: float

    @property
    def critical(self) -> float:
        """When the next critical email may go: beyond its burst as normal mail."""
        return min(self.normal, self.burst)


def room(sends: Iterable[Send], options: Options, now: float) -> Room:
    """Return when there is room, by what was sent in the last day, in any order."""
    normal: list[float] = []
    burst: list[float] = []
    for send in sends:
        (burst if send.burst else normal).append(send.elapsed)
    return Room(
        max(
            _free(normal, options.per_hour, HOUR, now),
            _free(normal, options.per_day, DAY, now),
        ),
        _free(burst, CRITICAL_BURST, HOUR, now),
    )


def _free(sends: list[float], most: int, window: float, now: float) -> float:
    """Return when fewer than ``most`` of the sends lie within the window."""
    ends = sorted(sent + window for sent in sends)
    inside = [end for end in ends if end > now]
    # Less than one email in a window would mean none ever.
    most = max(most, 1)
    return now if len(inside) < most else inside[-most]
