"""Where the outbox's clock goes on when it is opened, and what can't lie ahead of it."""

from contextlib import suppress
from datetime import datetime
from typing import Final

from ..records import Instant, Wear
from ..rules.storm import DAY, HOUR
from . import holds, kept, rows
from .rows import DamagedRowError
from .store import Store

_AWAY_MOST: Final = DAY
"""Seconds that may have passed between two runs: the host's clock may have jumped."""
_EVER: Final = 100 * 365 * DAY
"""No clock of ours has run for longer; in a larger number seconds would get lost."""
_WAITS_MOST: Final = 14 * DAY
"""An email may wait for 7 days, and the members of a digest came within as many."""
_RESULT_MOST: Final = HOUR
"""Seconds within which a result comes, if it does, and more: it blocks all others."""

# Emails whose times fit each other: no odd one sets the clock.
_SOUND: Final = (
    "typeof(accepted) = 'real' AND accepted BETWEEN 0 AND ?1"
    " AND typeof(expires) = 'real' AND expires BETWEEN accepted AND accepted + ?2"
)


def resumed(store: Store, wall: datetime) -> float:
    """Return what the clock shows now.

    It goes on where it stood, by what the host's clock says was between. One that is
    lost, or can't be true, stands at what was accepted last.
    """
    ((newest, last_end),) = store.rows(
        "SELECT max(accepted), max(expires) FILTER (WHERE ended IS NULL)"  # noqa: S608 - ours
        f" FROM emails WHERE {_SOUND}",
        _EVER,
        _WAITS_MOST,
    )
    least = 0.0 if newest is None else rows.real(newest)
    # What was to end long before would have ended.
    most = _EVER if last_end is None else rows.real(last_end) + _AWAY_MOST
    try:
        elapsed = rows.real(store.get("elapsed"))
    except DamagedRowError:
        return least
    if not least <= elapsed <= most:
        return least
    try:
        away = (wall - rows.wall(store.get("wall"))).total_seconds()
    except DamagedRowError:
        return elapsed
    return elapsed + max(0.0, min(away, _AWAY_MOST))


def bound(store: Store, at: Instant) -> None:
    """Bring back, in a transaction, what lies further ahead than anything was planned.

    It would hold up what waits, or all mail, until then.
    """
    now = at.elapsed
    store.run("DELETE FROM sends WHERE typeof(elapsed) <> 'real' OR elapsed > ?", now)
    for column, most in (("accepted", now), ("expires", now + _WAITS_MOST)):
        store.run(
            f"UPDATE emails SET {column} = ?1 WHERE ended IS NULL"  # noqa: S608 - ours
            f" AND typeof({column}) = 'real' AND {column} > ?1",
            most,
        )
    store.run(
        "UPDATE emails SET ended = ?1"
        " WHERE ended IS NOT NULL AND (typeof(ended) <> 'real' OR ended > ?1)",
        now,
    )
    store.run(
        "UPDATE envelopes SET due = ?1 WHERE typeof(due) = 'real' AND due > ?1 + ?2"
        # What is no number at all is damage.
        " AND due < 9e999",
        now,
        DAY,
    )
    store.run(
        "UPDATE envelopes SET deadline = ?1"
        " WHERE state = 'sending' AND typeof(deadline) = 'real' AND deadline > ?1",
        now + _RESULT_MOST,
    )
    holds.forget_later(store, now + DAY)
    with suppress(DamagedRowError):
        known = kept.wear(store.get("wear"))
        wear = Wear(
            tuple(min(time, now) for time in known.times),
            tuple(min(time, now) for time in known.reboots),
        )
        if wear != known:
            store.put("wear", kept.wear_text(wear))
