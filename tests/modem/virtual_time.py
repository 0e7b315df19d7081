"""An event loop whose clock jumps over waits, so that no test sleeps for real."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
import functools
import selectors
from typing import Any, override


class _JumpingSelector(selectors.DefaultSelector):
    """Waits for no descriptor: tells the loop how far its clock may jump."""

    def __init__(self) -> None:
        super().__init__()
        self.jump: Callable[[float], None] = lambda _: None

    @override
    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found:
            if timeout is None:
                raise RuntimeError("every task waits, and nothing will wake one")
            self.jump(timeout)
        return found


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Runs at once whatever was to run later, in order."""

    def __init__(self) -> None:
        """Begin well after zero, as a real clock does."""
        selector = _JumpingSelector()
        super().__init__(selector)
        self._virtual_now = 1000.0
        # A timer due now is run if it is earlier than now and this. After months a
        # nanosecond is lost in rounding: our clock would stand before it for ever.
        self._clock_resolution = 1e-6
        selector.jump = self._jump
        self._threads = ThreadPoolExecutor(thread_name_prefix="asyncio")
        self.set_default_executor(self._threads)

    def _jump(self, seconds: float) -> None:
        self._virtual_now += max(seconds, 0.0)

    @override
    def time(self) -> float:
        return self._virtual_now

    @override
    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Wait for threads as long as they take: our time means nothing to them."""
        self._threads.shutdown()


def run[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """Run ``coroutine`` to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(coroutine)


def virtual_time[**P](
    test: Callable[P, Coroutine[Any, Any, None]],
) -> Callable[P, None]:
    """Make a coroutine a test that runs in virtual time."""

    @functools.wraps(test)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        run(test(*args, **kwargs))

    return wrapper
