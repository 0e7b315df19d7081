"""A courier sends what is attached with a text, or after it, when it has come."""

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import override

import pytest

from custom_components.quectel_smtp.delivery.enclosures import (
    Carries,
    Missing,
    MissingReason,
)
from custom_components.quectel_smtp.delivery.outbox.intake import ATTACHMENTS_AWAITED
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.records import Item, State
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.attachments import (
    Attachment,
    NotAttached,
)
from custom_components.quectel_smtp.modem.mail.message import Message
from custom_components.quectel_smtp.modem.mail.smtp import Outcome
from custom_components.quectel_smtp.modem.modem import Modem
from tests.delivery.bench import Office, email
from tests.delivery.outbox.bad_block import forgetful, garbled, page_of
from tests.modem.scripted_modem import NOW
from tests.modem.virtual_time import virtual_time

from .test_uploads import HOUR, PICTURE, StoringModem

LARGE = Attachment(
    "all.jpg", b"".join(number.to_bytes(4) for number in range(20_000)), "image/jpeg"
)
DOOR = Attachment("door.jpg", PICTURE, "image/jpeg")


class Narrow(Modem):
    """A modem at a line over which pictures take long."""

    @override
    async def prepare(self, message: Message) -> Outcome | NotAttached | None:
        if message.attachments:
            await asyncio.sleep(100)
        return await super().prepare(message)


class NarrowModem(StoringModem):
    """What is behind it."""

    @override
    def make(self, port: PortSettings) -> Modem:
        return Narrow(port, connector=self.connect, now=lambda: NOW)


def given_out(office: Office) -> list[tuple[float, Item]]:
    """Keep what is given out from now on, and when."""
    found: list[tuple[float, Item]] = []
    begin = office.outbox.begin
    taken: dict[int, Item] = {}
    next_due = office.outbox.next_due

    def remember(*args: object, **more: object) -> Item | None:
        item = next_due(*args, **more)  # type: ignore[arg-type]
        if item is not None:
            taken[item.envelope] = item
        return item

    def note(envelope: int, *rest: object) -> bool:
        found.append((asyncio.get_running_loop().time(), taken[envelope]))
        return begin(envelope, *rest)  # type: ignore[arg-type]

    office.outbox.next_due = remember  # type: ignore[method-assign]
    office.outbox.begin = note  # type: ignore[method-assign, assignment]
    return found


@virtual_time
async def test_an_email_goes_as_soon_as_what_it_waits_for_has_come(
    office: Office,
) -> None:
    async with office.at_work() as courier:
        found = given_out(office)
        await asyncio.sleep(60)
        start = asyncio.get_running_loop().time()
        reference = await courier.submit(email(awaits=("door.jpg",)))
        await asyncio.sleep(5)
        await courier.attach(reference, (DOOR,), ())
        result = await courier.result(reference, 60.0)
    assert result is not None and result.state is State.SENT
    ((when, item),) = found
    assert 5 <= when - start < 10
    assert (item.carries, len(item.enclosed)) == (Carries.WHOLE, 1)


@virtual_time
async def test_an_email_goes_without_what_does_not_come(office: Office) -> None:
    async with office.at_work() as courier:
        found = given_out(office)
        await asyncio.sleep(60)
        start = asyncio.get_running_loop().time()
        reference = await courier.submit(email(awaits=("door.jpg",)))
        result = await courier.result(reference, 60.0)
        await courier.attach(reference, (DOOR,), ())
    assert result is not None and result.state is State.SENT
    ((when, item),) = found
    assert 0 <= when - start - ATTACHMENTS_AWAITED < 5
    assert item.missing == (Missing("door.jpg", MissingReason.TOO_SLOW),)


@virtual_time
async def test_the_text_of_an_alarm_leaves_within_a_second_and_its_picture_after_it(
    office: Office,
) -> None:
    async with office.at_work() as courier:
        found = given_out(office)
        await asyncio.sleep(60)
        start = asyncio.get_running_loop().time()
        alarm = replace(email(awaits=("door.jpg",)), critical=True)
        reference = await courier.submit(alarm)
        await asyncio.sleep(8)
        assert [item.carries for _, item in found] == [Carries.TEXT]
        assert found[0][0] - start < 1
        assert State.SENT not in office.states
        await courier.attach(reference, (DOOR,), ())
        assert await office.ended(alarm) is State.SENT
    assert [item.carries for _, item in found] == [Carries.TEXT, Carries.ATTACHMENTS]


@virtual_time
async def test_the_text_of_an_alarm_does_not_wait_for_pictures_on_their_way_to_the_modem(
    tmp_path: Path,
) -> None:
    """They give way, which is no attempt, and go after it."""
    office = Office(tmp_path, NarrowModem())
    async with office.at_work() as courier:
        await asyncio.sleep(60)
        pictures = replace(email("Pictures"), attachments=(DOOR,))
        alarm = replace(email("Alarm", attachments=(DOOR,)), critical=True)
        await courier.submit(pictures)
        await asyncio.sleep(50)
        found = given_out(office)
        # It is no alarm.
        await courier.submit(email("Hello"))
        await asyncio.sleep(10)
        assert found == []
        start = asyncio.get_running_loop().time()
        await courier.submit(alarm)
        result = await courier.result(pictures.reference, HOUR)
        assert result is not None
        assert (result.state, result.attempts) == (State.SENT, 1)
    when = {(item.subject, item.carries): at - start for at, item in found}
    assert when["Alarm", Carries.TEXT] < 1
    # Another one's pictures don't overtake those of the alarm.
    assert 100 <= when["Alarm", Carries.ATTACHMENTS] < 110
    assert 200 <= when["Pictures", Carries.WHOLE] < 215


@virtual_time
async def test_a_picture_on_a_bad_block_is_missing_and_holds_up_no_email(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgetful_outbox = partial(Outbox, connect=forgetful)
    monkeypatch.setattr("tests.delivery.bench.Outbox", forgetful_outbox)
    office = Office(tmp_path, StoringModem())
    office.modem.absent = True
    first = replace(email("Pictures"), attachments=(LARGE,))
    other, later = email("Other"), email("Later")
    async with office.at_work() as courier:
        await courier.submit(first)
        await courier.submit(other)
    # What was in the log is in the database now, and is read from there.
    page = page_of(office.path, LARGE.data[-8000:-7900])
    async with office.at_work() as courier:
        with garbled(office.path, page):
            office.modem.absent = False
            await courier.submit(later)
            for one in (other, later, first):
                assert await office.ended(one) is State.SENT
    (body,) = [body for body in office.modem.bodies if first.reference in body]
    assert "Not attached: – (unreadable)" in body
