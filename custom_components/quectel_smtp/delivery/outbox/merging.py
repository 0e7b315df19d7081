"""Which emails go out as one: the same text within a minute, and digests."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import astuple
import hashlib
from typing import Final, NamedTuple

from ...modem.at.errors import InvalidValueError
from ..email import Email
from ..records import Entry, Item

WINDOW: Final = 60.0
"""Seconds within which the same text to the same addresses becomes one email."""
REPEATS_TOLD: Final = 10
"""Repeats of a text that are told of one by one; more of them are only counted."""
DIGEST_LEAST: Final = 10
"""Emails that wait for the same addresses, from which on they go out as one."""
DIGEST_MOST: Final = 200
"""Emails among which those are sought: more would not fit into one."""

type Compose = Callable[[Sequence[Entry]], tuple[str, str] | None]
"""Makes subject and body of several emails; None where they don't fit into one."""


class Accepted(NamedTuple):
    """An email of the last minute, by its number in the outbox."""

    number: int
    at: float


class Recent:
    """The texts accepted in the last minute.

    Only fingerprints, and only in memory: no text can be told from what is on disk.
    """

    def __init__(self) -> None:
        """Know of none."""
        self._accepted: OrderedDict[bytes, Accepted] = OrderedDict()

    def find(self, email: Email, now: float) -> Accepted | None:
        """Return the email with the same text to the same addresses."""
        while self._accepted:
            fingerprint, oldest = next(iter(self._accepted.items()))
            if now - oldest.at < WINDOW:
                break
            del self._accepted[fingerprint]
        return self._accepted.get(_fingerprint(email))

    def add(self, email: Email, number: int, now: float) -> None:
        """Know of an email that was accepted."""
        fingerprint = _fingerprint(email)
        self._accepted.pop(fingerprint, None)
        self._accepted[fingerprint] = Accepted(number, now)


def _fingerprint(email: Email) -> bytes:
    whom = (email.to, email.cc, email.bcc, *astuple(email.extra), email.recipient_id)
    how = (email.html, email.priority, email.lifetime)
    content = (email.subject, email.body, *whom, *how)
    return hashlib.sha256(repr(content).encode(errors="surrogatepass")).digest()


def fitting(
    entries: Sequence[Entry], compose: Compose, item: Item
) -> tuple[int, Email] | None:
    """Return how many of the entries, from the first on, fit into one email, and it.

    It goes to whom the item goes. None if not even two fit.
    """
    best: tuple[int, Email] | None = None
    least, most = 2, len(entries)
    while least <= most:
        middle = (least + most) // 2
        email = _composed(entries[:middle], compose, item)
        if email is None:
            most = middle - 1
        else:
            best = middle, email
            least = middle + 1
    return best


def _composed(entries: Sequence[Entry], compose: Compose, item: Item) -> Email | None:
    text = compose(entries)
    if text is None:
        return None
    try:
        return Email(
            *text,
            to=item.addresses.to,
            cc=item.addresses.cc,
            bcc=item.addresses.bcc,
            recipient=item.recipient,
            recipient_id=item.recipient_id,
            extra=item.extra,
        )
    except InvalidValueError:
        return None
