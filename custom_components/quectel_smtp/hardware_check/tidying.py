"""What was in the modem before the check, and how it is left as it was found."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from ..modem.at.channel import AtChannel
from ..modem.at.codes import SmtpError
from ..modem.at.commands import RESULT_MARGIN, Command
from ..modem.at.errors import CommandError, PdpError
from ..modem.at.port import PortSettings, connect
from ..modem.boot.opening import open_synchronised
from ..modem.mail import files, smtp
from ..modem.mail.server import Security, ServerSettings
from ..modem.mail.tls import CA_PREFIX
from ..modem.network.pdp import DEFAULT_CONTEXT, PdpContext, PdpState
from .letters import NOBODY
from .trials import PUT_TIME

# What takes the place of an account that was typed in: nobody's, at no server.
_NOBODYS: Final = ServerSettings(
    host="example.invalid",
    port=25,
    security=Security.NONE,
    username="",
    password="",
    sender_name="",
    sender_address=NOBODY,
)
# Seconds.
_ASK_EVERY: Final = 0.5
_CONTEXT: Final = f"AT+QICSGP={DEFAULT_CONTEXT}"
_MASKED: Final = "**"
_ACCOUNT: Final = ("smtpserver", "account", "sender")


@dataclass(frozen=True, slots=True)
class Before:
    """What was there.

    ``certificates``: ours, by name. ``was_up``: the data connection. ``context``: its
    settings as the modem lists them (SMTP note 2.3.1), None where it doesn't, or masks
    their password.
    """

    certificates: frozenset[str] = frozenset()
    was_up: bool = False
    context: str | None = field(default=None, repr=False)


async def look(port: PortSettings) -> Before:
    """Look what is there. ``ModemError`` where the modem can't be had."""
    channel = await _open(port)
    try:
        context = PdpContext(channel, DEFAULT_CONTEXT, lambda: None)
        active = await context.refresh() is PdpState.ACTIVE
        return Before(await _certificates(channel), active, await _settings(channel))
    finally:
        await channel.close()


async def tidy(port: PortSettings, before: Before, *, mail: bool) -> tuple[str, ...]:
    """Leave the modem as it was; return what could not be undone.

    The port is opened anew: whatever was cut off is over then. ``mail``: its mail client
    was told something. ``ModemError`` where the modem can't be had.
    """
    channel = await _open(port)
    remains = []
    try:
        # First: an email that is still under way ends with it, and lets itself be cleared.
        if not before.was_up:
            context = PdpContext(channel, DEFAULT_CONTEXT, lambda: None)
            try:
                if await context.refresh() is PdpState.ACTIVE:
                    await context.deactivate()
                remains += await _give_back(channel, before.context)
            except CommandError, PdpError:
                remains.append("the data connection is still up")
        if mail:
            remains += await _forget_mail(channel)
        for name in await _certificates(channel) - before.certificates:
            try:
                await files.delete(channel, name)
            except CommandError:
                remains.append(f"the file {name} is still there")
    finally:
        await channel.close()
    return tuple(remains)


async def _open(port: PortSettings) -> AtChannel:
    return await open_synchronised(port, connect, lambda _: None, ())


async def _forget_mail(channel: AtChannel) -> list[str]:
    """Clear what the mail client has of an email and of an account."""
    remains = []
    try:
        await _clear(channel)
    except CommandError:
        remains.append("it keeps the recipients of the last email until it restarts")
    try:
        for name, line in _NOBODYS.commands(DEFAULT_CONTEXT):
            if name in _ACCOUNT:
                await channel.execute(Command(line, secret=True))
    except CommandError:
        remains.append("it keeps the mail account until it restarts")
    return remains


async def _clear(channel: AtChannel) -> None:
    """Clear an email, once the modem has ended one that is still under way."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PUT_TIME + RESULT_MARGIN
    while True:
        try:
            await smtp.clear(channel)
        except CommandError as err:
            if err.code is not SmtpError.BUSY or loop.time() > deadline:
                raise
            await asyncio.sleep(_ASK_EVERY)
        else:
            return


async def _settings(channel: AtChannel) -> str | None:
    lines: tuple[str, ...] = ()
    with suppress(CommandError):
        lines = await channel.execute(
            Command(_CONTEXT, prefixes=("+QICSGP:",), secret=True)
        )
    listed = lines[0].partition(":")[2].strip() if lines else ""
    return None if not listed or _MASKED in listed else listed


async def _give_back(channel: AtChannel, context: str | None) -> list[str]:
    """Give the data connection the settings that it had, where others are there now."""
    if context is not None and await _settings(channel) != context:
        try:
            await channel.execute(Command(f"{_CONTEXT},{context}", secret=True))
        except CommandError:
            context = None
    return [] if context is not None else ["the APN that was typed is still there"]


async def _certificates(channel: AtChannel) -> frozenset[str]:
    found: tuple[files.StoredFile, ...] = ()
    with suppress(CommandError):
        found = await files.listing(channel)
    return frozenset(f.name for f in found if f.name.startswith(CA_PREFIX))
