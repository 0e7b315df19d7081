"""The whole check, as its owner goes through it: what is sent, learnt, kept and left."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
import re

import pytest

from custom_components.quectel_smtp.delivery.client.check import Trouble
from custom_components.quectel_smtp.hardware_check import tidying, trials
from custom_components.quectel_smtp.hardware_check.answer import Verdict
from custom_components.quectel_smtp.hardware_check.letters import NOBODY
from custom_components.quectel_smtp.hardware_check.report import Report, parse
from custom_components.quectel_smtp.hardware_check.wording import LOG_IN_FAILS
from custom_components.quectel_smtp.modem.recording import recorder
from custom_components.quectel_smtp.modem.recording.questions import QUESTIONS
from tests.virtual_modem.fault_model import Action, Fault, Moment
from tests.virtual_modem.profiles import MailClient
from tests.virtual_modem.tests.host import Host

from .checked import Checking
from .scene import (
    ANSWERS,
    LOGIN,
    NUMBERS,
    PLAIN_SERVER,
    SECURED,
    SERVER,
    TO,
    Owner,
    Reply,
    Scene,
    scene,
)

CANARIES = (
    *(value for value in ANSWERS.values() if len(str(value)) > 3),
    *NUMBERS.values(),
    "canary",
    "jane",
)


def words(report: Report) -> dict[str, tuple[Verdict, str]]:
    """Return each answer by its name."""
    return {answer.name: (answer.verdict, answer.words) for answer in report.answers}


def observed(report: Report) -> dict[str, str]:
    """Return what was observed, by the names of the questions."""
    return {
        name: said
        for name, (verdict, said) in words(report).items()
        if verdict is Verdict.OBSERVED
    }


@pytest.fixture(scope="module")
def _stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Run a modem whose mail client is the note's, for many tests."""
    with scene(tmp_path_factory.mktemp("stage")) as found:
        yield found


@pytest.fixture
def desk(_stage: Scene) -> Scene:
    """Return the modem as if it had just been plugged in, and servers that know nobody."""
    _stage.reset()
    return _stage


def test_the_notes_client_is_seen_for_what_it_is(checked: Checking) -> None:
    seen = observed(checked(MailClient.NOTE).report)
    assert seen["F1"] == (
        "a wrong password: 677,535; a wrong root certificate: 665,0; "
        "a server without STARTTLS: 665,0"
    )
    assert seen["F3"] == "a Bcc line is not in what arrived; order: To, Cc"
    assert seen["F4"] == "it ends there: nothing goes in clear"
    assert seen["F6"].startswith(
        "text/plain, text in 7bit, Date there, Message-ID there"
    )
    assert seen["F7"] == "lines that begin with a dot arrive whole; text in 7bit"
    assert seen["wrong root"] == "the modem refuses a server whose root is another"


def test_the_client_of_published_firmware_is_seen_for_what_it_is(
    checked: Checking,
) -> None:
    seen = observed(checked(MailClient.TERSE).report)
    assert seen["F1"] == "a wrong password: 654,0; a wrong root certificate: 654,0"
    assert seen["F3"] == "a Bcc line is in what arrived; order: To, Cc, Bcc"
    assert seen["F4"] == "it goes on in clear"
    assert seen["F6"].startswith(
        "multipart/mixed, text in base64, Date missing, Message-ID missing"
    )
    assert "longest encoded word of the subject 128 characters" in seen["F6"]
    assert seen["F7"] == "lines that begin with a dot arrive whole; text in base64"


def test_the_two_clients_differ_in_what_they_do_and_in_nothing_else(
    checked: Checking,
) -> None:
    note, terse = (words(checked(client).report) for client in MailClient)
    different = {name for name in note if note[name] != terse[name]}
    assert different == {"F1", "F3", "F4", "F6", "F7", "wrong root"}


def test_what_has_nothing_to_do_with_mail_is_told_too(checked: Checking) -> None:
    report = checked(MailClient.NOTE).report
    seen = observed(report)
    assert seen["F9"] == "that a context is active already has number 561"
    assert seen["F10"] == "AT+CPIN? says: +CPIN: READY"
    assert seen["F11"] == "the setting addrseparator is not there"
    assert seen["F12"] == "this firmware has the SMTP commands"
    assert seen["F14"] == "context 1 has no APN, and the modem is registered"
    assert "is an error; it is still listed as active" in seen["F16"]
    assert seen["F17"] == "QURCCFG=? lists all; QCFG has no urc/..."
    assert seen["own client"] == "the modem says that the server took it"
    assert seen["TCP"] == "the server took it"
    told = words(report)
    assert told["F8"][0] is Verdict.COULD_NOT_TELL
    assert told["F20"][0] is Verdict.COULD_NOT_TELL
    for name in ("F2", "F5", "F13", "F15", "F18"):
        assert told[name][0] is Verdict.NOT_TRIED
    assert [answer.name for answer in report.answers[:20]] == [
        f"F{number}" for number in range(1, 21)
    ]


@pytest.mark.parametrize("client", MailClient)
def test_three_emails_leave_and_all_are_the_owners(
    client: MailClient, checked: Checking
) -> None:
    done = checked(client)
    assert done.sent == [
        (TO,),
        (TO,),
        (TO, ANSWERS["Cc (Enter"], ANSWERS["Bcc (Enter"]),
    ]
    # What is meant to fail names nobody, wherever it goes.
    assert {r for envelope in done.in_clear for r in envelope.rcpt_tos} <= {NOBODY}
    questions = [q for q in done.owner.asked if "Send email" in q]
    assert [q.partition(" to ")[0] for q in questions[:2]] == [
        "5. Send email 1 of 3",
        "6. Send email 2 of 3",
    ]
    assert done.data < 100_000


@pytest.mark.parametrize("client", MailClient)
def test_the_modem_is_left_as_it_was(client: MailClient, checked: Checking) -> None:
    done = checked(client)
    assert done.report.value("left") == "as it was"
    state = done.state
    assert not any(context.active for context in state.contexts)
    assert {context.apn for context in state.contexts} <= {""}
    assert state.files == ()
    assert (state.recipients, state.body) == ((), None)
    everything = f"{state.smtp} {state.tls}".lower()
    assert not [canary for canary in CANARIES if canary.lower() in everything]


@pytest.mark.parametrize("client", MailClient)
def test_nothing_private_is_in_the_report_nor_said(
    client: MailClient, checked: Checking
) -> None:
    done = checked(client)
    for text in (done.text, done.owner.heard.replace("report-1.txt", "")):
        found = [canary for canary in CANARIES if canary.lower() in text.lower()]
        assert found == []
    assert len(done.report.transcript.exchanges if done.report.transcript else ()) == (
        len(QUESTIONS)
    )


def test_a_module_without_mail_commands_is_checked_for_the_rest(
    checked: Checking,
) -> None:
    done = checked(MailClient.NOTE, "EG800K-CN")
    told = words(done.report)
    for name in ("F1", "F3", "F4", "F6", "F7", "own client", "kinds", "wrong root"):
        assert told[name] == (Verdict.NOT_TRIED, "the firmware has no mail client")
    assert told["F12"] == (Verdict.OBSERVED, "this firmware has no SMTP commands")
    assert told["TCP"] == (Verdict.OBSERVED, "the server took it")
    assert done.sent == [(TO,)]
    assert done.report.value("left") == "as it was"


def test_a_no_to_everything_asks_the_modem_nothing_and_changes_nothing(
    desk: Scene,
) -> None:
    owner = desk.owner(**{"1.": "n", "2.": ""})
    report = desk.report(owner)
    assert owner.asked == [
        f"1. Ask {len(QUESTIONS)} questions? (y/N)",
        "2. Bring up the data connection? (y/N)",
    ]
    told = words(report)
    assert {told[f"F{n}"][0] for n in (1, 3, 4, 9, 10, 12)} == {Verdict.NOT_TRIED}
    assert told["F10"][1] == "the owner said no"
    assert told["F1"][1] == "there was no data connection"
    assert report.transcript is None
    assert report.value("left") == "nothing was changed"
    # What the engine sends to find the modem, and to ask who it is.
    assert all(
        re.fullmatch(r"AT(Q0|V1|E0)*|AT\+CG[A-Z]+", seen.line)
        for seen in desk.modem.commands()
    )


def test_a_no_to_each_email_sends_none(desk: Scene) -> None:
    owner = desk.owner(**{f"{n}.": "no" for n in (1, 5, 6, 7, 8, 9, 10)})
    told = words(desk.report(owner))
    assert desk.sent == []
    assert told["own client"] == told["TCP"] == (Verdict.NOT_TRIED, "the owner said no")
    assert told["F1"] == told["F4"] == (Verdict.NOT_TRIED, "the owner said no")
    assert told["F8"][0] is Verdict.NOT_TRIED
    assert told["F8"][1].startswith("no email was handed to the modem")


def test_an_owner_without_an_account_has_no_emails(desk: Scene) -> None:
    told = words(desk.report(desk.owner(**{"1.": "n", "Mail server": ""})))
    assert told["own client"] == (Verdict.NOT_TRIED, "no mail account was given")
    assert told["F9"][0] is Verdict.OBSERVED


def test_an_account_that_the_server_refuses_is_not_tried_again(desk: Scene) -> None:
    owner = desk.owner(**{"1.": "n"}, Password="canary-wrong")
    told = words(desk.report(owner))
    assert told["own client"] == told["F1"] == (Verdict.NOT_TRIED, "the log-in failed")
    assert len(desk.server.mechanisms) == 1
    assert "it failed: login, 535 (it refuses user name or password)" in owner.heard


def test_an_owner_hears_what_a_file_of_roots_is_wanted_for(desk: Scene) -> None:
    owner = desk.owner(**{"1.": "n", "File with": ""})
    desk.report(owner)
    assert "it failed: root (" in owner.heard
    assert "Start again with a file that has the server's own root" in owner.heard


def test_whatever_a_log_in_fails_for_is_said_in_words() -> None:
    assert set(LOG_IN_FAILS) == set(Trouble)


def test_a_well_known_root_is_found_by_the_log_in(
    desk: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("certifi.where", lambda: str(desk.root))
    owner = desk.owner(**{"1.": "n", "File with": "", "7.": "n", "9.": "n", "10.": "n"})
    told = words(desk.report(owner))
    assert desk.sent == [(TO,), (TO,)]
    assert told["wrong root"][0] is Verdict.OBSERVED


def test_without_a_root_nothing_goes_by_the_modems_own_client(
    desk: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("certifi.where", lambda: str(desk.root))
    told = words(desk.report(desk.owner(**{"1.": "n", "File with": "", "4.": "n"})))
    assert desk.sent == [(TO,)]
    assert told["own client"] == (
        Verdict.NOT_TRIED,
        "no root is known that the server proves itself by",
    )


@pytest.mark.parametrize(
    ("typed", "port", "why"),
    [
        (SECURED, "587", "the server that was named offers STARTTLS"),
        (
            SERVER,
            "465",
            "the server that was named does not answer as a mail server does",
        ),
        ("nowhere.canary.example", "", "the server that was named was not reached"),
        ("", "", "no such server was named"),
    ],
)
def test_only_a_server_that_offers_no_starttls_is_tried_as_one(
    typed: str, port: str, why: str, desk: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    if typed == SERVER:
        # It waits for TLS, and says nothing.
        monkeypatch.setattr(trials, "REPLY_TIME", 0.2)
    owner = desk.owner(
        **{f"{n}.": "n" for n in (1, 4, 5, 6, 7, 8, 10)},
        **{"Its name": typed, "Port (Enter: 25)": port},
    )
    assert words(desk.report(owner))["F4"] == (Verdict.NOT_TRIED, why)


# Ended on the way.


def stop() -> str:
    """Press Ctrl-C."""
    raise KeyboardInterrupt


def left(found: Scene, owner: Owner, status: int) -> Report:
    """Return the report of a check that ended on the way."""
    ended, path = found.check(owner)
    assert ended == status, owner.heard
    return parse(path.read_text("utf-8"))


def test_what_was_learnt_before_ctrl_c_is_written(desk: Scene) -> None:
    report = left(desk, desk.owner(**{"1.": "n"}, **{"6.": stop}), 130)
    told = words(report)
    assert report.value("ended") == "stopped by its owner"
    assert report.value("left") == "as it was"
    assert told["own client"][0] is Verdict.OBSERVED
    assert told["TCP"] == (Verdict.NOT_TRIED, "the check ended before it")
    state = desk.modem.state()
    assert not any(context.active for context in state.contexts)
    assert state.files == ()


@pytest.mark.parametrize("back", [False, True])
def test_what_was_learnt_before_the_cable_was_pulled_is_written(
    back: bool, desk: Scene
) -> None:
    def pull() -> str:
        desk.modem.hangup()
        return "y"

    def plug() -> str:
        if back:
            desk.modem.plug()
        return ""

    owner = desk.owner(**{"1.": "n"}, **{"6.": pull, "The port is gone": plug})
    report = left(desk, owner, 1)
    told = words(report)
    assert report.value("ended") == "the port went away"
    assert told["own client"][0] is Verdict.OBSERVED
    assert told["TCP"] == (Verdict.COULD_NOT_TELL, "the port went away")
    assert "Check cable" in owner.heard
    if back:
        assert report.value("left") == "as it was"
        assert desk.modem.state().files == ()
    else:
        assert "switch it off and on" in report.value("left")


def test_the_questions_that_were_answered_are_kept(desk: Scene) -> None:
    desk.modem.fault(Fault(Action.HANGUP, r"QIGETERROR$"))
    report = left(desk, desk.owner(), 1)
    assert report.transcript is not None
    asked = [exchange.command for exchange in report.transcript.exchanges]
    assert asked[-1] == "AT+QIDEACT=?"
    told = words(report)
    assert told["F10"][0] is Verdict.OBSERVED
    assert told["F17"] == (Verdict.NOT_TRIED, "AT+QURCCFG=? was not reached")


def test_a_modem_that_falls_silent_is_no_end(desk: Scene) -> None:
    desk.modem.fault(Fault(Action.ERROR, "QIACT=1", times=0, code=0))
    told = words(desk.report(desk.owner(**{"1.": "n"})))
    assert told["F9"] == (Verdict.NOT_TRIED, "AT+QIACT=1 was not reached")
    assert told["own client"] == (Verdict.NOT_TRIED, "there was no data connection")


def test_what_can_not_be_undone_is_said(desk: Scene) -> None:
    desk.modem.fault(Fault(Action.ERROR, 'QSMTPCFG="sender","","nobody', times=0))
    desk.modem.fault(Fault(Action.ERROR, 'QICSGP=1,1,"",', times=0))
    owner = desk.owner(**{f"{n}.": "n" for n in (1, 6, 7, 8, 9, 10)})
    report = desk.report(owner)
    remains = report.value("left")
    assert "the APN that was typed is still there" in remains
    assert "it keeps the mail account until it restarts" in remains


def test_a_modem_that_is_silent_at_questions_is_asked_no_more_of_them(
    desk: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "_DEADLINE", 0.5)
    desk.modem.fault(Fault(Action.DROP, r"AT&V|\+IPR\?", times=2))
    report = desk.report(desk.owner(**{"2.": "n"}))
    assert report.transcript is not None
    assert report.transcript.exchanges[-1].command == "AT+IPR?"
    assert "failed: the modem did not answer AT&V" in desk.last.read_text()


def test_a_data_connection_that_was_up_is_used_as_it_is_and_stays(desk: Scene) -> None:
    with Host(desk.modem.port) as host:
        host.command("ATE0")
        host.command('AT+QICSGP=1,1,"theirs","","",0')
        host.command("AT+QIACT=1")
    report = desk.report(desk.owner(**{f"{n}.": "n" for n in (1, 7, 8, 9, 10)}))
    assert report.value("left") == "as it was"
    (context,) = desk.modem.state().contexts
    assert (context.apn, context.active) == ("theirs", True)
    assert len(desk.sent) == 2
    assert len(desk.modem.commands(r"QICSGP=1,")) == 1


def test_an_apn_that_was_there_comes_back(desk: Scene) -> None:
    with Host(desk.modem.port) as host:
        host.command("ATE0")
        host.command('AT+QICSGP=1,3,"theirs","user","pass",2')
    report = desk.report(desk.owner(**{"1.": "n", "Mail server": ""}))
    assert report.value("left") == "as it was"
    with Host(desk.modem.port) as host:
        assert '+QICSGP: 3,"theirs","user","pass",2' in host.command("AT+QICSGP=1")


def test_a_network_that_wants_the_apn_first_gets_it(
    desk: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "_SEARCH", 0.01)
    desk.circumstances({"attach_apn": ANSWERS["APN of your SIM"]})
    desk.modem.reboot()
    desk.modem.control("wait_idle", timeout=60)
    report = desk.report(desk.owner(**{"1.": "n", "Mail server": ""}))
    assert words(report)["F9"][0] is Verdict.OBSERVED


def test_a_result_code_that_goes_elsewhere_is_missed(
    desk: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "_RESOLVE", 0.1)
    desk.modem.fault(Fault(Action.DROP, "QIDNSGIP=1", Moment.BEFORE_RESULT))
    owner = desk.owner(**{f"{n}.": "n" for n in (5, 6, 7, 8, 9, 10)})
    told = words(desk.report(owner))["F8"]
    assert told[1].endswith("that of a name's resolution did not come here")


def test_a_server_whose_name_is_not_known_ends_the_emails(desk: Scene) -> None:
    servers = {"Mail server": "nowhere.canary.example"}
    told = words(desk.report(desk.owner(**{"1.": "n"}, **servers)))
    assert told["TCP"] == (Verdict.NOT_TRIED, "the log-in failed")


def test_a_firmware_without_tcp_is_checked_for_the_rest(desk: Scene) -> None:
    commands = r"\+QI(CFG|OPEN|SEND|RD|CLOSE|SDE)"
    desk.modem.fault(Fault(Action.ERROR, commands, times=0))
    told = words(desk.report(desk.owner(**{"1.": "n"})))
    assert told["TCP"] == (Verdict.COULD_NOT_TELL, "the firmware has no TCP commands")
    assert told["own client"][0] is Verdict.OBSERVED
    assert told["F4"][1] == "it ends there: nothing goes in clear"


def test_an_old_gsm_module_is_told_as_what_it_is(tmp_path: Path) -> None:
    with scene(tmp_path, profile="M66") as found:
        told = words(found.report(found.owner(**{"1.": "n"})))
    assert told["own client"] == (Verdict.NOT_TRIED, "the firmware has no mail client")


@pytest.mark.parametrize(
    ("replies", "lost", "why"),
    [
        ({"RCPT": "550 no"}, False, "the server refused the recipient"),
        ({}, True, "the server did not answer to the email's end"),
    ],
)
def test_why_an_email_by_tcp_failed_is_told(
    replies: dict[str, str], lost: bool, why: str, desk: Scene
) -> None:
    desk.server.manners.replies.update(replies)
    desk.server.manners.close_at_data = lost
    owner = desk.owner(**{f"{n}.": "n" for n in (1, 5, 7, 8, 9, 10)})
    assert words(desk.report(owner))["TCP"] == (Verdict.COULD_NOT_TELL, why)


def test_a_connection_that_the_network_takes_away_is_told(desk: Scene) -> None:
    desk.modem.fault(Fault(Action.PDPDEACT, "QISEND=10,[3-9]..", Moment.RECEIPT))
    owner = desk.owner(**{f"{n}.": "n" for n in (1, 4, 5, 7, 8, 9, 10)})
    verdict, why = words(desk.report(owner))["TCP"]
    assert (verdict, why) in (
        (Verdict.COULD_NOT_TELL, "the connection was lost on the way"),
        (Verdict.COULD_NOT_TELL, "the server did not answer to the email's end"),
    )


def test_what_the_modems_client_does_not_take_is_no_end(desk: Scene) -> None:
    desk.modem.fault(Fault(Action.ERROR, "QSMTPDST", times=0, code=664))
    report = desk.report(desk.owner(**{"1.": "n", "That file": ""}))
    told = words(report)
    assert told["own client"][1] == "the modem says that it failed: 664,0"
    assert told["TCP"][0] is Verdict.OBSERVED
    long = "x" * 60
    desk.server.manners.login = (LOGIN[0], long)
    try:
        owner = desk.owner(**{f"{n}.": "n" for n in (1, 6, 7, 8, 9, 10)})
        owner.replies = {**owner.replies, "Password": long}
        told = words(desk.report(owner))
    finally:
        desk.server.manners.login = LOGIN
    assert told["own client"] == (
        Verdict.COULD_NOT_TELL,
        "it failed: the modem takes no such password (too_long)",
    )


def test_an_account_without_tls_or_log_in_has_less_to_fail(desk: Scene) -> None:
    shown = iter(("/no/such/file.eml", str(desk.root), ""))
    replies: dict[str, Reply] = {
        **{f"{n}.": "n" for n in (1, 7, 9)},
        "Mail server": PLAIN_SERVER,
        "Port (Enter: 465)": "25",
        "Security": "0",
        "User name": "",
        "That file": lambda: next(shown),
    }
    owner = desk.owner(**replies)
    told = words(desk.report(owner))
    assert told["wrong root"] == (Verdict.NOT_TRIED, "the server has no TLS")
    assert told["F1"] == (Verdict.NOT_TRIED, "nobody logs in with this account")
    assert told["F6"] == (
        Verdict.COULD_NOT_TELL,
        "nobody showed the email as it arrived",
    )
    assert owner.heard.count("That is not email 1 of a hardware check") == 2


def test_an_email_that_still_runs_is_cleared_once_it_ended(
    desk: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidying, "_ASK_EVERY", 0.01)
    desk.modem.fault(Fault(Action.ERROR, "QSMTPCLR", times=3, skip=1, code=652))
    owner = desk.owner(**{f"{n}.": "n" for n in (1, 6, 7, 8, 9, 10)})
    assert desk.report(owner).value("left") == "as it was"


def test_what_stays_in_a_modem_that_refuses_is_named(tmp_path: Path) -> None:
    with scene(tmp_path) as found:
        owner = found.owner(**{f"{n}.": "n" for n in (1, 6, 7, 8, 9, 10)})

        def keep() -> str:
            for command in ("QSMTPCLR", "QIDEACT=1", "QFDEL"):
                found.modem.fault(Fault(Action.ERROR, command, times=0))
            return ""

        owner.replies = {**owner.replies, "That file": keep}
        remains = found.report(owner).value("left")
    assert "the data connection is still up" in remains
    assert "it keeps the recipients of the last email" in remains
    assert re.search(r"the file qsmtp_ca_\w+\.pem is still there", remains)


# The SIM.


@pytest.mark.parametrize(
    ("settings", "replies", "why"),
    [
        ({"sim": "pin", "pin": "1234"}, {}, "the SIM did not take the PIN"),
        (
            {"sim": "pin"},
            {"3.": "n"},
            "the SIM asks for its PIN, and the owner said no",
        ),
        (
            {"sim": "pin", "pin_tries": 2},
            {},
            "the SIM's PIN is left alone: 2 tries are left",
        ),
        ({"sim": "puk"}, {}, "the SIM can't be used: puk required"),
    ],
)
def test_a_locked_sim_costs_one_try_at_most(
    settings: dict[str, str | float], replies: dict[str, Reply], why: str, desk: Scene
) -> None:
    desk.circumstances(settings)
    report = desk.report(desk.owner(**{"1.": "n"}, **replies))
    assert words(report)["F9"] == (Verdict.NOT_TRIED, why)
    tried = why == "the SIM did not take the PIN"
    assert len(desk.modem.commands(r"CPIN=")) == tried
    assert ANSWERS["PIN (not shown)"] not in desk.last.read_text()


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault(Action.ERROR, r"CPIN=", code=13), 0),
        (Fault(Action.HANGUP, r"CPIN="), 1),
    ],
)
def test_a_pin_that_nobody_judged_is_not_typed_again(
    fault: Fault, status: int, desk: Scene
) -> None:
    desk.circumstances({"sim": "pin"})
    desk.modem.fault(fault)
    report = left(desk, desk.owner(**{"1.": "n"}), status)
    assert words(report)["F9"][0] is Verdict.NOT_TRIED
    assert len(desk.modem.commands(r"CPIN=")) == 1


def test_the_right_pin_opens_the_way(desk: Scene) -> None:
    pin = ANSWERS["PIN (not shown)"]
    desk.circumstances({"sim": "pin", "pin": pin})
    owner = desk.owner(**{"1.": "n", "Mail server": ""})
    assert observed(desk.report(owner))["F9"]
    assert pin not in desk.last.read_text()


# Hostile values.

HOSTILE = (
    "## Transcript",
    'a"b',
    "654,0\nF1: x",
)


def test_what_a_server_says_is_in_no_report(desk: Scene) -> None:
    echo = (
        f"550 5.1.0 jane@canary.example {LOGIN[1]} from {NUMBERS['address']} unwelcome"
    )
    desk.server.manners.replies.update({"DATA": echo, "RCPT": "250 OK"})
    owner = desk.owner(**{f"{n}.": "n" for n in (1, 7, 8, 9, 10)})
    report = desk.report(owner)
    told = words(report)
    assert told["own client"][1] == "the modem says that it failed: 678,550"
    assert told["TCP"][1] == "it failed at: content, 550"
    text = desk.last.read_text("utf-8") + owner.heard
    assert "unwelcome" not in text
    assert not [canary for canary in CANARIES if canary.lower() in text.lower()]


@pytest.mark.parametrize("typed", HOSTILE)
def test_what_is_typed_forges_no_line_of_a_report(typed: str, desk: Scene) -> None:
    owner = desk.owner(
        **{"1.": "n", "APN of": typed, "User name": typed, "Password": typed, "4.": "n"}
    )
    again = iter(("", "", "canary.apn"))
    once = {"Mail server": partial(next, iter((SERVER, "")), "")}
    owner.replies = {**owner.replies, **once}
    if any(character in typed for character in '"\n\u202e'):
        # The modem's command can't carry it: it is asked for anew.
        first = iter((typed,))
        owner.replies = {
            **owner.replies,
            "APN of your SIM": lambda: next(first, next(again)),
        }
        owner.replies.pop("APN of", None)
    report = desk.report(owner)
    assert len(report.answers) == 24
    assert parse(desk.last.read_text("utf-8")) == report


def test_what_a_modem_repeats_of_what_was_typed_is_in_no_report(desk: Scene) -> None:
    said = "+CME ERROR: Hushword is no password of apnlogin"
    desk.modem.fault(Fault(Action.ANSWER, "QIGETERROR", times=0, text=said))
    typed = {"Its user name": "apnlogin", "Its password": "hushword"}
    desk.report(desk.owner(**{"1.": "n", "Mail server": ""}, **typed))
    text = desk.last.read_text("utf-8")
    assert "+CME ERROR: xxxxxxxx is no password of xxxxxxxx" in text


def test_what_a_modem_says_of_itself_forges_nothing(desk: Scene) -> None:
    forged = '+QIGETERROR: 0,"jane@canary.example 867730051928374 100.64.201.77"\r\nOK'
    desk.modem.fault(Fault(Action.ANSWER, "QIGETERROR", times=0, text=forged))
    desk.modem.fault(
        Fault(
            Action.URC,
            "CGMM",
            Moment.LINE,
            skip=1,
            text='+CMT: "+4915112345678",,"x"\r\nCall me canary',
        )
    )
    desk.report(desk.owner(**{"Mail server": ""}))
    text = desk.last.read_text("utf-8")
    assert not [canary for canary in CANARIES if canary.lower() in text.lower()]
    assert "+QIGETERROR: 0," in text
