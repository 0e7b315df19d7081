"""What of an email the outbox keeps: all of it, but for what is beyond any measure."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ...modem.mail.attachments import ATTACHMENT_LIMIT, Attachment
from ..changes import Change, Fit
from ..email import Email
from ..enclosures import Missing, MissingReason
from .characters import cleaned, one_line
from .cutting import ELLIPSIS, clusters
from .file_name import base_name
from .text_of_html import text_of

TEXT_MOST: Final = 1_000_000
"""Bytes of a text that is kept; what is longer is cut, and that is told."""

_NAME_MOST: Final = 1000
"""Characters of an attachment's name that are kept; no reader shows as many."""
_ENDING: Final = 20
"""Of these, the last ones stay: by them programs know what kind of file it is."""
_TOLD_MOST: Final = 255
"""Characters of what else a source says of an attachment; more is nothing that is used."""

# Code points in which the last of what people see as characters surely begins.
_TAIL: Final = 200


def kept(email: Email) -> Email:
    """Return an email as it is kept, and what was changed of it for that."""
    changes = list(email.changes)
    subject, body, html = email.subject, email.body, email.html
    if _size(subject) > TEXT_MOST:
        subject = _beginning(subject)
        changes.append(Change(Fit.SUBJECT_CUT))
    if html is not None and _size(html) > TEXT_MOST:
        # What it says stays, where nothing else does.
        body, html = body if body.strip() else text_of(html), None
        changes.append(Change(Fit.HTML_LEFT_OUT))
    if _size(body) > TEXT_MOST:
        body = _beginning(body)
        changes.append(Change(Fit.BODY_CUT))
    attachments, missing = enclosed(email.attachments, email.missing)
    return replace(
        email,
        subject=subject,
        body=body,
        html=html,
        attachments=attachments,
        missing=missing,
        awaits=tuple(legible(name) for name in email.awaits),
        changes=tuple(changes),
    )


def enclosed(
    attachments: Sequence[Attachment], missing: Sequence[Missing], beside: int = 0
) -> tuple[tuple[Attachment, ...], tuple[Missing, ...]]:
    """Return as many attachments as an email may have, and what is missing, legibly.

    ``beside``: how many it has already.
    """
    named = list(map(_bounded, attachments))
    most = ATTACHMENT_LIMIT - beside
    return tuple(named[:most]), (
        *(Missing(legible(one.name), one.reason) for one in missing),
        *left_out(named[most:], MissingReason.TOO_MANY),
    )


def left_out(
    attachments: Sequence[Attachment], reason: MissingReason
) -> tuple[Missing, ...]:
    """Return attachments as what is missing of an email."""
    return tuple(Missing(one.name, reason) for one in attachments)


def _bounded(attachment: Attachment) -> Attachment:
    """Return an attachment of which all but what it holds is within bounds."""
    found = Attachment(legible(attachment.name), attachment.data)
    if len(attachment.content_type) <= _TOLD_MOST:
        found = replace(found, content_type=attachment.content_type)
    if len(attachment.content_id or "") <= _TOLD_MOST:
        found = replace(found, content_id=attachment.content_id)
    return found


def legible(name: str) -> str:
    """Return a name as people read it: names of files may hold any character."""
    found = one_line(cleaned(name).text)
    if len(found) > _NAME_MOST:
        found = base_name(found)
    if len(found) > _NAME_MOST:
        found = found[: _NAME_MOST - _ENDING] + found[-_ENDING:]
    return found


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _beginning(text: str) -> str:
    """Return what is kept of a text that is too long, with an ellipsis."""
    encoded = text.encode("utf-8", "replace")[: TEXT_MOST - len(ELLIPSIS.encode())]
    head = encoded.decode("utf-8", "ignore")
    # The last one may have lost a part of itself.
    *_, last = clusters(head[-_TAIL:])
    return head[: -len(last)] + ELLIPSIS
