"""What a courier's process uses, and whether anything of what happened stays with it."""

from dataclasses import asdict, dataclass
import os
from typing import Any, Self

from .scene import Scene

# An event loop's own pool fills up to this bound, and what an allocator keeps is kept
# once; what is left over each time is far more in the end.
_POOL = min(32, (os.process_cpu_count() or 1) + 4)
_MEMORY = 5 * 2**20


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

    def check(self, after: Self) -> None:
        """Check that nothing is left over since."""
        print(f"before {asdict(self)}, after {asdict(after)}")  # noqa: T201
        assert after.descriptors <= self.descriptors
        assert after.tasks <= self.tasks
        assert after.threads <= self.threads + _POOL
        assert after.memory - self.memory < _MEMORY
