"""Keeps the outbox fit for a backup, and a restored one from sending old alarms."""

import asyncio
from collections.abc import Awaitable
import logging

from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .coordinator import QuectelConfigEntry
from .delivery.records import OutboxError

_LOGGER = logging.getLogger(__name__)


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Make each outbox's file whole, and note in it that a backup is made."""
    await asyncio.gather(
        *(
            _done(entry, entry.runtime_data.courier.before_backup())
            for entry in _loaded(hass)
        )
    )


async def async_post_backup(hass: HomeAssistant) -> None:
    """Clear the notes: these outboxes are not the ones in the backup."""
    await asyncio.gather(
        *(
            _done(entry, entry.runtime_data.courier.after_backup())
            for entry in _loaded(hass)
        )
    )


def _loaded(hass: HomeAssistant) -> list[QuectelConfigEntry]:
    return hass.config_entries.async_loaded_entries(DOMAIN)


async def _done(entry: QuectelConfigEntry, step: Awaitable[None]) -> None:
    """Take a step with an outbox; a backup of all the rest does not fail with it.

    A note that stays makes the next start ask a person, which is the safe side.
    """
    try:
        await step
    except OutboxError as err:
        _LOGGER.warning(
            "The outbox of %s can't be readied for a backup: %s", entry.title, err
        )
