"""What is kept under a key: the last outcome, the wear of the modem, the data that went."""

import json
from typing import Final

from ...modem.network.traffic import Traffic
from ..records import Last, Wear
from ..rules.usage import Usage
from . import rows
from .rows import DamagedRowError

_BYTES_MOST: Final = 10**15


def last_text(last: Last) -> str:
    """Return the last outcome as it is stored."""
    return json.dumps(
        [
            last.reference,
            last.recipient,
            last.state,
            rows.moment(last.when),
            rows.finding_text(last.finding),
            last.attempts,
            last.reason,
        ]
    )


def last(value: object) -> Last:
    """Return the last outcome."""
    row = rows.array(value)
    if len(row) != 7:
        raise DamagedRowError("last")
    return Last(
        rows.text(row[0]),
        rows.text(row[1]),
        rows.state(row[2]),
        rows.wall(row[3]),
        rows.finding(row[4]),
        rows.integer(row[5]),
        rows.optional(rows.reason, row[6]),
    )


def wear_text(wear: Wear) -> str:
    """Return the wear as it is stored."""
    return json.dumps([wear.times, wear.reboots])


def wear(value: object) -> Wear:
    """Return the wear."""
    kinds = []
    for kind in rows.array(value):
        if not isinstance(kind, list):
            raise DamagedRowError("wear")
        kinds.append(tuple(rows.real(time) for time in kind))
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
    match rows.array(value):
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
