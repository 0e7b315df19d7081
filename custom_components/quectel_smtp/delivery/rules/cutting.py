"""Cuts a text, and breaks its lines, between what people see as characters.

Those are Unicode's extended grapheme clusters (UAX 29): an emoji of several parts, a
letter with its marks, a flag stay whole. A cluster that is longer than a line by itself
is no word of any language, and is broken between two code points.
"""

from collections.abc import Callable, Iterator
from typing import Final

import regex

from ...modem.mail.message import LINE_LIMIT

type Measure = Callable[[str], int]
"""How long a text is, in what its limit counts: 1 at least for each code point."""

ELLIPSIS: Final = "…"

_CLUSTER: Final = regex.compile(r"\X")


def utf8_size(text: str) -> int:
    """Return the bytes of a text in UTF-8."""
    return len(text.encode())


def crlf_size(text: str) -> int:
    """Return the bytes of a text in UTF-8, its line feeds sent as CR LF."""
    return utf8_size(text) + text.count("\n")


def clusters(text: str) -> Iterator[str]:
    """Iterate over what people see as characters."""
    if text.isascii() and "\r" not in text:
        # Each by itself: much faster told.
        return iter(text)
    return (found[0] for found in _CLUSTER.finditer(text))


def beginning(text: str, limit: int, measure: Measure = utf8_size) -> str:
    """Return as much of a text's beginning as ``limit`` has room for."""
    return "".join(_fitting(text, limit, measure))


def cut(
    text: str, limit: int, measure: Measure = utf8_size, ellipsis: str = ELLIPSIS
) -> str:
    """Return the text within ``limit``, with an ellipsis if that shortens it."""
    if measure(text) <= limit:
        return text
    return beginning(text, limit - measure(ellipsis), measure).rstrip() + ellipsis


def wrap(text: str) -> str:
    """Return ``text`` with each line of at most 998 bytes, broken at blanks.

    A line without a blank is broken between two characters. Nothing but line feeds is
    added, and only where a mail server may otherwise refuse the line.
    """
    return "\n".join(part for line in text.split("\n") for part in _broken(line))


def _broken(line: str) -> Iterator[str]:
    begin = 0
    # A code point has four bytes at most.
    while len(line) - begin > LINE_LIMIT // 4:
        rest = line[begin : begin + LINE_LIMIT + 1]
        if utf8_size(rest) <= LINE_LIMIT:
            break
        part = rest[: _break(rest) or LINE_LIMIT // 4]
        yield part
        begin += len(part)
    yield line[begin:]


def _break(line: str) -> int:
    """Return where a line is broken that is too long; 0 if within its first cluster."""
    if line.isascii():
        return line.rfind(" ", 0, LINE_LIMIT) + 1 or LINE_LIMIT
    end = blank = 0
    for cluster in _fitting(line, LINE_LIMIT, utf8_size):
        end += len(cluster)
        if cluster == " ":
            blank = end
    return blank or end


def _fitting(text: str, limit: int, measure: Measure) -> Iterator[str]:
    """Iterate over the clusters for which there is room."""
    # Of a cluster that this breaks there is too much for the limit, too.
    for cluster in clusters(text[: max(limit, 0) + 1]):
        limit -= measure(cluster)
        if limit < 0:
            return
        yield cluster
