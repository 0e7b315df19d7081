"""Who made it, what it is, and its SIM's numbers."""

from typing import TYPE_CHECKING

from ..errors import PLAIN_ERROR, AtError
from ..syntax import Form
from .registry import Handler, entering

if TYPE_CHECKING:
    from ..call import Call
    from ..modem import Modem

ICCID_COMMANDS = frozenset({"+QCCID", "+ICCID"})

COMMANDS: dict[str, Handler] = {}
_command = entering(COMMANDS)


@_command("I")
def ati(modem: Modem, call: Call) -> None:
    """Maker, model, firmware."""
    profile = modem.profile
    call.info(profile.manufacturer)
    call.info(profile.model)
    call.info(f"Revision: {profile.revision}")


@_command("+CGMI", "+GMI")
def cgmi(modem: Modem, call: Call) -> None:
    """Maker."""
    _bare(call, modem.profile.manufacturer)


@_command("+CGMM", "+GMM")
def cgmm(modem: Modem, call: Call) -> None:
    """Model."""
    _bare(call, modem.profile.model)


@_command("+CGMR", "+GMR", "+QGMR")
def cgmr(modem: Modem, call: Call) -> None:
    """Firmware."""
    _bare(call, modem.profile.revision)


@_command("+CGSN", "+GSN")
def cgsn(modem: Modem, call: Call) -> None:
    """IMEI."""
    _bare(call, modem.settings.imei)


@_command("+EGMR")
def egmr(modem: Modem, call: Call) -> None:
    """IMEI again: only reading it is supported."""
    if call.form is not Form.WRITE or call.number(0, 0, 1) or call.number(1, 7, 7) != 7:
        raise AtError(PLAIN_ERROR)
    call.info(f'+EGMR: "{modem.settings.imei}"')


@_command("+CIMI")
def cimi(modem: Modem, call: Call) -> None:
    """IMSI."""
    if call.form is not Form.TEST:
        modem.sim.require()
    _bare(call, modem.settings.imsi)


@_command("+QCCID", "+ICCID")
def iccid(modem: Modem, call: Call) -> None:
    """The SIM's number."""
    if call.form is Form.TEST:
        return
    modem.sim.require_present()
    call.info(f"{call.command.name}: {modem.settings.iccid}")


def _bare(call: Call, text: str) -> None:
    match call.form:
        case Form.EXECUTE:
            call.info(text)
        case Form.TEST:
            pass
        case _:
            raise AtError(PLAIN_ERROR)
