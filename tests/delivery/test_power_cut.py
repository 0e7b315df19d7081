"""A loss of power at any moment loses no email, and repeats none without saying so.

The whole courier, in virtual time, on a disk that forgets what was not synced: a kill
leaves that in the system's cache, a loss of power does not. Nothing is modelled of file
systems: a file that was made or removed stays so; and a disk that only says that it has
written can't be told from one that has.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
import random
from typing import Final

import pytest

from custom_components.quectel_smtp.delivery.records import Options, State, Way
from custom_components.quectel_smtp.delivery.status import OutboxState
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from tests.modem.virtual_time import run, virtual_time

from .bench import SETTINGS, Office, email
from .ledger_modem import HOME, Attempt, Fate, LedgerModem
from .outbox.failing_disk import Disk, installed

FSYNCS: Final = 5
"""Of an email that is accepted and sent: it comes, it is about to leave, it has left;
and two that SQLite needs, so that its text leaves the log."""

PICTURE: Final = Attachment("door.jpg", b"the door" * 1000, "image/jpeg")
LARGE: Final = Attachment("large.jpg", bytes(range(256)) * 800, "image/jpeg")


@pytest.fixture
def disk() -> Iterator[Disk]:
    """Put a disk that may lose power below SQLite."""
    with installed() as disk:
        yield disk


@dataclass(frozen=True)
class Cut:
    """What is on the disk after a loss of power, and what had happened before it."""

    files: dict[str, bytes]
    accepted: tuple[str, ...]
    """What callers were told."""
    ledger: tuple[Attempt, ...]
    shown: tuple[tuple[str, State], ...]


class Witness:
    """A courier at work, and every loss of power that might have ended it."""

    def __init__(self, folder: Path, disk: Disk, way: Way) -> None:
        """Nothing runs yet; emails go by ``way``."""
        self.office = office(folder, way)
        self.accepted: list[str] = []
        self.cuts: list[Cut] = []
        self._disk = disk
        self._draw = random.Random(1)

    def look(self) -> None:
        """Take what would be found if the power went now."""
        modem = self.office.modem
        assert isinstance(modem, LedgerModem)
        cut = Cut(
            self._disk.after_power_loss(self.office.path.parent, self._draw),
            tuple(self.accepted),
            tuple(modem.ledger),
            tuple((one.reference, one.state) for one in self.office.transitions),
        )
        if cut not in self.cuts[-1:]:
            self.cuts.append(cut)

    async def live(self, *fates: Fate, attachments: tuple[Attachment, ...]) -> None:
        """Accept and send an email for each fate; all with these attachments."""
        modem = self.office.modem
        assert isinstance(modem, LedgerModem)
        with self._disk.watched(self.look):
            async with self.office.at_work() as courier:
                for number, fate in enumerate(fates):
                    modem.fates.append(fate)
                    found = email(
                        f"Number {number}",
                        body=f"Text {number}",
                        critical=bool(attachments),
                        attachments=attachments,
                    )
                    await courier.submit(found)
                    self.accepted.append(found.reference)
                    self.look()
                    await self.office.ended(found)
                    await self.office.idle()
                    self.look()


def office(folder: Path, way: Way = Way.MODULE) -> Office:
    """Return a courier with a modem that keeps a ledger."""
    folder.mkdir()

    def complain(what: str) -> None:
        raise AssertionError(what)

    return Office(
        folder,
        LedgerModem(complain),
        replace(SETTINGS, port=PortSettings(HOME), options=Options(way=way)),
    )


async def resume(cut: Cut, folder: Path, way: Way) -> list[Attempt]:
    """Go on after a loss of power, of the modem's too, until nothing waits."""
    after = office(folder, way)
    for name, content in cut.files.items():
        (folder / name).write_bytes(content)
    modem = after.modem
    assert isinstance(modem, LedgerModem)
    async with after.at_work() as courier:
        await after.until(lambda: not courier.status.mail.waiting)
        assert not courier.status.damaged
        assert courier.status.outbox is OutboxState.SOUND
    return modem.ledger


def _is(attempt: Attempt, reference: str, attached: tuple[bytes, ...]) -> bool:
    return attempt.reference == reference and attempt.attached == attached


@pytest.mark.usefixtures("no_threads")
@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize(
    ("fates", "attachments"),
    [
        ((Fate(),), ()),
        # Not sent, which is certain, and then sent; and one that may have been.
        ((Fate(False, (652, 0)), Fate(False, (654, 0))), ()),
        # A text, and a picture that follows it.
        ((Fate(),), (PICTURE,)),
    ],
    ids=["sent", "not sent at once", "with a picture"],
)
def test_a_loss_of_power_at_any_moment_loses_nothing_that_was_accepted(
    tmp_path: Path,
    disk: Disk,
    fates: tuple[Fate, ...],
    attachments: tuple[Attachment, ...],
    way: Way,
) -> None:
    witness = Witness(tmp_path / "before", disk, way)
    run(witness.live(*fates, attachments=attachments))
    assert len(witness.cuts) > 100
    doubts = 0
    for number, cut in enumerate(witness.cuts):
        later = run(resume(cut, tmp_path / str(number), way))
        for reference, attached in product(
            cut.accepted, {(), tuple(one.data for one in attachments)}
        ):
            mine = [one for one in cut.ledger if _is(one, reference, attached)]
            again = [one for one in later if _is(one, reference, attached)]
            assert any(one.fate.delivered for one in mine + again), cut
            if (reference, State.SENT) in cut.shown:
                assert again == [], cut
            elif any(one.fate.delivered for one in mine):
                assert all(one.marked for one in again), cut
                doubts += 1
            copies = [one for one in mine + again if one.fate.delivered]
            assert sum(not one.marked for one in copies) <= 1, cut
    print(f"{len(witness.cuts)} losses of power, {doubts} in doubt")  # noqa: T201
    assert doubts


@pytest.mark.usefixtures("no_threads")
@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("attachments", [(), (LARGE,)], ids=["text", "picture"])
@virtual_time
async def test_an_email_that_is_accepted_and_sent_costs_five_fsyncs(
    tmp_path: Path, way: Way, attachments: tuple[Attachment, ...]
) -> None:
    with installed() as disk:
        one = office(tmp_path / "here", way)
        async with one.at_work():
            for number in range(5):
                before = disk.syncs
                found = email(f"Number {number}", attachments=attachments)
                assert await one.send(found) is State.SENT
                await one.idle()
                await asyncio.sleep(1.0)
                if number:
                    # The first has the account noted, too; and before a file is
                    # stored in the modem it is noted that it is ours.
                    stored = bool(attachments) and way is Way.MODULE
                    assert disk.syncs - before == FSYNCS + stored


@pytest.mark.parametrize("attachments", [(), (LARGE,)], ids=["text", "picture"])
@virtual_time
async def test_an_email_that_waits_costs_one_fsync(
    tmp_path: Path, attachments: tuple[Attachment, ...]
) -> None:
    with installed() as disk:
        one = office(tmp_path / "here")
        one.modem.urls = set()
        async with one.at_work() as courier:
            await courier.submit(email("Before"))
            await asyncio.sleep(1.0)
            before = disk.syncs
            for number in range(5):
                found = email(f"Number {number}", attachments=attachments)
                await courier.submit(found)
            await asyncio.sleep(1.0)
            assert disk.syncs - before == 5


@virtual_time
async def test_attachments_that_are_awaited_cost_one_fsync_more(tmp_path: Path) -> None:
    with installed() as disk:
        one = office(tmp_path / "here", Way.STREAM)
        async with one.at_work() as courier:
            await one.send(email("Before"))
            await one.idle()
            await asyncio.sleep(1.0)
            before = disk.syncs
            found = email(awaits=(LARGE.name,))
            await courier.attach(await courier.submit(found), (LARGE,), ())
            assert await one.ended(found) is State.SENT
            await one.idle()
            await asyncio.sleep(1.0)
            assert disk.syncs - before == FSYNCS + 1
