"""Rule 2: no bytes, at no moment, end the engine, hold it, fill it or confuse it.

The seed is fixed, so that a failure comes back; ``FUZZ_SEED=n`` chooses another.
"""

import asyncio
import contextlib
import gc
import os
import sys
import tracemalloc

import pytest

from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.errors import UnexpectedAnswerError
from tests.modem.scripted_port import frame, open_port
from tests.modem.virtual_time import virtual_time

from .fuzzing import Figures, fuzz, quiet

SEED = int(os.environ.get("FUZZ_SEED", "1"))
MANY = 50_000
MILLION = 1_000_000
KIB_64 = 64 * 1024


def report(capsys: pytest.CaptureFixture[str], seed: int, figures: Figures) -> None:
    """Show the figures whether the test passes or not."""
    with capsys.disabled():
        sys.stdout.write(f"\nfuzz, FUZZ_SEED={seed}: {figures}\n")


@pytest.mark.timeout(300)
def test_after_any_stream_the_next_answer_is_read_right(
    capsys: pytest.CaptureFixture[str],
) -> None:
    figures = fuzz(SEED, MANY)
    report(capsys, SEED, figures)
    assert figures.streams == MANY
    # Else the streams would not reach what they are made for.
    assert figures.errors > MANY // 100
    assert figures.resyncs > MANY // 100


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(10))
def test_after_any_of_ten_million_streams_the_next_answer_is_read_right(
    capsys: pytest.CaptureFixture[str], part: int
) -> None:
    seed = SEED * 1000 + part
    figures = fuzz(seed, MILLION)
    report(capsys, seed, figures)
    assert figures.streams == MILLION


# What the test runner's own threads allocate meanwhile is not the engine's.
ENGINE = [
    tracemalloc.Filter(inclusive=True, filename_pattern=f"*/{folder}/*")
    for folder in ("quectel_smtp/modem", "asyncio", "tests/hostile")
]


def test_memory_stays_flat() -> None:
    held: list[int] = []

    def watch(_: int) -> None:
        gc.collect()
        taken = tracemalloc.take_snapshot().filter_traces(ENGINE)
        held.append(sum(trace.size for trace in taken.traces))

    tracemalloc.start()
    try:
        fuzz(SEED, 20_000, watch)
    finally:
        tracemalloc.stop()
    warm, rest = held[:5], held[5:]
    assert max(rest) - max(warm) < KIB_64, held


LIST = Command('AT+QFLST="*"', prefixes=("+QFLST:",), single=False)
PIECES = {
    "a line without end": b"x" * KIB_64,
    "lines of the answer": b'\r\n+QFLST: "UFS:a",1\r\n' * (KIB_64 // 21),
    "lines of nobody": b"\r\n+XYZ: 1\r\n" * (KIB_64 // 11),
    "garbage": bytes(range(256)) * 256,
}


@pytest.mark.parametrize("piece", PIECES.values(), ids=PIECES.keys())
@virtual_time
async def test_an_answer_that_never_ends_fills_no_memory(piece: bytes) -> None:
    port = open_port()
    receive = port.channel.data_received
    largest = 0

    def flood() -> None:
        nonlocal largest
        receive(piece)
        tracemalloc.start()
        for _ in range(20):
            receive(piece)
        largest = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        receive(frame())

    def begin(line: str) -> None:
        if line == LIST.line:
            asyncio.get_running_loop().call_soon(flood)

    port.before_line = begin
    port.answers[LIST.line] = None
    port.answers["AT+CGSN"] = frame("861234567890123")
    port.answers["AT+CSQ"] = frame("+CSQ: 24,99")
    with quiet(), contextlib.suppress(UnexpectedAnswerError):
        await port.channel.execute(LIST)
    assert largest < KIB_64
    assert await port.channel.execute(Command("AT+CSQ", prefixes=("+CSQ:",))) == (
        "+CSQ: 24,99",
    )
