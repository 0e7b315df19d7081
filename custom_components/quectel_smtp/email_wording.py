"""The words that emails are given, in the language of this instance."""

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .delivery.enclosures import MissingReason
from .delivery.rules.wording import Wording
from .texts import load_texts


async def load_wording(hass: HomeAssistant) -> Wording:
    """Return the wording; where a language lacks a text, it is English."""
    texts = await load_texts(hass, "common")
    return Wording(
        reference=texts["email_reference"],
        repeat=texts["email_repeat"],
        waited=texts["email_waited"],
        times=texts["email_times"],
        digest_subject=texts["email_digest_subject"],
        digest_entry=texts["email_digest_entry"],
        attachments=texts["email_attachments"],
        whole_text=texts["email_whole_text"],
        not_attached=texts["email_not_attached"],
        more_not_attached=texts["email_more_not_attached"],
        reasons={reason: texts[f"email_{reason}"] for reason in MissingReason},
        timezone=dt_util.get_default_time_zone(),
    )
