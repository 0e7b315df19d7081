"""One bad row never stops the others."""

from contextlib import closing
from pathlib import Path
import sqlite3

import pytest

from custom_components.quectel_smtp.delivery.errors import OutboxWriteError
from custom_components.quectel_smtp.delivery.outbox.file import connect
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.records import (
    Finding,
    History,
    Hold,
    Last,
    Reason,
    Split,
    State,
    Wear,
)

from .bench import BUSY, DAY, REFUSED, SENT, Bench, again, at, mail, sent

DAMAGED = Finding(error="outbox_damaged")


def content(value: str) -> str:
    """Return a statement that replaces the first email's content."""
    return f"UPDATE parts SET content = {value} WHERE email = 1"  # noqa: S608


@pytest.mark.parametrize(
    "damage",
    [
        content("'no JSON'"),
        content("'{}'"),
        content("""'["", "", ["a@example.com"], []]'"""),
        content("""'["", "", [], [], []]'"""),
        content("""'["", "", "a@example.com", [], []]'"""),
        content("""'["", "", [1], [], []]'"""),
        content("""'[1, "", ["a@example.com"], [], []]'"""),
        content("'" + "[" * 100_000 + "'"),
        content("x'00ff'"),
        content("CAST(x'5b22ff225d' AS TEXT)"),
        content("7"),
        "DELETE FROM parts WHERE email = 1",
        "UPDATE parts SET number = 2 WHERE email = 1",
        "UPDATE envelopes SET members = '[0, 2]' WHERE email = 1",
        "UPDATE envelopes SET members = '[-1]' WHERE email = 1",
        "UPDATE envelopes SET members = '[]' WHERE email = 1",
        "UPDATE envelopes SET members = '[\"x\"]' WHERE email = 1",
        "UPDATE envelopes SET state = 'gone' WHERE email = 1",
        "UPDATE envelopes SET state = 7 WHERE email = 1",
        "UPDATE envelopes SET reason = 'mood', state = 'held' WHERE email = 1",
        "UPDATE envelopes SET attempts = 'many' WHERE email = 1",
        "UPDATE envelopes SET due = 'soon' WHERE email = 1",
        "UPDATE envelopes SET due = 9e999 WHERE email = 1",
        "UPDATE envelopes SET finding = '[1, 2]' WHERE email = 1",
        """UPDATE envelopes SET finding = '["dreamt", null, null, null]'
           WHERE email = 1""",
        "DELETE FROM envelopes WHERE email = 1",
        "UPDATE emails SET recipient = x'00' WHERE id = 1",
        "UPDATE emails SET accepted_wall = 1e300 WHERE id = 1",
        "UPDATE emails SET expires = 'never' WHERE id = 1",
        "UPDATE emails SET size = 'large' WHERE id = 1",
        "UPDATE emails SET state = 'lost' WHERE id = 1",
        "UPDATE emails SET times = 'often' WHERE id = 1",
    ],
)
def test_an_email_that_can_not_be_read_fails_and_the_others_go(
    box: Bench, damage: str
) -> None:
    email = mail("First", to=["a@example.com", "b@example.com"])
    first, second = box.accept(email), box.accept(mail("Second"))
    box.show()
    box.edit(damage)
    assert not box.open().damaged
    item = box.due(1.0)
    assert item is not None and item.reference == second
    assert box.states() == {second: State.QUEUED}
    (told,) = box.show()
    assert (told.reference, told.state, told.finding) == (first, State.FAILED, DAMAGED)
    summary = box.outbox.summary()
    assert (summary.waiting, summary.failed) == (1, 1)
    assert summary.last is not None and summary.last.finding == DAMAGED
    # What it waited for is nobody's business either.
    box.reopen()
    assert box.show() == []
    assert box.attempt(sent(), 1.0).reference == second
    assert box.outbox.summary().waiting == 0


def test_an_email_without_a_readable_name_is_told_all_the_same(box: Bench) -> None:
    box.accept()
    box.show()
    box.edit("UPDATE emails SET reference = x'00', recipient = x'ff'")
    box.open()
    (told,) = box.show()
    assert (told.state, told.recipient, told.finding) == (State.FAILED, "", DAMAGED)
    assert len(told.reference) == 8


def test_those_that_went_with_it_are_told_too(box: Bench) -> None:
    first, second = box.accept(mail("Smoke")), box.accept(mail("Smoke"))
    box.show()
    box.edit("DELETE FROM parts")
    box.open()
    assert box.due() is None
    assert [(one.reference, one.merged_into) for one in box.show()] == [
        (first, None),
        (second, first),
    ]


def test_a_damaged_email_that_was_being_sent_can_still_be_settled(
    box: Bench,
) -> None:
    box.accept(mail(to=["a@example.com", "b@example.com"]))
    item = box.take()
    box.edit("DELETE FROM parts")
    box.open()
    unsettled = box.outbox.unsettled()
    assert unsettled is not None
    assert unsettled.envelope == item.envelope
    assert not unsettled.addresses
    box.outbox.record(item.envelope, sent(), SENT, at(1.0))
    assert box.story() == [State.QUEUED, State.SENT]


def test_a_damaged_email_that_is_to_be_split_fails(box: Bench) -> None:
    box.accept(mail(to=["a@example.com", "b@example.com"]))
    item = box.take()
    box.edit("DELETE FROM parts")
    box.open()
    box.outbox.record(item.envelope, Split(History(1)), REFUSED, at(1.0))
    assert box.story() == [State.QUEUED, State.FAILED]


def test_a_deadline_that_is_lost_has_passed(box: Bench) -> None:
    box.accept()
    box.take()
    box.edit("UPDATE envelopes SET deadline = NULL")
    box.open()
    unsettled = box.outbox.unsettled()
    assert unsettled is not None and unsettled.deadline == 0.0


def test_an_email_whose_end_was_lost_gets_it(box: Bench) -> None:
    reference = box.accept()
    box.show()
    box.edit("UPDATE envelopes SET state = 'sent', due = NULL")
    box.open()
    assert box.states() == {}
    assert [(one.reference, one.state) for one in box.show()] == [
        (reference, State.SENT)
    ]


def test_a_due_time_that_is_lost_is_now(box: Bench) -> None:
    queued, deferred = box.accept(), box.accept()
    box.attempt(again(1000.0), 0.0, BUSY)
    box.edit("UPDATE envelopes SET due = NULL")
    elapsed = box.open(at(5.0).wall).elapsed
    assert box.attempt(sent(), elapsed).reference == queued
    assert box.attempt(sent(), elapsed).reference == deferred


def test_the_order_is_that_of_the_emails(box: Bench) -> None:
    normal, urgent = box.accept(), box.accept(mail(critical=True))
    box.edit("UPDATE envelopes SET critical = 7, accepted = 'once'")
    box.open()
    assert box.attempt(sent()).reference == urgent
    assert box.attempt(sent()).reference == normal


def test_what_belongs_to_nothing_is_dropped(box: Bench) -> None:
    box.accept()
    box.edit("DELETE FROM emails")
    box.open()
    assert box.due() is None
    assert box.outbox.next_time(at(0.0)) is None


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE transitions SET state = 'gone' WHERE number = 1",
        "UPDATE transitions SET wall = 1e300 WHERE number = 1",
        "UPDATE transitions SET reference = x'00' WHERE number = 1",
    ],
)
def test_a_transition_that_can_not_be_read_keeps_no_other_from_being_shown(
    box: Bench, damage: str
) -> None:
    box.accept()
    second = box.accept()
    box.edit(damage)
    box.open()
    assert [one.reference for one in box.show()] == [second]
    assert box.outbox.unshown() == ()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("last", "nothing"),
        ("last", "[]"),
        ("last", '["", "", "x", 1.0, "[]", 0, null]'),
        ("last", "[" * 5000),
        ("last_sent", "today"),
        ("sent", "lots"),
        ("failed", None),
        ("wear", "[[]]"),
        ("wear", "[1, 2]"),
        ("wear", '[["x"], []]'),
        ("wall", "noon"),
        ("elapsed", "long"),
    ],
)
def test_what_is_known_beside_the_mail_may_be_lost_alone(
    box: Bench, key: str, value: str | None
) -> None:
    box.accept(elapsed=5.0)
    box.attempt(sent(), 6.0)
    reference = box.accept(elapsed=50.0)
    box.outbox.save_wear(Wear((1.0,), ()), at(50.0))
    box.edit("UPDATE meta SET value = ? WHERE key = ?", value, key)
    opened = box.open(at(50.0).wall)
    # No clock stands before what was accepted by it.
    assert opened.elapsed == 50.0
    summary = box.outbox.summary()
    assert summary.waiting == 1
    lost = {
        "last": summary.last is None,
        "last_sent": summary.last_sent is None,
        "sent": summary.sent == 0,
        "failed": summary.failed == 0,
        "wear": box.outbox.wear() == Wear(),
    }
    assert lost.get(key, True)
    assert box.attempt(sent(), 51.0).reference == reference
    last = box.outbox.summary().last
    assert isinstance(last, Last) and last.state is State.SENT


def test_a_send_without_a_time_counts_for_nothing(box: Bench) -> None:
    box.accept()
    box.attempt(sent())
    box.edit("UPDATE sends SET elapsed = 'then'")
    box.open()
    box.accept()
    assert box.due(DAY) is not None


def test_an_email_missing_a_value_costs_that_email_only(box: Bench) -> None:
    first, second = box.accept(), box.accept()
    box.show()
    # Only a disk can do this to a column that is never empty.
    box.outbox.close()
    allow = "recipient TEXT NOT NULL", "recipient TEXT"
    for old, new in (allow, allow[::-1]):
        with closing(sqlite3.connect(box.path)) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute(
                "UPDATE sqlite_schema SET sql = replace(sql, ?, ?)", (old, new)
            )
            connection.commit()
        if new == allow[1]:
            box.edit("UPDATE emails SET recipient = NULL WHERE id = 1")
    assert not box.open().damaged
    told = box.show()
    assert [(one.reference, one.state) for one in told] == [(first, State.FAILED)]
    assert set(box.states()) == {second}


def test_no_email_ends_twice_whatever_the_tables_say(tmp_path: Path) -> None:
    connections: list[sqlite3.Connection] = []

    def remember(path: Path) -> sqlite3.Connection:
        connections.append(connect(path))
        return connections[-1]

    box = Bench(tmp_path, Outbox(tmp_path / "outbox.db", connect=remember))
    box.open()
    box.accept()
    connections[-1].execute("DELETE FROM parts")
    connections[-1].execute("UPDATE emails SET ended = 1.0")
    with pytest.raises(OutboxWriteError):
        box.due()
    assert box.story() == [State.QUEUED]
    box.outbox.close()


@pytest.mark.parametrize(
    ("statement", "key"),
    [
        ("UPDATE emails SET accepted_wall = 1e300", "oldest"),
        ("UPDATE envelopes SET reason = 'mood' WHERE state = 'held'", "held"),
        ("UPDATE meta SET value = 'today' WHERE key = 'last_sent'", "last_sent"),
    ],
)
def test_what_can_not_be_read_after_a_commit_is_not_shown_and_nothing_else(
    tmp_path: Path, statement: str, key: str
) -> None:
    """An email that is on disk is not said to have been refused."""
    connections: list[sqlite3.Connection] = []

    def remember(path: Path) -> sqlite3.Connection:
        connections.append(connect(path))
        return connections[-1]

    box = Bench(tmp_path, Outbox(tmp_path / "outbox.db", connect=remember))
    box.open()
    box.accept()
    box.attempt(sent())
    box.accept()
    box.attempt(Hold(Reason.REFUSED, None, History(1)), 1.0, REFUSED)
    whole = box.outbox.summary()
    connections[-1].execute(statement)
    summary = box.outbox.summary()
    assert (summary.waiting, summary.sent, summary.last) == (1, 1, whole.last)
    assert getattr(whole, key) and not getattr(summary, key)
    box.outbox.close()


@pytest.mark.parametrize("damage", [content("'no JSON'"), "DELETE FROM parts"])
def test_an_email_whose_subject_can_not_be_read_is_listed_without(
    box: Bench, damage: str
) -> None:
    reference = box.accept(mail("First"))
    box.edit(damage)
    box.open()
    (listed,) = box.outbox.listed(at(1.0))
    assert (listed.reference, listed.subject) == (reference, "")
