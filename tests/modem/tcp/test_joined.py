"""A library's socket is the stream: both ways, to either end, with the reason kept."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import socket

import pytest

from custom_components.quectel_smtp.modem.at.errors import ConnectionLostError
from custom_components.quectel_smtp.modem.tcp.joined import Joined, joined

from .server_port import CLOSE, CLOSED, LIMITS, RECV, ServerPort


@asynccontextmanager
async def library() -> AsyncIterator[tuple[ServerPort, Joined]]:
    """A port, and what a library gets of a stream over it; closed at the end."""
    port = ServerPort()
    try:
        async with joined(await port.stream()) as pair:
            yield port, pair
            pair.socket.close()
    finally:
        await port.channel.close()


async def receive(end: socket.socket, count: int) -> bytes:
    """Read so many bytes, or up to the end."""
    data = b""
    loop = asyncio.get_running_loop()
    while len(data) < count and (piece := await loop.sock_recv(end, count)):
        data += piece
    return data


async def until(holds: Callable[[], bool]) -> None:
    """Wait until it holds, not for ever."""
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.001)


async def test_bytes_go_both_ways_until_each_side_ends() -> None:
    big = bytes(index % 251 for index in range(20_000))
    async with library() as (port, pair):
        await asyncio.get_running_loop().sock_sendall(pair.socket, big)
        port.unread += big
        port.receive(RECV + CLOSED)
        assert await receive(pair.socket, len(big) + 1) == big
        pair.socket.shutdown(socket.SHUT_WR)
        await until(lambda: port.sent == big)
        assert pair.failure is None
    assert port.lines[-1] == CLOSE


async def test_much_goes_out_in_as_few_commands_as_can_be() -> None:
    much = bytes(index % 251 for index in range(60_000))
    async with library() as (port, pair):
        await asyncio.get_running_loop().sock_sendall(pair.socket, much)
        await until(lambda: port.sent == much)
        sends = [line for line in port.lines if line.startswith("AT+QISEND=")]
        assert len(sends) == -(-len(much) // LIMITS.send)


async def test_the_servers_last_words_arrive_when_nothing_can_be_sent_any_more() -> (
    None
):
    async with library() as (port, pair):
        port.state = 4
        words = b"EHLO me\r\n" * 3000
        await asyncio.get_running_loop().sock_sendall(pair.socket, words)
        await until(lambda: pair.failure is not None)
        port.unread += b"421 bye\r\n"
        port.receive(RECV + CLOSED)
        assert await receive(pair.socket, 100) == b"421 bye\r\n"
        assert isinstance(pair.failure, ConnectionLostError)


async def test_it_is_known_when_the_modem_has_taken_what_was_written() -> None:
    async with library() as (port, pair):
        port.results = [b"SEND FAIL"] * 2
        waiting = asyncio.create_task(pair.carried(4000))
        await asyncio.get_running_loop().sock_sendall(pair.socket, bytes(3999))
        await until(lambda: pair.sent == 3999)
        assert not waiting.done()
        await asyncio.get_running_loop().sock_sendall(pair.socket, bytes(1))
        await waiting
        assert port.sent == bytes(4000)
        await pair.carried(4000)


async def test_what_can_t_be_sent_any_more_is_waited_for_by_nobody() -> None:
    async with library() as (port, pair):
        waiting = asyncio.create_task(pair.carried(1))
        await asyncio.sleep(0)
        port.state = 4
        await asyncio.get_running_loop().sock_sendall(pair.socket, b"x")
        with pytest.raises(ConnectionLostError):
            await waiting
    async with library() as (port, pair):
        waiting = asyncio.create_task(pair.carried(2))
        await asyncio.get_running_loop().sock_sendall(pair.socket, b"x")
        pair.socket.close()
        with pytest.raises(ConnectionLostError):
            await waiting


async def test_a_stream_that_breaks_is_an_end_with_a_reason() -> None:
    async with library() as (port, pair):
        port.receive(b'\r\n+QIURC: "pdpdeact",1\r\n')
        assert await receive(pair.socket, 1) == b""
        assert isinstance(pair.failure, ConnectionLostError)


async def test_a_library_that_closes_at_once_leaves_nothing_behind() -> None:
    async with library() as (port, pair):
        pair.socket.close()
        port.unread += b"x" * 9000
        port.receive(RECV + CLOSED)
        await until(lambda: len(port.unread) < 9000)
    assert port.lines[-1] == CLOSE


async def test_a_block_that_fails_does_not_wait_for_a_modem_that_hangs() -> None:
    ports = []

    async def fail() -> None:
        async with library() as (port, pair):
            ports.append(port)
            pair.socket.close()
            port.silent = True
            port.receive(RECV)
            await until(lambda: len(port.lines) > 1)
            port.silent = False
            raise ValueError("done")

    with pytest.raises(ValueError, match="done"):
        await asyncio.wait_for(fail(), 20)
    assert ports[0].lines[-1] == CLOSE


async def test_a_defect_of_ours_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: object) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr(
        "custom_components.quectel_smtp.modem.tcp.stream.TcpStream.read", broken
    )

    async def use() -> None:
        async with library() as (_, pair):
            assert await receive(pair.socket, 1) == b""

    with pytest.raises(ExceptionGroup):
        await use()
