"""What waits goes to its recipient's present addresses, once to each."""

from dataclasses import replace

import pytest

from custom_components.quectel_smtp.delivery.addresses import Addresses
from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.enclosures import Carries
from custom_components.quectel_smtp.delivery.outbox.readdress import Followed
from custom_components.quectel_smtp.delivery.records import (
    Again,
    End,
    History,
    Hold,
    Part,
    Reason,
    Split,
    State,
    Verdict,
)
from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from tests.delivery.outbox.bench import (
    HOUR,
    OPTIONS,
    REFUSED,
    SENT,
    Bench,
    at,
    compose,
    mail,
    sent,
)

A, B, C, D = (f"{name}@example.com" for name in "abcd")


def to_anna(*to: str, **fields: object) -> Email:
    """Return an email to one whose addresses are these."""
    found = mail(to=to or (A,), **fields)  # type: ignore[arg-type]  # fields of it
    return replace(found, recipient_id="anna")


def follow(box: Bench, *to: str, elapsed: float = 10.0) -> Followed:
    """Tell that Anna's addresses are these now, or that she is gone."""
    recipients = {"anna": Addresses(to)} if to else {}
    return box.outbox.follow({"ben": Addresses((D,)), **recipients}, at(elapsed))


def test_what_waits_goes_to_the_corrected_address(box: Bench) -> None:
    reference = box.accept(to_anna())
    other = box.accept(elapsed=1.0)
    assert follow(box, B) == Followed()
    items = [box.attempt(sent(), 10.0) for _ in range(2)]
    assert [(item.reference, item.addresses.to) for item in items] == [
        (reference, (B,)),
        (other, (A,)),
    ]


def test_the_old_address_is_nowhere_any_more(box: Bench) -> None:
    box.accept(to_anna("who.was.wrong@example.com"))
    follow(box, B)
    box.outbox.close()
    assert b"who.was.wrong" not in box.bytes()


@pytest.mark.parametrize(
    "verdict",
    [
        Hold(Reason.REFUSED, None, History(3)),
        Again(HOUR, Reason.SERVER, History(3, temporary=2, full=1)),
        Again(HOUR, Reason.RETRY, History(3, rebuilt=True)),
        Again(HOUR, Reason.DOUBT, History(3, doubts=2)),
    ],
)
def test_what_the_old_address_came_to_is_over(box: Bench, verdict: Verdict) -> None:
    box.accept(to_anna())
    box.attempt(verdict, 0.0, REFUSED)
    follow(box, B)
    item = box.take(10.0)
    assert item.addresses.to == (B,)
    # Copies that may have arrived are remembered: whoever reads one of them knows.
    assert item.history == History(3, doubts=verdict.history.doubts)


@pytest.mark.parametrize(
    ("reason", "due"), [(Reason.LOGIN, HOUR), (Reason.UNEXPLAINED, 10.0)]
)
def test_what_holds_all_mail_goes_on_to(box: Bench, reason: Reason, due: float) -> None:
    reference = box.accept(to_anna())
    box.attempt(Hold(reason, HOUR, History(1)), 0.0, REFUSED)
    follow(box, B)
    assert box.states() == {reference: State.HELD}
    assert box.outbox.summary().held == {reason}
    # Addresses are among what may be wrong where nobody says what is.
    assert box.outbox.next_time(at(10.0)) == due


@pytest.mark.parametrize("held", [False, True])
def test_copies_to_those_who_stay_are_hours_apart_all_the_same(
    box: Bench, held: bool
) -> None:
    box.accept(to_anna(A, B))
    box.attempt(Again(HOUR, Reason.DOUBT, History(2, doubts=2)), 0.0, REFUSED)
    if held:
        box.outbox.hold_all(Reason.UNEXPLAINED, 60.0, at(1.0))
    follow(box, A, C)
    assert box.due(10.0) is None
    assert box.take(HOUR + 2.0).addresses.to == (A, C)


def test_nothing_changes_where_the_addresses_are_the_same(box: Bench) -> None:
    box.accept(to_anna())
    box.attempt(Hold(Reason.REFUSED, None, History(1)), 0.0, REFUSED)
    assert follow(box, A) == Followed()
    assert box.due(10.0) is None


def test_a_recipient_whose_addresses_can_not_be_used_keeps_what_waits(
    box: Bench,
) -> None:
    box.accept(to_anna())
    assert box.outbox.follow({"anna": None}, at(1.0)) == Followed()
    assert box.take(1.0).addresses.to == (A,)


def test_what_waits_for_a_recipient_who_is_gone_is_cancelled_and_told(
    box: Bench,
) -> None:
    first, second = box.accept(to_anna()), box.accept(to_anna(A, B))
    box.attempt(Hold(Reason.REFUSED, None, History(1)), 0.0, REFUSED)
    other = box.accept()
    assert follow(box) == Followed(cancelled=2)
    ends = {one.reference: one.state for one in box.show()}
    assert ends[first] is ends[second] is State.CANCELLED
    assert box.states() == {other: State.QUEUED}


def test_what_is_being_sent_follows_once_it_is_not(box: Bench) -> None:
    box.accept(to_anna())
    item = box.take(0.0)
    assert follow(box, B) == Followed(left=True)
    hold = Hold(Reason.REFUSED, None, History(1))
    box.outbox.record(item.envelope, hold, REFUSED, at(11.0))
    assert follow(box, B, elapsed=12.0) == Followed()
    assert box.take(12.0).addresses.to == (B,)


# Where some have had it already.


def split(box: Bench) -> str:
    """Have an email that A has had, and that waits for B and C each."""
    reference = box.accept(to_anna(A, B, C))
    box.attempt(Split(History(1)), 0.0, REFUSED)
    assert box.attempt(End(State.SENT, History(2)), 0.0, SENT).addresses.to == (A,)
    for _ in range(2):
        box.attempt(Hold(Reason.REFUSED, None, History(2)), 0.0, REFUSED)
    return reference


def due(box: Bench, elapsed: float) -> list[tuple[str, ...]]:
    """Send all that is due; returns to whom it went."""
    found = []
    while (item := box.due(elapsed, OPTIONS)) is not None:
        found.append(item.addresses.to)
        box.outbox.begin(item.envelope, elapsed, None, at(elapsed))
        box.outbox.record(item.envelope, sent(3), SENT, at(elapsed))
    return found


def test_only_the_one_that_was_corrected_is_tried(box: Bench) -> None:
    split(box)
    follow(box, A, B, D)
    assert due(box, 10.0) == [(D,)]


def test_who_has_had_it_gets_no_other_and_who_is_new_gets_one(box: Bench) -> None:
    reference = split(box)
    follow(box, B, C, D)
    assert due(box, 10.0) == [(D,)]
    follow(box, A, D, elapsed=20.0)
    assert due(box, 20.0) == []
    # It waits for nobody any more.
    assert box.states() == {}
    assert box.story(reference)[-1] is State.SENT


def test_a_second_correction_counts_from_the_first(box: Bench) -> None:
    split(box)
    follow(box, D, B)
    assert due(box, 10.0) == [(D,)]
    follow(box, A, C, elapsed=20.0)
    assert due(box, 20.0) == [(C,)]
    assert box.states() == {}


def test_its_size_is_counted_anew(box: Bench) -> None:
    box.accept(to_anna())
    follow(box, *(f"{number}@example.com" for number in range(20)))
    box.attempt(sent(), 10.0)
    totals = box.outbox._store.totals  # noqa: SLF001  # nothing else shows the bytes
    assert (totals.emails, totals.size) == (0, 0)


def test_a_digest_follows_as_what_is_in_it_would(box: Bench) -> None:
    for _ in range(10):
        box.accept(to_anna())
    item = box.due()
    assert item is not None
    box.outbox.digest(item, at(0.0), compose)
    follow(box, B)
    assert due(box, 10.0) == [(B,)]


def test_emails_of_an_earlier_version_stay_as_they_are(box: Bench) -> None:
    box.accept(to_anna())
    box.edit("UPDATE emails SET recipient_id = NULL")
    box.open()
    assert follow(box) == Followed()
    assert follow(box, B) == Followed()
    assert box.take(10.0).addresses.to == (A,)


def test_an_email_that_can_not_be_read_ends(box: Bench) -> None:
    reference = box.accept(to_anna())
    box.edit("DELETE FROM parts")
    box.open()
    follow(box, B)
    assert box.story(reference) == [State.QUEUED, State.FAILED]


# Who was added to the recipient's own.


def test_who_was_added_stays_and_is_there_once(box: Bench) -> None:
    extra = Addresses(to=(B, A.upper()), cc=(C,), bcc=(D, C))
    box.accept(replace(to_anna(), extra=extra))
    assert box.due() is not None
    follow(box, B)
    item = box.attempt(sent(), 10.0)
    assert item.addresses == Addresses(to=(B, A.upper()), cc=(C,), bcc=(D,))
    assert item.extra == extra


def test_who_was_added_gets_nothing_either_once_the_recipient_is_gone(
    box: Bench,
) -> None:
    box.accept(replace(to_anna(), extra=Addresses(to=(B,))))
    assert follow(box) == Followed(cancelled=1)


def test_a_digest_goes_on_to_who_was_added(box: Bench) -> None:
    for _ in range(10):
        box.accept(replace(to_anna(), extra=Addresses(to=(C,))))
    item = box.due()
    assert item is not None
    box.outbox.digest(item, at(0.0), compose)
    follow(box, B)
    assert box.attempt(sent(), 10.0).addresses == Addresses(to=(B, C))


# What follows a text.


def _with_picture(*to: str) -> Email:
    picture = Attachment("door.jpg", b"the door")
    return replace(to_anna(*to, critical=True), attachments=(picture,))


def test_a_picture_follows_to_the_corrected_address(box: Bench) -> None:
    box.accept(_with_picture(A))
    box.attempt(sent())
    follow(box, B)
    item = box.attempt(sent(), 10.0)
    assert (item.carries, item.addresses.to) == (Carries.ATTACHMENTS, (B,))
    assert box.states() == {}


def test_a_picture_follows_to_who_stays(box: Bench) -> None:
    box.accept(_with_picture(A, B))
    box.attempt(sent())
    follow(box, B)
    assert box.attempt(sent(), 10.0).addresses.to == (B,)
    assert box.states() == {}


def test_who_is_new_gets_the_picture_after_the_text(box: Bench) -> None:
    box.accept(_with_picture(A, B))
    item = box.take()
    parts = [
        Part(frozenset({A}), End(State.SENT, History(1)), SENT),
        Part(frozenset({B}), Again(HOUR, Reason.RETRY, History(1)), REFUSED),
    ]
    box.outbox.record_parts(item.envelope, parts, at(0.0))
    follow(box, A, C)
    went = [box.attempt(sent(), 10.0) for _ in range(3)]
    assert sorted((item.carries, *item.addresses.to) for item in went) == [
        (Carries.ATTACHMENTS, A),
        (Carries.ATTACHMENTS, C),
        (Carries.TEXT, C),
    ]
    assert box.states() == {}


@pytest.mark.parametrize("to", [(A, B), (B, A)])
def test_a_picture_for_who_is_gone_is_not_sent(box: Bench, to: tuple[str, ...]) -> None:
    box.accept(_with_picture(*to))
    item = box.take()
    parts = [
        Part(frozenset({A}), End(State.SENT, History(1)), SENT),
        Part(frozenset({B}), Again(HOUR, Reason.RETRY, History(1)), REFUSED),
    ]
    box.outbox.record_parts(item.envelope, parts, at(0.0))
    follow(box, B)
    assert box.due(10.0) is None
    went = [box.attempt(sent(2), HOUR) for _ in range(2)]
    assert [(item.carries, item.addresses.to) for item in went] == [
        (Carries.TEXT, (B,)),
        (Carries.ATTACHMENTS, (B,)),
    ]
    assert box.story()[-1] is State.SENT
