"""Words for the logbook: of emails whose modem was removed while they waited.

What becomes of other emails, and of the line, are states of event entities, for which
the logbook has the words of their event types.
"""

from collections.abc import Callable

from homeassistant.components.logbook.const import (
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.translation import async_get_cached_translations

from .const import DOMAIN
from .findings import EVENT_TYPES


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, str]]], None],
) -> None:
    """Tell which events there are words for, in the language of this instance."""

    @callback
    def describe(event: Event) -> dict[str, str]:
        """Return the words; a recipient's name stays in the event."""

        def text(category: str, key: str) -> str:
            texts = async_get_cached_translations(
                hass, hass.config.language, category, DOMAIN
            )
            return texts[f"component.{DOMAIN}.{category}.{key}"]

        end = str(event.event_type).removeprefix(f"{DOMAIN}_")
        words = {
            "reference": str(event.data["reference"]),
            "end": text(
                "entity", f"event.email.state_attributes.event_type.state.{end}"
            ),
        }
        return {
            LOGBOOK_ENTRY_NAME: text("common", "logbook_name"),
            LOGBOOK_ENTRY_MESSAGE: text("common", "logbook_removed").format(**words),
        }

    for end in EVENT_TYPES:
        async_describe_event(DOMAIN, f"{DOMAIN}_{end}", describe)
