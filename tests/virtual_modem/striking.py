"""What a fault does to the modem as a whole, at whatever moment."""

from typing import TYPE_CHECKING

from .fault_model import Action, Fault
from .settings import assignment

if TYPE_CHECKING:
    from .modem import Modem


class Interrupted(Exception):
    """The modem lost, through a fault, what it was doing."""


def strike(modem: Modem, fault: Fault) -> None:
    """Let a fault happen now.

    Raises Interrupted when what is under way ends with it. Actions that concern the
    answer of one command (ANSWER, ERROR, DROP, ...) are its `Call`'s business.
    """
    match fault.action:
        case Action.INJECT:
            modem.wire.write(fault.data)
        case Action.URC:
            modem.wire.write(f"\r\n{fault.text}\r\n".encode("latin-1"))
        case Action.NOISE:
            modem.wire.write(modem.random.randbytes(fault.size))
        case Action.LOSE:
            modem.console.lose(fault.size)
        case Action.SILENCE:
            modem.silence(fault.seconds)
        case Action.HANG:
            modem.silence(0)
        case Action.REBOOT:
            modem.reboot()
            raise Interrupted
        case Action.HANGUP:
            modem.hangup(fault.seconds)
        case Action.PDPDEACT:
            modem.packet.network_deactivates(fault.cid)
        case Action.GLUE:
            modem.wire.glue(fault.seconds)
        case Action.SET:
            modem.set(*assignment(fault.text))
        case Action.DELAY:
            modem.console.hold(fault.seconds)
