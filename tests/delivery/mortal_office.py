"""A courier whose process may be killed at any moment, and who is watched all the time.

Whatever a killed process had begun has no effect from that moment on: nothing of it
reaches the disk, the modem or anybody who listens. What was committed stays; where the
power went, only what was synced.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import logging
from pathlib import Path
import random
import sqlite3
from typing import Any, Final, override

from custom_components.quectel_smtp.delivery.changes import Change
from custom_components.quectel_smtp.delivery.courier.courier import Courier
from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.enclosures import Missing
from custom_components.quectel_smtp.delivery.errors import (
    BeingSentError,
    NotWaitingError,
    OutboxFullError,
    OutboxWriteError,
)
from custom_components.quectel_smtp.delivery.outbox.outbox import Opened, Outbox
from custom_components.quectel_smtp.delivery.outbox.thread import OutboxThread
from custom_components.quectel_smtp.delivery.records import (
    Finding,
    Instant,
    Item,
    Options,
    Reason,
    State,
    Transition,
    Verdict,
    Way,
)
from custom_components.quectel_smtp.delivery.settings import Settings
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from tests.modem.scripted_modem import NOW

from .bench import SETTINGS, WORDING
from .ledger_modem import AWAY, HOME, LedgerModem, Wire
from .notary import Books, Notary
from .outbox.failing_disk import Disk as Cache

EMAILS: Final = 40
RESERVED: Final = 8
PACKAGE: Final = "custom_components.quectel_smtp"
START: Final = replace(SETTINGS, port=PortSettings(HOME))
_STEPS_OF_A_WAIT: Final = 600
# Less than that may be too little to move a clock that has run for years.
_TICK: Final = 1e-3
_STOPPED_WITHIN: Final = 5.0
_BESIDE: Final = ("", "-wal")


class KilledError(BaseException):
    """The process is gone: no code of its own goes on."""


class Life(Wire):
    """One run of the process, and when it ends."""

    def __init__(self, run: int, died: Callable[[], None]) -> None:
        """Live until the fuse has burnt down; ``died`` is called then."""
        super().__init__(run)
        self._died = died
        self.steps = 0
        self.fuse: int | None = None

    @override
    def step(self) -> None:
        self.steps += 1
        if self.fuse is not None and not self.dead:
            self.fuse -= 1
            if self.fuse < 0:
                self.kill()

    def kill(self) -> None:
        """End here and now."""
        if not self.dead:
            self.dead = True
            self._died()


class MortalExecutor(Executor):
    """Runs work at once; what a dead process asks for is never done."""

    def __init__(self, life: Life) -> None:
        """Work as long as the process lives."""
        self._life = life

    @override
    def submit[**P, T](
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        future: Future[T] = Future()
        self._life.step()
        if self._life.dead:
            return future
        try:
            found = fn(*args, **kwargs)
        except BaseException as err:  # noqa: BLE001  # the future passes it on
            if not self._life.dead:
                future.set_exception(err)
            return future
        self._life.step()
        if not self._life.dead:
            future.set_result(found)
        return future


class Disk:
    """Where the outbox is; it may fail."""

    def __init__(self) -> None:
        """Be sound."""
        self.life = Life(0, lambda: None)
        self.fails = ""
        self.failed = False
        self.connection: sqlite3.Connection | None = None

    def connect(self, path: Path) -> sqlite3.Connection:
        """Connect to the database; on a file system in memory an fsync costs nothing."""
        self.before("PRAGMA")
        connection = sqlite3.connect(path, isolation_level=None, factory=Connection)
        assert isinstance(connection, Connection)
        connection.before = self.before
        self.connection = connection
        return connection

    def before(self, statement: str) -> None:
        """Fail, or die, before a statement."""
        verb = statement[:6]
        if verb in ("BEGIN ", "COMMIT"):
            self.life.step()
        if self.life.dead:
            raise KilledError
        fails = self.fails
        if fails and (
            fails == "all"
            or (fails == "commit" and verb == "COMMIT")
            or (fails == "write" and verb not in ("SELECT", "PRAGMA"))
        ):
            if verb != "ROLLBA":
                self.failed = True
                raise _io_error()

    def drop(self) -> None:
        """Leave the file as a killed process leaves it: with all that was committed."""
        connection, self.connection = self.connection, None
        if connection is not None:
            # One that was closed in order has nothing left to say.
            with suppress(sqlite3.ProgrammingError):
                connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)
            connection.close()


class Connection(sqlite3.Connection):
    """A connection that may fail before any statement."""

    before: Callable[[str], None]

    @override
    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        self.before(sql)
        return super().execute(sql, parameters)


def _io_error() -> sqlite3.Error:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    error.sqlite_errorname = "SQLITE_IOERR"
    return error


class WitnessedOutbox(Outbox):
    """An outbox that tells the notary what is written into it, once it is."""

    def __init__(self, office: MortalOffice) -> None:
        """Be small, so that it is full at times."""
        super().__init__(
            office.path, connect=office.disk.connect, emails=EMAILS, reserved=RESERVED
        )
        self._office = office
        # What was given out last, and under which options.
        self._items: dict[int, Item] = {}
        # The envelopes that are, or hold, what somebody wanted sent now.
        self._wanted: set[int] = set()
        self._options = Options()
        # What the notary is to hear once the commit is made that it belongs to.
        self._notes: list[Callable[[], None]] | None = None

    @override
    def open(self, wall: datetime) -> Opened:
        opened = super().open(wall)
        if self.unsettled() is None:
            self._office.notary.given_up()
        return opened

    @override
    def accept(self, email: Email, at: Instant, options: Options) -> str:
        waiting = self.summary().waiting
        most = EMAILS if email.critical else EMAILS - RESERVED
        try:
            reference = super().accept(email, at, options)
        except OutboxFullError:
            if waiting < most:
                self._office.complaints.append(f"full with {waiting}")
            raise
        if waiting >= most and self.summary().waiting > waiting:
            self._office.complaints.append(f"not full with {waiting}")
        self._office.notary.stored(email, at.elapsed, options)
        return reference

    @override
    def expire(self, at: Instant) -> None:
        self._office.notary.turn()
        super().expire(at)

    @override
    def next_due(
        self, at: Instant, options: Options, *, only_critical: bool = False
    ) -> Item | None:
        item = super().next_due(at, options, only_critical=only_critical)
        self._options = options
        if item is not None:
            wanted = item.reference in self._office.notary.books.wanted
            self._take(item, wanted=wanted)
        return item

    @override
    def digest(self, item: Item, at: Instant, compose: Any) -> Item:
        wanted = item.envelope in self._wanted
        item = super().digest(item, at, compose)
        self._take(item, wanted=wanted)
        return item

    @override
    def keep_apart(self, item: Item, parting: Any, at: Instant) -> Item:
        wanted = item.envelope in self._wanted
        item = super().keep_apart(item, parting, at)
        self._take(item, wanted=wanted)
        return item

    def _take(self, item: Item, *, wanted: bool) -> None:
        self._items[item.envelope] = item
        if wanted:
            self._wanted.add(item.envelope)

    @override
    def retry(self, reference: str | None, at: Instant) -> int:
        known = self._office.notary.books
        found = self.listed(at) if reference is None else ()
        count = super().retry(reference, at)
        known.wanted |= {one.reference for one in found} if found else {str(reference)}
        return count

    @override
    def begin(
        self,
        envelope: int,
        deadline: float,
        mark: int | None,
        at: Instant,
        way: Way = Way.MODULE,
        changes: Sequence[Change] = (),
    ) -> bool:
        begun = super().begin(envelope, deadline, mark, at, way, changes)
        if begun:
            notary = self._office.notary
            notary.begun(
                self._items[envelope],
                at.elapsed,
                self._options,
                way,
                wanted=envelope in self._wanted,
            )
        return begun

    @override
    def withdraw(self, envelope: int, at: Instant) -> None:
        super().withdraw(envelope, at)
        self._office.notary.withdrawn(envelope)

    @override
    def record(
        self, envelope: int, verdict: Verdict, finding: Finding, at: Instant
    ) -> None:
        sending = self._office.notary.books.sending.get(finding.way)
        super().record(envelope, verdict, finding, at)

        def note() -> None:
            if self._office.cut is not None:
                # Or nobody has been told of it, and it may not have happened.
                self.unshown()
            if sending == envelope:
                run = self._office.life.run
                self._office.notary.settled(
                    envelope, verdict.history, finding, run, at.elapsed
                )

        if self._notes is None:
            note()
        else:
            self._notes.append(note)

    @override
    @contextmanager
    def as_one(self, at: Instant) -> Iterator[None]:
        notes: list[Callable[[], None]] = []
        self._notes = notes
        try:
            with super().as_one(at):
                yield
        finally:
            self._notes = None
        # Before its commit nothing has happened.
        for note in notes:
            note()


class _Alarm(logging.Handler):
    """Hears what is logged as an error, which no fault from outside ever is."""

    def __init__(self, complain: Callable[[str], None]) -> None:
        super().__init__(logging.ERROR)
        self._complain = complain

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self._complain(self.format(record))


@dataclass(frozen=True)
class Backup:
    """A copy of the outbox's files, and what was true when it was made."""

    files: dict[str, bytes]
    books: Books
    noted: datetime
    """When the note was made, on the host's clock."""


class MortalOffice:
    """A courier at work, killed and started again, with everything watched."""

    def __init__(self, folder: Path, cache: Cache | None = None) -> None:
        """Nothing runs yet; ``folder`` is where the outbox is.

        cache: what lies between SQLite and the disk, and is lost with the power.
        """
        self.path = folder / "outbox.db"
        self._cache = cache
        self.cut: random.Random | None = None
        """Whether the process ends with the power, and what reaches the disk then."""
        self.complaints: list[str] = []
        self.notary = Notary(self.complaints.append)
        self.modem = LedgerModem(self.complaints.append)
        self.modem.on_line = self._on_line
        self.modem.on_put = self.notary.put
        self.disk = Disk()
        self.settings: Settings = START
        self.jump = timedelta()
        self.life = self.disk.life
        self.backup: Backup | None = None
        self.noted = False
        self._noted_at = NOW
        self.restored = 0
        # How long the process is away after it was killed, and when the next one dies.
        self.downtime = 1.0
        self.next_fuse: int | None = None
        self.outbox: Outbox | None = None
        self.courier: Courier | None = None
        self._thread: OutboxThread | None = None
        self._died = asyncio.Event()
        self._lent: list[asyncio.Task[None]] = []
        self._alarm = _Alarm(self.complaints.append)
        logging.getLogger(PACKAGE).addHandler(self._alarm)

    def leave(self) -> None:
        """Listen no more."""
        logging.getLogger(PACKAGE).removeHandler(self._alarm)

    # The process.

    def now(self) -> datetime:
        """Return the host's time."""
        passed = timedelta(seconds=asyncio.get_running_loop().time())
        return NOW + passed + self.jump

    @property
    def elapsed(self) -> float:
        """The time on the outbox's clock."""
        assert self._thread is not None
        return self._thread.now().elapsed

    async def _find_ports(self) -> Sequence[str]:
        return [HOME, AWAY]

    def _begin_life(self) -> None:
        self._died = asyncio.Event()
        self.life = Life(self.life.run + 1, self._died.set)
        self.life.fuse, self.next_fuse = self.next_fuse, None
        self.disk.life = self.modem.wire = self.life
        self.notary.begin_run()
        self.noted = False

    async def _open(self, early: Email | None) -> None:
        life = self.life
        outbox = self.outbox = WitnessedOutbox(self)
        self._thread = OutboxThread(outbox, self.now, MortalExecutor(life))
        courier = self.courier = Courier(
            self.settings,
            self.path,
            WORDING,
            modem=self.modem.make,
            find_ports=self._find_ports,
            now=self.now,
            outbox=self._thread,
        )

        def show(found: Transition) -> None:
            if not life.dead:
                self.notary.show(found, self.elapsed)

        courier.on_transition(show)
        await courier.open()
        if early is not None:
            await self.submit(early)
        courier.start()
        courier.show()

    async def start(self, early: Email | None = None) -> None:
        """Begin another run; ``early`` is submitted before it works."""
        self._begin_life()
        while not await self._survives(self._open(early)):
            await self._bury()
            await asyncio.sleep(1.0)
            self._begin_life()
            early = None

    async def stop(self, downtime: float = 0.0) -> None:
        """End the run in order, so that nothing of it is left, and be away a while."""
        began = asyncio.get_running_loop().time()
        if await self._survives(self.at_work.close()):
            if asyncio.get_running_loop().time() - began > _STOPPED_WITHIN:
                self.complaints.append("stopping took too long")
            left = asyncio.all_tasks() - {asyncio.current_task(), *self._lent}
            if left:
                self.complaints.append(f"tasks left over: {left}")
            if self.modem.connected:
                self.complaints.append("the port is left open")
        await self._bury()
        await asyncio.sleep(downtime)

    async def _bury(self) -> None:
        """Take away what is left of a process; the modem goes on."""
        self.life.dead = True
        # One that is cancelled may still ask for something, which is not done any more.
        while left := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        self.modem.hang_up()
        self.disk.drop()
        cut, self.cut = self.cut, None
        if cut is not None and self._cache is not None:
            self._cache.lose_power(self.path.parent, cut)
        self.courier = self.outbox = None
        self._lent.clear()

    async def _survives(self, action: Coroutine[Any, Any, object]) -> bool:
        """Do something; returns whether the process is alive after it."""
        doing = asyncio.create_task(action)
        dying = asyncio.create_task(self._died.wait())
        await asyncio.wait((doing, dying), return_when=asyncio.FIRST_COMPLETED)
        if self.life.dead:
            if doing.done() and not doing.cancelled():
                # Whoever asked is dead too.
                doing.exception()
            return False
        dying.cancel()
        await asyncio.wait((dying,))
        doing.result()
        return True

    async def do(self, action: Coroutine[Any, Any, object]) -> None:
        """Do something with the courier, and start another if its process dies."""
        if not await self._survives(action):
            await self._bury()
            await asyncio.sleep(self.downtime)
            await self.start()

    @property
    def at_work(self) -> Courier:
        """The courier at work."""
        assert self.courier is not None
        return self.courier

    @property
    def held(self) -> frozenset[Reason]:
        """Why emails are held, as it is shown."""
        return self.at_work.status.mail.held

    # What happens to it.

    async def wait(self, seconds: float) -> None:
        """Let time pass; less of it where much happens meanwhile."""
        loop = asyncio.get_running_loop()
        end, most = loop.time() + seconds, self.life.steps + _STEPS_OF_A_WAIT
        while (rest := end - loop.time()) > _TICK and self.life.steps < most:
            await asyncio.sleep(min(rest, max(seconds / 50, 1.0)))

    async def submit(self, email: Email) -> None:
        """Offer an email."""
        self.notary.offer(email)
        try:
            await self.at_work.submit(email)
        except OutboxFullError:
            self.notary.refuse(email)
        except OutboxWriteError:
            self.notary.refuse(email)
            if not self.disk.failed:
                self.complaints.append("an email was refused by a sound disk")
        else:
            self.notary.accept(email)

    async def attach(
        self,
        reference: str,
        attachments: Sequence[Attachment],
        missing: Sequence[Missing],
    ) -> None:
        """Bring an email what it waits for."""
        try:
            await self.at_work.attach(reference, attachments, missing)
        except OutboxWriteError:
            if not self.disk.failed:
                self.complaints.append("attachments were refused by a sound disk")

    async def ask(self, asking: Coroutine[Any, Any, object]) -> None:
        """Ask for something that may be refused, or not be done by a failing disk."""
        self.notary.asked()
        try:
            await asking
        except NotWaitingError, BeingSentError:
            pass
        except OutboxWriteError:
            if not self.disk.failed:
                self.complaints.append("something was refused by a sound disk")

    async def cancel_all(self) -> None:
        """Cancel what waits; all but the one that is being sent is over then."""
        await self.at_work.cancel(None)
        assert self.outbox is not None
        sending = self.outbox.unsettled()
        left = {listed.reference for listed in await self.at_work.listed()}
        if left - {sending.reference if sending else ""}:
            self.complaints.append(f"not cancelled: {left}")

    def lend(self, seconds: float) -> None:
        """Lend the port for a while, as soon as it is free."""
        self._lent.append(asyncio.create_task(self._lend(self.at_work, seconds)))

    async def _lend(self, courier: Courier, seconds: float) -> None:
        async with courier.lend():
            if self.modem.connected:
                self.complaints.append("the port is lent, and not free")
            await asyncio.sleep(seconds)

    def update(self, **changes: Any) -> None:
        """Work with other settings."""
        self.settings = replace(self.settings, **changes)
        if "server" in changes:
            self.notary.asked()
        self.at_work.update(self.settings)

    async def look(self) -> None:
        """Hold what is listed against what was shown."""
        listed = await self.at_work.listed()
        if [one.reference for one in listed if one.state is State.MERGED]:
            self.complaints.append(f"listed: {listed}")
        assert self.outbox is not None
        unshown = {found.reference for found in self.outbox.unshown()}
        differing = {one.reference for one in listed} ^ set(self.notary.waiting)
        if differing - unshown:
            self.complaints.append(f"listed or waiting, not both: {differing}")

    async def back_up(self) -> None:
        """Copy the outbox's files, as a backup does."""
        await self.at_work.before_backup()
        self.noted = True
        self._noted_at = self.now()

    def copy(self) -> None:
        """Copy the files, some time after the note was made."""
        files = {
            end: found.read_bytes()
            for end in _BESIDE
            if (found := self._beside(end)).exists()
        }
        self.backup = Backup(files, self.notary.copy(), self._noted_at)

    async def after_backup(self) -> None:
        """End the backup."""
        self.noted = False
        await self.at_work.after_backup()

    async def restore(self) -> None:
        """Stop, and go on from the copy, hours later."""
        backup, self.backup = self.backup, None
        assert backup is not None
        await self.stop(7200.0)
        if timedelta() <= self.now() - backup.noted <= timedelta(hours=1):
            # So young a note is taken for that of a backup which a crash cut off.
            self.jump += timedelta(hours=2)
        for end in _BESIDE:
            self._beside(end).unlink(missing_ok=True)
            if end in backup.files:
                self._beside(end).write_bytes(backup.files[end])
        self.notary.restore(backup.books)
        self.restored += 1
        await self.start()

    def _beside(self, end: str) -> Path:
        return self.path.with_name(self.path.name + end)

    # What must be so at any time.

    def _on_line(self, line: str) -> None:
        if self.life.dead or self.outbox is None:
            return
        if line in ("AT+CFUN=1,1", "AT+CFUN=4"):
            self.notary.wore(self.elapsed)
        elif line.startswith("AT+QSMTP") and not line.endswith("=?"):
            fails, self.disk.fails = self.disk.fails, ""
            found = self.outbox.unsettled()
            by_module = found is not None and found.way is Way.MODULE
            self.notary.command(line, found if by_module else None)
            self.disk.fails = fails

    def check(self) -> None:
        """Hold the figures that are shown against those that are known."""
        if self.courier is None or self.life.dead:
            return
        mail = self.courier.status.mail
        if (mail.waiting, mail.sent, mail.failed) == self.notary.figures:
            return
        if self.disk.fails or self.outbox is None:
            return
        try:
            # What was not shown yet is known to the outbox.
            mail, unshown = self.outbox.summary(), self.outbox.unshown()
        except OutboxWriteError:
            # It is not open again yet.
            return
        known = self.notary.figures_with(unshown)
        if (mail.waiting, mail.sent, mail.failed) != known:
            self.complaints.append(f"{mail}, and {known}")
