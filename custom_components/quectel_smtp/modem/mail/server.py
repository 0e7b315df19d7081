"""The mail server's settings: host, port, security, account, sender (note 2.3.1)."""

from dataclasses import dataclass, field
from email.charset import BASE64, QP, Charset
from enum import IntEnum
import re
from typing import Final

from ..at.errors import InvalidValueError
from ..at.syntax import integer, quote
from ..network.dns import HOST_LIMIT
from .message import FIELD_LIMIT, check_address
from .tls import SSL_CONTEXT, TlsSettings

TEXT_LIMIT: Final = 255
"""Bytes of a user name and of a password that a server takes (RFC 4616 2)."""


class Security(IntEnum):
    """``<SSL_type>``: how the connection to the server is secured (note 1.1)."""

    NONE = 0
    TLS = 1
    STARTTLS = 2


# Words of letters, digits and marks that mean nothing in a header (RFC 5322 3.2.3),
# perhaps with a full stop, which every reader takes (RFC 5322 4.1).
_WORD: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+\.?"
_PLAIN: Final = re.compile(rf"(?:{_WORD}(?: {_WORD})*)?")


def _check_text(value: str, name: str) -> None:
    """Refuse what is too long, or has a character that ends or hides something."""
    if len(value.encode("utf-8", "surrogatepass")) > TEXT_LIMIT:
        raise InvalidValueError(name, "too_long", TEXT_LIMIT)
    if not value.replace("\u200d", "").isprintable():
        raise InvalidValueError(name, "forbidden_character")


def sender_phrase(name: str) -> str:
    """Return the sender's name as a header can carry it, with quotation marks or without.

    The note doesn't say whether the modem puts them around it, and a value can't hold
    any. So all but plain words goes as an encoded word (RFC 2047), which is read in
    either place.
    """
    if _PLAIN.fullmatch(name) and "=?" not in name:
        return name
    _check_text(name, "sender_name")
    encoded = []
    for encoding in (QP, BASE64):
        charset = Charset("utf-8")
        charset.header_encoding = encoding
        encoded.append(charset.header_encode(name))
    return min(encoded, key=len)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The mail server, the account on it and the sender.

    Up to 200 bytes of ASCII for the host, 254 for the sender's address, and 255 of
    UTF-8 for the others, without a control character. The modem's mail client takes
    less: ``commands`` says so. ``tls`` says how the server is verified; it has no effect
    with ``Security.NONE``.
    """

    host: str
    port: int
    security: Security
    username: str = field(repr=False)
    password: str = field(repr=False)
    sender_name: str = field(repr=False)
    sender_address: str = field(repr=False)
    tls: TlsSettings = field(default_factory=TlsSettings)

    def __post_init__(self) -> None:
        """Refuse what no mail server takes."""
        if not self.host:
            raise InvalidValueError("host", "empty")
        quote(self.host, "host", HOST_LIMIT)
        integer(self.port, "port", 1, 65535)
        check_address(self.sender_address, "sender_address")
        for field_name, value in (
            ("username", self.username),
            ("password", self.password),
            ("sender_name", self.sender_name),
        ):
            _check_text(value, field_name)

    def commands(
        self, context_id: int, *, has_body_original: bool = False
    ) -> tuple[tuple[str, str], ...]:
        """Return name and line of each setting (note 2.3.1).

        ``InvalidValueError`` for what the modem's mail client can't take: more than 50
        bytes, a quotation mark, and anything beyond ASCII but in the sender's name.
        ``bodyoriginal`` is turned off where the firmware has it: another program may
        have left it on, and then a text would go without its charset.
        """
        phrase = sender_phrase(self.sender_name)
        secured = (
            (("sslctxid", f'AT+QSMTPCFG="sslctxid",{SSL_CONTEXT}'),)
            if self.security is not Security.NONE
            else ()
        )
        return (
            (
                "contextid",
                f'AT+QSMTPCFG="contextid",{integer(context_id, "context", 1, 16)}',
            ),
            ("ssltype", f'AT+QSMTPCFG="ssltype",{int(self.security)}'),
            *secured,
            (
                "smtpserver",
                f'AT+QSMTPCFG="smtpserver",{quote(self.host, "host", FIELD_LIMIT)},'
                f"{integer(self.port, 'port', 1, 65535)}",
            ),
            (
                "account",
                'AT+QSMTPCFG="account",'
                f"{quote(self.username, 'username', FIELD_LIMIT)},"
                f"{quote(self.password, 'password', FIELD_LIMIT)}",
            ),
            (
                "sender",
                f'AT+QSMTPCFG="sender",{quote(phrase, "sender_name", FIELD_LIMIT)},'
                f"{quote(self.sender_address, 'sender_address', FIELD_LIMIT)}",
            ),
            *(
                (("bodyoriginal", 'AT+QSMTPCFG="bodyoriginal",0'),)
                if has_body_original
                else ()
            ),
        )
