"""What a caller waits for: the answer to its command, or a result that comes later."""

import asyncio
from typing import Final

from .commands import Command
from .errors import ModemError, NoAnswerError, UnexpectedAnswerError

ANSWER_LIMIT: Final = 64 * 1024
"""Characters of an answer's information lines; the longest real one has a tenth."""


class Exchange:
    """The command in flight: what has arrived of its answer so far."""

    __slots__ = (
        "armed",
        "command",
        "connected",
        "data",
        "done",
        "length",
        "lines",
        "result",
        "stale",
    )

    def __init__(self, command: Command, loop: asyncio.AbstractEventLoop) -> None:
        """Expect the answer to ``command``, once its last byte is written."""
        self.command = command
        self.lines: list[str] = []
        self.length = 0
        self.data = b""
        self.result: str | None = None
        self.connected: asyncio.Future[None] | None = None
        self.done: asyncio.Future[str] = loop.create_future()
        # Nothing answers a command whose last byte is not written yet.
        self.armed = False
        # A probe takes no final result before its own line: that one is stale.
        self.stale = False

    def owns(self, text: str) -> bool:
        """Whether ``text`` is an information line of this answer."""
        command = self.command
        return not (command.single and self.lines) and command.owns(text)

    def connect(self) -> None:
        """Note that the modem takes the command's data now."""
        if self.connected is not None and not self.connected.done():
            self.connected.set_result(None)

    def take(self, text: str) -> None:
        """Keep an information line; an answer that never ends fails."""
        self.length += len(text)
        if self.length > ANSWER_LIMIT:
            self.lines.clear()
            self.fail(UnexpectedAnswerError(self.command.name))
            return
        self.lines.append(text)

    def fail(self, error: ModemError) -> None:
        """End every wait with ``error``, unless it has ended."""
        for future in (self.connected, self.done):
            if future is not None and not future.done():
                future.set_exception(error)

    def expire(self) -> None:
        """End every wait: the deadline has passed."""
        self.fail(NoAnswerError(self.command.name))

    def discard(self) -> None:
        """Stop waiting; an error that nobody awaits any longer is no error."""
        for future in (self.connected, self.done):
            if future is not None and not future.cancel() and not future.cancelled():
                future.exception()


class Expectation:
    """Waits for one URC that was announced before the command that causes it."""

    def __init__(self, prefix: str, loop: asyncio.AbstractEventLoop) -> None:
        """Wait for a line that begins with ``prefix``; use ``AtChannel.expect``."""
        self.prefix = prefix
        self._future: asyncio.Future[str] = loop.create_future()

    @property
    def arrived(self) -> bool:
        """Whether the URC, or the reason why it never will, has arrived."""
        return self._future.done()

    async def wait(self, timeout: float) -> str:
        """Return the URC's line; ``NoAnswerError`` after ``timeout`` seconds.

        ``PortLostError`` and ``ModemRebootedError`` if it can no longer arrive.
        """
        await asyncio.wait((self._future,), timeout=timeout)
        if not self._future.done():
            raise NoAnswerError(self.prefix)
        return self._future.result()

    def settle(self, outcome: str | ModemError) -> None:
        """Take the line, or the reason why it never arrives; the first one counts."""
        if self._future.done():
            return
        if isinstance(outcome, str):
            self._future.set_result(outcome)
        else:
            self._future.set_exception(outcome)

    def begin(self) -> None:
        """Drop a line that came before the command: it was another's result."""
        if self._future.done() and self._future.exception() is None:
            self._future = self._future.get_loop().create_future()

    def discard(self) -> None:
        """Stop waiting; an error that nobody asked for is no error."""
        if not self._future.cancel() and not self._future.cancelled():
            self._future.exception()
