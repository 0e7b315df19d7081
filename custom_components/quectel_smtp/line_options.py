"""What an entry's options say of the line: roaming, when a loss is told, test reports.

What was edited into nonsense counts as not chosen: no email waits for it.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from .const import (
    CONF_LINE_LOST_AFTER,
    CONF_REPORT_TO,
    CONF_ROAMING,
    CONF_TEST_REPORT,
    REPORT_TO_SENDER,
)

MINUTES: Final = (1, 1440)
"""Least and most minutes until a repair tells of a lost line."""
DEFAULT_MINUTES: Final = 10


class Interval(StrEnum):
    """How often a test report is sent."""

    OFF = "off"
    DAILY = "daily"
    WEEKLY = "weekly"


def roaming_allowed(options: Mapping[str, Any]) -> bool:
    """Whether emails may go from another operator's network; it may cost a lot."""
    return options.get(CONF_ROAMING) is True


def line_lost_after(options: Mapping[str, Any]) -> int:
    """Return the minutes for which a line may be lost before a repair tells of it."""
    found = options.get(CONF_LINE_LOST_AFTER)
    least, most = MINUTES
    usable = isinstance(found, int) and least <= found <= most
    return int(found) if usable and found is not None else DEFAULT_MINUTES


def interval(options: Mapping[str, Any]) -> Interval:
    """Return how often a test report is sent."""
    found = options.get(CONF_TEST_REPORT)
    return Interval(found) if found in list(Interval) else Interval.OFF


def report_to(options: Mapping[str, Any]) -> str:
    """Return the id of the recipient of test reports, or that of the sender's mailbox."""
    return str(options.get(CONF_REPORT_TO, REPORT_TO_SENDER))
