"""The check of an account says what an email would fail for, and sends none."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import socket
import ssl
import threading
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

from aiosmtpd.smtp import AuthResult
import certifi
import pytest
import trustme

from custom_components.quectel_smtp.delivery.client import check as checking
from custom_components.quectel_smtp.delivery.client.check import (
    WORDS,
    Failed,
    Passed,
    Trouble,
    Verdict,
    dial,
    over_host,
    over_modem,
    plain,
)
from custom_components.quectel_smtp.delivery.client.clock import Clock
from custom_components.quectel_smtp.delivery.client.trust import context_for
from custom_components.quectel_smtp.modem.at.errors import (
    CommandError,
    ModemError,
    PortLostError,
    ServerNameError,
    ServerUnreachableError,
)
from custom_components.quectel_smtp.modem.mail.server import Security, ServerSettings
from custom_components.quectel_smtp.modem.mail.tls import TlsSettings
from custom_components.quectel_smtp.modem.modem import Modem
from tests.hostile.tls_bench import tls_1_0
from tests.virtual_modem.tests.mail_server import MailServer, Manners

from .bench import HOST, LOGIN, SENDER, pem, serving

BOTH = pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
USER = Manners(login=LOGIN)


def settings(
    port: int, security: Security = Security.TLS, ca_pem: str | None = None
) -> ServerSettings:
    """What a person has entered."""
    return ServerSettings(
        HOST, port, security, *LOGIN, "Home", SENDER, TlsSettings(ca_pem)
    )


@contextmanager
def public(root: trustme.CA, folder: Path) -> Iterator[None]:
    """Have this root among those that everybody trusts."""
    bundle = folder / "roots.pem"
    bundle.write_text(Path(certifi.where()).read_text("ascii") + pem(root), "ascii")
    with patch("certifi.where", return_value=str(bundle)):
        yield


@contextmanager
def on_this_machine() -> Iterator[None]:
    """Have the server's name lead here."""
    loop = asyncio.get_running_loop()
    look_up = loop.getaddrinfo

    async def here(_: str, port: int, **kinds: Any) -> Any:
        return await look_up("127.0.0.1", port, **kinds)

    with patch.object(loop, "getaddrinfo", here):
        yield


async def checked(
    server: ServerSettings, *, find_root: bool = False, now: datetime | None = None
) -> Verdict:
    """Check over this machine's own line."""
    with on_this_machine():
        return await over_host(
            server, find_root=find_root, now=now or datetime.now(UTC)
        )


@BOTH
async def test_an_account_that_is_right_passes_and_nothing_is_sent(
    security: Security, tmp_path: Path
) -> None:
    root = trustme.CA()
    async with serving(root.issue_cert(HOST), security, USER) as server:
        with public(root, tmp_path):
            verdict = await checked(settings(server.port, security), find_root=True)
        assert verdict == Passed(pem(root))
        assert server.received == []
        assert len(server.mechanisms) == 1


async def test_a_persons_own_root_is_the_only_one_that_counts(tmp_path: Path) -> None:
    root, other = trustme.CA(), trustme.CA()
    async with serving(root.issue_cert(HOST), Security.TLS, USER) as server:
        assert await checked(settings(server.port, ca_pem=pem(root))) == Passed(
            pem(root)
        )
        with public(root, tmp_path):
            verdict = await checked(settings(server.port, ca_pem=pem(other)))
        assert verdict == Failed(Trouble.ROOT)
        unreadable = "-----BEGIN CERTIFICATE-----\nM!\n-----END CERTIFICATE-----\n"
        assert await checked(settings(server.port, ca_pem=unreadable)) == Failed(
            Trouble.ROOT
        )
        assert len(server.mechanisms) == 1


async def test_without_verification_whoever_answers_is_asked() -> None:
    async with serving(trustme.CA().issue_cert("x.y"), Security.TLS, USER) as server:
        assert await checked(settings(server.port)) == Passed(None)
    async with MailServer(USER) as server:
        plain_text = settings(server.port, Security.NONE)
        assert await checked(plain_text, find_root=True) == Passed(None)


async def test_a_wrong_password_is_tried_once_and_told_in_the_servers_words() -> None:
    async with MailServer(Manners(login=("user", "another"))) as server:
        verdict = await checked(settings(server.port, Security.NONE))
        assert isinstance(verdict, Failed)
        assert (verdict.trouble, verdict.code) == (Trouble.LOGIN, 535)
        assert verdict.words == "5.7.8 Authentication credentials invalid"
        assert verdict.lasting
        assert verdict.reached
        assert verdict.words not in repr(verdict)
        assert len(server.mechanisms) == 1


@pytest.mark.parametrize(
    ("manners", "trouble", "lasting"),
    [
        (Manners(login=LOGIN, replies={"MAIL": "553 not you"}), Trouble.SENDER, True),
        (Manners(login=LOGIN, replies={"MAIL": "451 later"}), Trouble.SENDER, False),
        (Manners(login=LOGIN, offer_auth="XOAUTH2"), Trouble.METHOD, True),
        (Manners(login=LOGIN, offer_auth="CRAM-MD5 PLAIN"), None, False),
        (Manners(login=LOGIN, replies={"EHLO": "550 go away"}), Trouble.LOGIN, True),
    ],
    ids=["sender", "later", "no password", "another mechanism", "greeting"],
)
async def test_each_refusal_has_its_name(
    manners: Manners, trouble: Trouble | None, lasting: bool
) -> None:
    async with MailServer(manners) as server:
        verdict = await checked(settings(server.port, Security.NONE))
    found = verdict.trouble if isinstance(verdict, Failed) else None
    assert found is trouble
    assert isinstance(verdict, Passed) or verdict.lasting is lasting


async def test_a_mechanism_that_is_not_known_after_all_leads_to_the_next() -> None:
    """No log-in was tried with it."""
    manners = Manners(login=LOGIN, offer_auth="PLAIN CRAM-MD5 LOGIN")
    async with MailServer(manners) as server:
        with patch.object(server, "auth_PLAIN", _unknown, create=True):
            verdict = await checked(settings(server.port, Security.NONE))
        assert verdict == Passed()
        assert server.mechanisms == ["LOGIN"]


async def _unknown(server: Any, _: list[str]) -> Any:
    await server.push("504 what is that")
    return AuthResult(success=False, handled=True)


@pytest.mark.parametrize(
    ("flaw", "trouble"),
    [
        ("name", Trouble.CERTIFICATE_NAME),
        ("expired", Trouble.EXPIRED),
        ("future", Trouble.CLOCK),
        ("plain", Trouble.TLS),
    ],
)
async def test_what_is_wrong_with_tls_has_its_name(flaw: str, trouble: Trouble) -> None:
    root, now, day = trustme.CA(), datetime.now(UTC), timedelta(days=1)
    begins, ends = now - 9 * day, now + 9 * day
    if flaw == "expired":
        ends = now - day
    if flaw == "future":
        begins = now + day
    name = "other.example.com" if flaw == "name" else HOST
    certificate = root.issue_cert(name, not_before=begins, not_after=ends)
    security = Security.NONE if flaw == "plain" else Security.TLS
    server = serving(certificate, security, USER)
    async with server:
        verdict = await checked(settings(server.port, ca_pem=pem(root)))
        assert verdict == Failed(trouble)
        assert server.mechanisms == []


async def test_a_server_with_an_old_tls_alone_is_named() -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    root = trustme.CA()
    root.issue_cert(HOST).configure_cert(context)
    old = tls_1_0(context)

    def answer(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            old.wrap_socket(connection, server_side=True)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        answering = asyncio.create_task(asyncio.to_thread(answer, listening))
        verdict = await checked(settings(port, ca_pem=pem(root)))
        await answering
    assert verdict == Failed(Trouble.VERSION)


async def test_a_server_that_is_not_there_is_told_from_a_name_that_is_none() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        assert await checked(settings(port)) == Failed(Trouble.PORT)
    loop, now = asyncio.get_running_loop(), datetime.now(UTC)
    for code, trouble in (
        (socket.EAI_NONAME, Trouble.NAME),
        (socket.EAI_AGAIN, Trouble.PORT),
    ):
        with patch.object(loop, "getaddrinfo", side_effect=socket.gaierror(code, "x")):
            verdict = await over_host(settings(465), find_root=True, now=now)
        assert verdict == Failed(trouble)
        assert not verdict.reached


async def test_a_connection_that_is_given_up_leaves_no_socket() -> None:
    loop = asyncio.get_running_loop()
    with (
        patch.object(loop, "sock_connect", side_effect=asyncio.CancelledError),
        pytest.raises(asyncio.CancelledError),
    ):
        await dial("127.0.0.1", 1)


@pytest.mark.parametrize("talking", [False, True])
async def test_a_check_that_is_cancelled_leaves_no_socket(talking: bool) -> None:
    """While it reads the roots, and while a server says nothing."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    loop, reading, over = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def read(*arguments: Any, **options: Any) -> Any:
        loop.call_soon_threadsafe(reading.set)
        over.wait(60)
        return context_for(*arguments, **options)

    clock = Clock(datetime.now(UTC), of_host=True)
    with patch.object(checking, "context_for", read), theirs:
        checked = asyncio.ensure_future(
            checking.check(ours, settings(465), clock, find_root=False)
        )
        await reading.wait()
        if talking:
            over.set()
            assert await loop.sock_recv(theirs, 100_000)
        checked.cancel()
        over.set()
        with pytest.raises(asyncio.CancelledError):
            await checked
        # Its end is seen at ours.
        assert await asyncio.wait_for(loop.sock_recv(theirs, 1), 60) == b""
    assert ours.fileno() == -1


async def test_a_server_that_breaks_off_is_told_from_one_that_refuses() -> None:
    greeting = b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await reader.readline()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        for said, trouble in (
            (b"220 hello\r\n", Trouble.BROKEN),
            (b"554 not you\r\n", Trouble.GREETING),
            (b"554\r\n", Trouble.GREETING),
            (b"SSH-2.0-OpenSSH\r\n", Trouble.SILENT),
        ):
            greeting = said
            verdict = await checked(settings(port, Security.NONE))
            assert isinstance(verdict, Failed)
            assert verdict.trouble is trouble
            assert not verdict.lasting
            # A text that repeats what it says has something to repeat.
            assert bool(verdict.said) is (trouble is Trouble.GREETING)
        with patch.object(checking, "REPLY_TIME", 0.05):
            greeting = b""
            verdict = await checked(settings(port, Security.NONE))
        assert verdict == Failed(Trouble.SILENT)


def test_a_servers_words_are_one_short_line() -> None:
    assert plain("no\r\n\x1b[31mway\u202e \x00") == "no [31mway"
    assert plain("see `https://example.com`") == "see 'https://example.com'"
    assert plain("ä" * 500) == "ä" * (WORDS - 1) + "…"


class FakeModem:
    """A modem whose connection is one of this machine's."""

    def __init__(self, failure: ModemError | None = None) -> None:
        """failure: of connecting."""
        self._failure = failure
        self.time: datetime | None = None

    @asynccontextmanager
    async def stream(self, host: str, port: int) -> AsyncIterator[SimpleNamespace]:
        """Connect."""
        if self._failure is not None:
            raise self._failure
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setblocking(False)
        yield SimpleNamespace(socket=sock)

    async def network_time(self) -> datetime | None:
        """Tell the network's time."""
        return self.time


async def by_modem(modem: FakeModem, server: ServerSettings) -> Verdict | None:
    """Check over that modem."""
    now = datetime.now(UTC)
    return await over_modem(cast(Modem, modem), server, find_root=False, now=now)


async def test_over_a_modem_the_networks_clock_may_be_the_better_one() -> None:
    root, modem = trustme.CA(), FakeModem()
    modem.time = datetime.now(UTC) + timedelta(days=400)
    begins = modem.time - timedelta(days=1)
    leaf = root.issue_cert(HOST, not_before=begins)
    async with serving(leaf, Security.TLS, USER) as server:
        of = settings(server.port, ca_pem=pem(root))
        assert await by_modem(modem, of) == Passed(pem(root))
        assert await by_modem(FakeModem(), of) == Failed(Trouble.CLOCK)
        unverified = replace(of, tls=TlsSettings())
        assert await by_modem(modem, unverified) == Passed()


async def test_a_modem_without_tcp_commands_is_no_way() -> None:
    assert await by_modem(FakeModem(CommandError("AT+QIOPEN")), settings(1)) is None


async def test_where_a_modem_does_not_get_is_told_with_its_code() -> None:
    name = await by_modem(FakeModem(ServerNameError(565)), settings(1))
    assert name == Failed(Trouble.NAME, code=565)
    port = await by_modem(FakeModem(ServerUnreachableError(566)), settings(1))
    assert port == Failed(Trouble.PORT, code=566)


async def test_a_modem_that_is_lost_before_the_server_is_reached_is_told() -> None:
    with pytest.raises(PortLostError):
        await by_modem(FakeModem(PortLostError()), settings(1))
