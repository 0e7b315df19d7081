"""A dialog ends with what it is about, and with Home Assistant, and leaves no port open."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from tests.integration.dialog import CELLULAR_INPUT, PORT_INPUT, Dialog, to_cellular
from tests.integration.modem_on_the_desk import Desk


def _dialogs(hass: HomeAssistant) -> list[Any]:
    entries = hass.config_entries
    return [
        *entries.flow.async_progress(),
        *entries.options.async_progress(),
        *entries.subentries.async_progress(),
    ]


async def _stop(hass: HomeAssistant, caplog: pytest.LogCaptureFixture) -> None:
    """Stop Home Assistant, which says what it had to wait for."""
    caplog.clear()
    await hass.async_stop(force=True)
    said = [record.getMessage() for record in caplog.records]
    assert not [line for line in said if "hutdown" in line or "Timed out" in line]


@pytest.mark.parametrize("method", ["identify", "activate"])
async def test_home_assistant_that_stops_does_not_wait_for_a_set_up(
    hass: HomeAssistant,
    desk: Desk,
    caplog: pytest.LogCaptureFixture,
    method: str,
) -> None:
    if method == "identify":
        dialog, form = await Dialog.start(hass), PORT_INPUT
    else:
        dialog, form = await to_cellular(hass), CELLULAR_INPUT
    asked = desk.calls.count(method)
    desk.hold_in(method)
    await dialog.begin(**form)
    await desk.reached(method, asked + 1)
    await _stop(hass, caplog)
    assert not desk.open_modems
    assert not _dialogs(hass)


async def test_home_assistant_that_stops_does_not_wait_for_a_port_that_is_lent(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    before = dict(loaded.data)
    dialog = Dialog(hass, await loaded.start_reconfigure_flow(hass))
    await dialog.choose("cellular")
    desk.hold_in("resolve")
    await dialog.begin(**CELLULAR_INPUT | {"apn": "other"})
    await desk.reached("resolve")
    await _stop(hass, caplog)
    assert not desk.open_modems
    assert loaded.data == before


async def test_a_check_of_an_entry_that_is_removed_lets_go_of_the_port(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    dialog = Dialog(hass, await loaded.start_reconfigure_flow(hass))
    await dialog.choose("cellular")
    held = desk.hold_in("resolve")
    await dialog.begin(**CELLULAR_INPUT)
    await desk.reached("resolve")
    await hass.config_entries.async_remove(loaded.entry_id)
    held.set()
    await hass.async_block_till_done()
    assert not desk.open_modems
    assert not _dialogs(hass)
    assert "Unexpected exception" not in caplog.text


async def test_no_dialog_is_left_of_an_entry_that_is_removed(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    entries = hass.config_entries
    await loaded.start_reconfigure_flow(hass)
    await entries.options.async_init(loaded.entry_id)
    await entries.subentries.async_init(
        (loaded.entry_id, "recipient"), context={"source": SOURCE_USER}
    )
    await loaded.start_subentry_reconfigure_flow(hass, "recipient_1")
    other = await Dialog.start(hass)
    second = MockConfigEntry(domain=loaded.domain, unique_id="869999999999999")
    second.add_to_hass(hass)
    new = await entries.subentries.async_init(
        (second.entry_id, "recipient"), context={"source": SOURCE_USER}
    )
    assert len(_dialogs(hass)) == 6
    await entries.async_remove(loaded.entry_id)
    await hass.async_block_till_done()
    left = {dialog["flow_id"] for dialog in _dialogs(hass)}
    assert left == {other.result["flow_id"], new["flow_id"]}
