"""What follows a commit follows it, whatever becomes of the caller or of a listener."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
import itertools
import logging
from pathlib import Path
from typing import Any

import pytest

from custom_components.quectel_smtp.delivery.courier.books import LOOK_AGAIN
from custom_components.quectel_smtp.delivery.errors import (
    OutboxFullError,
    OutboxWriteError,
)
from custom_components.quectel_smtp.delivery.records import State, Transition
from custom_components.quectel_smtp.delivery.status import OutboxState
from custom_components.quectel_smtp.modem.network.pdp import PdpSettings
from tests.delivery.bench import (
    PUT_LINE,
    SENT,
    SETTINGS,
    LaggingExecutor,
    Office,
    email,
    result,
)
from tests.modem.virtual_time import virtual_time

# More than any of the callers takes to return.
TICKS = range(16)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Return a courier's office with an empty outbox, on a disk that takes its time."""
    found = Office(tmp_path)
    found.executor = LaggingExecutor()
    return found


def complaints(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged as more than news."""
    return [
        record.message for record in caplog.records if record.levelno >= logging.WARNING
    ]


async def cancelled_after(ticks: int, call: Awaitable[object]) -> None:
    """Cancel a call after so many turns of the event loop."""
    calling = asyncio.ensure_future(call)
    for _ in range(ticks):
        await asyncio.sleep(0)
    calling.cancel()
    with suppress(asyncio.CancelledError):
        await calling


async def at_rest(office: Office) -> None:
    """Wait until the worker waits for something to do."""
    await office.until(lambda: office.courier.status.network)
    await asyncio.sleep(60)


async def nothing_is_left_undone(office: Office) -> None:
    """Wait a little, and hold what is counted against what is there."""
    await asyncio.sleep(30)
    listed = await office.courier.listed()
    assert office.courier.status.mail.waiting == len(listed)
    assert office.outbox.unshown() == ()


@pytest.mark.parametrize("ticks", TICKS)
@virtual_time
async def test_an_email_whose_caller_is_cancelled_is_sent_or_was_never_accepted(
    office: Office, ticks: int
) -> None:
    async with office.at_work() as courier:
        await at_rest(office)
        found = email()
        await cancelled_after(ticks, courier.submit(found))
        await nothing_is_left_undone(office)
        assert await courier.listed() == ()
        expected = [State.QUEUED, State.SENT] if ticks else []
        assert office.states_of(found) == expected
        assert courier.status.mail.sent == bool(ticks)


@pytest.mark.parametrize("ticks", TICKS)
@virtual_time
async def test_a_retry_whose_caller_is_cancelled_is_made_all_the_same(
    office: Office, ticks: int
) -> None:
    office.modem.answers[PUT_LINE] = [*[result(677, 535)] * 2, SENT]
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        await office.until(lambda: office.states[-1] is State.HELD)
        await at_rest(office)
        await cancelled_after(ticks, courier.retry(None))
        await nothing_is_left_undone(office)
        assert office.states_of(found)[-1] is (State.SENT if ticks else State.HELD)


@pytest.mark.parametrize("ticks", TICKS)
@virtual_time
async def test_a_cancelling_whose_caller_is_cancelled_is_counted_and_told(
    office: Office, ticks: int
) -> None:
    office.modem.absent = True
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        await office.until(lambda: courier.status.trouble)
        # The look for the port must not be what tells of it.
        async with courier.lend():
            await cancelled_after(ticks, courier.cancel(None))
            await nothing_is_left_undone(office)
        expected = State.CANCELLED if ticks else State.QUEUED
        assert office.states_of(found)[-1] is expected


@pytest.mark.parametrize("send", [True, False])
@pytest.mark.parametrize("ticks", TICKS)
@virtual_time
async def test_what_a_backup_held_is_settled_whatever_becomes_of_the_caller(
    office: Office, ticks: int, send: bool
) -> None:
    courier = await office.open()
    found = email()
    await courier.submit(found)
    await courier.before_backup()
    await courier.close()
    office.clock_jump = timedelta(days=1)
    async with office.at_work() as courier:
        await at_rest(office)
        assert office.states[-1] is State.HELD
        await cancelled_after(ticks, courier.settle_restored(send))
        await nothing_is_left_undone(office)
        end = State.SENT if send else State.CANCELLED
        assert office.states_of(found)[-1] is (end if ticks else State.HELD)


@virtual_time
async def test_nobody_hears_of_an_email_that_was_refused_after_its_caller_had_gone(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: Any) -> str:
        raise OutboxFullError(1, "emails")

    async with office.at_work() as courier:
        await office.until(lambda: courier.status.network)
        monkeypatch.setattr(office.outbox, "accept", full)
        await cancelled_after(1, courier.submit(email()))
        await nothing_is_left_undone(office)
    assert complaints(caplog) == []


# What can't be looked at.


@pytest.mark.parametrize("view", ["summary", "unshown"])
@pytest.mark.parametrize("error", [OutboxWriteError("disk I/O error"), ValueError()])
@virtual_time
async def test_what_was_accepted_is_no_error_because_the_outbox_can_not_be_looked_at(
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    view: str,
    error: Exception,
) -> None:
    def fail() -> Any:
        raise error

    async with office.at_work() as courier:
        await office.until(lambda: courier.status.network)
        monkeypatch.setattr(office.outbox, view, fail)
        found = email()
        await courier.submit(found)
        assert courier.status.outbox is OutboxState.SOUND
        await office.until(lambda: office.modem.sends)
        await asyncio.sleep(3600)
        # It was sent once, without a doubt, and the log says once what is wrong.
        assert office.modem.sends == 1
        assert len(complaints(caplog)) == 1
        assert "can't be looked at" in complaints(caplog)[0]
        assert office.states_of(found) == []
        monkeypatch.undo()
        assert await office.ended(found) is State.SENT
        assert office.states_of(found) == [State.QUEUED, State.SENT]
        assert courier.status.mail.sent == 1


@virtual_time
async def test_an_outbox_that_can_not_be_looked_at_is_looked_at_no_more_for_many_changes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    def fail() -> Any:
        nonlocal looks
        looks += 1
        raise OutboxWriteError("disk I/O error")

    async with office.at_work() as courier:
        await office.until(lambda: courier.status.network)
        monkeypatch.setattr(office.outbox, "summary", fail)
        for number in range(50):
            await courier.submit(email(f"Mail {number}"))
        await asyncio.sleep(60)
        looks = 0
        await asyncio.sleep(600)
        assert looks <= 600 / LOOK_AGAIN + 1
        monkeypatch.undo()


@virtual_time
async def test_mail_goes_on_where_the_outbox_opens_and_can_not_be_looked_at(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    courier = await office.open()
    found = email()
    await courier.submit(found)
    await courier.close()
    courier = office.make()
    office.listen()

    def fail() -> Any:
        raise OutboxWriteError("disk I/O error")

    monkeypatch.setattr(office.outbox, "summary", fail)
    await courier.open()
    assert courier.status.outbox is OutboxState.SOUND
    courier.start()
    courier.show()
    await office.until(lambda: office.modem.sends)
    monkeypatch.undo()
    assert await office.ended(found) is State.SENT
    await courier.close()


# Listeners.


@virtual_time
async def test_a_listener_that_raises_keeps_nothing_from_the_others(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Transition) -> None:
        raise ValueError("a defect of the listener's")

    courier = office.make()
    undo = courier.on_transition(fail)
    office.listen()
    await courier.open()
    courier.start()
    courier.show()
    found = email()
    assert await office.send(found) is State.SENT
    assert office.states_of(found) == [State.QUEUED, State.SENT]
    assert "a defect of the listener's" in caplog.text
    undo()
    caplog.clear()
    assert await office.send(email("two")) is State.SENT
    assert complaints(caplog) == []
    await courier.close()


@virtual_time
async def test_a_watcher_that_raises_makes_no_error_of_an_email_that_was_accepted(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ValueError("a defect of the watcher's")

    async with office.at_work() as courier:
        courier.watch(fail)
        assert await office.send(email()) is State.SENT
        assert "a defect of the watcher's" in caplog.text


@virtual_time
async def test_transitions_are_told_no_closer_together_than_asked_for(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path, shown_apart=0.5)
    office.modem.absent = True
    told: list[float] = []
    async with office.at_work() as courier:
        courier.on_transition(lambda _: told.append(asyncio.get_running_loop().time()))
        for number in range(5):
            await courier.submit(email(str(number)))
        await courier.cancel(None)
    assert office.states == [State.QUEUED] * 5 + [State.CANCELLED] * 5
    assert all(later - one > 0.49 for one, later in itertools.pairwise(told))


@virtual_time
async def test_what_is_hidden_is_told_once_it_is_shown_again(office: Office) -> None:
    async with office.at_work() as courier:
        courier.hide()
        found = email()
        await courier.submit(found)
        await office.until(lambda: courier.status.mail.sent)
        assert office.states == []
        courier.show()
        assert await office.ended(found) is State.SENT
        assert office.states == [State.QUEUED, State.SENT]


# What a person has mended.


@virtual_time
async def test_what_is_mended_while_the_disk_fails_is_tried_once_it_can_be_written(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.modem.answers[PUT_LINE] = [result(678, 550), SENT]
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        await office.until(lambda: office.states[-1] is State.HELD)
        await at_rest(office)

        def fail(*_: Any) -> None:
            monkeypatch.undo()
            raise OutboxWriteError("disk I/O error")

        monkeypatch.setattr(office.outbox, "wake", fail)
        courier.update(
            replace(SETTINGS, server=replace(SETTINGS.server, sender_name="Other"))
        )
        await office.until(lambda: courier.status.outbox is OutboxState.FAILED)
        await asyncio.sleep(60)
        assert office.states_of(found)[-1] is State.SENT


@virtual_time
async def test_what_is_mended_while_the_disk_takes_what_was_mended_before_is_not_lost(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.modem.answers[PUT_LINE] = [result(678, 550), SENT]
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        await office.until(lambda: office.states[-1] is State.HELD)
        await at_rest(office)
        server = replace(SETTINGS.server, sender_name="Other")

        def fail(*_: Any) -> None:
            monkeypatch.undo()
            courier.update(replace(SETTINGS, server=server))
            raise OutboxWriteError("disk I/O error")

        monkeypatch.setattr(office.outbox, "wake", fail)
        # The path only: nothing that the email is held for.
        courier.update(replace(SETTINGS, pdp=PdpSettings("other")))
        await asyncio.sleep(60)
        assert office.states_of(found)[-1] is State.SENT
