"""Who sits at the console: what they are told and asked."""

from contextlib import suppress
from getpass import getpass
from pathlib import Path
from typing import Protocol, override


class Person(Protocol):
    """Answers; ``KeyboardInterrupt`` where they want to end it."""

    def say(self, text: str) -> None:
        """Tell them something."""

    def text(self, question: str) -> str:
        """Ask for a line, which may be empty."""

    def secret(self, question: str) -> str:
        """Ask for a line that is not shown while it is typed."""


def agrees(person: Person, question: str) -> bool:
    """Ask for a yes; anything else is a no."""
    return person.text(f"{question} (y/N) ").lower() in ("y", "yes")


def named_file(path: str) -> Path:
    """Return the file that a person named; ``OSError`` where that can't be one."""
    try:
        return Path(path).expanduser()
    except RuntimeError as err:
        raise FileNotFoundError("nobody is called that") from err


class Console(Person):
    """A terminal. The end of its input is the end of the check, and so is its own.

    What can't be shown any more keeps nothing from being written, nor the modem as it is.
    """

    @override
    def say(self, text: str) -> None:
        with suppress(OSError):
            print(text, flush=True)  # noqa: T201

    @override
    def text(self, question: str) -> str:
        try:
            return input(question).strip()
        except EOFError, OSError:
            raise KeyboardInterrupt from None

    @override
    def secret(self, question: str) -> str:
        try:
            return getpass(question)
        except EOFError, OSError:
            raise KeyboardInterrupt from None
