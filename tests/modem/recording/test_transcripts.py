"""Recorded modems replay: through the engine, and against the virtual modem's grammar."""

from collections.abc import Iterator
from pathlib import Path

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
from tests.virtual_modem.profiles import PROFILES

from .answer_shape import split_answer
from .comparison import differences

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
    found = differences(transcript, profile)
    unknown = {command: found[command] for command in found.keys() - known}
    assert unknown == {}, "mend the virtual modem, or name the difference in the header"
    assert known - found.keys() == set(), "the header names what differs no more"


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
