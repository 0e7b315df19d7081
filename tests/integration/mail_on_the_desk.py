"""A mail server in this process, which a socket pair leads to: no socket leaves it."""

import asyncio
from pathlib import Path
import socket
import ssl
from typing import Any, override

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
import certifi
import trustme

CA = trustme.CA(organization_name="Everybody", organization_unit_name="Public Root")
ROOT = CA.cert_pem.bytes().decode()
LABEL = "Public Root (Everybody)"


def bundle(folder: Path) -> str:
    """Return a file with the roots that all trust, and ours among them."""
    path = folder / "roots.pem"
    path.write_text(Path(certifi.where()).read_text("ascii") + ROOT, "ascii")
    return str(path)


class _Conversation(SMTP):
    """One connection."""

    @override
    def connection_lost(self, error: Exception | None) -> None:
        """Let go of it."""
        assert isinstance(self.event_handler, DeskMail)
        self.event_handler.conversations.discard(self)
        super().connection_lost(error)


class DeskMail:
    """Takes any login, unless a test says which; on 465 with TLS from the first byte."""

    def __init__(self) -> None:
        """Know nobody yet."""
        self.login: tuple[str, str] | None = None
        self.sender_reply = "250 OK"
        self.login_reply = "535 5.7.8 Authentication credentials invalid"
        self.authority = CA
        # What the certificate is made out for; None: for whoever is asked for.
        self.name: str | None = None
        self.logins: list[tuple[str, str]] = []
        self.conversations: set[_Conversation] = set()
        self.senders: list[str] = []
        self.takes_emails = False
        # What is said of an address that there is not.
        self.refused: dict[str, str] = {}
        self.received: list[Envelope] = []

    async def connect(self, host: str, port: int) -> socket.socket:
        """Return the client's end of a connection."""
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.authority.issue_cert(self.name or host).configure_cert(context)
        loop = asyncio.get_running_loop()
        conversation = _Conversation(
            self,
            tls_context=context if port == 587 else None,
            authenticator=self.authenticate,
            auth_require_tls=False,
            loop=loop,
        )
        self.conversations.add(conversation)
        accepting = loop.connect_accepted_socket(
            lambda: conversation, ours, ssl=context if port == 465 else None
        )
        self._accepting = loop.create_task(self._accept(accepting, conversation))
        return theirs

    async def _accept(self, accepting: Any, conversation: _Conversation) -> None:
        try:
            await accepting
        except OSError:
            # The client did not like the certificate.
            self.conversations.discard(conversation)

    def authenticate(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        mechanism: str,
        data: Any,
    ) -> AuthResult:
        """Check the login."""
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        self.logins.append(given)
        right = self.login in (None, given)
        message = None if right else self.login_reply
        return AuthResult(success=right, handled=False, message=message)

    async def handle_MAIL(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take or refuse the sender."""
        self.senders.append(address)
        envelope.mail_from = address
        return self.sender_reply

    async def handle_RCPT(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Take or refuse a recipient."""
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take an email; but nothing is ever sent by a check."""
        assert self.takes_emails, "an email was sent"
        self.received.append(envelope)
        return "250 OK"
