"""As many emails go in an hour and a day as a person allows; critical ones have a burst."""

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.delivery.records import (
    Again,
    End,
    History,
    Hold,
    Options,
    Reason,
    State,
)
from custom_components.quectel_smtp.delivery.rules.storm import (
    CRITICAL_BURST,
    DAY,
    HOUR,
    Room,
    Send,
    room,
)
from tests.delivery.outbox.bench import (
    BUSY,
    REFUSED,
    SENT,
    Bench,
    again,
    at,
    failed,
    mail,
    sent,
)


def sends(*times: float, burst: bool = False) -> list[Send]:
    """Return sends at these times."""
    return [Send(time, burst) for time in times]


@pytest.mark.parametrize(
    ("past", "now", "free"),
    [
        ([], 5.0, Room(5.0, 5.0)),
        (sends(1.0), 5.0, Room(5.0, 5.0)),
        (sends(1.0, 2.0), 5.0, Room(1.0 + HOUR, 5.0)),
        (sends(2.0, 1.0, 3.0), 5.0, Room(2.0 + HOUR, 5.0)),
        (sends(1.0, 2.0), 1.0 + HOUR, Room(1.0 + HOUR, 1.0 + HOUR)),
        (sends(1.0, 2.0, 3.0, HOUR + 2), HOUR + 5, Room(1.0 + DAY, HOUR + 5)),
        (sends(*[1.0] * CRITICAL_BURST, burst=True), 5.0, Room(5.0, 1.0 + HOUR)),
        (sends(*[1.0] * (CRITICAL_BURST - 1), burst=True), 5.0, Room(5.0, 5.0)),
    ],
    ids=["none", "one", "hour", "more", "over", "day", "burst", "in burst"],
)
def test_there_is_room_once_enough_sends_lie_far_enough_back(
    past: list[Send], now: float, free: Room
) -> None:
    assert room(past, Options(per_hour=2, per_day=4), now) == free


def test_a_critical_email_takes_what_is_free_first() -> None:
    assert Room(normal=5.0, burst=7.0).critical == 5.0
    assert Room(normal=9.0, burst=7.0).critical == 7.0


def test_no_option_forbids_mail_for_good() -> None:
    assert room(sends(1.0), Options(per_hour=0, per_day=-1), 5.0).normal == 1.0 + DAY


@given(
    st.lists(st.integers(0, 3 * 86400).map(float), max_size=60),
    st.integers(1, 5),
    st.integers(1, 20),
)
def test_no_window_ever_holds_more_than_is_allowed(
    wanted: list[float], per_hour: int, per_day: int
) -> None:
    options = Options(per_hour=per_hour, per_day=per_day)
    went: list[float] = []
    for time in sorted(wanted):
        if room(sends(*went), options, time).normal <= time:
            went.append(time)
        else:
            # Refused for a reason: one of the windows is full.
            assert (
                sum(one > time - HOUR for one in went) >= per_hour
                or sum(one > time - DAY for one in went) >= per_day
            )
    for end in went:
        assert sum(end - HOUR < one <= end for one in went) <= per_hour
        assert sum(end - DAY < one <= end for one in went) <= per_day


# In the outbox.


def test_mail_over_the_limit_waits_until_there_is_room(box: Bench) -> None:
    two = Options(per_hour=2, per_day=3)
    references = [box.accept(elapsed=0.0) for _ in range(5)]
    for time in (1.0, 2.0):
        item = box.take(time, two)
        box.outbox.record(item.envelope, sent(), BUSY, at(time))
    assert box.due(3.0, two) is None
    listed = box.outbox.listed(at(3.0))
    assert [one.reference for one in listed] == references[2:]
    assert {one.reason for one in listed} == {Reason.LIMIT}
    assert {one.next_attempt for one in listed} == {at(1.0 + HOUR).wall}
    item = box.take(1.0 + HOUR, two)
    assert item.reference == references[2]
    box.outbox.record(item.envelope, sent(), BUSY, at(1.0 + HOUR))
    # Now the day's limit holds the rest, as each of them is told once.
    assert box.due(2.0 + HOUR, two) is None
    assert box.outbox.next_time(at(2.0 + HOUR)) == 1.0 + DAY
    assert box.story().count(State.DEFERRED) == 3


def test_only_what_has_left_counts(box: Bench) -> None:
    two = Options(per_hour=2)
    for verdict in (
        again(HOUR),
        Again(HOUR, Reason.DOUBT, History(1, doubts=1)),
        failed(),
        End(State.UNKNOWN, History(2, lost=2)),
    ):
        box.accept()
        item = box.take(0.0, two)
        box.outbox.record(item.envelope, verdict, REFUSED, at(0.0))
    for _ in range(2):
        box.accept()
        item = box.take(1.0, two)
        box.outbox.record(item.envelope, sent(), SENT, at(1.0))
    box.accept()
    assert box.due(2.0, two) is None


def test_the_limit_survives_a_restart(box: Bench) -> None:
    one = Options(per_hour=1)
    box.accept()
    box.attempt(sent(), 0.0)
    box.accept()
    box.reopen()
    assert box.due(1.0, one) is None
    assert box.due(HOUR, one) is not None


def test_critical_mail_has_a_burst_that_nothing_else_uses_up(box: Bench) -> None:
    one = Options(per_hour=1)
    box.accept()
    box.attempt(sent(), 0.0)
    urgent = [box.accept(mail(critical=True), 1.0) for _ in range(CRITICAL_BURST + 2)]
    normal = box.accept(elapsed=1.0)
    for number in range(CRITICAL_BURST):
        item = box.take(2.0 + number, one)
        assert item.reference == urgent[number]
        box.outbox.record(item.envelope, sent(), BUSY, at(2.0 + number))
    # Beyond its burst it is mail like any other, and only comes first.
    assert box.due(20.0, one) is None
    assert set(box.states()) == {*urgent[-2:], normal}
    item = box.take(HOUR, one)
    assert item.reference == urgent[-2]
    box.outbox.record(item.envelope, sent(), BUSY, at(HOUR))
    assert box.due(HOUR + 1.0, one) is None
    # The burst begins anew before normal mail has room.
    item = box.take(HOUR + 2.0, one)
    assert item.reference == urgent[-1]
    box.outbox.record(item.envelope, sent(), BUSY, at(HOUR + 2.0))
    assert box.due(HOUR + 3.0, one) is None
    assert box.states() == {normal: State.DEFERRED}


def test_a_backlog_of_normal_mail_holds_no_critical_one_back(box: Bench) -> None:
    one = Options(per_hour=1)
    box.accept()
    box.attempt(sent(), 0.0)
    for _ in range(3):
        box.accept()
    assert box.due(1.0, one) is None
    urgent = box.accept(mail(critical=True), 2.0)
    assert box.take(2.0, one).reference == urgent


def test_what_needs_a_person_goes_on_saying_so_over_the_limit(box: Bench) -> None:
    one = Options(per_hour=1)
    box.accept()
    box.attempt(sent(), 0.0)
    box.accept()
    box.attempt(Hold(Reason.LOGIN, 10.0, History(1)), 0.0, REFUSED)
    assert box.due(10.0, one) is None
    assert box.outbox.summary().held == {Reason.LOGIN}
    assert box.outbox.next_time(at(10.0)) == HOUR
    assert box.due(HOUR, one) is not None
