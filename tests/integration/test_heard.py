"""Automations hear of every end: none is told before they listen, nor two as one."""

from typing import Any, Self

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.quectel_smtp.const import DOMAIN
from custom_components.quectel_smtp.modem.at.codes import SmtpError, SmtpReply
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from homeassistant.const import (
    EVENT_CALL_SERVICE,
    EVENT_HOMEASSISTANT_FINAL_WRITE,
    EVENT_STATE_CHANGED,
)
from homeassistant.core import CoreState, Event, HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
from tests.documents import example

from .conftest import deliver, send, settled, until
from .modem_on_the_desk import PORT, Desk

GONE = Outcome(
    Result.REFUSED, SmtpError.MAILBOX_UNAVAILABLE, SmtpReply.MAILBOX_UNAVAILABLE
)


def automation_of_the_readme() -> dict[str, Any]:
    """Return the README's automation that tells what was not sent."""
    text = example("was not sent").replace(
        "event.quectel_ec200n_cn_email_delivery", "event.quectel_ec200a_email_delivery"
    )
    found = parse_yaml(text)
    assert isinstance(found, dict)
    return found


def of_emails(told: list[Event[Any]]) -> list[Event[Any]]:
    """Return those of the states that are the event entity's."""
    return [
        event
        for event in told
        if event.data["entity_id"] == "event.quectel_ec200a_email_delivery"
    ]


def types(told: list[Event[Any]]) -> list[str]:
    """Return which events the event entity has shown."""
    return [
        event.data["new_state"].attributes.get("event_type")
        for event in of_emails(told)
    ]


class Heard:
    """What an automation has done."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Have seen nothing."""
        self._calls: list[Event[Any]] = async_capture_events(hass, EVENT_CALL_SERVICE)

    @classmethod
    async def by_an_automation(
        cls, hass: HomeAssistant, event_type: str | None = None
    ) -> Self:
        """Set up the README's automation, and hear what it tells.

        ``event_type``: of the events that it acts on, by what every entity has, in
        place of our own trigger.
        """
        assert await async_setup_component(hass, "persistent_notification", {})
        config = automation_of_the_readme()
        if event_type is not None:
            (automation,) = config["automation"]
            (trigger,) = automation["triggers"]
            automation["triggers"] = [{"trigger": "state", **trigger["target"]}]
            told = "trigger.to_state.attributes.event_type"
            automation["conditions"] = [f"{{{{ {told} == '{event_type}' }}}}"]
        assert await async_setup_component(hass, "automation", config)
        return cls(hass)

    @property
    def references(self) -> list[str]:
        """The emails that it has told of, in order."""
        return [
            call.data["service_data"]["message"].split()[0]
            for call in self._calls
            if call.data["domain"] == "persistent_notification"
        ]


async def mail_waits_and_home_assistant_starts(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry, count: int = 3
) -> Heard:
    """Let emails wait while Home Assistant is off, and end while it starts."""
    await deliver(hass, entry, "the account works")
    desk.unplug()
    for number in range(count):
        await send(hass, f"message {number}")
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(entry.entry_id)
    hass.set_state(CoreState.not_running)
    heard = await Heard.by_an_automation(hass)
    desk.ports = {PORT}
    desk.always = GONE
    assert await hass.config_entries.async_setup(entry.entry_id)
    await settled(hass, entry)
    assert entry.runtime_data.courier.status.mail.failed == count
    return heard


async def test_ends_that_come_while_home_assistant_starts_reach_an_automation(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    heard = await mail_waits_and_home_assistant_starts(hass, desk, loaded)
    assert heard.references == []
    await hass.async_start()
    await until(lambda: len(set(heard.references)) == 3)
    await hass.async_block_till_done()
    assert len(heard.references) == 3


@pytest.mark.parametrize("reloaded", [False, True])
async def test_what_home_assistant_did_not_live_to_tell_is_told_by_the_next(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, reloaded: bool
) -> None:
    heard = await mail_waits_and_home_assistant_starts(hass, desk, loaded)
    if reloaded:
        assert await hass.config_entries.async_reload(loaded.entry_id)
    else:
        hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
        await hass.async_block_till_done()
        assert await hass.config_entries.async_unload(loaded.entry_id)
        assert await hass.config_entries.async_setup(loaded.entry_id)
    await hass.async_block_till_done()
    assert heard.references == []
    await hass.async_start()
    await until(lambda: len(heard.references) == 3)


async def test_what_was_not_told_yet_is_told_when_the_entry_is_removed(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await mail_waits_and_home_assistant_starts(hass, desk, loaded)
    told = async_capture_events(hass, f"{DOMAIN}_failed")
    await hass.config_entries.async_remove(loaded.entry_id)
    assert len(told) == 3


async def test_what_becomes_of_emails_while_home_assistant_ends_is_told_by_the_next(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    told: list[Event[Any]] = async_capture_events(hass, EVENT_STATE_CHANGED)

    await send(hass)
    await hass.async_block_till_done()
    assert "accepted" not in types(told)
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await settled(hass, loaded)
    await until(lambda: "accepted" in types(told))


async def test_ends_that_come_at_once_are_each_heard(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    heard = await Heard.by_an_automation(hass, "cancelled")
    desk.unplug()
    await desk.until(lambda: loaded.runtime_data.courier.status.trouble is not None)
    for number in range(50):
        await send(hass, f"message {number}")
    assert await loaded.runtime_data.courier.cancel(None) == 50
    await until(lambda: len(heard.references) == 50)
    assert len(set(heard.references)) == 50


async def test_events_that_come_at_once_have_each_a_state_of_their_own(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    """A trigger that names states takes the same state twice for no change."""
    desk.unplug()
    await desk.until(lambda: loaded.runtime_data.courier.status.trouble is not None)
    for number in range(50):
        await send(hass, f"message {number}")
    told: list[Event[Any]] = async_capture_events(hass, EVENT_STATE_CHANGED)
    assert await loaded.runtime_data.courier.cancel(None) == 50
    await until(lambda: types(told).count("cancelled") == 50)
    states = [event.data["new_state"].state for event in of_emails(told)]
    assert len(set(states)) == len(states)


async def test_emails_go_on_being_told_of_if_the_entities_do_not_go(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def stay(*_: object) -> bool:
        return False

    monkeypatch.setattr(hass.config_entries, "async_unload_platforms", stay)
    assert not await hass.config_entries.async_unload(loaded.entry_id)
    told: list[Event[Any]] = async_capture_events(hass, EVENT_STATE_CHANGED)
    await deliver(hass, loaded)
    await until(lambda: "sent" in types(told))
    await loaded.runtime_data.courier.close()
    await loaded.runtime_data.coordinator.async_shutdown()
