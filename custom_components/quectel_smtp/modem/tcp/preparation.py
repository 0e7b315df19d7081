"""What the TCP commands of a firmware can do, and the settings that a stream needs."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from ..at.channel import AtChannel
from ..at.commands import PROMPT_LIMIT, Command
from ..at.errors import CommandError
from ..at.syntax import choices, number

# Whoever used the modem before may have changed each; a firmware that lacks one behaves
# as we want it. TCP/IP note 2.4.1 and 2.4.18: none is kept over a restart.
_SETTINGS: Final = (
    # The data of QISEND is not echoed: it would be read as lines.
    "AT+QISDE=0",
    # A count, an end of line, then the bytes as they are.
    'AT+QICFG="viewmode",0',
    'AT+QICFG="dataformat",0,0',
    # SEND OK and SEND FAIL; no result code for what we close ourselves.
    'AT+QICFG="sendinfo",0',
    'AT+QICFG="close/mode",0',
    # What a peer has sent before it closed can be read afterwards.
    'AT+QICFG="passiveclosed",0',
    # Seconds that a prompt waits, the most: data that comes after it would be commands.
    'AT+QICFG="qisend/timeout",120',
)

# TCP/IP note 2.4.11.
_READ: Final = 1500


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes that one ``AT+QISEND`` takes, and that one ``AT+QIRD`` gives, at most."""

    send: int = PROMPT_LIMIT
    read: int = _READ


async def prepare(channel: AtChannel) -> Limits:
    """Set the TCP commands up, once in a boot, and ask for their limits.

    ``CommandError`` where the firmware has no TCP commands.
    """
    limits = Limits(
        await _limit(channel, "QISEND", PROMPT_LIMIT),
        await _limit(channel, "QIRD", _READ),
    )
    for setting in _SETTINGS:
        with suppress(CommandError):
            await channel.execute(Command(setting))
    return limits


async def _limit(channel: AtChannel, name: str, usual: int) -> int:
    """Return the highest length in a test command's answer, ``usual`` if it has none.

    ``+QISEND: (0-11),(0-1460)``: the second range. More than usual is not asked for.
    """
    lines = await channel.execute(Command(f"AT+{name}=?", prefixes=(f"+{name}:",)))
    ranges = choices(lines[0])[1:2] if lines else ()
    highest = number(ranges[0].rpartition("-")[2]) if ranges else None
    return min(highest, usual) if highest else usual
