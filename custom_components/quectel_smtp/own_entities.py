"""Which entities a trigger or a condition of ours means, of those that a person chose."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN


def own_entities(
    hass: HomeAssistant, entities: set[str], translation_key: str
) -> set[str]:
    """Return those of ours that are of this kind.

    A device or an area has others, too, of ours and of other integrations.
    """
    registry = er.async_get(hass)
    return {
        entity_id
        for entity_id in entities
        if (known := registry.async_get(entity_id)) is not None
        and known.platform == DOMAIN
        and known.translation_key == translation_key
    }
