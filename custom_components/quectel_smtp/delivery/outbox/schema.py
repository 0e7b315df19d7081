"""The outbox's tables, and how a database of an older version becomes one of ours."""

from collections.abc import Sequence
from contextlib import suppress
from functools import cache
import sqlite3
from typing import Final

from ..errors import OutboxNewerError

APPLICATION_ID: Final = 0x51434D4C
"""In the file's header (SQLite file format 1.3.12): it is an outbox, "QCML"."""

# Times are seconds of the outbox's clock, those named "wall" are Unix time. A due time is
# what makes an envelope come up again: one that is being sent, is over or waits for a
# person has none.
#
# All that an email says, and to whom, is the content of its parts, which are gone once it
# is over. SQLite overwrites what is deleted, but not the copies that it leaves behind
# when it moves records from page to page. What lies in overflow pages never moves; and
# since at most 4061 bytes of a record lie elsewhere (SQLite file format 1.6, with pages
# of 4096 bytes), the padding puts the content there.
_FIRST: Final = (
    """
    CREATE TABLE emails (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        reference TEXT NOT NULL UNIQUE,
        recipient TEXT NOT NULL,
        critical INTEGER NOT NULL,
        accepted REAL NOT NULL,
        accepted_wall REAL NOT NULL,
        expires REAL NOT NULL,
        times INTEGER NOT NULL,
        size INTEGER NOT NULL,
        state TEXT NOT NULL,
        reported TEXT NOT NULL,
        ended REAL,
        merged_into INTEGER REFERENCES emails (id) ON DELETE SET NULL
    )
    """,
    "CREATE INDEX emails_accepted ON emails (accepted) WHERE ended IS NULL",
    "CREATE INDEX emails_expires ON emails (expires) WHERE ended IS NULL",
    "CREATE INDEX emails_ended ON emails (ended) WHERE ended IS NOT NULL",
    "CREATE INDEX emails_merged ON emails (merged_into) WHERE merged_into IS NOT NULL",
    """
    CREATE TABLE parts (
        email INTEGER NOT NULL REFERENCES emails (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        kind TEXT NOT NULL,
        padding BLOB NOT NULL DEFAULT (zeroblob(4096)),
        content NOT NULL,
        PRIMARY KEY (email, number)
    )
    """,
    """
    CREATE TABLE envelopes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        email INTEGER NOT NULL REFERENCES emails (id) ON DELETE CASCADE,
        part INTEGER NOT NULL,
        critical INTEGER NOT NULL,
        accepted REAL NOT NULL,
        members TEXT,
        state TEXT NOT NULL,
        reason TEXT,
        due REAL,
        attempts INTEGER NOT NULL DEFAULT 0,
        lost INTEGER NOT NULL DEFAULT 0,
        doubts INTEGER NOT NULL DEFAULT 0,
        temporary INTEGER NOT NULL DEFAULT 0,
        rebuilt INTEGER NOT NULL DEFAULT 0,
        finding TEXT,
        deadline REAL,
        mark INTEGER
    )
    """,
    "CREATE INDEX envelopes_email ON envelopes (email)",
    # In the order in which they are taken, with all that the search for one needs.
    """
    CREATE INDEX envelopes_order ON envelopes (critical DESC, accepted, id, due, email)
    WHERE due IS NOT NULL
    """,
    "CREATE INDEX envelopes_due ON envelopes (due) WHERE due IS NOT NULL",
    "CREATE INDEX envelopes_held ON envelopes (reason, due, email) WHERE state = 'held'",
    "CREATE INDEX envelopes_sending ON envelopes (id) WHERE state = 'sending'",
    """
    CREATE TABLE transitions (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        reference TEXT NOT NULL,
        recipient TEXT NOT NULL,
        state TEXT NOT NULL,
        wall REAL NOT NULL,
        attempts INTEGER NOT NULL,
        finding TEXT,
        reason TEXT,
        merged_into TEXT,
        next_attempt_wall REAL
    )
    """,
    "CREATE TABLE sends (elapsed REAL NOT NULL, burst INTEGER NOT NULL)",
    "CREATE INDEX sends_elapsed ON sends (elapsed, burst)",
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID",
)

_SECOND: Final = (
    "ALTER TABLE envelopes ADD COLUMN full INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE envelopes ADD COLUMN unproved INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE emails ADD COLUMN recipient_id TEXT",
)

# By which way an envelope is being sent. Findings say it, too, and the server's words.
_THIRD: Final = ("ALTER TABLE envelopes ADD COLUMN way TEXT",)

# Attachments: parts whose content is a BLOB, and what they are called behind it. What an
# envelope carries of them, and until when an email waits for those that are to come. An
# email's text, which was an array, has become an object.
_FOURTH: Final = (
    "ALTER TABLE parts ADD COLUMN name TEXT",
    "ALTER TABLE parts ADD COLUMN content_type TEXT",
    "ALTER TABLE parts ADD COLUMN content_id TEXT",
    "ALTER TABLE envelopes ADD COLUMN carries TEXT",
    "ALTER TABLE emails ADD COLUMN awaits REAL",
    "CREATE INDEX emails_awaits ON emails (awaits) WHERE awaits IS NOT NULL",
)

MIGRATIONS: tuple[Sequence[str], ...] = (_FIRST, _SECOND, _THIRD, _FOURTH)
"""What makes version 1 of an empty file, version 2 of version 1, and so on.

Each changes the schema, also where only what is written in it is new: an older version
of ours can't know that, and leaves alone what it sees to be newer.
"""


class ForeignDatabaseError(Exception):
    """The file is a sound database, but no outbox."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the database to this version, in one transaction.

    Raises ``ForeignDatabaseError`` or ``OutboxNewerError``, with nothing changed.
    """
    version = _pragma(connection, "user_version")
    application = _pragma(connection, "application_id")
    new = version == 0 and not _tables(connection)
    if not new and application != APPLICATION_ID:
        raise ForeignDatabaseError("application_id")
    if version < 0:
        raise ForeignDatabaseError("user_version")
    if version > len(MIGRATIONS):
        if _tables(connection) != _expected(MIGRATIONS):
            raise OutboxNewerError
        # Every version changes the schema: it is the number that is wrong.
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    if version < len(MIGRATIONS):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statements in MIGRATIONS[version:]:
                for statement in statements:
                    connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
            connection.execute("COMMIT")
        except sqlite3.Error:
            with suppress(sqlite3.Error):
                # SQLite may have done it already.
                connection.execute("ROLLBACK")
            raise
    found = _tables(connection)
    # What SQLite's own tools add, statistics for one, does no harm.
    if not _expected(MIGRATIONS) <= found or any(
        kind == "trigger" for kind, *_ in found
    ):
        raise ForeignDatabaseError("schema")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)


def _tables(connection: sqlite3.Connection) -> frozenset[tuple[str, ...]]:
    """Return what the database consists of."""
    return frozenset(connection.execute("SELECT type, name, sql FROM sqlite_schema"))


@cache  # more than half of the time that opening an outbox took went into this
def _expected(migrations: tuple[Sequence[str], ...]) -> frozenset[tuple[str, ...]]:
    """Return what a database consists of that all these have made."""
    connection = sqlite3.connect(":memory:")
    try:
        for statements in migrations:
            for statement in statements:
                connection.execute(statement)
        return _tables(connection)
    finally:
        connection.close()
