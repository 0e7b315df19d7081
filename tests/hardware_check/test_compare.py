"""A report beside the virtual modem: what is new in it is found, and nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from custom_components.quectel_smtp.hardware_check.evidence import Evidence
from custom_components.quectel_smtp.hardware_check.report import Report, render
from custom_components.quectel_smtp.modem.recording import transcript
from custom_components.quectel_smtp.modem.recording.transcript import Transcript
from tests.modem.recording.test_transcripts import FILES
from tests.virtual_modem.profiles import MailClient

from .checked import Checking
from .compare import compared, main, profile_of


@pytest.fixture
def virtual(checked: Checking) -> dict[MailClient, Report]:
    """Return the virtual modem's report with each of its mail clients."""
    return {client: checked(client).report for client in MailClient}


def test_a_modem_that_does_as_one_client_is_told_to(
    virtual: dict[MailClient, Report],
) -> None:
    lines = "\n".join(compared(virtual[MailClient.TERSE], virtual))
    assert "F3: whether Bcc is written into the email" in lines
    assert "  terse: the same" in lines
    assert "NEW" not in lines
    # What both clients do is no news.
    assert "F12" not in lines


def test_what_neither_client_does_is_new(
    virtual: dict[MailClient, Report], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = virtual[MailClient.NOTE]
    answers = tuple(
        replace(answer, words="a code of its own: 999,0")
        if answer.name == "F1"
        else answer
        for answer in note.answers
    )
    assert note.transcript is not None
    other = tuple(
        replace(exchange, received=b"\r\nERROR\r\n")
        if exchange.command == "AT+QCSQ"
        else exchange
        for exchange in note.transcript.exchanges
    )
    told = replace(
        note, answers=answers, transcript=replace(note.transcript, exchanges=other)
    )
    path = tmp_path / "report.txt"
    path.write_text(render(told, Evidence()), "utf-8")
    monkeypatch.setattr(f"{main.__module__}.check", lambda _, client: virtual[client])
    said: list[str] = []
    kept = tmp_path / "EC200N-CN.txt"
    assert main([str(path), "--transcript", str(kept)], said.append) == 0
    text = "\n".join(said)
    assert "F1: how a failed email is told\n  modem: a code of its own: 999,0" in text
    assert text.count("NEW: neither does so") == 1
    assert "Answers of another shape: 1\n  AT+QCSQ" in text
    read = transcript.parse(kept.read_text("utf-8"))
    assert read.values("source") == ("hardware",)
    assert read.values("profile") == ("EC200N-CN",)


def test_what_is_no_report_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    assert main([str(FILES[0])], said.append) == 1
    assert main([str(tmp_path / "none")], said.append) == 1
    assert all("is no report" in line for line in said)


def test_the_model_tells_the_profile() -> None:
    report = Report((("model", "EC25"),), (), Transcript((), ()))
    assert profile_of(report) == "EC25-E"
    assert profile_of(Report((), (), None)) == "EC200N-CN"
