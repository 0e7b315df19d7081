"""Until when nothing is tried, for a reason that concerns every email.

What is held tells of it as long as it waits. It may end meanwhile, and an email that
comes after it must not be one more try with a login that was refused just now.
"""

from typing import Final

from ..records import Instant, Reason
from . import rows
from .store import Store

OF_ALL: Final = tuple(reason for reason in Reason if reason.of_all)
"""In a fixed order, as statements take them."""

MARKS: Final = ", ".join("?" * len(OF_ALL))
"""Their places in a statement."""

_KEY: Final = "held until, "
_REFUSALS: Final = "refusals"


def keep(store: Store, reason: Reason, due: float | None) -> None:
    """Remember, in a transaction, when the next try is due; None: when a person asks."""
    if due is not None:
        store.put(_KEY + reason, due)


def current(store: Store, at: Instant) -> tuple[Reason, float | None] | None:
    """Return for what an email is held that comes now, and until when."""
    held = store.row(
        "SELECT reason, due FROM envelopes"  # noqa: S608 - ours
        f" WHERE state = 'held' AND reason IN ({MARKS}) ORDER BY due LIMIT 1",
        *OF_ALL,
    )
    if held is not None:
        reason, due = held
        return rows.reason(reason), rows.optional(rows.real, due)
    for reason in OF_ALL:
        due = store.get(_KEY + reason)
        if isinstance(due, float) and due > at.elapsed:
            return reason, due
    return None


def forget_later(store: Store, most: float) -> None:
    """Forget, in a transaction, what is to last longer than that."""
    for reason in OF_ALL:
        due = store.get(_KEY + reason)
        if isinstance(due, float) and due > most:
            store.put(_KEY + reason, None)


def lift(store: Store, reasons: tuple[Reason, ...], at: Instant) -> None:
    """Forget it: what was wrong may be mended, or a person wants to know."""
    kept = [reason for reason in reasons if store.get(_KEY + reason) is not None]
    if kept:
        with store.writing(at):
            for reason in kept:
                store.put(_KEY + reason, None)


def refusals(store: Store) -> int:
    """Return how many log-ins in a row came to nothing."""
    found = store.get(_REFUSALS)
    return found if isinstance(found, int) else 0


def count_refusal(store: Store) -> None:
    """Count, in a transaction, one more log-in that came to nothing."""
    store.put(_REFUSALS, refusals(store) + 1)


def forgive(store: Store, at: Instant) -> None:
    """Forget them: the account works, or other settings are there."""
    if refusals(store):
        with store.writing(at):
            store.put(_REFUSALS, None)
