"""What waits for the limits of an hour and a day goes once they, or a person, say so."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from custom_components.quectel_smtp.delivery.enclosures import Carries
from custom_components.quectel_smtp.delivery.records import Item, Options, Reason, State
from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from tests.delivery.bench import SETTINGS, Office, email
from tests.modem.virtual_time import virtual_time

from .bench import BUSY, DAY, HOUR, Bench, again, at, mail, sent

ONE = Options(per_hour=1)
THREE = Options(per_hour=3)


def attempt(box: Bench, elapsed: float, options: Options) -> Item:
    """Send what is due."""
    item = box.take(elapsed, options)
    box.outbox.record(item.envelope, sent(), BUSY, at(elapsed))
    return item


def limited(box: Bench, count: int = 4) -> list[str]:
    """Have so many emails wait because one was sent."""
    box.accept()
    attempt(box, 0.0, ONE)
    references = [box.accept(elapsed=1.0 + number) for number in range(count)]
    assert box.due(100.0, ONE) is None
    assert [one.reason for one in box.outbox.listed(at(100.0))] == [
        Reason.LIMIT
    ] * count
    return references


@pytest.mark.parametrize(
    "higher", [Options(per_hour=30), Options(per_hour=2, per_day=2)]
)
def test_a_raised_limit_frees_what_the_lower_one_deferred_in_order(
    box: Bench, higher: Options
) -> None:
    references = limited(box)
    room = min(higher.per_hour - 1, 4)
    items = [attempt(box, 101.0, higher) for _ in range(room)]
    assert [item.reference for item in items] == references[:room]
    assert box.due(101.0, higher) is None


def test_a_limit_that_was_raised_while_nobody_worked_frees_too(box: Bench) -> None:
    first, *_ = limited(box)
    box.reopen(at(200.0).wall)
    assert attempt(box, 200.0, THREE).reference == first


def test_a_lowered_limit_holds_what_the_higher_one_allowed(box: Bench) -> None:
    first, second, *_ = limited(box)
    assert attempt(box, 101.0, THREE).reference == first
    assert box.due(102.0, ONE) is None
    assert box.outbox.next_time(at(102.0)) == 101.0 + HOUR
    assert attempt(box, 103.0, THREE).reference == second


def test_what_is_deferred_anew_is_not_told_anew(box: Bench) -> None:
    limited(box)
    box.show()
    assert box.due(101.0, replace(ONE, per_day=199)) is None
    assert box.show() == []


def test_what_a_person_asks_for_goes_whatever_the_limit_in_order(box: Bench) -> None:
    references = limited(box)
    assert box.outbox.retry(None, at(200.0)) == 4
    items = [attempt(box, 200.0, ONE) for _ in range(4)]
    assert [item.reference for item in items] == references
    # Nobody asked for those that come after them.
    box.accept(elapsed=201.0)
    assert box.due(201.0, ONE) is None


def test_the_one_email_that_a_person_asks_for_goes_alone(box: Bench) -> None:
    references = limited(box)
    box.outbox.retry(references[2], at(200.0))
    assert attempt(box, 200.0, ONE).reference == references[2]
    assert box.due(200.0, ONE) is None
    assert box.outbox.next_time(at(200.0)) == HOUR


def test_what_a_person_asked_for_goes_after_a_restart_too(box: Bench) -> None:
    first, *_ = limited(box)
    box.outbox.retry(first, at(200.0))
    box.reopen(at(200.0).wall)
    (listed, *_) = box.outbox.listed(at(200.0))
    assert (listed.state, listed.reason) == (State.QUEUED, Reason.ASKED)
    assert attempt(box, 200.0, ONE).reference == first


def test_it_is_tried_once_for_having_been_asked_for(box: Bench) -> None:
    first, *_ = limited(box)
    box.outbox.retry(first, at(200.0))
    item = box.take(200.0, ONE)
    box.outbox.record(item.envelope, again(10.0), BUSY, at(201.0))
    assert box.due(300.0, ONE) is None


def test_critical_mail_beyond_its_burst_goes_when_it_is_asked_for(box: Bench) -> None:
    box.accept()
    attempt(box, 0.0, ONE)
    for _ in range(11):
        box.accept(mail(critical=True))
    for _ in range(10):
        attempt(box, 1.0, ONE)
    assert box.due(2.0, ONE) is None
    box.outbox.retry(None, at(3.0))
    assert attempt(box, 3.0, ONE).critical


def test_the_pictures_of_alarms_take_no_place_from_the_text_of_another(
    box: Bench,
) -> None:
    """An email counts once, also where its attachments follow it."""
    box.accept()
    attempt(box, 0.0, ONE)
    picture = Attachment("door.jpg", b"the door")
    for _ in range(10):
        box.accept(replace(mail(critical=True), attachments=(picture,)))
        assert attempt(box, 1.0, ONE).carries is Carries.TEXT
    box.accept(mail(critical=True))
    for _ in range(10):
        item = box.take(2.0, ONE)
        assert item.carries is Carries.ATTACHMENTS
        box.outbox.record(item.envelope, sent(), BUSY, at(2.0))
    assert box.due(2.0, ONE) is None
    assert attempt(box, 1.0 + HOUR, ONE).carries is Carries.WHOLE


# With a courier.


@virtual_time
async def test_options_with_a_higher_limit_have_the_mail_leave_within_a_minute(
    tmp_path: Path,
) -> None:
    few = replace(SETTINGS, options=ONE)
    office = Office(tmp_path, settings=few)
    mails = [email(f"Mail {number}") for number in range(4)]
    async with office.at_work() as courier:
        for one in mails:
            await courier.submit(one)
        await office.until(lambda: courier.status.mail.sent == 1, HOUR)
        await asyncio.sleep(60.0)
        assert courier.status.mail.sent == 1
        courier.update(replace(few, options=THREE))
        await office.until(lambda: courier.status.mail.sent == 3, 60.0)
        await courier.retry(None)
        await office.until(lambda: courier.status.mail.sent == 4, 60.0)
    assert office.modem.subjects == [one.subject for one in mails]


def test_the_limits_hold_for_a_day(box: Bench) -> None:
    options = Options(per_hour=10, per_day=2)
    for number in range(3):
        box.accept(elapsed=float(number))
    attempt(box, 10.0, options)
    attempt(box, 20.0, options)
    assert box.due(HOUR, options) is None
    assert attempt(box, 10.0 + DAY, options)


def test_what_is_being_sent_has_its_place_although_it_may_not_leave(box: Bench) -> None:
    """Another one goes beside it, and both may be sent."""
    box.accept()
    being_sent = box.take(0.0, ONE)
    box.accept(elapsed=1.0)
    assert box.due(2.0, ONE) is None
    assert box.due(2.0, THREE) is not None
    box.outbox.record(being_sent.envelope, sent(), BUSY, at(3.0))
    assert box.due(4.0, ONE) is None


def test_critical_emails_that_are_being_sent_have_places_of_their_own(
    box: Bench,
) -> None:
    box.accept(mail(critical=True))
    box.take(0.0, ONE)
    box.accept(elapsed=1.0)
    assert box.due(2.0, ONE) is not None
