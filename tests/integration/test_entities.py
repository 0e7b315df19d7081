"""All entities of a modem and a recipient: what they show, and what Home Assistant knows.

What they show is kept in ``snapshots``; ``pytest --snapshot-update`` writes it anew.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
import json
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components.quectel_smtp.const import DOMAIN, PLATFORMS
from custom_components.quectel_smtp.modem.network.radio import Quality
from custom_components.quectel_smtp.modem.network.status import Registration
from custom_components.quectel_smtp.modem.network.traffic import Traffic
from homeassistant.const import (
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    EntityCategory,
    Platform,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from tests.source import INTEGRATION
from tests.translations import texts

from .conftest import deliver
from .modem_on_the_desk import IMEI, Desk
from .timeless import timeless

# They change often, and few look at them.
DISABLED = {
    "sensor.ip_address",
    "sensor.rsrp",
    "sensor.rsrq",
    "sensor.sinr",
}
# What a dashboard is for: what becomes of emails, and whether they can leave.
PRIMARY = {
    "binary_sensor.line_ready",
    "event.email",
    "event.line",
    "notify.recipient",
    "sensor.emails_waiting",
    "sensor.last_send_result",
    "sensor.pdp_context",
}
CONFIGURATION = {"button.reconnect", "button.restart_modem"}

ICONS: dict[str, dict[str, Any]] = json.loads(
    (INTEGRATION / "icons.json").read_text("utf-8")
)["entity"]
TEXTS: dict[str, dict[str, Any]] = texts()["entity"]


def _entities(hass: HomeAssistant, entry: MockConfigEntry) -> list[er.RegistryEntry]:
    registry = er.async_get(hass)
    return er.async_entries_for_config_entry(registry, entry.entry_id)


def _keys(entities: Iterator[er.RegistryEntry]) -> set[str]:
    return {f"{entity.domain}.{entity.translation_key}" for entity in entities}


@pytest.fixture
def all_enabled() -> Iterator[None]:
    """Have the entities, too, that are disabled until somebody enables them."""
    with patch.object(Entity, "entity_registry_enabled_default", new=True):
        yield


@pytest.fixture
def radio(desk: Desk) -> None:
    """Have a modem that tells all that one can."""
    desk.quality = Quality("LTE", -71, -103, 118, -12)
    desk.counter = Traffic(1000, 2000)


@pytest.mark.usefixtures("all_enabled", "radio")
@pytest.mark.parametrize("platform", PLATFORMS)
async def test_all_that_is_shown_after_an_email(
    hass: HomeAssistant,
    loaded: MockConfigEntry,
    snapshot: SnapshotAssertion,
    platform: Platform,
) -> None:
    await deliver(hass, loaded)
    await loaded.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    shown = {
        state.entity_id: {"state": state.state, "attributes": dict(state.attributes)}
        for state in sorted(
            hass.states.async_all(platform), key=lambda state: state.entity_id
        )
    }
    assert shown
    assert timeless(json.loads(json.dumps(shown, default=str))) == snapshot


async def test_each_has_an_id_that_stays(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    """The IMEI, not the port or a name: the modem may move, and be called otherwise."""
    entities = _entities(hass, loaded)
    assert {entity.domain for entity in entities} == set(PLATFORMS)
    ids = Counter((entity.domain, entity.unique_id) for entity in entities)
    assert set(ids.values()) == {1}
    assert all(entity.unique_id.startswith(f"{IMEI}_") for entity in entities)
    assert all(entity.platform == DOMAIN for entity in entities)


async def test_each_is_named_within_its_device(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    for entity in _entities(hass, loaded):
        assert entity.has_entity_name
        assert entity.device_id
        assert entity.translation_key
        text = TEXTS.get(entity.domain, {}).get(entity.translation_key, {})
        # A recipient's is called as the recipient is.
        if entity.domain != Platform.NOTIFY:
            assert text["name"] == entity.original_name


async def test_each_has_its_category(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    entities = _entities(hass, loaded)
    by_category = {
        category: _keys(one for one in entities if one.entity_category is category)
        for category in (None, EntityCategory.CONFIG, EntityCategory.DIAGNOSTIC)
    }
    assert by_category[None] == PRIMARY
    assert by_category[EntityCategory.CONFIG] == CONFIGURATION


async def test_what_changes_often_or_few_look_at_is_disabled(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    entities = _entities(hass, loaded)
    assert _keys(one for one in entities if one.disabled) == DISABLED


async def test_each_has_an_icon_of_its_own_or_its_device_class_s(
    hass: HomeAssistant, loaded: MockConfigEntry
) -> None:
    by_device_class = {"button.restart_modem"}
    entities = _entities(hass, loaded)
    known = {f"{platform}.{key}" for platform, icons in ICONS.items() for key in icons}
    assert known == _keys(iter(entities)) - by_device_class
    assert all(one.original_icon is None for one in entities)
    assert {
        f"{one.domain}.{one.translation_key}"
        for one in entities
        if one.original_device_class
    } > by_device_class


async def test_none_has_a_word_for_unknown_that_home_assistant_has_for_itself(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    """An automation could not tell the one from the other."""
    shown = hass.states.async_all(Platform.SENSOR)
    options = {state.entity_id: state.attributes.get("options", ()) for state in shown}
    assert any(options.values())
    for entity, words in options.items():
        assert not {STATE_UNKNOWN, STATE_UNAVAILABLE} & set(words), entity


async def test_what_the_modem_does_not_tell_is_unknown(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    courier = loaded.runtime_data.courier
    desk.network = replace(desk.network, registration=Registration.UNKNOWN)
    await courier.poll()
    loaded.runtime_data.coordinator.take_status()
    state = hass.states.get("sensor.quectel_ec200a_registration")
    assert state is not None
    assert state.state == STATE_UNKNOWN
