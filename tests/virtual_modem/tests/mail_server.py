"""A real SMTP server on loopback, with the misbehaviour that a test asks for."""

import asyncio
from dataclasses import dataclass, field
import ssl
import threading
from types import TracebackType
from typing import Any, Self, override

from aiosmtpd.smtp import (
    DATA_SIZE_DEFAULT,
    SMTP,
    AuthResult,
    Envelope,
    LoginPassword,
    Session,
)


@dataclass(slots=True)
class Manners:
    """How the server behaves. `replies` maps a verb (MAIL, RCPT, DATA, ...) to a reply."""

    login: tuple[str, str] | None = None
    replies: dict[str, str] = field(default_factory=dict)
    # what follows AUTH in the answer to EHLO; None: as the server likes
    offer_auth: str | None = None
    hide_starttls: bool = False
    # bytes of an email that it takes, and says so in its answer to EHLO
    size: int = DATA_SIZE_DEFAULT
    # until `MailServer.release`
    hang_at_data: bool = False
    # after the message was accepted, and before the client is told
    close_at_data: bool = False
    # a reply for single recipients, before that for RCPT
    refused: dict[str, str] = field(default_factory=dict)


class _Server(SMTP):
    """One connection, which can refuse STARTTLS."""

    @override
    async def smtp_STARTTLS(self, arg: str) -> None:
        """Refuse, or shake hands."""
        handler = self.event_handler
        assert isinstance(handler, MailServer)
        if reply := handler.manners.replies.get("STARTTLS"):
            await self.push(reply)
        else:
            await super().smtp_STARTTLS(arg)


class MailServer:
    """Runs while its `with` block does; `received` is what it accepted."""

    def __init__(
        self,
        manners: Manners | None = None,
        *,
        implicit: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
    ) -> None:
        """implicit: TLS from the first byte; starttls: TLS on request."""
        self.manners = manners or Manners()
        self.received: list[Envelope] = []
        self.mechanisms: list[str] = []
        self.server_names: list[str | None] = []
        # what clients called themselves
        self.client_names: list[str] = []
        for context in (implicit, starttls):
            if context is not None:
                context.sni_callback = self._heard_name
        self._implicit = implicit
        self._starttls = starttls
        self._loop = asyncio.new_event_loop()
        self._released = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def __enter__(self) -> Self:
        """Listen, in a thread of its own."""
        self._server = self._loop.run_until_complete(
            self._loop.create_server(
                self._conversation, "127.0.0.1", 0, ssl=self._implicit
            )
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def __aenter__(self) -> Self:
        """Listen, beside a loop that runs."""
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        await asyncio.to_thread(self.__exit__, kind, error, trace)

    def release(self) -> None:
        """Answer what hangs at DATA, and hang no more."""
        self.manners.hang_at_data = False
        self._loop.call_soon_threadsafe(self._released.set)

    async def _stop(self) -> None:
        assert self._server is not None
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _conversation(self) -> SMTP:
        return _Server(
            self,
            tls_context=self._starttls,
            authenticator=self.authenticate,
            auth_require_tls=False,
            data_size_limit=self.manners.size,
            loop=self._loop,
        )

    def _heard_name(self, _: ssl.SSLObject, name: str | None, __: object) -> None:
        self.server_names.append(name)

    # aiosmtpd's hooks, by its names

    def authenticate(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        mechanism: str,
        data: Any,
    ) -> AuthResult:
        """Check the log-in."""
        self.mechanisms.append(mechanism)
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        right = self.manners.login in (None, given)
        return AuthResult(success=right, handled=False)

    async def handle_EHLO(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        """Offer what the manners say."""
        if "EHLO" in self.manners.replies:
            return [self.manners.replies["EHLO"]]
        session.host_name = hostname
        self.client_names.append(hostname)
        if self.manners.hide_starttls:
            responses = [r for r in responses if "STARTTLS" not in r]
        if self.manners.offer_auth is not None:
            responses = [r for r in responses if "AUTH" not in r]
            responses.insert(1, f"250-AUTH {self.manners.offer_auth}")
        return responses

    async def handle_MAIL(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take or refuse the sender."""
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.manners.replies.get("MAIL", "250 OK")

    async def handle_RCPT(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take or refuse a recipient."""
        general = self.manners.replies.get("RCPT", "250 OK")
        reply = self.manners.refused.get(address, general)
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take or refuse the message."""
        if self.manners.hang_at_data:
            self._released.clear()
            await self._released.wait()
        if self.manners.close_at_data:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        reply = self.manners.replies.get("DATA", "250 OK")
        if reply.startswith("250"):
            self.received.append(envelope)
        return reply
