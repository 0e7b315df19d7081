"""``Limits``: how many emails may go in an hour or a day; what is over that waits."""

from collections.abc import Sequence

from ..enclosures import Carries
from ..records import Instant, Options, Reason, State
from ..rules.storm import DAY, Room, Send, room
from . import envelopes, rows, states, waiting
from .rows import EnvelopeRow
from .store import Store


class Limits:
    """Counts what has left, and defers what there is no room for yet."""

    def __init__(self, store: Store) -> None:
        """Take the store."""
        self._store = store
        # By which something may be deferred.
        self._applied: tuple[int, int] | None = None

    def apply(self, options: Options, at: Instant) -> None:
        """Make due, where the limits are others now, what was deferred by them."""
        limits = options.per_hour, options.per_day
        if limits == self._applied:
            return
        waiting.requeue(
            self._store, "state = 'deferred' AND reason = ?", (Reason.LIMIT,), at
        )
        self._applied = limits

    def room_from(self, critical: int, at: Instant, options: Options) -> float:
        """Return from when on there is room for another email.

        What is being sent beside it has its place: it is counted once it has left.
        """
        sending = self._store.rows(
            "SELECT critical FROM envelopes WHERE state = 'sending'"
            " AND carries IS NOT 'attachments'"
        )
        beside = [
            Send(
                at.elapsed,
                bool(found) and self._room(at, options).burst <= at.elapsed,
            )
            for (found,) in sending
        ]
        free = self._room(at, options, beside)
        return free.critical if critical else free.normal

    def _room(self, at: Instant, options: Options, beside: Sequence[Send] = ()) -> Room:
        sends = self._store.rows(
            "SELECT elapsed, burst FROM sends WHERE elapsed > ?", at.elapsed - DAY
        )
        left = (Send(rows.real(sent), bool(burst)) for sent, burst in sends)
        return room([*left, *beside], options, at.elapsed)

    def defer(self, critical: int, due: float, at: Instant) -> None:
        """Defer what is due, and nobody asked for, until there is room for it."""
        store = self._store
        over = "due <= ? AND critical = ? AND carries IS NOT 'attachments' AND"
        with store.writing(at):
            # What needs a person goes on doing so, and is only tried later.
            store.run(
                f"UPDATE envelopes SET due = ? WHERE {over} state = 'held'",  # noqa: S608
                due,
                at.elapsed,
                critical,
            )
            envelopes.change_all(
                store,
                f"{over} state IN ('queued', 'deferred') AND reason IS NOT ?",
                (at.elapsed, critical, Reason.ASKED),
                at,
                State.DEFERRED,
                reason=Reason.LIMIT,
                due=due,
            )

    def count(self, sent: EnvelopeRow, at: Instant) -> None:
        """Count, in a transaction, an envelope that has left: nothing else is limited.

        What a server refuses, or nobody knows of, uses up nobody's place. Attachments
        that follow a text take no further one: no alarm waits for another's pictures.
        """
        store = self._store
        store.put("last_sent", rows.moment(at.wall))
        if sent.carries is Carries.ATTACHMENTS:
            return
        email = states.email(store, sent.email)
        burst = email.critical and self._room(at, Options()).burst <= at.elapsed
        store.run("DELETE FROM sends WHERE elapsed <= ?", at.elapsed - DAY)
        store.insert("sends", elapsed=at.elapsed, burst=burst)
