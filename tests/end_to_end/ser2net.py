"""Debian's `ser2net`, which puts a serial port on the network: `socket://HOST:PORT`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import errno
from pathlib import Path
import socket
from typing import Final

from tests.programs import require_program

from .processes import start_program

_LOOPBACK: Final = "127.0.0.1"
_LOOK_AGAIN: Final = 0.05
_START_TIMEOUT: Final = 30


@asynccontextmanager
async def on_the_network(device: str, folder: Path) -> AsyncIterator[str]:
    """Have a serial port on the network for a while; the URL that it has there.

    folder: where its configuration and its log are kept.
    """
    program = require_program("ser2net")
    port = _free_port()
    configuration = folder / "ser2net.yaml"
    configuration.write_text(
        "connection: &modem\n"
        f"  accepter: tcp,{_LOOPBACK},{port}\n"
        f"  connector: serialdev,{device},115200n81,local\n",
        "utf-8",
    )
    running = await start_program(
        "ser2net",
        # -n: as our child; -u: without lock files in the system's folders.
        [program, "-n", "-u", "-c", str(configuration)],
        log=folder / "ser2net.log",
    )
    try:
        try:
            async with asyncio.timeout(_START_TIMEOUT):
                # No connection tries it: the port has room for one.
                while not _is_taken(port):
                    await asyncio.sleep(_LOOK_AGAIN)
        except TimeoutError:
            raise running.failure("ser2net does not listen:") from None
        yield f"socket://{_LOOPBACK}:{port}"
    finally:
        await running.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_LOOPBACK, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return True
    return False
