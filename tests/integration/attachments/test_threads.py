"""Work that blocks, in Home Assistant's threads."""

import asyncio
import threading

import pytest

from custom_components.quectel_smtp.attachments.threads import Threads
from homeassistant.core import HomeAssistant


async def test_no_more_jobs_run_at_once_than_may(hass: HomeAssistant) -> None:
    threads = Threads(hass, 2)
    go_on = threading.Event()
    running = threading.Semaphore(0)

    def job() -> int:
        running.release()
        go_on.wait(60)
        return 1

    jobs = [asyncio.create_task(threads.run(job)) for _ in range(5)]
    for _ in range(2):
        assert await hass.async_add_executor_job(running.acquire, True, 60)
    assert not running.acquire(blocking=False)
    go_on.set()
    assert await asyncio.gather(*jobs) == [1] * 5


async def test_an_error_is_the_caller_s(hass: HomeAssistant) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    threads = Threads(hass, 1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await threads.run(fail)


async def test_a_job_that_is_given_up_with_all_threads_leaves_its_place(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def given_up(*_: object) -> asyncio.Future[None]:
        future: asyncio.Future[None] = hass.loop.create_future()
        future.cancel()
        return future

    threads = Threads(hass, 1)
    with monkeypatch.context() as ending:
        ending.setattr(hass.loop, "run_in_executor", given_up)
        with pytest.raises(asyncio.CancelledError):
            await threads.run(lambda: 1)
    assert await threads.run(lambda: 1) == 1
