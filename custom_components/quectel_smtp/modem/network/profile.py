"""What this model and firmware can do, found by its test commands, not by its name."""

from dataclasses import dataclass
from typing import Final

from ..at.channel import AtChannel
from ..at.commands import Command
from ..at.errors import CommandError, OldGsmModemError
from ..at.syntax import allows, choices, parameters

# Where a firmware routes URCs when the setting doesn't name our port, the result of a
# send never arrives here.
ALL_PORTS = "all"
URC_ROUTING = "AT+QURCCFG"

_TLS_1_2: Final = 3
_TLS_ALL: Final = 4
_CONTEXTS: Final = 16
_AUTHENTICATIONS: Final = 2


@dataclass(frozen=True, slots=True)
class Profile:
    """What a firmware can do; where its test commands are silent, the reference model.

    ``has_mail_client``: whether it has the commands of the SMTP note. ``tls_settings``
    are the names that ``AT+QSSLCFG`` knows, None if it doesn't tell.
    ``tls_version`` is the value for TLS 1.2, or for all versions where a firmware has
    no other that includes it.
    """

    has_mail_client: bool = True
    has_body_original: bool = False
    tls_settings: frozenset[str] | None = None
    tls_version: int = _TLS_1_2
    can_acknowledge: bool = True
    highest_context: int = _CONTEXTS
    highest_authentication: int = _AUTHENTICATIONS


async def probe(channel: AtChannel) -> Profile:
    """Ask the firmware what it can do.

    ``OldGsmModemError`` where it has the GSM modules' own SMTP commands, which share a
    name with ours but nothing else; so do their TCP commands.
    """
    smtp = await _ask(channel, "QSMTPCFG")
    has_mail_client = any(line[:1] == ("smtpserver",) for line in smtp)
    if not has_mail_client and await _is_gsm(channel):
        raise OldGsmModemError
    tls = await _ask(channel, "QSSLCFG")
    # An answer without names tells nothing.
    names = frozenset(line[0] for line in tls if line[0].isalpha())
    versions = next((line[-1] for line in tls if line[0] == "sslversion"), "")
    upload = await _ask(channel, "QFUPL")
    context = await _ask(channel, "QICSGP")
    return Profile(
        has_mail_client=has_mail_client,
        has_body_original=any(line[0] == "bodyoriginal" for line in smtp),
        tls_settings=names or None,
        tls_version=_TLS_ALL
        if allows(versions, _TLS_ALL) and not allows(versions, _TLS_1_2)
        else _TLS_1_2,
        can_acknowledge=not upload or allows(upload[0][-1], 1),
        highest_context=_highest(context, 0, _CONTEXTS),
        highest_authentication=_highest(context, -1, _AUTHENTICATIONS),
    )


async def _is_gsm(channel: AtChannel) -> bool:
    try:
        await channel.execute(Command("AT+QSMTPSRV=?"))
    except CommandError:
        return False
    return True


def _highest(answer: tuple[tuple[str, ...], ...], place: int, otherwise: int) -> int:
    if not answer:
        return otherwise
    group = answer[0][place]
    return max((n for n in range(17) if allows(group, n)), default=otherwise)


async def _ask(channel: AtChannel, name: str) -> tuple[tuple[str, ...], ...]:
    """Return the choices that a test command names; none where it is refused."""
    try:
        lines = await channel.execute(
            Command(f"AT+{name}=?", prefixes=(f"+{name}:",), single=False)
        )
    except CommandError:
        return ()
    return tuple(found for line in lines if (found := choices(line)))


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


async def takes_all_ports(channel: AtChannel) -> bool:
    """Whether URCs can be routed to every port; False only where the firmware says so.

    ``AT+QURCCFG=?`` may list ``usbat``, ``usbmodem`` and ``uart1``, and no ``all``.
    """
    listed = [line for line in await _ask(channel, "QURCCFG") if line[0] == "urcport"]
    names = {
        name.strip(' "').lower()
        for line in listed
        for group in line[1:]
        for name in group.split(",")
    }
    return not names or ALL_PORTS in names


async def route_urcs_everywhere(channel: AtChannel) -> None:
    """Route URCs to every port; the modem keeps this over reboots."""
    await channel.execute(Command(f'{URC_ROUTING}="urcport","{ALL_PORTS}"'))
