"""What of a status needs a person: the repair issues that stand for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .delivery.records import Finding, Reason
from .delivery.status import OutboxState, Status
from .line_state import Obstacle
from .modem.at.errors import (
    ApnMissingError,
    InvalidValueError,
    ModemError,
    NetworkLockedError,
    PinRequiredError,
    PinTriesExhaustingError,
    PukRequiredError,
    RegistrationDeniedError,
    SimError,
    SimMissingError,
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
MENDED_AT: Final = {
    "login_held": "server",
    "certificate_held": "server",
    "unexplained": "server",
    "refused": "server",
    "results_elsewhere": "cellular",
    "apn_missing": "cellular",
    "no_network": "cellular",
    "no_data_connection": "cellular",
    "server_unreached": "server",
    "port_missing": "port",
    "modem_silent": "port",
    "wrong_modem": "port",
    "pin_required": "pin",
    "pin_tries_low": "pin",
    "settings_invalid": "reconfigure",
    "no_recipient": "recipient",
}
"""Those that a person can mend here, and the form that each leads to."""
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
_NO_RECIPIENT: Final = "no_recipient"
LOST: Final = {
    Obstacle.MODEM_AWAY: "port_missing",
    Obstacle.MODEM_SILENT: "modem_silent",
    Obstacle.NO_NETWORK: "no_network",
    Obstacle.NO_DATA_CONNECTION: "no_data_connection",
    Obstacle.SERVER: "server_unreached",
}
"""What passes, but of which a person is told where it lasts."""
BARRED: Final = "roaming_barred"
_OUTBOX: Final = {
    OutboxState.FAILED: "outbox_failed",
    OutboxState.NEWER: "outbox_newer",
}
_EXHAUSTED: Final = "recovery_exhausted"

KEYS: Final = frozenset(
    {key for _, key in _TROUBLES}
    | {*_HOLDS.values(), *_OUTBOX.values()}
    | {*LOST.values(), _SETTINGS, _NO_RECIPIENT, BARRED, _EXHAUSTED, DAMAGED}
)


@dataclass(frozen=True, slots=True)
class Issue:
    """A repair issue; ``key`` is that of its texts."""

    key: str
    placeholders: tuple[tuple[str, str], ...] = ()

    @property
    def fixable(self) -> bool:
        """Whether there is something to decide or to confirm."""
        return self.lasting or self.key in {RESTORED, BARRED, *MENDED_AT}

    @property
    def lost(self) -> bool:
        """Whether it is told only where it lasts."""
        return self.key in LOST.values()

    @property
    def lasting(self) -> bool:
        """Whether it stays until a person has seen it, over restarts too."""
        return self.key == DAMAGED


def issue_id(key: str, entry_id: str) -> str:
    """Return the id of an entry's issue."""
    return f"{key}_{entry_id}"


def issues_of(
    status: Status,
    *,
    invalid: InvalidValueError | None,
    lost: Obstacle | None,
    recipients: int = 1,
) -> frozenset[Issue]:
    """Return what a person has to be told now.

    ``invalid``: what in the entry can't be used. ``lost``: what has been in the way for
    long. ``recipients``: how many there are.
    """
    found = frozenset(_issues(status, invalid, lost))
    return found if recipients else found | {Issue(_NO_RECIPIENT)}


def _told(key: str, finding: Finding | None) -> Iterator[tuple[str, str]]:
    """Yield what the mail server has told, where a text has a place for it."""
    if finding is None or key not in TOLD:
        return
    answer = reply_of(finding)
    if answer and (finding.words or finding.address):
        yield "words", answer
        if finding.address:
            yield "address", finding.address


def reply_of(finding: Finding) -> str:
    """Return the server's reply in its own words, with its code; empty if not known."""
    said = (finding.reply, finding.words)
    return " ".join(str(part) for part in said if part is not None)


def _issues(
    status: Status, invalid: InvalidValueError | None, lost: Obstacle | None
) -> Iterator[Issue]:
    if invalid is not None:
        yield Issue(_SETTINGS, (("field", invalid.field),))
    told = [key for kind, key in _TROUBLES if isinstance(status.trouble, kind)]
    if told:
        yield Issue(told[0])
    elif lost in LOST:
        # What follows may be the key of a remote port.
        port = (status.port or "").partition("?")[0]
        yield Issue(LOST[lost], (("port", port),))
    if status.barred:
        yield Issue(BARRED)
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
