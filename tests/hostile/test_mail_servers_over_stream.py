"""Servers that mean no good, to a mail client over the modem's own TCP."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
import tracemalloc

import pytest

from custom_components.quectel_smtp.delivery.client.clock import Clock
from custom_components.quectel_smtp.delivery.client.session import (
    Account,
    MailSession,
    ResultLostError,
    SessionError,
    Step,
)
from custom_components.quectel_smtp.delivery.client.trust import client_context
from custom_components.quectel_smtp.modem.mail.server import Security
from custom_components.quectel_smtp.modem.tcp.joined import joined
from tests.delivery.client.bench import hand_over
from tests.modem.scripted_port import Collector

from .tcp_bench import HOST, TcpBench, stray_commands, tcp_bench

ACCOUNT = Account(HOST, Security.NONE)
CONTENT = b"Subject: Alarm\r\n\r\n" + b"OK\r\nAT+CFUN=4\r\n" * 200
ANSWERS = b'\r\nOK\r\n\r\n+QSMTPPUT: 0,0\r\n\r\nRDY\r\n\r\n+QIURC: "closed",10\r\n> '
# Of our process, for whatever a server sends
MOST_MEMORY = 8_000_000

type Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def endless(piece: bytes) -> Talk:
    """Say the same for ever."""

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(piece)
            await writer.drain()

    return talk


def saying(*replies: bytes) -> Talk:
    """Greet with the first, answer each line with the next, then close."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for reply in replies:
            writer.write(reply)
            await reader.readline()

    return talk


async def closing_after_each_byte(
    _: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Give one byte of a greeting, and close."""
    writer.write(b"2")


async def send(bench: TcpBench) -> None:
    """Send one email, as far as that goes."""
    clock = Clock(datetime.now(UTC), of_host=True)
    context = client_context(None, clock)
    async with bench.stream() as stream, joined(stream) as pair:
        mail = await MailSession.open(pair.socket, ACCOUNT, context, clock, timeout=5)
        try:
            await mail.offer("home@example.com", ["you@example.org"])
            await hand_over(mail, CONTENT)
        finally:
            mail.close()


@pytest.mark.parametrize(
    "talk",
    [
        endless(b"220-welcome to this server\r\n"),
        endless(b"x" * 1024),
        endless(bytes(range(256))),
        endless(ANSWERS),
        saying(b"220 " + b"x" * 1_000_000 + b"\r\n"),
        saying(ANSWERS),
        saying(b"220 hello\r\n", b"250-mail\r\n" + ANSWERS),
        saying(b"220 hello\r\n", b"250 mail\r\n", b"250 fine\r\n" + ANSWERS),
        closing_after_each_byte,
    ],
    ids=[
        "endless banner",
        "endless line",
        "endless bytes",
        "endless answers",
        "long line",
        "answers",
        "answers in a reply",
        "answers behind a reply",
        "closing",
    ],
)
async def test_no_server_fills_our_memory_or_gives_the_modem_a_command(
    talk: Talk,
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await talk(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, tcp_bench(server.sockets[0].getsockname()[1]) as bench:
        results = Collector()
        bench.channel.subscribe("+QSMTPPUT:", results)
        tracemalloc.start()
        try:
            with pytest.raises((SessionError, ResultLostError)) as raised:
                await send(bench)
            assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
        finally:
            tracemalloc.stop()
        if isinstance(raised.value, SessionError):
            assert raised.value.step in (Step.CONNECT, Step.SENDER)
        assert results.lines == []
        assert bench.channel.epoch == 0
        assert not bench.channel.dirty
        assert stray_commands(bench.virtual) == []
        server.close_clients()
