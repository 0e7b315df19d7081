"""The outbox's file is private, survives what it can, and is replaced where it can't."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
import os
from pathlib import Path
import random
import shutil
import sqlite3
import stat

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.quectel_smtp.delivery.addresses import Addresses
from custom_components.quectel_smtp.delivery.changes import Change, Fit
from custom_components.quectel_smtp.delivery.enclosures import Missing, MissingReason
from custom_components.quectel_smtp.delivery.errors import (
    OutboxNewerError,
    OutboxWriteError,
)
from custom_components.quectel_smtp.delivery.outbox import schema as outbox_schema
from custom_components.quectel_smtp.delivery.outbox.file import connect
from custom_components.quectel_smtp.delivery.outbox.outbox import Opened, Outbox
from custom_components.quectel_smtp.delivery.records import (
    End,
    History,
    Hold,
    Options,
    Reason,
    Split,
    State,
)
from custom_components.quectel_smtp.modem.mail.attachments import Attachment

from .bench import (
    BUSY,
    DAY,
    HOUR,
    LOST,
    REFUSED,
    SENT,
    START,
    Bench,
    again,
    at,
    compose,
    mail,
    sent,
)

_OPTIONS = Options()
VERSION_1 = Path(__file__).with_name("version_1.sql")
VERSION_3 = Path(__file__).with_name("version_3.sql")
SECRET = "The key lies under the mat"
ADDRESS = "neighbour@example.com"


def files(folder: Path) -> dict[str, int]:
    """Return the files in a folder and their modes."""
    return {path.name: stat.S_IMODE(path.lstat().st_mode) for path in folder.iterdir()}


# Durability and privacy.


def test_every_commit_is_on_disk_before_it_returns(tmp_path: Path) -> None:
    connections = []

    def remember(path: Path) -> sqlite3.Connection:
        connections.append(connect(path))
        return connections[-1]

    box = Bench(tmp_path, Outbox(tmp_path / "outbox.db", connect=remember))
    box.open()
    (connection,) = connections
    for name, value in (
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("locking_mode", "exclusive"),
        ("secure_delete", 1),
        ("foreign_keys", 1),
    ):
        assert connection.execute(f"PRAGMA {name}").fetchone() == (value,)
    box.outbox.close()


def test_a_database_that_can_not_do_what_it_must_is_not_used(tmp_path: Path) -> None:
    class Lax(sqlite3.Connection):
        def execute(self, statement: str, *rest: object) -> sqlite3.Cursor:
            if statement.startswith("PRAGMA synchronous ="):
                statement = "PRAGMA synchronous = OFF"
            return super().execute(statement, *rest)  # type: ignore[arg-type]

    outbox = Outbox(
        tmp_path / "outbox.db",
        connect=lambda path: sqlite3.connect(path, factory=Lax),
    )
    with pytest.raises(OutboxWriteError, match="synchronous is 0"):
        outbox.open(START)


def test_what_is_interrupted_has_not_happened(tmp_path: Path) -> None:
    class Interrupted(sqlite3.Connection):
        interrupts = False

        def execute(self, statement: str, *rest: object) -> sqlite3.Cursor:
            if self.interrupts and "INTO transitions" in statement:
                raise KeyboardInterrupt
            return super().execute(statement, *rest)  # type: ignore[arg-type]

    outbox = Outbox(
        tmp_path / "outbox.db",
        connect=lambda path: sqlite3.connect(
            path, factory=Interrupted, isolation_level=None
        ),
    )
    box = Bench(tmp_path, outbox)
    box.open()
    Interrupted.interrupts = True
    with pytest.raises(KeyboardInterrupt):
        box.accept(mail("Smoke"))
    Interrupted.interrupts = False
    assert (box.states(), box.outbox.summary().waiting) == ({}, 0)
    reference = box.accept(mail("Smoke"))
    assert box.states() == {reference: State.QUEUED}
    outbox.close()


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_no_file_is_anyone_elses_business(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        box = Bench(tmp_path)
        box.open()
        box.accept()
        assert files(tmp_path) == {"outbox.db": 0o600, "outbox.db-wal": 0o600}
    finally:
        os.umask(before)
    box.outbox.close()
    assert files(tmp_path) == {"outbox.db": 0o600}


def test_files_that_were_open_to_all_are_closed(tmp_path: Path) -> None:
    box = Bench(tmp_path)
    box.open()
    box.accept()
    image = tmp_path / "image"
    image.mkdir()
    for path in tmp_path.glob("outbox*"):
        shutil.copy(path, image)
        (image / path.name).chmod(0o666)
    box.outbox.close()
    copy = Bench(image)
    copy.open()
    assert set(files(image).values()) == {0o600}
    copy.outbox.close()


def test_nobody_else_writes_while_it_is_open(box: Bench) -> None:
    with pytest.raises(OutboxWriteError):
        Outbox(box.path, connect=lambda path: sqlite3.connect(path, timeout=0)).open(
            START
        )
    box.accept()


# Erasing.


@pytest.mark.parametrize("end", ["sent", "split", "cancelled", "expired", "digest"])
@pytest.mark.parametrize("length", [1, 40, 350])
def test_nothing_of_a_text_or_an_address_outlives_its_email(
    box: Bench, end: str, length: int
) -> None:
    to = [ADDRESS, "other@example.com"]
    secret = mail(SECRET, f"{SECRET}. " * length, to)
    box.accept(secret)
    assert SECRET.encode() in box.bytes()
    match end:
        case "sent":
            box.attempt(sent())
        case "split":
            box.attempt(Split(History(1)), 0.0, REFUSED)
            box.attempt(sent())
            box.attempt(sent())
        case "cancelled":
            box.outbox.cancel(None, at(0.0))
        case "expired":
            box.outbox.expire(at(100 * HOUR))
        case _:
            for _ in range(9):
                box.accept(mail(body=SECRET, to=to))
            item = box.due()
            assert item is not None
            box.outbox.digest(item, at(0.0), compose)
            while box.due() is not None:
                box.attempt(sent())
    assert box.due() is None
    assert box.outbox.summary().waiting == 0
    for _ in range(2):
        content = box.bytes()
        assert SECRET.encode() not in content
        assert ADDRESS.encode() not in content
        box.reopen()


@pytest.mark.parametrize("end", ["sent", "cancelled", "expired", "missing"])
@pytest.mark.parametrize("size", [1, 10_000])
def test_nothing_of_an_attachment_outlives_its_email(
    box: Bench, end: str, size: int
) -> None:
    data = b"What the camera has seen. " * size
    email = replace(
        mail(critical=True),
        html=f"<p>{SECRET}</p>",
        extra=Addresses(bcc=(ADDRESS,)),
        attachments=(Attachment("key under the mat.jpg", data, "image/x", "mat"),),
        awaits=("who has the key.jpg",),
    )
    reference = box.accept(email)
    secrets = (b"the mat.jpg", data[:26], b"image/x", b"has the key", SECRET.encode())
    for secret in (*secrets, ADDRESS.encode()):
        assert secret in box.bytes()
    missing = Missing("who has the key.jpg", MissingReason.NOT_FOUND)
    match end:
        case "sent":
            box.outbox.attach(reference, email.attachments, (), at(1.0))
            box.attempt(sent())
            box.attempt(sent(), 1.0)
        case "missing":
            box.attempt(sent())
            box.outbox.attach(reference, (), (missing,), at(1.0))
            changes = (Change(Fit.ATTACHMENT_LEFT_OUT, "key under the mat.jpg"),)
            box.attempt(sent(), 1.0, replace(SENT, changes=changes))
        case "cancelled":
            box.outbox.cancel(reference, at(1.0))
        case _:
            box.outbox.expire(at(100 * HOUR))
    assert box.outbox.summary().waiting == 0
    # What was changed is told with its end, by name.
    box.show()
    box.accept(mail())
    box.attempt(sent(), 2.0)
    for _ in range(2):
        content = box.bytes()
        for secret in (*secrets, ADDRESS.encode()):
            assert secret not in content
        box.reopen()


@pytest.mark.parametrize("seed", range(8))
def test_no_copy_of_a_text_is_left_behind_in_any_page(box: Bench, seed: int) -> None:
    """SQLite moves records between pages, and overwrites only what it deletes."""
    draw = random.Random(seed)
    waiting: dict[str, str] = {}
    ended: set[str] = set()
    for _ in range(100):
        if waiting and draw.random() < 0.4:
            reference = draw.choice(sorted(waiting))
            box.outbox.cancel(reference, at(0.0))
            ended.add(waiting.pop(reference))
            continue
        mark = f"{draw.getrandbits(64):016x}"
        text = mark * draw.choice([1, 3, 30, 200, 600])
        email = mail(f"S{mark}", text, [f"A{mark}@example.com"])
        if draw.random() < 0.5:
            data = mark.encode() * draw.choice([1, 300, 3000])
            named = (f"N{mark}", data, f"T{mark}", f"I{mark}")
            email = replace(email, attachments=(Attachment(*named),))
        reference = box.accept(email)
        waiting[reference] = mark
    box.outbox.close()
    content = box.bytes()
    assert [mark for mark in ended if mark.encode() in content] == []
    assert all(mark.encode() in content for mark in waiting.values())


@pytest.mark.parametrize("end", ["sent", "cancelled", "expired", "digest", "lost"])
def test_a_text_leaves_the_log_with_its_end_though_nothing_is_sent_after_it(
    box: Bench, end: str
) -> None:
    to = [ADDRESS, "other@example.com"]
    secret = box.accept(mail(SECRET, to=to))
    match end:
        case "sent":
            box.attempt(sent())
        case "cancelled":
            box.outbox.cancel(secret, at(1.0))
        case "expired":
            box.outbox.expire(at(100 * HOUR))
        case "digest":
            for _ in range(9):
                box.accept(mail(to=to))
            item = box.due()
            assert item is not None
            box.outbox.digest(
                item, at(0.0), lambda entries: (f"{len(entries)} emails", "-")
            )
        case _:
            box.attempt(End(State.UNKNOWN, History(1)), 0.0, LOST)
    content = box.bytes()
    assert SECRET.encode() not in content
    assert end == "digest" or ADDRESS.encode() not in content


def test_what_a_backup_kept_in_the_log_leaves_it_with_the_backups_end(
    box: Bench,
) -> None:
    box.accept(mail(SECRET))
    box.outbox.note_backup(at(1.0))
    box.outbox.cancel(None, at(2.0))
    assert SECRET.encode() in box.bytes()
    box.outbox.clear_backup(at(3.0))
    assert SECRET.encode() not in box.bytes()


def test_a_log_that_can_not_be_emptied_now_is_emptied_later(tmp_path: Path) -> None:
    class Busy(sqlite3.Connection):
        busy = True

        def execute(self, statement: str, *rest: object) -> sqlite3.Cursor:
            if self.busy and "wal_checkpoint" in statement:
                statement = "SELECT 1, 0, 0"
            return super().execute(statement, *rest)  # type: ignore[arg-type]

    outbox = Outbox(
        tmp_path / "outbox.db",
        connect=lambda path: sqlite3.connect(path, factory=Busy, isolation_level=None),
    )
    box = Bench(tmp_path, outbox)
    box.open()
    box.accept(mail(SECRET))
    box.attempt(sent())
    assert box.due() is None
    assert SECRET.encode() in box.bytes()
    with pytest.raises(OutboxWriteError, match="busy"):
        outbox.note_backup(at(1.0))
    Busy.busy = False
    outbox.keep_time(at(2.0))
    assert SECRET.encode() not in box.bytes()
    # No backup was made, and nothing was restored from one.
    box.accept()
    assert box.reopen(at(DAY).wall).restored == 0
    box.outbox.close()


def test_removing_it_leaves_no_file(tmp_path: Path) -> None:
    box = Bench(tmp_path)
    box.path.write_text("no database")
    (tmp_path / "another.db").touch()
    assert box.open().damaged
    box.accept(mail(SECRET))
    box.outbox.destroy()
    assert set(files(tmp_path)) == {"another.db"}
    box.outbox.destroy()


def test_what_can_not_be_removed_is_said(tmp_path: Path) -> None:
    box = Bench(tmp_path)
    box.path.mkdir()
    with pytest.raises(OutboxWriteError):
        box.outbox.destroy()


# Damage.


def _text(path: Path) -> None:
    path.write_text("This is no database, though it is long enough for one. " * 50)


def _short(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0")


def _foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE states (id INTEGER)")
        other.commit()


def _empty_foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 1")
        other.commit()


def _outbox(path: Path, *statements: str) -> None:
    outbox = Outbox(path)
    outbox.open(START)
    outbox.accept(mail(), at(0.0), _OPTIONS)
    outbox.close()
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def _without_table(path: Path) -> None:
    _outbox(path, "DROP TABLE sends")


def _without_index(path: Path) -> None:
    _outbox(path, "DROP INDEX envelopes_order")


def _other_application(path: Path) -> None:
    _outbox(path, "PRAGMA application_id = 1")


def _truncated(path: Path) -> None:
    _outbox(path)
    os.truncate(path, path.stat().st_size // 2)


def _log_alone(path: Path) -> None:
    path.touch()
    path.with_name(path.name + "-wal").write_bytes(b"all that was accepted")


def _folder(path: Path) -> None:
    path.mkdir()


def _link(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere"))


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _log_folder(path: Path) -> None:
    _outbox(path)
    path.with_name(path.name + "-wal").mkdir()


def _read_only_version(path: Path) -> None:
    _outbox(path)
    content = bytearray(path.read_bytes())
    content[18] = 3
    path.write_bytes(content)


def _stray_page(path: Path) -> None:
    """Leave a page that belongs to nothing, as lost pages do."""
    _outbox(path)
    content = bytearray(path.read_bytes()) + bytes(4096)
    # SQLite file format 1.3.7: the size of the database in pages.
    content[28:32] = (len(content) // 4096).to_bytes(4)
    path.write_bytes(content)


def _garbled_schema(path: Path) -> None:
    _outbox(
        path,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_schema SET sql = 'CREATE TABLE emails (oops' WHERE name = 'emails'",
    )


_DAMAGES: list[Callable[[Path], None]] = [
    _text,
    _short,
    _foreign,
    _empty_foreign,
    _without_table,
    _without_index,
    _other_application,
    _truncated,
    _log_alone,
    _folder,
    _link,
    _pipe,
    _log_folder,
    _read_only_version,
    _stray_page,
    _garbled_schema,
]


@pytest.mark.parametrize("damage", _DAMAGES)
def test_what_is_no_outbox_is_set_aside_and_a_new_one_begun(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    box = Bench(tmp_path)
    damage(box.path)
    assert box.open() == Opened(0.0, damaged=True)
    reference = box.accept()
    assert box.path.with_name("outbox.db.damaged-1").exists(follow_symlinks=False)
    assert not box.reopen().damaged
    assert box.states() == {reference: State.QUEUED}
    box.outbox.close()


def test_a_folder_with_a_name_like_ours_keeps_nobody_from_anything(
    tmp_path: Path,
) -> None:
    box = Bench(tmp_path)
    foreign = [tmp_path / f"outbox.db.damaged-{number}" for number in (1, 2, 3, 4)]
    for folder in foreign:
        folder.mkdir()
    (foreign[0] / "photo.jpg").touch()
    box.path.write_text("no database")
    assert box.open().damaged
    box.accept()
    assert (tmp_path / "outbox.db.damaged-5").read_text() == "no database"
    box.outbox.destroy()
    # What is theirs stays, what is ours goes.
    assert sorted(tmp_path.iterdir()) == foreign
    assert (foreign[0] / "photo.jpg").exists()


@pytest.mark.parametrize(
    "name", ["damaged-999999999", "damaged-7-notes", "damaged-٣", "damaged-", "bak"]
)
def test_a_file_with_a_name_like_ours_is_left_alone(tmp_path: Path, name: str) -> None:
    box = Bench(tmp_path)
    foreign = tmp_path / f"outbox.db.{name}"
    foreign.write_text("notes")
    for number in range(1, 6):
        box.path.write_text(f"damaged {number}")
        assert box.open().damaged
        box.outbox.close()
        aside = tmp_path / f"outbox.db.damaged-{number}"
        assert aside.read_text() == f"damaged {number}"
    box.outbox.destroy()
    assert list(tmp_path.iterdir()) == [foreign]
    assert foreign.read_text() == "notes"


def test_a_folder_in_the_place_of_a_journal_costs_no_email(tmp_path: Path) -> None:
    box = Bench(tmp_path)
    box.open()
    reference = box.accept()
    box.outbox.close()
    (tmp_path / "outbox.db-journal").mkdir()
    assert not box.open().damaged
    assert box.states() == {reference: State.QUEUED}
    box.outbox.close()


def test_an_empty_file_is_a_new_outbox(tmp_path: Path) -> None:
    box = Bench(tmp_path)
    box.path.touch()
    assert box.open() == Opened(0.0)
    box.accept()
    box.outbox.close()


def test_the_log_is_set_aside_with_its_database_and_the_last_three_are_kept(
    tmp_path: Path,
) -> None:
    box = Bench(tmp_path)
    wal = tmp_path / "outbox.db-wal"
    for number in range(1, 6):
        box.path.write_text(f"damaged {number}")
        wal.write_text(f"log {number}")
        wal.chmod(0o644)
        assert box.open().damaged
        box.outbox.close()
    found = {path.name: path.read_text() for path in tmp_path.glob("*damaged*")}
    assert found == {
        f"outbox.db.damaged-{number}{suffix}": f"{text} {number}"
        for number in (3, 4, 5)
        for suffix, text in (("", "damaged"), ("-wal", "log"))
    }
    assert set(files(tmp_path).values()) == {0o600}


@pytest.mark.parametrize(
    ("name", "condition", "kept"),
    [
        ("envelopes_order", "due IS NOT NULL", "0"),
        ("envelopes_order", "due IS NOT NULL", "1"),
        ("envelopes_due", "due IS NOT NULL", "due > 5"),
        ("emails_accepted", "ended IS NULL", "1"),
        ("envelopes_sending", "state = 'sending'", "1"),
    ],
)
def test_an_index_that_does_not_fit_its_table_is_made_anew(
    tmp_path: Path, name: str, condition: str, kept: str
) -> None:
    """What is in the tables is what was accepted."""
    box = Bench(tmp_path)
    box.open()
    references = [box.accept() for _ in range(3)]
    box.attempt(sent())
    box.outbox.close()
    with closing(sqlite3.connect(box.path)) as connection:
        ((sql,),) = connection.execute(
            "SELECT sql FROM sqlite_schema WHERE name = ?", (name,)
        )
        connection.execute(f"DROP INDEX {name}")
        # Made of too few rows or too many, and then said to be as it should.
        connection.execute(sql.replace(condition, kept))
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_schema SET sql = ? WHERE name = ?", (sql, name)
        )
        connection.commit()
    assert not box.open().damaged
    assert [box.attempt(sent()).reference for _ in range(2)] == references[1:]
    assert box.due() is None
    box.outbox.close()


def test_where_no_file_can_be_the_caller_is_told(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "missing" / "outbox.db")
    with pytest.raises(OutboxWriteError, match="ENOENT"):
        outbox.open(START)
    with pytest.raises(OutboxWriteError, match="closed"):
        outbox.accept(mail(), at(0.0), _OPTIONS)


def test_a_database_that_is_damaged_again_at_once_is_an_error(tmp_path: Path) -> None:
    def spoil(path: Path) -> sqlite3.Connection:
        _text(path)
        return connect(path)

    outbox = Outbox(tmp_path / "outbox.db", connect=spoil)
    with pytest.raises(OutboxWriteError, match="damaged anew"):
        outbox.open(START)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_becomes_of_the_bytes_there_is_an_outbox_that_works(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    live = Bench(folder)
    live.open()
    for number in range(5):
        live.accept(mail(f"Mail {number}", "x" * 50 * number**2))
    logged = data.draw(st.booleans(), label="in the log")
    if not logged:
        live.reopen()
    live.attempt(again(10.0), 0.0, BUSY)
    box = Bench(folder / "image")
    shutil.copytree(folder, box.path.parent, ignore=shutil.ignore_patterns("image"))
    live.outbox.close()
    damaged = box.path.with_name("outbox.db-wal") if logged else box.path
    content = bytearray(damaged.read_bytes())
    if data.draw(st.booleans(), label="truncate"):
        del content[data.draw(st.integers(0, len(content) - 1), label="length") :]
    else:
        for _ in range(data.draw(st.integers(1, 20), label="flips")):
            # Most of the file is padding; its header and page heads are not.
            place = data.draw(
                st.one_of(
                    st.integers(0, len(content) - 1),
                    st.integers(0, 120),
                    st.integers(0, len(content) // 4096 - 1).map(lambda n: n * 4096),
                ),
                label="place",
            )
            content[place] ^= 1 << data.draw(st.integers(0, 7), label="bit")
    damaged.write_bytes(content)
    try:
        opened = box.open()
    except OutboxNewerError:
        # As far as anyone can tell.
        return
    waiting = len(box.outbox.listed(at(opened.elapsed)))
    assert box.outbox.summary().waiting == waiting
    box.show()
    box.outbox.cancel(None, at(opened.elapsed))
    reference = box.accept(elapsed=opened.elapsed)
    assert box.take(opened.elapsed + DAY).reference == reference
    box.outbox.close()


# Versions.


def test_an_outbox_of_version_1_goes_on(tmp_path: Path) -> None:
    box = Bench(tmp_path)
    with closing(sqlite3.connect(box.path, isolation_level=None)) as connection:
        connection.executescript(VERSION_1.read_text(encoding="utf-8"))
    opened = box.open(at(20.0).wall)
    assert (opened.elapsed, opened.damaged, opened.restored) == (20.0, False, 0)
    assert box.states() == {
        "DEFERRED": State.DEFERRED,
        "HELD2222": State.HELD,
        "SPLIT222": State.DEFERRED,
        "SENDING2": State.SENDING,
        "QUEUED22": State.QUEUED,
        "CRITICAL": State.QUEUED,
    }
    unsettled = box.outbox.unsettled()
    assert unsettled is not None and unsettled.reference == "SENDING2"
    box.outbox.record(unsettled.envelope, sent(), SENT, at(20.0))
    items = [box.attempt(sent(), 20.0) for _ in range(2)]
    assert [(item.reference, item.times) for item in items] == [
        ("CRITICAL", 1),
        ("QUEUED22", 2),
    ]
    assert box.outbox.retry(None, at(30.0)) == 3
    items = [box.attempt(sent(), 30.0) for _ in range(3)]
    assert [item.addresses.to for item in items] == [
        ("a@example.com",),
        ("a@example.com",),
        ("b@example.com",),
    ]
    summary = box.outbox.summary()
    assert (summary.waiting, summary.sent) == (0, 7)
    assert box.outbox.wear().times == (1.0,)
    assert box.outbox.standing("account").proven
    told = {one.reference: one.state for one in box.show()}
    assert set(told.values()) == {State.SENT}
    assert "MERGED22" in told
    box.outbox.close()


def test_an_outbox_of_version_3_goes_on_and_takes_attachments(tmp_path: Path) -> None:
    box = Bench(tmp_path)
    with closing(sqlite3.connect(box.path, isolation_level=None)) as connection:
        connection.executescript(VERSION_3.read_text(encoding="utf-8"))
    opened = box.open(at(20.0).wall)
    assert (opened.elapsed, opened.damaged, opened.restored) == (20.0, False, 0)
    listed = {one.reference: one for one in box.outbox.listed(at(20.0))}
    assert {name: one.state for name, one in listed.items()} == {
        "DEFERRED": State.DEFERRED,
        "HELD2222": State.HELD,
        "SPLIT222": State.DEFERRED,
        "SENDING2": State.SENDING,
        "QUEUED22": State.QUEUED,
        "CRITICAL": State.QUEUED,
    }
    assert listed["SPLIT222"].subject == "Split — geteilt ☂"
    found = listed["HELD2222"].finding
    assert found is not None
    assert (found.words, found.changes) == ("550 5.1.1 no such user", ())
    unsettled = box.outbox.unsettled()
    assert unsettled is not None and unsettled.reference == "SENDING2"
    box.outbox.record(unsettled.envelope, sent(), SENT, at(20.0))
    picture = Attachment("door.jpg", b"the door", "image/jpeg")
    new = box.accept(replace(mail("New"), attachments=(picture,)), 20.0)
    # A recipient whose address is another one by now, of an email of before.
    box.outbox.follow({"id-1": Addresses(("e@example.com",))}, at(20.0))
    box.outbox.retry(None, at(30.0))
    went = [box.attempt(sent(), 30.0) for _ in range(6)]
    assert [(item.reference, *item.addresses) for item in went] == [
        ("CRITICAL", "e@example.com"),
        ("DEFERRED", "a@example.com"),
        ("HELD2222", "a@example.com"),
        ("SPLIT222", "e@example.com"),
        ("QUEUED22", "a@example.com"),
        (new, "a@example.com"),
    ]
    assert [len(item.enclosed) for item in went] == [0, 0, 0, 0, 0, 1]
    assert box.outbox.summary().waiting == 0
    assert box.outbox.wear().times == (1.0,)
    assert box.outbox.standing("account").proven
    box.outbox.close()


def test_an_older_version_leaves_attachments_as_they_are_until_this_one_is_back(
    tmp_path: Path,
) -> None:
    picture = Attachment("door.jpg", b"the door", "image/jpeg")
    box = Bench(tmp_path)
    box.open()
    box.accept(replace(mail("With a picture"), attachments=(picture,)))
    box.outbox.close()
    before = box.path.read_bytes()
    with pytest.MonkeyPatch.context() as older:
        older.setattr(outbox_schema, "MIGRATIONS", outbox_schema.MIGRATIONS[:3])
        with pytest.raises(OutboxNewerError, match="written by a newer version"):
            box.open()
    assert box.path.read_bytes() == before
    box.open()
    assert box.outbox.attachments(box.take().envelope) == (picture,)
    box.outbox.close()


def _newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a version that has a column more."""
    monkeypatch.setattr(
        outbox_schema,
        "MIGRATIONS",
        (
            *outbox_schema.MIGRATIONS,
            ("ALTER TABLE emails ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'",),
        ),
    )


@pytest.mark.parametrize("logged", [False, True])
def test_an_outbox_of_a_newer_version_is_left_as_it_is_until_that_is_back(
    tmp_path: Path, logged: bool
) -> None:
    box = Bench(tmp_path)
    with pytest.MonkeyPatch.context() as newer:
        _newer(newer)
        box.open()
        reference = box.accept()
        if logged:
            crashed = tmp_path / "crashed"
            shutil.copytree(tmp_path, crashed, ignore=lambda *_: ["crashed"])
        box.outbox.close()
    if logged:
        box = Bench(crashed)
    before = box.path.read_bytes()
    for _ in range(5):
        with pytest.raises(OutboxNewerError, match="written by a newer version"):
            box.open()
    # It can't be known what a newer version puts there.
    assert logged or box.path.read_bytes() == before
    assert [one for one in box.path.parent.iterdir() if "damaged" in one.name] == []
    with pytest.MonkeyPatch.context() as newer:
        _newer(newer)
        assert not box.open().damaged
        assert box.states() == {reference: State.QUEUED}
        box.outbox.close()


def test_a_version_that_fits_no_schema_is_a_wrong_number(tmp_path: Path) -> None:
    """One bit on a disk must not keep the mail until a version that never comes."""
    box = Bench(tmp_path)
    _outbox(box.path, "PRAGMA user_version = 65537")
    assert not box.open().damaged
    assert len(box.states()) == 1
    assert not box.reopen().damaged
    box.outbox.close()


def test_every_version_has_a_schema_of_its_own() -> None:
    schemas = []
    with closing(sqlite3.connect(":memory:")) as connection:
        for statements in outbox_schema.MIGRATIONS:
            for statement in statements:
                connection.execute(statement)
            schemas.append(
                connection.execute("SELECT name, sql FROM sqlite_schema").fetchall()
            )
    assert all(one != two for one, two in pairwise(schemas))


def test_statistics_that_somebody_made_cost_no_email(tmp_path: Path) -> None:
    box = Bench(tmp_path)
    _outbox(box.path, "ANALYZE")
    assert not box.open().damaged
    assert len(box.states()) == 1
    box.outbox.close()


def test_an_outbox_that_does_things_by_itself_is_none_of_ours(tmp_path: Path) -> None:
    box = Bench(tmp_path)
    _outbox(
        box.path,
        "CREATE TRIGGER loss AFTER INSERT ON emails BEGIN DELETE FROM parts; END",
    )
    assert box.open().damaged
    box.outbox.close()


def test_an_older_outbox_is_brought_up_to_date_with_all_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Bench(tmp_path)
    box.open()
    reference = box.accept(mail("Kept"))
    box.outbox.close()
    monkeypatch.setattr(
        outbox_schema,
        "MIGRATIONS",
        (
            *outbox_schema.MIGRATIONS,
            ("ALTER TABLE emails ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'",),
            ("CREATE INDEX emails_colour ON emails (colour)",),
        ),
    )
    assert not box.open().damaged
    item = box.due()
    assert item is not None and (item.reference, item.subject) == (reference, "Kept")
    box.outbox.close()
    with closing(sqlite3.connect(box.path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (
            len(outbox_schema.MIGRATIONS),
        )
        assert connection.execute("SELECT colour FROM emails").fetchone() == ("red",)
    assert not box.open().damaged
    box.outbox.close()


def test_a_migration_happens_wholly_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = Bench(tmp_path)
    box.open()
    box.outbox.close()
    before = box.path.read_bytes()

    class Failing(sqlite3.Connection):
        def execute(self, statement: str, *rest: object) -> sqlite3.Cursor:
            if "emails_colour" in statement:
                raise sqlite3.OperationalError("disk I/O error")
            return super().execute(statement, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(
        outbox_schema,
        "MIGRATIONS",
        (
            *outbox_schema.MIGRATIONS,
            ("ALTER TABLE emails ADD COLUMN colour TEXT",),
            ("CREATE INDEX emails_colour ON emails (colour)",),
        ),
    )
    outbox = Outbox(
        box.path,
        connect=lambda path: sqlite3.connect(
            path, factory=Failing, isolation_level=None
        ),
    )
    with pytest.raises(OutboxWriteError):
        outbox.open(START)
    assert box.path.read_bytes() == before
    assert files(tmp_path) == {"outbox.db": 0o600}


# Backups.


def copied(box: Bench, folder: Path, *, late: Callable[[], None]) -> Bench:
    """Copy the files as a backup does: one after the other, while work goes on."""
    folder.mkdir()
    shutil.copy(box.path, folder)
    late()
    wal = box.path.with_name("outbox.db-wal")
    if wal.exists():
        shutil.copy(wal, folder)
    return Bench(folder)


def busy_box(box: Bench) -> list[str]:
    """Fill an outbox with emails in every state in which one can wait."""
    references = [box.accept() for _ in range(4)]
    box.attempt(again(1000.0), 1.0, BUSY)
    box.attempt(Hold(Reason.REFUSED, None, History(1)), 1.0, REFUSED)
    box.take(1.0)
    box.accept(mail("Over"))
    box.outbox.cancel(list(box.states())[-1], at(1.0))
    return references


def test_what_waits_in_a_restored_backup_is_held(box: Bench, tmp_path: Path) -> None:
    references = busy_box(box)
    box.outbox.note_backup(at(10.0))
    restored = copied(box, tmp_path / "backup", late=lambda: None)
    opened = restored.open(at(10.0 + 2 * HOUR).wall)
    assert opened == Opened(10.0 + 2 * HOUR, restored=4)
    assert restored.states() == dict.fromkeys(references, State.HELD)
    summary = restored.outbox.summary()
    assert summary.held_counts == {Reason.RESTORED: 4}
    assert restored.due(10.0 + 3 * HOUR) is None
    # What was being sent was settled elsewhere, or never: nobody waits for it here.
    assert restored.outbox.unsettled() is None
    restored.outbox.hold_all(Reason.LOGIN, 10.0, at(20.0 + 2 * HOUR))
    restored.outbox.wake(at(20.0 + 2 * HOUR), Reason.LOGIN)
    # It is asked for once; a restart changes nothing.
    assert restored.reopen(at(11.0 + 2 * HOUR).wall).restored == 0
    assert restored.outbox.summary().held == {Reason.RESTORED}
    restored.outbox.close()


@pytest.mark.parametrize("send", [True, False])
def test_a_person_says_what_becomes_of_it(
    box: Bench, tmp_path: Path, send: bool
) -> None:
    references = busy_box(box)
    box.outbox.note_backup(at(10.0))
    restored = copied(box, tmp_path / "backup", late=lambda: None)
    elapsed = restored.open(at(10.0 + 2 * HOUR).wall).elapsed
    fresh = restored.accept(elapsed=elapsed)
    restored.show()
    assert restored.outbox.settle_restored(send, at(elapsed)) == 4
    assert restored.outbox.settle_restored(send, at(elapsed)) == 0
    if send:
        items = [restored.attempt(sent(), elapsed) for _ in range(5)]
        assert [item.reference for item in items] == [*references, fresh]
        # It may have been sent where the backup was made.
        assert [item.history.in_doubt for item in items] == [
            False,
            False,
            True,
            False,
            False,
        ]
    else:
        assert restored.states() == {fresh: State.QUEUED}
        assert restored.story() == [State.CANCELLED] * 4
    restored.outbox.close()


def test_a_note_from_the_future_is_a_restore_too(box: Bench, tmp_path: Path) -> None:
    box.accept()
    box.outbox.note_backup(at(10.0))
    restored = copied(box, tmp_path / "backup", late=lambda: None)
    assert restored.open(START - timedelta(days=400)).restored == 1
    restored.outbox.close()


def test_a_restart_in_the_middle_of_a_backup_is_no_restore(box: Bench) -> None:
    reference = box.accept()
    box.outbox.note_backup(at(10.0))
    assert box.reopen(at(10.0 + HOUR).wall).restored == 0
    assert box.states() == {reference: State.QUEUED}
    assert box.reopen(at(10.0 + 5 * HOUR).wall).restored == 0


def test_after_the_backup_the_note_is_gone(box: Bench) -> None:
    reference = box.accept()
    box.outbox.note_backup(at(10.0))
    box.outbox.clear_backup(at(20.0))
    assert box.reopen(at(10.0 + 5 * HOUR).wall).restored == 0
    assert box.states() == {reference: State.QUEUED}


@pytest.mark.parametrize("later", ["accepting", "keeping the time", "once more"])
def test_a_note_that_could_not_be_cleared_goes_with_the_next_commit(
    tmp_path: Path, later: str
) -> None:
    class Full(sqlite3.Connection):
        full = False

        def execute(self, statement: str, *rest: object) -> sqlite3.Cursor:
            if self.full and statement == "COMMIT":
                raise sqlite3.OperationalError("database or disk is full")
            return super().execute(statement, *rest)  # type: ignore[arg-type]

    box = Bench(
        tmp_path,
        Outbox(
            tmp_path / "outbox.db",
            connect=lambda path: sqlite3.connect(
                path, factory=Full, isolation_level=None
            ),
        ),
    )
    box.open()
    waiting = box.accept()
    box.outbox.note_backup(at(10.0))
    Full.full = True
    with pytest.raises(OutboxWriteError):
        box.outbox.clear_backup(at(20.0))
    Full.full = False
    match later:
        case "accepting":
            box.accept(elapsed=30.0)
        case "keeping the time":
            box.outbox.keep_time(at(30.0))
        case _:
            box.outbox.clear_backup(at(30.0))
    # The log is emptied again, too.
    box.outbox.cancel(waiting, at(40.0))
    assert (tmp_path / "outbox.db-wal").stat().st_size == 0
    assert box.reopen(at(DAY).wall).restored == 0
    box.outbox.close()


def test_the_note_of_another_backup_stays(box: Bench, tmp_path: Path) -> None:
    box.accept()
    box.outbox.note_backup(at(10.0))
    box.outbox.clear_backup(at(20.0))
    box.outbox.note_backup(at(30.0))
    box.accept(elapsed=40.0)
    restored = copied(box, tmp_path / "backup", late=lambda: None)
    assert restored.open(at(30.0 + 2 * HOUR).wall).restored == 2
    restored.outbox.close()


def test_files_copied_while_work_goes_on_are_one_outbox(
    box: Bench, tmp_path: Path
) -> None:
    kept = [box.accept() for _ in range(20)]
    box.outbox.note_backup(at(10.0))
    frozen = box.path.read_bytes()

    def work() -> None:
        for number in range(200):
            reference = box.accept(mail(body="x" * 9000), 10.0 + number)
            box.outbox.cancel(reference, at(10.0 + number))
            box.due(-1.0)

    copy = copied(box, tmp_path / "backup", late=work)
    assert box.path.read_bytes() == frozen
    # Nor does an end in the middle of it.
    box.outbox.close()
    assert box.path.read_bytes() == frozen
    assert not copy.open(at(10.0).wall).damaged
    assert len(copy.states()) == len(kept)
    copy.outbox.close()
    box.open(at(10.0).wall)
    box.outbox.note_backup(at(300.0))
    box.outbox.clear_backup(at(300.0))
    # From now on the log is emptied again.
    box.outbox.cancel(None, at(300.0))
    assert box.due(300.0) is None
    assert box.path.with_name("outbox.db-wal").stat().st_size == 0


def test_a_note_that_can_not_be_read_is_a_note(box: Bench) -> None:
    box.accept()
    box.edit("INSERT INTO meta VALUES ('backup', 'yesterday')")
    assert box.open().restored == 1
