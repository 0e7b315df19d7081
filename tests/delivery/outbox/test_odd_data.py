"""No value that a disk, or a hand, left in a row keeps other emails from going."""

from contextlib import closing
import sqlite3

import pytest

from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.records import Options, Wear
from custom_components.quectel_smtp.delivery.rules.usage import Usage

from .bench import BUSY, DAY, HOUR, SENT, Bench, again, at, mail, sent

_ODD = (5, -1, 0, 2**63 - 1, -(2**63), 0.5, 1e300, -1e300, "odd", "", "7", b"\x00\xff")
_COLUMNS = {
    "emails": (
        "recipient",
        "critical",
        "accepted",
        "accepted_wall",
        "expires",
        "times",
        "size",
        "state",
        "reported",
        "ended",
        "merged_into",
    ),
    "envelopes": (
        "email",
        "part",
        "critical",
        "accepted",
        "members",
        "state",
        "reason",
        "due",
        "attempts",
        "lost",
        "doubts",
        "temporary",
        "rebuilt",
        "finding",
        "deadline",
        "mark",
        "way",
    ),
    "parts": ("number", "kind", "content"),
}


def odd(box: Bench, table: str, column: str, *values: object) -> None:
    """Put a value each into the rows of the first emails, whatever they refer to."""
    box.outbox.close()
    which = "id" if table == "emails" else "email"
    with closing(sqlite3.connect(box.path)) as connection:
        # One that moves a row to another email moves no row twice.
        for number in range(len(values), 0, -1):
            connection.execute(
                f"UPDATE {table} SET {column} = ? WHERE {which} = ?",  # noqa: S608
                (values[number - 1], number),
            )
        connection.commit()


def work(box: Bench, elapsed: float) -> list[str]:
    """Send all that is due; returns it by its references."""
    found = []
    while (unsettled := box.outbox.unsettled()) is not None:
        # Nothing else is sent before its result is known, or can't come any more.
        assert unsettled.deadline <= elapsed + HOUR
        box.outbox.record(unsettled.envelope, sent(), SENT, at(elapsed))
    while (item := box.due(elapsed, Options(per_hour=1000))) is not None:
        assert box.outbox.begin(item.envelope, elapsed, None, at(elapsed))
        box.outbox.record(item.envelope, sent(), SENT, at(elapsed))
        found.append(item.reference)
        assert len(found) < 20
    return found


@pytest.mark.parametrize(
    ("table", "column"),
    [(table, column) for table, columns in _COLUMNS.items() for column in columns],
)
@pytest.mark.parametrize("being_sent", [False, True])
def test_odd_values_in_a_column_keep_no_other_email_waiting(
    box: Bench, table: str, column: str, being_sent: bool
) -> None:
    for _ in _ODD:
        box.accept(elapsed=10.0)
    for _ in _ODD:
        box.attempt(again(20.0), 11.0, BUSY)
    if being_sent:
        for _ in _ODD:
            box.take(31.0)
    second = box.accept(elapsed=50.0)
    odd(box, table, column, *_ODD)
    opened = box.open(at(60.0).wall)
    assert not opened.damaged
    assert opened.elapsed == pytest.approx(60.0)
    third = box.accept(elapsed=61.0)
    assert set(work(box, 62.0)) >= {second, third}
    box.outbox.listed(at(62.0))
    # And each of them has an end, at the latest with its lifetime.
    for elapsed in (DAY, 2 * DAY + 100.0, 15 * DAY):
        work(box, elapsed)
        box.outbox.expire(at(elapsed))
        box.outbox.prune(at(elapsed))
    assert box.outbox.summary().waiting == 0
    ends = [one.reference for one in box.show() if not one.state.waiting]
    assert len(set(ends)) == len(ends)


@pytest.mark.parametrize("state", ["deferred", "held"])
def test_an_email_that_waits_for_no_reason_keeps_nothing_from_being_seen(
    box: Bench, state: str
) -> None:
    box.accept()
    box.attempt(again(1000.0), 1.0, BUSY)
    box.edit("UPDATE envelopes SET reason = NULL, state = ?", state)
    box.open(at(10.0).wall)
    assert box.outbox.summary().waiting == 1
    assert len(box.outbox.listed(at(10.0))) == 1


@pytest.mark.parametrize("critical", [0, 1, 5, -1])
def test_whatever_stands_for_critical_the_email_goes(box: Bench, critical: int) -> None:
    first, second = box.accept(), box.accept()
    odd(box, "emails", "critical", critical)
    box.open()
    item = box.due()
    assert item is not None and (item.reference, item.critical) == (
        first,
        critical != 0,
    )
    assert work(box, 0.0) == [first, second]


def test_a_size_that_can_not_be_fills_no_outbox(box: Bench) -> None:
    box.accept()
    odd(box, "emails", "size", 2**40)
    box.open()
    box.accept()
    assert len(work(box, 0.0)) == 2
    # What is left when all is gone is nothing.
    box.outbox.close()
    box.outbox = Outbox(box.path, size=1000)
    box.open()
    box.accept(mail(body="x" * 700))


@pytest.mark.parametrize("key", ["sent", "failed"])
@pytest.mark.parametrize("count", [2**63 - 1, -5])
def test_a_count_that_can_not_be_begins_anew(box: Bench, key: str, count: int) -> None:
    box.accept()
    box.attempt(sent())
    box.outbox.cancel(None, at(0.0))
    box.edit("INSERT OR REPLACE INTO meta VALUES (?, ?)", key, count)
    box.open()
    box.accept()
    box.accept(lifetime=HOUR)
    work(box, 1.0)
    summary = box.outbox.summary()
    assert (summary.sent, summary.failed) == ((2, 0) if key == "sent" else (3, 0))


# The clock.


@pytest.mark.parametrize(
    "elapsed", [None, "noon", b"\x00", -7.0, 1e300, 1e12, 1e8, 0.001, 99_999.0]
)
def test_a_clock_that_is_lost_or_absurd_goes_on_from_what_happened_last(
    box: Bench, elapsed: object
) -> None:
    # A house that has run for a while.
    now = 100_000.0
    box.accept(elapsed=now)
    for _ in range(30):
        box.accept(elapsed=now)
        box.attempt(sent(), now)
    waiting = box.accept(elapsed=now)
    box.outbox.save_wear(Wear((now,) * 30, (now,)), at(now))
    box.edit("UPDATE meta SET value = ? WHERE key = 'elapsed'", elapsed)
    if elapsed is None:
        box.edit("DELETE FROM meta WHERE key = 'elapsed'")
    opened = box.open(at(now).wall)
    # Neither is it over at once nor does it wait for longer than it may.
    assert opened.elapsed == now
    box.outbox.expire(at(opened.elapsed))
    assert waiting in box.states()
    assert work(box, now + HOUR)[-1] == waiting


def test_a_clock_may_stand_long_after_the_last_email(box: Bench) -> None:
    box.accept()
    box.attempt(sent())
    box.outbox.keep_time(at(400 * DAY))
    assert box.reopen(at(400 * DAY).wall).elapsed == 400 * DAY


def test_a_clock_that_is_lost_with_no_email_left_forgets_what_lies_ahead_of_it(
    box: Bench,
) -> None:
    now = 1e7
    for _ in range(30):
        box.accept(elapsed=now)
        box.attempt(sent(), now)
    box.outbox.save_wear(Wear((now,) * 30, (now,)), at(now))
    box.edit("DELETE FROM emails")
    box.edit("DELETE FROM meta WHERE key = 'elapsed'")
    assert box.open().elapsed == 0.0
    reference = box.accept()
    assert work(box, 0.0) == [reference]
    # How often the modem was restarted is no less for that.
    assert box.outbox.wear() == Wear((0.0,) * 30, (0.0,))


def test_a_hold_that_lies_far_ahead_is_over(box: Bench) -> None:
    box.edit("INSERT INTO meta VALUES ('held until, login', 1e9)")
    box.open()
    reference = box.accept()
    assert work(box, 0.0) == [reference]


def test_a_next_attempt_that_lies_far_ahead_is_now(box: Bench) -> None:
    reference = box.accept()
    box.attempt(again(100.0), 0.0, BUSY)
    box.edit("UPDATE envelopes SET due = 1e9")
    box.open()
    assert box.outbox.next_time(at(0.0)) == 0.0
    assert work(box, 0.0) == [reference]


def test_a_result_is_not_awaited_for_ever(box: Bench) -> None:
    box.accept()
    box.take()
    box.edit("UPDATE envelopes SET deadline = 1e9")
    box.open()
    unsettled = box.outbox.unsettled()
    assert unsettled is not None and unsettled.deadline == HOUR


@pytest.mark.parametrize(
    "odd",
    [7, "[", "[[1,2]]", "[[1],null]", "[[-1,2],null]", "[[1,2],[3,1e9]]", "[{},3]"],
)
def test_a_count_of_data_that_can_not_be_read_begins_anew(
    box: Bench, odd: object
) -> None:
    box.edit("INSERT OR REPLACE INTO meta VALUES ('usage', ?)", odd)
    box.open()
    assert box.outbox.usage() == Usage()
