"""Makes a ``Modem`` whose port another integration may provide."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from homeassistant.exceptions import HomeAssistantError

from .delivery.courier.line import GLANCE
from .modem.at.channel import AtChannel
from .modem.at.errors import PortBusyError, PortError, PortNotFoundError
from .modem.at.port import PortSettings, connect
from .modem.modem import Modem

_PAUSE: Final = 0.5
_TRIES: Final = 2 + int(GLANCE / _PAUSE)


class SettingsInvalidError(PortError):
    """The entry was edited into settings that can't be used: no port is opened."""

    key = "settings_invalid"


class PortForeignError(PortError):
    """The path leads to another USB device now: it is not talked to."""

    key = "port_foreign"


async def _connect(settings: PortSettings) -> AtChannel:
    """Open the port; one that its own integration doesn't offer yet is not there.

    The serial proxies of ESPHome raise ``ConfigEntryNotReady`` until ESPHome is set up.
    """
    try:
        return await connect(settings)
    except HomeAssistantError as err:
        raise PortNotFoundError from err


async def _connect_patiently(settings: PortSettings) -> AtChannel:
    """Open the port for a dialog; what holds it may be one of ours, for a moment.

    An entry whose modem is away has a glance behind each port that it may be behind.
    """
    for _ in range(_TRIES - 1):
        try:
            return await _connect(settings)
        except PortBusyError:
            await asyncio.sleep(_PAUSE)
    return await _connect(settings)


def make_modem(port: PortSettings) -> Modem:
    """Return a modem on this port for a dialog, not opened yet."""
    return Modem(port, connector=_connect_patiently)


class Gate:
    """Makes modems whose ports can't be opened for as long as it is closed.

    So nothing is sent by settings that only stand in for those that can't be used. Nor
    is a port opened that is another's.
    """

    def __init__(
        self, admit: Callable[[str], Awaitable[None]], *, closed: bool
    ) -> None:
        """Be open or closed; ``admit`` raises ``PortError`` for a port of another's."""
        self._admit = admit
        self.closed = closed

    def make_modem(self, port: PortSettings) -> Modem:
        """Return a modem on this port, not opened yet."""
        return Modem(port, connector=self._connect)

    async def _connect(self, settings: PortSettings) -> AtChannel:
        if self.closed:
            raise SettingsInvalidError
        await self._admit(settings.url)
        return await _connect(settings)
