"""``python -m tests.hardware_check.compare REPORT``: a report beside the virtual modem.

The same check is made of the virtual modem, once with each of its mail clients. What the
modem does as neither of them does is what the virtual modem has to learn.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
import sys
import tempfile

from custom_components.quectel_smtp.hardware_check.answer import Answer, Verdict
from custom_components.quectel_smtp.hardware_check.report import (
    Report,
    ReportError,
    parse,
)
from custom_components.quectel_smtp.modem.recording.transcript import Transcript, render
from tests.modem.recording.comparison import differences
from tests.virtual_modem.profiles import PROFILES, MailClient

from .scene import scene

# What tells of the place of a modem rather than of its firmware.
_OF_ITS_PLACE = frozenset({"F10", "F14", "F20", "TCP", "own client", "kinds"})


def main(
    arguments: Sequence[str] | None = None, say: Callable[[str], object] = print
) -> int:
    """Compare, and say what differs; returns the exit status, 1 for no report."""
    options = _options(arguments)
    try:
        report = parse(options.report.read_text("utf-8"))
    except (OSError, ReportError, UnicodeDecodeError) as err:
        say(f"{options.report} is no report: {err}")
        return 1
    profile = options.profile or profile_of(report)
    say(f"{report.value('model')} beside the virtual modem's {profile}")
    checked = {client: check(profile, client) for client in MailClient}
    for line in (*compared(report, checked), *_shapes(report, profile)):
        say(line)
    if options.transcript is not None and report.transcript is not None:
        options.transcript.write_text(render(_attributed(report, profile)), "utf-8")
        say(f"Transcript: {options.transcript}")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path, help="what a hardware check has written")
    parser.add_argument(
        "--profile",
        choices=sorted(PROFILES),
        help="the virtual modem to compare with (default: the one of that model)",
    )
    parser.add_argument(
        "--transcript",
        type=Path,
        metavar="FILE",
        help="write the transcript of the report here, to replay it from now on",
    )
    return parser.parse_args(arguments)


def profile_of(report: Report) -> str:
    """Return the profile that has a report's model, else that of the SMTP note."""
    model = report.value("model")
    names = [name for name, profile in PROFILES.items() if profile.model == model]
    return names[0] if names else "EC200N-CN"


def check(profile: str, client: MailClient) -> Report:
    """Check the virtual modem with a yes to everything."""
    with (
        tempfile.TemporaryDirectory() as folder,
        scene(Path(folder), client, profile=profile) as found,
    ):
        return found.report(found.owner())


def compared(report: Report, checked: dict[MailClient, Report]) -> Iterator[str]:
    """Say of each answer that was observed which client does the same, if one does."""
    for answer in report.answers:
        if answer.verdict is not Verdict.OBSERVED or answer.name in _OF_ITS_PLACE:
            continue
        others = {client: _answer(other, answer) for client, other in checked.items()}
        same = [client for client, other in others.items() if _alike(answer, other)]
        if len(same) == len(others):
            continue
        yield f"\n{answer.name}: {answer.question}"
        yield f"  modem: {answer.words}"
        for client, other in others.items():
            words = "the same" if client in same else f"{other.verdict}: {other.words}"
            yield f"  {client}: {words}"
        if not same:
            yield "  NEW: neither does so"


def _answer(report: Report, wanted: Answer) -> Answer:
    found = {answer.name: answer for answer in report.answers}
    return found.get(
        wanted.name,
        replace(wanted, verdict=Verdict.NOT_TRIED, words="no such question"),
    )


def _alike(answer: Answer, other: Answer) -> bool:
    return (answer.verdict, answer.words) == (other.verdict, other.words)


def _shapes(report: Report, profile: str) -> Iterator[str]:
    if report.transcript is None:
        yield "\nThe report has no transcript."
        return
    found = differences(report.transcript, profile)
    yield f"\nAnswers of another shape: {len(found)}"
    for command, (recorded, answered) in found.items():
        yield f"  {command}"
        yield f"    modem:   {_told(recorded.succeeded, recorded.lines)}"
        yield f"    virtual: {_told(answered.succeeded, answered.lines)}"


def _told(succeeded: bool | None, lines: frozenset[tuple[str, ...]]) -> str:
    ends = "OK" if succeeded else "an error"
    return "; ".join([*(",".join(line) for line in sorted(lines)), ends])


def _attributed(report: Report, profile: str) -> Transcript:
    """Return the transcript with what this folder wants to know of its source."""
    assert report.transcript is not None
    header = (*report.transcript.header, ("source", "hardware"), ("profile", profile))
    return replace(report.transcript, header=header)


if __name__ == "__main__":
    sys.exit(main())
