"""What an open port still holds of what was written to it, and how to be rid of it.

In data mode the modem takes text only until its input time is over: what a stalled link
delivers after that are commands. So what has not left a port in time never may.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
import socket
import struct
from typing import Final, cast

from serialx import BaseSerial, SerialException

# Seconds: far below the input time of any data mode (30 s and more, of which writing
# takes a tenth), and longer than a radio link takes to come back.
_DEAD_LINK: Final = 10
# The kernel makes it a few kilobytes: as much as a stalled link can hold.
_SEND_BUFFER: Final = 2048
# On, and no time: a close throws away what has not been acknowledged.
_NO_LINGER: Final = struct.pack("ii", 1, 0)


def prepare(transport: asyncio.Transport) -> None:
    """Hold as little as can be, and let no close deliver it later."""
    transport.set_write_buffer_limits(high=0)
    sock = _socket(transport)
    if sock is None:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)


@contextmanager
def short_lived(
    transport: asyncio.Transport, seconds: float | None = None
) -> Iterator[None]:
    """Let the kernel give the connection up, with all that it holds, on a dead link.

    After 10 s, which is less than any input time, or after so many ``seconds``.

    It does so whatever becomes of this process. Only Linux can; elsewhere the end of
    the transfer's own time has to do.
    """
    sock = _socket(transport)
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if sock is None or option is None:
        yield
        return
    given = _DEAD_LINK if seconds is None else seconds
    sock.setsockopt(socket.IPPROTO_TCP, option, int(given * 1000))
    try:
        yield
    finally:
        # One that is closed needs no patience.
        with suppress(OSError):
            sock.setsockopt(socket.IPPROTO_TCP, option, 0)


def throw_away(transport: asyncio.Transport) -> None:
    """Throw away what has not left, with the port where it can't be done otherwise."""
    if transport.is_closing():
        return
    _empty_driver(transport)
    if transport.get_write_buffer_size():
        transport.abort()


def close_if_stuck(transport: asyncio.Transport) -> None:
    """Close a port whose other side has not acknowledged every byte by now."""
    sock = _socket(transport)
    if sock is not None and not transport.is_closing() and _holds(sock):
        transport.abort()


def abort(transport: asyncio.Transport) -> None:
    """Close the port at once; a driver would send the rest first, for up to 30 s."""
    if not transport.is_closing():
        _empty_driver(transport)
    transport.abort()


def _socket(transport: asyncio.Transport) -> socket.socket | None:
    """Return the socket of a port behind a URL; serialx hides the transport over it."""
    inner = getattr(transport, "_tcp_transport", None) or transport
    return cast("socket.socket | None", inner.get_extra_info("socket"))


def _empty_driver(transport: asyncio.Transport) -> None:
    """Empty the buffer of a serial port's driver."""
    serial = transport.get_extra_info("serial")
    # A port that has just gone holds nothing; behind a URL there is no driver.
    if isinstance(serial, BaseSerial) and _socket(transport) is None:
        with suppress(OSError, SerialException):
            serial.reset_write_buffer()


def _holds(sock: socket.socket) -> bool:
    """Whether the other side has not acknowledged every byte, or it can't be told."""
    queue = bytearray(4)
    try:
        # Windows has neither.
        from fcntl import ioctl  # noqa: PLC0415
        from termios import TIOCOUTQ  # noqa: PLC0415

        ioctl(sock.fileno(), TIOCOUTQ, queue)
    except ImportError, OSError:
        return True
    return any(queue)
