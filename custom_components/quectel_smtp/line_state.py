"""Whether the line is ready for the next email, and what is in its way if not: pure."""

from enum import StrEnum
from typing import Final

from .delivery.records import MENDED_BY_A_PERSON
from .delivery.status import OutboxState, Status
from .modem.at.errors import (
    ConnectionLostError,
    InvalidValueError,
    ModemError,
    NoAnswerError,
    NotAModemError,
    NotRegisteredError,
    PdpError,
    PortError,
    RoamingError,
    ServerNameError,
    ServerUnreachableError,
    SimError,
    UnexpectedAnswerError,
    UnsupportedModemError,
    WrongModemError,
)
from .modem.network.pdp import PdpState

LOST: Final = "lost"
BACK: Final = "back"
"""What the event *Line* tells."""


class Obstacle(StrEnum):
    """What is in the way of the next email."""

    STARTING = "starting"
    """Nothing is known yet."""
    SETTINGS = "settings"
    OUTBOX = "outbox"
    MODEM_AWAY = "modem_away"
    MODEM_SILENT = "modem_silent"
    WRONG_MODEM = "wrong_modem"
    SIM = "sim"
    NO_NETWORK = "no_network"
    ROAMING = "roaming"
    NO_DATA_CONNECTION = "no_data_connection"
    SERVER = "server"
    """The mail server is not reached over the data connection."""
    ACCOUNT = "account"
    MODEM_FAILS = "modem_fails"


# The first that fits.
_TROUBLES: Final[tuple[tuple[type[ModemError], Obstacle], ...]] = (
    (PortError, Obstacle.MODEM_AWAY),
    (NoAnswerError, Obstacle.MODEM_SILENT),
    (NotAModemError, Obstacle.MODEM_SILENT),
    (UnexpectedAnswerError, Obstacle.MODEM_SILENT),
    (WrongModemError, Obstacle.WRONG_MODEM),
    (UnsupportedModemError, Obstacle.WRONG_MODEM),
    (SimError, Obstacle.SIM),
    (NotRegisteredError, Obstacle.NO_NETWORK),
    (RoamingError, Obstacle.ROAMING),
    (PdpError, Obstacle.NO_DATA_CONNECTION),
    (ConnectionLostError, Obstacle.SERVER),
    (ServerNameError, Obstacle.SERVER),
    (ServerUnreachableError, Obstacle.SERVER),
    (ModemError, Obstacle.MODEM_FAILS),
)


def of_trouble(trouble: ModemError) -> Obstacle:
    """Return what a failure of the modem stands for."""
    return next(found for kind, found in _TROUBLES if isinstance(trouble, kind))


def obstacle(
    status: Status, *, closed: bool = False, account_failed: bool = False
) -> Obstacle | None:
    """Return what is in the way of the next email, the first there is; None: nothing.

    ``closed``: whether nothing is sent by the entry's settings, which can't be used.
    ``account_failed``: whether the last check of the account found a fault.
    """
    if closed:
        return Obstacle.SETTINGS
    if status.outbox is not OutboxState.SOUND:
        return Obstacle.OUTBOX
    trouble = status.trouble
    # What an email itself is refused for keeps no other one.
    if trouble is not None and not isinstance(trouble, InvalidValueError):
        found = of_trouble(trouble)
        # It has come since.
        stale = found is Obstacle.NO_DATA_CONNECTION and status.pdp is PdpState.ACTIVE
        if not stale:
            return found
    return _of_the_modem(status) or _of_the_mail(status, account_failed)


def _of_the_modem(status: Status) -> Obstacle | None:
    if not status.connected:
        return Obstacle.MODEM_AWAY if status.identity else Obstacle.STARTING
    if status.sim is not None and not status.sim.usable:
        return Obstacle.SIM
    if status.network is None:
        return Obstacle.STARTING
    if not status.network.registration.registered:
        return Obstacle.NO_NETWORK
    if status.barred:
        return Obstacle.ROAMING
    if status.pdp is PdpState.FAILED:
        return Obstacle.NO_DATA_CONNECTION
    return None


def _of_the_mail(status: Status, account_failed: bool) -> Obstacle | None:
    if account_failed or not status.mail.held.isdisjoint(MENDED_BY_A_PERSON):
        return Obstacle.ACCOUNT
    return Obstacle.MODEM_FAILS if status.exhausted else None
