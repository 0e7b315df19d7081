"""The words that emails are given, in the language of this instance."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .delivery.rules.wording import Wording


async def load_wording(hass: HomeAssistant) -> Wording:
    """Return the wording; where a language lacks a text, it is English."""
    texts = await async_get_translations(hass, hass.config.language, "common", {DOMAIN})

    def text(key: str) -> str:
        return texts[f"component.{DOMAIN}.common.{key}"]

    return Wording(
        reference=text("email_reference"),
        repeat=text("email_repeat"),
        waited=text("email_waited"),
        times=text("email_times"),
        digest_subject=text("email_digest_subject"),
        digest_entry=text("email_digest_entry"),
        timezone=dt_util.get_default_time_zone(),
    )
