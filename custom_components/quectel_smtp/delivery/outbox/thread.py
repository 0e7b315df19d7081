"""``OutboxThread``: the outbox on a thread of its own, and the clock it goes by."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Final

from ..errors import OutboxWriteError, UnreadableError
from ..records import Instant
from .outbox import Opened, Outbox

_TIME_KEPT_EVERY: Final = 3600.0


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
        self._closing: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        # The outbox's clock at our loop's zero.
        self._origin = 0.0

    def now(self) -> Instant:
        """Return the present instant; the outbox's clock goes on once it is open."""
        return self._instant(asyncio.get_running_loop().time())

    def _instant(self, time: float) -> Instant:
        return Instant(self._origin + time, self._now())

    async def open(self) -> Opened:
        """Open the outbox, unless it is; ``OutboxWriteError`` if it can't be."""
        if self._opened is not None:
            return self._opened
        if self._timer is None and self._closing is None:
            self._time_is_kept_later()
        loop = asyncio.get_running_loop()
        return await self._run(partial(self._open_once, loop.time))

    def _open_once(self, time: Callable[[], float]) -> Opened:
        """Open it on its thread, where one asks after the other and none goes away."""
        if self._opened is None:
            opened = self._outbox.open(self._now())
            self._origin = opened.elapsed - time()
            self._opened = opened
        return self._opened

    def _time_is_kept_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_TIME_KEPT_EVERY, self._keep_time)

    def _keep_time(self) -> None:
        """Have the clock written, however long nothing else is."""
        self._executor.submit(self._outbox.keep_time, self.now())
        self._time_is_kept_later()

    async def do[T](self, work: Callable[[Outbox, Instant], T]) -> T:
        """Do ``work`` on the open outbox; its own errors come through."""
        await self.open()
        return await self._run(partial(self._do, work, self.now()))

    def _do[T](self, work: Callable[[Outbox, Instant], T], at: Instant) -> T:
        """Do it; the next time it meets no block that was found to be bad."""
        try:
            return work(self._outbox, at)
        except UnreadableError:
            self._outbox.seek_bad_blocks(at)
            raise

    def soon(self, work: Callable[[Outbox], None]) -> None:
        """Do ``work`` in its turn; nobody waits for it, and it may fail."""
        if self._closing is None:
            self._executor.submit(work, self._outbox)

    async def _run[T](self, job: Callable[[], T]) -> T:
        if self._closing is not None:
            raise OutboxWriteError("the outbox is closed")
        loop = asyncio.get_running_loop()
        heard: asyncio.Future[T] = loop.create_future()

        def tell(done: Future[T]) -> None:
            # In its turn, also if it is done by now: heard of at once, it would overtake
            # what was done before it, whose older news would then be taken for the last.
            if not loop.is_closed():
                loop.call_soon_threadsafe(_pass_on, done, heard)

        self._executor.submit(job).add_done_callback(tell)
        # Whoever is cancelled here ends nothing of the work.
        await asyncio.wait((heard,))
        return heard.result()

    async def close(self) -> None:
        """Close the outbox after what was begun; it takes nothing from then on."""
        if self._closing is None:
            loop = asyncio.get_running_loop()
            if self._timer is not None:
                self._timer.cancel()
            self._closing = loop.run_in_executor(
                self._executor, partial(self._close, loop.time)
            )
            self._executor.shutdown(wait=False)
        await asyncio.shield(self._closing)
        # The thread has nothing left to do, and is gone in no time.
        self._executor.shutdown()

    def _close(self, time: Callable[[], float]) -> None:
        self._outbox.close(None if self._opened is None else self._instant(time()))


def _pass_on[T](done: Future[T], heard: asyncio.Future[T]) -> None:
    if (error := done.exception()) is not None:
        heard.set_exception(error)
        # It is no news to anybody where whoever asked is gone.
        heard.exception()
    else:
        heard.set_result(done.result())
