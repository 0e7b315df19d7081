"""A courier sends what is attached with a text, or after it, when it has come."""

import asyncio
from dataclasses import replace

from custom_components.quectel_smtp.delivery.enclosures import (
    Carries,
    Missing,
    MissingReason,
)
from custom_components.quectel_smtp.delivery.outbox.intake import ATTACHMENTS_AWAITED
from custom_components.quectel_smtp.delivery.records import Item, State
from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from tests.delivery.bench import Office, email
from tests.modem.virtual_time import virtual_time

DOOR = Attachment("door.jpg", b"the door", "image/jpeg")


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
