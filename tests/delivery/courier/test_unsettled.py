"""A result that has not come yet is waited for, and belongs to its own email only."""

import asyncio
from contextlib import closing
from dataclasses import replace
import sqlite3
from typing import Any

import pytest

from custom_components.quectel_smtp.delivery.changes import Change, Fit
from custom_components.quectel_smtp.delivery.records import Options, Reason, State, Wear
from custom_components.quectel_smtp.delivery.rules.policy import account
from custom_components.quectel_smtp.delivery.rules.recovery import Recovery
from custom_components.quectel_smtp.held import retry_held
from custom_components.quectel_smtp.modem.network.pdp import PdpState
from tests.delivery.bench import (
    ACTIVE,
    DNS_LINE,
    HOUR,
    PUT_LINE,
    QUESTION,
    RESTARTED,
    SENT,
    SETTINGS,
    Office,
    email,
    result,
)
from tests.modem.scripted_modem import IMEI, MARK_LINE
from tests.modem.scripted_port import ERROR, OK, Answer, Data, Late, frame
from tests.modem.virtual_time import virtual_time


@virtual_time
async def test_no_command_is_sent_until_a_result_that_is_late_settles_its_own(
    office: Office,
) -> None:
    def take_and_vanish() -> bytes:
        office.modem.port.receive(OK)
        office.modem.port.lose(OSError(5, "gone"))
        return b""

    office.modem.answers[PUT_LINE] = take_and_vanish
    async with office.at_work() as courier:
        first, second = email("one"), email("two")
        await courier.submit(first)
        await courier.submit(second)
        await office.until(lambda: len(office.modem.ports) == 2)
        await asyncio.sleep(100)
        assert office.modem.subjects == ["one"]
        office.modem.answers[PUT_LINE] = SENT
        office.modem.port.receive(b"\r\n+QSMTPPUT: 678,550\r\n")
        assert await office.ended(second) is State.SENT
        # No email of this account was ever sent: it may be the sender.
        assert office.states_of(first)[1] is State.HELD
        assert office.modem.subjects[:2] == ["one", "two"]


@virtual_time
async def test_a_result_that_comes_late_says_what_was_done_to_its_email(
    office: Office,
) -> None:
    def take_and_vanish() -> bytes:
        office.modem.port.receive(OK)
        office.modem.port.lose(OSError(5, "gone"))
        return b""

    office.modem.answers[PUT_LINE] = take_and_vanish
    async with office.at_work() as courier:
        found = email(body="Water\x07")
        await courier.submit(found)
        await office.until(lambda: len(office.modem.ports) == 2)
        await asyncio.sleep(100)
        office.modem.port.receive(b"\r\n+QSMTPPUT: 0,250\r\n")
        assert await office.ended(found) is State.SENT
        finding = office.transitions[-1].finding
        assert finding is not None
        assert finding.changes == (Change(Fit.CHARACTERS_REMOVED),)


@virtual_time
async def test_a_result_that_comes_after_a_restart_says_what_was_done_to_its_email(
    office: Office,
) -> None:
    office.modem.answers[PUT_LINE] = OK
    found = email(body="Water\x07")
    async with office.at_work() as courier:
        await courier.submit(found)
        await office.until(lambda: office.modem.sends == 1)
    async with office.at_work():
        await office.until(lambda: len(office.modem.ports) == 2)
        await asyncio.sleep(10)
        office.modem.port.receive(b"\r\n+QSMTPPUT: 0,250\r\n")
        assert await office.ended(found) is State.SENT
    finding = office.transitions[-1].finding
    assert finding is not None
    assert finding.changes == (Change(Fit.CHARACTERS_REMOVED),)


@virtual_time
async def test_a_lost_result_reboots_the_modem_and_allows_one_marked_repeat(
    office: Office,
) -> None:
    office.modem.answers[PUT_LINE] = [OK, SENT]
    async with office.at_work():
        found = email()
        assert await office.send(found) is State.SENT
        lines = office.modem.lines
        put = [at for at, line in enumerate(lines) if line == PUT_LINE]
        assert len(put) == 2
        assert "AT+CFUN=1,1" in lines[put[0] : put[1]]
        assert "(possible repeat)" in office.modem.bodies[1]


@virtual_time
async def test_an_email_whose_sending_is_over_waits_for_no_result_and_no_restart(
    office: Office,
) -> None:
    office.modem.answers[PUT_LINE] = OK
    courier = await office.open()
    courier.start()
    found = email()
    await courier.submit(found)
    await office.until(lambda: office.modem.sends == 1)
    await courier.close()
    office.modem.answers[PUT_LINE] = SENT
    async with office.at_work():
        # Home Assistant is back, and the modem still sends.
        await asyncio.sleep(100)
        assert office.states_of(found) == [State.QUEUED]
        office.modem.answers[QUESTION] = Data(1, lambda _: frame("+QSMTPBODY: 1"))
        await asyncio.sleep(15)
        assert office.states_of(found)[-1] is State.SENT
        assert "AT+CFUN=1,1" not in office.modem.lines
        assert "(possible repeat)" in office.modem.bodies[1]


@pytest.mark.parametrize("answer", [ERROR, None, OK])
@virtual_time
async def test_where_the_modem_can_not_tell_the_result_is_waited_for(
    office: Office, answer: Answer
) -> None:
    office.modem.answers[PUT_LINE] = OK
    courier = await office.open()
    courier.start()
    found = email()
    await courier.submit(found)
    await office.until(lambda: office.modem.sends == 1)
    await courier.close()
    office.modem.answers[QUESTION] = answer
    async with office.at_work():
        await asyncio.sleep(100)
        assert office.states_of(found) == [State.QUEUED]
        office.modem.port.receive(b"\r\n+QSMTPPUT: 0,250\r\n")
        assert await office.ended(found) is State.SENT
        assert office.modem.sends == 1


@virtual_time
async def test_a_reboot_that_is_due_in_no_time_at_all_is_waited_for(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.modem.answers[PUT_LINE] = [OK, SENT]
    allowed = 2000.0

    def next_reboot(_: Recovery, now: float) -> float:
        # Times are differences of others: what is left of one may be too little to add.
        return 1e-13 if now < allowed else 0.0

    monkeypatch.setattr(Recovery, "next_reboot", next_reboot)
    async with office.at_work():
        assert await office.send(email()) is State.SENT
        assert office.modem.lines.count("AT+CFUN=1,1") == 1


@virtual_time
async def test_a_second_lost_result_ends_the_email_as_unknown(office: Office) -> None:
    office.modem.answers[PUT_LINE] = OK
    async with office.at_work():
        found = email()
        # Result codes do come to this port.
        await office.until(lambda: office.modem.ports)
        office.modem.port.receive(b"\r\n+QIND: PB DONE\r\n")
        assert await office.send(found) is State.UNKNOWN
        assert office.modem.sends == 2


@virtual_time
async def test_a_restart_in_mid_send_is_a_lost_result_at_once(office: Office) -> None:
    office.modem.answers[PUT_LINE] = [OK + RESTARTED, SENT]
    async with office.at_work():
        loop = asyncio.get_running_loop()
        start = loop.time()
        assert await office.send(email()) is State.SENT
        assert loop.time() - start < 60
        assert "AT+CFUN=1,1" not in office.modem.lines
        assert "(possible repeat)" in office.modem.bodies[1]


@pytest.mark.parametrize("reply", [250, 550])
@virtual_time
async def test_after_our_own_restart_the_result_is_waited_for(
    office: Office, reply: int
) -> None:
    office.modem.answers[PUT_LINE] = OK
    found = email()
    async with office.at_work() as courier:
        await courier.submit(found)
        await office.until(lambda: office.modem.sends == 1)
    office.modem.answers[PUT_LINE] = SENT
    async with office.at_work() as courier:
        other = email("two")
        await courier.submit(other)
        await office.until(lambda: len(office.modem.ports) == 2)
        await asyncio.sleep(50)
        assert office.modem.subjects == ["Hello"]
        code = 0 if reply == 250 else 678
        office.modem.port.receive(f"\r\n+QSMTPPUT: {code},{reply}\r\n".encode())
        assert await office.ended(other) is State.SENT
        if reply == 250:
            assert office.states_of(found) == [State.QUEUED, State.SENT]
            assert office.modem.sends == 2


@virtual_time
async def test_after_a_power_cut_the_modems_own_restart_is_recognised(
    office: Office,
) -> None:
    office.modem.answers[PUT_LINE] = OK
    found = email()
    async with office.at_work() as courier:
        await courier.submit(found)
        await office.until(lambda: office.modem.sends == 1)
    office.modem.answers[PUT_LINE] = SENT
    office.modem.mark = 300
    async with office.at_work():
        loop = asyncio.get_running_loop()
        start = loop.time()
        assert await office.ended(found) is State.SENT
        assert loop.time() - start < 60
        assert "(possible repeat)" in office.modem.bodies[1]


@pytest.mark.parametrize("error", ["lost", "restarted"])
@virtual_time
async def test_what_happens_between_intent_and_send_is_no_doubt(
    office: Office, error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office.at_work() as courier:
        await office.until(lambda: courier.status.network)
        begin = office.outbox.begin

        def begin_and_fail(*args: Any) -> bool:
            monkeypatch.undo()
            begun = begin(*args)
            channel = office.modem.port.channel
            if error == "lost":
                channel.connection_lost(OSError(5, "gone"))
            else:
                channel.data_received(RESTARTED)
                office.modem.answers["ATE0"] = [RESTARTED, OK]
            return begun

        monkeypatch.setattr(office.outbox, "begin", begin_and_fail)
        assert await office.send(email()) is State.SENT
        assert "(possible repeat)" not in office.modem.bodies[-1]
        assert office.modem.sends == 1


@pytest.mark.parametrize("times", [1, 3])
@virtual_time
async def test_a_restart_that_comes_after_the_content_costs_no_email(
    office: Office, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = office.modem.take_body

    def take_and_restart(data: bytes) -> bytes:
        if len(office.modem.bodies) + 1 == times:
            monkeypatch.undo()
        return take(data) + RESTARTED

    monkeypatch.setattr(office.modem, "take_body", take_and_restart)
    async with office.at_work():
        found = email()
        assert await office.send(found) is State.SENT
        # After three in a row others have their turn.
        assert (State.DEFERRED in office.states_of(found)) is (times == 3)
        assert "(possible repeat)" not in office.modem.bodies[-1]
        assert (len(office.modem.bodies), office.modem.sends) == (times + 1, 1)


@virtual_time
async def test_content_that_the_modem_refuses_is_given_to_it_again(
    office: Office,
) -> None:
    refused = b"\r\n+CME ERROR: 659\r\n"
    office.modem.answers['AT+QSMTPSUB=0,"Hello"'] = [refused, OK]
    async with office.at_work():
        found = email()
        assert await office.send(found) is State.SENT
        assert State.DEFERRED in office.states_of(found)
        assert office.modem.sends == 1


@virtual_time
async def test_an_unsettled_email_waits_for_the_port_and_others_wait_for_it(
    office: Office,
) -> None:
    def take_and_vanish() -> bytes:
        office.modem.answers[PUT_LINE] = SENT
        office.modem.absent = True
        office.modem.port.receive(OK)
        office.modem.port.lose(OSError(5, "gone"))
        return b""

    office.modem.answers[PUT_LINE] = take_and_vanish
    async with office.at_work() as courier:
        first, second = email("one"), email("two")
        await courier.submit(first)
        await courier.submit(second)
        await asyncio.sleep(HOUR)
        assert office.states == [State.QUEUED, State.QUEUED]
        office.modem.absent = False
        # It answers, but not to everything: it is opened anew.
        office.modem.answers[MARK_LINE] = [None, None]
        assert await office.ended(first) is State.SENT
        assert await office.ended(second) is State.SENT
        assert office.modem.subjects[0] == "one"
        assert office.modem.lines.count("AT+CFUN=1,1") == 1


@pytest.mark.parametrize("others", [False, True])
@virtual_time
async def test_a_result_told_behind_another_port_counts_once_the_modem_is_known(
    office: Office, others: bool
) -> None:
    def take_and_move() -> bytes:
        answers[PUT_LINE] = SENT
        office.modem.port.receive(OK)
        office.modem.urls = {"elsewhere"}
        answers["ATQ0V1E0"] = [OK + SENT.removeprefix(OK), OK]
        # It falls silent as soon as it has told that, or is another that tells its own.
        first = frame("861234567890199") if others else None
        answers["AT+CGSN"] = [first, first, *[frame(IMEI)] * 9]
        office.modem.port.lose(OSError(5, "gone"))
        return b""

    answers = office.modem.answers
    answers[PUT_LINE] = take_and_move
    office.modem.urls = {"scripted"}
    office.ports = ["elsewhere"]
    async with office.at_work():
        assert await office.send(email()) is State.SENT
        assert office.modem.sends == 1 + others
        assert office.modem.lines.count("AT+CFUN=1,1") == others


@virtual_time
async def test_an_email_whose_modem_never_comes_back_ends_as_unknown(
    office: Office,
) -> None:
    def take_and_vanish() -> bytes:
        office.modem.absent = True
        office.modem.port.receive(OK)
        office.modem.port.lose(OSError(5, "gone"))
        return b""

    office.settings = replace(SETTINGS, options=Options(lifetime=2 * HOUR))
    office.modem.answers[PUT_LINE] = take_and_vanish
    async with office.at_work():
        assert await office.send(email()) is State.UNKNOWN


@virtual_time
async def test_an_email_that_expires_in_doubt_is_unknown(office: Office) -> None:
    answers = office.modem.answers
    answers[PUT_LINE] = result(654)
    answers[DNS_LINE] = OK + b'\r\n+QIURC: "dnsgip",565\r\n'
    office.settings = replace(SETTINGS, options=Options(lifetime=2 * HOUR))
    async with office.at_work():
        assert await office.send(email()) is State.UNKNOWN
        assert office.modem.sends == 1


@virtual_time
async def test_a_reboot_that_has_to_wait_holds_the_next_send(office: Office) -> None:
    office.modem.answers[PUT_LINE] = [OK, SENT]
    courier = await office.open()
    times = tuple(office.instant().elapsed for _ in range(30))
    office.outbox.save_wear(Wear(times), office.instant())
    await courier.close()
    async with office.at_work() as courier:
        loop = asyncio.get_running_loop()
        start = loop.time()
        found = email()
        await courier.submit(found)
        await asyncio.sleep(HOUR)
        # A person may switch the modem off and on meanwhile.
        assert courier.status.exhausted
        assert await office.ended(found) is State.SENT
        assert 23.5 * HOUR < loop.time() - start < 24.5 * HOUR
        assert office.modem.lines.count("AT+CFUN=1,1") == 1


@pytest.mark.parametrize("how", ["unplugged", "restarted", "quietly"])
@virtual_time
async def test_a_modem_that_a_person_restarts_need_not_wait_for_ours(
    office: Office, how: str
) -> None:
    office.modem.answers[PUT_LINE] = [OK, SENT]
    found = email()
    async with office.at_work() as courier:
        await courier.submit(found)
        await office.until(lambda: office.modem.sends == 1)
        office.outbox.save_wear(
            Wear((office.instant().elapsed,) * 30), office.instant()
        )
    async with office.at_work() as courier:
        await office.until(lambda: courier.status.exhausted)
        office.modem.mark = 300
        if how == "unplugged":
            office.modem.port.lose(OSError(5, "gone"))
        elif how == "restarted":
            office.modem.port.receive(RESTARTED)
        else:
            await courier.poll()
        async with asyncio.timeout(5 * 60):
            assert await office.ended(found) is State.SENT


@virtual_time
async def test_a_context_that_others_left_active_is_given_back_too(
    office: Office,
) -> None:
    async with office.at_work() as courier:
        await office.until(lambda: courier.status.network)
        await office.idle()
        office.modem.answers |= {"AT+QIACT?": ACTIVE, "AT+CGACT?": frame("+CGACT: 1,1")}
        await courier.poll()
        states = [courier.status.pdp]
        await asyncio.sleep(HOUR)
        states.append(courier.status.pdp)
        assert states == [PdpState.ACTIVE, PdpState.INACTIVE]


@virtual_time
async def test_results_that_go_to_another_port_hold_all_mail_and_repeat_nothing(
    office: Office,
) -> None:
    answers = office.modem.answers
    answers[PUT_LINE] = answers[DNS_LINE] = OK
    answers["AT+CFUN=1,1"] = OK
    async with office.at_work() as courier:
        first, second = email("one"), email("two")
        await courier.submit(first)
        await courier.submit(second)
        await office.until(lambda: courier.status.mail.held, 24 * HOUR)
        assert courier.status.mail.held == {Reason.RESULTS_ELSEWHERE}
        sends = office.modem.sends
        assert sends <= 2
        await asyncio.sleep(24 * HOUR)
        assert office.modem.sends == sends
        # As soon as one is heard here, it was something else.
        answers[PUT_LINE] = SENT
        answers[DNS_LINE] = OK + b'\r\n+QIURC: "dnsgip",0,1,60\r\n'
        office.modem.port.receive(b"\r\n+QIND: PB DONE\r\n")
        await courier.poll()
        assert await office.ended(first) is State.SENT
        assert await office.ended(second) is State.SENT


@virtual_time
async def test_an_email_that_is_damaged_meanwhile_has_its_end_all_the_same(
    office: Office,
) -> None:
    office.modem.answers[PUT_LINE] = OK
    found = email()
    async with office.at_work() as courier:
        await courier.submit(found)
        await office.until(lambda: office.modem.sends == 1)
    with closing(sqlite3.connect(office.path)) as database:
        database.execute("UPDATE parts SET content = '{'")
        database.commit()
    async with office.at_work():
        await asyncio.sleep(1)
        office.modem.answers[PUT_LINE] = SENT
        office.modem.port.receive(b"\r\n+QSMTPPUT: 0,250\r\n")
        assert await office.send(email("Next")) is State.SENT
        assert office.states_of(found)[-1] is State.SENT


@virtual_time
async def test_what_went_with_the_account_before_says_nothing_of_a_new_one(
    office: Office,
) -> None:
    office.modem.answers[PUT_LINE] = OK
    found = email()
    async with office.at_work() as courier:
        await courier.submit(found)
        await office.until(lambda: office.modem.sends == 1)
    new = replace(SETTINGS.server, username="new", password="mistyped")
    async with office.at_work() as courier:
        await asyncio.sleep(1)
        courier.update(replace(SETTINGS, server=new))
        office.modem.port.receive(b"\r\n+QSMTPPUT: 0,250\r\n")
        assert await office.ended(found) is State.SENT
        for server, proven in ((SETTINGS.server, True), (new, False)):
            assert office.outbox.standing(account(server)).proven is proven


@virtual_time
async def test_what_is_being_sent_while_a_person_mends_the_reason_is_tried_again_too(
    office: Office,
) -> None:
    refused = result(681, 553)
    office.modem.answers[PUT_LINE] = [refused, refused, Late(50, refused), SENT, SENT]
    found = email(cc=("b@example.com",))
    async with office.at_work() as courier:
        await courier.submit(found)
        # The first of its two parts is held, the second on its way to the same end.
        await office.until(lambda: office.modem.sends == 3)
        await retry_held(courier, Reason.REFUSED)
        assert await office.ended(found) is State.SENT
