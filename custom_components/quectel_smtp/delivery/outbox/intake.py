"""``Intake``: what the outbox takes in, within its bounds, and what becomes one email."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from ..email import Email, new_reference
from ..errors import OutboxFullError
from ..records import Addresses, Entry, Instant, Item, Options, Reason, State
from . import holds, rows, states
from .merging import (
    DIGEST_LEAST,
    DIGEST_MOST,
    REPEATS_TOLD,
    WINDOW,
    Accepted,
    Compose,
    Recent,
    fitting,
)
from .rows import Content, DamagedRowError
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

_REPEATS: Final = "SELECT count(*) FROM emails WHERE merged_into = ?"
_ALL_REPEATS: Final = (
    "SELECT count(*) FROM emails AS whole CROSS JOIN emails AS merged"
    " ON merged.merged_into = whole.id WHERE whole.ended IS NULL"
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may wait.

    ``reserved`` places, and a tenth of the bytes, are for critical emails only.
    """

    emails: int
    size: int
    reserved: int

    def check(self, store: Store, critical: bool, size: int) -> None:
        """Raise ``OutboxFullError`` if there is no room for one more email."""
        emails = self.emails if critical else self.emails - self.reserved
        if store.totals.emails >= emails:
            raise OutboxFullError(emails, "emails")
        most = self.size if critical else self.size - self.size // 10
        if store.totals.size + size > most:
            raise OutboxFullError(most, "bytes")


@dataclass(frozen=True, slots=True)
class _Plan:
    """How an email begins to wait."""

    state: State
    reason: Reason | None
    due: float | None


class Intake:
    """Takes emails in."""

    def __init__(self, store: Store, bounds: Bounds) -> None:
        """Take the store and its bounds."""
        self._store = store
        self._bounds = bounds
        self._recent = Recent()
        # The email that was given out last: its text may be on its way to the modem.
        self.taken: int | None = None

    def accept(self, email: Email, at: Instant, options: Options) -> str:
        """Accept an email; returns the reference by which it goes."""
        reference = self._free(email.reference)
        earlier = None if email.critical else self._recent.find(email, at.elapsed)
        if earlier is not None and self._untouched(earlier.number):
            return self._accept_repeat(email, reference, earlier.number, at)
        content = _content(email)
        self._bounds.check(self._store, email.critical, len(content.encode()))
        with self._store.writing(at):
            number = self._insert(
                email,
                reference,
                content,
                accepted=at,
                expires=at.elapsed + options.lifetime,
                at=at,
                plan=self._plan(earlier, at),
            )
        if not email.critical:
            self._recent.add(email, number, at.elapsed)
        return reference

    def _free(self, reference: str) -> str:
        """Return the reference, or another one if an email has it already."""
        while self._store.row("SELECT 1 FROM emails WHERE reference = ?", reference):
            reference = new_reference()
        return reference

    def _untouched(self, number: int) -> bool:
        """Whether an email waits of which nothing was ever given to the modem."""
        if number == self.taken:
            return False
        touched = self._store.row(
            "SELECT ended IS NOT NULL OR EXISTS (SELECT 1 FROM envelopes"
            " WHERE email = emails.id AND (attempts > 0 OR state = 'sending'))"
            " FROM emails WHERE id = ?",
            number,
        )
        return touched == (0,)

    def _plan(self, earlier: Accepted | None, at: Instant) -> _Plan:
        held = holds.current(self._store, at)
        if held is not None:
            return _Plan(State.HELD, *held)
        if earlier is not None:
            return _Plan(State.DEFERRED, Reason.REPEATED, earlier.at + WINDOW)
        return _Plan(State.QUEUED, None, at.elapsed)

    def _insert(
        self,
        email: Email,
        reference: str,
        content: str,
        *,
        accepted: Instant,
        expires: float,
        at: Instant,
        plan: _Plan,
    ) -> int:
        """Insert an email of one part to be sent in one envelope; returns its number."""
        store = self._store
        size = len(content.encode())
        number = store.insert(
            "emails",
            reference=reference,
            recipient=email.recipient,
            recipient_id=email.recipient_id,
            critical=email.critical,
            accepted=accepted.elapsed,
            accepted_wall=rows.moment(accepted.wall),
            expires=expires,
            times=1,
            size=size,
            state=State.QUEUED,
            reported=State.QUEUED,
        )
        store.insert(
            "parts", email=number, number=rows.TEXT, kind="text", content=content
        )
        store.insert(
            "envelopes",
            email=number,
            part=rows.TEXT,
            critical=email.critical,
            accepted=accepted.elapsed,
            state=plan.state,
            reason=plan.reason,
            due=plan.due,
        )
        store.count(1, size)
        states.report(store, reference, email.recipient, State.QUEUED, at)
        states.follow(store, number, at)
        return number

    # Several that become one.

    def _accept_repeat(
        self, email: Email, reference: str, into: int, at: Instant
    ) -> str:
        """Count a text once more; returns the reference by which the repeat goes."""
        store = self._store
        known_by_itself = self._has_room_for_repeat(into)
        with store.writing(at):
            store.run("UPDATE emails SET times = times + 1 WHERE id = ?", into)
            if known_by_itself:
                self._insert_merged(email, reference, into, at)
        return reference if known_by_itself else states.email(store, into).reference

    def _has_room_for_repeat(self, into: int) -> bool:
        """Whether one more repeat may have a row, and an end, of its own.

        What a text, or a digest, stands for is told one by one in the commit that ends
        it: a flood must not make that long.
        """
        ((of_it,),) = self._store.rows(_REPEATS, into)
        ((of_all,),) = self._store.rows(_ALL_REPEATS)
        few = rows.integer(of_it) < REPEATS_TOLD
        return few and rows.integer(of_all) < self._bounds.emails

    def _insert_merged(
        self, email: Email, reference: str, into: int, at: Instant
    ) -> None:
        store = self._store
        store.insert(
            "emails",
            reference=reference,
            recipient=email.recipient,
            critical=email.critical,
            accepted=at.elapsed,
            accepted_wall=rows.moment(at.wall),
            expires=at.elapsed,
            times=1,
            size=0,
            state=State.MERGED,
            reported=State.MERGED,
            ended=at.elapsed,
            merged_into=into,
        )
        states.report(store, reference, email.recipient, State.QUEUED, at)
        states.report_merged(store, reference, email.recipient, into, at)

    def digest(self, item: Item, at: Instant, compose: Compose) -> Item:
        """Put an item into one email with others that wait for the same addresses."""
        if item.critical or item.history.attempts or self._is_digest(item):
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
        self.taken = number
        (envelope,) = states.envelopes(self._store, number)
        return states.item(self._store, envelope.id)

    def _is_digest(self, item: Item) -> bool:
        """Whether an item stands for others, of different texts."""
        return item.times == 1 and bool(self._store.row(_MEMBERS, item.envelope))

    def _waiting_with(self, item: Item) -> list[Item]:
        """Return what waits for the same addresses and was never attempted, in order."""
        found = []
        for row in self._store.rows(
            f"{rows.ITEMS} WHERE {_ALIKE}"
            " ORDER BY envelopes.accepted, envelopes.id LIMIT ?",
            item.envelope,
            DIGEST_MOST,
        ):
            # What is damaged comes to its end by itself, when it is due.
            with suppress(DamagedRowError):
                other = rows.item(row)
                if _whom(other) == _whom(item):
                    found.append(other)
        return found

    def _merge(self, items: Sequence[Item], email: Email, at: Instant) -> int:
        """Let an email stand for several that wait; returns its number."""
        store = self._store
        members = [states.email_of(store, item.envelope) for item in items]
        number = self._insert(
            email,
            self._free(email.reference),
            _content(email),
            accepted=items[0].accepted,
            expires=max(member.expires for member in members),
            at=at,
            plan=_Plan(State.QUEUED, None, at.elapsed),
        )
        for member in members:
            states.merge(store, member, number, at)
        return number


def _whom(item: Item) -> tuple[object, ...]:
    return item.addresses, item.recipient_id


def _content(email: Email) -> str:
    addresses = Addresses(email.to, email.cc, email.bcc)
    return Content(email.subject, email.body, addresses).text()
