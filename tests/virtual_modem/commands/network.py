"""Registration, operator, signal."""

from typing import TYPE_CHECKING

from ..errors import PLAIN_ERROR, AtError
from ..settings import names
from ..syntax import Form
from .registry import Handler, entering

if TYPE_CHECKING:
    from ..call import Call
    from ..modem import Modem

_UNKNOWN = 99

COMMANDS: dict[str, Handler] = {}
_command = entering(COMMANDS)


@_command("+CREG", "+CGREG", "+CEREG")
def registration(modem: Modem, call: Call) -> None:
    """Registration; the answer has <n> before <stat>, the result code has not."""
    name = call.command.name
    key = name[1:].lower()
    match call.form:
        case Form.TEST:
            call.info(f"{name}: (0-2)")
        case Form.READ:
            level: int = getattr(modem.preferences, key)
            call.info(f"{name}: {level},{modem.radio.registration(level)}")
        case Form.WRITE:
            setattr(modem.preferences, key, call.number(0, 0, 2))
        case _:
            raise AtError(PLAIN_ERROR)


@_command("+COPS")
async def cops(modem: Modem, call: Call) -> None:
    """The operator; the scan takes minutes."""
    radio, settings = modem.radio, modem.settings
    match call.form:
        case Form.TEST:
            modem.sim.require()
            await modem.sleep(settings.scan_seconds)
            name, plmn = settings.operator, settings.plmn
            call.info(
                f'+COPS: (2,"{name}","{name}","{plmn}",{radio.technology}),'
                ",(0,1,2,3,4),(0,1,2)"
            )
        case Form.READ:
            mode = 2 if radio.deregistered else 0
            if not radio.registered:
                call.info(f"+COPS: {mode}")
                return
            shown = settings.plmn if radio.operator_format == 2 else settings.operator
            call.info(
                f'+COPS: {mode},{radio.operator_format},"{shown}",{radio.technology}'
            )
        case Form.WRITE:
            mode, shape = call.number(0, 0, 4), call.number(1, 0, 2, 0)
            if mode == 3:
                radio.operator_format = shape
                return
            modem.sim.require()
            before = (radio.status, modem.packet.attached)
            radio.deregistered = mode == 2
            radio.attach()
            modem.radio_changed(*before)
        case _:
            raise AtError(PLAIN_ERROR)


@_command("+CSQ")
def csq(modem: Modem, call: Call) -> None:
    """Signal strength, 0-31 or 99."""
    if call.form is Form.TEST:
        call.info("+CSQ: (0-31,99),(0-7,99)")
        return
    heard = modem.radio.functionality == 1
    rssi = modem.settings.rssi if heard else _UNKNOWN
    call.info(f"+CSQ: {rssi},{modem.settings.ber}")


@_command("+QCSQ")
def qcsq(modem: Modem, call: Call) -> None:
    """Signal in detail (field order: W)."""
    if call.form is Form.TEST:
        call.info('+QCSQ: "NOSERVICE","LTE"')
        return
    settings = modem.settings
    if not modem.radio.registered:
        call.info('+QCSQ: "NOSERVICE"')
        return
    strength = 2 * settings.rssi - 113
    call.info(
        f'+QCSQ: "LTE",{strength},{settings.rsrp},{settings.sinr},{settings.rsrq}'
    )


@_command("+QNWINFO")
def qnwinfo(modem: Modem, call: Call) -> None:
    """Access technology and band."""
    if call.form is Form.TEST:
        return
    if not modem.radio.registered:
        call.info("+QNWINFO: No Service")
        return
    call.info(f'+QNWINFO: "FDD LTE","{modem.settings.plmn}","LTE BAND 3",1650')


@_command("+QURCCFG")
def qurccfg(modem: Modem, call: Call) -> None:
    """Which port gets unsolicited result codes; kept in non-volatile memory (N)."""
    ports = names(modem.settings.urcports)
    if call.form is Form.TEST:
        listed = ",".join(f'"{name}"' for name in ports)
        call.info(f'+QURCCFG: "urcport",({listed})')
        return
    if call.form is not Form.WRITE or call.string(0).lower() != "urcport":
        raise AtError(PLAIN_ERROR)
    if call.count(1, 2) == 1:
        call.info(f'+QURCCFG: "urcport","{modem.settings.urcport}"')
        return
    port = call.string(1).lower()
    if port not in ports:
        raise AtError(PLAIN_ERROR)
    modem.settings.urcport = port
