"""``Email``: what someone wants sent, under one reference."""

from dataclasses import dataclass, field
import secrets
from typing import Final

from ..modem.errors import InvalidValueError
from ..modem.smtp import Message

# Below the modem's own limits, so that marks and a closing line find their place.
SUBJECT_LIMIT: Final = 80
BODY_LIMIT: Final = 10_000

# No vowels, so that no word arises, and nothing that is misread aloud.
_LETTERS: Final = "23456789BCDFGHJKMNPQRSTVWXZ"
_LENGTH: Final = 8


def new_reference() -> str:
    """Return a short reference that names one email to people."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


@dataclass(frozen=True, slots=True)
class Email:
    """One email: a subject up to 80 bytes, a body up to 10,000, up to 20 addresses.

    ``InvalidValueError`` names the field that can't be sent.
    """

    subject: str
    body: str
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reference: str = field(default_factory=new_reference)

    def __post_init__(self) -> None:
        """Refuse now what could not be sent later."""
        for name, text, limit in (
            ("subject", self.subject, SUBJECT_LIMIT),
            ("body", self.body, BODY_LIMIT),
        ):
            if len(text.encode("utf-8", "surrogatepass")) > limit:
                raise InvalidValueError(name, "too_long", limit)
        self.message()

    def message(self) -> Message:
        """Return the email as the modem takes it."""
        return Message(
            subject=self.subject,
            body=self.body,
            to=self.to,
            cc=self.cc,
            bcc=self.bcc,
        )
