"""New settings hold from the next email on."""

import asyncio
from dataclasses import replace

from custom_components.quectel_smtp.delivery.records import Options, Reason
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.network.pdp import PdpState
from tests.delivery.bench import HOUR, PUT_LINE, SENT, SETTINGS, Office, email, result
from tests.modem.scripted_port import ERROR, Late
from tests.modem.virtual_time import virtual_time


@virtual_time
async def test_another_server_is_used_from_the_next_email_on(office: Office) -> None:
    async with office.at_work() as courier:
        await office.send(email("one"))
        courier.update(
            replace(SETTINGS, server=replace(SETTINGS.server, host="other.example"))
        )
        await office.send(email("two"))
        assert 'AT+QSMTPCFG="smtpserver","other.example",25' in office.modem.lines
        assert len(office.modem.ports) == 1


@virtual_time
async def test_an_email_sent_by_one_account_proves_no_other(office: Office) -> None:
    office.modem.answers[PUT_LINE] = [Late(50, SENT), result(678, 550)]
    async with office.at_work() as courier:
        await courier.submit(email("one"))
        await office.until(lambda: office.modem.sends == 1)
        courier.update(
            replace(SETTINGS, server=replace(SETTINGS.server, username="other"))
        )
        await office.until(lambda: courier.status.mail.sent == 1)
        # Nothing was ever sent by this one: it may be its sender that is refused.
        await courier.submit(email("two"))
        await office.until(lambda: courier.status.mail.held)
        assert courier.status.mail.held == {Reason.REFUSED}


@virtual_time
async def test_another_port_or_modem_is_opened_and_the_old_one_closed(
    office: Office,
) -> None:
    async with office.at_work() as courier:
        await office.send(email("one"))
        courier.update(replace(SETTINGS, port=PortSettings("other")))
        await office.send(email("two"))
        assert office.modem.opened == ["scripted", "other"]
        assert office.modem.ports[0].closed
        courier.update(replace(SETTINGS, port=PortSettings("other"), imei=None))
        await office.send(email("three"))
        assert office.modem.opened == ["scripted", "other", "other"]


@virtual_time
async def test_the_pdp_context_is_given_back_when_no_mail_needs_it(
    office: Office,
) -> None:
    async with office.at_work() as courier:
        await office.send(email("one"))
        await asyncio.sleep(20 * 60)
        await office.send(email("two"))
        await asyncio.sleep(29 * 60)
        states = [courier.status.pdp]
        await asyncio.sleep(2 * 60)
        states.append(courier.status.pdp)
        assert states == [PdpState.ACTIVE, PdpState.INACTIVE]
        await office.send(email("three"))
        office.modem.answers["AT+QIDEACT=1"] = ERROR
        await asyncio.sleep(60 * 60)
        del office.modem.answers["AT+QIDEACT=1"]
        courier.update(replace(SETTINGS, options=Options(idle=0)))
        await office.send(email("four"))
        await asyncio.sleep(10 * HOUR)
        assert courier.status.pdp is PdpState.ACTIVE
