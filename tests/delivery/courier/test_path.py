"""While the path fails emails wait for it, and it is mended a step further each time."""

import asyncio
from dataclasses import replace

import pytest

from custom_components.quectel_smtp.delivery.records import State
from tests.delivery.bench import (
    DNS_LINE,
    HOUR,
    PUT_LINE,
    RESTARTED,
    SENT,
    SETTINGS,
    Office,
    email,
    result,
)
from tests.modem.scripted_port import ERROR, OK
from tests.modem.virtual_time import virtual_time


@virtual_time
async def test_after_a_fault_of_our_own_the_settings_are_sent_anew_too(
    office: Office,
) -> None:
    async with office.at_work():
        assert await office.send(email("one")) is State.SENT
        office.modem.answers[PUT_LINE] = [result(659), SENT]
        assert await office.send(email("two")) is State.SENT
        assert office.modem.subjects == ["one", "two", "two"]
        assert office.modem.lines.count('AT+QSMTPCFG="account","u","p"') == 2


@virtual_time
async def test_a_path_that_can_not_be_proved_costs_no_attempt(office: Office) -> None:
    answers = office.modem.answers
    answers[PUT_LINE] = [result(654), SENT]
    proved = answers[DNS_LINE]
    answers[DNS_LINE] = OK + b'\r\n+QIURC: "dnsgip",565\r\n'
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        await asyncio.sleep(6 * HOUR)
        assert office.modem.sends == 1
        answers[DNS_LINE] = proved
        assert await office.ended(found) is State.SENT
        assert office.modem.sends == 2
        assert office.transitions[-1].attempts == 2


@virtual_time
async def test_a_repeat_that_fails_for_another_reason_than_the_path_is_tried_ever_more_rarely(
    office: Office,
) -> None:
    answers = office.modem.answers
    answers[PUT_LINE] = [result(654), SENT]
    proved = answers[DNS_LINE]
    answers[DNS_LINE] = OK + b'\r\n+QIURC: "dnsgip",565\r\n'
    account = 'AT+QSMTPCFG="account","u","other"'
    refusals = 0

    def refuse() -> bytes:
        nonlocal refusals
        refusals += 1
        # Time stands still for what is tried without a pause.
        return OK if refusals > 100 else b"\r\n+CME ERROR: 50\r\n"

    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        await asyncio.sleep(60)
        answers[DNS_LINE] = proved
        answers[account] = refuse
        server = replace(SETTINGS.server, password="other")
        courier.update(replace(SETTINGS, server=server))
        await asyncio.sleep(HOUR)
        assert 5 < refusals < 20
        answers[account] = OK
        assert await office.ended(found) is State.SENT
        assert office.modem.sends == 2


@virtual_time
async def test_further_copies_stay_hours_apart_when_another_email_ends_a_hold(
    office: Office,
) -> None:
    answers = office.modem.answers
    answers[PUT_LINE] = [
        SENT,
        result(654),
        result(654),
        result(654),
        *[result(677, 535)] * 2,
    ]
    async with office.at_work() as courier:
        assert await office.send(email("first")) is State.SENT
        found = email("in doubt")
        await courier.submit(found)
        # The third copy has gone: the next one is two hours away.
        await office.until(lambda: office.modem.sends == 4)
        await courier.submit(email("refused"))
        await office.until(lambda: office.modem.sends == 6)
        answers[PUT_LINE] = SENT
        assert await office.send(email("another", critical=True)) is State.SENT
        sends = office.modem.sends
        await asyncio.sleep(HOUR / 2)
        assert State.SENT not in office.states_of(found)
        assert office.modem.sends <= sends + 1
        assert courier.status.mail.held == frozenset()
        assert await office.ended(found) is State.SENT


@virtual_time
async def test_while_the_path_fails_others_wait_and_a_critical_email_knocks(
    office: Office,
) -> None:
    office.modem.answers["AT+QIACT=1"] = ERROR
    async with office.at_work() as courier:
        await courier.submit(email("one"))
        await asyncio.sleep(HOUR)
        tries = office.modem.lines.count("AT+QIACT=1")
        await courier.submit(email("Fire", critical=True))
        await asyncio.sleep(30)
        assert office.modem.lines.count("AT+QIACT=1") > tries
        assert [found.attempts for found in await courier.listed()][0] >= 1
        del office.modem.answers["AT+QIACT=1"]
        await courier.submit(email("Water", critical=True))
        await office.until(lambda: courier.status.mail.sent == 3)


@virtual_time
async def test_the_ladder_is_climbed_while_sending_fails(office: Office) -> None:
    office.modem.answers[PUT_LINE] = result(652)
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        await asyncio.sleep(HOUR)
        lines = office.modem.lines
        climbed = ("AT+QIDEACT=1", "AT+CFUN=4", "AT+CFUN=1,1")
        positions = [lines.index(line) for line in climbed]
        assert positions == sorted(positions)
        assert lines[: positions[0]].count(PUT_LINE) == 2
        office.modem.answers[PUT_LINE] = SENT
        assert await office.ended(found) is State.SENT
        assert not courier.status.exhausted


@pytest.mark.parametrize("how", ["unplugged", "moved", "restarted"])
@virtual_time
async def test_a_modem_that_comes_back_is_tried_soon(office: Office, how: str) -> None:
    office.ports = ["elsewhere"]
    office.modem.urls = {"scripted"}
    office.modem.answers[PUT_LINE] = result(652)
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        await asyncio.sleep(6 * HOUR)
        sends = office.modem.sends
        await office.until(lambda: office.modem.sends > sends)
        office.modem.answers[PUT_LINE] = SENT
        office.modem.mark = 300
        if how == "moved":
            office.modem.urls = {"elsewhere"}
        if how == "restarted":
            office.modem.port.receive(RESTARTED)
        else:
            office.modem.port.lose(OSError(5, "gone"))
        async with asyncio.timeout(61):
            assert await office.ended(found) is State.SENT


@virtual_time
async def test_a_modem_that_restarts_whenever_it_sends_is_not_tried_all_the_time(
    office: Office,
) -> None:
    office.modem.answers[PUT_LINE] = result(652) + RESTARTED
    async with office.at_work() as courier:
        await courier.submit(email())
        await asyncio.sleep(HOUR)
        assert office.modem.sends < 12


@virtual_time
async def test_when_the_ladder_is_at_its_end_it_says_so_until_mail_goes(
    office: Office,
) -> None:
    office.modem.answers[PUT_LINE] = result(652)
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        await office.until(lambda: courier.status.exhausted, 20 * HOUR)
        office.modem.answers[PUT_LINE] = SENT
        assert await office.ended(found) is State.SENT
        assert not courier.status.exhausted
