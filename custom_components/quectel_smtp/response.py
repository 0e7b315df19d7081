"""What became of an email, as an action answers: with meanings that people can read."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN
from .delivery.records import EmailResult, Finding
from .findings import ACCEPTED, finding_attributes, refusal_attributes, state_name

# What has a meaning, and the entity whose attribute says it to people.
_MEANINGS: Final = {
    "reason_meaning": ("event.email", "reason"),
    "code_meaning": ("sensor.last_send_result", "code_name"),
    "reply_meaning": ("sensor.last_send_result", "reply_name"),
    "error_meaning": ("sensor.last_send_result", "error"),
}


async def response_to(
    hass: HomeAssistant, reference: str, result: EmailResult | None
) -> dict[str, Any]:
    """Return it; ``result`` is None where no more is known than that it was accepted."""
    finding = None if result is None else result.finding
    reason = None if result is None else result.reason
    told = {
        "reason": None if reason is None else reason.value,
        **finding_attributes(finding),
    }
    return {
        "reference": reference,
        "state": ACCEPTED if result is None else state_name(result.state),
        "attempts": 0 if result is None else result.attempts,
        "seconds": None if result is None else round(result.seconds, 1),
        "merged_into": None if result is None else result.merged_into,
        **told,
        **await meanings(hass, told),
        **refusal_attributes(finding),
        "fitted": list(_changes(finding, await _texts(hass, "common"))),
    }


async def meanings(
    hass: HomeAssistant, told: Mapping[str, Any]
) -> dict[str, str | None]:
    """Return what reason, codes and error of an answer mean, each in a sentence."""
    texts = await _texts(hass, "entity")
    return {
        meaning: texts.get(
            f"component.{DOMAIN}.entity.{entity}.state_attributes"
            f".{key}.state.{told[key]}"
        )
        for meaning, (entity, key) in _MEANINGS.items()
    }


async def _texts(hass: HomeAssistant, category: str) -> Mapping[str, str]:
    return await async_get_translations(hass, hass.config.language, category, {DOMAIN})


def _changes(
    finding: Finding | None, texts: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """Yield what was changed so that the email could go, each in a sentence."""
    for change in () if finding is None else finding.changes:
        key = f"fitted_{change.what}"
        sentence = texts[f"component.{DOMAIN}.common.{key}"]
        yield {
            "change": change.what.value,
            "name": change.name,
            "text": sentence.format(name=change.name),
        }
