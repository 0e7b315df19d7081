"""``python -m custom_components.quectel_smtp.modem --record PORT``: record a transcript."""

import argparse
import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
import re
import sys
import time
from typing import Final

from .advice import advice
from .at.errors import ModemError
from .at.port import DEFAULT_BAUDRATE, PortSettings
from .recording.questions import QUESTIONS
from .recording.recorder import Recording, record
from .recording.transcript import render

_DESCRIPTION: Final = """\
Records how a modem answers, so that this integration can be tested against it. Only
questions are asked: no email is sent and no setting of the modem is changed. Numbers
of the modem and the SIM, addresses, the APN, the cell and names of files are replaced
before anything is written."""


def main(
    arguments: Sequence[str] | None = None, say: Callable[[str], object] = print
) -> int:
    """Record a transcript and report with ``say``; returns the exit status."""
    options = _options(arguments)
    port = PortSettings(options.record, options.baudrate)
    if options.output is not None and (problem := _problem(options.output)):
        say(f"{options.output}: {problem}")
        return 1
    # Behind it a URL may hold a key, and what we say may be shown to others.
    name = port.url.partition("?")[0]
    say(f"Asking the modem on {name} {len(QUESTIONS)} questions ...")
    started = time.monotonic()
    try:
        recording = asyncio.run(record(port, datetime.now().astimezone().date()))
    except ModemError as err:
        say(f"{name}: {advice(err)}\nNothing was recorded.")
        return 1
    except KeyboardInterrupt:
        say("Stopped. Nothing was recorded.")
        return 130
    path = options.output or _free_name(recording)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(render(recording.transcript))
    except OSError as err:
        say(f"{path}: {err.strerror}.\nChoose another file with --output.")
        return 1
    say(_report(recording, path, time.monotonic() - started))
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=_DESCRIPTION)
    parser.add_argument(
        "--record",
        metavar="PORT",
        required=True,
        help="the modem's port for AT commands: a device such as /dev/ttyUSB2, or a "
        "URL such as socket://192.168.1.5:4000",
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
        help="where to write the transcript (default: a name made of model and date, "
        "in this folder)",
    )
    return parser.parse_args(arguments)


def _problem(path: Path) -> str | None:
    """Return why a file can't be written here, before time is spent on recording."""
    if path.exists():
        return "this file exists already.\nChoose another name with --output."
    if not path.absolute().parent.is_dir():
        return "there is no such folder.\nMake it first, or choose another one."
    return None


def _free_name(recording: Recording) -> Path:
    """Return a name that tells model and date, and that no file has yet."""
    (model,) = recording.transcript.values("model")
    (day,) = recording.transcript.values("recorded")
    name = f"{re.sub(r'[^A-Za-z0-9-]+', '-', model)}-{day}"
    path = Path(f"{name}.txt")
    count = 1
    while path.exists():
        count += 1
        path = Path(f"{name}-{count}.txt")
    return path


def _report(recording: Recording, path: Path, seconds: float) -> str:
    transcript = recording.transcript
    (model,) = transcript.values("model")
    (firmware,) = transcript.values("firmware")
    lines = [
        f"Recorded {len(transcript.exchanges)} answers of an {model}, firmware "
        f"{firmware}, in {seconds:.0f} s.",
        f"Transcript:  {path}",
        f"Replaced:    {recording.masked} values (numbers of the modem and the SIM, "
        "addresses, APN, cell, names of files)",
        "Unchanged:   the modem's settings; no email was sent",
    ]
    if recording.silent_after is not None:
        lines.append(
            f"Incomplete:  the modem did not answer {recording.silent_after} nor what "
            "followed; switch it off and on again"
        )
    lines.append("Please look through the file before you share it.")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
