"""What the check does with the modem once the person has agreed, one trial at a time.

Nothing that a server says in words of its own leaves these functions.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
import secrets
from typing import Final

from ..delivery.client.check import Failed, over_modem
from ..delivery.client.clock import better_clock
from ..delivery.client.mime import compose
from ..delivery.client.session import (
    Account,
    MailSession,
    ResultLostError,
    SessionError,
    Step as SessionStep,
)
from ..delivery.client.trust import context_for, unverified_context
from ..modem.at.errors import (
    CommandError,
    ConnectionLostError,
    ModemError,
    NoAnswerError,
    ServerNameError,
    ServerUnreachableError,
    UnsupportedModemError,
)
from ..modem.mail.attachments import NotAttached
from ..modem.mail.message import Message
from ..modem.mail.server import Security, ServerSettings
from ..modem.mail.smtp import Result
from ..modem.mail.tls import TlsSettings
from ..modem.modem import Modem
from ..modem.network.pdp import PdpSettings, PdpState
from ..modem.service import await_registration
from .evidence import Fate, Told, failed
from .letters import NOBODY
from .wording import LOG_IN_FAILS

PUT_TIME: Final = 120
"""Seconds that the modem may take for one email."""
REPLY_TIME: Final = 60.0
"""Seconds that a server may take for each reply."""
_SEARCH: Final = 30.0
_SEARCH_AGAIN: Final = 120.0
_RESOLVE: Final = 20.0


async def bring_up(modem: Modem, settings: PdpSettings) -> Told:
    """Find the network and bring the data connection up, unless it is."""
    if await modem.refresh_pdp() is PdpState.ACTIVE:
        return Told("it was up already, and is used as it is")
    try:
        await await_registration(modem, _SEARCH)
    except ModemError:
        # LTE lets some modems in with their APN only.
        await modem.give_apn(settings)
        await await_registration(modem, _SEARCH_AGAIN)
    await modem.share(settings)
    return Told("it came up")


async def resolve(modem: Modem, host: str) -> bool:
    """Ask for a server's name; whether a result code came to this port."""
    try:
        await modem.resolve(host, _RESOLVE)
    except ServerNameError:
        return True
    except NoAnswerError, CommandError:
        return False
    return True


async def log_in(
    modem: Modem, server: ServerSettings, *, known_roots: bool
) -> tuple[Told, str | None]:
    """Log in once over the modem's TCP, and send nothing.

    Returns the root that the server proved itself by, too.
    """
    found = await over_modem(
        modem, server, find_root=known_roots, now=datetime.now(UTC)
    )
    if found is None:
        return Told("the firmware has no TCP commands"), None
    if isinstance(found, Failed):
        code = "" if found.code is None else f", {found.code}"
        why = LOG_IN_FAILS[found.trouble]
        return failed(f"it failed: {found.trouble}{code} ({why})"), None
    return Told("the server takes the account"), found.root


async def by_own_client(modem: Modem, server: ServerSettings, message: Message) -> Told:
    """Have the modem's own mail client send an email, and clear it away."""
    await modem.configure(server)
    outcome = await modem.prepare(message)
    # An email without attachments has none that are refused.
    assert not isinstance(outcome, NotAttached)
    try:
        if outcome is None:
            outcome = await modem.put(PUT_TIME)
    finally:
        with suppress(ModemError):
            await modem.clear()
    sent = outcome.result is Result.SENT
    return Told(
        "sent" if sent else f"not sent: {outcome.result}",
        Fate.DONE if sent else Fate.FAILED,
        outcome,
    )


async def over_tcp(
    modem: Modem, server: ServerSettings, message: Message, *, known_roots: bool
) -> Told:
    """Send an email by Home Assistant's own mail client over the modem's TCP."""
    clock = better_clock(datetime.now(UTC), await modem.network_time())
    context, clock = await asyncio.to_thread(
        context_for, server, clock, known_roots=known_roots
    )
    account = Account(server.host, server.security, server.username, server.password)
    try:
        async with modem.stream(server.host, server.port) as pair:
            session = await MailSession.open(
                pair.socket, account, context, clock, timeout=REPLY_TIME
            )
            try:
                if await session.offer(server.sender_address, message.to):
                    return failed("the server refused the recipient")
                content = compose(
                    message, server, now=clock.now, reference=secrets.token_hex(8)
                )
                await session.announce()
                await pair.carried(pair.sent + await session.write(content))
                await session.finish()
                await session.end()
            finally:
                session.close()
    except SessionError as err:
        return failed(_step_failed(err))
    except ResultLostError:
        return failed("the server did not answer to the email's end")
    except ConnectionLostError:
        return failed("the connection was lost on the way")
    except CommandError:
        return failed("the firmware has no TCP commands")
    return Told("the server took it")


def _step_failed(err: SessionError) -> str:
    code = "" if err.reply is None else f", {err.reply.code}"
    reason = "" if err.reason is None else f", {err.reason}"
    return f"it failed at: {err.step}{code}{reason}"


async def offers_starttls(modem: Modem, server: ServerSettings) -> str | None:
    """Ask a server over the modem's TCP what it offers; log in nowhere.

    Returns why it is no server that offers no STARTTLS; None if it is one, or where the
    firmware can't ask.
    """
    account = Account(server.host, Security.STARTTLS)
    clock = better_clock(datetime.now(UTC), None)
    try:
        async with modem.stream(server.host, server.port) as pair:
            session = await MailSession.open(
                pair.socket, account, unverified_context(), clock, timeout=REPLY_TIME
            )
            session.close()
    except SessionError as err:
        if err.step is not SessionStep.TLS:
            return "the server that was named does not answer as a mail server does"
        if err.reason is None and err.reply is None and not err.broken:
            return None
    except ServerNameError, ServerUnreachableError, ConnectionLostError:
        return "the server that was named was not reached"
    except CommandError, UnsupportedModemError:
        return None
    return "the server that was named offers STARTTLS"


def with_wrong_password(server: ServerSettings) -> ServerSettings:
    """Return the account with a password that is nobody's."""
    return replace(server, password=f"wrong-{secrets.token_hex(6)}")


def with_root(server: ServerSettings, root: str | None) -> ServerSettings:
    """Return the server, which has to prove itself by this root."""
    return replace(server, tls=TlsSettings(root))


def without_account(server: ServerSettings, root: str) -> ServerSettings:
    """Return the server with another root; nobody logs in, whatever happens."""
    return replace(
        server,
        username="",
        password="",
        sender_name="",
        sender_address=NOBODY,
        tls=TlsSettings(root),
    )


def in_clear(host: str, port: int) -> ServerSettings:
    """Return a server that offers no STARTTLS, with an account that is made up."""
    return ServerSettings(
        host=host,
        port=port,
        security=Security.STARTTLS,
        username="hardware-check",
        password=f"made-up-{secrets.token_hex(6)}",
        sender_name="",
        sender_address=NOBODY,
    )
