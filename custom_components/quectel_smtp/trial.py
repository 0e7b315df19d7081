"""Emails that only try the way: what a person asks for, and the report of a day or week."""

from enum import Enum

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from . import typed
from .const import CONF_SENDER_ADDRESS
from .delivery.addresses import Addresses
from .delivery.courier.courier import Courier
from .delivery.email import Email
from .delivery.errors import OutboxError
from .failures import outbox_failure, refused_value
from .modem.at.errors import InvalidValueError
from .recipients import addresses_of
from .runtime import QuectelConfigEntry
from .texts import load_texts


class Trial(Enum):
    """Which of them: by the names of its subject and its text."""

    TEST = ("test_subject", "test_body")
    REPORT = ("report_subject", "report_body")


async def send_trial(
    hass: HomeAssistant,
    entry: QuectelConfigEntry,
    courier: Courier,
    kind: Trial,
    recipient: ConfigSubentry | None,
    *,
    lifetime: float | None = None,
) -> str:
    """Have a trial accepted, and return its reference.

    To a recipient; without one to the sender's own mailbox, which tries the same way and
    disturbs nobody. ``HomeAssistantError`` where it is not accepted.
    """
    texts = await load_texts(hass, "common")

    def text(key: str) -> str:
        time = dt_util.now().strftime("%Y-%m-%d %H:%M:%S")
        return texts[key].replace("{time}", time).replace("{name}", entry.title)

    subject, body = kind.value
    try:
        if recipient is None:
            to = Addresses((str(entry.data.get(CONF_SENDER_ADDRESS, "")),))
        else:
            to = addresses_of(recipient.data)
        email = Email(
            subject=typed.one_line(text(subject)),
            body=text(body),
            to=to.to,
            cc=to.cc,
            bcc=to.bcc,
            recipient=entry.title if recipient is None else recipient.title,
            recipient_id=None if recipient is None else recipient.subentry_id,
            lifetime=lifetime,
        )
        await courier.submit(email)
    except InvalidValueError as err:
        raise refused_value(err) from err
    except OutboxError as err:
        raise outbox_failure(err) from err
    return email.reference
