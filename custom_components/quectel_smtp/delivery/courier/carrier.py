"""``Carrier``: a way by which an email leaves, and what it can carry."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ...modem.mail.message import Message
from ...modem.mail.smtp import Outcome
from ..settings import Settings


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a way can carry; None: as much as the mail server takes."""

    recipients: int | None
    """Addresses of one email."""
    body: int | None
    """Bytes of a text, its line ends CR LF."""
    field: int | None
    """Bytes of an address, a user name, a password."""
    hides_recipients: bool
    """Whether a hidden address stays hidden beside others."""
    strict_starttls: bool
    """Whether STARTTLS is never given up for clear text."""


class Carrier(Protocol):
    """One way over the modem, for one email at a time."""

    @property
    def capacity(self) -> Capacity:
        """What it can carry."""

    @property
    def patience(self) -> float:
        """Seconds after which the result of what was handed over can't come any more."""

    async def prepare(self, message: Message, settings: Settings) -> Outcome | None:
        """Do all that comes before the email may leave; None if it may be handed over.

        Any outcome, and any ``ModemError``, means that nothing was sent.
        """

    async def mark(self) -> int | None:
        """Return a number that is gone when a result can't come any more.

        That is when the modem restarts; None where there is no such number.
        """

    async def hand_over(self, handed_over: Callable[[], None]) -> Outcome:
        """Send what was prepared; ``handed_over`` is called right before it may leave.

        From then on the end is an outcome. Before, a ``ModemError`` tells that nothing
        was sent.
        """

    async def clear(self) -> None:
        """Leave nothing of the email behind; where that fails the next one does it."""
