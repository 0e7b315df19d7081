"""The words that emails are given, in the language of this instance."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .delivery.enclosures import MissingReason
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
        attachments=text("email_attachments"),
        whole_text=text("email_whole_text"),
        not_attached=text("email_not_attached"),
        more_not_attached=text("email_more_not_attached"),
        reasons={reason: text(f"email_{reason}") for reason in MissingReason},
        timezone=dt_util.get_default_time_zone(),
    )
