"""An ordinary mail client over the modem's own TCP: it neither knows nor notices."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
import ssl

from aiosmtplib import SMTP, SMTPException
import pytest
import trustme

from custom_components.quectel_smtp.delivery.client.clock import better_clock
from custom_components.quectel_smtp.delivery.client.session import (
    Account,
    MailSession,
    Reply,
)
from custom_components.quectel_smtp.delivery.client.trust import client_context
from custom_components.quectel_smtp.modem.mail.server import Security
from custom_components.quectel_smtp.modem.tcp.joined import joined
from tests.delivery.client.bench import hand_over
from tests.virtual_modem.fault_model import Action, Fault, Moment
from tests.virtual_modem.tests.mail_server import MailServer, Manners

from .tcp_bench import HOST, TcpBench, stray_commands, tcp_bench

LOGIN = ("user", "secret-of-the-account")
TEXT = "Water in the cellar: 5 °C\r\nOK\r\n+QSMTPPUT: 0,0\r\n.\r\n+++\r\n"


def email(text: str = TEXT) -> EmailMessage:
    """An email whose text looks like answers of a modem."""
    message = EmailMessage()
    message["From"], message["To"] = "home@example.com", "you@example.org"
    message["Subject"] = "Alarm"
    message.set_content(text, cte="8bit")
    return message


def trusting(root: trustme.CA) -> ssl.SSLContext:
    """A client's context that trusts this root alone, with Python's own strictness."""
    pem = root.cert_pem.bytes().decode()
    context = ssl.create_default_context(cadata=pem)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def showing(root: trustme.CA, name: str = HOST) -> ssl.SSLContext:
    """A server's context with a certificate of this root."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    root.issue_cert(name).configure_cert(context)
    return context


@asynccontextmanager
async def client(
    bench: TcpBench, context: ssl.SSLContext | None, *, implicit: bool
) -> AsyncIterator[SMTP]:
    """A client that is connected through the modem, over TLS if there is a context."""
    async with bench.stream() as stream, joined(stream) as pair:
        smtp = SMTP(
            hostname=HOST,
            sock=pair.socket,
            local_hostname="[127.0.0.1]",
            timeout=60,
            use_tls=implicit,
            start_tls=False if implicit else context is not None,
            tls_context=context,
        )
        await smtp.connect()
        try:
            yield smtp
        finally:
            smtp.close()


async def deliver(bench: TcpBench, context: ssl.SSLContext, *, implicit: bool) -> None:
    """Log in and send."""
    async with client(bench, context, implicit=implicit) as smtp:
        await smtp.login(*LOGIN)
        await smtp.send_message(email())
        await smtp.quit()


@pytest.mark.parametrize("implicit", [True, False], ids=["tls", "starttls"])
@pytest.mark.parametrize("harm", ["none", "slow", "full"])
async def test_an_email_is_sent_by_a_library_over_the_modem(
    implicit: bool, harm: str
) -> None:
    root = trustme.CA()
    context = showing(root)
    server = MailServer(
        Manners(login=LOGIN),
        implicit=context if implicit else None,
        starttls=None if implicit else context,
    )
    circumstances: dict[str, dict[str, str | float]] = {
        "none": {},
        "slow": {"command_seconds": 0.02, "recv_seconds": 0.05},
        "full": {"send_buffer": 1500, "ack_seconds": 0.02, "receive_buffer": 700},
    }
    async with server, tcp_bench(server.port, **circumstances[harm]) as bench:
        await deliver(bench, trusting(root), implicit=implicit)
        (received,) = server.received
        assert received.rcpt_tos == ["you@example.org"]
        assert isinstance(received.content, bytes)
        assert "5 °C".encode() in received.content
        assert b"\r\n+QSMTPPUT: 0,0\r\n" in received.content
        assert bench.channel.epoch == 0
        assert stray_commands(bench.virtual) == []
        # The password went through TLS only.
        assert LOGIN[1].encode() not in b"".join(
            transfer.data for transfer in bench.virtual.transfers()
        )


@pytest.mark.parametrize("implicit", [True, False], ids=["tls", "starttls"])
@pytest.mark.parametrize("flaw", ["root", "name"])
async def test_a_server_that_is_not_the_right_one_hears_no_password(
    implicit: bool, flaw: str
) -> None:
    root = trustme.CA()
    name = "other.example.com" if flaw == "name" else HOST
    trusted = root if flaw == "name" else trustme.CA()
    context = showing(root, name)
    server = MailServer(
        Manners(login=LOGIN),
        implicit=context if implicit else None,
        starttls=None if implicit else context,
    )
    async with server, tcp_bench(server.port) as bench:
        with pytest.raises((SMTPException, ssl.SSLError)):
            await deliver(bench, trusting(trusted), implicit=implicit)
        assert server.received == []
        assert server.mechanisms == []


async def test_a_server_without_starttls_hears_no_password() -> None:
    root = trustme.CA()
    context = showing(root)
    manners = Manners(login=LOGIN, hide_starttls=True)
    async with (
        MailServer(manners, starttls=context) as server,
        tcp_bench(server.port) as bench,
    ):
        with pytest.raises(SMTPException):
            await deliver(bench, trusting(root), implicit=False)
        assert server.received == []
        assert server.mechanisms == []


async def test_our_own_session_tells_what_became_of_each_recipient() -> None:
    """With a certificate that holds by the network's clock only."""
    root = trustme.CA()
    network = datetime.now(UTC) + timedelta(days=400)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    leaf = root.issue_cert(HOST, not_before=network - timedelta(days=1))
    leaf.configure_cert(context)
    clock = better_clock(datetime.now(UTC), network)
    account = Account(HOST, Security.TLS, *LOGIN)
    refusing = Manners(login=LOGIN, refused={"bad@example.org": "550 nobody"})
    trusted = client_context(root.cert_pem.bytes().decode(), clock)
    async with (
        MailServer(refusing, implicit=context) as server,
        tcp_bench(server.port) as bench,
        bench.stream() as stream,
        joined(stream) as pair,
    ):
        mail = await MailSession.open(pair.socket, account, trusted, clock, timeout=60)
        recipients = ["you@example.org", "bad@example.org"]
        refused = await mail.offer("home@example.com", recipients)
        assert refused == {"bad@example.org": Reply(550, "nobody")}
        assert (await hand_over(mail, email().as_bytes())).code == 250
        mail.close()
        assert server.received[0].rcpt_tos == ["you@example.org"]
        assert stray_commands(bench.virtual) == []


async def test_a_large_email_arrives_whole() -> None:
    root = trustme.CA()
    context = showing(root)
    text = "0123456789abcdef" * 4 + "\r\n"
    async with (
        MailServer(Manners(login=LOGIN), implicit=context) as server,
        tcp_bench(server.port) as bench,
        client(bench, trusting(root), implicit=True) as smtp,
    ):
        await smtp.login(*LOGIN)
        await smtp.send_message(email(text * 1500))
        (received,) = server.received
        assert isinstance(received.content, bytes)
        assert received.content.count(text.encode()) == 1500


async def test_a_connection_that_breaks_in_mid_email_is_an_error_of_the_library() -> (
    None
):
    root = trustme.CA()
    context = showing(root)
    async with (
        MailServer(Manners(login=LOGIN), implicit=context) as server,
        tcp_bench(server.port) as bench,
    ):
        bench.virtual.fault(
            Fault(Action.PDPDEACT, "QISEND=10,1460", Moment.BEFORE_FINAL, skip=3)
        )
        async with client(bench, trusting(root), implicit=True) as smtp:
            await smtp.login(*LOGIN)
            with pytest.raises(SMTPException):
                await smtp.send_message(email(("x" * 70 + "\r\n") * 500))
        assert server.received == []
