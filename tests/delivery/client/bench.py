"""A session with a real server on this machine, over an ordinary socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
import socket
import ssl

import trustme

from custom_components.quectel_smtp.delivery.client.clock import Clock
from custom_components.quectel_smtp.delivery.client.session import (
    Account,
    MailSession,
    Reply,
)
from custom_components.quectel_smtp.delivery.client.trust import client_context
from custom_components.quectel_smtp.modem.mail.server import Security
from tests.virtual_modem.tests.mail_server import MailServer, Manners

HOST = "mail.example.com"
LOGIN = ("user", "secret-of-the-account")
SENDER = "home@example.com"
YOU = "you@example.org"
CONTENT = b"Subject: Alarm\r\n\r\nWater\r\n.\r\n..\r\n"


async def hand_over(session: MailSession, content: bytes = CONTENT) -> Reply:
    """Send the content to those who were not refused."""
    await session.announce()
    await session.write(content)
    return await session.finish()


def account(
    security: Security = Security.TLS, login: tuple[str, str] = LOGIN
) -> Account:
    """The account that the server knows."""
    return Account(HOST, security, *login)


def host_clock() -> Clock:
    """The host's clock, which is right."""
    return Clock(datetime.now(UTC), of_host=True)


def pem(root: trustme.CA) -> str:
    """A root as a person gives it."""
    return root.cert_pem.bytes().decode()


def showing(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """A server's context with this certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context


def serving(
    certificate: trustme.LeafCert, security: Security, manners: Manners | None = None
) -> MailServer:
    """A server with this certificate."""
    context = showing(certificate)
    return MailServer(
        manners or Manners(login=LOGIN),
        implicit=context if security is Security.TLS else None,
        starttls=context if security is Security.STARTTLS else None,
    )


@asynccontextmanager
async def session(
    port: int,
    root: str | None,
    of: Account,
    clock: Clock | None = None,
    *,
    timeout: float = 20,
) -> AsyncIterator[MailSession]:
    """Open a session to that port; its socket goes with it."""
    clock = clock or host_clock()
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setblocking(False)
    context = client_context(root, clock)
    opened = await MailSession.open(sock, of, context, clock, timeout=timeout)
    try:
        yield opened
    finally:
        opened.close()
