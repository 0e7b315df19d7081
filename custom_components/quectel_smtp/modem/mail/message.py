"""An email's content: who, subject, body; and as the modem's mail client takes it."""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
import re
from typing import Final

from ..at.errors import InvalidValueError
from ..at.syntax import hex_string, quote
from .attachments import ATTACHMENT_LIMIT, Attachment

# Of the modem's mail client (SMTP note 2.3).
FIELD_LIMIT: Final = 50
SUBJECT_LIMIT: Final = 100
BODY_LIMIT: Final = 10240
RECIPIENT_LIMIT: Final = 20

# Of any mail server.
LINE_LIMIT: Final = 998
"""Bytes of one line of a body, without its end (RFC 5321 4.5.3.1.6)."""
ADDRESS_LIMIT: Final = 254
"""Bytes of an address: a path has 256 with its brackets (RFC 5321 4.5.3.1.3)."""
RECIPIENTS_MOST: Final = 100
"""Recipients that every server takes (RFC 5321 4.5.3.1.8)."""
TEXT_LIMIT: Final = 4_500_000
"""Bytes of a body: by no way is more sent."""
TITLE_LIMIT: Final = 1000
"""Bytes of a subject: 250 characters, whatever they are."""

_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](-*[A-Za-z0-9])*(\.[A-Za-z0-9](-*[A-Za-z0-9])*)*"
)
_LINE_ENDS: Final = re.compile(r"\r\n|\r|\n")
_SPECIAL: Final = re.compile(r"\"|=\?")


class TextCharset(IntEnum):
    """``<charset>`` of subject and body (note 2.3.3)."""

    ASCII = 0
    UTF_8 = 1
    GB2312 = 2
    BIG5 = 3

    @property
    def codec(self) -> str:
        """Python's name for it."""
        return self.name.lower()


class Priority(StrEnum):
    """How urgent an email is to whoever reads it."""

    HIGHEST = "highest"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"
    LOWEST = "lowest"


def check_address(address: str, field: str) -> str:
    """Return ``address`` if it can be sent to: ASCII, at most 254 bytes, one ``@``.

    It goes into an SMTP command as it is, so that a space, a quotation mark or an angle
    bracket is refused along with everything else that is no plain ``local@domain``.
    """
    quote(address, field, ADDRESS_LIMIT)
    if not _ADDRESS.fullmatch(address):
        raise InvalidValueError(field, "invalid")
    return address


@dataclass(frozen=True, slots=True)
class Message:
    """One email, by whichever way it goes; up to 100 addresses in all.

    The subject is at most 1,000 bytes and one line, the body at most 4,500,000 bytes
    once its line ends are CR LF and one stands at its end. Up to ten attachments
    travel with it. The modem's mail client takes less: what makes its commands says so.
    That client sends text that is not plain ASCII in ``charset`` and
    ``subject_charset``, and knows neither HTML nor priority nor ``reply_to``.
    """

    subject: str = field(repr=False)
    body: str = field(repr=False)
    to: tuple[str, ...] = field(default=(), repr=False)
    cc: tuple[str, ...] = field(default=(), repr=False)
    bcc: tuple[str, ...] = field(default=(), repr=False)
    attachments: tuple[Attachment, ...] = ()
    charset: TextCharset = TextCharset.UTF_8
    subject_charset: TextCharset = TextCharset.UTF_8
    html: str | None = field(default=None, repr=False)
    priority: Priority = Priority.NORMAL
    reply_to: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        """Refuse what can't be sent, field by field."""
        addresses = (*self.to, *self.cc, *self.bcc)
        if not addresses:
            raise InvalidValueError("recipients", "empty")
        if len(addresses) > RECIPIENTS_MOST:
            raise InvalidValueError("recipients", "too_many", RECIPIENTS_MOST)
        for address in addresses:
            check_address(address, "recipients")
        self._subject_bytes(TITLE_LIMIT)
        body_bytes(self.body, self.charset, TEXT_LIMIT)
        if len(self.attachments) > ATTACHMENT_LIMIT:
            raise InvalidValueError("attachments", "too_long", ATTACHMENT_LIMIT)

    def destination_commands(self) -> tuple[str, ...]:
        """Return a line for each address (note 2.3.2): up to 20 of up to 50 bytes."""
        kinds = ((1, self.to), (2, self.cc), (3, self.bcc))
        if len(self.to) + len(self.cc) + len(self.bcc) > RECIPIENT_LIMIT:
            raise InvalidValueError("recipients", "too_many", RECIPIENT_LIMIT)
        return tuple(
            f"AT+QSMTPDST=1,{kind},{quote(address, 'recipients', FIELD_LIMIT)}"
            for kind, addresses in kinds
            for address in addresses
        )

    def subject_command(self) -> str:
        """Return the line that sets the subject (note 2.3.3).

        What is not plain ASCII goes as the hex string of its bytes, and so does a
        quotation mark, and what a reader would take for an encoded word (RFC 2047 2).
        """
        encoded = self._subject_bytes(SUBJECT_LIMIT)
        if self.subject.isascii() and not _SPECIAL.search(self.subject):
            return f'AT+QSMTPSUB={int(TextCharset.ASCII)},"{self.subject}"'
        return f'AT+QSMTPSUB={int(self.subject_charset)},"{hex_string(encoded)}"'

    def _subject_bytes(self, limit: int) -> bytes:
        """Return the subject; a line end would let a text add headers of its own."""
        encoded = _encode(self.subject, "subject", self.subject_charset)
        if len(encoded) > limit:
            raise InvalidValueError("subject", "too_long", limit)
        if any(byte < 0x20 or byte == 0x7F for byte in encoded):
            raise InvalidValueError("subject", "forbidden_character")
        return encoded


def _encode(text: str, field: str, charset: TextCharset) -> bytes:
    try:
        return text.encode(charset.codec)
    except UnicodeEncodeError as err:
        raise InvalidValueError(field, "invalid") from err


def body_bytes(
    body: str, charset: TextCharset = TextCharset.UTF_8, limit: int = BODY_LIMIT
) -> bytes:
    """Return the body as the modem gets it: line ends CR LF, one at the end.

    Ending with a line end also keeps a body from being a bare ``+++``. NUL has no
    place in an email (RFC 5321 4.5.2) and is refused, and so is a line over 998 bytes,
    which a server may refuse or break anywhere. ``limit``: the most bytes, those of the
    modem's mail client unless it goes by another way.
    """
    text = _LINE_ENDS.sub("\r\n", body)
    if not text.endswith("\r\n"):
        text += "\r\n"
    encoded = _encode(text, "body", charset)
    if b"\0" in encoded:
        raise InvalidValueError("body", "forbidden_character")
    if len(encoded) > limit:
        raise InvalidValueError("body", "too_long", limit)
    if any(len(line) > LINE_LIMIT for line in encoded.split(b"\r\n")):
        raise InvalidValueError("body", "too_long", LINE_LIMIT)
    return encoded
