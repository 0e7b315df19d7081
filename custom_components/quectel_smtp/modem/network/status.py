"""What the modem says of itself: identity, registration, operator, signal, clock.

Each function asks over an open channel; parsing is kept apart from asking.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
import re
from typing import Final

from ..at.channel import AtChannel
from ..at.commands import Command
from ..at.errors import CommandError, NotAModemError, UnexpectedAnswerError
from ..at.syntax import is_imei, number, parameters


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the modem is; ``imei`` has 15 digits."""

    manufacturer: str
    model: str
    firmware: str
    imei: str = field(repr=False)


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


class Technology(StrEnum):
    """Access technology, by its usual name."""

    GSM = "gsm"
    UMTS = "umts"
    LTE = "lte"
    NB_IOT = "nb_iot"
    NR = "nr"


# 3GPP TS 27.007 7.3 numbers it so, from 0: <AcT>.
_TECHNOLOGIES: Final = (
    Technology.GSM,
    Technology.GSM,
    Technology.UMTS,
    Technology.GSM,
    Technology.UMTS,
    Technology.UMTS,
    Technology.UMTS,
    Technology.LTE,
    Technology.GSM,
    Technology.NB_IOT,
    Technology.LTE,
    Technology.NR,
    Technology.NR,
    Technology.LTE,
)


@dataclass(frozen=True, slots=True)
class Network:
    """The network as the modem sees it; ``signal`` is the RSSI in dBm."""

    registration: Registration
    operator: str | None
    signal: int | None
    technology: Technology | None = None


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


async def operator(channel: AtChannel) -> tuple[str | None, Technology | None]:
    """Return the operator's name and the technology, each None where there is none."""
    try:
        lines = await channel.execute(Command("AT+COPS?", prefixes=("+COPS:",)))
    except CommandError:
        return None, None
    _, _, name, access = (*(parameters(lines[0]) if lines else ()), *[""] * 4)[:4]
    act = number(access)
    known = act is not None and 0 <= act < len(_TECHNOLOGIES)
    return name.strip() or None, _TECHNOLOGIES[act or 0] if known else None


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
    state = await registration(channel)
    name, technology = await operator(channel)
    return Network(state, name, await signal(channel), technology)


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
