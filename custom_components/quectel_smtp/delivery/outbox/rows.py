"""Rows of the outbox's tables as values; a row that is none raises ``DamagedRowError``.

SQLite holds what it is told to, of whatever type, and what a disk made of it since.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
import json
import math
from typing import Final

from ...modem.mail.smtp import Result
from ..changes import Change, Fit
from ..enclosures import Carries
from ..errors import OutboxWriteError
from ..records import Finding, History, Instant, Reason, State, Transition, Way


class DamagedRowError(OutboxWriteError):
    """A row does not hold what was written into it."""


_COUNT_MOST: Final = 10**9
_NAME_MOST: Final = 255
"""Characters of a name that is told with a finding."""

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


def _member[E: StrEnum](kind: type[E], value: object) -> E:
    try:
        return kind(text(value))
    except ValueError as err:
        raise DamagedRowError(kind.__name__) from err


def state(value: object) -> State:
    """Return a state."""
    return _member(State, value)


def reason(value: object) -> Reason:
    """Return a reason."""
    return _member(Reason, value)


def way(value: object) -> Way:
    """Return a way."""
    return _member(Way, value)


def carries(value: object) -> Carries:
    """Return what an envelope carries."""
    return Carries.WHOLE if value is None else _member(Carries, value)


def from_json(value: object) -> object:
    """Return what a JSON text holds."""
    try:
        found: object = json.loads(text(value))
    except (ValueError, RecursionError) as err:
        raise DamagedRowError("JSON") from err
    return found


def array(value: object) -> list[object]:
    """Return what a JSON array holds."""
    found = from_json(value)
    if not isinstance(found, list):
        raise DamagedRowError("JSON")
    return found


def finding_text(finding: Finding) -> str:
    """Return a finding as it is stored."""
    told = (finding.way, finding.words, finding.address, pairs(finding.changes))
    return json.dumps(
        [finding.result, finding.code, finding.reply, finding.error, *told]
    )


def finding(value: object) -> Finding:
    """Return a finding."""
    try:
        result, code, reply, error, *told = array(value)
        # Until version 2 of the outbox there was one way, until 3 nothing was changed.
        by, words, address, *fitted = told or (Way.MODULE, None, None)
        return Finding(
            None if result is None else Result(text(result)),
            optional(integer, code),
            optional(integer, reply),
            optional(text, error),
            way(by),
            optional(text, words),
            optional(text, address),
            changes(fitted[0] if fitted else []),
        )
    except ValueError as err:
        raise DamagedRowError("finding") from err


def pairs(changes: Sequence[Change]) -> list[list[str]]:
    """Return changes as they are stored, their names within bounds."""
    # What is no character by itself has no bytes.
    return [
        [one.what, one.name[:_NAME_MOST].encode(errors="replace").decode()]
        for one in changes
    ]


def changes(value: object) -> tuple[Change, ...]:
    """Return changes."""
    if not isinstance(value, list):
        raise DamagedRowError("changes")
    try:
        return tuple(Change(Fit(what), text(name)) for what, name in value)
    except (TypeError, ValueError) as err:
        raise DamagedRowError("changes") from err


def members_text(members: Sequence[int]) -> str:
    """Return which of the addresses an envelope is for, as it is stored."""
    return json.dumps(members)


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


HISTORY_COLUMNS: Final = ", ".join(f"envelopes.{column}" for column in HISTORY)


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
    carries: Carries


ENVELOPES: Final = (
    "SELECT envelopes.id, envelopes.email, envelopes.state, envelopes.reason, envelopes.due,"  # noqa: S608 - ours
    " envelopes.finding, envelopes.deadline, envelopes.mark, envelopes.way,"
    " envelopes.carries,"
    f" {HISTORY_COLUMNS} FROM envelopes"
)


def envelope(row: Sequence[object]) -> EnvelopeRow:
    """Return an envelope from the columns of ``ENVELOPES``."""
    return EnvelopeRow(
        integer(row[0]),
        integer(row[1]),
        state(row[2]),
        optional(reason, row[3]),
        optional(real, row[4]),
        history(row[10:]),
        optional(finding, row[5]),
        optional(real, row[6]),
        optional(integer, row[7]),
        Way.MODULE if row[8] is None else way(row[8]),
        carries(row[9]),
    )


TRANSITIONS: Final = (
    "SELECT number, reference, recipient, state, wall, attempts, finding, reason,"
    " merged_into, next_attempt_wall, (SELECT recipient_id FROM emails"
    " WHERE emails.reference = transitions.reference) FROM transitions"
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
        # It is told whether or not that can be read.
        row[10] if isinstance(row[10], str) else None,
    )
