"""The stream over the virtual modem: any bytes, hostile servers, a network that goes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
import random
import resource

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.errors import ModemError
from custom_components.quectel_smtp.modem.tcp.stream import TcpStream
from tests.modem.scripted_port import Collector

from .tcp_bench import TcpBench, stray_commands, tcp_bench

CSQ = Command("AT+CSQ", prefixes=("+CSQ:",))
POSING = (
    b"\r\nOK\r\n+QSMTPPUT: 0,0\r\n\r\nRDY\r\n\r\n+CFUN: 1\r\n"
    b'+QIURC: "closed",10\r\n\r\n+QIRD: 1500\r\n\r\nSEND OK\r\n> \r\nERROR\r\n'
)

ANSWERS = st.text("OKERQSMTPUIRD+:>, 0123456789\r\n", max_size=300).map(str.encode)

type Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(talk: Talk) -> AsyncIterator[int]:
    """Serve each connection with ``talk`` and then close it; the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back whatever comes."""
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def exchanged(stream: TcpStream, data: bytes) -> bytes:
    """Write and read as much at once."""

    async def read() -> bytes:
        got = b""
        while len(got) < len(data):
            got += await stream.read()
        return got

    reading = asyncio.create_task(read())
    await stream.write(data)
    return await reading


@pytest.mark.parametrize("recv_again", ["emptied", "read_zero"])
@pytest.mark.parametrize("recv_seconds", [0, 0.02])
async def test_any_bytes_come_back_as_they_were(
    recv_again: str, recv_seconds: float
) -> None:
    """Over one connection, with polls of others between the turns."""
    dice = random.Random(11)
    pieces = [POSING, b"+++", b"\x1a\x1b", bytes(range(256)) * 20]
    pieces += [dice.randbytes(dice.randrange(1, 4000)) for _ in range(10)]
    options: dict[str, str | float] = {
        "recv_again": recv_again,
        "recv_seconds": recv_seconds,
    }
    async with serving(echo) as port, tcp_bench(port, **options) as bench:
        results = Collector()
        bench.channel.subscribe("+QSMTPPUT:", results)
        async with bench.stream() as stream:
            for piece in pieces:
                assert await exchanged(stream, piece) == piece
                assert len(await bench.channel.execute(CSQ)) == 1
        assert results.lines == []
        assert bench.channel.epoch == 0
        assert stray_commands(bench.virtual) == []


def test_whatever_a_server_sends_is_data() -> None:
    """One modem for all examples: what one leaves behind would meet the next."""
    sending: list[bytes] = []

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in sending:
            writer.write(piece)
            await writer.drain()

    async def listen(bench: TcpBench) -> bytes:
        got = b""
        async with bench.stream() as stream:
            while piece := await stream.read():
                got += piece
        return got

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        port = runner.run(stack.enter_async_context(serving(talk)))
        bench = runner.run(stack.enter_async_context(tcp_bench(port)))

        @settings(max_examples=40, deadline=None)
        @given(st.lists(st.one_of(st.binary(max_size=2000), ANSWERS), max_size=4))
        def check(pieces: list[bytes]) -> None:
            sending[:] = pieces
            assert runner.run(listen(bench)) == b"".join(pieces)

        try:
            check()
            assert stray_commands(bench.virtual) == []
        finally:
            runner.run(stack.aclose())


async def test_a_full_send_buffer_loses_nothing() -> None:
    options = {"send_buffer": 3000, "ack_seconds": 0.05}
    async with serving(echo) as port, tcp_bench(port, **options) as bench:
        async with bench.stream() as stream:
            data = random.Random(1).randbytes(20_000)
            assert await exchanged(stream, data) == data
        finals = [seen.final for seen in bench.virtual.commands("QISEND=10")]
        assert "SEND FAIL" in finals


async def test_a_server_that_never_stops_is_held_back() -> None:
    """It sends for ever; we read a little: neither side grows."""
    sent = 0

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while True:
            writer.write(b"220-" + b"x" * 1020)
            await writer.drain()
            sent += 1024

    async with serving(talk) as port, tcp_bench(port) as bench:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        async with bench.stream() as stream:
            for _ in range(100):
                assert await stream.read()
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
        # What the kernel buffers, and what was read
        assert sent < 30_000_000
        assert stray_commands(bench.virtual) == []


async def test_a_server_that_sends_byte_by_byte_is_read_to_its_end() -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for byte in POSING:
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(0)

    async with serving(talk) as port, tcp_bench(port) as bench:
        got = b""
        async with bench.stream() as stream:
            while piece := await stream.read():
                got += piece
        assert got == POSING


async def test_the_network_that_takes_the_context_in_mid_stream_ends_it() -> None:
    async with serving(echo) as port, tcp_bench(port) as bench:
        async with bench.stream() as stream:
            assert await exchanged(stream, b"hello") == b"hello"
            bench.virtual.pdpdeact()
            with pytest.raises(ModemError):
                await stream.read()
            with pytest.raises(ModemError):
                await stream.write(b"x")
        assert len(await bench.channel.execute(CSQ)) == 1


async def test_a_modem_that_restarts_in_mid_stream_ends_it() -> None:
    async with serving(echo) as port, tcp_bench(port) as bench:
        async with bench.stream() as stream:
            assert await exchanged(stream, b"hello") == b"hello"
            bench.virtual.reboot()
            with pytest.raises(ModemError):
                await stream.read()
        assert bench.channel.epoch == 1
