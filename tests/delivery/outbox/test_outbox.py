"""What is accepted is kept, comes up in its turn, and has one end that is told."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.quectel_smtp.delivery.addresses import Addresses
from custom_components.quectel_smtp.delivery.changes import Change, Fit
from custom_components.quectel_smtp.delivery.errors import (
    BeingSentError,
    NotWaitingError,
    OutboxFullError,
    OutboxWriteError,
)
from custom_components.quectel_smtp.delivery.outbox import outbox as outbox_module
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.records import (
    Again,
    End,
    Finding,
    History,
    Hold,
    Last,
    Options,
    Reason,
    Split,
    State,
    Summary,
    Transition,
    Unsettled,
    Wear,
)

from .bench import (
    BUSY,
    DAY,
    HOUR,
    LOST,
    OPTIONS,
    REFUSED,
    SENT,
    START,
    Bench,
    again,
    at,
    compose,
    failed,
    mail,
    sent,
)

# Accepting.


def test_an_accepted_email_is_due_at_once_as_it_was_given(box: Bench) -> None:
    email = mail(
        "Wäsche",
        "Grüße 😀\r\nline\n",
        ["a@example.com", "b@example.com"],
        cc=["c@example.com"],
        bcc=["d@example.com"],
    )
    assert box.accept(email, 5.0) == email.reference
    item = box.due(5.0)
    assert item is not None
    assert (item.reference, item.recipient) == (email.reference, "Home")
    assert (item.subject, item.body) == (email.subject, email.body)
    assert item.addresses == Addresses(email.to, email.cc, email.bcc)
    assert (item.critical, item.times, item.accepted) == (False, 1, at(5.0))
    assert item.history == History()
    assert box.show() == [
        Transition(1, email.reference, "Home", State.QUEUED, at(5.0).wall, 0)
    ]


def test_an_accepted_email_is_still_there_for_another_process(box: Bench) -> None:
    email = mail(critical=True)
    box.accept(email, 5.0)
    before = box.due(5.0)
    box.reopen()
    assert box.due(5.0) == before
    assert [listed.critical for listed in box.outbox.listed(at(5.0))] == [True]


def test_a_reference_that_is_taken_is_replaced(box: Bench) -> None:
    email = mail()
    box.accept(email)
    other = box.accept(replace(mail(), reference=email.reference))
    assert other != email.reference
    assert box.states() == {email.reference: State.QUEUED, other: State.QUEUED}


def test_critical_emails_find_places_where_others_do_not(box: Bench) -> None:
    box.outbox.close()
    box.outbox = Outbox(box.path, emails=5, reserved=2)
    box.open()
    for _ in range(3):
        box.accept()
    with pytest.raises(OutboxFullError) as caught:
        box.accept()
    assert (caught.value.limit, caught.value.unit) == (3, "emails")
    box.accept(mail(critical=True))
    box.accept(mail(critical=True))
    with pytest.raises(OutboxFullError) as caught:
        box.accept(mail(critical=True))
    assert (caught.value.limit, caught.value.unit) == (5, "emails")
    assert box.outbox.summary().waiting == 5
    for _ in range(3):
        box.attempt(sent())
    box.accept()


def test_a_tenth_of_the_bytes_is_for_critical_emails(box: Bench) -> None:
    box.outbox.close()
    box.outbox = Outbox(box.path, size=2000)
    box.open()
    box.accept(mail(body="x" * 1600))
    with pytest.raises(OutboxFullError) as caught:
        box.accept(mail(body="x" * 200))
    assert (caught.value.limit, caught.value.unit) == (1800, "bytes")
    box.accept(mail(body="x" * 200, critical=True))
    with pytest.raises(OutboxFullError) as caught:
        box.accept(mail(body="x" * 200, critical=True))
    assert (caught.value.limit, caught.value.unit) == (2000, "bytes")


def test_every_end_gives_back_the_room_it_took(box: Bench) -> None:
    box.outbox.close()
    box.outbox = Outbox(box.path, size=30_000)
    box.open()

    def lose() -> None:
        box.edit("DELETE FROM parts")
        box.open()
        assert box.due() is None

    ends: list[Callable[[], object]] = [
        lambda: [box.attempt(sent()) for _ in range(11)],
        lambda: box.outbox.cancel(None, at(0.0)),
        lambda: box.outbox.expire(at(3 * DAY)),
        lambda: (
            box.outbox.digest(box.attempt(again(0.0, attempts=0)), at(0.0), compose),
            box.outbox.cancel(None, at(0.0)),
        ),
        lose,
    ]
    for end in ends:
        for _ in range(11):
            box.accept(mail(body="x" * 2300))
        with pytest.raises(OutboxFullError):
            box.accept(mail(body="x" * 2300))
        end()
        assert box.outbox.summary().waiting == 0


def test_what_is_refused_leaves_no_trace(box: Bench) -> None:
    box.outbox.close()
    box.outbox = Outbox(box.path, emails=1, reserved=0)
    box.open()
    box.accept(mail("First"))
    refused = mail("Second")
    with pytest.raises(OutboxFullError):
        box.accept(refused)
    assert refused.reference not in box.states()
    assert len(box.show()) == 1
    box.attempt(sent())
    # Not taken for a repeat of something that was never accepted.
    box.accept(refused)
    assert box.states() == {refused.reference: State.QUEUED}


def test_room_is_found_again_after_a_restart(box: Bench) -> None:
    for _ in range(3):
        box.accept()
    box.outbox.close()
    box.outbox = Outbox(box.path, emails=4, reserved=0)
    box.open()
    assert box.outbox.summary().waiting == 3
    box.accept()
    with pytest.raises(OutboxFullError):
        box.accept()


# Its turn.


def test_critical_emails_come_first_then_the_oldest(box: Bench) -> None:
    first, second = box.accept(elapsed=1.0), box.accept(elapsed=2.0)
    urgent = box.accept(mail(critical=True), 3.0)
    order = [box.attempt(sent(), 4.0).reference for _ in range(3)]
    assert order == [urgent, first, second]
    assert box.due(4.0) is None


def test_an_email_that_failed_for_now_comes_up_again_at_its_time(box: Bench) -> None:
    box.accept()
    assert box.outbox.next_time(at(0.0)) == 0.0
    item = box.attempt(again(30.0), 1.0, BUSY)
    assert box.due(30.9) is None
    assert box.outbox.next_time(at(2.0)) == 31.0
    retried = box.due(31.0)
    assert retried == replace(item, history=History(1), finding=BUSY)


def test_a_retry_takes_its_old_place_and_does_not_wait_behind_newer_mail(
    box: Bench,
) -> None:
    first = box.accept(elapsed=0.0)
    box.attempt(again(10.0), 0.0, BUSY)
    box.accept(elapsed=5.0)
    item = box.due(20.0)
    assert item is not None and item.reference == first


def test_history_survives_a_restart(box: Bench) -> None:
    box.accept()
    history = History(3, 1, 2, 1, rebuilt=True)
    box.attempt(Again(10.0, Reason.DOUBT, history), 0.0, LOST)
    box.reopen()
    item = box.due(10.0)
    assert item is not None and item.history == history


def test_an_expiry_is_the_next_time_where_nothing_is_due(box: Bench) -> None:
    assert box.outbox.next_time(at(0.0)) is None
    box.accept(elapsed=1.0, lifetime=HOUR)
    box.attempt(Hold(Reason.REFUSED, None, History(1)), 1.0, REFUSED)
    assert box.outbox.next_time(at(2.0)) == 1.0 + HOUR


# The attempt.


def test_the_intent_to_send_is_there_after_a_restart(box: Bench) -> None:
    reference = box.accept(mail(to=["a@example.com", "b@example.com"]))
    assert box.outbox.unsettled() is None
    item = box.take(10.0)
    expected = Unsettled(
        item.envelope, reference, 340.0, 42, History(), frozenset(item.addresses)
    )
    assert len(item.addresses) == 2
    assert box.outbox.unsettled() == expected
    assert box.due(10.0) is None
    assert box.states() == {reference: State.SENDING}
    box.reopen()
    assert box.outbox.unsettled() == expected
    box.outbox.record(item.envelope, sent(), SENT, at(11.0))
    assert box.outbox.unsettled() is None


def test_a_modem_without_a_mark_is_one_too(box: Bench) -> None:
    box.accept()
    item = box.due()
    assert item is not None
    assert box.outbox.begin(item.envelope, 1.0, None, at(0.0))
    unsettled = box.outbox.unsettled()
    assert unsettled is not None and unsettled.mark is None


def test_what_no_longer_waits_is_not_begun(box: Bench) -> None:
    reference = box.accept()
    item = box.due()
    assert item is not None
    box.outbox.cancel(reference, at(0.0))
    assert not box.outbox.begin(item.envelope, 1.0, 42, at(0.0))
    assert not box.outbox.begin(999, 1.0, 42, at(0.0))
    box.accept()
    again_item = box.take()
    assert not box.outbox.begin(again_item.envelope, 1.0, 42, at(0.0))


def test_a_verdict_on_what_is_over_changes_nothing(box: Bench) -> None:
    reference = box.accept()
    item = box.due()
    assert item is not None
    box.outbox.cancel(reference, at(0.0))
    for verdict in (sent(), again(), Split(History(1))):
        box.outbox.record(item.envelope, verdict, BUSY, at(1.0))
    assert box.story() == [State.QUEUED, State.CANCELLED]
    summary = box.outbox.summary()
    assert (summary.sent, summary.waiting) == (0, 0)


def test_an_attempt_that_came_to_nothing_before_its_intent_is_recorded_too(
    box: Bench,
) -> None:
    reference = box.accept()
    item = box.due()
    assert item is not None
    box.outbox.record(item.envelope, again(5.0), Finding(error="pdp_failed"), at(1.0))
    (listed,) = box.outbox.listed(at(2.0))
    assert (listed.reference, listed.state) == (reference, State.DEFERRED)
    assert listed.finding == Finding(error="pdp_failed")
    assert listed.next_attempt == at(6.0).wall


# Its end.


@pytest.mark.parametrize(
    ("state", "finding", "counts"),
    [
        (State.SENT, SENT, (1, 0)),
        (State.FAILED, REFUSED, (0, 1)),
        (State.UNKNOWN, LOST, (0, 1)),
    ],
    ids=["sent", "failed", "unknown"],
)
def test_an_end_is_told_counted_and_kept(
    box: Bench, state: State, finding: Finding, counts: tuple[int, int]
) -> None:
    reference = box.accept()
    box.show()
    box.attempt(End(state, History(2)), 7.0, finding)
    assert box.show() == [
        Transition(2, reference, "Home", state, at(7.0).wall, 2, finding)
    ]
    for _ in range(2):
        summary = box.outbox.summary()
        assert (summary.sent, summary.failed) == counts
        assert summary.last == Last(reference, "Home", state, at(7.0).wall, finding, 2)
        assert summary.last_sent == (at(7.0).wall if state is State.SENT else None)
        assert (summary.waiting, summary.oldest) == (0, None)
        box.reopen()
    assert box.outbox.listed(at(8.0)) == ()
    assert box.outbox.next_time(at(8.0)) is None


@pytest.mark.parametrize(
    ("ends", "end"),
    [
        ([State.SENT, State.SENT, State.SENT], State.SENT),
        ([State.SENT, State.FAILED, State.SENT], State.PARTLY_SENT),
        ([State.SENT, State.UNKNOWN, State.EXPIRED], State.PARTLY_SENT),
        ([State.FAILED, State.FAILED, State.FAILED], State.FAILED),
        ([State.FAILED, State.UNKNOWN, State.EXPIRED], State.UNKNOWN),
        ([State.EXPIRED, State.FAILED, State.FAILED], State.FAILED),
    ],
    ids=range(6),
)
def test_the_end_of_an_email_to_several_follows_from_each(
    box: Bench, ends: list[State], end: State
) -> None:
    addresses = ["a@example.com", "b@example.com"]
    reference = box.accept(mail(to=addresses, cc=["c@example.com"]))
    box.attempt(Split(History(1, temporary=3)), 0.0, REFUSED)
    for number, state in enumerate(ends):
        assert box.outbox.summary().waiting == 1
        finding = SENT if state is State.SENT else Finding(error=state.value)
        item = box.attempt(End(state, History(2 + number)), 1.0, finding)
        assert item.reference == reference
    assert box.story() == [State.QUEUED, end]
    summary = box.outbox.summary()
    assert summary.last is not None
    assert (summary.last.state, summary.last.attempts) == (end, 4)
    wrong = [state for state in ends if state is not State.SENT]
    # What is told is what went wrong.
    assert summary.last.finding == (Finding(error=wrong[-1].value) if wrong else SENT)


def test_a_split_email_goes_to_each_by_itself_in_the_same_capacity(
    box: Bench,
) -> None:
    to, cc, bcc = ["a@example.com"], ["b@example.com"], ["c@example.com"]
    reference = box.accept(mail(to=to, cc=cc, bcc=bcc))
    box.attempt(Split(History(4, temporary=3, doubts=1)), 0.0, REFUSED)
    (listed,) = box.outbox.listed(at(0.0))
    assert (listed.state, listed.attempts, listed.finding) == (
        State.QUEUED,
        4,
        REFUSED,
    )
    summary = box.outbox.summary()
    assert summary.last == Last(
        reference, "Home", State.QUEUED, at(0.0).wall, REFUSED, 4
    )
    items = [box.attempt(sent(5), 0.0) for _ in range(3)]
    assert [
        (item.addresses.to, item.addresses.cc, item.addresses.bcc) for item in items
    ] == [
        (("a@example.com",), (), ()),
        ((), ("b@example.com",), ()),
        ((), (), ("c@example.com",)),
    ]
    # What a server said of all says nothing of one.
    assert {item.history for item in items} == {History(4, doubts=1)}
    assert box.story() == [State.QUEUED, State.SENT]


def test_the_last_attempt_is_known_while_the_email_waits(box: Bench) -> None:
    reference = box.accept()
    box.attempt(again(30.0, attempts=3), 5.0, BUSY)
    assert box.outbox.summary().last == Last(
        reference, "Home", State.DEFERRED, at(5.0).wall, BUSY, 3, Reason.RETRY
    )
    box.attempt(Hold(Reason.REFUSED, None, History(4)), 40.0, REFUSED)
    for _ in range(2):
        assert box.outbox.summary().last == Last(
            reference, "Home", State.HELD, at(40.0).wall, REFUSED, 4, Reason.REFUSED
        )
        box.reopen()


def test_an_email_to_several_shows_what_needs_a_person_first(box: Bench) -> None:
    reference = box.accept(mail(to=[f"{name}@example.com" for name in "abcd"]))
    box.attempt(Split(History(1)), 0.0, REFUSED)
    box.attempt(again(10.0, attempts=2), 0.0, BUSY)
    assert box.states() == {reference: State.DEFERRED}
    box.attempt(Hold(Reason.REFUSED, None, History(2)), 0.0, REFUSED)
    assert box.states() == {reference: State.HELD}
    box.take()
    assert box.states() == {reference: State.SENDING}
    assert box.story() == [State.QUEUED, State.DEFERRED, State.HELD]


# What is told, and what is not.


def test_a_state_is_told_once_however_often_it_comes(box: Bench) -> None:
    reference = box.accept()
    for number in range(3):
        box.attempt(again(10.0, attempts=number), number * 10.0, BUSY)
    assert box.story(reference) == [State.QUEUED, State.DEFERRED]
    box.attempt(Hold(Reason.LOGIN, HOUR, History(4)), 30.0, REFUSED)
    box.attempt(Hold(Reason.LOGIN, HOUR, History(5)), 30.0 + HOUR, REFUSED)
    assert box.story() == [State.HELD]


def test_what_a_person_asked_for_is_told_even_if_it_was_so_before(
    box: Bench,
) -> None:
    reference = box.accept()
    hold = Hold(Reason.LOGIN, HOUR, History(1))
    box.attempt(hold, 0.0, REFUSED)
    assert box.outbox.retry(reference, at(1.0)) == 1
    box.attempt(hold, 1.0, REFUSED)
    assert box.story() == [State.QUEUED, State.HELD, State.HELD]


def test_a_deferral_is_told_with_all_that_is_known(box: Bench) -> None:
    reference = box.accept()
    box.show()
    box.attempt(again(60.0, Reason.DOUBT, 2), 5.0, LOST)
    assert box.show() == [
        Transition(
            2,
            reference,
            "Home",
            State.DEFERRED,
            at(5.0).wall,
            2,
            LOST,
            Reason.DOUBT,
            None,
            at(65.0).wall,
        )
    ]


def test_a_transition_is_kept_until_it_was_shown(box: Bench) -> None:
    box.accept()
    box.accept()
    first, second = box.outbox.unshown()
    box.reopen()
    assert box.outbox.unshown() == (first, second)
    box.outbox.shown(first.number)
    assert box.outbox.unshown() == (second,)
    box.reopen()
    assert box.outbox.unshown() == (second,)
    box.outbox.shown(second.number)
    box.outbox.shown(second.number)
    assert box.outbox.unshown() == ()
    box.accept()
    # A number is never given again, or it would count as shown.
    assert box.outbox.unshown()[0].number > second.number


# Holding.


def test_a_refused_login_holds_all_that_waits_and_all_that_comes(box: Bench) -> None:
    first, second = box.accept(), box.accept()
    box.attempt(Hold(Reason.LOGIN, HOUR, History(1)), 10.0, REFUSED)
    third = box.accept(elapsed=20.0)
    assert set(box.states().items()) == {
        (first, State.HELD),
        (second, State.HELD),
        (third, State.HELD),
    }
    listed = box.outbox.listed(at(20.0))
    assert {one.next_attempt for one in listed} == {at(10.0 + HOUR).wall}
    assert {one.reason for one in listed} == {Reason.LOGIN}
    assert box.story(third) == [State.QUEUED, State.HELD]
    summary = box.outbox.summary()
    assert summary.held == {Reason.LOGIN}
    assert summary.held_counts == {Reason.LOGIN: 3}
    assert box.due(9.0 + HOUR) is None
    # One try: the others follow if it goes.
    assert box.take(10.0 + HOUR).reference == first


@pytest.mark.parametrize("reason", [Reason.LOGIN, Reason.CERTIFICATE])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_refused_login_is_tried_hourly_though_nothing_waits_any_more(
    box: Bench, reason: Reason, restarted: bool
) -> None:
    box.accept(lifetime=HOUR)
    box.attempt(Hold(reason, HOUR, History(1)), 0.9 * HOUR, REFUSED)
    box.outbox.expire(at(HOUR))
    assert box.outbox.summary().waiting == 0
    if restarted:
        box.reopen()
    late = box.accept(elapsed=1.5 * HOUR)
    assert box.states()[late] is State.HELD
    assert box.due(1.8 * HOUR) is None
    assert box.take(1.9 * HOUR).reference == late


@pytest.mark.parametrize("how", ["mend", "retry", "cancel"])
def test_a_person_ends_the_wait_of_a_refused_login(box: Bench, how: str) -> None:
    found = box.accept(lifetime=HOUR)
    box.attempt(Hold(Reason.LOGIN, HOUR, History(1)), 0.0, REFUSED)
    if how == "cancel":
        box.outbox.cancel(found, at(1.0))
    else:
        box.outbox.hold_all(Reason.LOGIN, 2 * HOUR, at(1.0))
        box.outbox.expire(at(HOUR))
    if how == "mend":
        box.outbox.wake(at(HOUR), Reason.LOGIN)
    elif how == "retry":
        box.outbox.retry(None, at(HOUR))
    late = box.accept(elapsed=HOUR)
    assert box.take(HOUR).reference == late


def test_a_hold_without_a_time_waits_for_a_person(box: Bench) -> None:
    box.accept()
    box.outbox.hold_all(Reason.RESULTS_ELSEWHERE, None, at(0.0))
    late = box.accept(elapsed=1.0)
    assert box.due(HOUR) is None
    assert box.states()[late] is State.HELD
    (listed, _) = box.outbox.listed(at(1.0))
    assert listed.next_attempt is None


def test_a_hold_of_all_spares_what_is_being_sent(box: Bench) -> None:
    first, second = box.accept(), box.accept()
    box.take()
    box.outbox.hold_all(Reason.RESULTS_ELSEWHERE, None, at(1.0))
    assert box.states() == {first: State.SENDING, second: State.HELD}


def test_what_a_person_is_needed_for_by_itself_stays_held_for_that(
    box: Bench,
) -> None:
    reference = box.accept()
    box.attempt(Hold(Reason.REFUSED, None, History(1)), 0.0, REFUSED)
    box.accept()
    box.outbox.hold_all(Reason.LOGIN, HOUR, at(0.0))
    assert box.outbox.summary().held_counts == {Reason.REFUSED: 1, Reason.LOGIN: 1}
    box.outbox.hold_all(Reason.CERTIFICATE, HOUR, at(0.0))
    assert box.outbox.summary().held == {Reason.REFUSED, Reason.CERTIFICATE}
    box.outbox.wake(at(1.0), Reason.CERTIFICATE)
    assert box.states()[reference] is State.HELD


def test_a_refusal_holds_one_email_only(box: Bench) -> None:
    box.accept()
    box.attempt(Hold(Reason.REFUSED, None, History(1)), 0.0, REFUSED)
    other = box.accept()
    assert box.states()[other] is State.QUEUED


def test_while_copies_of_one_email_are_hours_apart_others_are_tried_each_hour(
    box: Bench,
) -> None:
    doubted = box.accept()
    hold = Hold(Reason.UNEXPLAINED, 4 * HOUR, History(4, doubts=4))
    box.accept()
    box.attempt(hold, 0.0, BUSY)
    fresh = box.accept(elapsed=60.0)
    due = box.due(HOUR + 60.0)
    assert due is not None and due.reference != doubted
    assert {one.reference for one in box.outbox.listed(at(0.0))} > {doubted, fresh}
    for elapsed in (HOUR + 60.0, HOUR + 61.0):
        assert box.attempt(sent(), elapsed).reference != doubted
    assert box.due(HOUR + 62.0) is None
    assert box.take(4 * HOUR + 60.0).reference == doubted


# Waking.


@pytest.mark.parametrize("reason", [Reason.LOGIN, Reason.UNEXPLAINED])
@pytest.mark.parametrize("asked", [True, False])
def test_further_copies_that_were_held_stay_hours_apart_unless_a_person_asks(
    box: Bench, reason: Reason, asked: bool
) -> None:
    doubted, second = box.accept(), box.accept()
    box.attempt(Again(2 * HOUR, Reason.DOUBT, History(3, doubts=3)), 0.0, BUSY)
    box.attempt(Again(900.0, Reason.DOUBT, History(1, doubts=1)), 0.0, BUSY)
    box.outbox.hold_all(reason, 900.0, at(1.0))
    box.show()
    box.outbox.wake(at(60.0), reason, asked=asked)
    assert box.states() == {
        doubted: State.QUEUED if asked else State.DEFERRED,
        second: State.QUEUED,
    }
    if not asked:
        (shown,) = box.show()
        assert (shown.state, shown.reason) == (State.DEFERRED, Reason.DOUBT)
        box.attempt(sent(), 60.0)
        assert box.due(2 * HOUR - 1.0) is None
        assert box.due(2 * HOUR + 10.0) is not None


def test_a_path_that_is_mended_wakes_what_waits_for_it(box: Bench) -> None:
    retry, doubt, busy = box.accept(), box.accept(), box.accept()
    for reason in (Reason.RETRY, Reason.DOUBT, Reason.SERVER):
        box.attempt(again(900.0, reason, 2), 0.0, BUSY)
    box.outbox.wake(at(5.0))
    assert box.states() == {
        retry: State.QUEUED,
        doubt: State.QUEUED,
        busy: State.DEFERRED,
    }
    item = box.due(5.0)
    assert item is not None and item.history == History(2)
    # Nothing to wake is nothing to write.
    before = box.bytes()
    box.outbox.wake(at(6.0))
    assert box.bytes() == before


def test_what_is_held_is_woken_for_its_reason(box: Bench) -> None:
    box.accept()
    box.attempt(Hold(Reason.LOGIN, HOUR, History(1)), 0.0, REFUSED)
    box.outbox.wake(at(5.0), Reason.CERTIFICATE, Reason.REFUSED)
    assert box.outbox.summary().held == {Reason.LOGIN}
    box.outbox.wake(at(5.0), Reason.CERTIFICATE, Reason.LOGIN)
    assert box.outbox.summary().held == frozenset()
    assert box.due(5.0) is not None


def test_a_person_may_have_one_email_retried_or_all(box: Bench) -> None:
    deferred, held, other = box.accept(), box.accept(), box.accept()
    box.attempt(again(900.0), 0.0, BUSY)
    box.attempt(Hold(Reason.REFUSED, None, History(1)), 0.0, REFUSED)
    assert box.outbox.retry(held, at(1.0)) == 1
    assert box.states() == {
        deferred: State.DEFERRED,
        held: State.QUEUED,
        other: State.QUEUED,
    }
    assert box.outbox.retry(None, at(1.0)) == 3
    assert set(box.states().values()) == {State.QUEUED}
    with pytest.raises(NotWaitingError):
        box.outbox.retry("NOBODY", at(1.0))
    assert box.take(1.0).reference == deferred
    assert box.outbox.retry(deferred, at(1.0)) == 0
    assert box.outbox.retry(None, at(1.0)) == 2


# Cancelling and expiry.


def test_a_person_may_cancel_what_waits(box: Bench) -> None:
    first, second = box.accept(), box.accept()
    assert box.outbox.cancel(first, at(3.0)) == 1
    assert box.states() == {second: State.QUEUED}
    with pytest.raises(NotWaitingError):
        box.outbox.cancel(first, at(3.0))
    with pytest.raises(NotWaitingError):
        box.outbox.cancel("NOBODY", at(3.0))
    assert box.story(first) == [State.QUEUED, State.CANCELLED]
    summary = box.outbox.summary()
    assert (summary.sent, summary.failed) == (0, 0)
    assert summary.last == Last(
        first, "Home", State.CANCELLED, at(3.0).wall, Finding(), 0
    )


def test_what_is_being_sent_is_not_cancelled(box: Bench) -> None:
    sending, other = box.accept(), box.accept()
    item = box.take()
    with pytest.raises(BeingSentError):
        box.outbox.cancel(sending, at(0.0))
    assert box.outbox.cancel(None, at(0.0)) == 1
    assert box.states() == {sending: State.SENDING}
    box.outbox.record(item.envelope, again(), BUSY, at(1.0))
    assert box.outbox.cancel(None, at(1.0)) == 1
    assert box.outbox.cancel(None, at(1.0)) == 0
    assert box.story(other) == [State.QUEUED, State.CANCELLED]


def test_cancelling_what_went_to_some_of_its_recipients_leaves_it_partly_sent(
    box: Bench,
) -> None:
    reference = box.accept(mail(to=["a@example.com", "b@example.com"]))
    box.attempt(Split(History(1)), 0.0, REFUSED)
    box.attempt(sent(2))
    box.outbox.cancel(reference, at(1.0))
    assert box.story() == [State.QUEUED, State.PARTLY_SENT]
    assert box.outbox.summary().sent == 1


def test_what_waits_too_long_expires_with_what_was_last_found(box: Bench) -> None:
    reference = box.accept(lifetime=HOUR)
    box.attempt(again(10.0), 0.0, BUSY)
    box.outbox.expire(at(HOUR - 1))
    assert box.outbox.summary().waiting == 1
    box.outbox.expire(at(HOUR))
    assert box.outbox.summary().waiting == 0
    assert box.outbox.summary().failed == 1
    (*_, end) = box.show()
    assert (end.reference, end.state) == (reference, State.EXPIRED)
    assert (end.finding, end.attempts) == (BUSY, 1)


def test_what_is_being_sent_expires_only_once_it_is_settled(box: Bench) -> None:
    box.accept(lifetime=HOUR)
    item = box.take(HOUR - 1)
    box.outbox.expire(at(2 * HOUR))
    assert box.outbox.unsettled() is not None
    box.outbox.record(item.envelope, again(), BUSY, at(2 * HOUR))
    box.outbox.expire(at(2 * HOUR))
    assert box.story() == [State.QUEUED, State.DEFERRED, State.EXPIRED]


def test_what_nobody_could_settle_ends_as_unknown(box: Bench) -> None:
    box.accept(lifetime=HOUR)
    box.take(HOUR - 1)
    box.outbox.expire(at(2 * HOUR))
    assert box.outbox.unsettled() is not None
    box.outbox.expire(at(3 * HOUR))
    assert box.outbox.unsettled() is None
    assert box.story() == [State.QUEUED, State.UNKNOWN]


def test_a_clock_that_jumped_while_it_was_closed_ends_nothing_that_is_being_sent(
    box: Bench,
) -> None:
    box.accept(lifetime=HOUR)
    box.take(HOUR - 1)
    opened = box.reopen(at(20 * HOUR).wall).elapsed
    assert opened > 19 * HOUR
    box.outbox.expire(at(opened + HOUR - 1))
    assert box.outbox.unsettled() is not None
    box.outbox.expire(at(opened + HOUR))
    assert box.story() == [State.QUEUED, State.UNKNOWN]


def test_what_may_have_been_sent_does_not_expire_but_is_unknown(box: Bench) -> None:
    box.accept(lifetime=HOUR)
    box.attempt(Again(10.0, Reason.DOUBT, History(1, doubts=1)))
    box.outbox.expire(at(HOUR))
    assert box.story() == [State.QUEUED, State.DEFERRED, State.UNKNOWN]


# What is remembered.


def test_the_list_says_what_waits_and_nothing_of_its_text(box: Bench) -> None:
    reference = box.accept(mail("Subject", "Body"), 5.0, lifetime=HOUR)
    urgent = box.accept(mail(critical=True, recipient="Fire brigade"), 6.0)
    first, second = box.outbox.listed(at(10.0))
    assert (first.reference, first.recipient) == (urgent, "Fire brigade")
    assert (second.reference, second.recipient) == (reference, "Home")
    assert (second.accepted, second.expires) == (at(5.0).wall, at(5.0 + HOUR).wall)
    assert (second.state, second.next_attempt) == (State.QUEUED, None)
    assert (second.reason, second.finding, second.attempts) == (None, None, 0)
    assert "Subject" not in repr(second) and "Body" not in repr(second)


def test_the_summary_of_a_new_outbox_is_empty(box: Bench) -> None:
    assert box.outbox.summary() == Summary()


def test_the_summary_knows_the_email_that_waits_longest(box: Bench) -> None:
    box.accept(elapsed=5.0)
    box.accept(mail(critical=True), 6.0)
    summary = box.outbox.summary()
    assert (summary.waiting, summary.oldest) == (2, at(5.0).wall)
    box.outbox.cancel(None, at(7.0))
    assert box.outbox.summary().oldest is None


def test_what_ended_is_forgotten_after_thirty_days(box: Bench) -> None:
    gone, kept = mail(), mail()
    box.accept(gone)
    box.attempt(sent())
    box.accept(kept, 1.0)
    box.accept(mail(kept.subject), 1.0)
    box.outbox.prune(at(30 * DAY - 1))
    # A reference is given anew only once nobody can ask for it any more.
    same = replace(mail(), reference=gone.reference)
    assert box.outbox.cancel(box.accept(same, 1.0), at(1.0)) == 1
    assert gone.reference not in {one.reference for one in box.show()[-2:]}
    box.attempt(again(), 1.0, BUSY)
    box.outbox.prune(at(30 * DAY))
    # The one that still waits is kept, and so is the one that goes with it.
    assert box.states() == {kept.reference: State.DEFERRED}
    box.attempt(sent(), 30 * DAY + 10)
    assert box.story() == [State.DEFERRED, State.SENT, State.SENT]
    box.outbox.prune(at(61 * DAY))
    assert box.accept(same, 61 * DAY) == gone.reference
    before = box.bytes()
    box.outbox.prune(at(61 * DAY))
    assert box.bytes() == before


def test_of_what_ended_only_so_much_is_kept(
    box: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "KEPT_MOST", 5)
    references = [box.accept(elapsed=float(number)) for number in range(8)]
    for number in range(8):
        box.attempt(sent(), 10.0 + number)
        box.outbox.prune(at(10.0 + number))
    again_ = [
        box.accept(replace(mail(), reference=reference), 20.0)
        for reference in references
    ]
    assert [one == two for one, two in zip(references, again_, strict=True)] == [
        *[True] * 3,
        *[False] * 5,
    ]


def test_wear_is_kept_over_restarts(box: Bench) -> None:
    assert box.outbox.wear() == Wear()
    wear = Wear((1.5, 2.0), (2.0,))
    box.outbox.save_wear(wear, at(3.0))
    box.reopen()
    assert box.outbox.wear() == wear


def test_an_account_is_proven_for_good(box: Bench) -> None:
    assert not box.outbox.standing("user@mail.example.com").proven
    box.outbox.prove("user@mail.example.com", at(1.0))
    box.reopen()
    assert box.outbox.standing("user@mail.example.com").proven
    assert not box.outbox.standing("other@mail.example.com").proven


# Time.


def test_the_clock_goes_on_by_the_time_the_host_was_off(box: Bench) -> None:
    box.accept(elapsed=1000.0)
    wall = at(1000.0).wall
    assert box.reopen(wall + timedelta(hours=3)).elapsed == 1000.0 + 3 * HOUR


@pytest.mark.parametrize("years", [10, -10])
def test_a_clock_that_jumped_neither_expires_nor_starves_anything(
    box: Bench, years: int
) -> None:
    reference = box.accept(elapsed=1000.0)
    opened = box.reopen(at(1000.0).wall + timedelta(days=365 * years))
    assert opened.elapsed == 1000.0 + (DAY if years > 0 else 0.0)
    box.outbox.expire(at(opened.elapsed))
    assert box.states() == {reference: State.QUEUED}
    item = box.due(opened.elapsed)
    assert item is not None and item.reference == reference


def test_times_for_people_follow_the_clock_that_they_see(box: Bench) -> None:
    box.accept(elapsed=1000.0)
    box.attempt(again(60.0), 1000.0, BUSY)
    jumped = replace(at(1010.0), wall=START.replace(year=2036))
    (listed,) = box.outbox.listed(jumped)
    assert listed.next_attempt == jumped.wall + timedelta(seconds=50)
    assert listed.accepted == at(1000.0).wall
    end = START.replace(year=9999, month=12, day=31)
    (listed,) = box.outbox.listed(replace(at(1010.0), wall=end))
    assert listed.expires == end


# A closed outbox.


def test_a_closed_outbox_says_so(box: Bench) -> None:
    box.outbox.close()
    box.outbox.close()
    with pytest.raises(OutboxWriteError):
        box.accept()
    with pytest.raises(OutboxWriteError):
        box.outbox.next_due(at(0.0), Options())
    with pytest.raises(OutboxWriteError):
        box.outbox.listed(at(0.0))
    box.open()
    box.accept()


def test_options_are_those_of_the_moment(box: Bench) -> None:
    box.accept(lifetime=HOUR)
    (listed,) = box.outbox.listed(at(0.0))
    assert listed.expires == at(HOUR).wall
    assert OPTIONS.lifetime == 48 * HOUR


def test_failures_count_as_such(box: Bench) -> None:
    box.accept()
    box.attempt(failed(), 0.0, REFUSED)
    assert box.outbox.summary().failed == 1


def test_of_what_is_held_is_shown_what_says_most(box: Bench) -> None:
    named = Finding(reply=550, words="nobody here", address="a@example.com")
    found = []
    for finding in (Finding(code=678), Finding(words="no"), named, Finding()):
        box.accept()
        box.attempt(Hold(Reason.REFUSED, None, History(1)), 0.0, finding)
        found.append(box.outbox.summary().held_findings[Reason.REFUSED])
    assert found == [Finding(code=678), Finding(words="no"), named, named]
    box.edit("UPDATE envelopes SET finding = 'odd'")
    box.open()
    assert box.outbox.summary().held_findings == {}


def test_changes_as_one_happen_together_or_not_at_all(box: Bench) -> None:
    box.accept()
    item = box.take()
    with suppress(ZeroDivisionError), box.outbox.as_one(at(1.0)):
        box.outbox.record(item.envelope, failed(), REFUSED, at(1.0))
        box.outbox.count_refusal(at(1.0))
        raise ZeroDivisionError
    assert box.outbox.unsettled() is not None
    assert box.outbox.summary().waiting == 1
    assert box.outbox.standing("").refusals == 0
    with box.outbox.as_one(at(2.0)):
        box.outbox.record(item.envelope, failed(), REFUSED, at(2.0))
        box.outbox.count_refusal(at(2.0))
    assert box.outbox.summary().waiting == 0
    assert box.outbox.standing("").refusals == 1


@pytest.mark.parametrize("before", [None, BUSY])
def test_what_was_done_to_an_email_that_left_is_known_until_it_is_withdrawn(
    box: Bench, before: Finding | None
) -> None:
    reference = box.accept()
    if before is not None:
        box.attempt(again(0.0), finding=before)
    done = (Change(Fit.BODY_CUT),)
    item = box.due(1.0)
    assert item is not None
    assert box.outbox.begin(item.envelope, 300.0, 1, at(1.0), changes=done)
    box.reopen()
    unsettled = box.outbox.unsettled()
    assert unsettled is not None and unsettled.changes == done
    box.outbox.withdraw(item.envelope, at(2.0))
    found = box.outbox.result(reference, at(3.0))
    assert found is not None and found.finding == before
