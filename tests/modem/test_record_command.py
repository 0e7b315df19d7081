"""``python -m custom_components.quectel_smtp.modem --record PORT``, as a person uses it."""

from collections.abc import Iterator
from pathlib import Path
import re
import runpy
import subprocess
import sys

import pytest

from custom_components.quectel_smtp.modem import __main__ as command
from custom_components.quectel_smtp.modem.at import errors
from custom_components.quectel_smtp.modem.recording.questions import QUESTIONS
from custom_components.quectel_smtp.modem.recording.recorder import Recording
from custom_components.quectel_smtp.modem.recording.transcript import Transcript, parse
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.fault_model import Action, Fault, Moment
from tests.virtual_modem.tests.host import Host

PACKAGE = "custom_components.quectel_smtp.modem"
ROOM = Path(command.__file__).parent
CANARIES = {
    "imei": "867730051928374",
    "imsi": "460019182736455",
    "iccid": "89860198765432109876",
    "tac": "C0DE",
    "cell": "0CA4A201",
    "address": "100.64.201.77",
}
PRIVATE = (
    *CANARIES.values(),
    "canary.apn",
    "apn-user",
    "apn-pass",
    "smtp.canary.example",
    "canary-login",
    "canary-p@ss",
    "Jane Canary",
    "jane@canary.example",
    "bird@canary.example",
    "Canary subject",
    "canary-photo",
    "+4915112345678",
    "Call me canary",
)


class Said:
    """Takes the report."""

    def __init__(self) -> None:
        """Nothing is said yet."""
        self.text = ""

    def __call__(self, text: object) -> None:
        """Keep it."""
        self.text += f"{text}\n"


@pytest.fixture
def said() -> Said:
    """Return what takes the report."""
    return Said()


@pytest.fixture
def modem() -> Iterator[VirtualModem]:
    """Run a modem that is full of what is nobody's business."""
    files = {"canary-photo.jpg": b"x" * 10, "qsmtp_ca_1.pem": b"y"}
    with VirtualModem(settings=CANARIES, files=files) as virtual:
        with Host(virtual.port) as host:
            host.command("ATE0")
            host.ok(
                "AT+CREG=2",
                "AT+CGREG=2",
                "AT+CEREG=2",
                'AT+QICSGP=1,1,"canary.apn","apn-user","apn-pass",1',
                "AT+QIACT=1",
                'AT+QSMTPCFG="smtpserver","smtp.canary.example",465',
                'AT+QSMTPCFG="account","canary-login","canary-p@ss"',
                'AT+QSMTPCFG="sender","Jane Canary","jane@canary.example"',
                'AT+QSMTPDST=1,1,"bird@canary.example"',
                'AT+QSMTPSUB=0,"Canary subject"',
                'AT+QSMTPATT=1,1,"UFS:canary-photo.jpg"',
            )
        virtual.fault(
            Fault(
                Action.URC,
                r"CGMM$",
                Moment.LINE,
                skip=1,
                text='+CMT: "+4915112345678",,"26/11/23"\r\nCall me canary',
            )
        )
        virtual.fault(
            Fault(
                Action.URC,
                r"CGMR$",
                Moment.LINE,
                skip=1,
                text='+CEREG: 1,"C0DE","0CA4A201",7',
            )
        )
        yield virtual


def test_nothing_of_the_owner_reaches_the_file(
    modem: VirtualModem, tmp_path: Path, said: Said
) -> None:
    file = tmp_path / "transcript.txt"
    assert command.main(["--record", modem.port, "--output", str(file)], said) == 0
    text = file.read_text()
    everything = text + said.text.replace(str(modem.port), "")
    for canary in PRIVATE:
        assert canary.lower() not in everything.lower()
    # It was there to be taken out.
    answers = {e.command: e.received.decode() for e in parse(text).exchanges}
    assert "123456789012345" in answers["AT+CGSN"]
    assert '+CEREG: 2,1,"1234","12345678",7' in answers["AT+CEREG?"]
    assert '"xxxxxxxxxx"' in answers["AT+CGDCONT?"]
    assert '+QIACT: 1,1,1,"123.12.123.12"' in answers["AT+QIACT?"]
    assert '"xxxx@xxxxxx.xxxxxxx"' in answers["AT+QSMTPDST?"]
    assert "UFS:xxxxxxxxxxxx.jpg" in answers['AT+QFLST="*"']
    assert "UFS:qsmtp_ca_1.pem" in answers['AT+QFLST="*"']
    assert '+CMT: "xxxxxxxxxxxxxx"' in answers["AT+CGMM"]
    assert '+CEREG: 1,"1234","12345678",7' in answers["AT+CGMR"]


def test_the_modem_stays_as_it_was(
    modem: VirtualModem, tmp_path: Path, said: Said
) -> None:
    modem.forget()
    before = modem.state()
    output = str(tmp_path / "transcript.txt")
    assert command.main(["--record", modem.port, "--output", output], said) == 0
    after = modem.state()
    ours = {"uptime", "session", "host_present", "heard", "clock"}
    for name in before.__dataclass_fields__.keys() - ours:
        assert getattr(after, name) == getattr(before, name), name
    assert modem.transfers() == []
    assert modem.deliveries() == []
    asked = [seen.line for seen in modem.commands()]
    assert asked[-len(QUESTIONS) :] == [rule.command for rule in QUESTIONS]
    # What the engine sends to find the modem, with ATE0 for this session.
    assert all(
        re.fullmatch(r"AT(Q0|V1|E0)*|AT\+(CG[A-Z]+|CSQ|CCLK\?)", line)
        for line in asked[: -len(QUESTIONS)]
    )


def test_the_report_says_what_was_done_and_where_it_is(
    tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with VirtualModem(tcp=True) as virtual:
        assert command.main(["--record", virtual.url], said) == 0
        assert command.main(["--record", virtual.url], said) == 0
    first, second = sorted(path.name for path in tmp_path.iterdir())
    assert re.fullmatch(r"EC200N-CN-\d{4}-\d\d-\d\d-2\.txt", first)
    assert re.fullmatch(r"EC200N-CN-\d{4}-\d\d-\d\d\.txt", second)
    assert f"Recorded {len(QUESTIONS)} answers of an EC200N-CN" in said.text
    assert f"Transcript:  {second}" in said.text
    assert "no email was sent" in said.text
    assert "look through the file" in said.text


def test_a_recording_that_broke_off_says_so(
    tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> Recording:
        header = (("model", "EC25"), ("firmware", "x"), ("recorded", "2026-11-23"))
        return Recording(Transcript(header, ()), 0, "AT+CSQ")

    monkeypatch.setattr(command, "record", broken)
    monkeypatch.chdir(tmp_path)
    assert command.main(["--record", "/dev/ttyUSB2"], said) == 0
    assert "did not answer AT+CSQ" in said.text
    assert parse((tmp_path / "EC25-2026-11-23.txt").read_text()).exchanges == ()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.PortNotFoundError(), "no such port"),
        (errors.PortBusyError(), "Another program holds this port"),
        (errors.PortPermissionError(), "may not open the port"),
        (errors.PortInvalidError(), "no serial port"),
        (errors.PortLostError(), "went away"),
        (errors.PortError(), "could not be opened"),
        (errors.NoAnswerError("AT"), "try another speed with --baudrate"),
        (errors.NotAModemError(), "try the next one"),
        (errors.UnexpectedAnswerError("AT"), "did not answer as expected"),
    ],
)
def test_each_failure_says_what_to_do(
    error: errors.ModemError, words: str, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> Recording:
        raise error

    monkeypatch.setattr(command, "record", fail)
    assert command.main(["--record", "esphome://host?key=psk"], said) == 1
    assert "esphome://host: " in said.text
    assert "psk" not in said.text
    assert words in said.text
    assert said.text.endswith("Nothing was recorded.\n")


def test_a_recording_can_be_stopped(
    said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stop(*_: object) -> Recording:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "record", stop)
    assert command.main(["--record", "/dev/ttyUSB2"], said) == 130
    assert "Nothing was recorded" in said.text


def test_a_file_that_exists_is_not_written_over(tmp_path: Path, said: Said) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("precious")
    assert command.main(["--record", "x", "--output", str(file)], said) == 1
    assert "exists already" in said.text
    assert file.read_text() == "precious"


def test_a_folder_that_is_not_there_is_told_before_anything_is_asked(
    tmp_path: Path, said: Said
) -> None:
    file = tmp_path / "no" / "such.txt"
    assert command.main(["--record", "x", "--output", str(file)], said) == 1
    assert "no such folder" in said.text


def test_a_file_that_can_not_be_written_says_why(
    tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def recorded(*_: object) -> Recording:
        return Recording(Transcript((("model", "x"),), ()), 0, None)

    monkeypatch.setattr(command, "record", recorded)
    file = tmp_path / ("x" * 300)
    monkeypatch.setattr(command, "_problem", lambda _: None)
    assert command.main(["--record", "x", "--output", str(file)], said) == 1
    assert "File name too long" in said.text


def test_it_runs_as_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["modem", "--record", "/dev/no-such-port"])
    monkeypatch.delitem(sys.modules, f"{PACKAGE}.__main__")
    with pytest.raises(SystemExit) as caught:
        runpy.run_module(PACKAGE, run_name="__main__")
    assert caught.value.code == 1


def test_the_modem_layer_records_without_home_assistant() -> None:
    """In a folder of its own, it needs nothing but the serial library."""
    done = subprocess.run(
        [sys.executable, "-m", ROOM.name, "--record", "/dev/no-such-port"],
        cwd=ROOM.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "no such port" in done.stdout


def test_what_is_missing_is_told_by_the_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        command.main([])
    assert "--record" in capsys.readouterr().err
