"""``Email``: what someone wants sent, under one reference."""

from collections.abc import Iterator
from dataclasses import dataclass, field
import re
import secrets
from typing import Final

from ..modem.at.errors import InvalidValueError
from ..modem.mail.attachments import Attachment
from ..modem.mail.message import LINE_LIMIT, TEXT_LIMIT, Message, Priority, body_bytes
from .changes import Change
from .enclosures import Missing
from .records import Addresses

# Below the limits of a message, so that marks and a closing line find their place.
SUBJECT_LIMIT: Final = 80
BODY_LIMIT: Final = 250_000
SHORT_BODY_LIMIT: Final = 10_000
"""Bytes of a body that goes whole by the modem's mail client, too."""

# No vowels, so that no word arises, and nothing that is misread aloud.
_LETTERS: Final = "23456789BCDFGHJKMNPQRSTVWXZ"
_LENGTH: Final = 8

# Fewer characters than a quarter of the limit can't exceed it in bytes.
_LONG_LINE: Final = re.compile(rf"[^\r\n]{{{LINE_LIMIT // 4},}}")


def new_reference() -> str:
    """Return a short reference that names one email to people."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def wrap(text: str) -> str:
    """Return ``text`` with each line of at most 998 bytes, broken at blanks.

    A line without a blank is broken between two characters. Nothing but line ends is
    added, and only where a mail server may otherwise refuse the line.
    """
    return _LONG_LINE.sub(lambda line: "\n".join(_broken(line[0])), text)


def _broken(line: str) -> Iterator[str]:
    while len(line.encode("utf-8", "surrogatepass")) > LINE_LIMIT:
        encoded = line.encode("utf-8", "surrogatepass")[:LINE_LIMIT]
        # At most three bytes of a character that the limit cuts are left out.
        head = encoded.decode("utf-8", "ignore")
        head = head[: head.rfind(" ") + 1] or head
        yield head
        line = line[len(head) :]
    yield line


@dataclass(frozen=True, slots=True)
class Email:
    """One email: a subject up to 80 bytes, a body up to 250,000, up to 100 addresses.

    The body's bytes are counted with line ends of two, as they are sent.

    ``InvalidValueError`` names the field that can't be sent, by whichever way.
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
        """Refuse now what could not be sent later."""
        for name, text, limit in (
            ("subject", self.subject, SUBJECT_LIMIT),
            ("body", self.body, BODY_LIMIT),
        ):
            if len(text.encode("utf-8", "surrogatepass")) > limit:
                raise InvalidValueError(name, "too_long", limit)
        # Most lines end with one byte more when they are sent.
        if len(body_bytes(self.message().body, limit=TEXT_LIMIT)) > BODY_LIMIT:
            raise InvalidValueError("body", "too_long", BODY_LIMIT)

    def message(self) -> Message:
        """Return the email as it is sent, its long lines broken."""
        addresses = self.addresses
        return Message(
            subject=self.subject,
            body=wrap(self.body),
            to=addresses.to,
            cc=addresses.cc,
            bcc=addresses.bcc,
        )
