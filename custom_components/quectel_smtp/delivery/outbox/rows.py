"""Rows of the outbox's tables as values; a row that is none raises ``DamagedRowError``.

SQLite holds what it is told to, of whatever type, and what a disk made of it since.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
import json
import math
from typing import Final

from ...modem.mail.smtp import Result
from ...modem.network.traffic import Traffic
from ..errors import OutboxWriteError
from ..records import (
    Addresses,
    Finding,
    History,
    Instant,
    Item,
    Last,
    Reason,
    State,
    Transition,
    Way,
    Wear,
)
from ..rules.usage import Usage


class DamagedRowError(OutboxWriteError):
    """A row does not hold what was written into it."""


_COUNT_MOST: Final = 10**9
_BYTES_MOST: Final = 10**15

# Single values.


def text(value: object) -> str:
    """Return a text that is one in UTF-8, too."""
    if not isinstance(value, str):
        raise DamagedRowError("text")
    try:
        value.encode()
    except UnicodeEncodeError as err:
        raise DamagedRowError("text") from err
    return value


def integer(value: object) -> int:
    """Return a whole number."""
    if not isinstance(value, int):
        raise DamagedRowError("integer")
    return value


def count(value: object) -> int:
    """Return how often something happened: more than it can be is no number of ours."""
    found = integer(value)
    if not 0 <= found <= _COUNT_MOST:
        raise DamagedRowError("count")
    return found


def real(value: object) -> float:
    """Return a finite number."""
    if not isinstance(value, float | int) or not math.isfinite(value):
        raise DamagedRowError("real")
    return float(value)


def optional[T](decode: Callable[[object], T], value: object) -> T | None:
    """Return None for None."""
    return None if value is None else decode(value)


def moment(wall: datetime) -> float:
    """Return a time of the host's clock as it is stored."""
    return wall.timestamp()


def wall(value: object) -> datetime:
    """Return a time of the host's clock."""
    try:
        return datetime.fromtimestamp(real(value), UTC)
    except (ValueError, OverflowError, OSError) as err:
        raise DamagedRowError("time") from err


def state(value: object) -> State:
    """Return a state."""
    try:
        return State(text(value))
    except ValueError as err:
        raise DamagedRowError("state") from err


def reason(value: object) -> Reason:
    """Return a reason."""
    try:
        return Reason(text(value))
    except ValueError as err:
        raise DamagedRowError("reason") from err


def way(value: object) -> Way:
    """Return a way."""
    try:
        return Way(text(value))
    except ValueError as err:
        raise DamagedRowError("way") from err


def _array(value: object) -> list[object]:
    """Return what a JSON array holds."""
    try:
        found: object = json.loads(text(value))
    except (ValueError, RecursionError) as err:
        raise DamagedRowError("JSON") from err
    if not isinstance(found, list):
        raise DamagedRowError("JSON")
    return found


def finding_text(finding: Finding) -> str:
    """Return a finding as it is stored."""
    told = (finding.way, finding.words, finding.address)
    return json.dumps(
        [finding.result, finding.code, finding.reply, finding.error, *told]
    )


def finding(value: object) -> Finding:
    """Return a finding."""
    try:
        result, code, reply, error, *told = _array(value)
        # Until version 2 of the outbox there was one way.
        by, words, address = told or (Way.MODULE, None, None)
        return Finding(
            None if result is None else Result(text(result)),
            optional(integer, code),
            optional(integer, reply),
            optional(text, error),
            way(by),
            optional(text, words),
            optional(text, address),
        )
    except ValueError as err:
        raise DamagedRowError("finding") from err


@dataclass(frozen=True, slots=True)
class Content:
    """What an email says, and to whom."""

    subject: str = field(repr=False)
    body: str = field(repr=False)
    addresses: Addresses

    def text(self) -> str:
        """Return it as it is stored."""
        to = self.addresses
        return json.dumps(
            [self.subject, self.body, to.to, to.cc, to.bcc],
            ensure_ascii=False,
            separators=(",", ":"),
        )


def content(value: object) -> Content:
    """Return the content of a text part."""
    row = _array(value)
    if len(row) != 5:
        raise DamagedRowError("content")
    addresses = Addresses(*(_texts(kind) for kind in row[2:]))
    if not addresses:
        raise DamagedRowError("addresses")
    return Content(text(row[0]), text(row[1]), addresses)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise DamagedRowError("texts")
    return tuple(text(one) for one in value)


def members_text(members: Sequence[int]) -> str:
    """Return which of the addresses an envelope is for, as it is stored."""
    return json.dumps(members)


def members(value: object, addresses: Addresses) -> Sequence[int]:
    """Return for which of the addresses an envelope is: all if there is no value."""
    if value is None:
        return range(len(addresses))
    found = [integer(number) for number in _array(value)]
    if not found or not 0 <= min(found) <= max(found) < len(addresses):
        raise DamagedRowError("members")
    return found


# Whole rows: how to ask for them, and what they make.


@dataclass(frozen=True, slots=True)
class EmailRow:
    """What is known of an email beside its content."""

    id: int
    reference: str
    recipient: str
    critical: bool
    accepted: Instant
    expires: float
    times: int
    size: int
    state: State
    reported: State
    """What was last reported of it; an accepted one is queued."""
    recipient_id: str | None = field(repr=False)


EMAILS: Final = (
    "SELECT emails.id, emails.reference, emails.recipient, emails.critical, emails.accepted,"
    " emails.accepted_wall, emails.expires, emails.times, emails.size, emails.state,"
    " emails.reported, emails.recipient_id FROM emails"
)


def email(row: Sequence[object]) -> EmailRow:
    """Return an email from the columns of ``EMAILS``."""
    return EmailRow(
        integer(row[0]),
        text(row[1]),
        text(row[2]),
        bool(integer(row[3])),
        Instant(real(row[4]), wall(row[5])),
        real(row[6]),
        count(row[7]),
        count(row[8]),
        state(row[9]),
        state(row[10]),
        optional(text, row[11]),
    )


# Of all that is kept, most are envelopes of emails that ended.
OF_WAITING: Final = "envelopes.email IN (SELECT id FROM emails WHERE ended IS NULL)"


HISTORY: Final = tuple(column.name for column in fields(History))
"""Columns of envelopes that are named as what they hold."""


def history(row: Sequence[object]) -> History:
    """Return what earlier attempts came to from the columns of ``HISTORY``."""
    return History(
        count(row[0]),
        count(row[1]),
        count(row[2]),
        count(row[3]),
        bool(integer(row[4])),
        count(row[5]),
        bool(integer(row[6])),
    )


_HISTORY: Final = ", ".join(f"envelopes.{column}" for column in HISTORY)


@dataclass(frozen=True, slots=True)
class EnvelopeRow:
    """What is known of an envelope beside its addresses."""

    id: int
    email: int
    state: State
    reason: Reason | None
    due: float | None
    history: History
    finding: Finding | None
    deadline: float | None
    mark: int | None
    way: Way


ENVELOPES: Final = (
    "SELECT envelopes.id, envelopes.email, envelopes.state, envelopes.reason, envelopes.due,"  # noqa: S608 - ours
    " envelopes.finding, envelopes.deadline, envelopes.mark, envelopes.way,"
    f" {_HISTORY} FROM envelopes"
)


def envelope(row: Sequence[object]) -> EnvelopeRow:
    """Return an envelope from the columns of ``ENVELOPES``."""
    return EnvelopeRow(
        integer(row[0]),
        integer(row[1]),
        state(row[2]),
        optional(reason, row[3]),
        optional(real, row[4]),
        history(row[9:]),
        optional(finding, row[5]),
        optional(real, row[6]),
        optional(integer, row[7]),
        Way.MODULE if row[8] is None else way(row[8]),
    )


TEXT: Final = 1
"""The number of the part that is an email's text."""

ITEMS: Final = (
    "SELECT envelopes.id, emails.reference, emails.recipient, emails.critical,"  # noqa: S608 - ours
    " parts.content, envelopes.members, emails.times,"
    f" emails.accepted, emails.accepted_wall, emails.recipient_id, envelopes.finding,"
    f" {_HISTORY}"
    " FROM envelopes JOIN emails ON emails.id = envelopes.email"
    " LEFT JOIN parts"
    "  ON parts.email = envelopes.email AND parts.number = envelopes.part"
)


def item(row: Sequence[object]) -> Item:
    """Return an envelope with its content from the columns of ``ITEMS``."""
    found = content(row[4])
    return Item(
        integer(row[0]),
        text(row[1]),
        text(row[2]),
        bool(integer(row[3])),
        found.subject,
        found.body,
        found.addresses.some(members(row[5], found.addresses)),
        integer(row[6]),
        Instant(real(row[7]), wall(row[8])),
        history(row[11:]),
        optional(text, row[9]),
        optional(finding, row[10]),
    )


TRANSITIONS: Final = (
    "SELECT number, reference, recipient, state, wall, attempts, finding, reason,"
    " merged_into, next_attempt_wall FROM transitions"
)


def transition(row: Sequence[object]) -> Transition:
    """Return a transition from the columns of ``TRANSITIONS``."""
    return Transition(
        integer(row[0]),
        text(row[1]),
        text(row[2]),
        state(row[3]),
        wall(row[4]),
        integer(row[5]),
        optional(finding, row[6]),
        optional(reason, row[7]),
        optional(text, row[8]),
        optional(wall, row[9]),
    )


# What is kept under a key.


def last_text(last: Last) -> str:
    """Return the last outcome as it is stored."""
    return json.dumps(
        [
            last.reference,
            last.recipient,
            last.state,
            moment(last.when),
            finding_text(last.finding),
            last.attempts,
            last.reason,
        ]
    )


def last(value: object) -> Last:
    """Return the last outcome."""
    row = _array(value)
    if len(row) != 7:
        raise DamagedRowError("last")
    return Last(
        text(row[0]),
        text(row[1]),
        state(row[2]),
        wall(row[3]),
        finding(row[4]),
        integer(row[5]),
        optional(reason, row[6]),
    )


def wear_text(wear: Wear) -> str:
    """Return the wear as it is stored."""
    return json.dumps([wear.times, wear.reboots])


def wear(value: object) -> Wear:
    """Return the wear."""
    kinds = []
    for kind in _array(value):
        if not isinstance(kind, list):
            raise DamagedRowError("wear")
        kinds.append(tuple(real(time) for time in kind))
    if len(kinds) != 2:
        raise DamagedRowError("wear")
    return Wear(*kinds)


def usage_text(usage: Usage) -> str:
    """Return a usage as it is stored."""
    return json.dumps([_pair(usage.total), usage.counter and _pair(usage.counter)])


def _pair(traffic: Traffic) -> list[int]:
    return [traffic.sent, traffic.received]


def usage(value: object) -> Usage:
    """Return a usage."""
    match _array(value):
        case [total, None]:
            return Usage(_traffic(total))
        case [total, counter]:
            return Usage(_traffic(total), _traffic(counter))
    raise DamagedRowError("usage")


def _traffic(value: object) -> Traffic:
    match value:
        case [int(sent), int(received)] if (
            min(sent, received) >= 0 and max(sent, received) <= _BYTES_MOST
        ):
            return Traffic(sent, received)
    raise DamagedRowError("traffic")
