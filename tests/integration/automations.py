"""Automations of a test, each of which tells an event of what its trigger gave it."""

from collections.abc import Mapping
from typing import Any, Final

from pytest_homeassistant_custom_component.common import async_capture_events

from homeassistant.core import Event, HomeAssistant
from homeassistant.setup import async_setup_component

TOLD: Final = "told"


async def automate(
    hass: HomeAssistant, automation: Mapping[str, Any]
) -> list[Event[Any]]:
    """Set an automation up; returns the events that it tells."""
    told = async_capture_events(hass, TOLD)
    assert await async_setup_component(
        hass, "automation", {"automation": {"alias": "Tell", **automation}}
    )
    await hass.async_block_till_done()
    (state,) = hass.states.async_all("automation")
    assert state.state == "on", "Home Assistant does not take the automation"
    return told


def telling(**what: str) -> dict[str, Any]:
    """Return an action that tells these, which are templates."""
    return {"event": TOLD, "event_data": what}
