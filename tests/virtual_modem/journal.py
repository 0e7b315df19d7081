"""What came in and what was done with it, for tests to read."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
import time

from .observations import CommandSeen, Delivery, Phase, Stray, Transfer, TransferEnd


class Journal:
    """The records of one process, and waiting for them."""

    def __init__(self) -> None:
        """Start the clock that the records are dated by."""
        self._started = time.monotonic()
        self.boot = 0
        self.session = 0
        self.commands: list[CommandSeen] = []
        self.transfers: list[Transfer] = []
        self.strays: list[Stray] = []
        self.deliveries: list[Delivery] = []
        self._forgotten = 0
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def uptime(self) -> float:
        """Seconds since the process started."""
        return time.monotonic() - self._started

    def command(self, line: str, phase: Phase, junk: str = "") -> int:
        """Record a command line; the number by which to add its final result."""
        self.commands.append(
            CommandSeen(self.uptime(), self.boot, self.session, line, phase, junk)
        )
        self.changed()
        return self._forgotten + len(self.commands) - 1

    def final(self, number: int, final: str) -> None:
        """Add the final result to a command line, unless that is forgotten."""
        index = number - self._forgotten
        if index >= 0:
            self.commands[index] = replace(self.commands[index], final=final)

    def transfer(
        self, command: str, expected: int, data: bytes, end: TransferEnd
    ) -> None:
        """Record a data mode that has ended."""
        self.transfers.append(
            Transfer(self.uptime(), self.boot, command, expected, data, end)
        )
        self.changed()

    def stray(self, phase: Phase, data: bytes) -> None:
        """Record lost bytes; what follows in the same phase is added to them."""
        if self.strays and self.strays[-1].phase is phase:
            self.strays[-1] = replace(self.strays[-1], data=self.strays[-1].data + data)
        else:
            self.strays.append(Stray(self.uptime(), phase, data))
        self.changed()

    def delivery(self, delivery: Delivery) -> None:
        """Record the end of a QSMTPPUT."""
        self.deliveries.append(delivery)
        self.changed()

    def forget(self) -> None:
        """Empty the records."""
        self._forgotten += len(self.commands)
        for records in (self.commands, self.transfers, self.strays, self.deliveries):
            records.clear()

    def changed(self) -> None:
        """Let waiters look again."""
        for holds, waiter in self._waiters:
            if not waiter.done() and holds():
                waiter.set_result(None)

    async def wait_until(self, holds: Callable[[], bool], timeout: float) -> bool:
        """Wait until `holds()`; False when `timeout` seconds pass first."""
        if holds():
            return True
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (holds, waiter)
        self._waiters.append(entry)
        try:
            await asyncio.wait_for(waiter, timeout)
        except TimeoutError:
            return False
        finally:
            self._waiters.remove(entry)
        return True
