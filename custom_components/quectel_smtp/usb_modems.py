"""Tells which serial ports belong to one modem, and which modem an entry was last.

Neither serial number nor name tells two modems of a kind apart: many have none, or all
the same one, and then they share their names in ``/dev/serial/by-id``, too. So the USB
socket counts as well, where the host tells it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
import re
from typing import Any, Final

from homeassistant.components import usb
from homeassistant.config_entries import SOURCE_USB
from homeassistant.const import CONF_DEVICE
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import discovery_flow
from homeassistant.helpers.service_info.usb import UsbServiceInfo

from .const import CONF_USB, DOMAIN, MANUFACTURER
from .quectel_usb import PRODUCTS, QUECTEL, Product, rank

_TTYS: Final = Path("/sys/class/tty")
# A USB device in sysfs: bus, and ports from hub to hub.
_LOCATION: Final = re.compile(r"\d+-\d+(\.\d+)*")


@dataclass(frozen=True, slots=True)
class UsbModem:
    """The ports of one USB device, in the order in which they are to be asked."""

    vid: str
    pid: str
    serial_number: str | None = field(repr=False)
    location: str | None
    ports: tuple[usb.USBDevice, ...] = field(repr=False)

    @property
    def unique_id(self) -> str:
        """What it is known by before it was asked who it is."""
        return f"usb_{self.vid}:{self.pid}_{self.serial_number}_{self.location}"

    @property
    def ttys(self) -> tuple[str, ...]:
        """The names of its ports, as the kernel gives them."""
        return tuple(sorted(Path(_node(port)).name for port in self.ports))

    @property
    def name(self) -> str:
        """What a person may know it by: the module, and its likeliest port."""
        # Those that say "Android" or "LTE Module" don't say which they are.
        said = self.ports[0].description or ""
        named = said if re.search(r"\d", said) else ""
        module = named or PRODUCTS.get(self.pid, Product()).name or "LTE"
        module = module.removeprefix(MANUFACTURER).strip()
        return f"{MANUFACTURER} {module} ({Path(_node(self.ports[0])).name})"

    def has(self, device: str | None) -> bool:
        """Whether one of its ports has this name."""
        return any(device in (p.device, p.resolved_device) for p in self.ports)

    def port_behind(self, path: str) -> usb.USBDevice | None:
        """Return the port that a path leads to; it looks at the file system."""
        node = Path(path).resolve()
        return next(
            (
                port
                for port in self.ports
                if port.device == path or Path(_node(port)).resolve() == node
            ),
            None,
        )


def _node(port: usb.USBDevice) -> str:
    return port.resolved_device or port.device


async def present(hass: HomeAssistant) -> Sequence[UsbModem]:
    """Return the USB devices with serial ports that are plugged in, whatever they are."""
    ports = [
        port
        for port in await usb.async_scan_serial_ports(hass)
        if isinstance(port, usb.USBDevice)
    ]
    return await hass.async_add_executor_job(_grouped, ports)


async def behind(
    hass: HomeAssistant, path: str
) -> tuple[UsbModem, usb.USBDevice] | None:
    """Return the USB device that a path leads to, and which of its ports."""
    modems = await present(hass)
    return await hass.async_add_executor_job(_behind, modems, path)


def last_known(modems: Iterable[UsbModem], data: Mapping[str, Any]) -> UsbModem | None:
    """Return the one of the modems that an entry's data has as the last that it was.

    At another socket only one that is alone with its serial number is taken for it.
    """
    known = data.get(CONF_USB)
    if not isinstance(known, Mapping):
        # The modem has not answered yet.
        return next((m for m in modems if m.has(data.get(CONF_DEVICE))), None)
    alike = [
        modem
        for modem in modems
        if (modem.vid, modem.pid, modem.serial_number)
        == (known.get("vid"), known.get("pid"), known.get("serial_number"))
    ]
    for modem in alike:
        if modem.location == known.get("location"):
            return modem
    # "0000" is no number of its own.
    alone = len(alike) == 1 and len(set(alike[0].serial_number or "")) > 1
    return alike[0] if alone else None


@callback
def is_configured(
    hass: HomeAssistant, modem: UsbModem, modems: Sequence[UsbModem]
) -> bool:
    """Whether an entry has this modem already, loaded or not."""
    return any(
        last_known(modems, entry.data) == modem
        for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False)
    )


@callback
def is_in_service(
    hass: HomeAssistant, modem: UsbModem, modems: Sequence[UsbModem]
) -> bool:
    """Whether an entry is connected to this modem, and certain to be: by its socket."""
    return modem.location is not None and any(
        entry.runtime_data.courier.status.connected
        and last_known(modems, entry.data) == modem
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
    )


@callback
def shown_flows(hass: HomeAssistant, modem: UsbModem) -> tuple[str, ...]:
    """Return the ids of the discovery flows that a person sees of this modem."""
    return tuple(
        flow["flow_id"]
        for flow in hass.config_entries.flow.async_progress_by_init_data_type(
            UsbServiceInfo, lambda info: modem.has(info.device)
        )
        if flow["handler"] == DOMAIN
    )


async def offer(hass: HomeAssistant, data: Mapping[str, Any]) -> None:
    """Have the modem of a removed entry discovered again, where it is plugged in.

    Home Assistant tells once of what is plugged in, and does so again for other kinds of
    discovery only.
    """
    # One that was disabled when Home Assistant started has not loaded what we depend on.
    modems = await present(hass) if "usb" in hass.config.components else ()
    modem = last_known(modems, data)
    if modem is None or modem.vid != QUECTEL or modem.pid not in PRODUCTS:
        return
    port = modem.ports[0]
    discovery_flow.async_create_flow(
        hass,
        DOMAIN,
        {"source": SOURCE_USB},
        UsbServiceInfo(
            device=port.device,
            vid=port.vid,
            pid=port.pid,
            serial_number=port.serial_number,
            manufacturer=port.manufacturer,
            description=port.description,
        ),
    )


def _grouped(ports: Sequence[usb.USBDevice]) -> tuple[UsbModem, ...]:
    grouped: dict[tuple[str, str, str | None, str | None], list[usb.USBDevice]] = {}
    for port in ports:
        key = (port.vid, port.pid, port.serial_number, _location(_node(port)))
        grouped.setdefault(key, []).append(port)
    return tuple(
        UsbModem(
            *key,
            tuple(
                sorted(found, key=lambda p: (rank(p.pid, p.interface_num), p.device))
            ),
        )
        for key, found in grouped.items()
    )


def _behind(
    modems: Iterable[UsbModem], path: str
) -> tuple[UsbModem, usb.USBDevice] | None:
    for modem in modems:
        if (port := modem.port_behind(path)) is not None:
            return modem, port
    return None


def _location(node: str) -> str | None:
    """Return the USB socket of a port, None where the host does not tell."""
    place = (_TTYS / Path(node).name / "device").resolve()
    return next((n for n in reversed(place.parts) if _LOCATION.fullmatch(n)), None)
