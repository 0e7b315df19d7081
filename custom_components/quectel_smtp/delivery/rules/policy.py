"""What follows the end of an attempt, and when to try next: pure functions."""

from dataclasses import replace
import hashlib
from typing import Final

from ...modem.at.errors import (
    ApnMissingError,
    InvalidValueError,
    ModemError,
    NetworkLockedError,
    NotAModemError,
    PinRequiredError,
    PortError,
    PukRequiredError,
    RoamingError,
    SimMissingError,
    UnsupportedModemError,
    WrongModemError,
)
from ...modem.mail.server import ServerSettings
from ...modem.mail.smtp import Outcome
from ..records import (
    Again,
    End,
    History,
    Hold,
    Reason,
    Split,
    Standing,
    State,
    Verdict,
    Way,
)
from .outcomes import Kind, classify, spoils
from .storm import HOUR

# The retry plan: seconds after the 1st, 2nd, ... failed attempt.
_DELAYS: Final = (0.0, 10.0, 30.0, 60.0, 120.0, 240.0, 480.0, 900.0)
_JITTER: Final = 0.2
_ABSENT_DELAY: Final = 10.0
"""Least seconds until a look at a modem that was not there, or wants a person."""
_HOLD_DELAYS: Final = (900.0, 1800.0, HOUR)
"""Until each look whether a login, or a certificate, is taken now; the last stays.

With the one that is resent at once two log-ins in a quarter of an hour: no account gets
locked by that.
"""

_MOST_LOST: Final = 2
_MOST_COPIES: Final = 6
"""Copies that may have been accepted, at most."""
_SPREAD: Final = (HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR)
"""Seconds after the 2nd, 3rd, ... copy that may have been accepted."""
_MOST_TEMPORARY: Final = 3
_MOST_FULL: Final = 6
"""Hours in which a full mailbox may be emptied."""

_PERSON_ERRORS: Final = (
    ApnMissingError,
    NetworkLockedError,
    PinRequiredError,
    PukRequiredError,
    RoamingError,
    SimMissingError,
    UnsupportedModemError,
    WrongModemError,
)
# The modem was not reached at all.
_ABSENT_ERRORS: Final = (NotAModemError, PortError)

_EMAIL_FIELDS: Final = frozenset(
    {"subject", "body", "recipients", "attachment", "attachments"}
)


def judge(
    outcome: Outcome,
    history: History,
    *,
    recipients: int,
    standing: Standing,
    proved: bool,
    jitter: float,
    way: Way = Way.MODULE,
    explained_next: bool = False,
    others_go: bool = False,
) -> Verdict:
    """Decide what follows an attempt that came to ``outcome``.

    ``recipients``: those of the envelope. ``standing``: the account's, before this
    attempt. ``proved``: whether the modem had just reached the server's port. ``jitter``:
    -1 to 1, drawn by the caller. ``way``: by which the attempt went. ``explained_next``:
    whether the next one goes by a way that says why it fails. ``others_go``: whether the
    modem's client carries other emails, whatever keeps this one from going by the stream.
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
            spoilt = spoils(outcome, standing) and not explained_next
            if spoilt and (proved or standing.refusals):
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
            return Again(HOUR, Reason.SERVER, history)
        case Kind.OURS | Kind.FULL | Kind.REFUSED:
            # A fault of ours may be one that the server finds with an address (504).
            return _refused(history, recipients, standing)
        case Kind.LOGIN:
            reason = Reason.LOGIN
        case _ if others_go and standing.proven and not history.in_doubt:
            # Of what the modem's client carries none has to wait for it.
            return Again(delay(history.attempts + 1, jitter), Reason.RETRY, history)
        case _:
            reason = Reason.CERTIFICATE
    if way is Way.STREAM:
        return _told_login(reason, history, standing, jitter)
    return _login(reason, history, standing, jitter)


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


def unproved(history: History) -> Again | None:
    """Decide about a repeat whose path can't be proved; None: it goes all the same.

    A step that can't be proved isn't proved: the second copy waits as the third does.
    """
    if history.copies > 1 or history.unproved:
        return None
    return Again(_SPREAD[0], Reason.DOUBT, replace(history, unproved=True))


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


def _told_login(
    reason: Reason, history: History, standing: Standing, jitter: float
) -> Hold:
    """Decide after a log-in of which it is known why: no weak signal ended that one.

    Where the modem's own client tried before it, that was the second in a row.
    """
    if reason is Reason.CERTIFICATE and standing.proven and not standing.refusals:
        # Nobody logged in; and the modem's client, which may have sent so far, may go on.
        return Hold(reason, delay(history.attempts + 1, jitter), history)
    known = min(max(standing.refusals, 1), len(_HOLD_DELAYS))
    pause = HOUR if history.in_doubt else _HOLD_DELAYS[known - 1]
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
