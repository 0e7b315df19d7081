"""A courier in a process of its own, which obeys its owner and may be killed outright.

It is forked with its plan; from then on see ``protocol.py``. It ends when standard input
does.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
import gc
import json
import os
from pathlib import Path
import sys
import threading
import time
from typing import Any

from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.errors import (
    BeingSentError,
    NotWaitingError,
    OutboxError,
)
from custom_components.quectel_smtp.delivery.records import Transition
from custom_components.quectel_smtp.modem.at.errors import InvalidValueError
from tests.fork_server import forked

from .fast_clock import FastClock, FastLoop
from .hooks import PICTURE, PICTURED, trap_outbox
from .points import Point, Trap
from .protocol import Json, plan_from_json, transition_to_json
from .rig import Plan, Rig

_REFUSED = (BeingSentError, InvalidValueError, NotWaitingError, OutboxError)
_WRITING = "quectel_smtp change"
"""The task that outlives whoever asked for a write."""


class Engine:
    """Carries out what the owner asks, each thing in a task of its own."""

    def __init__(self, plan: Plan, clock: FastClock, trap: Trap) -> None:
        """Build the courier."""
        self._trap = trap
        self._rig = Rig(plan, clock, trap, connect=trap_outbox(trap))
        self._courier = self._rig.courier
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = asyncio.Event()

    async def run(self, lines: asyncio.StreamReader) -> None:
        """Serve until the owner says stop, or is gone."""
        courier = self._courier
        courier.on_transition(self._on_transition)
        courier.watch(self._on_status)
        await courier.open()
        courier.start()
        courier.show()
        self._tell({"event": "ready"})
        reading = asyncio.create_task(self._read(lines))
        await self._stopped.wait()
        reading.cancel()
        await courier.close()
        self._tell({"event": "stopped"})

    async def _read(self, lines: asyncio.StreamReader) -> None:
        while line := await lines.readline():
            task = asyncio.create_task(self._obey(json.loads(line)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._stopped.set()

    async def _obey(self, request: dict[str, Any]) -> None:
        number = request.pop("id")
        method: Callable[..., Awaitable[Json]] = getattr(
            self, f"do_{request.pop('do')}"
        )
        try:
            result = await method(**request)
        except _REFUSED as error:
            self._tell({"id": number, "error": type(error).__name__})
        else:
            self._tell({"id": number, "result": result})

    def _tell(self, message: dict[str, Json]) -> None:
        message["at"] = self._rig.clock.now()
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()

    def _on_transition(self, transition: Transition) -> None:
        self._trap.reach(Point.BEFORE_SHOWN)
        self._tell({"event": "transition", **transition_to_json(transition)})
        self._trap.reach(Point.AFTER_SHOWN)

    def _on_status(self) -> None:
        status = self._courier.status
        trouble = status.trouble
        self._tell(
            {
                "event": "status",
                "connected": status.connected,
                "port": status.port,
                "trouble": None if trouble is None else trouble.key,
                "waiting": status.mail.waiting,
                "sent": status.mail.sent,
                "failed": status.mail.failed,
                "held": [reason.value for reason in status.mail.held],
                "outbox": status.outbox.value,
                "damaged": status.damaged,
                "exhausted": status.exhausted,
            }
        )

    # What the owner may ask.

    async def do_submit(
        self,
        subject: str,
        body: str,
        to: list[str],
        reference: str,
        recipient: str = "",
        critical: bool = False,
        cc: Sequence[str] = (),
        bcc: Sequence[str] = (),
    ) -> Json:
        """Accept an email: the answer is the acceptance."""
        await self._courier.submit(
            Email(
                subject,
                body,
                tuple(to),
                tuple(cc),
                tuple(bcc),
                reference=reference,
                recipient=recipient,
                critical=critical,
                attachments=(PICTURE,) if subject.startswith(PICTURED) else (),
            )
        )
        self._trap.reach(Point.BEFORE_RETURN)
        return reference

    async def do_listed(self) -> Json:
        """Return what waits, by reference."""
        return {
            listed.reference: listed.state.value
            for listed in await self._courier.listed()
        }

    async def do_retry(self, reference: str | None = None) -> Json:
        """Try again now."""
        return await self._courier.retry(reference)

    async def do_cancel(self, reference: str | None = None) -> Json:
        """Cancel what waits."""
        return await self._courier.cancel(reference)

    async def do_poll(self) -> Json:
        """Refresh, as the coordinator does now and then."""
        await self._courier.poll()
        return None

    async def do_trap(self, point: str, count: int = 1, delay: float = 0.0) -> Json:
        """Die when a point is reached."""
        self._trap.set(Point(point), count, delay)
        return None

    async def do_idle(self, speed: float) -> Json:
        """Choose the speed of the clock while nothing is expected."""
        self._rig.clock.set_idle(speed)
        return None

    async def do_ports(self, ports: list[str]) -> Json:
        """Choose what a search for ports finds."""
        self._rig.ports = ports
        return None

    async def do_figures(self) -> Json:
        """Return what this process uses, once it is at rest and all is on disk."""
        # What is told to an idle modem beforehand takes a turn, too.
        async with self._courier._port_lock:  # noqa: SLF001  # free when nobody works
            pass
        while writing := [
            task for task in asyncio.all_tasks() if task.get_name() == _WRITING
        ]:
            await asyncio.wait(writing)
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return {
            # The folder's own descriptor is not counted.
            "descriptors": len(list(Path("/proc/self/fd").iterdir())) - 1,
            # Nor is the task that counts.
            "tasks": len(asyncio.all_tasks()) - 1,
            "threads": threading.active_count(),
            "memory": pages * os.sysconf("SC_PAGE_SIZE"),
            "processor": time.process_time(),
        }

    async def do_stop(self) -> Json:
        """Stop in order."""
        self._stopped.set()
        return None


async def _serve(plan: Plan, clock: FastClock, trap: Trap) -> None:
    lines = asyncio.StreamReader(limit=1 << 24)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    await Engine(plan, clock, trap).run(lines)


def main() -> None:
    """In each process that is forked, run its plan to the end."""
    first = json.loads(forked(int(sys.argv[1])))
    plan = plan_from_json(first["plan"])
    trap = Trap()
    if point := first.get("point"):
        trap.set(Point(point), first["count"], first["delay"])
    clock = FastClock(
        idle=plan.idle, waiting=plan.waiting, late=plan.late, start=plan.start
    )
    with asyncio.Runner(loop_factory=lambda: FastLoop(clock)) as runner:
        runner.run(_serve(plan, clock, trap))
