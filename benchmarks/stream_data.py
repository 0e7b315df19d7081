"""100 KiB through the modem's TCP, out and in: the joined socket beside its own bytes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random
import socket
from typing import Final

from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.modem import Modem
from tests.virtual_modem.client import VirtualModem

from .boundless import HOST, PDP
from .pairs import Pair, timed
from .tape import TcpReplay, Turn, counting, heard

SIZE: Final = 100 * 1024
_DATA: Final = Random(1).randbytes(SIZE)
_TAKES: Final = 1
_GIVES: Final = 2
_CLOSE: Final = Turn(b"AT+QICLOSE=10,1")
_BLOCK: Final = 65536


@dataclass(frozen=True, slots=True)
class StreamData:
    """Both ways of the same bytes, sent and received, at one speed of the line."""

    sent: Pair = field(default_factory=Pair)
    received: Pair = field(default_factory=Pair)


class _Server:
    """Takes all on one port, and gives all on another."""

    def __init__(self) -> None:
        self.taken = asyncio.Event()

    async def take(self, reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readexactly(SIZE)
        self.taken.set()

    async def give(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        # Asked for by one byte, so that nothing has come before the time is taken.
        await reader.readexactly(1)
        writer.write(_DATA)
        await reader.read()
        writer.close()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[dict[int, int]]:
        """Listen; gives the ports on loopback."""
        async with (
            await asyncio.start_server(self.take, "127.0.0.1", 0) as takes,
            await asyncio.start_server(self.give, "127.0.0.1", 0) as gives,
        ):
            yield {
                _TAKES: takes.sockets[0].getsockname()[1],
                _GIVES: gives.sockets[0].getsockname()[1],
            }

    async def until_taken(self, sending: Awaitable[object]) -> None:
        """Send, and wait until the server has it all."""
        self.taken.clear()
        await sending
        await self.taken.wait()


async def _send(sock: socket.socket) -> None:
    await asyncio.get_running_loop().sock_sendall(sock, _DATA)


async def _fetch(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, b"?")
    read = 0
    while read < SIZE:
        read += len(await loop.sock_recv(sock, _BLOCK))


async def _ours(
    virtual: VirtualModem,
    baudrate: int,
    port: int,
    times: list[float],
    work: Callable[[socket.socket], Awaitable[None]],
) -> tuple[list[Turn], list[Turn]]:
    """Do it once; returns how the connection was opened, and what followed."""
    modem = Modem(PortSettings(virtual.port, baudrate))
    await modem.open()
    try:
        await modem.activate(PDP)
        with counting() as counts:
            virtual.forget()
            async with modem.stream(HOST, port) as pair:
                opened = heard(virtual, ())
                virtual.forget()
                await timed(times, partial(work, pair.socket))
                turns = heard(virtual, counts)
                pair.socket.close()
    finally:
        await modem.close()
    return [turn for turn in opened if b"QIOPEN" in turn.line], turns


async def _both(baudrate: int, count: int) -> StreamData:
    found, server = StreamData(), _Server()
    async with (
        server.running() as ports,
        VirtualModem(hosts={HOST: ports}, baud=baudrate) as virtual,
    ):
        for _ in range(count):
            for pair, port, work in (
                (found.sent, _TAKES, _send),
                (found.received, _GIVES, _fetch),
            ):
                opening, turns = await _ours(
                    virtual,
                    baudrate,
                    port,
                    pair.ours,
                    partial(_whole, server, port, work),
                )
                async with TcpReplay.opened(virtual.port, baudrate) as replay:
                    await replay.run(opening)
                    await timed(
                        pair.floor,
                        partial(_whole, server, port, replay.run, turns),
                    )
                    await replay.run((_CLOSE,))
    return found


async def _whole[T](
    server: _Server, port: int, work: Callable[[T], Awaitable[None]], what: T
) -> None:
    """Do it until the server has it all, or has given it."""
    if port == _TAKES:
        await server.until_taken(work(what))
    else:
        await work(what)


def run(baudrate: int, count: int) -> StreamData:
    """Carry it ``count`` times each way, in turns."""
    return asyncio.run(_both(baudrate, count))
