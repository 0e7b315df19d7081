"""Rule 6: after a timeout or a cancellation no late answer reaches another caller."""

import asyncio
import contextlib
import random

import pytest

from custom_components.quectel_smtp.modem.at.channel import AtChannel
from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.errors import (
    CommandError,
    NoAnswerError,
    NotAModemError,
)
from tests.modem.scripted_port import ERROR, OK, Late, ScriptedPort, frame, open_port
from tests.modem.virtual_time import virtual_time

A = Command("AT+A", prefixes=("+V:",))
B = Command("AT+B", prefixes=("+V:",))


class SerialModem(ScriptedPort):
    """Answers in order, each command only when the one before it is answered."""

    def __init__(self, channel: AtChannel) -> None:
        """Connect ``channel`` to a modem that is free from the start."""
        super().__init__(channel)
        self.delays: dict[str, float] = {}
        self._free = 0.0

    def _send(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        delay = self.delays.pop(self.lines[-1], 0.001)
        self._free = max(self._free, loop.time()) + delay
        loop.call_at(self._free, self.receive, data)


def serial_modem() -> SerialModem:
    """Return a modem that has answers for what a resync asks."""
    port = SerialModem(AtChannel())
    port.answers |= {
        "AT+A": frame("+V: a"),
        "AT+B": frame("+V: b"),
        "AT+CGSN": frame("861234567890123"),
        "AT+CSQ": frame("+CSQ: 24,99"),
        "AT+CGATT?": frame("+CGATT: 1"),
        "AT+CCLK?": frame('+CCLK: "26/11/23,10:00:00+00"'),
    }
    return port


@pytest.mark.parametrize("first", ["AT+A", "AT+CGSN", "AT+CSQ"])
@virtual_time
async def test_a_late_answer_is_never_the_next_callers(first: str) -> None:
    dice = random.Random(first)
    for _ in range(350):
        port = serial_modem()
        port.delays[first] = 2 + dice.random() * 4
        command = (
            A
            if first == "AT+A"
            else Command(first, prefixes=("+CSQ:",), bare=str.isdigit)
        )
        with pytest.raises(NoAnswerError):
            await port.channel.execute(command)
        with contextlib.suppress(NoAnswerError):
            assert await port.channel.execute(B) == ("+V: b",)
        # Where the modem was silent for longer than the resync, the next one gets it.
        assert await port.channel.execute(A) == ("+V: a",)
        assert await port.channel.execute(B) == ("+V: b",)
        assert not port.channel.dirty


@virtual_time
async def test_a_cancelled_command_answers_nobody_at_whatever_moment() -> None:
    dice = random.Random(6)
    for _ in range(200):
        port = serial_modem()
        port.delays["AT+A"] = dice.random()
        task = asyncio.create_task(port.channel.execute(A))
        await asyncio.sleep(dice.random() * 0.3)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        again = asyncio.create_task(port.channel.execute(A))
        await asyncio.sleep(dice.random() * 0.5)
        again.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await again
        assert await port.channel.execute(B) == ("+V: b",)


@virtual_time
async def test_a_caller_cancelled_in_the_queue_leaves_the_channel_clean() -> None:
    port = serial_modem()
    first = asyncio.create_task(port.channel.execute(A))
    second = asyncio.create_task(port.channel.execute(B))
    await asyncio.sleep(0)
    second.cancel()
    assert await first == ("+V: a",)
    assert not port.channel.dirty


@virtual_time
async def test_a_resync_that_gets_no_answer_ends_in_known_time() -> None:
    port = open_port()
    port.silent = True
    port.channel.dirty = True
    start = port.channel.now()
    with pytest.raises(NoAnswerError):
        await port.channel.execute(A)
    assert port.channel.now() - start < 15
    assert port.channel.dirty


@virtual_time
async def test_after_every_probe_went_unanswered_a_long_silence_allows_them_anew() -> (
    None
):
    port = serial_modem()
    port.silent = True
    port.channel.dirty = True
    with pytest.raises(NoAnswerError):
        await port.channel.execute(A)
    port.silent = False
    assert await port.channel.execute(B) == ("+V: b",)


@virtual_time
async def test_a_probe_that_the_modem_refuses_is_followed_by_another() -> None:
    port = serial_modem()
    port.answers["AT+CGSN"] = ERROR
    port.answers["AT+CSQ"] = b"\r\n+CSQ: 1,1\r\n\r\nERROR\r\n"
    port.channel.dirty = True
    assert await port.channel.execute(B) == ("+V: b",)
    assert port.lines == ["AT", "AT+CGSN", "AT", "AT+CSQ", "AT+B"]


@virtual_time
async def test_a_line_that_never_falls_silent_does_not_hold_the_resync() -> None:
    port = serial_modem()
    port.channel.dirty = True

    async def chatter() -> None:
        while True:
            port.receive(b"\r\n+QIND: 1\r\n")
            await asyncio.sleep(0.1)

    chattering = asyncio.create_task(chatter())
    assert await port.channel.execute(B) == ("+V: b",)
    chattering.cancel()


@virtual_time
async def test_synchronising_sets_the_line_up_and_trusts_the_first_certain_answer() -> (
    None
):
    port = serial_modem()
    port.receive(b"\r\nstale\r\n\r\nOK\r\n")
    await port.channel.synchronise()
    assert port.lines[0] == "ATQ0V1E0"
    assert await port.channel.execute(B) == ("+V: b",)


@virtual_time
async def test_synchronising_leaves_a_data_mode_that_someone_left_behind() -> None:
    port = serial_modem()
    port.enter_data_mode()
    port.after_escape = frame("+QSMTPBODY: 40")
    await port.channel.synchronise()
    assert b"+++" in port.writes
    assert await port.channel.execute(B) == ("+V: b",)


@virtual_time
async def test_a_silent_port_is_given_up_in_known_time() -> None:
    port = open_port()
    port.silent = True
    start = port.channel.now()
    with pytest.raises(NoAnswerError):
        await port.channel.synchronise()
    assert port.channel.now() - start < 5


@virtual_time
async def test_what_talks_otherwise_is_not_a_modem() -> None:
    port = open_port()
    for line in ("ATQ0V1E0", "AT", "AT+CGSN", "AT+CSQ", "AT+CGATT?", "AT+CCLK?"):
        port.answers[line] = b"$GPGGA,,,,*00\r\n"
    for escape in (True, False):
        with pytest.raises(NotAModemError):
            await port.channel.synchronise(escape=escape)


@virtual_time
async def test_what_answers_ok_to_everything_is_not_a_modem() -> None:
    with pytest.raises(NotAModemError):
        await open_port().channel.synchronise()


@virtual_time
async def test_an_error_at_first_is_greeted_again() -> None:
    port = serial_modem()
    port.answers["ATQ0V1E0"] = [ERROR, OK]
    await port.channel.synchronise()
    assert port.lines[:2] == ["ATQ0V1E0"] * 2


@virtual_time
async def test_a_modem_that_takes_one_command_in_a_line_is_set_up_singly() -> None:
    port = serial_modem()
    port.answers["ATQ0V1E0"] = ERROR
    assert not await port.channel.synchronise()
    assert port.lines[3:6] == ["ATQ0", "ATV1", "ATE0"]
    assert await port.channel.execute(B) == ("+V: b",)


@pytest.mark.parametrize("answer", [ERROR, None])
@virtual_time
async def test_what_takes_no_single_setting_either_is_not_a_modem(
    answer: bytes | None,
) -> None:
    port = open_port()
    port.answers |= {"ATQ0V1E0": ERROR, "ATQ0": OK, "ATV1": answer}
    with pytest.raises(NotAModemError):
        await port.channel.synchronise()


@virtual_time
async def test_an_error_answer_leaves_the_channel_clean() -> None:
    port = open_port()
    port.answers["AT+A"] = ERROR
    with pytest.raises(CommandError):
        await port.channel.execute(A)
    assert not port.channel.dirty


@virtual_time
async def test_written_is_called_only_when_the_command_is_about_to_leave() -> None:
    port = open_port()
    written: list[int] = []
    await port.channel.execute(A, written=lambda: written.append(len(port.writes)))
    assert written == [0]
    port.silent = True
    port.channel.dirty = True
    with pytest.raises(NoAnswerError):
        await port.channel.execute(A, written=lambda: written.append(-1))
    assert written == [0]


@virtual_time
async def test_a_late_answer_to_the_last_probe_before_giving_up_is_stale_too() -> None:
    port = serial_modem()
    port.answers["AT+A"] = Late(30, frame("+V: a"))
    with pytest.raises(NoAnswerError):
        await port.channel.execute(A)
    assert await port.channel.execute(B) == ("+V: b",)
