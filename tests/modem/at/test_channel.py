"""Rules 1, 3, 4, 5, 8, 9, 10, 12 and 13 of a trustworthy AT engine."""

import asyncio
import itertools

import pytest

from custom_components.quectel_smtp.modem.at.channel import AtChannel
from custom_components.quectel_smtp.modem.at.codes import (
    EquipmentError,
    FileError,
    SmtpError,
)
from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.errors import (
    CommandError,
    ModemRebootedError,
    NoAnswerError,
    PortLostError,
    UnexpectedAnswerError,
)
from custom_components.quectel_smtp.modem.at.exchange import ANSWER_LIMIT
from custom_components.quectel_smtp.modem.network.status import is_registration_answer
from tests.modem.scripted_port import (
    ERROR,
    OK,
    Collector,
    Late,
    ScriptedPort,
    SlowPort,
    frame,
    open_port,
)
from tests.modem.virtual_time import virtual_time

CSQ = Command("AT+CSQ", prefixes=("+CSQ:",))
CEREG = Command("AT+CEREG?", prefixes=("+CEREG:",), shape=is_registration_answer)
CGMM = Command("AT+CGMM", bare=lambda text: not text.startswith("+"))
LIST = Command('AT+QFLST="*"', prefixes=("+QFLST:",), single=False)
COPS = Command("AT+COPS?", prefixes=("+COPS:",))


def cut_bytes(data: bytes) -> itertools.chain[bytes]:
    """Cut into single bytes."""
    return itertools.chain(bytes((byte,)) for byte in data)


@virtual_time
async def test_rule_1_two_hundred_callers_each_get_their_own_answer_in_order() -> None:
    port = open_port()
    commands = [Command(f"AT+T={n}", prefixes=("+T:",)) for n in range(200)]
    for n, command in enumerate(commands):
        port.answers[command.line] = frame(f"+T: {n}")
    answers = await asyncio.gather(*map(port.channel.execute, commands))
    assert answers == [(f"+T: {n}",) for n in range(200)]
    assert port.lines == [command.line for command in commands]


@virtual_time
async def test_rule_1_a_poll_can_see_that_a_command_is_in_flight() -> None:
    port = open_port()
    port.answers["AT+QIACT=1"] = Late(100, OK)
    busy = [port.channel.busy]
    task = asyncio.create_task(
        port.channel.execute(Command("AT+QIACT=1", deadline=156))
    )
    await asyncio.sleep(50)
    busy.append(port.channel.busy)
    await task
    assert [*busy, port.channel.busy] == [False, True, False]


@virtual_time
async def test_rule_1_a_task_is_cancelled_between_two_of_its_commands() -> None:
    port = open_port()
    port.answers["AT+ONE"] = Late(1, OK)

    async def several() -> None:
        for line in ("AT+ONE", "AT+TWO"):
            await port.channel.execute(Command(line))

    task = asyncio.create_task(several())
    await asyncio.sleep(0.5)
    await port.channel.cancel_between(task)
    with pytest.raises(asyncio.CancelledError):
        await task
    # Its answer was awaited, so that the next command follows at once.
    assert not port.channel.dirty
    await port.channel.execute(Command("AT+THREE"))
    assert port.lines == ["AT+ONE", "AT+THREE"]


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        (COPS, ('+COPS: 0,0,"BOOKOK",7',)),
        (CGMM, ("OKLAHOMA",)),
        (CGMM, ("ERRORS",)),
        (LIST, ('+QFLST: "UFS:OK",2', '+QFLST: "UFS:ERROR",3')),
    ],
)
@virtual_time
async def test_rule_3_only_an_exact_line_is_a_final_result(
    command: Command, lines: tuple[str, ...]
) -> None:
    port = open_port()
    port.answers[command.line] = frame(*lines)
    assert await port.channel.execute(command) == lines


INTERRUPTED = (
    (CSQ, "AT+CSQ\r", frame("+CSQ: 24,99"), ("+CSQ: 24,99",)),
    (CEREG, "AT+CEREG?\r", frame("+CEREG: 0,1"), ("+CEREG: 0,1",)),
    (CGMM, "", frame("EC200N"), ("EC200N",)),
    (
        LIST,
        "",
        b'\r\n+QFLST: "UFS:a",19\r\n+QFLST: "UFS:bc",208\r\n\r\nOK\r\n',
        ('+QFLST: "UFS:a",19', '+QFLST: "UFS:bc",208'),
    ),
)


@pytest.mark.parametrize(("command", "echo", "answer", "lines"), INTERRUPTED)
@pytest.mark.parametrize(
    ("urc", "prefix"),
    [('+QIURC: "pdpdeact",1', "+QIURC:"), ("+CEREG: 2", "+CEREG:")],
)
@virtual_time
async def test_rule_4_a_urc_at_any_byte_of_an_answer_changes_nothing_and_arrives_once(
    command: Command,
    echo: str,
    answer: bytes,
    lines: tuple[str, ...],
    urc: str,
    prefix: str,
) -> None:
    whole = echo.encode() + answer
    for at in range(len(whole) + 1):
        for in_pieces in (False, True):
            port = open_port()
            if in_pieces:
                port.cut = cut_bytes
            urcs = Collector()
            port.channel.subscribe(prefix, urcs)
            torn = whole[:at] + b"\r\n" + urc.encode() + b"\r\n" + whole[at:]
            port.answers[command.line] = torn
            assert await port.channel.execute(command) == lines, torn
            assert urcs.lines == [urc], torn


@virtual_time
async def test_rule_4_a_urc_that_tears_an_error_code_does_not_change_the_code() -> None:
    answer = b"\r\n+CME ERROR: 103\r\n"
    for at in range(len(answer) + 1):
        port = open_port()
        urcs = Collector()
        port.channel.subscribe("+QIURC:", urcs)
        port.answers["AT+CSQ"] = (
            answer[:at] + b'\r\n+QIURC: "pdpdeact",1\r\n' + answer[at:]
        )
        with pytest.raises(CommandError) as caught:
            await port.channel.execute(CSQ)
        assert caught.value.code == 103
        assert len(urcs.lines) == 1


@virtual_time
async def test_rule_4_what_nobody_owns_is_counted_and_never_joins_an_answer() -> None:
    port = open_port()
    port.answers["AT+CSQ"] = frame("+XYZ: 1", "+CSQ: 24,99", "+CSQ: 1,1")
    assert await port.channel.execute(CSQ) == ("+CSQ: 24,99",)
    assert port.channel.unhandled_lines == 2


@virtual_time
async def test_rule_4_a_bare_answer_is_never_a_urc() -> None:
    port = open_port()
    port.answers[CGMM.line] = b"\r\nRING\r\n" + frame("EC200N")
    assert await port.channel.execute(CGMM) == ("EC200N",)


@virtual_time
async def test_rule_4_noise_is_dropped_and_counted() -> None:
    port = open_port()
    port.answers[CSQ.line] = b"\xff\xfe\xe9\r\n" + frame("+CSQ: 24,99")
    assert await port.channel.execute(CSQ) == ("+CSQ: 24,99",)
    assert port.channel.garbled_lines == 1


@virtual_time
async def test_rule_2_an_answer_beyond_64_kib_is_none_and_the_next_one_counts() -> None:
    port = open_port()
    line = f'+QFLST: "UFS:{"x" * 80}",1'
    count = ANSWER_LIMIT // len(line)
    port.answers["AT+CGSN"] = frame("861234567890123")
    port.answers["AT+CSQ"] = frame("+CSQ: 24,99")
    port.answers[LIST.line] = frame(*[line] * count)
    assert len(await port.channel.execute(LIST)) == count
    port.answers[LIST.line] = frame(*[line] * (count + 1))
    with pytest.raises(UnexpectedAnswerError):
        await port.channel.execute(LIST)
    assert port.channel.dirty
    assert await port.channel.execute(CSQ) == ("+CSQ: 24,99",)


@virtual_time
async def test_rule_4_an_undone_subscription_is_not_called() -> None:
    port = open_port()
    urcs = Collector()
    undo = port.channel.subscribe("RING", urcs)
    port.receive(b"\r\nRING\r\n")
    undo()
    port.receive(b"\r\nRING\r\n")
    assert urcs.lines == ["RING"]


@virtual_time
async def test_rule_5_what_came_before_the_command_does_not_answer_it() -> None:
    port = open_port()
    port.receive(b"\r\n+CSQ: 1,1\r\n\r\nOK\r\n")
    port.answers["AT+CSQ"] = frame("+CSQ: 24,99")
    assert await port.channel.execute(CSQ) == ("+CSQ: 24,99",)


@virtual_time
async def test_rule_5_echo_may_come_and_go_and_be_cut() -> None:
    for echoed, cut in itertools.product((True, False), (True, False)):
        port = open_port()
        port.echo = echoed
        if cut:
            port.cut = cut_bytes
        port.answers["AT+CGMM"] = frame("EC200N")
        port.answers["AT+CSQ"] = frame("+CSQ: 24,99")
        assert await port.channel.execute(CGMM) == ("EC200N",)
        port.echo = not echoed
        assert await port.channel.execute(CSQ) == ("+CSQ: 24,99",)


@virtual_time
async def test_rule_5_half_an_echo_is_no_answer() -> None:
    port = open_port()
    port.answers["AT+CSQ"] = b"+CSQ\r" + frame("+CSQ: 24,99")
    assert await port.channel.execute(CSQ) == ("+CSQ: 24,99",)


@virtual_time
async def test_rule_5_matching_begins_when_the_last_byte_is_written() -> None:
    port = SlowPort(AtChannel())
    port.answers["AT+CSQ"] = frame("+CSQ: 24,99")
    task = asyncio.create_task(port.channel.execute(CSQ))
    await asyncio.sleep(0.5)
    port.receive(b"\r\n+CSQ: 1,1\r\n\r\nOK\r\n")
    assert await task == ("+CSQ: 24,99",)


@pytest.mark.parametrize("begun", ["OK", "ERROR", "+CSQ: 1,1", "+CME ERROR: 10"])
@pytest.mark.parametrize("slow", [False, True])
@virtual_time
async def test_rule_5_a_line_that_began_before_the_command_does_not_answer_it(
    begun: str, slow: bool
) -> None:
    port = (SlowPort if slow else ScriptedPort)(AtChannel())
    port.answers["AT+CSQ"] = frame("+CSQ: 24,99")
    port.receive(b"\r\n" + begun.encode())
    assert await port.channel.execute(CSQ) == ("+CSQ: 24,99",)
    assert port.channel.unhandled_lines == 1


@virtual_time
async def test_rule_5_a_restart_that_began_before_the_command_is_told() -> None:
    port = open_port()
    await port.channel.execute(CSQ)
    port.receive(b"\r\nRDY")
    with pytest.raises(ModemRebootedError):
        await port.channel.execute(CSQ)


@virtual_time
async def test_rule_5_a_port_that_never_takes_the_command_times_out() -> None:
    port = open_port()
    port.channel.pause_writing()
    with pytest.raises(NoAnswerError):
        await port.channel.execute(CSQ)
    assert port.channel.dirty


@virtual_time
async def test_rule_5_a_cancelled_write_leaves_the_channel_dirty() -> None:
    port = open_port()
    port.channel.pause_writing()
    task = asyncio.create_task(port.channel.execute(CSQ))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert port.channel.dirty


PUT = Command("AT+QSMTPPUT=300")
RESULT = b"\r\n+QSMTPPUT: 0,250\r\n"


@pytest.mark.parametrize(
    "answer", [RESULT + OK, OK + RESULT], ids=["result before OK", "with OK"]
)
@virtual_time
async def test_rule_8_a_result_counts_wherever_it_stands_around_ok(
    answer: bytes,
) -> None:
    port = open_port()
    port.answers[PUT.line] = answer
    with port.channel.expect("+QSMTPPUT:") as result:
        assert await port.channel.execute(PUT) == ()
        assert result.arrived
        assert await result.wait(1) == "+QSMTPPUT: 0,250"


@virtual_time
async def test_rule_8_a_result_is_waited_for_and_other_commands_go_on() -> None:
    port = open_port()
    port.answers["AT+CSQ"] = frame("+CSQ: 24,99")
    with port.channel.expect("+QSMTPPUT:") as result:
        await port.channel.execute(PUT)
        asyncio.get_running_loop().call_later(100, port.receive, RESULT)
        waiting = asyncio.create_task(result.wait(300))
        assert await port.channel.execute(CSQ) == ("+CSQ: 24,99",)
        assert await waiting == "+QSMTPPUT: 0,250"


@virtual_time
async def test_rule_8_a_result_that_never_comes_is_no_answer() -> None:
    port = open_port()
    with port.channel.expect("+QSMTPPUT:") as result:
        await port.channel.execute(PUT)
        with pytest.raises(NoAnswerError):
            await result.wait(300)


@virtual_time
async def test_rule_8_a_result_nobody_awaits_goes_to_the_subscribers() -> None:
    port = open_port()
    late = Collector()
    port.channel.subscribe("+QSMTPPUT:", late)
    with port.channel.expect("+QSMTPPUT:"):
        port.receive(RESULT * 2)
    port.receive(RESULT)
    assert len(late.lines) == 2


@pytest.mark.parametrize("line", ["RDY", "APP RDY", "+CFUN: 1", "POWERED DOWN"])
@virtual_time
async def test_rule_9_a_restart_fails_what_is_in_flight_and_begins_an_epoch(
    line: str,
) -> None:
    port = open_port()
    reboots: list[int] = []
    port.channel.on_reboot(lambda: reboots.append(port.channel.epoch))
    await port.channel.execute(CSQ)
    port.silent = True
    with port.channel.expect("+QSMTPPUT:") as result:
        task = asyncio.create_task(port.channel.execute(PUT))
        await asyncio.sleep(0.1)
        port.receive(b"\r\n" + line.encode() + b"\r\n")
        with pytest.raises(ModemRebootedError):
            await task
        with pytest.raises(ModemRebootedError):
            await result.wait(10)
    assert reboots == [1]
    assert port.channel.dirty


@virtual_time
async def test_rule_9_a_result_that_came_before_the_restart_counts() -> None:
    port = open_port()
    with port.channel.expect("+QSMTPPUT:") as result:
        await port.channel.execute(PUT)
        port.receive(RESULT + b"\r\nRDY\r\n")
        assert await result.wait(1) == "+QSMTPPUT: 0,250"


@virtual_time
async def test_rule_9_the_lines_of_one_start_begin_one_epoch() -> None:
    port = open_port()
    await port.channel.execute(CSQ)
    port.receive(b"\r\nRDY\r\n")
    port.answers["AT+CGSN"] = frame("861234567890123")
    await port.channel.execute(CSQ)
    port.receive(b"\r\n+CFUN: 1\r\n")
    assert port.channel.epoch == 1
    port.receive(b"\r\nRDY\r\n")
    assert port.channel.epoch == 2


@virtual_time
async def test_rule_9_a_late_line_of_a_start_tells_of_no_second_one() -> None:
    port = open_port()
    await port.channel.execute(CSQ)
    port.receive(b"\r\nRDY\r\n")
    port.answers["AT+CGSN"] = frame("861234567890123")
    for line in (b"APP RDY", b"+CFUN: 1"):
        await port.channel.execute(CSQ)
        await asyncio.sleep(600)
        port.receive(b"\r\n" + line + b"\r\n")
    assert port.channel.epoch == 1
    port.receive(b"\r\n+CFUN: 1\r\n")
    assert port.channel.epoch == 2


@virtual_time
async def test_rule_9_what_is_switched_off_starts_once() -> None:
    port = open_port()
    await port.channel.execute(CSQ)
    for line in (b"POWERED DOWN", b"RDY", b"+CFUN: 1"):
        port.receive(b"\r\n" + line + b"\r\n")
    assert port.channel.epoch == 1


@virtual_time
async def test_rule_9_the_answer_to_cfun_is_no_restart() -> None:
    port = open_port()
    cfun = Command("AT+CFUN?", prefixes=("+CFUN:",))
    port.answers[cfun.line] = frame("+CFUN: 1")
    assert await port.channel.execute(cfun) == ("+CFUN: 1",)
    assert port.channel.epoch == 0


@virtual_time
async def test_rule_9_a_restart_during_the_resync_is_told() -> None:
    port = open_port()
    await port.channel.execute(CSQ)
    port.channel.dirty = True
    port.answers["AT+CGSN"] = b"\r\nRDY\r\n"
    with pytest.raises(ModemRebootedError):
        await port.channel.execute(CSQ)
    assert port.channel.dirty


@virtual_time
async def test_rule_10_a_lost_port_fails_every_waiter_once_with_one_error() -> None:
    port = open_port()
    port.silent = True
    losses: list[PortLostError] = []
    port.channel.on_lost(losses.append)
    with port.channel.expect("+QSMTPPUT:") as result:
        tasks = [asyncio.create_task(port.channel.execute(CSQ)) for _ in range(5)]
        await asyncio.sleep(0.1)
        port.lose(OSError(5, "gone"))
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        with pytest.raises(PortLostError):
            await result.wait(10)
    assert [type(outcome) for outcome in outcomes] == [PortLostError] * 5
    assert len(losses) == 1
    assert not port.channel.connected
    with pytest.raises(PortLostError):
        await port.channel.execute(CSQ)
    with port.channel.expect("+QSMTPPUT:") as result, pytest.raises(PortLostError):
        await result.wait(10)


@virtual_time
async def test_rule_10_a_write_that_the_port_refuses_is_a_lost_port() -> None:
    port = open_port()
    port.lost = OSError(5, "gone")
    with pytest.raises(PortLostError):
        await port.channel.execute(CSQ)


@virtual_time
async def test_rule_10_a_port_lost_while_writing_is_a_lost_port() -> None:
    port = open_port()
    port.channel.pause_writing()
    task = asyncio.create_task(port.channel.execute(CSQ))
    await asyncio.sleep(0.1)
    port.lose(None)
    with pytest.raises(PortLostError):
        await task


@virtual_time
async def test_rule_10_closing_closes_the_port_and_fails_the_waiters() -> None:
    port = open_port()
    assert port.channel.connected
    port.silent = True
    task = asyncio.create_task(port.channel.execute(CSQ))
    await asyncio.sleep(0.1)
    await port.channel.close()
    with pytest.raises(PortLostError):
        await task
    assert port.closed


@virtual_time
async def test_rule_10_a_channel_without_a_port_can_be_closed_and_is_lost() -> None:
    channel = AtChannel()
    await channel.close()
    with pytest.raises(PortLostError):
        await channel.execute(CSQ)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (ERROR, None),
        (b"\r\n+CME ERROR: 10\r\n", EquipmentError.SIM_NOT_INSERTED),
        (b"\r\n+CME ERROR: SIM not inserted\r\n", EquipmentError.SIM_NOT_INSERTED),
        (b"\r\n+CME ERROR: file already exist\r\n", FileError.EXISTS),
        (b"\r\n+CME ERROR: 421\r\n", FileError.TIMEOUT),
        (b"\r\n+CME ERROR: 659\r\n", SmtpError.NO_RECIPIENT),
        (b"\r\n+CME ERROR: 999\r\n", 999),
        (b"\r\n+CME ERROR: no idea\r\n", None),
        (b"\r\n+CMS ERROR: 500\r\n", 500),
        (b"\r\nNO CARRIER\r\n", None),
    ],
)
@virtual_time
async def test_rule_12_each_form_of_error_keeps_its_code(
    answer: bytes, code: int | None
) -> None:
    port = open_port()
    port.answers["AT+CSQ"] = answer
    with pytest.raises(CommandError) as caught:
        await port.channel.execute(CSQ)
    assert caught.value.code == code
    assert type(caught.value.code) is type(code)
    assert caught.value.command == "AT+CSQ"


@pytest.mark.parametrize("deadline", [2.0, 6.0, 44.0, 145.0, 156.0])
@virtual_time
async def test_rule_13_an_answer_before_the_deadline_counts_and_after_it_does_not(
    deadline: float,
) -> None:
    command = Command("AT+X", prefixes=("+X:",), deadline=deadline)
    port = open_port()
    port.answers["AT+X"] = Late(0.99 * deadline, frame("+X: 1"))
    assert await port.channel.execute(command) == ("+X: 1",)
    port.answers["AT+X"] = Late(1.01 * deadline, frame("+X: 1"))
    with pytest.raises(NoAnswerError):
        await port.channel.execute(command)


@pytest.mark.parametrize("line", ["AT+A\rAT+B", "AT+A\n", "AT+" + "A" * 600])
@virtual_time
async def test_rule_14_no_line_but_one_is_ever_written(line: str) -> None:
    port = open_port()
    with pytest.raises(ValueError, match="one AT line"):
        await port.channel.execute(Command(line))
    assert port.writes == []
