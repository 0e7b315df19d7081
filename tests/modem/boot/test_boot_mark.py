"""The modem's boot is known again by a number that only a restart takes from it."""

import pytest

from custom_components.quectel_smtp.modem.at.errors import ModemRebootedError
from tests.modem.scripted_modem import MARK_LINE, ScriptedModem
from tests.modem.scripted_port import ERROR, OK, frame
from tests.modem.test_modem import PDP
from tests.modem.virtual_time import virtual_time

RESTART = b"\r\nRDY\r\n"


@virtual_time
async def test_a_modem_without_a_mark_gets_one_and_is_asked_no_more() -> None:
    bench = ScriptedModem()
    modem = bench.modem()
    await modem.open()
    before = len(bench.lines)
    mark = await modem.mark()
    assert mark is not None
    assert 10 <= mark < 300
    assert bench.lines[before:] == [MARK_LINE, f"{MARK_LINE},{mark}", MARK_LINE]
    assert await modem.mark() == mark
    assert len(bench.lines) == before + 3
    assert await modem.same_boot(mark)


@virtual_time
async def test_the_mark_of_an_earlier_process_is_kept() -> None:
    bench = ScriptedModem()
    bench.mark = 123
    modem = bench.modem()
    await modem.open()
    assert await modem.same_boot(123)
    assert await modem.mark() == 123
    assert bench.mark == 123


@pytest.mark.parametrize(
    "answer", [ERROR, OK, frame('+QSSLCFG: "negotiatetime",5,9'), frame("+QSSLCFG:")]
)
@virtual_time
async def test_a_firmware_that_tells_no_mark_has_none(answer: bytes) -> None:
    bench = ScriptedModem()
    bench.answers[MARK_LINE] = answer
    modem = bench.modem()
    await modem.open()
    assert await modem.mark() is None
    before = len(bench.lines)
    assert await modem.mark() is None
    assert len(bench.lines) == before
    assert await modem.same_boot(123) is None


@pytest.mark.parametrize("answer", [ERROR, OK])
@virtual_time
async def test_a_firmware_that_keeps_no_mark_has_none(
    answer: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.randbelow", lambda _: 0)
    bench = ScriptedModem()
    bench.answers[MARK_LINE] = frame('+QSSLCFG: "negotiatetime",5,300')
    bench.answers[f"{MARK_LINE},10"] = answer
    modem = bench.modem()
    await modem.open()
    assert await modem.mark() is None


@virtual_time
async def test_without_a_mark_nothing_can_be_told() -> None:
    bench = ScriptedModem()
    modem = bench.modem()
    assert await modem.same_boot(None) is None
    assert bench.lines == []


@virtual_time
async def test_a_restart_that_was_not_heard_is_found_and_its_settings_sent_again() -> (
    None
):
    bench = ScriptedModem()
    modem = bench.modem()
    await modem.open()
    await modem.activate(PDP)
    mark = await modem.mark()
    boot = modem.boot
    bench.mark = 300
    modem.expect_late_result(100)
    assert await modem.same_boot(mark) is False
    assert modem.boot != boot
    with pytest.raises(ModemRebootedError):
        await modem.late_result()
    await modem.activate(PDP)
    assert bench.lines.count("AT+QIACT=1") == 2


@virtual_time
async def test_another_process_s_mark_that_is_gone_changes_nothing_of_ours() -> None:
    bench = ScriptedModem()
    modem = bench.modem()
    await modem.open()
    await modem.mark()
    boot = modem.boot
    assert await modem.same_boot(400) is False
    assert modem.boot == boot


@virtual_time
async def test_a_restart_that_is_heard_gives_a_new_mark() -> None:
    bench = ScriptedModem()
    modem = bench.modem()
    await modem.open()
    mark = await modem.mark()
    bench.restart()
    assert await modem.same_boot(mark) is False
    assert await modem.mark() is not None
    assert bench.mark != 300


@virtual_time
async def test_a_restart_while_the_mark_is_left_is_told() -> None:
    bench = ScriptedModem()
    modem = bench.modem()
    await modem.open()
    bench.port.cut = lambda data: iter(
        data.partition(OK)[1:] if RESTART in data else (data,)
    )
    bench.answers[MARK_LINE] = [
        frame('+QSSLCFG: "negotiatetime",5,123').removesuffix(OK) + OK + RESTART
    ]
    with pytest.raises(ModemRebootedError):
        await modem.mark()
