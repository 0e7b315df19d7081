"""How an email's state follows from its envelopes', and what is reported of it.

All of it happens in a transaction that the caller has begun.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from ..changes import Change
from ..email import new_reference
from ..records import Finding, Instant, Last, Reason, State
from . import kept, rows
from .rows import DamagedRowError, EmailRow, EnvelopeRow
from .store import Store

DAMAGED: Final = "outbox_damaged"
"""The finding's error where an email can't be read any more."""

# Of several envelopes that wait the first of these is what the email shows: where one of
# them needs a person, so does the email.
_SHOWN_FIRST: Final = (State.SENDING, State.HELD, State.DEFERRED, State.QUEUED)
# Where the ends differ and nothing was sent: the first of these that is among them.
_WORST_FIRST: Final = (State.UNKNOWN, State.FAILED, State.EXPIRED)
_SENT: Final = frozenset({State.SENT, State.PARTLY_SENT})
_FAILED: Final = frozenset({State.FAILED, State.EXPIRED, State.UNKNOWN})


def email(store: Store, number: int) -> EmailRow:
    """Return an email."""
    (found,) = store.rows(f"{rows.EMAILS} WHERE id = ?", number)
    return rows.email(found)


def email_of(store: Store, envelope: int) -> EmailRow:
    """Return the email of an envelope."""
    ((number,),) = store.rows("SELECT email FROM envelopes WHERE id = ?", envelope)
    return email(store, rows.integer(number))


def envelopes(store: Store, number: int) -> list[EnvelopeRow]:
    """Return the envelopes of an email."""
    found = store.rows(
        f"{rows.ENVELOPES} WHERE email = ? ORDER BY id",
        number,
    )
    return [rows.envelope(row) for row in found]


def representative(waiting: Iterable[EnvelopeRow]) -> EnvelopeRow:
    """Return the envelope whose state the email shows; the next to go if several."""
    return min(
        waiting,
        key=lambda one: (
            _SHOWN_FIRST.index(one.state),
            one.due is None,
            one.due or 0.0,
            one.id,
        ),
    )


def follow(store: Store, number: int, at: Instant) -> State:
    """Let an email's state follow from its envelopes', and report what is news."""
    found, all_envelopes = email(store, number), envelopes(store, number)
    waiting = [one for one in all_envelopes if one.state.waiting]
    if not waiting:
        ended = end_of([one.state for one in all_envelopes])
        _end(store, found, ended, all_envelopes, at)
        return ended
    shown = representative(waiting)
    if shown.state is not found.state:
        store.run("UPDATE emails SET state = ? WHERE id = ?", shown.state, number)
    news = shown.state in {State.DEFERRED, State.HELD}
    if news and shown.state is not found.reported:
        store.run("UPDATE emails SET reported = ? WHERE id = ?", shown.state, number)
        report(
            store,
            found.reference,
            found.recipient,
            shown.state,
            at,
            attempts=attempts(all_envelopes),
            finding=shown.finding,
            reason=shown.reason,
            next_attempt=None if shown.due is None else wall_of(at, shown.due),
        )
    return shown.state


def end_of(ends: Sequence[State]) -> State:
    """Return an email's end, by those of its envelopes."""
    if len(set(ends)) == 1:
        return ends[0]
    if State.SENT in ends:
        return State.PARTLY_SENT
    return next(end for end in _WORST_FIRST if end in ends)


def attempts(all_envelopes: Iterable[EnvelopeRow]) -> int:
    """Return how often the email was attempted: as often as one of its envelopes."""
    return max((one.history.attempts for one in all_envelopes), default=0)


def _end(
    store: Store,
    ending: EmailRow,
    state: State,
    all_envelopes: Sequence[EnvelopeRow],
    at: Instant,
) -> None:
    """End an email whose envelopes are all over."""
    telling = [one for one in all_envelopes if one.state is not State.SENT]
    found = (telling or all_envelopes)[-1].finding
    if found is not None:
        found = replace(found, changes=_changes(all_envelopes))
    _erase(store, ending.id, state, at)
    store.count(-1, -ending.size)
    _report_end(
        store,
        (ending.id, ending.reference, ending.recipient),
        state,
        at,
        attempts(all_envelopes),
        found,
    )


def _changes(all_envelopes: Sequence[EnvelopeRow]) -> tuple[Change, ...]:
    """Return what was done to any part of an email, each once."""
    findings = [one.finding for one in all_envelopes if one.finding is not None]
    return tuple(dict.fromkeys(chain.from_iterable(one.changes for one in findings)))


def merge(store: Store, merged: EmailRow, into: int, at: Instant) -> None:
    """Let an email that waits go out with another one, and what it stood for too."""
    store.run(
        "UPDATE emails SET merged_into = ?1 WHERE id = ?2 OR merged_into = ?2",
        into,
        merged.id,
    )
    store.run("UPDATE envelopes SET state = ? WHERE email = ?", State.MERGED, merged.id)
    _erase(store, merged.id, State.MERGED, at)
    store.count(-1, -merged.size)
    report_merged(store, merged.reference, merged.recipient, into, at)


def report_merged(
    store: Store, reference: str, recipient: str, into: int, at: Instant
) -> None:
    """Report that an email goes out with another one."""
    whole = email(store, into).reference
    report(store, reference, recipient, State.MERGED, at, merged_into=whole)


def end_damaged(store: Store, number: int, at: Instant) -> None:
    """End an email that can't be read, with what can still be told of it."""
    ((reference, recipient),) = store.rows(
        "SELECT reference, recipient FROM emails WHERE id = ?", number
    )
    store.run(
        "UPDATE envelopes SET state = ?, due = NULL WHERE email = ?",
        State.FAILED,
        number,
    )
    _erase(store, number, State.FAILED, at)
    # The row can't be asked how much it was.
    store.recount()
    _report_end(
        store,
        (number, _readable(reference) or new_reference(), _readable(recipient)),
        State.FAILED,
        at,
        0,
        Finding(error=DAMAGED),
    )


def _readable(value: object) -> str:
    try:
        return rows.text(value)
    except DamagedRowError:
        return ""


def _erase(store: Store, number: int, state: State, at: Instant) -> None:
    """Mark an email as ended, and erase what it said and to whom."""
    ended = store.run(
        "UPDATE emails SET state = ?, reported = ?, ended = ?, awaits = NULL"
        " WHERE id = ? AND ended IS NULL",
        state,
        state,
        at.elapsed,
        number,
    )
    if not ended:
        # No email ends twice, whatever became of the tables while they were open.
        raise DamagedRowError("ended")
    stays = ", ".join(str(part) for whose, part in store.unreadable if whose == number)
    store.run(
        f"DELETE FROM parts WHERE email = ? AND number NOT IN ({stays})",  # noqa: S608
        number,
    )
    # A finding may name whom the server refused.
    store.run(
        "UPDATE envelopes SET members = NULL, due = NULL, finding = NULL"
        " WHERE email = ?",
        number,
    )
    store.erased()


def _report_end(
    store: Store,
    ending: tuple[int, str, str],
    state: State,
    at: Instant,
    tried: int,
    found: Finding | None,
) -> None:
    """Report an end, for each email that was merged into this one too."""
    number, reference, recipient = ending
    report(store, reference, recipient, state, at, attempts=tried, finding=found)
    for other, name in store.rows(
        "SELECT reference, recipient FROM emails WHERE merged_into = ? ORDER BY id",
        number,
    ):
        report(
            store,
            _readable(other),
            _readable(name),
            state,
            at,
            attempts=tried,
            finding=found,
            merged_into=reference,
        )
    if state in _SENT or state in _FAILED:
        add(store, "sent" if state in _SENT else "failed")
    keep_last(
        store, Last(reference, recipient, state, at.wall, found or Finding(), tried)
    )


def report(
    store: Store,
    reference: str,
    recipient: str,
    state: State,
    at: Instant,
    *,
    attempts: int = 0,
    finding: Finding | None = None,
    reason: Reason | None = None,
    merged_into: str | None = None,
    next_attempt: datetime | None = None,
) -> None:
    """Keep a transition until it was shown."""
    store.insert(
        "transitions",
        reference=reference,
        recipient=recipient,
        state=state,
        wall=rows.moment(at.wall),
        attempts=attempts,
        finding=None if finding is None else rows.finding_text(finding),
        reason=reason,
        merged_into=merged_into,
        next_attempt_wall=None if next_attempt is None else rows.moment(next_attempt),
    )


def keep_last(store: Store, last: Last) -> None:
    """Keep what the last attempt, or end, was."""
    store.put("last", kept.last_text(last))


def counter(store: Store, key: str) -> int:
    """Return a count that goes on over restarts; 0 if it can't be read."""
    with suppress(DamagedRowError):
        return rows.count(store.get(key))
    return 0


def add(store: Store, key: str) -> None:
    """Count one more."""
    store.put(key, counter(store, key) + 1)


def wall_of(at: Instant, elapsed: float) -> datetime:
    """Return when the host's clock will show what the outbox's shows at ``elapsed``."""
    try:
        return at.wall + timedelta(seconds=elapsed - at.elapsed)
    except OverflowError:
        # A host's clock that is set to the last day there is.
        return at.wall
