"""Shows what an attempt came to, and what became of an email, as attributes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from .delivery.records import Finding, State, Transition
from .modem.at.codes import CmeCode, SmtpReply, cme_code

ACCEPTED: Final = "accepted"
RECIPIENT_ID: Final = "recipient_id"
UNCONFIRMED: Final = "unconfirmed"
"""It may have arrived. Home Assistant keeps the word "unknown" for itself, and its
trigger editor hides it."""
_NOTHING: Final = Finding()

EVENT_TYPES: Final = (
    ACCEPTED,
    State.SENT.value,
    State.PARTLY_SENT.value,
    State.DEFERRED.value,
    State.HELD.value,
    State.FAILED.value,
    State.EXPIRED.value,
    State.CANCELLED.value,
    UNCONFIRMED,
    State.MERGED.value,
)
"""What can become of an email, as people are told."""


def event_type(transition: Transition) -> str:
    """Return the word for a transition."""
    return (
        ACCEPTED if transition.state is State.QUEUED else state_name(transition.state)
    )


def state_name(state: State) -> str:
    """Return the word for a state, as people and automations get it."""
    return UNCONFIRMED if state is State.UNKNOWN else state.value


def transition_attributes(transition: Transition) -> dict[str, Any]:
    """Return what is known of a transition; no text or secret.

    Nor an address, unless the server refused it.
    """
    return {
        "reference": transition.reference,
        "recipient": transition.recipient,
        RECIPIENT_ID: transition.recipient_id,
        "attempts": transition.attempts,
        **finding_attributes(transition.finding),
        **refusal_attributes(transition.finding),
        "reason": None if transition.reason is None else transition.reason.value,
        "merged_into": transition.merged_into,
        "next_attempt": moment(transition.next_attempt),
    }


def known(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return those that have a value: of what is not known, nothing is shown."""
    return {key: value for key, value in attributes.items() if value is not None}


def finding_attributes(finding: Finding | None) -> dict[str, Any]:
    """Return the modem's and the server's codes with their names, and the error's.

    Also by which way it went, and what was changed for that.
    """
    found = finding or _NOTHING
    code = None if found.code is None else cme_code(str(found.code))
    reply = None if found.reply is None else SmtpReply.of(found.reply)
    return {
        "code": found.code,
        "code_name": _name(code),
        "reply": found.reply,
        "reply_name": _name(reply),
        "error": found.error,
        "way": None if found.result is None else found.way.value,
        "fitted": list(dict.fromkeys(change.what.value for change in found.changes)),
    }


def refusal_attributes(finding: Finding | None) -> dict[str, Any]:
    """Return the server's own words, and the address that it refused."""
    found = finding or _NOTHING
    return {"server_words": found.words, "refused_address": found.address}


def moment(when: datetime | None) -> str | None:
    """Return a point in time as attributes have it."""
    return None if when is None else when.isoformat()


def _name(code: CmeCode | SmtpReply | None) -> str | None:
    """Return the name of a code for translations, None where no table knows it."""
    name = getattr(code, "name", None)
    return name.lower() if isinstance(name, str) else None
