"""The owner's side of a courier's process: starts it, talks to it, outlives it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
import json
from pathlib import Path
import sys
from typing import Any, Self

from .points import Point
from .protocol import Json, plan_to_json
from .rig import Plan

_ROOT = Path(__file__).resolve().parents[3]
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

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Use ``start``."""
        self.heard = Heard()
        self._process = process
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[Json]] = {}
        self._changed = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls, plan: Plan, point: Point | None = None, nth: int = 1, delay: float = 0.0
    ) -> Self:
        """Start it; with ``point`` it dies there, perhaps before it is ready."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.hostile.outbox"),
            cwd=_ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 24,
        )
        engine = cls(process)
        engine._write(
            {"plan": plan_to_json(plan), "point": point, "count": nth, "delay": delay}
        )
        return engine

    def _write(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with suppress(ConnectionError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            # A line that a kill cut short was not said.
            if line.endswith(b"\n"):
                await self._hear(json.loads(line))
        await self._process.wait()
        async with self._changed:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(EngineDiedError())
                    # Whoever asked may have been cancelled.
                    answer.exception()
            self._changed.notify_all()

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

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

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
        with suppress(ProcessLookupError):
            self._process.kill()
        await asyncio.wait((self._reader,))
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def stop(self) -> None:
        """Stop it in order; kill it if it does not."""
        try:
            async with asyncio.timeout(_PATIENCE):
                with suppress(EngineDiedError):
                    await self.ask("stop")
                await asyncio.wait((self._reader,))
        finally:
            await self.kill()
