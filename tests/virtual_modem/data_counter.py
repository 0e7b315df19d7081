"""The bytes that went over the network: QGDCNT, and QAUGDCNT, which saves them.

EC200U and EC2x AT manuals, 10.15 and 10.16: a modem that starts goes on from what was
saved, which is nothing by default; it saves when it is told to, or at an interval that it
does not keep over a restart. INF: what is counted is what the connections carry, without
the headers of IP and TCP.
"""

from dataclasses import dataclass
import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .modem import Modem

# Linux, tcp.h: where TCP_INFO has tcpi_bytes_acked and tcpi_bytes_received
_TCP_INFO = struct.Struct("=120xQQ")


@dataclass(frozen=True, slots=True)
class Carried:
    """Bytes of one connection, or of all since somebody reset the counter."""

    sent: int = 0
    received: int = 0

    def plus(self, other: Carried) -> Carried:
        """Both together."""
        return Carried(self.sent + other.sent, self.received + other.received)


def carried_by(connection: socket.socket) -> Carried:
    """What a TCP connection has carried, TLS and all."""
    told = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO.size)
    # The SYN counts as a byte there
    acknowledged, received = _TCP_INFO.unpack(told)
    return Carried(max(0, acknowledged - 1), received)


class DataCounter:
    """Counts while the modem runs; `saved` is in flash."""

    def __init__(self, modem: Modem) -> None:
        """Begin at nothing."""
        self._modem = modem
        self.saved = Carried()
        # Seconds between two savings by itself; 0: none
        self.interval = 0
        self.reset()

    def reset(self) -> None:
        """A reboot: what was not saved is lost, and so is the interval."""
        self.now = self.saved
        self.interval = 0

    def count(self, carried: Carried) -> None:
        """So much more has gone over the network."""
        self.now = self.now.plus(carried)

    def clear(self) -> None:
        """QGDCNT=0."""
        self.now = Carried()

    def save(self) -> None:
        """QGDCNT=1, or of itself."""
        self.saved = self.now

    def save_every(self, seconds: int) -> None:
        """QAUGDCNT."""
        self.interval = seconds
        if seconds:
            self._modem.start(self._save_on(seconds))

    async def _save_on(self, seconds: int) -> None:
        while self.interval == seconds:
            await self._modem.sleep(seconds)
            if self.interval == seconds:
                self.save()
