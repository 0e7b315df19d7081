"""Envelopes with what they carry: an email's text, and what is attached to it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from ...modem.mail.attachments import Attachment
from ..addresses import Addresses
from ..changes import Change, Fit
from ..enclosures import Carries, Enclosed, Missing, MissingReason
from ..records import Instant, Item
from . import rows
from .content import Content, content
from .rows import DamagedRowError
from .store import Store

TEXT: Final = 1
"""The number of the part that is an email's text; attachments have those that follow."""


def members(value: object, addresses: Addresses) -> Sequence[int]:
    """Return for which of the addresses an envelope is: all if there is no value."""
    if value is None:
        return range(len(addresses))
    found = [rows.integer(number) for number in rows.array(value)]
    if not found or not 0 <= min(found) <= max(found) < len(addresses):
        raise DamagedRowError("members")
    return found


_COLUMNS: Final = (
    "envelopes.id, emails.reference, emails.recipient, emails.critical,"
    " parts.content, envelopes.members, emails.times,"
    " emails.accepted, emails.accepted_wall, emails.recipient_id, envelopes.finding,"
    f" envelopes.carries, {rows.HISTORY_COLUMNS}"
    " FROM envelopes JOIN emails ON emails.id = envelopes.email"
    " LEFT JOIN parts"
    "  ON parts.email = envelopes.email AND parts.number = envelopes.part"
)
ITEMS: Final = f"SELECT {_COLUMNS}"
_NUMBERS: Final = (
    "SELECT number FROM parts WHERE email = ? AND number > ? ORDER BY number"
)
_ENCLOSED: Final = (
    "SELECT number, name, content_type, content_id, typeof(content), length(content)"
    " FROM parts WHERE email = ? AND number = ?"
)


@dataclass(frozen=True, slots=True)
class Attachments:
    """What is attached to an email, and what of it can't be read any more."""

    enclosed: tuple[Enclosed, ...] = ()
    damaged: tuple[Missing, ...] = ()


def item(row: Sequence[object], with_: Attachments = Attachments()) -> Item:
    """Return an envelope with its content from the columns of ``ITEMS``."""
    found = content(row[4])
    carries = rows.carries(row[11])
    told, changes = found.missing, found.changes
    if carries is Carries.ATTACHMENTS:
        told = found.late
        if with_.enclosed:
            changes = (*changes, Change(Fit.ATTACHMENTS_APART))
    return Item(
        rows.integer(row[0]),
        rows.text(row[1]),
        rows.text(row[2]),
        bool(rows.integer(row[3])),
        found.subject,
        found.body,
        found.addresses.some(members(row[5], found.addresses)),
        rows.integer(row[6]),
        Instant(rows.real(row[7]), rows.wall(row[8])),
        rows.history(row[12:]),
        rows.optional(rows.text, row[9]),
        rows.optional(rows.finding, row[10]),
        found.html,
        found.priority,
        found.extra,
        (*told, *with_.damaged),
        with_.enclosed,
        carries,
        changes,
    )


def read(store: Store, envelope: int) -> Item:
    """Return an envelope with its content, and with what is attached to it."""
    ((email, *row),) = store.rows(
        f"SELECT envelopes.email, {_COLUMNS} WHERE envelopes.id = ?",
        envelope,
    )
    if rows.carries(row[11]) is Carries.TEXT:
        return item(row)
    return item(row, _attachments(store, rows.integer(email)))


def _attachments(store: Store, email: int) -> Attachments:
    enclosed: list[Enclosed] = []
    damaged: list[Missing] = []
    for found in store.rows(_NUMBERS, email, TEXT):
        part = rows.integer(found[0])
        if (email, part) in store.unreadable:
            damaged.append(Missing("", MissingReason.UNREADABLE))
            continue
        ((number, name, content_type, content_id, kind, size),) = store.rows(
            _ENCLOSED, email, part
        )
        try:
            enclosed.append(
                Enclosed(
                    rows.integer(number),
                    rows.text(name),
                    rows.text(content_type),
                    rows.optional(rows.text, content_id),
                    _bytes(kind, size),
                )
            )
        except DamagedRowError:
            called = name if isinstance(name, str) else ""
            damaged.append(Missing(called, MissingReason.UNREADABLE))
    return Attachments(tuple(enclosed), tuple(damaged))


def has_more(store: Store, email: int) -> bool:
    """Whether something is to follow the text of an email when that has left."""
    with suppress(DamagedRowError):
        late = of_email(store, email).late
        awaited = awaits(store, email) is not None
        return bool(late) or awaited or attached(store, email) > 0
    # What follows needs the addresses.
    return False


def awaits(store: Store, email: int) -> float | None:
    """Return until when an email waits for attachments that are to come, if it does."""
    ((until,),) = store.rows("SELECT awaits FROM emails WHERE id = ?", email)
    return rows.optional(rows.real, until)


def data(store: Store, envelope: int) -> tuple[Attachment, ...]:
    """Return what is attached to an envelope, with all that it holds."""
    found = store.row("SELECT email, carries FROM envelopes WHERE id = ?", envelope)
    if found is None or rows.carries(found[1]) is Carries.TEXT:
        return ()
    email = rows.integer(found[0])
    attachments = []
    for one in _attachments(store, email).enclosed:
        ((holds,),) = store.rows(
            "SELECT content FROM parts WHERE email = ? AND number = ?",
            email,
            one.number,
        )
        if isinstance(holds, bytes):
            attachments.append(
                Attachment(one.name, holds, one.content_type, one.content_id)
            )
    return tuple(attachments)


def of_email(store: Store, email: int) -> Content:
    """Return what an email says, and to whom."""
    return content(_stored(store, email))


def _stored(store: Store, email: int) -> object:
    found = store.row(
        "SELECT content FROM parts WHERE email = ? AND number = ?", email, TEXT
    )
    return None if found is None else found[0]


def rewrite(store: Store, email: int, changed: Content) -> None:
    """Let, in a transaction, an email say something else, or go to others."""
    text = changed.text()
    more = len(text.encode()) - len(rows.text(_stored(store, email)).encode())
    store.run(
        "UPDATE parts SET content = ? WHERE email = ? AND number = ?", text, email, TEXT
    )
    grow(store, email, more)


def _bytes(kind: object, size: object) -> int:
    """Return the size of what an attachment holds; the modem can store no empty one."""
    if kind != "blob" or not size:
        raise DamagedRowError("attachment")
    return rows.integer(size)


def attached(store: Store, email: int) -> int:
    """Return how many attachments an email has."""
    ((found,),) = store.rows(
        "SELECT count(*) FROM parts WHERE email = ? AND number > ?", email, TEXT
    )
    return rows.integer(found)


def attach(store: Store, email: int, attachments: Sequence[Attachment]) -> None:
    """Put attachments, in a transaction, beside an email's text."""
    first = TEXT + 1 + attached(store, email)
    for number, one in enumerate(attachments, start=first):
        store.insert(
            "parts",
            email=email,
            number=number,
            kind="attachment",
            content=one.data,
            name=one.name,
            content_type=one.content_type,
            content_id=one.content_id,
        )
    grow(store, email, sum(map(size, attachments)))


def size(attachment: Attachment) -> int:
    """Return the bytes of an attachment, for which there has to be room."""
    return len(attachment.data) + len(attachment.name.encode())


def grow(store: Store, email: int, more: int) -> None:
    """Note, in a transaction, that an email takes more room, or less."""
    store.run("UPDATE emails SET size = size + ? WHERE id = ?", more, email)
    store.count(0, more)
