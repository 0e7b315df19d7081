"""SQLite's way to the disk: each write can be made to fail, or be the last one.

SQLite lets its tests put their own functions in the place of system calls
(``xSetSystemCall``, https://sqlite.org/c3ref/vfs.html). That is done here in the library
that Python has loaded, so that what is tested is what will run. ``fsync`` is not among
them: it is caught one floor up, where an open file's methods are looked up.
"""

import _sqlite3
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager
import ctypes
import errno
import os
from pathlib import Path
import random
import sqlite3
from typing import Any

import pytest

_SECTOR = 512


class _Methods(ctypes.Structure):
    """``sqlite3_io_methods``: what can be done with an open file."""

    _fields_ = [
        ("iVersion", ctypes.c_int),
        *(
            (name, ctypes.c_void_p)
            for name in [
                "xClose",
                "xRead",
                "xWrite",
                "xTruncate",
                "xSync",
                "xFileSize",
                "xLock",
                "xUnlock",
                "xCheckReservedLock",
                "xFileControl",
                "xSectorSize",
                "xDeviceCharacteristics",
                "xShmMap",
                "xShmLock",
                "xShmBarrier",
                "xShmUnmap",
                "xFetch",
                "xUnfetch",
            ]
        ),
    ]


class _Vfs(ctypes.Structure):
    """``sqlite3_vfs``: how SQLite reaches its files."""

    _fields_ = [
        ("iVersion", ctypes.c_int),
        ("szOsFile", ctypes.c_int),
        ("mxPathname", ctypes.c_int),
        ("pNext", ctypes.c_void_p),
        ("zName", ctypes.c_char_p),
        ("pAppData", ctypes.c_void_p),
        *(
            (name, ctypes.c_void_p)
            for name in [
                "xOpen",
                "xDelete",
                "xAccess",
                "xFullPathname",
                "xDlOpen",
                "xDlError",
                "xDlSym",
                "xDlClose",
                "xRandomness",
                "xSleep",
                "xCurrentTime",
                "xGetLastError",
                "xCurrentTimeInt64",
                "xSetSystemCall",
                "xGetSystemCall",
                "xNextSystemCall",
            ]
        ),
    ]


# The system calls that change what is on disk, as SQLite declares them.
_INT, _POINTER, _SIZE, _OFFSET = (
    ctypes.c_int,
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_int64,
)
_CALLS: dict[str, Any] = {
    "open": ctypes.CFUNCTYPE(_INT, ctypes.c_char_p, _INT, _INT, use_errno=True),
    "write": ctypes.CFUNCTYPE(ctypes.c_ssize_t, _INT, _POINTER, _SIZE, use_errno=True),
    "pwrite": ctypes.CFUNCTYPE(
        ctypes.c_ssize_t, _INT, _POINTER, _SIZE, _OFFSET, use_errno=True
    ),
    "pwrite64": ctypes.CFUNCTYPE(
        ctypes.c_ssize_t, _INT, _POINTER, _SIZE, _OFFSET, use_errno=True
    ),
    "ftruncate": ctypes.CFUNCTYPE(_INT, _INT, _OFFSET, use_errno=True),
    "unlink": ctypes.CFUNCTYPE(_INT, ctypes.c_char_p, use_errno=True),
}
_SET_CALL = ctypes.CFUNCTYPE(_INT, _POINTER, ctypes.c_char_p, _POINTER)
_GET_CALL = ctypes.CFUNCTYPE(_POINTER, _POINTER, ctypes.c_char_p)
_OPEN = ctypes.CFUNCTYPE(
    _INT, _POINTER, _POINTER, _POINTER, _INT, _POINTER, use_errno=True
)
_SYNC = ctypes.CFUNCTYPE(_INT, _POINTER, _INT, use_errno=True)

# An offset, and what was written there; None: the file was cut off there.
type _Change = tuple[int, bytes | None]

# What SQLite may still call, however late, is never let go.
_methods: dict[int, Any] = {}
_kept: list[Any] = []


class Disk:
    """What SQLite does to the disk, call by call, while ``installed``."""

    def __init__(self) -> None:
        """Let everything through."""
        self.calls = 0
        self.syncs = 0
        self._before: Callable[[], None] = lambda: None
        self._fails: Callable[[int], int] = lambda _: 0
        self.originals: dict[str, Any] = {}
        """The system calls themselves."""
        # What lies safely on disk, and what was written since.
        self._durable: dict[str, bytearray] = {}
        self._pending: dict[str, list[_Change]] = {}
        # Names of open files, by SQLite's handles and by the system's.
        self._files: dict[int, str] = {}
        self._paths: dict[int, str] = {}

    # What tests ask for.

    @contextmanager
    def failing(self, number: int, error: int, *, once: bool) -> Iterator[None]:
        """Let a call fail, counted from 1; and those after it unless ``once``."""
        first = self.calls + number
        self._fails = lambda call: (
            error if (call == first if once else call >= first) else 0
        )
        try:
            yield
        finally:
            self._fails = lambda _: 0

    @contextmanager
    def watched(self, before: Callable[[], None]) -> Iterator[None]:
        """Call ``before`` ahead of each call that changes something."""
        self._before = before
        try:
            yield
        finally:
            self._before = lambda: None

    def after_power_loss(self, folder: Path, draw: random.Random) -> dict[str, bytes]:
        """Return a folder's files as they may be found after a loss of power at this moment.

        Of what was written since a file's last fsync some sectors made it to the disk,
        in any order.
        """
        return {
            path.name: bytes(
                _change(
                    self._durable[str(path)].copy(),
                    _some(self._pending.get(str(path), []), draw),
                )
            )
            for path in folder.iterdir()
            if str(path) in self._durable
        }

    def lose_power(self, folder: Path, draw: random.Random) -> None:
        """Leave a folder, whose files are closed, as a loss of power at this moment does."""
        for name, content in self.after_power_loss(folder, draw).items():
            (folder / name).write_bytes(content)

    # What SQLite calls.

    def call(self, name: str, *arguments: Any) -> int:
        """Do what a system call does, unless it is to fail."""
        changes = name != "open" or arguments[1] & (os.O_RDWR | os.O_CREAT)
        if changes and self._step():
            return -1
        done = int(self.originals[name](*arguments))
        if done >= 0:
            self._note(name, done, *arguments)
        return done

    def _step(self) -> int:
        """Count a call; returns the error with which it fails, and sets ``errno``."""
        self._before()
        self.calls += 1
        error = self._fails(self.calls)
        if error:
            ctypes.set_errno(error)
        return error

    def _note(self, name: str, done: int, *arguments: Any) -> None:
        if name == "open":
            self._paths[done] = os.fsdecode(arguments[0])
            return
        if name == "unlink":
            path = os.fsdecode(arguments[0])
            self._durable.pop(path, None)
            self._pending.pop(path, None)
            return
        changes = self._pending.setdefault(self._paths[arguments[0]], [])
        if name == "ftruncate":
            changes.append((arguments[1], None))
        elif name.startswith("pwrite"):
            changes.append((arguments[3], ctypes.string_at(arguments[1], done)))

    def opened(self, file: int, name: int | None) -> None:
        """Know an open file: its methods are looked up in a copy, where xSync is ours."""
        place = ctypes.c_void_p.from_address(file)
        if place.value is None:
            return
        path = os.fsdecode(ctypes.string_at(name)) if name else ""
        self._files[file] = path
        if path:
            self._take(Path(path))
        original = place.value
        if original not in _methods:
            methods = _Methods.from_buffer_copy(_Methods.from_address(original))
            methods.xSync = ctypes.cast(_synchronise, ctypes.c_void_p).value
            _methods[original] = methods
        place.value = ctypes.addressof(_methods[original])

    def _take(self, path: Path) -> None:
        """Take a file for durable as it is, unless we know how it has come to this."""
        content = path.read_bytes() if path.exists() else b""
        durable = self._durable.setdefault(str(path), bytearray())
        if _change(durable.copy(), self._pending.get(str(path), [])) != content:
            durable[:] = content
            self._pending.pop(str(path), None)

    def synchronise(self, file: int) -> int:
        """Take what was written into a file for durable; no disk is waited for.

        Where that fails, what was written is not written later either: the system holds
        it for clean from then on.
        """
        self.syncs += 1
        path = self._files.get(file, "")
        pending = self._pending.pop(path, [])
        if self._step():
            return sqlite3.SQLITE_IOERR_FSYNC
        if path in self._durable:
            _change(self._durable[path], pending)
        return sqlite3.SQLITE_OK


def _change(found: bytearray, changes: Iterable[_Change]) -> bytearray:
    """Make changes to a file's content, and return it."""
    for offset, data in changes:
        if data is None:
            del found[offset:]
            continue
        if len(found) < offset:
            found.extend(bytes(offset - len(found)))
        found[offset : offset + len(data)] = data
    return found


def _some(changes: Iterable[_Change], draw: random.Random) -> Iterator[_Change]:
    """Draw what of some changes reaches the disk, sector by sector."""
    for offset, data in changes:
        if data is None:
            if draw.random() < 0.5:
                yield offset, None
            continue
        for start in range(0, len(data), _SECTOR):
            if draw.random() < 0.5:
                yield offset + start, data[start : start + _SECTOR]


_installed: list[Disk] = []


_synchronise = _SYNC(lambda file, _: _installed[-1].synchronise(file))


def reached() -> _Vfs | None:
    """Return SQLite's way to its files; None where a test can't get in between."""
    library = ctypes.CDLL(_sqlite3.__file__)
    try:
        library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        pointer = library.sqlite3_vfs_find(None)
    except AttributeError:  # pragma: no cover - built into Python; not on this machine
        return None
    vfs: _Vfs = pointer.contents
    return vfs if vfs.iVersion >= 3 and vfs.xSetSystemCall else None


@contextmanager
def installed() -> Iterator[Disk]:
    """Put a disk between SQLite and the real one; all connections end inside."""
    vfs = reached()
    if vfs is None:  # pragma: no cover - not on this machine
        pytest.skip("this SQLite has no system calls that a test may replace")
    disk = Disk()
    set_call, get_call = _SET_CALL(vfs.xSetSystemCall), _GET_CALL(vfs.xGetSystemCall)
    replaced = []
    for name, kind in _CALLS.items():
        address = get_call(ctypes.addressof(vfs), name.encode())
        if not address:
            continue
        disk.originals[name] = kind(address)

        def call(*arguments: Any, name: str = name) -> int:
            return disk.call(name, *arguments)

        _kept.append(kind(call))
        place = ctypes.cast(_kept[-1], ctypes.c_void_p)
        assert set_call(ctypes.addressof(vfs), name.encode(), place) == 0
        replaced.append(name)
    assert {"open", "write", "ftruncate"} < set(replaced)
    really_open = vfs.xOpen
    opening = _OPEN(really_open)

    def xopen(vfs: int, name: int, file: int, flags: int, out: int) -> int:
        done = int(opening(vfs, name, file, flags, out))
        if done == 0:
            disk.opened(file, name)
        return done

    _kept.append(_OPEN(xopen))
    vfs.xOpen = ctypes.cast(_kept[-1], ctypes.c_void_p).value
    _installed.append(disk)
    try:
        yield disk
    finally:
        _installed.pop()
        vfs.xOpen = really_open
        for name in replaced:
            set_call(ctypes.addressof(vfs), name.encode(), None)


_READ = ctypes.CFUNCTYPE(
    ctypes.c_ssize_t, _INT, _POINTER, _SIZE, _OFFSET, use_errno=True
)


@contextmanager
def bad_blocks(pages: Container[int]) -> Iterator[None]:
    """Let no page of a database be read whose number, from 0, is among these."""
    vfs = reached()
    if vfs is None:  # pragma: no cover - not on this machine
        pytest.skip("this SQLite has no system calls that a test may replace")
    set_call, get_call = _SET_CALL(vfs.xSetSystemCall), _GET_CALL(vfs.xGetSystemCall)
    address = get_call(ctypes.addressof(vfs), b"pread64")
    read = _READ(address)

    def call(file: int, into: int, size: int, offset: int) -> int:
        page, within = divmod(offset, 4096)
        if not within and page in pages:
            ctypes.set_errno(errno.EIO)
            return -1
        return int(read(file, into, size, offset))

    _kept.append(_READ(call))
    place = ctypes.cast(_kept[-1], ctypes.c_void_p)
    assert set_call(ctypes.addressof(vfs), b"pread64", place) == 0
    try:
        yield
    finally:
        set_call(ctypes.addressof(vfs), b"pread64", address)


ERRORS = (errno.ENOSPC, errno.EIO, errno.EROFS)
