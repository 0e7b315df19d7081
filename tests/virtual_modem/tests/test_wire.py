"""Pacing: at which time which byte is on the wire, by a clock that does not run."""

import asyncio
from collections.abc import Callable, Iterator
import os
import selectors
from typing import override

import pytest

from ..wire import Wire

_KIB = 1024


class _Clock:
    """Time that passes only where a loop would have waited."""

    now = 1000.0


class _Selector(selectors.SelectSelector):
    """Never waits: it moves the clock to where the wait would have ended."""

    def __init__(self, clock: _Clock) -> None:
        super().__init__()
        self._clock = clock

    @override
    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout:
            self._clock.now += timeout
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, clock: _Clock) -> None:
        super().__init__(_Selector(clock))
        self._own_clock = clock

    @override
    def time(self) -> float:
        return self._own_clock.now


class _Pipe:
    """An endpoint: a pipe from the host, and a record of what goes to it."""

    watched: list[tuple[int, Callable[[], None]]] = []

    def __init__(self, clock: _Clock) -> None:
        self._clock = clock
        self._from, self.host = os.pipe()
        os.set_blocking(self._from, False)
        self.written: list[tuple[float, bytes]] = []

    def open(self) -> None:
        """It is."""

    def close(self) -> None:
        """Close both ends."""
        os.close(self._from)
        os.close(self.host)

    def fileno(self) -> int | None:
        """The pipe's end."""
        return self._from

    def read(self, size: int) -> bytes:
        """What is in it."""
        try:
            return os.read(self._from, size)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> int:
        """Record it."""
        self.written.append((self._clock.now, data))
        return len(data)

    def host_present(self) -> bool:
        """Always."""
        return True

    def host_speed(self) -> int | None:
        """Not known."""
        return None


@pytest.fixture
def clock() -> _Clock:
    """A clock that stands."""
    return _Clock()


@pytest.fixture
def pipe(clock: _Clock) -> Iterator[_Pipe]:
    """An endpoint."""
    made = _Pipe(clock)
    yield made
    made.close()


def _run(clock: _Clock, use: Callable[[], None], until: float) -> None:
    """Run a loop on that clock until its time is `until`."""

    async def main() -> None:
        use()
        while clock.now < until:
            await asyncio.sleep(0.01)

    with asyncio.Runner(loop_factory=lambda: _Loop(clock)) as runner:
        runner.run(main())


def _check(arrivals: list[tuple[float, bytes]], begin: float, baud: int) -> None:
    """Each byte not before it is on the wire, and not a wake-up later."""
    count = 0
    for at, data in arrivals:
        count += len(data)
        due = begin + count * 10 / baud
        assert due - 1e-6 <= at <= due + 10 / baud + 1e-6
    assert arrivals[-1][0] == pytest.approx(begin + count * 10 / baud, abs=1e-6)


@pytest.mark.parametrize("baud", [9600, 115200, 921600])
def test_output_keeps_the_schedule_of_a_uart(
    clock: _Clock, pipe: _Pipe, baud: int
) -> None:
    """64 KiB end where they should, whatever the wake-ups between them."""
    data = os.urandom(64 * _KIB)
    begin = clock.now

    def use() -> None:
        wire = Wire(pipe, lambda _: None, baud, lambda d: d)
        wire.write(data[:100])
        wire.write(data[100:])

    _run(clock, use, begin + len(data) * 10 / baud + 0.1)
    assert b"".join(piece for _, piece in pipe.written) == data
    _check(pipe.written, begin, baud)


@pytest.mark.parametrize("baud", [9600, 115200, 921600])
def test_input_keeps_the_schedule_of_a_uart(
    clock: _Clock, pipe: _Pipe, baud: int
) -> None:
    """However early the host hands it over; and no more is taken in than is due soon."""
    data = os.urandom(32 * _KIB)
    begin = clock.now
    arrived: list[tuple[float, bytes]] = []

    def use() -> None:
        Wire(pipe, lambda d: arrived.append((clock.now, d)), baud, lambda d: d).attach()
        os.write(pipe.host, data)

    _run(clock, use, begin + len(data) * 10 / baud + 0.1)
    assert b"".join(piece for _, piece in arrived) == data
    _check(arrived, begin, baud)


def test_a_pause_moves_what_follows(clock: _Clock, pipe: _Pipe) -> None:
    """Without pacing too."""
    begin = clock.now

    def use() -> None:
        wire = Wire(pipe, lambda _: None, None, lambda d: d)
        wire.write(b"a")
        wire.pause(0.5)
        wire.write(b"b")
        wire.write(b"c")

    _run(clock, use, begin + 1)
    assert [(at - begin, data) for at, data in pipe.written] == [
        (0, b"a"),
        (pytest.approx(0.5, abs=1e-6), b"b"),
        (pytest.approx(0.5, abs=1e-6), b"c"),
    ]


def test_glued_output_comes_in_one_piece(clock: _Clock, pipe: _Pipe) -> None:
    """Held back, then written at one go."""
    begin = clock.now

    def use() -> None:
        wire = Wire(pipe, lambda _: None, None, lambda d: d)
        wire.glue(0.2)
        wire.write(b"\r\nOK\r\n")
        wire.write(b"\r\n+QSMTPPUT: 0,0\r\n")

    _run(clock, use, begin + 1)
    (piece,) = pipe.written
    assert piece[1] == b"\r\nOK\r\n\r\n+QSMTPPUT: 0,0\r\n"
