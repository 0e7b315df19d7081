"""Whatever the disk does: the caller gets an error, or what it was told is true."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
import errno
from functools import partial
from pathlib import Path
import random
import shutil
import sqlite3

import pytest

from custom_components.quectel_smtp.delivery.errors import OutboxWriteError
from custom_components.quectel_smtp.delivery.records import (
    History,
    Hold,
    Item,
    Last,
    Listed,
    Reason,
    Split,
    Transition,
    Unsettled,
    Way,
    Wear,
)
from custom_components.quectel_smtp.delivery.rules.capacity import CAPACITIES, apart
from custom_components.quectel_smtp.modem.mail.attachments import Attachment

from .bench import (
    BUSY,
    DAY,
    HOUR,
    LOST,
    OPTIONS,
    REFUSED,
    SENT,
    Bench,
    again,
    at,
    compose,
    mail,
    sent,
)
from .failing_disk import Disk, installed

NOW = 100.0
PARTING = partial(apart, capacity=CAPACITIES[Way.MODULE])
TWO = ("a@example.com", "b@example.com")

type Operation = Callable[[Bench], object]


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Put a disk that may fail below SQLite."""
    with installed() as disk:
        yield disk


# What is done.


def accept(
    box: Bench, reference: str, *, elapsed: float = NOW, **values: object
) -> str:
    """Accept an email under a reference that is known beforehand."""
    text = {"subject": reference, "to": TWO} | values
    return box.accept(replace(mail(**text), reference=reference), elapsed)  # type: ignore[arg-type]


def fill(box: Bench) -> None:
    """Have something in every state, and something to be told."""
    for number in range(13):
        accept(box, f"ref{number}", elapsed=0.0)
    accept(box, "merged", elapsed=0.0, subject="ref12")
    box.attempt(again(1000.0), 1.0, BUSY)
    box.attempt(Hold(Reason.REFUSED, None, History(1)), 2.0, REFUSED)
    accept(box, "urgent", elapsed=3.0, critical=True)
    box.accept(replace(mail("lately"), reference="lately"), 3.0, lifetime=HOUR)


def due(box: Bench) -> Item:
    """Return what is due."""
    item = box.due(NOW)
    assert item is not None
    return item


def begin(box: Bench) -> None:
    """Begin to send what is due."""
    assert box.outbox.begin(due(box).envelope, NOW + 330.0, 42, at(NOW))


def begin_text(box: Bench) -> None:
    """Begin to send the text of an urgent email whose picture follows it."""
    urgent = mail("pictured", to=TWO, critical=True)
    picture = Attachment("door.jpg", b"the door" * 1000)
    box.accept(replace(urgent, reference="pictured", attachments=(picture,)), 2.0)
    begin(box)


def begin_to_several(box: Bench) -> None:
    """Begin to send what is not urgent."""
    box.attempt(sent(2), NOW)
    begin(box)


def begun(box: Bench) -> int:
    """Return the envelope that is being sent."""
    unsettled = box.outbox.unsettled()
    assert unsettled is not None
    return unsettled.envelope


OPERATIONS: dict[str, tuple[Operation, Operation]] = {
    "accept": (
        lambda box: None,
        lambda box: accept(box, "anew", body="x" * 5000),
    ),
    "merge": (
        lambda box: accept(box, "anew"),
        lambda box: accept(box, "repeat", subject="anew"),
    ),
    "begin": (lambda box: None, begin),
    "sent": (
        begin,
        lambda box: box.outbox.record(begun(box), sent(2), SENT, at(NOW)),
    ),
    "text sent": (
        begin_text,
        lambda box: box.outbox.record(begun(box), sent(), SENT, at(NOW)),
    ),
    "again": (
        begin,
        lambda box: box.outbox.record(begun(box), again(60.0), LOST, at(NOW)),
    ),
    "hold all": (
        begin,
        lambda box: box.outbox.record(
            begun(box), Hold(Reason.LOGIN, HOUR, History(2)), REFUSED, at(NOW)
        ),
    ),
    "split": (
        begin_to_several,
        lambda box: box.outbox.record(begun(box), Split(History(2)), REFUSED, at(NOW)),
    ),
    "digest": (
        lambda box: box.attempt(sent(2), NOW),
        lambda box: box.outbox.digest(due(box), at(NOW), compose),
    ),
    "hidden": (
        lambda box: accept(
            box, "h", elapsed=2.0, critical=True, bcc=("c@example.com",)
        ),
        lambda box: box.outbox.keep_apart(due(box), PARTING, at(NOW)),
    ),
    "limit": (
        # The critical one, and one of those that the limit is for.
        lambda box: [box.attempt(sent(2), NOW) for _ in range(2)],
        lambda box: box.due(NOW, replace(OPTIONS, per_hour=1)),
    ),
    "cancel": (lambda box: None, lambda box: box.outbox.cancel(None, at(NOW))),
    "expire": (lambda box: None, lambda box: box.outbox.expire(at(NOW + HOUR))),
    "retry": (lambda box: None, lambda box: box.outbox.retry(None, at(NOW))),
    "prune": (
        lambda box: box.outbox.cancel("lately", at(NOW)),
        lambda box: box.outbox.prune(at(NOW + 31 * DAY)),
    ),
    "shown": (lambda box: None, lambda box: box.outbox.shown(5)),
    "wear": (
        lambda box: None,
        lambda box: box.outbox.save_wear(Wear((1.0,), ()), at(NOW)),
    ),
    "prove": (lambda box: None, lambda box: box.outbox.prove("account", at(NOW))),
    "note": (lambda box: None, lambda box: box.outbox.note_backup(at(NOW))),
}
"""What is prepared, and what is then done."""
NOT_SYNCED = frozenset({"shown"})
"""What a loss of power may undo: it is told once more, and that is no harm."""


# What can be seen.


def snapshot(box: Bench) -> list[object]:
    """Return all that can be seen of an outbox; a new reference is a "digest"."""
    outbox = box.outbox
    unsettled, summary = outbox.unsettled(), outbox.summary()
    return [
        [_named(one) for one in outbox.listed(at(NOW))],
        [
            replace(
                _named(one),
                merged_into=one.merged_into and _name(one.merged_into),
            )
            for one in outbox.unshown()
        ],
        replace(summary, last=summary.last and _named(summary.last)),
        unsettled and _named(unsettled),
        outbox.next_time(at(NOW)),
        outbox.wear(),
        outbox.standing("account"),
    ]


def _named[T: (Listed, Transition, Last, Unsettled)](one: T) -> T:
    return replace(one, reference=_name(one.reference))


def _name(reference: str) -> str:
    """Return a reference; those that we gave are in small letters."""
    return reference if reference.islower() else "digest"


def found(folder: Path, room: Path, *, wall: datetime = at(NOW).wall) -> list[object]:
    """Return what another process finds in a copy of these files."""
    shutil.copytree(folder, room)
    try:
        return found_in(room, wall=wall)
    finally:
        shutil.rmtree(room)


def found_in(room: Path, *, wall: datetime = at(NOW).wall) -> list[object]:
    """Return what another process finds in these files, the contents included."""
    box = Bench(room)
    opened = box.open(wall)
    seen = snapshot(box)
    box.outbox.close()
    with closing(sqlite3.connect(box.path)) as connection:
        contents = sorted(connection.execute("SELECT content FROM parts"), key=repr)
    return [opened.damaged, opened.restored, seen, contents]


class Case:
    """An operation on an outbox that was prepared for it, as often as is needed."""

    def __init__(self, folder: Path, name: str) -> None:
        """Prepare the outbox, and see what the operation makes of it."""
        self._folder = folder
        self._template = folder / "template"
        self._room = folder / "room"
        prepare, self.operation = OPERATIONS[name]
        work = folder / "work"
        work.mkdir()
        box = Bench(work)
        box.open()
        fill(box)
        prepare(box)
        # With something in the log, as there is at most times.
        shutil.copytree(work, self._template)
        box.outbox.close()
        shutil.rmtree(work)
        with self.outbox() as box:
            self.before = snapshot(box), self.found(box)
            self.operation(box)
            self.after = snapshot(box), self.found(box)

    @contextmanager
    def outbox(self) -> Iterator[Bench]:
        """Open the outbox as it was prepared."""
        folder = self._folder / "work"
        shutil.copytree(self._template, folder)
        box = Bench(folder)
        try:
            assert not box.open(at(NOW).wall).damaged
            yield box
        finally:
            box.outbox.close()
            shutil.rmtree(folder)

    def found(self, box: Bench) -> list[object]:
        """Return what another process finds if this one is killed now."""
        return found(box.path.parent, self._room)


# Failing each write in turn.


@pytest.mark.parametrize(
    ("name", "error", "once"),
    [
        *((name, errno.EIO, True) for name in OPERATIONS),
        ("accept", errno.ENOSPC, False),
        ("accept", errno.EROFS, False),
        ("sent", errno.ENOSPC, False),
        ("sent", errno.EROFS, False),
    ],
)
def test_with_any_write_failing_it_is_done_wholly_or_not_at_all(
    tmp_path: Path, disk: Disk, name: str, error: int, once: bool
) -> None:
    case = Case(tmp_path, name)
    number = 0
    touched = True
    while touched:
        number += 1
        with case.outbox() as box:
            calls = disk.calls
            with disk.failing(number, error, once=once):
                try:
                    case.operation(box)
                    done = True
                except OutboxWriteError:
                    done = False
            touched = disk.calls - calls >= number
            assert done or touched
            if not done:
                now, later = snapshot(box), case.found(box)
                assert now == case.before[0]
                # On a disk that takes nothing any more, what it took of the log before
                # may be taken for true: that is no harm to anyone but the caller.
                assert later == case.before[1] or (not once and later == case.after[1])
                case.operation(box)
            assert (snapshot(box), case.found(box)) == case.after
    assert number > 3


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EROFS])
@pytest.mark.parametrize("name", ["new", "existing"])
@pytest.mark.parametrize("once", [True, False])
def test_with_any_write_failing_it_opens_or_says_why_and_loses_nothing(
    tmp_path: Path, disk: Disk, name: str, error: int, once: bool
) -> None:
    template = tmp_path / "template"
    template.mkdir()
    if name == "existing":
        source = tmp_path / "source"
        source.mkdir()
        box = Bench(source)
        box.open()
        fill(box)
        shutil.copytree(source, template, dirs_exist_ok=True)
        box.outbox.close()
    expected = found(template, tmp_path / "room")
    number = 0
    touched = True
    while touched:
        number += 1
        work = tmp_path / "work"
        shutil.copytree(template, work)
        box = Bench(work)
        calls = disk.calls
        with disk.failing(number, error, once=once):
            with suppress(OutboxWriteError):
                assert not box.open(at(NOW).wall).damaged
            touched = disk.calls - calls >= number
            box.outbox.close()
        assert found(work, tmp_path / "room") == expected
        shutil.rmtree(work)
    assert number > 3


# Being killed, and losing power, at each write in turn.


@pytest.mark.parametrize("name", OPERATIONS)
def test_after_a_crash_at_any_write_it_was_done_wholly_or_not_at_all(
    tmp_path: Path, disk: Disk, name: str
) -> None:
    case = Case(tmp_path, name)
    draw = random.Random(name)
    before, after = case.before[1], case.after[1]
    images: list[tuple[dict[str, bytes], tuple[list[object], ...]]] = []
    returned = False
    with case.outbox() as box:
        folder = box.path.parent

        def crash() -> None:
            killed = {path.name: path.read_bytes() for path in folder.iterdir()}
            either = (before, after)
            sure = (after,) if returned else either
            for image, expected in (
                (killed, sure),
                (
                    disk.after_power_loss(folder, draw),
                    either if name in NOT_SYNCED else sure,
                ),
            ):
                if (image, expected) not in images[-4:]:
                    images.append((image, expected))

        with disk.watched(crash):
            case.operation(box)
            returned = True
            crash()
    assert len(images) > 4
    for image, expected in images:
        room = tmp_path / "image"
        room.mkdir()
        for file, content in image.items():
            (room / file).write_bytes(content)
        assert found_in(room) in expected
        shutil.rmtree(room)


def test_what_an_fsync_that_failed_has_lost_takes_nothing_along_that_comes_later(
    tmp_path: Path, disk: Disk
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    box = Bench(work)
    box.open()
    number, touched = 0, True
    while touched:
        number += 1
        # Not synced: it stands in the log before what is.
        accept(box, f"shown{number}")
        box.show()
        calls = disk.calls
        with disk.failing(number, errno.EIO, once=True), suppress(OutboxWriteError):
            accept(box, f"tried{number}")
        touched = disk.calls - calls >= number
        accept(box, f"accepted{number}")
        image = disk.after_power_loss(work, random.Random(number))
        room = tmp_path / str(number)
        room.mkdir()
        for file, content in image.items():
            (room / file).write_bytes(content)
        after = Bench(room)
        assert not after.open(at(NOW).wall).damaged
        waiting = {one.reference for one in after.outbox.listed(at(NOW))}
        assert {f"accepted{found}" for found in range(1, number + 1)} <= waiting
        after.outbox.close()
    assert number > 3
    box.outbox.close()


def test_a_crash_while_it_is_made_leaves_a_new_outbox(
    tmp_path: Path, disk: Disk
) -> None:
    draw = random.Random(1)
    folder, room = tmp_path / "new", tmp_path / "image"
    folder.mkdir()
    room.mkdir()
    expected = found_in(room)
    shutil.rmtree(room)
    images: list[dict[str, bytes]] = []

    def crash() -> None:
        images.append({path.name: path.read_bytes() for path in folder.iterdir()})
        images.append(disk.after_power_loss(folder, draw))

    box = Bench(folder)
    with disk.watched(crash):
        box.open()
    box.outbox.close()
    assert len(images) > 50
    for image in images:
        room.mkdir()
        for file, content in image.items():
            (room / file).write_bytes(content)
        assert found_in(room) == expected
        shutil.rmtree(room)
