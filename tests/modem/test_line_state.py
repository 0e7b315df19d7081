"""What a modem tells of its line: by itself, or when it is asked."""

from dataclasses import replace

import pytest

from custom_components.quectel_smtp.modem.at.errors import NoAnswerError, RoamingError
from custom_components.quectel_smtp.modem.network.pdp import PdpSettings, PdpState
from custom_components.quectel_smtp.modem.network.radio import Quality
from custom_components.quectel_smtp.modem.network.sim import SimState
from tests.modem.scripted_modem import ScriptedModem
from tests.modem.scripted_port import ERROR, OK, frame
from tests.modem.virtual_time import virtual_time

HOME_ONLY = PdpSettings("internet", roaming=False)
ABROAD = frame("+CEREG: 1,5")
ACTIVATE = "AT+QIACT=1"


@pytest.mark.parametrize("line", ["+CEREG: 2", "+CPIN: NOT READY"])
@virtual_time
async def test_a_change_that_the_modem_tells_of_is_passed_on(line: str) -> None:
    bench = ScriptedModem()
    modem = bench.modem()
    await modem.open()
    told: list[int] = []
    modem.watch(lambda: told.append(modem.news))
    bench.port.receive(f"\r\n{line}\r\n".encode())
    assert told == [1]


@virtual_time
async def test_the_modem_is_asked_to_tell_of_its_registration() -> None:
    bench = ScriptedModem()
    await bench.modem().open()
    assert bench.lines[-1] == "AT+CEREG=1"


@virtual_time
async def test_the_sim_s_state_is_known_once_it_was_asked_for() -> None:
    bench = ScriptedModem()
    modem = bench.modem()
    assert modem.known_sim is None
    await modem.open()
    assert modem.known_sim is None
    await modem.sim_state()
    assert modem.known_sim is SimState.READY


@virtual_time
async def test_no_context_is_activated_abroad_where_that_is_not_allowed() -> None:
    bench = ScriptedModem()
    bench.answers["AT+CEREG?"] = ABROAD
    modem = bench.modem()
    await modem.open()
    for bring_up in (modem.activate, modem.share, modem.renew):
        with pytest.raises(RoamingError):
            await bring_up(HOME_ONLY)
    assert ACTIVATE not in bench.lines
    assert modem.pdp_state is PdpState.INACTIVE


@virtual_time
async def test_a_context_is_activated_at_home_and_abroad_where_that_is_allowed() -> (
    None
):
    bench = ScriptedModem()
    modem = bench.modem()
    await modem.open()
    await modem.activate(HOME_ONLY)
    bench.answers["AT+CEREG?"] = ABROAD
    await modem.renew(replace(HOME_ONLY, roaming=True))
    assert bench.lines.count(ACTIVATE) == 2


@virtual_time
async def test_the_address_is_known_while_the_context_is_up() -> None:
    bench = ScriptedModem()
    modem = bench.modem()
    addresses = [modem.address]
    await modem.open()
    await modem.activate(HOME_ONLY)
    bench.answers["AT+QIACT?"] = frame('+QIACT: 1,1,1,"10.1.2.3"')
    bench.answers["AT+CGACT?"] = frame("+CGACT: 1,1")
    await modem.refresh_pdp()
    addresses.append(modem.address)
    bench.answers["AT+QIACT?"] = frame("+QIACT: 1,1,1")
    await modem.refresh_pdp()
    addresses.append(modem.address)
    bench.answers["AT+QIACT?"] = OK
    assert await modem.refresh_pdp() is PdpState.INACTIVE
    addresses.append(modem.address)
    assert addresses == [None, "10.1.2.3", None, None]


@virtual_time
async def test_the_signal_is_measured_where_the_firmware_can() -> None:
    bench = ScriptedModem()
    bench.answers["AT+QCSQ"] = [
        frame('+QCSQ: "LTE",-66,-97,12,-11'),
        frame('+QCSQ: "NOSERVICE"'),
        ERROR,
        frame('+QCSQ: "LTE",-66,-97,12,-11'),
    ]
    modem = bench.modem()
    await modem.open()
    measured = Quality("LTE", -66, -97, 12, -11)
    found = [await modem.quality() for _ in range(4)]
    assert found == [measured, None, None, measured]


@virtual_time
async def test_a_firmware_that_falls_silent_at_it_is_asked_once() -> None:
    bench = ScriptedModem()
    bench.answers["AT+QCSQ"] = None
    modem = bench.modem()
    await modem.open()
    with pytest.raises(NoAnswerError):
        await modem.quality()
    assert await modem.quality() is None
    assert bench.lines.count("AT+QCSQ") == 1
