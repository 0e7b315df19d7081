"""Tells a person at a terminal what is happening, and how long each part took."""

from collections.abc import Iterator
from contextlib import contextmanager
import os
from shutil import get_terminal_size
import sys
import textwrap
import time

from .inbox import ArrivedMail

_INDENT = "  "
_WIDTH_OF_TIME = 9
_WIDTH = 100


class Leg:
    """A part of the way whose line is being written."""

    def __init__(self, console: Console, name: str) -> None:
        """Show that it has begun."""
        self._console = console
        self._name = name
        self._begun = time.monotonic()
        self.says("…")

    def says(self, words: str) -> None:
        """Show what it is doing now, where the line can be written anew."""
        if self._console.live:
            line = self._line("…", words)[: get_terminal_size().columns - 1]
            self._console.write(f"\r\033[K{line}")

    def done(self, words: str) -> None:
        """Write the line for good."""
        self._console.erase_line()
        taken = seconds(time.monotonic() - self._begun)
        self._console.line(self._line(taken, words))

    def _line(self, taken: str, words: str) -> str:
        return f"{_INDENT}{taken:>{_WIDTH_OF_TIME}}  {self._name:<16}{words}"


class Console:
    """Standard output: plain, or with a line that changes if it is a terminal."""

    def __init__(self) -> None:
        """See what standard output is."""
        self.live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        self._styled = self.live and not os.environ.get("NO_COLOR")

    def write(self, text: str) -> None:
        """Write this, at once."""
        sys.stdout.write(text)
        sys.stdout.flush()

    def line(self, text: str = "") -> None:
        """Write one line."""
        self.write(f"{text}\n")

    def erase_line(self) -> None:
        """Make room on a line that was not finished."""
        if self.live:
            self.write("\r\033[K")

    def heading(self, text: str) -> None:
        """Write a line that stands out, after an empty one."""
        self.line()
        self.line(f"\033[1m{text}\033[0m" if self._styled else text)

    @contextmanager
    def leg(self, name: str) -> Iterator[Leg]:
        """Write the line of one part, while it is under way and at its end."""
        try:
            yield Leg(self, name)
        except BaseException:
            self.erase_line()
            raise

    def timed(self, taken: float, words: str) -> None:
        """Write what took so many seconds."""
        self.line(f"{_INDENT}{seconds(taken):>{_WIDTH_OF_TIME}}  {words}")

    def note(self, words: str) -> None:
        """Write what took no time worth telling."""
        for line in textwrap.wrap(words, _WIDTH - len(_INDENT) - _WIDTH_OF_TIME - 2):
            self.line(f"{_INDENT}{'':>{_WIDTH_OF_TIME}}  {line}")

    def mail(self, mail: ArrivedMail) -> None:
        """Show an email as it arrived."""
        message = mail.message
        self.line()
        for header in ("From", "To", "Cc", "Subject"):
            if header in message:
                self._quoted(f"{header}: {message[header]}")
        self._quoted("")
        for line in mail.text.splitlines():
            self._quoted(line)
        for part in message.walk():
            if name := part.get_filename():
                size = len(part.get_payload(decode=True)) / 1000
                self._quoted(f"[{name}, {size:.0f} KB]")

    def _quoted(self, text: str) -> None:
        bar = "\033[36m│\033[0m" if self._styled else "│"
        self.line(f"{_INDENT}{bar} {text}".rstrip())


def seconds(value: float) -> str:
    """So many seconds, as exactly as a person wants to know."""
    return f"{value:.0f} s" if value >= 100 else f"{value:.3f} s"
