"""Turns what went wrong with an email into the error that a person reads."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN
from .delivery.courier import Report
from .modem.codes import CmeCode, SmtpError, SmtpReply
from .modem.errors import (
    CommandError,
    InvalidValueError,
    ModemError,
    PdpError,
    ServerNameError,
)
from .modem.smtp import Outcome, Result

_ATTRIBUTES = f"component.{DOMAIN}.entity.sensor.last_send_result.state_attributes"


def code_name(code: CmeCode | SmtpReply | None) -> str | None:
    """Return the name of a code for translations, None where no table knows it."""
    name = getattr(code, "name", None)
    return name.lower() if isinstance(name, str) else None


def refused_value(err: InvalidValueError) -> ServiceValidationError:
    """Return the error for a subject, body or recipient that can't be sent."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=f"invalid_{err.field}_{err.reason}",
        translation_placeholders={"limit": str(err.limit or "")},
    )


async def not_delivered(hass: HomeAssistant, report: Report) -> HomeAssistantError:
    """Return the error for an email that was not sent, or not certainly."""
    if report.outcome is not None:
        return await _outcome_error(hass, report, report.outcome)
    error = report.error or ModemError()
    invalid = isinstance(error, InvalidValueError)
    key = "settings_invalid" if invalid else error.key
    code: CmeCode | None = None
    if isinstance(error, PdpError | ServerNameError | CommandError):
        code = error.code
    return _error(key, report, code=_number(code), reply="")


async def _outcome_error(
    hass: HomeAssistant, report: Report, outcome: Outcome
) -> HomeAssistantError:
    code = outcome.code
    if outcome.result is Result.UNKNOWN:
        key = "result_lost"
    elif isinstance(code, SmtpError):
        key = f"smtp_{int(code)}"
    elif outcome.result is Result.DOUBTFUL:
        key = "result_doubtful"
    else:
        key = "modem_refused"
    return _error(
        key, report, code=_number(code), reply=await _reply_text(hass, outcome.reply)
    )


async def _reply_text(hass: HomeAssistant, reply: SmtpReply | int | None) -> str:
    """Return the server's reply with its meaning, in the language of this instance."""
    texts = await async_get_translations(hass, hass.config.language, "entity", {DOMAIN})
    name = "none" if reply is None else code_name(reply) or "unlisted"
    meaning = texts.get(f"{_ATTRIBUTES}.reply_name.state.{name}", name)
    return meaning if reply is None else f"{int(reply)} ({meaning})"


def _number(code: CmeCode | None) -> str:
    return "–" if code is None else str(int(code))


def _error(key: str, report: Report, *, code: str, reply: str) -> HomeAssistantError:
    return HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={
            "code": code,
            "reply": reply,
            "reference": report.reference,
        },
    )
