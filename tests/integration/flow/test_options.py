"""What may be chosen about delivery, changed without anything being reloaded."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from tests.integration.conftest import send, settled, until
from tests.integration.dialog import Dialog
from tests.integration.modem_on_the_desk import Desk

DEFAULTS: dict[str, Any] = {
    "lifetime": 48,
    "emails_per_hour": 30,
    "emails_per_day": 200,
    "digest": True,
    "idle": 30,
    "way": "automatic",
}


async def _open(hass: HomeAssistant, entry: MockConfigEntry) -> Dialog:
    flows = hass.config_entries.options
    return Dialog(hass, await flows.async_init(entry.entry_id), "options", flows=flows)


async def test_the_options_are_kept_and_shown_again(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    courier = loaded.runtime_data.courier
    dialog = await _open(hass, loaded)
    assert {field: dialog.default(field) for field in DEFAULTS} == DEFAULTS
    assert set(dialog.fields) == {*DEFAULTS, "content", "additional", "line"}
    chosen = DEFAULTS | {"lifetime": 24.0, "digest": False}
    await dialog.submit(**chosen)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert loaded.options == chosen
    assert isinstance(loaded.options["lifetime"], int)
    assert loaded.runtime_data.courier is courier
    again = await _open(hass, loaded)
    assert again.suggested("lifetime") == 24
    assert again.suggested("digest") is False


def _ways(dialog: Dialog) -> list[str]:
    offered: list[str] = dialog.field("way").config["options"]
    return offered


async def test_a_mail_client_that_the_modem_lacks_is_not_offered(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    assert "module" in _ways(await _open(hass, loaded))
    hass.config_entries.async_update_entry(
        loaded,
        data=loaded.data | {"mail_client": False},
        # Chosen with another firmware.
        options=DEFAULTS | {"way": "module", "lifetime": 24},
    )
    dialog = await _open(hass, loaded)
    offered = _ways(dialog)
    assert "stream" in offered
    assert "module" not in offered
    assert dialog.default("way") in offered
    assert dialog.suggested("way") is None
    assert dialog.suggested("lifetime") == 24
    with pytest.raises(InvalidData):
        await dialog.submit(**DEFAULTS | {"way": "module"})


@pytest.mark.parametrize(
    ("data", "addresses", "error", "limit"),
    [
        ({"password": "p" * 51}, ["a@example.com"], "module_account", "50"),
        ({"username": "jürgen"}, ["a@example.com"], "module_account", "50"),
        ({}, ["a" * 39 + "@example.com"], "module_too_long_recipient", "50"),
        (
            {},
            [f"a{n}@example.com" for n in range(21)],
            "module_too_many_recipient",
            "20",
        ),
    ],
)
async def test_the_modem_s_client_can_not_be_chosen_for_what_it_can_not_carry(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    data: dict[str, str],
    addresses: list[str],
    error: str,
    limit: str,
) -> None:
    (recipient,) = loaded.subentries.values()
    hass.config_entries.async_update_entry(loaded, data=loaded.data | data)
    hass.config_entries.async_update_subentry(
        loaded, recipient, data={"to": addresses, "cc": [], "bcc": []}
    )
    dialog = await _open(hass, loaded)
    await dialog.submit(**DEFAULTS | {"way": "module"})
    assert dialog.errors == {"way": error}
    placeholders = dialog.result["description_placeholders"]
    assert placeholders["limit"] == limit
    assert placeholders["recipient"] == ("Anna" if "recipient" in error else "")
    assert dialog.suggested("way") == "module"
    await dialog.submit(**DEFAULTS | {"way": "stream"})
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("data", "addresses"), [({"host": None}, ["a@example.com"]), ({}, [])]
)
async def test_what_no_client_can_use_is_no_reason_against_one(
    hass: HomeAssistant,
    desk: Desk,
    entry: MockConfigEntry,
    data: dict[str, None],
    addresses: list[str],
) -> None:
    (recipient,) = entry.subentries.values()
    hass.config_entries.async_update_entry(entry, data=entry.data | data)
    hass.config_entries.async_update_subentry(
        entry, recipient, data={"to": addresses, "cc": [], "bcc": []}
    )
    dialog = await _open(hass, entry)
    await dialog.submit(**DEFAULTS | {"way": "module"})
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_limit_holds_for_the_next_email(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = await _open(hass, loaded)
    await dialog.submit(**DEFAULTS | {"emails_per_hour": 1})
    await hass.async_block_till_done()
    await send(hass, "first")
    await settled(hass, loaded)
    await send(hass, "second")
    mail = loaded.runtime_data.courier
    await until(lambda: mail.status.mail.last.state == "sent")
    listed = await mail.listed()
    assert [email.state for email in listed] in (["deferred"], ["queued"])
    assert len(desk.sent) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"lifetime": 0},
        {"lifetime": 169},
        {"emails_per_hour": 0},
        {"emails_per_day": 0},
        {"idle": -1},
    ],
)
async def test_what_is_out_of_range_is_refused(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, change: dict[str, int]
) -> None:
    dialog = await _open(hass, loaded)
    with pytest.raises(InvalidData):
        await dialog.submit(**DEFAULTS | change)
    assert not loaded.options


async def test_the_options_of_an_entry_that_is_not_loaded_can_be_changed(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    dialog = await _open(hass, entry)
    await dialog.submit(**DEFAULTS | {"idle": 0})
    assert entry.options["idle"] == 0


async def test_what_stands_in_sections_is_kept_and_shown_again(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = await _open(hass, loaded)
    await dialog.submit(
        **DEFAULTS,
        content={"reply_to": " anna@example.com\u200b", "picture_budget": 100.0},
        additional={"allowed_addresses": ["", " @bücher.example ", "ben@example.com"]},
    )
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    kept = {
        "reply_to": "anna@example.com",
        "picture_budget": 100,
        "allowed_addresses": ["@bücher.example", "ben@example.com"],
    }
    assert loaded.options == DEFAULTS | kept
    again = await _open(hass, loaded)
    shown = {
        str(key): (key.description or {}).get("suggested_value")
        for name in ("content", "additional")
        for key in again.field(name).schema.schema
    }
    assert shown == kept
    # The form's fields outside of the sections alone, as a program may send them.
    await again.submit(**DEFAULTS | {"lifetime": 24})
    assert loaded.options == DEFAULTS | kept | {"lifetime": 24}


LINE: dict[str, Any] = {
    "roaming": True,
    "line_lost_after": 60,
    "test_report": "weekly",
    "report_to": "recipient_1",
}


async def test_what_was_chosen_of_the_line_is_kept_and_shown_again(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = await _open(hass, loaded)
    fields = dialog.field("line").schema.schema
    assert {str(key): key.default() for key in fields} == {
        "roaming": False,
        "line_lost_after": 10,
        "test_report": "off",
        "report_to": "sender",
    }
    (offered,) = (
        field.config["options"] for key, field in fields.items() if key == "report_to"
    )
    assert [one["label"] for one in offered] == ["sender", "Anna"]
    await dialog.submit(**DEFAULTS, line=LINE | {"line_lost_after": 60.0})
    assert loaded.options == DEFAULTS | LINE
    again = await _open(hass, loaded)
    shown = {
        str(key): (key.description or {}).get("suggested_value")
        for key in again.field("line").schema.schema
    }
    assert shown == LINE
    await again.submit(**DEFAULTS)
    assert loaded.options == DEFAULTS | LINE


async def test_the_sender_stands_for_a_recipient_of_test_reports_who_is_gone(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(loaded, options={"report_to": "gone"})
    dialog = await _open(hass, loaded)
    (shown,) = (
        (key.description or {}).get("suggested_value", key.default())
        for key in dialog.field("line").schema.schema
        if key == "report_to"
    )
    assert shown == "sender"
    await dialog.submit(**DEFAULTS, line=LINE | {"report_to": shown})
    assert loaded.options["report_to"] == "sender"


@pytest.mark.parametrize("minutes", [0, 1441])
async def test_a_loss_is_told_within_a_minute_to_a_day(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, minutes: int
) -> None:
    dialog = await _open(hass, loaded)
    with pytest.raises(InvalidData):
        await dialog.submit(**DEFAULTS, line=LINE | {"line_lost_after": minutes})


@pytest.mark.parametrize(
    "address", ["anna", "anna@", "a b@example.com", "ä@example.com"]
)
async def test_answers_go_to_an_address_only(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, address: str
) -> None:
    dialog = await _open(hass, loaded)
    content = {"reply_to": address, "picture_budget": 200}
    await dialog.submit(**DEFAULTS, content=content)
    assert dialog.errors == {"base": "reply_to_invalid"}
    assert dialog.result["description_placeholders"]["address"] == address
    await dialog.submit(**DEFAULTS, content=content | {"reply_to": ""})
    assert loaded.options["reply_to"] == ""


@pytest.mark.parametrize("row", ["anna", "@", "example..com", "a@b@c", "*.example.com"])
async def test_what_is_neither_an_address_nor_a_domain_is_not_allowed(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, row: str
) -> None:
    dialog = await _open(hass, loaded)
    listed = ["ben@example.com", row]
    await dialog.submit(**DEFAULTS, additional={"allowed_addresses": listed})
    assert dialog.errors == {"base": "allowed_address_invalid"}
    assert dialog.result["description_placeholders"]["address"] == row
    await dialog.submit(**DEFAULTS, additional={"allowed_addresses": listed[:1]})
    assert loaded.options["allowed_addresses"] == ["ben@example.com"]


@pytest.mark.parametrize("budget", [19, 1001])
async def test_a_picture_s_budget_has_its_limits(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, budget: int
) -> None:
    dialog = await _open(hass, loaded)
    with pytest.raises(InvalidData):
        await dialog.submit(
            **DEFAULTS, content={"reply_to": "", "picture_budget": budget}
        )
    assert not loaded.options
