"""The characters of a text that an email can have, and one kind of line end.

Every text in every script stays as it is. What is taken out shows nothing: terminals'
escape sequences, control characters, and the two characters that have letters run
against their own direction, with which a name or a title can be made to read otherwise
than it is written. Embeddings, isolates and marks, by which right-to-left text is
written, stay. Half a surrogate pair is no character at all: the sign for that stands in
its place.
"""

from dataclasses import dataclass, field
import re
from typing import Final

_LINE_ENDS: Final = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# ECMA-48 5.4 and 5.6: a control sequence, a control string such as a link or a window's
# title, and the designation of a character set; with the escape character of 7 bits or 8.
# No control function stands in a control string: each is looked through once, then, by
# one that may begin in front of it.
_ESCAPES: Final = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"
    "|(?:\x1b[]P^_]|[\x9d\x90\x9e\x9f])[^\x07\x1b\x80-\x9f\n]*+(?:\x07|\x1b\\\\|\x9c)"
    "|\x1b[ -/]+[0-~]"
)
_CONTROLS: Final = re.compile("[\0-\x08\x0e-\x1f\x7f-\x9f\u202d\u202e]")
_HALVES: Final = re.compile("[\ud800-\udfff]")
_REPLACEMENT: Final = "\ufffd"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A text with line feeds as its only line ends."""

    text: str = field(repr=False)
    changed: bool
    """Whether anything but line ends was taken out or replaced."""


def cleaned(text: str) -> Cleaned:
    """Return a text as an email can have it."""
    lines = _LINE_ENDS.sub("\n", text)
    found = with_bytes(_CONTROLS.sub("", _ESCAPES.sub("", lines)))
    return Cleaned(found, found != lines)


def with_bytes(text: str) -> str:
    """Return a text that has bytes: half a surrogate pair becomes the sign for that.

    Python has such for each byte of a file's name that is not UTF-8.
    """
    return _HALVES.sub(_REPLACEMENT, text)


def one_line(text: str) -> str:
    """Return a cleaned text as one line, each run of blanks in it a single one."""
    return " ".join(text.split())
