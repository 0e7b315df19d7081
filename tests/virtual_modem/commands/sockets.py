"""QIDNSGIP, QIOPEN, QISEND, QIRD, QICLOSE, QISTATE, QICFG, QISDE (T, chapter 2.4)."""

from typing import TYPE_CHECKING

from ..errors import PLAIN_ERROR, AtError
from ..names import UnknownName
from ..observations import TransferEnd
from ..packet import INVALID_PARAMETERS
from ..prompt_input import PromptInput
from ..sockets import (
    DNS_FAILED,
    NO_CONTEXT,
    SOCKET_CLOSED,
    SOCKETS,
    AccessMode,
    Connection,
)
from ..syntax import Form
from ..tcp_settings import ITEMS
from .registry import Handler, entering

if TYPE_CHECKING:
    from ..call import Call
    from ..modem import Modem

_TIME_TO_LIVE = 600
_LONGEST_CLOSE = 65535
_DEFAULT_CLOSE = 10
_FOR_EVER = 86400.0

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
        modem.packet.last_error = NO_CONTEXT
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
            f"+QIOPEN: (1-{modem.profile.contexts}),(0-{SOCKETS - 1}),"
            '"TCP/UDP/TCP LISTENER/UDP SERVICE",<IP_address>/<domain_name>,'
            "<remote_port>,<local_port>,(0-2)"
        )
        return
    modem.packet.last_error = INVALID_PARAMETERS
    context = call.number(0, 1, modem.profile.contexts)
    number = call.number(1, 0, SOCKETS - 1)
    kind, name = call.string(2), call.string(3, 200)
    port = call.number(4, 1, 65535)
    call.number(5, 0, 65535, 0)
    # Transparent mode (2) has no user here
    mode = AccessMode(call.number(6, 0, 1, 0))
    if kind.upper() != "TCP":
        raise AtError(PLAIN_ERROR)
    modem.packet.last_error = 0

    def line(code: int, _: int) -> str:
        return f"+QIOPEN: {number},{code}"

    async def answer() -> None:
        code = await modem.sockets.connect(number, context, name, port, mode)
        if code:
            modem.packet.last_error = code
        await call.later([line(code, 0)], line)
        if not code:
            modem.sockets.begin(number)

    call.follow_ups.append(answer)


@_command("+QISEND")
async def qisend(modem: Modem, call: Call) -> None:
    """Send after a prompt, or tell how much the peer has."""
    longest = modem.settings.longest_send
    if call.form is Form.TEST:
        call.info(f"+QISEND: (0-{SOCKETS - 1}),(0-{longest})")
        return
    number = call.number(0, 0, SOCKETS - 1)
    length = call.number(1, 0, longest) if call.given(1) else None
    if length == 0:
        connection = _existing(modem, number)
        call.info(
            f"+QISEND: {connection.sent},{connection.acknowledged},"
            f"{connection.on_its_way}"
        )
        return
    if modem.sockets.connected(number) is None:
        modem.packet.last_error = SOCKET_CLOSED
        raise AtError(PLAIN_ERROR)
    time = modem.tcp.input_time or _FOR_EVER
    data, end = await call.prompted(PromptInput(length, longest), time)
    if end is TransferEnd.ESCAPED:
        # INF: what a cancelled QISEND answers
        return
    sending = modem.sockets.connected(number)
    if end is not TransferEnd.COMPLETE or sending is None:
        modem.packet.last_error = SOCKET_CLOSED
        raise AtError(PLAIN_ERROR)
    try:
        data = modem.tcp.taken(data)
    except ValueError:
        raise AtError(PLAIN_ERROR) from None
    taken = modem.sockets.send(sending, data)
    if modem.tcp.sendinfo:
        free = modem.settings.send_buffer - sending.on_its_way
        call.info(f"+QISEND: {number},{int(not taken)},{free}")
        return
    call.success = "SEND OK" if taken else "SEND FAIL"


@_command("+QIRD")
def qird(modem: Modem, call: Call) -> None:
    """Read what has come, or tell how much that is."""
    longest = modem.settings.longest_read
    if call.form is Form.TEST:
        call.info(f"+QIRD: (0-{SOCKETS - 1}),(0-{longest})")
        return
    connection = _existing(modem, call.number(0, 0, SOCKETS - 1))
    if connection.mode is not AccessMode.BUFFER:
        raise AtError(PLAIN_ERROR)
    most = call.number(1, 0, longest, longest)
    if most == 0:
        unread = len(connection.unread)
        call.info(
            f"+QIRD: {connection.received},{connection.received - unread},{unread}"
        )
        return
    data = modem.sockets.read(connection, most)
    if data:
        text = modem.tcp.shown(data)
        call.info(f"+QIRD: {len(data)}{modem.tcp.separator}{text}")
    else:
        call.info("+QIRD: 0")


@_command("+QICLOSE")
async def qiclose(modem: Modem, call: Call) -> None:
    """Close a connection; one that is not open is closed as well."""
    if call.form is Form.TEST:
        call.info(f"+QICLOSE: (0-{SOCKETS - 1}),(0-{_LONGEST_CLOSE})")
        return
    number = call.number(0, 0, SOCKETS - 1)
    timeout = call.number(1, 0, _LONGEST_CLOSE, _DEFAULT_CLOSE)
    if await modem.sockets.close(number, timeout) and modem.tcp.close_tells:
        closed = f'+QIURC: "closed",{number}'

        async def tell() -> None:
            await call.later([closed], lambda _, __: closed)

        call.follow_ups.append(tell)


@_command("+QISTATE")
def qistate(modem: Modem, call: Call) -> None:
    """The connections: all, those of a context (0) or the one of a number (1)."""
    if call.form is Form.TEST:
        return
    chosen = sorted(modem.sockets.open.items())
    if call.form is Form.WRITE:
        if call.number(0, 0, 1) == 0:
            context = call.number(1, 1, modem.profile.contexts)
            chosen = [(n, c) for n, c in chosen if c.context == context]
        else:
            wanted = call.number(1, 0, SOCKETS - 1)
            chosen = [(n, c) for n, c in chosen if n == wanted]
    for number, connection in chosen:
        call.info(
            f'+QISTATE: {number},"TCP","{connection.address}",{connection.port},'
            f"{connection.local_port},{connection.state},{connection.context},"
            f'{number},{connection.mode},"{modem.settings.role}"'
        )


@_command("+QICFG")
def qicfg(modem: Modem, call: Call) -> None:
    """Set or tell one setting."""
    if call.form is Form.TEST:
        for name, item in ITEMS.items():
            ranges = ",".join(f"({low}-{high})" for low, high in item.ranges)
            call.info(f'+QICFG: "{name}",{ranges}')
        return
    name = call.string(0)
    if name not in ITEMS:
        raise AtError(PLAIN_ERROR)
    item = ITEMS[name]
    if call.count(1, 1 + len(item.ranges)) == 1:
        values = ",".join(map(str, modem.tcp.get(name)))
        call.info(f'+QICFG: "{name}",{values}')
        return
    modem.tcp.values[name] = tuple(
        call.number(index, low, high, present)
        for index, ((low, high), present) in enumerate(
            zip(item.ranges, modem.tcp.get(name), strict=True), 1
        )
    )


@_command("+QISDE")
def qisde(modem: Modem, call: Call) -> None:
    """Whether the data of QISEND is echoed."""
    match call.form:
        case Form.TEST:
            call.info("+QISDE: (0,1)")
        case Form.READ:
            call.info(f"+QISDE: {int(modem.tcp.echo)}")
        case _:
            modem.tcp.echo = call.number(0, 0, 1) == 1


def _existing(modem: Modem, number: int) -> Connection:
    """The connection of that number, whatever its state."""
    connection = modem.sockets.open.get(number)
    if connection is None:
        modem.packet.last_error = SOCKET_CLOSED
        raise AtError(PLAIN_ERROR)
    return connection
