"""AT+QSMTP...: the SMTP note's chapter 2, in its order.

The limits, the ranges and what is printed are the note's, its slips included.
"""

from collections.abc import Callable
import re
from typing import TYPE_CHECKING

from ..errors import (
    PLAIN_ERROR,
    SMTP_BUSY,
    SMTP_NO_RECIPIENT,
    SMTP_OPEN_FILE,
    SMTP_WRONG_PARAMETER,
    AtError,
)
from ..mail_draft import Charset, MailDraft, Recipient, RecipientType, SslType
from ..profiles import BodyOriginal
from ..syntax import Form
from .registry import Handler, entering

if TYPE_CHECKING:
    from ..call import Call
    from ..modem import Modem

_LONGEST_TEXT = 50
_MOST_RECIPIENTS = 20
_LONGEST_ASCII_SUBJECT = 100
_LONGEST_HEX_SUBJECT = 200
_LONGEST_BODY = 10240
_LONGEST_TIME = 65535
_DEFAULT_INPUT_TIME = 90
_SHORTEST_PUT = 60
_MOST_ATTACHMENTS = 10
_EVEN_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*", re.ASCII)

COMMANDS: dict[str, Handler] = {}
_command = entering(COMMANDS)


def _begin(modem: Modem, call: Call) -> None:
    """What holds for every command of the family but its test form."""
    call.wrong = SMTP_WRONG_PARAMETER
    if not modem.sim.ready:
        # 4.1: a plain ERROR, with CPIN? to be asked for the reason
        raise AtError(PLAIN_ERROR)
    if modem.mail.sending:
        raise AtError(SMTP_BUSY)


# 2.3.1


@_command("+QSMTPCFG")
def qsmtpcfg(modem: Modem, call: Call) -> None:
    """Server, account and SSL settings: seven of them."""
    if call.form is Form.TEST:
        _describe_settings(modem, call)
        return
    _begin(modem, call)
    if call.form is not Form.WRITE:
        raise AtError(PLAIN_ERROR)
    setting = _SETTINGS.get(call.string(0).lower())
    if setting is None or (
        setting is _body_original and modem.profile.body_original is BodyOriginal.ABSENT
    ):
        raise AtError(SMTP_WRONG_PARAMETER)
    setting(modem, call)


def _describe_settings(modem: Modem, call: Call) -> None:
    contexts, ssl_contexts = modem.profile.contexts, modem.profile.ssl_contexts
    call.info('+QSMTPCFG: "account",<username>,<password>')
    call.info('+QSMTPCFG: "sender",<sender_name>,<sender_email>')
    call.info('+QSMTPCFG: "smtpserver",<srvaddr>,<srvport>')
    call.info(f'+QSMTPCFG: "contextid",(1-{contexts})')
    call.info(f'+QSMTPCFG: "sslctxid",(0-{ssl_contexts - 1})')
    call.info('+QSMTPCFG: "ssltype",(0-2)')
    if modem.profile.body_original is not BodyOriginal.ABSENT:
        call.info('+QSMTPCFG: "bodyoriginal",(0,1)')


def _account(modem: Modem, call: Call) -> None:
    settings = modem.mail.settings
    if call.count(1, 3) == 1:
        password = settings.password
        if modem.settings.password_echo == "masked":
            # N saw this for another client's account
            password = "****"
        call.info(f'+QSMTPCFG: "account","{settings.username}","{password}"')
        return
    call.count(3, 3)
    username, password = (call.string(index, _LONGEST_TEXT) for index in (1, 2))
    settings.username, settings.password = username, password


def _sender(modem: Modem, call: Call) -> None:
    settings = modem.mail.settings
    if call.count(1, 3) == 1:
        name, address = settings.sender_name, settings.sender_address
        call.info(f'+QSMTPCFG: "sender","{name}","{address}"')
        return
    call.count(3, 3)
    name, address = (call.string(index, _LONGEST_TEXT) for index in (1, 2))
    settings.sender_name, settings.sender_address = name, address


def _server(modem: Modem, call: Call) -> None:
    settings = modem.mail.settings
    if call.count(1, 3) == 1:
        call.info(f'+QSMTPCFG: "smtpserver","{settings.server}",{settings.port}')
        return
    server = call.string(1, _LONGEST_TEXT)
    # 2.1.2: a parameter that is left out keeps its value
    port = call.number(2, 1, 65535, settings.port)
    settings.server, settings.port = server, port


def _context(modem: Modem, call: Call) -> None:
    if call.count(1, 2) == 1:
        call.info(f'+QSMTPCFG: "contextid",{modem.mail.settings.context}')
        return
    modem.mail.settings.context = call.number(1, 1, modem.profile.contexts)


def _ssl_context(modem: Modem, call: Call) -> None:
    if call.count(1, 2) == 1:
        call.info(f'+QSMTPCFG: "sslctxid",{modem.mail.settings.ssl_context}')
        return
    highest = modem.profile.ssl_contexts - 1
    modem.mail.settings.ssl_context = call.number(1, 0, highest)


def _ssl_type(modem: Modem, call: Call) -> None:
    if call.count(1, 2) == 1:
        call.info(f'+QSMTPCFG: "ssltype",{modem.mail.settings.ssl_type.value}')
        return
    modem.mail.settings.ssl_type = SslType(call.number(1, 0, 2))


def _body_original(modem: Modem, call: Call) -> None:
    if call.count(1, 2) == 1:
        call.info(f'+QSMTPCFG: "bodyoriginal",{int(modem.mail.settings.body_original)}')
        return
    modem.mail.settings.body_original = call.number(1, 0, 1) == 1


_SETTINGS: dict[str, Callable[[Modem, Call], None]] = {
    "account": _account,
    "sender": _sender,
    "smtpserver": _server,
    "contextid": _context,
    "sslctxid": _ssl_context,
    "ssltype": _ssl_type,
    "bodyoriginal": _body_original,
}


# 2.3.2


@_command("+QSMTPDST")
def qsmtpdst(modem: Modem, call: Call) -> None:
    """Recipients: at most 20, Cc and Bcc included."""
    if call.form is Form.TEST:
        call.info("+QSMTPDST: (0,1),(1-3),<emailaddr>")
        return
    _begin(modem, call)
    draft = modem.mail.draft
    match call.form:
        case Form.READ:
            for recipient in draft.recipients:
                call.info(f'+QSMTPDST: {recipient.kind.value},"{recipient.address}"')
        case Form.WRITE if call.number(0, 0, 1) == 1:
            call.count(3, 3)
            kind = RecipientType(call.number(1, 1, 3))
            address = call.string(2, _LONGEST_TEXT)
            if not address or len(draft.recipients) >= _MOST_RECIPIENTS:
                raise AtError(SMTP_WRONG_PARAMETER)
            draft.recipients.append(Recipient(kind, address))
        case Form.WRITE:
            _delete_recipients(draft, call)
        case _:
            raise AtError(PLAIN_ERROR)


def _delete_recipients(draft: MailDraft, call: Call) -> None:
    """Mode 0: one of a type, all of a type, or all."""
    given = call.count(1, 3)
    kind = RecipientType(call.number(1, 1, 3)) if given > 1 else None
    address = call.string(2, _LONGEST_TEXT) if given > 2 else None
    kept = [
        recipient
        for recipient in draft.recipients
        if (kind is not None and recipient.kind is not kind)
        or (address is not None and recipient.address != address)
    ]
    if address is not None and len(kept) == len(draft.recipients):
        raise AtError(SMTP_WRONG_PARAMETER)
    draft.recipients = kept


# 2.3.3


@_command("+QSMTPSUB")
def qsmtpsub(modem: Modem, call: Call) -> None:
    """The subject: as it is in ASCII, in hexadecimal digits otherwise."""
    if call.form is Form.TEST:
        call.info("+QSMTPSUB: (0-3),<subject>")
        return
    _begin(modem, call)
    draft = modem.mail.draft
    match call.form:
        case Form.READ:
            slip = modem.profile.csmtpsub and not draft.subject_set
            name = "+CSMTPSUB" if slip else "+QSMTPSUB"
            call.info(f'{name}: {draft.subject_charset.value},"{draft.subject}"')
        case Form.WRITE:
            call.count(2, 2)
            charset = Charset(call.number(0, 0, 3))
            if charset is Charset.ASCII:
                subject = call.string(1, _LONGEST_ASCII_SUBJECT)
            else:
                subject = call.string(1, _LONGEST_HEX_SUBJECT)
                if _EVEN_HEX.fullmatch(subject) is None:
                    raise AtError(SMTP_WRONG_PARAMETER)
            draft.subject_charset, draft.subject = charset, subject
            draft.subject_set = True
        case _:
            raise AtError(PLAIN_ERROR)


# 2.3.4


@_command("+QSMTPBODY")
async def qsmtpbody(modem: Modem, call: Call) -> None:
    """The body, in data mode."""
    if call.form is Form.TEST:
        call.info("+QSMTPBODY: (0-3),(1-10240),(1-65535)")
        return
    _begin(modem, call)
    if call.form is Form.READ:
        return
    if call.form is not Form.WRITE:
        raise AtError(PLAIN_ERROR)
    call.count(2, 3)
    charset = Charset(call.number(0, 0, 3))
    length = call.number(1, 1, _LONGEST_BODY)
    time = call.number(2, 1, _LONGEST_TIME, _DEFAULT_INPUT_TIME)
    body, _ = await call.receive(length, time)
    draft = modem.mail.draft
    draft.body_charset, draft.body = charset, body
    call.info(f"+QSMTPBODY: {len(body)}")


# 2.3.5


@_command("+QSMTPATT")
def qsmtpatt(modem: Modem, call: Call) -> None:
    """Attachments: files of the store, under an index each."""
    if call.form is Form.TEST:
        call.info("+QSMTPATT: (0-1),(1-10),<file_name>")
        return
    _begin(modem, call)
    attachments = modem.mail.draft.attachments
    match call.form:
        case Form.READ:
            for index, name in sorted(attachments.items()):
                size = len(modem.files.content(name) or b"")
                call.info(f'+QSMTPATT: {index},"{name}",{size}')
        case Form.WRITE if call.number(0, 0, 1) == 1:
            call.count(3, 3)
            index = call.number(1, 1, _MOST_ATTACHMENTS)
            name = call.string(2, _LONGEST_TEXT)
            if modem.files.content(name) is None:
                raise AtError(SMTP_OPEN_FILE)
            full = modem.files.full_name(name)
            if full.startswith("RAM:"):
                # "The attachments can be UFS or SD files"
                raise AtError(SMTP_WRONG_PARAMETER)
            if index in attachments:
                # "different attachments should have different file index"
                raise AtError(SMTP_WRONG_PARAMETER)
            attachments[index] = full
        case Form.WRITE if call.count(1, 3) == 1:
            attachments.clear()
        case Form.WRITE:
            index = call.number(1, 1, _MOST_ATTACHMENTS)
            if attachments.pop(index, None) is None:
                raise AtError(SMTP_WRONG_PARAMETER)
        case _:
            raise AtError(PLAIN_ERROR)


# 2.3.6


@_command("+QSMTPCLR")
def qsmtpclr(modem: Modem, call: Call) -> None:
    """Empty what DST, SUB, BODY and ATT set."""
    if call.form is Form.TEST:
        return
    _begin(modem, call)
    if call.form is not Form.EXECUTE:
        raise AtError(PLAIN_ERROR)
    modem.mail.draft = MailDraft()


# 2.3.7


@_command("+QSMTPPUT")
async def qsmtpput(modem: Modem, call: Call) -> None:
    """Send: OK at once, the result later."""
    if call.form is Form.TEST:
        call.info(f"+QSMTPPUT: ({_SHORTEST_PUT}-{_LONGEST_TIME})")
        return
    _begin(modem, call)
    if call.form is not Form.WRITE:
        raise AtError(PLAIN_ERROR)
    call.count(1, 1)
    seconds = call.number(0, _SHORTEST_PUT, _LONGEST_TIME)
    mail = modem.mail
    if not mail.draft.recipients:
        raise AtError(SMTP_NO_RECIPIENT)
    if not mail.settings.server or not mail.settings.sender_address:
        raise AtError(SMTP_WRONG_PARAMETER)
    mail.sending = True

    def line(err: int, protocol_error: int) -> str:
        return f"+QSMTPPUT: {err},{protocol_error}"

    async def report(err: int, protocol_error: int) -> bool:
        return await call.later(
            [line(err, protocol_error)],
            line,
            routed=modem.profile.put_result_routed,
            before=mail.sent,
        )

    if call.result_first:
        await mail.send(seconds, report)
    else:
        call.follow_ups.append(lambda: mail.send(seconds, report))


# The GSM kind (G): commands of their own for what QSMTPCFG does, none of which a driver
# for the note's set can use. Their test forms answer, so that the kind is known.

OLD_GSM_COMMANDS: dict[str, Handler] = {}


@entering(OLD_GSM_COMMANDS)(
    "+QSMTPUSER",
    "+QSMTPPWD",
    "+QSMTPADDR",
    "+QSMTPNAME",
    "+QSMTPSRV",
    "+QSMTPDST",
    "+QSMTPSUB",
    "+QSMTPBODY",
    "+QSMTPATT",
    "+QSMTPCLR",
    "+QSMTPPUT",
)
def old_gsm(modem: Modem, call: Call) -> None:
    """The old kind's commands exist; everything but the test form is refused."""
    if call.form is not Form.TEST:
        raise AtError(PLAIN_ERROR)
    if call.command.name == "+QSMTPPUT":
        call.info("+QSMTPPUT: (60-600)")
