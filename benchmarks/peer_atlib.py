"""atlib as a contestant."""

# Untyped, and only in .venv-bench.
from atlib import AT_Device  # type: ignore[import-not-found]

from . import responder


class Atlib:
    """Its device class."""

    def __init__(self, port: str) -> None:
        """Open the port; this turns the echo on."""
        self._device = AT_Device(port, 115200)

    async def ask(self, line: str) -> object:
        """Write, and poll for the answer."""
        return self._device.command(line, timeout=1).raise_for_status().lines

    def lines(self, answer: object) -> list[str]:
        """Return the information lines."""
        assert isinstance(answer, list)
        return answer

    async def elsewhere(self) -> list[str]:
        """Return the URC, if it was kept as one."""
        urc = self._device.await_urc(responder.URC, timeout=0.1)
        return [] if urc is None else [urc]


async def open_port(port: str, _: str) -> Atlib:
    """Open ``port``."""
    return Atlib(port)
