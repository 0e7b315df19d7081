"""What is concluded from what was seen, and that nothing is concluded from less."""

from dataclasses import replace

import pytest

from custom_components.quectel_smtp.hardware_check.anatomy import Anatomy
from custom_components.quectel_smtp.hardware_check.answer import Answer, Verdict
from custom_components.quectel_smtp.hardware_check.answers import answers
from custom_components.quectel_smtp.hardware_check.evidence import (
    Evidence,
    Fate,
    Step,
    Told,
    Trial,
)
from custom_components.quectel_smtp.hardware_check.usb_port import UsbPort
from custom_components.quectel_smtp.modem.at.codes import SmtpError, SmtpReply
from custom_components.quectel_smtp.modem.mail.smtp import LOST, Outcome, Result
from custom_components.quectel_smtp.modem.recording.transcript import Exchange

SENT = Outcome(Result.SENT)
NETWORK = Outcome(Result.DOUBTFUL, SmtpError.NETWORK)
TLS = Outcome(Result.REFUSED, SmtpError.TLS)
REFUSED = Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, SmtpReply.AUTH_FAILED)
ARRIVED = Anatomy(("To", "Cc"), "text/plain", "7bit", 60, False, None)


def tried(step: Step, outcome: Outcome | None, *lines: str) -> Evidence:
    """Return the evidence of one step."""
    told = Told("it failed: no_answer", Fate.FAILED, outcome)
    return Evidence(trials={step: Trial(told, "now", 1.0, lines)})


def heard(**lines: str) -> Evidence:
    """Return the evidence of commands and what came after each."""
    return Evidence(
        exchanges={
            command: Exchange(command, f"\r\n{said}\r\n".encode("latin-1"), 1)
            for command, said in lines.items()
        },
        untried=dict.fromkeys(Step, "the owner said no"),
    )


def answer(evidence: Evidence, name: str) -> Answer:
    """Return one answer."""
    (found,) = (one for one in answers(evidence) if one.name == name)
    return found


def said(evidence: Evidence, name: str) -> tuple[Verdict, str]:
    """Return what one answer says."""
    found = answer(evidence, name)
    return found.verdict, found.words


def test_from_nothing_nothing_is_concluded() -> None:
    assert {one.verdict for one in answers(Evidence())} == {
        Verdict.NOT_TRIED,
        # Whether a port is on USB is looked at without asking.
        Verdict.COULD_NOT_TELL,
    }


@pytest.mark.parametrize(
    ("outcome", "verdict", "words"),
    [
        (REFUSED, Verdict.OBSERVED, "a wrong password: 677,535"),
        (NETWORK, Verdict.OBSERVED, "a wrong password: 654,0"),
        (LOST, Verdict.OBSERVED, "a wrong password: no result"),
        (
            Outcome(Result.REFUSED),
            Verdict.OBSERVED,
            "a wrong password: no code,0",
        ),
        (
            None,
            Verdict.COULD_NOT_TELL,
            "nothing was told of a failure: it failed: no_answer",
        ),
    ],
)
def test_how_a_failure_is_told(
    outcome: Outcome | None, verdict: Verdict, words: str
) -> None:
    line = "0.1 < +QSMTPPUT: 677,535"
    found = answer(tried(Step.WRONG_PASSWORD, outcome, line, "0.2 < OK"), "F1")
    assert (found.verdict, found.words) == (verdict, words)
    assert found.lines == ((line,) if outcome else ())


def test_what_does_not_fail_tells_of_no_failure() -> None:
    trial = Trial(Told("sent", Fate.DONE, SENT), "now", 1.0)
    steps = (Step.WRONG_PASSWORD, Step.WRONG_ROOT, Step.NO_STARTTLS)
    evidence = Evidence(trials=dict.fromkeys(steps, trial))
    assert said(evidence, "F1") == (
        Verdict.COULD_NOT_TELL,
        "nothing was told of a failure: sent",
    )


@pytest.mark.parametrize(
    ("outcome", "seen", "verdict", "words"),
    [
        (SENT, None, Verdict.OBSERVED, "it goes on in clear"),
        (REFUSED, None, Verdict.OBSERVED, "it goes on in clear"),
        (TLS, None, Verdict.OBSERVED, "it ends there: nothing goes in clear"),
        (
            NETWORK,
            True,
            Verdict.OBSERVED,
            "it goes on in clear, by the server's log; told as 654,0",
        ),
        (
            NETWORK,
            False,
            Verdict.OBSERVED,
            "it ends there, by the server's log; told as 654,0",
        ),
        (
            NETWORK,
            None,
            Verdict.COULD_NOT_TELL,
            "654,0 may mean either, and nobody saw the server's log",
        ),
        (None, None, Verdict.COULD_NOT_TELL, "it failed: no_answer"),
    ],
)
def test_what_follows_where_no_starttls_is_offered(
    outcome: Outcome | None, seen: bool | None, verdict: Verdict, words: str
) -> None:
    evidence = tried(Step.NO_STARTTLS, outcome)
    evidence.shows_login = seen
    assert said(evidence, "F4") == (verdict, words)


@pytest.mark.parametrize(
    ("outcome", "verdict", "words"),
    [
        (TLS, Verdict.OBSERVED, "the modem refuses a server whose root is another"),
        (SENT, Verdict.OBSERVED, "the modem takes a server whose root is another"),
        (REFUSED, Verdict.OBSERVED, "the modem takes a server whose root is another"),
        (NETWORK, Verdict.COULD_NOT_TELL, "654,0 may mean either"),
    ],
)
def test_whether_a_root_is_looked_at(
    outcome: Outcome, verdict: Verdict, words: str
) -> None:
    assert said(tried(Step.WRONG_ROOT, outcome), "wrong root") == (verdict, words)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (SENT, "the modem says that the server took it"),
        (LOST, "no result came in time"),
        (REFUSED, "the modem says that it failed: 677,535"),
    ],
)
def test_how_an_email_ended(outcome: Outcome, words: str) -> None:
    evidence = tried(Step.OWN_CLIENT, outcome)
    assert said(evidence, "own client") == (Verdict.OBSERVED, words)


def test_a_step_that_broke_off_tells_why() -> None:
    assert said(tried(Step.TCP, None), "TCP") == (
        Verdict.COULD_NOT_TELL,
        "it failed: no_answer",
    )


def test_without_a_hidden_recipient_nothing_is_said_of_hiding() -> None:
    evidence = tried(Step.KINDS, SENT)
    assert said(evidence, "F3")[1] == "nobody showed the email as it arrived"
    evidence.arrived[Step.KINDS] = ARRIVED
    assert said(evidence, "F3") == (
        Verdict.COULD_NOT_TELL,
        "email 3 had no hidden recipient",
    )
    evidence.hid = True
    assert said(evidence, "F3")[0] is Verdict.OBSERVED
    evidence.arrived[Step.KINDS] = replace(ARRIVED, headers=())
    assert said(evidence, "F3")[1].endswith("order: none")


def test_either_email_shows_how_it_is_built() -> None:
    evidence = tried(Step.KINDS, SENT)
    evidence.arrived[Step.KINDS] = ARRIVED
    assert "Date missing" in said(evidence, "F6")[1]
    assert said(evidence, "F7")[1] == (
        "lines that begin with a dot arrive damaged; text in 7bit"
    )


@pytest.mark.parametrize(
    ("urcport", "resolved", "outcome", "verdict"),
    [
        ("usbmodem", True, SENT, Verdict.OBSERVED),
        ("usbat", False, SENT, Verdict.OBSERVED),
        ("usbat", True, LOST, Verdict.OBSERVED),
        ("all", None, SENT, Verdict.COULD_NOT_TELL),
        ("", True, SENT, Verdict.COULD_NOT_TELL),
    ],
)
def test_where_results_go_is_known_if_another_port_is_named_or_one_is_missing(
    urcport: str, resolved: bool | None, outcome: Outcome, verdict: Verdict
) -> None:
    evidence = tried(Step.OWN_CLIENT, outcome)
    line = f'\r\n+QURCCFG: "urcport","{urcport}"\r\n' if urcport else "\r\nERROR\r\n"
    command = 'AT+QURCCFG="urcport"'
    evidence.exchanges[command] = Exchange(command, line.encode(), 1)
    evidence.resolved = resolved
    assert said(evidence, "F8")[0] is verdict


@pytest.mark.parametrize(
    ("command", "line", "name", "verdict", "words"),
    [
        (
            "AT+QIACT=1",
            "OK",
            "F16",
            Verdict.OBSERVED,
            "activating an active context is a success",
        ),
        (
            "AT+QIACT=1",
            "ERROR",
            "F16",
            Verdict.OBSERVED,
            "activating an active context is an error; it is not listed as active",
        ),
        (
            "AT+QIACT=1",
            "OK",
            "F9",
            Verdict.COULD_NOT_TELL,
            "activating an active context was no error, so it had no number",
        ),
        (
            "AT+QIACT=1",
            "ERROR",
            "F9",
            Verdict.COULD_NOT_TELL,
            "the modem gave no number for it",
        ),
        (
            "AT+CPIN?",
            "+CPIN: PH-NET PIN",
            "F10",
            Verdict.OBSERVED,
            "AT+CPIN? says: +CPIN: PH-NET PIN",
        ),
        ("AT+CPIN?", "OK", "F10", Verdict.OBSERVED, "AT+CPIN? says: nothing"),
        ("AT+CPIN?", "", "F10", Verdict.COULD_NOT_TELL, "AT+CPIN? was not answered"),
        (
            'AT+QSMTPCFG="addrseparator"',
            "OK",
            "F11",
            Verdict.OBSERVED,
            "the setting addrseparator is there",
        ),
        (
            "AT+CGDCONT?",
            '+CGDCONT: 1,"IP","xxxx"',
            "F14",
            Verdict.COULD_NOT_TELL,
            "context 1 has an APN, and the modem is not registered: the check takes no "
            "APN away",
        ),
        (
            "AT+QURCCFG=?",
            'OK\r\n+QURCCFG: "urcport",("usbat","usbmodem","uart1")',
            "F17",
            Verdict.OBSERVED,
            "QURCCFG=? lists no all; QCFG has no urc/...",
        ),
        (
            "AT+QURCCFG=?",
            "ERROR",
            "F17",
            Verdict.OBSERVED,
            "QURCCFG=? does not say which ports there are; QCFG has no urc/...",
        ),
        (
            "AT+QNETDEVCTL?",
            "+QNETDEVCTL: 0\u00e9",
            "F19",
            Verdict.OBSERVED,
            r"QNETDEVCTL: 0\xe9; usbnet: unknown",
        ),
    ],
)
def test_what_a_command_tells(
    command: str, line: str, name: str, verdict: Verdict, words: str
) -> None:
    assert said(heard(**{command: line}), name) == (verdict, words)


def test_what_several_commands_tell_together() -> None:
    seen = heard(
        **{
            "AT+QURCCFG=?": "OK",
            'AT+QCFG="urc/cache"': "OK",
            "AT+QNETDEVCTL?": "ERROR",
            'AT+QCFG="usbnet"': '+QCFG: "usbnet",3',
            "AT+CEREG?": "+CEREG: 2,5",
            "AT+CGDCONT?": '+CGDCONT: 1,"IP",""',
        }
    )
    assert said(seen, "F17")[1].endswith("QCFG has urc/cache")
    assert said(seen, "F19")[1] == "QNETDEVCTL: unknown; usbnet: 3"
    assert said(seen, "F14") == (
        Verdict.OBSERVED,
        "context 1 has no APN, and the modem is registered",
    )


def test_what_usb_tells() -> None:
    port = UsbPort("2c7c:6002", "03", "Android", "Android", "zeros only")
    assert said(Evidence(usb=port), "F20") == (
        Verdict.OBSERVED,
        "2c7c:6002, interface 03, calls itself Android/Android, serial number: zeros only",
    )
