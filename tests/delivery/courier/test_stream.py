"""Emails that go by Home Assistant's own mail client, over the modem's TCP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
import ssl

import pytest
import trustme

from custom_components.quectel_smtp.delivery.changes import Change, Fit
from custom_components.quectel_smtp.delivery.courier.courier import Courier
from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.records import (
    Finding,
    Instant,
    Options,
    Reason,
    State,
    Transition,
    Way,
)
from custom_components.quectel_smtp.delivery.settings import Settings
from custom_components.quectel_smtp.modem.at.codes import SmtpError
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from custom_components.quectel_smtp.modem.mail.message import Priority
from custom_components.quectel_smtp.modem.mail.server import Security, ServerSettings
from custom_components.quectel_smtp.modem.mail.smtp import Result
from custom_components.quectel_smtp.modem.mail.tls import TlsSettings
from custom_components.quectel_smtp.modem.network.pdp import PdpSettings
from tests.delivery.bench import HOST, WORDING
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.fault_model import Action, Fault, Moment
from tests.virtual_modem.tests.mail_server import MailServer, Manners

PORT = 465
LOGIN = ("user", "secret-of-the-account")
BAD = "bad@example.org"
PATIENCE = 60.0


@dataclass(slots=True)
class House:
    """A courier whose emails go by the stream, and what it told."""

    courier: Courier
    virtual: VirtualModem
    server: MailServer
    settings: Settings
    transitions: list[Transition] = field(default_factory=list)

    async def send(self, email: Email, state: State) -> Transition:
        """Submit an email; wait until it comes to this state."""
        await self.courier.submit(email)
        return await self.until(email, state)

    async def until(self, email: Email, state: State) -> Transition:
        """Wait until an email comes to this state."""

        def found() -> Transition | None:
            return next(
                (
                    one
                    for one in self.transitions
                    if one.reference == email.reference and one.state is state
                ),
                None,
            )

        async with asyncio.timeout(PATIENCE):
            while (transition := found()) is None:
                await asyncio.sleep(0.02)
        return transition

    @property
    def received(self) -> list[tuple[list[str], EmailMessage]]:
        """To whom the server was to deliver, and what."""
        found = []
        for envelope in self.server.received:
            assert isinstance(envelope.content, bytes)
            parsed = message_from_bytes(envelope.content, policy=policy.default)
            found.append((envelope.rcpt_tos, parsed))
        return found


@asynccontextmanager
async def house(
    folder: Path,
    manners: Manners | None = None,
    *,
    root: trustme.CA | None = None,
    security: Security = Security.TLS,
    served: ssl.SSLContext | None = None,
    known_roots: bool = False,
) -> AsyncIterator[House]:
    """A courier, its modem, and a server that has a certificate of ``root``."""
    root = root or trustme.CA()
    context = served or certified(root)
    implicit = security is Security.TLS
    server = MailServer(
        manners or Manners(login=LOGIN),
        implicit=context if implicit else None,
        starttls=context if security is Security.STARTTLS else None,
    )
    pem = None if known_roots else root.cert_pem.bytes().decode()
    async with (
        server,
        VirtualModem(hosts={HOST: {PORT: server.port}}) as virtual,
    ):
        settings = Settings(
            PortSettings(virtual.port),
            PdpSettings("internet"),
            ServerSettings(
                HOST,
                PORT,
                security,
                *LOGIN,
                "Küche, oben",
                "home@example.com",
                TlsSettings(pem),
            ),
            options=Options(way=Way.STREAM),
            known_roots=known_roots,
        )
        courier = Courier(settings, folder / "outbox.db", WORDING)
        found = House(courier, virtual, server, settings)
        courier.on_transition(found.transitions.append)
        await courier.open()
        courier.start()
        courier.show()
        try:
            yield found
        finally:
            await courier.close()


def certified(
    root: trustme.CA, name: str = HOST, until: timedelta = timedelta(days=30)
) -> ssl.SSLContext:
    """A server's context with a certificate of this root."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    now = datetime.now(UTC)
    leaf = root.issue_cert(
        name, not_before=now - timedelta(days=60), not_after=now + until
    )
    leaf.configure_cert(context)
    return context


def email(*to: str, cc: tuple[str, ...] = (), bcc: tuple[str, ...] = ()) -> Email:
    """An email to these addresses."""
    return Email("Wasser im Keller – 5 °C", "Es läuft.\n.\nOK\n", to, cc, bcc)


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
async def test_an_email_arrives_whole_and_says_by_which_way_it_went(
    tmp_path: Path, security: Security
) -> None:
    async with house(tmp_path, security=security) as bench:
        found = email("you@example.org", cc=("two@example.org",))
        sent = await bench.send(found, State.SENT)
        assert sent.finding is not None
        assert sent.finding.way is Way.STREAM
        assert (sent.finding.result, sent.finding.reply) == (Result.SENT, 250)
        ((recipients, arrived),) = bench.received
        assert recipients == ["you@example.org", "two@example.org"]
        assert arrived["Subject"] == found.subject
        assert arrived["From"] == '"Küche, oben" <home@example.com>'
        assert arrived["To"] == "you@example.org"
        assert arrived["Cc"] == "two@example.org"
        assert arrived["Date"].datetime is not None
        assert found.reference in arrived["Message-ID"]
        assert arrived.get_content().replace("\r\n", "\n") == (
            f"Es läuft.\n.\nOK\n\nRef: {found.reference}\n"
        )
        assert not arrived.defects
        assert not [seen for seen in bench.virtual.commands() if "QSMTP" in seen.line]


PICTURE = Attachment("Tür.jpg", bytes(range(256)) * 300, "image/jpeg", "door")
FILM = Attachment("film.mp4", b"x" * 200_000, "video/mp4")


async def test_html_and_its_pictures_and_files_arrive_as_readers_expect_them(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as bench:
        html = "<p>Es läuft.</p><img src='cid:door'>"
        found = replace(
            email("you@example.org"),
            html=html,
            attachments=(PICTURE, FILM),
            priority=Priority.HIGHEST,
        )
        sent = await bench.send(found, State.SENT)
        assert sent.finding is not None
        assert sent.finding.changes == ()
        ((_, arrived),) = bench.received
        assert [part.get_content_type() for part in arrived.walk()] == [
            "multipart/mixed",
            "multipart/alternative",
            "text/plain",
            "multipart/related",
            "text/html",
            "image/jpeg",
            "video/mp4",
        ]
        page = arrived.get_body(("html",))
        assert page is not None
        assert page.get_content().rstrip() == html
        *_, picture, film = arrived.walk()
        assert picture["Content-ID"] == "<door>"
        assert picture.get_content_disposition() == "inline"
        assert picture.get_filename() == "Tür.jpg"
        assert picture.get_payload(decode=True) == PICTURE.data
        assert film.get_content_disposition() == "attachment"
        assert film.get_payload(decode=True) == FILM.data
        assert (arrived["X-Priority"], arrived["Importance"]) == ("1 (Highest)", "high")


async def test_what_is_more_than_the_server_takes_is_left_out_and_named(
    tmp_path: Path,
) -> None:
    manners = Manners(login=LOGIN, size=200_000)
    async with house(tmp_path, manners) as bench:
        found = replace(email("you@example.org"), attachments=(FILM, PICTURE))
        sent = await bench.send(found, State.SENT)
        assert sent.finding is not None
        assert sent.finding.changes == (Change(Fit.ATTACHMENT_LEFT_OUT, "film.mp4"),)
        ((_, arrived),) = bench.received
        assert [part.get_filename() for part in arrived.iter_attachments()] == [
            "Tür.jpg"
        ]
        text = arrived.get_body(("plain",))
        assert text is not None
        assert "Not attached: film.mp4 (too_large)" in text.get_content()


async def test_a_long_text_is_cut_to_what_the_server_takes(tmp_path: Path) -> None:
    manners = Manners(login=LOGIN, size=100_000)
    async with house(tmp_path, manners) as bench:
        found = replace(email("you@example.org"), body="Wasser — Keller\n" * 10_000)
        sent = await bench.send(found, State.SENT)
        assert sent.finding is not None
        assert sent.finding.changes == (Change(Fit.BODY_CUT),)
        ((_, arrived),) = bench.received
        assert "…\n\nRef: " in arrived.get_content().replace("\r\n", "\n")


async def test_an_answer_goes_to_the_address_that_was_chosen(tmp_path: Path) -> None:
    async with house(tmp_path) as bench:
        settings = replace(bench.settings, reply_to="answers@example.org")
        bench.courier.update(settings)
        await bench.send(email("you@example.org"), State.SENT)
        ((_, arrived),) = bench.received
        assert arrived["Reply-To"] == "answers@example.org"


async def test_a_hidden_recipient_gets_the_email_and_is_in_no_header(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as bench:
        hidden = "hidden@example.org"
        await bench.send(email("you@example.org", bcc=(hidden,)), State.SENT)
        ((recipients, arrived),) = bench.received
        assert recipients == ["you@example.org", hidden]
        assert hidden not in arrived.as_string()


async def test_a_refused_address_among_three_never_stops_two(tmp_path: Path) -> None:
    manners = Manners(login=LOGIN, refused={BAD: "550 nobody \x07here"})
    async with house(tmp_path, manners) as bench:
        found = email("you@example.org", BAD, "two@example.org")
        ended = await bench.send(found, State.PARTLY_SENT)
        ((recipients, _),) = bench.received
        assert recipients == ["you@example.org", "two@example.org"]
        assert ended.finding == Finding(
            Result.REFUSED,
            None,
            550,
            way=Way.STREAM,
            words="nobody here",
            address=BAD,
        )


async def test_an_address_that_is_put_off_is_tried_alone_later(tmp_path: Path) -> None:
    manners = Manners(login=LOGIN, refused={BAD: "450 mailbox busy"})
    async with house(tmp_path, manners) as bench:
        found = email("you@example.org", BAD)
        deferred = await bench.send(found, State.DEFERRED)
        assert deferred.reason is Reason.SERVER
        ((recipients, _),) = bench.received
        assert recipients == ["you@example.org"]
        manners.refused.clear()
        await bench.courier.retry(None)
        await bench.send(email("three@example.org"), State.SENT)
        assert [who for who, _ in bench.received] == [
            ["you@example.org"],
            [BAD],
            ["three@example.org"],
        ]


async def test_a_full_mailbox_may_be_emptied_whatever_the_number_of_the_reply(
    tmp_path: Path,
) -> None:
    manners = Manners(login=LOGIN)
    async with house(tmp_path, manners) as bench:
        await bench.send(email("you@example.org"), State.SENT)
        manners.refused[BAD] = "550 5.2.2 over quota"
        waits = email(BAD)
        deferred = await bench.send(waits, State.DEFERRED)
        assert deferred.finding == Finding(
            Result.REFUSED,
            SmtpError.STORAGE_EXCEEDED,
            550,
            way=Way.STREAM,
            words="5.2.2 over quota",
            address=BAD,
        )
        manners.refused.clear()
        await bench.courier.retry(waits.reference)
        await bench.until(waits, State.SENT)


async def test_all_refused_is_a_failure_in_the_servers_own_words(
    tmp_path: Path,
) -> None:
    manners = Manners(login=LOGIN)
    async with house(tmp_path, manners) as bench:
        await bench.send(email("you@example.org"), State.SENT)
        manners.replies["RCPT"] = "550 5.1.1 nobody"
        ended = await bench.send(email("a@example.org", "b@example.org"), State.FAILED)
        assert ended.finding is not None
        assert ended.finding.words == "5.1.1 nobody"
        assert len(bench.received) == 1


async def test_a_result_that_is_lost_is_repeated_once_and_says_so(
    tmp_path: Path,
) -> None:
    manners = Manners(login=LOGIN, close_at_data=True)
    async with house(tmp_path, manners) as bench:
        found = email("you@example.org")
        ended = await bench.send(found, State.UNKNOWN)
        assert ended.finding is not None
        assert ended.finding.result is Result.UNKNOWN
        subjects = [arrived["Subject"] for _, arrived in bench.received]
        assert subjects == [found.subject, f"{found.subject} (possible repeat)"]
        identities = {arrived["Message-ID"] for _, arrived in bench.received}
        assert len(identities) == 1


@pytest.mark.parametrize(
    "certificate",
    [
        lambda root: certified(trustme.CA()),
        lambda root: certified(root, "other.example.com"),
        lambda root: certified(root, until=timedelta(days=-1)),
    ],
    ids=["root", "name", "expired"],
)
async def test_a_server_that_is_not_the_right_one_hears_no_password(
    tmp_path: Path, certificate: Callable[[trustme.CA], ssl.SSLContext]
) -> None:
    root = trustme.CA()
    async with house(tmp_path, root=root, served=certificate(root)) as bench:
        held = await bench.send(email("you@example.org"), State.HELD)
        assert held.reason is Reason.CERTIFICATE
        assert held.finding is not None
        assert held.finding.code == SmtpError.TLS
        assert bench.server.mechanisms == []
        assert bench.server.received == []


async def test_without_a_root_of_ones_own_the_server_needs_a_well_known_one(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, known_roots=True) as bench:
        held = await bench.send(email("you@example.org"), State.HELD)
        assert held.reason is Reason.CERTIFICATE
        assert bench.server.mechanisms == []


async def test_a_server_without_starttls_hears_no_password(tmp_path: Path) -> None:
    manners = Manners(login=LOGIN, hide_starttls=True)
    async with house(tmp_path, manners, security=Security.STARTTLS) as bench:
        held = await bench.send(email("you@example.org"), State.HELD)
        assert held.reason is Reason.CERTIFICATE
        assert bench.server.mechanisms == []


async def test_a_refused_log_in_is_told_in_the_servers_own_words(
    tmp_path: Path,
) -> None:
    manners = Manners(login=("user", "another"))
    async with house(tmp_path, manners) as bench:
        held = await bench.send(email("you@example.org"), State.HELD)
        assert held.reason is Reason.LOGIN
        assert held.finding is not None
        assert (held.finding.code, held.finding.reply) == (677, 535)
        assert held.finding.words
        assert bench.server.received == []


async def test_a_connection_that_breaks_before_the_email_is_no_doubt(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as bench:
        bench.virtual.fault(Fault(Action.PDPDEACT, "QISEND", Moment.BEFORE_FINAL))
        found = email("you@example.org")
        await bench.send(found, State.SENT)
        ((_, arrived),) = bench.received
        assert arrived["Subject"] == found.subject


async def test_what_was_on_its_way_when_we_died_is_repeated_without_a_wait(
    tmp_path: Path,
) -> None:
    """Nothing of it can come any more: the connection is gone with us."""
    now = datetime.now(UTC)
    outbox = Outbox(tmp_path / "outbox.db")
    elapsed = outbox.open(now).elapsed
    found = email("you@example.org")
    at = Instant(elapsed, now)
    outbox.accept(found, at, Options())
    item = outbox.next_due(at, Options())
    assert item is not None
    assert outbox.begin(item.envelope, elapsed, None, at, Way.STREAM)
    outbox.close(at)
    async with house(tmp_path) as bench:
        await bench.until(found, State.SENT)
        ((_, arrived),) = bench.received
        assert arrived["Subject"] == f"{found.subject} (possible repeat)"
