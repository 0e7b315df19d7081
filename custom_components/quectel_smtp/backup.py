"""Keeps the outbox fit for a backup, and a restored one from sending old alarms."""

import asyncio

from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .coordinator import QuectelConfigEntry


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Make each outbox's file whole, and note in it that a backup is made."""
    await asyncio.gather(
        *(entry.runtime_data.courier.before_backup() for entry in _loaded(hass))
    )


async def async_post_backup(hass: HomeAssistant) -> None:
    """Clear the notes: these outboxes are not the ones in the backup."""
    await asyncio.gather(
        *(entry.runtime_data.courier.after_backup() for entry in _loaded(hass))
    )


def _loaded(hass: HomeAssistant) -> list[QuectelConfigEntry]:
    return hass.config_entries.async_loaded_entries(DOMAIN)
