"""What only knows ``notify.<name>`` reaches a recipient as the README says."""

import re

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import parse_yaml
from tests.source import ROOT

from .conftest import ANNA, in_service, settled
from .modem_on_the_desk import Desk

_EXAMPLES = re.findall(
    r"^```yaml\n(notify:\n.*?)^```$",
    (ROOT / "README.md").read_text("utf-8"),
    re.DOTALL | re.MULTILINE,
)


@pytest.fixture
async def grouped(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> MockConfigEntry:
    """Start with the README's example as configuration, and a recipient."""
    hass.states.async_set("binary_sensor.cellar", "off")
    (example,) = _EXAMPLES
    configuration = parse_yaml(example.replace("notify.alex", ANNA))
    assert isinstance(configuration, dict)
    for component in ("notify", "alert"):
        assert await async_setup_component(hass, component, configuration)
    await hass.async_block_till_done()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await in_service(entry)
    return entry


async def test_a_notify_group_reaches_a_recipient(
    hass: HomeAssistant, desk: Desk, grouped: MockConfigEntry
) -> None:
    await hass.services.async_call(
        "notify", "alex_by_email", {"title": "Alarm", "message": "Water"}, blocking=True
    )
    await settled(hass, grouped)
    assert desk.sent[0].subject == "Alarm"
    assert desk.sent[0].body.startswith("Water\n")
    assert desk.sent[0].to == ("anna@example.com",)


async def test_an_alert_reaches_a_recipient_by_way_of_it(
    hass: HomeAssistant, desk: Desk, grouped: MockConfigEntry
) -> None:
    hass.states.async_set("binary_sensor.cellar", "on")
    await hass.async_block_till_done()
    await settled(hass, grouped)
    assert desk.sent[0].subject == "Alarm"
    assert desk.sent[0].body.startswith("Water in the cellar\n")
    hass.states.async_set("binary_sensor.cellar", "off")
    await hass.async_block_till_done()
