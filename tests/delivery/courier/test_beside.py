"""While the modem's client keeps one email, the others go by the stream."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import override

import pytest

from custom_components.quectel_smtp.delivery.records import Options, State, Way, Wear
from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from custom_components.quectel_smtp.modem.mail.server import Security
from tests.delivery.bench import (
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
from tests.delivery.talking_modem import STREAM_LINE, TalkingModem, TcpLine
from tests.modem.scripted_port import ERROR, OK, frame
from tests.modem.virtual_time import virtual_time

pytestmark = pytest.mark.usefixtures("no_threads")

HOUR = 3600.0
RESULT = b"\r\n+QSMTPPUT: 0,250\r\n"
RESTART = "AT+CFUN=1,1"


@pytest.fixture
def modem() -> TalkingModem:
    """Return a modem whose own client never comes to a result."""
    modem = TalkingModem()
    modem.answers[PUT_LINE] = OK
    return modem


@pytest.fixture
def office(tmp_path: Path, modem: TalkingModem) -> Office:
    """Return a courier's office with an empty outbox."""
    return Office(tmp_path, modem)


def way(office: Office, reference: str) -> Way:
    """By which way an email was sent."""
    (found,) = [
        one.finding
        for one in office.transitions
        if one.reference == reference and one.state is State.SENT
    ]
    assert found is not None
    return found.way


@virtual_time
async def test_a_critical_email_goes_at_once_beside_one_that_hangs(
    office: Office, modem: TalkingModem
) -> None:
    async with office.at_work() as courier:
        loop = asyncio.get_running_loop()
        hanging, fire = email("Hanging"), email("Fire", critical=True)
        await courier.submit(hanging)
        await office.until(lambda: modem.sends == 1)
        await asyncio.sleep(1)
        start = loop.time()
        assert await office.send(fire) is State.SENT
        assert loop.time() - start < 2
        assert way(office, fire.reference) is Way.STREAM
        # The one that hangs has its own end all the same.
        modem.port.receive(RESULT)
        assert await office.ended(hanging) is State.SENT
        assert way(office, hanging.reference) is Way.MODULE
        assert b"Fire" in modem.office.received[0]
        assert modem.sends == 1


class FullLine(TcpLine):
    """A connection whose send buffer stays full of the first picture."""

    full = False

    @override
    def _take(self, data: bytes) -> bytes:
        self.full = self.full or (len(data) > 1000 and not self.office.received)
        return b"\r\nSEND FAIL\r\n" if self.full else super()._take(data)

    @override
    def _connect(self) -> bytes:
        self.full = False
        return super()._connect()


@virtual_time
async def test_an_alarm_does_not_wait_for_pictures_that_go_beside_one_that_hangs(
    office: Office, modem: TalkingModem
) -> None:
    """They give way, which is no attempt, and go after it."""
    line = modem.tcp = FullLine(modem.office)
    async with office.at_work() as courier:
        loop = asyncio.get_running_loop()
        hanging, hello = email("Hanging"), email("Hello")
        picture = Attachment("door.jpg", bytes(range(256)) * 40, "image/jpeg")
        pictures = email("Pictures", attachments=(picture,))
        fire = email("Fire", critical=True)
        await courier.submit(hanging)
        await office.until(lambda: modem.sends == 1)
        await courier.submit(pictures)
        await office.until(lambda: line.full)
        await asyncio.sleep(5)
        # It is no alarm.
        await courier.submit(hello)
        await asyncio.sleep(5)
        assert line.full
        start = loop.time()
        assert await office.send(fire) is State.SENT
        assert loop.time() - start < 2
        for one in (pictures, hello):
            assert await office.ended(one) is State.SENT
            assert way(office, one.reference) is Way.STREAM
        (end,) = [
            one
            for one in office.transitions
            if one.state is State.SENT and one.reference == pictures.reference
        ]
        assert end.attempts == 1
        modem.port.receive(RESULT)
        assert await office.ended(hanging) is State.SENT
        assert way(office, hanging.reference) is Way.MODULE


@virtual_time
async def test_others_wait_a_little_for_the_modem_s_client(
    office: Office, modem: TalkingModem
) -> None:
    async with office.at_work() as courier:
        loop = asyncio.get_running_loop()
        await courier.submit(email("Hanging"))
        await office.until(lambda: modem.sends == 1)
        start = loop.time()
        other = email("Other")
        assert await office.send(other) is State.SENT
        assert 10 < loop.time() - start < 20
        assert way(office, other.reference) is Way.STREAM
        # From then on for nothing.
        start = loop.time()
        assert await office.send(email("Third")) is State.SENT
        assert loop.time() - start < 2


@virtual_time
async def test_a_result_that_comes_in_time_leaves_the_others_their_way(
    office: Office, modem: TalkingModem
) -> None:
    async with office.at_work() as courier:
        first, other = email("First"), email("Other")
        await courier.submit(first)
        await office.until(lambda: modem.sends == 1)
        await courier.submit(other)
        await asyncio.sleep(5)
        modem.answers[PUT_LINE] = SENT
        modem.port.receive(RESULT)
        assert await office.ended(other) is State.SENT
        assert way(office, other.reference) is Way.MODULE
        assert STREAM_LINE not in modem.lines


@virtual_time
async def test_an_email_that_nobody_heard_of_again_is_repeated_by_the_stream(
    office: Office, modem: TalkingModem
) -> None:
    """No restart of the modem is needed for it."""
    async with office.at_work():
        hanging = email("Hanging")
        assert await office.send(hanging) is State.SENT
        assert way(office, hanging.reference) is Way.STREAM
        assert b"(possible repeat)" in modem.office.received[0]
        assert RESTART not in modem.lines
        # What may still be told of it is not taken for the result of another one.
        other = email("Other")
        assert await office.send(other) is State.SENT
        assert way(office, other.reference) is Way.STREAM
        assert modem.sends == 1
        modem.answers[QUESTION] = ERROR
        modem.port.receive(RESULT)
        await asyncio.sleep(1)
        modem.answers[PUT_LINE] = SENT
        last = email("Last")
        assert await office.send(last) is State.SENT
        assert way(office, last.reference) is Way.MODULE
        assert RESTART not in modem.lines


@virtual_time
async def test_a_modem_that_says_it_sends_nothing_gets_the_next_email(
    office: Office, modem: TalkingModem
) -> None:
    async with office.at_work():
        assert await office.send(email("Hanging")) is State.SENT
        del modem.answers[QUESTION]
        modem.answers[PUT_LINE] = SENT
        other = email("Other")
        assert await office.send(other) is State.SENT
        assert way(office, other.reference) is Way.MODULE


@virtual_time
async def test_a_person_s_choice_of_the_modem_s_client_has_it_restarted_first(
    office: Office, modem: TalkingModem
) -> None:
    async with office.at_work() as courier:
        assert await office.send(email("Hanging")) is State.SENT
        courier.update(replace(SETTINGS, options=Options(way=Way.MODULE)))
        modem.answers[PUT_LINE] = SENT
        assert await office.send(email("Other")) is State.SENT
        assert modem.lines.count(RESTART) == 1


@virtual_time
async def test_a_restart_that_has_to_wait_holds_an_email_for_that_way_only(
    office: Office, modem: TalkingModem
) -> None:
    async with office.at_work() as courier:
        assert await office.send(email("Hanging")) is State.SENT
        modem.answers[PUT_LINE] = SENT
        courier.update(replace(SETTINGS, options=Options(way=Way.MODULE)))
        # Three in a row are the most at once.
        worker = courier._worker  # noqa: SLF001  # what the ladder has done before
        now = office.instant().elapsed
        await worker._save_wear(Wear(reboots=(now,) * 3))  # noqa: SLF001
        await worker.resume()
        other = email("Other")
        await courier.submit(other)
        await asyncio.sleep(60)
        assert State.SENT not in office.states_of(other)
        assert await office.ended(other) is State.SENT
        assert modem.lines.count(RESTART) == 1


@virtual_time
async def test_what_was_on_its_way_when_we_died_holds_up_nothing(
    office: Office, modem: TalkingModem
) -> None:
    async with office.at_work() as courier:
        hanging = email("Hanging")
        await courier.submit(hanging)
        await office.until(lambda: modem.sends == 1)
    # Another process; the modem is still sending.
    modem.answers["AT+QIACT?"] = frame('+QIACT: 1,1,1,"10.0.0.1"')
    modem.answers["AT+CGACT?"] = frame("+CGACT: 1,1")
    modem.answers["AT+QIACT=1"] = ERROR
    lines = len(modem.lines)
    loop = asyncio.get_running_loop()
    async with office.at_work() as courier:
        start = loop.time()
        other = email("Other")
        assert await office.send(other) is State.SENT
        assert loop.time() - start < 5
        assert way(office, other.reference) is Way.STREAM
        assert State.SENT not in office.states_of(hanging)
        # The data connection that the other one needs stays as it is.
        assert "AT+QIDEACT=1" not in modem.lines[lines:]
        modem.port.receive(RESULT)
        assert await office.ended(hanging) is State.SENT
        assert way(office, hanging.reference) is Way.MODULE
        assert RESTART not in modem.lines


@pytest.mark.parametrize("restart", [RESTARTED, b"\r\nAPP RDY\r\n"])
def test_a_modem_that_restarts_settles_it_and_is_talked_to_anew(
    office: Office, modem: TalkingModem, restart: bytes
) -> None:
    @virtual_time
    async def live() -> None:
        async with office.at_work() as courier:
            hanging = email("Hanging")
            await courier.submit(hanging)
            await office.until(lambda: modem.sends == 1)
            await asyncio.sleep(20)
            modem.mark = 300
            modem.port.receive(restart)
            modem.answers[PUT_LINE] = SENT
            assert await office.ended(hanging) is State.SENT
            assert way(office, hanging.reference) is Way.STREAM

    live()


@virtual_time
async def test_both_are_settled_where_we_died_with_two_on_their_way(
    office: Office, modem: TalkingModem
) -> None:
    modem.office.replies["."] = ""
    async with office.at_work() as courier:
        hanging, fire = email("Hanging"), email("Fire", critical=True)
        await courier.submit(hanging)
        await office.until(lambda: modem.sends == 1)
        await courier.submit(fire)
        await office.until(lambda: State.SENDING in _states(office))
        await office.until(lambda: len(_sending(office)) == 2)
    modem.office.replies.clear()
    async with office.at_work():
        assert await office.ended(fire) is State.SENT
        assert b"(possible repeat)" in modem.office.received[-1]
        assert State.SENT not in office.states_of(hanging)
        modem.port.receive(RESULT)
        assert await office.ended(hanging) is State.SENT
        assert way(office, hanging.reference) is Way.MODULE


def _states(office: Office) -> list[State]:
    return [one.state for one in office.outbox.listed(office.instant())]


def _sending(office: Office) -> list[State]:
    return [state for state in _states(office) if state is State.SENDING]


@virtual_time
async def test_a_failure_beside_it_waits_and_is_tried_again_by_the_stream(
    office: Office, modem: TalkingModem
) -> None:
    async with office.at_work() as courier:
        hanging, other = email("Hanging"), email("Other")
        await courier.submit(hanging)
        await office.until(lambda: modem.sends == 1)
        modem.answers[STREAM_LINE] = OK + b"\r\n+QIOPEN: 10,566\r\n"
        await courier.submit(other)
        await office.until(lambda: modem.lines.count(STREAM_LINE) >= 2)
        del modem.answers[STREAM_LINE]
        assert await office.ended(other) is State.SENT
        assert way(office, other.reference) is Way.STREAM
        assert OPEN_LINE not in modem.lines
        assert "AT+QIDEACT=1" not in modem.lines
        assert State.SENT not in office.states_of(hanging)


@virtual_time
async def test_what_is_asked_for_beside_it_is_tried_at_once(
    office: Office, modem: TalkingModem
) -> None:
    async with office.at_work() as courier:
        loop = asyncio.get_running_loop()
        hanging, other = email("Hanging"), email("Other")
        await courier.submit(hanging)
        await office.until(lambda: modem.sends == 1)
        modem.answers[STREAM_LINE] = OK + b"\r\n+QIOPEN: 10,566\r\n"
        await courier.submit(other)
        await office.until(lambda: modem.lines.count(STREAM_LINE) >= 4)
        del modem.answers[STREAM_LINE]
        start = loop.time()
        await courier.retry(other.reference)
        assert await office.ended(other) is State.SENT
        assert loop.time() - start < 2
        assert way(office, other.reference) is Way.STREAM


@virtual_time
async def test_a_connection_that_never_tells_of_itself_costs_the_other_no_result(
    office: Office, modem: TalkingModem
) -> None:
    async with office.at_work() as courier:
        hanging, fire = email("Hanging"), email("Fire", critical=True)
        await courier.submit(hanging)
        await office.until(lambda: modem.sends == 1)
        modem.answers[STREAM_LINE] = OK
        await courier.submit(fire)
        await asyncio.sleep(250)
        # A result that comes while a port is closed is lost.
        assert len(modem.ports) == 1
        modem.port.receive(RESULT)
        assert await office.ended(hanging) is State.SENT
        assert way(office, hanging.reference) is Way.MODULE


@virtual_time
async def test_one_of_its_recipients_waits_for_no_other_one(
    office: Office, modem: TalkingModem
) -> None:
    async with office.at_work() as courier:
        modem.answers[PUT_LINE] = [SENT, result(678, 550), OK]
        assert await office.send(email("First")) is State.SENT
        # The modem does not say whom the server refused: each gets one of their own.
        await courier.submit(email("Fire", cc=("c@example.com",), critical=True))
        await office.until(lambda: modem.sends == 3)
        await asyncio.sleep(5)
        (content,) = modem.office.received
        assert b"To: " in content or b"Cc: " in content


@virtual_time
async def test_a_modem_that_falls_silent_meanwhile_is_opened_anew(
    office: Office, modem: TalkingModem
) -> None:
    async with office.at_work() as courier:
        hanging, fire = email("Hanging"), email("Fire", critical=True)
        await courier.submit(hanging)
        await office.until(lambda: modem.sends == 1)
        modem.port.silent = True
        await courier.submit(fire)
        await office.until(lambda: len(modem.ports) > 1, 100)
        assert await office.ended(fire) is State.SENT
        modem.port.receive(RESULT)
        assert await office.ended(hanging) is State.SENT
        assert way(office, hanging.reference) is Way.MODULE


@virtual_time
async def test_a_question_that_got_no_answer_is_asked_again_for_who_waits(
    office: Office, modem: TalkingModem
) -> None:
    async with office.at_work() as courier:
        loop = asyncio.get_running_loop()
        await courier.submit(email("Hanging"))
        await office.until(lambda: modem.sends == 1)
        modem.answers["AT+QISEND=?"] = [None, OK, OK]
        start = loop.time()
        assert await office.send(email("Fire", critical=True)) is State.SENT
        assert loop.time() - start < 30


@virtual_time
async def test_a_stream_that_does_no_better_has_the_modem_s_client_set_free(
    office: Office, modem: TalkingModem
) -> None:
    # A server whose TLS nobody but the modem's client understands.
    server = replace(SETTINGS.server, security=Security.TLS)
    office.settings = replace(SETTINGS, server=server)
    async with office.at_work() as courier:
        hanging = email("Hanging")
        await courier.submit(hanging)
        await office.until(lambda: modem.sends == 1)
        modem.answers[PUT_LINE] = SENT
        assert await office.ended(hanging) is State.SENT
        assert way(office, hanging.reference) is Way.MODULE
        assert modem.lines.count(RESTART) == 1


@virtual_time
async def test_nothing_begins_beside_an_email_while_we_stop(
    office: Office, modem: TalkingModem
) -> None:
    async with office.at_work() as courier:
        await courier.submit(email("Hanging"))
        await office.until(lambda: modem.sends == 1)
        stopping = asyncio.create_task(courier.stop())
        await asyncio.sleep(1)
        fire = email("Fire", critical=True)
        await courier.submit(fire)
        await stopping
        assert office.states_of(fire) == [State.QUEUED]
        assert STREAM_LINE not in modem.lines


@virtual_time
async def test_a_modem_without_tcp_commands_has_others_wait_as_before(
    office: Office, modem: TalkingModem
) -> None:
    modem.has_tcp = False
    async with office.at_work() as courier:
        hanging, fire = email("Hanging"), email("Fire", critical=True)
        await courier.submit(hanging)
        await office.until(lambda: modem.sends == 1)
        await courier.submit(fire)
        await asyncio.sleep(60)
        modem.answers[PUT_LINE] = SENT
        modem.port.receive(RESULT)
        assert await office.ended(fire) is State.SENT
        assert way(office, fire.reference) is Way.MODULE
