"""``Attempts``: which email goes now, and what its attempt came to."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from ..changes import Change
from ..enclosures import Carries
from ..records import (
    End,
    Finding,
    Hold,
    Instant,
    Item,
    Last,
    Options,
    Part,
    Reason,
    Split,
    State,
    Unsettled,
    Verdict,
    Way,
)
from ..rules.storm import HOUR
from . import envelopes, items, rows, states, waiting
from .envelopes import Parting
from .intake import Intake
from .limits import Limits
from .rows import DamagedRowError, EnvelopeRow
from .store import Store, Synced

_DUE: Final = (
    "SELECT id, email, critical FROM envelopes"
    " WHERE due IS NOT NULL AND critical = ? AND due <= ? {}"
    " ORDER BY accepted, id LIMIT 1"
)
# No text of an alarm waits for another one's pictures.
_DUE_ALARM: Final = _DUE.format("AND carries IS NOT 'attachments'")
_DUE_ANY: Final = _DUE.format("")
# Where a text has come to this, who got it, or may have, gets its attachments too.
_LEFT: Final = frozenset({State.SENT, State.UNKNOWN})
# What may wait for the same mailbox, and is not to be tried before it is.
_ALIKE: Final = (
    "envelopes.id <> ?1 AND envelopes.critical <= ?2 AND envelopes.due < ?3"
    " AND envelopes.state IN ('queued', 'deferred')"
    " AND envelopes.reason IS NOT 'asked'"
)


class Attempts:
    """The way of an email from its turn to its end."""

    def __init__(self, store: Store, intake: Intake) -> None:
        """Take the store, and the intake that is told what is on its way."""
        self._store = store
        self._intake = intake
        self._limits = Limits(store)

    def next_due(
        self, at: Instant, options: Options, *, only_critical: bool = False
    ) -> Item | None:
        """Return the envelope to be sent now: critical first, then the oldest email.

        What is over the limits of an hour or a day is deferred. None if nothing is due.
        """
        store = self._store
        self._intake.taken = None
        self._limits.apply(options, at)
        while True:
            # One after the other: each is found where its part of the index begins.
            found = store.row(_DUE_ALARM, 1, at.elapsed)
            found = found or store.row(_DUE_ANY, 1, at.elapsed)
            if found is None and not only_critical:
                found = store.row(_DUE_ANY, 0, at.elapsed)
            if found is None:
                return None
            envelope, email, critical = (rows.integer(value) for value in found)
            room_from = self._limits.room_from(critical, at, options)
            if room_from > at.elapsed and not self._goes_anyway(envelope):
                self._limits.defer(critical, room_from, at)
                continue
            try:
                item = items.read(store, envelope)
            except DamagedRowError:
                with store.writing(at):
                    states.end_damaged(store, email, at)
                continue
            if item.carries is Carries.ATTACHMENTS and self._awaits(email, at):
                continue
            self._intake.taken = email
            return item

    def alarm_waits(self, at: Instant) -> bool:
        """Whether the text of a critical email is due."""
        return self._store.row(_DUE_ALARM, 1, at.elapsed) is not None

    def _awaits(self, email: int, at: Instant) -> bool:
        """Whether an email still waits for its attachments: then so do all that follow.

        Someone may have asked for what waits, or mended what all emails were held for.
        """
        until = items.awaits(self._store, email)
        if until is None:
            return False
        with self._store.writing(at):
            self._store.run(
                "UPDATE envelopes SET due = ?"
                " WHERE email = ? AND carries = 'attachments' AND due IS NOT NULL",
                until,
                email,
            )
        return True

    def _goes_anyway(self, envelope: int) -> bool:
        """Whether no limit holds an envelope back.

        A person asked for it; or its text has left, and the email is counted by that.
        """
        return bool(
            self._store.row(
                "SELECT 1 FROM envelopes WHERE id = ?"
                " AND (reason = ? OR carries = 'attachments')",
                envelope,
                Reason.ASKED,
            )
        )

    def keep_apart(self, item: Item, parting: Parting, at: Instant) -> Item:
        """Part an item whose addresses can't go together."""
        if len(parting(item.addresses)) == 1:
            return item
        with self._store.writing(at):
            first = envelopes.keep_apart(self._store, item.envelope, parting)
        return items.read(self._store, first)

    def begin(
        self,
        envelope: int,
        deadline: float,
        mark: int | None,
        at: Instant,
        way: Way = Way.MODULE,
        changes: Sequence[Change] = (),
    ) -> bool:
        """Commit the intent to hand an envelope over; False if it no longer waits."""
        store = self._store
        found = self._waiting(envelope)
        if found is None or found.state is State.SENDING:
            return False
        with store.writing(at):
            store.run(
                "UPDATE envelopes SET state = ?, reason = NULL, due = NULL,"
                " deadline = ?, mark = ?, way = ? WHERE id = ?",
                State.SENDING,
                deadline,
                mark,
                way,
                envelope,
            )
            if changes or found.finding is not None:
                # Known to who learns of its end, also after a restart.
                finding = found.finding or Finding()
                _keep_finding(store, found, replace(finding, changes=tuple(changes)))
            states.follow(store, found.email, at)
        return True

    def withdraw(self, envelope: int, at: Instant) -> None:
        """Commit that an envelope was not handed over after all, nor will be."""
        found = self._waiting(envelope)
        if found is None or found.state is not State.SENDING:
            return
        with self._store.writing(at):
            envelopes.change(self._store, found.id, State.QUEUED, due=at.elapsed)
            if found.finding is not None:
                before = replace(found.finding, changes=())
                _keep_finding(self._store, found, before)
            states.follow(self._store, found.email, at)

    def record(
        self, envelope: int, verdict: Verdict, finding: Finding, at: Instant
    ) -> None:
        """Commit what an attempt came to, and what follows from it.

        Nothing follows for an envelope that is over already, as one is that was
        cancelled on its way to the modem.
        """
        store = self._store
        found = self._given_back(envelope)
        if found is None:
            return
        # An end erases the text, which has it synced; but not where something follows.
        ends = isinstance(verdict, End) and found.carries is not Carries.TEXT
        with store.writing(at, Synced.BEFORE_TOLD if ends else Synced.NOW):
            try:
                state, reason = self._judge(found, verdict, finding, at)
            except DamagedRowError:
                # Nobody knows any more into what it is to be split.
                states.end_damaged(store, found.email, at)
                return
            # An end is told as what the whole email came to.
            now = states.follow(store, found.email, at)
            if now.waiting:
                judged = replace(found, state=state, reason=reason)
                self._keep_last(judged, finding, at)
            if isinstance(verdict, Hold) and verdict.reason.of_all:
                delay = verdict.delay
                if verdict.reason is Reason.UNEXPLAINED and delay is not None:
                    # Hours are between copies of this one: others are tried each hour.
                    delay = min(delay, HOUR)
                waiting.hold_all(store, verdict.reason, delay, at)

    def _keep_last(self, judged: EnvelopeRow, finding: Finding, at: Instant) -> None:
        """Keep, in a transaction, what the last attempt with a waiting email was."""
        store = self._store
        email = states.email(store, judged.email)
        tried = states.attempts(states.envelopes(store, judged.email))
        states.keep_last(
            store,
            Last(
                email.reference,
                email.recipient,
                judged.state,
                at.wall,
                finding,
                tried,
                judged.reason,
            ),
        )

    def record_parts(self, envelope: int, parts: Sequence[Part], at: Instant) -> None:
        """Commit what an attempt came to that differs from address to address."""
        store = self._store
        found = self._given_back(envelope)
        if found is None:
            return
        with store.writing(at):
            try:
                groups = [part.addresses for part in parts]
                numbers = envelopes.part(store, found.id, groups)
                for number, part in zip(numbers, parts, strict=True):
                    alone = replace(found, id=number)
                    self._judge(alone, part.verdict, part.finding, at)
            except DamagedRowError:
                states.end_damaged(store, found.email, at)
                return
            now = states.follow(store, found.email, at)
            if now.waiting:
                # What was not taken says more than what was.
                shown = states.representative(
                    one
                    for one in states.envelopes(store, found.email)
                    if one.state.waiting
                )
                self._keep_last(shown, shown.finding or Finding(), at)
            for held in (part.verdict for part in parts):
                if isinstance(held, Hold) and held.reason.of_all:
                    waiting.hold_all(store, held.reason, held.delay, at)

    def _given_back(self, envelope: int) -> EnvelopeRow | None:
        """Return an envelope whose attempt is over, if it still waits."""
        found = self._waiting(envelope)
        # Another one may have been given out meanwhile, which goes beside it.
        if found is not None and found.email == self._intake.taken:
            self._intake.taken = None
        return found

    def _waiting(self, envelope: int) -> EnvelopeRow | None:
        """Return an envelope that is not over."""
        row = self._store.row(f"{rows.ENVELOPES} WHERE id = ?", envelope)
        found = None if row is None else rows.envelope(row)
        return found if found is not None and found.state.waiting else None

    def _judge(
        self, found: EnvelopeRow, verdict: Verdict, finding: Finding, at: Instant
    ) -> tuple[State, Reason | None]:
        """Give an envelope the state that follows; returns it and its reason."""
        store = self._store
        state = State.QUEUED
        reason: Reason | None = None
        due: float | None = None
        if isinstance(verdict, Split):
            envelopes.split(store, found, verdict.history, finding, at)
            return state, None
        if isinstance(verdict, End):
            state = verdict.state
            if state is State.SENT:
                self._limits.count(found, at)
            if state in _LEFT:
                envelopes.have_attachments_follow(store, found, at)
        else:
            reason = verdict.reason
            state = State.HELD if isinstance(verdict, Hold) else State.DEFERRED
            due = None if verdict.delay is None else at.elapsed + verdict.delay
        envelopes.change(
            store,
            found.id,
            state,
            reason=reason,
            due=due,
            history=verdict.history,
            finding=finding,
        )
        if reason is Reason.SERVER and due is not None:
            self._defer_alike(found, due, at)
        return state, reason

    def _defer_alike(self, found: EnvelopeRow, due: float, at: Instant) -> None:
        """Have what waits for the same addresses wait as long: one of them asks."""
        store = self._store
        item = items.read(store, found.id)
        for row in store.rows(
            f"{items.ITEMS} WHERE {_ALIKE}", found.id, int(item.critical), due
        ):
            # What is damaged comes to its end by itself, when it is due.
            with suppress(DamagedRowError):
                other = items.item(row)
                if other.addresses == item.addresses:
                    envelopes.change(
                        store,
                        other.envelope,
                        State.DEFERRED,
                        reason=Reason.SERVER,
                        due=due,
                    )
                    number = states.email_of(store, other.envelope).id
                    states.follow(store, number, at)

    def unsettled(self) -> Unsettled | None:
        """Return the envelope that was handed over without a result so far.

        Of two the one that went by the stream: nothing more is to be heard of that.
        """
        row = self._store.row(
            f"{rows.ENVELOPES} WHERE state = 'sending'"
            " ORDER BY way IS NOT 'stream', id LIMIT 1"
        )
        if row is None:
            return None
        found = rows.envelope(row)
        return Unsettled(
            found.id,
            states.email(self._store, found.email).reference,
            0.0 if found.deadline is None else found.deadline,
            found.mark,
            found.history,
            self._addresses(found.id),
            found.way,
            () if found.finding is None else found.finding.changes,
        )

    def _addresses(self, envelope: int) -> frozenset[str]:
        with suppress(DamagedRowError):
            return frozenset(items.read(self._store, envelope).addresses)
        return frozenset()


def _keep_finding(store: Store, found: EnvelopeRow, finding: Finding) -> None:
    """Keep, in a transaction, what an envelope came to so far; none if that is nothing."""
    store.run(
        "UPDATE envelopes SET finding = ? WHERE id = ?",
        None if finding == Finding() else rows.finding_text(finding),
        found.id,
    )
