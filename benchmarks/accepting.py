"""Accepting an email while others wait, beside a bare insert and commit."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
import sqlite3
from statistics import quantiles
from typing import Final, Self

from custom_components.quectel_smtp.delivery.email import Email

from .boundless import QUIET, Image, Office, email, folder
from .loop_watch import watch_loop
from .pairs import timed

BURST: Final = 10
"""Emails that come at once, each as soon as the one before it is accepted."""


@dataclass(frozen=True, slots=True)
class Accepting:
    """Seconds that each email took, and milliseconds of the longest callback of each."""

    alone: list[float] = field(default_factory=list)
    burst: list[float] = field(default_factory=list)
    callbacks: list[float] = field(default_factory=list)


def p99(samples: list[float]) -> float:
    """Return what 99 of 100 samples do not exceed."""
    if len(samples) < 2:
        return max(samples)
    return quantiles(samples, n=100, method="inclusive")[98]


class _Desk:
    """An office in which so many emails wait, and the modem is absent."""

    def __init__(self, office: Office, make: Callable[[], Email]) -> None:
        self._office = office
        self._make = make
        self.found = Accepting()

    @classmethod
    async def opened(cls, path: Path, make: Callable[[], Email] = email) -> Self:
        office = Office(path)
        await office.courier.open()
        # They are shown to somebody, as they are in Home Assistant.
        office.courier.on_transition(lambda _: None)
        office.courier.start()
        office.courier.show()
        await office.outbox.quiet()
        return cls(office, make)

    async def close(self) -> None:
        await self._office.courier.close()

    async def accept_one(self) -> None:
        """Accept one while nothing else happens, and have as many wait as before."""
        courier = self._office.courier
        one = self._make()
        await self._office.outbox.quiet()
        await timed(self.found.alone, partial(courier.submit, one))
        await self._office.outbox.quiet()
        await courier.cancel(one.reference)

    async def accept_burst(self) -> None:
        """Accept several at once, and have as many wait as before."""
        many = [self._make() for _ in range(BURST)]
        await self._office.outbox.quiet()
        for one in many:
            await timed(self.found.burst, partial(self._office.courier.submit, one))
        await self._cancel(many)

    async def watch_burst(self) -> None:
        """Accept several more for the longest callbacks: watching takes time itself."""
        many = [self._make() for _ in range(BURST)]
        await self._office.outbox.quiet()
        with watch_loop() as watch:
            for one in many:
                watch.longest = 0.0
                await self._office.courier.submit(one)
                self.found.callbacks.append(watch.longest)
        await self._cancel(many)

    async def _cancel(self, many: list[Email]) -> None:
        await self._office.outbox.quiet()
        for one in many:
            await self._office.courier.cancel(one.reference)


class _Bare:
    """SQLite as the outbox has it, and one table."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        for pragma in (
            "locking_mode = EXCLUSIVE",
            "journal_mode = WAL",
            "synchronous = FULL",
        ):
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("CREATE TABLE emails (subject, body, recipient)")
        self.times: list[float] = []

    async def _insert(self, one: Email) -> None:
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        execute("INSERT INTO emails VALUES (?, ?, ?)", (one.subject, one.body, *one.to))
        execute("COMMIT")

    async def accept_one(self) -> None:
        # As long as the office is left alone before: an fsync right after another one
        # finds little left to do, in the file system's own journal too.
        await asyncio.sleep(2 * QUIET)
        await timed(self.times, partial(self._insert, email()))

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True, slots=True)
class Acceptance:
    """By the number of emails that wait; and the bare inserts of the same time."""

    waiting: dict[int, Accepting]
    bare: list[float]


def _order(desks: Mapping[int, _Desk], turn: int) -> list[_Desk]:
    """Return them in the order of this turn: each begins as often as any other."""
    found = list(desks.values())
    first = turn % len(found)
    return found[first:] + found[:first]


async def _measure(
    paths: Mapping[int, Path], other: Path, count: int, bursts: int
) -> Acceptance:
    async with AsyncExitStack() as stack:
        desks: dict[int, _Desk] = {}
        for waiting, path in paths.items():
            desks[waiting] = await _Desk.opened(path)
            stack.push_async_callback(desks[waiting].close)
        bare = _Bare(other)
        stack.callback(bare.close)
        for turn in range(count):
            for desk in _order(desks, turn):
                await desk.accept_one()
                await bare.accept_one()
        for turn in range(bursts):
            for desk in _order(desks, turn):
                await desk.accept_burst()
        for turn in range(bursts // 4 + 1):
            for desk in _order(desks, turn):
                await desk.watch_burst()
        return Acceptance(
            {waiting: desk.found for waiting, desk in desks.items()}, bare.times
        )


def run(images: Mapping[int, Image], count: int, bursts: int) -> Acceptance:
    """Accept ``count`` emails one by one and ``bursts`` of them, in each office.

    ``images``: outboxes in which so many emails wait; an empty one comes to them.
    """
    with folder() as place:
        paths = {0: place / "empty.db"} | {
            waiting: image.restored(place / str(waiting))
            for waiting, image in images.items()
        }
        return asyncio.run(_measure(paths, place / "bare.db", count, bursts))


async def _one_by_one(
    path: Path, make: Callable[[], Email], count: int, bursts: int
) -> Accepting:
    desk = await _Desk.opened(path, make)
    try:
        for _ in range(count):
            await desk.accept_one()
        for _ in range(bursts):
            await desk.accept_burst()
        for _ in range(bursts // 4 + 1):
            await desk.watch_burst()
    finally:
        await desk.close()
    return desk.found


def one_by_one(make: Callable[[], Email], count: int, bursts: int) -> Accepting:
    """Accept ``count`` emails of a kind one by one, and ``bursts`` of them."""
    with folder() as place:
        return asyncio.run(_one_by_one(place / "outbox.db", make, count, bursts))
