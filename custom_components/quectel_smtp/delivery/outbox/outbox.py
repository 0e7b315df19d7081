"""``Outbox``: the durable queue. What it accepted is on disk, until it is over.

Everything is done on one thread, and each change is one transaction. Whatever the
database can't do is raised as ``OutboxWriteError``: nothing of it has happened then.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from ...modem.mail.attachments import Attachment
from ..changes import Change
from ..email import Email
from ..enclosures import Missing
from ..errors import OutboxWriteError
from ..records import (
    EmailResult,
    Finding,
    Instant,
    Item,
    Listed,
    Options,
    Part,
    Reason,
    Standing,
    Summary,
    Transition,
    Unsettled,
    Verdict,
    Way,
    Wear,
)
from ..rules.storm import DAY
from ..rules.usage import Usage
from . import (
    bad_blocks,
    clock,
    holds,
    items,
    kept,
    past,
    readdress,
    rows,
    start,
    views,
    waiting,
)
from .attaching import Attaching
from .attempts import Attempts
from .bounds import Bounds
from .digests import Digests
from .envelopes import Parting
from .file import Connect, connect, remove_database
from .intake import Intake
from .merging import Compose
from .readdress import Followed, Recipients
from .rows import DamagedRowError
from .store import Store, Synced

EMAILS: Final = 200
SIZE: Final = 50 * 1024 * 1024
RESERVED: Final = 20
KEPT: Final = 30 * DAY
"""Seconds for which it is known what became of an email."""
KEPT_MOST: Final = 10_000
"""Emails of which that is known."""

_PROVEN: Final = "proven "
_UPLOADS: Final = "uploads "
_NEXT_DUE: Final = "SELECT min(due) FROM envelopes WHERE due IS NOT NULL"
_NEXT_EXPIRY: Final = "SELECT min(expires) FROM emails WHERE ended IS NULL"


@dataclass(frozen=True, slots=True)
class Opened:
    """What was found when the outbox was opened."""

    elapsed: float
    """What its clock shows to begin with."""
    damaged: bool = False
    """Whether a damaged database was set aside: what waited in it is not known."""
    restored: int = 0
    """Emails that are held because they come out of a backup."""


class Outbox:
    """Emails and what became of them, in one database."""

    def __init__(
        self,
        path: Path,
        *,
        connect: Connect = connect,
        emails: int = EMAILS,
        size: int = SIZE,
        reserved: int = RESERVED,
    ) -> None:
        """Take the bounds: emails and bytes that may wait.

        ``reserved`` places, and a tenth of the bytes, are for critical emails only.
        """
        self._path = path
        self._store = Store(path, connect)
        self._bounds = Bounds(emails, size, reserved)
        # On the outbox's clock.
        self._opened = 0.0
        self._begin_anew()

    def _begin_anew(self) -> None:
        """Know nothing but what is on disk."""
        self._intake = Intake(self._store, self._bounds)
        self._attempts = Attempts(self._store, self._intake)
        self._digests = Digests(self._store, self._intake)
        self._attaching = Attaching(self._store, self._bounds, self._intake)

    # Beginning and end.

    def open(self, wall: datetime) -> Opened:
        """Open the database, made anew if there is none or it is damaged.

        The clock goes on where it stood, and by what the host's clock says was between,
        24 hours at most: that one may have jumped.
        """
        store = self._store
        damaged = store.open()
        self._begin_anew()
        try:
            at = Instant(clock.resumed(store, wall), wall)
            with store.writing(at):
                clock.bound(store, at)
                start.sweep(store, at)
                store.recount()
                self._attaching.resume(at)
                restored = start.recognise_restore(store, at)
        except BaseException:
            store.close()
            raise
        self._opened = at.elapsed
        return Opened(at.elapsed, damaged, restored)

    def seek_bad_blocks(self, at: Instant) -> None:
        """Find what can't be read any more, so that nothing else stumbles over it.

        An email of which that is the text fails; an attachment is missing from then on.
        """
        bad_blocks.seek(self._store, at)

    def keep_time(self, at: Instant) -> None:
        """Note what the clock shows: after a crash it goes on from there."""
        with self._store.writing(at):
            pass

    def close(self, at: Instant | None = None) -> None:
        """Close the database; ``at``: what the clock shows, if that is known."""
        if at is not None:
            # What can't be written now is known from an hour ago.
            with suppress(OutboxWriteError):
                self.keep_time(at)
        self._store.close()

    def destroy(self) -> None:
        """Close the database and remove it, with all that was ever set aside."""
        self._store.close()
        try:
            remove_database(self._path)
        except OSError as err:
            raise OutboxWriteError("not removed") from err

    # The way of an email.

    def accept(self, email: Email, at: Instant, options: Options) -> str:
        """Accept an email; returns its reference once it is on disk.

        The same text to the same addresses within a minute becomes one email, unless it
        is critical: its first repeats have references of their own, and are told of by
        themselves; further ones go by that of the email. Raises ``OutboxFullError``.
        """
        return self._intake.accept(email, at, options)

    def attach(
        self,
        reference: str,
        attachments: Sequence[Attachment],
        missing: Sequence[Missing],
        at: Instant,
        changes: Sequence[Change] = (),
        awaits: Sequence[str] = (),
    ) -> None:
        """Add to an email the attachments that it awaits, and what of them is missing.

        It goes on waiting for ``awaits``, the names of what is still to come. They travel with its text if nothing of that was given out, and follow it if it
        was, or if it is critical. Nothing happens if the email is over, has them, or has
        been told not to wait any more. Those for which there is no room are missing.
        """
        self._attaching.attach(reference, attachments, missing, changes, awaits, at)

    def attachments(self, envelope: int) -> tuple[Attachment, ...]:
        """Return what is attached to an envelope, with all that it holds.

        In the order of ``Item.enclosed``.
        """
        return items.data(self._store, envelope)

    def next_due(
        self, at: Instant, options: Options, *, only_critical: bool = False
    ) -> Item | None:
        """Return the envelope to be sent now: critical first, then the oldest email.

        What is over the limits of an hour or a day is deferred. None if nothing is due.
        """
        self._attaching.go_without(at)
        return self._attempts.next_due(at, options, only_critical=only_critical)

    def next_time(self, at: Instant) -> float | None:
        """Return when something is due or over next; it may lie in the past."""
        times = [
            rows.real(time)
            for statement in (_NEXT_DUE, _NEXT_EXPIRY)
            for (time,) in self._store.rows(statement)
            if time is not None
        ]
        return min(times, default=None)

    def next_turn(self) -> float | None:
        """Return when an envelope is due next; it may lie in the past."""
        ((time,),) = self._store.rows(_NEXT_DUE)
        return None if time is None else rows.real(time)

    def alarm_waits(self, at: Instant) -> bool:
        """Whether the text of a critical email is due."""
        return self._attempts.alarm_waits(at)

    def digest(self, item: Item, at: Instant, compose: Compose) -> Item:
        """Put an item into one email with others that wait for the same addresses.

        Returns the item itself where there are fewer than ten, it was attempted already,
        or it is critical.
        """
        return self._digests.digest(item, at, compose)

    def keep_apart(self, item: Item, parting: Parting, at: Instant) -> Item:
        """Part an item whose addresses can't go together by a way.

        ``parting`` returns the groups in which they can. Returns the first of the
        parts; the item itself where it needs no parting.
        """
        return self._attempts.keep_apart(item, parting, at)

    def begin(
        self,
        envelope: int,
        deadline: float,
        mark: int | None,
        at: Instant,
        way: Way = Way.MODULE,
        changes: Sequence[Change] = (),
    ) -> bool:
        """Commit the intent to hand an envelope over; False if it no longer waits.

        deadline: when its result can't come any more, on the outbox's clock.
        mark: the modem's boot. changes: what was done to it so that it can go this way.
        """
        return self._attempts.begin(envelope, deadline, mark, at, way, changes)

    def withdraw(self, envelope: int, at: Instant) -> None:
        """Commit that an envelope was not handed over after all, nor will be.

        It is due again, as if it had not been taken; nothing follows if it has its end.
        """
        self._attempts.withdraw(envelope, at)

    def record(
        self, envelope: int, verdict: Verdict, finding: Finding, at: Instant
    ) -> None:
        """Commit what an attempt came to, and what follows from it.

        Nothing follows for an envelope that is over already, as one is that was
        cancelled on its way to the modem.
        """
        self._attempts.record(envelope, verdict, finding, at)

    def record_parts(self, envelope: int, parts: Sequence[Part], at: Instant) -> None:
        """Commit what an attempt came to that differs from address to address.

        Each part becomes an envelope of its own; all in one transaction.
        """
        self._attempts.record_parts(envelope, parts, at)

    @contextmanager
    def as_one(self, at: Instant) -> Iterator[None]:
        """Have several changes happen in one commit, or none of them."""
        with self._store.writing(at):
            yield

    def unsettled(self) -> Unsettled | None:
        """Return the envelope that was handed over without a result so far."""
        return self._attempts.unsettled()

    # Time passes.

    def expire(self, at: Instant) -> None:
        """End what has waited too long; what is being sent is settled first.

        Unless nobody could settle it for an hour: then the modem is gone for good. An
        hour since we opened, too: the host's clock may have jumped while we were away.
        """
        waiting.expire(self._store, self._opened, at)

    def prune(self, at: Instant) -> None:
        """Forget what ended 30 days ago, and the oldest where there is more than that."""
        store = self._store
        until = at.elapsed - KEPT
        most = store.row(
            "SELECT ended FROM emails WHERE ended IS NOT NULL"
            " ORDER BY ended DESC LIMIT 1 OFFSET ?",
            KEPT_MOST,
        )
        if most is not None:
            until = max(until, rows.real(most[0]))
        over = (
            "ended IS NOT NULL AND ended <= ? AND NOT EXISTS (SELECT 1"
            " FROM emails AS whole WHERE whole.id = emails.merged_into"
            " AND whole.ended IS NULL)"
            # What lies on a bad block can't be erased.
            " AND NOT EXISTS (SELECT 1 FROM parts WHERE parts.email = emails.id)"
        )
        if store.row(f"SELECT 1 FROM emails WHERE {over}", until) is None:  # noqa: S608
            return
        with store.writing(at):
            store.run(f"DELETE FROM emails WHERE {over}", until)  # noqa: S608

    def wake(self, at: Instant, *reasons: Reason, asked: bool = True) -> None:
        """Make due what waits for a path that is mended, or for one of the reasons.

        Of what waits for the path, and may have arrived, only a second copy: further
        ones stay hours apart. asked: a person mended the reasons; unless one did, this
        holds for what waits for them, too.
        """
        waiting.wake(self._store, reasons, at, asked=asked)

    def restarted(self, at: Instant) -> None:
        """Make due the copies that wait for a restart of the modem, or an hour."""
        waiting.restarted(self._store, at)

    def hold_all(self, reason: Reason, delay: float | None, at: Instant) -> None:
        """Hold all that waits, except what a person is already needed for by itself."""
        with self._store.writing(at):
            waiting.hold_all(self._store, reason, delay, at)

    # What a person asks for.

    def retry(self, reference: str | None, at: Instant) -> int:
        """Make an email due, or all with None, whatever is allowed; returns how many.

        All but those that a restored backup held: whether they go is a decision of its
        own. Raises ``NotWaitingError``.
        """
        return waiting.retry(self._store, reference, at)

    def cancel(self, reference: str | None, at: Instant) -> int:
        """End an email, or all but the one being sent with None; returns how many.

        Raises ``NotWaitingError`` and ``BeingSentError``.
        """
        return waiting.cancel(self._store, reference, at)

    def settle_restored(self, send: bool, at: Instant) -> int:
        """Send what came out of a backup, or cancel it; returns how many emails."""
        return waiting.settle_restored(self._store, send, at)

    def follow(self, recipients: Recipients, at: Instant) -> Followed:
        """Have what waits go to its recipients' present addresses.

        What waits for a recipient who is not among them is cancelled.
        """
        return readdress.follow(self._store, recipients, at)

    # What there is to see.

    def listed(self, at: Instant) -> tuple[Listed, ...]:
        """Return what waits, in the order in which it goes."""
        return views.listed(self._store, at)

    def ended(self) -> tuple[past.Ended, ...]:
        """Return how long the last emails took that are over, the latest first."""
        return tuple(past.ended(self._store))

    def result(self, reference: str, at: Instant) -> EmailResult | None:
        """Return what has become of an email so far; None if there is none such.

        Of one that is over there is no finding: that was told with its transition.
        """
        return views.result(self._store, reference, at)

    def summary(self) -> Summary:
        """Return the outbox at a glance."""
        return views.summary(self._store)

    def unshown(self) -> tuple[Transition, ...]:
        """Return the transitions that were not shown yet, the oldest first.

        What is told is on disk: it is never taken back.
        """
        self._store.sync()
        return views.unshown(self._store)

    def shown(self, up_to: int) -> None:
        """Forget the transitions up to this number: they were shown.

        Those that a loss of power brings back are shown once more.
        """
        store = self._store
        if store.row("SELECT 1 FROM transitions WHERE number <= ?", up_to) is None:
            return
        with store.writing(None, Synced.LATER):
            store.run("DELETE FROM transitions WHERE number <= ?", up_to)

    # What is known of modem, account and backups.

    def wear(self) -> Wear:
        """Return what recovery did that wears the modem's flash."""
        with suppress(DamagedRowError):
            return kept.wear(self._store.get("wear"))
        return Wear()

    def save_wear(self, wear: Wear, at: Instant) -> None:
        """Keep what recovery did."""
        with self._store.writing(at):
            self._store.put("wear", kept.wear_text(wear))

    def usage(self) -> Usage:
        """Return how much ever went over the data connection."""
        with suppress(DamagedRowError):
            return rows.optional(kept.usage, self._store.get("usage")) or Usage()
        return Usage()

    def note_usage(self, usage: Usage) -> None:
        """Keep it with whatever is written next, within an hour: it is worth no write."""
        self._store.put_along("usage", kept.usage_text(usage))

    def uploads(self, modem: str) -> tuple[str, ...]:
        """Return the digests of the files that are ours in a modem's store."""
        found = self._store.get(_UPLOADS + modem)
        return () if found is None else tuple(str(found).split())

    def note_uploads(self, modem: str, digests: tuple[str, ...], at: Instant) -> None:
        """Note these as ours instead; ``modem`` is a digest, too.

        New ones are on disk once this returns; that one is gone is worth no fsync.
        """
        new = not set(digests) <= set(self.uploads(modem))
        with self._store.writing(at, Synced.NOW if new else Synced.LATER):
            self._store.put(_UPLOADS + modem, " ".join(digests) or None)

    def standing(self, account: str) -> Standing:
        """Return what is known of an account."""
        proven = self._store.get(_PROVEN + account) is not None
        return Standing(proven, holds.refusals(self._store))

    def count_refusal(self, at: Instant) -> None:
        """Note that a log-in came to nothing."""
        with self._store.writing(at):
            holds.count_refusal(self._store)

    def prove(self, account: str, at: Instant) -> None:
        """Note that an account has sent an email."""
        with self._store.writing(at):
            self._store.put(_PROVEN + account, 1)

    def note_backup(self, at: Instant) -> None:
        """Note in the database that it is copied from now on.

        Until the note is cleared its own file does not change, only its log grows.
        """
        with self._store.writing(at):
            self._store.note_backup(at.wall)
        try:
            self._store.freeze()
        except OutboxWriteError:
            # A note that stays would make a restore of a restart.
            with suppress(OutboxWriteError):
                self.clear_backup(at)
            raise

    def clear_backup(self, at: Instant) -> None:
        """Forget the note: this outbox goes on.

        Where that can't be written now, it goes with the next change that can.
        """
        self._store.thaw()
        self.keep_time(at)
