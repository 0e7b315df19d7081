"""The text of a report, written and read back.

    # Hardware check of a Quectel modem, format 1
    model: EC200N-CN

    ## Answers

    F1: how a failed email is told
    observed: a wrong password has a code of its own: 677,535
      < +QSMTPPUT: 677,535

    ## Steps
    ...
    ## Transcript

    # Transcript of a Quectel modem, format 1
    ...

A header of ``name: value`` lines; then the answers, the steps that were tried with what
passed over the port, and the transcript of the questions, if they were asked.
"""

from collections.abc import Iterable
from dataclasses import dataclass
import re
from typing import Final

from ..modem.recording import transcript
from ..modem.recording.transcript import Transcript, TranscriptError
from .answer import Answer, Verdict
from .evidence import Evidence, Step

FORMAT: Final = 1

_TITLE: Final = f"# Hardware check of a Quectel modem, format {FORMAT}"
_ANSWERS: Final = "## Answers"
_STEPS: Final = "## Steps"
_TRANSCRIPT: Final = "## Transcript"
_HEADER: Final = re.compile(r"([a-z]+): (\S(?:.*\S)?)")
_QUESTION: Final = re.compile(r"([A-Za-z0-9 ]+): (\S.*)")
_ANSWER: Final = re.compile(rf"({'|'.join(Verdict)}): (.*)")


class ReportError(ValueError):
    """The text is no report; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a file says: header, answers and, where there is one, the transcript."""

    header: tuple[tuple[str, str], ...]
    answers: tuple[Answer, ...]
    transcript: Transcript | None

    def value(self, name: str) -> str:
        """Return what the header has under ``name``, empty if nothing."""
        return dict(self.header).get(name, "")


def render(report: Report, evidence: Evidence) -> str:
    """Return the text of a report, with the steps as the evidence has them."""
    parts = [
        [_TITLE, *(f"{name}: {value}" for name, value in report.header)],
        [_ANSWERS],
        *(_answer_lines(answer) for answer in report.answers),
        [_STEPS],
        *(_step_lines(evidence, step) for step in Step),
    ]
    if report.transcript is not None:
        parts += [
            [_TRANSCRIPT],
            transcript.render(report.transcript).rstrip("\n").split("\n"),
        ]
    return "\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _answer_lines(answer: Answer) -> list[str]:
    return [
        f"{answer.name}: {answer.question}",
        f"{answer.verdict}: {answer.words}",
        *(f"  {line}" for line in answer.lines),
    ]


def _step_lines(evidence: Evidence, step: Step) -> list[str]:
    trial = evidence.trials.get(step)
    if trial is None:
        return [f"{step}: not tried: {evidence.why_not(step)}"]
    told = trial.told
    return [
        f"{step}: {told.fate}: {told.words}",
        f"  began {trial.began}, took {trial.seconds:.1f} s",
        *(f"  {line}" for line in trial.lines),
    ]


def parse(text: str) -> Report:
    """Read a report back; ``ReportError`` where the text isn't one."""
    head, found, rest = text.partition(f"\n{_ANSWERS}\n")
    title, *header = head.split("\n")
    if title != _TITLE or not found:
        raise ReportError(f"it does not begin with {_TITLE!r}, or has no answers")
    told, _, rest = rest.partition(f"\n{_STEPS}\n")
    _, recorded, record = rest.partition(f"\n{_TRANSCRIPT}\n\n")
    try:
        exchanges = transcript.parse(record) if recorded else None
    except TranscriptError as err:
        raise ReportError(f"its transcript: {err}") from err
    pairs = (_HEADER.fullmatch(line) for line in header)
    return Report(
        header=tuple((pair[1], pair[2]) for pair in pairs if pair),
        answers=tuple(_read_answers(told.split("\n\n"))),
        transcript=exchanges,
    )


def _read_answers(blocks: Iterable[str]) -> Iterable[Answer]:
    for block in blocks:
        first, second, *lines = [*block.strip("\n").split("\n"), ""]
        question, answer = _QUESTION.fullmatch(first), _ANSWER.fullmatch(second)
        if question is None or answer is None:
            raise ReportError(f"{first!r} is followed by no answer")
        shown = tuple(line.removeprefix("  ") for line in lines if line)
        verdict = Verdict(answer[1])
        yield Answer(question[1], question[2], verdict, answer[2], shown)
