"""How long the last emails took that are over: nothing of what they said, nor to whom."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ..records import State
from . import rows
from .rows import DamagedRowError
from .store import Store

EMAILS: Final = 50


@dataclass(frozen=True, slots=True)
class Ended:
    """One email that is over."""

    reference: str
    accepted: datetime
    seconds: float
    """From its acceptance to its end."""
    state: State
    critical: bool
    attempts: int
    envelopes: int
    """In how many parts it went, to different addresses."""
    size: int
    """Bytes of it with its attachments."""


def ended(store: Store) -> Iterator[Ended]:
    """Yield the last 50, the latest first; what can't be read is left out."""
    for row in store.rows(
        "SELECT emails.accepted_wall, emails.accepted, emails.ended, emails.state,"
        " emails.critical, coalesce(max(envelopes.attempts), 0), count(envelopes.id),"
        " emails.size, emails.reference FROM emails LEFT JOIN envelopes ON envelopes.email = emails.id"
        " WHERE emails.id IN (SELECT id FROM emails WHERE ended IS NOT NULL"
        "  ORDER BY ended DESC LIMIT ?)"
        " GROUP BY emails.id ORDER BY emails.ended DESC",
        EMAILS,
    ):
        with suppress(DamagedRowError):
            yield Ended(
                rows.text(row[8]),
                rows.wall(row[0]),
                max(rows.real(row[2]) - rows.real(row[1]), 0.0),
                rows.state(row[3]),
                bool(rows.integer(row[4])),
                rows.count(row[5]),
                rows.count(row[6]),
                rows.count(row[7]),
            )
