"""Bytes of a modem in; lines and acknowledgements out. Sans-I/O.

The parser knows framing only: what a line means is the channel's business. It never
raises on input and keeps at most one line of ``LINE_LIMIT`` bytes.

The modem frames a response as CR LF text CR LF (SMTP note 2.1.2). A line whose opening
CR LF is missing is reported as such: it tells a line that another one cut in two.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

LINE_LIMIT: Final = 4096

# Each 1,024 bytes of an acknowledged upload are answered by this byte.
_ACKNOWLEDGEMENT: Final = ord("A")
_LF: Final = ord("\n")


@dataclass(frozen=True, slots=True)
class Line:
    """One line, without its ends; ``opened`` if its opening CR LF was seen.

    An ``early`` line began before the command in flight was written.
    """

    text: str
    opened: bool
    early: bool = False


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The module took another 1,024 bytes of an upload in ACK mode."""


type Event = Line | Acknowledgement


class _Mode(Enum):
    LINES = auto()
    ACKNOWLEDGEMENTS = auto()


class Parser:
    """Turns what a modem sends into events, however it is cut into pieces."""

    def __init__(self) -> None:
        """Start at a line's beginning."""
        self._buffer = bytearray()
        self._opened = False
        self._overflow = False
        self._early = False
        self._mode = _Mode.LINES
        self.garbled_lines = 0
        """Lines dropped since the start: not UTF-8, with control bytes, too long."""

    def expect_acknowledgements(self) -> None:
        """From now on an ``A`` at the beginning of a line is an acknowledgement."""
        self._mode = _Mode.ACKNOWLEDGEMENTS
        self._opened = False

    def expect_lines(self) -> None:
        """From now on everything is lines again."""
        self._mode = _Mode.LINES

    def begin_answer(self) -> None:
        """Mark what is held of a line: it began before what is asked now."""
        self._early = bool(self._buffer)

    @property
    def held(self) -> int:
        """Bytes kept of an unfinished line, ``LINE_LIMIT`` at most."""
        return len(self._buffer)

    def reset(self) -> None:
        """Forget an unfinished line, as after a change of speed."""
        self._buffer.clear()
        self._overflow = False
        self._opened = False
        self._early = False

    def feed(self, data: bytes) -> list[Event]:
        """Take what was read, in pieces of any size, and return what it completes."""
        events: list[Event] = []
        start = 0
        while start < len(data):
            if self._mode is _Mode.ACKNOWLEDGEMENTS and not (
                self._buffer or self._opened or self._overflow
            ):
                while start < len(data) and data[start] == _ACKNOWLEDGEMENT:
                    events.append(Acknowledgement())
                    start += 1
                if start == len(data):
                    break
            end = data.find(_LF, start)
            if end < 0:
                self._keep(data[start:])
                break
            line = self._finish(data[start:end])
            start = end + 1
            if line is not None:
                events.append(line)
        return events

    def _keep(self, piece: bytes) -> None:
        if self._overflow:
            return
        if len(self._buffer) + len(piece) > LINE_LIMIT:
            self._overflow = True
            self._buffer.clear()
            return
        self._buffer += piece

    def _finish(self, piece: bytes) -> Line | None:
        """End the line with its last piece; empty and garbled ones give nothing."""
        early, self._early = self._early, False
        raw = piece
        # Most lines come whole.
        if self._buffer or self._overflow or len(piece) > LINE_LIMIT:
            self._keep(piece)
            raw = bytes(self._buffer)
            self._buffer.clear()
            if self._overflow:
                self._overflow = False
                self._drop()
                return None
        content = raw.rstrip(b"\r")
        if not content:
            self._opened = True
            return None
        # The echo ends with CR alone, so that the CR LF after it opens the answer.
        opens_next = len(raw) - len(content) > 1
        try:
            text = content.decode()
        except UnicodeDecodeError:
            self._drop()
            return None
        if not text.isprintable():
            self._drop()
            return None
        line = Line(text, self._opened, early)
        self._opened = opens_next
        return line

    def _drop(self) -> None:
        self.garbled_lines += 1
        self._opened = False
