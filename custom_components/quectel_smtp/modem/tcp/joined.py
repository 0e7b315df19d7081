"""A socket for a library: one end of a local pair, whose other end is a ``TcpStream``."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
import socket
from typing import Final

from ..at.errors import ConnectionLostError, ModemError
from .stream import TcpStream

# What the pair may hold: a library that has written this much feels the speed of the
# line, rather than believing that all has left.
_BUFFER: Final = 8192


class Joined:
    """Carries bytes between a stream and a socket pair, both ways at once."""

    def __init__(self, stream: TcpStream) -> None:
        """Make the pair; ``socket`` is for the library, which also closes it."""
        self._stream = stream
        self._ours, self.socket = socket.socketpair()
        for end in (self._ours, self.socket):
            end.setblocking(False)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        self.failure: ModemError | None = None
        """Why the stream broke, where the library only sees its end."""
        self._ended = False
        self._progress = asyncio.Event()

    @property
    def sent(self) -> int:
        """Bytes of the library that the modem has taken."""
        return self._stream.sent

    async def carried(self, count: int) -> None:
        """Wait until the modem has taken ``count`` bytes, from the beginning.

        ``ModemError`` if it never will; ``ConnectionLostError`` where the connection,
        or the library, has ended before.
        """
        while self.sent < count:
            if self.failure is not None:
                raise self.failure
            if self._ended:
                raise ConnectionLostError("closed")
            self._progress.clear()
            await self._progress.wait()

    async def carry(self) -> None:
        """Carry until both directions have ended."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._carry_out())
            group.create_task(self._carry_in())

    def close(self) -> None:
        """Close our end: the library sees the end of the stream."""
        self._ours.close()

    async def _carry_out(self) -> None:
        """From the library to the server, until the library ends it.

        What can't be sent any more is dropped: the server's last words still come in.
        """
        try:
            with suppress(OSError):
                while data := await self._taken():
                    if self.failure is None:
                        with self._noted():
                            await self._stream.write(data)
                    self._progress.set()
        finally:
            self._ended = True
            self._progress.set()

    async def _taken(self) -> bytes:
        """Wait for what the library writes: as much as fits into one command."""
        most = self._stream.limits.send
        data = await asyncio.get_running_loop().sock_recv(self._ours, most)
        if 0 < len(data) < most:
            # Having taken the last of it has made room, in which the library goes on
            # as soon as the loop has looked at its socket.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            with suppress(OSError):
                data += self._ours.recv(most - len(data))
        return data

    async def _carry_in(self) -> None:
        """From the server to the library, until the server ends it."""
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            try:
                with self._noted():
                    while data := await self._stream.read():
                        await loop.sock_sendall(self._ours, data)
            finally:
                self._ours.shutdown(socket.SHUT_WR)

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Keep the first failure of the stream."""
        try:
            yield
        except ModemError as err:
            self.failure = self.failure or err
            self._progress.set()


@asynccontextmanager
async def joined(stream: TcpStream) -> AsyncIterator[Joined]:
    """Join a stream to a local socket as long as the block runs; then close it.

    The stream is closed at the end, also when the library has not closed its socket.
    """
    pair = Joined(stream)
    carrying = asyncio.create_task(pair.carry())
    try:
        yield pair
    except BaseException:
        # A modem that hangs is not waited for.
        carrying.cancel()
        raise
    finally:
        try:
            await stream.close()
        finally:
            carrying.cancel()
            await asyncio.wait((carrying,))
            pair.close()
    if not carrying.cancelled():
        carrying.result()
