"""One timer for the deadlines of commands that follow one another."""

import asyncio
from collections.abc import Callable


class DeadlineTimer:
    """Calls back once a deadline passes that was not lifted.

    Nearly every command is answered long before its deadline. So the timer is left
    standing and looks at the newest deadline when it fires: one for each command costs
    more processor time than reading the answer does.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Set no deadline yet."""
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._ends = 0.0
        self._expire: Callable[[], None] | None = None

    def set(self, seconds: float, expire: Callable[[], None]) -> None:
        """Call ``expire`` after ``seconds``, in place of what was set before."""
        self._expire = expire
        self._ends = self._loop.time() + seconds
        if self._timer is not None and self._timer.when() > self._ends:
            self.close()
        if self._timer is None:
            self._timer = self._loop.call_at(self._ends, self._look, self._ends)

    def lift(self) -> None:
        """Call nothing: what was to come in time has come."""
        self._expire = None

    def close(self) -> None:
        """Leave no timer standing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self, fired_for: float) -> None:
        """Call back, or wait on for a deadline that was set since."""
        self._timer = None
        if self._expire is None:
            return
        if fired_for < self._ends:
            self._timer = self._loop.call_at(self._ends, self._look, self._ends)
        else:
            self._expire()
