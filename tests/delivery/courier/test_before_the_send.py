"""What goes wrong before an email is handed over costs no email."""

import pytest

from custom_components.quectel_smtp.delivery.records import State
from tests.delivery.bench import RESTARTED, Office, email
from tests.modem.scripted_port import ERROR, OK
from tests.modem.virtual_time import virtual_time


@pytest.mark.parametrize(
    "line",
    ["AT+QIACT=1", 'AT+QSMTPCFG="ssltype",0', 'AT+QSMTPSUB=0,"Hello"'],
)
@virtual_time
async def test_a_reboot_before_the_send_costs_no_email(
    office: Office, line: str
) -> None:
    restarts = iter((RESTARTED,))
    office.modem.answers[line] = lambda: next(restarts, OK)
    async with office.at_work():
        found = email()
        assert await office.send(found) is State.SENT
        assert office.modem.sends == 1
        assert office.states_of(found) == [State.QUEUED, State.SENT]


@virtual_time
async def test_a_port_lost_before_the_send_costs_no_email(office: Office) -> None:
    def vanish() -> bytes:
        office.modem.answers['AT+QSMTPSUB=0,"Hello"'] = OK
        office.modem.port.lose(OSError(5, "gone"))
        return b""

    office.modem.answers['AT+QSMTPSUB=0,"Hello"'] = vanish
    async with office.at_work():
        assert await office.send(email()) is State.SENT
        assert len(office.modem.ports) == 2
        assert office.modem.sends == 1


@virtual_time
async def test_content_that_can_not_be_cleared_does_not_hold_the_outcome(
    office: Office,
) -> None:
    async with office.at_work():
        assert await office.send(email("one")) is State.SENT
        office.modem.answers["AT+QSMTPCLR"] = [ERROR, OK, OK]
        assert await office.send(email("two")) is State.SENT
        assert await office.send(email("three")) is State.SENT
        assert office.modem.subjects == ["one", "two", "three"]
