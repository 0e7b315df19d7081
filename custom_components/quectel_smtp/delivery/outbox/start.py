"""What an outbox does with what it finds when it is opened."""

from typing import Final

from ..records import Instant, Reason, State
from . import envelopes, rows, states
from .rows import DamagedRowError, EnvelopeRow
from .store import BACKUP, Store

_BACKUP_MOST: Final = 3600.0
"""Seconds that a backup may take: an older note came out of the backup itself."""
_SIZES: Final = (
    "UPDATE emails SET size = found.size FROM (SELECT email, CAST(total("
    "  CASE typeof(content) WHEN 'blob' THEN length(content)"
    "   ELSE length(CAST(content AS BLOB)) END"
    "  + coalesce(length(CAST(name AS BLOB)), 0)) AS INTEGER) AS size"
    " FROM parts GROUP BY email) AS found"
    " WHERE found.email = emails.id AND ended IS NULL"
    "  AND typeof(emails.size) = 'integer' AND emails.size <> found.size"
)
_PLANNED: Final = frozenset({State.QUEUED, State.DEFERRED})


def sweep(store: Store, at: Instant) -> None:
    """End what can't be read any more, so that nothing else stumbles over it."""
    store.run("DELETE FROM envelopes WHERE email NOT IN (SELECT id FROM emails)")
    _agree_on_ends(store)
    # What lay on a bad block, and can be read again.
    store.run(
        "DELETE FROM parts WHERE email IN (SELECT id FROM emails WHERE ended IS NOT NULL)"
    )
    # It is asked for as one or the other.
    store.run(
        "UPDATE emails SET critical = (critical <> 0)"
        " WHERE ended IS NULL AND typeof(critical) = 'integer'"
    )
    # A size that is wrong makes the outbox full.
    store.run(_SIZES)
    # The order in which they are taken is that of their emails.
    store.run(
        "UPDATE envelopes SET critical = emails.critical, accepted = emails.accepted"
        " FROM emails WHERE emails.id = envelopes.email AND emails.ended IS NULL"
        " AND (envelopes.critical <> emails.critical"
        "  OR envelopes.accepted <> emails.accepted)"
    )
    damaged: set[object] = set()
    found: dict[object, list[EnvelopeRow]] = {}
    for row in store.rows(f"{rows.ENVELOPES} WHERE {rows.OF_WAITING}"):
        try:
            found.setdefault(row[1], []).append(rows.envelope(row))
        except DamagedRowError:
            damaged.add(row[1])
    for row in store.rows(f"{rows.EMAILS} WHERE ended IS NULL"):
        try:
            email = rows.email(row)
        except DamagedRowError:
            states.end_damaged(store, rows.integer(row[0]), at)
            continue
        all_envelopes = found.get(email.id, [])
        if email.id in damaged or not all_envelopes:
            states.end_damaged(store, email.id, at)
        elif not any(one.state.waiting for one in all_envelopes):
            states.follow(store, email.id, at)
        for one in all_envelopes:
            if one.state in _PLANNED and one.due is None:
                store.run(
                    "UPDATE envelopes SET due = ? WHERE id = ?", at.elapsed, one.id
                )


def _agree_on_ends(store: Store) -> None:
    """Let an email and its envelopes agree whether it is over.

    It ends in one statement, with its state. What else says so is wrong.
    """
    store.run(
        "UPDATE emails SET ended = NULL WHERE ended IS NOT NULL"
        " AND state IN ('queued', 'sending', 'deferred', 'held')"
    )
    store.run(
        "UPDATE emails SET merged_into = NULL"
        " WHERE merged_into IS NOT NULL AND state <> 'merged'"
    )
    store.run(
        "UPDATE envelopes SET state = emails.state, due = NULL FROM emails"
        " WHERE emails.id = envelopes.email AND emails.ended IS NOT NULL"
        "  AND (envelopes.due IS NOT NULL"
        "   OR envelopes.state IN ('queued', 'sending', 'deferred', 'held'))"
    )


def recognise_restore(store: Store, at: Instant) -> int:
    """Hold what waits if the database came out of a backup; returns how many emails.

    The host it was made on may have sent them since.
    """
    note = store.get(BACKUP)
    if note is None:
        return 0
    store.put(BACKUP, None)
    try:
        age = (at.wall - rows.wall(note)).total_seconds()
    except DamagedRowError:
        # There is a note: what it says can't be known.
        age = -1.0
    if 0.0 <= age <= _BACKUP_MOST:
        return 0
    # What was being sent then was settled there, not here.
    store.run(
        "UPDATE envelopes SET attempts = attempts + 1, lost = lost + 1"
        " WHERE state = 'sending'"
    )
    return envelopes.change_all(
        store,
        "state IN ('queued', 'sending', 'deferred', 'held')",
        (),
        at,
        State.HELD,
        reason=Reason.RESTORED,
    )
