"""Short messages and phone book, as far as programs that look for a phone ask."""

from typing import TYPE_CHECKING

from ..errors import PLAIN_ERROR, AtError
from ..syntax import Form
from .registry import Handler, entering

if TYPE_CHECKING:
    from ..call import Call
    from ..modem import Modem

_STORES = '("ME","SM","MT")'
_CAPACITY = 255

COMMANDS: dict[str, Handler] = {}
_command = entering(COMMANDS)


@_command("+CSCS")
def cscs(modem: Modem, call: Call) -> None:
    """Character set of texts."""
    match call.form:
        case Form.TEST:
            call.info('+CSCS: ("GSM","IRA","UCS2")')
        case Form.READ:
            call.info('+CSCS: "GSM"')
        case Form.WRITE:
            if call.string(0).upper() not in ("GSM", "IRA", "UCS2"):
                raise AtError(PLAIN_ERROR)
        case _:
            raise AtError(PLAIN_ERROR)


@_command("+CPMS")
def cpms(modem: Modem, call: Call) -> None:
    """Message stores, all of them empty."""
    modem.sim.require()
    match call.form:
        case Form.TEST:
            call.info(f"+CPMS: {_STORES},{_STORES},{_STORES}")
        case Form.READ:
            one = f'"ME",0,{_CAPACITY}'
            call.info(f"+CPMS: {one},{one},{one}")
        case Form.WRITE:
            call.info(f"+CPMS: 0,{_CAPACITY},0,{_CAPACITY},0,{_CAPACITY}")
        case _:
            raise AtError(PLAIN_ERROR)


@_command("+CMGF")
def cmgf(modem: Modem, call: Call) -> None:
    """Form of messages."""
    match call.form:
        case Form.TEST:
            call.info("+CMGF: (0,1)")
        case Form.READ:
            call.info("+CMGF: 0")
        case Form.WRITE:
            call.number(0, 0, 1)
        case _:
            raise AtError(PLAIN_ERROR)


@_command("+CNMI")
def cnmi(modem: Modem, call: Call) -> None:
    """How new messages are told of."""
    match call.form:
        case Form.TEST:
            call.info("+CNMI: (0-2),(0-3),(0,2),(0-2),(0,1)")
        case Form.READ:
            call.info("+CNMI: 2,1,0,0,0")
        case Form.WRITE:
            call.number(0, 0, 3)
        case _:
            raise AtError(PLAIN_ERROR)


@_command("+CSMS")
def csms(modem: Modem, call: Call) -> None:
    """Message service."""
    match call.form:
        case Form.TEST:
            call.info("+CSMS: (0,1)")
        case Form.READ:
            call.info("+CSMS: 0,1,1,1")
        case Form.WRITE:
            call.number(0, 0, 1)
            call.info("+CSMS: 1,1,1")
        case _:
            raise AtError(PLAIN_ERROR)


@_command("+CPBS")
def cpbs(modem: Modem, call: Call) -> None:
    """Phone books."""
    match call.form:
        case Form.TEST:
            call.info('+CPBS: ("SM","ME")')
        case Form.READ:
            call.info('+CPBS: "SM",0,250')
        case Form.WRITE:
            call.string(0)
        case _:
            raise AtError(PLAIN_ERROR)


@_command("+CSCA")
def csca(modem: Modem, call: Call) -> None:
    """Number of the message centre."""
    modem.sim.require()
    match call.form:
        case Form.READ:
            call.info('+CSCA: "+8613010314500",145')
        case Form.WRITE:
            call.string(0)
        case Form.TEST:
            pass
        case _:
            raise AtError(PLAIN_ERROR)


def _calls(modem: Modem, call: Call) -> None:
    """How incoming calls are told of: accepted, none ever comes."""
    match call.form:
        case Form.TEST:
            pass
        case Form.WRITE:
            call.number(0, 0, 1)
        case _:
            raise AtError(PLAIN_ERROR)


for _name in ("+CLIP", "+CRC", "+CVHU"):
    _command(_name)(_calls)
