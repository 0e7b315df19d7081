"""``OutboxThread``: the outbox on a thread of its own, and the clock it goes by."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import datetime
from functools import partial

from ..records import Instant, OutboxWriteError
from .outbox import Opened, Outbox


class OutboxThread:
    """Runs work on the outbox piece by piece, away from the event loop.

    What was begun is ended, whatever becomes of the caller. An outbox that could not
    be opened is tried again with each piece.
    """

    def __init__(
        self,
        outbox: Outbox,
        now: Callable[[], datetime],
        executor: Executor | None = None,
    ) -> None:
        """Take the outbox, not opened yet, and the host's clock."""
        self._outbox = outbox
        self._now = now
        self._executor = executor or ThreadPoolExecutor(1, "quectel_smtp outbox")
        self._opened: Opened | None = None
        self._closed = False
        # The outbox's clock at our loop's zero.
        self._origin = 0.0

    def now(self) -> Instant:
        """Return the present instant; the outbox's clock goes on once it is open."""
        loop = asyncio.get_running_loop()
        return Instant(self._origin + loop.time(), self._now())

    async def open(self) -> Opened:
        """Open the outbox, unless it is; ``OutboxWriteError`` if it can't be."""
        if self._opened is None:
            opened = await self._run(partial(self._open_once, self._now()))
            if self._opened is None:
                self._origin = opened.elapsed - asyncio.get_running_loop().time()
                self._opened = opened
        return self._opened

    def _open_once(self, wall: datetime) -> Opened:
        return self._opened or self._outbox.open(wall)

    async def do[T](self, work: Callable[[Outbox, Instant], T]) -> T:
        """Do ``work`` on the open outbox; its own errors come through."""
        await self.open()
        return await self._run(partial(work, self._outbox, self.now()))

    def soon(self, work: Callable[[Outbox], None]) -> None:
        """Do ``work`` in its turn; nobody waits for it, and it may fail."""
        if not self._closed:
            self._executor.submit(work, self._outbox)

    async def _run[T](self, job: Callable[[], T]) -> T:
        if self._closed:
            raise OutboxWriteError("the outbox is closed")
        loop = asyncio.get_running_loop()
        return await asyncio.shield(loop.run_in_executor(self._executor, job))

    async def close(self) -> None:
        """Close the outbox after what was begun; it takes nothing from then on."""
        if self._closed:
            return
        self._closed = True
        loop = asyncio.get_running_loop()
        closing = loop.run_in_executor(self._executor, self._outbox.close)
        self._executor.shutdown(wait=False)
        await asyncio.shield(closing)
