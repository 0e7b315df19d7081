"""Setting up, unloading and the time between, with and without a modem."""

import asyncio
import logging
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.const import DOMAIN
from custom_components.quectel_smtp.modem.network.status import Identity
from homeassistant.config_entries import ConfigEntryState, ConfigSubentryDataWithId
from homeassistant.const import (
    EVENT_HOMEASSISTANT_CLOSE,
    EVENT_HOMEASSISTANT_FINAL_WRITE,
    EVENT_HOMEASSISTANT_STOP,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, issue_registry as ir

from .conftest import ANNA, DATA, RECIPIENT, deliver, send, settled, until
from .modem_on_the_desk import IMEI, PORT, Desk


async def test_set_up_succeeds_at_once_without_a_modem(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.ports.clear()
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert hass.states.get(ANNA) is not None
    await desk.until(lambda: entry.runtime_data.courier.status.trouble is not None)
    desk.ports = {PORT}
    await desk.until(lambda: entry.runtime_data.courier.status.trouble is None)
    await deliver(hass, entry)
    assert len(desk.sent) == 1


async def test_set_up_does_not_wait_for_the_modem(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.hold_in("identify")
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize(
    "kept",
    [
        {"version": 9, "data": {}},
        {"version": 1, "data": ["x"]},
        {"version": 1, "data": {"7": 7, "due": "2026-11-26", "since": 1}},
    ],
)
async def test_emails_go_whatever_became_of_what_is_kept_beside_the_outbox(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    desk: Desk,
    entry: MockConfigEntry,
    kept: dict[str, Any],
) -> None:
    hass_storage[f"{DOMAIN}.refused_pins"] = dict(kept)
    for what in ("check", "month", "refused", "report"):
        hass_storage[f"{DOMAIN}.{entry.entry_id}.{what}"] = dict(kept)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await deliver(hass, entry)
    assert len(desk.sent) == 1


async def test_unloading_closes_the_port(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    assert desk.open_modems
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert not desk.open_modems


async def test_emails_go_on_if_the_entities_do_not_go(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    with patch.object(
        hass.config_entries, "async_unload_platforms", return_value=False
    ):
        assert not await hass.config_entries.async_unload(loaded.entry_id)
    await deliver(hass, loaded)
    assert desk.open_modems
    await loaded.runtime_data.courier.close()
    await loaded.runtime_data.coordinator.async_shutdown()


async def test_a_set_up_that_fails_leaves_nothing_open(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    with patch.object(
        hass.config_entries, "async_forward_entry_setups", side_effect=RuntimeError
    ):
        assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert await hass.config_entries.async_reload(entry.entry_id)
    await deliver(hass, entry)
    assert len(desk.sent) == 1


async def test_reloading_leaves_nothing_behind(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await desk.until(lambda: loaded.runtime_data.courier.status.network is not None)
    await hass.async_block_till_done()
    # The look at the port in the background takes as long as its thread.
    await desk.until(lambda: _tasks() == 1)
    tasks = len(asyncio.all_tasks())
    listeners = _listeners(hass)
    for _ in range(10):
        assert await hass.config_entries.async_reload(loaded.entry_id)
        await desk.until(lambda: loaded.runtime_data.courier.status.network is not None)
    await hass.async_block_till_done()
    assert len(desk.open_modems) == 1
    await desk.until(lambda: _tasks() == 1)
    # Home Assistant's own come and go.
    await desk.until(lambda: len(asyncio.all_tasks()) == tasks)
    assert _listeners(hass) == listeners
    (modem,) = desk.open_modems
    assert len(modem.watchers) == 1


async def test_emails_that_wait_while_the_entry_is_unloaded_are_sent_after_it(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.hold_in("activate")
    await send(hass, "first")
    await desk.reached("activate")
    await send(hass, "second")
    assert await hass.config_entries.async_unload(loaded.entry_id)
    desk.held.pop("activate").set()
    assert not desk.sent
    assert await hass.config_entries.async_setup(loaded.entry_id)
    await settled(hass, loaded)
    assert [message.body.split("\n")[0] for message in desk.sent] == ["first", "second"]


async def test_an_email_that_was_handed_over_and_lost_is_repeated_once_and_marked(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.has_tcp = False
    desk.hold_in("put")
    await send(hass)
    await desk.reached("put")
    assert await hass.config_entries.async_unload(loaded.entry_id)
    desk.held.pop("put").set()
    # It has restarted since: the result can't come any more.
    desk.mark += 1
    assert await hass.config_entries.async_setup(loaded.entry_id)
    await settled(hass, loaded)
    (repeat,) = desk.sent
    assert "(possible repeat)" in repeat.body


async def test_what_is_accepted_when_home_assistant_begins_to_stop_is_still_sent(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    await deliver(hass, loaded)
    assert len(desk.sent) == 1
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    assert not desk.open_modems
    hass.bus.async_fire(EVENT_HOMEASSISTANT_CLOSE)
    await hass.async_block_till_done()
    with pytest.raises(HomeAssistantError):
        await send(hass)


async def test_the_modem_is_a_device(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, IMEI), loaded.entry_id
    )
    assert device is not None
    assert device.manufacturer == "Quectel"
    assert device.model == "EC200A"
    assert device.sw_version == "EC200AEUHAR01A07M16"
    assert device.serial_number == IMEI


async def test_a_firmware_update_is_noted_without_anything_being_reconnected(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(
        loaded, data=loaded.data | {"mail_client": False}
    )
    desk.identity = Identity("Quectel", "EC200A", "EC200AEUHAR01A08M16", IMEI)
    desk.lose_port()
    await desk.until(lambda: loaded.data["firmware"] == "EC200AEUHAR01A08M16")
    # This one may have what the other lacked.
    assert "mail_client" not in loaded.data
    opened = desk.opened
    await hass.async_block_till_done()
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, IMEI), loaded.entry_id
    )
    assert device is not None
    assert device.sw_version == "EC200AEUHAR01A08M16"
    await deliver(hass, loaded)
    assert desk.opened == opened


async def test_a_loss_is_logged_once_and_so_is_the_return(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    caplog.clear()
    courier = loaded.runtime_data.courier
    desk.unplug()
    await desk.until(lambda: courier.status.trouble is not None)
    for number in range(3):
        await send(hass, f"message {number}")
    assert _said(caplog) == ["Quectel EC200A is not reachable: port_not_found"]
    caplog.clear()
    desk.ports = {PORT}
    await desk.until(lambda: courier.status.trouble is None)
    await settled(hass, loaded)
    assert _said(caplog) == ["Quectel EC200A is back"]


async def test_a_port_that_is_lent_is_no_loss(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    caplog.clear()
    async with loaded.runtime_data.courier.lend():
        assert not desk.open_modems
    await desk.until(lambda: bool(desk.open_modems))
    assert _said(caplog) == []


def _tasks() -> int:
    """Count the tasks that run our own coroutines."""
    codes = (getattr(task.get_coro(), "cr_code", None) for task in asyncio.all_tasks())
    return sum(code is not None and DOMAIN in code.co_filename for code in codes)


def _listeners(hass: HomeAssistant) -> dict[Any, int]:
    """Count the listeners; Home Assistant's own stores come and go."""
    found = dict(hass.bus.async_listeners())
    found.pop(EVENT_HOMEASSISTANT_FINAL_WRITE)
    return found


def _said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == "custom_components.quectel_smtp.coordinator"
        and record.levelno >= logging.INFO
    ]


# Settings that can't be used.


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"host": ""}, "host"),
        ({"password": "p" * 256}, "password"),
        ({"security": "ssl3"}, "security"),
        ({"apn": None}, "apn"),
        ({"device": None}, "device"),
        ({"pin": 1234}, "pin"),
        ({"certificate": "none"}, "certificate"),
    ],
)
async def test_an_entry_that_was_edited_into_nonsense_accepts_and_says_so(
    hass: HomeAssistant,
    desk: Desk,
    entry: MockConfigEntry,
    change: dict[str, Any],
    field: str,
) -> None:
    before = dict(entry.data)
    hass.config_entries.async_update_entry(entry, data=before | change)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    await send(hass)
    courier = entry.runtime_data.courier
    await until(lambda: courier.status.trouble is not None)
    assert courier.status.trouble.key == "settings_invalid"
    issue = ir.async_get(hass).async_get_issue(
        DOMAIN, f"settings_invalid_{entry.entry_id}"
    )
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["field"] == field
    assert not desk.opened, "a modem was reached with settings that stand in"

    hass.config_entries.async_update_entry(entry, data=before)
    await settled(hass, entry)
    assert len(desk.sent) == 1
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue.issue_id) is None


async def test_what_is_edited_into_nonsense_later_leaves_what_works(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(loaded, data=loaded.data | {"host": ""})
    await deliver(hass, loaded)
    assert desk.configured[-1].host == "smtp.example.com"
    issue_id = f"settings_invalid_{loaded.entry_id}"
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is not None


@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({}, "invalid_recipients_empty"),
        ({"to": None, "cc": [], "bcc": []}, "invalid_recipients_invalid"),
        ({"to": ["ben@example.com", 5]}, "invalid_recipients_invalid"),
    ],
)
async def test_a_recipient_edited_into_nonsense_keeps_no_other_from_its_emails(
    hass: HomeAssistant, desk: Desk, data: dict[str, Any], key: str
) -> None:
    odd = ConfigSubentryDataWithId(
        subentry_id="odd",
        subentry_type="recipient",
        title="Odd",
        unique_id=None,
        data=data,
    )
    entry = MockConfigEntry(
        domain=DOMAIN, unique_id=IMEI, data=DATA, subentries_data=[RECIPIENT, odd]
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await deliver(hass, entry)
    assert len(desk.sent) == 1
    with pytest.raises(ServiceValidationError) as raised:
        await send(hass, entity="notify.odd")
    assert raised.value.translation_key == key


async def test_an_option_that_can_not_be_used_keeps_no_email_back(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(entry, options={"lifetime": -1})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await deliver(hass, entry)
    issue_id = f"settings_invalid_{entry.entry_id}"
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is not None


# The words of emails.


async def test_emails_have_the_words_of_the_instance_s_language(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    hass.config.language = "xx"
    assert await hass.config_entries.async_setup(entry.entry_id)
    await deliver(hass, entry)
    # There are no other words yet: English ones.
    assert "\n\nRef: " in desk.sent[0].body
