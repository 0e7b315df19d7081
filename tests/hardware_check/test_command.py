"""The command itself: its file, its port, and what it says when either can't be had."""

from collections.abc import Callable, Iterator
from pathlib import Path
import runpy
import signal
import sys

import pytest

from custom_components.quectel_smtp.hardware_check import command
from custom_components.quectel_smtp.hardware_check.course import Course
from custom_components.quectel_smtp.modem.at.errors import NoAnswerError
from custom_components.quectel_smtp.modem.recording import recorder
from tests.source import INTEGRATION
from tests.virtual_modem.client import VirtualModem

from .scene import Owner


def test_a_port_that_is_not_there_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    owner = Owner({})
    assert command.main(["/dev/no-such-port"], owner) == 1
    assert "There is no such port" in owner.heard
    assert "Nothing was checked" in owner.heard
    assert [*tmp_path.iterdir()] == []


def test_a_file_that_exists_is_not_written_over(tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("precious")
    owner = Owner({})
    assert command.main(["x", "--output", str(file)], owner) == 1
    assert "can't be written" in owner.heard
    assert file.read_text() == "precious"


def test_ctrl_c_while_the_modem_is_looked_for_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stop(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(recorder, "identify", stop)
    monkeypatch.chdir(tmp_path)
    owner = Owner({})
    assert command.main(["x"], owner) == 130
    assert [*tmp_path.iterdir()] == []


def test_each_report_has_a_name_of_its_own_and_is_shown_if_it_can_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def fall_silent(_: Course) -> None:
        raise NoAnswerError("AT")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with VirtualModem() as modem:
        owner = Owner({"1.": "n", "2.": "n"})
        assert command.main([modem.port], owner) == 0
        monkeypatch.setattr(Course, "run", fall_silent)
        assert command.main([modem.port], owner) == 1
        names = sorted(path.name for path in tmp_path.iterdir())
        assert len(names) == 2 and names[0].endswith("-2.txt")
        assert "ended: the modem failed: no_answer" in Path(names[0]).read_text()
        monkeypatch.setattr(Path, "write_text", full)
        assert command.main([modem.port], owner) == 1
    assert "ended: the modem failed" in owner.heard
    assert "No space left on device" in owner.heard


@pytest.fixture
def started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], object]]:
    """Return what starts the check from its folder, and gives what it ends with."""
    folder = INTEGRATION / "hardware_check"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(folder), "/dev/no-such-port"])
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = {*sys.modules}

    def start() -> object:
        with pytest.raises(SystemExit) as caught:
            runpy.run_path(str(folder), run_name="__main__")
        return caught.value.code

    yield start
    for name in {*sys.modules} - before:
        if name.partition(".")[0] == INTEGRATION.name:
            del sys.modules[name]


def test_it_starts_from_its_folder_without_what_lies_above(
    started: Callable[[], object],
) -> None:
    assert started() == 1


def test_a_python_that_lacks_something_is_told_what(
    started: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "serialx", None)
    told = str(started())
    assert "serialx, aiosmtplib and certifi" in told
    assert "ModuleNotFoundError" in told


def test_a_report_that_could_not_be_written_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.chdir(tmp_path)
    with VirtualModem() as modem:
        monkeypatch.setattr(Path, "write_text", full)
        owner = Owner({"1.": "n", "2.": "n"})
        assert command.main([modem.port], owner) == 1
    assert "ended: whole" in owner.heard
    assert "Report:" not in owner.heard
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM"])
def test_a_terminal_that_is_closed_ends_it_as_ctrl_c_does(
    name: str, tmp_path: Path
) -> None:
    def close() -> str:
        signal.raise_signal(signal.Signals[name])
        return "n"

    report = tmp_path / "report.txt"
    before = signal.getsignal(signal.Signals[name])
    with VirtualModem() as modem:
        owner = Owner({"1.": "n", "2.": close})
        assert command.main([modem.port, "--output", str(report)], owner) == 130
    assert "ended: stopped by its owner" in report.read_text("utf-8")
    assert signal.getsignal(signal.Signals[name]) is before


def test_an_error_of_its_own_is_no_whole_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def err(_: Course) -> None:
        raise LookupError("unforeseen")

    report = tmp_path / "report.txt"
    monkeypatch.setattr(Course, "run", err)
    with VirtualModem() as modem, pytest.raises(LookupError):
        command.main([modem.port, "--output", str(report)], Owner({}))
    assert "ended: an error of this program" in report.read_text("utf-8")
