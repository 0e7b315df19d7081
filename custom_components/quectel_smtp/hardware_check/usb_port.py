"""What a USB modem calls itself, as Linux shows it: its ids, and no number of its own."""

from dataclasses import dataclass
from pathlib import Path
import re
from typing import Final

TTYS: Final = Path("/sys/class/tty")

_ID: Final = re.compile(r"[0-9a-f]{2,4}")
# Names of makers and products; digits as long as an IMEI's are none.
_NAME: Final = re.compile(r"(?!.*\d{6})[A-Za-z0-9 ._+-]{1,32}")


@dataclass(frozen=True, slots=True)
class UsbPort:
    """A port of a USB modem.

    ``product_id`` with its maker's; ``interface`` in two digits. Of the serial number only
    whether there is one, and whether it is of zeros alone.
    """

    product_id: str
    interface: str
    manufacturer: str
    product: str
    serial: str


def usb_port(device: str, ttys: Path = TTYS) -> UsbPort | None:
    """Return what USB tells of a port's device, None where it is on no USB of this host."""
    interface = (ttys / Path(device).resolve().name / "device").resolve()
    # The tty's parent is the USB interface, or a port of its driver within that.
    for folder in (interface, interface.parent):
        number = _read(folder / "bInterfaceNumber")
        if number is not None:
            return _described(folder.parent, number)
    return None


def _described(device: Path, number: str) -> UsbPort:
    ids = [_read(device / name) or "" for name in ("idVendor", "idProduct")]
    serial = _read(device / "serial")
    if not serial:
        kind = "none"
    else:
        kind = "zeros only" if not serial.strip("0") else "one of its own"
    return UsbPort(
        product_id=":".join(found if _ID.fullmatch(found) else "?" for found in ids),
        interface=number if _ID.fullmatch(number) else "?",
        manufacturer=_name(_read(device / "manufacturer")),
        product=_name(_read(device / "product")),
        serial=kind,
    )


def _name(text: str | None) -> str:
    if text is None:
        return "nothing"
    return text if _NAME.fullmatch(text) else "another name"


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return None
