"""A modem that is plugged in is offered to be set up, once, and no port opened unasked."""

from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.quectel_smtp.const import DOMAIN
from custom_components.quectel_smtp.modem.at.errors import (
    NoAnswerError,
    NotAModemError,
    PortBusyError,
    PortNotFoundError,
    PortPermissionError,
)
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.port_search import PortSearch
from homeassistant.components.usb import SerialPortConsumer
from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntryState
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component
from tests.integration.conftest import DATA, deliver, in_service, send, settled, until
from tests.integration.dialog import CELLULAR_INPUT, PORT_INPUT, SERVER_INPUT, Dialog
from tests.integration.modem_on_the_desk import ANOTHER, IMEI, Desk
from tests.integration.usb_on_the_desk import (
    Sockets,
    cards,
    discovered,
    look,
    socket_of,
)


async def finish(dialog: Dialog) -> MockConfigEntry:
    """Go from the APN's form to the end."""
    await dialog.submit(**CELLULAR_INPUT)
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    entry: MockConfigEntry = dialog.result["result"]
    await in_service(entry)
    return entry


def known(entry: MockConfigEntry, sockets: Sockets) -> dict[str, Any]:
    """Return the USB device that the entry was last."""
    (device,) = sockets.plugged
    return {
        "device": entry.data["device"],
        "location": device.location,
        "vid": "2C7C",
        "pid": device.pid,
        "serial_number": device.serial,
        "interface_num": 3,
    }


# The card.


async def test_a_modem_is_offered_once_although_it_has_several_ports(
    hass: HomeAssistant, desk: Desk, sockets: Sockets
) -> None:
    sockets.plug()
    dialog = await discovered(hass)
    (card,) = cards(hass)
    assert card["context"]["title_placeholders"] == {"name": "Quectel EC200A (ttyUSB1)"}
    assert dialog.step == "usb_confirm"
    assert dialog.fields == []
    shown = dialog.result["description_placeholders"]
    assert shown["name"] == "Quectel EC200A (ttyUSB1)"
    assert shown["ports"] == "ttyUSB0, ttyUSB1, ttyUSB2"
    await look(hass)
    assert len(cards(hass)) == 1
    assert desk.opened == 0


@pytest.mark.parametrize(
    ("pid", "product", "name"),
    [
        ("0125", "EC25-AFX", "Quectel EC25-AFX (ttyUSB0)"),
        ("0125", "Quectel EC25-AFX", "Quectel EC25-AFX (ttyUSB0)"),
        ("0125", "LTE Module", "Quectel EC25 (ttyUSB0)"),
        ("6002", "Android", "Quectel LTE (ttyUSB0)"),
    ],
)
async def test_a_card_names_the_module_as_far_as_usb_tells(
    hass: HomeAssistant,
    desk: Desk,
    sockets: Sockets,
    pid: str,
    product: str,
    name: str,
) -> None:
    sockets.plug(interfaces=(2, 3), pid=pid, product=product)
    if pid == "6002":
        name = name.replace("0", "1")
    await look(hass)
    (card,) = cards(hass)
    assert card["context"]["title_placeholders"] == {"name": name}


@pytest.mark.parametrize(("vid", "pid"), [("2C7C", "0435"), ("10C4", "6005")])
async def test_what_is_no_lte_module_of_quectel_s_is_not_offered(
    hass: HomeAssistant, desk: Desk, sockets: Sockets, vid: str, pid: str
) -> None:
    sockets.plug(vid=vid, pid=pid)
    await look(hass)
    assert not cards(hass)


async def test_a_card_goes_with_the_modem(
    hass: HomeAssistant, desk: Desk, sockets: Sockets
) -> None:
    sockets.plug()
    await look(hass)
    assert cards(hass)
    sockets.unplug()
    await look(hass)
    assert not cards(hass)
    sockets.plug("1-2")
    await look(hass)
    assert len(cards(hass)) == 1


async def test_a_modem_that_is_gone_before_it_is_looked_at_is_not_offered(
    hass: HomeAssistant, desk: Desk, sockets: Sockets
) -> None:
    sockets.plug()
    with patch(
        "custom_components.quectel_smtp.usb_modems.present", return_value=()
    ) as present:
        await look(hass)
    assert present.called
    assert not cards(hass)


async def test_an_ignored_modem_is_not_offered_again(
    hass: HomeAssistant,
    desk: Desk,
    sockets: Sockets,
    hass_ws_client: WebSocketGenerator,
) -> None:
    sockets.plug("1-1")
    await look(hass)
    (card,) = cards(hass)
    assert await async_setup_component(hass, "config", {})
    client = await hass_ws_client(hass)
    await client.send_json_auto_id(
        {
            "type": "config_entries/ignore_flow",
            "flow_id": card["flow_id"],
            "title": "Modem",
        }
    )
    assert (await client.receive_json())["success"]
    assert not cards(hass)
    sockets.unplug("1-1")
    await look(hass)
    sockets.plug("1-1")
    await look(hass)
    assert not cards(hass)
    # Another one is another.
    sockets.plug("1-2")
    await look(hass)
    assert len(cards(hass)) == 1
    (ignored,) = hass.config_entries.async_entries(DOMAIN)
    assert ignored.source == SOURCE_IGNORE


async def test_a_modem_is_offered_that_was_there_when_home_assistant_started(
    hass: HomeAssistant, desk: Desk, sockets: Sockets
) -> None:
    hass.set_state(CoreState.starting)
    sockets.plug()
    await look(hass)
    assert not cards(hass)
    await hass.async_start()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(cards(hass)) == 1


async def test_a_modem_whose_ports_are_all_another_integration_s_is_not_offered(
    hass: HomeAssistant, desk: Desk, sockets: Sockets
) -> None:
    nodes = sockets.plug()
    users = {
        node: [SerialPortConsumer(kind="app", title="SMS", active=True, slug="sms")]
        for node in nodes.values()
    }
    with patch(
        "homeassistant.components.usb.async_get_serial_port_consumers",
        return_value=users,
    ):
        await look(hass)
    assert not cards(hass)


# From the card to the port.


async def test_a_modem_is_set_up_from_its_card(
    hass: HomeAssistant, desk: Desk, sockets: Sockets
) -> None:
    nodes = sockets.plug()
    desk.ports = {nodes[3]}
    dialog = await discovered(hass)
    await dialog.submit()
    assert dialog.step == "cellular"
    assert "find" in dialog.progress_seen
    # The likeliest was asked first, and no other.
    assert desk.opened == 2
    entry = await finish(dialog)
    assert entry.unique_id == IMEI
    assert entry.data["device"] == nodes[3]
    assert entry.data["baudrate"] == 115200
    await until(lambda: "usb" in entry.data)
    assert entry.data["usb"] == known(entry, sockets)
    await look(hass)
    assert not cards(hass)
    # As after a restart of Home Assistant.
    sockets.unplug()
    await look(hass)
    sockets.plug()
    await look(hass)
    assert not cards(hass)


async def test_a_modem_whose_entry_is_removed_is_offered_again_while_it_is_there(
    hass: HomeAssistant, desk: Desk, sockets: Sockets
) -> None:
    nodes = sockets.plug()
    desk.ports = {nodes[3]}
    for _ in range(2):
        dialog = await discovered(hass)
        await dialog.submit()
        entry = await finish(dialog)
        await in_service(entry)
        assert not cards(hass)
        await hass.config_entries.async_remove(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert len(cards(hass)) == 1


@pytest.mark.parametrize("bridge", [True, False])
async def test_what_is_gone_or_no_module_of_quectel_s_is_not_offered_again(
    hass: HomeAssistant,
    desk: Desk,
    sockets: Sockets,
    bridge: bool,
) -> None:
    vid, pid = ("1A86", "7523") if bridge else ("2C7C", "6005")
    (port,) = sockets.plug(interfaces=(0,), vid=vid, pid=pid).values()
    desk.ports = {port}
    entry = MockConfigEntry(
        domain=DOMAIN, unique_id=IMEI, minor_version=2, data=DATA | {"device": port}
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: "usb" in entry.data)
    if not bridge:
        sockets.unplug()
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not cards(hass)


async def test_the_port_is_asked_for_where_the_product_does_not_tell(
    hass: HomeAssistant, desk: Desk, sockets: Sockets
) -> None:
    nodes = sockets.plug(interfaces=(0, 1, 2, 3), pid="0903")
    desk.ports = set(nodes.values())
    desk.refusing = {
        nodes[0]: NotAModemError(),
        nodes[1]: NoAnswerError("AT"),
        nodes[2]: PortBusyError(),
    }
    dialog = await discovered(hass)
    await dialog.submit()
    assert dialog.step == "cellular"
    assert desk.opened_at == nodes[3]


async def test_a_port_of_another_integration_is_not_asked(
    hass: HomeAssistant, desk: Desk, sockets: Sockets
) -> None:
    nodes = sockets.plug()
    desk.ports = set(nodes.values())
    dialog = await discovered(hass)
    user = SerialPortConsumer(kind="app", title="SMS", active=True, slug="sms")
    usage = "homeassistant.components.usb.async_get_serial_port_consumers"
    with patch(usage, return_value={node: [user] for node in nodes.values()}):
        await dialog.submit()
    assert (dialog.step, dialog.errors) == ("usb_confirm", {"base": "port_busy"})
    assert desk.opened == 0
    with patch(usage, return_value={nodes[3]: [user]}):
        await dialog.submit()
    assert dialog.step == "cellular"
    assert desk.opened_at == nodes[4]


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (NoAnswerError("AT"), "no_at_port"),
        (NotAModemError(), "no_at_port"),
        (PortNotFoundError(), "no_at_port"),
        (PortBusyError(), "port_busy"),
        (PortPermissionError(), "port_permission"),
    ],
)
async def test_a_search_in_vain_says_why_and_can_be_tried_again(
    hass: HomeAssistant, desk: Desk, sockets: Sockets, failure: Exception, error: str
) -> None:
    nodes = sockets.plug()
    desk.ports = set(nodes.values())
    desk.refusing = dict.fromkeys(nodes.values(), NoAnswerError("AT"))
    desk.refusing[nodes[4]] = failure
    dialog = await discovered(hass)
    await dialog.submit()
    assert (dialog.step, dialog.errors) == ("usb_confirm", {"base": error})
    desk.refusing.clear()
    await dialog.submit()
    assert dialog.step == "cellular"
    await finish(dialog)


async def test_a_port_can_be_chosen_after_a_search_in_vain(
    hass: HomeAssistant, desk: Desk, sockets: Sockets
) -> None:
    nodes = sockets.plug()
    desk.ports = {"socket://192.0.2.1:4000"}
    dialog = await discovered(hass)
    await dialog.submit()
    assert dialog.fields == ["device"]
    await dialog.submit(device="/dev/tty\x07USB0")
    assert dialog.errors == {"device": "control"}
    await dialog.submit(device=nodes[2])
    assert (dialog.step, dialog.errors) == ("usb_confirm", {"device": "port_not_found"})
    await dialog.submit(device="socket://192.0.2.1:4000")
    entry = await finish(dialog)
    assert entry.data["device"] == "socket://192.0.2.1:4000"


async def test_a_modem_that_is_unplugged_while_a_person_thinks_is_not_there(
    hass: HomeAssistant, desk: Desk, sockets: Sockets
) -> None:
    """Home Assistant takes the dialog away a few seconds later."""
    sockets.plug()
    dialog = await discovered(hass)
    sockets.unplug()
    await dialog.submit()
    assert (dialog.step, dialog.errors) == ("usb_confirm", {"base": "port_not_found"})


async def test_a_port_that_an_entry_looks_at_meanwhile_is_waited_for(
    hass: HomeAssistant, desk: Desk, sockets: Sockets
) -> None:
    """One whose own modem is away looks behind each of Quectel's, for 3 s."""
    nodes = sockets.plug()
    desk.ports = {nodes[3], nodes[4]}
    looked_at = [PortBusyError(), PortBusyError()]

    async def connect(port: PortSettings) -> None:
        if looked_at:
            raise looked_at.pop()
        await desk.connect(port)

    dialog = await discovered(hass)
    with patch("custom_components.quectel_smtp.ports.connect", connect):
        await dialog.submit()
    assert dialog.step == "cellular"
    assert desk.opened_at == nodes[3]


async def test_an_entry_whose_modem_is_away_leaves_the_modem_of_another_alone(
    hass: HomeAssistant, desk: Desk, sockets: Sockets, entry: MockConfigEntry
) -> None:
    sockets.plug("1-1", pid="0125", serial=None)
    desk.ports = {"/dev/ttyUSB0"}
    hass.config_entries.async_update_entry(
        entry, data=DATA | {"device": "/dev/ttyUSB0"}
    )
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: socket_of(entry) == "1-1")
    other = MockConfigEntry(
        domain=DOMAIN, unique_id=ANOTHER.imei, data=DATA | {"device": "/dev/ttyUSB77"}
    )
    other.add_to_hass(hass)
    search = PortSearch(hass, other)
    assert await search.find() == ()
    new = sockets.plug("1-2", pid="0125", serial=None)
    assert await search.find() == [new[2], new[3], new[4]]
    # One that is away may be anywhere.
    sockets.unplug("1-1")
    desk.unplug()
    await until(lambda: not entry.runtime_data.courier.status.connected)
    sockets.plug("1-1", pid="0125", serial=None)
    assert len(await search.find()) == 6


async def test_a_modem_whose_dialog_knows_it_already_is_not_offered_once_more(
    hass: HomeAssistant, desk: Desk, sockets: Sockets
) -> None:
    nodes = sockets.plug()
    desk.ports = {nodes[3]}
    dialog = await discovered(hass)
    await dialog.submit()
    assert dialog.step == "cellular"
    # Another of its ports comes.
    sockets.add_port("1-1", 5)
    await look(hass)
    assert len(cards(hass)) == 1
    await finish(dialog)
    assert not cards(hass)


# Modems that are known.


async def test_a_card_goes_when_its_modem_is_set_up_by_hand(
    hass: HomeAssistant, desk: Desk, sockets: Sockets
) -> None:
    nodes = sockets.plug()
    desk.ports = {nodes[3]}
    await look(hass)
    assert cards(hass)
    dialog = await Dialog.start(hass)
    await dialog.submit(**PORT_INPUT | {"device": nodes[3]})
    assert cards(hass)
    await finish(dialog)
    await until(lambda: not cards(hass))


@pytest.mark.parametrize("loaded", [False, True])
async def test_a_modem_that_an_entry_has_is_not_offered_at_a_start(
    hass: HomeAssistant,
    desk: Desk,
    sockets: Sockets,
    entry: MockConfigEntry,
    loaded: bool,
) -> None:
    nodes = sockets.plug()
    desk.ports = {nodes[3]}
    hass.config_entries.async_update_entry(entry, data=DATA | {"device": nodes[3]})
    if loaded:
        assert await hass.config_entries.async_setup(entry.entry_id)
        await until(lambda: "usb" in entry.data)
    await look(hass)
    assert not cards(hass)


async def test_a_modem_that_moved_is_followed_and_offered_to_nobody(
    hass: HomeAssistant, desk: Desk, sockets: Sockets, entry: MockConfigEntry
) -> None:
    nodes = sockets.plug("1-1")
    desk.ports = {nodes[3]}
    hass.config_entries.async_update_entry(entry, data=DATA | {"device": nodes[3]})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: "usb" in entry.data)
    courier = entry.runtime_data.courier
    sockets.unplug("1-1")
    desk.unplug()
    await look(hass)
    await until(lambda: not courier.status.connected)
    await send(hass)
    nodes = sockets.plug("1-2")
    desk.ports = {nodes[3]}
    await look(hass)
    await until(lambda: socket_of(entry) == "1-2")
    await hass.async_block_till_done()
    assert entry.data["device"] == nodes[3]
    assert not cards(hass)
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data.courier is courier
    await settled(hass, entry)
    assert len(desk.sent) == 1


async def test_a_modem_that_comes_to_another_socket_under_its_old_name_is_known_there(
    hass: HomeAssistant, desk: Desk, sockets: Sockets, entry: MockConfigEntry
) -> None:
    sockets.names = True
    sockets.plug("1-1", serial="8a2f")
    name = "/dev/serial/by-id/usb-Android_Android_8a2f-if03-port0"
    desk.ports = {name}
    hass.config_entries.async_update_entry(entry, data=DATA | {"device": name})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: "usb" in entry.data)
    sockets.unplug("1-1")
    desk.unplug()
    await look(hass)
    await until(lambda: not entry.runtime_data.courier.status.connected)
    sockets.plug("1-2", serial="8a2f")
    await look(hass)
    # By its serial number, before any port is opened.
    assert not cards(hass)
    desk.ports = {name}
    await until(lambda: socket_of(entry) == "1-2")
    assert entry.data["device"] == name


async def test_who_is_faster_than_the_entry_with_a_moved_modem_takes_it_along(
    hass: HomeAssistant, desk: Desk, sockets: Sockets, entry: MockConfigEntry
) -> None:
    """As where the entry is not loaded, or waits for its next look."""
    hass.config_entries.async_update_entry(
        entry, data=DATA | {"device": "/dev/ttyUSB77"}
    )
    nodes = sockets.plug()
    desk.ports = {nodes[3]}
    dialog = await discovered(hass)
    await dialog.submit()
    assert dialog.ended == "already_configured"
    assert entry.data["device"] == nodes[3]


async def test_a_modem_that_an_entry_has_over_an_address_stays_there(
    hass: HomeAssistant, desk: Desk, sockets: Sockets, entry: MockConfigEntry
) -> None:
    address = "socket://192.0.2.1:4000"
    hass.config_entries.async_update_entry(entry, data=DATA | {"device": address})
    nodes = sockets.plug()
    desk.ports = {address, nodes[4]}
    assert await hass.config_entries.async_setup(entry.entry_id)
    await in_service(entry)
    dialog = await discovered(hass)
    await dialog.submit()
    assert dialog.ended == "already_configured"
    assert entry.data["device"] == address
    assert entry.runtime_data.courier.status.connected


@pytest.mark.parametrize("serial", ["0000", "8a2f", None])
@pytest.mark.parametrize("names", [False, True])
async def test_a_second_modem_of_the_same_kind_is_set_up_beside_the_first(
    hass: HomeAssistant,
    desk: Desk,
    sockets: Sockets,
    entry: MockConfigEntry,
    serial: str | None,
    names: bool,
) -> None:
    sockets.names = names
    first = sockets.plug("1-1", serial=serial)
    name = f"/dev/serial/by-id/usb-Android_Android_{serial}-if03-port0"
    port = name if names else first[3]
    desk.ports = {port}
    hass.config_entries.async_update_entry(entry, data=DATA | {"device": port})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: "usb" in entry.data)

    # The name that both have goes over to it.
    second = sockets.plug("1-2", serial=serial)
    ports = {3: name, 4: name.replace("if03", "if04")} if names else second
    desk.ports |= {ports[4]}
    desk.others = {ports[4]: ANOTHER}
    desk.refusing = {ports[3]: NoAnswerError("AT")}
    dialog = await discovered(hass)
    await dialog.submit()
    assert dialog.step == "cellular"
    other = await finish(dialog)
    assert other.unique_id == ANOTHER.imei
    assert other.data["device"] == ports[4]
    await until(lambda: socket_of(other) == "1-2")
    assert socket_of(entry) == "1-1"
    await look(hass)
    assert not cards(hass)


async def test_two_new_modems_of_the_same_kind_are_two_cards(
    hass: HomeAssistant, desk: Desk, sockets: Sockets
) -> None:
    sockets.plug("1-1")
    sockets.plug("1-1.4")
    await look(hass)
    named = {card["context"]["title_placeholders"]["name"] for card in cards(hass)}
    assert named == {"Quectel EC200A (ttyUSB1)", "Quectel EC200A (ttyUSB4)"}


async def test_a_stranger_at_the_path_of_an_entry_is_not_taken_for_its_modem(
    hass: HomeAssistant, desk: Desk, sockets: Sockets, entry: MockConfigEntry
) -> None:
    """Nor is it kept from being offered."""
    nodes = sockets.plug()
    desk.ports, desk.identity = {nodes[3]}, ANOTHER
    hass.config_entries.async_update_entry(
        entry,
        data=DATA | {"device": nodes[3], "usb": {"vid": "2C7C", "pid": "0125"}},
    )
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: entry.runtime_data.courier.status.trouble is not None)
    await look(hass)
    assert len(cards(hass)) == 1
    assert entry.data["usb"] == {"vid": "2C7C", "pid": "0125"}


async def test_a_modem_that_comes_while_its_settings_are_changed_is_not_offered(
    hass: HomeAssistant, desk: Desk, sockets: Sockets, entry: MockConfigEntry
) -> None:
    nodes = sockets.plug()
    desk.ports = {nodes[3]}
    hass.config_entries.async_update_entry(entry, data=DATA | {"device": nodes[3]})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: "usb" in entry.data)
    dialog = Dialog(hass, await entry.start_reconfigure_flow(hass))
    await dialog.choose("port")
    sockets.unplug()
    await look(hass)
    nodes = sockets.plug()
    desk.ports = {nodes[3]}
    await look(hass)
    assert not cards(hass)
    await dialog.submit(**PORT_INPUT | {"device": nodes[3]})
    assert await dialog.without_test() == "saved_untested"
    await deliver(hass, entry)
