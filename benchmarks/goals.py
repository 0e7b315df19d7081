"""A figure, and what it should be."""

from dataclasses import dataclass
from enum import StrEnum


class Bound(StrEnum):
    """How a figure is held against its goal."""

    AT_MOST = "at most"
    AT_LEAST = "at least"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure and what it should be."""

    what: str
    figure: float
    bound: Bound
    limit: float

    @property
    def met(self) -> bool:
        """Whether it is."""
        match self.bound:
            case Bound.AT_MOST:
                return self.figure <= self.limit
            case Bound.AT_LEAST:
                return self.figure >= self.limit
            case Bound.BELOW:
                return self.figure < self.limit
