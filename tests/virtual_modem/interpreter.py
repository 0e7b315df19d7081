"""Finds who carries a command out, among those that this profile has."""

from typing import TYPE_CHECKING

from .commands.basic import COMMANDS as BASIC
from .commands.files import COMMANDS as FILES
from .commands.identity import COMMANDS as IDENTITY, ICCID_COMMANDS
from .commands.mail import COMMANDS as MAIL, OLD_GSM_COMMANDS
from .commands.messages import COMMANDS as MESSAGES
from .commands.network import COMMANDS as NETWORK
from .commands.packet import COMMANDS as PACKET
from .commands.power import COMMANDS as POWER
from .commands.registry import Handler
from .commands.simcard import COMMANDS as SIM_CARD
from .commands.sockets import COMMANDS as SOCKETS
from .commands.time import COMMANDS as TIME
from .commands.tls import COMMANDS as TLS
from .errors import AtError
from .profiles import SmtpKind

if TYPE_CHECKING:
    from .call import Call
    from .modem import Modem

_ALWAYS: dict[str, Handler] = {
    **BASIC,
    **IDENTITY,
    **SIM_CARD,
    **NETWORK,
    **PACKET,
    **SOCKETS,
    **TIME,
    **POWER,
    **FILES,
    **TLS,
    **MESSAGES,
}
_LTE_ONLY = frozenset({"+CEREG", "+QNWINFO", "+QCSQ"})


def find(modem: Modem, name: str) -> Handler | None:
    """The handler of a command, if this profile has the command."""
    profile = modem.profile
    if name in MAIL or name in OLD_GSM_COMMANDS:
        match profile.smtp:
            case SmtpKind.NOTE:
                return MAIL.get(name)
            case SmtpKind.OLD_GSM:
                return OLD_GSM_COMMANDS.get(name)
            case SmtpKind.NONE:
                return None
    if name in ICCID_COMMANDS and name not in profile.iccid_commands:
        return None
    if name in _LTE_ONLY and not profile.lte:
        return None
    if name == "+QCSQ" and not profile.has_qcsq:
        return None
    if name == "+QURCCFG" and not profile.has_urcport:
        return None
    return _ALWAYS.get(name)


async def interpret(modem: Modem, call: Call) -> None:
    """Carry out the call's current command; raises AtError when it fails."""
    handler = find(modem, call.command.name)
    if handler is None:
        raise AtError
    done = handler(modem, call)
    if done is not None:
        await done
