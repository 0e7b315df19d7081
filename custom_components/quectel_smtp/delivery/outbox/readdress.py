"""What waits for a recipient goes to the addresses that the recipient has now.

An email keeps the addresses of its acceptance until they are corrected, and those that
were added to the recipient's own in any case; one whose recipient is gone is cancelled.
Emails of before recipients were known stay as they are.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ..addresses import Addresses
from ..enclosures import Carries
from ..records import Instant, Reason, State
from . import envelopes, items, rows, states, waiting
from .rows import DamagedRowError, EmailRow, EnvelopeRow
from .store import Store

type Recipients = Mapping[str, Addresses | None]
"""The recipients that there are, and their addresses; None where they can't be used."""

# What other addresses may mend.
_FOR_ADDRESSES: Final = frozenset(
    {Reason.REFUSED, Reason.SERVER, Reason.RETRY, Reason.DOUBT, Reason.UNEXPLAINED}
)


@dataclass(frozen=True, slots=True)
class Followed:
    """What following the recipients came to."""

    cancelled: int = 0
    """Emails that waited for recipients who are gone."""
    left: bool = False
    """Whether something is being sent, so that it is to be done once more."""


@dataclass(frozen=True, slots=True)
class _Part:
    """An envelope, and to whom it goes so far."""

    row: EnvelopeRow
    addresses: Sequence[str] = field(repr=False)


def follow(store: Store, recipients: Recipients, at: Instant) -> Followed:
    """Give what waits its recipients' present addresses, in one transaction."""
    cancelled, left = 0, False
    found = store.rows(
        f"{rows.EMAILS} WHERE ended IS NULL AND recipient_id IS NOT NULL ORDER BY id"
    )
    with store.writing(at):
        for email in map(rows.email, found):
            all_envelopes = states.envelopes(store, email.id)
            if any(one.state is State.SENDING for one in all_envelopes):
                left = True
                continue
            recipient = email.recipient_id or ""
            if recipient not in recipients:
                waiting.end(store, email.id, State.CANCELLED, at)
                cancelled += 1
                continue
            addresses = recipients[recipient]
            if addresses is None:
                continue
            try:
                _readdress(store, email, all_envelopes, addresses, at)
            except DamagedRowError:
                # Nobody knows any more to whom it went, nor what it says.
                states.end_damaged(store, email.id, at)
    return Followed(cancelled, left)


def _readdress(
    store: Store,
    email: EmailRow,
    all_envelopes: Sequence[EnvelopeRow],
    wanted: Addresses,
    at: Instant,
) -> None:
    """Let an email's envelopes go to those who are wanted and did not have it yet."""
    old = items.of_email(store, email.id)
    wanted = wanted.and_also(old.extra)
    parts = [_part(store, one, old.addresses) for one in all_envelopes]
    over = {a for part in parts if not part.row.state.waiting for a in part.addresses}
    new = _with(wanted, old.addresses, over)
    waiting = [part for part in parts if part.row.state.waiting]
    whom = {address for part in waiting for address in part.addresses}
    if new == old.addresses and whom <= set(wanted):
        return
    items.rewrite(store, email.id, replace(old, addresses=new))
    store.erased()
    order = list(new)
    if not over and len(waiting) == 1:
        _address(store, waiting[0], order, order, at)
    else:
        for part in parts:
            if not part.row.state.waiting:
                _renumber(store, part.row.id, order, part.addresses)
        _share_all(store, parts, order, wanted, old.addresses, at)
    states.follow(store, email.id, at)


def _share_all(
    store: Store,
    parts: Sequence[_Part],
    order: list[str],
    wanted: Addresses,
    before: Addresses,
    at: Instant,
) -> None:
    """Give who is wanted to the envelopes with texts, and to those that follow them."""
    texts = [part for part in parts if part.row.carries is not Carries.ATTACHMENTS]
    had = {a for part in texts if not part.row.state.waiting for a in part.addresses}
    texts = [part for part in texts if part.row.state.waiting]
    if texts:
        _share(store, texts, order, [a for a in wanted if a not in had], at)
    following = [
        part
        for part in parts
        if part.row.carries is Carries.ATTACHMENTS and part.row.state.waiting
    ]
    if following:
        # A text that waits has its own follow. Where none does, what follows is all that
        # is left for whoever is new.
        known = {address for part in following for address in part.addresses}
        fresh = set() if texts else set(wanted) - set(before)
        _share(store, following, order, [a for a in wanted if a in known | fresh], at)


def _share(
    store: Store,
    waiting: Sequence[_Part],
    order: list[str],
    wanted: Sequence[str],
    at: Instant,
) -> None:
    """Give who is wanted to the envelopes that wait; a new address gets its own."""
    known = {address for part in waiting for address in part.addresses}
    fresh = [address for address in wanted if address not in known]
    keep = []
    for part in waiting:
        kept = [address for address in part.addresses if address in wanted]
        if not kept and fresh:
            kept = [fresh.pop(0)]
        keep.append(kept)
    for address in fresh:
        envelopes.add(store, waiting[0].row, [order.index(address)], at)
    for part, kept in zip(waiting, keep, strict=True):
        if not kept:
            store.run("DELETE FROM envelopes WHERE id = ?", part.row.id)
        elif list(part.addresses) == kept:
            _renumber(store, part.row.id, order, kept)
        else:
            _address(store, part, order, kept, at)


def _part(store: Store, row: EnvelopeRow, addresses: Addresses) -> _Part:
    found = store.row("SELECT members FROM envelopes WHERE id = ?", row.id)
    numbers = items.members(found[0] if found else None, addresses)
    order = list(addresses)
    return _Part(row, [order[number] for number in numbers])


def _with(wanted: Addresses, old: Addresses, over: Collection[str]) -> Addresses:
    """Return the addresses wanted, and those of the old that have had their email."""
    gone = {address for address in over if address not in set(wanted)}
    return Addresses(
        *(
            (*now, *(address for address in before if address in gone))
            for now, before in (
                (wanted.to, old.to),
                (wanted.cc, old.cc),
                (wanted.bcc, old.bcc),
            )
        )
    )


def _renumber(
    store: Store, number: int, order: list[str], addresses: Sequence[str]
) -> None:
    store.run(
        "UPDATE envelopes SET members = ? WHERE id = ?",
        rows.members_text([order.index(address) for address in addresses]),
        number,
    )


def _address(
    store: Store,
    part: _Part,
    order: list[str],
    addresses: Sequence[str],
    at: Instant,
) -> None:
    """Give an envelope other addresses: what the old ones came to is over."""
    row = part.row
    # Copies to those who stay are hours apart all the same.
    apart = row.reason is Reason.DOUBT or row.history.copies > 1
    waits = row.reason in _FOR_ADDRESSES and (
        not apart or set(addresses).isdisjoint(part.addresses)
    )
    number = envelopes.renew(
        store, row.id, [order.index(address) for address in addresses]
    )
    history = replace(row.history, temporary=0, full=0, rebuilt=False)
    # What all emails are held for stays what it is held for, and is tried at once.
    queued = waits and row.reason is not Reason.UNEXPLAINED
    envelopes.change(
        store,
        number,
        State.QUEUED if queued else row.state,
        reason=None if queued else row.reason,
        due=at.elapsed if waits else row.due,
        history=history,
    )
