"""Drives parser and channel through many streams, in memory and in virtual time."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import logging
from random import Random
import time
from typing import override

from custom_components.quectel_smtp.modem.at.channel import AtChannel
from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.errors import (
    ModemError,
    ModemRebootedError,
    NoAnswerError,
)
from custom_components.quectel_smtp.modem.at.parser import Line, Parser
from tests.modem.virtual_time import run

from .streams import Streams, seeds

KIB_64 = 64 * 1024
_OK = b"\r\nOK\r\n"
# What the channel asks when it resynchronises.
_PROBES = {
    b"AT": _OK,
    b"AT+CGSN": b"\r\n861234567890123\r\n" + _OK,
    b"AT+CSQ": b"\r\n+CSQ: 24,99\r\n" + _OK,
    b"AT+CGATT?": b"\r\n+CGATT: 1\r\n" + _OK,
    b"AT+CCLK?": b'\r\n+CCLK: "26/11/23,09:00:00+00"\r\n' + _OK,
}
_IN_FLIGHT = (
    Command("AT+CSQ", prefixes=("+CSQ:",)),
    Command("AT+CEREG?", prefixes=("+CEREG:",), shape=lambda found: len(found) > 1),
    Command("AT+CGMM", bare=lambda text: not text.startswith("+")),
    Command('AT+QFLST="*"', prefixes=("+QFLST:",), single=False),
    Command("AT+QSSLCFG=?", prefixes=("+QSSLCFG:",), single=False),
)
_UPLOAD = Command('AT+QFUPL="x",2100', prefixes=("+QFUPL:",))
_UPLOADED = bytes(2100)


@dataclass(slots=True)
class Figures:
    """What a run was; ``worst`` is processor time in seconds per 64 KiB at most."""

    streams: int = 0
    bytes: int = 0
    errors: int = 0
    resyncs: int = 0
    worst: float = 0.0
    seconds: float = 0.0

    def __str__(self) -> str:
        """Say it to a person."""
        return (
            f"{self.streams} streams, {self.bytes / 1e6:.0f} MB, in {self.seconds:.1f} s "
            f"({self.streams / self.seconds:.0f} streams/s); {self.errors} commands ended "
            f"in an error, {self.resyncs} resynchronisations; worst processor time "
            f"{self.worst * 1000:.1f} ms per 64 KiB"
        )


class FuzzedPort(asyncio.Transport):
    """Answers probes and checks well; says something else when a test tells it to."""

    def __init__(self, figures: Figures) -> None:
        """Connect a new channel, and count resynchronisations in ``figures``."""
        super().__init__()
        self.figures = figures
        self._loop = asyncio.get_running_loop()
        self.channel = AtChannel()
        self.instead: Callable[[], None] | None = None
        """What is done, once, at the next command line instead of an answer."""
        self.taking = 0
        """Bytes of data mode that are still to come."""
        self.taken: Callable[[int], None] = lambda left: None
        self._typed = bytearray()
        self.channel.connection_made(self)

    @override
    def set_write_buffer_limits(
        self, high: int | None = None, low: int | None = None
    ) -> None: ...

    @override
    def get_write_buffer_size(self) -> int:
        return 0

    @override
    def is_closing(self) -> bool:
        return False

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self.taking:
            self.taking = max(self.taking - len(data), 0)
            self._loop.call_soon(self.taken, self.taking)
            return
        self._typed += data
        if not self._typed.endswith(b"\r"):
            return
        line = bytes(self._typed[:-1]).removeprefix(b"+++")
        self._typed.clear()
        self.figures.resyncs += line == b"AT"
        instead, self.instead = self.instead, None
        if instead is not None:
            self._loop.call_soon(instead)
        else:
            self.say(_PROBES.get(line) or b"\r\n+FUZZ: " + line[8:] + b"\r\n" + _OK)

    def say(self, data: bytes) -> None:
        """Let the channel read ``data`` in the loop's next turn."""
        self._loop.call_soon(self.channel.data_received, data)


class Fuzzer:
    """One channel and one parser that live through every stream of a run."""

    def __init__(self, random: Random) -> None:
        """Open the port."""
        self._random = random
        self._streams = Streams(random, seeds())
        self.figures = Figures()
        self._port = FuzzedPort(self.figures)
        self._channel = self._port.channel
        self._parser = Parser()

    async def one(self) -> None:
        """Send one stream at a moment of chance; then the next answer must be right."""
        stream = self._streams.stream()
        pieces = self._streams.pieces(stream)
        self.figures.streams += 1
        self.figures.bytes += len(stream)
        try:
            self._parse(pieces)
            chance = self._random.random()
            if chance < 0.6:
                self._feed(pieces)
            elif chance < 0.95:
                await self._answer(pieces)
            else:
                await self._upload(pieces)
            await self._check()
        except BaseException as err:
            err.add_note(
                f"stream {self.figures.streams} of {len(stream)} bytes: "
                f"{[piece[:500] for piece in pieces]}"
            )
            raise

    def _parse(self, pieces: list[bytes]) -> None:
        parser = self._parser
        if self._random.random() < 0.1:
            parser.expect_acknowledgements()
        for piece in pieces:
            parser.feed(piece)
            assert parser.held <= KIB_64
        assert parser.feed(b"\r\n" + _OK)[-1] == Line("OK", opened=True)
        parser.expect_lines()

    def _feed(self, pieces: list[bytes]) -> None:
        """Let the channel read a stream, and take the time."""
        received = self._channel.data_received
        size = sum(map(len, pieces))
        started = time.process_time()
        for piece in pieces:
            received(piece)
        spent = time.process_time() - started
        worst = spent * KIB_64 / max(size, KIB_64)
        self.figures.worst = max(self.figures.worst, worst)

    async def _answer(self, pieces: list[bytes]) -> None:
        """Send a command; the stream comes before its answer."""
        command = _IN_FLIGHT[int(self._random.random() * len(_IN_FLIGHT))]

        def answer() -> None:
            self._feed(pieces)
            self._channel.data_received(b"\r\n" + _OK)

        if self._channel.dirty:
            await self._check()
        self._port.instead = answer
        try:
            await self._channel.execute(command)
        except NoAnswerError:
            # A framed final result came after all of it.
            raise
        except ModemError:
            self.figures.errors += 1

    async def _upload(self, pieces: list[bytes]) -> None:
        """Upload a file; the stream comes at some byte of it."""
        port = self._port
        acknowledged = self._random.random() < 0.5
        at = int(self._random.random() * len(_UPLOADED))
        disturbed = False
        blocks = 0

        def connect() -> None:
            port.taking = len(_UPLOADED)
            self._channel.data_received(b"\r\nCONNECT\r\n")

        def taken(left: int) -> None:
            nonlocal disturbed, blocks
            came = len(_UPLOADED) - left
            if came >= at and not disturbed:
                disturbed = True
                self._feed(pieces)
            if acknowledged and came // 1024 > blocks:
                blocks += 1
                self._channel.data_received(b"A")
            if not left:
                self._channel.data_received(b"\r\n\r\n+QFUPL: 2100,0\r\n" + _OK)

        if self._channel.dirty:
            await self._check()
        port.instead, port.taken = connect, taken
        try:
            await self._channel.transfer(
                _UPLOAD, _UPLOADED, timeout=30, acknowledged=acknowledged
            )
        except ModemError:
            self.figures.errors += 1
        # The modem's own time for it is over, whatever we were told.
        port.taking = 0

    async def _check(self) -> None:
        """The next command gets its own answer, and all of it."""
        number = self.figures.streams
        check = Command(f"AT+FUZZ={number}", prefixes=("+FUZZ:",))
        try:
            found = await self._channel.execute(check)
        except ModemRebootedError:
            # The stream broke off within a restart's line, and our answer ended it.
            found = await self._channel.execute(check)
        assert found == (f"+FUZZ: {number}",)


def fuzz(seed: int, count: int, watch: Callable[[int], None] | None = None) -> Figures:
    """Send ``count`` streams; ``watch`` is called every thousand of them."""

    async def work() -> Figures:
        fuzzer = Fuzzer(Random(seed))
        for number in range(count):
            await fuzzer.one()
            if watch is not None and number % 1000 == 0:
                watch(number)
        return fuzzer.figures

    started = time.perf_counter()
    with quiet():
        figures = run(work())
    figures.seconds = time.perf_counter() - started
    return figures


@contextmanager
def quiet() -> Iterator[None]:
    """Keep our DEBUG records from pytest, which would store millions of them."""
    logger = logging.getLogger("custom_components.quectel_smtp")
    before = logger.level
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(before)
