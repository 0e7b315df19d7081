"""Why a TCP/IP command was answered by a plain ``ERROR`` (``AT+QIGETERROR``)."""

from ..at.channel import AtChannel
from ..at.codes import TcpError, tcp_code
from ..at.commands import Command
from ..at.errors import ModemError
from ..at.syntax import number, parameters


async def last_error(channel: AtChannel) -> TcpError | int | None:
    """Return the code of the last TCP/IP command that failed, None if it isn't told."""
    try:
        lines = await channel.execute(
            Command("AT+QIGETERROR", prefixes=("+QIGETERROR:",))
        )
    except ModemError:
        return None
    found, text = (*parameters(lines[0]), "", "")[:2] if lines else ("", "")
    given = number(found)
    return None if given is None else tcp_code(given, text)
