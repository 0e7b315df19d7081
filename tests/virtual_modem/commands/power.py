"""CFUN, QPOWD, QINISTAT: the modem's functionality as a whole."""

from typing import TYPE_CHECKING

from ..errors import PLAIN_ERROR, AtError
from ..syntax import Form
from .registry import Handler, entering

if TYPE_CHECKING:
    from ..call import Call
    from ..modem import Modem

_USIM_READY, _SMS_READY, _PHONE_BOOK_READY = 1, 2, 4

COMMANDS: dict[str, Handler] = {}
_command = entering(COMMANDS)


@_command("+CFUN")
def cfun(modem: Modem, call: Call) -> None:
    """Functionality: 0 minimum, 1 full, 4 radio off; and the reboot."""
    match call.form:
        case Form.TEST:
            call.info("+CFUN: (0,1,4),(0,1)")
        case Form.READ:
            call.info(f"+CFUN: {modem.radio.functionality}")
        case Form.WRITE:
            level, reset = call.number(0, 0, 4), call.number(1, 0, 1, 0)
            if level not in (0, 1, 4) or (reset and level != 1):
                raise AtError(PLAIN_ERROR)
            if reset:
                call.follow_ups.append(lambda: _reboot(modem))
                return
            before = (modem.radio.status, modem.packet.attached)
            was, modem.radio.functionality = modem.radio.functionality, level
            if level == 1:
                modem.radio.attach()
            modem.radio_changed(*before)
            if was == 0 and level == 1:
                modem.sim.start()
                call.follow_ups.append(modem.announce_sim)
        case _:
            raise AtError(PLAIN_ERROR)


@_command("+QPOWD")
def qpowd(modem: Modem, call: Call) -> None:
    """Power off: OK, and POWERED DOWN some time later."""
    if call.form is Form.TEST:
        call.info("+QPOWD: (0,1)")
        return
    if call.form is Form.WRITE:
        call.number(0, 0, 1)
    call.follow_ups.append(lambda: _power_down(modem))


@_command("+QINISTAT")
def qinistat(modem: Modem, call: Call) -> None:
    """What is initialised."""
    if call.form is Form.TEST:
        call.info("+QINISTAT: (0-7)")
        return
    ready = _USIM_READY | _SMS_READY | _PHONE_BOOK_READY if modem.sim.ready else 0
    call.info(f"+QINISTAT: {ready}")


async def _reboot(modem: Modem) -> None:
    await modem.sleep(modem.settings.reboot_delay_seconds)
    modem.reboot()


async def _power_down(modem: Modem) -> None:
    await modem.sleep(modem.settings.power_down_seconds)
    modem.urc("POWERED DOWN")
    modem.wire.flush()
    modem.power_off()
