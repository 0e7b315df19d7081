"""TCP connections of the TCP/IP commands, as far as probing a server needs them."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .names import BLACK_HOLE, UnknownName, Unreachable

if TYPE_CHECKING:
    from .modem import Modem

# T [DOC]
DNS_FAILED = 565
CONNECT_FAILED = 566
OPEN_FAILED_FOR_GOOD = 552
TIMEOUT = 569
NO_CONTEXT = 561


@dataclass(slots=True)
class Connection:
    """One open connection."""

    context: int
    address: str
    port: int
    writer: asyncio.StreamWriter
    watcher: asyncio.Task[None] | None = None


class Sockets:
    """The connections by their numbers."""

    def __init__(self, modem: Modem) -> None:
        """Begin with none."""
        self._modem = modem
        self.open: dict[int, Connection] = {}

    def reset(self) -> None:
        """A reboot."""
        for number in list(self.open):
            self.close(number)

    async def connect(self, number: int, context: int, name: str, port: int) -> int:
        """QIOPEN; 0, or the error of +QIOPEN."""
        packet, names = self._modem.packet, self._modem.names
        if not packet.active(context):
            return NO_CONTEXT
        if not packet.carries(context):
            return DNS_FAILED
        try:
            address, target = names.resolve(name), names.route(name, port)
        except UnknownName:
            return DNS_FAILED
        except Unreachable:
            return CONNECT_FAILED
        if not packet.connection_allowed():
            return OPEN_FAILED_FOR_GOOD
        if target[1] == BLACK_HOLE:
            await asyncio.sleep(self._modem.patience(150))
            return CONNECT_FAILED
        try:
            reader, writer = await asyncio.open_connection(*target)
        except OSError:
            return CONNECT_FAILED
        connection = Connection(context, address, port, writer)
        self.open[number] = connection
        connection.watcher = self._modem.loop.create_task(
            self._watch(number, connection, reader)
        )
        return 0

    def close(self, number: int) -> None:
        """QICLOSE."""
        connection = self.open.pop(number, None)
        if connection is not None:
            if connection.watcher is not None:
                connection.watcher.cancel()
            connection.writer.close()

    def context_lost(self, cid: int) -> None:
        """The connections of a context end; pdpdeact has told the host."""
        for number, connection in list(self.open.items()):
            if connection.context == cid:
                self.close(number)

    async def _watch(
        self, number: int, connection: Connection, reader: asyncio.StreamReader
    ) -> None:
        """Tell of data (once, as buffer access mode does) and of the peer's end."""
        told = False
        with contextlib.suppress(OSError):
            while await reader.read(65536):
                if not told:
                    self._modem.urc(f'+QIURC: "recv",{number}')
                    told = True
        if self.open.get(number) is connection:
            self._modem.urc(f'+QIURC: "closed",{number}')
