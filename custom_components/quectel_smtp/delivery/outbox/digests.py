"""``Digests``: emails that wait for the same addresses go out as one."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from ...modem.mail.message import Priority
from ..email import Email
from ..enclosures import Carries
from ..records import Entry, Instant, Item, State
from . import items, states
from .intake import Intake, Plan
from .merging import DIGEST_LEAST, DIGEST_MOST, Compose, fitting
from .rows import DamagedRowError
from .store import Store

# Emails of one part in one envelope that were never attempted, and may go now but for the
# limits: what an item, by its envelope, may go out with if the addresses are the same.
# No digests: they stand for others too, but unlike repeats are counted once.
_ALIKE: Final = (
    "envelopes.due IS NOT NULL AND envelopes.critical = 0 AND envelopes.attempts = 0"
    " AND (envelopes.state = 'queued' OR envelopes.id = ?1"
    "  OR envelopes.state = 'deferred' AND envelopes.reason IN ('limit', 'server'))"
    " AND NOT EXISTS (SELECT 1 FROM parts"
    "  WHERE email = envelopes.email AND number <> envelopes.part)"
    " AND NOT EXISTS (SELECT 1 FROM envelopes AS other"
    "  WHERE other.email = envelopes.email AND other.id <> envelopes.id)"
    " AND (emails.times > 1 OR NOT EXISTS (SELECT 1 FROM emails AS member"
    "  WHERE member.merged_into = envelopes.email))"
)
_MEMBERS: Final = (
    "SELECT 1 FROM emails AS member JOIN envelopes"
    " ON member.merged_into = envelopes.email WHERE envelopes.id = ? LIMIT 1"
)


class Digests:
    """Puts emails together."""

    def __init__(self, store: Store, intake: Intake) -> None:
        """Take the store, and the intake that a digest comes in by, too."""
        self._store = store
        self._intake = intake

    def digest(self, item: Item, at: Instant, compose: Compose) -> Item:
        """Put an item into one email with others that wait for the same addresses."""
        if (
            item.critical
            or item.history.attempts
            or not _is_plain(item)
            or self._is_digest(item)
        ):
            return item
        found = self._waiting_with(item)
        if len(found) < DIGEST_LEAST:
            return item
        entries = [
            Entry(one.accepted.wall, one.subject, one.body, one.times) for one in found
        ]
        fits = fitting(entries, compose, item)
        if fits is None:
            return item
        count, email = fits
        with self._store.writing(at):
            number = self._merge(found[:count], email, at)
        self._intake.taken = number
        (envelope,) = states.envelopes(self._store, number)
        return items.read(self._store, envelope.id)

    def _is_digest(self, item: Item) -> bool:
        """Whether an item stands for others, of different texts."""
        return item.times == 1 and bool(self._store.row(_MEMBERS, item.envelope))

    def _waiting_with(self, item: Item) -> list[Item]:
        """Return what waits for the same addresses and was never attempted, in order."""
        found = []
        for row in self._store.rows(
            f"{items.ITEMS} WHERE {_ALIKE}"
            " ORDER BY envelopes.accepted, envelopes.id LIMIT ?",
            item.envelope,
            DIGEST_MOST,
        ):
            # What is damaged comes to its end by itself, when it is due.
            with suppress(DamagedRowError):
                other = items.item(row)
                if _is_plain(other) and _whom(other) == _whom(item):
                    found.append(other)
        return found

    def _merge(self, waiting: Sequence[Item], email: Email, at: Instant) -> int:
        """Let an email stand for several that wait; returns its number."""
        store = self._store
        members = [states.email_of(store, item.envelope) for item in waiting]
        number = self._intake.insert(
            replace(email, reference=self._intake.free(email.reference)),
            accepted=waiting[0].accepted,
            expires=max(member.expires for member in members),
            at=at,
            plan=Plan(State.QUEUED, None, at.elapsed),
        )
        for member in members:
            states.merge(store, member, number, at)
        return number


def _whom(item: Item) -> tuple[object, ...]:
    return item.addresses, item.extra, item.recipient_id


def _is_plain(item: Item) -> bool:
    """Whether subject and body are all that there is of it."""
    return item.carries is Carries.WHOLE and not (
        item.html
        or item.enclosed
        or item.missing
        or item.changes
        or item.priority is not Priority.NORMAL
    )
