"""Finds out how long one callback held the event loop at most."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import time
from unittest.mock import patch


@dataclass(slots=True)
class LoopWatch:
    """Processor time of the longest callback so far, in milliseconds."""

    longest: float = 0.0


@contextmanager
def watch_loop() -> Iterator[LoopWatch]:
    """Time every callback of this thread's event loop until the block ends.

    Processor time: what other processes take of a shared machine does not count.
    """
    watch = LoopWatch()
    run = asyncio.Handle._run  # noqa: SLF001  # the loop calls it for every callback

    def timed(handle: asyncio.Handle) -> None:
        before = time.thread_time()
        run(handle)
        watch.longest = max(watch.longest, (time.thread_time() - before) * 1000)

    with patch.object(asyncio.Handle, "_run", timed):
        yield watch
