"""Times two ways of doing the same in turns, so that both meet the same machine."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from statistics import median
import time


@dataclass(frozen=True, slots=True)
class Pair:
    """Seconds that each run took: ours, and of bare serialx."""

    ours: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)

    @property
    def medians(self) -> tuple[float, float]:
        """Of ours and of the floor."""
        return median(self.ours), median(self.floor)

    @property
    def ratio(self) -> float:
        """How many times the floor's median ours is."""
        ours, floor = self.medians
        return ours / floor


async def timed(times: list[float], run: Callable[[], Awaitable[object]]) -> None:
    """Await ``run`` and keep how long it took."""
    before = time.perf_counter()
    await run()
    times.append(time.perf_counter() - before)
