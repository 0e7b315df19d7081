"""CPIN, QPINC, CLCK: the SIM's lock."""

from typing import TYPE_CHECKING

from ..errors import OPERATION_NOT_ALLOWED, PLAIN_ERROR, SIM_FAILURE, AtError
from ..simcard import SimStatus
from ..syntax import Form
from .registry import Handler, entering

if TYPE_CHECKING:
    from ..call import Call
    from ..modem import Modem

_FACILITY_SIM = "SC"
_TRIES_PIN2, _TRIES_PUK2 = 3, 10

COMMANDS: dict[str, Handler] = {}
_command = entering(COMMANDS)


@_command("+CPIN")
def cpin(modem: Modem, call: Call) -> None:
    """What the SIM asks for; its PIN, or its PUK with a new PIN."""
    sim = modem.sim
    match call.form:
        case Form.TEST:
            pass
        case Form.READ:
            if modem.radio.functionality == 0:
                # F13: CME 13 while the radio is off
                raise AtError(SIM_FAILURE)
            sim.require_present()
            call.info(f"+CPIN: {sim.status.value}")
        case Form.WRITE:
            sim.require_present()
            given = call.count(1, 2)
            first = call.command.parameters[0].text or ""
            before = (modem.radio.status, modem.packet.attached)
            if sim.status is SimStatus.READY:
                raise AtError(OPERATION_NOT_ALLOWED)
            if given == 1:
                sim.enter_pin(first)
            else:
                sim.enter_puk(first, call.command.parameters[1].text or "")
            modem.radio.attach()
            modem.radio_changed(*before)
            call.follow_ups.append(modem.announce_sim)
        case _:
            raise AtError(PLAIN_ERROR)


@_command("+QPINC")
def qpinc(modem: Modem, call: Call) -> None:
    """Tries left for PIN and PUK."""
    if call.form is Form.TEST:
        call.info('+QPINC: ("SC","P2")')
        return
    modem.sim.require_present()
    wanted = call.string(0).upper() if call.form is Form.WRITE else None
    settings = modem.settings
    tries = {
        _FACILITY_SIM: (settings.pin_tries, settings.puk_tries),
        "P2": (_TRIES_PIN2, _TRIES_PUK2),
    }
    if wanted is not None and wanted not in tries:
        raise AtError(PLAIN_ERROR)
    for facility, (pin, puk) in tries.items():
        if wanted in (None, facility):
            call.info(f'+QPINC: "{facility}",{pin},{puk}')


@_command("+CLCK")
def clck(modem: Modem, call: Call) -> None:
    """Whether the SIM has a PIN; the PIN is not switched on or off here."""
    if call.form is Form.TEST:
        call.info('+CLCK: ("SC")')
        return
    modem.sim.require_present()
    if call.string(0).upper() != _FACILITY_SIM or call.number(1, 0, 2) != 2:
        raise AtError(OPERATION_NOT_ALLOWED)
    call.info(f"+CLCK: {int(modem.settings.sim in ('pin', 'puk'))}")
