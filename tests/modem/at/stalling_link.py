"""A network between host and modem that a test can cut, and mend again."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
import re
import socket
from types import TracebackType
from typing import Any, Final, Self

_SMALL: Final = 2048
_CHUNK: Final = 512
# States in which it still delivers: established, and closing by either side.
_DELIVERS: Final = "0[14589B]"


class StallingLink:
    """Forwards both ways; while it is cut, nothing, and what came meanwhile afterwards.

    But of a connection that its host has given up nothing comes any more: what was on
    its way when the link was cut would not be sent again.
    """

    def __init__(self, port: int) -> None:
        """Lead to a TCP port of this machine."""
        self._port = port
        self._loop = asyncio.get_running_loop()
        self._whole = asyncio.Event()
        self._whole.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        # What the kernel takes on the link's behalf would be lost on a real one.
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
        self._listener.setblocking(False)
        self.on_forward: Callable[[bytes], None] = lambda data: None
        """Called with what the host has sent, before it is forwarded."""
        self.ended = asyncio.Event()
        """Whether a connection has come to its end."""

    @property
    def url(self) -> str:
        """What a host opens."""
        return f"socket://127.0.0.1:{self._listener.getsockname()[1]}"

    async def __aenter__(self) -> Self:
        """Begin to take connections."""
        self._start(self._accept())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._listener.close()

    @property
    def is_cut(self) -> bool:
        """Whether nothing gets through."""
        return not self._whole.is_set()

    def cut(self) -> None:
        """Let nothing through."""
        self._whole.clear()

    def mend(self) -> None:
        """Let everything through again."""
        self._whole.set()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.add(self._loop.create_task(work))

    async def _accept(self) -> None:
        while True:
            host, _ = await self._loop.sock_accept(self._listener)
            host.setblocking(False)
            modem = socket.create_connection(("127.0.0.1", self._port))
            modem.setblocking(False)
            self._start(self._forward(modem, host, lambda data: None))
            self._start(self._forward(host, modem, self._seen))

    def _seen(self, data: bytes) -> None:
        self.on_forward(data)

    async def _forward(
        self,
        source: socket.socket,
        target: socket.socket,
        seen: Callable[[bytes], None],
    ) -> None:
        with suppress(OSError), source, target:
            while data := await self._loop.sock_recv(source, _CHUNK):
                seen(data)
                if not self._whole.is_set():
                    await self._whole.wait()
                    if _given_up(source):
                        break
                await self._loop.sock_sendall(target, data)
        self.ended.set()


def _given_up(connection: socket.socket) -> bool:
    """Return whether this machine's kernel delivers nothing more from its other end."""
    _, port = connection.getpeername()
    # The local address, in hexadecimal, and the state.
    other = re.compile(rf"\d+: 0100007F:{port:04X} \S+ {_DELIVERS} ")
    return other.search(Path("/proc/net/tcp").read_text(encoding="ascii")) is None
