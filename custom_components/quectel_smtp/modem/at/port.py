"""Opens a serial port, or what stands for one, as an ``AtChannel``."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
import errno
from typing import Any, Final

from serialx import (
    BaseSerialTransport,
    PinState,
    SerialException,
    create_serial_connection,
)

from .channel import AtChannel
from .errors import (
    PortBusyError,
    PortError,
    PortInvalidError,
    PortNotFoundError,
    PortPermissionError,
)
from .redaction import hush_transport

DEFAULT_BAUDRATE: Final = 115200
OPENING: Final = 15.0
"""Seconds that opening may take: behind a URL the other end gets 10 s to answer."""
_RELEASE: Final = 1.0
"""Seconds for an opening that was broken off to let go of the port."""


@dataclass(frozen=True, slots=True)
class PortSettings:
    """A device path or URL that serialx knows, and the speed in bits per second."""

    url: str = field(repr=False)
    baudrate: int = DEFAULT_BAUDRATE


type _Connected = tuple[BaseSerialTransport, asyncio.Protocol]
type Connect = Callable[[PortSettings], Awaitable[AtChannel]]


async def connect(settings: PortSettings) -> AtChannel:
    """Open the port; ``PortError`` and its kinds say why it can't be opened.

    It takes 15 s at most: a driver may hang. Modem control lines are left alone at closing: with ``AT&D2``, the default, a drop
    of DTR would end the data connection. The port is locked for us alone.
    """
    hushed = hush_transport()
    try:
        protocol = await _in_time(
            create_serial_connection(
                asyncio.get_running_loop(),
                AtChannel,
                settings.url,
                settings.baudrate,
                exclusive=True,
                # A timer per byte that the driver would run: it costs processor time.
                low_latency=False,
                dtr_on_close=PinState.UNDEFINED,
                rts_on_close=PinState.UNDEFINED,
            )
        )
    except BaseException as err:
        hushed()
        if isinstance(err, (OSError, SerialException, ValueError)):
            raise _port_error(err) from err
        raise
    # Opening may have loaded the module of another kind of transport.
    hushed_again = hush_transport()
    hushed()
    protocol.on_lost(lambda _: hushed_again())
    return protocol


async def _in_time(connecting: Coroutine[Any, Any, _Connected]) -> AtChannel:
    """Await an opening; one that hangs is left behind, and closed should it ever end.

    serialx itself lets nobody go before the driver has, cancelled or not.
    """
    opening = asyncio.ensure_future(connecting)
    try:
        async with asyncio.timeout(OPENING):
            _, protocol = await asyncio.shield(opening)
    except BaseException:
        opening.cancel()
        opening.add_done_callback(_close)
        # As a rule the port is free again when we return.
        await asyncio.wait((opening,), timeout=_RELEASE)
        raise
    assert isinstance(protocol, AtChannel)
    return protocol


def _close(opening: asyncio.Future[_Connected]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result()[0].close()


def _port_error(err: Exception) -> PortError:
    """Name the failure; the text of ``err`` may hold a URL with a key and is left."""
    match err:
        case FileNotFoundError():
            return PortNotFoundError()
        case PermissionError():
            return PortPermissionError()
        case OSError(errno=errno.EBUSY):
            return PortBusyError()
        case OSError(errno=errno.ENXIO | errno.ENODEV):
            return PortNotFoundError()
        case OSError(errno=errno.ENOTTY):
            return PortInvalidError()
        case OSError():
            return PortError(type(err).__name__)
    return PortInvalidError()
