"""The port is lent and polled between emails."""

import asyncio

from custom_components.quectel_smtp.delivery.records import State
from custom_components.quectel_smtp.modem.network.pdp import PdpState
from tests.delivery.bench import ACTIVE, PUT_LINE, RESTARTED, SENT, Office, email
from tests.modem.scripted_port import Late, frame
from tests.modem.virtual_time import virtual_time


@virtual_time
async def test_lending_waits_for_the_email_under_way_and_then_keeps_the_rest(
    office: Office,
) -> None:
    office.modem.answers[PUT_LINE] = [Late(50, SENT), SENT]
    async with office.at_work() as courier:
        first, second = email("one"), email("two")
        await courier.submit(first)
        await office.until(lambda: office.modem.sends == 1)
        await courier.submit(second)
        async with courier.lend():
            assert office.states_of(first)[-1] is State.SENT
            assert office.modem.port.closed
            assert not courier.status.connected
            await courier.poll()
            await asyncio.sleep(100)
            assert office.states_of(second) == [State.QUEUED]
        assert await office.ended(second) is State.SENT


@virtual_time
async def test_a_poll_refreshes_network_and_context(office: Office) -> None:
    async with office.at_work() as courier:
        await office.send(email())
        await office.idle()
        office.modem.answers["AT+COPS?"] = frame('+COPS: 0,0,"OTHER",7')
        await courier.poll()
        assert courier.status.network is not None
        assert courier.status.network.operator == "OTHER"
        # No context is active any longer, whatever we believed.
        states = [courier.status.pdp]
        office.modem.answers |= {"AT+QIACT?": ACTIVE, "AT+CGACT?": frame("+CGACT: 1,1")}
        await courier.poll()
        states.append(courier.status.pdp)
        assert states == [PdpState.INACTIVE, PdpState.ACTIVE]


@virtual_time
async def test_a_poll_that_gets_no_answer_makes_the_port_be_opened_anew(
    office: Office,
) -> None:
    async with office.at_work() as courier:
        await office.send(email("one"))
        await office.idle()
        office.modem.port.silent = True
        await courier.poll()
        assert await office.send(email("two")) is State.SENT
        assert len(office.modem.ports) == 2


@virtual_time
async def test_a_poll_during_which_the_modem_restarts_brings_it_back(
    office: Office,
) -> None:
    async with office.at_work() as courier:
        await office.send(email())
        await office.idle()
        office.modem.answers["AT+CEREG?"] = [RESTARTED, frame("+CEREG: 0,1")]
        before = office.modem.lines.count("AT+CPIN?")
        await courier.poll()
        await office.until(lambda: office.modem.lines.count("AT+CPIN?") > before)
