"""The email that QSMTPCFG, DST, SUB, BODY and ATT put together; lost at a reboot."""

from dataclasses import dataclass, field
from enum import IntEnum


class Charset(IntEnum):
    """<charset> of subject and body (SMTP note 2.3.3, 2.3.4)."""

    ASCII = 0
    UTF_8 = 1
    GB2312 = 2
    BIG5 = 3

    @property
    def mime_name(self) -> str:
        """Its name in a message's header."""
        return ("us-ascii", "utf-8", "gb2312", "big5")[self]


class RecipientType(IntEnum):
    """<type> of QSMTPDST; the note calls the first "all recipients"."""

    TO = 1
    CC = 2
    BCC = 3


class SslType(IntEnum):
    """<SSL_type> (SMTP note 1.1)."""

    NONE = 0
    SSL = 1
    STARTTLS = 2


@dataclass(frozen=True, slots=True)
class Recipient:
    """One address."""

    kind: RecipientType
    address: str


@dataclass(slots=True)
class MailSettings:
    """QSMTPCFG's seven settings with their defaults (SMTP note 2.3.1)."""

    username: str = ""
    password: str = ""
    sender_name: str = ""
    sender_address: str = ""
    server: str = ""
    port: int = 25
    context: int = 1
    ssl_context: int = 1
    ssl_type: SslType = SslType.NONE
    body_original: bool = False


@dataclass(slots=True)
class MailDraft:
    """The content, which QSMTPCLR empties."""

    recipients: list[Recipient] = field(default_factory=list)
    subject_charset: Charset = Charset.ASCII
    # as the command gave it: text, or hexadecimal digits
    subject: str = ""
    subject_set: bool = False
    body_charset: Charset = Charset.ASCII
    body: bytes | None = None
    # index -> full name in the file store
    attachments: dict[int, str] = field(default_factory=dict)
