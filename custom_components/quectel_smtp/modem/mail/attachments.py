"""Attachments of an email, and how the modem's mail client is told of them (note 2.3.5)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ..at.channel import AtChannel
from ..at.commands import Command
from ..at.errors import CommandError, InvalidValueError
from ..at.syntax import integer, number, parameters, quote
from . import files

ATTACHMENT_LIMIT: Final = 10


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to send: its name as the sender calls it, and what it holds.

    The name may be anything, a path too: who sends makes one of it that can be sent.
    ``content_id``: by which an HTML text shows it, without angle brackets.
    """

    name: str = field(repr=False)
    data: bytes = field(repr=False)
    content_type: str = field(default="application/octet-stream", repr=False)
    content_id: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse an empty file: the modem can't store one."""
        if not self.data:
            raise InvalidValueError("attachment", "empty")


@dataclass(frozen=True, slots=True)
class NotAttached:
    """Attachments that the modem did not take, by their places, counted from 0.

    Nothing of the email may be sent: it has to be prepared anew without them.
    """

    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Attached:
    """An attachment as the modem lists it; ``size`` in bytes."""

    index: int
    name: str = field(repr=False)
    size: int


async def attach(channel: AtChannel, names: Sequence[str]) -> NotAttached | None:
    """Add stored files to the email that is being prepared, in this order."""
    for place, name in enumerate(names):
        target = quote(files.STORAGE + name, "file name", files.ATTACHED_NAME_LIMIT)
        index = integer(place + 1, "attachment", 1, ATTACHMENT_LIMIT)
        try:
            await channel.execute(
                Command(f"AT+QSMTPATT=1,{index},{target}", secret=True)
            )
        except CommandError:
            return NotAttached((place,))
    return None


async def attached(channel: AtChannel) -> tuple[Attached, ...]:
    """Return the attachments of the email that is being prepared (note 2.3.5)."""
    lines = await channel.execute(
        Command("AT+QSMTPATT?", prefixes=("+QSMTPATT:",), single=False)
    )
    found = []
    for line in lines:
        index, name, size = (*parameters(line), "", "")[:3]
        place, count = number(index), number(size)
        if place is not None and count is not None:
            found.append(Attached(place, name.removeprefix(files.STORAGE), count))
    return tuple(found)


async def detach_all(channel: AtChannel) -> None:
    """Remove all attachments from the email; their files stay in the store."""
    await channel.execute(Command("AT+QSMTPATT=0"))
