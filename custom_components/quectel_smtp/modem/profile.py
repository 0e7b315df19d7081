"""What this model and firmware can do, found by asking, not by name."""

from .at import AtChannel
from .commands import Command
from .errors import CommandError, UnsupportedModemError
from .syntax import parameters

# Where a firmware routes URCs when the setting doesn't name our port, the result of a
# send never arrives here.
ALL_PORTS = "all"


async def require_smtp(channel: AtChannel) -> None:
    """Raise ``UnsupportedModemError`` where the firmware lacks the SMTP commands.

    A test command without its settings tells the SMTP client of the old GSM modules,
    which shares a name but nothing else.
    """
    try:
        lines = await channel.execute(
            Command("AT+QSMTPCFG=?", prefixes=("+QSMTPCFG:",), single=False)
        )
    except CommandError as err:
        raise UnsupportedModemError from err
    if not any("smtpserver" in line for line in lines):
        raise UnsupportedModemError


async def urc_port(channel: AtChannel) -> str | None:
    """Return the port that URCs are routed to, None where the firmware can't tell."""
    try:
        lines = await channel.execute(
            Command('AT+QURCCFG="urcport"', prefixes=("+QURCCFG:",))
        )
    except CommandError:
        return None
    found = parameters(lines[0]) if lines else ()
    return found[1] if len(found) > 1 else None


async def route_urcs_everywhere(channel: AtChannel) -> None:
    """Route URCs to every port; the modem keeps this over reboots."""
    await channel.execute(Command(f'AT+QURCCFG="urcport","{ALL_PORTS}"'))
