"""Whoever asks what becomes of an email is told, with what it came to."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from custom_components.quectel_smtp.delivery.courier import results
from custom_components.quectel_smtp.delivery.records import State, Way
from custom_components.quectel_smtp.modem.mail.smtp import Result
from tests.delivery.bench import HOUR, LaggingExecutor, Office, email
from tests.modem.virtual_time import virtual_time


@pytest.mark.parametrize("heard", [True, False])
@virtual_time
async def test_an_end_is_known_to_who_waits_for_it_whether_or_not_it_is_shown(
    office: Office, heard: bool
) -> None:
    office.executor = LaggingExecutor()
    courier = await office.open()
    if heard:
        courier.show()
    reference = await courier.submit(email())
    courier.start()
    found = await courier.result(reference, HOUR)
    assert found is not None and found.finding is not None
    assert (found.reference, found.state, found.attempts) == (reference, State.SENT, 1)
    assert (found.finding.result, found.finding.way) == (Result.SENT, Way.MODULE)
    assert 0 < found.seconds < 60
    assert (State.SENT in office.states) is heard
    # Who asks once more, or only then, is told the same, and at once.
    assert await courier.result(reference, 0.1) == found
    await courier.close()


@virtual_time
async def test_who_waits_no_longer_is_told_how_it_is(office: Office) -> None:
    office.modem.absent = True
    async with office.at_work() as courier:
        reference = await courier.submit(email())
        found = await courier.result(reference, 20.0)
        assert found is not None
        assert (found.state, found.finding) == (State.QUEUED, None)
        assert found.seconds == pytest.approx(20.0)
        waiting = asyncio.ensure_future(courier.result(reference, HOUR))
        await asyncio.sleep(5)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
        office.modem.absent = False
        await office.until(lambda: State.SENT in office.states)


@virtual_time
async def test_all_that_goes_out_as_one_ends_with_it(office: Office) -> None:
    async with office.at_work() as courier:
        async with courier.lend():
            first = await courier.submit(email(reference="FIRST"))
            second = await courier.submit(email(reference="SECOND"))
            both = asyncio.gather(
                *(courier.result(one, HOUR) for one in (first, second))
            )
            await asyncio.sleep(1)
        one, two = await both
    assert one is not None and two is not None
    assert (one.state, one.merged_into) == (State.SENT, None)
    assert two == replace(
        one, reference="SECOND", merged_into="FIRST", seconds=two.seconds
    )


@pytest.mark.parametrize("stopping", ["stop", "close"])
@virtual_time
async def test_whoever_waits_is_told_how_it_is_when_nobody_works_any_more(
    office: Office, stopping: str
) -> None:
    """As when Home Assistant stops, or its entry is reloaded."""
    office.executor = LaggingExecutor()
    office.modem.absent = True
    courier = await office.open()
    courier.start()
    reference = await courier.submit(email())
    asked = [asyncio.ensure_future(courier.result(reference, HOUR)) for _ in range(2)]
    await asyncio.sleep(5)
    stop = asyncio.get_running_loop().time()
    # One looks for the first time just then.
    asked.append(asyncio.ensure_future(courier.result(reference, HOUR)))
    await getattr(courier, stopping)()
    for found in await asyncio.gather(*asked):
        assert found is not None and found.state is State.QUEUED
    assert asyncio.get_running_loop().time() - stop < 5
    await courier.close()


@virtual_time
async def test_of_what_nobody_knows_there_is_no_result(office: Office) -> None:
    courier = await office.open()
    assert await courier.result("NOBODYS", HOUR) is None
    await courier.close()


@virtual_time
async def test_of_what_ended_long_ago_only_the_end_is_known(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "_REMEMBERED", 1)
    async with office.at_work() as courier:
        emails = [email("First"), email("Second")]
        for one in emails:
            await office.send(one)
        first, second = [await courier.result(one.reference, HOUR) for one in emails]
    assert first is not None and second is not None
    assert (first.state, first.finding) == (State.SENT, None)
    assert second.finding is not None
