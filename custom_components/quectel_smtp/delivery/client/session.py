"""``MailSession``: one SMTP session over a socket, with each reply kept.

Everything before ``finish`` means that nothing was sent; from there on it may be.
"""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from smtplib import quotedata
import socket
import ssl
from typing import Final, Self

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from ...modem.mail.server import Security
from .clock import Clock
from .echo import unechoed
from .trust import TlsReason, check_dates, reason_of, root_of

# RFC 5321 4.1.3: an address in brackets where there is no name. The host's own name is
# nobody's business, and asking for it may take a name server.
_OWN_NAME: Final = "[127.0.0.1]"
_LEAST_FAILURE: Final = 400
# RFC 5321 4.3.2: the one success of DATA, and of the content.
_GO_ON: Final = 354
_ACCEPTED: Final = 250
# RFC 4954 4: the mechanism is offered, and not known after all; no log-in was tried.
_NO_SUCH_MECHANISM: Final = 504
# Bytes in a second that the slowest line carries: what the modem has still to send of the
# content is given so much more time.
_SLOWEST: Final = 500
# RFC 5321 4.1.1.4: the line that ends the content. What came before it is no email yet.
_FINAL_DOT: Final = b"."
# Seconds for the server's farewell, which nothing depends on.
_FAREWELL: Final = 2.0


class Step(StrEnum):
    """Where in a session something failed."""

    CONNECT = "connect"
    TLS = "tls"
    LOGIN = "login"
    SENDER = "sender"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Account:
    """The server by its name, how the connection is secured, and who logs in.

    No user name: nobody does.
    """

    host: str
    security: Security
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's reply: its code, and its own words."""

    code: int
    words: str = field(repr=False)


_SECURING: Final = (Step.CONNECT, Step.TLS)
"""In which TLS is agreed on."""


class SessionError(Exception):
    """A session failed before anything was sent: ``step`` says where.

    ``reply`` is the server's, None where it gave none; ``reason`` is that of TLS.
    ``broken``: the connection ended, nothing came in time, or nothing that makes sense.
    """

    def __init__(
        self,
        step: Step,
        reply: Reply | None = None,
        reason: TlsReason | None = None,
        *,
        broken: bool = False,
    ) -> None:
        """Keep what is known; the server's words are not for logs."""
        super().__init__(f"{step}{'' if reply is None else f' {reply.code}'}")
        self.step = step
        self.reply = reply
        self.reason = reason
        self.broken = broken


class ResultLostError(Exception):
    """The content was ended, and no reply came: it may have been accepted."""


class MailSession:
    """An SMTP session that is logged in."""

    def __init__(self, client: SMTP, timeout: float) -> None:
        """Take a client and the seconds that a reply may take; use ``open``."""
        self._client = client
        self._timeout = timeout
        self._written = 0
        # Whether the server takes what it hears for an email's.
        self._in_content = False

    @classmethod
    async def open(
        cls,
        sock: socket.socket,
        account: Account,
        context: ssl.SSLContext,
        clock: Clock,
        *,
        timeout: float,
    ) -> Self:
        """Greet the server on ``sock``, secure the connection and log in.

        ``timeout`` is for each reply, in seconds. STARTTLS is strict: a server that
        doesn't offer it, or refuses, is told no password. The socket is closed with
        the session. ``SessionError`` if a step fails.
        """
        implicit = account.security is Security.TLS
        client = SMTP(
            hostname=account.host,
            sock=sock,
            local_hostname=_OWN_NAME,
            timeout=timeout,
            use_tls=implicit,
            start_tls=False,
            tls_context=context,
        )
        session = cls(client, timeout)
        try:
            await session._step(Step.CONNECT, client.connect())
            if account.security is Security.STARTTLS:
                await session._step(Step.TLS, client.starttls())
            if account.security is not Security.NONE:
                await session._check_dates(clock)
            if account.username:
                await session._step(Step.LOGIN, session._log_in(account))
        except BaseException:
            session.close()
            raise
        return session

    async def _log_in(self, account: Account) -> None:
        """Log in once, by the first mechanism that the server knows.

        The library's own ``login`` tries a refused password by each mechanism: that is
        three of the tries after which a provider locks the account.
        """
        client = self._client
        await client.ehlo()
        mechanisms = {
            "plain": client.auth_plain,
            "login": client.auth_login,
            "cram-md5": client.auth_crammd5,
        }
        unknown: SMTPException = SMTPException("no mechanism that we know")
        for name, log_in in mechanisms.items():
            if name not in client.server_auth_methods:
                continue
            try:
                await log_in(account.username, account.password)
            except SMTPAuthenticationError as err:
                words = unechoed(err.message, account.username, account.password)
                unknown = SMTPAuthenticationError(err.code, words)
                if err.code != _NO_SUCH_MECHANISM:
                    raise unknown from None
            else:
                return
        raise unknown

    @property
    def root(self) -> str | None:
        """The root, in PEM, that the server's verified chain ends in, if there is one."""
        return root_of(self._client.get_transport_info("ssl_object"))

    async def _check_dates(self, clock: Clock) -> None:
        if clock.of_host:
            return
        # The connection itself is the loop's: while it reads what a server sends after the
        # handshake, session tickets, OpenSSL tells a thread that there was none yet.
        certificate = self._client.get_transport_info("peercert")
        connection = self._client.get_transport_info("ssl_object")
        authorities = connection.get_verified_chain()[1:]
        # In a thread: it has OpenSSL read certificates.
        check = asyncio.to_thread(check_dates, certificate, authorities, clock)
        await self._step(Step.TLS, check)

    async def offer(self, sender: str, recipients: Sequence[str]) -> dict[str, Reply]:
        """Name sender and recipients; return who was refused, and how.

        ``SessionError`` if the sender is refused or the connection fails.
        """
        await self._step(Step.SENDER, self._client.mail(sender))
        refused: dict[str, Reply] = {}
        for recipient in recipients:
            try:
                with _failing(Step.SENDER, SMTPRecipientRefused):
                    await self._client.rcpt(recipient)
            except SMTPRecipientRefused as err:
                refused[recipient] = Reply(err.code, err.message)
        return refused

    @property
    def size(self) -> int | None:
        """The most bytes of an email that the server takes (RFC 1870); None: not told."""
        told = self._client.esmtp_extensions.get("size", "")
        return int(told) if told.isascii() and told.isdigit() else None

    async def announce(self) -> None:
        """Tell the server that the content comes; ``SessionError`` if it wants none."""
        with _failing(Step.CONTENT):
            response = await self._client.execute_command(b"DATA")
            if response.code != _GO_ON:
                raise SMTPResponseException(response.code, response.message)
            self._in_content = True

    async def write(self, content: bytes) -> int:
        """Send the content but for the line that ends it.

        Returns the bytes that are on their way now, before encryption. They are no
        email yet: that they are lost means that nothing was sent.
        """
        # Pictures are millions of bytes.
        lines = await asyncio.to_thread(_quoted, content)
        # A connection that is gone is noticed by whoever waits for the bytes.
        if self._client.protocol is not None:
            with suppress(SMTPServerDisconnected):
                self._client.protocol.write(lines)
        self._written = len(lines)
        return self._written

    async def finish(self) -> Reply:
        """End the content, for those who were not refused; return the server's reply.

        ``SessionError`` if the server refuses it, ``ResultLostError`` if no reply came.
        """
        patience = self._timeout + self._written / _SLOWEST
        if self._client.protocol is not None:
            # What a server said once too often would be taken for its reply to this.
            self._client.protocol._buffer.clear()  # noqa: SLF001
        try:
            response = await self._client.execute_command(_FINAL_DOT, timeout=patience)
        except (SMTPException, OSError) as err:
            raise ResultLostError from err
        self._in_content = False
        reply = Reply(response.code, response.message)
        if reply.code >= _LEAST_FAILURE:
            raise SessionError(Step.CONTENT, reply)
        if reply.code != _ACCEPTED:
            raise ResultLostError
        return reply

    async def withdraw(self) -> None:
        """Undo what was offered: nothing is sent (RSET)."""
        await self._step(Step.SENDER, self._client.rset())

    async def end(self) -> None:
        """Take leave of the server (QUIT), within 2 s; not in the midst of an email."""
        if not self._in_content:
            with suppress(SMTPException, OSError):
                await self._client.quit(timeout=_FAREWELL)
        self.close()

    def close(self) -> None:
        """End the connection without waiting for the server."""
        self._client.close()

    async def _step(self, step: Step, work: Awaitable[object]) -> None:
        with _failing(step):
            await work


@contextmanager
def _failing(step: Step, *kept: type[Exception]) -> Iterator[None]:
    """Name the step in which something of the session fails; let ``kept`` through."""
    try:
        yield
    except kept:
        raise
    except SMTPResponseException as err:
        # What is no reply has no code: the server speaks something else. One that has
        # greeted us does not: the line has garbled it.
        reply = Reply(err.code, err.message) if err.code > 0 else None
        broken = reply is None and step is not Step.CONNECT
        raise SessionError(step, reply, broken=broken) from err
    except (SMTPException, OSError) as err:
        # Nothing is wrong with the certificate of a connection that was secured: what
        # can't be decrypted later, the line has garbled.
        reason = reason_of(err) if step in _SECURING else None
        step = Step.TLS if reason else step
        broken = reason is None and isinstance(err, OSError)
        raise SessionError(step, None, reason, broken=broken) from err


def _quoted(content: bytes) -> bytes:
    """Return the content as it is sent: its dots doubled, and a line end last."""
    # A character for each byte, whatever they say.
    text = content.decode("latin-1").removesuffix("\r\n")
    return quotedata(f"{text}\r\n").encode("latin-1")
