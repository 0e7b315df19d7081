"""What may use the modem while no email wants it gives way to one that does."""

import asyncio
from pathlib import Path

import pytest

from custom_components.quectel_smtp.delivery.records import State
from custom_components.quectel_smtp.modem.at.errors import ModemError, NoAnswerError
from custom_components.quectel_smtp.modem.modem import Modem
from tests.delivery.bench import PUT_LINE, SENT, Office, email
from tests.modem.scripted_port import Late
from tests.modem.virtual_time import virtual_time


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Return a courier's surroundings."""
    return Office(tmp_path)


async def ask(modem: Modem) -> int:
    """Have something done that takes no time."""
    return modem.boot


@virtual_time
async def test_a_modem_in_service_is_used_while_nothing_waits(office: Office) -> None:
    async with office.at_work() as courier:
        await office.send(email())
        assert await courier.while_idle(ask) is not None


@virtual_time
async def test_a_modem_that_is_not_in_service_is_left_alone(office: Office) -> None:
    courier = await office.open()
    assert await courier.while_idle(ask) is None
    await courier.close()


@virtual_time
async def test_a_modem_that_sends_or_is_lent_is_left_alone(office: Office) -> None:
    office.modem.answers[PUT_LINE] = [Late(50, SENT)]
    async with office.at_work() as courier:
        await courier.submit(email())
        await office.until(lambda: office.modem.sends == 1)
        assert await courier.while_idle(ask) is None
        await office.until(lambda: courier.status.mail.waiting == 0)
        async with courier.lend():
            assert await courier.while_idle(ask) is None


@virtual_time
async def test_a_turn_that_finds_nothing_to_send_is_waited_for(office: Office) -> None:
    async with office.at_work() as courier:
        await office.send(email())
        # Wakes the worker, which then has the port for a moment.
        courier.follow({})
        await asyncio.sleep(0)
        assert await courier.while_idle(ask) is not None


@virtual_time
async def test_an_email_that_waits_for_its_time_is_reason_enough(
    office: Office,
) -> None:
    async with office.at_work() as courier:
        await office.send(email("one"))
        office.modem.answers[PUT_LINE] = b"\r\n+CME ERROR: 656\r\n"
        second = email("two")
        await courier.submit(second)
        await office.until(lambda: State.DEFERRED in office.states_of(second))
        # Until its next attempt nothing has the port.
        await asyncio.sleep(5)
        assert await courier.while_idle(ask) is None


@virtual_time
async def test_an_email_that_comes_meanwhile_goes_at_once(office: Office) -> None:
    async def ask_long(_: Modem) -> int:
        await asyncio.sleep(1000)
        return 1

    async with office.at_work() as courier:
        await office.send(email("one"))
        asking = asyncio.create_task(courier.while_idle(ask_long))
        await asyncio.sleep(1)
        second = email("two")
        loop = asyncio.get_running_loop()
        begun = loop.time()
        assert await office.send(second) is State.SENT
        assert loop.time() - begun < 100
        assert await asking is None


@virtual_time
async def test_what_fails_is_told_and_the_port_is_free_again(office: Office) -> None:
    async def fail(_: Modem) -> int:
        raise NoAnswerError

    async with office.at_work() as courier:
        await office.send(email("one"))
        with pytest.raises(ModemError):
            await courier.while_idle(fail)
        assert await office.send(email("two")) is State.SENT


@virtual_time
async def test_who_asked_may_give_up(office: Office) -> None:
    ended = asyncio.Event()

    async def ask_long(_: Modem) -> int:
        try:
            await asyncio.sleep(1000)
        finally:
            ended.set()
        return 1

    async with office.at_work() as courier:
        await office.send(email("one"))
        asking = asyncio.create_task(courier.while_idle(ask_long))
        await asyncio.sleep(1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert ended.is_set()
        assert await office.send(email("two")) is State.SENT
