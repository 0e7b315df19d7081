"""The modem is found behind its port, and brought into service as often as it takes."""

import asyncio
from dataclasses import replace

import pytest

from custom_components.quectel_smtp.delivery.records import State
from custom_components.quectel_smtp.delivery.settings import Pin
from custom_components.quectel_smtp.modem.at.errors import (
    ModemError,
    NoAnswerError,
    NotRegisteredError,
    PdpError,
    PinRequiredError,
    PortNotFoundError,
    SimMissingError,
    WrongModemError,
)
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.network.sim import SimState
from tests.delivery.bench import HOUR, RESTARTED, SETTINGS, Office, email
from tests.modem.scripted_modem import IMEI
from tests.modem.scripted_port import ERROR, OK, frame
from tests.modem.virtual_time import virtual_time


@virtual_time
async def test_start_returns_at_once_and_the_modem_comes_into_service(
    office: Office,
) -> None:
    async with office.at_work() as courier:
        assert office.modem.opened == []
        await office.until(lambda: courier.status.network)
        status = courier.status
        assert status.connected
        assert status.port == "scripted"
        assert status.trouble is None
        assert status.identity is not None
        assert status.identity.imei == IMEI
        assert status.sim is SimState.READY


@virtual_time
async def test_while_the_modem_is_away_emails_are_accepted_and_nothing_is_written(
    office: Office,
) -> None:
    office.modem.absent = True
    async with office.at_work() as courier:
        await office.until(lambda: courier.status.trouble)
        found = email()
        await courier.submit(found)
        changes = len(office.statuses)
        await asyncio.sleep(HOUR)
        assert len(office.statuses) == changes
        assert type(office.statuses[-1].trouble) is PortNotFoundError
        assert 1500 < len(office.modem.opened) < 2500
        office.modem.absent = False
        loop = asyncio.get_running_loop()
        back = loop.time()
        assert await office.ended(found) is State.SENT
        assert loop.time() - back < 10
        assert courier.status.trouble is None
        assert office.states_of(found) == [State.QUEUED, State.SENT]


@virtual_time
async def test_the_modem_is_found_behind_another_port_by_its_imei(
    office: Office,
) -> None:
    office.modem.urls = {"scripted"}
    async with office.at_work() as courier:
        assert await office.send(email("before")) is State.SENT
        office.modem.urls = {"elsewhere"}
        office.ports = ["scripted", "gone", "elsewhere"]
        office.modem.port.lose(OSError(5, "gone"))
        assert await office.send(email("after")) is State.SENT
        assert courier.status.port == "elsewhere"
        # Settings that name this port are what is so already.
        courier.update(replace(SETTINGS, port=PortSettings("elsewhere")))
        opened = len(office.modem.opened)
        assert await office.send(email("later")) is State.SENT
        assert len(office.modem.opened) == opened


@virtual_time
async def test_another_modem_behind_the_port_is_not_taken_for_ours(
    office: Office,
) -> None:
    office.ports = ["elsewhere"]
    office.modem.answers["AT+CGSN"] = frame("861234567890199")
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        await office.until(lambda: courier.status.trouble)
        assert isinstance(courier.status.trouble, WrongModemError)
        assert "elsewhere" in office.modem.opened
        assert office.modem.sends == 0
        office.modem.answers["AT+CGSN"] = frame(IMEI)
        assert await office.ended(found) is State.SENT


@virtual_time
async def test_without_an_imei_no_other_port_is_opened(office: Office) -> None:
    office.settings = replace(SETTINGS, imei=None)
    office.modem.urls = {"elsewhere"}
    office.ports = ["elsewhere"]
    async with office.at_work() as courier:
        await office.until(lambda: courier.status.trouble)
        await asyncio.sleep(60)
        assert set(office.modem.opened) == {"scripted"}


@pytest.mark.parametrize(
    ("line", "answer", "error"),
    [
        ("AT+CPIN?", b"\r\n+CME ERROR: 10\r\n", SimMissingError),
        ("AT+CPIN?", frame("+CPIN: SIM PIN"), PinRequiredError),
        ("AT+QIACT=1", ERROR, PdpError),
    ],
    ids=["no SIM", "PIN", "PDP"],
)
@virtual_time
async def test_what_keeps_mail_from_going_is_the_trouble_until_it_is_mended(
    office: Office, line: str, answer: bytes, error: type[ModemError]
) -> None:
    whole = office.modem.answers.get(line, OK)
    office.modem.answers[line] = answer
    office.modem.answers['AT+QPINC="SC"'] = frame('+QPINC: "SC",3,10')
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        await office.until(lambda: type(courier.status.trouble) is error)
        office.modem.answers[line] = whole
        assert await office.ended(found) is State.SENT
        assert courier.status.trouble is None


@virtual_time
async def test_a_pin_that_was_refused_is_not_sent_again_until_it_is_another(
    office: Office,
) -> None:
    answers = office.modem.answers
    answers["AT+CPIN?"] = frame("+CPIN: SIM PIN")
    answers['AT+QPINC="SC"'] = frame('+QPINC: "SC",5,10')
    answers['AT+CPIN="1111"'] = b"\r\n+CME ERROR: 16\r\n"

    def accept() -> bytes:
        answers["AT+CPIN?"] = frame("+CPIN: READY")
        return OK

    answers['AT+CPIN="2222"'] = accept
    office.settings = replace(SETTINGS, pin=Pin("1111", None))
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        await asyncio.sleep(2 * HOUR)
        courier.update(office.settings)
        await asyncio.sleep(2 * HOUR)
        assert office.modem.lines.count('AT+CPIN="1111"') == 1
        courier.update(replace(SETTINGS, pin=Pin("2222", None)))
        assert await office.ended(found) is State.SENT


@virtual_time
async def test_a_modem_that_does_not_register_is_trouble_with_and_without_mail(
    office: Office,
) -> None:
    for name in ("CEREG", "CGREG", "CREG"):
        office.modem.answers[f"AT+{name}?"] = frame(f"+{name}: 0,2")
    async with office.at_work() as courier:
        await office.until(lambda: courier.status.trouble)
        assert isinstance(courier.status.trouble, NotRegisteredError)
        found = email()
        await courier.submit(found)
        await office.until(lambda: State.DEFERRED in office.states)
        office.modem.answers["AT+CEREG?"] = frame("+CEREG: 0,1")
        assert await office.ended(found) is State.SENT


@virtual_time
async def test_a_modem_that_restarts_by_itself_is_brought_back_into_service(
    office: Office,
) -> None:
    async with office.at_work():
        await office.send(email())
        await office.idle()
        before = office.modem.lines.count("AT+CPIN?")
        office.modem.port.receive(RESTARTED)
        await office.until(lambda: office.modem.lines.count("AT+CPIN?") > before)


@virtual_time
async def test_a_silent_modem_is_opened_anew(office: Office) -> None:
    async with office.at_work() as courier:
        await office.until(lambda: courier.status.network)
        office.modem.answers["AT+CPIN?"] = None
        office.modem.port.receive(RESTARTED)
        await office.until(lambda: courier.status.trouble)
        office.modem.answers["AT+CPIN?"] = frame("+CPIN: READY")
        assert await office.send(email()) is State.SENT
        assert len(office.modem.ports) > 1


@virtual_time
async def test_a_silence_that_an_attempt_met_is_no_trouble_once_the_modem_answers(
    office: Office,
) -> None:
    office.modem.answers["AT+QIACT=1"] = None
    async with office.at_work() as courier:
        await courier.submit(email())
        await office.until(lambda: isinstance(courier.status.trouble, NoAnswerError))
        await office.until(lambda: courier.status.trouble is None)
        assert courier.status.connected
        assert courier.status.mail.waiting == 1
