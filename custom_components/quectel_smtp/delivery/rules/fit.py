"""Fits an email to what a way can carry, and tells what it did: nothing is refused.

What is asked for stays as it is where the way has room for it, in every script and at
any length. Else the text goes first: title, text, HTML, then attachments in their order.
What is left out is named in the text.
"""

from collections.abc import Iterator, Sequence, Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from ...modem.mail.attachments import Attachment
from ...modem.mail.message import Message, Priority, TextCharset
from ...modem.mail.server import ServerSettings
from ..addresses import Addresses
from ..changes import Change, Fit
from ..client.mime import is_shown
from ..enclosures import Carries
from ..records import Item
from .capacity import TITLE_LIMIT, Capacity, fitted_server
from .characters import cleaned, one_line
from .charsets import Title, charset_for, shortest, title
from .cutting import crlf_size, cut, utf8_size, wrap
from .enclosing import Enclosing, Source, enclose
from .file_name import file_name
from .space import Space
from .text_of_html import text_of
from .wording import (
    Wording,
    attachments_line,
    closing,
    longest_closing,
    mark_of,
    missing_lines,
    whole_text_line,
)

TEXT_NAME: Final = "message.txt"
HTML_NAME: Final = "message.html"

# By it a reader knows the character set of a file, which the modem's client doesn't tell.
_SIGNATURE: Final = "\ufeff"
# Bytes of a subject that a mark may take: a longer one stands in the text alone.
_MARK_LIMIT: Final = 40
# Bytes that are left by the stream for what is said below a text.
_BELOW: Final = 4_000


@dataclass(frozen=True, slots=True)
class Fitted:
    """An email as it goes by a way, the account that sends it, and what was changed."""

    message: Message
    server: ServerSettings
    changes: tuple[Change, ...] = ()
    sources: tuple[Source, ...] = field(default=(), repr=False)
    """What each attachment of the message is."""
    wants_files: bool = False
    """Whether it would have files beside the text, were there room for them."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What an email was to say, without what no email can have."""

    title: str = field(repr=False)
    text: str = field(repr=False)
    html: str | None = field(repr=False)
    changed: bool


@dataclass(frozen=True, slots=True)
class _Layout:
    """A text within its limit, and what travels with it."""

    text: str = field(repr=False)
    charset: TextCharset
    cut: bool
    lines: tuple[str, ...] = field(repr=False)
    """What is said below it of attachments."""
    html: bool
    """Whether its version in HTML goes as such."""
    enclosing: Enclosing


def fit(
    item: Item,
    attachments: Sequence[Attachment],
    capacity: Capacity,
    server: ServerSettings,
    wording: Wording,
    now: float,
    *,
    reply_to: str = "",
    refused: AbstractSet[Source] = frozenset(),
) -> Fitted:
    """Return the email as a way carries it that has this capacity.

    Its addresses are those that may go together by that way (``capacity.apart``).
    ``now``: seconds of the outbox's clock. ``refused``: what the modem did not take
    when it was tried.

    The text, a blank line, what is not attached, since when it waited if that is long,
    how often it was accepted if more than once, the repeat mark if it may have been sent
    already, and last the reference line. The mark also ends the subject. A text that
    leaves no room for all this is cut; subject and text are cut alike for each attempt
    by one way, so that those differ by what is said below the text only.
    """
    asked = _asked(item)
    mark = _mark(wording)
    titled = _titled(asked.title, mark, capacity)
    text = asked.text
    if item.carries is Carries.ATTACHMENTS:
        text = attachments_line(wording) if attachments else ""
    elif titled.cut:
        text = f"{asked.title}\n\n{text}".rstrip("\n")

    def laid_out(*, whole: bool) -> _Layout:
        space = Space(capacity, sum(map(len, item.addresses)) + len(reply_to))
        limit = space.text if capacity.body is None else capacity.body
        if limit is not None:
            space.take(min(crlf_size(text) + _BELOW, limit))
        made = [_file(TEXT_NAME, text, "text/plain")] if whole else []
        as_html = False
        if asked.html and capacity.html:
            as_html = space.take(utf8_size(asked.html))
        elif asked.html:
            made.append(_file(HTML_NAME, asked.html, "text/html"))
        enclosing = enclose(made, attachments, space, capacity, refused)
        lines = missing_lines([*item.missing, *enclosing.left_out], wording)
        if TEXT_NAME in enclosing.sources:
            lines.insert(0, whole_text_line(wording, TEXT_NAME))
        below = "\n".join(["", "", *lines, *longest_closing(item, wording), ""])
        fitting, charset, is_cut = _within(text, below, limit, capacity)
        return _Layout(fitting, charset, is_cut, tuple(lines), as_html, enclosing)

    layout = laid_out(whole=False)
    if layout.cut and capacity.store is not None:
        layout = laid_out(whole=True)
    in_doubt = item.history.in_doubt
    to, cc, bcc = _whom(item.addresses)
    below = [*layout.lines, *closing(item, wording, now)]
    message = Message(
        subject=f"{titled.text}{mark}".strip() if in_doubt else titled.text,
        body="\n".join([*([layout.text, ""] if layout.text else []), *below]),
        to=to,
        cc=cc,
        bcc=bcc,
        attachments=layout.enclosing.files,
        charset=layout.charset,
        subject_charset=titled.charset,
        html=asked.html if layout.html else None,
        priority=item.priority if capacity.headers else Priority.NORMAL,
        reply_to=reply_to if capacity.headers else "",
    )
    sender = fitted_server(server, capacity)
    changes = [*item.changes]
    changes += [Change(Fit.SUBJECT_CUT)] if titled.cut else []
    changes += [Change(Fit.CHARACTERS_REMOVED)] if asked.changed else []
    # Those that never came, or not in time.
    gone = [file_name(one.name) for one in item.missing]
    changes += [Change(Fit.ATTACHMENT_LEFT_OUT, name) for name in gone]
    changes += _of_layout(layout, asked, item)
    changes += [Change(Fit.SENDER_NAME_CUT)] if sender != server else []
    if message.priority is not item.priority:
        changes.append(Change(Fit.PRIORITY_LEFT_OUT))
    if message.reply_to != reply_to:
        changes.append(Change(Fit.REPLY_TO_LEFT_OUT))
    # Each once, in the order in which it was done.
    told = tuple(dict.fromkeys(changes))
    wants_files = bool(attachments or asked.html) or layout.cut
    return Fitted(message, sender, told, layout.enclosing.sources, wants_files)


def sizes(item: Item, wording: Wording) -> tuple[int, int]:
    """Return the bytes that subject and text take by the modem's client, uncut.

    With the most that is ever said behind and below them, in the shortest of its
    character sets.
    """
    asked = _asked(item)
    below = [*missing_lines(item.missing, wording), *longest_closing(item, wording)]
    text = "\n".join([wrap(asked.text), "", *below, ""])
    return shortest(asked.title + _mark(wording)), shortest(_sent(text))


def _asked(item: Item) -> _Asked:
    subject, body = cleaned(item.subject), cleaned(item.body)
    changed = subject.changed or body.changed
    if item.carries is Carries.ATTACHMENTS:
        # Its text has gone before.
        return _Asked(one_line(subject.text), "", None, changed=subject.changed)
    html = cleaned(item.html or "")
    text = body.text.rstrip("\n")
    if html.text and not text.strip():
        text = cleaned(text_of(html.text)).text
    return _Asked(
        one_line(subject.text), text, html.text or None, changed or html.changed
    )


def _mark(wording: Wording) -> str:
    """Return what a subject ends with that may have been sent already."""
    mark = f" {mark_of(wording)}"
    return mark if utf8_size(mark) <= _MARK_LIMIT else ""


def _titled(text: str, mark: str, capacity: Capacity) -> Title:
    if capacity.subject is not None:
        return title(text, mark, capacity.subject)
    kept = cut(text, TITLE_LIMIT - len(mark), len)
    return Title(kept, TextCharset.UTF_8, cut=kept != text)


def _file(name: str, text: str, content_type: str) -> Attachment:
    return Attachment(name, _sent(_SIGNATURE + text).encode(), content_type)


def _sent(text: str) -> str:
    """Return a text with its line ends as they are sent."""
    return text.replace("\n", "\r\n")


def _within(
    text: str, below: str, limit: int | None, capacity: Capacity
) -> tuple[str, TextCharset, bool]:
    """Return a text as it has room above what is said below it, and whether it is cut."""
    lines = wrap(text)
    charset: TextCharset | None = TextCharset.UTF_8
    if limit is not None and crlf_size(lines + below) > limit:
        client = capacity.body is not None
        charset = charset_for(_sent(lines + below), limit) if client else None
    if charset is not None:
        return lines, charset, False
    # A full line has no place for the ellipsis: that is then one by itself.
    room = (limit or 0) - crlf_size(f"{below}\n")
    return wrap(cut(lines, room, crlf_size)), TextCharset.UTF_8, True


def _whom(
    addresses: Addresses,
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return to whom an email goes, openly, in copy and hidden.

    A hidden address by itself sees itself in To: with nobody there, the modem may
    refuse the email, or a server take it for spam.
    """
    if len(addresses) == 1 and addresses.bcc:
        return addresses.bcc, (), ()
    return addresses.kinds


def _of_layout(layout: _Layout, asked: _Asked, item: Item) -> Iterator[Change]:
    sources = layout.enclosing.sources
    if layout.cut:
        yield Change(Fit.BODY_CUT)
    if TEXT_NAME in sources:
        yield Change(Fit.BODY_ATTACHED, TEXT_NAME)
    if HTML_NAME in sources:
        yield Change(Fit.HTML_ATTACHED, HTML_NAME)
    elif asked.html and not layout.html:
        yield Change(Fit.HTML_LEFT_OUT)
    if item.html:
        for file in layout.enclosing.files:
            if file.content_id is not None and not (layout.html and is_shown(file)):
                yield Change(Fit.INLINE_ATTACHED, file.name)
    yield from layout.enclosing.changes
