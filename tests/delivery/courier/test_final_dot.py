"""An email that goes by the stream may have left once its last line has, not before."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from custom_components.quectel_smtp.delivery.records import Options, State, Way
from tests.delivery.bench import SETTINGS, Office, email
from tests.delivery.talking_modem import STREAM_LINE, TalkingModem
from tests.modem.virtual_time import virtual_time

pytestmark = pytest.mark.usefixtures("no_threads")


@pytest.fixture
def modem() -> TalkingModem:
    """Return a modem that can do both."""
    return TalkingModem()


@pytest.fixture
def office(tmp_path: Path, modem: TalkingModem) -> Office:
    """Return an office whose emails go by the stream."""
    settings = replace(SETTINGS, options=Options(way=Way.STREAM))
    return Office(tmp_path, modem, settings)


@virtual_time
async def test_the_intent_is_written_down_right_before_the_last_line_leaves(
    office: Office, modem: TalkingModem
) -> None:
    intended = {}

    def hear(line: bytes) -> None:
        intended[line] = office.outbox.unsettled() is not None

    modem.office.on_line = hear
    async with office.at_work():
        found = email(body="Water\n.\nand fire")
        assert await office.send(found) is State.SENT
        assert intended[b"DATA"] is False
        assert intended[f"Ref: {found.reference}".encode()] is False
        assert intended[b"."] is True
        assert b"\r\n.\r\nand fire" in modem.office.received[0]


@virtual_time
async def test_a_connection_that_breaks_in_the_midst_of_the_text_is_no_doubt(
    office: Office, modem: TalkingModem
) -> None:
    lines = []

    def hear(line: bytes) -> None:
        lines.append(line)
        if line == b"Line 90" and lines.count(line) == 1:
            modem.tcp.connected = False

    modem.office.on_line = hear
    async with office.at_work():
        found = email(body="".join(f"Line {number}\n" for number in range(900)))
        assert await office.send(found) is State.SENT
        assert lines.count(b"Line 90") == 2
        (content,) = modem.office.received
        assert b"(possible repeat)" not in content
        assert modem.lines.count(STREAM_LINE) == 2


@virtual_time
async def test_what_a_server_said_once_too_often_is_no_reply_to_the_last_line(
    office: Office, modem: TalkingModem
) -> None:
    # It is there before the email is sent, and in one piece with another reply.
    modem.office.go_on = "354 go on\r\n250 OK\r\n"
    modem.office.replies["."] = "451 4.3.0 not now\r\n"
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        await office.until(lambda: State.DEFERRED in office.states_of(found))
        assert modem.office.received == []
        modem.office.replies.clear()
        assert await office.ended(found) is State.SENT
        assert len(modem.office.received) == 1


@virtual_time
async def test_a_connection_that_breaks_at_the_last_line_is_doubt(
    office: Office, modem: TalkingModem
) -> None:
    dots = []

    def hear(line: bytes) -> None:
        if line == b".":
            dots.append(line)
            modem.tcp.connected = modem.tcp.connected and len(dots) > 1
            modem.office.replies = {".": ""} if len(dots) == 1 else {}

    modem.office.on_line = hear
    async with office.at_work():
        assert await office.send(email()) is State.SENT
        assert b"(possible repeat)" in modem.office.received[-1]


@virtual_time
async def test_a_reply_that_came_before_the_data_connection_went_counts(
    office: Office, modem: TalkingModem
) -> None:
    def hear(line: bytes) -> None:
        if line == b".":
            loop = asyncio.get_running_loop()
            loop.call_soon(modem.port.receive, b'\r\n+QIURC: "pdpdeact",1\r\n')

    modem.office.on_line = hear
    async with office.at_work():
        found = email()
        assert await office.send(found) is State.SENT
        assert State.DEFERRED not in office.states_of(found)
        assert len(modem.office.received) == 1


@virtual_time
async def test_a_server_is_taken_leave_of_once_the_result_is_told(
    office: Office, modem: TalkingModem
) -> None:
    told: list[list[State]] = []
    modem.office.on_line = lambda line: (
        told.append(list(office.states)) if line == b"QUIT" else None
    )
    async with office.at_work():
        assert await office.send(email()) is State.SENT
        await office.until(lambda: told)
        assert told == [[State.QUEUED, State.SENT]]
        await office.idle()
        assert not modem.tcp.connected


@virtual_time
async def test_a_server_without_a_farewell_holds_up_nothing_for_long(
    office: Office, modem: TalkingModem
) -> None:
    modem.office.replies["QUIT"] = ""
    async with office.at_work() as courier:
        loop = asyncio.get_running_loop()
        start = loop.time()
        assert await office.send(email()) is State.SENT
        assert loop.time() - start < 1
        await courier.submit(email("Next"))
        await office.until(lambda: len(modem.office.received) == 2)
        assert loop.time() - start < 5
