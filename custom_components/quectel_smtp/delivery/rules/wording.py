"""Gives an email the words that are ours: marks, reference line, digest.

The words come from translations, as templates with the placeholders ``{reference}``,
``{count}``, ``{time}`` and ``{subject}``. What is put in for them is never searched for
placeholders itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
import re
from typing import Final

from ...modem.mail.message import (
    BODY_LIMIT as MODEM_BODY_LIMIT,
    LINE_LIMIT,
    SUBJECT_LIMIT as MODEM_SUBJECT_LIMIT,
    Message,
)
from ..email import SHORT_BODY_LIMIT, SUBJECT_LIMIT, new_reference, wrap
from ..records import Entry, Item

LATE: Final = 300.0
"""Seconds from acceptance after which an email says since when it waited."""

_ELLIPSIS: Final = "…"
_PLACEHOLDER: Final = re.compile(r"\{(reference|count|time|subject)\}")
_LINE_ENDS: Final = re.compile(r"\r\n?")


@dataclass(frozen=True, slots=True)
class Wording:
    """Templates of one line and up to 100 bytes each, and the zone of times."""

    reference: str
    """The last line of each email, such as ``Ref: {reference}``."""
    repeat: str
    """The mark of what may have been sent already."""
    waited: str
    """Says since what ``{time}`` an email waited that leaves late."""
    times: str
    """Says that the same text was accepted ``{count}`` times."""
    digest_subject: str
    """Subject of ``{count}`` emails that go out as one."""
    digest_entry: str
    """The line above each of them, with its ``{time}`` and ``{subject}``."""
    timezone: tzinfo = UTC


def letter(
    item: Item, wording: Wording, now: float, *, room: int | None = MODEM_BODY_LIMIT
) -> Message:
    """Return the email as it is sent by a way that has ``room`` bytes for its body.

    Those of the modem's mail client, or None: as many as there are.

    The user's text, a blank line, since when it waited if that is long, how often it was
    accepted if more than once, the repeat mark if it may have been sent already, and
    last the reference line. The mark also ends the subject if it has room there. A text
    that leaves no room for all this is cut; it is cut alike for each attempt by one way,
    so that those differ by what is said below it only. ``now``: seconds of the outbox's
    clock.

    ``InvalidValueError`` for what no ``Email`` can hold.
    """
    mark = _line(wording.repeat)
    reference = _line(wording.reference, reference=item.reference)
    waited = _line(wording.waited, time=_time(item.accepted.wall, wording.timezone))
    late = [waited] if now - item.accepted.elapsed > LATE else []
    times = [_line(wording.times, count=item.times)] if item.times > 1 else []
    marks = [mark] if item.history.in_doubt else []
    text = _tidy(item.body)
    if room is not None:
        text = _cut(text, room - _closing(item, wording))
    # A hidden address by itself sees itself in To: with nobody there, the modem may refuse
    # the email, or a server take it for spam.
    whom = item.addresses
    alone = len(whom) == 1
    return Message(
        subject=_marked(item.subject, mark) if marks else item.subject,
        body="\n".join(
            [*([text, ""] if text else []), *late, *times, *marks, reference]
        ),
        to=whom.bcc if alone and whom.bcc else whom.to,
        cc=whom.cc,
        bcc=() if alone else whom.bcc,
    )


def length(item: Item, wording: Wording) -> int:
    """Return the bytes of an email's text, uncut, with the most that is said below it."""
    return _size(_tidy(item.body)) + _closing(item, wording)


def _closing(item: Item, wording: Wording) -> int:
    """Return the bytes of the most that is ever said below an email's text."""
    times = [_line(wording.times, count=item.times)] if item.times > 1 else []
    waited = _line(wording.waited, time=_time(item.accepted.wall, wording.timezone))
    mark = _line(wording.repeat)
    reference = _line(wording.reference, reference=item.reference)
    return _size("\n".join(["", "", waited, *times, mark, reference, ""]))


def digest(entries: Sequence[Entry], wording: Wording) -> tuple[str, str] | None:
    """Return subject and body of one email that stands for all ``entries``.

    Each has its time and subject above its text. None where they don't fit into one
    email uncut, by whichever way.
    """
    body = "\n\n".join(_entry(entry, wording) for entry in entries)
    since = _time(entries[0].accepted, wording.timezone)
    closing = ["", "", _line(wording.waited, time=since), _line(wording.repeat)]
    closing += [_line(wording.reference, reference=new_reference()), ""]
    if (
        len(body.encode("utf-8", "surrogatepass")) > SHORT_BODY_LIMIT
        or _size(_tidy(body)) + _size("\n".join(closing)) > MODEM_BODY_LIMIT
    ):
        return None
    count = sum(entry.times for entry in entries)
    subject = _line(wording.digest_subject, count=count)
    return _cut(subject, SUBJECT_LIMIT), body


def _entry(entry: Entry, wording: Wording) -> str:
    head = _line(
        wording.digest_entry,
        time=_time(entry.accepted, wording.timezone),
        subject=entry.subject,
    )
    times = [_line(wording.times, count=entry.times)] if entry.times > 1 else []
    text = _LINE_ENDS.sub("\n", entry.body).rstrip("\n")
    return "\n".join([head, *([text] if text else []), *times])


def _time(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _line(template: str, **values: object) -> str:
    """Return the template with its values; a template is one line, whatever it holds."""

    def value(match: re.Match[str]) -> str:
        return str(values.get(match[1], match[0]))

    return _PLACEHOLDER.sub(value, " ".join(template.split())).strip()


def _tidy(text: str) -> str:
    """Return the text with line feeds as its only line ends, and none at its end."""
    return wrap(_LINE_ENDS.sub("\n", text).rstrip("\n"))


def _encode(text: str) -> bytes:
    """Return the text as the modem gets it (``body_bytes``); nothing is refused."""
    return text.replace("\n", "\r\n").encode("utf-8", "surrogatepass")


def _size(text: str) -> int:
    return len(_encode(text))


def _cut(text: str, room: int) -> str:
    """Return the text within ``room`` bytes, with an ellipsis if that shortens it."""
    if _size(text) <= room:
        return text
    # A line that has no place left for the ellipsis is followed by one that has.
    room -= _size("\n" + _ELLIPSIS)
    head = _encode(text)[:room].decode("utf-8", "ignore")
    head = head.replace("\r\n", "\n").rstrip("\r\n")
    last = head[head.rfind("\n") + 1 :]
    full = _size(last) + _size(_ELLIPSIS) > LINE_LIMIT
    return head + ("\n" if full else "") + _ELLIPSIS


def _marked(subject: str, mark: str) -> str:
    marked = f"{subject} {mark}" if subject else mark
    return marked if _size(marked) <= MODEM_SUBJECT_LIMIT else subject
