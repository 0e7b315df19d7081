"""``Store``: transactions on the outbox's database, and what every one of them keeps."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto
from pathlib import Path
import sqlite3
from typing import Final

from ..errors import OutboxWriteError, UnreadableError
from ..records import Instant
from .file import Connect, error_name, open_database
from .rows import integer, moment, real

# SQLite's own default (https://sqlite.org/wal.html#automatic_checkpoint).
_AUTOCHECKPOINT: Final = 1000

BACKUP: Final = "backup"
"""The key under which is noted that the database is copied, and since when."""

# What a bad block is noticed by: it can't be read, or holds something else.
_UNREADABLE: Final = (
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_IOERR_READ,
    sqlite3.SQLITE_IOERR_SHORT_READ,
    sqlite3.SQLITE_IOERR_CORRUPTFS,
)

# A change that means nothing: what counts is its commit.
_ANOTHER: Final = (
    "INSERT INTO meta (key, value) VALUES ('commits', 1)"
    " ON CONFLICT (key) DO UPDATE SET value = value + 1"
)

type Row = tuple[object, ...]
type Value = str | bytes | float | int | None


class Synced(Enum):
    """When a commit is safe from a loss of power. A kill undoes none.

    Each fsync wears a memory card, and some take a second for it.
    """

    NOW = auto()
    """Before it returns."""
    BEFORE_TOLD = auto()
    """With the checkpoint in its wake, or else before anybody is told of it."""
    LATER = auto()
    """With any other: nothing but work is lost with it."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What waits: emails, and the bytes of their content."""

    emails: int = 0
    size: int = 0


class Store:
    """One connection, on whose thread everything happens.

    ``OutboxWriteError`` is raised for whatever SQLite can't do, with its name for it;
    ``UnreadableError`` where a bad block may be to blame.
    """

    def __init__(self, path: Path, connect: Connect) -> None:
        """Take the path and how to connect to it."""
        self._path = path
        self._connect = connect
        self._connection: sqlite3.Connection | None = None
        self._frozen = False
        self._thawing = False
        # Whether the log is to be emptied into the database.
        self._to_empty = False
        # Whether commits are synced, and whether one has still to be.
        self._syncing = True
        self._unsynced = False
        # Whether an fsync of it has failed.
        self._log_failed = False
        # What is written with the next transaction, whatever that is.
        self._riding: dict[str, Value] = {}
        self._staged = Totals()
        self.totals = Totals()
        self.unreadable: set[tuple[int, int]] = set()
        """Parts that lie on bad blocks, by email and number: none can be erased."""

    def open(self) -> bool:
        """Open the database; returns whether a damaged one was set aside."""
        self._connection, damaged = open_database(self._path, self._connect)
        self._frozen = self._thawing = self._unsynced = False
        self._syncing, self._log_failed = True, False
        # What an earlier run had no time to erase.
        self._to_empty = True
        self.totals = self._staged = Totals()
        self.unreadable.clear()
        return damaged

    def close(self) -> None:
        """Close the database, with nothing left in its log unless it is frozen."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @property
    def connection(self) -> sqlite3.Connection:
        """The open connection."""
        if self._connection is None:
            raise OutboxWriteError("closed")
        return self._connection

    # Reading.

    def rows(self, statement: str, *values: Value) -> list[Row]:
        """Return all rows that a statement finds."""
        with _named():
            return self.connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Value) -> Row | None:
        """Return the first row that a statement finds."""
        found = self.rows(statement, *values)
        return found[0] if found else None

    def get(self, key: str) -> object:
        """Return what ``put`` stored, None if nothing was."""
        found = self.row("SELECT value FROM meta WHERE key = ?", key)
        return found[0] if found else None

    # Writing.

    @contextmanager
    def writing(
        self, at: Instant | None, synced: Synced = Synced.NOW
    ) -> Iterator[None]:
        """Do it all in one transaction, committed when this ends without an error.

        The clock is kept with it, unless nobody knows what it shows.
        After an error nothing of it has happened, in memory neither. Within another one
        it is part of that.
        """
        connection = self.connection
        if connection.in_transaction:
            yield
            return
        self._staged = self.totals
        with _named():
            self._begin_log_anew()
            # While the log may not be emptied no checkpoint syncs it.
            lazy = synced is not Synced.NOW and not self._frozen
            self._set_syncing(not lazy)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                if at is not None:
                    self.put("elapsed", at.elapsed)
                    self.put("wall", moment(at.wall))
                if self._thawing:
                    self.put(BACKUP, None)
                for key, value in self._riding.items():
                    self.put(key, value)
                connection.execute("COMMIT")
            except BaseException as err:
                self._undo(connection, err)
                raise
        self.totals = self._staged
        self._riding.clear()
        self._unsynced = not self._syncing and (
            self._unsynced or synced is Synced.BEFORE_TOLD
        )
        self._tidy()

    def sync(self) -> None:
        """Have on disk what may not be told before; ``OutboxWriteError`` if it can't be."""
        if self._unsynced:
            with self.writing(None):
                self.run(_ANOTHER)

    def _set_syncing(self, syncing: bool) -> None:
        """Have commits synced or not; SQLite takes this between transactions only."""
        if syncing is not self._syncing:
            level = "FULL" if syncing else "NORMAL"
            self.connection.execute(f"PRAGMA synchronous = {level}")
            self._syncing = syncing

    def _begin_log_anew(self) -> None:
        """Have nothing stand in the log behind what an fsync that failed may have lost.

        The system takes that for written, and whatever follows it in the log would be
        lost with it when the power goes. Synced commits alone would not need this.
        """
        if self._log_failed and not self._frozen:
            self._checkpoint()
            self._set_syncing(True)
            # SQLite syncs the beginning of a log by itself.
            self.connection.execute(_ANOTHER)
            self._log_failed = False

    def _undo(self, connection: sqlite3.Connection, err: BaseException) -> None:
        with suppress(sqlite3.Error):
            # SQLite may have done it already.
            connection.execute("ROLLBACK")
        if isinstance(err, sqlite3.Error):
            self._note_failed(err)
            # A commit that failed in its fsync may be whole in the log, and be taken
            # for true after a crash. Another commit puts itself in its place.
            with suppress(sqlite3.Error):
                connection.execute(_ANOTHER)

    def run(self, statement: str, *values: Value) -> int:
        """Carry out a statement in a transaction; returns how many rows it changed."""
        return self.connection.execute(statement, values).rowcount

    def insert(self, table: str, **values: Value) -> int:
        """Insert a row; returns its id."""
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        cursor = self.connection.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608 - ours
            tuple(values.values()),
        )
        return cursor.lastrowid or 0

    def put(self, key: str, value: Value) -> None:
        """Store a value under a key; None removes it."""
        if value is None:
            self.run("DELETE FROM meta WHERE key = ?", key)
            return
        self.run(
            "INSERT INTO meta (key, value) VALUES (?1, ?2)"
            " ON CONFLICT (key) DO UPDATE SET value = ?2",
            key,
            value,
        )

    def put_along(self, key: str, value: Value) -> None:
        """Store a value with the next transaction, whatever that is: it is worth none."""
        self._riding[key] = value

    def count(self, emails: int, size: int) -> None:
        """Note, in a transaction, that so much more waits from its commit on."""
        self._staged = replace(
            self._staged,
            emails=self._staged.emails + emails,
            size=self._staged.size + size,
        )

    def recount(self) -> None:
        """Count, in a transaction, what waits from its commit on."""
        ((emails, size),) = self.rows(
            "SELECT count(*), total(CAST(size AS INTEGER)) FROM emails"
            " WHERE ended IS NULL"
        )
        self._staged = Totals(integer(emails), int(real(size)))

    # What is in the files.

    def erased(self) -> None:
        """Note that something was erased that the log may still hold."""
        self._to_empty = True

    def _tidy(self) -> None:
        """Let nothing of what was erased remain in the log, if it can be done now.

        Where it can't, it is done with the next commit. The last one stands either way.
        """
        try:
            if self._thawing:
                self._set_frozen(False)
                self._thawing = False
            if self._to_empty and not self._frozen:
                self._checkpoint()
        except OutboxWriteError:
            pass
        except sqlite3.Error as err:
            self._note_failed(err)

    def _note_failed(self, err: sqlite3.Error) -> None:
        code = getattr(err, "sqlite_errorcode", 0)
        self._log_failed = self._log_failed or code == sqlite3.SQLITE_IOERR_FSYNC

    def _checkpoint(self) -> None:
        row = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if row[0]:
            raise OutboxWriteError("busy")
        self._to_empty = self._unsynced = False

    def freeze(self) -> None:
        """Leave the database's own file as it is from now on: only its log grows."""
        with _named():
            self._set_frozen(True)
            try:
                self._checkpoint()
            except BaseException:
                self._set_frozen(False)
                raise

    def note_backup(self, wall: datetime) -> None:
        """Note, in a transaction, that the database is copied from now on."""
        self._thawing = False
        self.put(BACKUP, moment(wall))

    def thaw(self) -> None:
        """Drop the note, and take the log in again, with the next commit there is."""
        self._thawing = True

    def _set_frozen(self, frozen: bool) -> None:
        connection = self.connection
        pages = 0 if frozen else _AUTOCHECKPOINT
        connection.execute(f"PRAGMA wal_autocheckpoint = {pages}")
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, frozen)
        self._frozen = frozen


@contextmanager
def _named() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as err:
        unreadable = getattr(err, "sqlite_errorcode", 0) in _UNREADABLE
        kind = UnreadableError if unreadable else OutboxWriteError
        raise kind(error_name(err)) from err
