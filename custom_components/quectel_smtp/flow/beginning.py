"""Begins a dialog about an entry at the form that mends what is wrong with it."""

from typing import Any

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlowContext,
)
from homeassistant.core import HomeAssistant

from ..const import CONF_BEGIN, DOMAIN


async def begin_at(hass: HomeAssistant, entry: ConfigEntry[Any], step: str) -> str:
    """Return the id of a dialog that shows this step."""
    flow = await hass.config_entries.flow.async_init(
        DOMAIN,
        context=ConfigFlowContext(
            source=SOURCE_RECONFIGURE,
            entry_id=entry.entry_id,
            unique_id=entry.unique_id,
        ),
        data={CONF_BEGIN: step},
    )
    return flow["flow_id"]
