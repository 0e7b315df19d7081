"""``TcpStream``: bytes to and from a server, over one TCP connection of the modem.

Buffer access mode (TCP/IP note 2.4.7): what the server sends waits in the modem until it
is read, counted. Each command is a turn of its own on the AT channel, so that polls and
other work go on in between.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, Self

from ..at.channel import AtChannel
from ..at.commands import Command
from ..at.errors import CommandError, ConnectionLostError, ModemError
from ..at.syntax import number, parameters
from .opening import (
    CLOSING,
    INITIAL,
    close_connection,
    connection_state,
    open_connection,
)
from .preparation import Limits

# The last but one of the modem's twelve: the last is for a look at a server.
CONNECTION: Final = 10

# Seconds; TCP/IP notes: 120 s for QISEND and QIRD (BG95's).
_DATA_TIME: Final = 125.0

# How long we rely on result codes before we ask: they may go to another port, or be late.
_POLL: Final = 2.0
# How long who reads may take for an answer, which goes out before the modem is asked
# whether there is more: mostly that is the server's next reply then.
_ANSWERED: Final = 0.1
# Pauses while the modem's send buffer is full, and for how long it may be.
_FULL_FIRST: Final = 0.25
_FULL_LONGEST: Final = 4.0
_FULL_TIME: Final = 120.0

_RECEIVED_CODES: Final = ("recv", "closed")


class TcpStream:
    """An open connection; one task may read while another writes.

    Whatever fails with a ``ModemError`` fails again: after it nothing is known of the
    bytes that were on their way. The same holds when a caller is cancelled.
    """

    def __init__(self, channel: AtChannel, context_id: int, limits: Limits) -> None:
        """Describe a stream over that PDP context; use ``open``."""
        self._channel = channel
        self._context = context_id
        self.limits = limits
        # Set while something may be read, or is to be told.
        self._news = asyncio.Event()
        # Whether there may be more of what was read, though no result code tells of it:
        # some firmware does so again only once it had none to give.
        self._ask_again = False
        self._ended = False
        self._lost: ModemError | None = None
        # Whether the network took the context: what came before can be read, perhaps.
        self._taken = False
        self._unsubscribe = channel.subscribe("+QIURC:", self._on_urc)
        self.sent = 0
        """Bytes that the modem has taken."""
        self.received = 0
        """Bytes that were read."""

    @classmethod
    async def open(
        cls,
        channel: AtChannel,
        context_id: int,
        host: str,
        port: int,
        limits: Limits,
    ) -> Self:
        """Connect to ``host`` and ``port`` over the active context; up to 155 s.

        Its errors are those of ``open_connection``.
        """
        stream = cls(channel, context_id, limits)
        try:
            await open_connection(channel, CONNECTION, context_id, host, port)
        except BaseException:
            stream._leave()
            raise
        return stream

    async def read(self) -> bytes:
        """Wait for bytes and return some; none at the server's end of the stream."""
        while True:
            heard = await self._hear()
            self._raise_lost()
            # Before asking: what comes from now on is news.
            ended = self._ended
            self._news.clear()
            self._ask_again = False
            data = await self._receive()
            if data:
                if ended or len(data) == self.limits.read:
                    self._news.set()
                self._ask_again = True
                self.received += len(data)
                return data
            if ended:
                if self._taken:
                    self._lose(_taken())
                    self._raise_lost()
                self._news.set()
                return b""
            if not heard:
                await self._ask_state()

    async def write(self, data: bytes) -> None:
        """Hand bytes to the modem; waits while its send buffer is full, up to 120 s.

        ``ConnectionLostError`` if the connection has ended: what the server sent before
        can still be read.
        """
        for start in range(0, len(data), self.limits.send):
            await self._send(data[start : start + self.limits.send])
        if self._ask_again:
            self._news.set()

    async def close(self) -> None:
        """Close the connection; one that is gone, or a modem that is, is no error."""
        self._leave()
        await close_connection(self._channel, CONNECTION)

    def _leave(self) -> None:
        """Hear no more of it; who reads or writes is told."""
        self._unsubscribe()
        self._unsubscribe = lambda: None
        self._lose(ConnectionLostError("closed"))

    # What the modem tells.

    def _on_urc(self, line: str) -> None:
        what, *rest = parameters(line)
        about = number(rest[0]) if rest else None
        if what == "pdpdeact" and about == self._context:
            self._taken = self._ended = True
        elif what not in _RECEIVED_CODES or about != CONNECTION:
            return
        self._ended = self._ended or what == "closed"
        self._news.set()

    async def _hear(self) -> bool:
        """Wait for news; False if none came in time, and it is ours to ask."""
        if not self._news.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_ANSWERED if self._ask_again else _POLL):
                    await self._news.wait()
        return self._news.is_set() or self._ask_again

    def _raise_lost(self) -> None:
        if self._lost is not None:
            raise ConnectionLostError(str(self._lost)) from self._lost

    # Turns on the channel.

    async def _receive(self) -> bytes:
        command = Command(
            f"AT+QIRD={CONNECTION},{self.limits.read}",
            prefixes=("+QIRD:",),
            deadline=_DATA_TIME,
        )
        with self._turn():
            try:
                return await self._channel.receive(command, self.limits.read)
            except CommandError:
                # Some firmware forgets a connection with the server's end of it.
                if self._ended:
                    return b""
                raise

    async def _send(self, piece: bytes) -> None:
        """Offer a piece until the modem takes it: SEND FAIL says that it took none."""
        loop = asyncio.get_running_loop()
        until, pause = loop.time() + _FULL_TIME, _FULL_FIRST
        while True:
            self._raise_lost()
            if self._taken:
                raise _taken()
            with self._turn():
                result = await self._offer(piece)
            if result is None:
                # Not for the reader: the server's last words may wait for it.
                raise ConnectionLostError("the connection has ended")
            if result != "SEND FAIL":
                self.sent += len(piece)
                return
            if loop.time() >= until:
                self._lose(ConnectionLostError("the server takes nothing"))
            else:
                await asyncio.sleep(pause)
                pause = min(2 * pause, _FULL_LONGEST)

    async def _offer(self, piece: bytes) -> str | None:
        """Return the final result of QISEND, None where the connection can't send."""
        command = Command(
            f"AT+QISEND={CONNECTION},{len(piece)}",
            deadline=_DATA_TIME,
            finals=("SEND OK", "SEND FAIL"),
        )
        try:
            return await self._channel.send(command, piece)
        except CommandError:
            return None

    async def _ask_state(self) -> None:
        """Find out whether the connection has ended, where no result code told."""
        with self._turn():
            try:
                state = await connection_state(self._channel, CONNECTION)
            except CommandError:
                # It can't be told; QIRD has just answered for this connection.
                return
        if state in (INITIAL, CLOSING):
            self._ended = True
            self._news.set()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let whatever fails in a turn end the stream: its bytes may be lost."""
        try:
            yield
        except CommandError as err:
            self._lose(err)
            raise ConnectionLostError("the connection is gone") from err
        except ModemError as err:
            self._lose(err)
            raise
        except BaseException:
            self._lose(ConnectionLostError("given up in the middle of a command"))
            raise

    def _lose(self, reason: ModemError) -> None:
        if self._lost is None:
            self._lost = reason
        self._news.set()


def _taken() -> ConnectionLostError:
    return ConnectionLostError("the network took the data connection")
