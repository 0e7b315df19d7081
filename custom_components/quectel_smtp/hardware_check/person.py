"""Who sits at the console: what they are told and asked."""

from getpass import getpass
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


class Console(Person):
    """A terminal. The end of its input is the end of the check."""

    @override
    def say(self, text: str) -> None:
        print(text, flush=True)  # noqa: T201

    @override
    def text(self, question: str) -> str:
        try:
            return input(question).strip()
        except EOFError:
            raise KeyboardInterrupt from None

    @override
    def secret(self, question: str) -> str:
        try:
            return getpass(question)
        except EOFError:
            raise KeyboardInterrupt from None
