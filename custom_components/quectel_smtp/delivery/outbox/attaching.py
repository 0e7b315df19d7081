"""``Attaching``: what comes of the attachments that an email waits for."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ...modem.mail.attachments import Attachment
from ..changes import Change
from ..enclosures import Missing, MissingReason
from ..errors import OutboxWriteError
from ..records import Instant
from ..rules.acceptance import enclosed, left_out, legible
from . import items, rows, states
from .bounds import Bounds
from .intake import Intake
from .rows import DamagedRowError, EmailRow
from .store import Row, Store

_AWAITING: Final = f"{rows.EMAILS} WHERE ended IS NULL AND awaits IS NOT NULL"


class Attaching:
    """Brings emails what they wait for, or has them go without it."""

    def __init__(self, store: Store, bounds: Bounds, intake: Intake) -> None:
        """Take the store, its bounds, and the intake that knows what was given out."""
        self._store = store
        self._bounds = bounds
        self._intake = intake

    def attach(
        self,
        reference: str,
        attachments: Sequence[Attachment],
        missing: Sequence[Missing],
        changes: Sequence[Change],
        awaits: Sequence[str],
        at: Instant,
    ) -> None:
        """Add to an email what it waits for; nothing follows where it no longer does."""
        store = self._store
        row = store.row(f"{_AWAITING} AND reference = ?", reference)
        if row is None:
            return
        email = rows.email(row)
        beside = items.attached(store, email.id)
        there, lacking = enclosed(attachments, missing, beside)
        awaits = [legible(name) for name in awaits]
        fit, over = self._bounds.fitting(store, email.critical, there)
        try:
            with store.writing(at):
                self._bring(email, fit, (*lacking, *over), changes, awaits, at)
        except OutboxWriteError:
            if not fit:
                raise
            # The disk may be full, and have room for their names.
            lost = left_out(there, MissingReason.NO_ROOM)
            with store.writing(at):
                self._bring(email, (), (*lacking, *lost), changes, awaits, at)

    def go_without(self, at: Instant) -> None:
        """Have those go that have waited as long as they may."""
        found = self._store.rows(f"{_AWAITING} AND awaits <= ?", at.elapsed)
        if found:
            with self._store.writing(at):
                self._give_up(found, MissingReason.TOO_SLOW, at)

    def resume(self, at: Instant) -> None:
        """Have all go, in a transaction: nobody fetches anything for them any more."""
        self._give_up(self._store.rows(_AWAITING), MissingReason.RESTARTED, at)

    def _give_up(
        self, found: Sequence[Row], reason: MissingReason, at: Instant
    ) -> None:
        store = self._store
        for email in map(rows.email, found):
            try:
                awaited = items.of_email(store, email.id).awaits
                lost = [Missing(name, reason) for name in awaited]
                self._bring(email, (), lost, (), (), at)
            except DamagedRowError:
                states.end_damaged(store, email.id, at)

    def _bring(
        self,
        email: EmailRow,
        attachments: Sequence[Attachment],
        missing: Sequence[Missing],
        changes: Sequence[Change],
        awaits: Sequence[str],
        at: Instant,
    ) -> None:
        """Let an email, in a transaction, wait no longer than for what it still awaits.

        They travel with a text that has not been given out, unless it is critical. Else
        they follow it, for everybody whom it has reached so far at once.
        """
        store = self._store
        content = items.of_email(store, email.id)
        content = replace(
            content, awaits=tuple(awaits), changes=(*content.changes, *changes)
        )
        untouched = self._intake.untouched(email.id)
        if untouched:
            content = replace(content, missing=(*content.missing, *missing))
        else:
            content = replace(content, late=(*content.late, *missing))
        items.rewrite(store, email.id, content)
        items.attach(store, email.id, attachments)
        if awaits:
            return
        store.run("UPDATE emails SET awaits = NULL WHERE id = ?", email.id)
        if untouched and not email.critical:
            store.run("UPDATE envelopes SET carries = NULL WHERE email = ?", email.id)
        if not items.has_more(store, email.id):
            # Of these none has gone: there is nothing to be said in them.
            store.run(
                "DELETE FROM envelopes WHERE email = ? AND carries = 'attachments'",
                email.id,
            )
        store.run(
            "UPDATE envelopes SET due = min(due, ?) WHERE email = ? AND state = 'queued'",
            at.elapsed,
            email.id,
        )
        states.follow(store, email.id, at)
