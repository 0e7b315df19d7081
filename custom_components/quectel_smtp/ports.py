"""Makes a ``Modem`` whose port another integration may provide."""

from homeassistant.exceptions import HomeAssistantError

from .modem.at import AtChannel
from .modem.errors import PortNotFoundError
from .modem.modem import Modem
from .modem.port import PortSettings, connect


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
