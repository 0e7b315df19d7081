"""A stream over the virtual modem's TCP to a server on this machine."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from custom_components.quectel_smtp.modem.at.channel import AtChannel
from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.port import PortSettings, connect
from custom_components.quectel_smtp.modem.tcp.preparation import prepare
from custom_components.quectel_smtp.modem.tcp.stream import TcpStream
from tests.virtual_modem.client import VirtualModem

HOST = "mail.example.com"
PORT = 465
_COMMANDS = (
    Command("ATE0"),
    Command('AT+QICSGP=1,1,"internet","","",0'),
    Command("AT+QIACT=1", deadline=20),
)


@dataclass(frozen=True, slots=True)
class TcpBench:
    """A modem in service, whose network knows one server."""

    virtual: VirtualModem
    channel: AtChannel

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[TcpStream]:
        """A connection to the server, closed at the end."""
        limits = await prepare(self.channel)
        stream = await TcpStream.open(self.channel, 1, HOST, PORT, limits)
        try:
            yield stream
        finally:
            await stream.close()


@asynccontextmanager
async def tcp_bench(port: int, **settings: str | float) -> AsyncIterator[TcpBench]:
    """Start a modem that reaches a server on loopback under ``HOST`` and ``PORT``."""
    async with VirtualModem(hosts={HOST: {PORT: port}}, settings=settings) as virtual:
        channel = await connect(PortSettings(virtual.port))
        try:
            await channel.synchronise()
            for command in _COMMANDS:
                await channel.execute(command)
            yield TcpBench(virtual, channel)
        finally:
            await channel.close()


def stray_commands(virtual: VirtualModem) -> list[str]:
    """Lines that the modem saw and nobody of us sends."""
    ours = ("AT", "AT+", "ATE0", "ATQ0V1E0")
    return [
        seen.line
        for seen in virtual.commands()
        if seen.junk or not (seen.line in ours or seen.line.startswith("AT+"))
    ]
