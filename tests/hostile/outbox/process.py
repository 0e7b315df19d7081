"""The owner's side of a courier's process: starts it, talks to it, outlives it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
import json
import os
import signal
import sys
from typing import Any, Self

from tests.fork_server import ForkServer

from .points import Point
from .protocol import Json, plan_to_json
from .rig import Plan

_LONGEST_LINE = 1 << 24
_PATIENCE = 60.0


class EngineDiedError(Exception):
    """The process ended while something was expected of it."""


class EngineRefusedError(Exception):
    """The courier refused; the text is its exception's name."""


@dataclass(slots=True)
class Heard:
    """What a process has said."""

    transitions: list[dict[str, Any]] = field(default_factory=list)
    status: dict[str, Any] = field(default_factory=dict)
    ready: bool = False
    stopped: bool = False
    at: float = 0.0
    """The latest time by its clock."""


class EngineProcess:
    """A courier's process, from its start to its end, whichever way that comes."""

    def __init__(
        self, pidfd: int, stdin: asyncio.WriteTransport, stdout: asyncio.StreamReader
    ) -> None:
        """Use ``start``."""
        self.heard = Heard()
        self._pidfd = pidfd
        self._stdin = stdin
        self._stdout = stdout
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[Json]] = {}
        self._changed = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls, plan: Plan, point: Point | None = None, nth: int = 1, delay: float = 0.0
    ) -> Self:
        """Start it; with ``point`` it dies there, perhaps before it is ready."""
        first = {
            "plan": plan_to_json(plan),
            "point": point,
            "count": nth,
            "delay": delay,
        }
        loop = asyncio.get_running_loop()
        stdin, ours = os.pipe()
        to_it, _ = await loop.connect_write_pipe(
            asyncio.Protocol, os.fdopen(ours, "wb")
        )
        theirs, stdout = os.pipe()
        from_it = asyncio.StreamReader(limit=_LONGEST_LINE)
        await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(from_it), os.fdopen(theirs, "rb")
        )
        request = json.dumps(first).encode()
        server = ForkServer.running("tests.hostile.outbox")
        pidfd = server.start(request, stdin, stdout, sys.stderr.fileno())
        os.close(stdin)
        os.close(stdout)
        return cls(pidfd, to_it, from_it)

    def _write(self, message: dict[str, Any]) -> None:
        self._stdin.write(json.dumps(message).encode() + b"\n")

    async def _read(self) -> None:
        try:
            async for line in self._stdout:
                # A line that a kill cut short was not said.
                if line.endswith(b"\n"):
                    await self._hear(json.loads(line))
            await self._ended()
            async with self._changed:
                for answer in self._answers.values():
                    if not answer.done():
                        answer.set_exception(EngineDiedError())
                        # Whoever asked may have been cancelled.
                        answer.exception()
                self._changed.notify_all()
        finally:
            self._stdin.close()
            os.close(self._pidfd)

    async def _ended(self) -> None:
        """Wait until it has let go of everything, which its last words are not yet."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._pidfd, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._pidfd)

    async def _hear(self, message: dict[str, Any]) -> None:
        heard = self.heard
        heard.at = message.pop("at")
        async with self._changed:
            match message.pop("event", None):
                case "transition":
                    heard.transitions.append(message)
                case "status":
                    heard.status = message
                case "ready":
                    heard.ready = True
                case "stopped":
                    heard.stopped = True
                case _:
                    answer = self._answers.pop(message["id"])
                    if "error" in message:
                        answer.set_exception(EngineRefusedError(message["error"]))
                    elif not answer.done():
                        answer.set_result(message["result"])
            self._changed.notify_all()

    # What it is asked.

    @property
    def dead(self) -> bool:
        """Whether it has ended, and everything that it said is heard."""
        return self._reader.done()

    async def ask(self, do: str, **arguments: Json) -> Json:
        """Ask, and return the answer; see ``Engine`` for what there is."""
        if self.dead:
            raise EngineDiedError
        number = next(self._numbers)
        answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        self._write({"id": number, "do": do, **arguments})
        return await answer

    async def until(
        self, holds: Callable[[Heard], object], patience: float = _PATIENCE
    ) -> None:
        """Wait until something holds of what was heard; ``EngineDiedError`` if never."""
        try:
            async with asyncio.timeout(patience), self._changed:
                while not holds(self.heard):
                    if self.dead:
                        raise EngineDiedError
                    await self._changed.wait()
        except TimeoutError:
            last = self.heard.transitions[-3:]
            raise AssertionError(
                f"it never came to it: {self.heard.status}, {last}"
            ) from None

    async def until_ready(self) -> Self:
        """Wait until emails are accepted."""
        await self.until(lambda heard: heard.ready)
        return self

    async def until_dead(self, patience: float = _PATIENCE) -> None:
        """Wait until it has died of its trap."""
        async with asyncio.timeout(patience):
            await asyncio.wait((self._reader,))

    # How it ends.

    async def kill(self) -> None:
        """Kill it outright, unless it is dead."""
        if not self.dead:
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        await asyncio.wait((self._reader,))

    async def stop(self) -> None:
        """Stop it in order; kill it if it does not."""
        try:
            async with asyncio.timeout(_PATIENCE):
                with suppress(EngineDiedError):
                    await self.ask("stop")
                await asyncio.wait((self._reader,))
        finally:
            await self.kill()
