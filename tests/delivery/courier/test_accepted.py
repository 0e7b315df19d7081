"""An email is accepted at once, whatever the outbox and the modem do, and sent in its turn."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.errors import OutboxWriteError
from custom_components.quectel_smtp.delivery.records import Options, State, Wear
from custom_components.quectel_smtp.delivery.status import OutboxState
from custom_components.quectel_smtp.modem.mail.smtp import Result
from tests.delivery.bench import (
    HOST,
    HOUR,
    PUT_LINE,
    SENT,
    SETTINGS,
    Office,
    email,
    names,
)
from tests.modem.scripted_port import OK
from tests.modem.virtual_time import virtual_time


@virtual_time
async def test_an_email_is_accepted_at_once_and_sent_soon(office: Office) -> None:
    async with office.at_work() as courier:
        found = email(recipient="Ann")
        await courier.submit(found)
        assert office.states_of(found) == [State.QUEUED]
        assert office.modem.sends == 0
        assert await office.ended(found) is State.SENT
        last = courier.status.mail.last
        assert last is not None
        assert (last.reference, last.state) == (found.reference, State.SENT)
        assert last.finding.result is Result.SENT
        assert last.finding.reply == 250
        assert office.transitions[-1].recipient == "Ann"
        assert courier.status.mail.sent == 1
        assert courier.status.mail.waiting == 0
        assert office.modem.bodies == [f"Body\r\n\r\nRef: {found.reference}\r\n"]


@virtual_time
async def test_emails_leave_in_the_order_they_came(office: Office) -> None:
    async with office.at_work() as courier:
        for name in names(9):
            await courier.submit(email(name))
        await office.until(lambda: courier.status.mail.sent == 9)
        assert office.modem.subjects == names(9)


@virtual_time
async def test_a_critical_email_overtakes_all_that_waits(office: Office) -> None:
    office.settings = replace(SETTINGS, options=Options(digest=False))
    office.modem.absent = True
    async with office.at_work() as courier:
        for name in names(5):
            await courier.submit(email(name))
        await courier.submit(email("Fire", critical=True))
        office.modem.absent = False
        await office.until(lambda: courier.status.mail.sent == 6)
        assert office.modem.subjects == ["Fire", *names(5)]


@virtual_time
async def test_an_email_is_accepted_before_the_courier_starts(office: Office) -> None:
    courier = await office.open()
    found = email()
    await courier.submit(found)
    assert office.transitions == []
    courier.start()
    courier.show()
    assert await office.ended(found) is State.SENT
    assert office.states == [State.QUEUED, State.SENT]
    await courier.close()


@virtual_time
async def test_an_email_is_accepted_after_the_courier_stopped_and_sent_by_the_next(
    office: Office,
) -> None:
    courier = await office.open()
    courier.start()
    courier.show()
    await courier.stop()
    found = email()
    await courier.submit(found)
    courier.start()
    courier.show()
    assert await office.ended(found) is State.SENT
    await courier.stop()
    found = email("two")
    await courier.submit(found)
    await courier.close()
    with pytest.raises(OutboxWriteError):
        await courier.submit(email())
    async with office.at_work():
        assert await office.ended(found) is State.SENT


@virtual_time
async def test_stopping_one_that_never_started_is_fine(office: Office) -> None:
    courier = await office.open()
    await courier.close()
    await courier.close()


@virtual_time
async def test_an_outbox_that_can_not_be_opened_is_trouble_until_it_can(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "not yet"
    office = Office(folder)
    async with office.at_work() as courier:
        assert courier.status.outbox.value == "failed"
        with pytest.raises(OutboxWriteError):
            await courier.submit(email())
        folder.mkdir()
        assert await office.send(email()) is State.SENT
        assert courier.status.outbox is OutboxState.SOUND


@pytest.mark.parametrize("damaged", [False, True])
@virtual_time
async def test_what_an_outbox_tells_is_learned_when_it_opens_at_last(
    tmp_path: Path, damaged: bool
) -> None:
    folder, away = tmp_path / "here", tmp_path / "away"
    folder.mkdir()
    office = Office(folder)
    office.modem.answers[PUT_LINE] = [OK, SENT]
    courier = await office.open()
    office.outbox.save_wear(Wear((office.instant().elapsed,) * 30), office.instant())
    await courier.close()
    if damaged:
        office.path.write_bytes(b"no database" * 1000)
    folder.rename(away)
    async with office.at_work() as courier:
        assert courier.status.outbox.value == "failed"
        away.rename(folder)
        await office.until(lambda: courier.status.outbox is OutboxState.SOUND)
        assert courier.status.damaged is damaged
        loop = asyncio.get_running_loop()
        start = loop.time()
        assert await office.send(email()) is State.SENT
        # A restart of the modem waits its turn, if it is known how many there were.
        assert (loop.time() - start > 23 * HOUR) is not damaged


def test_the_bench_talks_of_the_same_server() -> None:
    assert SETTINGS.server.host == HOST
    assert isinstance(email(), Email)
