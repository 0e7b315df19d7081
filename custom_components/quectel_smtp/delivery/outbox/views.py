"""What an outbox shows of itself: nothing of any email's body, nor any address."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Final

from ..records import (
    EmailResult,
    Finding,
    Instant,
    Last,
    Listed,
    Reason,
    State,
    Summary,
    Transition,
)
from ..rules.characters import cleaned, one_line
from . import items, kept, rows, states
from .rows import DamagedRowError, EnvelopeRow
from .store import Store

_NOT_HELD: Final = (
    "SELECT 1 FROM envelopes WHERE due IS NOT NULL AND state <> 'held'"
    " UNION ALL SELECT 1 FROM envelopes WHERE state = 'sending' LIMIT 1"
)


def listed(store: Store, at: Instant) -> tuple[Listed, ...]:
    """Return what waits, in the order in which it goes."""
    waiting: dict[int, list[EnvelopeRow]] = {}
    for row in store.rows(f"{rows.ENVELOPES} WHERE {rows.OF_WAITING}"):
        envelope = rows.envelope(row)
        waiting.setdefault(envelope.email, []).append(envelope)
    result = []
    for row in store.rows(
        f"{rows.EMAILS} WHERE ended IS NULL ORDER BY critical DESC, accepted, id"
    ):
        email = rows.email(row)
        envelopes = waiting[email.id]
        shown = states.representative(one for one in envelopes if one.state.waiting)
        timed = shown.state in {State.DEFERRED, State.HELD} and shown.due is not None
        result.append(
            Listed(
                email.reference,
                email.recipient,
                shown.state,
                email.critical,
                email.accepted.wall,
                states.attempts(envelopes),
                states.wall_of(at, shown.due or 0.0) if timed else None,
                states.wall_of(at, email.expires),
                shown.reason,
                shown.finding,
                _subject(store, email.id),
            )
        )
    return tuple(result)


def _subject(store: Store, email: int) -> str:
    """Return an email's subject; damage is told of where the email is sent."""
    with suppress(DamagedRowError):
        return one_line(cleaned(items.of_email(store, email).subject).text)
    return ""


def result(store: Store, reference: str, at: Instant) -> EmailResult | None:
    """Return what has become of an email so far, or of the one that it goes out with."""
    found = store.row(
        "SELECT emails.accepted, whole.id, whole.reference, whole.state, whole.ended"
        " FROM emails JOIN emails AS whole"
        "  ON whole.id = coalesce(emails.merged_into, emails.id)"
        " WHERE emails.reference = ?",
        reference,
    )
    if found is None:
        return None
    accepted, number, whole, state, ended = found
    envelopes = states.envelopes(store, rows.integer(number))
    waiting = [one for one in envelopes if one.state.waiting]
    shown = states.representative(waiting) if waiting else None
    until = at.elapsed if ended is None else rows.real(ended)
    return EmailResult(
        reference,
        rows.state(state),
        None if shown is None else shown.finding,
        states.attempts(envelopes),
        None if whole == reference else rows.text(whole),
        max(until - rows.real(accepted), 0.0),
        None if shown is None else shown.reason,
    )


def summary(store: Store) -> Summary:
    """Return the outbox at a glance; what can't be read is left out.

    It is looked at after each change, which has happened whatever is seen.
    """
    held = _held(store)
    return Summary(
        waiting=store.totals.emails,
        oldest=_oldest(store),
        last_sent=_last_sent(store),
        sent=states.counter(store, "sent"),
        failed=states.counter(store, "failed"),
        last=_last(store),
        held_counts=held,
        held_findings=dict(_held_findings(store, held)),
        deferred=frozenset(_deferred(store)),
        only_held=store.row(_NOT_HELD) is None,
    )


def _deferred(store: Store) -> Iterator[Reason]:
    for (reason,) in store.rows(
        "SELECT DISTINCT reason FROM envelopes"
        " WHERE due IS NOT NULL AND state = 'deferred'"
    ):
        with suppress(DamagedRowError):
            yield rows.reason(reason)


def _oldest(store: Store) -> datetime | None:
    found = store.row(
        "SELECT accepted_wall FROM emails WHERE ended IS NULL ORDER BY accepted LIMIT 1"
    )
    with suppress(DamagedRowError):
        return None if found is None else rows.wall(found[0])
    return None


def _held(store: Store) -> dict[Reason, int]:
    held = {}
    for reason, count in store.rows(
        "SELECT reason, count(DISTINCT email) FROM envelopes"
        " WHERE state = 'held' GROUP BY reason"
    ):
        with suppress(DamagedRowError):
            held[rows.reason(reason)] = rows.integer(count)
    return held


def _held_findings(
    store: Store, reasons: Iterable[Reason]
) -> Iterator[tuple[Reason, Finding]]:
    for reason in reasons:
        found = []
        for (told,) in store.rows(
            "SELECT finding FROM envelopes WHERE state = 'held' AND reason = ?"
            " AND finding IS NOT NULL ORDER BY id DESC LIMIT 50",
            reason,
        ):
            with suppress(DamagedRowError):
                found.append(rows.finding(told))
        if found:
            # The newest of those that say most.
            yield (
                reason,
                max(found, key=lambda one: (bool(one.address), bool(one.words))),
            )


def _last_sent(store: Store) -> datetime | None:
    with suppress(DamagedRowError):
        return rows.optional(rows.wall, store.get("last_sent"))
    return None


def _last(store: Store) -> Last | None:
    with suppress(DamagedRowError):
        return rows.optional(kept.last, store.get("last"))
    return None


def unshown(store: Store) -> tuple[Transition, ...]:
    """Return the transitions that were not shown yet, the oldest first."""
    found = []
    for row in store.rows(f"{rows.TRANSITIONS} ORDER BY number"):
        # What can't be read can't be shown.
        with suppress(DamagedRowError):
            found.append(rows.transition(row))
    return tuple(found)
