"""``Intake``: what the outbox takes in, and counts where it has it already."""

from dataclasses import dataclass, replace
from typing import Final

from ..email import Email, new_reference
from ..enclosures import Carries, MissingReason
from ..errors import OutboxWriteError
from ..records import Instant, Options, Reason, State
from ..rules import acceptance
from ..rules.acceptance import left_out
from . import holds, items, rows, states
from .bounds import Bounds
from .content import Content
from .merging import REPEATS_TOLD, WINDOW, Accepted, Recent
from .store import Store

ATTACHMENTS_AWAITED: Final = 30.0
"""Seconds for which an email that is not critical waits for its attachments.

Fetching takes up to 14; ten photographs are scaled in a moment, or in 15 seconds by a
small computer, and would be dropped after all if they came too late.
"""

_REPEATS: Final = "SELECT count(*) FROM emails WHERE merged_into = ?"
_ALL_REPEATS: Final = (
    "SELECT count(*) FROM emails AS whole CROSS JOIN emails AS merged"
    " ON merged.merged_into = whole.id WHERE whole.ended IS NULL"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How an email begins to wait."""

    state: State
    reason: Reason | None
    due: float | None
    awaits: float | None = None
    """Until when, at most, attachments that are still to come may hold it up."""


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
        """Accept an email; returns the reference by which it goes.

        Attachments for which there is no room are named in its text.
        """
        email = replace(acceptance.kept(email), reference=self.free(email.reference))
        alone = email.critical or email.attachments or email.missing or email.awaits
        earlier = None if alone else self._recent.find(email, at.elapsed)
        if earlier is not None and self.untouched(earlier.number):
            return self._accept_repeat(email, earlier.number, at)
        size = len(_content(email).text().encode())
        self._bounds.check(self._store, email.critical, size)
        fit, over = self._bounds.fitting(
            self._store, email.critical, email.attachments, beside=size
        )
        email = replace(email, attachments=fit, missing=(*email.missing, *over))
        plan = self._plan(email, earlier, at)
        try:
            number = self._keep(email, plan, at, options)
        except OutboxWriteError:
            if not fit:
                raise
            # The disk may be full, and have room for a text.
            missing = (*email.missing, *left_out(fit, MissingReason.NO_ROOM))
            email = replace(email, attachments=(), missing=missing)
            number = self._keep(email, plan, at, options)
        if not alone:
            self._recent.add(email, number, at.elapsed)
        return email.reference

    def _keep(self, email: Email, plan: Plan, at: Instant, options: Options) -> int:
        lifetime = options.lifetime if email.lifetime is None else email.lifetime
        expires = at.elapsed + lifetime
        with self._store.writing(at):
            return self.insert(email, accepted=at, expires=expires, at=at, plan=plan)

    def free(self, reference: str) -> str:
        """Return the reference, or another one if an email has it already."""
        while self._store.row("SELECT 1 FROM emails WHERE reference = ?", reference):
            reference = new_reference()
        return reference

    def untouched(self, number: int) -> bool:
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

    def _plan(self, email: Email, earlier: Accepted | None, at: Instant) -> Plan:
        awaits = None
        if email.awaits:
            short = email.lifetime is not None and email.lifetime / 2
            awaits = at.elapsed + min(ATTACHMENTS_AWAITED, short or ATTACHMENTS_AWAITED)
        held = holds.current(self._store, at)
        if held is not None:
            return Plan(State.HELD, *held, awaits)
        if earlier is not None:
            return Plan(State.DEFERRED, Reason.REPEATED, earlier.at + WINDOW)
        # The text of a critical one waits for nothing.
        due = at.elapsed if awaits is None or email.critical else awaits
        return Plan(State.QUEUED, None, due, awaits)

    def insert(
        self,
        email: Email,
        *,
        accepted: Instant,
        expires: float,
        at: Instant,
        plan: Plan,
    ) -> int:
        """Insert an email to be sent in one envelope; returns its number."""
        store = self._store
        content = _content(email).text()
        size = len(content.encode())
        number = store.insert(
            "emails",
            reference=email.reference,
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
            awaits=plan.awaits,
        )
        store.insert(
            "parts", email=number, number=items.TEXT, kind="text", content=content
        )
        apart = email.awaits or (email.critical and email.attachments)
        store.insert(
            "envelopes",
            email=number,
            part=items.TEXT,
            critical=email.critical,
            accepted=accepted.elapsed,
            carries=Carries.TEXT if apart else None,
            state=plan.state,
            reason=plan.reason,
            due=plan.due,
        )
        store.count(1, size)
        items.attach(store, number, email.attachments)
        states.report(store, email.reference, email.recipient, State.QUEUED, at)
        states.follow(store, number, at)
        return number

    # Several that become one.

    def _accept_repeat(self, email: Email, into: int, at: Instant) -> str:
        """Count a text once more; returns the reference by which the repeat goes."""
        store = self._store
        known_by_itself = self._has_room_for_repeat(into)
        with store.writing(at):
            store.run("UPDATE emails SET times = times + 1 WHERE id = ?", into)
            if known_by_itself:
                self._insert_merged(email, into, at)
        return (
            email.reference if known_by_itself else states.email(store, into).reference
        )

    def _has_room_for_repeat(self, into: int) -> bool:
        """Whether one more repeat may have a row, and an end, of its own.

        What a text, or a digest, stands for is told one by one in the commit that ends
        it: a flood must not make that long.
        """
        ((of_it,),) = self._store.rows(_REPEATS, into)
        ((of_all,),) = self._store.rows(_ALL_REPEATS)
        few = rows.integer(of_it) < REPEATS_TOLD
        return few and rows.integer(of_all) < self._bounds.emails

    def _insert_merged(self, email: Email, into: int, at: Instant) -> None:
        store, reference = self._store, email.reference
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


def _content(email: Email) -> Content:
    return Content(
        email.subject,
        email.body,
        email.addresses,
        email.extra,
        email.html,
        email.priority,
        email.missing,
        (),
        email.awaits,
        email.changes,
    )
