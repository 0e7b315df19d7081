"""What becomes of emails that wait, without an attempt: held, due again, or over."""

from collections.abc import Sequence
from typing import Final

from ..errors import BeingSentError, NotWaitingError
from ..records import Instant, Reason, State
from . import envelopes, holds, rows, states
from .store import Store

SETTLED_WITHIN: Final = 3600.0
"""Seconds after its deadline within which an email is settled if the modem is there."""

# An envelope that waits, and may be given another state than the one it has.
_WAITS: Final = "state IN ('queued', 'deferred', 'held')"
_SECOND_COPY: Final = "lost + doubts < 2 AND NOT unproved"
_END_DOUBTS: Final = (
    "UPDATE envelopes SET state = ?, reason = NULL, due = NULL WHERE email = ?"  # noqa: S608
    f" AND (state = 'sending' OR lost + doubts > 0 AND {_WAITS})"
)
# What is held for a reason of its own needs a person for itself.
_HOLDS: Final = (
    f"state IN ('queued', 'deferred') OR state = 'held' AND reason IN ({holds.MARKS})"
)


# Held.


def hold_all(store: Store, reason: Reason, delay: float | None, at: Instant) -> None:
    """Hold, in a transaction, what waits and is not held for its own sake."""
    due = None if delay is None else at.elapsed + delay
    # A hold brings nothing forward: copies that may arrive stay hours apart.
    later = store.rows(
        f"SELECT due, id FROM envelopes WHERE ({_HOLDS}) AND due > ?",  # noqa: S608
        *holds.OF_ALL,
        at.elapsed if due is None else due,
    )
    envelopes.change_all(
        store,
        _HOLDS,
        holds.OF_ALL,
        at,
        State.HELD,
        reason=reason,
        due=due,
    )
    if due is not None:
        for was, number in later:
            store.run(
                "UPDATE envelopes SET due = ? WHERE id = ?",
                rows.real(was),
                rows.integer(number),
            )
    if reason is Reason.UNEXPLAINED:
        # It may be one email's recipient: those that were tried less go first.
        store.run(
            "UPDATE envelopes SET due = due + attempts"
            " WHERE state = 'held' AND reason = ?",
            reason,
        )
    holds.keep(store, reason, due)


# Due again.


def requeue(
    store: Store,
    condition: str,
    values: Sequence[str],
    at: Instant,
    reason: Reason | None = None,
) -> int:
    """Make due what meets a condition; returns of how many emails.

    With a reason: what becomes of them is reported anew.
    """
    if not envelopes.meeting(store, condition, values):
        return 0
    with store.writing(at):
        return envelopes.change_all(
            store,
            condition,
            values,
            at,
            State.QUEUED,
            reason=reason,
            due=at.elapsed,
            anew=reason is not None,
        )


def wake(
    store: Store, reasons: tuple[Reason, ...], at: Instant, *, asked: bool
) -> None:
    """Make due what waits for a path that is mended, or for one of the reasons."""
    holds.lift(store, reasons, at)
    if not asked:
        _keep_apart(store, reasons, at)
    if Reason.LOGIN in reasons:
        holds.forgive(store, at)
    requeue(
        store,
        "state = 'deferred' AND (reason = 'retry'"
        f" OR reason = 'doubt' AND {_SECOND_COPY})"
        + "".join(" OR state IN ('deferred', 'held') AND reason = ?" for _ in reasons),
        reasons,
        at,
    )


def _keep_apart(store: Store, reasons: Sequence[Reason], at: Instant) -> None:
    """Have further copies of what was held for these reasons wait as they were to."""
    marks = ", ".join("?" * len(reasons))
    later = (
        f"state = 'held' AND reason IN ({marks}) AND due > ? AND NOT ({_SECOND_COPY})"
    )
    found = envelopes.meeting(store, later, (*reasons, at.elapsed))
    if not found:
        return
    with store.writing(at):
        for number, email in found:
            store.run(
                "UPDATE envelopes SET state = ?, reason = ? WHERE id = ?",
                State.DEFERRED,
                Reason.DOUBT,
                number,
            )
            states.follow(store, email, at)


def restarted(store: Store, at: Instant) -> None:
    """Make due the copies that wait for a restart of the modem, or an hour."""
    requeue(
        store,
        "state = 'deferred' AND reason = 'doubt' AND (lost + doubts = 2"
        " OR lost + doubts = 1 AND unproved)",
        (),
        at,
    )


def retry(store: Store, reference: str | None, at: Instant) -> int:
    """Make due what a person asks for; returns how many emails."""
    if reference is None:
        condition = f"{_WAITS} AND reason IS NOT 'restored'"
    else:
        condition = f"email = {_number(store, reference)} AND {_WAITS}"
    holds.lift(store, holds.OF_ALL, at)
    return requeue(store, condition, (), at, Reason.ASKED)


def _number(store: Store, reference: str) -> int:
    """Return an email that waits."""
    found = store.row(
        "SELECT id FROM emails WHERE reference = ? AND ended IS NULL", reference
    )
    if found is None:
        raise NotWaitingError
    return rows.integer(found[0])


# Over.


def end(store: Store, number: int, state: State, at: Instant) -> None:
    """End, in a transaction, what of an email waits."""
    store.run(
        f"UPDATE envelopes SET state = ?, reason = NULL, due = NULL"  # noqa: S608
        f" WHERE email = ? AND {_WAITS}",
        state,
        number,
    )
    states.follow(store, number, at)


def expire(store: Store, opened: float, at: Instant) -> None:
    """End what has waited too long; ``opened``: since when this outbox is open."""
    gone = at.elapsed - opened >= SETTLED_WITHIN
    found = store.rows(
        "SELECT id FROM emails WHERE ended IS NULL AND expires <= ?"
        " AND NOT EXISTS (SELECT 1 FROM envelopes WHERE email = emails.id"
        "  AND state = 'sending' AND deadline > ?) ORDER BY expires, id",
        at.elapsed,
        # Every deadline is later than -1.
        at.elapsed - SETTLED_WITHIN if gone else -1.0,
    )
    if not found:
        return
    with store.writing(at):
        for number in (rows.integer(number) for (number,) in found):
            # Whoever may have got it is not told that nothing was sent.
            store.run(_END_DOUBTS, State.UNKNOWN, number)
            end(store, number, State.EXPIRED, at)


def cancel(store: Store, reference: str | None, at: Instant) -> int:
    """End an email, or all but the one being sent with None; returns how many."""
    if reference is None:
        numbers = [
            rows.integer(number)
            for (number,) in store.rows(
                "SELECT id FROM emails WHERE ended IS NULL AND state <> 'sending'"
                " ORDER BY accepted, id"
            )
        ]
    else:
        numbers = [_number(store, reference)]
        if states.email(store, numbers[0]).state is State.SENDING:
            raise BeingSentError
    holds.lift(store, holds.OF_ALL, at)
    if numbers:
        with store.writing(at):
            for number in numbers:
                end(store, number, State.CANCELLED, at)
    return len(numbers)


def settle_restored(store: Store, send: bool, at: Instant) -> int:
    """Send what came out of a backup, or cancel it; returns how many emails."""
    if send:
        return requeue(store, "state = 'held' AND reason = 'restored'", (), at)
    found = store.rows(
        "SELECT DISTINCT email FROM envelopes"
        " WHERE state = 'held' AND reason = 'restored' ORDER BY email"
    )
    with store.writing(at):
        for (number,) in found:
            end(store, rows.integer(number), State.CANCELLED, at)
    return len(found)
