"""Knows what the modem is plugged in behind: finds it elsewhere, and knows a stranger."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from homeassistant.components import usb
from homeassistant.const import CONF_DEVICE
from homeassistant.core import HomeAssistant

from . import usb_modems
from .const import CONF_USB, DOMAIN
from .modem.at.errors import PortBusyError
from .ports import PortForeignError
from .quectel_usb import QUECTEL, rank
from .runtime import QuectelConfigEntry

_BY_ID: Final = "/dev/serial/by-id/"
_IDENTITY: Final = ("vid", "pid", "serial_number")


class PortSearch:
    """Knows which USB device the modem was last, over restarts too."""

    def __init__(self, hass: HomeAssistant, entry: QuectelConfigEntry) -> None:
        """Know what the entry's data tells."""
        self._hass = hass
        self._entry = entry

    @property
    def _known(self) -> Mapping[str, Any]:
        """The USB device that the modem was last; empty if none is known."""
        known = self._entry.data.get(CONF_USB)
        return known if isinstance(known, Mapping) else {}

    async def learn(self, port: str) -> None:
        """Remember the USB device behind a port that the modem answers on.

        Whoever was offered to set that up as a new one is not any more.
        """
        if "://" in port:
            return
        behind = await usb_modems.behind(self._hass, port)
        if behind is None:
            return
        modem, found = behind
        known = {
            "device": port,
            "location": modem.location,
            **{key: getattr(found, key) for key in (*_IDENTITY, "interface_num")},
        }
        if known != self._known:
            self._hass.config_entries.async_update_entry(
                self._entry, data=self._entry.data | {CONF_USB: known}
            )
        for flow_id in usb_modems.shown_flows(self._hass, modem):
            self._hass.config_entries.flow.async_abort(flow_id)

    async def admit(self, port: str) -> None:
        """Let a port be opened, unless it is another's.

        ``PortForeignError`` if its path leads to another USB device than the modem was
        behind, as it may after a restart of the host. One of Quectel's is looked at all
        the same: its ids may change with firmware or configuration, and it says who it
        is. ``PortBusyError`` if another integration or app uses it, where USB does not
        tell that it is our modem.
        """
        if "://" in port:
            return
        behind = await usb_modems.behind(self._hass, port)
        found = None if behind is None else behind[1]
        if found is not None and self._known.get("device") == port:
            if self._is_known(found):
                return
            if not self._may_be_ours(found):
                raise PortForeignError
        device = found or usb.SerialDevice(
            device=port, serial_number=None, manufacturer=None, description=None
        )
        if not await free_ports(self._hass, [device]):
            raise PortBusyError

    async def find(self) -> Sequence[str]:
        """Return the ports that are worth a look, the likeliest first.

        Those of Quectel's own, and those of an adapter that is the very same as the
        modem was behind before. Ports that other integrations or apps use are left
        alone, and so is a modem behind an address: it doesn't move.
        """
        # It may have been edited into nonsense since the modem was found.
        if "://" in str(self._entry.data.get(CONF_DEVICE)):
            return ()
        modems = await usb_modems.present(self._hass)
        ports = [
            port
            for modem in modems
            if not usb_modems.is_in_service(self._hass, modem, modems)
            for port in modem.ports
            if self._may_be_ours(port)
        ]
        if not ports:
            return ()
        free = await free_ports(self._hass, ports)
        return [port.device for port in sorted(free, key=self._rank)]

    def _is_known(self, port: usb.USBDevice) -> bool:
        return all(getattr(port, key) == self._known.get(key) for key in _IDENTITY)

    def _may_be_ours(self, port: usb.USBDevice) -> bool:
        return port.vid == QUECTEL or self._is_known(port)

    def _rank(self, port: usb.USBDevice) -> tuple[bool, tuple[int, int], bool]:
        """A modem has several ports; it answers on the same one as before."""
        known = self._known
        return (
            bool(known) and port.interface_num != known.get("interface_num"),
            rank(port.pid, port.interface_num),
            not port.device.startswith(_BY_ID),
        )


async def free_ports[P: usb.USBDevice | usb.SerialDevice](
    hass: HomeAssistant, ports: Sequence[P]
) -> Sequence[P]:
    """Return those of the ports that no other integration or app uses."""
    users = await usb.async_get_serial_port_consumers(hass, ports)
    return [
        port
        for port in ports
        if all(
            user.domain == DOMAIN or not user.active
            for user in users.get(port.device, ())
        )
    ]
