"""Says what a contestant made of an answer that is hard to read. Pure."""

from dataclasses import dataclass
from typing import Self

from . import responder


@dataclass(frozen=True, slots=True)
class Trial:
    """A hard answer and the easy one after it; None where the command failed."""

    answer: list[str] | None
    next: list[str] | None
    error: str
    elsewhere: list[str]

    @classmethod
    def of(cls, reply: dict[str, object]) -> Self:
        """Read it from a contestant's reply."""
        return cls(
            _lines(reply["answer"]),
            _lines(reply["next"]),
            str(reply.get("answer_error", "")),
            _lines(reply["elsewhere"]) or [],
        )


def _lines(value: object) -> list[str] | None:
    return None if not isinstance(value, list) else [str(line) for line in value]


def verdict(asked: str, trial: Trial) -> str:
    """Describe the answer to ``asked`` and, where it went wrong, the next one."""
    return _of_answer(asked, trial) + _of_next(trial)


def _of_answer(asked: str, trial: Trial) -> str:
    expected = [responder.LINES[asked]]
    answer = trial.answer
    if answer is None:
        return f"answer lost ({trial.error})"
    if answer[:1] != expected:
        return "answer cut short" if not answer else f"answer is {answer}"
    if asked == responder.READ_WITH_URC:
        if any("QIURC" in line for line in answer):
            return "URC left in the answer"
        told = any("QIURC" in line for line in trial.elsewhere)
        return "ok, URC delivered" if told else "URC lost"
    if asked == responder.READ_WITH_NOISE:
        return "ok, noise dropped" if answer == expected else "noise left in the answer"
    return "ok" if answer == expected else f"answer is {answer}"


def _of_next(trial: Trial) -> str:
    if trial.next is None:
        return "; dead from then on"
    if trial.next != [responder.LINES[responder.READ]]:
        return "; the next command gets the rest"
    return ""
