"""A bad block costs what lies on it, which is told: all else goes, and has its end."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
import errno
from pathlib import Path

import pytest

from custom_components.quectel_smtp.delivery.enclosures import Missing, MissingReason
from custom_components.quectel_smtp.delivery.errors import (
    OutboxWriteError,
    UnreadableError,
)
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.records import Reason, State
from custom_components.quectel_smtp.modem.mail.attachments import Attachment

from .bad_block import PAGE, forgetful, garbled, page_of
from .bench import DAY, REFUSED, Bench, again, at, mail, sent
from .failing_disk import bad_blocks, installed

PICTURE = Attachment("door.jpg", b"\xff\xd8the door" * 20_000, "image/jpeg")
VOICE = Attachment("voice.mp3", b"ID3the voice", "audio/mpeg")
TEXT = "The basement is under water. " * 400
UNREADABLE = (Missing("", MissingReason.UNREADABLE),)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Bench]:
    """Return an outbox that is open and empty, and keeps nothing in memory."""
    bench = Bench(tmp_path, Outbox(tmp_path / "outbox.db", connect=forgetful))
    bench.open()
    yield bench
    bench.outbox.close()


def page_in(box: Bench, content: bytes) -> int:
    """Return the page that holds this, and have it there."""
    # What is still in the log is not read from the database.
    box.outbox.close()
    page = page_of(box.path, content)
    box.open()
    return page


@contextmanager
def broken(_: Path, page: int) -> Iterator[None]:
    """Have a page that can't be read."""
    with bad_blocks({page}):
        yield


EACH = pytest.mark.parametrize("spoil", [garbled, broken])
type Spoil = Callable[[Path, int], AbstractContextManager[None]]


def noticed[T](box: Bench, work: Callable[[], T]) -> T:
    """Do it as its thread does, until it meets no bad block any more."""
    for _ in range(3):
        try:
            return work()
        except UnreadableError:
            box.outbox.seek_bad_blocks(at(0.0))
    return work()


@EACH
def test_a_picture_on_a_bad_block_is_named_and_the_text_and_the_others_go(
    box: Bench, spoil: Spoil
) -> None:
    first = box.accept(replace(mail("Alarm"), attachments=(PICTURE, VOICE)))
    box.accept(mail("Other"), 1.0)
    with spoil(box.path, page_in(box, PICTURE.data[PAGE * 10 : PAGE * 10 + 400])):
        item = noticed(box, lambda: box.take(2.0))
        assert (item.subject, item.missing) == ("Alarm", UNREADABLE)
        assert [one.name for one in item.enclosed] == ["voice.mp3"]
        assert box.outbox.attachments(item.envelope) == (VOICE,)
        box.outbox.record(item.envelope, sent(), REFUSED, at(3.0))
        assert box.story(first)[-1] is State.SENT
        assert box.take(4.0).subject == "Other"


@EACH
def test_an_email_whose_text_is_on_a_bad_block_fails_and_the_others_go(
    box: Bench, spoil: Spoil
) -> None:
    first = box.accept(mail("Alarm", TEXT))
    # Whose server asks to wait, of which the others to the same address are to know.
    box.accept(mail("Other", critical=True), 1.0)
    with spoil(box.path, page_in(box, TEXT[3000:4000].encode())):
        item = box.take(2.0)
        wait = again(60.0, Reason.SERVER)
        noticed(box, lambda: box.outbox.record(item.envelope, wait, REFUSED, at(3.0)))
        assert noticed(box, lambda: box.due(70.0)) is not None
        (end,) = [one for one in box.show() if one.reference == first][1:]
        assert end.state is State.FAILED
        assert end.finding is not None and end.finding.error == "outbox_damaged"
        assert [one.subject for one in box.outbox.listed(at(70.0))] == ["Other"]


@EACH
@pytest.mark.parametrize(
    ("end", "state"),
    [
        (lambda box: box.outbox.cancel(None, at(2.0)), State.CANCELLED),
        (lambda box: box.outbox.expire(at(3 * DAY)), State.EXPIRED),
    ],
    ids=["cancelled", "expired"],
)
def test_an_email_ends_whatever_of_it_can_not_be_erased(
    box: Bench, spoil: Spoil, end: Callable[[Bench], object], state: State
) -> None:
    box.accept(replace(mail("Alarm", "secret"), attachments=(PICTURE,)))
    with spoil(box.path, page_in(box, PICTURE.data[PAGE * 10 : PAGE * 10 + 400])):
        noticed(box, lambda: end(box))
        assert box.story()[-1] is state
        assert b"secret" not in box.bytes()
        # Nor does what stays hold up what is done each hour.
        box.accept(mail("Other"), 3 * DAY)
        box.outbox.prune(at(40 * DAY))
    # What can be read again is erased with the next start.
    box.reopen()
    assert PICTURE.data[:400] not in box.bytes()
    box.outbox.prune(at(40 * DAY))
    assert box.outbox.result("", at(0.0)) is None


def test_what_seeks_bad_blocks_in_vain_changes_nothing(box: Bench) -> None:
    box.accept(replace(mail("Alarm"), attachments=(PICTURE,)))
    box.outbox.seek_bad_blocks(at(0.0))
    item = box.due(1.0)
    assert item is not None and len(item.enclosed) == 1


def test_an_end_that_can_not_be_written_comes_later(tmp_path: Path) -> None:
    with installed() as disk:
        box = Bench(tmp_path, Outbox(tmp_path / "outbox.db", connect=forgetful))
        box.open()
        first = box.accept(mail("Alarm", TEXT))
        with garbled(box.path, page_in(box, TEXT[3000:4000].encode())):
            with pytest.raises(UnreadableError):
                box.due(1.0)
            with (
                disk.failing(1, errno.ENOSPC, once=False),
                pytest.raises(OutboxWriteError),
            ):
                box.outbox.seek_bad_blocks(at(1.0))
            assert box.story(first) == [State.QUEUED]
            box.outbox.seek_bad_blocks(at(2.0))
            assert box.story(first) == [State.FAILED]
        box.outbox.close()
