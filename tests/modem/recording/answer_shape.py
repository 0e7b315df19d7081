"""What an answer looks like apart from its values: the measure of a virtual modem."""

from dataclasses import dataclass
import re

# What tells one line of these answers from the next is their first field.
_NAMED = frozenset({"+QSSLCFG", "+QSMTPCFG", "+QURCCFG"})
_FINAL = re.compile(r"OK|ERROR|NO CARRIER|\+CM[ES] ERROR:.*")


@dataclass(frozen=True, slots=True)
class Shape:
    """How an answer ended and what kinds of lines it had.

    How many there were depends on the modem's state, as of its files.
    """

    succeeded: bool | None
    lines: frozenset[tuple[str, ...]]

    def matches(self, other: Shape) -> bool:
        """Whether both may be answers of one grammar; an empty list fits any list."""
        return self.succeeded == other.succeeded and (
            self.lines == other.lines or not self.lines or not other.lines
        )


def texts(command: str, received: bytes) -> list[str]:
    """Return the lines that are neither empty nor the echo."""
    lines = re.split(r"[\r\n]+", received.decode("utf-8", "replace"))
    return [line for line in lines if line not in ("", command)]


def split_answer(command: str, received: bytes) -> tuple[tuple[str, ...], str | None]:
    """Return an answer's information lines and its final result, None without one."""
    lines: list[str] = []
    name = re.match(r"AT(\+[A-Z]+)", command)
    prefix = f"{name[1]}:" if name else None
    for line in texts(command, received):
        if _FINAL.fullmatch(line):
            return tuple(lines), line
        # With another prefix it is a URC.
        if not line.startswith("+") or (prefix and line.startswith(prefix)):
            lines.append(line)
    return tuple(lines), None


def shape(command: str, received: bytes) -> Shape:
    """Return the shape of what came after ``command``."""
    lines, final = split_answer(command, received)
    test = command.endswith("=?")
    return Shape(
        None if final is None else final == "OK",
        frozenset(_line_shape(line, test) for line in lines),
    )


def _line_shape(line: str, test: bool) -> tuple[str, ...]:
    if not line.startswith("+"):
        return ("digits" if line.isdigit() else "text",)
    name, _, rest = line.partition(":")
    fields = _fields(rest)
    # A test command describes its fields in words of the firmware's own.
    kinds = ["described" if test else _kind(field) for field in fields]
    if name in _NAMED:
        kinds[0] = fields[0].lower()
    return (name, *kinds)


def _fields(rest: str) -> list[str]:
    """Cut at the commas outside quotation marks and parentheses."""
    masked = re.sub(r'"[^"]*"|\([^)]*\)', lambda found: "_" * len(found[0]), rest)
    edges = [-1, *(i for i, c in enumerate(masked) if c == ","), len(rest)]
    return [rest[edges[i] + 1 : edges[i + 1]].strip(" ") for i in range(len(edges) - 1)]


def _kind(field: str) -> str:
    for kind, pattern in (
        ("empty", ""),
        ("string", r'".*"'),
        ("number", r"-?\d+"),
        ("hexadecimal", r"0[xX][0-9A-Fa-f]+"),
    ):
        if re.fullmatch(pattern, field):
            return kind
    return "word"
