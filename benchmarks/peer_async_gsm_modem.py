"""async-gsm-modem as a contestant."""

import asyncio
from collections.abc import Iterable

# Untyped, and only in .venv-bench.
from async_gsm_modem.base.command import Command  # type: ignore[import-not-found]
from async_gsm_modem.base.modem import ATModem  # type: ignore[import-not-found]


class AsyncGsmModem:
    """Its modem class, told which URC to expect."""

    def __init__(self, port: str) -> None:
        """Describe the port."""
        self.modem = ATModem(port, 115200, urc=[(b"+QIURC", 1)])
        self._urcs: list[str] = []
        self.modem.urc_handler = self._take

    async def _take(self, urc: object) -> None:
        self._urcs.append(str(urc))

    async def ask(self, line: str) -> object:
        """Send the command."""
        return await self.modem.send_command(Command(line.encode()), timeout=1)

    def lines(self, answer: object) -> list[str]:
        """Return the lines; printing an answer that is no UTF-8 would raise."""
        assert isinstance(answer, Iterable)
        return [line.decode("latin-1") for line in answer]

    async def elsewhere(self) -> list[str]:
        """Return the URCs, which are handled ten times a second."""
        await asyncio.sleep(0.2)
        return self._urcs


async def open_port(port: str, _: str) -> AsyncGsmModem:
    """Open ``port``."""
    peer = AsyncGsmModem(port)
    await peer.modem.connect()
    return peer
