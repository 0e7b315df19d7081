"""The way by Home Assistant's own mail client, over a TCP connection of the modem."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
import re
import ssl
from typing import Final, override

from ...modem.at.codes import SmtpError, SmtpReply
from ...modem.at.errors import ConnectionLostError, ModemError
from ...modem.mail.smtp import LOST, Outcome, Result
from ...modem.tcp.joined import Joined
from ..client.check import plain
from ..client.clock import better_clock
from ..client.mime import compose
from ..client.session import (
    Account,
    MailSession,
    Reply,
    ResultLostError,
    SessionError,
    Step,
)
from ..client.trust import context_for
from ..records import Item, Way
from ..rules.capacity import CAPACITIES
from ..settings import Settings
from .carrier import Carrier, FitTo, Refusal, Told
from .line import Line

REPLY_TIME: Final = 60.0
"""Seconds that the server may take for each reply."""

# The modem's own codes for the same: where a session failed.
_CODES: Final = {
    # Whatever the server says instead of a greeting, it has nothing against the email.
    Step.CONNECT: SmtpError.SERVICE_UNAVAILABLE,
    Step.TLS: SmtpError.TLS,
    Step.LOGIN: SmtpError.AUTH_FAILED,
}
# The mailbox is full (RFC 3463 3.3), whatever the reply: many servers say 550 or 554.
_FULL: Final = re.compile(r"5\.2\.2\b")
_WORDLESS: Final = {
    Step.CONNECT: SmtpError.NETWORK,
    Step.TLS: SmtpError.TLS,
    Step.LOGIN: SmtpError.AUTH_TYPE_UNSUPPORTED,
}


class StreamCarrier(Carrier):
    """A TCP connection of the modem, TLS, and one SMTP session for each email."""

    def __init__(self, line: Line, now: Callable[[], datetime]) -> None:
        """Take the line, and the host's clock."""
        self._line = line
        self._now = now
        self._open = AsyncExitStack()
        self._session: MailSession | None = None
        self._refused: dict[str, Refusal] = {}

    @property
    @override
    def way(self) -> Way:
        return Way.STREAM

    @property
    @override
    def patience(self) -> float:
        return 0.0

    @override
    async def arm(self, settings: Settings) -> None:
        await self._line.modem.arm_tcp()

    @override
    async def prepare(
        self, item: Item, fit_to: FitTo, settings: Settings
    ) -> Told | None:
        """Connect, log in, name sender and recipients, and send all but the last line."""
        await self.clear()
        try:
            told = await self._prepare(item, fit_to, settings)
        except BaseException:
            await self.clear()
            raise
        if told is not None:
            await self.clear()
        return told

    async def _prepare(
        self, item: Item, fit_to: FitTo, settings: Settings
    ) -> Told | None:
        server, modem = settings.server, self._line.modem
        clock = better_clock(self._now(), await modem.network_time())
        try:
            context, clock = await asyncio.to_thread(
                context_for, server, clock, known_roots=settings.known_roots
            )
        except ssl.SSLError:
            # A root that can't be read proves nothing.
            return Told(Outcome(Result.REFUSED, SmtpError.TLS))
        account = Account(
            server.host, server.security, server.username, server.password
        )
        pair = await self._open.enter_async_context(
            modem.stream(server.host, server.port)
        )
        recipients = [*item.addresses]
        try:
            session = await MailSession.open(
                pair.socket, account, context, clock, timeout=REPLY_TIME
            )
            self._open.callback(session.close)
            refused = await session.offer(server.sender_address, recipients)
            self._refused = {
                address: Refusal(_outcome(None, reply), plain(reply.words))
                for address, reply in refused.items()
            }
            if len(self._refused) == len(set(recipients)):
                first = self._refused[recipients[0]]
                return Told(first.outcome, first.words, self._refused)
            content = await self._content(item, fit_to, session, clock.now)
            await session.announce()
        except SessionError as err:
            return _failed(err, pair)
        try:
            # The last line leaves once all before it has left.
            await pair.carried(pair.sent + await session.write(content))
        except ConnectionLostError:
            return Told(Outcome(Result.REFUSED, SmtpError.NETWORK))
        self._session = session
        return None

    async def _content(
        self, item: Item, fit_to: FitTo, session: MailSession, now: datetime
    ) -> bytes:
        """Return the email as the server gets it, no larger than it takes one."""
        capacity = CAPACITIES[self.way]
        if capacity.size is not None and session.size:
            capacity = replace(capacity, size=min(capacity.size, session.size))
        fitted = await fit_to(capacity)
        # A reference is unique among those of an outbox, and outboxes begin anew.
        reference = f"{item.reference}.{item.accepted.wall:%Y%m%d%H%M%S}"
        return await asyncio.to_thread(
            compose, fitted.message, fitted.server, now=now, reference=reference
        )

    @override
    async def mark(self) -> None:
        return None

    @override
    async def hand_over(self, handed_over: Callable[[], None]) -> Told:
        session = self._session
        if session is None:
            raise ConnectionLostError("closed")
        handed_over()
        try:
            reply = await session.finish()
        except SessionError as err:
            told = _answered(err)
        except ResultLostError:
            told = Told(LOST)
        else:
            sent = Outcome(Result.SENT, reply=SmtpReply.of(reply.code))
            told = Told(sent, plain(reply.words))
        return replace(told, refused=self._refused)

    @override
    async def give_up(self) -> None:
        """Close the connection, whatever the server is at."""
        self._session = None
        await self.clear()

    @override
    async def clear(self) -> None:
        """Take leave of the server, if it has answered, and close the connection."""
        open_, self._open = self._open, AsyncExitStack()
        session, self._session = self._session, None
        self._refused = {}
        async with open_:
            if session is not None:
                await session.end()


def _failed(err: SessionError, pair: Joined) -> Told:
    """Return why nothing was sent; ``ModemError`` where it was the modem."""
    lost = pair.failure
    if err.reply is None and isinstance(lost, ModemError):
        if not isinstance(lost, ConnectionLostError):
            raise lost
        return Told(Outcome(Result.REFUSED, SmtpError.NETWORK))
    return _answered(err)


def _answered(err: SessionError) -> Told:
    if err.reply is not None:
        return _replied(_CODES.get(err.step), err.reply)
    if err.reason is not None:
        return Told(Outcome(Result.REFUSED, SmtpError.TLS))
    silent = None if err.broken else _WORDLESS.get(err.step)
    code = silent or SmtpError.NETWORK
    return Told(Outcome(Result.REFUSED, code))


def _replied(code: SmtpError | None, reply: Reply) -> Told:
    return Told(_outcome(code, reply), plain(reply.words))


def _outcome(code: SmtpError | None, reply: Reply) -> Outcome:
    if code is None and _FULL.match(reply.words):
        code = SmtpError.STORAGE_EXCEEDED
    return Outcome(Result.REFUSED, code, SmtpReply.of(reply.code))
