"""``Email``: what someone wants sent, under one reference."""

from dataclasses import dataclass, field
import secrets
from typing import Final

from ..modem.mail.attachments import Attachment
from ..modem.mail.message import Message, Priority
from .addresses import Addresses
from .changes import Change
from .enclosures import Missing

# No vowels, so that no word arises, and nothing that is misread aloud.
_LETTERS: Final = "23456789BCDFGHJKMNPQRSTVWXZ"
_LENGTH: Final = 8


def new_reference() -> str:
    """Return a short reference that names one email to people."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


@dataclass(frozen=True, slots=True)
class Email:
    """One email: a subject and a body of any length, and up to 100 addresses.

    ``InvalidValueError`` names an address that nothing can be sent to, by whichever way.
    All else is fitted to the way that it goes by, and what that changes is told.
    """

    subject: str = field(repr=False)
    body: str = field(repr=False)
    to: tuple[str, ...] = field(default=(), repr=False)
    cc: tuple[str, ...] = field(default=(), repr=False)
    bcc: tuple[str, ...] = field(default=(), repr=False)
    reference: str = field(default_factory=new_reference)
    recipient: str = ""
    """The name under which people know to whom it goes."""
    critical: bool = False
    recipient_id: str | None = field(default=None, repr=False)
    """By which the recipient is known whose addresses these are, if they may change."""
    html: str | None = field(default=None, repr=False)
    priority: Priority = Priority.NORMAL
    extra: Addresses = field(default_factory=Addresses)
    """To whom else it goes, whatever the recipient's addresses become."""
    lifetime: float | None = None
    """Seconds that it may wait; None: as long as others."""
    attachments: tuple[Attachment, ...] = ()
    missing: tuple[Missing, ...] = ()
    """What is not attached although it was asked for."""
    awaits: tuple[str, ...] = field(default=(), repr=False)
    """Names of attachments that are being fetched: ``Courier.attach`` brings them."""
    changes: tuple[Change, ...] = ()
    """What was done to it before."""

    @property
    def addresses(self) -> Addresses:
        """All to whom it goes."""
        return Addresses(self.to, self.cc, self.bcc).and_also(self.extra)

    def __post_init__(self) -> None:
        """Refuse now whom nothing could be sent to later."""
        Message("", "", *self.addresses.kinds)
