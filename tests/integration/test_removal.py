"""Removing an entry ends what waits, tells of it, and leaves nothing behind."""

from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.quectel_smtp import outbox_path
from custom_components.quectel_smtp.const import DOMAIN
from custom_components.quectel_smtp.delivery.errors import OutboxWriteError
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.records import Reason
from custom_components.quectel_smtp.modem.at.codes import SmtpError, SmtpReply
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from custom_components.quectel_smtp.modem.network.sim import SimState
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .conftest import ANNA, DATA, RECIPIENT, deliver, in_service, send, settled, until
from .modem_on_the_desk import IMEI, Desk

EVENT = "event.quectel_ec200a_email_delivery"

FIELDS = {
    "reference",
    "recipient",
    "recipient_id",
    "attempts",
    "code",
    "code_name",
    "reply",
    "reply_name",
    "error",
    "way",
    "fitted",
    "server_words",
    "refused_address",
    "reason",
    "merged_into",
    "next_attempt",
}


def _files(hass: HomeAssistant, entry: MockConfigEntry) -> list[Path]:
    path = outbox_path(hass, entry)
    return sorted(path.parent.glob(f"{path.name}*"))


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("custom_components.quectel_smtp")
        and record.levelname in ("WARNING", "ERROR")
    ]


async def test_what_waits_is_cancelled_and_told(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    told: list[Any] = async_capture_events(hass, "quectel_smtp_cancelled")
    desk.unplug()
    await desk.until(lambda: loaded.runtime_data.courier.status.trouble is not None)
    for number in range(3):
        await send(hass, f"message {number}")
    references = {
        email.reference for email in await loaded.runtime_data.courier.listed()
    }
    await hass.config_entries.async_remove(loaded.entry_id)
    await hass.async_block_till_done()
    assert {event.data["reference"] for event in told} == references
    assert len(told) == 3
    assert set(told[0].data) == FIELDS
    assert told[0].data["recipient"] == "Anna"
    assert _warnings(caplog) == [
        "Quectel EC200A was removed: 3 waiting emails were cancelled"
    ]
    assert _files(hass, loaded) == []


async def test_nothing_is_told_where_nothing_waits(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    told = async_capture_events(hass, "quectel_smtp_cancelled")
    await send(hass)
    await settled(hass, loaded)
    assert _files(hass, loaded)
    await hass.config_entries.async_remove(loaded.entry_id)
    assert not told
    assert not _warnings(caplog)
    assert _files(hass, loaded) == []


async def test_an_email_that_is_being_sent_ends_as_unconfirmed(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    cancelled = async_capture_events(hass, "quectel_smtp_cancelled")
    unconfirmed = async_capture_events(hass, "quectel_smtp_unconfirmed")
    desk.hold_in("put")
    await send(hass, "first")
    await desk.reached("put")
    await send(hass, "second")
    await hass.config_entries.async_remove(loaded.entry_id)
    await hass.async_block_till_done()
    assert len(cancelled) == 1
    assert len(unconfirmed) == 1
    assert _files(hass, loaded) == []


async def test_an_entry_that_was_never_set_up_leaves_nothing(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await hass.config_entries.async_remove(entry.entry_id)
    assert _files(hass, entry) == []


async def test_an_entry_that_can_not_be_unloaded_is_removed_all_the_same(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = async_capture_events(hass, "quectel_smtp_cancelled")
    desk.unplug()
    await desk.until(lambda: loaded.runtime_data.courier.status.trouble is not None)
    await send(hass)

    async def refuse(*_: object) -> bool:
        return False

    monkeypatch.setattr(hass.config_entries, "async_unload_platforms", refuse)
    await hass.config_entries.async_remove(loaded.entry_id)
    await hass.async_block_till_done()
    assert len(told) == 1
    assert _files(hass, loaded) == []


async def test_an_outbox_that_can_not_be_read_is_removed_too(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk.unplug()
    await send(hass)
    assert await hass.config_entries.async_unload(loaded.entry_id)

    def fail(*_: object) -> None:
        raise OutboxWriteError("disk I/O error")

    monkeypatch.setattr(Outbox, "unsettled", fail)
    await hass.config_entries.async_remove(loaded.entry_id)
    assert _files(hass, loaded) == []
    assert _warnings(caplog) == [
        "What waited in the outbox can't be told any more: disk I/O error"
    ]


async def test_a_file_that_can_not_be_removed_is_named(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = async_capture_events(hass, "quectel_smtp_cancelled")
    desk.unplug()
    await send(hass)

    def fail(outbox: Outbox) -> None:
        outbox.close()
        raise OutboxWriteError("not removed")

    monkeypatch.setattr(Outbox, "destroy", fail)
    await hass.config_entries.async_remove(loaded.entry_id)
    await hass.async_block_till_done()
    assert len(told) == 1
    assert f"{outbox_path(hass, loaded)} could not be removed" in _warnings(caplog)[0]


def _shown(hass: HomeAssistant) -> dict[str, tuple[str, dict[str, Any]]]:
    return {
        state.entity_id: (state.state, dict(state.attributes))
        for state in hass.states.async_all(("event", "notify", "sensor"))
    }


async def _set_up_once_more(hass: HomeAssistant) -> MockConfigEntry:
    """Set the same modem up with a recipient of the same name, as a person does anew."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Quectel EC200A",
        unique_id=IMEI,
        data=dict(DATA),
        subentries_data=[RECIPIENT | {"subentry_id": "recipient_2"}],
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await in_service(entry)
    await hass.async_block_till_done()
    return entry


async def test_what_a_deleted_entry_showed_is_not_shown_by_a_new_one(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
) -> None:
    new = _shown(hass)
    desk.always = Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, SmtpReply.AUTH_FAILED)
    await send(hass)
    courier = loaded.runtime_data.courier
    await until(lambda: Reason.LOGIN in courier.status.mail.held)
    await hass.async_block_till_done()
    used = _shown(hass)
    assert {ANNA, EVENT} <= {entity for entity in new if used[entity] != new[entity]}
    desk.sim = SimState.MISSING
    desk.lose_port()
    await until(lambda: any(domain == DOMAIN for domain, _ in issue_registry.issues))
    await hass.config_entries.async_remove(loaded.entry_id)
    await hass.async_block_till_done()
    assert not _shown(hass)
    assert not issue_registry.issues

    desk.always, desk.sim = None, SimState.READY
    await _set_up_once_more(hass)
    assert _shown(hass) == new


async def test_what_a_removed_recipient_showed_is_not_shown_by_a_new_one(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await deliver(hass, loaded)
    assert _shown(hass)[ANNA][0] != STATE_UNKNOWN
    hass.config_entries.async_remove_subentry(loaded, "recipient_1")
    await hass.async_block_till_done()
    assert ANNA not in _shown(hass)
    again = ConfigSubentry(
        subentry_type="recipient",
        title="Anna",
        unique_id=None,
        data=MappingProxyType(RECIPIENT["data"]),
    )
    hass.config_entries.async_add_subentry(loaded, again)
    await hass.async_block_till_done()
    assert _shown(hass)[ANNA][0] == STATE_UNKNOWN


async def test_what_an_entry_showed_itself_is_shown_again(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await deliver(hass, loaded)
    used = _shown(hass)
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await in_service(loaded)
    await hass.async_block_till_done()
    assert _shown(hass)[ANNA] == used[ANNA]
    assert _shown(hass)[EVENT] == used[EVENT]
