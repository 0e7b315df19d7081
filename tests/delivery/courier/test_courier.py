"""What was accepted is sent as soon as it can be, and every email has its end."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.outbox.readdress import (
    Followed,
    Recipients,
)
from custom_components.quectel_smtp.delivery.records import (
    Addresses,
    BeingSentError,
    Instant,
    NotWaitingError,
    Options,
    OutboxWriteError,
    Reason,
    State,
    Wear,
)
from custom_components.quectel_smtp.delivery.rules.recovery import Recovery
from custom_components.quectel_smtp.delivery.settings import Pin
from custom_components.quectel_smtp.delivery.status import OutboxState
from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.errors import (
    ModemError,
    NoAnswerError,
    NotRegisteredError,
    PdpError,
    PinRequiredError,
    PortNotFoundError,
    SimMissingError,
    UnexpectedError,
    WrongModemError,
)
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.smtp import Result
from custom_components.quectel_smtp.modem.network.pdp import PdpState
from custom_components.quectel_smtp.modem.network.status import SimState
from tests.delivery.bench import (
    ACTIVE,
    DNS_LINE,
    HOST,
    OPEN_LINE,
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

HOUR = 3600.0


def names(count: int) -> list[str]:
    """Return subjects that differ, so that nothing is taken for a repeat."""
    return [f"Mail {number}" for number in range(count)]


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Return a courier's office with an empty outbox."""
    return Office(tmp_path)


# Accepted, and sent.


@virtual_time
async def test_an_email_is_accepted_at_once_and_sent_soon(office: Office) -> None:
    async with office.at_work() as courier:
        found = email(recipient="Ann")
        await courier.submit(found)
        assert office.states_of(found) == [State.QUEUED]
        assert office.modem.sends == 0
        assert await office.ended(found) is State.SENT
        last = courier.status.mail.last
        assert last is not None
        assert (last.reference, last.state) == (found.reference, State.SENT)
        assert last.finding.result is Result.SENT
        assert last.finding.reply == 250
        assert office.transitions[-1].recipient == "Ann"
        assert courier.status.mail.sent == 1
        assert courier.status.mail.waiting == 0
        assert office.modem.bodies == [f"Body\r\n\r\nRef: {found.reference}\r\n"]


@virtual_time
async def test_emails_leave_in_the_order_they_came(office: Office) -> None:
    async with office.at_work() as courier:
        for name in names(9):
            await courier.submit(email(name))
        await office.until(lambda: courier.status.mail.sent == 9)
        assert office.modem.subjects == names(9)


@virtual_time
async def test_a_critical_email_overtakes_all_that_waits(office: Office) -> None:
    office.settings = replace(SETTINGS, options=Options(digest=False))
    office.modem.absent = True
    async with office.at_work() as courier:
        for name in names(5):
            await courier.submit(email(name))
        await courier.submit(email("Fire", critical=True))
        office.modem.absent = False
        await office.until(lambda: courier.status.mail.sent == 6)
        assert office.modem.subjects == ["Fire", *names(5)]


@virtual_time
async def test_an_email_is_accepted_before_the_courier_starts(office: Office) -> None:
    courier = await office.open()
    found = email()
    await courier.submit(found)
    assert office.transitions == []
    courier.start()
    courier.show()
    assert await office.ended(found) is State.SENT
    assert office.states == [State.QUEUED, State.SENT]
    await courier.close()


@virtual_time
async def test_an_email_is_accepted_after_the_courier_stopped_and_sent_by_the_next(
    office: Office,
) -> None:
    courier = await office.open()
    courier.start()
    courier.show()
    await courier.stop()
    found = email()
    await courier.submit(found)
    courier.start()
    courier.show()
    assert await office.ended(found) is State.SENT
    await courier.stop()
    found = email("two")
    await courier.submit(found)
    await courier.close()
    with pytest.raises(OutboxWriteError):
        await courier.submit(email())
    async with office.at_work():
        assert await office.ended(found) is State.SENT


@virtual_time
async def test_stopping_one_that_never_started_is_fine(office: Office) -> None:
    courier = await office.open()
    await courier.close()
    await courier.close()


@virtual_time
async def test_an_outbox_that_can_not_be_opened_is_trouble_until_it_can(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "not yet"
    office = Office(folder)
    async with office.at_work() as courier:
        assert courier.status.outbox.value == "failed"
        with pytest.raises(OutboxWriteError):
            await courier.submit(email())
        folder.mkdir()
        assert await office.send(email()) is State.SENT
        assert courier.status.outbox is OutboxState.SOUND


@pytest.mark.parametrize("damaged", [False, True])
@virtual_time
async def test_what_an_outbox_tells_is_learned_when_it_opens_at_last(
    tmp_path: Path, damaged: bool
) -> None:
    folder, away = tmp_path / "here", tmp_path / "away"
    folder.mkdir()
    office = Office(folder)
    office.modem.answers[PUT_LINE] = [OK, SENT]
    courier = await office.open()
    office.outbox.save_wear(Wear((office.instant().elapsed,) * 30), office.instant())
    await courier.close()
    if damaged:
        office.path.write_bytes(b"no database" * 1000)
    folder.rename(away)
    async with office.at_work() as courier:
        assert courier.status.outbox.value == "failed"
        away.rename(folder)
        await office.until(lambda: courier.status.outbox is OutboxState.SOUND)
        assert courier.status.damaged is damaged
        loop = asyncio.get_running_loop()
        start = loop.time()
        assert await office.send(email()) is State.SENT
        # A restart of the modem waits its turn, if it is known how many there were.
        assert (loop.time() - start > 23 * HOUR) is not damaged


# The line.


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


# Before the send, nothing is lost.


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


# Outcomes.


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


# A server that asks to come later.


@pytest.mark.parametrize("reply", [(666, 421), (656, 421), (667, 450), (668, 451)])
@virtual_time
async def test_a_server_that_serves_nobody_is_asked_once_for_all_that_waits(
    office: Office, reply: tuple[int, int]
) -> None:
    async with office.at_work() as courier:
        assert await office.send(email("before")) is State.SENT
        office.modem.answers[PUT_LINE] = result(*reply)
        for number in range(8):
            await courier.submit(
                Email(f"Mail {number}", "Body", (f"{number}@example.com",))
            )
        await asyncio.sleep(7)
        assert office.modem.sends - 1 <= 2
        await asyncio.sleep(30 * 60)
        # 10, 30, 60, 120, 240, 480 s
        assert office.modem.sends - 1 <= 9
        # The modem and its connection are not to blame.
        assert office.modem.lines.count("AT+CFUN=1,1") == 0
        office.modem.answers[PUT_LINE] = SENT
        await office.until(lambda: courier.status.mail.sent == 9, 2 * HOUR)


@virtual_time
async def test_a_recipient_who_is_put_off_delays_no_other(office: Office) -> None:
    async with office.at_work() as courier:
        assert await office.send(email("before")) is State.SENT
        office.modem.answers[PUT_LINE] = result(667, 450)
        busy = [email(name) for name in names(8)]
        for found in busy:
            await courier.submit(found)
        await asyncio.sleep(5)
        # One of them asks for all that wait for the same mailbox.
        assert office.modem.sends == 2
        office.modem.answers[PUT_LINE] = SENT
        other = Email("Other", "Body", ("b@example.com",))
        await courier.submit(other)
        await asyncio.sleep(3)
        assert office.states_of(other)[-1] is State.SENT
        assert office.states_of(busy[-1])[-1] is State.DEFERRED
        await office.until(lambda: courier.status.mail.sent == 10, 60)


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


@virtual_time
async def test_an_email_that_never_goes_expires(office: Office) -> None:
    office.settings = replace(SETTINGS, options=Options(lifetime=4 * HOUR))
    office.modem.absent = True
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        loop = asyncio.get_running_loop()
        start = loop.time()
        assert await office.ended(found) is State.EXPIRED
        assert 4 * HOUR <= loop.time() - start <= 4.1 * HOUR
        assert courier.status.mail.failed == 1


@virtual_time
async def test_an_email_that_leaves_late_says_since_when_it_waited(
    office: Office,
) -> None:
    office.modem.absent = True
    async with office.at_work() as courier:
        late, soon = email("late"), email("soon")
        since = office.now()
        await courier.submit(late)
        await asyncio.sleep(HOUR)
        office.modem.absent = False
        assert await office.ended(late) is State.SENT
        await courier.submit(soon)
        assert await office.ended(soon) is State.SENT
        said = f"(waited since {since:%Y-%m-%d %H:%M:%S})"
        assert [said in body for body in office.modem.bodies] == [True, False]


@virtual_time
async def test_a_jump_of_the_clock_makes_nothing_expire(office: Office) -> None:
    office.modem.absent = True
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        for years in (10, -10):
            office.clock_jump += years * 365 * (office.now() - office.now()).resolution
            await asyncio.sleep(HOUR)
        office.modem.absent = False
        assert await office.ended(found) is State.SENT


# Unsettled: a result that has not come yet.


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


# Storms.


@virtual_time
async def test_a_storm_is_spread_and_nothing_of_it_is_lost(office: Office) -> None:
    office.settings = replace(SETTINGS, options=Options(per_hour=5, digest=False))
    async with office.at_work() as courier:
        for name in names(12):
            await courier.submit(email(name))
        await asyncio.sleep(0.5 * HOUR)
        assert courier.status.mail.sent == 5
        assert office.states.count(State.DEFERRED) == 7
        fire = email("Fire", critical=True)
        assert await office.send(fire) is State.SENT
        await asyncio.sleep(3 * HOUR)
        assert courier.status.mail.sent == 13


@virtual_time
async def test_what_a_full_mailbox_refuses_uses_up_nobody_elses_place(
    office: Office,
) -> None:
    office.settings = replace(SETTINGS, options=Options(per_hour=5, digest=False))
    async with office.at_work() as courier:
        assert await office.send(email("before")) is State.SENT
        office.modem.answers[PUT_LINE] = result(678, 550)
        for name in names(9):
            await courier.submit(email(name))
        await office.until(lambda: courier.status.mail.failed == 9)
        office.modem.answers[PUT_LINE] = SENT
        alarm = Email("Alarm", "Body", ("b@example.com",))
        await courier.submit(alarm)
        await asyncio.sleep(60)
        assert office.states_of(alarm)[-1] is State.SENT


@virtual_time
async def test_ten_that_wait_for_one_recipient_go_as_one(office: Office) -> None:
    office.modem.absent = True
    async with office.at_work() as courier:
        found = [email(name) for name in names(12)]
        for one in found:
            await courier.submit(one)
        office.modem.absent = False
        for one in found:
            assert await office.ended(one) is not None
        await office.until(lambda: office.states.count(State.SENT) >= 12)
        assert office.modem.sends == 1
        assert all(name in office.modem.bodies[0] for name in names(12))
        assert all(State.MERGED in office.states_of(one) for one in found)
        assert all(office.states_of(one)[-1] is State.SENT for one in found)


@virtual_time
async def test_the_same_text_within_a_minute_says_how_often(office: Office) -> None:
    async with office.at_work() as courier:
        for _ in range(5):
            await courier.submit(email())
            await asyncio.sleep(5)
        await asyncio.sleep(HOUR)
        assert office.modem.sends == 2
        assert "(4 times)" in office.modem.bodies[1]


# What people ask for.


@virtual_time
async def test_what_waits_can_be_cancelled_until_it_is_being_sent(
    office: Office,
) -> None:
    office.modem.answers[PUT_LINE] = [Late(50, SENT), SENT]
    async with office.at_work() as courier:
        first, second = email("one"), email("two")
        await courier.submit(first)
        await courier.submit(second)
        await office.until(lambda: office.modem.sends == 1)
        with pytest.raises(BeingSentError):
            await courier.cancel(first.reference)
        assert await courier.cancel(second.reference) == 1
        assert office.states_of(second) == [State.QUEUED, State.CANCELLED]
        assert await office.ended(first) is State.SENT
        with pytest.raises(NotWaitingError):
            await courier.cancel(first.reference)
        assert office.modem.subjects == ["one"]


@virtual_time
async def test_one_that_is_cancelled_while_it_is_prepared_is_not_sent(
    office: Office,
) -> None:
    office.modem.answers['AT+QSMTPSUB=0,"one"'] = Late(0.2, OK)
    async with office.at_work() as courier:
        first = email("one")
        await courier.submit(first)
        await office.until(lambda: office.modem.subjects)
        assert await courier.cancel(None) == 1
        assert await office.send(email("two")) is State.SENT
        assert office.states_of(first) == [State.QUEUED, State.CANCELLED]
        assert office.modem.sends == 1


@virtual_time
async def test_what_waits_follows_its_recipient_once_it_is_not_being_sent(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    async with office.at_work() as courier:
        assert await office.send(email("before")) is State.SENT
        office.modem.answers[PUT_LINE] = [Late(50, result(667, 450)), SENT]
        first = email("one", recipient_id="anna")
        second = email("two", recipient_id="ben")
        await courier.submit(first)
        await courier.submit(second)
        await office.until(lambda: office.modem.sends == 2)
        courier.follow({"anna": Addresses(("new@example.com",))})
        assert await office.ended(first) is State.SENT
        assert office.modem.lines.count('AT+QSMTPDST=1,1,"new@example.com"') == 1
        assert office.states_of(second)[-1] is State.CANCELLED
        assert "recipient was removed: 1 email" in caplog.text


@pytest.mark.parametrize("gone", [False, True])
@virtual_time
async def test_what_is_on_its_way_to_the_modem_follows_its_recipient(
    office: Office, gone: bool
) -> None:
    activate = "AT+QIACT=1"
    async with office.at_work() as courier:
        await office.until(lambda: courier.status.network)
        office.modem.answers[activate] = [Late(100, OK), OK]
        found = email(recipient_id="anna")
        await courier.submit(found)
        await office.until(lambda: activate in office.modem.lines)
        courier.follow({} if gone else {"anna": Addresses(("new@example.com",))})
        end = await office.ended(found)
        assert end is (State.CANCELLED if gone else State.SENT)
        assert office.modem.sends == (0 if gone else 1)
        if not gone:
            await office.idle()
            lines = office.modem.lines
            told = [line for line in lines if line.startswith("AT+QSMTPDST=1")]
            assert told[-1] == 'AT+QSMTPDST=1,1,"new@example.com"'


@virtual_time
async def test_nothing_is_written_again_and_again_while_what_is_unsettled_is_to_follow(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.modem.answers[PUT_LINE] = OK
    courier = await office.open()
    courier.start()
    await courier.submit(email(recipient_id="anna"))
    await office.until(lambda: office.modem.sends == 1)
    await courier.close()
    office.modem.absent = True
    follows = 0
    follow = Outbox.follow

    def counted(outbox: Outbox, recipients: Recipients, at: Instant) -> Followed:
        nonlocal follows
        follows += 1
        return follow(outbox, recipients, at)

    monkeypatch.setattr(Outbox, "follow", counted)
    async with office.at_work() as courier:
        courier.follow({"anna": Addresses(("new@example.com",))})
        await asyncio.sleep(600)
        # At once, and once in its turn.
        assert follows == 2
        office.modem.absent = False
        await office.until(lambda: courier.status.connected)
        office.modem.port.receive(b"\r\n+QSMTPPUT: 678,550\r\n")
        await office.until(lambda: follows == 3)


@virtual_time
async def test_an_unsettled_email_follows_its_recipient_once_it_is_settled(
    office: Office,
) -> None:
    office.modem.answers[PUT_LINE] = OK
    courier = await office.open()
    courier.start()
    found = email(recipient_id="anna")
    await courier.submit(found)
    await office.until(lambda: office.modem.sends == 1)
    await courier.close()
    async with office.at_work() as courier:
        courier.follow({})
        await asyncio.sleep(100)
        assert office.states_of(found) == [State.QUEUED]
        office.modem.port.receive(b"\r\n+QSMTPPUT: 678,550\r\n")
        assert await office.ended(found) is State.CANCELLED


@virtual_time
async def test_retrying_does_not_wait_for_the_next_attempt(office: Office) -> None:
    office.modem.answers[PUT_LINE] = result(667, 450)
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        await asyncio.sleep(HOUR)
        office.modem.answers[PUT_LINE] = SENT
        assert await courier.retry(found.reference) == 1
        await asyncio.sleep(10)
        assert office.states_of(found)[-1] is State.SENT
        with pytest.raises(NotWaitingError):
            await courier.retry(found.reference)


@virtual_time
async def test_a_restored_backup_sends_nothing_unasked(office: Office) -> None:
    office.modem.absent = True
    found = email()
    async with office.at_work() as courier:
        await courier.submit(found)
        await courier.before_backup()
        saved = office.path.read_bytes()
        await courier.after_backup()
    office.path.write_bytes(saved)
    office.modem.absent = False
    async with office.at_work() as courier:
        await asyncio.sleep(HOUR)
        # Young enough to be a crash in the middle of a backup.
        assert office.states_of(found)[-1] is State.SENT
    office.path.write_bytes(saved)
    office.clock_jump += 86400 * 1_000_000 * (office.now() - office.now()).resolution
    async with office.at_work() as courier:
        await asyncio.sleep(HOUR)
        assert await courier.retry(None) == 0
        assert courier.status.mail.held == {Reason.RESTORED}
        assert await courier.settle_restored(send=True) == 1
        assert await office.ended(found) is State.SENT


# Lending, polling, settings.


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


# Defects, disks, and the end.


@pytest.mark.parametrize("line", ["AT+QIACT=1", PUT_LINE])
@virtual_time
async def test_a_defect_costs_time_and_no_email(
    office: Office, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with office.at_work() as courier:
        await office.until(lambda: courier.status.network)
        await office.idle()
        channel = office.modem.port.channel
        execute = channel.execute

        async def fail(command: Command, **options: Any) -> tuple[str, ...]:
            if command.line == line:
                channel.execute = execute  # type: ignore[method-assign]  # once
                raise ZeroDivisionError
            return await execute(command, **options)

        channel.execute = fail  # type: ignore[method-assign]  # stands for a defect
        found = email()
        await courier.submit(found)
        await office.until(lambda: "ZeroDivisionError" in caplog.text)
        assert isinstance(courier.status.trouble, UnexpectedError)
        assert await office.ended(found) is State.SENT
        assert courier.status.trouble is None


@pytest.mark.parametrize("method", ["begin", "standing", "record", "expire"])
@virtual_time
async def test_a_disk_that_fails_for_a_while_loses_and_repeats_nothing(
    office: Office, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office.at_work() as courier:
        await office.until(lambda: courier.status.network)
        await office.idle()
        whole = getattr(office.outbox, method)
        failures = iter(range(5))

        def fail(*args: Any) -> Any:
            if next(failures, None) is not None:
                raise OutboxWriteError
            return whole(*args)

        monkeypatch.setattr(office.outbox, method, fail)
        found = email()
        await courier.submit(found)
        await office.until(lambda: courier.status.outbox is OutboxState.FAILED)
        assert await office.ended(found) is State.SENT
        assert office.modem.sends == 1
        assert courier.status.outbox is OutboxState.SOUND


@virtual_time
async def test_stopping_waits_a_moment_for_the_result_of_a_send(
    office: Office,
) -> None:
    office.modem.answers[PUT_LINE] = Late(2, SENT)
    found = email()
    async with office.at_work() as courier:
        await courier.submit(found)
        await office.until(lambda: office.modem.sends == 1)
    assert office.states_of(found) == [State.QUEUED, State.SENT]
    assert office.modem.port.closed


@virtual_time
async def test_a_caller_that_gives_up_does_not_stop_its_email(office: Office) -> None:
    async with office.at_work() as courier:
        task = asyncio.create_task(courier.submit(email()))
        await asyncio.sleep(0)
        task.cancel()
        await office.until(lambda: courier.status.mail.sent == 1)


@virtual_time
async def test_watchers_and_listeners_are_told_until_they_leave(
    office: Office,
) -> None:
    async with office.at_work() as courier:
        seen: list[object] = []
        undo = [
            courier.watch(lambda: seen.append(courier.status.pdp)),
            courier.on_transition(seen.append),
        ]
        await office.send(email("one"))
        assert PdpState.ACTIVATING in seen
        for leave in undo:
            leave()
        count = len(seen)
        await office.send(email("two"))
        assert len(seen) == count


def test_the_bench_talks_of_the_same_server() -> None:
    assert SETTINGS.server.host == HOST
    assert isinstance(email(), Email)


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
