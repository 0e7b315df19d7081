"""A Home Assistant component: USB sockets that modems in software are plugged into.

It tells Home Assistant of their ports by the way that there is for components which know
of ports that the kernel does not show. What follows is Home Assistant's own.
"""

from pathlib import Path

from homeassistant.components import usb
from homeassistant.core import HomeAssistant, ServiceCall, callback
from homeassistant.helpers.typing import ConfigType

DOMAIN = "usb_sockets"


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Offer `plug`, which takes the ports' paths by interface number, and `unplug`."""
    plugged: list[usb.USBDevice] = []

    def look() -> None:
        # The newest Home Assistant, which this is for, has it; types are the oldest's.
        usb.async_notify_serial_ports_changed(hass)  # type: ignore[attr-defined]

    @callback
    def plug(call: ServiceCall) -> None:
        ports: dict[str, str] = call.data["ports"]
        plugged.extend(
            usb.USBDevice(
                device=path,
                resolved_device=str(Path(path)),
                vid="2C7C",
                pid=call.data.get("pid", "6005"),
                serial_number=call.data.get("serial_number", "0000"),
                manufacturer="Android",
                description="Android",
                interface_num=int(number),
            )
            for number, path in ports.items()
        )
        look()

    @callback
    def unplug(_: ServiceCall) -> None:
        plugged.clear()
        look()

    usb.async_register_serial_port_scanner(hass, lambda _: plugged)
    hass.services.async_register(DOMAIN, "plug", plug)
    hass.services.async_register(DOMAIN, "unplug", unplug)
    return True
