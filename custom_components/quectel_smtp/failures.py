"""Turns what keeps an email from being accepted into the error that a person reads."""

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from . import typed
from .const import DOMAIN
from .delivery.errors import OutboxError, OutboxFullError, OutboxNewerError
from .modem.at.errors import InvalidValueError


def refused_value(err: InvalidValueError) -> ServiceValidationError:
    """Return the error for a subject, body or recipient that can't be sent."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=f"invalid_{err.field}_{typed.reason(err)}",
        translation_placeholders={"limit": str(err.limit or "")},
    )


def outbox_failure(err: OutboxError) -> HomeAssistantError:
    """Return the error for an outbox that is full, or can't be read or written."""
    if isinstance(err, OutboxFullError):
        return HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=f"outbox_full_{err.unit}",
            translation_placeholders={"limit": str(err.limit)},
        )
    newer = isinstance(err, OutboxNewerError)
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="outbox_newer" if newer else "outbox_failed",
    )
