"""A prompt for data that a process which was killed has left behind."""

import asyncio
from pathlib import Path

from custom_components.quectel_smtp.modem.at import port
from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.tcp.preparation import prepare
from custom_components.quectel_smtp.modem.tcp.stream import TcpStream
from tests.virtual_modem.client import VirtualModem

HOST = "mail.example.com"
TEXT = b"The basement is under water.\r\n"
LENGTH = 1460


async def test_a_prompt_that_waits_for_a_dead_process_is_filled_and_ends_no_email() -> (
    None
):
    received = bytearray()

    async def keep(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(LENGTH):
            received.extend(data)
        writer.close()

    server = await asyncio.start_server(keep, "127.0.0.1", 0)
    number = server.sockets[0].getsockname()[1]
    async with server, VirtualModem(hosts={HOST: {25: number}}) as virtual:
        channel = await port.connect(PortSettings(virtual.port))
        await channel.synchronise()
        # As we always have it: no port that closes ends what is under way.
        await channel.execute(Command("AT&D0"))
        await channel.execute(Command('AT+QICSGP=1,1,"internet","","",0'))
        await channel.execute(Command("AT+QIACT=1", deadline=60))
        await TcpStream.open(channel, 1, HOST, 25, await prepare(channel))
        await channel.close()
        await asyncio.to_thread(_write, virtual.port, f"AT+QISEND=10,{LENGTH}\r")
        await virtual.wait_for_command("QISEND=10")
        await asyncio.to_thread(_write, virtual.port, TEXT.decode())
        again = await port.connect(PortSettings(virtual.port))
        try:
            assert await again.synchronise()
            await again.execute(Command("AT+QICLOSE=10,1", deadline=10))
        finally:
            await again.close()
    assert received.startswith(TEXT)
    # Nothing of ours is the end of an email's text.
    assert b"." not in received[len(TEXT) :]


def _write(name: str, text: str) -> None:
    with Path(name).open("wb", buffering=0) as opened:
        opened.write(text.encode())
