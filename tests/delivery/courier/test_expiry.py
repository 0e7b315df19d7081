"""An email that waits says since when, and expires when its time is over, not before."""

import asyncio
from dataclasses import replace

from custom_components.quectel_smtp.delivery.records import Options, State
from tests.delivery.bench import HOUR, SETTINGS, Office, email
from tests.modem.virtual_time import virtual_time


@virtual_time
async def test_an_email_that_never_goes_expires(office: Office) -> None:
    office.settings = replace(SETTINGS, options=Options(lifetime=4 * HOUR))
    office.modem.absent = True
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        loop = asyncio.get_running_loop()
        start = loop.time()
        assert await office.ended(found) is State.EXPIRED
        assert 4 * HOUR <= loop.time() - start <= 4.1 * HOUR
        assert courier.status.mail.failed == 1


@virtual_time
async def test_an_email_that_leaves_late_says_since_when_it_waited(
    office: Office,
) -> None:
    office.modem.absent = True
    async with office.at_work() as courier:
        late, soon = email("late"), email("soon")
        since = office.now()
        await courier.submit(late)
        await asyncio.sleep(HOUR)
        office.modem.absent = False
        assert await office.ended(late) is State.SENT
        await courier.submit(soon)
        assert await office.ended(soon) is State.SENT
        said = f"(waited since {since:%Y-%m-%d %H:%M:%S})"
        assert [said in body for body in office.modem.bodies] == [True, False]


@virtual_time
async def test_a_jump_of_the_clock_makes_nothing_expire(office: Office) -> None:
    office.modem.absent = True
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        for years in (10, -10):
            office.clock_jump += years * 365 * (office.now() - office.now()).resolution
            await asyncio.sleep(HOUR)
        office.modem.absent = False
        assert await office.ended(found) is State.SENT
