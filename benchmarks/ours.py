"""``AtChannel`` as a contestant."""

from custom_components.quectel_smtp.modem.at.channel import AtChannel
from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.port import PortSettings, connect

from . import responder

_COMMANDS = {
    responder.READ: Command("AT+CSQ", prefixes=("+CSQ:",)),
    responder.READ_WITH_URC: Command("AT+CREG?", prefixes=("+CREG:",)),
    responder.READ_WITH_NOISE: Command("AT+COPS?", prefixes=("+COPS:",)),
    responder.BARE: Command("AT+CGMM", bare=lambda _: True),
}


class Ours:
    """Commands declared as the modem layer declares them."""

    def __init__(self, channel: AtChannel) -> None:
        """Take an open channel and listen to what it does not own."""
        self._channel = channel
        self._urcs: list[str] = []
        channel.subscribe("+QIURC:", self._urcs.append)

    async def ask(self, line: str) -> object:
        """Execute the command."""
        return await self._channel.execute(_COMMANDS[line])

    def lines(self, answer: object) -> list[str]:
        """Return the lines, which is what an answer is."""
        assert isinstance(answer, tuple)
        return list(answer)

    async def elsewhere(self) -> list[str]:
        """Return what the subscriber was given."""
        return self._urcs


async def open_port(port: str, _: str) -> Ours:
    """Open ``port`` as the integration does."""
    return Ours(await connect(PortSettings(port)))
