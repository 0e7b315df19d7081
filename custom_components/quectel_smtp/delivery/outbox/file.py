"""The outbox's file: opened soundly, or set aside, or removed.

SQLite in WAL mode with one lock for as long as it is open: a commit is one write and
at most one fsync, and nobody else reads or writes.
"""

from collections.abc import Callable
from contextlib import suppress
import errno
import os
from pathlib import Path
import re
import sqlite3
import stat
from typing import Final

from ..errors import OutboxWriteError
from .schema import ForeignDatabaseError, migrate

type Connect = Callable[[Path], sqlite3.Connection]

DAMAGED_KEPT: Final = 3
"""Databases that were set aside are kept for whoever wants to look, the last few."""

_MODE: Final = 0o600
_BLOCK: Final = 1024 * 1024
# What SQLite may put beside the database.
_BESIDE: Final = ("-wal", "-shm", "-journal")
_NOT_A_FILE: Final = frozenset({errno.EISDIR, errno.ELOOP, errno.ENXIO})
# SQLite file format 1.3: our page size, which the schema's padding counts on; and with
# other versions than these SQLite only reads a database, or takes it for none.
_HEADER: Final = re.compile(rb"SQLite format 3\0\x10\x00[\x01\x02]{2}.{80}", re.DOTALL)
# Whatever is in the file, it is not what was written there. Only the file's content can
# make an error of statements that are always the same.
_DAMAGED: Final = frozenset(
    {
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_ERROR,
    }
)

# Read back after each is set: SQLite ignores what it doesn't know or can't do.
_PRAGMAS: Final = (
    # Takes effect as long as the file is new.
    ("page_size", "4096", 4096),
    # First: WAL then needs no shared memory, which not every file system has.
    ("locking_mode", "EXCLUSIVE", "exclusive"),
    ("journal_mode", "WAL", "wal"),
    # An fsync for each commit (https://sqlite.org/pragma.html#pragma_synchronous), but
    # for those that ``Synced`` spares one.
    ("synchronous", "FULL", 2),
    ("secure_delete", "ON", 1),
    ("foreign_keys", "ON", 1),
    ("trusted_schema", "OFF", 0),
    # No text in files that we know nothing of.
    ("temp_store", "MEMORY", 2),
)


class _DamagedError(Exception):
    """The file is there and can be read, but is no sound outbox."""


def connect(path: Path) -> sqlite3.Connection:
    """Connect as the outbox needs it: transactions begin and end where it says."""
    return sqlite3.connect(path, isolation_level=None)


def open_database(path: Path, connect: Connect) -> tuple[sqlite3.Connection, bool]:
    """Open the database, made if there is none; returns whether one was set aside.

    Raises ``OutboxWriteError`` if there can be none, ``OutboxNewerError`` if one is
    there that a newer version wrote: it stays as it is.
    """
    try:
        try:
            return _open(path, connect), False
        except _DamagedError:
            set_aside(path)
            return _open(path, connect), True
    except _DamagedError as err:
        raise OutboxWriteError("damaged anew") from err
    except sqlite3.Error as err:
        raise OutboxWriteError(error_name(err)) from err
    except OSError as err:
        raise OutboxWriteError(errno.errorcode.get(err.errno or 0, "OSError")) from err


def error_name(err: sqlite3.Error) -> str:
    """Return SQLite's name of the error, which holds no value of any row."""
    return str(getattr(err, "sqlite_errorname", type(err).__name__))


def _open(path: Path, connect: Connect) -> sqlite3.Connection:
    _prepare(path)
    _read_ahead(path)
    connection = connect(path)
    try:
        _configure(connection)
        migrate(connection)
        _check(connection)
    except (ForeignDatabaseError, UnicodeDecodeError) as err:
        # Not UTF-8 is what SQLite quotes of a garbled schema in its message.
        connection.close()
        raise _DamagedError(type(err).__name__) from err
    except sqlite3.Error as err:
        connection.close()
        code = getattr(err, "sqlite_errorcode", 0)
        # Extended codes carry the primary one in their last byte.
        if code & 0xFF in _DAMAGED:
            raise _DamagedError(error_name(err)) from err
        raise
    except BaseException:
        connection.close()
        raise
    return connection


def _configure(connection: sqlite3.Connection) -> None:
    # What is not UTF-8 must not keep the rest of a row from being read.
    connection.text_factory = _text
    for name, value, expected in _PRAGMAS:
        connection.execute(f"PRAGMA {name} = {value}")
        (found,) = connection.execute(f"PRAGMA {name}").fetchone()
        if found != expected:
            raise OutboxWriteError(f"{name} is {found}")


def _check(connection: sqlite3.Connection) -> None:
    if _sound(connection):
        return
    # An index can be made anew from its table, and the emails go on.
    connection.execute("REINDEX")
    if not _sound(connection):
        raise _DamagedError("integrity_check")


def _prepare(path: Path) -> None:
    """Have a file that is ours alone, before SQLite could make one that is not."""
    try:
        opened = os.open(
            path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, _MODE
        )
    except OSError as err:
        if err.errno in _NOT_A_FILE:
            raise _DamagedError("not a file") from err
        raise
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise _DamagedError("not a file")
        # Whatever the umask, and whatever an older file had.
        os.fchmod(opened, _MODE)
        header = os.read(opened, 100)
    finally:
        os.close(opened)
    journal = _beside(path, "-journal")
    if journal.is_dir(follow_symlinks=False):
        # SQLite makes none, and could read nothing beside it.
        journal.rename(_beside(_next_aside(path), "-journal"))
    # As long as there is a journal SQLite may still make it whole.
    if header and not _HEADER.match(header) and not journal.exists():
        raise _DamagedError("header")
    wal = _beside(path, "-wal")
    try:
        logged = wal.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(logged.st_mode):
        raise _DamagedError("the log is not a file")
    if logged.st_size and not header:
        # SQLite would take the database for new, and delete what its log holds.
        raise _DamagedError("a log without its database")
    wal.chmod(_MODE)


def _read_ahead(path: Path) -> None:
    """Read the file in its order: the check of it, page by page, then waits for no disk.

    After a power cut nothing of it is in memory, and the pages of a table lie anywhere.
    """
    with path.open("rb", buffering=0) as file:
        while file.read(_BLOCK):
            pass


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")


def _sound(connection: sqlite3.Connection) -> bool:
    """Check the whole file; a value that is missing is a matter of its row."""
    return all(
        line == "ok" or line.startswith("NULL value in ")
        for (line,) in connection.execute("PRAGMA integrity_check").fetchall()
    ) and all(
        _complete(connection, *found)
        for found in connection.execute(
            "SELECT name, tbl_name, sql FROM sqlite_schema"
            " WHERE type = 'index' AND sql LIKE '%WHERE%'"
        ).fetchall()
    )


def _complete(
    connection: sqlite3.Connection, index: str, table: str, statement: str
) -> bool:
    """Check that a partial index has no row too many, as SQLite's own check does not."""
    condition = statement.partition("WHERE")[2]
    (indexed,), (real,) = (
        connection.execute(
            f"SELECT count(*) FROM {table} {how} WHERE {condition}"  # noqa: S608 - ours
        ).fetchone()
        for how in (f"INDEXED BY {index}", "NOT INDEXED")
    )
    return bool(indexed == real)


def set_aside(path: Path) -> None:
    """Rename a damaged database and what belongs to it; the oldest such are removed."""
    earlier = _numbers(path)
    for number in earlier[: len(earlier) - DAMAGED_KEPT + 1]:
        _remove(_aside(path, number))
    aside = _next_aside(path)
    # The database itself last: if we are interrupted, the rest is found to be damaged
    # once more.
    for suffix in (*_BESIDE, ""):
        with suppress(FileNotFoundError):
            found = _beside(path, suffix).rename(_beside(aside, suffix))
            if stat.S_ISREG(found.lstat().st_mode):
                found.chmod(_MODE)


def remove_database(path: Path) -> None:
    """Remove the database and everything that ever belonged to it."""
    for suffix in (*_BESIDE, ""):
        _beside(path, suffix).unlink(missing_ok=True)
    for number in _numbers(path):
        _remove(_aside(path, number))


def _aside(path: Path, number: int) -> Path:
    return _beside(path, f".damaged-{number}")


def _next_aside(path: Path) -> Path:
    return _aside(path, max(_numbers(path), default=0) + 1)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _numbers(path: Path) -> list[int]:
    """Return the numbers of the databases that were set aside, in order."""
    # More were never made: what is named otherwise is somebody else's.
    name = re.compile(
        re.escape(path.name) + r"\.damaged-([0-9]{1,6})(-wal|-shm|-journal)?"
    )
    found = (name.fullmatch(other.name) for other in path.parent.iterdir())
    return sorted({int(match[1]) for match in found if match})


def _remove(aside: Path) -> None:
    """Remove what was set aside; a folder that has its name is nobody's database."""
    for suffix in (*_BESIDE, ""):
        found = _beside(aside, suffix)
        if not found.is_dir(follow_symlinks=False):
            found.unlink(missing_ok=True)
