"""CCLK, QLTS, CTZU, QNTP: the clock."""

from typing import TYPE_CHECKING

from ..errors import PLAIN_ERROR, AtError
from ..names import UnknownName
from ..syntax import Form
from .registry import Handler, entering

if TYPE_CHECKING:
    from ..call import Call
    from ..modem import Modem

_DNS_FAILED = 565

COMMANDS: dict[str, Handler] = {}
_command = entering(COMMANDS)


@_command("+CCLK")
def cclk(modem: Modem, call: Call) -> None:
    """Read or set the clock."""
    match call.form:
        case Form.TEST:
            pass
        case Form.READ:
            call.info(f'+CCLK: "{modem.clock.text()}"')
        case Form.WRITE:
            try:
                modem.clock.set_text(call.string(0))
            except ValueError as error:
                raise AtError(PLAIN_ERROR) from error
        case _:
            raise AtError(PLAIN_ERROR)


@_command("+QLTS")
def qlts(modem: Modem, call: Call) -> None:
    """The time that the network told, if it did."""
    if call.form is Form.TEST:
        call.info("+QLTS: (0-2)")
        return
    mode = call.number(0, 0, 2) if call.form is Form.WRITE else 0
    call.info(f'+QLTS: "{modem.clock.network_text(mode)}"')


@_command("+CTZU")
def ctzu(modem: Modem, call: Call) -> None:
    """How the network's time is shown."""
    match call.form:
        case Form.TEST:
            call.info("+CTZU: (0,1,3)")
        case Form.READ:
            call.info(f"+CTZU: {modem.clock.update_mode}")
        case Form.WRITE:
            mode = call.number(0, 0, 3)
            if mode == 2:
                raise AtError(PLAIN_ERROR)
            modem.clock.update_mode = mode
        case _:
            raise AtError(PLAIN_ERROR)


@_command("+CTZR")
def ctzr(modem: Modem, call: Call) -> None:
    """Time zone reports, accepted."""
    if call.form is Form.WRITE:
        call.number(0, 0, 2)


@_command("+QNTP")
def qntp(modem: Modem, call: Call) -> None:
    """Ask a time server: OK, then the time, which the clock takes over.

    The answer is UTC although it carries the local zone (N).
    """
    if call.form is not Form.WRITE:
        return
    context = call.number(0, 1, modem.profile.contexts)
    name = call.string(1)

    def failed(code: int, _: int) -> str:
        return f"+QNTP: {code}"

    async def answer() -> None:
        zone = modem.clock.zone
        try:
            modem.resolve(context, name)
        except UnknownName:
            await call.later([failed(_DNS_FAILED, 0)], failed)
            return
        modem.clock.start("network", zone)
        now = modem.clock.utc()
        await call.later([f'+QNTP: 0,"{now:%Y/%m/%d,%H:%M:%S}{zone:+03d}"'], failed)

    call.follow_ups.append(answer)
