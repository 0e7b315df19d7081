"""One file of this machine: opened without a trap, read within a bound. Blocking."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
import errno
import os
from pathlib import Path
import stat
from typing import Final

from ..delivery.enclosures import MissingReason
from .errors import NotAttachedError

# Files there are the kernel's: a read may have an effect, or never end.
_SPECIAL: Final = tuple(map(Path, ("/proc", "/sys")))

type Limit = Callable[[bytes | bytearray], int]
"""How many bytes may be read of what begins so."""

_HEAD: Final = 32
_CHUNK: Final = 262_144
_GONE: Final = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP}


def read_allowed(path: str, allowed: Collection[str], limit: Limit) -> bytes:
    """Return what is in a file that lies inside one of the ``allowed`` folders.

    That it lies there is asked of the file that was opened, by the path that the kernel
    knows for it: no link, and nobody who puts another file in its place meanwhile, leads
    out of the folders. What lies outside is not even looked at. Raises
    ``NotAttachedError``; see ``read``.
    """
    with _errors():
        resolved = os.path.realpath(path)
        if not _inside(resolved, allowed):
            raise NotAttachedError(MissingReason.NOT_ALLOWED)
        with _opened(resolved, os.O_NOFOLLOW) as (file, opened):
            if not _inside(opened, allowed):
                raise NotAttachedError(MissingReason.NOT_ALLOWED)
            return _content(file, limit)


def read(path: Path, limit: Limit) -> bytes:
    """Return what is in a file that a media source vouches for.

    Raises ``NotAttachedError``: not found, unreadable, empty, too large, or unsupported,
    which is all that is no regular file.
    """
    with _errors(), _opened(str(path)) as (file, _):
        return _content(file, limit)


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except OSError as err:
        gone = err.errno in _GONE
        reason = MissingReason.NOT_FOUND if gone else MissingReason.UNREADABLE
        raise NotAttachedError(reason) from err
    except ValueError as err:
        # A NUL, or half of a character, in the path.
        raise NotAttachedError(MissingReason.NOT_FOUND) from err


@contextmanager
def _opened(path: str, flags: int = 0) -> Iterator[tuple[int, str]]:
    """Open a regular file to be read; yield it, and the path that it has really.

    It is looked at before it is opened: that alone may wait for a writer (a FIFO), or
    act on a device.
    """
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC | flags)
    try:
        itself = f"/proc/self/fd/{handle}"
        real = os.readlink(itself)  # noqa: PTH115 - a path as the kernel says it
        special = any(Path(real).is_relative_to(folder) for folder in _SPECIAL)
        if special or not stat.S_ISREG(os.fstat(handle).st_mode):
            raise NotAttachedError(MissingReason.UNSUPPORTED)
        file = os.open(itself, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    finally:
        os.close(handle)
    try:
        yield file, real
    finally:
        os.close(file)


def _content(file: int, limit: Limit) -> bytes:
    """Read to the end, but never past the bound, however the file grows meanwhile."""
    data = bytearray(os.read(file, _HEAD))
    if not data:
        raise NotAttachedError(MissingReason.EMPTY)
    most = limit(data)
    while len(data) <= most and (chunk := os.read(file, _CHUNK)):
        data += chunk
    if len(data) > most:
        raise NotAttachedError(MissingReason.TOO_LARGE)
    return bytes(data)


def _inside(path: str, folders: Collection[str]) -> bool:
    """Say what ``hass.config.is_allowed_path`` says, of a path without links."""
    return any(Path(path).is_relative_to(folder) for folder in folders)
