"""The result-code tables of the modem, each code a named member with its meaning.

A number that no table knows survives as itself: the tables name codes, they never
filter them. Look-ups are the ``of`` class methods; they return the member, or the
number unchanged.
"""

from enum import IntEnum
from typing import Final, Self


class _Code(IntEnum):
    """A numeric code that carries the meaning its specification gives it."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Self:
        """Make a member whose integer value is the code itself."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    @classmethod
    def of(cls, number: int) -> Self | int:
        """Return the member for ``number``, or ``number`` itself if it is unknown."""
        try:
            return cls(number)  # type: ignore[call-arg]  # the meaning is not looked up
        except ValueError:
            return number


class SmtpError(_Code):
    """``<err>`` of the SMTP commands (SMTP note, chapter 5)."""

    UNKNOWN = 651, "unknown error"
    BUSY = 652, "the SMTP client is busy with a body or an email"
    DNS = 653, "the mail server's name could not be resolved"
    NETWORK = 654, "network error between the modem and the mail server"
    AUTH_TYPE_UNSUPPORTED = 655, "the server offers no login method the modem knows"
    CLOSED_BY_PEER = 656, "the mail server closed the connection"
    PDP_DEACTIVATED = 657, "the PDP context is deactivated"
    TIMEOUT = 658, "the modem's own time limit passed"
    NO_RECIPIENT = 659, "the email has no recipient"
    SEND_FAILED = 660, "the email could not be sent"
    FILE_OPEN = 661, "a file could not be opened"
    ATTACHMENT_MEMORY = 662, "the modem has too little memory for the attachment"
    ATTACHMENT_SAVE = 663, "the attachment could not be saved"
    PARAMETER = 664, "the modem refused an input parameter"
    TLS = 665, "the TLS connection could not be authenticated"
    SERVICE_UNAVAILABLE = 666, "the mail service is not available"
    MAILBOX_BUSY = 667, "the mailbox is unavailable for now"
    LOCAL_ERROR = 668, "the mail server had a local error"
    STORAGE_SHORT = 669, "the mail server is short of storage"
    SYNTAX = 670, "the mail server did not recognise a command"
    ARGUMENT_SYNTAX = 671, "the mail server did not accept an argument"
    NOT_IMPLEMENTED = 672, "the mail server does not implement a command"
    BAD_SEQUENCE = 673, "the mail server refused the sequence of commands"
    PARAMETER_NOT_IMPLEMENTED = 674, "the mail server does not implement a parameter"
    NO_MAIL_ACCEPTED = 675, "the domain does not accept mail"
    ACCESS_DENIED = 676, "the mail server denied access"
    AUTH_FAILED = 677, "the mail server refused user name or password"
    MAILBOX_UNAVAILABLE = 678, "the mailbox does not exist or refuses the email"
    USER_NOT_LOCAL = 679, "the user is not local to the mail server"
    STORAGE_EXCEEDED = 680, "the email exceeds the storage allowed"
    MAILBOX_NAME = 681, "the mailbox name is not allowed"
    TRANSACTION_FAILED = 682, "the mail server refused the email"


class SmtpReply(_Code):
    """``<protocol_error>``, the server's own reply (SMTP note, chapter 6).

    The note lists the replies from 421 on; a sister firmware also passes on the
    positive ones.
    """

    OK_NON_STANDARD = 200, "success"
    SYSTEM_STATUS = 211, "system status"
    HELP = 214, "help message"
    READY = 220, "service ready"
    CLOSING = 221, "service closing the channel"
    AUTH_SUCCEEDED = 235, "authentication succeeded"
    OK = 250, "action completed"
    FORWARDED = 251, "user not local, will forward"
    AUTH_CONTINUE = 334, "authentication challenge"
    START_INPUT = 354, "start of mail input"
    SERVICE_UNAVAILABLE = 421, "service not available, closing the channel"
    MAILBOX_BUSY = 450, "mailbox unavailable, action not taken"
    LOCAL_ERROR = 451, "local error in processing, action aborted"
    STORAGE_SHORT = 452, "insufficient system storage, action not taken"
    SYNTAX = 500, "syntax error, command unrecognised"
    ARGUMENT_SYNTAX = 501, "syntax error in parameters or arguments"
    NOT_IMPLEMENTED = 502, "command not implemented"
    BAD_SEQUENCE = 503, "bad sequence of commands"
    PARAMETER_NOT_IMPLEMENTED = 504, "command parameter not implemented"
    NO_MAIL_ACCEPTED = 521, "the domain does not accept mail"
    # RFC 4954 reads 530 as "authentication required"; the vendor's note (4.4) reads
    # it as "emails are sent too often". Which one a server means can't be told.
    ACCESS_DENIED = 530, "access denied: authentication required, or sent too often"
    AUTH_FAILED = 535, "authentication failed"
    MAILBOX_UNAVAILABLE = 550, "mailbox unavailable, action not taken"
    USER_NOT_LOCAL = 551, "user not local"
    STORAGE_EXCEEDED = 552, "storage allocation exceeded, action aborted"
    MAILBOX_NAME = 553, "mailbox name not allowed, action not taken"
    TRANSACTION_FAILED = 554, "transaction failed"


class TcpError(_Code):
    """Codes of the TCP/IP commands and of ``AT+QIGETERROR``."""

    SUCCESS = 0, "operation successful"
    UNKNOWN = 550, "unknown error"
    BLOCKED = 551, "operation blocked"
    INVALID_PARAMETERS = 552, "invalid parameters"
    MEMORY = 553, "not enough memory"
    SOCKET_CREATE = 554, "a socket could not be created"
    NOT_SUPPORTED = 555, "operation not supported"
    SOCKET_BIND = 556, "a socket could not be bound"
    SOCKET_LISTEN = 557, "a socket could not listen"
    SOCKET_WRITE = 558, "a socket could not be written"
    SOCKET_READ = 559, "a socket could not be read"
    SOCKET_ACCEPT = 560, "a socket could not accept"
    PDP_OPEN_FAILED = 561, "the PDP context could not be opened"
    PDP_CLOSE_FAILED = 562, "the PDP context could not be closed"
    SOCKET_IN_USE = 563, "the socket is in use"
    DNS_BUSY = 564, "the name service is busy"
    DNS_FAILED = 565, "the name could not be resolved"
    CONNECT_FAILED = 566, "the connection could not be made"
    SOCKET_CLOSED = 567, "the socket is closed"
    BUSY = 568, "another operation is under way"
    TIMEOUT = 569, "operation timed out"
    PDP_BROKEN = 570, "the PDP context broke down"
    SEND_CANCELLED = 571, "sending was cancelled"
    NOT_ALLOWED = 572, "operation not allowed, another context may hold the bearer"
    APN_NOT_CONFIGURED = 573, "the APN is not configured"
    PORT_BUSY = 574, "the port is busy"


# Two whose numbers differ between firmwares, 573 and 574 among them.
_DISPUTED: Final = frozenset({TcpError.APN_NOT_CONFIGURED, TcpError.PORT_BUSY})


def tcp_code(number: int, text: str) -> TcpError | int:
    """Return what ``AT+QIGETERROR`` means by ``number`` and ``text``.

    The text decides where firmwares number differently; a number whose text has yet
    another meaning stays a number.
    """
    said = text.lower()
    if "apn" in said:
        return TcpError.APN_NOT_CONFIGURED
    if "port busy" in said:
        return TcpError.PORT_BUSY
    return number if said and number in _DISPUTED else TcpError.of(number)


class FileError(_Code):
    """Codes of the file commands (the note's document [4])."""

    INVALID_INPUT = 400, "invalid input value"
    LARGER_THAN_FILE = 401, "larger than the size of the file"
    READ_ZERO = 402, "nothing to read"
    DRIVE_FULL = 403, "the file store is full"
    MOVE = 404, "the file could not be moved"
    NOT_FOUND = 405, "file not found"
    INVALID_NAME = 406, "invalid file name"
    EXISTS = 407, "the file exists already"
    CREATE = 408, "the file could not be created"
    WRITE = 409, "the file could not be written"
    OPEN = 410, "the file could not be opened"
    READ = 411, "the file could not be read"
    LENGTH = 412, "invalid length"
    MAX_OPEN = 413, "too many open files"
    READ_ONLY = 414, "the file is read-only"
    SIZE = 415, "the size could not be read"
    DESCRIPTOR = 416, "invalid file descriptor"
    LIST = 417, "the files could not be listed"
    DELETE = 418, "the file could not be deleted"
    DISK_INFO = 419, "the file store could not be examined"
    NO_SPACE = 420, "no space left"
    TIMEOUT = 421, "the upload timed out"
    NOT_FOUND_AGAIN = 422, "file not found"
    TOO_LARGE = 423, "the file is too large"
    EXISTS_AGAIN = 424, "the file exists already"
    INVALID_PARAMETER = 425, "invalid parameter"
    ALREADY_OPEN = 426, "the file is open already"
    GENERAL = 427, "general file error"
    RENAME = 428, "the file could not be renamed"
    DATA_MODE_LEFT = 429, "data mode was left"


class EquipmentError(_Code):
    """``+CME ERROR`` codes of 3GPP TS 27.007 that this integration meets."""

    PHONE_FAILURE = 0, "modem failure"
    NO_CONNECTION = 1, "no connection to the modem"
    NOT_ALLOWED = 3, "operation not allowed"
    NOT_SUPPORTED = 4, "operation not supported"
    PH_SIM_PIN_REQUIRED = 5, "PH-SIM PIN required"
    PH_FSIM_PIN_REQUIRED = 6, "PH-FSIM PIN required"
    PH_FSIM_PUK_REQUIRED = 7, "PH-FSIM PUK required"
    SIM_NOT_INSERTED = 10, "SIM not inserted"
    SIM_PIN_REQUIRED = 11, "SIM PIN required"
    SIM_PUK_REQUIRED = 12, "SIM PUK required"
    SIM_FAILURE = 13, "SIM failure"
    SIM_BUSY = 14, "SIM busy"
    SIM_WRONG = 15, "SIM wrong"
    INCORRECT_PASSWORD = 16, "incorrect password"
    SIM_PIN2_REQUIRED = 17, "SIM PIN2 required"
    SIM_PUK2_REQUIRED = 18, "SIM PUK2 required"
    MEMORY_FULL = 20, "memory full"
    INVALID_INDEX = 21, "invalid index"
    NOT_FOUND = 22, "not found"
    MEMORY_FAILURE = 23, "memory failure"
    TEXT_TOO_LONG = 24, "text string too long"
    INVALID_TEXT = 25, "invalid characters in text string"
    DIAL_TOO_LONG = 26, "dial string too long"
    INVALID_DIAL = 27, "invalid characters in dial string"
    NO_NETWORK = 30, "no network service"
    NETWORK_TIMEOUT = 31, "network timeout"
    EMERGENCY_ONLY = 32, "network not allowed, emergency calls only"
    NETWORK_PIN_REQUIRED = 40, "network personalisation PIN required"
    NETWORK_PUK_REQUIRED = 41, "network personalisation PUK required"
    SUBSET_PIN_REQUIRED = 42, "network subset personalisation PIN required"
    SUBSET_PUK_REQUIRED = 43, "network subset personalisation PUK required"
    PROVIDER_PIN_REQUIRED = 44, "service provider personalisation PIN required"
    PROVIDER_PUK_REQUIRED = 45, "service provider personalisation PUK required"
    CORPORATE_PIN_REQUIRED = 46, "corporate personalisation PIN required"
    CORPORATE_PUK_REQUIRED = 47, "corporate personalisation PUK required"
    INVALID_PARAMETERS = 50, "incorrect parameters"
    NOT_IMPLEMENTED = 51, "command implemented but currently disabled"
    COMMAND_ABORTED = 52, "command aborted by the user"
    NOT_ATTACHED = 53, "not attached to the network"
    UNKNOWN = 100, "unknown error"
    INITIALISING = 515, "initialisation or another command is under way"


type CmeCode = SmtpError | TcpError | FileError | EquipmentError | int

# Texts that ``+CME ERROR`` carries under CMEE=2, and on some firmware for file
# errors whatever CMEE says: compared in lower case.
_TEXTS: dict[str, CmeCode] = {
    "sim not inserted": EquipmentError.SIM_NOT_INSERTED,
    "sim pin required": EquipmentError.SIM_PIN_REQUIRED,
    "sim puk required": EquipmentError.SIM_PUK_REQUIRED,
    "sim failure": EquipmentError.SIM_FAILURE,
    "sim busy": EquipmentError.SIM_BUSY,
    "sim wrong": EquipmentError.SIM_WRONG,
    "incorrect password": EquipmentError.INCORRECT_PASSWORD,
    "operation not allowed": EquipmentError.NOT_ALLOWED,
    "operation not supported": EquipmentError.NOT_SUPPORTED,
    "no network service": EquipmentError.NO_NETWORK,
    "file not found": FileError.NOT_FOUND,
    "file already exist": FileError.EXISTS,
    "file already exists": FileError.EXISTS,
    "timeout": FileError.TIMEOUT,
}


def cme_code(text: str) -> CmeCode | None:
    """Return the code that the argument of ``+CME ERROR:`` stands for.

    The argument may be a number, or text whatever ``CMEE`` says (seen on hardware).
    The ranges of the code families don't overlap, so that the number alone tells the
    family. A text that no table knows gives ``None``.
    """
    stripped = text.strip()
    if stripped.isascii() and stripped.isdigit() and len(stripped) <= 9:
        number = int(stripped)
        for table in (SmtpError, FileError, EquipmentError, TcpError):
            code = table.of(number)
            if isinstance(code, table):
                return code
        return number
    return _TEXTS.get(stripped.lower())


def meaning_of(code: int | None) -> str:
    """Return the meaning of ``code`` in words, or a statement that it is unknown."""
    return getattr(code, "meaning", "not listed in the vendor's tables")
