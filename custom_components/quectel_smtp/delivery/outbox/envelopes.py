"""Envelopes: what happens to one of them, or to all that meet a condition."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import astuple, replace
from typing import Final

from ..addresses import Addresses
from ..enclosures import Carries
from ..records import Finding, History, Instant, Reason, State
from . import holds, items, rows, states
from .content import content
from .rows import EnvelopeRow
from .store import Store

type Parting = Callable[[Addresses], list[list[int]]]
"""Returns the numbers of addresses in the groups in which they can go together."""

_SET_HISTORY: Final = (
    f"UPDATE envelopes SET {' = ?, '.join(rows.HISTORY)} = ? WHERE id = ?"  # noqa: S608
)
# What envelopes have in common that are for parts of the same addresses.
_ALIKE: Final = (
    "email, part, critical, accepted, state, reason, due, finding, carries, "
    + ", ".join(rows.HISTORY)
)


def change(
    store: Store,
    number: int,
    state: State,
    *,
    reason: Reason | None = None,
    due: float | None = None,
    history: History | None = None,
    finding: Finding | None = None,
) -> None:
    """Give an envelope a state; history and finding stay if None."""
    store.run(
        "UPDATE envelopes SET state = ?, reason = ?, due = ?, deadline = NULL,"
        " mark = NULL WHERE id = ?",
        state,
        reason,
        due,
        number,
    )
    if history is not None:
        store.run(_SET_HISTORY, *astuple(history), number)
    if finding is not None:
        store.run(
            "UPDATE envelopes SET finding = ? WHERE id = ?",
            rows.finding_text(finding),
            number,
        )


def meeting(
    store: Store, condition: str, values: Sequence[str | float]
) -> list[tuple[int, int]]:
    """Return the envelopes that meet a condition, each with its email.

    Only those of emails that wait are asked.
    """
    return [
        (rows.integer(number), rows.integer(email))
        for number, email in store.rows(
            f"SELECT id, email FROM envelopes WHERE {rows.OF_WAITING}"  # noqa: S608 - ours
            f" AND ({condition}) ORDER BY email, id",
            *values,
        )
    ]


def change_all(
    store: Store,
    condition: str,
    values: Sequence[str | float],
    at: Instant,
    state: State,
    *,
    reason: Reason | None = None,
    due: float | None = None,
    anew: bool = False,
) -> int:
    """Give all envelopes that meet a condition a state; returns of how many emails.

    anew: what becomes of them is reported even if it was so before.
    """
    found = meeting(store, condition, values)
    for number, _ in found:
        change(store, number, state, reason=reason, due=due)
    changed = {number for _, number in found}
    for number in sorted(changed):
        if anew:
            store.run(
                "UPDATE emails SET reported = ? WHERE id = ?", State.QUEUED, number
            )
        states.follow(store, number, at)
    return len(changed)


def _addressed(store: Store, envelope: int) -> tuple[Addresses, Sequence[int]]:
    """Return an email's addresses, and the numbers of those that an envelope is for."""
    found = store.row(
        "SELECT parts.content, envelopes.members FROM envelopes JOIN parts"
        " ON parts.email = envelopes.email AND parts.number = envelopes.part"
        " WHERE envelopes.id = ?",
        envelope,
    )
    if found is None:
        raise rows.DamagedRowError("missing")
    addresses = content(found[0]).addresses
    return addresses, items.members(found[1], addresses)


def add(store: Store, beside: EnvelopeRow, members: Sequence[int], at: Instant) -> None:
    """Put one more envelope beside another one of its email, due and not attempted."""
    store.run(
        "INSERT INTO envelopes"
        " (email, part, critical, accepted, carries, members, state, due)"
        " SELECT email, part, critical, accepted, carries, ?, ?, ?"
        " FROM envelopes WHERE id = ?",
        rows.members_text(members),
        State.QUEUED,
        at.elapsed,
        beside.id,
    )


def have_attachments_follow(store: Store, text: EnvelopeRow, at: Instant) -> None:
    """Put an envelope with the attachments beside one whose text has left, for the same.

    It waits for those that are still to come, and with all emails where these are held.
    There is none where there is nothing to attach, nor to be told of what is missing.
    """
    if text.carries is not Carries.TEXT or not items.has_more(store, text.email):
        return
    held = holds.current(store, at)
    reason, due = held or (None, items.awaits(store, text.email) or at.elapsed)
    store.run(
        "INSERT INTO envelopes"
        " (email, part, critical, accepted, members, carries, state, reason, due)"
        " SELECT email, part, critical, accepted, members, ?, ?, ?, ?"
        " FROM envelopes WHERE id = ?",
        Carries.ATTACHMENTS,
        State.QUEUED if held is None else State.HELD,
        reason,
        due,
        text.id,
    )


def split(
    store: Store, whole: EnvelopeRow, history: History, finding: Finding, at: Instant
) -> None:
    """Put one envelope for each of its addresses in an envelope's place."""
    # A reply to one of them says nothing about the others.
    history = replace(history, temporary=0, full=0)
    _, numbers = _addressed(store, whole.id)
    alone = [[number] for number in numbers]
    for number in _replace(store, whole.id, alone):
        change(
            store,
            number,
            State.QUEUED,
            due=at.elapsed,
            history=history,
            finding=finding,
        )


def part(store: Store, whole: int, groups: Sequence[Collection[str]]) -> list[int]:
    """Put one envelope for each group of its addresses in an envelope's place.

    Returns their numbers in the order of the groups.
    """
    addresses, numbers = _addressed(store, whole)
    known = list(addresses)
    parts = [[one for one in numbers if known[one] in group] for group in groups]
    return _replace(store, whole, parts)


def keep_apart(store: Store, envelope: int, parting: Parting) -> int:
    """Put those of an envelope's addresses apart that can't go together.

    Returns the envelope of the first of them.
    """
    addresses, numbers = _addressed(store, envelope)
    parts = [
        [numbers[place] for place in places]
        for places in parting(addresses.some(numbers))
    ]
    return envelope if len(parts) == 1 else _replace(store, envelope, parts)[0]


def renew(store: Store, envelope: int, members: Sequence[int]) -> int:
    """Put one for other addresses in an envelope's place; returns its number.

    Whoever has taken the old one, and not begun to send it, finds it gone.
    """
    (number,) = _replace(store, envelope, [members])
    return number


def _replace(store: Store, whole: int, parts: Sequence[Sequence[int]]) -> list[int]:
    """Put envelopes for parts of its addresses in an envelope's place, alike otherwise."""
    numbers = []
    for part in parts:
        store.run(
            f"INSERT INTO envelopes ({_ALIKE}, members) SELECT {_ALIKE}, ?"  # noqa: S608
            " FROM envelopes WHERE id = ?",
            rows.members_text(part),
            whole,
        )
        ((number,),) = store.rows("SELECT last_insert_rowid()")
        numbers.append(rows.integer(number))
    store.run("DELETE FROM envelopes WHERE id = ?", whole)
    return numbers
