"""Keeps the outbox fit for a backup, and a restored one from sending old alarms."""

import asyncio
from collections.abc import Awaitable, Callable
import logging

from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .delivery.courier.courier import Courier
from .delivery.errors import OutboxError
from .runtime import QuectelConfigEntry

_LOGGER = logging.getLogger(__name__)


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Make each outbox's file whole, and note in it that a backup is made."""
    await _each(
        hass,
        lambda courier: courier.before_backup(),
        "The outbox of %s can't be readied for a backup: %s",
    )


async def async_post_backup(hass: HomeAssistant) -> None:
    """Clear the notes: these outboxes are not the ones in the backup."""
    await _each(
        hass,
        lambda courier: courier.after_backup(),
        "The outbox of %s can't be told that the backup is over: %s."
        " It is tried again with each change, and hourly",
    )


async def _each(
    hass: HomeAssistant, step: Callable[[Courier], Awaitable[None]], failed: str
) -> None:
    """Take a step with each outbox; a backup of all the rest does not fail with it."""

    async def take(entry: QuectelConfigEntry) -> None:
        try:
            await step(entry.runtime_data.courier)
        except OutboxError as err:
            _LOGGER.warning(failed, entry.title, err)

    entries: list[QuectelConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    await asyncio.gather(*(take(entry) for entry in entries))
