"""Begins a dialog about an entry at the form that mends it, and ends those left over."""

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigFlowContext,
)
from homeassistant.core import HomeAssistant, callback

from ..const import CONF_BEGIN, CONF_REASON, DOMAIN, REASON_PIN
from ..runtime import QuectelConfigEntry


async def begin_at(hass: HomeAssistant, entry: QuectelConfigEntry, step: str) -> str:
    """Return the id of a dialog that shows this step.

    Those that were left behind for the same entry end: nobody finds them again.
    """
    for left in entry.async_get_active_flows(hass, {SOURCE_RECONFIGURE}):
        hass.config_entries.flow.async_abort(left["flow_id"])
    if step != REASON_PIN:
        return await _begin(hass, entry, SOURCE_RECONFIGURE, {CONF_BEGIN: step})
    for asking in entry.async_get_active_flows(hass, {SOURCE_REAUTH}):
        return asking["flow_id"]
    return await _begin(hass, entry, SOURCE_REAUTH, {CONF_REASON: REASON_PIN})


@callback
def end_all(hass: HomeAssistant, entry: QuectelConfigEntry) -> None:
    """End each dialog about an entry that is removed: nothing is left to be saved in."""
    entries = hass.config_entries
    for about in entry.async_get_active_flows(
        hass, {SOURCE_RECONFIGURE, SOURCE_REAUTH}
    ):
        entries.flow.async_abort(about["flow_id"])
    for options in entries.options.async_progress_by_handler(entry.entry_id):
        entries.options.async_abort(options["flow_id"])
    for recipient in entries.subentries.async_progress():
        if recipient["handler"][0] == entry.entry_id:
            entries.subentries.async_abort(recipient["flow_id"])


async def _begin(
    hass: HomeAssistant, entry: QuectelConfigEntry, source: str, data: dict[str, str]
) -> str:
    flow = await hass.config_entries.flow.async_init(
        DOMAIN,
        context=ConfigFlowContext(
            source=source,
            entry_id=entry.entry_id,
            unique_id=entry.unique_id,
            title_placeholders={"name": entry.title},
        ),
        data=data,
    )
    return flow["flow_id"]
