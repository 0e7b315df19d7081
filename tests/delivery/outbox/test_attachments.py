"""What is attached to an email is kept with it, goes with it or after it, or is named."""

from dataclasses import replace
from pathlib import Path
import sqlite3
from typing import Any

import pytest

from custom_components.quectel_smtp.delivery.changes import Change, Fit
from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.enclosures import (
    Carries,
    Enclosed,
    Missing,
    MissingReason,
)
from custom_components.quectel_smtp.delivery.errors import (
    NotWaitingError,
    OutboxWriteError,
)
from custom_components.quectel_smtp.delivery.outbox.intake import ATTACHMENTS_AWAITED
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.records import (
    End,
    Finding,
    History,
    Hold,
    Item,
    Options,
    Part,
    Reason,
    Split,
    State,
)
from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from custom_components.quectel_smtp.modem.mail.message import Priority
from custom_components.quectel_smtp.modem.mail.smtp import Result

from .bench import BUSY, HOUR, LOST, REFUSED, SENT, Bench, again, at, failed, mail, sent

DOOR = Attachment("door.jpg", b"\xff\xd8the door", "image/jpeg", "door")
VOICE = Attachment("voice.mp3", b"ID3the voice", "audio/mpeg")
TWO = ("a@example.com", "b@example.com")


def with_(*attachments: Attachment, critical: bool = False, **more: object) -> Email:
    """Return an email with these attachments."""
    return replace(
        mail(critical=critical),
        attachments=attachments,
        **more,  # type: ignore[arg-type]  # the fields' own types hold at each call
    )


def awaiting(*names: str, critical: bool = False, **more: object) -> Email:
    """Return an email that waits for attachments of these names."""
    return with_(critical=critical, awaits=names or ("door.jpg",), **more)


def attached(box: Bench, item: Item) -> tuple[Attachment, ...]:
    """Return what is sent with an item."""
    return box.outbox.attachments(item.envelope)


def due(box: Bench, elapsed: float = 0.0) -> Item:
    """Return what is due, which something is."""
    item = box.due(elapsed)
    assert item is not None
    return item


# With the text.


def test_attachments_go_with_the_text_as_they_were_given(box: Bench) -> None:
    box.accept(with_(DOOR, VOICE))
    box.reopen()
    item = due(box)
    assert item.carries is Carries.WHOLE
    assert item.enclosed == (
        Enclosed(2, "door.jpg", "image/jpeg", "door", len(DOOR.data)),
        Enclosed(3, "voice.mp3", "audio/mpeg", None, len(VOICE.data)),
    )
    assert attached(box, item) == (DOOR, VOICE)
    box.attempt(sent())
    assert box.story()[-1] is State.SENT
    assert attached(box, item) == ()


def test_all_that_an_email_is_comes_back_from_the_disk(box: Bench) -> None:
    email = with_(
        DOOR,
        html="<p>Hello</p>",
        priority=Priority.HIGH,
        missing=(Missing("hall.jpg", MissingReason.NOT_FOUND),),
        changes=(Change(Fit.PICTURE_SCALED, "door.jpg"),),
    )
    box.accept(replace(email, subject="Half \ud83d a pair"))
    box.reopen()
    item = due(box)
    assert (item.subject, item.html) == ("Half \ud83d a pair", "<p>Hello</p>")
    assert (item.priority, item.missing) == (Priority.HIGH, email.missing)
    assert item.changes == email.changes
    (listed,) = box.outbox.listed(at(0.0))
    assert listed.subject == "Half \ufffd a pair"


def test_names_are_kept_on_one_line_and_without_what_nobody_sees(box: Bench) -> None:
    box.accept(with_(replace(DOOR, name="front\n\x1b[31mdoor\0.jpg")))
    assert [one.name for one in due(box).enclosed] == ["front door.jpg"]


def test_an_envelope_that_is_gone_has_nothing_attached(box: Bench) -> None:
    assert box.outbox.attachments(42) == ()


def test_parts_of_an_email_carry_all_that_is_attached(box: Bench) -> None:
    box.accept(replace(with_(DOOR), to=TWO))
    box.attempt(Split(History(1)), finding=BUSY)
    for address in TWO:
        item = box.attempt(sent())
        assert item.addresses.to == (address,)
        assert item.enclosed
    assert box.states() == {}


# After the text.


@pytest.mark.parametrize("came", ["with it", "later", "after the text had left"])
def test_the_text_of_a_critical_email_goes_first_and_waits_for_nothing(
    box: Bench, came: str
) -> None:
    if came == "with it":
        reference = box.accept(with_(DOOR, critical=True))
    else:
        reference = box.accept(awaiting(critical=True))
    if came == "later":
        box.outbox.attach(reference, (DOOR,), (), at(0.0))
    text = box.attempt(sent())
    assert (text.carries, text.enclosed, text.missing) == (Carries.TEXT, (), ())
    assert text.changes == ()
    if came == "after the text had left":
        assert box.due(1.0) is None
        assert box.outbox.next_time(at(1.0)) == ATTACHMENTS_AWAITED
        assert box.states() == {reference: State.QUEUED}
        box.outbox.attach(reference, (DOOR,), (), at(1.0))
    picture = box.take(1.0)
    assert (picture.carries, picture.reference) == (Carries.ATTACHMENTS, reference)
    assert picture.changes == (Change(Fit.ATTACHMENTS_APART),)
    assert attached(box, picture) == (DOOR,)
    box.outbox.record(picture.envelope, sent(), SENT, at(1.0))
    assert box.story()[-1] is State.SENT
    assert box.states() == {}


def test_the_text_of_another_alarm_goes_before_the_pictures_of_the_first(
    box: Bench,
) -> None:
    first = box.accept(with_(DOOR, critical=True))
    box.attempt(sent())
    second = box.accept(with_(DOOR, critical=True))
    box.accept()
    carried = [(one.reference, one.carries) for one in (box.attempt(sent()),) * 1]
    carried += [
        (item.reference, item.carries) for item in (box.attempt(sent()) for _ in "12")
    ]
    assert carried == [
        (second, Carries.TEXT),
        (first, Carries.ATTACHMENTS),
        (second, Carries.ATTACHMENTS),
    ]


def test_pictures_follow_to_those_whom_the_text_reached_and_wait_for_no_other(
    box: Bench,
) -> None:
    box.accept(replace(with_(DOOR, critical=True), to=(*TWO, "c@example.com")))
    item = box.take()
    parts = [
        Part(frozenset({"a@example.com"}), sent(), SENT),
        Part(frozenset({"b@example.com"}), again(1000.0), BUSY),
        Part(frozenset({"c@example.com"}), failed(), REFUSED),
    ]
    box.outbox.record_parts(item.envelope, parts, at(0.0))
    picture = box.attempt(sent())
    assert (picture.carries, picture.addresses.to) == (
        Carries.ATTACHMENTS,
        ("a@example.com",),
    )
    assert box.due() is None
    box.attempt(sent(2), 1000.0)
    assert box.attempt(sent(), 1000.0).addresses.to == ("b@example.com",)
    assert box.story()[-1] is State.PARTLY_SENT


def test_an_email_whose_pictures_can_not_be_sent_is_sent_in_part(box: Bench) -> None:
    reference = box.accept(with_(DOOR, critical=True))
    cut = Finding(Result.SENT, changes=(Change(Fit.BODY_CUT),))
    box.attempt(sent(), finding=cut)
    renamed = replace(REFUSED, changes=(Change(Fit.ATTACHMENT_RENAMED, "a"),))
    box.attempt(failed(), finding=renamed)
    told = box.show()[-1]
    assert (told.reference, told.state) == (reference, State.PARTLY_SENT)
    assert told.finding == replace(renamed, changes=(*cut.changes, *renamed.changes))


def test_a_text_that_can_not_be_sent_is_followed_by_nothing(box: Bench) -> None:
    box.accept(with_(DOOR, critical=True))
    box.attempt(failed(), finding=REFUSED)
    assert box.story()[-1] is State.FAILED
    assert box.due() is None


@pytest.mark.parametrize("awaited", [(), ("hall.jpg",)])
def test_what_follows_is_no_further_try_of_a_login_that_was_just_refused(
    box: Bench, awaited: tuple[str, ...]
) -> None:
    reference = box.accept(with_(DOOR, critical=True, awaits=awaited))
    text = box.take()
    box.accept()
    box.attempt(Hold(Reason.LOGIN, HOUR, History(1)), finding=REFUSED)
    lost = End(State.UNKNOWN, History(1, lost=1))
    box.outbox.record(text.envelope, lost, LOST, at(1.0))
    assert box.due(ATTACHMENTS_AWAITED) is None
    assert box.states()[reference] is State.HELD
    box.outbox.wake(at(ATTACHMENTS_AWAITED), Reason.LOGIN)
    assert due(box, ATTACHMENTS_AWAITED).carries is Carries.ATTACHMENTS


# Awaited.


def test_an_email_waits_for_its_attachments_and_goes_with_them(box: Bench) -> None:
    reference = box.accept(awaiting())
    assert box.due(ATTACHMENTS_AWAITED - 0.1) is None
    assert box.outbox.next_time(at(0.0)) == ATTACHMENTS_AWAITED
    box.outbox.attach(
        reference,
        (DOOR,),
        (Missing("hall.jpg", MissingReason.NOT_FOUND),),
        at(ATTACHMENTS_AWAITED - 0.1),
        (Change(Fit.PICTURE_SCALED, "door.jpg"),),
    )
    item = box.attempt(sent(), ATTACHMENTS_AWAITED - 0.1)
    assert (item.carries, len(item.enclosed)) == (Carries.WHOLE, 1)
    assert item.missing == (Missing("hall.jpg", MissingReason.NOT_FOUND),)
    assert item.changes == (Change(Fit.PICTURE_SCALED, "door.jpg"),)
    assert box.story()[-1] is State.SENT


@pytest.mark.parametrize("critical", [False, True])
def test_what_has_come_is_there_after_a_restart_and_the_rest_is_named(
    box: Bench, critical: bool
) -> None:
    reference = box.accept(awaiting("voice.mp3", "door.jpg", critical=critical))
    box.outbox.attach(reference, (VOICE,), (), at(1.0), awaits=("door.jpg",))
    if critical:
        assert due(box, 2.0).carries is Carries.TEXT
        box.attempt(sent(), 2.0)
    assert box.due(3.0) is None
    box.reopen()
    item = due(box, 4.0)
    assert item.carries is (Carries.ATTACHMENTS if critical else Carries.WHOLE)
    assert attached(box, item) == (VOICE,)
    assert item.missing == (Missing("door.jpg", MissingReason.RESTARTED),)


def test_what_comes_later_travels_with_what_has_come(box: Bench) -> None:
    missing = Missing("lost.pdf", MissingReason.NOT_FOUND)
    reference = box.accept(awaiting("voice.mp3", "lost.pdf", "door.jpg"))
    box.outbox.attach(reference, (VOICE,), (missing,), at(1.0), awaits=("door.jpg",))
    assert box.due(2.0) is None
    box.outbox.attach(reference, (DOOR,), (), at(3.0))
    item = due(box, 3.0)
    assert attached(box, item) == (VOICE, DOOR)
    assert item.missing == (missing,)


def test_what_has_come_goes_without_the_rest_when_that_is_too_slow(box: Bench) -> None:
    reference = box.accept(awaiting("voice.mp3", "door.jpg"))
    box.outbox.attach(reference, (VOICE,), (), at(1.0), awaits=("do\nor.jpg",))
    item = due(box, ATTACHMENTS_AWAITED)
    assert attached(box, item) == (VOICE,)
    assert item.missing == (Missing("do or.jpg", MissingReason.TOO_SLOW),)


def test_what_does_not_come_in_time_is_named_and_comes_no_more(box: Bench) -> None:
    reference = box.accept(awaiting("door.jpg", "hall.jpg"))
    item = due(box, ATTACHMENTS_AWAITED)
    assert item.missing == (
        Missing("door.jpg", MissingReason.TOO_SLOW),
        Missing("hall.jpg", MissingReason.TOO_SLOW),
    )
    box.outbox.attach(reference, (DOOR,), (), at(ATTACHMENTS_AWAITED))
    box.attempt(sent(), ATTACHMENTS_AWAITED + 1)
    assert box.states() == {}
    box.outbox.attach(reference, (DOOR,), (), at(ATTACHMENTS_AWAITED + 2))
    box.outbox.attach("NOBODYS", (DOOR,), (), at(ATTACHMENTS_AWAITED + 2))
    assert box.due(100.0) is None


def test_nobody_brings_anything_after_a_restart(box: Bench) -> None:
    box.accept(awaiting())
    box.reopen()
    assert due(box).missing == (Missing("door.jpg", MissingReason.RESTARTED),)


@pytest.mark.parametrize("critical", [False, True])
def test_what_is_missing_is_named_in_a_text_that_has_not_left(
    box: Bench, critical: bool
) -> None:
    reference = box.accept(awaiting(critical=critical))
    missing = (Missing("door.jpg", MissingReason.TOO_LARGE),)
    box.outbox.attach(reference, (), missing, at(1.0))
    assert box.attempt(sent(), 1.0).missing == missing
    assert box.states() == {}


def test_what_is_missing_is_named_by_itself_where_the_text_has_left(box: Bench) -> None:
    reference = box.accept(awaiting(critical=True))
    box.attempt(sent())
    missing = (Missing("door.jpg", MissingReason.TOO_LARGE),)
    box.outbox.attach(reference, (), missing, at(1.0))
    item = box.attempt(sent(), 1.0)
    assert (item.carries, item.enclosed) == (Carries.ATTACHMENTS, ())
    assert (item.missing, item.changes) == (missing, ())
    assert box.states() == {}


def test_a_text_on_its_way_is_not_changed_and_what_came_follows_it(box: Bench) -> None:
    reference = box.accept(awaiting(critical=True))
    text = box.take()
    missing = (Missing("hall.jpg", MissingReason.EMPTY),)
    box.outbox.attach(reference, (DOOR,), missing, at(1.0))
    box.outbox.record(text.envelope, again(0.0), BUSY, at(1.0))
    assert box.attempt(sent(2), 1.0).missing == ()
    item = box.attempt(sent(), 1.0)
    assert (item.missing, attached(box, item)) == (missing, ())
    assert box.story()[-1] is State.SENT


def test_an_email_of_which_nothing_is_to_follow_ends_with_its_text(box: Bench) -> None:
    reference = box.accept(awaiting(critical=True))
    box.attempt(sent())
    box.outbox.attach(reference, (), (), at(1.0))
    assert box.states() == {}
    assert box.story()[-1] is State.SENT


def test_what_follows_is_not_sent_before_it_is_there(box: Bench) -> None:
    reference = box.accept(awaiting(critical=True))
    box.attempt(sent())
    assert box.outbox.retry(reference, at(1.0)) == 1
    assert box.due(1.0) is None
    assert box.outbox.next_time(at(1.0)) == ATTACHMENTS_AWAITED
    assert due(box, ATTACHMENTS_AWAITED).missing


def test_a_text_that_is_asked_for_goes_at_once_and_what_came_follows(
    box: Bench,
) -> None:
    reference = box.accept(awaiting())
    assert box.outbox.retry(reference, at(1.0)) == 1
    assert box.attempt(sent(), 1.0).carries is Carries.TEXT
    box.outbox.attach(reference, (DOOR,), (), at(2.0))
    assert box.attempt(sent(), 2.0).enclosed


def test_an_email_that_is_held_stays_so_when_its_attachments_come(box: Bench) -> None:
    box.accept()
    box.attempt(Hold(Reason.LOGIN, HOUR, History(1)), finding=REFUSED)
    reference = box.accept(awaiting())
    box.outbox.attach(reference, (DOOR,), (), at(1.0))
    assert box.due(1.0) is None
    assert box.states()[reference] is State.HELD
    box.outbox.wake(at(2.0), Reason.LOGIN)
    box.attempt(sent(), 2.0)
    assert box.attempt(sent(), 2.0).enclosed


def test_an_email_with_a_short_life_does_not_spend_it_waiting(box: Bench) -> None:
    box.accept(awaiting(lifetime=10.0))
    assert box.outbox.next_time(at(0.0)) == 5.0
    assert due(box, 5.0).missing


# Ends without an attempt.


def test_an_email_has_the_lifetime_that_it_was_given(box: Bench) -> None:
    box.accept(with_(lifetime=60.0))
    box.outbox.expire(at(59.0))
    assert len(box.states()) == 1
    box.outbox.expire(at(60.0))
    assert box.story()[-1] is State.EXPIRED


@pytest.mark.parametrize("critical", [False, True])
def test_a_cancelled_email_is_sent_as_far_as_it_was(box: Bench, critical: bool) -> None:
    reference = box.accept(with_(DOOR, critical=critical))
    if critical:
        box.attempt(sent())
    assert box.outbox.cancel(reference, at(1.0)) == 1
    ended = State.PARTLY_SENT if critical else State.CANCELLED
    assert box.story()[-1] is ended
    with pytest.raises(NotWaitingError):
        box.outbox.cancel(reference, at(1.0))
    assert box.outbox.cancel(None, at(1.0)) == 0


def test_a_person_tries_again_all_that_waits_of_an_email(box: Bench) -> None:
    reference = box.accept(replace(with_(DOOR, critical=True), to=TWO))
    item = box.take()
    parts = [
        Part(frozenset({"a@example.com"}), sent(), SENT),
        Part(frozenset({"b@example.com"}), again(1000.0), BUSY),
    ]
    box.outbox.record_parts(item.envelope, parts, at(0.0))
    box.attempt(again(1000.0), finding=BUSY)
    assert box.due(1.0) is None
    assert box.outbox.retry(reference, at(1.0)) == 1
    tried = [box.attempt(sent(2), 1.0) for _ in range(3)]
    assert [one.carries for one in tried] == [
        Carries.TEXT,
        Carries.ATTACHMENTS,
        Carries.ATTACHMENTS,
    ]
    assert box.states() == {}


# Room.


def test_attachments_count_and_what_has_no_room_is_named(box: Bench) -> None:
    box.outbox.close()
    box.outbox = Outbox(box.path, size=5000)
    box.open()
    large = Attachment("large.jpg", b"x" * 3000)
    box.accept(with_(large, replace(large, name="more.jpg"), VOICE))
    item = due(box)
    assert [one.name for one in item.enclosed] == ["large.jpg", "voice.mp3"]
    assert item.missing == (Missing("more.jpg", MissingReason.NO_ROOM),)
    reference = box.accept(awaiting())
    box.outbox.attach(reference, (large,), (), at(0.0))
    box.attempt(sent())
    item = box.attempt(sent())
    assert item.missing == (Missing("large.jpg", MissingReason.NO_ROOM),)
    box.accept(with_(large))
    assert due(box).enclosed


@pytest.mark.parametrize("critical", [False, True])
def test_no_text_is_refused_for_the_pictures_that_wait(
    box: Bench, critical: bool
) -> None:
    box.outbox.close()
    box.outbox = Outbox(box.path, size=1_000_000)
    box.open()
    # However little room each size leaves.
    for size in (100_000, 10_000, 1_000, 100, 10, 1):
        for _ in range(12):
            picture = replace(DOOR, data=b"x" * size)
            reference = box.accept(awaiting(critical=critical))
            box.outbox.attach(reference, (picture,), (), at(0.0))
            box.accept(with_(picture, critical=critical))
    for _ in range(15):
        box.accept(mail(body="x" * 1_000, critical=critical))


@pytest.mark.parametrize("awaited", [False, True])
def test_where_the_disk_has_no_room_for_a_picture_the_text_goes(
    tmp_path: Path, awaited: bool
) -> None:
    class Full(sqlite3.Connection):
        def execute(self, statement: str, values: Any = (), /) -> sqlite3.Cursor:
            if any(isinstance(value, bytes) for value in values):
                raise sqlite3.OperationalError("full")
            return super().execute(statement, values)

    path = tmp_path / "outbox.db"
    outbox = Outbox(
        path,
        connect=lambda path: sqlite3.connect(path, factory=Full, isolation_level=None),
    )
    box = Bench(tmp_path, outbox)
    box.open()
    if awaited:
        reference = box.accept(awaiting())
        outbox.attach(reference, (DOOR,), (), at(0.0))
    else:
        box.accept(with_(DOOR))
    item = due(box)
    assert item.missing == (Missing("door.jpg", MissingReason.NO_ROOM),)
    assert box.outbox.summary().waiting == 1
    outbox.close()


def test_what_can_not_be_written_at_all_is_an_error(tmp_path: Path) -> None:
    class Broken(sqlite3.Connection):
        broken = False

        def execute(self, statement: str, values: Any = (), /) -> sqlite3.Cursor:
            if self.broken and statement.startswith("INSERT INTO"):
                raise sqlite3.OperationalError("broken")
            return super().execute(statement, values)

    outbox = Outbox(
        tmp_path / "outbox.db",
        connect=lambda path: sqlite3.connect(
            path, factory=Broken, isolation_level=None
        ),
    )
    box = Bench(tmp_path, outbox)
    box.open()
    reference = box.accept(awaiting())
    Broken.broken = True
    for write in (
        box.accept,
        lambda: box.accept(with_(DOOR)),
        lambda: outbox.attach(reference, (DOOR,), (), at(1.0)),
        lambda: outbox.attach(reference, (), (), at(1.0)),
    ):
        with pytest.raises(OutboxWriteError):
            write()
    Broken.broken = False
    assert box.states() == {reference: State.QUEUED}
    outbox.attach(reference, (DOOR,), (), at(1.0))
    assert due(box, 1.0).enclosed
    outbox.close()


def test_an_email_has_ten_attachments_at_most(box: Bench) -> None:
    many = tuple(replace(VOICE, name=f"{number}.mp3") for number in range(12))
    reference = box.accept(with_(*many[:9], awaits=("more",)))
    box.outbox.attach(reference, many[9:], (), at(0.0))
    item = due(box)
    assert [one.name for one in item.enclosed] == [one.name for one in many[:10]]
    assert item.missing == tuple(
        Missing(one.name, MissingReason.TOO_MANY) for one in many[10:]
    )


# Several that become one.


def test_what_has_attachments_or_lacks_them_is_no_repeat(box: Bench) -> None:
    missing = (Missing("door.jpg", MissingReason.EMPTY),)
    for email in (with_(VOICE), awaiting(), with_(missing=missing)):
        references = {box.accept(replace(email, reference=name)) for name in "AB"}
        assert len(references & box.states().keys()) == 2
        box.outbox.cancel(None, at(0.0))


def test_the_same_html_is_a_repeat_and_another_one_is_not(box: Bench) -> None:
    email = with_(html="<p>1</p>")
    box.accept(replace(email, reference="A"))
    box.accept(replace(email, reference="B"))
    for number, more in enumerate(
        ({"html": "<p>2</p>"}, {"priority": Priority.LOW}, {"lifetime": 60.0})
    ):
        box.accept(replace(email, reference=f"C{number}", **more))  # type: ignore[arg-type]
    assert box.states().keys() == {"A", "C0", "C1", "C2"}


@pytest.mark.parametrize(
    "more",
    [
        {"html": "<p>1</p>"},
        {"attachments": (DOOR,)},
        {"missing": (Missing("door.jpg", MissingReason.EMPTY),)},
        {"priority": Priority.HIGH},
        {"changes": (Change(Fit.BODY_CUT),)},
    ],
    ids=lambda more: next(iter(more)),
)
@pytest.mark.parametrize("first", [True, False])
def test_no_digest_takes_in_more_than_texts(
    box: Bench, more: dict[str, object], first: bool
) -> None:
    def accept() -> str:
        return box.accept(replace(mail(), **more))  # type: ignore[arg-type]

    other = accept() if first else ""
    for _ in range(10):
        box.accept()
    other = other or accept()
    item = box.outbox.digest(
        due(box), at(0.0), lambda entries: (f"{len(entries)}", "all")
    )
    assert (item.reference == other) is first
    assert box.states().keys() >= {other, item.reference}
    assert len(box.states()) == (11 if first else 2)


def test_an_email_that_waits_for_attachments_is_in_no_digest(box: Bench) -> None:
    reference = box.accept(awaiting())
    for _ in range(10):
        box.accept()
    box.outbox.digest(due(box), at(0.0), lambda entries: (f"{len(entries)}", "all"))
    assert len(box.states()) == 2
    assert reference in box.states()


# Damage.


@pytest.mark.parametrize(
    "damage",
    ["content = 'text'", "content = x''", "name = NULL", "content_type = x'00'"],
)
def test_an_attachment_that_can_not_be_read_is_named_and_the_text_goes(
    box: Bench, damage: str
) -> None:
    box.accept(with_(DOOR, VOICE))
    box.edit(f"UPDATE parts SET {damage} WHERE number = 2")  # noqa: S608 - ours
    box.open()
    item = due(box)
    assert [one.reason for one in item.missing] == [MissingReason.UNREADABLE]
    assert [one.name for one in item.enclosed] == ["voice.mp3"]
    assert attached(box, item) == (VOICE,)


def test_what_an_envelope_carries_is_known_or_the_email_is_over(box: Bench) -> None:
    box.accept(with_(DOOR))
    box.edit("UPDATE envelopes SET carries = 'nothing'")
    box.open()
    assert box.story()[-1] is State.FAILED


_SOUND = '{"subject":"a","body":"b","addresses":[["a@b.c"],[],[]]'


@pytest.mark.parametrize(
    "content",
    [
        "7",
        "[]",
        "{}",
        '{"subject":"a","body":"b","addresses":7}',
        '{"subject":"a","body":"b","addresses":[]}',
        '{"subject":"a","body":"b","addresses":[[],[],[]]}',
        '{"subject":"a","body":"b","addresses":[7,[],[]]}',
        '{"subject":7,"body":"b","addresses":[["a@b.c"],[],[]]}',
        *(
            f'{_SOUND},"{name}":{value}}}'
            for name, values in {
                "html": ("7",),
                "priority": ('"odd"',),
                "missing": ("7", "[7]", '[["a","odd"]]'),
                "awaits": ("7", "[7]"),
                "changes": ("7", "[7]", '[["odd",""]]', '[["body_cut",7]]'),
            }.items()
            for value in values
        ),
    ],
)
def test_a_text_that_is_damaged_while_it_waits_for_attachments_is_over(
    box: Bench, content: str
) -> None:
    box.accept(awaiting())
    box.edit("UPDATE parts SET content = ?", content)
    box.open()
    assert box.story()[-1] is State.FAILED


@pytest.mark.parametrize("changes", ["7", "[7]", '[["odd",""]]', '[["body_cut",7]]'])
def test_an_email_whose_finding_is_damaged_is_over(box: Bench, changes: str) -> None:
    box.accept()
    box.attempt(again(10.0), finding=BUSY)
    finding = f'["sent",null,null,null,"module",null,null,{changes}]'
    box.edit("UPDATE envelopes SET finding = ?", finding)
    box.open()
    assert box.story()[-1] is State.FAILED


def test_a_name_in_a_finding_is_kept_within_bounds(box: Bench) -> None:
    box.accept()
    cut = Change(Fit.ATTACHMENT_LEFT_OUT, "\ud83d" + "x" * 1000)
    box.attempt(sent(), finding=replace(SENT, changes=(cut,)))
    finding = box.show()[-1].finding
    assert finding is not None
    assert finding.changes == (replace(cut, name="?" + "x" * 254),)


def test_a_text_that_has_left_and_is_damaged_is_sent_all_the_same(box: Bench) -> None:
    box.accept(with_(DOOR, critical=True))
    item = box.take()
    box.edit("UPDATE parts SET content = '{}' WHERE number = 1")
    box.open()
    box.outbox.record(item.envelope, sent(), SENT, at(0.0))
    assert box.story()[-1] is State.SENT


# What became of it.


def test_what_became_of_an_email_is_known(box: Bench) -> None:
    def state(elapsed: float) -> tuple[State, int, float, str | None]:
        found = box.outbox.result(reference, at(elapsed))
        assert found is not None
        return found.state, found.attempts, found.seconds, found.merged_into

    reference = box.accept()
    assert state(5.0) == (State.QUEUED, 0, 5.0, None)
    box.attempt(again(10.0), 5.0, BUSY)
    found = box.outbox.result(reference, at(6.0))
    assert found is not None and found.finding == BUSY
    box.attempt(sent(2), 20.0)
    assert state(1000.0) == (State.SENT, 2, 20.0, None)
    assert box.outbox.result("NOBODYS", at(0.0)) is None


def test_what_became_of_a_repeat_is_what_became_of_the_email(box: Bench) -> None:
    email = mail()
    first = box.accept(replace(email, reference="FIRST"))
    box.accept(replace(email, reference="SECOND"), 1.0)
    found = box.outbox.result("SECOND", at(2.0))
    assert found is not None
    assert (found.state, found.merged_into) == (State.QUEUED, first)
    box.attempt(sent(), 3.0)
    found = box.outbox.result("SECOND", at(2.0))
    assert found is not None
    assert (found.state, found.merged_into, found.seconds) == (State.SENT, first, 2.0)


def test_options_have_the_lifetime_of_others(box: Bench) -> None:
    box.outbox.accept(mail(), at(0.0), Options(lifetime=HOUR))
    box.outbox.expire(at(HOUR))
    assert box.states() == {}
