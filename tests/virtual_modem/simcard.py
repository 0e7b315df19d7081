"""The SIM: whether it is there, what it asks for, and how many tries are left."""

from enum import StrEnum

from .errors import (
    INCORRECT_PASSWORD,
    NETWORK_PIN_REQUIRED,
    SIM_BUSY,
    SIM_FAILURE,
    SIM_NOT_INSERTED,
    SIM_PIN_REQUIRED,
    SIM_PUK_REQUIRED,
    AtError,
)
from .settings import Settings


class SimStatus(StrEnum):
    """What CPIN? says, or that it can't say."""

    READY = "READY"
    PIN = "SIM PIN"
    PUK = "SIM PUK"
    ABSENT = "absent"
    FAILURE = "failure"
    BUSY = "busy"
    # F10
    NONE = "NO SIM"
    NET_LOCKED = "PH-NET PIN"
    PIN2 = "SIM PIN2"


_FROM_SETTING = {
    "ready": SimStatus.READY,
    "pin": SimStatus.PIN,
    "puk": SimStatus.PUK,
    "absent": SimStatus.ABSENT,
    "failure": SimStatus.FAILURE,
    "busy": SimStatus.BUSY,
    "no_sim": SimStatus.NONE,
    "net_locked": SimStatus.NET_LOCKED,
    "pin2": SimStatus.PIN2,
}
_ERRORS = {
    SimStatus.ABSENT: SIM_NOT_INSERTED,
    SimStatus.FAILURE: SIM_FAILURE,
    SimStatus.BUSY: SIM_BUSY,
    SimStatus.PIN: SIM_PIN_REQUIRED,
    SimStatus.PUK: SIM_PUK_REQUIRED,
    SimStatus.NONE: SIM_NOT_INSERTED,
    SimStatus.NET_LOCKED: NETWORK_PIN_REQUIRED,
}
_PIN_TRIES = 3


class SimCard:
    """The card keeps its counters whatever happens to the modem."""

    def __init__(self, settings: Settings) -> None:
        """`settings` says what card it is."""
        self._settings = settings
        self.status = SimStatus.READY
        self.start()

    def start(self) -> None:
        """The modem powers the card up, or another card is put in."""
        self.status = _FROM_SETTING[self._settings.sim]
        if self.status is SimStatus.PIN and not self._settings.pin_tries:
            self.status = SimStatus.PUK

    @property
    def ready(self) -> bool:
        """Whether it can be used: PIN2 guards nothing that the network needs."""
        return self.status in (SimStatus.READY, SimStatus.PIN2)

    def require(self) -> None:
        """Raise the error of a command that needs the card."""
        if not self.ready:
            raise AtError(_ERRORS[self.status])

    def require_present(self) -> None:
        """Raise the error of a command that needs any card, locked or not."""
        if self.status in (SimStatus.ABSENT, SimStatus.FAILURE, SimStatus.BUSY):
            raise AtError(_ERRORS[self.status])

    def enter_pin(self, pin: str) -> None:
        """Unlock it with the PIN, or lose a try."""
        if self.status is SimStatus.PUK:
            raise AtError(SIM_PUK_REQUIRED)
        if pin == self._settings.pin:
            self._settings.pin_tries = _PIN_TRIES
            self.status = SimStatus.READY
            return
        self._settings.pin_tries -= 1
        if self._settings.pin_tries <= 0:
            self._settings.pin_tries = 0
            self.status = SimStatus.PUK
            raise AtError(SIM_PUK_REQUIRED)
        raise AtError(INCORRECT_PASSWORD)

    def enter_puk(self, puk: str, pin: str) -> None:
        """Set a new PIN with the PUK, or lose one of its tries."""
        if puk != self._settings.puk or not self._settings.puk_tries:
            self._settings.puk_tries = max(0, self._settings.puk_tries - 1)
            raise AtError(
                INCORRECT_PASSWORD if self._settings.puk_tries else SIM_FAILURE
            )
        self._settings.pin = pin
        self._settings.pin_tries = _PIN_TRIES
        self.status = SimStatus.READY
