"""A mail server as a process: SSL/TLS, STARTTLS and plain, each with a login.

    DEMO_MAIL_PASSWORD=... python -m tests.end_to_end.mail_server CERTIFICATE USER

It listens on free ports of the loopback interface and prints one line of JSON for each
thing that happens: `ready` with its ports, `login`, and `mail` with the whole message.
`inbox.py` starts it and reads these lines.
"""

import asyncio
from collections.abc import Callable
import hmac
import json
import logging
import os
import ssl
import sys
import time
import warnings

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

LOOPBACK = "127.0.0.1"
PASSWORD_VARIABLE = "DEMO_MAIL_PASSWORD"


def report(event: str, **details: object) -> None:
    """Print one event; `at` is the machine's monotonic clock, which processes share."""
    line = json.dumps({"event": event, "at": time.monotonic(), **details})
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Inbox:
    """Takes every email whose sender has logged in."""

    def __init__(self, security: str) -> None:
        """`security` is how the connection is protected, for the report."""
        self._security = security

    async def handle_DATA(
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Report the email, then acknowledge it."""
        content = envelope.original_content or b""
        report(
            "mail",
            security=self._security,
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            content=content.decode("latin-1"),
        )
        return "250 2.0.0 Message accepted for delivery"


class Account:
    """The one account that may log in."""

    def __init__(self, user: str, password: str) -> None:
        """Take the login."""
        self._login = user.encode(), password.encode()

    def __call__(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        mechanism: str,
        login: LoginPassword,
    ) -> AuthResult:
        """Compare the login."""
        right = all(
            hmac.compare_digest(given, kept)
            for given, kept in zip(login, self._login, strict=True)
        )
        report("login", user=login.login.decode("utf-8", "replace"), accepted=right)
        return AuthResult(success=right, handled=False)


async def serve(certificate: str, account: Account) -> None:
    """Listen until ended from outside."""
    loop = asyncio.get_running_loop()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)

    def protocol(security: str) -> Callable[[], SMTP]:
        starttls = security == "starttls"
        return lambda: SMTP(
            Inbox(security),
            hostname="mail.example.com",
            ident="Demo mail",
            enable_SMTPUTF8=True,
            tls_context=context if starttls else None,
            require_starttls=starttls,
            authenticator=account,
            auth_required=True,
            # On the SSL/TLS port the connection is safe from its first byte, which the
            # SMTP protocol does not see; the plain port is there to be plain.
            auth_require_tls=starttls,
            loop=loop,
        )

    ports = {}
    for security in ("tls", "starttls", "none"):
        server = await loop.create_server(
            protocol(security),
            LOOPBACK,
            0,
            ssl=context if security == "tls" else None,
        )
        ports[security] = server.sockets[0].getsockname()[1]
    report("ready", ports=ports)
    await loop.create_future()


if __name__ == "__main__":
    warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS")
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    asyncio.run(serve(sys.argv[1], Account(sys.argv[2], os.environ[PASSWORD_VARIABLE])))
