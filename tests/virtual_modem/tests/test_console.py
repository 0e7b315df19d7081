"""The interpreter: echo, framing, results, and one command at a time."""

from collections.abc import Callable

import pytest

from ..fault_model import Action, Fault, Moment
from ..observations import Phase
from .conftest import Started


def test_echo_comes_before_the_framed_answer(start: Callable[..., Started]) -> None:
    """V.250: each byte as it came, CR included; then CR LF text CR LF."""
    _, host = start(echo=True)
    assert host.command("AT") == "AT\r\r\nOK\r\n"
    assert host.command("at+csq") == "at+csq\r\r\n+CSQ: 24,99\r\n\r\nOK\r\n"


def test_several_lines_share_one_header(modem_and_host: Started) -> None:
    """As the note prints them: no empty line between, one before OK."""
    _, host = modem_and_host
    assert host.command("ATI") == (
        "\r\nQuectel\r\nEC200N-CN\r\nRevision: EC200NCNAAR03A05M16\r\n\r\nOK\r\n"
    )


def test_only_cr_ends_a_line(modem_and_host: Started) -> None:
    """LF is ignored wherever it stands."""
    modem, host = modem_and_host
    host.write(b"\nAT\n+CSQ\n\r\n")
    assert host.read_until(b"OK\r\n") == b"\r\n+CSQ: 24,99\r\n\r\nOK\r\n"
    host.ok("AT")
    assert [c.line for c in modem.commands()] == ["ATE0", "AT+CSQ", "AT"]


def test_numeric_results(modem_and_host: Started) -> None:
    """V0: digits and a CR; information without a header."""
    _, host = modem_and_host
    host.write(b"ATV0\r")
    host.read_until(b"0\r")
    host.write(b"AT+CSQ\r")
    assert host.read_until(b"0\r") == b"+CSQ: 24,99\r\n0\r"
    host.write(b"AT+NONSENSE\r")
    assert host.read_until(b"\r") == b"4\r"


def test_quiet_leaves_information_only(modem_and_host: Started) -> None:
    """Q1 suppresses results, not information, until it is taken back."""
    _, host = modem_and_host
    host.write(b"ATQ1\rAT\rAT+CSQ\r")
    assert host.read_until(b"\r\n+CSQ: 24,99\r\n") == b"\r\n+CSQ: 24,99\r\n"
    host.ok("ATQ0")


def test_what_stands_before_at_is_ignored_and_logged(modem_and_host: Started) -> None:
    """V.250 5.2.1; and a line without AT gets no answer at all."""
    modem, host = modem_and_host
    host.write(b"hello\rxyzAT+CSQ\r")
    assert host.read_until(b"OK\r\n") == b"\r\n+CSQ: 24,99\r\n\r\nOK\r\n"
    assert [(c.line, c.junk) for c in modem.commands()][1:] == [
        ("hello", "hello"),
        ("xyzAT+CSQ", "xyz"),
    ]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("A/", "\r\nOK\r\n"),
        ("AT+CSX\bQ=?", "\r\n+CSQ: (0-31,99),(0-7,99)\r\n\r\nOK\r\n"),
        ("AT+CSQ;+CSQ", "\r\n+CSQ: 24,99\r\n+CSQ: 24,99\r\n\r\nOK\r\n"),
        ("ATE0V1+CSQ", "\r\n+CSQ: 24,99\r\n\r\nOK\r\n"),
        ("AT+CSQ;+NONSENSE;+CSQ", "\r\n+CSQ: 24,99\r\n\r\nERROR\r\n"),
        ('AT+QSMTPDST=1,1,"a;b@c"', "\r\nOK\r\n"),
        ('AT+QSMTPDST=1,1,"open', "\r\nERROR\r\n"),
        ("AT+", "\r\nERROR\r\n"),
        ("ATO", "\r\nNO CARRIER\r\n"),
    ],
)
def test_lines_of_every_shape(modem_and_host: Started, line: str, answer: str) -> None:
    """Repetition, correction, chains, quotes, and what is none of these."""
    _, host = modem_and_host
    assert host.command(line) == answer


@pytest.mark.parametrize(
    ("cmee", "errors"),
    [
        (0, ["ERROR", "ERROR"]),
        (1, ["+CME ERROR: 405", "+CME ERROR: 407"]),
        (2, ["+CME ERROR: 405", "+CME ERROR: file already exist"]),
    ],
)
def test_errors_take_the_form_that_cmee_asks_for(
    start: Callable[..., Started], cmee: int, errors: list[str]
) -> None:
    """N: text and number side by side under CMEE=2."""
    _, host = start(files={"there.txt": b"x"})
    host.ok(f"AT+CMEE={cmee}")
    assert host.lines('AT+QFDEL="gone.txt"') == [errors[0]]
    assert host.lines('AT+QFUPL="there.txt",1') == [errors[1]]


def test_stored_settings_survive_a_reboot_but_cmee_does_not(
    modem_and_host: Started,
) -> None:
    """S: AT&W does not store CMEE."""
    modem, host = modem_and_host
    host.ok("AT+CMEE=2", "AT+CEREG=2", "AT&W")
    modem.reboot()
    host.read_until(b"PB DONE\r\n", b"SMS DONE\r\n")
    state = modem.state()
    assert (state.echo, state.cmee, state.boot) == (False, 1, 2)


@pytest.mark.parametrize(
    ("profile", "answer"), [("EC200N-CN", b""), ("EC800N-CN", b"\r\nERROR\r\n")]
)
def test_input_during_a_command_is_lost_or_refused(
    start: Callable[..., Started], profile: str, answer: bytes
) -> None:
    """One command at a time; which of the two is the firmware's choice."""
    modem, host = start(profile=profile, settings={"apn": "any"})
    modem.fault(Fault(Action.DELAY, "QIACT", seconds=0.3))
    host.write(b"AT+QIACT=1\r")
    modem.control("wait_phase", phase="busy", timeout=20)
    host.write(b"AT+CSQ\r")
    assert host.read_until(b"\r\nOK\r\n") == answer + b"\r\nOK\r\n"
    assert [(c.line, c.phase) for c in modem.commands("CSQ")] == [
        ("AT+CSQ", Phase.BUSY)
    ]


def test_every_final_result_is_on_record(modem_and_host: Started) -> None:
    """What a test of a driver counts by."""
    modem, host = modem_and_host
    host.command('AT+QFDEL="none"')
    modem.fault(Fault(Action.DROP, "CSQ", Moment.BEFORE_FINAL))
    host.write(b"AT+CSQ\r")
    host.read_until(b"+CSQ: 24,99\r\n")
    assert [(c.line, c.final) for c in modem.commands()] == [
        ("ATE0", "OK"),
        ('AT+QFDEL="none"', "+CME ERROR: 405"),
        ("AT+CSQ", ""),
    ]
