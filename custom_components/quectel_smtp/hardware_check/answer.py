"""What an answer is: how far a question is answered, in which words, and by what lines."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from .evidence import Evidence


class Verdict(StrEnum):
    """How far a question is answered."""

    OBSERVED = "observed"
    NOT_TRIED = "not tried"
    COULD_NOT_TELL = "could not tell"


@dataclass(frozen=True, slots=True)
class Answer:
    """One question and its answer, with the lines that it rests on."""

    name: str
    question: str
    verdict: Verdict
    words: str
    lines: tuple[str, ...] = ()


type Found = tuple[Verdict, str, tuple[str, ...]]
type Answering = Callable[[Evidence], Found]


def observed(words: str, *lines: str) -> Found:
    """Return what was seen."""
    return Verdict.OBSERVED, words, lines


def not_tried(words: str, *lines: str) -> Found:
    """Return why nothing was tried."""
    return Verdict.NOT_TRIED, words, lines


def unclear(words: str, *lines: str) -> Found:
    """Return why what was seen tells nothing."""
    return Verdict.COULD_NOT_TELL, words, lines


def never(words: str) -> Answering:
    """Answer what no check tries."""
    return lambda _: not_tried(words)
