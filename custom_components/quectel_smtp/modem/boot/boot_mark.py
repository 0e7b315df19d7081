"""A number that the modem loses when it restarts: by it one boot is known again.

It lies where nobody else looks: the time limit of a TLS handshake in an SSL context
that no email uses. It is 10-300 s, 300 by default, and lost with all other settings of
the context at a restart.
"""

import secrets
from typing import Final

from ..at.channel import AtChannel
from ..at.commands import Command
from ..at.errors import CommandError
from ..at.syntax import number, parameters

MARK_CONTEXT: Final = 5
"""The last of the contexts 0-5; ours for email is ``tls.SSL_CONTEXT``."""
UNMARKED: Final = 300

_LOWEST: Final = 10
_LINE: Final = f'AT+QSSLCFG="negotiatetime",{MARK_CONTEXT}'


async def read(channel: AtChannel) -> int | None:
    """Return the mark, ``UNMARKED`` if there is none, None if it can't be told."""
    try:
        lines = await channel.execute(Command(_LINE, prefixes=("+QSSLCFG:",)))
    except CommandError:
        return None
    found = number(parameters(lines[0])[-1]) if lines else None
    return found if found is not None and _LOWEST <= found <= UNMARKED else None


async def leave(channel: AtChannel) -> int | None:
    """Return the mark, a new one if there is none; None where none is kept."""
    found = await read(channel)
    if found != UNMARKED:
        return found
    mark = _LOWEST + secrets.randbelow(UNMARKED - _LOWEST)
    try:
        await channel.execute(Command(f"{_LINE},{mark}"))
    except CommandError:
        return None
    # A firmware that only says OK would seem to have restarted ever after.
    return mark if await read(channel) == mark else None
