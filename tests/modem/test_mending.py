"""What mends the connection: radio, contexts, restart, and the proof of the path."""

import asyncio

import pytest

from custom_components.quectel_smtp.modem.at.errors import (
    CommandError,
    ModemRebootedError,
    NoAnswerError,
    PdpError,
    PortLostError,
    ServerNameError,
    ServerUnreachableError,
)
from custom_components.quectel_smtp.modem.modem import Modem
from custom_components.quectel_smtp.modem.network.pdp import PdpSettings, PdpState

from .scripted_modem import ScriptedModem
from .scripted_port import ERROR, OK, Answer, Late, frame
from .test_modem import PDP, PLAIN, bench_that_sends, left_unsettled, send
from .virtual_time import virtual_time

RESTART = b"\r\nRDY\r\n"
RESOLVE = 'AT+QIDNSGIP=1,"mail.example.com"'
OPEN = 'AT+QIOPEN=1,11,"TCP","mail.example.com",25,0,0'
ACTIVATION = [
    "AT+QIDEACT=1",
    'AT+QICSGP=1,1,"internet","","apn-secret",0',
    "AT+QIACT=1",
]
# In the same boot: the settings that it was given are asked for.
ACTIVATION_ANEW = ["AT+QIDEACT=1", "AT+QICSGP=1", "AT+QIACT=1"]


def provable() -> ScriptedModem:
    """Return a modem through which the mail server is reached."""
    bench = bench_that_sends()
    bench.answers[RESOLVE] = OK + b'\r\n+QIURC: "dnsgip",0,1,600\r\n'
    bench.answers[OPEN] = OK + b"\r\n+QIOPEN: 11,0\r\n"
    return bench


async def opened(bench: ScriptedModem) -> Modem:
    """Return an open modem."""
    modem = bench.modem()
    await modem.open()
    return modem


@virtual_time
async def test_the_packet_domain_is_asked_and_attached() -> None:
    bench = ScriptedModem()
    modem = await opened(bench)
    assert await modem.attached()
    bench.answers["AT+CGATT?"] = frame("+CGATT: 0")
    assert not await modem.attached()
    await modem.attach()
    assert bench.lines[-1] == "AT+CGATT=1"


@virtual_time
async def test_contexts_are_listed_and_released() -> None:
    bench = ScriptedModem()
    bench.answers["AT+CGACT?"] = frame("+CGACT: 1,0", "+CGACT: 9,1")
    modem = await opened(bench)
    assert await modem.contexts() == (9,)
    await modem.release(9)
    assert bench.lines[-1] == "AT+CGACT=0,9"


@virtual_time
async def test_the_radio_takes_the_context_with_it() -> None:
    bench = bench_that_sends()
    modem = await opened(bench)
    await modem.activate(PDP)
    await modem.set_radio(False)
    assert modem.pdp_state is PdpState.INACTIVE
    await modem.set_radio(True)
    assert bench.lines[-2:] == ["AT+CFUN=4", "AT+CFUN=1"]
    await modem.activate(PDP)
    assert bench.lines[-3:] == ACTIVATION_ANEW


@pytest.mark.parametrize("told_before", [False, True])
@virtual_time
async def test_a_radio_that_says_it_is_on_again_is_no_restart(
    told_before: bool,
) -> None:
    bench = bench_that_sends()
    modem = await opened(bench)
    if told_before:
        bench.port.receive(RESTART + b"\r\n+CFUN: 1\r\n")
    bench.answers["AT+CFUN=1"] = OK + b"\r\n+CFUN: 1\r\n"
    await modem.set_radio(False)
    boot = modem.boot
    await modem.set_radio(True)
    await modem.network()
    assert modem.boot == boot
    bench.port.receive(RESTART)
    assert modem.boot != boot


@pytest.mark.parametrize("state", ["inactive", "active", "refuses to go"])
@virtual_time
async def test_a_context_is_renewed_whatever_its_state(state: str) -> None:
    bench = bench_that_sends()
    modem = await opened(bench)
    if state != "inactive":
        await modem.activate(PDP)
    if state == "refuses to go":
        bench.answers["AT+QIDEACT=1"] = ERROR
    await modem.renew(PDP)
    expected = ACTIVATION if state == "inactive" else ACTIVATION_ANEW
    assert [line for line in bench.lines if line != "AT+QIACT?"][-3:] == expected
    before = len(bench.lines)
    await modem.activate(PDP)
    assert len(bench.lines) == before


@virtual_time
async def test_a_context_waits_for_an_email_that_may_be_on_its_way() -> None:
    bench = bench_that_sends()
    modem = await left_unsettled(bench)
    await modem.open()
    renewing = asyncio.create_task(modem.renew(PDP))
    await asyncio.sleep(10)
    assert "AT+QIDEACT=1" not in bench.lines
    bench.port.receive(b"\r\n+QSMTPPUT: 0,0\r\n")
    await renewing


@virtual_time
async def test_a_context_lost_in_a_restart_is_not_taken_for_ours() -> None:
    bench = bench_that_sends()
    modem = await opened(bench)
    bench.port.cut = lambda data: iter(
        data.partition(OK)[1:] if RESTART in data else (data,)
    )
    bench.answers["AT+QIACT=1"] = [OK + RESTART, OK]
    await modem.renew(PDP)
    await modem.activate(PDP)
    assert bench.lines.count("AT+QIACT=1") == 2


@virtual_time
async def test_a_context_that_can_not_be_deactivated_is_tried_again_first() -> None:
    bench = bench_that_sends()
    modem = await opened(bench)
    await modem.activate(PDP)
    bench.answers["AT+QIDEACT=1"] = [ERROR, OK]
    with pytest.raises(PdpError):
        await modem.deactivate()
    await modem.activate(PDP)
    assert bench.lines[-3:] == ACTIVATION_ANEW


@virtual_time
async def test_the_path_is_proved_step_by_step() -> None:
    bench = provable()
    modem = await opened(bench)
    assert await modem.prove(PLAIN, PDP)
    assert bench.lines[-6:] == [*ACTIVATION, RESOLVE, OPEN, "AT+QICLOSE=11,1"]


@pytest.mark.parametrize(
    ("line", "answer", "error"),
    [
        ("AT+QIACT=1", ERROR, PdpError),
        (RESOLVE, OK + b'\r\n+QIURC: "dnsgip",565\r\n', ServerNameError),
        (RESOLVE, OK, NoAnswerError),
        (OPEN, OK + b"\r\n+QIOPEN: 11,566\r\n", ServerUnreachableError),
        (OPEN, b"\r\n+CME ERROR: 566\r\n", ServerUnreachableError),
    ],
)
@virtual_time
async def test_a_step_of_the_path_that_fails_says_which(
    line: str, answer: Answer, error: type[Exception]
) -> None:
    bench = provable()
    bench.answers[line] = answer
    modem = await opened(bench)
    with pytest.raises(error):
        await modem.prove(PLAIN, PDP)


@pytest.mark.parametrize(
    "answer",
    [
        ERROR,
        b"\r\n+CME ERROR: 3\r\n",
        b"\r\n+CME ERROR: 552\r\n",
        b"\r\n+CME ERROR: 555\r\n",
    ],
)
@virtual_time
async def test_a_step_that_the_firmware_lacks_is_not_proved(answer: bytes) -> None:
    bench = provable()
    bench.answers[OPEN] = answer
    modem = await opened(bench)
    assert not await modem.prove(PLAIN, PDP)
    assert OPEN in bench.lines


@virtual_time
async def test_a_port_that_is_reached_by_its_name_proves_the_name_too() -> None:
    bench = provable()
    bench.answers[RESOLVE] = ERROR
    modem = await opened(bench)
    assert await modem.prove(PLAIN, PDP)


@virtual_time
async def test_a_server_is_reached_over_the_context() -> None:
    bench = provable()
    modem = await opened(bench)
    await modem.reach("mail.example.com", 25)
    assert bench.lines[-2] == OPEN


@pytest.mark.parametrize(
    ("answer", "most"),
    [
        (OK + RESTART, 0.1),
        (RESTART, 0.1),
        (OK, 6),
    ],
)
@virtual_time
async def test_a_restart_makes_all_settings_void(answer: bytes, most: float) -> None:
    bench = bench_that_sends()
    modem = await opened(bench)
    await send(modem)
    modem.expect_late_result(100)
    bench.answers["AT+CFUN=1,1"] = answer
    boot = modem.boot
    start = asyncio.get_running_loop().time()
    await modem.restart()
    assert asyncio.get_running_loop().time() - start <= most
    assert modem.boot == boot + 1
    assert modem.pdp_state is PdpState.INACTIVE
    assert not modem.unsettled
    with pytest.raises(ModemRebootedError):
        await modem.late_result()
    before = len(bench.lines)
    await send(modem)
    assert "ATE0" in bench.lines[before:]
    assert "AT+QIACT=1" in bench.lines[before:]


@pytest.mark.parametrize(("silence", "comes_back"), [(30, True), (200, False)])
@virtual_time
async def test_a_restart_without_a_word_is_over_when_the_modem_answers(
    silence: float, comes_back: bool
) -> None:
    bench = bench_that_sends()
    modem = await opened(bench)
    loop = asyncio.get_running_loop()
    start = loop.time()

    def fall_silent() -> bytes:
        loop.call_later(1, setattr, bench.port, "silent", True)
        loop.call_later(silence, setattr, bench.port, "silent", False)
        return OK

    bench.answers["AT+CFUN=1,1"] = fall_silent
    if comes_back:
        await modem.restart()
        assert silence < loop.time() - start < silence + 5
        assert await modem.sim_state() == "ready"
    else:
        with pytest.raises(NoAnswerError):
            await modem.restart()
        assert loop.time() - start < 90


@virtual_time
async def test_a_modem_that_says_late_that_it_starts_is_back() -> None:
    bench = bench_that_sends()
    modem = await opened(bench)
    loop = asyncio.get_running_loop()

    def fall_silent() -> bytes:
        loop.call_later(1, setattr, bench.port, "silent", True)
        loop.call_later(20, bench.port.receive, RESTART)
        return OK

    bench.answers["AT+CFUN=1,1"] = fall_silent
    start = loop.time()
    await modem.restart()
    assert 19 < loop.time() - start < 21


@virtual_time
async def test_a_restart_may_take_the_port_with_it_later() -> None:
    bench = bench_that_sends()
    modem = await opened(bench)

    def fall_silent() -> bytes:
        asyncio.get_running_loop().call_later(1, setattr, bench.port, "silent", True)
        return OK

    bench.answers["AT+CFUN=1,1"] = fall_silent
    restarting = asyncio.create_task(modem.restart())
    await asyncio.sleep(20)
    bench.port.lose(None)
    await restarting
    assert not modem.connected
    await modem.close()
    boot = modem.boot
    modem.distrust()
    assert modem.boot != boot


@pytest.mark.parametrize(
    ("answer", "on"),
    [(frame("+CFUN: 1"), True), (frame("+CFUN: 4"), False), (ERROR, True)],
)
@virtual_time
async def test_whether_the_radio_is_on_is_asked(answer: bytes, on: bool) -> None:
    bench = ScriptedModem()
    bench.answers["AT+CFUN?"] = answer
    assert await (await opened(bench)).radio_on() is on


@virtual_time
async def test_a_restart_may_take_the_port_with_it() -> None:
    bench = bench_that_sends()
    modem = await opened(bench)
    restarting = asyncio.create_task(modem.restart())
    await asyncio.sleep(1)
    bench.port.lose(OSError(5, "gone"))
    await restarting
    assert not modem.connected
    with pytest.raises(PortLostError):
        await modem.restart()


@pytest.mark.parametrize(
    ("answer", "error"), [(ERROR, CommandError), (None, NoAnswerError)]
)
@virtual_time
async def test_a_restart_that_is_not_answered_is_told_and_an_email_still_awaited(
    answer: Answer, error: type[Exception]
) -> None:
    bench = bench_that_sends()
    modem = await opened(bench)
    modem.expect_late_result(100)
    bench.answers["AT+CFUN=1,1"] = answer
    boot = modem.boot
    with pytest.raises(error):
        await modem.restart()
    assert modem.unsettled
    assert modem.boot != boot


@virtual_time
async def test_a_stuck_data_mode_is_left() -> None:
    bench = ScriptedModem()
    modem = await opened(bench)
    assert not await modem.leave_data_mode()
    bench.port.enter_data_mode()
    with pytest.raises(NoAnswerError):
        await modem.sim_state()
    assert await modem.leave_data_mode()
    assert await modem.sim_state() == "ready"


@pytest.mark.parametrize(
    "line", ["RDY", "+QIND: SMS DONE", "+QSMTPPUT: 0,0", "+CREG: 1", "RING"]
)
@virtual_time
async def test_a_urc_is_heard_and_that_is_known_over_openings(line: str) -> None:
    bench = ScriptedModem()
    modem = bench.modem()
    heard = [modem.heard]
    await modem.open()
    heard.append(modem.heard)
    bench.port.receive(f"\r\n{line}\r\n".encode())
    heard.append(modem.heard)
    await modem.open()
    heard.append(modem.heard)
    assert heard == [False, False, True, True]


@virtual_time
async def test_what_this_port_has_asked_for_says_nothing_of_other_urcs() -> None:
    bench = ScriptedModem()
    modem = await opened(bench)
    bench.port.receive(b"\r\n+CEREG: 1\r\n")
    assert not modem.heard


@virtual_time
async def test_a_late_answer_and_noise_are_no_urcs() -> None:
    bench = ScriptedModem()
    modem = await opened(bench)
    bench.answers["AT+CPIN?"] = Late(8, frame("+CPIN: READY"))
    with pytest.raises(NoAnswerError):
        await modem.sim_state()
    await asyncio.sleep(5)
    bench.port.receive(b"\r\nnoise\r\n")
    assert not modem.heard


@virtual_time
async def test_another_apn_is_renewed_with_its_own_settings() -> None:
    bench = bench_that_sends()
    modem = await opened(bench)
    await modem.activate(PDP)
    await modem.renew(PdpSettings("other"))
    assert bench.lines[-2] == 'AT+QICSGP=1,1,"other","","",0'
