"""The actions: an email sent; what waits in the outbox listed, tried at once, cancelled."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from homeassistant.components.notify.const import DOMAIN as NOTIFY_DOMAIN
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv, service

from . import typed
from .asked import SCHEMA
from .const import DOMAIN
from .delivery.courier.courier import Courier
from .delivery.errors import BeingSentError, NotWaitingError, OutboxError
from .delivery.records import Listed
from .failures import outbox_failure
from .findings import finding_attributes, moment
from .response import meanings
from .runtime import QuectelConfigEntry
from .texts import load_texts

if TYPE_CHECKING:
    # Home Assistant answers the import of voluptuous with this, its own engine.
    import probatio as vol
else:
    import voluptuous as vol

SEND_MESSAGE: Final = "send_message"
ATTR_WAIT_FOR_RESULT: Final = "wait_for_result"
ATTR_TIMEOUT: Final = "timeout"
PATIENCE: Final = timedelta(minutes=2)
PATIENCE_MOST: Final = timedelta(hours=1)
"""How long a caller waits for what becomes of an email; at most."""

LIST_OUTBOX: Final = "list_outbox"
RETRY_NOW: Final = "retry_now"
CANCEL: Final = "cancel"
ATTR_REFERENCE: Final = "reference"
ATTR_ALL: Final = "all"

_EMAIL_TO_SEND: Final[dict[str | vol.Marker, Any]] = {
    **SCHEMA,
    vol.Optional(ATTR_WAIT_FOR_RESULT, default=False): cv.boolean,
    vol.Optional(ATTR_TIMEOUT, default=PATIENCE): vol.All(
        cv.positive_time_period, vol.Range(max=PATIENCE_MOST)
    ),
}
_ENTRY: Final = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
_EMAIL: Final = {**_ENTRY, vol.Optional(ATTR_REFERENCE): cv.string}
_OF_ENTRY: Final = vol.Schema(_ENTRY)
_OF_EMAIL: Final = vol.Schema(_EMAIL)
_OF_EMAIL_OR_ALL: Final = vol.Schema({**_EMAIL, vol.Optional(ATTR_ALL): cv.boolean})


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    service.async_register_platform_entity_service(
        hass,
        DOMAIN,
        SEND_MESSAGE,
        entity_domain=NOTIFY_DOMAIN,
        schema=_EMAIL_TO_SEND,
        func="async_send_email",
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN,
        LIST_OUTBOX,
        _list_outbox,
        schema=_OF_ENTRY,
        supports_response=SupportsResponse.ONLY,
    )
    hass.services.async_register(
        DOMAIN,
        RETRY_NOW,
        _retry_now,
        schema=_OF_EMAIL,
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(
        DOMAIN,
        CANCEL,
        _cancel,
        schema=_OF_EMAIL_OR_ALL,
        supports_response=SupportsResponse.OPTIONAL,
    )


async def _list_outbox(call: ServiceCall) -> ServiceResponse:
    """Return what waits, of all modems unless one is named: no text, and no address."""
    with_subjects = await _may_read_subjects(call)
    try:
        found = [
            {"modem": entry.title, **_shown(email, with_subject=with_subjects)}
            for entry in _entries(call)
            for email in await entry.runtime_data.courier.listed()
        ]
    except OutboxError as err:
        raise outbox_failure(err) from err
    texts = await load_texts(call.hass, "entity")
    return {"emails": [{**shown, **meanings(texts, shown)} for shown in found]}


async def _may_read_subjects(call: ServiceCall) -> bool:
    """Whether subjects are shown: to automations, and to administrators.

    Home Assistant lets each of its users call an action that is of no entity. A title
    may tell what one of a household has written to another, which a guest's account or
    a tablet on the wall has no business to read.
    """
    if (user_id := call.context.user_id) is None:
        return True
    user = await call.hass.auth.async_get_user(user_id)
    return user is not None and user.is_admin


async def _retry_now(call: ServiceCall) -> ServiceResponse:
    """Try what waits at once, all or one, and say how many that is."""
    reference = _reference(call)
    try:
        return {"retried": await _courier(call).retry(reference)}
    except NotWaitingError as err:
        raise _refused("not_waiting", reference) from err
    except OutboxError as err:
        raise outbox_failure(err) from err


async def _cancel(call: ServiceCall) -> ServiceResponse:
    """End what waits, one or expressly all, and say how many that is."""
    reference = _reference(call)
    if (reference is None) is not call.data.get(ATTR_ALL, False):
        # A forgotten reference must not end everything, and "all" not be ignored.
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="reference_or_all"
        )
    try:
        return {"cancelled": await _courier(call).cancel(reference)}
    except NotWaitingError as err:
        raise _refused("not_waiting", reference) from err
    except BeingSentError as err:
        raise _refused("being_sent", reference) from err
    except OutboxError as err:
        raise outbox_failure(err) from err


def _entries(call: ServiceCall) -> list[QuectelConfigEntry]:
    """Return the entry that is named, or else all that are loaded."""
    if ATTR_CONFIG_ENTRY_ID not in call.data:
        loaded: list[QuectelConfigEntry] = (
            call.hass.config_entries.async_loaded_entries(DOMAIN)
        )
        if loaded:
            return loaded
    return [_entry(call)]


def _entry(call: ServiceCall) -> QuectelConfigEntry:
    """Return the entry that is named, or else the only one."""
    entry: QuectelConfigEntry = service.async_get_config_entry(
        call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID)
    )
    return entry


def _courier(call: ServiceCall) -> Courier:
    return _entry(call).runtime_data.courier


def _reference(call: ServiceCall) -> str | None:
    """Return the reference as it was given out, however it was typed."""
    reference: str | None = call.data.get(ATTR_REFERENCE)
    return None if reference is None else typed.stripped(reference).upper()


def _refused(key: str, reference: str | None) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"reference": reference or "–"},
    )


def _shown(email: Listed, *, with_subject: bool) -> dict[str, Any]:
    return {
        "reference": email.reference,
        "recipient": email.recipient,
        "subject": email.subject if with_subject else None,
        "state": email.state.value,
        "reason": None if email.reason is None else email.reason.value,
        "critical": email.critical,
        "accepted": moment(email.accepted),
        "attempts": email.attempts,
        "next_attempt": moment(email.next_attempt),
        "expires": moment(email.expires),
        **finding_attributes(email.finding),
    }
