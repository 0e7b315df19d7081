"""``OutboxThread``: the outbox on a thread of its own, and the clock it goes by."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Concatenate, Final

from .outbox import Opened, Outbox
from .records import Instant, OutboxWriteError

_CLOSED: Final = "the outbox is closed"


class OutboxThread:
    """Runs the outbox's methods one after the other, away from the event loop.

    What was begun is ended, whatever becomes of the caller. An outbox that could not
    be opened is tried again with each call.
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

    @property
    def opened(self) -> Opened | None:
        """What opening found, None before it succeeded."""
        return self._opened

    def instant(self) -> Instant:
        """Return now."""
        loop = asyncio.get_running_loop()
        return Instant(self._origin + loop.time(), self._now())

    async def open(self) -> Opened:
        """Open the outbox, unless it is; ``OutboxWriteError`` if it can't be."""
        if self._opened is None:
            opened = await self._run(partial(self._outbox.open, self._now()))
            if self._opened is None:
                loop = asyncio.get_running_loop()
                self._origin = opened.elapsed - loop.time()
                self._opened = opened
        return self._opened

    async def do[**P, T](
        self,
        method: Callable[Concatenate[Outbox, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a method of the outbox; its own errors come through."""
        await self.open()
        return await self._run(partial(method, self._outbox, *args, **kwargs))

    def soon[**P](
        self,
        method: Callable[Concatenate[Outbox, P], None],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Run a method later, in its turn; nobody waits, and it may fail."""
        if not self._closed:
            self._executor.submit(method, self._outbox, *args, **kwargs)

    async def _run[T](self, job: Callable[[], T]) -> T:
        if self._closed:
            raise OutboxWriteError(_CLOSED)
        loop = asyncio.get_running_loop()
        return await asyncio.shield(loop.run_in_executor(self._executor, job))

    async def close(self) -> None:
        """Close the outbox after what was begun; it takes nothing from then on."""
        if self._closed:
            return
        try:
            await self._run(self._outbox.close)
        finally:
            self._closed = True
            self._executor.shutdown(wait=False)
