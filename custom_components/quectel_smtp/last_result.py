"""How the emails are doing, as sensors show it: how the last one ended, why some wait."""

from typing import Any, Final

from .delivery.records import Last, Reason, State
from .delivery.status import Status
from .findings import (
    UNCONFIRMED,
    finding_attributes,
    known,
    refusal_attributes,
    state_name,
)
from .modem.mail.smtp import Result

_ENDS: Final = {
    state: state_name(state)
    for state in (
        State.SENT,
        State.PARTLY_SENT,
        State.FAILED,
        State.EXPIRED,
        State.CANCELLED,
        State.UNKNOWN,
        State.DEFERRED,
        State.HELD,
    )
}
# Of an email that goes on waiting, how the last attempt with it ended says more.
_ATTEMPTS: Final = {
    Result.REFUSED: "refused",
    Result.DOUBTFUL: "doubtful",
    Result.UNKNOWN: UNCONFIRMED,
}
RESULTS: Final = tuple(dict.fromkeys((*_ENDS.values(), *_ATTEMPTS.values())))
"""All that the last result can be."""


def last_result(last: Last | None) -> str | None:
    """Return how the last attempt, or the last email, ended."""
    if last is None:
        return None
    if last.state.waiting and last.finding.result in _ATTEMPTS:
        return _ATTEMPTS[last.finding.result]
    return _ENDS.get(last.state)


def last_attributes(last: Last | None) -> dict[str, Any] | None:
    """Return what is known of it; no text of the email."""
    if last is None:
        return None
    return known(
        {
            **finding_attributes(last.finding),
            **refusal_attributes(last.finding),
            "reference": last.reference,
            "time": last.when.isoformat(),
            "attempts": last.attempts,
            "state": state_name(last.state),
        }
    )


def waiting_attributes(status: Status) -> dict[str, Any]:
    """Return why emails wait: what needs a person first, and what the modem suffers."""
    mail = status.mail
    reasons = [
        reason
        for why in (mail.held, mail.deferred)
        for reason in Reason
        if reason in why
    ]
    return known(
        {
            "reason": reasons[0].value if reasons else None,
            "trouble": None if status.trouble is None else status.trouble.key,
        }
    )
