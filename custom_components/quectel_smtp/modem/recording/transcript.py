r"""The text form of a recorded conversation with a modem, written and read back.

    # Transcript of a Quectel modem, format 1
    model: EC200N-CN

    > AT+CSQ
    < \r\n+CSQ: 24,99\r\n
    < \r\nOK\r\n
    = 12 ms

A header of ``name: value`` lines, then one exchange after another: the command line
without the CR behind it, the exact bytes that came, cut after each LF, and how long it
took until the last of them. Bytes are escaped, so that any editor keeps them.
"""

from dataclasses import dataclass
import re
from typing import Final

_TITLE: Final = "# Transcript of a Quectel modem, format 1"
_HEADER: Final = re.compile(r"([a-z]+): (\S(?:.*\S)?)")
_TIME: Final = re.compile(r"= (\d{1,9}) ms", re.ASCII)
_ESCAPED: Final = re.compile(r"\\(?:\\|r|n|x[0-9a-f]{2})|[ -\[\]-~]")
_NAMED: Final = {ord("\\"): r"\\", ord("\r"): r"\r", ord("\n"): r"\n"}
_PIECE: Final = re.compile(rb"[^\n]*\n|[^\n]+")


class TranscriptError(ValueError):
    """The text is no transcript; the message names the line and what is wrong."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One command line and every byte that came until the next one.

    ``milliseconds`` is the time from the command's writing to the last byte, or how
    long an answer was awaited that never came.
    """

    command: str
    received: bytes
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a modem said; ``header`` holds names and values, a name more than once."""

    header: tuple[tuple[str, str], ...]
    exchanges: tuple[Exchange, ...]

    def values(self, name: str) -> tuple[str, ...]:
        """Return every value that the header has under ``name``."""
        return tuple(value for key, value in self.header if key == name)


def escape(data: bytes) -> str:
    r"""Return bytes as printable ASCII: CR, LF and others as ``\r``, ``\n``, ``\x00``.

    A space at the end is escaped too, since editors drop it.
    """
    text = "".join(
        _NAMED.get(byte) or (chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}")
        for byte in data
    )
    return f"{text[:-1]}\\x20" if text.endswith(" ") else text


def unescape(text: str) -> bytes:
    """Return the bytes that ``escape`` made ``text`` of; ``TranscriptError``."""
    data = bytearray()
    position = 0
    while position < len(text):
        found = _ESCAPED.match(text, position)
        if found is None:
            raise TranscriptError(f"column {position + 1} is not escaped as it must be")
        position = found.end()
        match found[0]:
            case r"\r":
                data += b"\r"
            case r"\n":
                data += b"\n"
            case escaped if escaped.startswith(r"\x"):
                data += bytes.fromhex(escaped[2:])
            case plain:
                data += plain[-1].encode()
    return bytes(data)


def render(transcript: Transcript) -> str:
    """Return the text of a transcript."""
    lines = [_TITLE, *(f"{name}: {value}" for name, value in transcript.header)]
    for exchange in transcript.exchanges:
        lines += ["", f"> {escape(exchange.command.encode('latin-1'))}"]
        lines += [f"< {escape(piece)}" for piece in _PIECE.findall(exchange.received)]
        lines.append(f"= {exchange.milliseconds} ms")
    return "\n".join(lines) + "\n"


def parse(text: str) -> Transcript:
    """Read a transcript back; ``TranscriptError`` where the text isn't one."""
    lines = [line.rstrip() for line in text.removesuffix("\n").split("\n")]
    if lines[0] != _TITLE:
        raise TranscriptError(f"line 1 is not {_TITLE!r}")
    reader = _Reader()
    for number, line in enumerate(lines[1:], 2):
        try:
            reader.take(line)
        except TranscriptError as err:
            raise TranscriptError(f"line {number}: {err}") from err
    if reader.command is not None:
        raise TranscriptError(f"line {len(lines)}: the last exchange has no time")
    return Transcript(tuple(reader.header), tuple(reader.exchanges))


class _Reader:
    """What has been read of a transcript; ``command`` is of the exchange under way."""

    def __init__(self) -> None:
        self.header: list[tuple[str, str]] = []
        self.exchanges: list[Exchange] = []
        self.command: str | None = None
        self._received = b""

    def take(self, line: str) -> None:
        """Read one line behind the title."""
        if self.command is None:
            self._take_between(line)
        elif line.startswith("< "):
            self._received += unescape(line[2:])
        elif time := _TIME.fullmatch(line):
            self.exchanges.append(Exchange(self.command, self._received, int(time[1])))
            self.command = None
        else:
            raise TranscriptError("neither bytes that were received nor a time")

    def _take_between(self, line: str) -> None:
        """Read a line outside of exchanges."""
        if line.startswith("> "):
            self.command, self._received = unescape(line[2:]).decode("latin-1"), b""
        elif not self.exchanges and (pair := _HEADER.fullmatch(line)):
            self.header.append((pair[1], pair[2]))
        elif line:
            raise TranscriptError("neither a command nor part of the header")
