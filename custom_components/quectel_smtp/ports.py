"""Makes a ``Modem`` whose port another integration may provide."""

from homeassistant.exceptions import HomeAssistantError

from .modem.at.channel import AtChannel
from .modem.at.errors import PortError, PortNotFoundError
from .modem.at.port import PortSettings, connect
from .modem.modem import Modem


class SettingsInvalidError(PortError):
    """The entry was edited into settings that can't be used: no port is opened."""

    key = "settings_invalid"


async def _connect(settings: PortSettings) -> AtChannel:
    """Open the port; one that its own integration doesn't offer yet is not there.

    The serial proxies of ESPHome raise ``ConfigEntryNotReady`` until ESPHome is set up.
    """
    try:
        return await connect(settings)
    except HomeAssistantError as err:
        raise PortNotFoundError from err


def make_modem(port: PortSettings) -> Modem:
    """Return a modem on this port, not opened yet."""
    return Modem(port, connector=_connect)


class Gate:
    """Makes modems whose ports can't be opened for as long as it is closed.

    So nothing is sent by settings that only stand in for those that can't be used.
    """

    def __init__(self, *, closed: bool) -> None:
        """Be open or closed."""
        self.closed = closed

    def make_modem(self, port: PortSettings) -> Modem:
        """Return a modem on this port, not opened yet."""
        return Modem(port, connector=self._connect)

    async def _connect(self, settings: PortSettings) -> AtChannel:
        if self.closed:
            raise SettingsInvalidError
        return await _connect(settings)
