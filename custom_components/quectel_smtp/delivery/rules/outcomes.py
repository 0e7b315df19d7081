"""What the modem's report of an attempt means for the email: tables, and what they say.

The tables name every result code of the modem (SMTP note, chapter 5) and every reply
of a mail server (chapter 6); a number that neither names has a class all the same.
"""

from enum import StrEnum
from typing import Final

from ...modem.at.codes import SmtpError, SmtpReply
from ...modem.mail.smtp import Outcome, Result
from ..records import Standing


class Kind(StrEnum):
    """What the end of an attempt means for the email."""

    SENT = "sent"
    RETRY = "retry"
    """Not sent, and it may well be next time."""
    TEMPORARY = "temporary"
    """Not sent: the server asks to try again later (4xx)."""
    OURS = "ours"
    """Not sent, by a fault of our own: built anew once, in case that mends it."""
    FULL = "full"
    """Not sent: the mailbox is full, which people mend."""
    REFUSED = "refused"
    """Not sent: the server does not take it from this sender to these recipients."""
    LOGIN = "login"
    CERTIFICATE = "certificate"
    DOUBTFUL = "doubtful"
    """An error was reported that may follow acceptance by the server."""
    LOST = "lost"
    """No result came."""


# <err>, SMTP note chapter 5. The doubtful ones, and those of attachments, are certain to
# have sent nothing where they are reported before PUT's OK.
_CODES: Final[dict[int, Kind]] = {
    SmtpError.UNKNOWN: Kind.DOUBTFUL,  # 651
    SmtpError.BUSY: Kind.RETRY,  # 652
    SmtpError.DNS: Kind.RETRY,  # 653
    SmtpError.NETWORK: Kind.DOUBTFUL,  # 654
    SmtpError.AUTH_TYPE_UNSUPPORTED: Kind.LOGIN,  # 655
    SmtpError.CLOSED_BY_PEER: Kind.DOUBTFUL,  # 656
    SmtpError.PDP_DEACTIVATED: Kind.RETRY,  # 657
    SmtpError.TIMEOUT: Kind.DOUBTFUL,  # 658
    SmtpError.NO_RECIPIENT: Kind.OURS,  # 659
    SmtpError.SEND_FAILED: Kind.DOUBTFUL,  # 660
    SmtpError.FILE_OPEN: Kind.OURS,  # 661
    SmtpError.ATTACHMENT_MEMORY: Kind.RETRY,  # 662
    SmtpError.ATTACHMENT_SAVE: Kind.OURS,  # 663
    SmtpError.PARAMETER: Kind.OURS,  # 664
    SmtpError.TLS: Kind.CERTIFICATE,  # 665
    SmtpError.SERVICE_UNAVAILABLE: Kind.TEMPORARY,  # 666
    SmtpError.MAILBOX_BUSY: Kind.TEMPORARY,  # 667
    SmtpError.LOCAL_ERROR: Kind.TEMPORARY,  # 668
    SmtpError.STORAGE_SHORT: Kind.TEMPORARY,  # 669
    SmtpError.SYNTAX: Kind.OURS,  # 670
    SmtpError.ARGUMENT_SYNTAX: Kind.OURS,  # 671
    SmtpError.NOT_IMPLEMENTED: Kind.OURS,  # 672
    SmtpError.BAD_SEQUENCE: Kind.OURS,  # 673
    SmtpError.PARAMETER_NOT_IMPLEMENTED: Kind.OURS,  # 674
    SmtpError.NO_MAIL_ACCEPTED: Kind.REFUSED,  # 675
    SmtpError.ACCESS_DENIED: Kind.LOGIN,  # 676
    SmtpError.AUTH_FAILED: Kind.LOGIN,  # 677
    SmtpError.MAILBOX_UNAVAILABLE: Kind.REFUSED,  # 678
    SmtpError.USER_NOT_LOCAL: Kind.REFUSED,  # 679
    SmtpError.STORAGE_EXCEEDED: Kind.FULL,  # 680
    SmtpError.MAILBOX_NAME: Kind.REFUSED,  # 681
    SmtpError.TRANSACTION_FAILED: Kind.REFUSED,  # 682
}

# <protocol_error>, SMTP note chapter 6: the replies after which the server certainly has
# not accepted the email. After 421 it only closes the connection, whenever that was. Any
# other 4xx is temporary, any other 5xx a refusal (RFC 5321 4.2.1).
_REPLIES: Final[dict[int, Kind]] = {
    SmtpReply.MAILBOX_BUSY: Kind.TEMPORARY,  # 450
    SmtpReply.LOCAL_ERROR: Kind.TEMPORARY,  # 451
    SmtpReply.STORAGE_SHORT: Kind.TEMPORARY,  # 452
    SmtpReply.SYNTAX: Kind.OURS,  # 500
    SmtpReply.ARGUMENT_SYNTAX: Kind.OURS,  # 501
    SmtpReply.NOT_IMPLEMENTED: Kind.OURS,  # 502
    SmtpReply.BAD_SEQUENCE: Kind.OURS,  # 503
    SmtpReply.PARAMETER_NOT_IMPLEMENTED: Kind.OURS,  # 504
    SmtpReply.NO_MAIL_ACCEPTED: Kind.REFUSED,  # 521
    SmtpReply.ACCESS_DENIED: Kind.LOGIN,  # 530
    534: Kind.LOGIN,  # authentication mechanism too weak (RFC 4954 6)
    SmtpReply.AUTH_FAILED: Kind.LOGIN,  # 535
    538: Kind.LOGIN,  # encryption required for this mechanism (RFC 4954 6)
    SmtpReply.MAILBOX_UNAVAILABLE: Kind.REFUSED,  # 550
    SmtpReply.USER_NOT_LOCAL: Kind.REFUSED,  # 551
    SmtpReply.STORAGE_EXCEEDED: Kind.FULL,  # 552
    SmtpReply.MAILBOX_NAME: Kind.REFUSED,  # 553
    SmtpReply.TRANSACTION_FAILED: Kind.REFUSED,  # 554
}

# What the modem says where it does not know, or does not tell, why it failed. Published
# firmware reports a refused log-in, certificate or recipient as 654 and nothing more.
_UNEXPLAINED: Final = frozenset(
    {
        SmtpError.UNKNOWN,
        SmtpError.NETWORK,
        SmtpError.CLOSED_BY_PEER,
        SmtpError.SEND_FAILED,
    }
)


def classify(outcome: Outcome) -> Kind:
    """Return what ``outcome`` means, by the tables.

    What the server itself replied decides where the modem's code leaves it open, and
    keeps a refusal from being final where the reply asks to try again later.
    """
    match outcome.result:
        case Result.SENT:
            return Kind.SENT
        case Result.UNKNOWN:
            return Kind.LOST
        case Result.DOUBTFUL:
            return _by_reply(outcome.reply) or Kind.DOUBTFUL
    if outcome.code is None and outcome.reply is not None:
        # Told by the server itself: whatever it replied, it took nothing.
        return _by_reply(outcome.reply) or Kind.TEMPORARY
    kind = _by_code(outcome.code)
    if kind is not Kind.RETRY and _by_reply(outcome.reply) is Kind.TEMPORARY:
        return Kind.TEMPORARY
    return kind


def _by_code(code: int | None) -> Kind:
    """Return the class of a code that was reported before acceptance by the server."""
    kind = Kind.RETRY if code is None else _CODES.get(code, Kind.RETRY)
    return Kind.RETRY if kind is Kind.DOUBTFUL else kind


def _by_reply(reply: int | None) -> Kind | None:
    """Return the class of the server's reply; None if that may follow acceptance."""
    if reply is None or reply == SmtpReply.SERVICE_UNAVAILABLE:
        return None
    default = {4: Kind.TEMPORARY, 5: Kind.REFUSED}.get(reply // 100)
    return _REPLIES.get(reply, default)


def says_nothing(code: int | None, reply: int | None) -> bool:
    """Whether neither the modem's code nor a reply of the server tells what failed."""
    unknown = code is None or _CODES.get(code, Kind.DOUBTFUL) is Kind.DOUBTFUL
    return unknown and reply is None


def spoils(outcome: Outcome, standing: Standing) -> bool:
    """Whether an attempt counts as a log-in of this account that came to nothing.

    One that was refused; or, before the account ever sent, one that failed without a
    reason: it may have been refused.
    """
    match classify(outcome):
        case Kind.LOGIN | Kind.CERTIFICATE:
            return True
        case Kind.DOUBTFUL:
            unsaid = outcome.reply is None and outcome.code in _UNEXPLAINED
            return unsaid and not standing.proven
        case _:
            return False


def asks_later(outcome: Outcome) -> bool:
    """Whether the server answered, and asks to be asked again later."""
    return classify(outcome) is Kind.TEMPORARY or turns_all_away(outcome)


def turns_all_away(outcome: Outcome) -> bool:
    """Whether the server serves nobody for now (421), whoever an email is for."""
    away = SmtpReply.SERVICE_UNAVAILABLE
    return outcome.reply == away or outcome.code == SmtpError.SERVICE_UNAVAILABLE
