"""Triggers of our own fire for what happens, and for nothing that was told before."""

from dataclasses import replace
from typing import Any

import probatio as vol
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.const import DOMAIN
from custom_components.quectel_smtp.modem.at.codes import SmtpError, SmtpReply
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from custom_components.quectel_smtp.modem.network.status import Registration
from custom_components.quectel_smtp.trigger import async_get_triggers
from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import Event, HomeAssistant, State
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.helpers.trigger import async_validate_trigger_config
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .automations import automate, telling
from .conftest import DATA, RECIPIENT, deliver, in_service, send, settled, until
from .modem_on_the_desk import ANOTHER, AT_HOME, IMEI, PORT, Desk

EMAIL = "event.quectel_ec200a_email_delivery"
LINE = "event.quectel_ec200a_line"
LOGIN = Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, SmtpReply.AUTH_FAILED)
GONE = Outcome(
    Result.REFUSED, SmtpError.MAILBOX_UNAVAILABLE, SmtpReply.MAILBOX_UNAVAILABLE
)
BEN = ConfigSubentryDataWithId(
    subentry_id="recipient_2",
    subentry_type="recipient",
    title="Ben",
    unique_id=None,
    data={"to": ["ben@example.com"], "cc": [], "bcc": []},
)
WHAT = telling(
    kind="{{ trigger.to_state.attributes.event_type }}",
    recipient="{{ trigger.to_state.attributes.recipient or '' }}",
    reason="{{ trigger.to_state.attributes.reason or '' }}",
)


def on(
    name: str, target: dict[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    """Return a trigger of ours."""
    target = target or {"entity_id": LINE if name.startswith("line") else EMAIL}
    return {"trigger": f"{DOMAIN}.{name}", "target": target, "options": options}


async def listening(
    hass: HomeAssistant, name: str, target: dict[str, Any] | None = None, **options: Any
) -> list[Event[Any]]:
    """Have an automation with this trigger; returns what it tells."""
    return await automate(
        hass,
        {
            "mode": "queued",
            "triggers": [on(name, target, **options)],
            "actions": [WHAT],
        },
    )


def shown(hass: HomeAssistant, entity: str) -> State:
    """Return what an entity shows."""
    state = hass.states.get(entity)
    assert state is not None
    return state


def kinds(told: list[Event[Any]]) -> list[str]:
    """Return which events the automation heard of."""
    return [event.data["kind"] for event in told]


async def fail(hass: HomeAssistant, desk: Desk, entry: MockConfigEntry) -> None:
    """Have an email end that the mail server refuses, of an account that sends."""
    desk.always = None
    await deliver(hass, entry, "first")
    desk.always = GONE
    await deliver(hass, entry, "second")
    desk.always = None


# What each fires for.


async def test_an_email_that_was_sent_fires_once_with_its_recipient(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    told = await listening(hass, "email_sent")
    await deliver(hass, loaded)
    assert [event.data for event in told] == [
        {"kind": "sent", "recipient": "Anna", "reason": ""}
    ]


async def test_an_email_that_fails_fires_and_one_that_is_sent_does_not(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    told = await listening(hass, "email_failed")
    await fail(hass, desk, loaded)
    assert kinds(told) == ["failed"]


async def test_an_email_that_went_to_some_of_its_addresses_counts_as_failed(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    told = await listening(hass, "email_failed")
    await deliver(hass, loaded, "first")
    # To both, then to each of the two alone.
    desk.outcomes = [GONE, GONE]
    await deliver(hass, loaded, "second")
    assert kinds(told) == ["partly_sent"]


async def test_an_email_that_is_held_fires_with_the_reason(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    told = await listening(hass, "email_held")
    desk.always = LOGIN
    await send(hass)
    await until(lambda: bool(told))
    assert told[0].data == {"kind": "held", "recipient": "Anna", "reason": "login"}


async def test_a_line_that_is_lost_and_back_fires_each_its_own(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    told = await automate(
        hass,
        {
            "mode": "queued",
            "triggers": [
                on("line_lost") | {"id": "is lost"},
                on("line_back") | {"id": "is back"},
            ],
            "actions": [telling(what="{{ trigger.id }}")],
        },
    )
    desk.unplug()
    await hass.async_block_till_done()
    desk.ports = {PORT}
    await until(lambda: len(told) == 2)
    assert [event.data["what"] for event in told] == ["is lost", "is back"]


# The fields.


async def test_a_reason_that_was_not_chosen_does_not_fire(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    told = await listening(hass, "line_lost", reason=["no_network", "sim"])
    desk.unplug()
    await hass.async_block_till_done()
    desk.ports = {PORT}
    await until(lambda: shown(hass, LINE).attributes["event_type"] == "back")
    assert told == []
    (modem,) = desk.open_modems
    desk.network = replace(AT_HOME, registration=Registration.SEARCHING)
    modem.tell()
    await until(lambda: bool(told))
    assert told[0].data["reason"] == "no_network"


async def test_the_way_an_email_ended_is_its_reason_to_have_failed(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    told = await automate(
        hass,
        {
            "mode": "queued",
            "triggers": [
                on("email_failed", reason="expired") | {"id": "late"},
                on("email_failed", reason=["failed"]) | {"id": "refused"},
            ],
            "actions": [telling(what="{{ trigger.id }}")],
        },
    )
    await fail(hass, desk, loaded)
    assert [event.data["what"] for event in told] == ["refused"]


async def test_only_emails_to_the_recipients_that_were_chosen_fire(
    hass: HomeAssistant, desk: Desk
) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Quectel EC200A",
        unique_id=IMEI,
        minor_version=2,
        data=dict(DATA),
        subentries_data=[RECIPIENT, BEN],
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await in_service(entry)
    told = await listening(hass, "email_sent", recipient=["notify.ben"])
    for entity in ("notify.anna", "notify.ben"):
        await send(hass, entity=entity)
        await settled(hass, entry)
    assert [event.data["recipient"] for event in told] == ["Ben"]
    # By its name as it is now.
    hass.config_entries.async_update_subentry(
        entry, entry.subentries["recipient_2"], title="Benjamin"
    )
    await hass.async_block_till_done()
    await send(hass, "Another text", entity="notify.ben")
    await settled(hass, entry)
    assert [event.data["recipient"] for event in told] == ["Ben", "Benjamin"]
    # One that is renamed while its email waits is still who was chosen.
    desk.unplug()
    await send(hass, "A third text", entity="notify.ben")
    hass.config_entries.async_update_subentry(
        entry, entry.subentries["recipient_2"], title="Ben of the house"
    )
    desk.ports.add(PORT)
    await settled(hass, entry)
    assert [event.data["recipient"] for event in told][2:] == ["Benjamin"]


async def test_another_modem_s_recipient_of_the_same_name_is_another_one(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.ports.add("/dev/ttyUSB9")
    desk.others["/dev/ttyUSB9"] = ANOTHER
    other = MockConfigEntry(
        domain=DOMAIN,
        title="Quectel EC25",
        unique_id=ANOTHER.imei,
        minor_version=2,
        data=DATA | {"device": "/dev/ttyUSB9"},
        subentries_data=[RECIPIENT],
    )
    other.add_to_hass(hass)
    assert await hass.config_entries.async_setup(other.entry_id)
    await in_service(other)
    chosen = {"entity_id": [EMAIL, "event.quectel_ec25_email_delivery"]}
    told = await listening(hass, "email_sent", chosen, recipient="notify.anna_2")
    await deliver(hass, loaded)
    assert told == []
    await send(hass, entity="notify.anna_2")
    await settled(hass, other)
    assert len(told) == 1


@pytest.mark.parametrize("chosen", ["notify.nobody", "notify.kitchen"])
async def test_a_recipient_that_is_gone_or_not_ours_is_nobody(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, chosen: str
) -> None:
    er.async_get(hass).async_get_or_create(
        "notify", "other", "1", suggested_object_id="kitchen"
    )
    told = await listening(hass, "email_sent", recipient=[chosen])
    await deliver(hass, loaded)
    assert told == []


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("email_sent", {"reason": ["sent"]}),
        ("email_sent", {"recipient": ["anna@example.com"]}),
        ("email_failed", {"reason": ["sent"]}),
        ("email_held", {"reason": ["retry"]}),
        ("line_lost", {"reason": ["starting"]}),
        ("line_lost", {"recipient": ["notify.anna"]}),
        ("line_back", {"reason": ["sim"]}),
    ],
)
async def test_what_never_comes_is_refused_while_it_is_written(
    hass: HomeAssistant, loaded: MockConfigEntry, name: str, options: dict[str, Any]
) -> None:
    trigger = cv.TRIGGER_SCHEMA([on(name, **options)])
    with pytest.raises(vol.Invalid, match=next(iter(options))):
        await async_validate_trigger_config(hass, trigger)


# Whose entities.


async def test_the_modem_as_the_target_means_its_entities(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    (modem,) = (
        device
        for device in dr.async_entries_for_config_entry(
            dr.async_get(hass), loaded.entry_id
        )
        if device.name == "Quectel EC200A"
    )
    told = await listening(hass, "email_sent", {"device_id": modem.id})
    await deliver(hass, loaded)
    assert kinds(told) == ["sent"]


@pytest.mark.parametrize("stranger", ["event.parcel", LINE])
async def test_an_entity_that_can_t_tell_it_is_refused_while_it_is_chosen(
    hass: HomeAssistant, loaded: MockConfigEntry, stranger: str
) -> None:
    """The editor offers *Line* for *Email sent*, too: that would never fire."""
    registry = er.async_get(hass)
    registry.async_get_or_create("event", "other", "1", suggested_object_id="parcel")
    chosen = on("email_sent", {"entity_id": [EMAIL, stranger]})
    with pytest.raises(vol.Invalid, match=f"^{stranger} can't tell this: choose the"):
        await async_validate_trigger_config(hass, cv.TRIGGER_SCHEMA([chosen]))


async def test_an_entity_that_is_not_there_fires_nothing_whatever_comes_of_it(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    told = await listening(hass, "email_sent", {"entity_id": "event.parcel"})
    for moment in (1, 2):
        when = dt_util.utc_from_timestamp(moment).isoformat()
        hass.states.async_set("event.parcel", when, {"event_type": "sent"})
    await hass.async_block_till_done()
    assert told == []


# What was told before.


async def test_a_reload_fires_nothing_and_what_comes_after_it_fires(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await deliver(hass, loaded)
    told = await listening(hass, "email_sent")
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await in_service(loaded)
    await hass.async_block_till_done()
    assert shown(hass, EMAIL).attributes["event_type"] == "sent"
    assert told == []
    await deliver(hass, loaded)
    assert kinds(told) == ["sent"]


async def test_what_was_shown_before_a_restart_fires_nothing_after_it(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    """Automations may listen already when our entities come back with their past."""
    await deliver(hass, loaded)
    desk.unplug()
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert {shown(hass, entity).state for entity in (EMAIL, LINE)} == {"unavailable"}
    told = await automate(
        hass,
        {
            "mode": "queued",
            "triggers": [on(name) for name in await async_get_triggers(hass)],
            "actions": [WHAT],
        },
    )
    assert await hass.config_entries.async_setup(loaded.entry_id)
    courier = loaded.runtime_data.courier
    await desk.until(lambda: courier.status.trouble is not None)
    await hass.async_block_till_done()
    assert shown(hass, EMAIL).attributes["event_type"] == "sent"
    assert shown(hass, LINE).attributes["event_type"] == "lost"
    assert told == []
    desk.ports = {PORT}
    await in_service(loaded)
    await until(lambda: kinds(told) == ["back"])


async def test_an_entity_that_goes_or_is_disabled_fires_nothing(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await deliver(hass, loaded)
    told = await listening(hass, "email_sent")
    past = shown(hass, EMAIL)
    hass.states.async_set(EMAIL, "unavailable", past.attributes)
    hass.states.async_set(EMAIL, past.state, past.attributes)
    hass.states.async_remove(EMAIL)
    hass.states.async_set(EMAIL, past.state, past.attributes)
    await hass.async_block_till_done()
    assert told == []


async def test_an_automation_goes_on_without_the_integration(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    """Of a modem that is not set up at the moment it hears nothing, and then again."""
    assert await hass.config_entries.async_unload(loaded.entry_id)
    told = await listening(hass, "email_sent")
    assert await async_setup_component(hass, DOMAIN, {})
    assert await hass.config_entries.async_setup(loaded.entry_id)
    await in_service(loaded)
    await deliver(hass, loaded)
    assert kinds(told) == ["sent"]
