"""AT+QSMTPPUT really sends: the message, the log-in, TLS, and every way to fail."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from ..fault_model import Action, Fault, Moment
from ..observations import Delivery
from . import certificates
from .conftest import Started
from .host import Host
from .mail_server import MailServer, Manners

# The two tables side by side: they have their entries in the same order
_ERRORS_BY_REPLY = dict(
    zip(
        (421, 450, 451, 452, 500, 501, 502, 503, 504, 521, 530, 535, *range(550, 555)),
        range(666, 683),
        strict=True,
    )
)
_NAME = "mail.example.com"
_RESULT = b"+QSMTPPUT: "


def _prepare(host: Host, *lines: str, port: int = 25) -> None:
    host.ok(
        'AT+QICSGP=1,1,"internet","","",0',
        "AT+QIACT=1",
        f'AT+QSMTPCFG="smtpserver","{_NAME}",{port}',
        'AT+QSMTPCFG="sender","Home","home@example.com"',
        'AT+QSMTPDST=1,1,"you@example.org"',
        'AT+QSMTPSUB=0,"Alarm"',
        *lines,
    )


def _body(host: Host, body: bytes, charset: int = 0) -> None:
    assert host.command(f"AT+QSMTPBODY={charset},{len(body)}") == "\r\nCONNECT\r\n"
    host.write(body)
    host.read_until(b"\r\nOK\r\n")


def _put(host: Host, seconds: int = 60) -> str:
    host.ok(f"AT+QSMTPPUT={seconds}")
    host.read_until(_RESULT)
    return host.read_until(b"\r\n").decode().strip()


def test_a_whole_email_arrives(start: Callable[..., Started]) -> None:
    """To and Cc in header and envelope, Bcc in the envelope only, files attached."""
    with MailServer(Manners(login=("home", "secret"))) as server:
        modem, host = start(
            hosts={_NAME: {25: server.port}}, files={"a.bin": bytes(range(256))}
        )
        _prepare(
            host,
            'AT+QSMTPCFG="account","home","secret"',
            'AT+QSMTPDST=1,2,"copy@example.org"',
            'AT+QSMTPDST=1,3,"hidden@example.org"',
            f'AT+QSMTPSUB=1,"{"Tür ".encode().hex() * 12}"',
            'AT+QSMTPATT=1,3,"UFS:a.bin"',
        )
        _body(host, "Grüße\r\n.\r\n+++OK".encode(), charset=1)
        assert _put(host) == "0,0"
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
        _, host = start(hosts={_NAME: {25: server.port}})
        shown = text if charset == 0 else raw.hex().upper()
        _prepare(host, f'AT+QSMTPSUB={charset},"{shown}"')
        _body(host, raw, charset)
        assert _put(host) == "0,0"
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
        _, host = start(hosts={_NAME: {25: server.port}})
        _prepare(host)
        _body(host, b".\r\n..\r\nend.")
        assert _put(host) == "0,0"
    assert isinstance(server.received[0].content, bytes)
    assert server.received[0].content.endswith(b"\r\n\r\n.\r\n..\r\nend.\r\n")


def test_the_servers_reply_is_the_protocol_error(start: Callable[..., Started]) -> None:
    """SMTP note, tables 3 and 4."""
    manners = Manners()
    told = {}
    with MailServer(manners) as server:
        _, host = start(hosts={_NAME: {25: server.port}})
        _prepare(host)
        for reply in _ERRORS_BY_REPLY:
            verb = {5: "RCPT", 4: "MAIL"}[reply // 100]
            manners.replies = {verb: f"{reply} no"}
            told[reply] = _put(host)
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
        _, host = start(hosts={_NAME: {25: server.port}})
        _prepare(host, 'AT+QSMTPCFG="account","home","secret"')
        assert _put(host) == result


def test_a_silent_server_is_a_timeout(start: Callable[..., Started]) -> None:
    """658 when PUT's time is over; the connection is gone by then."""
    with MailServer(Manners(hang_at_data=True)) as server:
        modem, host = start(
            hosts={_NAME: {25: server.port}}, settings={"shortest_patience": 0.5}
        )
        _prepare(host)
        assert _put(host) == "658,0"
    assert not modem.deliveries()[0].accepted


@pytest.mark.parametrize(
    ("hosts", "result"),
    [
        ({}, "653,0"),
        ({_NAME: {}}, "654,0"),
        ({_NAME: {25: 1}}, "654,0"),
        ({_NAME: {25: 0}}, "658,0"),
    ],
)
def test_there_is_no_way_to_the_server(
    start: Callable[..., Started], hosts: dict[str, dict[int, int]], result: str
) -> None:
    """Unknown name, nothing there, refused, no answer."""
    _, host = start(hosts=hosts, settings={"shortest_patience": 0.1})
    _prepare(host)
    assert _put(host) == result


def test_the_context_has_to_be_up(start: Callable[..., Started]) -> None:
    """657 when it is down; 653 when only the modem believes in it."""
    modem, host = start(hosts={_NAME: {25: 1}})
    _prepare(host)
    modem.drift()
    assert host.lines("AT+QIACT?") == ['+QIACT: 1,1,1,"10.7.157.1"', "OK"]
    assert _put(host) == "653,0"
    host.ok("AT+QIDEACT=1")
    assert _put(host) == "657,0"


def test_commands_are_refused_while_an_email_is_sent(
    start: Callable[..., Started],
) -> None:
    """652 until the result; then PUT may simply be repeated (2.3.7)."""
    with MailServer() as server:
        modem, host = start(hosts={_NAME: {25: server.port}})
        _prepare(host)
        modem.set("put_seconds", 0.3)
        host.ok("AT+QSMTPPUT=60")
        for line in ("AT+QSMTPCLR", "AT+QSMTPPUT=60", "AT+QSMTPDST?"):
            assert host.lines(line) == ["+CME ERROR: 652"]
        host.read_until(b"+QSMTPPUT: 0,0\r\n")
        assert _put(host) == "0,0"
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
        modem, host = start(hosts={_NAME: {25: server.port}})
        _prepare(host)
        modem.fault(fault)
        host.write(b"AT+QSMTPPUT=60\r")
        if fault.action is Action.RESULT_FIRST:
            answer = host.read_until(b"\r\nOK\r\n")
            assert answer == b"\r\n+QSMTPPUT: 0,0\r\n\r\nOK\r\n"
        elif seen is not None:
            host.read_until(_RESULT + seen + b"\r\n")
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
        modem, host = start(
            hosts={_NAME: {25: server.port}}, settings={"role": "uart1"}
        )
        _prepare(host)
        if routed:
            host.ok('AT+QURCCFG="urcport","uart1"')
            assert _put(host) == "0,0"
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
        modem, host = start(hosts={_NAME: {25: server.port}}, files={"keep": b"x"})
        _prepare(host, 'AT+QSSLCFG="sni",1,1')
        host.ok("AT+QSMTPPUT=60")
        modem.reboot()
        host.read_until(b"RDY\r\n")
        modem.control("wait_deliveries", count=1, timeout=20)
        state = modem.state()
        assert (state.smtp["server"], state.recipients, state.tls) == ("", (), {})
        assert state.contexts == ()
        assert [file.name for file in state.files] == ["UFS:keep"]
        assert not modem.deliveries()[0].reported


# TLS

_CLOCK = "2026-06-01T12:00:00"
_NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def _delivery(
    start: Callable[..., Started],
    folder: Path,
    identity: certificates.Identity,
    trusted: certificates.Identity | None,
    *lines: str,
    starttls: bool = False,
    manners: Manners | None = None,
    clock: str = _CLOCK,
    chain: tuple[certificates.Identity, ...] = (),
) -> tuple[str, MailServer, Delivery]:
    """Send over TLS at security level 1 with the clock checked; what came of it."""
    context = identity.server_context(folder, *chain)
    server = (
        MailServer(manners, starttls=context)
        if starttls
        else MailServer(manners, implicit=context)
    )
    with server:
        modem, host = start(
            hosts={_NAME: {465: server.port}},
            files={"ca.pem": trusted.pem} if trusted else {},
            settings={"clock": clock},
        )
        _prepare(
            host,
            f'AT+QSMTPCFG="ssltype",{2 if starttls else 1}',
            'AT+QSMTPCFG="sslctxid",2',
            'AT+QSSLCFG="seclevel",2,1',
            'AT+QSSLCFG="cacert",2,"UFS:ca.pem"',
            'AT+QSSLCFG="ignorelocaltime",2,0',
            'AT+QSSLCFG="sslversion",2,4',
            *lines,
            port=465,
        )
        result = _put(host)
    return result, server, modem.deliveries()[0]


def _authority() -> certificates.Identity:
    return certificates.make(
        "Root",
        authority=True,
        begins=_NOW - timedelta(days=900),
        ends=_NOW + timedelta(days=900),
    )


def _leaf(
    issuer: certificates.Identity | None, name: str = _NAME, **more: bool
) -> certificates.Identity:
    return certificates.make(
        name,
        issuer,
        begins=_NOW - timedelta(days=10),
        ends=_NOW + timedelta(days=10),
        **more,
    )


@pytest.mark.parametrize("starttls", [False, True])
def test_the_right_certificate_is_accepted(
    start: Callable[..., Started], tmp_path: Path, starttls: bool
) -> None:
    """By the modem's clock, which is not the host's; encrypted, without SNI."""
    root = _authority()
    result, server, delivery = _delivery(
        start, tmp_path, _leaf(root), root, starttls=starttls
    )
    assert (result, len(server.received)) == ("0,0", 1)
    assert delivery.security == "TLSv1.2"
    assert server.server_names == [None]


def test_an_intermediate_that_the_server_sends_leads_to_the_root(
    start: Callable[..., Started], tmp_path: Path
) -> None:
    """Only the root is in the CA file."""
    root = _authority()
    middle = certificates.make(
        "Middle", root, authority=True, begins=_NOW - timedelta(days=99)
    )
    result, _, _ = _delivery(start, tmp_path, _leaf(middle), root, chain=(middle,))
    assert result == "0,0"


def test_the_name_is_sent_only_when_sni_is_on(
    start: Callable[..., Started], tmp_path: Path
) -> None:
    """N: off by default."""
    root = _authority()
    result, server, delivery = _delivery(
        start, tmp_path, _leaf(root), root, 'AT+QSSLCFG="sni",2,1'
    )
    assert (result, server.server_names) == ("0,0", [_NAME])
    assert delivery.server_name == _NAME


_REFUSED: dict[str, Callable[[], tuple[certificates.Identity, object]]] = {
    "wrong CA": lambda: (_leaf(_authority()), _authority()),
    "self-signed": lambda: (_leaf(None), _authority()),
    "wrong name": lambda: ((root := _authority()) and _leaf(root, "other.org"), root),
    "no CA file": lambda: (_leaf(_authority()), None),
    "no authority": lambda: ((pin := _leaf(None)) and _leaf(pin), pin),
}


@pytest.mark.parametrize("case", _REFUSED)
@pytest.mark.parametrize("level", [1, 0])
def test_others_are_refused_at_level_1_and_taken_at_level_0(
    start: Callable[..., Started], tmp_path: Path, case: str, level: int
) -> None:
    """N's matrix: 665 for each of them; level 0 looks at nothing."""
    identity, trusted = _REFUSED[case]()
    assert trusted is None or isinstance(trusted, certificates.Identity)
    result, server, _ = _delivery(
        start, tmp_path, identity, trusted, f'AT+QSSLCFG="seclevel",2,{level}'
    )
    assert result == ("665,0" if level else "0,0")
    assert len(server.received) == (0 if level else 1)


@pytest.mark.parametrize(
    "clock", ["2027-06-01T12:00:00", "2025-06-01T12:00:00", "unset"]
)
@pytest.mark.parametrize("ignored", [0, 1])
def test_validity_is_judged_by_the_modems_clock(
    start: Callable[..., Started], tmp_path: Path, clock: str, ignored: int
) -> None:
    """Expired, not yet valid, clock unset: refused unless ignorelocaltime is 1."""
    root = _authority()
    result, _, _ = _delivery(
        start,
        tmp_path,
        _leaf(root),
        root,
        f'AT+QSSLCFG="ignorelocaltime",2,{ignored}',
        clock=clock,
    )
    assert result == ("0,0" if ignored else "665,0")


def test_versions_have_to_meet(start: Callable[..., Started], tmp_path: Path) -> None:
    """TLS 1.0 only, as the note's example sets it, against a server of today."""
    root = _authority()
    result, _, _ = _delivery(
        start, tmp_path, _leaf(root), root, 'AT+QSSLCFG="sslversion",2,1'
    )
    assert result == "665,0"


def test_a_server_without_starttls_gets_nothing(
    start: Callable[..., Started], tmp_path: Path
) -> None:
    """Stripped by someone on the way: no plain text instead."""
    root = _authority()
    result, server, delivery = _delivery(
        start,
        tmp_path,
        _leaf(root),
        root,
        starttls=True,
        manners=Manners(hide_starttls=True),
    )
    assert (result, server.received, delivery.authenticated) == ("665,0", [], False)
