"""An email as a mail server takes it: headers, text, HTML and files, by ``email``.

What is there is put together as readers expect it: the text beside its version in HTML,
of which they show one; that with the pictures that it shows; and all of it with the
other files (RFC 2046 5.1, RFC 2387).
"""

from collections.abc import Iterable
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
import re
from typing import Final, Self

from ...modem.mail.attachments import Attachment
from ...modem.mail.message import Message, Priority
from ...modem.mail.server import ServerSettings

# Seven bits: not every server takes eight, and lines may be as long as they like.
_POLICY: Final = SMTP.clone(cte_type="7bit")
# RFC 5322 3.4, 3.6.3: a group of nobody, where all are hidden.
_NOBODY: Final = "undisclosed-recipients:;"
# What readers know: a number, and the words of RFC 2156 5.3.4.
_PRIORITIES: Final = {
    Priority.HIGHEST: ("1 (Highest)", "high"),
    Priority.HIGH: ("2 (High)", "high"),
    Priority.LOW: ("4 (Low)", "low"),
    Priority.LOWEST: ("5 (Lowest)", "low"),
}
# RFC 6838 4.2. Whatever else it says of itself is a file. A message in a message is one, too: nobody
# has made sure that it is sound.
_TYPE: Final = re.compile(
    r"(application|audio|font|image|model|text|video)"
    r"/([A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126})"
)
_FILE: Final = ("application", "octet-stream")
_CONTENT_ID: Final = re.compile(r"[!#-;=?-~]{1,255}")
# With which an encoded word begins (RFC 2047 2).
_ENCODED: Final = "=?"
# Of a text of which more than this needs three characters for a byte, base64 is shorter.
_MOST_QUOTED: Final = 6


class _Finished(str):
    """A header's value that ``email`` writes as it is: it reads none in it, nor folds it."""

    __slots__ = ("name",)
    name: str

    @classmethod
    def of(cls, name: str, value: str) -> Self:
        """Return it with the name by which ``email`` knows that it is finished."""
        found = cls(value)
        found.name = name
        return found

    def fold(self, *, policy: EmailPolicy) -> str:
        """Return the header's lines."""
        return f"{self.name}: {self}{policy.linesep}"


def compose(
    message: Message, server: ServerSettings, *, now: datetime, reference: str
) -> bytes:
    """Return the email; a hidden recipient is in no header.

    ``now``: aware, for its date. ``reference`` names the email, whatever the attempt:
    a server that gets a second copy may know it by that.
    """
    sender = server.sender_address
    email = EmailMessage(policy=_POLICY)
    email["From"] = _sender(_one_line(server.sender_name), sender)
    if message.to:
        email["To"] = ", ".join(message.to)
    elif not message.cc:
        email["To"] = _NOBODY
    if message.cc:
        email["Cc"] = ", ".join(message.cc)
    if message.reply_to:
        email["Reply-To"] = message.reply_to
    email["Subject"] = _subject(_one_line(message.subject))
    email["Date"] = format_datetime(now)
    email["Message-ID"] = f"<{reference}@{sender.rpartition('@')[2]}>"
    if message.priority in _PRIORITIES:
        number, word = _PRIORITIES[message.priority]
        email["X-Priority"] = number
        email["Importance"] = word
    _fill(email, message)
    return email.as_bytes()


def _sender(name: str, address: str) -> Address | _Finished:
    if _ENCODED not in name:
        return Address(name, addr_spec=address)
    return _Finished.of("From", f"{_encoded('From', name)}\r\n <{address}>")


def _subject(text: str) -> str:
    if _ENCODED not in text:
        return text
    return _Finished.of("Subject", _encoded("Subject", text))


def _encoded(header: str, text: str) -> str:
    """Return a text that says ``=?`` as one in which no reader finds an encoded word."""
    return Header(text, "utf-8", header_name=header).encode(linesep="\r\n")


def _fill(email: EmailMessage, message: Message) -> None:
    email.set_content(message.body, charset="utf-8", cte=_encoding(message.body))
    if message.html is not None:
        email.make_alternative()
        email.attach(_page(message.html, message.attachments))
    for file in message.attachments:
        if message.html is None or not is_shown(file):
            kind, subtype = _type(file)
            email.add_attachment(file.data, kind, subtype, filename=file.name)


def _page(html: str, files: Iterable[Attachment]) -> EmailMessage:
    """Return HTML, with the files that it shows."""
    page = EmailMessage(policy=_POLICY)
    page.set_content(html, subtype="html", charset="utf-8", cte=_encoding(html))
    for file in filter(is_shown, files):
        kind, subtype = _type(file)
        page.add_related(
            file.data, kind, subtype, filename=file.name, disposition="inline"
        )
        *_, part = page.iter_parts()
        # In one piece, however long: HTML names it as it is.
        part["Content-ID"] = _Finished.of("Content-ID", f"<{file.content_id}>")
    return page


def _encoding(text: str) -> str:
    """Return how a text is written: 7 bits if it is so, else what takes less room."""
    encoded = text.encode()
    special = sum(byte > 0x7E or byte == 0x3D for byte in encoded)
    lines = max(map(len, encoded.split(b"\n")))
    if encoded.isascii() and lines <= 998:
        return "7bit"
    return "base64" if special * _MOST_QUOTED > len(encoded) else "quoted-printable"


def is_shown(file: Attachment) -> bool:
    """Whether HTML can show a file by its content id (RFC 2392)."""
    return file.content_id is not None and bool(_CONTENT_ID.fullmatch(file.content_id))


def _type(file: Attachment) -> tuple[str, str]:
    found = _TYPE.fullmatch(file.content_type)
    return (found[1], found[2]) if found else _FILE


def _one_line(text: str) -> str:
    """Return a text without what would end a header, or that Unicode calls a line end."""
    return " ".join(text.splitlines())
