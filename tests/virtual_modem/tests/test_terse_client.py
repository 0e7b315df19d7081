"""The second mail client: points F1 to F8 of the page of evidence, one by one."""

from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from ..client import VirtualModem
from ..profiles import MailClient
from .certificates import make
from .conftest import Started
from .host import Host
from .mail_server import MailServer, Manners
from .ready_email import NAME, prepare, put

type Start = Callable[..., Started]


@pytest.fixture
def begin(start: Start) -> Start:
    """Start a modem with the terse client."""

    def begin(**options: object) -> Started:
        return start(mail_client=MailClient.TERSE, **options)

    return begin


def _body(host: Host, body: bytes, charset: int = 0) -> None:
    host.command(f"AT+QSMTPBODY={charset},{len(body)}")
    host.write(body)
    host.read_until(b"\r\nOK\r\n")


def _content(server: MailServer) -> bytes:
    (envelope,) = server.received
    assert isinstance(envelope.content, bytes)
    return envelope.content


@pytest.mark.parametrize(
    "manners",
    [
        Manners(login=("home", "other")),
        Manners(offer_auth="CRAM-MD5"),
        Manners(replies={"MAIL": "451 later"}),
        Manners(replies={"RCPT": "550 nobody"}),
        Manners(replies={"DATA": "554 spam"}),
        Manners(close_at_data=True),
        Manners(hang_at_data=True),
    ],
)
def test_whatever_a_server_does_is_654(begin: Start, manners: Manners) -> None:
    """F1: neither a reply nor an acceptance is told."""
    with MailServer(manners) as server:
        _, host = begin(
            hosts={NAME: {25: server.port}}, settings={"shortest_patience": 0.5}
        )
        prepare(host, 'AT+QSMTPCFG="account","home","secret"')
        assert put(host) == "654,0"
    assert len(server.received) == manners.close_at_data


@pytest.mark.parametrize(
    "hosts", [{}, {NAME: {}}, {NAME: {25: 1}}, {NAME: {25: 0}}], ids=str
)
def test_no_way_to_the_server_is_654(
    begin: Start, hosts: dict[str, dict[int, int]]
) -> None:
    """F1."""
    _, host = begin(hosts=hosts, settings={"shortest_patience": 0.1})
    prepare(host)
    assert put(host) == "654,0"


def test_a_context_that_is_down_is_654(begin: Start) -> None:
    """F1: it has no code for that either."""
    _, host = begin(hosts={NAME: {25: 1}})
    prepare(host, "AT+QIDEACT=1")
    assert put(host) == "654,0"


def test_a_server_without_tls_is_654(begin: Start) -> None:
    """F1: where TLS is asked for from the first byte."""
    with MailServer(Manners(replies={"EHLO": "500 what"})) as server:
        _, host = begin(
            hosts={NAME: {465: server.port}}, settings={"shortest_patience": 0.5}
        )
        prepare(host, 'AT+QSMTPCFG="ssltype",1', port=465)
        assert put(host) == "654,0"


@pytest.mark.parametrize(
    ("settings", "fault"), [({}, 661), ({"attachment_memory": 5}, 662)]
)
def test_a_fault_of_an_attachment_ends_what_was_sent(
    begin: Start, settings: dict[str, int], fault: int
) -> None:
    """F2: cut short, ended with a dot, and accepted."""
    with MailServer() as server:
        modem, host = begin(
            hosts={NAME: {25: server.port}},
            settings=settings,
            files={"a.bin": b"here", "b.bin": b"not here"},
        )
        prepare(host, 'AT+QSMTPATT=1,1,"UFS:a.bin"', 'AT+QSMTPATT=1,2,"UFS:b.bin"')
        _body(host, b"The text.")
        if not settings:
            host.ok('AT+QFDEL="UFS:b.bin"')
        assert put(host) == f"682,{fault}"
        assert modem.deliveries()[0].accepted
    message = message_from_bytes(_content(server), policy=policy.default)
    text, file = message.iter_parts()
    assert text.get_payload(decode=True) == b"The text."
    assert file.get_payload(decode=True) == b"here"
    assert b"--\r\n" not in _content(server)


def test_a_fault_of_an_attachment_is_not_told_of_what_failed_before(
    begin: Start,
) -> None:
    """F1 comes before F2: the message never began."""
    with MailServer(Manners(replies={"RCPT": "550 nobody"})) as server:
        _, host = begin(hosts={NAME: {25: server.port}}, files={"a.bin": b"here"})
        prepare(host, 'AT+QSMTPATT=1,1,"UFS:a.bin"', 'AT+QFDEL="UFS:a.bin"')
        assert put(host) == "654,0"


def test_the_note_client_sends_nothing_where_an_attachment_has_a_fault(
    start: Start,
) -> None:
    """The other way, for comparison."""
    with MailServer() as server:
        _, host = start(
            hosts={NAME: {25: server.port}},
            settings={"attachment_memory": 5},
            files={"a.bin": b"too long"},
        )
        prepare(host, 'AT+QSMTPATT=1,1,"UFS:a.bin"')
        assert put(host) == "662,0"
    assert not server.received


def test_hidden_addresses_are_shown(begin: Start) -> None:
    """F3: a header line of their own, after To and Cc."""
    with MailServer() as server:
        _, host = begin(hosts={NAME: {25: server.port}})
        prepare(
            host,
            'AT+QSMTPDST=1,3,"hidden@example.org"',
            'AT+QSMTPDST=1,2,"copy@example.org"',
            'AT+QSMTPDST=1,1,"second@example.org"',
        )
        assert put(host) == "0,0"
    assert (
        b"To: <you@example.org>,<second@example.org>\r\n"
        b"Cc: <copy@example.org>\r\n"
        b"Bcc: <hidden@example.org>\r\n"
    ) in _content(server)


@pytest.mark.parametrize("denied", [False, True])
def test_starttls_is_not_insisted_on(
    begin: Start, denied: bool, tmp_path: Path
) -> None:
    """F4: the password goes in clear where it is not offered, or denied."""
    context = make(NAME).server_context(tmp_path) if denied else None
    replies = {"STARTTLS": "454 not now"} if denied else {}
    manners = Manners(login=("home", "secret"), replies=replies)
    with MailServer(manners, starttls=context) as server:
        modem, host = begin(hosts={NAME: {587: server.port}})
        prepare(
            host,
            'AT+QSMTPCFG="account","home","secret"',
            'AT+QSMTPCFG="ssltype",2',
            port=587,
        )
        assert put(host) == "0,0"
    (delivery,) = modem.deliveries()
    assert (delivery.security, delivery.authenticated) == ("none", True)


def test_starttls_is_used_where_it_is_offered(begin: Start, tmp_path: Path) -> None:
    """F4."""
    context = make(NAME).server_context(tmp_path)
    with MailServer(starttls=context) as server:
        modem, host = begin(hosts={NAME: {587: server.port}})
        prepare(
            host,
            'AT+QSMTPCFG="ssltype",2',
            'AT+QSSLCFG="sslversion",1,4',
            port=587,
        )
        assert put(host) == "0,0"
    assert modem.deliveries()[0].security.startswith("TLS")


def test_one_refused_recipient_fails_the_whole_email(begin: Start) -> None:
    """F5."""
    manners = Manners(refused={"bad@example.org": "550 nobody"})
    with MailServer(manners) as server:
        _, host = begin(hosts={NAME: {25: server.port}})
        prepare(host, 'AT+QSMTPDST=1,1,"bad@example.org"')
        assert put(host) == "654,0"
    assert not server.received


def test_the_message_is_made_as_it_is(begin: Start) -> None:
    """F6: what is there, and what is not; F7: no SIZE."""
    subject = "Tür " * 12
    with MailServer() as server:
        _, host = begin(
            hosts={NAME: {25: server.port}}, files={"a.bin": bytes(range(256))}
        )
        prepare(
            host,
            f'AT+QSMTPSUB=1,"{subject.encode().hex()}"',
            'AT+QSMTPCFG="bodyoriginal",1',
            'AT+QSMTPATT=1,1,"UFS:a.bin"',
        )
        _body(host, ".\r\nGrüße\r\n..".encode(), charset=1)
        assert put(host) == "0,0"
        assert put(host) == "0,0"
    first, second = server.received
    content = first.content
    assert isinstance(content, bytes)
    # nothing in it is of its own time
    assert content == second.content
    assert first.mail_options == []
    message = message_from_bytes(content, policy=policy.default)
    assert "Date" not in message
    assert "Message-ID" not in message
    assert message.get_content_type() == "multipart/mixed"
    assert message["From"] == "Home <home@example.com>"
    assert message["Subject"] == subject
    (line,) = [line for line in content.split(b"\r\n") if line.startswith(b"Subject")]
    assert line.count(b"=?") == 1
    text, file = message.iter_parts()
    assert text["Content-Transfer-Encoding"] == "base64"
    assert text.get_payload(decode=True) == ".\r\nGrüße\r\n..".encode()
    assert file["Content-Type"].params["file_name"] == "a.bin"
    assert file.get_filename() == "a.bin"
    assert file.get_payload(decode=True) == bytes(range(256))
    assert server.client_names == ["localhost"] * 2


def test_results_come_to_the_port_that_asked(begin: Start) -> None:
    """F8: whatever urcport is."""
    with MailServer() as server:
        _, host = begin(hosts={NAME: {25: server.port}}, settings={"role": "uart1"})
        prepare(host)
        assert put(host) == "0,0"
        host.ok(f'AT+QIDNSGIP=1,"{NAME}"')
        host.read_until(b'+QIURC: "dnsgip",0')


def test_the_note_client_is_the_default() -> None:
    """It says 653 where there is no address."""
    with VirtualModem() as modem, Host(modem.port) as host:
        host.command("ATE0")
        prepare(host)
        assert put(host) == "653,0"
