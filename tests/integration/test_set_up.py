"""Setting up, unloading and the time between, with and without a modem."""

import asyncio
import logging
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.const import DOMAIN
from custom_components.quectel_smtp.modem.status import Identity
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr

from .conftest import ANNA, send
from .modem_on_the_desk import IMEI, PORT, Desk


async def test_set_up_succeeds_at_once_without_a_modem(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.ports.clear()
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert hass.states.get(ANNA) is not None
    await desk.until(lambda: entry.runtime_data.courier.status.trouble is not None)
    desk.ports = {PORT}
    await desk.until(lambda: entry.runtime_data.courier.status.trouble is None)
    await send(hass)
    assert len(desk.sent) == 1


async def test_set_up_does_not_wait_for_the_modem(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.hold_in("identify")
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED


async def test_unloading_closes_the_port(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    assert desk.open_modems
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert not desk.open_modems


async def test_a_port_stays_open_if_the_entities_do_not_go(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    with patch.object(
        hass.config_entries, "async_unload_platforms", return_value=False
    ):
        assert not await hass.config_entries.async_unload(loaded.entry_id)
    await send(hass)
    assert desk.open_modems
    await loaded.runtime_data.courier.stop()


async def test_reloading_leaves_nothing_behind(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    tasks = len(asyncio.all_tasks())
    listeners = hass.bus.async_listeners()
    for _ in range(10):
        assert await hass.config_entries.async_reload(loaded.entry_id)
        await desk.until(lambda: loaded.runtime_data.courier.status.network is not None)
    await hass.async_block_till_done()
    assert len(desk.open_modems) == 1
    assert len(asyncio.all_tasks()) == tasks
    assert hass.bus.async_listeners() == listeners
    (modem,) = desk.open_modems
    assert len(modem.watchers) == 1


async def test_an_email_that_waits_while_the_entry_is_unloaded_ends_with_an_error(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.hold_in("put")
    sending = asyncio.create_task(send(hass))
    await desk.reached("put")
    assert await hass.config_entries.async_unload(loaded.entry_id)
    with pytest.raises(HomeAssistantError):
        await sending


async def test_the_port_is_closed_when_home_assistant_stops(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    assert not desk.open_modems


async def test_the_modem_is_a_device(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, IMEI), loaded.entry_id
    )
    assert device is not None
    assert device.manufacturer == "Quectel"
    assert device.model == "EC200A"
    assert device.sw_version == "EC200AEUHAR01A07M16"
    assert device.serial_number == IMEI


async def test_a_firmware_update_is_noted_without_anything_being_reconnected(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.identity = Identity("Quectel", "EC200A", "EC200AEUHAR01A08M16", IMEI)
    desk.lose_port()
    await desk.until(lambda: loaded.data["firmware"] == "EC200AEUHAR01A08M16")
    opened = desk.opened
    await hass.async_block_till_done()
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, IMEI), loaded.entry_id
    )
    assert device is not None
    assert device.sw_version == "EC200AEUHAR01A08M16"
    await send(hass)
    assert desk.opened == opened


async def test_a_loss_is_logged_once_and_so_is_the_return(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    caplog.clear()
    courier = loaded.runtime_data.courier
    desk.unplug()
    await desk.until(lambda: courier.status.trouble is not None)
    for _ in range(3):
        with pytest.raises(HomeAssistantError):
            await send(hass)
    assert _said(caplog) == ["Quectel EC200A is not reachable: port_not_found"]
    caplog.clear()
    desk.ports = {PORT}
    await desk.until(lambda: courier.status.trouble is None)
    await send(hass)
    assert _said(caplog) == ["Quectel EC200A is back"]


async def test_a_port_that_is_lent_is_no_loss(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    caplog.clear()
    async with loaded.runtime_data.courier.lend():
        assert not desk.open_modems
    await desk.until(lambda: bool(desk.open_modems))
    assert _said(caplog) == []


def _said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == "custom_components.quectel_smtp.coordinator"
        and record.levelno >= logging.INFO
    ]
