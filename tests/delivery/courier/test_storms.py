"""Of many emails at once none is lost, and equal ones go as one."""

import asyncio
from dataclasses import replace

from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.records import Options, State
from tests.delivery.bench import (
    HOUR,
    PUT_LINE,
    SENT,
    SETTINGS,
    Office,
    email,
    names,
    result,
)
from tests.modem.virtual_time import virtual_time


@virtual_time
async def test_a_storm_is_spread_and_nothing_of_it_is_lost(office: Office) -> None:
    office.settings = replace(SETTINGS, options=Options(per_hour=5, digest=False))
    async with office.at_work() as courier:
        for name in names(12):
            await courier.submit(email(name))
        await asyncio.sleep(0.5 * HOUR)
        assert courier.status.mail.sent == 5
        assert office.states.count(State.DEFERRED) == 7
        fire = email("Fire", critical=True)
        assert await office.send(fire) is State.SENT
        await asyncio.sleep(3 * HOUR)
        assert courier.status.mail.sent == 13


@virtual_time
async def test_what_a_full_mailbox_refuses_uses_up_nobody_elses_place(
    office: Office,
) -> None:
    office.settings = replace(SETTINGS, options=Options(per_hour=5, digest=False))
    async with office.at_work() as courier:
        assert await office.send(email("before")) is State.SENT
        office.modem.answers[PUT_LINE] = result(678, 550)
        for name in names(9):
            await courier.submit(email(name))
        await office.until(lambda: courier.status.mail.failed == 9)
        office.modem.answers[PUT_LINE] = SENT
        alarm = Email("Alarm", "Body", ("b@example.com",))
        await courier.submit(alarm)
        await asyncio.sleep(60)
        assert office.states_of(alarm)[-1] is State.SENT


@virtual_time
async def test_ten_that_wait_for_one_recipient_go_as_one(office: Office) -> None:
    office.modem.absent = True
    async with office.at_work() as courier:
        found = [email(name) for name in names(12)]
        for one in found:
            await courier.submit(one)
        office.modem.absent = False
        for one in found:
            assert await office.ended(one) is not None
        await office.until(lambda: office.states.count(State.SENT) >= 12)
        assert office.modem.sends == 1
        assert all(name in office.modem.bodies[0] for name in names(12))
        assert all(State.MERGED in office.states_of(one) for one in found)
        assert all(office.states_of(one)[-1] is State.SENT for one in found)


@virtual_time
async def test_the_same_text_within_a_minute_says_how_often(office: Office) -> None:
    async with office.at_work() as courier:
        for _ in range(5):
            await courier.submit(email())
            await asyncio.sleep(5)
        await asyncio.sleep(HOUR)
        assert office.modem.sends == 2
        assert "(4 times)" in office.modem.bodies[1]
