"""An event loop whose clock runs faster while there is nothing but time to wait for.

A virtual modem is another process, so that no clock can jump over it. But it takes
milliseconds where a policy waits for hours: whatever speaks with the modem does so at
the speed of real time, whatever waits for a result at some multiple of it, and what
merely waits at the highest multiple.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
import selectors
import time
from typing import override


class FastClock:
    """Seconds that pass ``speed`` times as fast as real ones, and never backwards."""

    def __init__(
        self,
        *,
        idle: float = 1.0,
        waiting: float = 1.0,
        late: float = 1.0,
        start: float = 0.0,
    ) -> None:
        """Begin ``start`` seconds after the epoch of ``wall``.

        idle: the speed while nothing is expected of the modem.
        waiting: the highest speed while a result is awaited.
        late: the highest speed while one is awaited that may never come.
        """
        self.idle = idle
        self.waiting = waiting
        self.late = late
        self._real = time.monotonic()
        self._now = start
        self._limits: list[float] = []
        self.speed = idle

    def now(self) -> float:
        """Return the seconds since the clock's epoch."""
        real = time.monotonic()
        self._now += (real - self._real) * self.speed
        self._real = real
        return self._now

    def wall(self) -> datetime:
        """Return the same for people to read."""
        return _EPOCH + timedelta(seconds=self.now())

    def set_idle(self, speed: float) -> None:
        """Choose the speed while nothing is expected of the modem."""
        self.idle = speed
        self._adjust()

    @contextmanager
    def talking(self) -> Iterator[None]:
        """Run in real time: the modem has a command to answer."""
        with self._limited(1.0):
            yield

    @contextmanager
    def expecting(self) -> Iterator[None]:
        """Run no faster than ``waiting``: a result code is due."""
        with self._limited(self.waiting):
            yield

    @contextmanager
    def expecting_late(self) -> Iterator[None]:
        """Run no faster than ``late``: a result code may come."""
        with self._limited(self.late):
            yield

    @contextmanager
    def _limited(self, speed: float) -> Iterator[None]:
        self._limits.append(speed)
        self._adjust()
        try:
            yield
        finally:
            self._limits.remove(speed)
            self._adjust()

    def _adjust(self) -> None:
        # What has passed until now has passed at the speed of until now.
        self.now()
        self.speed = min([self.idle, *self._limits])


# After the integration's release, or the clock would not be believed.
_EPOCH = datetime(2027, 3, 1, 12, tzinfo=UTC)


class _FastSelector(selectors.DefaultSelector):
    """Waits in real time for what is due on the fast clock."""

    def __init__(self, clock: FastClock) -> None:
        super().__init__()
        self._clock = clock

    @override
    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout > 0:
            timeout /= self._clock.speed
        return super().select(timeout)


class FastLoop(asyncio.SelectorEventLoop):
    """Keeps its timers by a fast clock."""

    def __init__(self, clock: FastClock) -> None:
        """Take the clock that is everybody's."""
        super().__init__(_FastSelector(clock))
        self.clock = clock

    @override
    def time(self) -> float:
        return self.clock.now()
