"""An outbox by itself: its file, its clock, and what a courier would do with it."""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
import sqlite3

from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.outbox.outbox import Opened, Outbox
from custom_components.quectel_smtp.delivery.records import (
    Again,
    End,
    Entry,
    Finding,
    History,
    Instant,
    Item,
    Options,
    Reason,
    State,
    Transition,
    Verdict,
)
from custom_components.quectel_smtp.modem.mail.smtp import Result

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR = 3600.0
DAY = 24 * HOUR
DIGEST_SIZE = 10_000
"""Bytes of a digest here."""
OPTIONS = Options()
SENT = Finding(Result.SENT)
REFUSED = Finding(Result.REFUSED, 681, 550)
BUSY = Finding(Result.REFUSED, 652)
LOST = Finding(Result.UNKNOWN)

_numbers = count(1)


def at(elapsed: float) -> Instant:
    """Return an instant while nobody sets the host's clock."""
    return Instant(elapsed, START + timedelta(seconds=elapsed))


def mail(
    subject: str | None = None,
    body: str = "The basement is under water.",
    to: Sequence[str] = ("a@example.com",),
    *,
    cc: Sequence[str] = (),
    bcc: Sequence[str] = (),
    critical: bool = False,
    recipient: str = "Home",
) -> Email:
    """Return an email; one that differs from all others unless it has a subject."""
    return Email(
        f"Mail {next(_numbers)}" if subject is None else subject,
        body,
        tuple(to),
        tuple(cc),
        tuple(bcc),
        recipient=recipient,
        critical=critical,
    )


def sent(attempts: int = 1) -> End:
    """Return the verdict on an email that was sent."""
    return End(State.SENT, History(attempts))


def failed(attempts: int = 1) -> End:
    """Return the verdict on an email that can't be sent."""
    return End(State.FAILED, History(attempts))


def again(
    delay: float = 10.0, reason: Reason = Reason.RETRY, attempts: int = 1
) -> Again:
    """Return the verdict on an email that is tried again."""
    return Again(delay, reason, History(attempts))


def compose(entries: Sequence[Entry]) -> tuple[str, str] | None:
    """Make a digest that fits as long as every way carries it whole."""
    body = "\n".join(
        f"{entry.accepted:%H:%M} {entry.subject} {entry.body} {entry.times}"
        for entry in entries
    )
    if len(body.encode()) > DIGEST_SIZE:
        return None
    return f"{len(entries)} emails", body


class Bench:
    """An outbox in a folder of its own, and shorthand for what is done with it."""

    def __init__(self, folder: Path, outbox: Outbox | None = None) -> None:
        """Use ``open`` next."""
        self.path = folder / "outbox.db"
        self.outbox = outbox or Outbox(self.path)

    def open(self, wall: datetime = START) -> Opened:
        """Open it."""
        return self.outbox.open(wall)

    def reopen(self, wall: datetime = START) -> Opened:
        """Close it, and open it as another process would."""
        self.outbox.close()
        self.outbox = Outbox(self.path)
        return self.outbox.open(wall)

    def accept(
        self,
        email: Email | None = None,
        elapsed: float = 0.0,
        lifetime: float = 48 * HOUR,
    ) -> str:
        """Accept an email."""
        return self.outbox.accept(
            mail() if email is None else email, at(elapsed), Options(lifetime=lifetime)
        )

    def due(self, elapsed: float = 0.0, options: Options = OPTIONS) -> Item | None:
        """Return what is due."""
        return self.outbox.next_due(at(elapsed), options)

    def take(self, elapsed: float = 0.0, options: Options = OPTIONS) -> Item:
        """Return what is due, and begin to send it."""
        item = self.due(elapsed, options)
        assert item is not None
        assert self.outbox.begin(item.envelope, elapsed + 330.0, 42, at(elapsed))
        return item

    def attempt(
        self, verdict: Verdict, elapsed: float = 0.0, finding: Finding = SENT
    ) -> Item:
        """Send what is due, with a verdict on it."""
        item = self.take(elapsed)
        self.outbox.record(item.envelope, verdict, finding, at(elapsed))
        return item

    def show(self) -> list[Transition]:
        """Show what is to be shown."""
        found = list(self.outbox.unshown())
        if found:
            self.outbox.shown(found[-1].number)
        return found

    def story(self, reference: str | None = None) -> list[State]:
        """Show what is to be shown; returns the states, of all emails or of one."""
        return [
            transition.state
            for transition in self.show()
            if reference in {None, transition.reference}
        ]

    def states(self) -> dict[str, State]:
        """Return the state of each email that waits."""
        return {one.reference: one.state for one in self.outbox.listed(at(0.0))}

    def edit(self, statement: str, *values: object) -> None:
        """Change the database behind the outbox's back, while it is closed."""
        self.outbox.close()
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute(statement, values)
            connection.commit()

    def bytes(self) -> bytes:
        """Return all that is in the files."""
        return b"".join(
            path.read_bytes() for path in self.path.parent.iterdir() if path.is_file()
        )
