"""Quectel Cellular Email: emails through an LTE modem's own SMTP client."""

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import device_registry as dr

from .const import PLATFORMS
from .coordinator import QuectelConfigEntry, QuectelCoordinator, RuntimeData
from .delivery.courier import Courier
from .entity import modem_device_info
from .entry_data import settings
from .ports import make_modem


async def async_setup_entry(hass: HomeAssistant, entry: QuectelConfigEntry) -> bool:
    """Set up one modem; succeeds at once, whether it is there or not."""
    wanted = settings(entry.data, entry.unique_id)
    courier = Courier(wanted, modem=make_modem)
    coordinator = QuectelCoordinator(hass, entry, courier)
    entry.runtime_data = RuntimeData(courier, coordinator)

    # The recipients' devices are linked to it.
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, **modem_device_info(entry)
    )
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)

    async def apply_settings(_: HomeAssistant, entry: QuectelConfigEntry) -> None:
        """Hand what has changed to the running courier: nothing is unloaded."""
        nonlocal wanted
        changed = settings(entry.data, entry.unique_id)
        if changed != wanted:
            wanted = changed
            courier.update(changed)

    async def close_port(_: Event) -> None:
        await courier.stop()

    entry.async_on_unload(entry.add_update_listener(apply_settings))
    entry.async_on_unload(
        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, close_port)
    )
    courier.start()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: QuectelConfigEntry) -> bool:
    """Unload the entities and close the port."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        await entry.runtime_data.courier.stop()
    return unloaded
