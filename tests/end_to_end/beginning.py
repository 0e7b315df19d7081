"""When somebody started the demo, which may have had to be installed first."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
import time
from typing import Self

from .console import seconds


@dataclass(frozen=True, slots=True)
class Beginning:
    """How long ago it was, seen from a moment on the monotonic clock."""

    moment: float
    before: float
    """Seconds from its start to that moment."""
    installed: bool
    """Whether its environment was made in them."""

    @classmethod
    def of(cls, environment: Mapping[str, str], stamp: Path) -> Self:
        """See when `scripts/demo` began, by what it noted; now, if it is not from there.

        stamp: what `scripts/setup` writes once it has made the environment.
        """
        now = time.time()
        began = float(environment.get("DEMO_BEGAN", now))
        installed = stamp.exists() and stamp.stat().st_mtime >= began
        return cls(time.monotonic(), now - began, installed)

    def until(self, moment: float) -> str:
        """Say how long it took from its start to this moment, by the monotonic clock."""
        taken = seconds(self.before + moment - self.moment)
        if not self.installed:
            return f"Time from start to email: {taken}"
        return (
            f"Time from clone to email: {taken}, of which {seconds(self.before)} to "
            "install Home Assistant and what the demo needs"
        )
