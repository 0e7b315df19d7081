"""The outbox's own thread: it is opened once, closed once, and keeps the time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
import gc
from pathlib import Path
import shutil
import sqlite3
import threading
from threading import Event
from typing import override

import pytest

from custom_components.quectel_smtp.delivery.errors import OutboxWriteError
from custom_components.quectel_smtp.delivery.outbox.outbox import Opened, Outbox
from custom_components.quectel_smtp.delivery.outbox.thread import OutboxThread
from custom_components.quectel_smtp.delivery.records import Instant, State
from tests.delivery.bench import InlineExecutor
from tests.modem.virtual_time import virtual_time

from .bench import HOUR, OPTIONS, START, Bench, mail


def once(path: Path) -> sqlite3.Connection:
    """Connect; a file that is open already is not waited for."""
    return sqlite3.connect(path, isolation_level=None, timeout=0)


class Gate(Outbox):
    """An outbox that can be opened, or be closed, when the test says so."""

    def __init__(self, path: Path) -> None:
        """Let everything through."""
        super().__init__(path, connect=once)
        self.opening, self.closing = Event(), Event()
        self.passable = Event()
        self.passable.set()
        self.closed = False
        self.errors: list[OutboxWriteError] = []

    @override
    def open(self, wall: datetime) -> Opened:
        self.opening.set()
        assert self.passable.wait(10)
        if self.errors:
            raise self.errors.pop()
        return super().open(wall)

    @override
    def close(self, at: Instant | None = None) -> None:
        self.closing.set()
        assert self.passable.wait(10)
        super().close(at)
        self.closed = True


def accept(outbox: Outbox, at: Instant) -> str:
    """Accept an email."""
    return outbox.accept(mail(), at, OPTIONS)


async def reached(event: Event) -> None:
    """Wait until a thread has come there."""
    await asyncio.to_thread(event.wait, 10)


class BusyExecutor(InlineExecutor):
    """Has done its first piece of work only when the second is begun, and both at once.

    So it is where a busy machine lets the loop run on before it has begun to wait.
    """

    def __init__(self) -> None:
        """Nothing is begun."""
        self._first: Callable[[], None] | None = None

    @override
    def submit[**P, T](
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        if self._first is not None:
            first, self._first = self._first, None
            first()
            return super().submit(fn, *args, **kwargs)
        future: Future[T] = Future()
        self._first = lambda: future.set_result(fn(*args, **kwargs))
        return future


async def test_what_was_done_first_is_heard_of_first(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "outbox.db", connect=once)
    executor = BusyExecutor()
    thread = OutboxThread(outbox, lambda: START, executor)
    opening = asyncio.create_task(thread.open())
    await asyncio.sleep(0)
    await thread.open()
    await opening
    heard: list[int] = []

    async def work(number: int) -> None:
        await thread.do(lambda _, __: None)
        heard.append(number)

    async with asyncio.TaskGroup() as group:
        group.create_task(work(1))
        group.create_task(work(2))
    assert heard == [1, 2]
    closing = asyncio.create_task(thread.close())
    await asyncio.sleep(0)
    executor.submit(lambda: None)
    await closing


async def test_two_who_come_after_a_failed_opening_find_it_open(tmp_path: Path) -> None:
    outbox = Gate(tmp_path / "outbox.db")
    thread = OutboxThread(outbox, lambda: START)
    outbox.errors.append(OutboxWriteError("EIO"))
    with pytest.raises(OutboxWriteError, match="EIO"):
        await thread.open()
    outbox.passable.clear()
    callers = [asyncio.create_task(thread.do(accept)) for _ in range(2)]
    await reached(outbox.opening)
    # Both have asked for it by now.
    await asyncio.sleep(0)
    outbox.passable.set()
    assert len(set(await asyncio.gather(*callers))) == 2
    await thread.close()


async def test_an_outbox_whose_opener_is_cancelled_is_open_all_the_same(
    tmp_path: Path,
) -> None:
    outbox = Gate(tmp_path / "outbox.db")
    thread = OutboxThread(outbox, lambda: START)
    outbox.passable.clear()
    opener = asyncio.create_task(thread.open())
    await reached(outbox.opening)
    opener.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opener
    outbox.passable.set()
    reference = await thread.do(accept)
    listed = await thread.do(lambda outbox, at: outbox.listed(at))
    assert [(one.reference, one.state) for one in listed] == [(reference, State.QUEUED)]
    # It shows the time since it was opened, not since it was asked for again.
    assert 0.0 <= thread.now().elapsed < 10.0
    await thread.close()


async def test_an_error_that_nobody_waits_for_any_more_is_no_news(
    tmp_path: Path,
) -> None:
    """As when Home Assistant stops, and the disk fails."""
    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: complaints.append(context)
    )
    thread = OutboxThread(Outbox(tmp_path / "outbox.db"), lambda: START)
    await thread.open()
    begun, passable = Event(), Event()

    def fail(_: Outbox, __: Instant) -> None:
        begun.set()
        assert passable.wait(10)
        raise OutboxWriteError

    asking = asyncio.create_task(thread.do(fail))
    await reached(begun)
    asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking
    passable.set()
    await thread.close()
    gc.collect()
    assert complaints == []


async def test_once_it_is_closed_its_thread_is_gone(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    for number in range(50):
        thread = OutboxThread(Outbox(tmp_path / f"{number}.db"), lambda: START)
        await thread.open()
        await thread.close()
        assert set(threading.enumerate()) == before


async def test_whoever_closes_it_waits_until_it_is_closed(tmp_path: Path) -> None:
    outbox = Gate(tmp_path / "outbox.db")
    thread = OutboxThread(outbox, lambda: START)
    await thread.open()
    outbox.passable.clear()
    first = asyncio.create_task(thread.close())
    await reached(outbox.closing)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    second = asyncio.create_task(thread.close())
    await asyncio.sleep(0)
    assert not second.done()
    outbox.passable.set()
    await second
    assert outbox.closed
    with pytest.raises(OutboxWriteError, match="closed"):
        await thread.do(accept)


# The clock.


def in_virtual_time(
    path: Path, executor: Callable[[], Executor] = InlineExecutor
) -> OutboxThread:
    """Return the thread of an outbox whose host's clock is the loop's."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    return OutboxThread(
        Outbox(path),
        lambda: START + timedelta(seconds=loop.time() - began),
        executor(),
    )


@virtual_time
async def test_time_that_passes_without_any_mail_is_not_lost_in_a_crash(
    tmp_path: Path,
) -> None:
    thread = in_virtual_time(tmp_path / "outbox.db")
    await thread.do(accept)
    await asyncio.sleep(47 * HOUR)
    shutil.copytree(tmp_path, tmp_path / "crashed")
    await thread.close()
    crashed = Bench(tmp_path / "crashed")
    opened = crashed.open(START + timedelta(hours=48))
    assert opened.elapsed == pytest.approx(48 * HOUR)
    crashed.outbox.close()


@virtual_time
async def test_the_time_of_the_end_is_kept_whatever_the_hosts_clock_shows_later(
    tmp_path: Path,
) -> None:
    thread = in_virtual_time(tmp_path / "outbox.db")
    await thread.open()
    await asyncio.sleep(0.7 * HOUR)
    await thread.close()
    box = Bench(tmp_path)
    # The host has no clock that goes on without power.
    assert box.open(START - timedelta(days=400)).elapsed == pytest.approx(0.7 * HOUR)
    box.outbox.close()


@virtual_time
async def test_a_disk_that_does_not_take_the_time_keeps_nobody_from_closing(
    tmp_path: Path,
) -> None:
    class Broken(sqlite3.Connection):
        broken = False

        def execute(self, statement: str, *rest: object) -> sqlite3.Cursor:
            if self.broken and statement.startswith("BEGIN"):
                raise sqlite3.OperationalError("disk I/O error")
            return super().execute(statement, *rest)  # type: ignore[arg-type]

    path = tmp_path / "outbox.db"
    connect = partial(sqlite3.connect, factory=Broken, isolation_level=None)
    thread = OutboxThread(
        Outbox(path, connect=connect), lambda: START, InlineExecutor()
    )
    await thread.open()
    Broken.broken = True
    await asyncio.sleep(2 * HOUR)
    await thread.close()
    assert [one.name for one in tmp_path.iterdir()] == ["outbox.db"]


@virtual_time
async def test_time_is_kept_whatever_became_of_the_opener(tmp_path: Path) -> None:
    thread = in_virtual_time(tmp_path / "outbox.db")
    opener = asyncio.create_task(thread.open())
    await asyncio.sleep(0)
    opener.cancel()
    await asyncio.sleep(5 * HOUR)
    shutil.copytree(tmp_path, tmp_path / "crashed")
    await thread.close()
    crashed = Bench(tmp_path / "crashed")
    assert crashed.open(START).elapsed == pytest.approx(5 * HOUR)
    crashed.outbox.close()


@virtual_time
async def test_an_outbox_that_was_never_opened_can_be_closed(tmp_path: Path) -> None:
    thread = in_virtual_time(tmp_path / "missing" / "outbox.db")
    with pytest.raises(OutboxWriteError):
        await thread.open()
    await asyncio.sleep(2 * HOUR)
    await thread.close()
    assert list(tmp_path.iterdir()) == []
