"""The integration's texts in the language of this instance."""

from collections.abc import Mapping

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN


async def load_texts(hass: HomeAssistant, category: str) -> Mapping[str, str]:
    """Return those of a category by their keys below it; English where one is missing."""
    prefix = f"component.{DOMAIN}.{category}."
    found = await async_get_translations(hass, hass.config.language, category, {DOMAIN})
    return {key.removeprefix(prefix): text for key, text in found.items()}


async def message_of(
    hass: HomeAssistant, key: str | None, placeholders: Mapping[str, str] | None
) -> str:
    """Return what an exception says; the exception itself would say it in English."""
    texts = await load_texts(hass, "exceptions")
    return texts[f"{key}.message"].format(**(placeholders or {}))
