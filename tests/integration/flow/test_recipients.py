"""Recipients come, change and go while everything else keeps running."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.const import DOMAIN
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
from tests.integration.conftest import ANNA, send, settled
from tests.integration.dialog import Dialog, recipient_form
from tests.integration.modem_on_the_desk import IMEI, PORT, Desk

_TEXTS = ("config_subentries", "recipient")


async def _add(hass: HomeAssistant, entry: MockConfigEntry) -> Dialog:
    flows = hass.config_entries.subentries
    return Dialog(
        hass,
        await flows.async_init(
            (entry.entry_id, "recipient"), context={"source": SOURCE_USER}
        ),
        *_TEXTS,
        flows=flows,
    )


async def _change(hass: HomeAssistant, entry: MockConfigEntry) -> Dialog:
    (subentry,) = entry.subentries.values()
    return Dialog(
        hass,
        await entry.start_subentry_reconfigure_flow(hass, subentry.subentry_id),
        *_TEXTS,
        flows=hass.config_entries.subentries,
    )


async def test_a_recipient_that_is_added_gets_a_device_and_an_entity_at_once(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    # Where the modem's mail client has to, it sends to a hidden address by itself.
    desk.has_tcp = False
    courier = loaded.runtime_data.courier
    entity_before = hass.data["entity_components"]["notify"].get_entity(ANNA)
    dialog = await _add(hass, loaded)
    await dialog.submit(
        **recipient_form(
            name=" Ben ", to=["ben@example.com ", ""], bcc=["archive@example.com"]
        )
    )
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()

    registered = er.async_get(hass).async_get("notify.ben")
    assert registered is not None
    subentry = loaded.subentries[registered.config_subentry_id or ""]
    assert subentry.title == "Ben"
    assert subentry.data == {
        "to": ["ben@example.com"],
        "cc": [],
        "bcc": ["archive@example.com"],
        "critical": False,
    }
    assert registered.unique_id == f"{IMEI}_{subentry.subentry_id}"
    device = dr.async_get(hass).async_get(registered.device_id or "")
    assert isinstance(device, dr.DeviceEntry)
    assert device.name == "Ben"
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    modem = dr.async_get(hass).async_get(device.via_device_id or "")
    assert modem is not None
    assert modem.identifiers == {(DOMAIN, IMEI)}

    await send(hass, entity="notify.ben")
    await settled(hass, loaded)
    assert [(sent.to, sent.bcc) for sent in desk.sent[-2:]] == [
        (("ben@example.com",), ()),
        (("archive@example.com",), ()),
    ]
    assert loaded.runtime_data.courier is courier
    entity_after = hass.data["entity_components"]["notify"].get_entity(ANNA)
    assert entity_after is entity_before


async def test_a_changed_recipient_gets_the_next_email_at_the_new_address(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = await _change(hass, loaded)
    assert dialog.suggested("name") == "Anna"
    assert dialog.suggested("address") == "anna@example.com"
    # What there is beside it is not folded in.
    assert dialog.field("more").options == {"collapsed": False}
    await dialog.submit(**recipient_form(name="Anna at work", to=["anna@example.org"]))
    assert dialog.ended == "reconfigure_successful"
    await hass.async_block_till_done()
    await send(hass)
    await settled(hass, loaded)
    assert desk.sent[-1].to == ("anna@example.org",)
    assert desk.sent[-1].cc == ()
    registered = er.async_get(hass).async_get(ANNA)
    assert registered is not None
    device = dr.async_get(hass).async_get(registered.device_id or "")
    assert device is not None
    assert device.name == "Anna at work"


async def test_a_removed_recipient_leaves_nothing_and_the_others_alone(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = await _add(hass, loaded)
    await dialog.submit(**recipient_form(name="Ben", to=["ben@example.com"]))
    await hass.async_block_till_done()
    courier = loaded.runtime_data.courier
    hass.config_entries.async_remove_subentry(loaded, "recipient_1")
    await hass.async_block_till_done()
    assert hass.states.get(ANNA) is None
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id)
    assert sorted(device.name or "" for device in devices) == ["Ben", "Quectel EC200A"]
    await send(hass, entity="notify.ben")
    assert loaded.runtime_data.courier is courier


async def test_a_recipient_changes_while_its_email_is_being_sent(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    held = desk.hold_in("put")
    await send(hass, "first")
    await desk.reached("put")
    dialog = await _change(hass, loaded)
    await dialog.submit(**recipient_form(name="Anna", to=["anna@example.org"]))
    held.set()
    await send(hass, "second")
    await settled(hass, loaded)
    assert [message.to for message in desk.sent] == [
        ("anna@example.com",),
        ("anna@example.org",),
    ]


@pytest.mark.parametrize(
    ("addresses", "errors"),
    [
        ({}, {"address": "empty"}),
        ({"to": [" ", " "]}, {"address": "empty"}),
        ({"to": ["nobody"]}, {"address": "address_invalid"}),
        (
            {"to": ["anna@example.com"], "cc": ["a b@example.com"]},
            {"base": "address_invalid"},
        ),
        (
            {"to": ["anna@example.com"], "bcc": ["jürgen@example.com"]},
            {"base": "address_not_ascii"},
        ),
        ({"to": ['"a"@example.com']}, {"address": "address_forbidden_character"}),
        ({"to": ["a" * 243 + "@example.com"]}, {"address": "address_too_long"}),
        (
            {"to": ["anna@example.com"], "bcc": ["Anna@Example.com"]},
            {"base": "address_duplicate"},
        ),
        (
            {"to": [f"a{n}@example.com" for n in range(101)]},
            {"base": "too_many_addresses"},
        ),
    ],
)
async def test_addresses_that_can_not_be_written_to_are_refused_by_name(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    addresses: dict[str, Any],
    errors: dict[str, str],
) -> None:
    dialog = await _add(hass, loaded)
    await dialog.submit(**recipient_form(name="Ben", **addresses))
    assert dialog.errors == errors
    assert dialog.suggested("name") == "Ben"
    await dialog.submit(
        **recipient_form(
            name="Ben",
            to=[f"a{n}@example.com" for n in range(99)],
            cc=["a" * 242 + "@example.com"],
        )
    )
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("addresses", "errors", "limit"),
    [
        (
            {"to": ["a" * 39 + "@example.com"]},
            {"address": "address_module_too_long"},
            "50",
        ),
        (
            {"to": [f"a{n}@example.com" for n in range(21)]},
            {"base": "module_too_many_addresses"},
            "20",
        ),
    ],
)
async def test_addresses_are_refused_for_the_modem_s_client_where_that_is_wanted(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    addresses: dict[str, Any],
    errors: dict[str, str],
    limit: str,
) -> None:
    hass.config_entries.async_update_entry(loaded, options={"way": "module"})
    dialog = await _add(hass, loaded)
    await dialog.submit(**recipient_form(name="Ben", **addresses))
    assert dialog.errors == errors
    assert dialog.result["description_placeholders"]["limit"] == limit
    hass.config_entries.async_update_entry(loaded, options={"way": "stream"})
    await dialog.submit(**recipient_form(name="Ben", **addresses))
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("address", "error", "character", "position"),
    [
        ("anna\u00a0b@example.com", "address_odd_blank", "U+00A0", "5"),
        ("anna\u200b@example.com", "address_invisible", "U+200B", "5"),
        ("anna@\texample.com", "address_control", "U+0009", "6"),
    ],
)
async def test_what_can_not_be_seen_in_an_address_is_named(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    address: str,
    error: str,
    character: str,
    position: str,
) -> None:
    dialog = await _add(hass, loaded)
    await dialog.submit(**recipient_form(name="Ben", to=[f" {address}"]))
    assert dialog.errors == {"address": error}
    said = dialog.result["description_placeholders"]
    assert (said["character"], said["position"]) == (character, position)
    await dialog.submit(
        **recipient_form(name="\u00a0Ben\u200b", to=["\u00a0ben@example.com\u200b"])
    )
    assert dialog.result["title"] == "Ben"
    assert dialog.result["data"]["to"] == ["ben@example.com"]


@pytest.mark.parametrize(
    "addresses",
    [
        {"to": ["anna@example.com"], "cc": ["ben@example.com"]},
        {"to": ["ben@Example.COM"], "cc": ["anna@EXAMPLE.com"]},
        {"to": ["ben@example.com", "anna@example.com"]},
    ],
)
async def test_the_same_recipient_twice_is_refused_by_its_name(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    addresses: dict[str, Any],
) -> None:
    dialog = await _add(hass, loaded)
    await dialog.submit(**recipient_form(name="Somebody else", **addresses))
    assert dialog.errors == {"base": "same_addresses"}
    assert dialog.result["description_placeholders"]["recipient"] == "Anna"
    await dialog.submit(**recipient_form(name="Anna alone", to=["anna@example.com"]))
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_recipient_edited_into_nonsense_is_the_same_as_no_other(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    (anna,) = loaded.subentries.values()
    hass.config_entries.async_update_subentry(loaded, anna, data={"to": None})
    dialog = await _add(hass, loaded)
    await dialog.submit(**recipient_form(name="Ben", to=["ben@example.com"]))
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_recipient_is_not_changed_into_another_but_may_keep_its_addresses(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    both: dict[str, Any] = {"to": ["anna@example.com"], "cc": ["ben@example.com"]}
    dialog = await _add(hass, loaded)
    await dialog.submit(**recipient_form(name="Ben", to=["ben@example.com"]))
    (anna, ben) = loaded.subentries
    flows = hass.config_entries.subentries
    for subentry, name in ((ben, None), (anna, "Annie")):
        dialog = Dialog(
            hass,
            await loaded.start_subentry_reconfigure_flow(hass, subentry),
            *_TEXTS,
            flows=flows,
        )
        await dialog.submit(**recipient_form(name=name or "Ben", **both))
        if name is None:
            assert dialog.errors == {"base": "same_addresses"}
            dialog.close()
        else:
            assert dialog.ended == "reconfigure_successful"
    assert loaded.subentries[anna].title == "Annie"


@pytest.mark.parametrize("name", ["", " ", "\u200b"])
async def test_a_recipient_needs_nothing_but_an_address(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, name: str
) -> None:
    dialog = await _add(hass, loaded)
    assert dialog.fields == ["address", "name", "critical", "more"]
    assert dialog.field("more").options == {"collapsed": True}
    await dialog.submit(address="ben@example.com", name=name)
    assert dialog.result["title"] == "ben"
    assert dialog.result["data"] == {
        "to": ["ben@example.com"],
        "cc": [],
        "bcc": [],
        "critical": False,
    }


async def test_a_recipient_can_be_added_while_the_entry_is_not_loaded(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    dialog = await _add(hass, entry)
    await dialog.submit(**recipient_form(name="Ben", to=["ben@example.com"]))
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get("notify.ben") is not None


async def test_all_emails_of_a_recipient_may_be_critical(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    """It may have the addresses of another one, for whom the rest is."""
    both: dict[str, Any] = {"to": ["anna@example.com"], "cc": ["ben@example.com"]}
    dialog = await _add(hass, loaded)
    await dialog.submit(**recipient_form("Anna, alarms", critical=True, **both))
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    desk.unplug()
    await send(hass, "usual")
    await send(hass, "urgent", entity="notify.anna_alarms")
    desk.ports = {PORT}
    await settled(hass, loaded)
    sent = [message.body.split("\n")[0] for message in desk.sent]
    assert sent == ["urgent", "usual"]
