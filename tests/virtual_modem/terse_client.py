"""The other mail client: its message, and how it talks to a server.

Points F1 to F7 of the project's page of evidence from published firmware. Where that
page is silent, it does as the note's client does, but for the sender's name, which it
takes as it is.
"""

import base64
from collections.abc import Sequence
from typing import override

from .errors import SMTP_NETWORK, SMTP_TRANSACTION_FAILED
from .mail_draft import Charset, MailDraft, MailSettings, RecipientType
from .mime import Attachment
from .smtp_delivery import Conversation

_CRLF = b"\r\n"
# F6: the same in every message
_BOUNDARY = b"----=_QuectelMailPart_0"
# F3
_HEADERS = {
    RecipientType.TO: b"To: ",
    RecipientType.CC: b"Cc: ",
    RecipientType.BCC: b"Bcc: ",
}


def compose(
    settings: MailSettings,
    draft: MailDraft,
    attachments: Sequence[Attachment],
    *,
    cut_short: bool,
) -> bytes:
    """The whole message (F3, F6).

    cut_short: without its end, for an attachment that can't be had (F2).
    """
    lines = [_sender(settings.sender_name, settings.sender_address)]
    for kind, header in _HEADERS.items():
        listed = ",".join(f"<{r.address}>" for r in draft.recipients if r.kind is kind)
        if listed:
            lines.append(header + listed.encode("latin-1"))
    lines += [
        b"Subject: " + _subject(draft),
        b"MIME-Version: 1.0",
        b'Content-Type: multipart/mixed; boundary="' + _BOUNDARY + b'"',
        b"",
        *_text_part(draft),
        *(line for file in attachments for line in _file_part(file)),
    ]
    if not cut_short:
        lines += [b"--" + _BOUNDARY + b"--", b""]
    return _CRLF.join(lines)


def _sender(name: str, address: str) -> bytes:
    shown = f"{name} <{address}>" if name else f"<{address}>"
    return b"From: " + shown.encode("latin-1")


def _subject(draft: MailDraft) -> bytes:
    """One encoded word, however long (F6)."""
    if draft.subject_charset is Charset.ASCII:
        raw = draft.subject.encode("latin-1")
    else:
        raw = bytes.fromhex(draft.subject)
    charset = draft.subject_charset.mime_name.encode()
    return b"=?" + charset + b"?B?" + base64.b64encode(raw) + b"?="


def _text_part(draft: MailDraft) -> list[bytes]:
    charset = draft.body_charset.mime_name.encode()
    return [
        b"--" + _BOUNDARY,
        b"Content-Type: text/plain; charset=" + charset,
        b"Content-Transfer-Encoding: base64",
        b"",
        _base64(draft.body or b""),
    ]


def _file_part(file: Attachment) -> list[bytes]:
    name = b'"' + file.name.encode("latin-1") + b'"'
    return [
        b"--" + _BOUNDARY,
        b"Content-Type: application/octet-stream; file_name=" + name,
        b"Content-Transfer-Encoding: base64",
        b"Content-Disposition: attachment; filename=" + name,
        b"",
        _base64(file.data),
    ]


def _base64(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", _CRLF)


class TerseConversation(Conversation):
    """A delivery that says 654 of every failure (F1)."""

    _ended = False

    @override
    def told(self, result: tuple[int, int]) -> tuple[int, int]:
        if self._ended and self.job.attachment_fault:
            # F2: whatever the server made of it
            return SMTP_TRANSACTION_FAILED, self.job.attachment_fault
        return result if result == (0, 0) else (SMTP_NETWORK, 0)

    @override
    def _may_upgrade(self) -> bool:
        # F4: not offered, or denied, and it goes on in clear
        client = self._client
        return client.has_extn("starttls") and client.docmd("STARTTLS")[0] == 220

    @override
    def _size(self) -> str:
        # F7
        return ""

    @override
    def _hand_over(self) -> tuple[int, bytes]:
        # F7: no dots are stuffed. The message ends with a line end, cut short or not
        self._expect(self._client.docmd("DATA"), 354)
        self._client.send(self.job.message + b"." + _CRLF)
        self._ended = True
        return self._client.getreply()
