"""What of a status needs a person: the repair issues that stand for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .delivery.records import Finding, Reason
from .delivery.status import OutboxState, Status
from .modem.at.errors import (
    ApnMissingError,
    InvalidValueError,
    ModemError,
    NetworkLockedError,
    NoAnswerError,
    NotAModemError,
    PinRequiredError,
    PinTriesExhaustingError,
    PortError,
    PukRequiredError,
    RegistrationDeniedError,
    SimError,
    SimMissingError,
    UnexpectedAnswerError,
    UnsupportedModemError,
    WrongModemError,
)

RESTORED: Final = "restored"
DAMAGED: Final = "outbox_damaged"
TRY_AGAIN: Final = {
    "login_held": Reason.LOGIN,
    "certificate_held": Reason.CERTIFICATE,
    "results_elsewhere": Reason.RESULTS_ELSEWHERE,
    "unexplained": Reason.UNEXPLAINED,
    "refused": Reason.REFUSED,
}
"""Those where a person can have tried at once what was mended."""
TOLD: Final = {
    "login_held": ("said",),
    "certificate_held": ("said",),
    "refused": ("said", "named"),
}
"""Their further steps, for where the mail server has told more: words, an address."""

# The first that fits.
_TROUBLES: Final[tuple[tuple[type[ModemError], str], ...]] = (
    (PinTriesExhaustingError, "pin_tries_low"),
    (PinRequiredError, "pin_required"),
    (PukRequiredError, "puk_required"),
    (SimMissingError, "sim_missing"),
    (NetworkLockedError, "network_locked"),
    (SimError, "sim_failure"),
    (RegistrationDeniedError, "registration_denied"),
    (ApnMissingError, "apn_missing"),
    (WrongModemError, "wrong_modem"),
    (UnsupportedModemError, "unsupported_modem"),
)
_HOLDS: Final = {
    **{reason: key for key, reason in TRY_AGAIN.items()},
    Reason.RESTORED: RESTORED,
}
_SETTINGS: Final = "settings_invalid"
_PORT: Final = "port_missing"
_SILENT: Final = "modem_silent"
_OUTBOX: Final = {
    OutboxState.FAILED: "outbox_failed",
    OutboxState.NEWER: "outbox_newer",
}
_EXHAUSTED: Final = "recovery_exhausted"

KEYS: Final = frozenset(
    {key for _, key in _TROUBLES}
    | {*_HOLDS.values(), *_OUTBOX.values()}
    | {_SETTINGS, _PORT, _SILENT, _EXHAUSTED, DAMAGED}
)

_SPEECHLESS: Final = (NoAnswerError, NotAModemError, UnexpectedAnswerError)
UNREACHED: Final = (PortError, *_SPEECHLESS)
"""Troubles that pass, but of which a person is told where they last."""


@dataclass(frozen=True, slots=True)
class Issue:
    """A repair issue; ``key`` is that of its texts."""

    key: str
    placeholders: tuple[tuple[str, str], ...] = ()

    @property
    def fixable(self) -> bool:
        """Whether there is something to decide or to confirm."""
        return self.lasting or self.key == RESTORED or self.key in TRY_AGAIN

    @property
    def lasting(self) -> bool:
        """Whether it stays until a person has seen it, over restarts too."""
        return self.key == DAMAGED


def issue_id(key: str, entry_id: str) -> str:
    """Return the id of an entry's issue."""
    return f"{key}_{entry_id}"


def issues_of(
    status: Status, *, invalid: InvalidValueError | None, unreached: bool
) -> frozenset[Issue]:
    """Return what a person has to be told now.

    ``invalid``: what in the entry can't be used. ``unreached``: whether the modem could
    not be reached for long.
    """
    return frozenset(_issues(status, invalid, unreached))


def _told(key: str, finding: Finding | None) -> Iterator[tuple[str, str]]:
    """Yield what the mail server has told, where a text has a place for it."""
    if finding is None or key not in TOLD:
        return
    if finding.words or finding.address:
        yield "words", reply_of(finding)
    if finding.address:
        yield "address", finding.address


def reply_of(finding: Finding) -> str:
    """Return the server's reply in its own words, with its code."""
    said = (finding.reply, finding.words)
    return " ".join(str(part) for part in said if part is not None) or "–"


def _issues(
    status: Status, invalid: InvalidValueError | None, unreached: bool
) -> Iterator[Issue]:
    if invalid is not None:
        yield Issue(_SETTINGS, (("field", invalid.field),))
    for kind, key in _TROUBLES:
        if isinstance(status.trouble, kind):
            yield Issue(key)
            break
    if unreached:
        # What follows may be the key of a remote port.
        port = (status.port or "").partition("?")[0]
        key = _SILENT if isinstance(status.trouble, _SPEECHLESS) else _PORT
        yield Issue(key, (("port", port),))
    for reason in status.mail.held & _HOLDS.keys():
        count = ("count", str(status.mail.held_counts[reason]))
        finding = status.mail.held_findings.get(reason)
        yield Issue(_HOLDS[reason], (count, *_told(_HOLDS[reason], finding)))
    if status.outbox in _OUTBOX:
        yield Issue(_OUTBOX[status.outbox])
    if status.damaged:
        yield Issue(DAMAGED)
    if status.exhausted:
        yield Issue(_EXHAUSTED)
