"""Fills an outbox and is killed, or opens a full one; a process of its own.

    python -m benchmarks.filling fill PATH COUNT
    python -m benchmarks.filling open PATH

Prints as JSON how its memory has grown, in bytes.
"""

import asyncio
from dataclasses import asdict, dataclass
import gc
import json
import os
from pathlib import Path
import sys
from typing import Final

from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.records import Instant, Options

from .boundless import Office, email, folder
from .children import told_by

_STATM: Final = Path("/proc/self/statm")
_WARM: Final = 50
_MANY: Final = 50


@dataclass(frozen=True, slots=True)
class Growth:
    """Of a process's resident memory, in bytes."""

    now: int
    peak: int
    """At any time, beyond the highest before."""


class Watched:
    """The process's memory, from now on."""

    def __init__(self) -> None:
        """Remember how much there is."""
        self._now, self._peak = _resident(), _highest()

    def growth(self) -> Growth:
        """Return what has come to it."""
        return Growth(_resident() - self._now, _highest() - self._peak)


def _resident() -> int:
    gc.collect()
    return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _highest() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the kernel does not tell the highest memory")


async def _fill(office: Office, count: int) -> None:
    """Have ``count`` emails accepted: most of them many at once, for they are many."""

    def accept(outbox: Outbox, at: Instant) -> None:
        for _ in range(most):
            outbox.accept(email(), at, Options())

    while count:
        most = min(count, _MANY) - 1
        await office.outbox.do(accept)
        # Has them shown, too.
        await office.courier.submit(email())
        count -= most + 1


async def _filled(path: Path, count: int) -> Growth:
    """Fill an outbox while the modem is absent, and leave it as it is."""
    office = Office(path)
    await office.courier.open()
    office.courier.start()
    office.courier.show()
    await _fill(office, _WARM)
    memory = Watched()
    await _fill(office, count - _WARM)
    await office.outbox.quiet()
    return memory.growth()


async def _opened(path: Path) -> Growth:
    """Open a full outbox in a process that has opened an empty one before."""
    with folder() as other:
        warm = Office(other / "outbox.db")
        await warm.courier.open()
        warm.courier.start()
        warm.courier.show()
        await _fill(warm, _WARM)
        await warm.courier.close()
    memory = Watched()
    office = Office(path)
    await office.courier.open()
    office.courier.start()
    office.courier.show()
    await office.outbox.quiet()
    return memory.growth()


def fill(path: Path, count: int) -> Growth:
    """Have an outbox filled by a process that is killed then."""
    return _run("fill", str(path), str(count))


def opened(path: Path) -> Growth:
    """Have an outbox opened by another process."""
    return _run("open", str(path))


def _run(*arguments: str) -> Growth:
    return Growth(**json.loads(told_by("filling", *arguments)))


def _main(what: str, path: str, count: str = "0") -> None:
    todo = _filled(Path(path), int(count)) if what == "fill" else _opened(Path(path))
    growth = asyncio.new_event_loop().run_until_complete(todo)
    print(json.dumps(asdict(growth)), flush=True)
    # As SIGKILL does: nothing is closed.
    os._exit(0)


if __name__ == "__main__":
    _main(*sys.argv[1:])
