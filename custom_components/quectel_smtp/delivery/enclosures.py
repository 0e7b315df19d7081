"""What travels with an email's text, and what was to and does not."""

from dataclasses import dataclass, field
from enum import StrEnum


class MissingReason(StrEnum):
    """Why something is not attached that was asked for."""

    NOT_ALLOWED = "not_allowed"
    NOT_FOUND = "not_found"
    UNREADABLE = "unreadable"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    TOO_SLOW = "too_slow"
    UNSUPPORTED = "unsupported"
    RESTARTED = "restarted"
    """Home Assistant stopped before it was there."""
    NO_ROOM = "no_room"
    """The outbox is full."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that is not attached, by the name under which it was asked for."""

    name: str = field(repr=False)
    reason: MissingReason


@dataclass(frozen=True, slots=True)
class Enclosed:
    """An attachment as the outbox keeps it, without what it holds; ``size`` in bytes."""

    number: int
    name: str = field(repr=False)
    content_type: str = field(repr=False)
    content_id: str | None = field(repr=False)
    size: int


class Carries(StrEnum):
    """What of an email an envelope carries."""

    WHOLE = "whole"
    TEXT = "text"
    """Attachments follow by themselves, if there are any."""
    ATTACHMENTS = "attachments"
    """They follow a text that went before; or what is missing of them is told."""
