"""Turns what keeps something from being done into the error that a person reads."""

from math import ceil

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .const import DOMAIN
from .delivery.errors import (
    BusyError,
    OutboxError,
    OutboxFullError,
    OutboxNewerError,
    TooSoonError,
)
from .line_state import of_trouble
from .modem.at.errors import InvalidValueError, ModemError


def refused_value(err: InvalidValueError) -> ServiceValidationError:
    """Return the error for a recipient that can't be written to."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=f"invalid_{err.field}_{err.reason}",
        translation_placeholders={"limit": str(err.limit or "")},
    )


def outbox_failure(err: OutboxError) -> HomeAssistantError:
    """Return the error for an outbox that is full, or can't be read or written."""
    if isinstance(err, OutboxFullError):
        limit = err.limit if err.unit == "emails" else err.limit // 1_000_000
        return HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=f"outbox_full_{err.unit}",
            translation_placeholders={"limit": str(limit)},
        )
    newer = isinstance(err, OutboxNewerError)
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="outbox_newer" if newer else "outbox_failed",
    )


def modem_failure(err: BusyError | TooSoonError | ModemError) -> HomeAssistantError:
    """Return the error for a modem that was asked for what it can't do now."""
    if isinstance(err, TooSoonError):
        return HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="restart_too_soon",
            translation_placeholders={"minutes": str(ceil(err.seconds / 60))},
        )
    if isinstance(err, BusyError):
        return HomeAssistantError(
            translation_domain=DOMAIN, translation_key="modem_busy"
        )
    return HomeAssistantError(
        translation_domain=DOMAIN, translation_key=f"line_{of_trouble(err).value}"
    )
