"""``Carrier``: a way by which an email leaves; what it can carry, ``rules.capacity`` tells."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from ...modem.mail.smtp import Outcome
from ..changes import Change
from ..records import Item, Way
from ..rules.capacity import Capacity
from ..rules.enclosing import Source
from ..rules.fit import Fitted
from ..settings import Settings

NOTHING: Final[frozenset[Source]] = frozenset()


class FitTo(Protocol):
    """Fits the email at hand to what a way can carry."""

    async def __call__(
        self, capacity: Capacity, refused: frozenset[Source] = NOTHING
    ) -> Fitted:
        """Return it; ``refused`` is what the modem did not take when it was tried."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What came of an attempt for one address, in the server's own words."""

    outcome: Outcome
    words: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Told:
    """How an attempt ended, and in what words of the server, for people alone.

    ``refused`` are the addresses that the server did not take; ``outcome`` is that of
    the others, or of all. ``changes`` is what was done to the email so that it could go
    this way.
    """

    outcome: Outcome
    words: str = field(default="", repr=False)
    refused: Mapping[str, Refusal] = field(default_factory=dict, repr=False)
    changes: tuple[Change, ...] = ()


class Carrier(Protocol):
    """One way over the modem, for one email at a time."""

    @property
    def way(self) -> Way:
        """Which one it is."""

    @property
    def patience(self) -> float:
        """Seconds in which a result may come late, even to another process than ours.

        0 where it comes while ``hand_over`` runs, or never.
        """

    async def arm(self, settings: Settings) -> None:
        """Tell the modem what emails need by this way, and what needs no connection.

        Each setting once in a boot. ``ModemError`` where that fails: ``prepare`` does
        what is missing.
        """

    async def prepare(
        self, item: Item, fit_to: FitTo, settings: Settings
    ) -> Told | None:
        """Do all that comes before the email may leave; None if it may be handed over.

        It is fitted to what this way can carry at this moment: what the modem's store
        has room for, or the server takes.
        Any outcome, and any ``ModemError``, means that nothing was sent.
        """

    async def mark(self) -> int | None:
        """Return a number that is gone when a result can't come any more.

        That is when the modem restarts; None where there is no such number.
        """

    async def hand_over(self, handed_over: Callable[[], None]) -> Told:
        """Send what was prepared; ``handed_over`` is called right before it may leave.

        From then on the end is an outcome. Before, a ``ModemError`` tells that nothing
        was sent.
        """

    async def give_up(self) -> None:
        """Forget what was prepared, or whose result nobody waits for any more."""

    async def clear(self) -> None:
        """Leave nothing of the email behind; where that fails the next one does it."""
