"""``Store``: transactions on the outbox's database, and what every one of them keeps."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
import sqlite3
from typing import Final

from ..records import Instant, OutboxWriteError
from .file import Connect, error_name, open_database
from .rows import integer, moment, real

# SQLite's own default (https://sqlite.org/wal.html#automatic_checkpoint).
_AUTOCHECKPOINT: Final = 1000

BACKUP: Final = "backup"
"""The key under which is noted that the database is copied, and since when."""

type Row = tuple[object, ...]
type Value = str | float | int | None


@dataclass(frozen=True, slots=True)
class Totals:
    """What waits: emails, and the bytes of their content."""

    emails: int = 0
    size: int = 0


class Store:
    """One connection, on whose thread everything happens.

    ``OutboxWriteError`` is raised for whatever SQLite can't do, with its name for it.
    """

    def __init__(self, path: Path, connect: Connect) -> None:
        """Take the path and how to connect to it."""
        self._path = path
        self._connect = connect
        self._connection: sqlite3.Connection | None = None
        self._frozen = False
        self._thawing = False
        self._erased = False
        self._staged = Totals()
        self.totals = Totals()

    def open(self) -> bool:
        """Open the database; returns whether a damaged one was set aside."""
        self._connection, damaged = open_database(self._path, self._connect)
        self._frozen = self._thawing = False
        # What an earlier run had no time to erase.
        self._erased = True
        self.totals = self._staged = Totals()
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
    def writing(self, at: Instant | None) -> Iterator[None]:
        """Do it all in one transaction, on disk when this ends without an error.

        The clock is kept with it, unless nobody knows what it shows.
        After an error nothing of it has happened, in memory neither.
        """
        connection = self.connection
        self._staged = self.totals
        with _named():
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                if at is not None:
                    self.put("elapsed", at.elapsed)
                    self.put("wall", moment(at.wall))
                if self._thawing:
                    self.put(BACKUP, None)
                connection.execute("COMMIT")
            except BaseException as err:
                self._undo(connection, isinstance(err, sqlite3.Error))
                raise
        self.totals = self._staged
        self._tidy()

    def _undo(self, connection: sqlite3.Connection, failed: bool) -> None:
        with suppress(sqlite3.Error):
            # SQLite may have done it already.
            connection.execute("ROLLBACK")
        if failed:
            # A commit that failed in its fsync may be whole in the log, and be taken
            # for true after a crash. Another commit puts itself in its place.
            with suppress(sqlite3.Error):
                connection.execute(
                    "INSERT INTO meta (key, value) VALUES ('failures', 1)"
                    " ON CONFLICT (key) DO UPDATE SET value = value + 1"
                )

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
        self._erased = True

    def _tidy(self) -> None:
        """Let nothing of what was erased remain in the log, if it can be done now.

        Where it can't, it is done with the next commit. The last one stands either way.
        """
        with suppress(sqlite3.Error, OutboxWriteError):
            if self._thawing:
                self._set_frozen(False)
                self._thawing = False
            if self._erased and not self._frozen:
                self._checkpoint()

    def _checkpoint(self) -> None:
        row = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if row[0]:
            raise OutboxWriteError("busy")
        self._erased = False

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
        raise OutboxWriteError(error_name(err)) from err
