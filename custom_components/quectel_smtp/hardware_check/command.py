"""The command line, the file, and what is done whatever happens on the way."""

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from functools import partial
from pathlib import Path
import signal
from typing import Final

from ..modem.advice import advice
from ..modem.at.errors import ModemError, PortError
from ..modem.at.port import DEFAULT_BAUDRATE, PortSettings
from ..modem.network.status import Identity
from ..modem.recording import recorder
from ..modem.recording.transcript import Transcript
from .answer import Verdict
from .answers import answers
from .bench import Bench
from .course import Course
from .person import Console, Person
from .report import Report, render
from .tidying import tidy
from .usb_port import usb_port
from .wording import BEFOREHAND

PROGRAM: Final = 1
"""Raised whenever what is tried, or what is concluded, changes."""

_STOPPED: Final = 130
_WHO: Final = ("manufacturer", "model", "firmware")


def main(arguments: Sequence[str] | None = None, person: Person | None = None) -> int:
    """Check a modem with the help of who sits before it; returns the exit status."""
    options = _options(arguments)
    person = person or Console()
    port = PortSettings(options.port, options.baudrate)
    today = datetime.now().astimezone().date()
    try:
        path = _reserved(options.output, today)
    except OSError as err:
        person.say(
            f"The report can't be written: {err.strerror}.\nChoose another file with --output."
        )
        return 1
    status = 1
    try:
        with _as_ctrl_c(), asyncio.Runner() as runner:
            status = _check(port, person, runner, path, today)
    except KeyboardInterrupt:
        person.say("Stopped.")
        status = _STOPPED
    finally:
        with suppress(FileNotFoundError):
            if path.stat().st_size == 0:
                path.unlink()
    return status


@contextmanager
def _as_ctrl_c() -> Iterator[None]:
    """Have a terminal that is closed end it as Ctrl-C does, and who asks the process to.

    Otherwise the modem would keep a mail account, and the report would be lost.
    """
    before = {
        number: signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
        for name in ("SIGHUP", "SIGTERM")
        # Windows has but one of them; nohup has the other ignored.
        if (number := getattr(signal, name, None)) is not None
        and signal.getsignal(number) is signal.SIG_DFL
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="hardware_check",
        description=BEFOREHAND,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "port",
        metavar="PORT",
        help="the modem's port for AT commands: a device such as /dev/ttyUSB2",
    )
    parser.add_argument(
        "--baudrate",
        metavar="N",
        type=int,
        default=DEFAULT_BAUDRATE,
        help="the port's speed in bits per second (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        type=Path,
        help="where to write the report (default: a name made of the date, in this folder)",
    )
    return parser.parse_args(arguments)


def _reserved(chosen: Path | None, today: date) -> Path:
    """Make the file, empty; ``OSError`` where it can't be, or exists already."""
    path = chosen or Path(f"hardware-check-{today}.txt")
    count = 1
    while chosen is None and path.exists():
        count += 1
        path = Path(f"hardware-check-{today}-{count}.txt")
    path.touch(exist_ok=False)
    return path.absolute()


def _check(
    port: PortSettings, person: Person, runner: asyncio.Runner, path: Path, today: date
) -> int:
    name = port.url.partition("?")[0]
    person.say(BEFOREHAND)
    person.say(f"Looking for the modem on {name} ...")
    try:
        identity = runner.run(recorder.identify(port))
    except ModemError as err:
        person.say(f"{advice(err)}\nNothing was checked.")
        return 1
    bench = Bench(port, person, runner)
    bench.evidence.usb = usb_port(port.url)
    course = Course(bench)
    ended, status = "an error of this program", 1
    try:
        course.run()
        ended, status = "whole", 0
    except KeyboardInterrupt:
        ended, status = "stopped by its owner", _STOPPED
    except PortError as err:
        person.say(f"\n{advice(err)}")
        ended, status = "the port went away", 1
    except ModemError as err:
        person.say(f"\n{advice(err)}")
        ended, status = f"the modem failed: {err.key}", 1
    finally:
        left = _tidied(bench, course)
        report = _report(bench, course, identity, today, ended, left)
        written = _write(render(report, bench.evidence), path, person)
    _conclude(person, report, path if written else None, left)
    return status if written else status or 1


def _tidied(bench: Bench, course: Course) -> str:
    """Leave the modem as it was; return how that went."""
    if course.before is None:
        return "nothing was changed"
    bench.person.say("\nLeaving the modem as it was ...")
    work = partial(tidy, bench.port, course.before, mail=bench.mail)
    try:
        try:
            remains = bench.run(work())
        except PortError:
            # A certificate of ours outlives the power.
            bench.person.text(
                "   The port is gone. Plug the modem in again, wait until it has started, and\n"
                "   press Enter (Ctrl-C: leave it as it is): "
            )
            remains = bench.run(work())
    except ModemError, KeyboardInterrupt:
        return "the modem could not be asked: switch it off and on again"
    return "; ".join(remains) or "as it was"


def _report(
    bench: Bench,
    course: Course,
    identity: Identity,
    today: date,
    ended: str,
    left: str,
) -> Report:
    heard = [*course.answers, *course.probes]
    recorded = recorder.compose(identity, heard, today, typed=course.typed).transcript
    bench.evidence.exchanges = {e.command: e for e in recorded.exchanges}
    asked = recorded.exchanges[: len(course.answers)]
    who = (pair for pair in recorded.header if pair[0] in _WHO)
    return Report(
        header=(
            *who,
            ("checked", today.isoformat()),
            ("program", str(PROGRAM)),
            ("ended", ended),
            ("left", left),
        ),
        answers=answers(bench.evidence),
        transcript=Transcript(recorded.header, asked) if asked else None,
    )


def _write(text: str, path: Path, person: Person) -> bool:
    """Write the report; where it can't be, it is shown at least. Tell whether it was."""
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as err:
        person.say(f"{text}\nThe report can't be written: {err.strerror}.")
        return False
    return True


def _conclude(person: Person, report: Report, path: Path | None, left: str) -> None:
    counts = {
        verdict: sum(answer.verdict is verdict for answer in report.answers)
        for verdict in Verdict
    }
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    person.say(f"\nAnswers:  {told}\nModem:    {left}")
    if path is None:
        person.say(
            "Copy the report from above, and look through it before you share it."
        )
    else:
        person.say(
            f"Report:   {path}\nPlease look through the file before you share it."
        )
