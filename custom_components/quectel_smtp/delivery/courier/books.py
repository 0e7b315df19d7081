"""``Books``: every change of the outbox, and what follows from it.

What follows belongs to the change, not to whoever asked for it: a caller may be gone
before the disk has answered, and the email is accepted all the same.
"""

import asyncio
from collections.abc import Callable
import logging
from typing import Final

from ..errors import OutboxError, OutboxWriteError
from ..outbox.outbox import Outbox
from ..outbox.thread import OutboxThread
from ..records import Instant, Summary, Transition
from ..status import Board, OutboxState
from .results import Results
from .showing import Showing

_LOGGER = logging.getLogger(__name__)

LOOK_AGAIN: Final = 5.0
"""Seconds until an outbox that could be changed, but not looked at, is looked at again."""

type _Seen = tuple[Summary, tuple[Transition, ...]]


class Books:
    """Changes the outbox, posts how it is, and has told what became of emails."""

    def __init__(
        self, outbox: OutboxThread, board: Board, showing: Showing, results: Results
    ) -> None:
        """Take the outbox, and where it is seen."""
        self._outbox = outbox
        self._board = board
        self._showing = showing
        self._results = results
        self._jobs: set[asyncio.Task[object]] = set()
        self._again: asyncio.TimerHandle | None = None
        # Whether it could not be looked at the last time.
        self._blind = False

    async def change[T](
        self,
        change: Callable[[Outbox, Instant], T],
        then: Callable[[T], None] = lambda _: None,
    ) -> T:
        """Make a change; ``then`` follows it once it is on disk.

        Its errors come through, and tell that nothing has happened.
        """
        job = self._begin(change, then)
        await asyncio.wait((job,))
        return job.result()

    def soon(self, change: Callable[[Outbox, Instant], None]) -> None:
        """Make a change in its turn; nobody waits for it, and it may fail."""
        self._begin(change, lambda _: None)

    def look(self) -> None:
        """Post how the outbox is, and have told what has not been told yet."""
        self.soon(lambda _, __: None)

    async def settle(self) -> None:
        """Wait for what was begun so far and what follows from it.

        Not for what is begun meanwhile: of a flood there is always more.
        """
        if self._jobs:
            await asyncio.wait(tuple(self._jobs))
        if self._again is not None:
            self._again.cancel()
        await self._showing.drained()

    def _begin[T](
        self, change: Callable[[Outbox, Instant], T], then: Callable[[T], None]
    ) -> asyncio.Task[T]:
        job = asyncio.create_task(self._make(change, then), name="quectel_smtp change")
        self._jobs.add(job)
        job.add_done_callback(self._over)
        return job

    def _over(self, job: asyncio.Task[object]) -> None:
        self._jobs.discard(job)
        # A caller that is gone can't be told that nothing has happened.
        if not job.cancelled():
            job.exception()

    async def _make[T](
        self, change: Callable[[Outbox, Instant], T], then: Callable[[T], None]
    ) -> T:
        def work(outbox: Outbox, at: Instant) -> tuple[T, _Seen | None]:
            return change(outbox, at), self._seen(outbox)

        try:
            result, seen = await self._outbox.do(work)
        except OutboxWriteError as err:
            self._board.post(outbox=OutboxState.after(err))
            raise
        then(result)
        if seen is None:
            self._board.post(outbox=OutboxState.SOUND)
            self._look_later()
        else:
            summary, unshown = seen
            self._board.post(outbox=OutboxState.SOUND, mail=summary)
            self._results.take(unshown)
            self._showing.take(unshown)
        return result

    def _look_later(self) -> None:
        """Look once more, however many changes could not be looked at."""
        if self._again is not None:
            self._again.cancel()
        loop = asyncio.get_running_loop()
        self._again = loop.call_later(LOOK_AGAIN, self.look)

    def _seen(self, outbox: Outbox) -> _Seen | None:
        """Look at the outbox; None if that fails: the change before it stands."""
        try:
            seen = outbox.summary(), outbox.unshown()
        except Exception as err:
            if not self._blind:
                defect = None if isinstance(err, OutboxError) else err
                _LOGGER.warning(
                    "The outbox can't be looked at: %s", err, exc_info=defect
                )
            self._blind = True
            return None
        self._blind = False
        return seen
