"""One timer keeps the deadline of each command, and none stands after the port is gone."""

import asyncio

import pytest

from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.deadline import DeadlineTimer
from custom_components.quectel_smtp.modem.at.errors import NoAnswerError, PortLostError
from tests.modem.scripted_port import open_port
from tests.modem.virtual_time import run, virtual_time


class Stopwatch:
    """Tells after how many seconds a deadline passed."""

    def __init__(self) -> None:
        """Start now."""
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        self.passed: list[float] = []
        self.timer = DeadlineTimer(self._loop)

    def set(self, seconds: float) -> None:
        """Set a deadline."""
        self.timer.set(seconds, self._expire)

    def _expire(self) -> None:
        self.passed.append(self._loop.time() - self._started)


@virtual_time
async def test_a_deadline_passes_on_time() -> None:
    watch = Stopwatch()
    watch.set(2)
    await asyncio.sleep(10)
    assert watch.passed == [2]


@virtual_time
async def test_a_deadline_that_was_lifted_does_not_pass() -> None:
    watch = Stopwatch()
    watch.set(2)
    watch.timer.lift()
    await asyncio.sleep(10)
    assert watch.passed == []


@pytest.mark.parametrize("first", [1.5, 2, 150])
@virtual_time
async def test_a_deadline_passes_on_time_whatever_was_set_before(first: float) -> None:
    watch = Stopwatch()
    watch.set(first)
    watch.timer.lift()
    await asyncio.sleep(1)
    watch.set(2)
    await asyncio.sleep(200)
    assert watch.passed == [3]


@virtual_time
async def test_no_deadline_passes_after_closing() -> None:
    watch = Stopwatch()
    watch.set(2)
    watch.timer.close()
    watch.timer.close()
    await asyncio.sleep(10)
    assert watch.passed == []


@virtual_time
async def test_short_and_long_commands_each_have_their_own_deadline() -> None:
    port = open_port()
    loop = asyncio.get_running_loop()
    port.silent = True
    for deadline in (150.0, 2.0, 6.0):
        port.channel.dirty = False
        begun = loop.time()
        with pytest.raises(NoAnswerError):
            await port.channel.execute(Command("AT+CSQ", deadline=deadline))
        assert loop.time() - begun == pytest.approx(deadline)


def test_a_command_whose_port_is_lost_leaves_no_timer() -> None:
    async def lose_the_port() -> None:
        port = open_port()
        port.silent = True
        waiting = asyncio.ensure_future(port.channel.execute(Command("AT+CSQ")))
        await asyncio.sleep(1)
        port.lose(None)
        with pytest.raises(PortLostError):
            await waiting
        await asyncio.get_running_loop().create_future()

    # The loop of these tests refuses to wait where no timer stands.
    with pytest.raises(RuntimeError, match="every task waits"):
        run(lose_the_port())
