"""One contestant in a process of its own: asks a port commands, and times them.

    python -m benchmarks.contestant NAME PORT

Takes orders as lines of JSON and answers each with one, so that contestants can take
turns while every one of them keeps its port open.
"""

import asyncio
import gc
from importlib import import_module
import json
import sys
import time
from typing import Final, Protocol

from . import processors, responder

# Where each contestant's ``open_port(port)`` is.
MODULES: Final = {
    "ours": "ours",
    "serialx": "floors",
    "pyserial": "floors",
    "python-gsmmodem-new": "peer_gsmmodem",
    "atlib": "peer_atlib",
    "async-gsm-modem": "peer_async_gsm_modem",
}


class Contestant(Protocol):
    """What asks a modem one command at a time."""

    async def ask(self, line: str) -> object:
        """Send a command line and wait for its whole answer."""

    def lines(self, answer: object) -> list[str]:
        """Return what a caller reads in an answer, without its ``OK``."""

    async def elsewhere(self) -> list[str]:
        """Return the lines that came another way than in an answer."""


type Reply = dict[str, object]


async def _measure(contestant: Contestant, count: int) -> Reply:
    """Ask ``count`` times; microseconds of each, and processor time of one."""
    times = []
    started = time.process_time_ns()
    for _ in range(count):
        before = time.perf_counter_ns()
        await contestant.ask(responder.READ)
        times.append((time.perf_counter_ns() - before) / 1000)
    spent = time.process_time_ns() - started
    return {"times": times, "cpu": spent / 1000 / count}


async def _try(contestant: Contestant, line: str) -> Reply:
    """Ask once what is hard to answer, then something easy."""
    reply: Reply = {}
    for key, asked in (("answer", line), ("next", responder.READ)):
        try:
            async with asyncio.timeout(3):
                reply[key] = contestant.lines(await contestant.ask(asked))
        except Exception as error:  # noqa: BLE001  # whatever a peer raises is its verdict
            reply[key] = None
            reply[f"{key}_error"] = type(error).__name__
    reply["elsewhere"] = await contestant.elsewhere()
    return reply


async def _serve(name: str, port: str) -> None:
    processors.take_last()
    module = import_module(f".{MODULES[name]}", __package__)
    contestant: Contestant = await module.open_port(port, name)
    await _measure(contestant, 100)
    # As Home Assistant does once it has started.
    gc.collect()
    gc.freeze()
    print(flush=True)
    while order := sys.stdin.readline():
        wanted = json.loads(order)
        if "count" in wanted:
            reply = await _measure(contestant, wanted["count"])
        else:
            reply = await _try(contestant, wanted["line"])
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
