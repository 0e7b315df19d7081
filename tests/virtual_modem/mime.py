"""The message that the module makes of a draft.

Which transfer encoding a module chooses is not documented. Here ASCII text travels as it
is, dots and all, and other charsets in base64; the setting `body_encoding` has it
otherwise.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from .mail_draft import Charset, MailDraft, MailSettings, RecipientType
from .profiles import BodyOriginal

_CRLF = b"\r\n"
# RFC 2047: 75 characters an encoded word; what remains for base64 of the text
_WORD_BYTES = 36


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file as the recipient sees it."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class MessageStyle:
    """What a firmware decides about a message, not the host."""

    date: datetime
    identifier: str
    body_encoding: str
    body_original: BodyOriginal


def compose(
    settings: MailSettings,
    draft: MailDraft,
    attachments: Sequence[Attachment],
    style: MessageStyle,
) -> bytes:
    """The whole message, header and body, before dots are stuffed."""
    domain = settings.sender_address.rpartition("@")[2] or "localhost"
    lines = [
        f"Date: {format_datetime(style.date)}".encode(),
        b"From: " + _mailbox(settings.sender_name, settings.sender_address),
        *_addressees(draft, RecipientType.TO, b"To"),
        *_addressees(draft, RecipientType.CC, b"Cc"),
        b"Subject: " + _subject(draft),
        f"Message-ID: <{style.identifier}@{domain}>".encode("latin-1"),
    ]
    original = settings.body_original and style.body_original not in (
        BodyOriginal.NOTHING,
        BodyOriginal.ABSENT,
    )
    body = draft.body or b""
    if original:
        # HEADERS: the body's own header lines go on where the module's end
        own = style.body_original is BodyOriginal.HEADERS
        return _CRLF.join([*lines, *([] if own else [b""]), body])
    lines.append(b"MIME-Version: 1.0")
    head, encoded = _text_part(body, draft.body_charset, style.body_encoding)
    if not attachments:
        return _CRLF.join([*lines, *head, b"", encoded])
    boundary = f"----=_{style.identifier}".encode()
    lines.append(b'Content-Type: multipart/mixed; boundary="' + boundary + b'"')
    parts = [[*head, b"", encoded], *(_file_part(file) for file in attachments)]
    message = [*lines, b""]
    for part in parts:
        message += [b"--" + boundary, *part]
    return _CRLF.join([*message, b"--" + boundary + b"--", b""])


def _mailbox(name: str, address: str) -> bytes:
    if not name:
        return f"<{address}>".encode("latin-1")
    raw = name.encode("latin-1")
    shown = b'"' + raw + b'"' if raw.isascii() else _words(raw, Charset.UTF_8)
    return shown + f" <{address}>".encode("latin-1")


def _addressees(draft: MailDraft, kind: RecipientType, header: bytes) -> list[bytes]:
    addresses = [r.address for r in draft.recipients if r.kind is kind]
    if not addresses:
        return []
    listed = ",\r\n ".join(f"<{address}>" for address in addresses)
    return [header + b": " + listed.encode("latin-1")]


def _subject(draft: MailDraft) -> bytes:
    if draft.subject_charset is Charset.ASCII:
        return draft.subject.encode("latin-1")
    return _words(bytes.fromhex(draft.subject), draft.subject_charset)


def _words(raw: bytes, charset: Charset) -> bytes:
    """RFC 2047 encoded words, none of which cuts a character in two."""
    try:
        pieces = [c.encode(charset.mime_name) for c in raw.decode(charset.mime_name)]
    except UnicodeDecodeError:
        pieces = [raw]
    groups = [b""]
    for piece in pieces:
        if len(groups[-1]) + len(piece) > _WORD_BYTES:
            groups.append(b"")
        groups[-1] += piece
    name = charset.mime_name.encode()
    return b"\r\n ".join(
        b"=?" + name + b"?B?" + base64.b64encode(group) + b"?=" for group in groups
    )


def _text_part(
    body: bytes, charset: Charset, encoding: str
) -> tuple[list[bytes], bytes]:
    plain = encoding == "8bit" or (encoding == "auto" and charset is Charset.ASCII)
    named = "8bit" if plain and not body.isascii() else "7bit" if plain else "base64"
    head = [
        f"Content-Type: text/plain; charset={charset.mime_name}".encode(),
        f"Content-Transfer-Encoding: {named}".encode(),
    ]
    return head, body if plain else _base64(body)


def _file_part(file: Attachment) -> list[bytes]:
    raw = file.name.encode("latin-1")
    return [
        b'Content-Type: application/octet-stream; name="' + raw + b'"',
        b"Content-Transfer-Encoding: base64",
        b'Content-Disposition: attachment; filename="' + raw + b'"',
        b"",
        _base64(file.data),
    ]


def _base64(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", _CRLF)
