"""What a bad block of the disk has taken while the outbox is open.

One of what an email says ends it; one of an attachment has that named as missing. Neither
can be erased: it stays until the database is opened anew, soundly or not at all.
"""

from typing import Final

from ..errors import UnreadableError
from ..records import Instant
from . import items, rows, states
from .store import Store

# By the index alone: it has none of what parts hold.
_PARTS: Final = (
    "SELECT parts.email, parts.number FROM emails"
    " JOIN parts ON parts.email = emails.id WHERE ended IS NULL"
)


def seek(store: Store, at: Instant) -> None:
    """Find which parts can't be read, and end the emails that say nothing without."""
    parts = {
        (rows.integer(email), rows.integer(number))
        for email, number in store.rows(_PARTS)
    }
    store.unreadable.update(
        (email, number)
        for email, number in parts - store.unreadable
        if not _readable(store, email, number)
    )
    over = sorted(
        email for email, number in parts & store.unreadable if number == items.TEXT
    )
    if over:
        with store.writing(at):
            for email in over:
                states.end_damaged(store, email, at)


def _readable(store: Store, email: int, number: int) -> bool:
    try:
        store.row("SELECT * FROM parts WHERE email = ? AND number = ?", email, number)
    except UnreadableError:
        return False
    return True
