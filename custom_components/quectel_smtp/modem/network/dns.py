"""A server's name: does it resolve (QIDNSGIP), and do result codes reach us?"""

from typing import Final

from ..at.channel import AtChannel
from ..at.codes import TcpError
from ..at.commands import Command
from ..at.errors import ServerNameError, UnexpectedAnswerError
from ..at.syntax import integer, number, parameters, quote

HOST_LIMIT: Final = 200
"""Bytes of a name that is resolved or connected to (TCP/IP note 2.4.7)."""


async def resolve(
    channel: AtChannel, context_id: int, host: str, deadline: float
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
