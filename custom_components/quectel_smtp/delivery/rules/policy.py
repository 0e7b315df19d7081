"""What the end of an attempt means, and when to try next: pure functions and tables.

The tables name every result code of the modem (SMTP note, chapter 5) and every reply
of a mail server (chapter 6); a number that neither names has a class all the same.
"""

from dataclasses import replace
from enum import StrEnum
import hashlib
from typing import Final

from ...modem.at.codes import EquipmentError, FileError, SmtpError, SmtpReply, TcpError
from ...modem.at.errors import (
    ApnMissingError,
    CommandError,
    DataModeError,
    InvalidValueError,
    ModemError,
    NetworkLockedError,
    NoAnswerError,
    NotAModemError,
    NotRegisteredError,
    PdpError,
    PinRequiredError,
    PortError,
    PukRequiredError,
    ServerNameError,
    ServerUnreachableError,
    SimFailureError,
    SimMissingError,
    UnexpectedAnswerError,
    UnsupportedModemError,
    WrongModemError,
)
from ...modem.mail.server import ServerSettings
from ...modem.mail.smtp import Outcome, Result
from ..records import Again, End, History, Hold, Reason, Split, Standing, State, Verdict

# The retry plan: seconds after the 1st, 2nd, ... failed attempt.
_DELAYS: Final = (0.0, 10.0, 30.0, 60.0, 120.0, 240.0, 480.0, 900.0)
_JITTER: Final = 0.2
_ABSENT_DELAY: Final = 10.0
"""Least seconds until a look at a modem that was not there, or wants a person."""
_HOUR: Final = 3600.0
_HOLD_DELAYS: Final = (900.0, 1800.0, _HOUR)
"""Until each look whether a login, or a certificate, is taken now; the last stays.

With the one that is resent at once two log-ins in a quarter of an hour: no account gets
locked by that.
"""

_MOST_LOST: Final = 2
_MOST_COPIES: Final = 6
"""Copies that may have been accepted, at most."""
_SPREAD: Final = (_HOUR, 2 * _HOUR, 4 * _HOUR, 8 * _HOUR)
"""Seconds after the 2nd, 3rd, ... copy that may have been accepted."""
_MOST_TEMPORARY: Final = 3
_MOST_FULL: Final = 6
"""Hours in which a full mailbox may be emptied."""


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

# The failures of the path to the server that the recovery ladder may mend (SMTP note 4.2
# to 4.4). A number that no table knows is one of them: it may be anything.
_PATH_CODES: Final[frozenset[int]] = frozenset(
    {
        SmtpError.UNKNOWN,
        SmtpError.BUSY,
        SmtpError.DNS,
        SmtpError.NETWORK,
        SmtpError.CLOSED_BY_PEER,
        SmtpError.PDP_DEACTIVATED,
        SmtpError.TIMEOUT,
        SmtpError.SEND_FAILED,
        EquipmentError.PHONE_FAILURE,
        EquipmentError.NO_CONNECTION,
        EquipmentError.NOT_ALLOWED,
        EquipmentError.SIM_FAILURE,
        EquipmentError.SIM_BUSY,
        EquipmentError.MEMORY_FAILURE,
        EquipmentError.NO_NETWORK,
        EquipmentError.NETWORK_TIMEOUT,
        EquipmentError.EMERGENCY_ONLY,
        EquipmentError.COMMAND_ABORTED,
        EquipmentError.NOT_ATTACHED,
        EquipmentError.UNKNOWN,
        EquipmentError.INITIALISING,
        FileError.TIMEOUT,
        FileError.DATA_MODE_LEFT,
        *(
            set(TcpError)
            - {
                TcpError.INVALID_PARAMETERS,
                TcpError.NOT_SUPPORTED,
                TcpError.APN_NOT_CONFIGURED,
            }
        ),
    }
)
_KNOWN_CODES: Final[frozenset[int]] = frozenset(
    {*SmtpError, *TcpError, *FileError, *EquipmentError}
)
_PATH_ERRORS: Final = (
    DataModeError,
    NoAnswerError,
    NotRegisteredError,
    PdpError,
    ServerNameError,
    ServerUnreachableError,
    # A SIM that does not answer may do so once the radio, or the modem, is restarted.
    SimFailureError,
    UnexpectedAnswerError,
)

_PERSON_ERRORS: Final = (
    ApnMissingError,
    NetworkLockedError,
    PinRequiredError,
    PukRequiredError,
    SimMissingError,
    UnsupportedModemError,
    WrongModemError,
)
# The modem was not reached at all.
_ABSENT_ERRORS: Final = (NotAModemError, PortError)

_EMAIL_FIELDS: Final = frozenset(
    {"subject", "body", "recipients", "attachment", "attachments"}
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


def judge(
    outcome: Outcome,
    history: History,
    *,
    recipients: int,
    standing: Standing,
    proved: bool,
    jitter: float,
) -> Verdict:
    """Decide what follows an attempt that came to ``outcome``.

    ``recipients``: those of the envelope. ``standing``: the account's, before this
    attempt. ``proved``: whether the modem had just reached the server's port. ``jitter``:
    -1 to 1, drawn by the caller.
    """
    kind = classify(outcome)
    history = replace(
        history,
        attempts=history.attempts + 1,
        # What was done about one fault of ours is not done about the next.
        rebuilt=history.rebuilt and kind is Kind.OURS,
    )
    match kind:
        case Kind.SENT:
            return End(State.SENT, history)
        case Kind.LOST:
            return _doubt(replace(history, lost=history.lost + 1), jitter)
        case Kind.DOUBTFUL:
            history = replace(history, doubts=history.doubts + 1)
            # A second log-in has come to nothing, or one on a path without a fault.
            if spoils(outcome, standing) and (proved or standing.refusals):
                return _unexplained(history, recipients)
            return _doubt(history, jitter)
        case Kind.RETRY:
            return _again(history, jitter)
        case Kind.TEMPORARY:
            history = replace(history, temporary=history.temporary + 1)
            if recipients > 1 and history.temporary >= _MOST_TEMPORARY:
                # It may be about one of them only: the modem doesn't name it.
                return Split(history)
            # A path that is mended changes nothing for it, in doubt or not.
            # At once would not be later.
            return Again(delay(history.attempts + 1, jitter), Reason.SERVER, history)
        case Kind.OURS if not history.rebuilt:
            return Again(0.0, _reason(history), replace(history, rebuilt=True))
        case Kind.FULL if recipients <= 1 and standing.proven:
            history = replace(history, full=history.full + 1)
            if history.full > _MOST_FULL:
                return _fail(history)
            return Again(_HOUR, Reason.SERVER, history)
        case Kind.OURS | Kind.FULL | Kind.REFUSED:
            # A fault of ours may be one that the server finds with an address (504).
            return _refused(history, recipients, standing)
        case Kind.LOGIN:
            return _login(Reason.LOGIN, history, standing, jitter)
    return _login(Reason.CERTIFICATE, history, standing, jitter)


def judge_error(error: ModemError, history: History, *, jitter: float) -> Verdict:
    """Decide what follows an attempt that ended before PUT was written: nothing sent.

    Where the modem was not there, or wants a person, the email was not even tried:
    that is no attempt. ``jitter``: -1 to 1.
    """
    if needs_person(error) or isinstance(error, _ABSENT_ERRORS):
        pause = max(_ABSENT_DELAY, delay(history.attempts, jitter))
        return Again(pause, _reason(history), history)
    # Whether an email that was rebuilt does better was not found out.
    history = replace(history, attempts=history.attempts + 1, rebuilt=False)
    if isinstance(error, InvalidValueError):
        return _fail(history)
    return _again(history, jitter)


def delay(attempts: int, jitter: float) -> float:
    """Return the seconds to wait after ``attempts`` failed ones.

    0, 10, 30, 60 and 120 s, then doubling to 15 minutes, 20 % more or less as
    ``jitter`` says, -1 to 1.
    """
    plan = _DELAYS[min(max(attempts, 1), len(_DELAYS)) - 1]
    return plan * (1 + _JITTER * min(max(jitter, -1.0), 1.0))


def end_in_doubt(state: State, history: History) -> State:
    """Return the state in which an envelope ends that was to end in ``state``.

    ``failed`` and ``expired`` say that it was not sent. After a doubtful attempt nobody
    knows that, whatever became of the later ones: an earlier copy may have arrived.
    ``cancelled`` only says who ended it, and stays.
    """
    if history.in_doubt and state in (State.FAILED, State.EXPIRED):
        return State.UNKNOWN
    return state


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


def unproved(history: History) -> Again | None:
    """Decide about a repeat whose path can't be proved; None: it goes all the same.

    A step that can't be proved isn't proved: the second copy waits as the third does.
    """
    if history.copies > 1 or history.unproved:
        return None
    return Again(_SPREAD[0], Reason.DOUBT, replace(history, unproved=True))


def asks_later(outcome: Outcome) -> bool:
    """Whether the server answered, and asks to be asked again later."""
    return classify(outcome) is Kind.TEMPORARY or turns_all_away(outcome)


def turns_all_away(outcome: Outcome) -> bool:
    """Whether the server serves nobody for now (421), whoever an email is for."""
    away = SmtpReply.SERVICE_UNAVAILABLE
    return outcome.reply == away or outcome.code == SmtpError.SERVICE_UNAVAILABLE


def climbs(failure: Outcome | ModemError) -> bool:
    """Whether the path failed, so that the recovery ladder has something to mend.

    Not: what the mail server itself replied, login and TLS, faults of our own, a port
    that is absent, a modem or SIM that wants a person.
    """
    if isinstance(failure, Outcome):
        return _outcome_climbs(failure)
    if isinstance(failure, CommandError):
        return _is_path_code(failure.code)
    return isinstance(failure, _PATH_ERRORS) and not needs_person(failure)


def _outcome_climbs(outcome: Outcome) -> bool:
    match classify(outcome):
        case Kind.LOST:
            return True
        case Kind.DOUBTFUL:
            # It has gone all the way where the server said 421 before it closed.
            gone = outcome.reply == SmtpReply.SERVICE_UNAVAILABLE
            return not gone and _is_path_code(outcome.code)
        case Kind.RETRY:
            return _is_path_code(outcome.code)
        case _:
            return False


def _is_path_code(code: int | None) -> bool:
    return code is None or code in _PATH_CODES or code not in _KNOWN_CODES


def needs_person(error: ModemError) -> bool:
    """Whether nothing but a person can mend it: SIM, PIN, modem, APN or settings."""
    if isinstance(error, InvalidValueError):
        return error.field not in _EMAIL_FIELDS
    return isinstance(error, _PERSON_ERRORS)


def account(settings: ServerSettings) -> str:
    """Return a short digest by which it is remembered whether this account ever sent.

    The same for the same host, user name and sender address, over restarts.
    """
    names = (settings.host.lower(), settings.username, settings.sender_address)
    return hashlib.sha256("\0".join(names).encode()).hexdigest()[:16]


def _doubt(history: History, jitter: float) -> Verdict:
    """Decide after one more copy that may have been accepted."""
    if history.lost >= _MOST_LOST or history.copies >= _MOST_COPIES:
        return End(State.UNKNOWN, history)
    if history.copies > 1:
        return Again(_SPREAD[history.copies - 2], Reason.DOUBT, history)
    return _again(history, jitter)


def _unexplained(history: History, recipients: int) -> Verdict:
    """Decide where login, certificate, settings or recipients may be wrong."""
    if history.copies >= _MOST_COPIES:
        return End(State.UNKNOWN, history)
    if recipients > 1:
        return Split(history)
    pause = _SPREAD[max(history.copies - 2, 0)]
    return Hold(Reason.UNEXPLAINED, pause, history)


def _login(
    reason: Reason, history: History, standing: Standing, jitter: float
) -> Verdict:
    """Decide after a log-in that was refused: a weak signal may have ended the first.

    It is resent once over a new data connection (SMTP note 4.4), and then held.
    """
    if not standing.refusals:
        return _again(history, jitter)
    pause = _HOLD_DELAYS[min(standing.refusals, len(_HOLD_DELAYS)) - 1]
    return Hold(reason, pause, history)


def _refused(history: History, recipients: int, standing: Standing) -> Verdict:
    if recipients > 1:
        return Split(history)
    # 553 is also the usual answer to a sender that differs from the account.
    return _fail(history) if standing.proven else Hold(Reason.REFUSED, None, history)


def _again(history: History, jitter: float) -> Again:
    return Again(delay(history.attempts, jitter), _reason(history), history)


def _reason(history: History) -> Reason:
    """Once in doubt it stays in doubt, whatever the last attempt came to."""
    return Reason.DOUBT if history.in_doubt else Reason.RETRY


def _fail(history: History) -> End:
    return End(end_in_doubt(State.FAILED, history), history)
