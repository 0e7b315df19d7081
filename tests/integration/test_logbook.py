"""The logbook tells of emails and the line in words, and names no recipient of its own."""

from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp import logbook
from custom_components.quectel_smtp.findings import EVENT_TYPES
from homeassistant.components.logbook.const import EXPOSED_STATE_ATTRIBUTES
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from tests.translations import texts

from .conftest import deliver, send
from .modem_on_the_desk import Desk

DELIVERY = "event.quectel_ec200a_email_delivery"


async def test_an_email_whose_modem_was_removed_is_told_of_in_words(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    described: dict[str, Any] = {}
    heard: list[Event] = []
    logbook.async_describe_events(
        hass, lambda _, event, words: described.update({event: words})
    )
    for event_type in described:
        hass.bus.async_listen(event_type, heard.append)
    desk.hold_in("activate")
    await send(hass)
    await hass.config_entries.async_remove(loaded.entry_id)
    await hass.async_block_till_done()
    told = [described[str(event.event_type)](event) for event in heard]
    assert told
    reference = heard[-1].data["reference"]
    assert told[-1] == {
        "name": "Quectel Cellular Email",
        "message": f"email {reference} of a modem that was removed: Cancelled",
    }
    assert "Anna" not in str(told)


async def test_each_end_of_an_email_and_each_change_of_the_line_has_a_word(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """The logbook shows the event type of an event entity, in its own words."""
    await deliver(hass, loaded)
    state = hass.states.get(DELIVERY)
    assert state is not None
    assert state.attributes["event_type"] == "sent"
    assert "event_type" in EXPOSED_STATE_ATTRIBUTES
    entities = texts()["entity"]["event"]
    for name, types in (("email", EVENT_TYPES), ("line", ("lost", "back"))):
        words = entities[name]["state_attributes"]["event_type"]["state"]
        assert set(words) == set(types)
    assert await async_get_translations(hass, "en", "common", {"quectel_smtp"})
