"""Lets the contestants take turns: each its own port, responder and process."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
import json
from pathlib import Path
from statistics import median, quantiles
import subprocess
import sys
from tempfile import TemporaryFile
from typing import Final, Self

from . import responder
from .children import ROOT
from .contestant import MODULES
from .verdicts import Trial, verdict

PEERS_PYTHON: Final = ROOT / ".venv-bench" / "bin" / "python"


@dataclass(frozen=True, slots=True)
class RoundTrips:
    """Of one contestant: microseconds for a command, and what hard answers became."""

    median: float
    p95: float
    cpu: float
    urc: str
    bare: str
    noise: str


class _Process:
    """A module of this package, run with the Python of either environment."""

    def __init__(self, python: str | Path, *arguments: str) -> None:
        """Start it; what it says to people is kept for the case that it fails."""
        self._complaints = TemporaryFile("w+")
        self._popen = subprocess.Popen(
            [python, "-m", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
        )

    def read(self) -> str:
        """Return its next line."""
        assert self._popen.stdout is not None
        line = self._popen.stdout.readline()
        if not line:
            self._complaints.seek(0)
            raise RuntimeError(f"a process ended early: {self._complaints.read()}")
        return line.rstrip("\n")

    def order(self, **order: object) -> dict[str, object]:
        """Have it do something, and return its reply."""
        assert self._popen.stdin is not None
        self._popen.stdin.write(json.dumps(order) + "\n")
        self._popen.stdin.flush()
        reply: dict[str, object] = json.loads(self.read())
        return reply

    def __enter__(self) -> Self:
        """Have it while the block lasts."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it by force: some peers' threads keep it from ending by itself."""
        self._popen.kill()
        self._popen.communicate()
        self._complaints.close()


@contextmanager
def _contestant(name: str) -> Iterator[_Process]:
    python = sys.executable if name == "ours" else PEERS_PYTHON
    with (
        _Process(sys.executable, "benchmarks.responder") as modem,
        _Process(python, "benchmarks.contestant", name, modem.read()) as process,
    ):
        process.read()
        yield process


def run(rounds: int, count: int) -> dict[str, RoundTrips]:
    """Let each ask ``count`` commands in each of the ``rounds``, then the hard ones."""
    times: dict[str, list[float]] = {name: [] for name in MODULES}
    cpu: dict[str, list[float]] = {name: [] for name in MODULES}
    with ExitStack() as stack:
        processes = {name: stack.enter_context(_contestant(name)) for name in MODULES}
        for turn in range(rounds):
            # Whoever is first in one round is last in the next.
            order: Sequence[str] = tuple(MODULES)[:: 1 if turn % 2 else -1]
            for name in order:
                reply = processes[name].order(count=count)
                assert isinstance(reply["times"], list)
                assert isinstance(reply["cpu"], float)
                times[name] += reply["times"]
                cpu[name].append(reply["cpu"])
    return {
        name: RoundTrips(
            median(times[name]),
            quantiles(times[name], n=20)[-1],
            median(cpu[name]),
            *(
                _verdict(name, line)
                for line in (
                    responder.READ_WITH_URC,
                    responder.BARE,
                    responder.READ_WITH_NOISE,
                )
            ),
        )
        for name in MODULES
    }


def _verdict(name: str, line: str) -> str:
    """Try one hard answer on a fresh process, which it may ruin."""
    with _contestant(name) as process:
        reply = process.order(line=line)
    return verdict(line, Trial.of(reply))
