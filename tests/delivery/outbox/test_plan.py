"""With ten thousand emails in it an outbox looks at few of them: plans, not durations."""

from collections.abc import Callable
from pathlib import Path
import sqlite3

import pytest

from custom_components.quectel_smtp.delivery.outbox.file import connect
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.records import Reason

from .bench import BUSY, SENT, Bench, again, at, mail, sent


class Statements:
    """The statements that an outbox carries out."""

    def __init__(self) -> None:
        """Know of none."""
        self.connection: sqlite3.Connection | None = None
        self.heard: list[str] = []

    def connect(self, path: Path) -> sqlite3.Connection:
        """Connect, and hear every statement from now on."""
        self.connection = connect(path)
        self.connection.set_trace_callback(self.heard.append)
        return self.connection

    def scans(self) -> list[str]:
        """Return how whole tables are looked through, since this was asked last."""
        assert self.connection is not None
        heard, self.heard = self.heard, []
        self.connection.set_trace_callback(None)
        found = [
            f"{step}: {statement}"
            for statement in dict.fromkeys(heard)
            if statement.split()[0] in {"SELECT", "UPDATE", "DELETE"}
            for *_, step in self.connection.execute(f"EXPLAIN QUERY PLAN {statement}")
            if step.startswith("SCAN") and "INDEX" not in step
        ]
        self.connection.set_trace_callback(self.heard.append)
        return found


@pytest.mark.parametrize(
    "work",
    [
        lambda box: box.accept(),
        lambda box: box.accept(mail("Mail 1"), 0.0),
        lambda box: box.accept(mail(critical=True)),
        lambda box: box.due(),
        lambda box: box.take(),
        lambda box: box.attempt(sent()),
        lambda box: box.attempt(again(), 0.0, BUSY),
        lambda box: box.outbox.summary(),
        lambda box: box.outbox.next_time(at(0.0)),
        lambda box: box.outbox.unsettled(),
        lambda box: box.outbox.listed(at(0.0)),
        lambda box: box.outbox.cancel(None, at(0.0)),
        lambda box: box.outbox.hold_all(Reason.LOGIN, 5.0, at(0.0)),
        lambda box: box.outbox.wake(at(0.0), Reason.LOGIN),
        lambda box: box.outbox.retry(None, at(0.0)),
        lambda box: box.outbox.expire(at(0.0)),
        lambda box: box.outbox.prune(at(0.0)),
        lambda box: box.outbox.shown(5),
        lambda box: box.outbox.cancel(box.outbox.listed(at(0.0))[5].reference, at(0.0)),
    ],
    ids=range(19),
)
def test_what_is_done_for_each_email_finds_it_by_an_index(
    tmp_path: Path, work: Callable[[Bench], object]
) -> None:
    statements = Statements()
    box = Bench(tmp_path, Outbox(tmp_path / "outbox.db", connect=statements.connect))
    box.open()
    for number in range(20):
        box.accept(mail(f"Mail {number}"))
    statements.scans()
    work(box)
    assert statements.scans() == []
    box.outbox.close()


def test_an_email_that_is_due_is_the_first_in_its_index(tmp_path: Path) -> None:
    statements = Statements()
    box = Bench(tmp_path, Outbox(tmp_path / "outbox.db", connect=statements.connect))
    box.open()
    box.accept()
    statements.heard.clear()
    box.due()
    connection = statements.connection
    assert connection is not None
    (statement,) = (
        one for one in statements.heard if "LIMIT 1" in one and "critical = 0" in one
    )
    ((*_, plan),) = connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
    # No step sorts: the first that is found is the one.
    assert plan.startswith("SEARCH envelopes USING COVERING INDEX envelopes_order")
    box.outbox.close()


def test_what_is_held_is_found_without_looking_at_what_is_not(tmp_path: Path) -> None:
    statements = Statements()
    box = Bench(tmp_path, Outbox(tmp_path / "outbox.db", connect=statements.connect))
    box.open()
    box.accept()
    box.outbox.hold_all(Reason.LOGIN, 10.0, at(0.0))
    statements.heard.clear()
    box.accept()
    connection = statements.connection
    assert connection is not None
    (statement,) = (one for one in statements.heard if "reason IN" in one)
    plans = connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
    assert any("envelopes_held" in plan for *_, plan in plans)
    box.outbox.close()


def test_sends_of_long_ago_are_not_kept(box: Bench) -> None:
    for number in range(3):
        box.accept()
        item = box.take(number * 86400.0)
        box.outbox.record(item.envelope, sent(), SENT, at(number * 86400.0))
    box.outbox.close()
    connection = sqlite3.connect(box.path)
    assert connection.execute("SELECT count(*) FROM sends").fetchone() == (1,)
    connection.close()
