"""A block of the disk that goes bad under an outbox's database while that is open."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import sqlite3
from typing import Final

PAGE: Final = 4096


def forgetful(path: Path) -> sqlite3.Connection:
    """Connect with so small a cache that all is read from the disk."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA cache_size = 5")
    return connection


def page_of(path: Path, content: bytes) -> int:
    """Return the page, from 0, that holds this of a database that is closed."""
    found = path.read_bytes().find(content)
    assert found > 0
    return found // PAGE


@contextmanager
def garbled(path: Path, page: int) -> Iterator[None]:
    """Have a page hold what nobody wrote there."""
    with path.open("r+b", buffering=0) as file:
        file.seek(page * PAGE)
        was = file.read(PAGE)
        file.seek(page * PAGE)
        file.write(b"\xff" * PAGE)
        yield
        file.seek(page * PAGE)
        file.write(was)
