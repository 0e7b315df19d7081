"""What an outbox does with what it finds when it is opened."""

from datetime import datetime
from typing import Final

from ..records import Instant, Reason, State
from . import envelopes, rows, states
from .rows import DamagedRowError, EnvelopeRow
from .store import BACKUP, Store

_AWAY_MOST: Final = 86400.0
"""Seconds that may have passed between two runs: the host's clock may have jumped."""
_BACKUP_MOST: Final = 3600.0
"""Seconds that a backup may take: an older note came out of the backup itself."""
_PLANNED: Final = frozenset({State.QUEUED, State.DEFERRED})


def resumed(store: Store, wall: datetime) -> float:
    """Return what the outbox's clock shows now.

    It goes on where it stood, by what the host's clock says was between.
    """
    try:
        elapsed = rows.real(store.get("elapsed"))
        away = (wall - rows.wall(store.get("wall"))).total_seconds()
    except DamagedRowError:
        # A new database; or a clock that can't be read, and may not stand before what
        # was accepted by it.
        newest = store.row("SELECT max(accepted) FROM emails WHERE ended IS NULL")
        found = None if newest is None else newest[0]
        return max(found, 0.0) if isinstance(found, float) else 0.0
    return elapsed + max(0.0, min(away, _AWAY_MOST))


def sweep(store: Store, at: Instant) -> None:
    """End what can't be read any more, so that nothing else stumbles over it."""
    store.run("DELETE FROM envelopes WHERE email NOT IN (SELECT id FROM emails)")
    store.run("DELETE FROM sends WHERE typeof(elapsed) <> 'real'")
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
