"""The line is watched while no email waits, and may be restarted or made anew by a person."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from custom_components.quectel_smtp.delivery.errors import BusyError, TooSoonError
from custom_components.quectel_smtp.delivery.records import State
from custom_components.quectel_smtp.delivery.status import Status
from custom_components.quectel_smtp.modem.at.errors import (
    NoAnswerError,
    PdpError,
    PortNotFoundError,
    RoamingError,
    SimMissingError,
)
from custom_components.quectel_smtp.modem.network.pdp import PdpSettings, PdpState
from custom_components.quectel_smtp.modem.network.radio import Quality
from custom_components.quectel_smtp.modem.network.sim import SimState
from custom_components.quectel_smtp.modem.network.status import Registration, Technology
from tests.delivery.bench import (
    ACTIVE,
    HOUR,
    PUT_LINE,
    SENT,
    SETTINGS,
    Office,
    SendingModem,
    email,
)
from tests.modem.scripted_port import ERROR, OK, Late, frame
from tests.modem.virtual_time import virtual_time

HOME = frame("+CEREG: 1,1")
ABROAD = frame("+CEREG: 1,5")
SEARCHING = frame("+CEREG: 1,2")
AT_HOME_ONLY = replace(SETTINGS, pdp=PdpSettings("internet", roaming=False))
ACTIVATE = "AT+QIACT=1"
RESTART = "AT+CFUN=1,1"


def seen(office: Office) -> Status:
    """Return what is known now: for mypy, something else each time."""
    return office.courier.status


def registration(office: Office) -> Registration | None:
    """Return the registration as it is known."""
    network = seen(office).network
    return None if network is None else network.registration


def tell(office: Office, line: str) -> None:
    """Have the modem send a line by itself."""
    office.modem.port.receive(f"\r\n{line}\r\n".encode())


async def in_service(office: Office) -> None:
    """Wait until the modem is in service."""
    await office.until(lambda: seen(office).network is not None)
    await office.idle()


@virtual_time
async def test_a_lost_registration_is_known_as_soon_as_the_modem_tells(
    office: Office,
) -> None:
    async with office.at_work():
        await in_service(office)
        office.modem.answers["AT+CEREG?"] = SEARCHING
        tell(office, "+CEREG: 2")
        await asyncio.sleep(1)
        assert registration(office) is Registration.SEARCHING
        office.modem.answers["AT+CEREG?"] = HOME
        tell(office, "+CEREG: 1")
        await asyncio.sleep(3)
        assert registration(office) is Registration.HOME
        network = seen(office).network
        assert network is not None
        assert network.technology is Technology.LTE


@virtual_time
async def test_a_modem_that_tells_whenever_it_is_asked_is_not_asked_on_and_on(
    office: Office,
) -> None:
    async with office.at_work():
        await in_service(office)
        tells = HOME + b"\r\n+CEREG: 1\r\n"
        office.modem.answers["AT+CEREG?"] = lambda: tells
        tell(office, "+CEREG: 1")
        before = office.modem.lines.count("AT+CEREG?")
        await asyncio.sleep(60)
        assert 5 < office.modem.lines.count("AT+CEREG?") - before <= 31


@virtual_time
async def test_a_sim_that_is_taken_out_is_known_and_taken_into_service_again(
    office: Office,
) -> None:
    async with office.at_work():
        await in_service(office)
        office.modem.answers["AT+CPIN?"] = b"\r\n+CME ERROR: 10\r\n"
        tell(office, "+CPIN: NOT READY")
        await office.until(lambda: isinstance(seen(office).trouble, SimMissingError))
        assert seen(office).sim is SimState.MISSING
        office.modem.answers["AT+CPIN?"] = frame("+CPIN: READY")
        tell(office, "+CPIN: READY")
        await asyncio.sleep(5)
        assert seen(office).trouble is None
        assert seen(office).sim is SimState.READY
        assert await office.send(email()) is State.SENT


@virtual_time
async def test_nothing_is_asked_while_an_email_is_being_sent(office: Office) -> None:
    office.modem.answers[PUT_LINE] = [Late(50, SENT)]
    async with office.at_work() as courier:
        await courier.submit(email())
        await office.until(lambda: office.modem.sends == 1)
        before = len(office.modem.lines)
        tell(office, "+CEREG: 2")
        await courier.poll()
        await asyncio.sleep(10)
        assert office.modem.lines[before:] == []


@virtual_time
async def test_signal_and_address_are_known_after_a_poll(office: Office) -> None:
    office.modem.answers["AT+QCSQ"] = frame('+QCSQ: "LTE",-66,-97,12,-11')
    async with office.at_work() as courier:
        await office.send(email())
        await office.idle()
        office.modem.answers["AT+QIACT?"] = ACTIVE
        office.modem.answers["AT+CGACT?"] = frame("+CGACT: 1,1")
        await courier.poll()
        assert seen(office).quality == Quality("LTE", -66, -97, 12, -11)
        assert seen(office).address == "10.0.0.1"


@virtual_time
async def test_a_firmware_that_is_silent_about_its_signal_stays_in_service(
    office: Office,
) -> None:
    office.modem.answers["AT+QCSQ"] = None
    async with office.at_work() as courier:
        await in_service(office)
        await courier.poll()
        assert seen(office).connected
        assert seen(office).quality is None
        assert await office.send(email()) is State.SENT


@virtual_time
async def test_no_email_goes_abroad_until_that_is_allowed(tmp_path: Path) -> None:
    office = Office(tmp_path, settings=AT_HOME_ONLY)
    office.modem.answers["AT+CEREG?"] = ABROAD
    async with office.at_work() as courier:
        await in_service(office)
        assert seen(office).barred
        found = email()
        await courier.submit(found)
        await asyncio.sleep(HOUR)
        assert isinstance(seen(office).trouble, RoamingError)
        assert ACTIVATE not in office.modem.lines
        assert office.states_of(found) == [State.QUEUED]
        courier.update(SETTINGS)
        assert not seen(office).barred
        assert seen(office).trouble is None
        assert await office.ended(found) is State.SENT


@virtual_time
async def test_what_waited_abroad_goes_as_soon_as_the_modem_is_home(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path, settings=AT_HOME_ONLY)
    office.modem.answers["AT+CEREG?"] = ABROAD
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        await office.until(lambda: seen(office).trouble is not None)
        await office.idle()
        office.modem.answers["AT+CEREG?"] = HOME
        tell(office, "+CEREG: 1")
        await asyncio.sleep(3)
        assert await office.ended(found) is State.SENT


@virtual_time
async def test_a_data_connection_is_given_back_when_the_modem_goes_abroad(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path, settings=AT_HOME_ONLY)
    async with office.at_work():
        await office.send(email())
        await office.idle()
        office.modem.answers |= {
            "AT+CEREG?": ABROAD,
            "AT+QIACT?": ACTIVE,
            "AT+CGACT?": frame("+CGACT: 1,1"),
        }
        tell(office, "+CEREG: 5")
        await asyncio.sleep(1)
        assert "AT+QIDEACT=1" in office.modem.lines
        assert seen(office).pdp is PdpState.INACTIVE


@virtual_time
async def test_a_modem_is_restarted_on_demand_as_often_as_recovery_may(
    office: Office,
) -> None:
    async with office.at_work() as courier:
        await in_service(office)
        for _ in range(3):
            await courier.restart_modem()
        with pytest.raises(TooSoonError) as refused:
            await courier.restart_modem()
        assert 500 < refused.value.seconds <= 600
        assert office.modem.lines.count(RESTART) == 3
        assert await office.send(email()) is State.SENT


@virtual_time
async def test_neither_is_done_while_an_email_is_being_sent(office: Office) -> None:
    office.modem.answers[PUT_LINE] = [Late(50, SENT)]
    async with office.at_work() as courier:
        await courier.submit(email())
        await office.until(lambda: office.modem.sends == 1)
        for asked in (courier.restart_modem, courier.reconnect):
            with pytest.raises(BusyError):
                await asked()
        await office.until(lambda: seen(office).mail.sent == 1)
        assert RESTART not in office.modem.lines


@virtual_time
async def test_the_data_connection_is_made_anew_on_demand(office: Office) -> None:
    async with office.at_work() as courier:
        await in_service(office)
        await courier.reconnect()
        assert seen(office).pdp is PdpState.ACTIVE
        office.modem.answers[ACTIVATE] = ERROR
        with pytest.raises(PdpError):
            await courier.reconnect()
        assert seen(office).pdp is PdpState.FAILED


@virtual_time
async def test_a_modem_that_is_away_can_not_be_restarted(tmp_path: Path) -> None:
    modem = SendingModem()
    modem.absent = True
    office = Office(tmp_path, modem)
    async with office.at_work() as courier:
        for asked in (courier.restart_modem, courier.reconnect):
            with pytest.raises(PortNotFoundError):
                await asked()


@virtual_time
async def test_a_modem_that_does_not_come_back_is_looked_for(office: Office) -> None:
    async with office.at_work() as courier:
        await in_service(office)
        office.modem.answers[RESTART] = None
        with pytest.raises(NoAnswerError):
            await courier.restart_modem()
        office.modem.answers[RESTART] = OK
        assert await office.send(email()) is State.SENT
