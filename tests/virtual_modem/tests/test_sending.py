"""AT+QSMTPPUT really sends: the message, the log-in, and every way to fail."""

from collections.abc import Callable
from email import message_from_bytes, policy

import pytest

from ..fault_model import Action, Fault, Moment
from ..profiles import MailClient
from .conftest import Started
from .host import Host
from .mail_server import MailServer, Manners
from .ready_email import NAME, RESULT, prepare, put

# The two tables side by side: they have their entries in the same order
_ERRORS_BY_REPLY = dict(
    zip(
        (421, 450, 451, 452, 500, 501, 502, 503, 504, 521, 530, 535, *range(550, 555)),
        range(666, 683),
        strict=True,
    )
)


def _body(host: Host, body: bytes, charset: int = 0) -> None:
    assert host.command(f"AT+QSMTPBODY={charset},{len(body)}") == "\r\nCONNECT\r\n"
    host.write(body)
    host.read_until(b"\r\nOK\r\n")


def test_a_whole_email_arrives(start: Callable[..., Started]) -> None:
    """To and Cc in header and envelope, Bcc in the envelope only, files attached."""
    with MailServer(Manners(login=("home", "secret"))) as server:
        modem, host = start(
            hosts={NAME: {25: server.port}}, files={"a.bin": bytes(range(256))}
        )
        prepare(
            host,
            'AT+QSMTPCFG="account","home","secret"',
            'AT+QSMTPDST=1,2,"copy@example.org"',
            'AT+QSMTPDST=1,3,"hidden@example.org"',
            f'AT+QSMTPSUB=1,"{"Tür ".encode().hex() * 12}"',
            'AT+QSMTPATT=1,3,"UFS:a.bin"',
        )
        _body(host, "Grüße\r\n.\r\n+++OK".encode(), charset=1)
        assert put(host) == "0,0"
    (envelope,) = server.received
    assert envelope.mail_from == "home@example.com"
    assert envelope.rcpt_tos == [
        "you@example.org",
        "copy@example.org",
        "hidden@example.org",
    ]
    assert isinstance(envelope.content, bytes)
    message = message_from_bytes(envelope.content, policy=policy.default)
    assert message["From"] == "Home <home@example.com>"
    assert (message["To"], message["Cc"]) == ("you@example.org", "copy@example.org")
    assert b"hidden" not in envelope.content
    assert message["Subject"] == "Tür " * 12
    assert message["Message-ID"].endswith("@example.com>")
    text, file = message.iter_parts()
    assert text.get_content_charset() == "utf-8"
    assert text.get_payload(decode=True) == "Grüße\r\n.\r\n+++OK".encode()
    assert file.get_filename() == "a.bin"
    assert file.get_payload(decode=True) == bytes(range(256))
    assert server.mechanisms == ["LOGIN"]
    (delivery,) = modem.deliveries()
    assert (delivery.accepted, delivery.reported, delivery.authenticated) == (
        True,
        True,
        True,
    )


@pytest.mark.parametrize("client", MailClient)
def test_attachments_go_in_the_order_of_their_index(
    start: Callable[..., Started], client: MailClient
) -> None:
    """2.3.5: each has an index of its own, which may be any from 1 to 10."""
    with MailServer() as server:
        _, host = start(
            hosts={NAME: {25: server.port}},
            files={"a.bin": b"first", "b.bin": b"second", "c.bin": b"third"},
            mail_client=client,
        )
        prepare(
            host,
            'AT+QSMTPATT=1,10,"UFS:c.bin"',
            'AT+QSMTPATT=1,2,"UFS:a.bin"',
            'AT+QSMTPATT=1,7,"UFS:b.bin"',
        )
        _body(host, b"Hello")
        assert put(host) == "0,0"
    (envelope,) = server.received
    assert isinstance(envelope.content, bytes)
    message = message_from_bytes(envelope.content, policy=policy.default)
    _, *files = message.iter_parts()
    assert [file.get_filename() for file in files] == ["a.bin", "b.bin", "c.bin"]


@pytest.mark.parametrize(
    ("charset", "name"), [(0, "us-ascii"), (1, "utf-8"), (2, "gb2312"), (3, "big5")]
)
def test_subject_and_body_carry_their_charset(
    start: Callable[..., Started], charset: int, name: str
) -> None:
    """SMTP note 2.3.3, 2.3.4."""
    text = "Alarm" if charset == 0 else "中文" * 10
    raw = text.encode(name)
    with MailServer() as server:
        _, host = start(hosts={NAME: {25: server.port}})
        shown = text if charset == 0 else raw.hex().upper()
        prepare(host, f'AT+QSMTPSUB={charset},"{shown}"')
        _body(host, raw, charset)
        assert put(host) == "0,0"
    content = server.received[0].content
    assert isinstance(content, bytes)
    message = message_from_bytes(content, policy=policy.default)
    assert message["Subject"] == text
    assert message.get_content_charset() == name
    payload = message.get_payload(decode=True)
    assert isinstance(payload, bytes)
    # SMTP ends a message with a line end
    assert payload.removesuffix(b"\r\n") == raw


def test_dots_are_stuffed_by_the_modem(start: Callable[..., Started]) -> None:
    """U: a driver must not."""
    with MailServer() as server:
        _, host = start(hosts={NAME: {25: server.port}})
        prepare(host)
        _body(host, b".\r\n..\r\nend.")
        assert put(host) == "0,0"
    assert isinstance(server.received[0].content, bytes)
    assert server.received[0].content.endswith(b"\r\n\r\n.\r\n..\r\nend.\r\n")


def test_the_servers_reply_is_the_protocol_error(start: Callable[..., Started]) -> None:
    """SMTP note, tables 3 and 4."""
    manners = Manners()
    told = {}
    with MailServer(manners) as server:
        _, host = start(hosts={NAME: {25: server.port}})
        prepare(host)
        for reply in _ERRORS_BY_REPLY:
            verb = {5: "RCPT", 4: "MAIL"}[reply // 100]
            manners.replies = {verb: f"{reply} no"}
            told[reply] = put(host)
    assert told == {reply: f"{err},{reply}" for reply, err in _ERRORS_BY_REPLY.items()}
    assert not server.received


@pytest.mark.parametrize(
    ("manners", "result"),
    [
        (Manners(login=("home", "other")), "677,535"),
        (Manners(offer_auth="CRAM-MD5"), "655,0"),
        (Manners(login=("home", "secret"), offer_auth="PLAIN"), "0,0"),
        # HELO instead, which offers no log-in
        (Manners(replies={"EHLO": "500 what"}), "0,0"),
        (Manners(replies={"DATA": "554 spam"}), "682,554"),
        (Manners(replies={"DATA": "571 unheard of"}), "660,571"),
        (Manners(close_at_data=True), "656,0"),
    ],
)
def test_what_servers_do(
    start: Callable[..., Started], manners: Manners, result: str
) -> None:
    """Log-ins, refusals and endings."""
    with MailServer(manners) as server:
        _, host = start(hosts={NAME: {25: server.port}})
        prepare(host, 'AT+QSMTPCFG="account","home","secret"')
        assert put(host) == result


def test_a_silent_server_is_a_timeout(start: Callable[..., Started]) -> None:
    """658 when PUT's time is over; the connection is gone by then."""
    with MailServer(Manners(hang_at_data=True)) as server:
        modem, host = start(
            hosts={NAME: {25: server.port}}, settings={"shortest_patience": 0.5}
        )
        prepare(host)
        assert put(host) == "658,0"
    assert not modem.deliveries()[0].accepted


@pytest.mark.parametrize(
    ("hosts", "result"),
    [
        ({}, "653,0"),
        ({NAME: {}}, "654,0"),
        ({NAME: {25: 1}}, "654,0"),
        ({NAME: {25: 0}}, "658,0"),
    ],
)
def test_there_is_no_way_to_the_server(
    start: Callable[..., Started], hosts: dict[str, dict[int, int]], result: str
) -> None:
    """Unknown name, nothing there, refused, no answer."""
    _, host = start(hosts=hosts, settings={"shortest_patience": 0.1})
    prepare(host)
    assert put(host) == result


def test_the_context_has_to_be_up(start: Callable[..., Started]) -> None:
    """657 when it is down; 653 when only the modem believes in it."""
    modem, host = start(hosts={NAME: {25: 1}})
    prepare(host)
    modem.drift()
    assert host.lines("AT+QIACT?") == ['+QIACT: 1,1,1,"10.7.157.1"', "OK"]
    assert put(host) == "653,0"
    host.ok("AT+QIDEACT=1")
    assert put(host) == "657,0"


def test_commands_are_refused_while_an_email_is_sent(
    start: Callable[..., Started],
) -> None:
    """652 until the result; then PUT may simply be repeated (2.3.7)."""
    with MailServer() as server:
        modem, host = start(hosts={NAME: {25: server.port}})
        prepare(host)
        modem.set("put_seconds", 0.3)
        host.ok("AT+QSMTPPUT=60")
        for line in ("AT+QSMTPCLR", "AT+QSMTPPUT=60", "AT+QSMTPDST?"):
            assert host.lines(line) == ["+CME ERROR: 652"]
        host.read_until(b"+QSMTPPUT: 0,0\r\n")
        assert put(host) == "0,0"
        host.ok("AT+QSMTPCLR")
    assert len(server.received) == 2


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        (Fault(Action.DROP, "PUT", Moment.BEFORE_RESULT), None),
        (Fault(Action.RESULT, "PUT", Moment.BEFORE_RESULT, code=651), b"651,0"),
        (Fault(Action.RESULT_FIRST, "PUT"), b"0,0"),
    ],
)
def test_the_result_can_be_lost_changed_or_early(
    start: Callable[..., Started], fault: Fault, seen: bytes | None
) -> None:
    """The email has left all the same."""
    with MailServer() as server:
        modem, host = start(hosts={NAME: {25: server.port}})
        prepare(host)
        modem.fault(fault)
        host.write(b"AT+QSMTPPUT=60\r")
        if fault.action is Action.RESULT_FIRST:
            answer = host.read_until(b"\r\nOK\r\n")
            assert answer == b"\r\n+QSMTPPUT: 0,0\r\n\r\nOK\r\n"
        elif seen is not None:
            host.read_until(RESULT + seen + b"\r\n")
        modem.control("wait_deliveries", count=1, timeout=20)
        (delivery,) = modem.deliveries()
        assert (delivery.accepted, delivery.reported) == (True, seen is not None)
        host.ok("AT")
    assert len(server.received) == 1


@pytest.mark.parametrize("routed", [True, False])
def test_results_go_to_the_urc_port(
    start: Callable[..., Started], routed: bool
) -> None:
    """N: on a main UART no result code appears until AT+QURCCFG says so."""
    with MailServer() as server:
        modem, host = start(hosts={NAME: {25: server.port}}, settings={"role": "uart1"})
        prepare(host)
        if routed:
            host.ok('AT+QURCCFG="urcport","uart1"')
            assert put(host) == "0,0"
        else:
            host.ok("AT+QSMTPPUT=60")
            modem.control("wait_deliveries", count=1, timeout=20)
            host.ok("AT")
        assert modem.deliveries()[0].reported is routed


def test_a_reboot_tears_off_the_sending_and_forgets_the_settings(
    start: Callable[..., Started],
) -> None:
    """Files and the stored settings stay; nothing else does."""
    with MailServer(Manners(hang_at_data=True)) as server:
        modem, host = start(hosts={NAME: {25: server.port}}, files={"keep": b"x"})
        prepare(host, 'AT+QSSLCFG="sni",1,1')
        host.ok("AT+QSMTPPUT=60")
        modem.reboot()
        host.read_until(b"RDY\r\n")
        modem.control("wait_deliveries", count=1, timeout=20)
        state = modem.state()
        assert (state.smtp["server"], state.recipients, state.tls) == ("", (), {})
        assert state.contexts == ()
        assert [file.name for file in state.files] == ["UFS:keep"]
        assert not modem.deliveries()[0].reported
