"""How much goes over the data connection: what the modem itself counts of it."""

from dataclasses import dataclass

from ..at.channel import AtChannel
from ..at.commands import Command
from ..at.errors import CommandError
from ..at.syntax import number, parameters


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes that were sent and received."""

    sent: int = 0
    received: int = 0

    def __add__(self, other: Traffic) -> Traffic:
        """Return both together."""
        return Traffic(self.sent + other.sent, self.received + other.received)

    def __sub__(self, earlier: Traffic) -> Traffic:
        """Return what came on top of what was earlier."""
        return Traffic(self.sent - earlier.sent, self.received - earlier.received)

    def __ge__(self, other: Traffic) -> bool:
        """Whether neither number is smaller."""
        return self.sent >= other.sent and self.received >= other.received


async def counter(channel: AtChannel) -> Traffic | None:
    """Return what the modem's counter shows; None where the firmware has none.

    It begins at a start of the modem with what somebody had it save, by default nothing,
    and saves nothing by itself (EC2x and EC200U AT manuals, AT+QGDCNT, AT+QAUGDCNT). We
    have nothing saved: it wears the modem's flash.
    """
    try:
        lines = await channel.execute(Command("AT+QGDCNT?", prefixes=("+QGDCNT:",)))
    except CommandError:
        return None
    found = [number(text) for text in parameters(lines[0])] if lines else []
    match found:
        case [int(sent), int(received), *_] if sent >= 0 and received >= 0:
            return Traffic(sent, received)
    return None
