"""A defect, a disk that fails or a caller that is gone costs time, and no email."""

import asyncio
from typing import Any

import pytest

from custom_components.quectel_smtp.delivery.errors import OutboxWriteError
from custom_components.quectel_smtp.delivery.records import State
from custom_components.quectel_smtp.delivery.status import OutboxState
from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.errors import UnexpectedError
from custom_components.quectel_smtp.modem.network.pdp import PdpState
from tests.delivery.bench import PUT_LINE, SENT, Office, email
from tests.modem.scripted_port import Late
from tests.modem.virtual_time import virtual_time


@pytest.mark.parametrize("line", ["AT+QIACT=1", PUT_LINE])
@virtual_time
async def test_a_defect_costs_time_and_no_email(
    office: Office, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with office.at_work() as courier:
        await office.until(lambda: courier.status.network)
        await office.idle()
        channel = office.modem.port.channel
        execute = channel.execute

        async def fail(command: Command, **options: Any) -> tuple[str, ...]:
            if command.line == line:
                channel.execute = execute  # type: ignore[method-assign]  # once
                raise ZeroDivisionError
            return await execute(command, **options)

        channel.execute = fail  # type: ignore[method-assign]  # stands for a defect
        found = email()
        await courier.submit(found)
        await office.until(lambda: "ZeroDivisionError" in caplog.text)
        assert isinstance(courier.status.trouble, UnexpectedError)
        assert await office.ended(found) is State.SENT
        assert courier.status.trouble is None


@pytest.mark.parametrize("method", ["begin", "standing", "record", "expire"])
@virtual_time
async def test_a_disk_that_fails_for_a_while_loses_and_repeats_nothing(
    office: Office, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office.at_work() as courier:
        await office.until(lambda: courier.status.network)
        await office.idle()
        whole = getattr(office.outbox, method)
        failures = iter(range(5))

        def fail(*args: Any) -> Any:
            if next(failures, None) is not None:
                raise OutboxWriteError
            return whole(*args)

        monkeypatch.setattr(office.outbox, method, fail)
        found = email()
        await courier.submit(found)
        await office.until(lambda: courier.status.outbox is OutboxState.FAILED)
        assert await office.ended(found) is State.SENT
        assert office.modem.sends == 1
        assert courier.status.outbox is OutboxState.SOUND


@virtual_time
async def test_stopping_waits_a_moment_for_the_result_of_a_send(
    office: Office,
) -> None:
    office.modem.answers[PUT_LINE] = Late(2, SENT)
    found = email()
    async with office.at_work() as courier:
        await courier.submit(found)
        await office.until(lambda: office.modem.sends == 1)
    assert office.states_of(found) == [State.QUEUED, State.SENT]
    assert office.modem.port.closed


@virtual_time
async def test_a_caller_that_gives_up_does_not_stop_its_email(office: Office) -> None:
    async with office.at_work() as courier:
        task = asyncio.create_task(courier.submit(email()))
        await asyncio.sleep(0)
        task.cancel()
        await office.until(lambda: courier.status.mail.sent == 1)


@virtual_time
async def test_watchers_and_listeners_are_told_until_they_leave(
    office: Office,
) -> None:
    async with office.at_work() as courier:
        seen: list[object] = []
        undo = [
            courier.watch(lambda: seen.append(courier.status.pdp)),
            courier.on_transition(seen.append),
        ]
        await office.send(email("one"))
        assert PdpState.ACTIVATING in seen
        for leave in undo:
            leave()
        count = len(seen)
        await office.send(email("two"))
        assert len(seen) == count
