"""What a host opens: the pty or TCP port that carries the modem's serial line."""

from collections.abc import Callable
import contextlib
import ctypes
import os
from pathlib import Path
import pty
import socket
import struct
import termios
import tty
from typing import Protocol

_IN_CLOSE_WRITE = 0x8
_IN_CLOSE_NOWRITE = 0x10
_IN_OPEN = 0x20
_EVENT = struct.Struct("iIII")

# termios names speeds by constants; AT+IPR by their numbers
_SPEEDS = {
    getattr(termios, f"B{speed}"): speed
    for speed in (4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
}


class Endpoint(Protocol):
    """One way to the modem; closed and opened again as often as a cable is pulled."""

    def open(self) -> None:
        """Make the port openable for a host."""

    def close(self) -> None:
        """Take it away, as unplugging does: an open host sees the end of it."""

    def fileno(self) -> int | None:
        """What to wait on for the host's bytes; None while there is none."""

    def read(self, size: int) -> bytes:
        """At most `size` bytes that are there; empty if none."""

    def write(self, data: bytes) -> int:
        """Write what fits now; how many bytes did."""

    def host_present(self) -> bool:
        """Whether a host has it open. What nobody listens to is lost, as on a wire."""

    def host_speed(self) -> int | None:
        """The speed that the host has set, where that can be known."""

    @property
    def watched(self) -> list[tuple[int, Callable[[], None]]]:
        """Further descriptors to wait on, with what to call."""


class PtyEndpoint:
    """A pty, with a stable symlink to it."""

    def __init__(self, link: Path | None, presence: Callable[[bool], None]) -> None:
        """`presence` is told when a host opens the port, and when the last one closes."""
        self.link = link
        self._presence = presence
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._master: int | None = None
        self._slave = -1
        self._inotify = -1
        self._openings = 0
        self.device = ""

    @property
    def address(self) -> str:
        """What a host opens."""
        return str(self.link) if self.link else self.device

    def open(self) -> None:
        """Make a new pty and point the link to it."""
        self._master, self._slave = pty.openpty()
        # A slave that stays open: without one the master gets EIO when the host closes
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.device = os.ttyname(self._slave)
        self._inotify = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        mask = _IN_OPEN | _IN_CLOSE_WRITE | _IN_CLOSE_NOWRITE
        self._libc.inotify_add_watch(self._inotify, self.device.encode(), mask)
        self._openings = 0
        if self.link:
            fresh = self.link.with_name(f".{self.link.name}.{os.getpid()}")
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(self.device)
            fresh.replace(self.link)

    def close(self) -> None:
        """Close the master: the host's descriptor is dead; the link goes first."""
        if self._master is None:
            return
        self.remove_link()
        os.close(self._inotify)
        os.close(self._slave)
        os.close(self._master)
        self._master = None
        if self._openings:
            self._openings = 0
            self._presence(False)

    def remove_link(self) -> None:
        """Remove the link if it is ours."""
        with contextlib.suppress(OSError):
            if self.link and self.link.readlink() == Path(self.device):
                self.link.unlink()

    def fileno(self) -> int | None:
        """The master side."""
        return self._master

    def read(self, size: int) -> bytes:
        """Bytes from the host."""
        if self._master is None:
            return b""
        try:
            return os.read(self._master, size)
        except OSError:
            return b""

    def write(self, data: bytes) -> int:
        """Bytes to the host."""
        if self._master is None:
            return len(data)
        try:
            return os.write(self._master, data)
        except BlockingIOError:
            return 0

    def host_present(self) -> bool:
        """Whether a host has the pty open, by the kernel's own count of openings."""
        self._read_openings()
        return self._openings > 0

    def host_speed(self) -> int | None:
        """The speed in the host's termios, which both sides of a pty share."""
        if self._master is None:
            return None
        return _SPEEDS.get(termios.tcgetattr(self._master)[4])

    @property
    def watched(self) -> list[tuple[int, Callable[[], None]]]:
        """The kernel's notices of opening and closing."""
        return [] if self._master is None else [(self._inotify, self._read_openings)]

    def _read_openings(self) -> None:
        if self._master is None:
            return
        try:
            notices = os.read(self._inotify, 4096)
        except BlockingIOError:
            return
        for _, mask, _, _ in _EVENT.iter_unpack(notices):
            before = self._openings
            self._openings += 1 if mask & _IN_OPEN else -1
            if before == 0 and self._openings == 1:
                self._presence(True)
            elif before == 1 and self._openings == 0:
                # The last close discards what was not read, as a tty's does
                termios.tcflush(self._slave, termios.TCIFLUSH)
                self._presence(False)


class TcpEndpoint:
    """A TCP port that serves one host at a time, as serial servers do."""

    def __init__(
        self,
        port: int,
        presence: Callable[[bool], None],
        changed: Callable[[], None],
    ) -> None:
        """`port` 0: any. `changed` is told when `fileno` gives another descriptor."""
        self.port = port
        self._presence = presence
        self._changed = changed
        self._listener: socket.socket | None = None
        self._host: socket.socket | None = None

    @property
    def address(self) -> str:
        """What a host opens."""
        return f"socket://127.0.0.1:{self.port}"

    @property
    def device(self) -> str:
        """The same; there is no other name."""
        return self.address

    def open(self) -> None:
        """Listen, on the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=1)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]

    def close(self) -> None:
        """End the connection and refuse new ones."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self._hang_up()

    def fileno(self) -> int | None:
        """The connection."""
        return None if self._host is None else self._host.fileno()

    def read(self, size: int) -> bytes:
        """Bytes from the host; its end closes the connection."""
        if self._host is None:
            return b""
        try:
            data = self._host.recv(size)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._hang_up()
        return data

    def write(self, data: bytes) -> int:
        """Bytes to the host."""
        if self._host is None:
            return len(data)
        try:
            return self._host.send(data)
        except BlockingIOError:
            return 0
        except OSError:
            return len(data)

    def host_present(self) -> bool:
        """Whether a host is connected."""
        return self._host is not None

    def host_speed(self) -> int | None:
        """A plain socket carries no speed."""
        return None

    @property
    def watched(self) -> list[tuple[int, Callable[[], None]]]:
        """The listening socket."""
        return (
            [] if self._listener is None else [(self._listener.fileno(), self._accept)]
        )

    def _accept(self) -> None:
        assert self._listener is not None
        with contextlib.suppress(OSError):
            host, _ = self._listener.accept()
            if self._host is not None:
                host.close()
                return
            host.setblocking(False)
            host.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._host = host
            self._changed()
            self._presence(True)

    def _hang_up(self) -> None:
        if self._host is not None:
            host, self._host = self._host, None
            self._changed()
            host.close()
            self._presence(False)
