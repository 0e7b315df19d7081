"""What became of an email, as an action answers: with meanings that people can read."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from homeassistant.core import HomeAssistant

from .delivery.records import EmailResult, Finding
from .findings import ACCEPTED, finding_attributes, refusal_attributes, state_name
from .texts import load_texts

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
        **meanings(await load_texts(hass, "entity"), told),
        **refusal_attributes(finding),
        "fitted": list(_changes(finding, await load_texts(hass, "common"))),
    }


def meanings(
    texts: Mapping[str, str], told: Mapping[str, Any]
) -> dict[str, str | None]:
    """Return what reason, codes and error of an answer mean, each in a sentence.

    texts: those of entities.
    """
    return {
        meaning: texts.get(f"{entity}.state_attributes.{key}.state.{told[key]}")
        for meaning, (entity, key) in _MEANINGS.items()
    }


def _changes(
    finding: Finding | None, texts: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """Yield what was changed so that the email could go, each in a sentence."""
    for change in () if finding is None else finding.changes:
        yield {
            "change": change.what.value,
            "name": change.name,
            "text": texts[f"fitted_{change.what}"].format(name=change.name),
        }
