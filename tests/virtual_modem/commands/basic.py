"""The interpreter's own commands: echo, form of results, DTR, speed, storing them."""

from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import PLAIN_ERROR, AtError
from ..preferences import Preferences, stored
from ..syntax import Form
from .registry import Handler, entering

if TYPE_CHECKING:
    from ..call import Call
    from ..modem import Modem

_SPEEDS = (0, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)

COMMANDS: dict[str, Handler] = {}
_command = entering(COMMANDS)


def _digit(call: Call, highest: int) -> int:
    """The number after a basic command's letter, 0 if there is none."""
    parameters = call.command.parameters
    text = parameters[0].text if parameters else None
    value = int(text or "0")
    if value > highest:
        raise AtError(PLAIN_ERROR)
    return value


@_command("E")
def echo(modem: Modem, call: Call) -> None:
    """Echo."""
    modem.preferences.echo = _digit(call, 1) == 1


@_command("V")
def verbose(modem: Modem, call: Call) -> None:
    """Results in words or numbers."""
    modem.preferences.verbose = _digit(call, 1) == 1


@_command("Q")
def quiet(modem: Modem, call: Call) -> None:
    """No results at all."""
    modem.preferences.quiet = _digit(call, 1) == 1


@_command("X")
def extended(modem: Modem, call: Call) -> None:
    """Form of CONNECT; no difference here, as data mode's CONNECT stands alone."""
    modem.preferences.extended = _digit(call, 4)


@_command("&C")
def carrier(modem: Modem, call: Call) -> None:
    """What DCD means."""
    modem.preferences.carrier = _digit(call, 2)


@_command("&D")
def dtr(modem: Modem, call: Call) -> None:
    """What a fall of DTR does to data mode."""
    modem.preferences.dtr = _digit(call, 2)


@_command("&F")
def factory(modem: Modem, call: Call) -> None:
    """The factory's settings, but for the speed."""
    _digit(call, 0)
    fresh = Preferences(cmee=modem.profile.cmee, baud=modem.preferences.baud)
    modem.preferences = fresh


@_command("&W")
def store(modem: Modem, call: Call) -> None:
    """Keep the settings, CMEE excepted (S)."""
    _digit(call, 0)
    modem.stored = stored(modem.stored, modem.preferences)


@_command("Z")
def restore(modem: Modem, call: Call) -> None:
    """Back to the kept settings."""
    _digit(call, 0)
    modem.preferences = replace(modem.stored, cmee=modem.profile.cmee)


@_command("&V")
def view(modem: Modem, call: Call) -> None:
    """Show the settings."""
    preferences = modem.preferences
    call.info(f"&C: {preferences.carrier}")
    call.info(f"&D: {preferences.dtr}")
    call.info(f"E: {int(preferences.echo)}")
    call.info(f"Q: {int(preferences.quiet)}")
    call.info(f"V: {int(preferences.verbose)}")
    call.info(f"S0: {preferences.ring:03d}")
    call.info(f"S12: {preferences.s12:03d}")


@_command("S0", "S3", "S4", "S5", "S7", "S10", "S12")
def register(modem: Modem, call: Call) -> None:
    """S registers; those of CR, LF and BS are not to be changed."""
    fixed = {"S3": 13, "S4": 10, "S5": 8}
    attribute = {"S0": "ring", "S7": "s7", "S10": "s10", "S12": "s12"}
    name = call.command.name
    if call.form is Form.READ:
        value = fixed.get(name)
        if value is None:
            value = getattr(modem.preferences, attribute[name])
        call.info(f"{value:03d}")
        return
    wanted = call.number(0, 0, 255)
    if name in fixed:
        if wanted != fixed[name]:
            raise AtError(PLAIN_ERROR)
        return
    setattr(modem.preferences, attribute[name], wanted)


@_command("H", "&S")
def accepted(modem: Modem, call: Call) -> None:
    """Nothing to hang up; DSR does not exist here."""


@_command("O")
def online(modem: Modem, call: Call) -> None:
    """ATO can't go back to data mode (SMTP note 2.3.4; N)."""
    raise AtError("NO CARRIER")


@_command("+CMEE")
def cmee(modem: Modem, call: Call) -> None:
    """How errors are told."""
    match call.form:
        case Form.TEST:
            call.info("+CMEE: (0-2)")
        case Form.READ:
            call.info(f"+CMEE: {modem.preferences.cmee}")
        case Form.WRITE:
            modem.preferences.cmee = call.number(0, 0, 2)
        case _:
            raise AtError(PLAIN_ERROR)


@_command("+IPR")
def ipr(modem: Modem, call: Call) -> None:
    """The UART's speed, from after the OK on."""
    match call.form:
        case Form.TEST:
            call.info(f"+IPR: ({','.join(str(speed) for speed in _SPEEDS[1:])})")
        case Form.READ:
            call.info(f"+IPR: {modem.preferences.baud}")
        case Form.WRITE:
            speed = call.number(0, 0, _SPEEDS[-1])
            if speed not in _SPEEDS:
                raise AtError(PLAIN_ERROR)
            call.follow_ups.append(lambda: _change_speed(modem, speed))
        case _:
            raise AtError(PLAIN_ERROR)


async def _change_speed(modem: Modem, speed: int) -> None:
    modem.preferences.baud = speed
    modem.on_speed(speed)


@_command("+ICF", "+IFC", "+CSCLK", "+QSCLK")
def tolerated(modem: Modem, call: Call) -> None:
    """Frame, flow control and sleep: accepted, and without effect on a pty."""


@_command("+GCAP")
def gcap(modem: Modem, call: Call) -> None:
    """Capabilities."""
    call.info("+GCAP: +CGSM")


@_command("+QCFG")
def qcfg(modem: Modem, call: Call) -> None:
    """None of the extended settings is known here."""
    if call.form is not Form.TEST:
        raise AtError(PLAIN_ERROR)
