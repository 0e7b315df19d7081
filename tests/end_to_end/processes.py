"""A program as a child process that never outlives whoever started it."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
import signal
import sys
from typing import IO, Final

ROOT = Path(__file__).resolve().parents[2]

# Bytes of a line: an email with all its pictures is one.
_LINE_MOST: Final = 16_777_216
_LEASH = Path(__file__).with_name("leash.py")
_LAST_LINES = 25


class ProgramError(Exception):
    """A program could not be started, or ended when it should not have."""


class LeashedProgram:
    """A running program; `leash.py` ends it with us, however we end.

    It is deaf to Ctrl-C in the terminal: ending things in order is the owner's business.
    """

    def __init__(
        self, process: asyncio.subprocess.Process, name: str, log: Path
    ) -> None:
        """Use `start_program` instead."""
        self.name = name
        self.log = log
        self._process = process

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        return self._process.returncode is None

    async def read_line(self) -> str | None:
        """The next line on its standard output, or None after the last one."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        return line.decode() if line else None

    async def wait(self) -> int:
        """Wait until it has ended; its exit status."""
        return await self._process.wait()

    async def stop(self) -> None:
        """End it, and what it started; returns when they are gone."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._process.wait()

    async def kill(self) -> None:
        """Kill it, and what it started, with no time for anything; returns then."""
        # Where it has ended meanwhile there is nothing to do.
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGUSR1)
        await self._process.wait()

    def failure(self, what: str) -> ProgramError:
        """An error that says `what`, with the last that the program said."""
        lines = self.log.read_text("utf-8", "replace").splitlines()
        said = "\n".join(f"    {line}" for line in lines[-_LAST_LINES:])
        return ProgramError(f"{what}\n{said or '    (it said nothing)'}")


async def start_program(
    name: str,
    command: Sequence[str],
    *,
    log: Path,
    grace: float = 5.0,
    environment: Mapping[str, str] | None = None,
    pipe_output: bool = False,
) -> LeashedProgram:
    """Start a program from the repository's folder.

    log: takes what it writes to standard error, and to standard output too unless
        `pipe_output` is set for `read_line`.
    grace: seconds it may take to end when asked to, before it is killed.
    """
    with log.open("ab") as sink:
        output: int | IO[bytes] = asyncio.subprocess.PIPE if pipe_output else sink
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(_LEASH), str(grace), *command),
            cwd=ROOT,
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=output,
            stderr=sink,
            start_new_session=True,
            limit=_LINE_MOST,
        )
    return LeashedProgram(process, name, log)


async def stop_all(*programs: LeashedProgram | None) -> None:
    """End several at once, also while we are being cancelled."""
    stopping = asyncio.gather(*(p.stop() for p in programs if p is not None))
    with suppress(asyncio.CancelledError):
        await asyncio.shield(stopping)
        return
    await stopping
    raise asyncio.CancelledError
