"""The recorder asks and never changes, and gives up in good order."""

import asyncio
from collections.abc import Callable
from datetime import date
import re
from typing import override

import pytest

from custom_components.quectel_smtp.modem.at.channel import AtChannel
from custom_components.quectel_smtp.modem.at.errors import NoAnswerError, PortLostError
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.network.status import Identity
from custom_components.quectel_smtp.modem.recording.questions import QUESTIONS
from custom_components.quectel_smtp.modem.recording.recorder import (
    Recording,
    Tape,
    compose,
    open_tape,
    record,
)
from tests.modem.scripted_modem import ScriptedModem
from tests.modem.scripted_port import frame
from tests.modem.virtual_time import virtual_time

TODAY = date(2026, 11, 23)
SETTINGS = PortSettings("scripted")


class TapedPort(asyncio.Transport):
    """Answers what is asked on a tape, or does what a test wants instead."""

    def __init__(self, tape: Tape, answer: Callable[[str], bytes]) -> None:
        """Connect ``tape``."""
        super().__init__()
        self.tape = tape
        self.answer = answer
        self.lines: list[str] = []
        self.closed = False
        tape.connection_made(self)

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        line = bytes(data).decode("ascii")
        assert line.endswith("\r")
        self.lines.append(line[:-1])
        if answer := self.answer(line[:-1]):
            loop = asyncio.get_running_loop()
            loop.call_later(0.01, self.tape.data_received, answer[:3])
            loop.call_later(0.02, self.tape.data_received, answer[3:])

    @override
    def abort(self) -> None:
        self.lose(None)

    def lose(self, error: Exception | None) -> None:
        """Take the port away."""
        self.closed = True
        asyncio.get_running_loop().call_soon(self.tape.connection_lost, error)


async def recorded(answer: Callable[[str], bytes]) -> tuple[Recording, TapedPort]:
    """Record from a port that gives these answers."""
    ports: list[TapedPort] = []

    async def opener(_: PortSettings) -> Tape:
        ports.append(TapedPort(Tape(), answer))
        return ports[0].tape

    modem = ScriptedModem()
    recording = await record(SETTINGS, TODAY, connector=modem.connect, opener=opener)
    return recording, ports[0]


def test_only_what_reads_is_asked() -> None:
    test_or_read = r"AT\+[A-Z]+(=\?|\?)"
    status = r"AT(I|&V|\+(CGMI|CGMM|CGMR|CGSN|CIMI|QCCID|ICCID|CSQ|QCSQ|QNWINFO|QLTS"
    status += r"|QINISTAT|QIGETERROR|CGPADDR))?"
    by_name = r'AT\+(QPINC="SC"|QURCCFG="urcport"|QFLDS="UFS"|QFLST="\*"'
    by_name += r'|QCFG="(urc/(cache|delay|port)|usbnet)"|QICSGP=1|QSSLCFG="[a-z]+",1'
    by_name += r'|QSMTPCFG="(contextid|ssltype|sslctxid|bodyoriginal|addrseparator)")'
    reads = re.compile(f"{test_or_read}|{status}|{by_name}")
    for rule in QUESTIONS:
        assert reads.fullmatch(rule.command), rule.command
    commands = [rule.command for rule in QUESTIONS]
    assert len(set(commands)) == len(commands)
    # These take minutes, or are no questions on every firmware.
    assert not {"AT+COPS=?", "AT+QPOWD=?", "AT+CFUN=1,1"} & set(commands)


def test_what_published_firmware_was_seen_to_keep_is_asked() -> None:
    assert {
        'AT+QSMTPCFG="addrseparator"',
        "AT+QICSGP=1",
        'AT+QCFG="urc/cache"',
        'AT+QCFG="urc/delay"',
        'AT+QCFG="urc/port"',
        "AT+QNETDEVCTL?",
        'AT+QSSLCFG="checkhost",1',
    } <= {rule.command for rule in QUESTIONS}


def test_what_the_modems_own_tcp_can_do_is_asked() -> None:
    assert {
        "AT+QIOPEN=?",
        "AT+QISEND=?",
        "AT+QIRD=?",
        "AT+QICFG=?",
        "AT+QISDE?",
        "AT+QGDCNT?",
        "AT+QAUGDCNT?",
    } <= {rule.command for rule in QUESTIONS}


@virtual_time
async def test_every_answer_is_kept_as_it_came_with_its_time() -> None:
    recording, port = await recorded(lambda line: frame(f"+X: {len(line)}"))
    assert port.lines == [rule.command for rule in QUESTIONS]
    assert port.closed
    exchanges = recording.transcript.exchanges
    assert [exchange.command for exchange in exchanges] == port.lines
    assert exchanges[0].received == frame("+X: 2")
    assert {exchange.milliseconds for exchange in exchanges} == {20}
    assert recording.silent_after is None
    assert recording.transcript.header == (
        ("manufacturer", "Quectel"),
        ("model", "EC200N"),
        ("firmware", "EC200NCNAAR01A01M16"),
        ("recorded", "2026-11-23"),
        ("recorder", "3"),
    )


@virtual_time
async def test_a_result_code_right_behind_an_answer_belongs_to_it() -> None:
    behind = frame() + b"\r\nRDY\r\n"
    recording, _ = await recorded(lambda line: behind)
    assert recording.transcript.exchanges[0].received == behind


@virtual_time
async def test_of_a_flood_only_the_beginning_is_kept() -> None:
    def answer(command: str) -> bytes:
        return b"+LOG: x\r\n" * 50_000 if command == "AT" else b"\r\nOK\r\n"

    recording, _ = await recorded(answer)
    assert 0 < len(recording.transcript.exchanges[0].received) < 100_000


@virtual_time
async def test_one_question_without_an_answer_is_part_of_the_picture() -> None:
    recording, port = await recorded(
        lambda line: b"" if line == "AT+QCSQ" else frame("+CSQ: 1,99")
    )
    assert len(port.lines) == len(QUESTIONS)
    (silent,) = [e for e in recording.transcript.exchanges if e.command == "AT+QCSQ"]
    assert silent.received == b""
    assert silent.milliseconds > 20_000
    assert recording.silent_after is None


@virtual_time
async def test_a_modem_that_falls_silent_is_given_up() -> None:
    recording, port = await recorded(
        lambda line: frame() if line in ("AT", "ATI") else b"\r\n"
    )
    assert port.lines == ["AT", "ATI", "AT+CGMI", "AT+CGMM"]
    assert port.closed
    assert recording.silent_after == "AT+CGMI"
    assert len(recording.transcript.exchanges) == 4


@virtual_time
async def test_a_port_that_goes_away_ends_the_recording() -> None:
    tape = Tape()
    port = TapedPort(tape, lambda line: frame())
    await tape.ask("AT")
    asking = asyncio.create_task(tape.ask("ATI"))
    await asyncio.sleep(0.015)
    port.lose(OSError(5, "gone"))
    with pytest.raises(PortLostError):
        await asking
    with pytest.raises(PortLostError):
        await tape.ask("AT")
    await tape.close()


@virtual_time
async def test_a_port_that_refuses_a_write_is_lost() -> None:
    def refuse(_: str) -> bytes:
        raise OSError(5, "gone")

    tape = Tape()
    port = TapedPort(tape, refuse)
    with pytest.raises(PortLostError):
        await tape.ask("AT")
    await tape.close()
    assert port.closed


@virtual_time
async def test_a_modem_that_can_not_be_found_lets_go_of_the_port() -> None:
    modem = ScriptedModem()
    modem.answers.clear()

    async def opener(_: PortSettings) -> Tape:
        raise AssertionError

    connect = modem.connect

    async def silent(settings: PortSettings) -> AtChannel:
        channel = await connect(settings)
        modem.port.silent = True
        return channel

    with pytest.raises(NoAnswerError):
        await record(SETTINGS, TODAY, connector=silent, opener=opener)
    assert modem.port.closed


@virtual_time
async def test_a_name_that_is_no_name_is_told_as_unknown() -> None:
    modem = ScriptedModem()
    modem.answers["AT+CGMM"] = frame(" ")

    async def opener(_: PortSettings) -> Tape:
        return TapedPort(Tape(), lambda line: frame()).tape

    recording = await record(SETTINGS, TODAY, connector=modem.connect, opener=opener)
    assert recording.transcript.values("model") == ("unknown",)


def test_a_name_shows_no_number_however_it_is_written_nor_moves_a_terminal() -> None:
    imei = "867730051928374"
    for name in ("8677 3005 1928 374", "86-773005-192837-4"):
        who = Identity("Quectel", f"EC200\x9b31m\u202e {name}", "EC200A", imei)
        shown = compose(who, [], TODAY).transcript.values("model")[0]
        assert shown == f"EC20031m {'x' * len(name)}"


async def test_a_port_that_is_gone_when_it_is_opened_again_is_lost() -> None:
    with pytest.raises(PortLostError):
        await open_tape(PortSettings("/dev/no-such-port"))
