"""Opens and closes a TCP connection of the modem (QIOPEN, QICLOSE): for a look, or a stream.

In buffer access mode: with direct push the server's lines would be written to our port,
where they could pose as the modem's.
"""

from contextlib import suppress
from typing import Final

from ..at.channel import AtChannel
from ..at.codes import TcpError
from ..at.commands import Command
from ..at.errors import (
    CommandError,
    ModemError,
    NoAnswerError,
    ServerNameError,
    ServerUnreachableError,
    UnexpectedAnswerError,
)
from ..at.syntax import integer, number, parameters, quote
from ..network.dns import HOST_LIMIT
from ..network.last_error import last_error

# <socket_state> (TCP/IP note 2.4.9); a connection that is not listed is in the first.
INITIAL: Final = "0"
CLOSING: Final = "4"
_CONNECTED: Final = "2"
_STATE_FIELD: Final = 5

# The highest of the modem's twelve: the first ones are others' habit.
_LOOK: Final = 11
_BUFFER_ACCESS: Final = 0
# What says that a command is not known so, rather than that it has failed.
_NOT_KNOWN: Final = frozenset(
    {TcpError.SUCCESS, TcpError.INVALID_PARAMETERS, TcpError.NOT_SUPPORTED}
)

# Seconds; TCP/IP notes: 150 s for +QIOPEN, and the timeout that we give to QICLOSE, which
# holds up every other command.
_OPEN_TIME: Final = 155.0
# How long we rely on the result code before we ask: it may go to another port.
_ASK_EVERY: Final = 2.0
_CLOSE_TIMEOUT: Final = 1
_CLOSE_TIME: Final = 15.0


async def reach(channel: AtChannel, context_id: int, host: str, port: int) -> None:
    """Open a connection to the server and close it; see ``open_connection``."""
    await open_connection(channel, _LOOK, context_id, host, port)
    await close_connection(channel, _LOOK)


async def open_connection(
    channel: AtChannel, connection: int, context_id: int, host: str, port: int
) -> None:
    """Connect to ``host`` and ``port`` over the active PDP context; up to 155 s.

    ``connection``: 0-11. One that an earlier user left open under this number is closed
    first. ``ServerNameError`` and ``ServerUnreachableError`` with the modem's code,
    ``CommandError`` where the firmware has no such command. After an error it is closed.
    """
    context = integer(context_id, "context", 1, 16)
    name = quote(host, "host", HOST_LIMIT)
    target = f"{name},{integer(port, 'port', 1, 65535)}"
    line = f'AT+QIOPEN={context},{connection},"TCP",{target},0,{_BUFFER_ACCESS}'
    try:
        code = await _open(channel, connection, line)
        if code in (TcpError.SOCKET_IN_USE, None):
            await close_connection(channel, connection)
            code = await _open(channel, connection, line)
    except BaseException:
        # One that never told of itself may be open.
        await close_connection(channel, connection)
        raise
    if code in (TcpError.SUCCESS, None):
        return
    await close_connection(channel, connection)
    unknown = code is TcpError.DNS_FAILED
    raise ServerNameError(code) if unknown else ServerUnreachableError(code)


async def _open(
    channel: AtChannel, connection: int, line: str
) -> TcpError | int | None:
    """Return the result; None if none came, and there is a connection of that number.

    It may be an earlier user's, and the result that it is in use.
    """
    with channel.expect(f"+QIOPEN: {connection},") as result:
        try:
            await channel.execute(Command(line))
        except CommandError as err:
            found = await last_error(channel) if err.code is None else err.code
            if isinstance(found, TcpError) and found not in _NOT_KNOWN:
                return found
            raise
        for _ in range(round(_OPEN_TIME / _ASK_EVERY)):
            with suppress(NoAnswerError):
                return _code(await result.wait(_ASK_EVERY))
            with suppress(CommandError):
                if await connection_state(channel, connection) == _CONNECTED:
                    return None
        return _code(await result.wait(0))


def _code(line: str) -> TcpError | int:
    code = number(parameters(line)[1])
    if code is None:
        raise UnexpectedAnswerError("AT+QIOPEN")
    return TcpError.of(code)


async def connection_state(channel: AtChannel, connection: int) -> str:
    """Ask for a connection's ``<socket_state>``; ``CommandError`` if it can't be told."""
    command = Command(f"AT+QISTATE=1,{connection}", prefixes=("+QISTATE:",))
    lines = await channel.execute(command)
    found = parameters(lines[0]) if lines else ()
    return found[_STATE_FIELD] if len(found) > _STATE_FIELD else INITIAL


async def close_connection(channel: AtChannel, connection: int) -> None:
    """Close a connection; one that is gone, or a modem that is, is no error."""
    with suppress(ModemError):
        await channel.execute(
            Command(f"AT+QICLOSE={connection},{_CLOSE_TIMEOUT}", deadline=_CLOSE_TIME)
        )
