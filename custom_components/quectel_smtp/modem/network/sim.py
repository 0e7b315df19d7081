"""The SIM: what it waits for, its PIN and the tries left for it, its number."""

from enum import StrEnum
from typing import Final

from ..at.channel import AtChannel
from ..at.codes import EquipmentError
from ..at.commands import Command, Deadline
from ..at.errors import (
    CommandError,
    InvalidValueError,
    ModemRebootedError,
    NoAnswerError,
    PinRefusedError,
    PinTriesExhaustingError,
    PinUnjudgedError,
    PortLostError,
    PukRequiredError,
    SimFailureError,
    SimMissingError,
    SimNotReadyError,
)
from ..at.syntax import number, parameters, quote

PIN_TRIES_KEPT: Final = 2
"""Tries that are kept for the owner: the third failure locks the SIM."""
CONFIRMED_TRIES_KEPT: Final = 1
"""The same where the owner has confirmed the PIN, knowing how many are left."""


class SimState(StrEnum):
    """What the SIM waits for."""

    READY = "ready"
    PIN_REQUIRED = "pin_required"
    PUK_REQUIRED = "puk_required"
    PIN2_REQUIRED = "pin2_required"
    PUK2_REQUIRED = "puk2_required"
    NETWORK_LOCKED = "network_locked"
    """The modem asks for a code of its own (``PH-...``): it is bound to an operator."""
    MISSING = "missing"
    FAILURE = "failure"
    BUSY = "busy"
    """Not ready yet."""
    UNKNOWN = "unknown"

    @property
    def usable(self) -> bool:
        """Whether the network serves it: PIN2 guards call costs and fixed numbers."""
        return self in (
            SimState.READY,
            SimState.PIN2_REQUIRED,
            SimState.PUK2_REQUIRED,
        )

    @property
    def passing(self) -> bool:
        """Whether a modem that has just started says so of a SIM that is fine."""
        return self in (
            SimState.MISSING,
            SimState.FAILURE,
            SimState.BUSY,
            SimState.UNKNOWN,
        )


_SIM_ERRORS: Final[dict[int | None, SimState]] = {
    # Plain ERROR: a firmware that has no codes for it.
    None: SimState.MISSING,
    EquipmentError.SIM_NOT_INSERTED: SimState.MISSING,
    EquipmentError.SIM_PIN_REQUIRED: SimState.PIN_REQUIRED,
    EquipmentError.SIM_PUK_REQUIRED: SimState.PUK_REQUIRED,
    EquipmentError.SIM_PIN2_REQUIRED: SimState.PIN2_REQUIRED,
    EquipmentError.SIM_PUK2_REQUIRED: SimState.PUK2_REQUIRED,
    EquipmentError.SIM_BUSY: SimState.BUSY,
    EquipmentError.NOT_ALLOWED: SimState.BUSY,
    EquipmentError.MEMORY_FULL: SimState.BUSY,
    EquipmentError.UNKNOWN: SimState.BUSY,
    EquipmentError.INITIALISING: SimState.BUSY,
    **dict.fromkeys(
        (
            EquipmentError.PH_SIM_PIN_REQUIRED,
            EquipmentError.PH_FSIM_PIN_REQUIRED,
            EquipmentError.PH_FSIM_PUK_REQUIRED,
            EquipmentError.NETWORK_PIN_REQUIRED,
            EquipmentError.NETWORK_PUK_REQUIRED,
            EquipmentError.SUBSET_PIN_REQUIRED,
            EquipmentError.SUBSET_PUK_REQUIRED,
            EquipmentError.PROVIDER_PIN_REQUIRED,
            EquipmentError.PROVIDER_PUK_REQUIRED,
            EquipmentError.CORPORATE_PIN_REQUIRED,
            EquipmentError.CORPORATE_PUK_REQUIRED,
        ),
        SimState.NETWORK_LOCKED,
    ),
}
# ``+CPIN: <code>``, 27.007 8.3, and what firmwares say besides.
_SIM_TEXTS: Final = {
    "READY": SimState.READY,
    "SIM PIN": SimState.PIN_REQUIRED,
    "SIM PUK": SimState.PUK_REQUIRED,
    "SIM PIN2": SimState.PIN2_REQUIRED,
    "SIM PUK2": SimState.PUK2_REQUIRED,
    "NO SIM": SimState.MISSING,
    "NOT INSERTED": SimState.MISSING,
    "NOT READY": SimState.BUSY,
}
# Answers to ``AT+CPIN`` of a SIM that has not looked at the PIN.
_NOT_LOOKED_AT: Final[frozenset[int]] = frozenset(
    {EquipmentError.NOT_ALLOWED, EquipmentError.SIM_BUSY, EquipmentError.INITIALISING}
)


async def state(channel: AtChannel) -> SimState:
    """Ask for the state of the SIM."""
    try:
        lines = await channel.execute(
            Command("AT+CPIN?", prefixes=("+CPIN:",), deadline=Deadline.SIM)
        )
    except CommandError as err:
        return _SIM_ERRORS.get(err.code, SimState.FAILURE)
    return _parse(lines[0]) if lines else SimState.UNKNOWN


def _parse(line: str) -> SimState:
    """Return what ``+CPIN: <code>`` says."""
    said = line.partition(":")[2].strip()
    if said.startswith("PH-"):
        return SimState.NETWORK_LOCKED
    return _SIM_TEXTS.get(said, SimState.UNKNOWN)


async def pin_tries(channel: AtChannel) -> int | None:
    """Return the tries left for the SIM's PIN, None where the modem doesn't tell."""
    try:
        lines = await channel.execute(
            Command('AT+QPINC="SC"', prefixes=("+QPINC:",), deadline=Deadline.SIM)
        )
    except CommandError:
        return None
    found = parameters(lines[0]) if lines else ()
    return number(found[1]) if len(found) > 1 else None


async def enter_pin(channel: AtChannel, pin: str, kept: int = PIN_TRIES_KEPT) -> None:
    """Unlock the SIM with its PIN of 4 to 8 digits.

    ``PinTriesExhaustingError`` if ``kept`` tries or fewer are left: then nothing is sent.
    ``PinRefusedError`` if the SIM refuses it, which it says, or its tries tell: it must
    not be entered again. ``SimNotReadyError`` if it was not looked at,
    ``PinUnjudgedError`` where nothing tells, not even the tries that are left.
    """
    if not (4 <= len(pin) <= 8 and pin.isascii() and pin.isdigit()):
        raise InvalidValueError("pin", "invalid")
    tries = await pin_tries(channel)
    if tries is not None and tries <= kept:
        raise PinTriesExhaustingError(tries)
    try:
        await channel.execute(
            Command(
                f"AT+CPIN={quote(pin, 'pin', 8)}", deadline=Deadline.SIM, secret=True
            )
        )
    except (ModemRebootedError, NoAnswerError, PortLostError) as err:
        if tries is None:
            # It may have cost one, and so may the next.
            raise PinUnjudgedError(None) from err
        raise
    except CommandError as err:
        left = await pin_tries(channel)
        lost = None if tries is None or left is None else tries - left
        if err.code == EquipmentError.SIM_PUK_REQUIRED:
            raise PukRequiredError from err
        if err.code == EquipmentError.INCORRECT_PASSWORD or (lost or 0) > 0:
            raise PinRefusedError(left) from err
        match err.code:
            case EquipmentError.SIM_NOT_INSERTED:
                raise SimMissingError from err
            case EquipmentError.SIM_FAILURE:
                raise SimFailureError from err
            case code if lost is not None or code in _NOT_LOOKED_AT:
                raise SimNotReadyError from err
        raise PinUnjudgedError(left) from err


async def iccid(channel: AtChannel) -> str | None:
    """Return the SIM's number; some models know one spelling of the command only."""
    for name in ("QCCID", "ICCID"):
        try:
            lines = await channel.execute(
                Command(f"AT+{name}", prefixes=(f"+{name}:",))
            )
        except CommandError:
            continue
        if lines:
            # Some SIMs have 19 digits, and a filler in the place of the twentieth.
            return parameters(lines[0])[0].upper().rstrip("F")
    return None
