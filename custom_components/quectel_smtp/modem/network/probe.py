"""The probe of a mail server's path: does its name resolve, is its port open?"""

from contextlib import suppress
from typing import Final

from ..at.channel import AtChannel
from ..at.codes import TcpError
from ..at.commands import Command, Deadline
from ..at.errors import (
    CommandError,
    ModemError,
    ServerNameError,
    ServerUnreachableError,
    UnexpectedAnswerError,
)
from ..at.syntax import integer, number, parameters, quote

HOST_LIMIT: Final = 50
# What says that a command is not known so, rather than that it has failed.
_NOT_KNOWN: Final = frozenset({TcpError.INVALID_PARAMETERS, TcpError.NOT_SUPPORTED})

# The highest connection of the modem's twelve: the first ones are others' habit.
_CONNECTION: Final = 11
_BUFFER_ACCESS: Final = 0
_CONNECT_TIME: Final = 150.0
_CLOSE_TIME: Final = 15.0


async def resolve(
    channel: AtChannel, context_id: int, host: str, deadline: float = Deadline.RESOLVE
) -> None:
    """Resolve ``host`` over the active PDP context, within ``deadline`` seconds.

    The result is a URC, so that this also shows whether URCs reach our port:
    ``NoAnswerError`` if none does. ``ServerNameError`` if the name has no address.
    """
    context = integer(context_id, "context", 1, 16)
    name = quote(host, "host", HOST_LIMIT)
    with channel.expect('+QIURC: "dnsgip"') as result:
        await channel.execute(Command(f"AT+QIDNSGIP={context},{name}"))
        line = await result.wait(deadline)
    found = parameters(line)
    code = number(found[1]) if len(found) > 1 else None
    if code is None:
        raise UnexpectedAnswerError("AT+QIDNSGIP")
    if code != 0:
        raise ServerNameError(TcpError.of(code))


async def reach(channel: AtChannel, context_id: int, host: str, port: int) -> None:
    """Open a TCP connection to the server and close it; takes up to 150 s.

    In buffer access mode: with direct push the server's greeting would be written to
    our port, where its lines could pose as the modem's.

    ``ServerUnreachableError`` with the modem's code if it can't be opened,
    ``CommandError`` where the firmware has no such command.
    """
    context = integer(context_id, "context", 1, 16)
    name = quote(host, "host", HOST_LIMIT)
    target = f"{name},{integer(port, 'port', 1, 65535)}"
    opening = f'AT+QIOPEN={context},{_CONNECTION},"TCP",{target},0,{_BUFFER_ACCESS}'
    code = await _try(channel, opening)
    if code is TcpError.SOCKET_IN_USE:
        # By an earlier look that was broken off; this one has closed it.
        code = await _try(channel, opening)
    if code is not TcpError.SUCCESS:
        raise ServerUnreachableError(code)


async def _try(channel: AtChannel, opening: str) -> TcpError | int:
    """Open the connection and close it again, also where it never told of itself."""
    try:
        code = await _open(channel, opening)
    except ModemError:
        await _close(channel)
        raise
    await _close(channel)
    return code


async def _open(channel: AtChannel, opening: str) -> TcpError | int:
    with channel.expect(f"+QIOPEN: {_CONNECTION},") as result:
        try:
            await channel.execute(Command(opening))
        except CommandError as err:
            if isinstance(err.code, TcpError) and err.code not in _NOT_KNOWN:
                return err.code
            raise
        line = await result.wait(_CONNECT_TIME)
    code = number(parameters(line)[1])
    if code is None:
        raise UnexpectedAnswerError("AT+QIOPEN")
    return TcpError.of(code)


async def _close(channel: AtChannel) -> None:
    """Close the connection; one that was refused may not need it."""
    with suppress(ModemError):
        await channel.execute(
            Command(f"AT+QICLOSE={_CONNECTION}", deadline=_CLOSE_TIME)
        )
