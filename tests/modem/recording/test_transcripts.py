"""Recorded modems replay: through the engine, and against the virtual modem's grammar."""

from collections.abc import Iterator
from pathlib import Path
import re

import pytest

from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.errors import CommandError
from custom_components.quectel_smtp.modem.recording.masking import mask
from custom_components.quectel_smtp.modem.recording.questions import QUESTIONS
from custom_components.quectel_smtp.modem.recording.transcript import (
    Exchange,
    Transcript,
    parse,
    render,
)
from tests.modem.scripted_port import open_port
from tests.modem.virtual_time import virtual_time
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.profiles import PROFILES
from tests.virtual_modem.tests.host import Host

from .answer_shape import Shape, shape, split_answer

FOLDER = Path(__file__).parents[2] / "virtual_modem" / "transcripts"
FILES = sorted(FOLDER.glob("*.txt"))
pytestmark = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def read(path: Path) -> Transcript:
    """Read one transcript."""
    return parse(path.read_text(encoding="utf-8"))


def command_of(exchange: Exchange) -> Command:
    """Return a command that takes every line of its answer."""
    name, _, _ = exchange.command.removeprefix("AT").partition("=")
    prefix = f"{name.rstrip('?')}:"
    return Command(
        exchange.command,
        prefixes=(prefix,) if prefix.startswith("+") else (),
        bare=lambda text: not text.startswith("+"),
        single=False,
    )


def report_as_recorded(host: Host, transcript: Transcript) -> None:
    """Choose how much a registration line tells: the first field of its answer."""
    for exchange in transcript.exchanges:
        for name in ("CREG", "CGREG", "CEREG"):
            if found := re.search(rb"\+%b: (\d)," % name.encode(), exchange.received):
                if exchange.command == f"AT+{name}?":
                    host.ok(f"AT+{name}={int(found[1])}")


def cut(data: bytes, size: int) -> Iterator[bytes]:
    """Cut into pieces of one size."""
    return (data[at : at + size] for at in range(0, len(data), size))


@virtual_time
async def test_the_engine_reads_the_same_answer_however_it_is_cut(path: Path) -> None:
    for exchange in read(path).exchanges:
        lines, final = split_answer(exchange.command, exchange.received)
        if final is None:
            continue
        command = command_of(exchange)
        for size in range(1, len(exchange.received) + 1):
            port = open_port()
            port.cut = lambda data, size=size: cut(data, size)  # type: ignore[misc]  # a default of its own
            port.answers[command.line] = exchange.received
            if final == "OK":
                assert await port.channel.execute(command) == lines, (command, size)
            else:
                with pytest.raises(CommandError):
                    await port.channel.execute(command)
            assert not port.channel.dirty
            assert port.channel.garbled_lines == 0


def test_the_virtual_modem_answers_in_the_same_shape(path: Path) -> None:
    transcript = read(path)
    (profile,) = transcript.values("profile")
    assert profile in PROFILES
    known = {value.partition("  ")[0] for value in transcript.values("differs")}
    differences: dict[str, tuple[Shape, Shape]] = {}
    with VirtualModem(profile=profile) as virtual, Host(virtual.port) as host:
        host.command("ATE0")
        report_as_recorded(host, transcript)
        for exchange in transcript.exchanges:
            recorded = shape(exchange.command, exchange.received)
            answered = shape(exchange.command, host.command(exchange.command).encode())
            if recorded.succeeded is not None and not recorded.matches(answered):
                differences[exchange.command] = recorded, answered
    unknown = {command: differences[command] for command in differences.keys() - known}
    assert unknown == {}, "mend the virtual modem, or name the difference in the header"
    assert known - differences.keys() == set(), "the header names what differs no more"


def test_the_header_says_whose_voice_it_is(path: Path) -> None:
    transcript = read(path)
    for name in ("manufacturer", "model", "firmware", "recorded", "recorder", "source"):
        assert len(transcript.values(name)) == 1, name
    (source,) = transcript.values("source")
    assert source in ("hardware", "virtual modem")
    assert path.name.startswith("virtual-modem") is (source == "virtual modem")
    assert all("  " in difference for difference in transcript.values("differs"))


def test_nothing_is_left_in_it_that_the_recorder_would_mask(path: Path) -> None:
    rules = {rule.command: rule for rule in QUESTIONS}
    transcript = read(path)
    for exchange in transcript.exchanges:
        rule = rules.get(exchange.command)
        if rule is not None:
            assert mask(rule, exchange.received).shown == exchange.received


def test_it_is_written_as_the_recorder_writes(path: Path) -> None:
    assert render(read(path)) == path.read_text(encoding="utf-8")
