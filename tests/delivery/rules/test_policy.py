"""What follows each outcome, code by code, and where any sequence of them leads."""

from dataclasses import dataclass, replace
import itertools
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.delivery.records import (
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
from custom_components.quectel_smtp.delivery.rules.outcomes import (
    Kind,
    asks_later,
    classify,
    spoils,
    turns_all_away,
)
from custom_components.quectel_smtp.delivery.rules.path import climbs
from custom_components.quectel_smtp.delivery.rules.policy import (
    account,
    delay,
    end_in_doubt,
    judge,
    judge_error,
    needs_person,
    unproved,
)
from custom_components.quectel_smtp.modem.at.codes import (
    CmeCode,
    EquipmentError,
    FileError,
    SmtpError,
    SmtpReply,
    TcpError,
    cme_code,
)
from custom_components.quectel_smtp.modem.at.errors import (
    ApnMissingError,
    CommandError,
    ConnectionLostError,
    DataModeError,
    InvalidValueError,
    ModemError,
    ModemRebootedError,
    NetworkLockedError,
    NoAnswerError,
    NotAModemError,
    NotRegisteredError,
    OldGsmModemError,
    PdpError,
    PinRefusedError,
    PinRequiredError,
    PinTriesExhaustingError,
    PinUnjudgedError,
    PortBusyError,
    PortInvalidError,
    PortLostError,
    PortNotFoundError,
    PortPermissionError,
    PukRequiredError,
    RegistrationDeniedError,
    RoamingError,
    ServerNameError,
    ServerUnreachableError,
    SimError,
    SimFailureError,
    SimMissingError,
    SimNotReadyError,
    UnexpectedAnswerError,
    UnexpectedError,
    UnsupportedModemError,
    WrongModemError,
)
from custom_components.quectel_smtp.modem.mail.server import Security, ServerSettings
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result, parse_result

FRESH: Final = History()
HOUR: Final = 3600.0

# What follows the first attempt with an email to one, once the account has ever sent.
DOUBT: Final = Again(0.0, Reason.DOUBT, History(1, doubts=1))
RETRY: Final = Again(0.0, Reason.RETRY, History(1))
LATER: Final = Again(10.0, Reason.SERVER, History(1, temporary=1))
FULL: Final = Again(3600.0, Reason.SERVER, History(1, full=1))
REBUILD: Final = Again(0.0, Reason.RETRY, History(1, rebuilt=True))
FAILED: Final = End(State.FAILED, History(1))
# Refused once already.
LOGIN: Final = Hold(Reason.LOGIN, 900.0, History(1))
CERTIFICATE: Final = Hold(Reason.CERTIFICATE, 900.0, History(1))

# Code of the modem: what follows after PUT's OK, whether the path is to blame, and the
# reply that a server gives with it (SMTP note, chapters 5 and 6).
CODES: Final = {
    651: (DOUBT, True, 0),
    652: (RETRY, True, 0),
    653: (RETRY, True, 0),
    654: (DOUBT, True, 0),
    655: (LOGIN, False, 504),
    656: (DOUBT, True, 0),
    657: (RETRY, True, 0),
    658: (DOUBT, True, 0),
    659: (REBUILD, False, 0),
    660: (DOUBT, True, 0),
    661: (DOUBT, False, 0),
    662: (DOUBT, False, 0),
    663: (DOUBT, False, 0),
    664: (REBUILD, False, 0),
    665: (CERTIFICATE, False, 0),
    666: (LATER, False, 421),
    667: (LATER, False, 450),
    668: (LATER, False, 451),
    669: (LATER, False, 452),
    670: (REBUILD, False, 500),
    671: (REBUILD, False, 501),
    672: (REBUILD, False, 502),
    673: (REBUILD, False, 503),
    674: (REBUILD, False, 504),
    675: (FAILED, False, 521),
    676: (LOGIN, False, 530),
    677: (LOGIN, False, 535),
    678: (FAILED, False, 550),
    679: (FAILED, False, 551),
    680: (FULL, False, 552),
    681: (FAILED, False, 553),
    682: (FAILED, False, 554),
    # Numbers that no table knows.
    1: (DOUBT, True, 0),
    650: (DOUBT, True, 0),
    683: (DOUBT, True, 0),
    99999: (DOUBT, True, 0),
}

# Of an attachment, before PUT's OK. After it, the email may have gone without its end.
FILES: Final = {661: REBUILD, 662: RETRY, 663: REBUILD}

DOUBTFUL_CODES: Final = [651, 654, 656, 658, 660, 650, 99999]

# The server's reply: what follows where the modem's code leaves it open.
REPLIES: Final = {
    200: DOUBT,
    211: DOUBT,
    214: DOUBT,
    220: DOUBT,
    221: DOUBT,
    235: DOUBT,
    250: DOUBT,
    251: DOUBT,
    334: DOUBT,
    354: DOUBT,
    421: DOUBT,
    450: LATER,
    451: LATER,
    452: LATER,
    500: REBUILD,
    501: REBUILD,
    502: REBUILD,
    503: REBUILD,
    504: REBUILD,
    521: FAILED,
    530: LOGIN,
    535: LOGIN,
    550: FAILED,
    551: FAILED,
    552: FULL,
    553: FAILED,
    554: FAILED,
    # Replies that the note doesn't list.
    432: LATER,
    454: LATER,
    499: LATER,
    534: LOGIN,
    538: LOGIN,
    571: FAILED,
    599: FAILED,
    1: DOUBT,
    299: DOUBT,
    399: DOUBT,
    600: DOUBT,
    99999: DOUBT,
}


def after(
    outcome: Outcome,
    history: History = FRESH,
    *,
    recipients: int = 1,
    proven: bool = True,
    refusals: int = 1,
    proved: bool = False,
    jitter: float = 0.0,
    way: Way = Way.MODULE,
    explained_next: bool = False,
) -> Verdict:
    """Judge an email to one, of an account that has ever sent, unless told otherwise.

    Its last log-in was refused, as it is wherever a second one is.
    """
    return judge(
        outcome,
        history,
        recipients=recipients,
        standing=Standing(proven, refusals),
        proved=proved,
        jitter=jitter,
        way=way,
        explained_next=explained_next,
    )


def reported(code: int, reply: int = 0) -> Outcome:
    """Return what the modem's result after PUT's OK comes to."""
    return parse_result(f"+QSMTPPUT: {code},{reply}")


def refused(code: CmeCode | None) -> Outcome:
    """Return what an error before PUT's OK comes to."""
    return Outcome(Result.REFUSED, code)


LOST: Final = Outcome(Result.UNKNOWN)


# The tables.


def test_the_tables_here_name_every_code_and_every_reply() -> None:
    assert set(CODES) >= set(range(651, 683)) == set(SmtpError)
    assert set(REPLIES) >= set(SmtpReply)


@pytest.mark.parametrize("code", CODES)
def test_each_code_after_put_was_accepted_has_its_class(code: int) -> None:
    verdict, path, reply = CODES[code]
    assert after(reported(code)) == verdict
    assert after(reported(code, reply)) == verdict
    assert climbs(reported(code)) is path
    assert climbs(reported(code, reply)) is path


@pytest.mark.parametrize("code", CODES)
def test_nothing_that_is_reported_before_puts_ok_is_in_doubt(code: int) -> None:
    verdict, path, _ = CODES[code]
    verdict = FILES.get(code, RETRY if verdict == DOUBT else verdict)
    known = cme_code(str(code))
    assert after(refused(known)) == verdict
    if code in range(651, 683):
        assert climbs(refused(known)) is path


@pytest.mark.parametrize("reply", REPLIES)
def test_the_servers_own_refusal_settles_what_the_code_leaves_open(reply: int) -> None:
    verdict = REPLIES[reply]
    for code in DOUBTFUL_CODES:
        assert after(reported(code, reply)) == verdict
        assert climbs(reported(code, reply)) is (verdict == DOUBT and reply != 421)


@pytest.mark.parametrize("code", [655, 665, 670, 676, 677, 678, 682])
def test_no_refusal_is_final_while_the_server_asks_to_try_later(code: int) -> None:
    assert after(reported(code, 454)) == LATER


@pytest.mark.parametrize("code", [652, 653, 657])
def test_a_reply_does_not_change_what_never_reached_a_server(code: int) -> None:
    assert {after(reported(code, reply)) for reply in (250, 450, 550)} == {RETRY}


@pytest.mark.parametrize("result", [Result.REFUSED, Result.DOUBTFUL])
def test_every_combination_has_a_class(result: Result) -> None:
    for code, reply in itertools.product(CODES, REPLIES):
        kind = classify(Outcome(result, SmtpError.of(code), SmtpReply.of(reply)))
        assert kind not in (Kind.SENT, Kind.LOST)
        assert result is Result.DOUBTFUL or kind is not Kind.DOUBTFUL


@pytest.mark.parametrize(
    ("code", "path"),
    [
        (None, True),
        (12345, True),
        (EquipmentError.NO_NETWORK, True),
        (EquipmentError.SIM_NOT_INSERTED, False),
        (EquipmentError.SIM_PIN_REQUIRED, False),
        (EquipmentError.SIM_PUK_REQUIRED, False),
        (EquipmentError.INVALID_PARAMETERS, False),
        (EquipmentError.NOT_SUPPORTED, False),
        (TcpError.DNS_FAILED, True),
        (TcpError.NOT_ALLOWED, True),
        (TcpError.INVALID_PARAMETERS, False),
        (TcpError.APN_NOT_CONFIGURED, False),
        (FileError.DATA_MODE_LEFT, True),
        (FileError.TIMEOUT, True),
        (FileError.DRIVE_FULL, False),
        (SmtpError.DNS, True),
        (SmtpError.PARAMETER, False),
    ],
)
def test_the_ladder_climbs_for_errors_of_commands_that_may_be_the_paths(
    code: CmeCode | None, path: bool
) -> None:
    assert climbs(CommandError("AT+QSMTPDST", code)) is path
    assert climbs(refused(code)) is path


@pytest.mark.parametrize(
    ("table", "path"),
    [
        (EquipmentError, {0, 1, 3, 13, 14, 23, 30, 31, 32, 52, 53, 100, 515}),
        (TcpError, {0, *range(550, 575)} - {552, 555, 573}),
        (FileError, {421, 429}),
    ],
)
def test_of_each_table_the_ladder_climbs_for_these(
    table: type[EquipmentError | TcpError | FileError], path: set[int]
) -> None:
    assert {code for code in table if climbs(CommandError("AT", code))} == path


@pytest.mark.parametrize("code", [None, 12345, *EquipmentError, *TcpError, *FileError])
def test_what_other_commands_say_before_put_is_tried_again(
    code: CmeCode | None,
) -> None:
    assert after(refused(code)) == RETRY


def test_what_the_server_took_is_sent() -> None:
    for line in ("0,250", "0,0"):
        assert after(parse_result(f"+QSMTPPUT: {line}")) == End(State.SENT, History(1))
    assert not climbs(reported(0, 250))


# Doubt.


def test_a_lost_result_allows_one_repeat() -> None:
    first = after(LOST)
    assert first == Again(0.0, Reason.DOUBT, History(1, lost=1))
    assert after(LOST, first.history) == End(State.UNKNOWN, History(2, lost=2))
    assert climbs(LOST)


def test_copies_that_may_arrive_are_spread_over_hours() -> None:
    closed, history = reported(656), FRESH
    pauses = []
    for _ in range(5):
        verdict = after(closed, history)
        assert isinstance(verdict, Again)
        assert verdict.reason is Reason.DOUBT
        pauses.append(verdict.delay / HOUR)
        history = verdict.history
    assert pauses == [0, 1, 2, 4, 8]
    assert after(closed, history) == End(State.UNKNOWN, History(6, doubts=6))


def test_a_lost_result_is_a_copy_too() -> None:
    history = History(2, lost=1, doubts=1)
    assert after(reported(651), history) == Again(
        2 * HOUR, Reason.DOUBT, History(3, lost=1, doubts=2)
    )
    assert after(LOST, History(1, doubts=1)) == Again(
        HOUR, Reason.DOUBT, History(2, lost=1, doubts=1)
    )
    history = History(5, lost=1, doubts=4)
    assert after(reported(651), history) == End(
        State.UNKNOWN, History(6, lost=1, doubts=5)
    )
    assert after(LOST, history) == End(State.UNKNOWN, History(6, lost=2, doubts=4))


def test_what_is_certain_not_to_have_been_sent_is_no_copy() -> None:
    for code in (653, 657):
        verdict = after(reported(code), History(3, doubts=2))
        assert verdict == Again(60.0, Reason.DOUBT, History(4, doubts=2))


def test_a_second_copy_over_a_path_that_can_not_be_proved_waits_an_hour_once() -> None:
    wait = unproved(History(1, doubts=1))
    assert wait == Again(HOUR, Reason.DOUBT, History(1, doubts=1, unproved=True))
    assert unproved(wait.history) is None
    assert unproved(History(2, doubts=2)) is None


# Before the account ever sent, a failure without a reason may be a refused log-in.

UNEXPLAINED: Final = [651, 654, 656, 660]


@pytest.mark.parametrize("code", UNEXPLAINED)
def test_a_failure_without_a_reason_on_a_proved_path_asks_for_a_person(
    code: int,
) -> None:
    outcome = reported(code)
    assert after(outcome, proven=False, refusals=0) == DOUBT
    hold = Hold(Reason.UNEXPLAINED, HOUR, History(1, doubts=1))
    assert after(outcome, proven=False, refusals=0, proved=True) == hold
    # A second one in a row, be the path proved or not: log-ins are counted.
    assert after(outcome, proven=False, refusals=1) == hold


@pytest.mark.parametrize("code", UNEXPLAINED)
def test_a_failure_without_a_reason_may_be_about_one_of_several(code: int) -> None:
    split = after(reported(code), proven=False, refusals=0, proved=True, recipients=2)
    assert split == Split(History(1, doubts=1))


@pytest.mark.parametrize("recipients", [1, 2])
@pytest.mark.parametrize("code", UNEXPLAINED)
def test_a_failure_that_the_next_attempt_explains_is_no_person_s_business_yet(
    code: int, recipients: int
) -> None:
    for refusals, proved in ((0, True), (1, False)):
        again = after(
            reported(code),
            proven=False,
            refusals=refusals,
            proved=proved,
            recipients=recipients,
            explained_next=True,
        )
        assert again == DOUBT


@pytest.mark.parametrize("doubts", range(6))
def test_even_then_copies_are_bounded_and_hours_apart(doubts: int) -> None:
    verdict = after(
        reported(654), History(doubts, doubts=doubts), proven=False, proved=True
    )
    if doubts == 5:
        assert verdict == End(State.UNKNOWN, History(6, doubts=6))
    else:
        assert isinstance(verdict, Hold)
        assert verdict.delay == [1, 1, 2, 4, 8][doubts] * HOUR


@pytest.mark.parametrize(
    "outcome", [reported(658), reported(654, 421), reported(999), LOST]
)
def test_what_has_another_cause_is_a_doubt_as_ever(outcome: Outcome) -> None:
    verdict = after(outcome, proven=False, proved=True)
    assert isinstance(verdict, Again)
    assert verdict.reason is Reason.DOUBT
    assert not spoils(outcome, Standing())


def test_an_account_that_ever_sent_has_the_right_password() -> None:
    assert after(reported(654), proved=True) == DOUBT
    assert not spoils(reported(654), Standing(proven=True))
    assert spoils(reported(654), Standing())
    assert spoils(reported(677, 535), Standing(proven=True))
    assert spoils(reported(665), Standing(proven=True))


# Log-ins that are refused.


@pytest.mark.parametrize(
    ("code", "reason"), [(677, Reason.LOGIN), (665, Reason.CERTIFICATE)]
)
def test_a_refused_log_in_is_resent_once_and_looked_after_ever_more_rarely(
    code: int, reason: Reason
) -> None:
    assert after(reported(code), refusals=0) == RETRY
    for refusals, minutes in ((1, 15), (2, 30), (3, 60), (4, 60), (100, 60)):
        hold = Hold(reason, minutes * 60.0, History(1))
        assert after(reported(code), refusals=refusals) == hold


# A mailbox that is full.


@pytest.mark.parametrize("outcome", [reported(680, 552), reported(656, 552)])
def test_a_full_mailbox_has_some_hours_to_be_emptied(outcome: Outcome) -> None:
    history = FRESH
    for full in range(1, 7):
        verdict = after(outcome, history)
        assert verdict == Again(HOUR, Reason.SERVER, History(full, full=full))
        history = verdict.history
    assert after(outcome, history) == End(State.FAILED, History(7, full=7))


def test_one_full_mailbox_of_several_keeps_no_other_waiting() -> None:
    assert after(reported(680, 552), recipients=2) == Split(History(1))
    hold = Hold(Reason.REFUSED, None, History(1))
    assert after(reported(680, 552), proven=False) == hold


# A server that asks to come later.


@pytest.mark.parametrize(
    ("outcome", "later", "all_away"),
    [
        (reported(666, 421), True, True),
        (reported(666), True, True),
        (reported(656, 421), True, True),
        (reported(667, 450), True, False),
        (reported(669, 452), True, False),
        (reported(654, 451), True, False),
        (reported(678, 550), False, False),
        (reported(680, 552), False, False),
        (reported(654), False, False),
        (reported(0), False, False),
    ],
)
def test_a_server_asks_to_come_later_one_or_everybody(
    outcome: Outcome, later: bool, all_away: bool
) -> None:
    assert asks_later(outcome) is later
    assert turns_all_away(outcome) is all_away


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (reported(678, 550), End(State.UNKNOWN, History(2, doubts=1))),
        (reported(656, 550), End(State.UNKNOWN, History(2, doubts=1))),
        (
            reported(653),
            Again(10.0, Reason.DOUBT, History(2, doubts=1)),
        ),
        (
            reported(667, 450),
            Again(30.0, Reason.SERVER, History(2, doubts=1, temporary=1)),
        ),
        (
            reported(664),
            Again(0.0, Reason.DOUBT, History(2, doubts=1, rebuilt=True)),
        ),
        (reported(0), End(State.SENT, History(2, doubts=1))),
    ],
    ids=range(6),
)
def test_what_is_in_doubt_stays_in_doubt_until_it_is_sent(
    outcome: Outcome, verdict: Verdict
) -> None:
    assert after(outcome, History(1, doubts=1)) == verdict


@pytest.mark.parametrize("history", [History(1, lost=1), History(1, doubts=1)])
@pytest.mark.parametrize("state", State)
def test_nothing_in_doubt_is_said_not_to_have_been_sent(
    state: State, history: History
) -> None:
    unsaid = (State.FAILED, State.EXPIRED)
    end = end_in_doubt(state, history)
    assert end is (State.UNKNOWN if state in unsaid else state)
    assert end_in_doubt(state, History(9, temporary=9, rebuilt=True)) is state


# Refusals, several recipients, accounts that never sent.


def test_a_refusal_of_an_email_to_several_splits_it() -> None:
    for proven in (True, False):
        verdict = after(reported(678, 550), recipients=2, proven=proven)
        assert verdict == Split(History(1))


def test_before_the_first_success_a_refusal_holds_the_email() -> None:
    hold = Hold(Reason.REFUSED, None, History(1))
    assert after(reported(681, 553), proven=False) == hold
    assert after(reported(656, 553), proven=False) == hold


def test_the_third_temporary_reply_to_an_email_to_several_splits_it() -> None:
    later = reported(667, 450)
    history = FRESH
    for pause in (10.0, 30.0):
        verdict = after(later, history, recipients=2)
        assert isinstance(verdict, Again)
        assert (verdict.delay, verdict.reason) == (pause, Reason.SERVER)
        history = verdict.history
    split = after(later, history, recipients=2)
    assert split == Split(History(3, temporary=3))
    # Each part goes on by itself.
    again = after(later, split.history)
    assert again == Again(120.0, Reason.SERVER, History(4, temporary=4))


def test_a_fault_of_ours_is_rebuilt_once() -> None:
    ours = reported(664)
    verdict = after(ours, History(5))
    assert verdict == Again(0.0, Reason.RETRY, History(6, rebuilt=True))
    assert after(ours, verdict.history) == End(State.FAILED, History(7, rebuilt=True))


@pytest.mark.parametrize("code", [*range(670, 675), 659, 664])
def test_what_looks_like_our_fault_may_be_about_one_address(code: int) -> None:
    rebuilt = History(1, rebuilt=True)
    outcome = reported(code)
    assert after(outcome, rebuilt, recipients=2) == Split(History(2, rebuilt=True))
    hold = Hold(Reason.REFUSED, None, History(2, rebuilt=True))
    assert after(outcome, rebuilt, proven=False) == hold


@pytest.mark.parametrize("between", [reported(653), reported(654), reported(667, 450)])
def test_another_fault_of_ours_after_something_else_is_rebuilt_too(
    between: Outcome,
) -> None:
    ours = reported(664)
    first = after(ours)
    assert isinstance(first, Again)
    other = after(between, first.history)
    assert isinstance(other, Again) and not other.history.rebuilt
    second = after(ours, other.history)
    assert isinstance(second, Again) and second.history.rebuilt


def test_a_rebuilt_email_that_did_not_get_to_the_modem_is_rebuilt_again() -> None:
    first = after(reported(664))
    assert isinstance(first, Again)
    # This attempt says nothing about the email.
    failed = judge_error(NoAnswerError(), first.history, jitter=0.0)
    assert isinstance(failed, Again) and failed.history == History(2)
    # One that was not made says nothing at all.
    absent = judge_error(PortNotFoundError(), first.history, jitter=0.0)
    assert absent == Again(10.0, Reason.RETRY, first.history)


# Errors: nothing was sent.

PERSON: Final = [
    PinRequiredError(3),
    PinRefusedError(2),
    PinTriesExhaustingError(1),
    PinUnjudgedError(None),
    PukRequiredError(),
    RoamingError(),
    NetworkLockedError(),
    SimMissingError(),
    UnsupportedModemError(),
    OldGsmModemError(),
    WrongModemError(),
    ApnMissingError(TcpError.APN_NOT_CONFIGURED),
    *(
        InvalidValueError(field, "invalid")
        for field in ("host", "port", "password", "sender_address", "apn", "pin")
    ),
]
ABSENT: Final = [
    NotAModemError(),
    PortBusyError(),
    PortInvalidError(),
    PortLostError(),
    PortNotFoundError(),
    PortPermissionError(),
]
PATH: Final = [
    NoAnswerError(),
    UnexpectedAnswerError(),
    DataModeError(),
    NotRegisteredError(),
    RegistrationDeniedError(),
    PdpError(None),
    PdpError(TcpError.PDP_OPEN_FAILED),
    ServerNameError(TcpError.DNS_FAILED),
    ServerUnreachableError(TcpError.CONNECT_FAILED),
    SimFailureError(),
    SimNotReadyError(),
    CommandError("AT+QSMTPCFG"),
]
OTHER: Final = [
    ModemError(),
    ModemRebootedError(),
    SimError(),
    ConnectionLostError(),
    UnexpectedError(),
    CommandError("AT+QSMTPCFG", SmtpError.PARAMETER),
]
EMAIL: Final[list[ModemError]] = [
    InvalidValueError(field, "too_long", 1)
    for field in ("subject", "body", "recipients", "attachment", "attachments")
]


def subclasses(parent: type[ModemError]) -> set[type[ModemError]]:
    """Return a class of errors and all below it."""
    return {parent}.union(*(subclasses(child) for child in parent.__subclasses__()))


def test_every_class_of_errors_is_in_the_lists_here() -> None:
    listed = {type(error) for error in (*PERSON, *ABSENT, *PATH, *OTHER)}
    bases = {error.__base__ for error in listed}
    house = {
        error
        for error in subclasses(ModemError)
        if error.__module__ == ModemError.__module__
    }
    assert house - listed <= bases


@pytest.mark.parametrize("error", PERSON + ABSENT, ids=repr)
def test_an_email_that_was_not_even_tried_counts_no_attempt(error: ModemError) -> None:
    assert judge_error(error, FRESH, jitter=-1.0) == Again(10.0, Reason.RETRY, FRESH)
    history = History(3, doubts=1)
    assert judge_error(error, history, jitter=0.0) == Again(30.0, Reason.DOUBT, history)


@pytest.mark.parametrize("error", PATH + OTHER, ids=repr)
def test_what_may_mend_itself_is_tried_again(error: ModemError) -> None:
    assert judge_error(error, FRESH, jitter=0.0) == RETRY
    assert judge_error(error, History(2, lost=1), jitter=0.5) == Again(
        33.0, Reason.DOUBT, History(3, lost=1)
    )


@pytest.mark.parametrize("error", EMAIL, ids=repr)
def test_an_email_that_can_not_be_given_to_the_modem_is_over(
    error: ModemError,
) -> None:
    assert judge_error(error, FRESH, jitter=0.0) == FAILED
    in_doubt = judge_error(error, History(1, lost=1), jitter=0.0)
    assert in_doubt == End(State.UNKNOWN, History(2, lost=1))


@pytest.mark.parametrize("error", PERSON + ABSENT + PATH + OTHER + EMAIL, ids=repr)
def test_the_ladder_climbs_for_the_path_and_a_person_is_asked_for_the_rest(
    error: ModemError,
) -> None:
    assert climbs(error) is (error in PATH)
    assert needs_person(error) is (error in PERSON)


# The retry plan.


def test_the_plan_doubles_to_fifteen_minutes() -> None:
    plan = [0.0, 10.0, 30.0, 60.0, 120.0, 240.0, 480.0, 900.0, 900.0]
    assert [delay(attempts, 0.0) for attempts in range(1, 10)] == plan
    assert delay(0, 0.0) == 0.0
    assert delay(10**30, 0.0) == 900.0


@given(st.integers(), st.floats(-1, 1))
def test_jitter_is_a_fifth_of_the_delay(attempts: int, jitter: float) -> None:
    plan = delay(attempts, 0.0)
    assert delay(attempts, jitter) == pytest.approx(plan * (1 + jitter / 5))
    assert 0.8 * plan <= delay(attempts, jitter) <= 1.2 * plan


def test_jitter_beyond_its_range_is_kept_to_it() -> None:
    assert delay(3, -100.0) == pytest.approx(24.0)
    assert delay(3, 100.0) == pytest.approx(36.0)


# Any sequence.


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (
            Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, SmtpReply.AUTH_FAILED),
            Reason.LOGIN,
        ),
        (Outcome(Result.REFUSED, SmtpError.TLS), Reason.CERTIFICATE),
    ],
)
def test_what_our_own_client_was_told_of_a_log_in_holds_all_at_once(
    outcome: Outcome, reason: Reason
) -> None:
    for refusals, minutes in ((0, 15), (1, 15), (2, 30), (3, 60), (100, 60)):
        hold = Hold(reason, minutes * 60.0, History(1))
        # An account that has sent: see below.
        proven = refusals > 0 or reason is Reason.LOGIN
        told = after(outcome, refusals=refusals, proven=proven, way=Way.STREAM)
        assert told == hold
    # The modem's had tried before: that were two log-ins.
    proven = reason is Reason.LOGIN
    tried = after(
        outcome, History(1, doubts=1), refusals=0, proven=proven, way=Way.STREAM
    )
    assert tried == Hold(reason, HOUR, History(2, doubts=1))


def test_a_certificate_that_our_own_client_refuses_is_soon_left_to_the_modem_s() -> (
    None
):
    outcome = Outcome(Result.REFUSED, SmtpError.TLS)
    for history in (FRESH, History(1, doubts=1)):
        told = after(outcome, history, refusals=0, way=Way.STREAM)
        assert isinstance(told, Hold)
        assert told.reason is Reason.CERTIFICATE
        assert told.delay in (10.0, 30.0)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an attempt comes to, and in which circumstances."""

    end: Outcome | ModemError
    recipients: int
    proven: bool
    refusals: int
    proved: bool
    jitter: float
    way: Way
    explained_next: bool

    @property
    def accepted(self) -> bool:
        """Whether the server may have accepted the email."""
        return isinstance(self.end, Outcome) and classify(self.end) in (
            Kind.SENT,
            Kind.LOST,
            Kind.DOUBTFUL,
        )

    def judged(self, history: History) -> Verdict:
        """Return what policy says."""
        if isinstance(self.end, ModemError):
            return judge_error(self.end, history, jitter=self.jitter)
        return after(
            self.end,
            history,
            recipients=self.recipients,
            proven=self.proven,
            refusals=self.refusals,
            proved=self.proved,
            jitter=self.jitter,
            way=self.way,
            explained_next=self.explained_next,
        )


codes = st.one_of(st.sampled_from([*CODES]), st.integers(-1, 10**9))
replies = st.one_of(st.sampled_from([*REPLIES]), st.integers(-1, 10**9))
outcomes = st.one_of(
    st.builds(reported, codes, replies),
    st.just(LOST),
    st.builds(
        Outcome,
        st.sampled_from(Result),
        st.one_of(st.none(), codes.map(lambda code: cme_code(str(code)))),
        st.one_of(st.none(), replies.map(SmtpReply.of)),
    ),
)
errors = st.sampled_from(PERSON + ABSENT + PATH + OTHER + EMAIL)
attempts = st.builds(
    Attempt,
    st.one_of(outcomes, errors),
    st.integers(1, 20),
    st.booleans(),
    st.integers(0, 3),
    st.booleans(),
    st.floats(-1, 1),
    st.sampled_from(Way),
    st.booleans(),
)
histories = st.builds(
    History,
    st.integers(0, 1000),
    st.integers(0, 1),
    st.integers(0, 4),
    st.integers(0, 1000),
    st.booleans(),
    st.integers(0, 10),
    st.booleans(),
)


@given(attempts, histories)
def test_any_end_of_an_attempt_with_any_history_has_its_verdict(
    attempt: Attempt, history: History
) -> None:
    verdict = attempt.judged(history)
    tried = replace(verdict.history, attempts=history.attempts)
    assert verdict.history.attempts - history.attempts in (0, 1)
    if isinstance(attempt.end, ModemError):
        # Nothing is known of the email that was not known before.
        assert replace(tried, rebuilt=history.rebuilt) == history
    assert tried.in_doubt or not history.in_doubt
    match verdict:
        case End(state, _):
            assert not state.waiting
            assert state is not State.FAILED or not tried.in_doubt
        case Again(pause, reason, _):
            assert 0 <= pause <= 900 * 1.2 or pause in (
                HOUR,
                2 * HOUR,
                4 * HOUR,
                8 * HOUR,
            )
            assert reason in (Reason.RETRY, Reason.DOUBT, Reason.SERVER)
            assert reason is not Reason.DOUBT or tried.in_doubt
        case Hold(reason, pause, _):
            assert pause is None or pause >= 900
            assert reason.of_all or reason is Reason.REFUSED
        case Split():
            assert attempt.recipients > 1


@given(st.lists(attempts, max_size=12))
def test_no_sequence_hands_over_more_than_six_copies_that_may_arrive(
    sequence: list[Attempt],
) -> None:
    copies, history = 0, FRESH
    for attempt in sequence:
        verdict = attempt.judged(history)
        assert verdict.history.attempts >= history.attempts
        history = verdict.history
        copies += attempt.accepted
        assert copies <= 6
        if isinstance(verdict, End):
            assert verdict.state is State.FAILED or copies > 0
            return
    assert copies < 6


@given(st.lists(st.builds(reported, codes, replies), min_size=1, max_size=60))
def test_attempts_with_a_modem_that_answers_are_all_counted(
    failures: list[Outcome],
) -> None:
    history = FRESH
    for number, outcome in enumerate(failures, start=1):
        verdict = after(outcome, history)
        assert verdict.history.attempts == number
        if isinstance(verdict, End):
            break
        history = verdict.history


# The account.

SERVER: Final = ServerSettings(
    "mail.example.com", 465, Security.TLS, "user", "secret", "Home", "h@example.com"
)


def test_an_account_is_known_by_host_user_and_sender() -> None:
    digest = account(SERVER)
    assert digest == "fcb8798bbf006d43"
    for same in (
        replace(SERVER, password="other"),
        replace(SERVER, port=587, security=Security.STARTTLS),
        replace(SERVER, sender_name="House"),
        replace(SERVER, host="Mail.Example.COM"),
    ):
        assert account(same) == digest
    for other in (
        replace(SERVER, host="smtp.example.com"),
        replace(SERVER, username="User"),
        replace(SERVER, sender_address="i@example.com"),
    ):
        assert account(other) != digest
