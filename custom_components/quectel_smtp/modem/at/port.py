"""Opens a serial port, or what stands for one, as an ``AtChannel``."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
import errno
from typing import Final

from serialx import PinState, SerialException, create_serial_connection

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


@dataclass(frozen=True, slots=True)
class PortSettings:
    """A device path or URL that serialx knows, and the speed in bits per second."""

    url: str = field(repr=False)
    baudrate: int = DEFAULT_BAUDRATE


type Connect = Callable[[PortSettings], Awaitable[AtChannel]]


async def connect(settings: PortSettings) -> AtChannel:
    """Open the port; ``PortError`` and its kinds say why it can't be opened.

    Modem control lines are left alone at closing: with ``AT&D2``, the default, a drop
    of DTR would end the data connection. The port is locked for us alone.
    """
    hushed = hush_transport()
    try:
        _, protocol = await create_serial_connection(
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
    except BaseException as err:
        hushed()
        if isinstance(err, (OSError, SerialException, ValueError)):
            raise _port_error(err) from err
        raise
    assert isinstance(protocol, AtChannel)
    # Opening may have loaded the module of another kind of transport.
    hushed_again = hush_transport()
    hushed()
    protocol.on_lost(lambda _: hushed_again())
    return protocol


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
