"""The actions: what waits in the outbox, tried at once or cancelled."""

from typing import TYPE_CHECKING, Any, Final

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
from .const import DOMAIN
from .coordinator import QuectelConfigEntry
from .delivery.courier.courier import Courier
from .delivery.errors import BeingSentError, NotWaitingError, OutboxError
from .delivery.records import Listed
from .failures import outbox_failure
from .findings import finding_attributes, moment

if TYPE_CHECKING:
    # Home Assistant answers the import of voluptuous with this, its own engine.
    import probatio as vol
else:
    import voluptuous as vol

LIST_OUTBOX: Final = "list_outbox"
RETRY_NOW: Final = "retry_now"
CANCEL: Final = "cancel"
ATTR_REFERENCE: Final = "reference"

_ENTRY: Final = {vol.Optional(ATTR_CONFIG_ENTRY_ID): cv.string}
_OF_ENTRY: Final = vol.Schema(_ENTRY)
_OF_EMAIL: Final = vol.Schema({**_ENTRY, vol.Optional(ATTR_REFERENCE): cv.string})


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    hass.services.async_register(
        DOMAIN,
        LIST_OUTBOX,
        _list_outbox,
        schema=_OF_ENTRY,
        supports_response=SupportsResponse.ONLY,
    )
    hass.services.async_register(DOMAIN, RETRY_NOW, _retry_now, schema=_OF_EMAIL)
    hass.services.async_register(DOMAIN, CANCEL, _cancel, schema=_OF_EMAIL)


async def _list_outbox(call: ServiceCall) -> ServiceResponse:
    """Return what waits: nothing of its text, and no address."""
    try:
        listed = await _courier(call).listed()
    except OutboxError as err:
        raise outbox_failure(err) from err
    return {"emails": [_shown(email) for email in listed]}


async def _retry_now(call: ServiceCall) -> None:
    """Try what waits at once, all or one."""
    reference = _reference(call)
    try:
        await _courier(call).retry(reference)
    except NotWaitingError as err:
        raise _refused("not_waiting", reference) from err
    except OutboxError as err:
        raise outbox_failure(err) from err


async def _cancel(call: ServiceCall) -> None:
    """End what waits, all or one."""
    reference = _reference(call)
    try:
        await _courier(call).cancel(reference)
    except NotWaitingError as err:
        raise _refused("not_waiting", reference) from err
    except BeingSentError as err:
        raise _refused("being_sent", reference) from err
    except OutboxError as err:
        raise outbox_failure(err) from err


def _courier(call: ServiceCall) -> Courier:
    entry: QuectelConfigEntry = service.async_get_config_entry(
        call.hass, DOMAIN, call.data.get(ATTR_CONFIG_ENTRY_ID)
    )
    return entry.runtime_data.courier


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


def _shown(email: Listed) -> dict[str, Any]:
    return {
        "reference": email.reference,
        "recipient": email.recipient,
        "state": email.state.value,
        "reason": None if email.reason is None else email.reason.value,
        "critical": email.critical,
        "accepted": moment(email.accepted),
        "attempts": email.attempts,
        "next_attempt": moment(email.next_attempt),
        "expires": moment(email.expires),
        **finding_attributes(email.finding),
    }
