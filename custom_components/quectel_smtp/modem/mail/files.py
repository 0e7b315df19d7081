"""The modem's file store: upload with checksum, list, delete, free space."""

from dataclasses import dataclass
from typing import Final

from ..at.channel import AtChannel
from ..at.codes import FileError
from ..at.commands import INPUT_MARGIN, Command
from ..at.errors import CommandError, DataModeError, UnexpectedAnswerError
from ..at.syntax import integer, number, parameters, quote

NAME_LIMIT: Final = 80
ATTACHED_NAME_LIMIT: Final = 50
"""Bytes of an attachment's name with its storage (SMTP note 2.3.5)."""
SIZE_LIMIT: Final = 1024 * 1024
"""Bytes of one upload: a sister firmware takes no more."""
STORAGE: Final = "UFS:"
"""Attachments may also lie on an SD card, and nowhere else (SMTP note 2.3.5)."""
_BLOCK: Final = 4096
_INPUT_TIME: Final = 60
_EXISTS: Final = frozenset({FileError.EXISTS, FileError.EXISTS_AGAIN})


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the modem's store: its name without storage prefix, size in bytes."""

    name: str
    size: int


def space(size: int) -> int:
    """Return the bytes that a file of ``size`` bytes takes of the store: whole blocks."""
    return -(-size // _BLOCK) * _BLOCK


def checksum(data: bytes) -> int:
    """Return the checksum of ``AT+QFUPL``: XOR of the big-endian 16-bit words.

    An odd last byte is the high byte of a word.
    """
    words = int.from_bytes(data) << 8 * (len(data) % 2)
    # Halves of it at a time: a large file must not hold up the event loop.
    width = 16
    while width < words.bit_length():
        width *= 2
    while width > 16:
        width //= 2
        words = words >> width ^ words & (1 << width) - 1
    return words


async def listing(channel: AtChannel) -> tuple[StoredFile, ...]:
    """Return the files in the store; none at all is no error."""
    try:
        lines = await channel.execute(
            Command('AT+QFLST="*"', prefixes=("+QFLST:",), single=False)
        )
    except CommandError as err:
        if err.code is FileError.NOT_FOUND:
            return ()
        raise
    found = []
    for line in lines:
        name, *rest = parameters(line)
        size = number(rest[0]) if rest else None
        if size is not None:
            found.append(StoredFile(name.removeprefix(STORAGE), size))
    return tuple(found)


async def free_space(channel: AtChannel) -> int | None:
    """Return the bytes that are free in the store, None where it isn't told."""
    try:
        lines = await channel.execute(Command('AT+QFLDS="UFS"', prefixes=("+QFLDS:",)))
    except CommandError:
        return None
    return number(parameters(lines[0])[0]) if lines else None


async def delete(channel: AtChannel, name: str) -> None:
    """Delete one file by its name; one that isn't there is no error."""
    target = quote(STORAGE + name, "file name", NAME_LIMIT)
    try:
        # A name may tell what is in the picture: it goes into no log.
        await channel.execute(Command(f"AT+QFDEL={target}", secret=True))
    except CommandError as err:
        if err.code is not FileError.NOT_FOUND:
            raise


async def upload(
    channel: AtChannel, name: str, data: bytes, *, acknowledged: bool = True
) -> None:
    """Store ``data`` under ``name``, and compare size and checksum.

    A file of that name is not replaced: ``CommandError`` with ``EXISTS``. Whatever else
    the modem says, no partial file stays. ``acknowledged``: in ACK mode.
    """
    size = integer(len(data), "file size", 1, SIZE_LIMIT)
    target = quote(STORAGE + name, "file name", NAME_LIMIT)
    # 11,520 bytes a second at 115,200 bit/s; a tenth of it is a poor line.
    seconds = _INPUT_TIME + len(data) // 1000
    mode = int(acknowledged)
    try:
        lines = await channel.transfer(
            Command(
                f"AT+QFUPL={target},{size},{seconds},{mode}",
                prefixes=("+QFUPL:",),
                secret=True,
            ),
            data,
            timeout=seconds - INPUT_MARGIN,
            acknowledged=acknowledged,
        )
        _compare(lines, data)
    except (CommandError, DataModeError, UnexpectedAnswerError) as err:
        if not (isinstance(err, CommandError) and err.code in _EXISTS):
            await delete(channel, name)
        raise


def _compare(lines: tuple[str, ...], data: bytes) -> None:
    """Raise unless the modem stored what was sent.

    The checksum is compared as a number: firmware differs in padding.
    """
    if not lines or len(found := parameters(lines[0])) < 2:
        raise UnexpectedAnswerError("AT+QFUPL")
    try:
        stored = int(found[1], 16)
    except ValueError as err:
        raise UnexpectedAnswerError("AT+QFUPL") from err
    if number(found[0]) != len(data) or stored != checksum(data):
        raise DataModeError("AT+QFUPL")
