"""A flood of notifications becomes few emails, and each has its end told."""

from contextlib import closing
from dataclasses import replace
import sqlite3

import pytest

from custom_components.quectel_smtp.delivery.addresses import Addresses
from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.errors import OutboxFullError
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.records import (
    History,
    Hold,
    Item,
    Options,
    Reason,
    Split,
    State,
    Verdict,
)

from .bench import (
    BUSY,
    DIGEST_SIZE,
    HOUR,
    LOST,
    REFUSED,
    Bench,
    again,
    at,
    compose,
    failed,
    mail,
    sent,
)

# The same text within a minute.


def test_the_same_text_within_a_minute_becomes_one_email(box: Bench) -> None:
    first = box.accept(mail("Smoke"), 0.0)
    second, third = box.accept(mail("Smoke"), 30.0), box.accept(mail("Smoke"), 59.9)
    assert len({first, second, third}) == 3
    assert box.states() == {first: State.QUEUED}
    assert box.outbox.summary().waiting == 1
    item = box.take(60.0)
    assert (item.reference, item.times) == (first, 3)
    box.outbox.record(item.envelope, sent(), BUSY, at(61.0))
    told = [(one.reference, one.state, one.merged_into) for one in box.show()]
    assert told == [
        (first, State.QUEUED, None),
        (second, State.QUEUED, None),
        (second, State.MERGED, first),
        (third, State.QUEUED, None),
        (third, State.MERGED, first),
        (first, State.SENT, None),
        (second, State.SENT, first),
        (third, State.SENT, first),
    ]
    assert box.outbox.summary().sent == 1


@pytest.mark.parametrize(
    "other",
    [
        mail("Fire"),
        mail("Smoke", "Other"),
        mail("Smoke", to=["b@example.com"]),
        mail("Smoke", cc=["b@example.com"]),
        mail("Smoke", to=[], bcc=["a@example.com"]),
        mail("Smoke", critical=True),
    ],
    ids=["subject", "body", "to", "cc", "bcc", "critical"],
)
def test_what_differs_is_an_email_of_its_own(box: Bench, other: Email) -> None:
    box.accept(mail("Smoke"))
    box.accept(other)
    assert box.outbox.summary().waiting == 2


def test_a_critical_email_is_merged_with_nothing(box: Bench) -> None:
    for _ in range(2):
        box.accept(mail("Smoke", critical=True))
    box.accept(mail("Smoke"))
    assert box.outbox.summary().waiting == 3


def test_a_minute_later_it_is_an_email_of_its_own(box: Bench) -> None:
    box.accept(mail("Smoke"), 0.0)
    box.accept(mail("Smoke"), 60.0)
    assert box.outbox.summary().waiting == 2


def test_a_repeat_of_what_was_sent_waits_for_more_of_them(box: Bench) -> None:
    box.accept(mail("Smoke"), 0.0)
    box.attempt(sent(), 1.0)
    second = box.accept(mail("Smoke"), 2.0)
    (listed,) = box.outbox.listed(at(2.0))
    assert (listed.reference, listed.state) == (second, State.DEFERRED)
    assert (listed.reason, listed.next_attempt) == (Reason.REPEATED, at(60.0).wall)
    box.accept(mail("Smoke"), 50.0)
    assert box.due(59.9) is None
    item = box.take(60.0)
    assert (item.reference, item.times) == (second, 2)
    # And once more: a storm becomes an email a minute.
    fourth = box.accept(mail("Smoke"), 61.0)
    assert box.states()[fourth] is State.DEFERRED
    assert box.due(61.9) is None and box.due(62.0) is not None


def test_a_text_that_is_on_its_way_to_the_modem_is_not_counted_up(
    box: Bench,
) -> None:
    first = box.accept(mail("Smoke"), 0.0)
    item = box.due(1.0)
    assert item is not None
    # It says "once" already.
    second = box.accept(mail("Smoke"), 2.0)
    assert box.states() == {first: State.QUEUED, second: State.DEFERRED}
    # The modem is gone: it is taken anew, and by then all are counted.
    box.outbox.record(item.envelope, again(0.0, attempts=0), BUSY, at(3.0))
    box.accept(mail("Smoke"), 4.0)
    items = [box.attempt(sent(), 62.0) for _ in range(2)]
    assert [item.times for item in items] == [1, 2]


@pytest.mark.parametrize(
    "verdict", [again(900.0), Split(History(1))], ids=["again", "split"]
)
def test_a_text_that_was_attempted_is_not_counted_up(
    box: Bench, verdict: Verdict
) -> None:
    first = box.accept(mail("Smoke", to=["a@example.com", "b@example.com"]), 0.0)
    box.attempt(verdict, 1.0, LOST)
    second = box.accept(mail("Smoke", to=["a@example.com", "b@example.com"]), 2.0)
    assert set(box.states()) == {first, second}
    (listed,) = (one for one in box.outbox.listed(at(2.0)) if one.reference == second)
    assert listed.reason is Reason.REPEATED


def test_a_text_that_is_held_before_its_first_attempt_is_counted_up(
    box: Bench,
) -> None:
    box.outbox.hold_all(Reason.LOGIN, HOUR, at(0.0))
    box.accept(mail("Smoke"))
    box.outbox.hold_all(Reason.LOGIN, HOUR, at(0.0))
    box.accept(mail("Smoke"))
    assert box.outbox.summary().waiting == 1


def test_a_repeat_while_all_is_held_is_held_too(box: Bench) -> None:
    box.accept(mail("Smoke"))
    box.attempt(Hold(Reason.LOGIN, HOUR, History(1)), 1.0, REFUSED)
    second = box.accept(mail("Smoke"), 2.0)
    assert box.states()[second] is State.HELD


def kept(box: Bench) -> int:
    """Return how many emails are known of, those that are over too."""
    box.outbox.close()
    with closing(sqlite3.connect(box.path)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM emails").fetchone()
    box.open()
    return int(count)


def test_a_text_that_comes_without_end_has_an_end_that_is_short(box: Bench) -> None:
    references = [box.accept(mail("Smoke"), number / 10) for number in range(600)]
    # Ten repeats are told of by themselves; the others are counted in the first.
    first, *told = dict.fromkeys(references)
    assert len(told) == 10
    assert references[11:] == [first] * 589
    assert [(one.reference, one.state) for one in box.show()] == [
        (first, State.QUEUED),
        *(
            (reference, state)
            for reference in told
            for state in (State.QUEUED, State.MERGED)
        ),
    ]
    item = box.take(60.0)
    assert (item.reference, item.times) == (first, 600)
    box.outbox.record(item.envelope, sent(), BUSY, at(61.0))
    assert [(one.reference, one.state) for one in box.show()] == [
        (reference, State.SENT) for reference in (first, *told)
    ]
    assert kept(box) == 11


def test_repeats_take_no_more_rows_than_emails_may_wait(box: Bench) -> None:
    box.outbox.close()
    box.outbox = Outbox(box.path, emails=12, reserved=0)
    box.open()
    for _ in range(8):
        for text in range(3):
            box.accept(mail(f"Text {text}"))
    assert box.outbox.summary().waiting == 3
    assert len({one.reference for one in box.show()}) == 3 + 12
    # Once one of them is over there is room again.
    assert box.attempt(sent()).times == 8
    repeat = mail("Text 1")
    assert box.accept(repeat) == repeat.reference
    assert [box.attempt(sent()).times for _ in range(2)] == [9, 8]


def test_what_a_digest_stands_for_is_counted_too(box: Bench) -> None:
    box.outbox.close()
    box.outbox = Outbox(box.path, emails=12, reserved=0)
    box.open()
    flood(box, 10)
    digest(box)
    for _ in range(9):
        box.accept(mail("Smoke"), 100.0)
    box.show()
    while box.due(100.0):
        box.attempt(sent(), 100.0)
    ends = [one for one in box.show() if one.state is State.SENT]
    assert len(ends) == 11 + 3


def test_a_repeat_needs_no_room(box: Bench) -> None:
    box.outbox.close()
    box.outbox = Outbox(box.path, emails=1, reserved=0)
    box.open()
    box.accept(mail("Smoke"))
    box.accept(mail("Smoke"))
    with pytest.raises(OutboxFullError):
        box.accept(mail("Fire"))


def test_after_a_restart_nobody_knows_what_was_said_a_moment_ago(
    box: Bench,
) -> None:
    box.accept(mail("Smoke"), 0.0)
    box.reopen()
    box.accept(mail("Smoke"), 1.0)
    assert box.outbox.summary().waiting == 2


@pytest.mark.parametrize("end", ["cancelled", "expired", "failed"])
def test_a_repeat_shares_every_end(box: Bench, end: str) -> None:
    first = box.accept(mail("Smoke"), lifetime=HOUR)
    second = box.accept(mail("Smoke"))
    match end:
        case "cancelled":
            box.outbox.cancel(first, at(1.0))
        case "expired":
            box.outbox.expire(at(HOUR))
        case _:
            box.attempt(failed(), 1.0, REFUSED)
    assert [(one.reference, one.state, one.merged_into) for one in box.show()[3:]] == [
        (first, State(end), None),
        (second, State(end), first),
    ]
    # It is no one's business to cancel it by itself.
    assert box.outbox.retry(None, at(2.0)) == 0


# Digests.


def flood(
    box: Bench, count: int, elapsed: float = 0.0, body: str = "Smoke"
) -> list[str]:
    """Accept so many emails."""
    return [
        box.accept(mail(f"Alarm {number}", body), elapsed + number)
        for number in range(count)
    ]


def digest(box: Bench, elapsed: float = 100.0) -> Item:
    """Return what is due, as a digest if it may be one."""
    item = box.due(elapsed)
    assert item is not None
    return box.outbox.digest(item, at(elapsed), compose)


def test_ten_emails_to_the_same_addresses_go_out_as_one(box: Bench) -> None:
    references = flood(box, 10)
    item = digest(box)
    assert item.reference not in references
    assert (item.recipient, item.addresses.to) == ("Home", ("a@example.com",))
    assert item.subject == "10 emails"
    assert [line.split()[:3] for line in item.body.splitlines()] == [
        ["12:00", "Alarm", str(number)] for number in range(10)
    ]
    # It stands where the oldest of them stood.
    assert item.accepted == at(0.0)
    assert box.states() == {item.reference: State.QUEUED}
    summary = box.outbox.summary()
    assert (summary.waiting, summary.oldest) == (1, at(0.0).wall)
    assert box.due(100.0) == item
    box.show()
    box.attempt(sent(), 101.0)
    told = box.show()
    assert [(one.reference, one.state, one.merged_into) for one in told] == [
        (item.reference, State.SENT, None),
        *((reference, State.SENT, item.reference) for reference in references),
    ]
    assert box.outbox.summary().sent == 1


def test_what_goes_into_a_digest_is_told(box: Bench) -> None:
    references = flood(box, 10)
    box.show()
    item = digest(box)
    assert [(one.reference, one.state, one.merged_into) for one in box.show()] == [
        (item.reference, State.QUEUED, None),
        *((reference, State.MERGED, item.reference) for reference in references),
    ]


def test_a_digest_expires_with_the_last_of_its_emails(box: Bench) -> None:
    flood(box, 9)
    box.accept(elapsed=50.0, lifetime=5 * HOUR)
    last = box.accept(elapsed=60.0, lifetime=100 * HOUR)
    assert last in box.states()
    digest(box)
    (listed,) = box.outbox.listed(at(100.0))
    assert listed.expires == at(60.0 + 100 * HOUR).wall


def test_fewer_than_ten_go_out_one_by_one(box: Bench) -> None:
    flood(box, 9)
    item = box.due(100.0)
    assert item is not None
    assert box.outbox.digest(item, at(100.0), compose) is item


def test_a_digest_takes_the_oldest_that_fit(box: Bench) -> None:
    references = flood(box, 12, body="x" * 2000)
    item = digest(box)
    assert item.subject == "4 emails"
    assert len(item.body.encode()) <= DIGEST_SIZE
    assert set(box.states()) == {item.reference, *references[4:]}
    box.attempt(sent(), 100.0)
    # Eight are left, which is no flood any more.
    assert digest(box).reference == references[4]


def test_what_would_not_fit_with_another_goes_out_by_itself(box: Bench) -> None:
    references = flood(box, 12, body="x" * 9000)
    assert digest(box).reference == references[0]
    assert set(box.states()) == set(references)


def test_no_digest_goes_to_more_than_one_email_can(box: Bench) -> None:
    flood(box, 10)
    one = '"a@example.com"'
    many = ",".join(f'"a{number}@example.com"' for number in range(101))
    box.edit("UPDATE parts SET content = replace(content, ?, ?)", one, many)
    box.open()
    item = box.due(100.0)
    assert item is not None
    assert box.outbox.digest(item, at(100.0), compose) == item
    assert len(box.states()) == 10


def test_what_has_an_address_that_is_none_any_more_ends(box: Bench) -> None:
    references = flood(box, 2)
    box.edit("UPDATE parts SET content = replace(content, '@', ' ') WHERE email = 1")
    box.open()
    assert digest(box).reference == references[1]
    assert set(box.states()) == {references[1]}


def test_no_text_goes_to_whom_another_email_was_given_to_as_well(box: Bench) -> None:
    """Neither as a repeat nor in a digest: whoever was added is added to that one."""
    kinds = [
        Addresses(),
        Addresses(to=("b@example.com",)),
        Addresses(cc=("b@example.com",)),
        Addresses(bcc=("b@example.com",)),
    ]
    emails = [replace(mail("Alarm", "Smoke"), extra=kind) for kind in kinds]
    for number in range(3):
        for one in emails:
            box.accept(replace(one, subject=f"Alarm {number}"), float(number))
    assert len(box.states()) == 12
    item = box.due(100.0)
    assert item is not None
    assert box.outbox.digest(item, at(100.0), compose) == item


def test_what_does_not_fit_by_its_composer_stays_out(box: Bench) -> None:
    references = flood(box, 10)
    item = box.due(100.0)
    assert item is not None
    few = box.outbox.digest(
        item,
        at(100.0),
        lambda entries: compose(entries) if len(entries) <= 3 else None,
    )
    assert few.subject == "3 emails"
    assert set(box.states()) == {few.reference, *references[3:]}
    assert box.outbox.digest(few, at(100.0), lambda _: None) is few


def test_critical_and_attempted_and_other_mail_stays_out_of_a_digest(
    box: Bench,
) -> None:
    attempted = box.accept()
    box.attempt(again(1000.0), 0.0, BUSY)
    urgent = box.accept(mail(critical=True))
    other = box.accept(mail(to=["a@example.com", "b@example.com"]))
    repeated = mail("Repeated")
    box.accept(repeated)
    assert box.take().critical
    plain = box.due()
    assert plain is not None
    references = flood(box, 9)
    item = digest(box)
    # It is to somebody else.
    assert item.reference == other
    assert box.outbox.cancel(other, at(100.0)) == 1
    item = digest(box)
    assert item.subject == "10 emails"
    assert set(box.states()) == {attempted, urgent, item.reference}
    assert len(references) == 9


def test_what_was_attempted_or_is_critical_is_no_occasion_for_a_digest(
    box: Bench,
) -> None:
    flood(box, 10)
    item = box.due(100.0)
    assert item is not None
    for other in (replace(item, critical=True), replace(item, history=History(1))):
        assert box.outbox.digest(other, at(100.0), compose) is other


def test_mail_over_the_limit_goes_into_the_digest(box: Bench) -> None:
    box.accept()
    box.attempt(sent(), 0.0)
    references = flood(box, 12)
    one = Options(per_hour=1)
    assert box.due(100.0, one) is None
    assert set(box.states().values()) == {State.DEFERRED}
    assert box.outbox.next_time(at(100.0)) == HOUR
    item = box.due(HOUR, one)
    assert item is not None
    item = box.outbox.digest(item, at(HOUR), compose)
    assert item.subject == "12 emails"
    assert set(references).isdisjoint(box.states())


def test_a_repeat_in_a_digest_is_told_the_digests_end(box: Bench) -> None:
    references = flood(box, 9)
    first = box.accept(mail("Smoke"), 50.0)
    second = box.accept(mail("Smoke"), 51.0)
    item = digest(box)
    assert item.body.splitlines()[-1].endswith(" 2")
    box.show()
    box.attempt(sent(), 101.0)
    assert {(one.reference, one.merged_into) for one in box.show()} == {
        (item.reference, None),
        *((reference, item.reference) for reference in [*references, first, second]),
    }


def test_a_repeat_of_what_went_into_a_digest_waits(box: Bench) -> None:
    flood(box, 10)
    digest(box, 20.0)
    repeat = box.accept(mail("Alarm 9", "Smoke"), 30.0)
    assert box.states()[repeat] is State.DEFERRED


def test_a_digest_that_fails_for_now_stays_one_email(box: Bench) -> None:
    flood(box, 10)
    item = digest(box)
    box.attempt(again(10.0), 100.0, BUSY)
    flood(box, 9, 200.0, body="Later")
    box.reopen()
    later = box.due(300.0)
    assert later is not None
    assert later == replace(item, history=History(1), finding=BUSY)
    assert box.outbox.digest(later, at(300.0), compose) is later


def test_a_digest_goes_into_no_other(box: Bench) -> None:
    flood(box, 10)
    first = digest(box)
    flood(box, 10, 200.0, body="Later")
    box.outbox.hold_all(Reason.LOGIN, HOUR, at(300.0))
    box.outbox.wake(at(400.0), Reason.LOGIN)
    assert box.outbox.digest(first, at(400.0), compose) is first
    box.attempt(sent(), 400.0)
    second = digest(box, 400.0)
    assert second.subject == "10 emails"
    flood(box, 10, 500.0, body="Last")
    whole = box.outbox.digest(box.take(500.0), at(500.0), compose)
    assert whole.reference == second.reference


def test_an_email_in_several_envelopes_stays_out_of_a_digest(box: Bench) -> None:
    box.accept(mail(to=["a@example.com", "b@example.com"]))
    box.attempt(Split(History(0)), 0.0, REFUSED)
    references = flood(box, 10)
    split = box.due(100.0)
    assert split is not None and split.addresses.to == ("a@example.com",)
    box.attempt(sent(), 100.0)
    box.attempt(sent(), 100.0)
    assert digest(box).subject == "10 emails"
    assert set(references).isdisjoint(box.states())
