"""The modem's flash file store: names, blocks, space, open files, checksums."""

from dataclasses import dataclass, field
from functools import reduce
from operator import xor
import struct
from typing import TYPE_CHECKING

from .errors import (
    FILE_ALREADY_OPEN,
    FILE_EXISTS,
    FILE_INVALID_DESCRIPTOR,
    FILE_INVALID_NAME,
    FILE_INVALID_PARAMETER,
    FILE_NO_SPACE,
    FILE_NOT_FOUND,
    FILE_READ_ONLY,
    FILE_TOO_MANY_OPEN,
    AtError,
)
from .observations import StoredFile

if TYPE_CHECKING:
    from .modem import Modem

_BLOCK = 4096
_LONGEST_NAME = 80
_MOST_OPEN = 10
_FORBIDDEN = frozenset('/\\:*?"<>|')


def checksum(data: bytes) -> str:
    """XOR of big-endian 16-bit words, an odd last byte high; not padded (N, K)."""
    padded = data + b"\0" * (len(data) % 2)
    total = reduce(xor, struct.unpack(f">{len(padded) // 2}H", padded), 0)
    return format(total, "x")


@dataclass(slots=True)
class OpenFile:
    """One descriptor of QFOPEN."""

    name: str
    read_only: bool
    position: int = 0


@dataclass(slots=True)
class FileStore:
    """All storages; names are kept with their prefix ("UFS:a.txt")."""

    modem: Modem
    files: dict[str, bytes] = field(default_factory=dict)
    open_files: dict[int, OpenFile] = field(default_factory=dict)
    _descriptors: int = 0

    def reset(self) -> None:
        """A reboot: descriptors and what is not flash are gone."""
        self.open_files.clear()
        for name in [name for name in self.files if name.startswith("RAM:")]:
            del self.files[name]

    def full_name(self, name: str) -> str:
        """The name with its storage; error 406 for one that can't be."""
        storage, colon, rest = name.rpartition(":")
        storage = storage.upper() if colon else "UFS"
        if storage not in self.modem.profile.storages:
            raise AtError(FILE_INVALID_NAME)
        if not rest or len(rest) > _LONGEST_NAME or _FORBIDDEN & set(rest):
            raise AtError(FILE_INVALID_NAME)
        return f"{storage}:{rest}"

    def existing(self, name: str) -> str:
        """The full name of a file that is there; otherwise error 405."""
        full = self.full_name(name)
        if full not in self.files:
            raise AtError(FILE_NOT_FOUND)
        return full

    def content(self, name: str) -> bytes | None:
        """A file's bytes, by any form of its name; None if there is none."""
        try:
            return self.files.get(self.full_name(name))
        except AtError:
            return None

    def total(self) -> int:
        """Bytes of the flash store."""
        return self.modem.settings.file_store_bytes

    def free(self) -> int:
        """Bytes left in the flash store, in whole blocks (N); other storages take none."""
        used = sum(
            _blocks(len(data))
            for name, data in self.files.items()
            if name.startswith("UFS:")
        )
        return max(0, self.total() - used)

    def reserve(self, name: str, size: int) -> str:
        """Check that a new file of that size can be made; its full name."""
        full = self.full_name(name)
        if full in self.files:
            raise AtError(FILE_EXISTS)
        if full.startswith("UFS:") and _blocks(size) > self.free():
            raise AtError(FILE_NO_SPACE)
        return full

    def put(self, full_name: str, data: bytes) -> None:
        """Store a file."""
        self.files[full_name] = data

    def delete(self, pattern: str) -> None:
        """QFDEL: one file, or "*", or all of a storage."""
        if pattern.endswith("*"):
            for name in self.matching(pattern):
                del self.files[name]
            return
        full = self.existing(pattern)
        if any(open_file.name == full for open_file in self.open_files.values()):
            raise AtError(FILE_ALREADY_OPEN)
        del self.files[full]

    def matching(self, pattern: str) -> list[str]:
        """QFLST's names. The note's "" and everyone's "*" are all of them (1.0)."""
        if pattern in ("", "*"):
            return [name for name in self.files if name.startswith("UFS:")]
        if pattern.endswith(":*"):
            storage = pattern[:-1].upper()
            return [name for name in self.files if name.startswith(storage)]
        full = self.full_name(pattern)
        return [full] if full in self.files else []

    def open(self, name: str, mode: int) -> int:
        """QFOPEN: 0 read and write, 1 the same but emptied, 2 read only, 3 append."""
        full = self.full_name(name)
        if any(open_file.name == full for open_file in self.open_files.values()):
            raise AtError(FILE_ALREADY_OPEN)
        if len(self.open_files) >= _MOST_OPEN:
            raise AtError(FILE_TOO_MANY_OPEN)
        if mode == 2:
            self.existing(name)
        elif full not in self.files or mode == 1:
            self.files[full] = b""
        self._descriptors += 1
        start = len(self.files[full]) if mode == 3 else 0
        self.open_files[self._descriptors] = OpenFile(full, mode == 2, start)
        return self._descriptors

    def descriptor(self, number: int) -> OpenFile:
        """An open file; error 416 if it is none."""
        if number not in self.open_files:
            raise AtError(FILE_INVALID_DESCRIPTOR)
        return self.open_files[number]

    def read(self, number: int, size: int | None) -> bytes:
        """QFREAD: at most `size` bytes from the position on."""
        file = self.descriptor(number)
        data = self.files[file.name][file.position :]
        data = data if size is None else data[:size]
        file.position += len(data)
        return data

    def write(self, number: int, data: bytes) -> int:
        """QFWRITE: how many bytes there are then."""
        file = self.descriptor(number)
        if file.read_only:
            raise AtError(FILE_READ_ONLY)
        old = self.files[file.name]
        new = old[: file.position] + data + old[file.position + len(data) :]
        more = _blocks(len(new)) - _blocks(len(old))
        if file.name.startswith("UFS:") and more > self.free():
            raise AtError(FILE_NO_SPACE)
        self.files[file.name] = new
        file.position += len(data)
        return len(new)

    def seek(self, number: int, offset: int, origin: int) -> None:
        """QFSEEK: origin 0 the beginning, 1 here, 2 the end."""
        file = self.descriptor(number)
        size = len(self.files[file.name])
        base = {0: 0, 1: file.position, 2: size}[origin]
        if not 0 <= base + offset <= size:
            raise AtError(FILE_INVALID_PARAMETER)
        file.position = base + offset

    def truncate(self, number: int) -> None:
        """QFTUCAT: cut it off at the position."""
        file = self.descriptor(number)
        if file.read_only:
            raise AtError(FILE_READ_ONLY)
        self.files[file.name] = self.files[file.name][: file.position]

    def seen(self) -> tuple[StoredFile, ...]:
        """For tests."""
        return tuple(StoredFile(name, data) for name, data in self.files.items())


def _blocks(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK
