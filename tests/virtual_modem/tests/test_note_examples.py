"""Every example of the SMTP note's chapters 2 and 3, replayed.

The note's slips, and what becomes of each here:
  2.3.3  the digits called "TEST SMTP" spell "test SMTP": replayed as they are
  2.3.5, 3.1  the same checksum 707 for files of 200 and of 100 bytes: the real one
  2.3.6  the subject of an emptied draft is read back as +CSMTPSUB: replayed
  3.1    no OK after AT+QSMTPCFG="ssltype",0: it answers OK like the others
  3.1    smtp1.txt is uploaded and smtp.txt deleted: the second is not found (405)
  3.2, 3.3  "seclvl", which all published dumps call "seclevel": a profile decides
  3.2, 3.3  port 25 with SSL and TLS 1.0: settings like any others
"""

from collections.abc import Callable

import pytest

from ..file_store import checksum
from .conftest import Started
from .host import Host
from .mail_server import MailServer

_SERVER = "smtp.163.com"
_MODULES = ["EC200M-CN", "EC200N-CN", "EC800M-CN", "EC800N-CN"]


def _replay(host: Host, *exchanges: tuple[str, list[str]]) -> None:
    for command, answer in exchanges:
        assert host.lines(command) == [*answer, "OK"], command


def _data(host: Host, command: str, data: bytes, *answer: str) -> None:
    assert host.lines(command) == ["CONNECT"]
    host.write(data)
    said = host.read_until(b"\r\n\r\nOK\r\n").decode()
    assert said == f"\r\n{'\r\n'.join(answer)}\r\n\r\nOK\r\n"


def test_recipients(modem_and_host: Started) -> None:
    """2.3.2."""
    _, host = modem_and_host
    _replay(
        host,
        ('AT+QSMTPDST=1,1,"quectel_test@aol.com"', []),
        ('AT+QSMTPDST=1,2,"quectel_test@21cn.com"', []),
        (
            "AT+QSMTPDST?",
            [
                '+QSMTPDST: 1,"quectel_test@aol.com"',
                '+QSMTPDST: 2,"quectel_test@21cn.com"',
            ],
        ),
        ("AT+QSMTPDST=0", []),
        ("AT+QSMTPDST?", []),
    )


def test_subject(modem_and_host: Started) -> None:
    """2.3.3."""
    _, host = modem_and_host
    _replay(
        host,
        ('AT+QSMTPSUB=0,"TEST SMTP"', []),
        ("AT+QSMTPSUB?", ['+QSMTPSUB: 0,"TEST SMTP"']),
        ('AT+QSMTPSUB=1,"7465737420534D5450"', []),
        ("AT+QSMTPSUB?", ['+QSMTPSUB: 1,"7465737420534D5450"']),
    )


def test_body(start: Callable[..., Started]) -> None:
    """2.3.4: by count, by +++, by time."""
    modem, host = start(scale_guard=True, settings={"shortest_patience": 0})
    _data(host, "AT+QSMTPBODY=0,100,120", b"x" * 100, "+QSMTPBODY: 100")
    assert host.lines("AT+QSMTPBODY=0,100,120") == ["CONNECT"]
    host.write(b"x" * 90)
    modem.control("wait_data", bytes=90, timeout=20)
    modem.control("wait_silence", seconds=0.02)
    host.write(b"+++")
    assert host.read_until(b"OK\r\n") == b"\r\n+QSMTPBODY: 90\r\n\r\nOK\r\n"
    _data(host, "AT+QSMTPBODY=0,100,120", b"x" * 90, "+QSMTPBODY: 90")
    assert [transfer.end.value for transfer in modem.transfers()] == [
        "complete",
        "escaped",
        "timeout",
    ]


def test_attachments_and_clearing(modem_and_host: Started) -> None:
    """2.3.5, 2.3.6."""
    _, host = modem_and_host
    data = b"y" * 200
    _data(
        host,
        'AT+QFUPL="UFS:test.txt",200,300,1',
        data,
        f"+QFUPL: 200,{checksum(data)}",
    )
    _replay(
        host,
        ('AT+QFLST=""', ['+QFLST: "UFS:test.txt",200']),
        ('AT+QSMTPATT=1,1,"UFS:test.txt"', []),
        ("AT+QSMTPATT?", ['+QSMTPATT: 1,"UFS:test.txt",200']),
        ("AT+QSMTPATT=0", []),
        ("AT+QSMTPATT?", []),
        ('AT+QSMTPSUB=0,"TEST SMTP"', []),
        ("AT+QSMTPCLR", []),
        ("AT+QSMTPDST?", []),
        ("AT+QSMTPSUB?", ['+CSMTPSUB: 0,""']),
        ("AT+QSMTPATT?", []),
    )


@pytest.mark.parametrize("profile", _MODULES)
def test_an_email_without_ssl(start: Callable[..., Started], profile: str) -> None:
    """3.1, the whole way, with 2.3.7 at its end."""
    with MailServer() as server:
        _, host = start(profile=profile, hosts={_SERVER: {25: server.port}})
        _replay(
            host,
            ('AT+QICSGP=1,1,"UNINET","", "",1', []),
            ("AT+QIACT=1", []),
            ("AT+QIACT?", ['+QIACT: 1,1,1,"10.7.157.1"']),
            ('AT+QSMTPCFG="contextid",1', []),
            ('AT+QSMTPCFG="ssltype",0', []),
            (f'AT+QSMTPCFG="smtpserver","{_SERVER}",25', []),
            ('AT+QSMTPCFG="account","sishen664551","wq664551"', []),
            ('AT+QSMTPCFG="sender","sishen664551","sishen664551@163.com"', []),
            ('AT+QSMTPDST=1,1,"quectel_test@163.com"', []),
            ('AT+QSMTPDST=1,2,"quectel_test@21cn.com"', []),
            ('AT+QSMTPSUB=0,"TEST SMTP"', []),
        )
        _data(host, "AT+QSMTPBODY=0,100,120", b"z" * 100, "+QSMTPBODY: 100")
        data = b"w" * 100
        _data(
            host,
            'AT+QFUPL="UFS:smtp1.txt",100,200,1',
            data,
            f"+QFUPL: 100,{checksum(data)}",
        )
        _replay(
            host,
            ('AT+QFLST=""', ['+QFLST: "UFS:smtp1.txt",100']),
            ('AT+QSMTPATT=1,1,"UFS:smtp1.txt"', []),
            ("AT+QSMTPATT?", ['+QSMTPATT: 1,"UFS:smtp1.txt",100']),
            ("AT+QSMTPPUT=300", []),
        )
        assert host.read_until(b"+QSMTPPUT: 0,0\r\n") == b"\r\n+QSMTPPUT: 0,0\r\n"
        _replay(host, ("AT+QSMTPCLR", []))
        assert host.lines('AT+QFDEL="UFS:smtp.txt"') == ["+CME ERROR: 405"]
        _replay(host, ('AT+QFDEL="UFS:smtp1.txt"', []), ("AT+QIDEACT=1", []))
    assert len(server.received) == 1
    assert len(server.received[0].rcpt_tos) == 2


@pytest.mark.parametrize("profile", _MODULES)
@pytest.mark.parametrize("ssl_type", [1, 2])
def test_the_settings_of_ssl_and_starttls(
    start: Callable[..., Started], profile: str, ssl_type: int
) -> None:
    """3.2 and 3.3, which differ in one digit."""
    _, host = start(profile=profile)
    _replay(
        host,
        (f'AT+QSMTPCFG="ssltype",{ssl_type}', []),
        ('AT+QSMTPCFG="sslctxid",1', []),
        ('AT+QSSLCFG="ciphersuite",1,0xffff', []),
    )
    printed_so = profile == "EC800N-CN"
    assert host.lines('AT+QSSLCFG="seclvl",1,0') == ["OK" if printed_so else "ERROR"]
    assert host.lines('AT+QSSLCFG="seclevel",1,0') == ["ERROR" if printed_so else "OK"]
    _replay(
        host,
        ('AT+QSSLCFG="sslversion",1,1', []),
        (f'AT+QSMTPCFG="smtpserver","{_SERVER}",25', []),
        ('AT+QSMTPCFG="account","sishen664551","wq664551"', []),
        ('AT+QSMTPCFG="sender","sishen664551","sishen664551@163.com"', []),
    )
