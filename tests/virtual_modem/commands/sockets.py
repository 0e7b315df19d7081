"""QIDNSGIP, QIOPEN, QICLOSE, QISTATE: the probe of a server's name and port."""

from typing import TYPE_CHECKING

from ..errors import PLAIN_ERROR, AtError
from ..names import UnknownName
from ..sockets import DNS_FAILED
from ..syntax import Form
from .registry import Handler, entering

if TYPE_CHECKING:
    from ..call import Call
    from ..modem import Modem

_SOCKETS = 12
_IN_USE = 563
_NO_CONTEXT = 561
_TIME_TO_LIVE = 600

COMMANDS: dict[str, Handler] = {}
_command = entering(COMMANDS)


@_command("+QIDNSGIP")
def qidnsgip(modem: Modem, call: Call) -> None:
    """Resolve a name: OK, then result codes."""
    if call.form is Form.TEST:
        call.info(f"+QIDNSGIP: (1-{modem.profile.contexts}),<hostname>")
        return
    context = call.number(0, 1, modem.profile.contexts)
    name = call.string(1, 255)
    if not modem.packet.active(context):
        modem.packet.last_error = _NO_CONTEXT
        raise AtError(PLAIN_ERROR)

    def failed(code: int, _: int) -> str:
        return f'+QIURC: "dnsgip",{code}'

    async def answer() -> None:
        try:
            address = modem.resolve(context, name)
        except UnknownName:
            modem.packet.last_error = DNS_FAILED
            lines = [failed(DNS_FAILED, 0)]
        else:
            lines = [
                f'+QIURC: "dnsgip",0,1,{_TIME_TO_LIVE}',
                f'+QIURC: "dnsgip","{address}"',
            ]
        await call.later(lines, failed, routed=modem.profile.dnsgip_routed)

    call.follow_ups.append(answer)


@_command("+QIOPEN")
def qiopen(modem: Modem, call: Call) -> None:
    """Open a TCP connection: OK, then +QIOPEN."""
    if call.form is Form.TEST:
        call.info(
            f"+QIOPEN: (1-{modem.profile.contexts}),(0-{_SOCKETS - 1}),"
            '"TCP/UDP/TCP LISTENER/UDP SERVICE",<IP_address>/<domain_name>,'
            "<remote_port>,<local_port>,(0-2)"
        )
        return
    context = call.number(0, 1, modem.profile.contexts)
    number = call.number(1, 0, _SOCKETS - 1)
    kind, name = call.string(2), call.string(3, 200)
    port = call.number(4, 1, 65535)
    # Only buffer access and direct push; transparent mode is not a probe's
    call.number(6, 0, 1, 0)
    if kind.upper() != "TCP":
        raise AtError(PLAIN_ERROR)

    def line(code: int, _: int) -> str:
        return f"+QIOPEN: {number},{code}"

    async def answer() -> None:
        code = _IN_USE
        if number not in modem.sockets.open:
            code = await modem.sockets.connect(number, context, name, port)
        if code:
            modem.packet.last_error = code
        await call.later([line(code, 0)], line)

    call.follow_ups.append(answer)


@_command("+QICLOSE")
def qiclose(modem: Modem, call: Call) -> None:
    """Close a connection; one that is not open is closed as well."""
    if call.form is Form.TEST:
        call.info(f"+QICLOSE: (0-{_SOCKETS - 1}),(0-65535)")
        return
    modem.sockets.close(call.number(0, 0, _SOCKETS - 1))


@_command("+QISTATE")
def qistate(modem: Modem, call: Call) -> None:
    """The open connections."""
    if call.form is Form.TEST:
        return
    for number, connection in sorted(modem.sockets.open.items()):
        call.info(
            f'+QISTATE: {number},"TCP","{connection.address}",{connection.port},0,2,'
            f'{connection.context},{number},0,"{modem.settings.role}"'
        )
