"""TCP connections of the TCP/IP commands, each really connected to a server.

Where a document differs from module to module, `settings.py` has the choice. T: the
EC200U&EG915U TCP/IP note, whose chapters 2.4.7 to 2.5.5 the EC2x, EG9x and EC200x notes
share word for word where it matters here.
"""

import asyncio
import contextlib
from dataclasses import dataclass, field
from enum import IntEnum
import socket
from typing import TYPE_CHECKING

from .data_counter import Carried
from .names import BLACK_HOLE, UnknownName, Unreachable

if TYPE_CHECKING:
    from .modem import Modem

SOCKETS = 12
# T 2.5.2: what one direct push carries at most
_LONGEST_PUSH = 1500

# T, chapter 4
IN_USE = 563
DNS_FAILED = 565
CONNECT_FAILED = 566
OPEN_FAILED_FOR_GOOD = 552
TIMEOUT = 569
NO_CONTEXT = 561
SOCKET_CLOSED = 567


class AccessMode(IntEnum):
    """Where received data goes (T 2.4.7)."""

    BUFFER = 0
    PUSH = 1


class SocketState(IntEnum):
    """<socket_state> of QISTATE (T 2.4.9)."""

    OPENING = 1
    CONNECTED = 2
    CLOSING = 4


@dataclass(slots=True)
class Connection:
    """One connection, from QIOPEN to QICLOSE."""

    number: int
    context: int
    mode: AccessMode
    address: str = "0.0.0.0"
    port: int = 0
    local_port: int = 0
    state: SocketState = SocketState.OPENING
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    pump: asyncio.Task[None] | None = None
    # Buffer access: what has come and not been read
    unread: bytearray = field(default_factory=bytearray)
    # Set while there is room for more of it
    room: asyncio.Event = field(default_factory=asyncio.Event)
    received: int = 0
    # Whether a "recv" is out that no reading has answered yet
    told: bool = False
    announcing: bool = False
    closed_untold: bool = False
    sent: int = 0
    acknowledged: int = 0

    @property
    def on_its_way(self) -> int:
        """Bytes in the send buffer: the peer has not acknowledged them."""
        return self.sent - self.acknowledged


class Sockets:
    """The connections by their numbers."""

    def __init__(self, modem: Modem) -> None:
        """Begin with none."""
        self._modem = modem
        self.open: dict[int, Connection] = {}

    def reset(self) -> None:
        """A reboot: the peers are not told."""
        for connection in list(self.open.values()):
            self._end(connection, abort=True)

    # Opening and closing

    async def connect(
        self, number: int, context: int, name: str, port: int, mode: AccessMode
    ) -> int:
        """QIOPEN; 0, or the error of +QIOPEN."""
        if number in self.open:
            return IN_USE
        connection = Connection(number, context, mode, port=port)
        connection.room.set()
        self.open[number] = connection
        code = await self._connect(connection, name)
        if self.open.get(number) is not connection:
            # QICLOSE came meanwhile
            if connection.writer is not None:
                connection.writer.transport.abort()
            return SOCKET_CLOSED
        if code:
            del self.open[number]
        return code

    async def _connect(self, connection: Connection, name: str) -> int:
        packet, names = self._modem.packet, self._modem.names
        if not packet.active(connection.context):
            return NO_CONTEXT
        if not packet.carries(connection.context):
            return DNS_FAILED
        try:
            connection.address = names.resolve(name)
            target = names.route(name, connection.port)
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
        # What a module acknowledges is what the peer took, not what the host buffers
        writer.transport.set_write_buffer_limits(high=0)
        writer.get_extra_info("socket").setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
        )
        connection.writer = writer
        connection.local_port = writer.get_extra_info("sockname")[1]
        connection.state = SocketState.CONNECTED
        connection.reader = reader
        return 0

    def begin(self, number: int) -> None:
        """Receive: +QIOPEN has told the host of the connection."""
        connection = self.open.get(number)
        if connection is not None and connection.reader is not None:
            pump = self._pump(connection, connection.reader)
            connection.pump = self._modem.loop.create_task(pump)

    async def close(self, number: int, timeout: int) -> bool:
        """QICLOSE, with `timeout` seconds for what is on its way; False if not open."""
        connection = self.open.get(number)
        if connection is None:
            return False
        writer = connection.writer
        self._end(connection, abort=timeout == 0)
        if timeout and writer is not None:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(self._modem.patience(timeout)):
                    await writer.wait_closed()
        return True

    def context_lost(self, cid: int) -> None:
        """The connections of a context end (T 2.4.4); no "closed" tells of it."""
        for connection in list(self.open.values()):
            if connection.context == cid:
                self._end(connection, abort=True)

    def _end(self, connection: Connection, *, abort: bool) -> None:
        del self.open[connection.number]
        if connection.pump is not None:
            connection.pump.cancel()
        if connection.writer is None:
            return
        if abort:
            connection.writer.transport.abort()
        else:
            connection.writer.close()

    # Sending

    def connected(self, number: int) -> Connection | None:
        """The connection of that number, if it can send."""
        connection = self.open.get(number)
        if connection is None or connection.state is not SocketState.CONNECTED:
            return None
        return connection

    def send(self, connection: Connection, data: bytes) -> bool:
        """Take data for the peer; False where the send buffer has no room for it."""
        settings = self._modem.settings
        if connection.on_its_way + len(data) > settings.send_buffer:
            return False
        assert connection.writer is not None
        connection.sent += len(data)
        self._modem.counter.count(Carried(sent=len(data)))
        connection.writer.write(data)
        self._modem.start(self._acknowledge(connection, len(data)))
        return True

    async def _acknowledge(self, connection: Connection, count: int) -> None:
        """The peer has it once it has left, and `ack_seconds` have passed."""
        assert connection.writer is not None
        await asyncio.sleep(self._modem.settings.ack_seconds)
        with contextlib.suppress(OSError):
            await connection.writer.drain()
            connection.acknowledged += count

    # Receiving

    async def _pump(self, connection: Connection, reader: asyncio.StreamReader) -> None:
        """Take what the peer sends, as long as there is room, up to its end."""
        settings = self._modem.settings
        with contextlib.suppress(OSError):
            while True:
                await connection.room.wait()
                free = settings.receive_buffer - len(connection.unread)
                push = connection.mode is AccessMode.PUSH
                data = await reader.read(_LONGEST_PUSH if push else free)
                if not data:
                    break
                connection.received += len(data)
                self._modem.counter.count(Carried(received=len(data)))
                if push:
                    self._push(connection, data)
                    continue
                connection.unread += data
                if len(connection.unread) >= settings.receive_buffer:
                    connection.room.clear()
                self._announce(connection)
        connection.state = SocketState.CLOSING
        connection.closed_untold = True
        self._announce(connection)

    def _push(self, connection: Connection, data: bytes) -> None:
        text = self._modem.tcp.shown(data)
        self._modem.urc(
            f'+QIURC: "recv",{connection.number},{len(data)}'
            f"{self._modem.tcp.separator}{text}"
        )

    def _announce(self, connection: Connection) -> None:
        """Tell of data and of the end, in this order; perhaps later, then merged."""
        seconds = self._modem.settings.recv_seconds
        if not seconds:
            self._tell(connection)
        elif not connection.announcing:
            connection.announcing = True
            self._modem.loop.call_later(seconds, self._tell, connection)

    def _tell(self, connection: Connection) -> None:
        connection.announcing = False
        if self.open.get(connection.number) is not connection:
            return
        number = connection.number
        if connection.unread and not connection.told:
            connection.told = True
            length = f",{len(connection.unread)}" if self._modem.tcp.recvind else ""
            self._modem.urc(f'+QIURC: "recv",{number}{length}')
        if connection.closed_untold:
            connection.closed_untold = False
            self._modem.urc(f'+QIURC: "closed",{number}')

    def read(self, connection: Connection, most: int) -> bytes:
        """QIRD: the oldest data, at most so many bytes."""
        data = bytes(connection.unread[:most])
        del connection.unread[: len(data)]
        if len(connection.unread) < self._modem.settings.receive_buffer:
            connection.room.set()
        # T 2.4.11: no new "recv" before all was read. Some want to be asked once more.
        strict = self._modem.settings.recv_again == "read_zero"
        if not connection.unread and (not data or not strict):
            connection.told = False
        return data
