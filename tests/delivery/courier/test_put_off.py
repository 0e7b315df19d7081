"""A server that asks to come later is asked later, and for no more emails than it meant."""

import asyncio

import pytest

from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.records import State
from tests.delivery.bench import HOUR, PUT_LINE, SENT, Office, email, names, result
from tests.modem.virtual_time import virtual_time


@pytest.mark.parametrize("reply", [(666, 421), (656, 421), (667, 450), (668, 451)])
@virtual_time
async def test_a_server_that_serves_nobody_is_asked_once_for_all_that_waits(
    office: Office, reply: tuple[int, int]
) -> None:
    async with office.at_work() as courier:
        assert await office.send(email("before")) is State.SENT
        office.modem.answers[PUT_LINE] = result(*reply)
        for number in range(8):
            await courier.submit(
                Email(f"Mail {number}", "Body", (f"{number}@example.com",))
            )
        await asyncio.sleep(7)
        assert office.modem.sends - 1 <= 2
        await asyncio.sleep(30 * 60)
        # 10, 30, 60, 120, 240, 480 s
        assert office.modem.sends - 1 <= 9
        # The modem and its connection are not to blame.
        assert office.modem.lines.count("AT+CFUN=1,1") == 0
        office.modem.answers[PUT_LINE] = SENT
        await office.until(lambda: courier.status.mail.sent == 9, 2 * HOUR)


@virtual_time
async def test_a_recipient_who_is_put_off_delays_no_other(office: Office) -> None:
    async with office.at_work() as courier:
        assert await office.send(email("before")) is State.SENT
        office.modem.answers[PUT_LINE] = result(667, 450)
        busy = [email(name) for name in names(8)]
        for found in busy:
            await courier.submit(found)
        await asyncio.sleep(5)
        # One of them asks for all that wait for the same mailbox.
        assert office.modem.sends == 2
        office.modem.answers[PUT_LINE] = SENT
        other = Email("Other", "Body", ("b@example.com",))
        await courier.submit(other)
        await asyncio.sleep(3)
        assert office.states_of(other)[-1] is State.SENT
        assert office.states_of(busy[-1])[-1] is State.DEFERRED
        await office.until(lambda: courier.status.mail.sent == 10, 60)
