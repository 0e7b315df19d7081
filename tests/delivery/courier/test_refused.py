"""What a server refuses, or leaves in doubt, is tried, split or held as its reason asks."""

import asyncio
from dataclasses import replace
from pathlib import Path
import shutil
from typing import Any

import pytest

from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.records import Instant, Reason, State
from custom_components.quectel_smtp.modem.at.port import PortSettings
from tests.delivery.bench import (
    HOUR,
    OPEN_LINE,
    PUT_LINE,
    RESTARTED,
    SENT,
    SETTINGS,
    Office,
    email,
    names,
    result,
)
from tests.modem.scripted_port import ERROR, OK, frame
from tests.modem.virtual_time import virtual_time


@virtual_time
async def test_a_refused_login_holds_all_mail_looks_rarely_and_goes_on_when_mended(
    office: Office,
) -> None:
    office.modem.answers[PUT_LINE] = result(677, 535)
    async with office.at_work() as courier:
        first, second = email("one"), email("two")
        await courier.submit(first)
        await courier.submit(second)
        await office.until(lambda: office.states.count(State.HELD) == 2)
        assert courier.status.mail.held == {Reason.LOGIN}
        # Resent once over a new data connection; then after 15 and 30 minutes, and an
        # hour after each.
        lines = office.modem.lines
        again = lines.index(PUT_LINE, lines.index(PUT_LINE) + 1)
        assert "AT+QIDEACT=1" in lines[lines.index(PUT_LINE) : again]
        for wait, sends in ((14, 2), (2, 3), (28, 3), (3, 4), (56, 4), (6, 5), (54, 5)):
            await asyncio.sleep(wait * 60)
            assert office.modem.sends == sends
        late = email("three")
        await courier.submit(late)
        await asyncio.sleep(60)
        assert office.modem.sends == 5
        assert office.states_of(late) == [State.QUEUED, State.HELD]
        office.modem.answers[PUT_LINE] = SENT
        courier.update(
            replace(SETTINGS, server=replace(SETTINGS.server, password="new"))
        )
        for found in (first, second, late):
            assert await office.ended(found) is State.SENT
        assert courier.status.mail.held == frozenset()


@virtual_time
async def test_a_refused_login_is_never_recorded_without_being_counted(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed in between, the next process would log in once more than is borne."""
    office.modem.answers[PUT_LINE] = result(677, 535)
    async with office.at_work() as courier:
        count = office.outbox.count_refusal
        found: list[tuple[bool, int]] = []

        def killed(at: Instant) -> None:
            """Look at what another process would find now."""
            copy = tmp_path / f"killed-{len(found)}"
            copy.mkdir()
            for file in tmp_path.glob("outbox.db*"):
                shutil.copy(file, copy)
            left = Outbox(copy / "outbox.db")
            left.open(office.now())
            recorded = left.unsettled() is None
            found.append((recorded, left.standing("").refusals))
            left.close()
            count(at)

        monkeypatch.setattr(office.outbox, "count_refusal", killed)
        await courier.submit(email())
        await office.until(lambda: State.HELD in office.states)
        # Neither of the first, nor of the second.
        assert found == [(False, 0), (False, 1)]
        assert office.outbox.standing("").refusals == 2


@virtual_time
async def test_a_login_given_while_the_port_opens_and_refused_is_tried_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.modem.answers[PUT_LINE] = result(677, 535)
    connect = office.modem.connect
    server = replace(SETTINGS.server, password="new")

    async def update(port: PortSettings) -> Any:
        office.courier.update(replace(SETTINGS, server=server))
        return await connect(port)

    monkeypatch.setattr(office.modem, "connect", update)
    async with office.at_work() as courier:
        await courier.submit(email())
        await asyncio.sleep(0.2 * HOUR)
        assert office.states[-1] is State.HELD
        # The one that is resent is no try with what is refused for certain.
        assert office.modem.sends == 2
        (account,) = (line for line in office.modem.lines if '"account",' in line)
        assert account.endswith('"new"')


@virtual_time
async def test_a_hold_that_ends_by_itself_frees_all_mail(office: Office) -> None:
    office.modem.answers[PUT_LINE] = [result(665), SENT, SENT]
    async with office.at_work() as courier:
        first, second = email("one"), email("two")
        await courier.submit(first)
        await courier.submit(second)
        assert await office.ended(second) is State.SENT
        assert await office.ended(first) is State.SENT
        assert office.modem.sends == 3


@pytest.mark.parametrize("what", ["", "x", "0x", "2147483647,0"])
@virtual_time
async def test_a_result_that_cannot_be_read_is_a_doubt_and_waits_for_no_other(
    office: Office, what: str
) -> None:
    office.modem.answers[PUT_LINE] = [OK + frame(f"+QSMTPPUT: {what}"), SENT]
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        async with asyncio.timeout(60):
            assert await office.ended(found) is State.SENT
        assert State.DEFERRED in office.states_of(found)
        assert "(possible repeat)" in office.modem.bodies[1]
        assert not any("AT+CFUN=1,1" in line for line in office.modem.lines)


@virtual_time
async def test_one_handshake_that_fails_holds_nothing(office: Office) -> None:
    office.modem.answers[PUT_LINE] = [result(665), SENT]
    async with office.at_work():
        found = email()
        assert await office.send(found) is State.SENT
        assert State.HELD not in office.states


@virtual_time
async def test_a_log_in_that_is_taken_makes_the_next_refusal_a_first_one(
    office: Office,
) -> None:
    refused = result(677, 535)
    office.modem.answers[PUT_LINE] = [refused, SENT, refused, SENT]
    async with office.at_work():
        assert await office.send(email("one")) is State.SENT
        assert await office.send(email("two")) is State.SENT
        assert State.HELD not in office.states


@virtual_time
async def test_doubtful_copies_go_over_a_proved_path_and_hours_apart(
    office: Office,
) -> None:
    async with office.at_work():
        assert await office.send(email("before")) is State.SENT
        office.modem.answers[PUT_LINE] = result(656)
        found = email()
        loop = asyncio.get_running_loop()
        start = loop.time()
        assert await office.send(found) is State.UNKNOWN
        assert 15 <= (loop.time() - start) / HOUR <= 15.5
        assert office.modem.sends == 1 + 6
        marked = ["(possible repeat)" in text for text in office.modem.bodies[1:]]
        assert marked == [False, *[True] * 5]
        # Context renewed, name resolved, port reached: before each of the repeats.
        assert office.modem.lines.count(OPEN_LINE) == 5
        last = office.transitions[-1]
        assert last.finding is not None
        assert last.finding.code == 656
        assert last.attempts == 6


@virtual_time
async def test_a_server_that_is_not_reached_costs_no_copy_until_the_ladder_mends_it(
    office: Office,
) -> None:
    async with office.at_work():
        assert await office.send(email("before")) is State.SENT
        reached = office.modem.answers[OPEN_LINE]
        office.modem.answers[OPEN_LINE] = OK + b"\r\n+QIOPEN: 11,566\r\n"
        office.modem.answers[PUT_LINE] = result(654)

        def restart() -> bytes:
            office.modem.mark = 300
            office.modem.answers[OPEN_LINE] = reached
            office.modem.answers[PUT_LINE] = SENT
            return OK + RESTARTED

        office.modem.answers["AT+CFUN=1,1"] = restart
        found = email()
        assert await office.send(found) is State.SENT
        assert office.modem.sends == 1 + 2


@virtual_time
async def test_a_third_copy_goes_after_the_ladders_restart_or_an_hour(
    office: Office,
) -> None:
    async with office.at_work() as courier:
        assert await office.send(email("before")) is State.SENT
        office.modem.answers[PUT_LINE] = [result(654), result(654), SENT]
        found = email()
        await courier.submit(found)
        await asyncio.sleep(50 * 60)
        assert office.modem.sends == 1 + 2
        assert "AT+CFUN=1,1" not in office.modem.lines
        await asyncio.sleep(11 * 60)
        assert office.states_of(found)[-1] is State.SENT
        # Nothing was sent meanwhile: it is time for the restart, too.
        assert office.modem.lines.count("AT+CFUN=1,1") == 1
        # Another one is there when the ladder restarts the modem for a third.
        office.modem.answers[PUT_LINE] = [*[result(654)] * 2, *[result(652)] * 6]
        found = email("two")
        await courier.submit(found)
        await asyncio.sleep(60)
        await courier.submit(email("three"))
        office.modem.answers["AT+CFUN=1,1"] = lambda: (
            office.modem.answers.update({PUT_LINE: SENT}) or OK + RESTARTED
        )
        await asyncio.sleep(30 * 60)
        assert office.states_of(found)[-1] is State.SENT


@pytest.mark.parametrize("proven", [False, True])
@virtual_time
async def test_a_path_that_can_not_be_proved_is_not_proved(
    office: Office, proven: bool
) -> None:
    office.modem.answers[OPEN_LINE] = ERROR
    async with office.at_work() as courier:
        if proven:
            assert await office.send(email("before")) is State.SENT
        before = office.modem.sends
        office.modem.answers[PUT_LINE] = result(654)
        found = email()
        await courier.submit(found)
        await asyncio.sleep(0.9 * HOUR)
        assert office.modem.sends - before == 1
        assert office.states_of(found) == [State.QUEUED, State.DEFERRED]
        await asyncio.sleep(0.2 * HOUR)
        assert office.modem.sends - before == 2
        assert office.states_of(found)[-1].waiting
        office.modem.answers[PUT_LINE] = SENT
        assert await office.ended(found) is State.SENT


@virtual_time
async def test_where_no_reason_is_given_two_log_ins_are_all_before_a_person_is_asked(
    office: Office,
) -> None:
    office.modem.answers[PUT_LINE] = result(654)
    async with office.at_work() as courier:
        for name in names(3):
            await courier.submit(email(name))
        await courier.submit(email("Fire", critical=True))
        await asyncio.sleep(0.9 * HOUR)
        assert office.modem.sends == 2
        assert courier.status.mail.held_counts == {Reason.UNEXPLAINED: 4}
        for hour in range(1, 6):
            await asyncio.sleep(HOUR)
            assert office.modem.sends == 2 + hour
        # Another one each time: it may be one email's recipient.
        assert {"Fire", *names(3)} <= set(office.modem.subjects)
        # The path is not to blame: nothing is mended in vain.
        assert "AT+CFUN=1,1" not in office.modem.lines
        assert not courier.status.exhausted
        office.modem.answers[PUT_LINE] = SENT
        courier.update(
            replace(SETTINGS, server=replace(SETTINGS.server, password="new"))
        )
        await office.until(lambda: courier.status.mail.sent == 4, 60)
        assert courier.status.mail.held == frozenset()


@virtual_time
async def test_where_it_may_be_one_of_several_recipients_they_are_split_before(
    office: Office,
) -> None:
    office.modem.answers[PUT_LINE] = result(654)
    async with office.at_work() as courier:
        several = Email("Hello", "Body", ("a@example.com", "b@example.com"))
        await courier.submit(several)
        await asyncio.sleep(0.9 * HOUR)
        assert courier.status.mail.held == {Reason.UNEXPLAINED}
        assert office.modem.sends == 2
        recipients = [line for line in office.modem.lines if "QSMTPDST" in line]
        assert len(recipients) == 2 + 1
        office.modem.answers[PUT_LINE] = SENT
        assert await office.ended(several) is State.SENT
        assert office.modem.sends == 2 + 2
