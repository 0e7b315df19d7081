"""A modem that was plugged in elsewhere is found again, and others are left alone."""

from collections.abc import Callable, Generator
from dataclasses import replace
import itertools
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.modem.at.errors import (
    NotAModemError,
    PortBusyError,
    PortNotFoundError,
)
from custom_components.quectel_smtp.port_search import PortSearch
from custom_components.quectel_smtp.ports import PortForeignError
from homeassistant.components.usb import SerialDevice, SerialPortConsumer, USBDevice
from homeassistant.core import HomeAssistant

from .conftest import deliver, in_service, send, settled, until
from .dialog import PORT_INPUT, Dialog
from .modem_on_the_desk import ANOTHER, EC200A, IMEI, PORT, Desk

OTHER_PORT = "/dev/serial/by-id/usb-Quectel_2-if02"
_USB = "homeassistant.components.usb"
_PACE = "custom_components.quectel_smtp.delivery.courier.pace"


def quectel(device: str, interface: int = 2, serial: str | None = None) -> USBDevice:
    """Return a port of a Quectel modem."""
    return USBDevice(
        device=device,
        serial_number=serial,
        manufacturer="Quectel",
        description=None,
        interface_num=interface,
        vid="2C7C",
        pid="6005",
    )


def adapter(device: str, serial: str | None = "A1") -> USBDevice:
    """Return a USB adapter that anything may be behind."""
    return USBDevice(
        device=device,
        serial_number=serial,
        manufacturer="Silicon Labs",
        description="CP2102",
        vid="10C4",
        pid="EA60",
    )


type PortEventCallback = Callable[[set[USBDevice], set[USBDevice]], None]


class Usb:
    """What Home Assistant knows of the host's ports."""

    def __init__(self) -> None:
        """Know of none."""
        self.ports: list[USBDevice | SerialDevice] = []
        self.users: dict[str, list[SerialPortConsumer]] = {}
        self.told: list[PortEventCallback] = []

    def listen(
        self, _: HomeAssistant, callback: PortEventCallback
    ) -> Callable[[], None]:
        """Tell of ports that come and go."""
        self.told.append(callback)
        return lambda: None

    async def scan(self, _: HomeAssistant) -> list[USBDevice | SerialDevice]:
        """Return the ports."""
        return self.ports

    async def consumers(self, *_: object) -> dict[str, list[SerialPortConsumer]]:
        """Return who uses them."""
        return self.users


@pytest.fixture
def usb() -> Generator[Usb]:
    """Stand for Home Assistant's usb integration."""
    found = Usb()
    with (
        patch(f"{_USB}.async_scan_serial_ports", found.scan),
        patch(f"{_USB}.async_get_serial_port_consumers", found.consumers),
        patch(f"{_USB}.async_register_port_event_callback", found.listen),
    ):
        yield found


def user(domain: str, *, active: bool = True) -> SerialPortConsumer:
    """Return an integration that uses a port."""
    return SerialPortConsumer(
        kind="config_entry", title=domain, active=active, domain=domain
    )


@pytest.fixture
def search(hass: HomeAssistant, entry: MockConfigEntry, usb: Usb) -> PortSearch:
    """Return a search that knows nothing yet."""
    return PortSearch(hass, entry)


async def test_only_quectel_s_own_ports_are_looked_at(
    search: PortSearch, usb: Usb
) -> None:
    usb.ports = [
        adapter("/dev/serial/by-id/usb-cp2102"),
        quectel("/dev/ttyUSB2"),
        SerialDevice(
            device="/dev/ttyAMA0",
            serial_number=None,
            manufacturer=None,
            description=None,
        ),
        quectel(OTHER_PORT),
    ]
    assert await search.find() == [OTHER_PORT, "/dev/ttyUSB2"]
    usb.ports = []
    assert await search.find() == ()


async def test_the_same_one_of_a_modem_s_ports_comes_first(
    search: PortSearch, usb: Usb
) -> None:
    usb.ports = [quectel(PORT, 3)]
    await search.learn(PORT)
    found = [f"/dev/serial/by-id/usb-{number}" for number in range(5)]
    usb.ports = [quectel(name, number) for number, name in enumerate(found)]
    first, *_ = await search.find()
    assert first == found[3]


async def test_an_adapter_is_the_very_same_one(search: PortSearch, usb: Usb) -> None:
    usb.ports = [adapter(PORT)]
    await search.learn(PORT)
    usb.ports = [adapter("/dev/ttyUSB5"), adapter("/dev/ttyUSB6", "other")]
    assert await search.find() == ["/dev/ttyUSB5"]
    # A port that nothing is known of tells nothing.
    await search.learn("/dev/pts/3")
    assert await search.find() == ["/dev/ttyUSB5"]


async def test_what_others_use_is_left_alone(search: PortSearch, usb: Usb) -> None:
    names = [f"/dev/serial/by-id/usb-{number}" for number in range(4)]
    usb.ports = [quectel(name) for name in names]
    usb.users = {
        names[0]: [user("zha")],
        names[1]: [user("zha", active=False)],
        names[2]: [user("quectel_smtp")],
    }
    assert await search.find() == names[1:]


async def test_a_modem_behind_an_address_does_not_move(
    hass: HomeAssistant, entry: MockConfigEntry, search: PortSearch, usb: Usb
) -> None:
    usb.ports = [quectel(OTHER_PORT)]
    hass.config_entries.async_update_entry(
        entry, data=entry.data | {"device": "rfc2217://10.0.0.2:4000"}
    )
    await search.learn("rfc2217://10.0.0.2:4000")
    assert await search.find() == ()


# The whole way.


async def test_a_modem_under_another_name_is_found_and_its_port_kept(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, usb: Usb
) -> None:
    courier = loaded.runtime_data.courier
    desk.unplug()
    await desk.until(lambda: courier.status.trouble is not None)
    usb.ports = [quectel(OTHER_PORT)]
    desk.ports = {OTHER_PORT}
    await until(lambda: loaded.data["device"] == OTHER_PORT)
    opened = desk.opened
    await deliver(hass, loaded)
    assert desk.opened == opened
    assert loaded.runtime_data.courier is courier
    # Whatever is changed next leaves the port alone too.
    hass.config_entries.async_update_entry(
        loaded, data=loaded.data | {"password": "battery staple"}
    )
    await deliver(hass, loaded, "second")
    assert desk.opened == opened
    assert desk.configured[-1].password == "battery staple"


async def test_a_modem_that_has_moved_while_home_assistant_was_off_is_found(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry, usb: Usb
) -> None:
    usb.ports = [quectel(OTHER_PORT)]
    desk.ports = {OTHER_PORT}
    assert await hass.config_entries.async_setup(entry.entry_id)
    await deliver(hass, entry)
    assert entry.data["device"] == OTHER_PORT


async def test_another_modem_is_not_taken_for_ours(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, usb: Usb
) -> None:
    courier = loaded.runtime_data.courier
    desk.unplug()
    await desk.until(lambda: courier.status.trouble is not None)
    usb.ports = [quectel(OTHER_PORT)]
    desk.ports = {OTHER_PORT}
    desk.identity = ANOTHER
    opened = desk.opened
    await until(lambda: desk.opened > opened + 2)
    assert loaded.data["device"] == PORT
    assert not courier.status.connected
    desk.identity = EC200A
    assert loaded.unique_id == IMEI
    await until(lambda: loaded.data["device"] == OTHER_PORT)


async def test_it_may_move_again_and_again(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, usb: Usb
) -> None:
    names = itertools.cycle((OTHER_PORT, PORT, "/dev/ttyUSB7"))

    def kept(name: str) -> Callable[[], bool]:
        return lambda: loaded.data["device"] == name

    for name in itertools.islice(names, 5):
        desk.unplug()
        usb.ports = [quectel(name)]
        desk.ports = {name}
        await until(kept(name))
    await deliver(hass, loaded)


# Whose port it is.


async def knows_its_adapter(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry, usb: Usb
) -> None:
    """Let the modem be known behind an adapter, and Home Assistant end."""
    usb.ports = [adapter(PORT)]
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: "usb" in entry.data)
    await in_service(entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    desk.opened = 0


async def test_a_path_that_leads_to_another_device_after_a_restart_is_not_opened(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry, usb: Usb
) -> None:
    await knows_its_adapter(hass, desk, entry, usb)
    usb.ports = [adapter(PORT, "a Zigbee stick's")]
    assert await hass.config_entries.async_setup(entry.entry_id)
    courier = entry.runtime_data.courier
    await until(lambda: isinstance(courier.status.trouble, PortForeignError))
    await send(hass)
    assert desk.opened == 0
    usb.ports = [adapter(PORT)]
    await settled(hass, entry)
    assert len(desk.sent) == 1


async def test_where_usb_knows_the_modem_it_is_found_again_after_a_restart(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry, usb: Usb
) -> None:
    await knows_its_adapter(hass, desk, entry, usb)
    # The sticks have changed places.
    usb.ports = [adapter(PORT, "a Zigbee stick's"), adapter("/dev/ttyUSB5")]
    desk.ports = {PORT, "/dev/ttyUSB5"}
    assert await hass.config_entries.async_setup(entry.entry_id)
    await deliver(hass, entry)
    assert desk.opened == 1
    assert entry.data["device"] == "/dev/ttyUSB5"


async def test_a_port_that_another_integration_uses_is_not_opened(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry, usb: Usb
) -> None:
    usb.users = {PORT: [user("zha")]}
    assert await hass.config_entries.async_setup(entry.entry_id)
    courier = entry.runtime_data.courier
    await until(lambda: isinstance(courier.status.trouble, PortBusyError))
    await send(hass)
    assert desk.opened == 0
    usb.users = {PORT: [user("zha", active=False), user("quectel_smtp")]}
    await settled(hass, entry)
    assert len(desk.sent) == 1


async def test_a_claim_does_not_keep_us_from_what_usb_knows_to_be_our_modem(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry, usb: Usb
) -> None:
    await knows_its_adapter(hass, desk, entry, usb)
    usb.users = {PORT: [user("zha")]}
    assert await hass.config_entries.async_setup(entry.entry_id)
    await deliver(hass, entry)
    assert len(desk.sent) == 1


@pytest.mark.parametrize("used", [False, True])
async def test_a_modem_whose_usb_ids_have_changed_is_still_ours(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry, usb: Usb, used: bool
) -> None:
    usb.ports = [quectel(PORT)]
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: "usb" in entry.data)
    assert await hass.config_entries.async_unload(entry.entry_id)
    # As an update of its firmware, or another USB mode, may have it.
    usb.ports = [replace(quectel(PORT, serial="new"), pid="6007")]
    # Another modem of Quectel's may be another integration's.
    usb.users = {PORT: [user("sms", active=used)]}
    assert await hass.config_entries.async_setup(entry.entry_id)
    courier = entry.runtime_data.courier
    if used:
        await until(lambda: isinstance(courier.status.trouble, PortBusyError))
    else:
        await deliver(hass, entry)
        await until(lambda: entry.data["usb"]["pid"] == "6007")


async def test_a_modem_that_is_gone_after_its_port_was_edited_into_nonsense_is_missing(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, usb: Usb
) -> None:
    hass.config_entries.async_update_entry(loaded, data=loaded.data | {"device": None})
    desk.unplug()
    courier = loaded.runtime_data.courier
    await until(lambda: courier.status.trouble is not None)
    assert isinstance(courier.status.trouble, PortNotFoundError)
    # And it is found where it went.
    usb.ports = [quectel(OTHER_PORT)]
    desk.ports = {OTHER_PORT}
    await deliver(hass, loaded)


async def test_a_person_who_chooses_the_port_anew_is_believed(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry, usb: Usb
) -> None:
    await knows_its_adapter(hass, desk, entry, usb)
    usb.ports = [adapter(PORT, "a new adapter's")]
    assert await hass.config_entries.async_setup(entry.entry_id)
    courier = entry.runtime_data.courier
    await until(lambda: isinstance(courier.status.trouble, PortForeignError))
    dialog = Dialog(hass, await entry.start_reconfigure_flow(hass))
    await dialog.choose("port")
    await dialog.submit(**PORT_INPUT)
    assert await dialog.without_test() == "saved_untested"
    await deliver(hass, entry)
    assert len(desk.sent) == 1


async def test_a_port_that_comes_is_looked_at_at_once(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry, usb: Usb
) -> None:
    with (
        patch(f"{_PACE}._SERVICE_FIRST", 1000.0),
        patch(f"{_PACE}._STRANGER_MOST", 1000.0),
    ):
        desk.fail("open", NotAModemError())
        assert await hass.config_entries.async_setup(entry.entry_id)
        courier = entry.runtime_data.courier
        await until(lambda: courier.status.trouble is not None)
        (tell,) = usb.told
        tell(set(), {quectel(PORT)})
        await hass.async_block_till_done()
        assert courier.status.network is None
        tell({quectel(PORT)}, set())
        await in_service(entry)
