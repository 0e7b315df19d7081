"""Gives an email the words that are ours: marks, what is missing, reference line, digest.

The words come from translations, as templates with the placeholders ``{reference}``,
``{count}``, ``{time}``, ``{subject}``, ``{name}`` and ``{reason}``. What is put in for
them is never searched for placeholders itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
import re
from typing import Final

from ...modem.mail.message import BODY_LIMIT
from ..email import new_reference
from ..enclosures import Missing, MissingReason
from ..records import Entry, Item
from .characters import cleaned, one_line
from .cutting import crlf_size, cut, wrap

LATE: Final = 300.0
"""Seconds from acceptance after which an email says since when it waited."""
SUBJECT_LIMIT: Final = 80
"""Bytes of a digest's subject."""

_NAME_LIMIT: Final = 60
_NAMED_MOST: Final = 10
_PLACEHOLDER: Final = re.compile(r"\{(reference|count|time|subject|name|reason)\}")


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
    attachments: str
    """The text of an email that brings what belongs to one that went before."""
    whole_text: str
    """Says in which attachment, ``{name}``, the whole of a text is that is cut."""
    not_attached: str
    """Says what, ``{name}``, is not attached, and for what ``{reason}``."""
    more_not_attached: str
    """Says how many more are not attached, ``{count}``."""
    reasons: Mapping[MissingReason, str] = field(default_factory=dict)
    """Why something is not attached."""
    timezone: tzinfo = UTC


def mark_of(wording: Wording) -> str:
    """Return the mark of what may have been sent already."""
    return _line(wording.repeat)


def attachments_line(wording: Wording) -> str:
    """Return the text of an email that brings attachments alone."""
    return _line(wording.attachments)


def whole_text_line(wording: Wording, name: str) -> str:
    """Return the line that says in which attachment the whole text is."""
    return _line(wording.whole_text, name=name)


def missing_lines(missing: Sequence[Missing], wording: Wording) -> list[str]:
    """Return a line for each thing that is not attached, up to ten, and why."""
    lines = [
        _line(
            wording.not_attached,
            name=cut(one_line(cleaned(one.name).text), _NAME_LIMIT) or "–",
            reason=_line(wording.reasons.get(one.reason, one.reason.value)),
        )
        for one in missing[:_NAMED_MOST]
    ]
    more = len(missing) - len(lines)
    return [*lines, _line(wording.more_not_attached, count=more)] if more else lines


def closing(item: Item, wording: Wording, now: float) -> list[str]:
    """Return the lines below an email's text, of which the last is its reference.

    Since when it waited if that is long, how often it was accepted if more than once,
    and the repeat mark if it may have been sent already. ``now``: seconds of the
    outbox's clock.
    """
    late = now - item.accepted.elapsed > LATE
    return _closing(item, wording, late=late, in_doubt=item.history.in_doubt)


def longest_closing(item: Item, wording: Wording) -> list[str]:
    """Return the most that is ever said below an email's text."""
    return _closing(item, wording, late=True, in_doubt=True)


def _closing(item: Item, wording: Wording, *, late: bool, in_doubt: bool) -> list[str]:
    waited = _line(wording.waited, time=_time(item.accepted.wall, wording.timezone))
    return [
        *([waited] if late else []),
        *([_line(wording.times, count=item.times)] if item.times > 1 else []),
        *([mark_of(wording)] if in_doubt else []),
        _line(wording.reference, reference=item.reference),
    ]


def digest(entries: Sequence[Entry], wording: Wording) -> tuple[str, str] | None:
    """Return subject and body of one email that stands for all ``entries``.

    Each has its time and subject above its text. None where they don't fit into one
    email uncut, by whichever way.
    """
    body = "\n\n".join(_entry(entry, wording) for entry in entries)
    since = _time(entries[0].accepted, wording.timezone)
    below = ["", "", _line(wording.waited, time=since), mark_of(wording)]
    below += [_line(wording.reference, reference=new_reference()), ""]
    text = cleaned(body).text
    room = BODY_LIMIT - crlf_size("\n".join(below))
    # A long one is not broken in vain.
    if crlf_size(text) > room or crlf_size(wrap(text)) > room:
        return None
    count = sum(entry.times for entry in entries)
    subject = _line(wording.digest_subject, count=count)
    return cut(subject, SUBJECT_LIMIT), body


def _entry(entry: Entry, wording: Wording) -> str:
    head = _line(
        wording.digest_entry,
        time=_time(entry.accepted, wording.timezone),
        subject=one_line(entry.subject),
    )
    times = [_line(wording.times, count=entry.times)] if entry.times > 1 else []
    text = entry.body.rstrip("\r\n")
    return "\n".join([head, *([text] if text else []), *times])


def _time(moment: datetime, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _line(template: str, **values: object) -> str:
    """Return the template with its values; a template is one line, whatever it holds."""

    def value(match: re.Match[str]) -> str:
        return str(values.get(match[1], match[0]))

    return _PLACEHOLDER.sub(value, " ".join(template.split())).strip()
