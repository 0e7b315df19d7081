"""What the modem says of itself: identity, SIM, registration, operator, signal, clock.

Each function asks over an open channel; parsing is kept apart from asking.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
import re
from typing import Final

from ..at.channel import AtChannel
from ..at.codes import EquipmentError
from ..at.commands import Command, Deadline
from ..at.errors import (
    CommandError,
    InvalidValueError,
    ModemRebootedError,
    NoAnswerError,
    NotAModemError,
    PinRefusedError,
    PinTriesExhaustingError,
    PinUnjudgedError,
    PortLostError,
    PukRequiredError,
    SimFailureError,
    SimMissingError,
    SimNotReadyError,
    UnexpectedAnswerError,
)
from ..at.syntax import is_imei, number, parameters, quote


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the modem is; ``imei`` has 15 digits."""

    manufacturer: str
    model: str
    firmware: str
    imei: str = field(repr=False)


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


class Registration(StrEnum):
    """Registration with the network, as 3GPP TS 27.007 numbers it."""

    NOT_SEARCHING = "not_searching"
    HOME = "home"
    SEARCHING = "searching"
    DENIED = "denied"
    UNKNOWN = "unknown"
    ROAMING = "roaming"

    @property
    def registered(self) -> bool:
        """Whether the network serves us."""
        return self in (Registration.HOME, Registration.ROAMING)


_REGISTRATIONS: Final = tuple(Registration)


@dataclass(frozen=True, slots=True)
class Network:
    """The network as the modem sees it; ``signal`` is the RSSI in dBm."""

    registration: Registration
    operator: str | None
    signal: int | None


# Two tries are kept for the owner: the third failure locks the SIM.
PIN_TRIES_KEPT: Final = 2

_CLOCK: Final = re.compile(
    r"(\d\d)/(\d\d)/(\d\d),(\d\d):(\d\d):(\d\d)([+-]\d{1,2})?", re.ASCII
)


async def _bare(channel: AtChannel, line: str) -> str:
    """Read a line without prefix; one that is a piece of the echo is not taken."""

    def answers(text: str) -> bool:
        return not text.startswith("+") and line[2:] not in text and text not in line

    lines = await channel.execute(Command(line, bare=answers))
    if not lines:
        raise UnexpectedAnswerError(line)
    return lines[0]


async def identify(channel: AtChannel) -> Identity:
    """Ask who the modem is; ``NotAModemError`` where it has no IMEI to give."""
    try:
        lines = await channel.execute(Command("AT+CGSN", bare=is_imei))
        if not lines:
            raise NotAModemError
        return Identity(
            manufacturer=await _bare(channel, "AT+CGMI"),
            model=await _bare(channel, "AT+CGMM"),
            firmware=await _bare(channel, "AT+CGMR"),
            imei=lines[0],
        )
    except CommandError as err:
        raise NotAModemError from err


async def sim_state(channel: AtChannel) -> SimState:
    """Ask for the state of the SIM."""
    try:
        lines = await channel.execute(
            Command("AT+CPIN?", prefixes=("+CPIN:",), deadline=Deadline.SIM)
        )
    except CommandError as err:
        return _SIM_ERRORS.get(err.code, SimState.FAILURE)
    return parse_sim_state(lines[0]) if lines else SimState.UNKNOWN


def parse_sim_state(line: str) -> SimState:
    """Return what ``+CPIN: <code>`` says, as an answer or as a URC."""
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


async def enter_pin(channel: AtChannel, pin: str) -> None:
    """Unlock the SIM with its PIN of 4 to 8 digits.

    ``PinTriesExhaustingError`` if two tries or fewer are left: then nothing is sent.
    ``PinRefusedError`` if the SIM refuses it, which it says, or its tries tell: it must
    not be entered again. ``SimNotReadyError`` if it was not looked at,
    ``PinUnjudgedError`` where nothing tells, not even the tries that are left.
    """
    if not (4 <= len(pin) <= 8 and pin.isascii() and pin.isdigit()):
        raise InvalidValueError("pin", "invalid")
    tries = await pin_tries(channel)
    if tries is not None and tries <= PIN_TRIES_KEPT:
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


async def registration(channel: AtChannel) -> Registration:
    """Return the registration: on LTE, else packet-switched, else as it is known."""
    states = []
    for name in ("CEREG", "CGREG", "CREG"):
        try:
            lines = await channel.execute(
                Command(
                    f"AT+{name}?",
                    prefixes=(f"+{name}:",),
                    shape=is_registration_answer,
                )
            )
        except CommandError:
            continue
        state = parse_registration(lines[0]) if lines else Registration.UNKNOWN
        if state.registered:
            return state
        states.append(state)
    for state in (Registration.DENIED, Registration.SEARCHING):
        if state in states:
            return state
    return states[0] if states else Registration.UNKNOWN


def is_registration_answer(found: tuple[str, ...]) -> bool:
    """Tell ``<n>,<stat>[,...]`` from the URC ``<stat>[,"tac",...]`` of the same name."""
    return len(found) > 1 and number(found[1]) is not None


def parse_registration(line: str) -> Registration:
    """Return what a registration line says, as an answer or as a URC."""
    found = parameters(line)
    stat = number(found[1] if is_registration_answer(found) else found[0])
    if stat is None or not 0 <= stat < len(_REGISTRATIONS):
        return Registration.UNKNOWN
    return _REGISTRATIONS[stat]


async def operator(channel: AtChannel) -> str | None:
    """Return the operator's name, None when the modem has none."""
    try:
        lines = await channel.execute(Command("AT+COPS?", prefixes=("+COPS:",)))
    except CommandError:
        return None
    found = parameters(lines[0]) if lines else ()
    return found[2].strip() or None if len(found) > 2 else None


async def signal(channel: AtChannel) -> int | None:
    """Return the RSSI in dBm, -113 to -51, None when it isn't known."""
    try:
        lines = await channel.execute(Command("AT+CSQ", prefixes=("+CSQ:",)))
    except CommandError:
        return None
    rssi = number(parameters(lines[0])[0]) if lines else None
    if rssi is None or not 0 <= rssi <= 31:
        return None
    return 2 * rssi - 113


async def attached(channel: AtChannel) -> bool:
    """Return whether the packet domain is attached (SMTP note 4.2)."""
    lines = await channel.execute(Command("AT+CGATT?", prefixes=("+CGATT:",)))
    return bool(lines) and parameters(lines[0])[0] == "1"


async def network(channel: AtChannel) -> Network:
    """Return registration, operator and signal."""
    return Network(
        registration=await registration(channel),
        operator=await operator(channel),
        signal=await signal(channel),
    )


async def clock(channel: AtChannel) -> datetime | None:
    """Return the modem's clock in UTC, None if it has none."""
    try:
        lines = await channel.execute(Command("AT+CCLK?", prefixes=("+CCLK:",)))
    except CommandError:
        return None
    return parse_clock(parameters(lines[0])[0]) if lines else None


def parse_clock(text: str) -> datetime | None:
    """Return ``yy/MM/dd,hh:mm:ss±zz`` in UTC; zz counts quarters of an hour.

    70 to 99 are of the last century: a clock that was never set begins in 1970 or 1980.
    """
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    quarters = int(found[7] or 0)
    century = 1900 if year >= 70 else 2000
    try:
        zone = timezone(timedelta(minutes=15 * quarters))
        moment = datetime(
            century + year, month, day, hour, minute, second, tzinfo=zone
        ).astimezone(UTC)
    except ValueError, OverflowError:
        return None
    return moment


async def set_clock(channel: AtChannel, moment: datetime) -> None:
    """Set the modem's clock, in UTC."""
    text = moment.astimezone(UTC).strftime("%y/%m/%d,%H:%M:%S+00")
    await channel.execute(Command(f'AT+CCLK="{text}"'))


async def network_set_clock(channel: AtChannel) -> bool:
    """Return whether the network has set the clock since the modem started."""
    try:
        lines = await channel.execute(Command("AT+QLTS", prefixes=("+QLTS:",)))
    except CommandError:
        return False
    return bool(lines) and bool(parameters(lines[0])[0])
