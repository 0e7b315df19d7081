"""A result that comes late is told to who asks for it, once, and to nobody else."""

import asyncio
from collections.abc import Callable

import pytest

from custom_components.quectel_smtp.modem.at.errors import (
    ModemRebootedError,
    NoAnswerError,
    PortLostError,
)
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from custom_components.quectel_smtp.modem.modem import Modem
from tests.modem.scripted_modem import IMEI, ScriptedModem
from tests.modem.scripted_port import ERROR, OK, Answer, Data, ScriptedPort, frame
from tests.modem.test_modem import MESSAGE, SENT, bench_that_sends, left_unsettled, send
from tests.modem.virtual_time import virtual_time

LATE = b"\r\n+QSMTPPUT: 0,250\r\n"
OTHER = b"\r\n+QSMTPPUT: 682,554\r\n"
RESTART = b"\r\nRDY\r\n"


def now() -> float:
    """Return the loop's time."""
    return asyncio.get_running_loop().time()


def on_opening(bench: ScriptedModem, act: Callable[[ScriptedPort], None]) -> None:
    """Do something to each port that is opened, before anything is written to it."""
    connect = bench.connect

    async def opened(settings: object) -> object:
        channel = await connect(settings)  # type: ignore[arg-type]
        asyncio.get_running_loop().call_soon(act, bench.port)
        return channel

    bench.connect = opened  # type: ignore[assignment,method-assign]


async def expecting(bench: ScriptedModem, seconds: float = 100) -> Modem:
    """Return an open modem whose earlier PUT, of another process, is unsettled."""
    modem = bench.modem()
    modem.expect_late_result(seconds)
    await modem.open()
    return modem


@virtual_time
async def test_an_earlier_process_s_result_is_told_when_it_arrives() -> None:
    bench = ScriptedModem()
    modem = await expecting(bench)
    assert modem.unsettled
    waiting = asyncio.create_task(modem.late_result())
    await asyncio.sleep(50)
    assert not waiting.done()
    bench.port.receive(OTHER)
    outcome = await waiting
    assert (outcome.result, outcome.code, outcome.reply) == (Result.REFUSED, 682, 554)
    assert not modem.unsettled


@pytest.mark.parametrize(
    ("line", "result"),
    [(LATE, Result.SENT), (b"\r\n+QSMTPPUT: ?\r\n", Result.DOUBTFUL)],
)
@virtual_time
async def test_a_result_that_waits_at_opening_is_told(
    line: bytes, result: Result
) -> None:
    bench = ScriptedModem()
    on_opening(bench, lambda port: port.receive(line))
    modem = await expecting(bench)
    assert not modem.unsettled
    start = now()
    assert (await modem.late_result()).result is result
    assert now() == start


@virtual_time
async def test_what_arrived_is_told_even_if_the_port_has_gone_since() -> None:
    bench = ScriptedModem()
    modem = await expecting(bench)
    bench.port.receive(LATE)
    await modem.close()
    # The outbox still has it as unsettled.
    modem.expect_late_result(50)
    assert not modem.unsettled
    assert (await modem.late_result()).result is Result.SENT
    modem.expect_late_result(50)
    assert modem.unsettled


@virtual_time
async def test_only_one_line_is_taken_and_only_while_one_is_awaited() -> None:
    bench = ScriptedModem()
    modem = bench.modem()
    await modem.open()
    bench.port.receive(OTHER)
    modem.expect_late_result(100)
    bench.port.receive(LATE)
    bench.port.receive(OTHER)
    assert (await modem.late_result()).result is Result.SENT
    with pytest.raises(NoAnswerError):
        await modem.late_result()


@virtual_time
async def test_the_end_of_time_is_told() -> None:
    modem = await expecting(ScriptedModem(), 60)
    start = now()
    with pytest.raises(NoAnswerError):
        await modem.late_result()
    assert 50 < now() - start <= 60
    assert not modem.unsettled


@pytest.mark.parametrize("what", [LATE, b"\r\nRDY\r\n", None])
@virtual_time
async def test_a_put_whose_time_is_over_is_overdue_until_it_is_known_to_be_over(
    what: bytes | None,
) -> None:
    bench = ScriptedModem()
    modem = await expecting(bench, 60)
    seen = [modem.overdue]
    with pytest.raises(NoAnswerError):
        await modem.late_result()
    seen.append(modem.overdue)
    if what is None:
        modem.give_up()
    else:
        bench.port.receive(what)
    assert [*seen, modem.overdue] == [False, True, False]
    assert not modem.unsettled


@virtual_time
async def test_a_line_that_comes_after_the_time_is_still_that_email_s_until_told() -> (
    None
):
    bench = ScriptedModem()
    modem = await expecting(bench, 60)
    await asyncio.sleep(100)
    assert modem.unsettled
    bench.port.receive(LATE)
    assert (await modem.late_result()).result is Result.SENT


@pytest.mark.parametrize("waited", [True, False])
@virtual_time
async def test_a_restart_is_told_whether_it_was_waited_for_or_not(waited: bool) -> None:
    bench = ScriptedModem()
    modem = await expecting(bench)
    waiting = asyncio.create_task(modem.late_result()) if waited else None
    await asyncio.sleep(1)
    bench.port.receive(RESTART)
    assert not modem.unsettled
    with pytest.raises(ModemRebootedError):
        await (waiting or modem.late_result())


@virtual_time
async def test_a_modem_that_starts_right_at_opening_has_restarted() -> None:
    bench = ScriptedModem()
    on_opening(
        bench, lambda port: port.receive(RESTART) if len(bench.ports) == 1 else None
    )
    modem = bench.modem()
    modem.expect_late_result(100)
    with pytest.raises(ModemRebootedError):
        await modem.open()
    await modem.open()
    with pytest.raises(ModemRebootedError):
        await modem.late_result()


@virtual_time
async def test_a_lost_port_is_told_and_the_result_still_awaited_after_it() -> None:
    bench = bench_that_sends()
    modem = await left_unsettled(bench)
    assert modem.unsettled
    with pytest.raises(PortLostError):
        await modem.late_result()
    await modem.open()
    waiting = asyncio.create_task(modem.late_result())
    await asyncio.sleep(10)
    bench.port.lose(OSError(5, "gone"))
    with pytest.raises(PortLostError):
        await waiting
    assert modem.unsettled
    await modem.open()
    waiting = asyncio.create_task(modem.late_result())
    await asyncio.sleep(10)
    bench.port.receive(LATE)
    assert (await waiting).result is Result.SENT


@virtual_time
async def test_without_a_port_the_end_of_time_is_told_after_the_next_opening() -> None:
    bench = bench_that_sends()
    modem = await left_unsettled(bench)
    await asyncio.sleep(400)
    with pytest.raises(PortLostError):
        await modem.late_result()
    await modem.open()
    with pytest.raises(NoAnswerError):
        await modem.late_result()


@virtual_time
async def test_our_own_put_that_got_no_answer_is_told_of() -> None:
    bench = bench_that_sends()
    modem = bench.modem()
    await modem.open()
    bench.answers["AT+QSMTPPUT=300"] = OK
    await modem.prepare(MESSAGE)
    putting = asyncio.create_task(modem.put(300))
    await asyncio.sleep(10)
    assert modem.unsettled
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    bench.port.receive(LATE)
    assert (await modem.late_result()).result is Result.SENT


@virtual_time
async def test_a_restart_while_we_put_is_told_of_later_too() -> None:
    bench = bench_that_sends()
    modem = bench.modem()
    await modem.open()
    bench.answers["AT+QSMTPPUT=300"] = OK + RESTART
    await modem.prepare(MESSAGE)
    assert await modem.put(300) == Outcome(Result.UNKNOWN)
    with pytest.raises(ModemRebootedError):
        await modem.late_result()


@virtual_time
async def test_what_nobody_asked_for_is_forgotten_at_the_next_put() -> None:
    bench = bench_that_sends()
    modem = await expecting(bench)
    bench.port.receive(OTHER)
    assert (await send(modem)).result is Result.SENT
    with pytest.raises(NoAnswerError):
        await modem.late_result()
    bench.answers["AT+QSMTPPUT=300"] = SENT
    assert (await send(modem)).result is Result.SENT


@virtual_time
async def test_a_result_from_before_a_put_is_not_taken_for_its_own() -> None:
    bench = bench_that_sends()
    modem = bench.modem()
    await modem.open()
    await modem.prepare(MESSAGE)
    bench.port.silent = True
    with pytest.raises(NoAnswerError):
        await modem.network()
    bench.port.silent = False
    # Resynchronising, the channel asks for what is certain; a second result comes then.
    bench.answers["AT+CGSN"] = OTHER + frame(IMEI)
    assert (await modem.put(300)).result is Result.SENT


# Asked whether it still sends.


@pytest.mark.parametrize(
    ("answer", "sending"),
    [
        (Data(1, lambda _: frame("+QSMTPBODY: 1")), False),
        (b"\r\n+CME ERROR: 652\r\n", True),
        (b"\r\n+CME ERROR: 664\r\n", None),
        (ERROR, None),
        (OK, None),
        (None, None),
    ],
    ids=["over", "busy", "refused", "no SIM", "no data mode", "silence"],
)
@virtual_time
async def test_a_modem_takes_a_body_only_while_it_sends_nothing(
    answer: Answer, sending: bool | None
) -> None:
    bench = bench_that_sends()
    bench.answers["AT+QSMTPBODY=0,1,1"] = answer
    modem = await expecting(bench)
    assert await modem.still_sending() is sending
    # What it comes to is concluded by whoever asked.
    assert modem.unsettled
    modem.give_up()
    assert not modem.unsettled


@virtual_time
async def test_what_was_asked_with_is_in_no_email() -> None:
    bench = bench_that_sends()
    bench.answers["AT+QSMTPBODY=0,1,1"] = Data(1, lambda _: frame("+QSMTPBODY: 1"))
    modem = await expecting(bench)
    assert await modem.still_sending() is False
    modem.give_up()
    await send(modem)
    asked = bench.lines.index("AT+QSMTPBODY=0,1,1")
    assert "AT+QSMTPCLR" in bench.lines[asked:]
