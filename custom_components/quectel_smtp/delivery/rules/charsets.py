"""Chooses the character set in which the modem's mail client writes a text.

UTF-8 has every character, and takes three bytes for a Chinese one; GB2312 and BIG5 take
two, and know no emoji (SMTP note 2.3.3, 2.3.4).
"""

from dataclasses import dataclass, field
from typing import Final

from ...modem.mail.message import TextCharset
from .cutting import ELLIPSIS, Measure, clusters, utf8_size

# UTF-8 first: where all of them do alike, it is the one that every reader knows.
_CHOICE: Final = (TextCharset.UTF_8, TextCharset.GB2312, TextCharset.BIG5)


@dataclass(frozen=True, slots=True)
class Title:
    """A subject within its limit, and in which character set it is."""

    text: str = field(repr=False)
    charset: TextCharset
    cut: bool


def size_in(charset: TextCharset) -> Measure:
    """Return what counts the bytes of a text that can be written in a character set."""
    return lambda text: len(text.encode(charset.codec))


def writes(charset: TextCharset, text: str) -> bool:
    """Whether a text can be written in a character set, and is read as it was."""
    try:
        return text.encode(charset.codec).decode(charset.codec) == text
    except UnicodeEncodeError:
        return False


def charset_for(text: str, limit: int) -> TextCharset | None:
    """Return the character set in which a text has at most ``limit`` bytes, if any."""
    return next(
        (
            charset
            for charset in _CHOICE
            if writes(charset, text) and size_in(charset)(text) <= limit
        ),
        None,
    )


def shortest(text: str) -> int:
    """Return the bytes of a text in the character set in which it has least."""
    return min(size_in(charset)(text) for charset in _CHOICE if writes(charset, text))


def title(text: str, ending: str, limit: int) -> Title:
    """Return a subject of which most is kept within ``limit`` bytes.

    ``ending``, at most so long, may be put behind it: there is room for that, and the
    character set has it. A text of plain ASCII stays so, its ellipsis too.
    """
    charset = charset_for(text + ending, limit)
    if charset is not None:
        return Title(text, charset, cut=False)
    ellipsis = "..." if text.isascii() else ELLIPSIS
    # The same for each of them: a shorter ellipsis is no reason to leave UTF-8.
    limit -= utf8_size(ellipsis)
    found = []
    for charset in _CHOICE:
        if writes(charset, ending + ellipsis):
            kept = _written(text, charset, limit - size_in(charset)(ending))
            found.append(Title(kept.rstrip() + ellipsis, charset, cut=True))
    return max(found, key=lambda title: len(title.text))


def _written(text: str, charset: TextCharset, room: int) -> str:
    """Return the beginning of a text for which there is room, and characters."""
    measure = size_in(charset)
    kept = []
    for cluster in clusters(text[: max(room, 0) + 1]):
        if not writes(charset, cluster):
            break
        room -= measure(cluster)
        if room < 0:
            break
        kept.append(cluster)
    return "".join(kept)
