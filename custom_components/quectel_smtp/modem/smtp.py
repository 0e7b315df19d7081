"""One email through QSMTPCFG, DST, SUB, BODY, PUT and CLR (SMTP note, chapter 2.3)."""

import asyncio
from dataclasses import dataclass, field
from email.charset import BASE64, QP, Charset
from enum import IntEnum, StrEnum
import re
from typing import Final

from . import attachments
from .at import AtChannel
from .attachments import ATTACHMENT_LIMIT, Attachment
from .codes import CmeCode, SmtpError, SmtpReply
from .commands import RESULT_MARGIN, Command, Deadline
from .errors import CommandError, DataModeError, InvalidValueError, ModemError
from .exchange import Expectation
from .syntax import hex_string, integer, number, parameters, quote
from .tls import SSL_CONTEXT, TlsSettings

FIELD_LIMIT: Final = 50
SUBJECT_LIMIT: Final = 100
BODY_LIMIT: Final = 10240
LINE_LIMIT: Final = 998
"""Bytes of one line of a body, without its end (RFC 5321 4.5.3.1.6)."""
RECIPIENT_LIMIT: Final = 20
PUT_TIME_MIN: Final = 60
PUT_TIME_MAX: Final = 65535

_RESULT: Final = "+QSMTPPUT:"
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9](-*[A-Za-z0-9])*(\.[A-Za-z0-9](-*[A-Za-z0-9])*)*"
)
_LINE_ENDS: Final = re.compile(r"\r\n|\r|\n")


class Security(IntEnum):
    """``<SSL_type>``: how the connection to the server is secured (note 1.1)."""

    NONE = 0
    TLS = 1
    STARTTLS = 2


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


def check_address(address: str, field: str) -> str:
    """Return ``address`` if the modem can take it: ASCII, at most 50 bytes, one ``@``.

    The modem puts it into an SMTP command as it is, so that a space, a quotation mark
    or an angle bracket is refused along with everything else that is no plain
    ``local@domain``.
    """
    quote(address, field, FIELD_LIMIT)
    if not _ADDRESS.fullmatch(address):
        raise InvalidValueError(field, "invalid")
    return address


def sender_phrase(name: str) -> str:
    """Return the sender's name as the header can carry it (RFC 2047 if need be)."""
    if name.isascii() and name.isprintable() and '"' not in name:
        return name
    if not name.replace("\u200d", "").isprintable():
        raise InvalidValueError("sender_name", "forbidden_character")
    encoded = []
    for encoding in (QP, BASE64):
        charset = Charset("utf-8")
        charset.header_encoding = encoding
        encoded.append(charset.header_encode(name))
    return min(encoded, key=len)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The mail server, the account on it and the sender; each up to 50 bytes.

    ``tls`` says how the server is verified; it has no effect with ``Security.NONE``.
    """

    host: str
    port: int
    security: Security
    username: str
    password: str
    sender_name: str
    sender_address: str
    tls: TlsSettings = field(default_factory=TlsSettings)

    def __post_init__(self) -> None:
        """Refuse what the modem's commands can't carry."""
        if not self.host:
            raise InvalidValueError("host", "empty")
        check_address(self.sender_address, "sender_address")
        self.commands(context_id=1)

    def commands(
        self, context_id: int, *, has_body_original: bool = False
    ) -> tuple[tuple[str, str], ...]:
        """Return name and line of each setting (note 2.3.1).

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


@dataclass(frozen=True, slots=True)
class Message:
    """One email as the modem takes it; up to 20 addresses in all.

    The subject is at most 100 bytes and one line, the body at most 10,240 bytes once
    its line ends are CR LF and one stands at its end. Text that is not plain ASCII is
    sent in ``charset``. Up to ten attachments travel with it.
    """

    subject: str
    body: str
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    charset: TextCharset = TextCharset.UTF_8

    def __post_init__(self) -> None:
        """Refuse what the modem can't take, field by field."""
        self.destination_commands()
        self.subject_command()
        body_bytes(self.body, self.charset)
        if len(self.attachments) > ATTACHMENT_LIMIT:
            raise InvalidValueError("attachments", "too_long", ATTACHMENT_LIMIT)

    def destination_commands(self) -> tuple[str, ...]:
        """Return a line for each address (note 2.3.2)."""
        kinds = ((1, self.to), (2, self.cc), (3, self.bcc))
        count = len(self.to) + len(self.cc) + len(self.bcc)
        if not count:
            raise InvalidValueError("recipients", "empty")
        if count > RECIPIENT_LIMIT:
            raise InvalidValueError("recipients", "too_long", RECIPIENT_LIMIT)
        return tuple(
            f'AT+QSMTPDST=1,{kind},"{check_address(address, "recipients")}"'
            for kind, addresses in kinds
            for address in addresses
        )

    def subject_command(self) -> str:
        """Return the line that sets the subject (note 2.3.3).

        What is not plain ASCII goes as the hex string of its bytes, and so does a
        quotation mark. A line end would let a text add headers of its own.
        """
        encoded = _encode(self.subject, "subject", self.charset)
        if len(encoded) > SUBJECT_LIMIT:
            raise InvalidValueError("subject", "too_long", SUBJECT_LIMIT)
        if any(byte < 0x20 or byte == 0x7F for byte in encoded):
            raise InvalidValueError("subject", "forbidden_character")
        if self.subject.isascii() and '"' not in self.subject:
            return f'AT+QSMTPSUB={int(TextCharset.ASCII)},"{self.subject}"'
        return f'AT+QSMTPSUB={int(self.charset)},"{hex_string(encoded)}"'


def _encode(text: str, field: str, charset: TextCharset) -> bytes:
    try:
        return text.encode(charset.codec)
    except UnicodeEncodeError as err:
        raise InvalidValueError(field, "invalid") from err


def body_bytes(body: str, charset: TextCharset = TextCharset.UTF_8) -> bytes:
    """Return the body as the modem gets it: line ends CR LF, one at the end.

    Ending with a line end also keeps a body from being a bare ``+++``. NUL has no
    place in an email (RFC 5321 4.5.2) and is refused, and so is a line over 998 bytes,
    which a server may refuse or break anywhere.
    """
    text = _LINE_ENDS.sub("\r\n", body)
    if not text.endswith("\r\n"):
        text += "\r\n"
    encoded = _encode(text, "body", charset)
    if b"\0" in encoded:
        raise InvalidValueError("body", "forbidden_character")
    if len(encoded) > BODY_LIMIT:
        raise InvalidValueError("body", "too_long", BODY_LIMIT)
    if any(len(line) > LINE_LIMIT for line in encoded.split(b"\r\n")):
        raise InvalidValueError("body", "too_long", LINE_LIMIT)
    return encoded


class Result(StrEnum):
    """What became of an email that was handed to the modem."""

    SENT = "sent"
    REFUSED = "refused"
    """Reported before, or instead of, acceptance by the server."""
    DOUBTFUL = "doubtful"
    """A reported error that may follow acceptance by the server."""
    UNKNOWN = "unknown"
    """The result was lost."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The typed end of one send.

    ``code`` is the modem's, a member of the code tables or an unknown number; None
    after a plain ``ERROR`` and when the result was lost. ``reply`` is the server's
    own, None where the modem gave none.
    """

    result: Result
    code: CmeCode | None = None
    reply: SmtpReply | int | None = None


_DOUBTFUL: Final = frozenset(
    {
        SmtpError.UNKNOWN,
        SmtpError.NETWORK,
        SmtpError.CLOSED_BY_PEER,
        SmtpError.TIMEOUT,
        SmtpError.SEND_FAILED,
    }
)


def parse_result(line: str) -> Outcome:
    """Return what ``+QSMTPPUT: <err>,<protocol_error>`` says (note 2.3.7).

    A code that no table knows may follow acceptance as well as not: it is doubtful. A
    line without a number in it says that something ended, not how.
    """
    found = parameters(line)
    error = number(found[0]) if found else None
    reply = number(found[1]) if len(found) > 1 else None
    if error is None:
        return Outcome(Result.UNKNOWN)
    server = SmtpReply.of(reply) if reply else None
    if error == 0:
        return Outcome(Result.SENT, reply=server)
    code = SmtpError.of(error)
    known = isinstance(code, SmtpError)
    refused = known and code not in _DOUBTFUL
    return Outcome(Result.REFUSED if refused else Result.DOUBTFUL, code, server)


async def prepare(channel: AtChannel, message: Message) -> Outcome | None:
    """Hand the email's content to the modem; None when it took all of it.

    A refusal by the modem is an outcome. Any other ``ModemError`` tells that nothing
    was sent either.
    """
    try:
        for line in message.destination_commands():
            await channel.execute(Command(line, secret=True))
        await channel.execute(Command(message.subject_command(), secret=True))
        await _write_body(channel, message)
        await attachments.attach(channel, message.attachments)
    except CommandError as err:
        return Outcome(Result.REFUSED, err.code)
    return None


async def _write_body(channel: AtChannel, message: Message) -> None:
    body = body_bytes(message.body, message.charset)
    charset = TextCharset.ASCII if body.isascii() else message.charset
    # Ten times what a line of 9,600 bit/s needs, and time to settle.
    seconds = 30 + len(body) // 100
    lines = await channel.transfer(
        Command(
            f"AT+QSMTPBODY={int(charset)},{len(body)},{seconds}",
            prefixes=("+QSMTPBODY:",),
        ),
        body,
        timeout=seconds + RESULT_MARGIN,
    )
    if not lines or number(parameters(lines[0])[0]) != len(body):
        raise DataModeError("AT+QSMTPBODY")


async def put(channel: AtChannel, timeout: int) -> Outcome:
    """Send the prepared email; ``timeout`` is 60-65535 s (note 2.3.7).

    The waiter stands before the command is written. Until then an exception tells that
    nothing was sent; from then on the email may leave, and a lost answer is an outcome.
    Only a cancellation leaves by another way, and the email in doubt.
    """
    seconds = integer(timeout, "timeout", PUT_TIME_MIN, PUT_TIME_MAX)
    command = Command(f"AT+QSMTPPUT={seconds}", deadline=Deadline.SIM)
    written = asyncio.Event()
    with channel.expect(_RESULT) as result:
        try:
            await channel.execute(command, written=written.set)
        except CommandError as err:
            return Outcome(Result.REFUSED, err.code)
        except ModemError:
            if not written.is_set():
                raise
        # Where OK was lost, the result may come all the same.
        return await _await_result(result, timeout)


async def _await_result(result: Expectation, timeout: int) -> Outcome:
    try:
        return parse_result(await result.wait(timeout + RESULT_MARGIN))
    except ModemError:
        return Outcome(Result.UNKNOWN)


async def clear(channel: AtChannel) -> None:
    """Remove recipients, subject, body and attachments (note 2.3.6)."""
    await channel.execute(Command("AT+QSMTPCLR"))
