"""Finds the ports that a modem may be on after it was plugged in elsewhere."""

from collections.abc import Sequence
from typing import Any, Final

from homeassistant.components import usb
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_DEVICE
from homeassistant.core import HomeAssistant

from .const import DOMAIN

QUECTEL: Final = "2C7C"
"""USB vendor id."""
_BY_ID: Final = "/dev/serial/by-id/"


class PortSearch:
    """Knows which USB device the modem was last, and finds ports of its kind."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """Know of no device yet."""
        self._hass = hass
        self._entry = entry
        self._known: usb.USBDevice | None = None

    async def learn(self, port: str) -> None:
        """Remember the USB device behind a port that the modem answers on."""
        if "://" in port:
            return
        found = await self._hass.async_add_executor_job(usb.usb_device_from_path, port)
        self._known = found or self._known

    async def find(self) -> Sequence[str]:
        """Return the ports that are worth a look, the likeliest first.

        Those of Quectel's own, and those of an adapter that is the very same as the
        modem was behind before. Ports that other integrations or apps use are left
        alone, and so is a modem behind an address: it doesn't move.
        """
        if "://" in self._entry.data.get(CONF_DEVICE, ""):
            return ()
        ports = [
            port
            for port in await usb.async_scan_serial_ports(self._hass)
            if isinstance(port, usb.USBDevice) and self._may_be_ours(port)
        ]
        if not ports:
            return ()
        users = await usb.async_get_serial_port_consumers(self._hass, ports)
        free = [
            port
            for port in ports
            if all(
                user.domain == DOMAIN or not user.active
                for user in users.get(port.device, ())
            )
        ]
        return [port.device for port in sorted(free, key=self._rank)]

    def _may_be_ours(self, port: usb.USBDevice) -> bool:
        if port.vid == QUECTEL:
            return True
        known = self._known
        return known is not None and (port.vid, port.pid, port.serial_number) == (
            known.vid,
            known.pid,
            known.serial_number,
        )

    def _rank(self, port: usb.USBDevice) -> tuple[bool, bool]:
        """A modem has several ports; it answers on the same one as before."""
        known = self._known
        return (
            known is not None and port.interface_num != known.interface_num,
            not port.device.startswith(_BY_ID),
        )
