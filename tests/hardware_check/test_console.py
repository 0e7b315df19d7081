"""The check as a person starts it: without Home Assistant, on a terminal."""

from pathlib import Path
import subprocess
import sys

import pytest

from custom_components.quectel_smtp.hardware_check.answer import Verdict
from custom_components.quectel_smtp.hardware_check.report import Report, parse
from tests.source import INTEGRATION
from tests.virtual_modem.profiles import MailClient

from .checked import Checking
from .scene import LOGIN, Reply, Scene, scene
from .terminal import Terminal


def read(path: Path) -> Report:
    """Read a report."""
    return parse(path.read_text("utf-8"))


def keys(found: Scene) -> dict[str, Reply]:
    """Return what an owner answers, by what stands last in a question."""
    return {**found.replies, "Its password": "apn-pass"}


@pytest.mark.parametrize(
    ("client", "profile"),
    [
        (MailClient.NOTE, "EC200N-CN"),
        (MailClient.TERSE, "EC200N-CN"),
        (MailClient.NOTE, "EG800K-CN"),
    ],
)
def test_it_goes_through_on_a_terminal_and_shows_no_password(
    client: MailClient, profile: str, tmp_path: Path, checked: Checking
) -> None:
    report = tmp_path / "report.txt"
    with scene(tmp_path, client, profile=profile) as found:
        with Terminal(found.modem.port, "--output", str(report)) as terminal:
            terminal.answer(keys(found))
            assert terminal.finish() == 0, terminal.screen
        sent = found.sent
        assert not any(context.active for context in found.modem.state().contexts)
    once = checked(client, profile)
    assert sent == once.sent
    whole = read(report)
    assert whole.value("ended") == "whole"
    assert whole.transcript is not None
    assert [(one.name, one.words) for one in whole.answers] == [
        (one.name, one.words) for one in once.report.answers
    ]
    assert "At most three emails are sent" in terminal.screen
    for secret in (LOGIN[1], "apn-pass"):
        assert secret not in terminal.screen
        assert secret not in report.read_text("utf-8")


def test_ctrl_c_in_the_midst_of_an_email_leaves_a_clean_modem_and_a_report(
    tmp_path: Path,
) -> None:
    report = tmp_path / "report.txt"
    with scene(tmp_path) as found:
        found.server.manners.hang_at_data = True
        with Terminal(found.modem.port, "--output", str(report)) as terminal:

            def send() -> str:
                terminal.type("y\n")
                found.modem.control(
                    "wait_command", pattern="QSMTPPUT=.", count=1, timeout=60
                )
                terminal.type("\x03")
                raise StopIteration

            terminal.answer({**keys(found), "1. Ask": "n", "5. Send": send})
            assert terminal.finish() == 130, terminal.screen
        state = found.modem.state()
        found.server.release()
    assert (state.sending, state.files, state.recipients) == (False, (), ())
    assert not any(context.active for context in state.contexts)
    assert LOGIN[0] not in str(state.smtp)
    stopped = read(report)
    assert stopped.value("ended") == "stopped by its owner"
    assert stopped.value("left") == "as it was"
    answers = {answer.name: answer for answer in stopped.answers}
    assert answers["own client"].verdict is Verdict.COULD_NOT_TELL
    assert answers["own client"].words == "it was stopped"


def test_its_help_says_all_that_it_does() -> None:
    done = subprocess.run(
        [sys.executable, str(INTEGRATION / "hardware_check"), "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "each step is asked for right before it" in done.stdout
