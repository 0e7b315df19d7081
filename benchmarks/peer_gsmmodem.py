"""python-gsmmodem-new as a contestant."""

# Untyped, and only in .venv-bench.
from gsmmodem.serial_comms import SerialComms  # type: ignore[import-not-found]


class GsmModem:
    """Its lowest layer, which its modem class writes commands through."""

    def __init__(self, port: str) -> None:
        """Open the port and start the reading thread."""
        self._notified: list[str] = []
        self._comms = SerialComms(port, 115200, self._notified.extend)
        self._comms.connect()

    async def ask(self, line: str) -> object:
        """Write, and wait for the reading thread."""
        return self._comms.write(line + "\r", timeout=1)

    def lines(self, answer: object) -> list[str]:
        """Return the lines before the final result code."""
        assert isinstance(answer, list)
        return answer[:-1]

    async def elsewhere(self) -> list[str]:
        """Return the notifications."""
        return self._notified


async def open_port(port: str, _: str) -> GsmModem:
    """Open ``port``."""
    return GsmModem(port)
