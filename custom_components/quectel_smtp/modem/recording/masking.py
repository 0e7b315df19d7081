"""Takes what tells of a person, a SIM or a place out of a modem's answers.

What is masked keeps its length and its kind: digits become ``1234567890``, letters
``x``. A line is kept only where a rule knows it; everything else is masked.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
import re
from typing import Final

# Files of this prefix are ours: their names tell nothing of their owner.
_OUR_FILES: Final = re.compile(rb'"?(?:[A-Z]+:)?qsmtp_')
_RESULT: Final = re.compile(
    rb"OK|ERROR|CONNECT|NO CARRIER|\+CM[ES] ERROR: ?[A-Za-z0-9 ]*"
)
_HARMLESS_URC: Final = re.compile(
    rb"RDY|APP RDY|POWERED DOWN|\+CFUN: \d|\+CPIN: [A-Z ]+|\+QUSIM: \d"
    rb'|\+QIND: [A-Z]+ DONE|\+QIURC: "pdpdeact",\d+'
)
_INFORMATION: Final = re.compile(rb"(\+[A-Z]+: ?)(.*)", re.DOTALL)
_VALUE: Final = re.compile(rb'( *"?)(.*?)("? *)', re.DOTALL)
# In any line that is kept: numbers as long as a phone's or a SIM's, and addresses.
_TELLING: Final = re.compile(rb"\d{10,}|\d{1,3}(?:\.\d{1,3}){3}|[^\s\",]+@[^\s\",]+")
_IP: Final = re.compile(rb"[0-9A-Fa-f]*[.:][0-9A-Fa-f.:]*")
_NUMBER: Final = re.compile(rb"([0-9]+)([Ff]*)")
_HEX: Final = re.compile(rb"[0-9A-Fa-f]*[0-9][0-9A-Fa-f]*")
_RUN: Final = re.compile(rb"[0-9A-Fa-f]+")
_EMAIL: Final = re.compile(rb"[^@]+@[^@]+")
_FILE: Final = re.compile(rb"(?:[A-Z]+:)?(.*?)(?:\.[A-Za-z0-9]{1,4})?", re.DOTALL)

# Bytes: no answer has a longer line, and a search in one would take minutes.
_LONGEST_LINE: Final = 1024
# Shorter ones are told from ordinary words and numbers by nothing.
_SHORTEST_SECRET: Final = 5


@dataclass(frozen=True, slots=True)
class Rule:
    """What of the answer to ``command`` may be kept.

    ``public`` counts the leading fields of its information lines that are kept, None
    for all; behind them only numbers of one or two digits without quotes are. ``bare``
    keeps its lines that have no prefix. ``files`` says that the rest are names of files.
    """

    command: str
    public: int | None = None
    bare: bool = False
    files: bool = False

    @property
    def prefix(self) -> bytes:
        """What its information lines begin with."""
        name = re.match(r"AT(\+[A-Z]+)", self.command)
        return f"{name[1]}:".encode() if name else b"\xff"


@dataclass(frozen=True, slots=True)
class Masked:
    """An answer that may be shown, and the values that were taken out of it."""

    shown: bytes
    taken: frozenset[bytes] = field(repr=False)


def mask(rule: Rule, received: bytes) -> Masked:
    """Mask one answer, byte for byte; its length stays."""
    taken: set[bytes] = set()
    known = True
    pieces = []
    for piece in re.split(rb"([\r\n]+)", received):
        if piece.strip(b"\r\n"):
            piece, known = _mask_line(rule, piece, known, taken)
        pieces.append(piece)
    return Masked(b"".join(pieces), frozenset(taken))


def sweep(shown: bytes, secrets: Iterable[bytes]) -> bytes:
    """Mask what was taken out elsewhere, wherever else it stands."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            # A number may be written in groups.
            between = b"[ .-]?" if secret.isdigit() else b""
            parts = (re.escape(bytes((byte,))) for byte in secret)
            pattern = re.compile(between.join(parts), re.IGNORECASE)
            shown = pattern.sub(lambda found: _mask_value(found[0]), shown)
    return shown


def _mask_line(
    rule: Rule, line: bytes, known: bool, taken: set[bytes]
) -> tuple[bytes, bool]:
    """Return the line, and whether what follows it may be known too.

    Text without a prefix that follows an unknown line belongs to that one: a text
    message is told by a URC, and stands in the next line.
    """
    if len(line) > _LONGEST_LINE:
        return b"x" * len(line), False
    if (
        line == rule.command.encode()
        or _RESULT.fullmatch(line)
        or _HARMLESS_URC.fullmatch(line)
    ):
        return line, True
    if line.startswith(rule.prefix):
        kept = rule.public
    elif rule.bare and known and not line.startswith(b"+"):
        kept = None
    else:
        kept = 0
        known = False
    if kept is None:
        return _TELLING.sub(lambda found: _take(found[0], taken), line), True
    information = _INFORMATION.fullmatch(line)
    if information is None:
        return _take(line, taken), known
    fields = _fields(information[2])
    fields[kept:] = [_mask_field(rule, field, taken) for field in fields[kept:]]
    return information[1] + b",".join(fields), known


def _fields(text: bytes) -> list[bytes]:
    """Cut at the commas outside quotation marks, and drop nothing else."""
    fields = [b""]
    quoted = False
    for byte in text:
        quoted ^= byte == ord('"')
        if byte == ord(",") and not quoted:
            fields.append(b"")
        else:
            fields[-1] += bytes((byte,))
    return fields


def _mask_field(rule: Rule, field: bytes, taken: set[bytes]) -> bytes:
    if rule.files and _OUR_FILES.match(field):
        return field
    value = _VALUE.fullmatch(field)
    # The pattern matches anything.
    assert value is not None
    before, inner, after = value.groups()
    short_number = b'"' not in before and re.fullmatch(rb"-?\d{1,2}", inner)
    if not inner or short_number:
        return field
    if rule.files and (file := _FILE.fullmatch(inner)):
        # The name alone is a word that may stand elsewhere with every right.
        taken.add(inner)
        start, end = file.span(1)
        inner = inner[:start] + b"x" * (end - start) + inner[end:]
    else:
        inner = _take(inner, taken)
    return before + inner + after


def _take(value: bytes, taken: set[bytes]) -> bytes:
    taken.add(value)
    return _mask_value(value)


def _mask_value(value: bytes) -> bytes:
    if _IP.fullmatch(value):
        return _RUN.sub(lambda run: _digits(len(run[0])), value)
    if number := _NUMBER.fullmatch(value):
        return _digits(len(number[1])) + number[2]
    if _HEX.fullmatch(value):
        return _digits(len(value))
    if _EMAIL.fullmatch(value):
        return re.sub(rb"[^@.]", b"x", value)
    return b"x" * len(value)


def _digits(count: int) -> bytes:
    return (b"1234567890" * (count // 10 + 1))[:count]
