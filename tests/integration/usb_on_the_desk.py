"""USB sockets that modems are plugged into, as the kernel and udev show them.

Home Assistant's own usb integration looks at them, and all above it is real. What stands
for something is the list of serial ports and the folder of them in sysfs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from serialx.common import SerialPortInfo

from custom_components.quectel_smtp.const import DOMAIN
from homeassistant.config_entries import SOURCE_USB, ConfigEntry
from homeassistant.core import HomeAssistant

from .dialog import Dialog

# As those of ASR's chips name themselves, all of them.
ANDROID: Final = "Android"


@dataclass(frozen=True, slots=True)
class Plugged:
    """A device at a socket; ``nodes`` are its ports by the numbers of their interfaces."""

    location: str
    nodes: Mapping[int, str]
    pid: str
    vid: str
    serial: str | None
    product: str


@dataclass
class Sockets:
    """The host's USB sockets; ``root`` is a folder of the test's own."""

    root: Path
    plugged: list[Plugged] = field(default_factory=list)
    # Whether udev makes names of manufacturer, product, serial number and interface.
    names: bool = False
    _count: int = 0
    _by_id: Path = Path("/dev/serial/by-id")

    @property
    def sysfs(self) -> Path:
        """What stands for ``/sys/class/tty``."""
        return self.root / "sys" / "class" / "tty"

    def plug(
        self,
        location: str = "1-1",
        interfaces: Sequence[int] = (2, 3, 4),
        *,
        behind: Mapping[int, str] | None = None,
        pid: str = "6005",
        vid: str = "2C7C",
        serial: str | None = "0000",
        product: str = ANDROID,
    ) -> dict[int, str]:
        """Plug a modem in; returns its ports by the numbers of their interfaces.

        ``behind``: paths that the ports lead to, where they are to be opened.
        """
        nodes = {
            interface: self._node(location, interface, behind)
            for interface in interfaces
        }
        device = Plugged(location, nodes, pid, vid, serial, product)
        self.plugged.append(device)
        if behind is not None:
            self._by_id = self.root / "dev" / "serial" / "by-id"
            self._by_id.mkdir(parents=True, exist_ok=True)
            for interface, node in nodes.items():
                link = Path(self._name(device, interface))
                link.unlink(missing_ok=True)
                link.symlink_to(node)
        return nodes

    def add_port(self, location: str, interface: int) -> None:
        """Have what is plugged in there show one more port."""
        (device,) = (here for here in self.plugged if here.location == location)
        self.plugged.remove(device)
        nodes = {**device.nodes, interface: self._node(location, interface)}
        self.plugged.append(replace(device, nodes=nodes))

    def _node(
        self, location: str, interface: int, behind: Mapping[int, str] | None = None
    ) -> str:
        """Make a port of a device, and return its path."""
        name = f"ttyUSB{self._count}"
        self._count += 1
        place = f"{self.root}/sys/devices/usb1/{location}/{location}:1.{interface}"
        Path(place, name).mkdir(parents=True)
        (self.sysfs / name).mkdir(parents=True)
        (self.sysfs / name / "device").symlink_to(Path(place, name))
        if behind is None:
            return f"/dev/{name}"
        node = self.root / "dev" / name
        node.parent.mkdir(exist_ok=True)
        node.symlink_to(behind[interface])
        return str(node)

    def unplug(self, location: str = "1-1") -> None:
        """Take away what is there."""
        for device in [here for here in self.plugged if here.location == location]:
            self.plugged.remove(device)
            for node in device.nodes.values():
                if node.startswith(str(self.root)):
                    Path(node).unlink()

    def list_serial_ports(self) -> list[SerialPortInfo]:
        """Return what there is; of those with one name it is the last one's."""
        named = {
            self._name(device, interface): (device, interface)
            for device in self.plugged
            for interface in device.nodes
        }
        return [
            SerialPortInfo(
                device=name
                if self.names and named[name] == (device, interface)
                else node,
                resolved_device=node,
                vid=int(device.vid, 16),
                pid=int(device.pid, 16),
                serial_number=device.serial,
                manufacturer=device.product,
                product=device.product,
                bcd_device=None,
                interface_description=None,
                interface_num=interface,
            )
            for device in self.plugged
            for interface, node in device.nodes.items()
            if (name := self._name(device, interface))
        ]

    def _name(self, device: Plugged, interface: int) -> str:
        stem = f"{device.product}_{device.product}_{device.serial}"
        return f"{self._by_id}/usb-{stem}-if{interface:02}-port0"


async def look(hass: HomeAssistant) -> None:
    """Have Home Assistant look at the sockets, as it does when something came or went."""
    await hass.data["usb"]._async_scan_serial()  # noqa: SLF001
    await hass.async_block_till_done(wait_background_tasks=True)


def cards(hass: HomeAssistant) -> list[Any]:
    """Return the modems that a person is offered to set up."""
    return [
        flow
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        if flow["context"]["source"] == SOURCE_USB
    ]


async def discovered(hass: HomeAssistant) -> Dialog:
    """Click the only card."""
    await look(hass)
    (card,) = cards(hass)
    return Dialog(hass, await hass.config_entries.flow.async_configure(card["flow_id"]))


def socket_of(entry: ConfigEntry[Any]) -> str | None:
    """Return the USB socket that an entry knows its modem at."""
    known = entry.data.get("usb") or {}
    location: str | None = known.get("location")
    return location
