"""Bytes of a modem in; lines, prompts and counted data out. Sans-I/O.

The parser knows framing only: what a line means is the channel's business. It never
raises on input and keeps at most one line of ``LINE_LIMIT`` bytes, or one piece of
counted data, which may hold anything and is never looked at as lines.

The modem frames a response as CR LF text CR LF (SMTP note 2.1.2). A line whose opening
CR LF is missing is reported as such: it tells a line that another one cut in two.
"""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

LINE_LIMIT: Final = 4096

# Each 1,024 bytes of an acknowledged upload are answered by this byte.
_ACKNOWLEDGEMENT: Final = ord("A")
_LF: Final = ord("\n")
_PROMPT: Final = ord(">")
_BLANK: Final = ord(" ")
_END: Final = b"\r\n"


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


@dataclass(frozen=True, slots=True)
class Prompt:
    """The module asks for the data of the command in flight."""


@dataclass(frozen=True, slots=True)
class Data:
    """The counted bytes behind the line that announced them."""

    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Broken:
    """Counted data did not end where its line said: what follows can't be framed."""


type Event = Line | Acknowledgement | Prompt | Data | Broken


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
        self._prompt_due = False
        # Whether a blank may follow that belongs to the prompt before it.
        self._prompted = False
        # What the line that announces counted data begins with; none: none is due.
        self._prefix = b""
        self._limit = 0
        # The first half of that line, which a line of the modem's own has cut in two.
        self._half = b""
        # Bytes that are still to come of counted data and the end of line behind it.
        self._missing = 0
        self._data = bytearray()
        self._discarding = False
        self.garbled_lines = 0
        """Lines dropped since the start: not UTF-8, with control bytes, too long."""

    def expect_acknowledgements(self) -> None:
        """From now on an ``A`` at the beginning of a line is an acknowledgement."""
        self._mode = _Mode.ACKNOWLEDGEMENTS
        self._opened = False

    def expect_prompt(self) -> None:
        """From now on a ``>`` at the beginning of a line is a prompt, once."""
        self._prompt_due = True

    def expect_data(self, prefix: str, limit: int) -> None:
        """From now on a line of ``prefix`` and a count has so many bytes behind it.

        One that has more than ``limit``, or no plain count, is ``Broken``: its data
        can't be told from lines. This holds until ``expect_lines``, also for an answer
        that comes late.
        """
        self._prefix = prefix.encode("ascii") + b" "
        self._limit = limit
        self._half = b""

    def expect_lines(self) -> None:
        """From now on everything is lines again."""
        self._mode = _Mode.LINES
        self._prompt_due = self._prompted = False
        self._prefix = self._half = b""
        self.resume()

    def resume(self) -> None:
        """Frame again what comes, after ``Broken`` or a ``reset`` within data."""
        self._discarding = False
        self._missing = 0
        self._data.clear()

    def begin_answer(self) -> None:
        """Mark what is held of a line: it began before what is asked now."""
        self._early = bool(self._buffer)

    @property
    def held(self) -> int:
        """Bytes kept of what is unfinished, ``LINE_LIMIT`` or the limit of data."""
        return len(self._buffer) + len(self._data)

    def reset(self) -> None:
        """Forget an unfinished line, as after a change of speed.

        Within counted data everything is dropped until ``resume``: the rest of it must
        not be read as lines.
        """
        self._discarding = self._discarding or self._missing > 0
        self._half = b""
        self._buffer.clear()
        self._overflow = False
        self._opened = False
        self._early = False

    def feed(self, data: bytes) -> list[Event]:
        """Take what was read, in pieces of any size, and return what it completes."""
        events: list[Event] = []
        start = 0
        while start < len(data) and not self._discarding:
            if self._missing:
                start = self._count(data, start, events)
                continue
            if self._prompted:
                self._prompted = False
                if data[start] == _BLANK:
                    start += 1
                    continue
            if self._prompt_due and data[start] == _PROMPT and self._at_line_start:
                self._prompt_due, self._prompted = False, True
                self._opened = False
                events.append(Prompt())
                start += 1
                continue
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

    @property
    def _at_line_start(self) -> bool:
        return not (self._buffer or self._overflow)

    def _count(self, data: bytes, start: int, events: list[Event]) -> int:
        """Take counted bytes; an end of line must follow them."""
        end = min(len(data), start + self._missing)
        self._data += data[start:end]
        self._missing -= end - start
        if not self._missing:
            content, tail = bytes(self._data[:-2]), bytes(self._data[-2:])
            self._data.clear()
            if tail == _END:
                self._opened = True
                events.append(Data(content))
            else:
                self._discarding = True
                events.append(Broken())
        return end

    def _keep(self, piece: bytes) -> None:
        if self._overflow:
            return
        if len(self._buffer) + len(piece) > LINE_LIMIT:
            self._overflow = True
            self._buffer.clear()
            return
        self._buffer += piece

    def _finish(self, piece: bytes) -> Line | Broken | None:
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
        if self._prefix and not early:
            if self._is_half(content):
                self._half, self._opened = content, False
                return None
            if not self._opened and self._counted(self._half + content) is not None:
                content, self._half, self._opened = self._half + content, b"", True
            if self._announces(content):
                return self._announced(content)
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

    def _is_half(self, content: bytes) -> bool:
        """Whether a line may be the beginning of the one that announces data."""
        return self._prefix.startswith(content)

    def _announces(self, content: bytes) -> bool:
        return content.startswith(self._prefix.rstrip())

    def _counted(self, content: bytes) -> int | None:
        """Return the count of a line that announces data; None if it has none."""
        count = content.removeprefix(self._prefix.rstrip()).strip(b" ")
        whole = self._announces(content) and count.isdigit() and len(count) < 9
        return int(count) if whole else None

    def _announced(self, content: bytes) -> Line | Broken:
        """Count from here on, where the line that announces data has a count."""
        size = self._counted(content)
        if size is None or size > self._limit:
            self._discarding = True
            return Broken()
        self._missing = size + len(_END) if size else 0
        self._opened = False
        return Line(content.decode("ascii"), opened=True)

    def _drop(self) -> None:
        self.garbled_lines += 1
        self._opened = False
