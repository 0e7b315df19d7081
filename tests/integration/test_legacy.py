"""What only knows ``notify.<name>`` reaches a recipient as docs/reference.md says."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_mock_service,
)

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
from tests.documents import example

from .conftest import ANNA, in_service, settled
from .modem_on_the_desk import Desk

ACTION = "quectel_smtp_anna"


@pytest.fixture
async def grouped(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> MockConfigEntry:
    """Start with that page's example as configuration, and a recipient."""
    hass.states.async_set("binary_sensor.cellar", "off")
    async_mock_service(hass, "notify", "mobile_app_alex")
    text = example("platform: group").replace("quectel_smtp_alex", ACTION)
    configuration = parse_yaml(text)
    assert isinstance(configuration, dict)
    for component in ("notify", "alert"):
        assert await async_setup_component(hass, component, configuration)
    await hass.async_block_till_done()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await in_service(entry)
    return entry


async def _call(hass: HomeAssistant, action: str = ACTION, **data: Any) -> None:
    data = {"title": "Alarm", "message": "Water", **data}
    await hass.services.async_call("notify", action, data, blocking=True)


def _names(hass: HomeAssistant) -> set[str]:
    return {
        name
        for name in hass.services.async_services_for_domain("notify")
        if name.startswith("quectel_smtp")
    }


async def test_a_notify_group_reaches_a_recipient(
    hass: HomeAssistant, desk: Desk, grouped: MockConfigEntry
) -> None:
    await _call(hass, "everybody")
    await settled(hass, grouped)
    assert desk.sent[0].subject == "Alarm"
    assert desk.sent[0].body.startswith("Water\n")
    assert desk.sent[0].to == ("anna@example.com",)


async def test_an_alert_reaches_a_recipient_by_way_of_it(
    hass: HomeAssistant, desk: Desk, grouped: MockConfigEntry
) -> None:
    # The modem's own mail client, which names no priority, has to serve.
    desk.has_tcp = False
    hass.states.async_set("binary_sensor.cellar", "on")
    await hass.async_block_till_done()
    await settled(hass, grouped)
    assert desk.sent[0].subject == "Alarm"
    assert desk.sent[0].body.startswith("Water in the cellar\n")
    hass.states.async_set("binary_sensor.cellar", "off")
    await hass.async_block_till_done()


async def test_what_a_group_and_an_alert_say_of_the_email_holds(
    hass: HomeAssistant, desk: Desk, grouped: MockConfigEntry
) -> None:
    """The group of the example has its emails critical."""
    desk.unplug()
    await _call(hass, "everybody")
    (listed,) = await grouped.runtime_data.courier.listed()
    assert listed.critical


async def test_the_action_is_that_of_the_entity_and_records_it(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    assert _names(hass) == {ACTION}
    await _call(hass)
    await settled(hass, loaded)
    assert desk.sent[0].cc == ("ben@example.com",)
    state = hass.states.get(ANNA)
    assert state is not None
    assert state.state != "unknown"


async def test_the_actions_follow_the_recipients_without_a_reload(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    courier = loaded.runtime_data.courier
    ben = ConfigSubentry(
        data={"to": ["ben@example.com"], "cc": [], "bcc": []},  # type: ignore[arg-type]  # a plain dict serves
        subentry_type="recipient",
        title="Ben",
        unique_id=None,
    )
    hass.config_entries.async_add_subentry(loaded, ben)
    await hass.async_block_till_done()
    assert _names(hass) == {ACTION, "quectel_smtp_ben"}
    er.async_get(hass).async_update_entity(
        "notify.ben", new_entity_id="notify.benjamin"
    )
    await hass.async_block_till_done()
    assert _names(hass) == {ACTION, "quectel_smtp_benjamin"}
    await _call(hass, "quectel_smtp_benjamin")
    await settled(hass, loaded)
    assert desk.sent[0].to == ("ben@example.com",)
    er.async_get(hass).async_update_entity(
        "notify.benjamin", disabled_by=er.RegistryEntryDisabler.USER
    )
    await hass.async_block_till_done()
    assert _names(hass) == {ACTION}
    hass.config_entries.async_remove_subentry(loaded, ben.subentry_id)
    await hass.async_block_till_done()
    assert loaded.runtime_data.courier is courier
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert _names(hass) == set()
    assert await hass.config_entries.async_setup(loaded.entry_id)
    assert _names(hass) == {ACTION}


async def test_an_action_of_the_same_name_stays_its_owner_s(
    hass: HomeAssistant,
    desk: Desk,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    others = async_mock_service(hass, "notify", ACTION)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await in_service(entry)
    await _call(hass)
    assert len(others) == 1
    assert f"another action notify.{ACTION}" in caplog.text
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert hass.services.has_service("notify", ACTION)


async def test_further_addresses_are_those_that_the_option_allows(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(
        loaded, options={"allowed_addresses": ["example.org"]}
    )
    with pytest.raises(ServiceValidationError) as raised:
        await _call(hass, target=["mia@example.org", "noah@example.net"])
    assert raised.value.translation_placeholders == {"address": "noah@example.net"}
    await _call(hass, target="mia@example.org", data={"cc": ["leo@example.org"]})
    await settled(hass, loaded)
    (message,) = desk.sent
    assert message.to == ("anna@example.com", "mia@example.org")
    assert message.cc == ("ben@example.com", "leo@example.org")


async def test_what_is_meant_for_others_and_what_can_not_be_used_keeps_nothing_back(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    data = {
        "ttl": 0,
        "push": {"sound": "alarm.caf"},
        "priority": 1,
        "critical": "perhaps",
        "expires_after": "never",
        "attachments": [{"filename": "of nothing"}],
    }
    await _call(hass, data=data)
    await settled(hass, loaded)
    assert len(desk.sent) == 1
    for key in ("priority", "critical", "expires_after", "attachments"):
        assert f"goes without {key!r}" in caplog.text
    assert "'ttl'" not in caplog.text


async def test_who_calls_it_hears_of_an_email_that_is_not_accepted(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    (recipient,) = loaded.subentries.values()
    hass.config_entries.async_update_subentry(loaded, recipient, data={"to": []})
    with pytest.raises(HomeAssistantError) as raised:
        await _call(hass)
    assert raised.value.translation_key == "invalid_recipients_empty"
