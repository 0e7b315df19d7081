"""Gives the modem the settings of an email account that it lacks in its present boot."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from ..at.channel import AtChannel
from ..at.commands import Command
from ..at.errors import CommandError
from ..boot.memory import Memory
from ..network import status
from ..network.profile import Profile
from . import tls
from .server import Security, ServerSettings

# A clock before this is not set; the host's own is not trusted either.
RELEASED: Final = datetime(2026, 11, 1, tzinfo=UTC)


async def configure(
    channel: AtChannel,
    memory: Memory,
    known: Profile,
    server: ServerSettings,
    context_id: int,
    now: Callable[[], datetime],
) -> None:
    """Send what differs from what the modem has; ``now`` is the host's clock.

    ``InvalidValueError``, and nothing is sent, where its mail client can't carry them.
    """
    lines = server.commands(context_id, has_body_original=known.has_body_original)
    # Certificates are judged by it, and the modem may write the email's Date from it.
    await memory.remember("clock", "set", partial(_set_clock, channel, now))
    if server.security is not Security.NONE:
        await _configure_tls(channel, memory, known, server.tls)
    for name, line in lines:
        await memory.remember(
            name, line, partial(channel.execute, Command(line, secret=True))
        )


async def _configure_tls(
    channel: AtChannel,
    memory: Memory,
    known: Profile,
    settings: tls.TlsSettings,
) -> None:
    if settings.ca_file is not None:
        storing = partial(
            tls.store_ca, channel, settings, acknowledged=known.can_acknowledge
        )
        await memory.remember("ca", settings.ca_file, storing)
    for setting in tls.commands(settings, known):
        await memory.remember(
            setting.name, setting.spellings[0], partial(tls.configure, channel, setting)
        )


async def _set_clock(channel: AtChannel, now: Callable[[], datetime]) -> None:
    """Set the modem's clock, if it is not plausible.

    The network's time is better than ours, which a host without a battery may have
    lost in the power cut. A modem that refuses may send all the same: whether a
    certificate holds is then for its handshake to say.
    """
    if await status.network_set_clock(channel):
        return
    clock = await status.clock(channel)
    if clock is not None and clock >= RELEASED - timedelta(days=1):
        return
    moment = now()
    if moment >= RELEASED:
        with suppress(CommandError):
            await status.set_clock(channel, moment)
