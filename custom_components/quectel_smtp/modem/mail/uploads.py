"""Attachments as files in the modem's store: there for one email, and gone after it.

Their names are the recipient's to read, and tell nothing of whose they are. What is
ours is noted before it is stored: by that note it is found again, whatever happens.
"""

from collections.abc import Sequence
from contextlib import suppress
import hashlib
from typing import Final, Protocol, override

from ..at.channel import AtChannel
from ..at.codes import FileError
from ..at.errors import (
    CommandError,
    DataModeError,
    NoAnswerError,
    UnexpectedAnswerError,
)
from . import files
from .attachments import Attachment, NotAttached
from .file_names import stored_name

FORMER_PREFIX: Final = "homeassistant_"
"""What the names of all attachments began with in versions that noted none."""

_ANOTHER_NAME: Final = frozenset(
    {FileError.INVALID_NAME, FileError.EXISTS, FileError.EXISTS_AGAIN}
)


class Uploads(Protocol):
    """The note of which files in the modem's store are ours, by digests of their names.

    A name may tell what is in the picture: no note has it.
    """

    async def noted(self) -> tuple[str, ...]:
        """Return their digests."""

    async def note(self, digests: tuple[str, ...]) -> None:
        """Note these instead; where any is new, on disk once this returns."""


class UnkeptUploads(Uploads):
    """A note that is gone with the process, for who sends no attachments."""

    def __init__(self) -> None:
        """Have none noted."""
        self._digests: tuple[str, ...] = ()

    @override
    async def noted(self) -> tuple[str, ...]:
        return self._digests

    @override
    async def note(self, digests: tuple[str, ...]) -> None:
        self._digests = digests


def digest(name: str) -> str:
    """Return that by which a file's name is noted."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


async def store(
    channel: AtChannel,
    attachments: Sequence[Attachment],
    uploads: Uploads,
    *,
    acknowledged: bool,
) -> tuple[str, ...] | NotAttached:
    """Store attachments under names that nobody else's file has; returns the names.

    ``NotAttached`` are those that the modem does not take, for lack of room for one.
    ``acknowledged``: whether the firmware has the upload in ACK mode.
    """
    try:
        listing = await files.listing(channel)
    except CommandError:
        # Somebody else's file might be replaced.
        return NotAttached(tuple(range(len(attachments))))
    taken = {file.name.lower() for file in listing}
    before = await uploads.noted()
    names: list[str] = []
    for attachment in attachments:
        names.append(stored_name(attachment.name, taken))
        taken.add(names[-1].lower())
    await uploads.note((*before, *map(digest, names)))
    refused = []
    for place, attachment in enumerate(attachments):
        data = attachment.data
        stored = await _stored(channel, names[place], data, acknowledged)
        if stored is None:
            names[place] = stored_name(attachment.name, taken, plain=True)
            taken.add(names[place].lower())
            # The name before is somebody else's.
            await uploads.note((*before, *map(digest, names)))
            stored = await _stored(channel, names[place], data, acknowledged)
        if not stored:
            refused.append(place)
    return NotAttached(tuple(refused)) if refused else tuple(names)


async def _stored(
    channel: AtChannel, name: str, data: bytes, acknowledged: bool
) -> bool | None:
    """Store a file, once more where it came to harm; tell whether it is there.

    None where the modem stores none under that name. ``NoAnswerError`` only from a
    modem that answers nothing else either.
    """
    if len(data) > files.SIZE_LIMIT:
        return False
    for _ in range(2):
        try:
            await files.upload(channel, name, data, acknowledged=acknowledged)
        except CommandError as err:
            return None if err.code in _ANOTHER_NAME else False
        except DataModeError, UnexpectedAnswerError:
            continue
        except NoAnswerError:
            with suppress(CommandError):
                await files.delete(channel, name)
            return False
        return True
    return False


async def tidy(channel: AtChannel, uploads: Uploads) -> None:
    """Delete every file of ours from the store: pictures of a home must not stay.

    One that can't be deleted stays noted. ``CommandError`` where none can be listed.
    """
    noted = await uploads.noted()
    kept = []
    for file in await files.listing(channel):
        mark = digest(file.name)
        if mark in noted or file.name.startswith(FORMER_PREFIX):
            try:
                await files.delete(channel, file.name)
            except CommandError:
                kept.append(mark)
    left = tuple(mark for mark in noted if mark in kept)
    if left != noted:
        await uploads.note(left)
