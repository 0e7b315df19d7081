"""How a modem is brought into service: its SIM, its PIN, its network."""

from dataclasses import replace
from pathlib import Path

from custom_components.quectel_smtp.delivery.records import State
from custom_components.quectel_smtp.delivery.settings import Pin
from custom_components.quectel_smtp.modem.at.errors import (
    PinRequiredError,
    PinUnjudgedError,
    SimNotReadyError,
)
from tests.delivery.bench import SETTINGS, Office, SendingModem, email
from tests.modem.scripted_port import ERROR, OK, frame
from tests.modem.virtual_time import virtual_time

PIN = Pin("1234", None)
PIN_LINE = 'AT+CPIN="1234"'


def locked(tries: bytes = frame('+QPINC: "SC",3,10')) -> SendingModem:
    """Return a modem whose SIM wants its PIN."""
    modem = SendingModem()
    modem.answers["AT+CPIN?"] = frame("+CPIN: SIM PIN")
    modem.answers['AT+QPINC="SC"'] = tries
    return modem


def unlocking(modem: SendingModem) -> None:
    """Have the modem take the PIN from now on."""

    def accept() -> bytes:
        modem.answers["AT+CPIN?"] = frame("+CPIN: READY")
        return OK

    modem.answers[PIN_LINE] = accept


@virtual_time
async def test_a_pin_that_the_sim_did_not_look_at_is_tried_until_it_does(
    tmp_path: Path,
) -> None:
    modem = locked()
    modem.answers[PIN_LINE] = b"\r\n+CME ERROR: 14\r\n"
    office = Office(tmp_path, modem, replace(SETTINGS, pin=PIN))
    async with office.at_work() as courier:
        await office.until(lambda: isinstance(courier.status.trouble, SimNotReadyError))
        unlocking(modem)
        assert await office.send(email()) is State.SENT


@virtual_time
async def test_a_pin_that_nobody_judged_is_asked_about_and_not_sent_again(
    tmp_path: Path,
) -> None:
    modem = locked(tries=ERROR)
    modem.answers[PIN_LINE] = ERROR
    office = Office(tmp_path, modem, replace(SETTINGS, pin=PIN))
    async with office.at_work() as courier:
        await office.until(lambda: type(courier.status.trouble) is PinRequiredError)
        assert any(
            isinstance(status.trouble, PinUnjudgedError) for status in office.statuses
        )
        assert modem.lines.count(PIN_LINE) == 1
