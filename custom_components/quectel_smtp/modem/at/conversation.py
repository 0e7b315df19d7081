"""``Conversation``: the last lines between a modem and us, without what is private.

It is kept for whoever has to find a fault from afar. Of a line of the modem's, only what
is known to be harmless is ever kept: no number as long as a phone's or a SIM's, no text,
no address and no place waits in memory for somebody to ask for it. What we wrote is
masked when it is shown; of a secret command there is nothing but its name.

Lengths are not kept, unlike in a transcript: nobody replays this.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
import re
from typing import Final

from .commands import Command

LINES: Final = 200
MASK: Final = "…"
"""Stands for what is not shown."""

_PLAIN: Final = frozenset(
    {
        *("OK", "ERROR", "CONNECT", "NO CARRIER", "SEND OK", "SEND FAIL"),
        *("RDY", "APP RDY", "POWERED DOWN"),
    }
)
_INFORMATION: Final = re.compile(r"(\+[A-Z]+(?: ERROR)?)(: ?)(.*)", re.DOTALL)
_OURS: Final = re.compile(r'(AT[^="]*=?)(.*)', re.DOTALL)
_VALUE: Final = re.compile(r'"[^"]*"?|[^\s",()]+')
# Codes, choices and ranges of them; a cell, an area or an operator has more digits.
_SHORT: Final = re.compile(r"-?\d{1,2}(?:-\d{1,2})?", re.ASCII)
_NUMBER: Final = re.compile(r"-?\d{1,6}(?:-\d{1,6})?", re.ASCII)
_WORD: Final = re.compile(r'"?[A-Z]+"?', re.ASCII)
_SETTING: Final = re.compile(r'"[a-z_/]+"', re.ASCII)
# Where longer numbers are codes, ports, counts of bytes and seconds, or decibels.
_COUNTING: Final = frozenset(
    {
        *("+CME ERROR", "+CMS ERROR", "+QSMTPPUT", "+QSMTPBODY", "+QIGETERROR"),
        *("+QIOPEN", "+QISEND", "+QIRD", "+QIURC", "+QICFG", "+QSSLCFG", "+QCSQ"),
        *("+QFUPL", "+QFLDS"),
    }
)
# Most lines, looked at once: plain codes.
_CODES: Final = re.compile(r"\+[A-Z]+: ?-?\d{1,2}(?:,-?\d{1,2})*", re.ASCII)
_COUNTS: Final = re.compile(
    r"\+(?:CME ERROR|QSMTPPUT|QIOPEN|QISEND|QIRD): ?\d{1,6}(?:,\d{1,6})*", re.ASCII
)
# Where words in capitals are states.
_STATING: Final = frozenset({"+CPIN", "+QIND", "+QCSQ", "+CGEV"})
# Words that our commands name things with.
_TERMS: Final = frozenset({'"SC"', '"TCP"', '"UFS"', '"*"'})


class Speaker(StrEnum):
    """Who said a line."""

    WE = ">"
    MODEM = "<"
    NOTE = "#"
    """Nobody: it is what happened to the port."""


@dataclass(frozen=True, slots=True)
class Said:
    """One line, ``seconds`` of the channel's clock; masked."""

    seconds: float
    speaker: Speaker
    text: str = field(repr=False)


class Conversation:
    """Keeps the last 200 lines; adding one costs a fraction of a microsecond, as a rule."""

    def __init__(self) -> None:
        """Nothing was said yet."""
        self._lines: deque[tuple[float, Speaker, str]] = deque(maxlen=LINES)

    def wrote(self, command: Command, seconds: float) -> None:
        """Note that a command was written."""
        text = command.name if command.secret else command.line
        self._lines.append((seconds, Speaker.WE, text))

    def heard(self, text: str, seconds: float) -> None:
        """Note a line of the modem's."""
        harmless = text in _PLAIN or _CODES.fullmatch(text) or _COUNTS.fullmatch(text)
        shown = text if harmless else masked_line(text)
        self._lines.append((seconds, Speaker.MODEM, shown))

    def note(self, text: str, seconds: float) -> None:
        """Note what happened to the port, in words of ours."""
        self._lines.append((seconds, Speaker.NOTE, text))

    def said(self) -> tuple[Said, ...]:
        """Return the lines, the oldest first."""
        return tuple(
            Said(at, who, masked_command(text) if who is Speaker.WE else text)
            for at, who, text in self._lines
        )


def masked_line(text: str) -> str:
    """Return what may be kept of a line of the modem's."""
    found = _INFORMATION.fullmatch(text)
    if found is None:
        return MASK
    name, colon, values = found.groups()
    numbers = _NUMBER if name in _COUNTING else _SHORT
    setting = name.endswith("CFG") or name == "+QIURC"

    def shown(value: re.Match[str]) -> str:
        harmless = (
            numbers.fullmatch(value[0])
            or (name in _STATING and _WORD.fullmatch(value[0]))
            or (setting and value.start() == 0 and _SETTING.fullmatch(value[0]))
        )
        return value[0] if harmless else MASK

    return f"{name}{colon}{_VALUE.sub(shown, values)}"


def masked_command(line: str) -> str:
    """Return what may be shown of a command that is not secret."""
    found = _OURS.fullmatch(line)
    if found is None:
        return MASK
    name, values = found.groups()
    setting = name.endswith("CFG=")

    def shown(value: re.Match[str]) -> str:
        harmless = (
            _NUMBER.fullmatch(value[0])
            or value[0] in _TERMS
            or value[0] == "?"
            or (setting and value.start() == 0 and _SETTING.fullmatch(value[0]))
        )
        return value[0] if harmless else MASK

    return name + _VALUE.sub(shown, values)
