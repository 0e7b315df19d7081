"""Counts what an email costs the disk: commits of the outbox, and fsyncs of its process.

    python -m benchmarks.toll FOLDER PORT COUNT

is the process that is counted: it accepts emails while the modem is absent, then sends
some through the modem on PORT. Where ``strace`` is there, it counts the fsyncs.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
import json
import os
from pathlib import Path
import shutil
import sqlite3
import subprocess
import sys

from custom_components.quectel_smtp.delivery.outbox.file import connect
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.tests.mail_server import MailServer

from .boundless import ABSENT, HOST, Office, email, folder
from .children import told_by
from .through_outbox import OPTIONS, Sending

# An fsync of nothing, which fails, says in strace's log where the counting begins.
_NOTHING = 1 << 30


@dataclass(frozen=True, slots=True)
class Toll:
    """For one email; ``fsyncs`` is None where nobody could count them."""

    commits: float
    checkpoints: float
    fsyncs: float | None


@dataclass(frozen=True, slots=True)
class Tolls:
    """Of an email that is accepted while the modem is absent, and of one that is sent."""

    accepted: Toll
    sent: Toll


class _Count:
    """Statements of the outbox's connection."""

    def __init__(self) -> None:
        self.commits = self.checkpoints = 0

    def connect(self, path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.set_trace_callback(self._statement)
        return connection

    def _statement(self, statement: str) -> None:
        self.commits += statement == "COMMIT"
        self.checkpoints += statement.startswith("PRAGMA wal_checkpoint")

    def take(self) -> list[int]:
        found = [self.commits, self.checkpoints]
        self.commits = self.checkpoints = 0
        return found


@asynccontextmanager
async def _office(path: Path, port: str, count: _Count) -> AsyncIterator[Office]:
    office = Office(path, port, options=OPTIONS, connect=count.connect)
    await office.courier.open()
    office.courier.on_transition(lambda _: None)
    office.courier.start()
    office.courier.show()
    try:
        yield office
    finally:
        await office.courier.close()


async def _counted(path: Path, port: str, many: int) -> list[int]:
    """Accept or send ``many`` emails; commits and checkpoints of them all."""
    count = _Count()
    async with _office(path, port, count) as office:
        sending = Sending(office)

        async def one() -> None:
            if port == ABSENT:
                await office.courier.submit(email())
                await office.outbox.quiet()
            else:
                await sending.send()
                await sending.rest()

        await one()
        _mark()
        count.take()
        for _ in range(many):
            await one()
        _mark()
        return count.take()


def _mark() -> None:
    with suppress(OSError):
        os.fdatasync(_NOTHING)


async def _both(place: Path, port: str, many: int) -> list[list[int]]:
    return [
        await _counted(place / "accepted.db", ABSENT, many),
        await _counted(place / "sent.db", port, many),
    ]


def _fsyncs(log: str) -> list[int]:
    """Return the fsyncs between the first and second mark, the third and fourth."""
    between = [0]
    for line in log.splitlines():
        if f"({_NOTHING})" in line:
            between.append(0)
        elif line.rstrip().endswith("= 0"):
            between[-1] += 1
    return [between[1], between[3]]


def _strace() -> tuple[str, ...]:
    """Return how to log fsyncs; nothing where that can't be done."""
    strace = shutil.which("strace")
    if strace is None:
        return ()
    watching = (strace, "-f", "-qq", "-e", "trace=fsync,fdatasync", "-e", "signal=none")
    # In a container it may be there and not allowed.
    tried = subprocess.run([*watching, "true"], check=False, capture_output=True)
    return () if tried.returncode else watching


def run(many: int) -> Tolls:
    """Count over ``many`` emails of each kind."""
    with (
        MailServer() as server,
        VirtualModem(hosts={HOST: {25: server.port}}) as virtual,
        folder() as place,
    ):
        log = place / "fsyncs"
        strace = _strace()
        told = told_by(
            "toll",
            *(str(place), virtual.port, str(many)),
            under=(*strace, "-o", str(log)) if strace else (),
        )
        fsyncs = _fsyncs(log.read_text()) if strace else None
    tolls = [
        Toll(
            commits / many,
            checkpoints / many,
            None if fsyncs is None else fsyncs[number] / many,
        )
        for number, (commits, checkpoints) in enumerate(json.loads(told))
    ]
    return Tolls(*tolls)


def _main(place: str, port: str, many: str) -> None:
    print(json.dumps(asyncio.run(_both(Path(place), port, int(many)))))


if __name__ == "__main__":
    _main(*sys.argv[1:])
