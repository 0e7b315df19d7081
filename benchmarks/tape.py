"""What bare serialx does with the bytes that went over the modem's TCP: their floor.

The commands are replayed as they were heard, whatever they carry: of TLS no byte can be
understood. A server that plays its part from the same tape answers them.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final, Self
from unittest.mock import patch

from serialx import open_serial_connection

from custom_components.quectel_smtp.modem.tcp.stream import CONNECTION, TcpStream
from tests.virtual_modem.client import VirtualModem

_FINALS: Final = (b"\r\nOK\r\n", b"\r\nERROR\r\n")
_BLOCK: Final = 65536
_READ: Final = f"AT+QIRD={CONNECTION},"
_NEWS: Final = f'+QIURC: "recv",{CONNECTION}\r\n'.encode()


@dataclass(frozen=True, slots=True)
class Turn:
    """A command line, the data after its prompt, and the bytes that it brought."""

    line: bytes
    data: bytes = b""
    read: int = 0


@dataclass(slots=True)
class Tape:
    """What went through one connection: so many bytes came, and then this was said."""

    said: list[tuple[int, bytes]] = field(default_factory=list)
    heard: int = 0

    @asynccontextmanager
    async def recording(self, server: int) -> AsyncIterator[int]:
        """Listen for the modem in a server's place; gives the port on loopback."""

        async def carry(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, heard: bool
        ) -> None:
            while data := await reader.read(_BLOCK):
                if heard:
                    self.heard += len(data)
                else:
                    self.said.append((self.heard, data))
                writer.write(data)
            writer.close()

        async def serve(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            self.said.clear()
            self.heard = 0
            theirs, to_them = await asyncio.open_connection("127.0.0.1", server)
            async with asyncio.TaskGroup() as group:
                group.create_task(carry(reader, to_them, heard=True))
                group.create_task(carry(theirs, writer, heard=False))

        async with _listening(serve) as port:
            yield port

    @asynccontextmanager
    async def playing(self) -> AsyncIterator[int]:
        """Play the server's part to whoever connects; gives the port on loopback."""

        async def serve(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            heard = 0
            for until, data in self.said:
                while heard < until:
                    heard += len(await reader.read(_BLOCK)) or until
                writer.write(data)
            await reader.read()
            writer.close()

        async with _listening(serve) as port:
            yield port


@asynccontextmanager
async def _listening(serve: object) -> AsyncIterator[int]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)  # type: ignore[arg-type]
    async with server:
        yield server.sockets[0].getsockname()[1]


@contextmanager
def counting() -> Iterator[list[int]]:
    """Count what each ``AT+QIRD`` brings while the block runs, in their order."""
    counts: list[int] = []
    receive = TcpStream._receive  # noqa: SLF001  # nobody else knows of a single one

    async def counted(self: TcpStream) -> bytes:
        data = await receive(self)
        counts.append(len(data))
        return data

    with patch.object(TcpStream, "_receive", counted):
        yield counts


def heard(virtual: VirtualModem, counts: Sequence[int]) -> list[Turn]:
    """Return what the modem has heard since it was told to forget."""
    data: dict[str, deque[bytes]] = defaultdict(deque)
    for transfer in virtual.transfers():
        data[transfer.command].append(transfer.data)
    brought = iter(counts)
    return [
        Turn(
            seen.line.encode(),
            data[seen.line].popleft() if data[seen.line] else b"",
            # The last one may not have been answered yet.
            next(brought, 0) if seen.line.startswith(_READ) else 0,
        )
        for seen in virtual.commands()
    ]


class TcpReplay:
    """Takes turns over a bare port, and reads as far as each answer must go."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Take an open port."""
        self._reader = reader
        self._writer = writer
        self._news = False

    @classmethod
    @asynccontextmanager
    async def opened(cls, port: str, baudrate: int) -> AsyncIterator[Self]:
        """Open the port until the block ends."""
        reader, writer = await open_serial_connection(port, baudrate)
        try:
            yield cls(reader, writer)
        finally:
            writer.close()
            await writer.wait_closed()

    async def run(self, turns: Sequence[Turn]) -> None:
        """Take every turn; one that reads waits for what it has to bring."""
        due = read = 0
        for turn in turns:
            if turn.line.startswith(_READ.encode()):
                due += turn.read
                read += await self._read(turn.line, wait=read < due)
                while read < due:
                    read += await self._read(turn.line, wait=True)
                continue
            self._writer.write(turn.line + b"\r")
            if turn.line.startswith(b"AT+QISEND="):
                await self._until(b"> ")
                self._writer.write(turn.data)
                await self._until(b"\r\nSEND OK\r\n")
                continue
            await self._until(*_FINALS)
            if turn.line.startswith(b"AT+QIOPEN="):
                await self._until(f"+QIOPEN: {CONNECTION},0\r\n".encode())

    async def _read(self, line: bytes, *, wait: bool) -> int:
        if wait and not self._news:
            await self._until(_NEWS)
        self._news = False
        self._writer.write(line + b"\r")
        await self._until(b"+QIRD: ")
        count = int(await self._reader.readuntil(b"\r\n"))
        await self._reader.readexactly(count)
        # No result code tells of what is left of it.
        self._news = count > 0
        await self._until(*_FINALS)
        return count

    async def _until(self, *ends: bytes) -> None:
        """Read as far as one of these; takes note of data that is announced."""
        found = await self._reader.readuntil(ends)
        self._news = self._news or _NEWS in found
