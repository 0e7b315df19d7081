"""What bare serialx does with the bytes that the engine sent: the floor of a dialogue."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Self

from serialx import open_serial_connection

from tests.virtual_modem.client import VirtualModem

_OK: Final = b"\r\nOK\r\n"
_BLOCK: Final = 1024


@dataclass(frozen=True, slots=True)
class Step:
    """A command line, and the data that followed its ``CONNECT``, if any did."""

    line: bytes
    data: bytes | None


def recorded(modem: VirtualModem) -> tuple[Step, ...]:
    """Return what the modem has heard since it was told to forget."""
    data = {transfer.command: transfer.data for transfer in modem.transfers()}
    return tuple(
        Step(seen.line.encode(), data.get(seen.line)) for seen in modem.commands()
    )


class Replay:
    """Writes steps and reads as far as each answer must go; checks nothing."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Take an open port."""
        self._reader = reader
        self._writer = writer

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

    async def run(self, steps: Sequence[Step]) -> None:
        """Take every step."""
        for step in steps:
            self._writer.write(step.line + b"\r")
            if step.data is not None:
                await self._reader.readuntil(b"\r\nCONNECT\r\n")
                await self._write(step)
            await self._reader.readuntil(_OK)
            if step.line.startswith(b"AT+QSMTPPUT="):
                await self._reader.readuntil(b"+QSMTPPUT: 0,")
                await self._reader.readuntil(b"\r\n")

    async def _write(self, step: Step) -> None:
        assert step.data is not None
        if not step.line.startswith(b"AT+QFUPL="):
            self._writer.write(step.data)
            await self._writer.drain()
            return
        # ACK mode: the modem answers each block.
        for start in range(0, len(step.data), _BLOCK):
            block = step.data[start : start + _BLOCK]
            self._writer.write(block)
            await self._writer.drain()
            if len(block) == _BLOCK:
                await self._reader.readexactly(1)
