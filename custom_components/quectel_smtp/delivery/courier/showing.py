"""``Showing``: tells what became of emails, each change once, from when it is heard.

A transition is marked only after it was told: what a crash kept from being told is told
at the next start.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from ..listeners import Listeners
from ..outbox.thread import OutboxThread
from ..records import Transition


class Showing:
    """Tells listeners of transitions, in order, while there is somebody to hear."""

    def __init__(self, outbox: OutboxThread, apart: float) -> None:
        """Take the outbox; ``apart``: least seconds between two transitions."""
        self._outbox = outbox
        self._apart = apart
        self._listeners = Listeners[Transition]()
        self._queue: deque[Transition] = deque()
        # While it runs the next one is not told yet.
        self._timer: asyncio.TimerHandle | None = None
        self._taken = 0
        self.on = False
        """Whether there is somebody to hear."""

    def listen(self, callback: Callable[[Transition], None]) -> Callable[[], None]:
        """Call back for each transition; returns the undoing."""
        return self._listeners.add(callback)

    def take(self, unshown: Iterable[Transition]) -> None:
        """Tell those of the transitions, oldest first, that were not told before."""
        if not self.on:
            return
        news = [found for found in unshown if found.number > self._taken]
        if news:
            self._taken = news[-1].number
            self._queue.extend(news)
        if self._timer is None:
            self._tell()

    def _tell(self) -> None:
        self._timer = None
        while self._queue and self._timer is None:
            self._listeners.tell(self._queue.popleft())
            if self._apart:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(self._apart, self._tell)
            if not self._queue:
                self._mark(self._taken)

    def _mark(self, last: int) -> None:
        self._outbox.soon(lambda outbox: outbox.shown(last))

    async def drained(self) -> None:
        """Wait until all that was taken so far is told."""
        last = self._taken
        while self._queue and self._queue[0].number <= last:
            await asyncio.sleep(self._apart)
        if not self._queue and self._timer is not None:
            # Nobody is told anything that has to be kept apart from this.
            self._timer.cancel()
            self._timer = None
