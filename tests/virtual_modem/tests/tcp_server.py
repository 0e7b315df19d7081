"""A server on loopback that a test speaks through, byte by byte."""

import contextlib
import socket
from typing import Self


class TcpServer:
    """Takes one connection after another."""

    def __init__(self) -> None:
        """Listen."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(20)
        self.port: int = self._listener.getsockname()[1]
        self._peer: socket.socket | None = None

    @property
    def peer(self) -> socket.socket:
        """The present connection, accepted when it is first asked for."""
        if self._peer is None:
            self._peer, _ = self._listener.accept()
            self._peer.settimeout(20)
        return self._peer

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.peer.sendall(data)

    def read(self, count: int) -> bytes:
        """Exactly so many bytes, or those up to the end."""
        data = b""
        while len(data) < count and (more := self.peer.recv(count - len(data))):
            data += more
        return data

    def hang_up(self) -> None:
        """End the present connection."""
        peer, self._peer = self._peer, None
        if peer is not None:
            peer.close()

    def __enter__(self) -> Self:
        """It listens already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close everything."""
        self.hang_up()
        with contextlib.suppress(OSError):
            self._listener.close()
