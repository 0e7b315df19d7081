"""Abroad no data connection is made before a person has said yes to what it may cost."""

from dataclasses import replace

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.modem.network.status import Network, Registration
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.integration.conftest import deliver
from tests.integration.dialog import (
    CELLULAR_INPUT,
    SERVER_INPUT,
    Dialog,
    to_cellular,
    to_provider,
)
from tests.integration.modem_on_the_desk import AT_HOME, Desk

ABROAD = replace(AT_HOME, registration=Registration.ROAMING)


async def test_set_up_at_home_does_not_ask_about_roaming(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_cellular(hass)
    assert "roaming" not in dialog.fields
    await dialog.submit(**CELLULAR_INPUT)
    assert dialog.step == "provider"
    assert [pdp.roaming for pdp in desk.activated] == [False]


async def test_set_up_abroad_makes_no_data_connection_before_a_yes(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.network = ABROAD
    dialog = await to_cellular(hass)
    assert dialog.suggested("roaming") is False
    await dialog.submit(**CELLULAR_INPUT, roaming=False)
    assert (dialog.step, dialog.errors) == ("cellular", {"roaming": "roaming_unasked"})
    assert "activate" not in desk.calls
    await dialog.submit(**CELLULAR_INPUT, roaming=True)
    assert dialog.step == "provider"
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    entry = dialog.result["result"]
    assert dict(entry.options) == {"roaming": True}
    assert "roaming" not in entry.data
    await hass.async_block_till_done()


async def test_who_sets_up_at_home_has_not_said_yes(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_provider(hass)
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT)
    assert dict(dialog.result["result"].options) == {}
    await hass.async_block_till_done()


@pytest.mark.parametrize("registration", [Registration.SEARCHING, Registration.HOME])
async def test_a_modem_that_turns_out_to_be_abroad_later_asks_then(
    hass: HomeAssistant, desk: Desk, registration: Registration
) -> None:
    """As one that needs its APN first, or one near a border."""
    desk.network = Network(registration, None, None)
    dialog = await to_cellular(hass)
    assert "roaming" not in dialog.fields
    desk.network = ABROAD
    await dialog.submit(**CELLULAR_INPUT)
    assert (dialog.step, dialog.errors) == ("cellular", {"roaming": "roaming_unasked"})
    assert "activate" not in desk.calls
    await dialog.submit(**CELLULAR_INPUT, roaming=True)
    assert dialog.step == "provider"


async def test_a_modem_that_goes_abroad_while_the_account_is_asked_for_asks_then(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_provider(hass)
    (before,) = desk.activated
    assert not before.roaming
    desk.network = ABROAD
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT)
    assert (dialog.step, dialog.errors) == ("cellular", {"roaming": "roaming_unasked"})
    await dialog.submit(**CELLULAR_INPUT, roaming=True)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    assert dict(dialog.result["result"].options) == {"roaming": True}
    await hass.async_block_till_done()


async def test_who_changes_the_data_connection_abroad_says_yes_where_it_is_asked(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(loaded, options={"idle": 5})
    desk.network = ABROAD
    dialog = Dialog(hass, await loaded.start_reconfigure_flow(hass))
    await dialog.choose("cellular")
    assert "roaming" not in dialog.fields
    await dialog.submit(**CELLULAR_INPUT | {"apn": "abroad"}, back=False)
    assert (dialog.step, dialog.errors) == ("cellular", {"roaming": "roaming_unasked"})
    assert not desk.activated
    await dialog.submit(
        **CELLULAR_INPUT | {"apn": "abroad"},
        roaming=True,
        back=False,
        save_unchecked=False,
    )
    assert await dialog.without_test() == "saved_untested"
    assert dict(loaded.options) == {"idle": 5, "roaming": True}
    assert loaded.data["apn"] == "abroad"
    await deliver(hass, loaded)


async def test_a_yes_in_a_dialog_that_is_left_is_none(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.network = ABROAD
    dialog = Dialog(hass, await loaded.start_reconfigure_flow(hass))
    await dialog.choose("cellular")
    await dialog.submit(**CELLULAR_INPUT, back=False)
    desk.unplug()
    await dialog.submit(
        **CELLULAR_INPUT, roaming=True, back=False, save_unchecked=False
    )
    assert dialog.step == "trouble"
    dialog.close()
    assert not loaded.options.get("roaming")


async def test_a_yes_can_be_saved_without_a_check(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.network = ABROAD
    dialog = Dialog(hass, await loaded.start_reconfigure_flow(hass))
    await dialog.choose("cellular")
    await dialog.submit(**CELLULAR_INPUT, back=False)
    await dialog.submit(**CELLULAR_INPUT, roaming=True, back=False, save_unchecked=True)
    assert dialog.ended == "saved_unchecked"
    assert loaded.options["roaming"] is True
