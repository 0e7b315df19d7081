"""What the check sends: to the person's own mailboxes, or to an address that nobody has."""

from typing import Final

from ..modem.mail.message import Message
from .anatomy import DOTS, MARK

NOBODY: Final = "nobody@example.invalid"
"""An address that can't exist (RFC 2606 2): what should fail is sent to it."""

# As long as the modem's client takes one (SMTP note 2.3.3): 100 bytes.
_SUBJECT: Final = "Hardware check {}: a long subject with letters such as äöü, of which one word is made"
_FAILING: Final = (
    "This email was meant to fail: the check of a modem sends it to nobody."
)


def letter(
    number: int,
    to: tuple[str, ...],
    cc: tuple[str, ...] = (),
    bcc: tuple[str, ...] = (),
) -> Message:
    """Return one of the three emails; all but the last are of plain ASCII."""
    text = (MARK.format(number), *DOTS, *(("äöü",) if cc or bcc else ()))
    return Message(
        subject=_SUBJECT.format(number), body="\n".join(text), to=to, cc=cc, bcc=bcc
    )


def failing_letter() -> Message:
    """Return an email that no server should take, and that nobody gets if one does."""
    return Message(subject="Hardware check", body=_FAILING, to=(NOBODY,))
