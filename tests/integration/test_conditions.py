"""Conditions of our own hold for the line and for what waits, and for nothing else."""

from datetime import timedelta
from typing import Any

import probatio as vol
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.quectel_smtp.const import DOMAIN
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.helpers.condition import async_validate_condition_config
from homeassistant.util import dt as dt_util

from .automations import automate, telling
from .conftest import in_service, send, settled, until
from .modem_on_the_desk import PORT, Desk

READY = "binary_sensor.quectel_ec200a_line_ready"
ROAMING = "binary_sensor.quectel_ec200a_roaming"
WAITING = "sensor.quectel_ec200a_emails_waiting"


async def holds(hass: HomeAssistant, told: list[Event[Any]]) -> bool:
    """Ask the automation, whose condition is asked for."""
    before = len(told)
    hass.bus.async_fire("asked")
    await hass.async_block_till_done()
    return len(told) > before


async def asking(
    hass: HomeAssistant, name: str, target: dict[str, Any], **options: Any
) -> list[Event[Any]]:
    """Have an automation with this condition; returns what it tells."""
    return await automate(
        hass,
        {
            "mode": "queued",
            "triggers": [{"trigger": "event", "event_type": "asked"}],
            "conditions": [
                {"condition": f"{DOMAIN}.{name}", "target": target, "options": options}
            ],
            "actions": [telling(what="yes")],
        },
    )


def modem(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, str]:
    """Return the modem as a target."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    (found,) = (device for device in devices if device.name == "Quectel EC200A")
    return {"device_id": found.id}


@pytest.mark.parametrize("by_device", [False, True])
async def test_the_line_is_ready_while_an_email_can_leave(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, by_device: bool
) -> None:
    target = modem(hass, loaded) if by_device else {"entity_id": READY}
    told = await asking(hass, "is_line_ready", target)
    assert await holds(hass, told)
    desk.unplug()
    await hass.async_block_till_done()
    # Another one of the same modem, which its device has, too.
    hass.states.async_set(ROAMING, "on")
    assert not await holds(hass, told)
    desk.ports = {PORT}
    await in_service(loaded)
    await until(lambda: hass.states.is_state(READY, "on"))
    assert await holds(hass, told)
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert not await holds(hass, told), "nothing is known then"


@pytest.mark.parametrize("by_device", [False, True])
async def test_emails_are_waiting_from_their_acceptance_to_their_end(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, by_device: bool
) -> None:
    target = modem(hass, loaded) if by_device else {"entity_id": WAITING}
    told = await asking(hass, "is_email_waiting", target)
    assert not await holds(hass, told)
    desk.unplug()
    await send(hass)
    await until(lambda: hass.states.is_state(WAITING, "1"))
    assert await holds(hass, told)
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert not await holds(hass, told), "nothing is known then"
    assert await hass.config_entries.async_setup(loaded.entry_id)
    await hass.async_block_till_done()
    assert await holds(hass, told), "they still wait"
    desk.ports = {PORT}
    await settled(hass, loaded)
    assert not await holds(hass, told)


async def test_they_can_be_asked_to_have_held_for_some_time(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, freezer: Any
) -> None:
    desk.unplug()
    await send(hass)
    await until(lambda: hass.states.is_state(WAITING, "1"))
    told = await asking(
        hass, "is_email_waiting", {"entity_id": WAITING}, **{"for": {"minutes": 10}}
    )
    assert not await holds(hass, told)
    freezer.tick(timedelta(minutes=11))
    async_fire_time_changed(hass, dt_util.utcnow())
    await hass.async_block_till_done()
    assert await holds(hass, told)


@pytest.mark.parametrize(
    ("name", "stranger"),
    [
        ("is_line_ready", "binary_sensor.window"),
        ("is_line_ready", ROAMING),
        ("is_email_waiting", "sensor.letters"),
        ("is_email_waiting", "sensor.quectel_ec200a_emails_sent"),
    ],
)
async def test_an_entity_that_can_t_tell_it_is_refused_while_it_is_chosen(
    hass: HomeAssistant, loaded: MockConfigEntry, name: str, stranger: str
) -> None:
    domain, _, object_id = stranger.partition(".")
    registry = er.async_get(hass)
    if registry.async_get(stranger) is None:
        registry.async_get_or_create(
            domain, "other", "1", suggested_object_id=object_id
        )
    chosen = cv.CONDITION_SCHEMA(
        {"condition": f"{DOMAIN}.{name}", "target": {"entity_id": stranger}}
    )
    with pytest.raises(vol.Invalid, match=f"^{stranger} can't tell this: choose the"):
        await async_validate_condition_config(hass, chosen)
