"""The SMTP commands' forms, limits and refusals (SMTP note, chapter 2)."""

from collections.abc import Callable

import pytest

from .conftest import Started

_664 = ["+CME ERROR: 664"]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("AT+QSMTPDST=?", ["+QSMTPDST: (0,1),(1-3),<emailaddr>", "OK"]),
        ("AT+QSMTPSUB=?", ["+QSMTPSUB: (0-3),<subject>", "OK"]),
        ("AT+QSMTPBODY=?", ["+QSMTPBODY: (0-3),(1-10240),(1-65535)", "OK"]),
        ("AT+QSMTPATT=?", ["+QSMTPATT: (0-1),(1-10),<file_name>", "OK"]),
        ("AT+QSMTPPUT=?", ["+QSMTPPUT: (60-65535)", "OK"]),
        ("AT+QSMTPCLR=?", ["OK"]),
        ("AT+QSMTPBODY?", ["OK"]),
        ('AT+QSMTPCFG="account"', ['+QSMTPCFG: "account","",""', "OK"]),
        ('AT+QSMTPCFG="sender"', ['+QSMTPCFG: "sender","",""', "OK"]),
        ('AT+QSMTPCFG="smtpserver"', ['+QSMTPCFG: "smtpserver","",25', "OK"]),
        ('AT+QSMTPCFG="contextid"', ['+QSMTPCFG: "contextid",1', "OK"]),
        ('AT+QSMTPCFG="sslctxid"', ['+QSMTPCFG: "sslctxid",1', "OK"]),
        ('AT+QSMTPCFG="ssltype"', ['+QSMTPCFG: "ssltype",0', "OK"]),
        ('AT+QSMTPCFG="bodyoriginal"', ['+QSMTPCFG: "bodyoriginal",0', "OK"]),
    ],
)
def test_test_and_read_forms(
    modem_and_host: Started, command: str, answer: list[str]
) -> None:
    """With the defaults that the note gives."""
    _, host = modem_and_host
    assert host.lines(command) == answer


@pytest.mark.parametrize(
    "command",
    [
        'AT+QSMTPCFG="account","{51}","p"',
        'AT+QSMTPCFG="account","u","{51}"',
        'AT+QSMTPCFG="account","u"',
        'AT+QSMTPCFG="sender","{51}","a@b.c"',
        'AT+QSMTPCFG="sender","n","{51}"',
        'AT+QSMTPCFG="smtpserver","{51}",25',
        'AT+QSMTPCFG="smtpserver","a.b",0',
        'AT+QSMTPCFG="smtpserver","a.b",65536',
        'AT+QSMTPCFG="contextid",17',
        'AT+QSMTPCFG="contextid",0',
        'AT+QSMTPCFG="sslctxid",6',
        'AT+QSMTPCFG="ssltype",3',
        'AT+QSMTPCFG="bodyoriginal",2',
        'AT+QSMTPCFG="nonsense",1',
        'AT+QSMTPDST=1,1,"{51}"',
        'AT+QSMTPDST=1,4,"a@b.c"',
        "AT+QSMTPDST=1,1",
        'AT+QSMTPDST=2,1,"a@b.c"',
        'AT+QSMTPDST=0,1,"not@there"',
        "AT+QSMTPDST=1,1,a@b.c",
        'AT+QSMTPSUB=0,"{101}"',
        'AT+QSMTPSUB=1,"{201}"',
        'AT+QSMTPSUB=1,"414"',
        'AT+QSMTPSUB=1,"4G"',
        'AT+QSMTPSUB=4,"41"',
        "AT+QSMTPBODY=0,0",
        "AT+QSMTPBODY=0,10241",
        "AT+QSMTPBODY=4,10",
        "AT+QSMTPBODY=0,10,0",
        "AT+QSMTPBODY=0,10,65536",
        "AT+QSMTPBODY=0",
        'AT+QSMTPATT=1,0,"a.txt"',
        'AT+QSMTPATT=1,11,"a.txt"',
        "AT+QSMTPATT=0,1",
        "AT+QSMTPPUT=59",
        "AT+QSMTPPUT=65536",
    ],
)
def test_wrong_parameters_are_664(start: Callable[..., Started], command: str) -> None:
    """Each limit, one step beyond it. {n} stands for so many bytes."""
    _, host = start(files={"a.txt": b"x"})
    for size in (51, 101, 201):
        command = command.replace(f"{{{size}}}", "a" * size)
    assert host.lines(command) == _664


def test_the_largest_of_everything(start: Callable[..., Started]) -> None:
    """Each limit, exactly."""
    names = {f"{index}.txt": b"x" for index in range(1, 11)}
    modem, host = start(files=names)
    text = "a" * 50
    host.ok(
        f'AT+QSMTPCFG="account","{text}","{text}"',
        f'AT+QSMTPCFG="sender","{text}","{text}"',
        f'AT+QSMTPCFG="smtpserver","{text}",65535',
        'AT+QSMTPCFG="contextid",16',
        'AT+QSMTPCFG="sslctxid",5',
        f'AT+QSMTPSUB=0,"{"s" * 100}"',
        f'AT+QSMTPSUB=3,"{"4E" * 100}"',
        *(f'AT+QSMTPDST=1,{1 + n % 3},"{n:050d}"' for n in range(20)),
        *(f'AT+QSMTPATT=1,{n},"UFS:{n}.txt"' for n in range(1, 11)),
    )
    assert host.lines('AT+QSMTPDST=1,1,"one@too.many"') == _664
    host.command("AT+QSMTPBODY=1,10240")
    body = bytes(range(256)) * 40
    host.write(body)
    host.read_until(b"+QSMTPBODY: 10240\r\n\r\nOK\r\n")
    state = modem.state()
    assert (len(state.recipients), len(state.attachments)) == (20, 10)
    assert state.body == body


def test_recipients_are_deleted_one_by_type_or_all(modem_and_host: Started) -> None:
    """<mode> 0 with two, one or no further parameters."""
    modem, host = modem_and_host
    for kind in (1, 2, 3):
        host.ok(f'AT+QSMTPDST=1,{kind},"a@x"', f'AT+QSMTPDST=1,{kind},"b@x"')
    host.ok('AT+QSMTPDST=0,1,"a@x"', "AT+QSMTPDST=0,2")
    assert modem.state().recipients == ((1, "b@x"), (3, "a@x"), (3, "b@x"))
    host.ok("AT+QSMTPDST=0")
    assert modem.state().recipients == ()


def test_nothing_is_sent_without_a_recipient(modem_and_host: Started) -> None:
    """659, at once."""
    _, host = modem_and_host
    assert host.lines("AT+QSMTPPUT=60") == ["+CME ERROR: 659"]


def test_an_attachments_name_has_fifty_bytes_with_its_storage(
    start: Callable[..., Started],
) -> None:
    """2.3.5."""
    _, host = start(files={"n" * 46: b"x", "n" * 47: b"x", "n" * 51: b"x"})
    host.ok(f'AT+QSMTPATT=1,1,"UFS:{"n" * 46}"')
    assert host.lines(f'AT+QSMTPATT=1,2,"UFS:{"n" * 47}"') == _664
    assert host.lines(f'AT+QSMTPATT=1,2,"{"n" * 51}"') == _664


def test_attachments_are_those_of_flash_or_card(start: Callable[..., Started]) -> None:
    """2.3.5: "UFS or SD files"; nothing is said of a module's memory."""
    _, host = start(profile="EC25-E", files={"UFS:a": b"x", "SD:b": b"x"})
    host.ok('AT+QSMTPATT=1,1,"UFS:a"', 'AT+QSMTPATT=1,2,"SD:b"')
    # opened to write, it is there
    assert host.lines('AT+QFOPEN="RAM:c",0') == ["+QFOPEN: 1", "OK"]
    assert host.lines('AT+QSMTPATT=1,3,"RAM:c"') == _664


def test_an_attachment_has_to_be_there(start: Callable[..., Started]) -> None:
    """661 for the file; each index once."""
    _, host = start(files={"a.txt": b"x"})
    assert host.lines('AT+QSMTPATT=1,1,"b.txt"') == ["+CME ERROR: 661"]
    host.ok('AT+QSMTPATT=1,1,"a.txt"')
    assert host.lines('AT+QSMTPATT=1,1,"UFS:a.txt"') == _664


@pytest.mark.parametrize(
    ("profile", "command", "answer"),
    [
        ("EC25-E", 'AT+QSMTPCFG="bodyoriginal",1', _664),
        ("EG91-E", 'AT+QSMTPCFG="bodyoriginal",1', ["OK"]),
        ("EC200U-EU", 'AT+QSMTPCFG="contextid",8', _664),
        ("EC200U-EU", "AT+QCSQ", ["ERROR"]),
        ("EC200U-EU", "AT+ICCID", ["ERROR"]),
        ("EG91-E", "AT+QSMTPSUB?", ['+QSMTPSUB: 0,""', "OK"]),
        ("EG800K-CN", "AT+QSMTPCFG=?", ["ERROR"]),
        ("EG800K-CN", "AT+QSMTPPUT=?", ["ERROR"]),
        ("M66", "AT+QSMTPCFG=?", ["ERROR"]),
        ("M66", "AT+QSMTPUSER=?", ["OK"]),
        ("M66", 'AT+QSMTPUSER="me"', ["ERROR"]),
        ("M66", "AT+CEREG?", ["ERROR"]),
        ("M66", 'AT+QURCCFG="urcport"', ["ERROR"]),
    ],
)
def test_profiles_differ(
    start: Callable[..., Started], profile: str, command: str, answer: list[str]
) -> None:
    """What firmware lacks, it refuses."""
    _, host = start(profile=profile)
    assert host.lines(command) == answer
