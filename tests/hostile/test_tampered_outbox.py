"""What a hand or a disk made of the outbox is sent as text, or ends: it commands nothing.

Each value stands in an email of its own, in the file, before the courier opens it.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
import json
from pathlib import Path
import sqlite3
from typing import Any

import pytest

from custom_components.quectel_smtp.delivery.courier.courier import Courier
from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.records import (
    Instant,
    Options,
    State,
    Transition,
    Way,
)
from custom_components.quectel_smtp.delivery.settings import Settings
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from tests.delivery.bench import WORDING
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.profiles import MailClient
from tests.virtual_modem.tests.mail_server import MailServer

from .bench import HOST, PDP, SERVER
from .values import BODIES, NO_ADDRESSES, PAGES, VALUES
from .witness import check_commands, check_email

OWN = "anna@example.com"
PICTURE = Attachment("door.bin", bytes(range(256)), "image/jpeg", "door")
ROADS = [
    (Way.MODULE, MailClient.NOTE),
    (Way.MODULE, MailClient.TERSE),
    (Way.STREAM, MailClient.NOTE),
]

type Edit = Callable[[sqlite3.Connection, int], object]
"""Changes the email with this number."""


def content(**fields: Any) -> Edit:
    """Change what the text part says."""

    def edit(disk: sqlite3.Connection, email: int) -> None:
        where = " FROM parts WHERE email = ? AND number = 1"
        ((kept,),) = disk.execute(f"SELECT content{where}", (email,))
        changed = json.dumps(json.loads(kept) | fields)
        part(1, content=changed)(disk, email)

    return edit


def part(number: int, **columns: object) -> Edit:
    """Change columns of a part."""

    def edit(disk: sqlite3.Connection, email: int) -> None:
        for column, value in columns.items():
            disk.execute(
                f"UPDATE parts SET {column} = ? WHERE email = ? AND number = ?",  # noqa: S608
                (value, email, number),
            )

    return edit


def sql(statement: str) -> Edit:
    """Do what a statement says with the email that it calls ``?1``."""
    return lambda disk, email: disk.execute(statement, (email,))


def more_parts(disk: sqlite3.Connection, email: int) -> None:
    """Attach what was never attached, with numbers of all kinds."""
    for number in (*range(3, 30), -5, 2**62):
        disk.execute(
            "INSERT INTO parts (email, number, kind, content, name, content_type)"
            " VALUES (?, ?, 'attachment', ?, 'x.bin', 'image/jpeg')",
            (email, number, bytes(100)),
        )


def stored(value: str) -> str:
    """Return a text as SQLite has it: it knows no half of a pair."""
    return value.encode(errors="replace").decode()


TEXTS: tuple[Edit, ...] = (
    *(content(subject=value) for value in VALUES[::3]),
    *(content(body=body) for body in BODIES),
    *(content(html=page) for page in PAGES),
    *(
        content(missing=[[value, "not_found"]], changes=[["body_cut", value[:200]]])
        for value in VALUES[::7]
    ),
    content(missing=[["x" * 100, "empty"]] * 1_000),
    content(subject="x" * 30_000, body="", html="<b>x</b>" * 5_000),
    *(part(2, name=stored(value)) for value in VALUES[::3]),
    *(part(2, content_type=stored(value)) for value in VALUES[1::3]),
    *(part(2, content_id=stored(value)) for value in VALUES[2::3]),
    part(2, content=b""),
    part(2, content="text"),
    part(2, content=7),
    part(2, name=7, content_type=None),
    part(2, content=bytes(6_000_000)),
    sql(
        "UPDATE parts SET name = CAST(x'ff00' AS TEXT) WHERE email = ?1 AND number = 2"
    ),
    sql("DELETE FROM parts WHERE email = ?1 AND number = 2"),
    more_parts,
)
"""Of these each email arrives, whatever is left of it."""

ENDS: tuple[Edit, ...] = (
    *(content(addresses=[[OWN, address], [], []]) for address in NO_ADDRESSES),
    *(content(addresses=[[OWN], [], [address]]) for address in NO_ADDRESSES[::3]),
    *(content(extra=[[address], [], []]) for address in NO_ADDRESSES[::3]),
    content(addresses=[["x"] * 101, [], []]),
    content(addresses=[[], [], []]),
    content(addresses="x"),
    content(priority="urgent"),
    content(priority={}),
    content(missing=[["a", "nonsense"]]),
    content(changes=[["nonsense", "a"]]),
    content(changes=7),
    content(awaits=[7]),
    content(html=7),
    part(1, content="[" * 100_000),
    part(1, content=b"\x00"),
    part(1, content="[]"),
    sql(
        "UPDATE parts SET content = CAST(x'ff' AS TEXT) WHERE email = ?1 AND number = 1"
    ),
    sql("UPDATE envelopes SET carries = 'nonsense' WHERE email = ?1"),
    sql("UPDATE envelopes SET members = '[0, 7]' WHERE email = ?1"),
    sql("UPDATE emails SET recipient = '\r\nAT+CFUN=0' WHERE id = ?1"),
)
"""Of these each has an end, and nothing goes to anybody else."""


@dataclass(frozen=True, slots=True)
class Office:
    """A courier that has not begun, its modem, and its server."""

    courier: Courier
    virtual: VirtualModem
    server: MailServer
    path: Path
    road: int
    """Which of ``ROADS`` it is."""

    def fill(self, edits: tuple[Edit, ...]) -> None:
        """Keep an email for each edit, and edit it."""
        outbox = Outbox(self.path, emails=1000)
        now = Instant(0.0, datetime.now(UTC))
        outbox.open(now.wall)
        for number in range(len(edits)):
            email = Email(f"Title {number}", "Text", (OWN,), attachments=(PICTURE,))
            outbox.accept(email, now, Options())
        outbox.close()
        with closing(sqlite3.connect(self.path)) as disk:
            emails = [
                row[0] for row in disk.execute("SELECT id FROM emails ORDER BY id")
            ]
            for email_number, edit in zip(emails, edits, strict=True):
                edit(disk, email_number)
            disk.commit()

    async def work(self, count: int) -> dict[str, State]:
        """Send all that can be sent; returns the end that each of these came to."""
        ends: dict[str, State] = {}

        def hear(transition: Transition) -> None:
            if not transition.state.waiting:
                ends[transition.reference] = transition.state

        self.courier.on_transition(hear)
        await self.courier.open()
        self.courier.start()
        self.courier.show()
        async with asyncio.timeout(100):
            while len(ends) < count:
                await asyncio.sleep(0.02)
        return ends


@pytest.fixture(params=ROADS, ids="-".join)
async def office(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncGenerator[Office]:
    """Give everything between an outbox and a server."""
    way, client = request.param
    path = tmp_path / "outbox.db"
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(MailServer())
        virtual = await stack.enter_async_context(
            VirtualModem(
                hosts={HOST: {25: server.port}}, mail_client=client, time_scale=0.01
            )
        )
        options = Options(way=way, per_hour=1000, per_day=10_000, digest=False)
        courier = Courier(
            Settings(PortSettings(virtual.port), PDP, SERVER, options=options),
            path,
            WORDING,
        )
        stack.push_async_callback(courier.close)
        yield Office(courier, virtual, server, path, ROADS.index(request.param))


async def test_any_text_that_was_edited_into_the_outbox_arrives_as_a_text(
    office: Office,
) -> None:
    # Each by one of them: what becomes of a text by each way, other tests show.
    texts = TEXTS[office.road :: len(ROADS)]
    office.fill(texts)
    assert {*(await office.work(len(texts))).values()} == {State.SENT}
    assert len(office.server.received) == len(texts)
    for envelope in office.server.received:
        check_email(envelope, {OWN})
    check_commands(office.virtual)


async def test_what_can_not_be_told_ends_and_goes_to_nobody_else(
    office: Office,
) -> None:
    office.fill(ENDS)
    ends = await office.work(len(ENDS))
    assert {*ends.values()} <= {State.SENT, State.PARTLY_SENT, State.FAILED}
    for envelope in office.server.received:
        check_email(envelope, {OWN})
    check_commands(office.virtual)
