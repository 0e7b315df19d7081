"""What a courier's process uses, and whether anything of what happened stays with it."""

import asyncio
from contextlib import suppress
from dataclasses import asdict, dataclass
import os
from typing import Any, Self

from .scene import Scene

# An event loop's own pool fills up to this bound, and what an allocator keeps is kept
# once; what is left over each time is far more in the end.
_POOL = min(32, (os.process_cpu_count() or 1) + 4)
_MEMORY = 5 * 2**20
# An email is told to be sent before the server is taken leave of.
_CLOSING = 20.0
_LOOK = 0.05


@dataclass(frozen=True, slots=True)
class Figures:
    """What the process uses; memory in bytes, processor time in seconds."""

    descriptors: int
    tasks: int
    threads: int
    memory: int
    processor: float

    @classmethod
    async def of(cls, set_scene: Scene) -> Self:
        """Ask the process."""
        assert set_scene.engine is not None
        found: Any = await set_scene.engine.ask("figures")
        return cls(**found)

    async def check(self, set_scene: Scene) -> None:
        """Check that nothing is left over since, once what is being closed is."""
        after = await self.of(set_scene)
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING):
                while self._are_less_than(after):
                    await asyncio.sleep(_LOOK)
                    after = await self.of(set_scene)
        print(f"before {asdict(self)}, after {asdict(after)}")  # noqa: T201
        assert after.descriptors <= self.descriptors
        assert after.tasks <= self.tasks
        assert after.threads <= self.threads + _POOL
        assert after.memory - self.memory < _MEMORY

    def _are_less_than(self, after: Self) -> bool:
        return after.descriptors > self.descriptors or after.tasks > self.tasks
