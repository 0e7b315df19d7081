"""The only place that builds or takes apart an AT line: quoting, splitting, hex.

What a caller hands in becomes a quoted string or is refused: no text becomes a
second command, ends the line early or exceeds the limit of its field.
"""

import re
from typing import Final

from .errors import InvalidValueError

# The longest AT line that we send. The note gives no limit; its longest command with
# every field at its limit stays below this.
LINE_LIMIT: Final = 512

_CHOICE: Final = re.compile(r'"([^"]*)"|\(([^)]*)\)|([^,"()]+)')


class Quoted(str):
    """A field that stood in quotation marks: a string, whatever its characters."""

    __slots__ = ()


def quote(value: str, field: str, limit: int) -> str:
    """Return ``value`` as a quoted string of at most ``limit`` bytes.

    The modem's parser knows no escapes, so that a quotation mark, a control character
    or a byte beyond ASCII can't be sent at all; ``InvalidValueError`` names the field.
    """
    if len(value.encode("utf-8", "surrogatepass")) > limit:
        raise InvalidValueError(field, "too_long", limit)
    if not value.isascii():
        raise InvalidValueError(field, "not_ascii")
    if '"' in value or not value.isprintable():
        raise InvalidValueError(field, "forbidden_character")
    return f'"{value}"'


def integer(value: int, field: str, low: int, high: int) -> str:
    """Return ``value`` in decimal; outside ``low`` to ``high`` it is refused."""
    if not low <= value <= high:
        raise InvalidValueError(field, "out_of_range", high if value > high else low)
    return str(int(value))


def hex_string(data: bytes) -> str:
    """Return ``data`` as the hex string of SMTP note 2.3.3, in upper case."""
    return data.hex().upper()


def command_name(line: str) -> str:
    """Return the command of an AT line without its parameters, which may be secret."""
    return line.partition("=")[0]


def fields(text: str) -> tuple[str, ...]:
    """Split the parameters of an information response at its commas.

    Quotation marks are taken off, which leaves a ``Quoted``; commas within them don't
    split, and blanks around a field are dropped. A mark that is never closed runs to
    the end of the line.
    """
    found: list[str] = []
    position = 0
    value: str
    while True:
        while position < len(text) and text[position] == " ":
            position += 1
        if position < len(text) and text[position] == '"':
            end = text.find('"', position + 1)
            end = len(text) if end < 0 else end
            value = Quoted(text[position + 1 : end])
            comma = text.find(",", end)
        else:
            comma = text.find(",", position)
            value = text[position : len(text) if comma < 0 else comma].rstrip(" ")
        found.append(value)
        if comma < 0:
            return tuple(found)
        position = comma + 1


def parameters(line: str) -> tuple[str, ...]:
    """Return the fields behind the colon of an information line; none without one."""
    _, colon, rest = line.partition(":")
    return fields(rest) if colon else ()


def choices(line: str) -> tuple[str, ...]:
    """Split the parameters of a test command's answer, groups in brackets kept whole.

    ``+QSSLCFG: "sni",(0-5),(0,1)`` gives ``sni``, ``0-5`` and ``0,1``.
    """
    found = (
        quoted or grouped or plain.strip()
        for quoted, grouped, plain in _CHOICE.findall(line.partition(":")[2])
    )
    return tuple(filter(None, found))


def allows(group: str, value: int) -> bool:
    """Whether a group such as ``0-5`` or ``0,1,7-9`` has ``value`` in it."""
    for part in group.split(","):
        low, dash, high = part.strip().partition("-")
        first, last = number(low), number(high if dash else low)
        if first is not None and last is not None and first <= value <= last:
            return True
    return False


def number(text: str) -> int | None:
    """Return the decimal number that ``text`` is, or None if it is none.

    A string is none: an area code ``"0001"`` is no status (27.007 quotes strings only).
    At most nine digits: no number of the specification has more, and an absurd one
    must not cost time.
    """
    digits = text.removeprefix("-")
    if isinstance(text, Quoted) or not (
        digits.isascii() and digits.isdigit() and len(digits) <= 9
    ):
        return None
    return int(text)


def is_imei(text: str) -> bool:
    """Whether ``text`` may be an IMEI, which has 15 digits (3GPP TS 23.003 6.2.1)."""
    return len(text) == 15 and text.isascii() and text.isdigit()
