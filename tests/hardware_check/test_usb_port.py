"""What USB tells of a modem, from a file system such as Linux shows."""

from pathlib import Path

import pytest

from custom_components.quectel_smtp.hardware_check.usb_port import UsbPort, usb_port


def plugged(root: Path, *, driver_port: bool = True, **device: str) -> tuple[str, Path]:
    """Plug a modem in; return its device and the folder of all ttys."""
    interface = root / "usb1" / "1-2" / "1-2:1.3"
    port = interface / "ttyUSB2" if driver_port else interface
    port.mkdir(parents=True)
    (interface / "bInterfaceNumber").write_text("03\n")
    for name, text in device.items():
        (interface.parent / name).write_text(f"{text}\n")
    tty = root / "tty" / "ttyUSB2"
    tty.mkdir(parents=True)
    (tty / "device").symlink_to(port)
    return "/dev/ttyUSB2", root / "tty"


@pytest.mark.parametrize("driver_port", [True, False])
def test_a_modem_is_told_by_its_ids_and_names(
    tmp_path: Path, driver_port: bool
) -> None:
    device, ttys = plugged(
        tmp_path,
        driver_port=driver_port,
        idVendor="2c7c",
        idProduct="6002",
        manufacturer="Android",
        product="Android",
        serial="0000",
    )
    assert usb_port(device, ttys) == UsbPort(
        "2c7c:6002", "03", "Android", "Android", "zeros only"
    )


def test_no_number_of_its_own_is_told(tmp_path: Path) -> None:
    device, ttys = plugged(
        tmp_path,
        idVendor="867730051928374",
        idProduct="6002",
        manufacturer="IMEI 867730051928374",
        serial="867730051928374",
    )
    assert usb_port(device, ttys) == UsbPort(
        "?:6002", "03", "another name", "nothing", "one of its own"
    )


def test_a_port_that_is_on_no_usb_is_none(tmp_path: Path) -> None:
    assert usb_port("/dev/pts/1", tmp_path) is None


def test_a_modem_without_a_serial_number_has_none(tmp_path: Path) -> None:
    device, ttys = plugged(tmp_path, idVendor="2c7c", idProduct="0125")
    found = usb_port(device, ttys)
    assert found is not None and found.serial == "none"
