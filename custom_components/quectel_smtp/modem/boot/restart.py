"""Restarts the modem, and waits until it answers again."""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from ..at.channel import AtChannel
from ..at.errors import ModemRebootedError, NoAnswerError, NotAModemError, PortLostError
from ..network import radio

# An answered ``AT+CFUN=1,1`` takes effect within this time, and has the modem back
# within that one: up to 30 s were seen.
_GOING_DOWN: Final = 5.0
_COMING_BACK: Final = 60.0


async def restart(channel: AtChannel, taken: Callable[[], None]) -> None:
    """Restart the modem; returns when it answers, or its port went with it; 90 s.

    ``taken`` is called once the modem has taken the command. ``CommandError`` if it
    refuses; ``NoAnswerError`` if it does not answer, or does not come back.
    """
    try:
        with channel.expect("RDY") as started:
            await radio.restart(channel)
            taken()
            with suppress(NoAnswerError, PortLostError):
                await started.wait(_GOING_DOWN)
            await _come_back(channel)
    except ModemRebootedError:
        # It has started, and said so.
        return


async def _come_back(channel: AtChannel) -> None:
    """Wait for a modem that may not tell when it starts."""
    until = channel.now() + _COMING_BACK
    while True:
        try:
            await channel.synchronise(escape=False)
        except PortLostError:
            return
        except NoAnswerError, NotAModemError:
            if channel.now() < until:
                continue
            raise
        return
