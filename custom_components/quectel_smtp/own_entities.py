"""Which entities a trigger or a condition of ours means, of those that a person chose."""

from typing import TYPE_CHECKING

from homeassistant.const import CONF_ENTITY_ID, CONF_TARGET
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN
from .texts import message_of

if TYPE_CHECKING:
    # Home Assistant answers the import of voluptuous with this, its own engine.
    import probatio as vol
else:
    import voluptuous as vol


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


async def refuse_others(
    hass: HomeAssistant, config: ConfigType, translation_key: str
) -> ConfigType:
    """Return a configuration that names no entity of another kind.

    The editor's picker can't tell ours from one another, and an automation that waits for
    the wrong one would never run: ``vol.Invalid`` says so while it is saved. One that is
    not registered may come.
    """
    registry = er.async_get(hass)
    named = config[CONF_TARGET].get(CONF_ENTITY_ID, ())
    known = {entity_id for entity_id in named if registry.async_get(entity_id)}
    if wrong := known - own_entities(hass, known, translation_key):
        names = {"entities": ", ".join(sorted(wrong))}
        raise vol.Invalid(await message_of(hass, "entities_not_meant", names))
    return config
