"""Attachments of an email: from bytes to files in the modem's store, and away again.

The recipient sees the file's name. It begins with a mark of ours, so that what a crash
left behind is found and nothing else is ever deleted.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
import re
from typing import Final

from ..at.channel import AtChannel
from ..at.commands import Command
from ..at.errors import InvalidValueError
from ..at.syntax import integer, number, parameters, quote
from . import files

ATTACHMENT_LIMIT: Final = 10
PREFIX: Final = "homeassistant_"

# The note's 50 bytes (2.3.5) count the storage too.
_NAME_LIMIT: Final = 50 - len(files.STORAGE)
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to send: its name as the sender calls it, and what it holds.

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

    def file_name(self, mark: str = "") -> str:
        """Return the name in the modem's store and in the email: ASCII, short, ours.

        ``mark`` tells it from another attachment's name.
        """
        base = re.split(r"[/\\]", self.name)[-1]
        stem, dot, extension = _UNSAFE.sub("_", base).rpartition(".")
        if not dot:
            stem, extension = extension, ""
        ending = f".{extension[:10]}" if extension else ""
        room = _NAME_LIMIT - len(PREFIX) - len(mark) - len(ending)
        return f"{PREFIX}{mark}{stem[:room] or 'file'}{ending}"


@dataclass(frozen=True, slots=True)
class Attached:
    """An attachment as the modem lists it; ``size`` in bytes."""

    index: int
    name: str = field(repr=False)
    size: int


async def attach(channel: AtChannel, attachments: Iterable[Attachment]) -> None:
    """Upload the files and add them to the email that is being prepared."""
    taken: set[str] = set()
    for index, attachment in enumerate(attachments, start=1):
        name = attachment.file_name()
        if name in taken:
            name = attachment.file_name(f"{index}_")
        taken.add(name)
        await files.upload(channel, name, attachment.data)
        target = quote(files.STORAGE + name, "file name", 50)
        position = integer(index, "attachment", 1, ATTACHMENT_LIMIT)
        await channel.execute(Command(f"AT+QSMTPATT=1,{position},{target}"))


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


async def delete_files(channel: AtChannel) -> None:
    """Delete every file of ours from the store: pictures of a home must not stay."""
    for file in await files.listing(channel):
        if file.name.startswith(PREFIX):
            await files.delete(channel, file.name)
