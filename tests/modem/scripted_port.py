"""The outermost edge: a serial port in memory with a scripted modem behind it."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import override

from custom_components.quectel_smtp.modem.at.channel import AtChannel

OK = b"\r\nOK\r\n"
GUARD = 1.0
ERROR = b"\r\nERROR\r\n"


def frame(*lines: str) -> bytes:
    """Return lines as a modem frames them, ``OK`` last."""
    return b"".join(b"\r\n" + line.encode() + b"\r\n" for line in lines) + OK


def cme(code: int | str) -> bytes:
    """Return an error of the equipment."""
    return f"\r\n+CME ERROR: {code}\r\n".encode()


@dataclass
class Data:
    """After ``CONNECT``: how many bytes to take, and what follows them."""

    count: int
    then: bytes | Callable[[bytes], bytes]
    acknowledge: bool = False
    opening: bytes = b"\r\nCONNECT\r\n"
    """What asks for the bytes; a prompt, for example."""


@dataclass
class Late:
    """An answer that comes only after ``seconds``."""

    seconds: float
    answer: bytes


type Answer = bytes | Data | Late | None


class ScriptedPort(asyncio.Transport):
    """Answers each command line from ``answers``; ``OK`` where it has none."""

    def __init__(self, channel: AtChannel) -> None:
        """Connect ``channel`` to this port."""
        super().__init__()
        self.channel = channel
        self.answers: dict[str, Answer | list[Answer] | Callable[[], Answer]] = {}
        self.lines: list[str] = []
        self.writes: list[bytes] = []
        self.written_at: list[float] = [0.0]
        """When the port was opened, and when each write came."""
        self.after_escape = OK
        self.on_receive: Callable[[bytes], None] = self._deliver
        self.taken: list[bytes] = []
        self.echo = False
        self.cut: Callable[[bytes], Iterator[bytes]] = lambda data: iter((data,))
        self.before_line: Callable[[str], None] = lambda line: None
        self.closed = False
        self.silent = False
        self.lost: Exception | None = None
        self._typed = bytearray()
        self._data: Data | None = None
        self._got = bytearray()
        channel.connection_made(self)

    # The channel's side.

    @override
    def set_write_buffer_limits(
        self, high: int | None = None, low: int | None = None
    ) -> None:
        assert high == 0

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self.lost is not None:
            raise self.lost
        now = asyncio.get_running_loop().time()
        guarded = bytes(data) == b"+++" and now - self.written_at[-1] >= GUARD
        self.writes.append(bytes(data))
        self.written_at.append(now)
        if guarded and self._data is not None:
            self._data = None
            self.receive(self.after_escape)
            return
        left = bytes(data)
        while left:
            left = left[self._take(left) :]

    @override
    def get_write_buffer_size(self) -> int:
        return 0

    @override
    def is_closing(self) -> bool:
        return self.closed

    @override
    def abort(self) -> None:
        self.lose(None)

    # The test's side.

    def receive(self, data: bytes) -> None:
        """Let the channel read ``data``, unless the test's hook does otherwise."""
        self.on_receive(data)

    def enter_data_mode(self) -> None:
        """Be in the data mode that another program has left behind."""
        self._data = Data(10_000, OK)

    def ask(self, data: Data) -> None:
        """Take data from now on, asked for without a command just then."""
        self._data = data
        self._got.clear()
        self.receive(data.opening)

    def _deliver(self, data: bytes) -> None:
        for piece in self.cut(data):
            self.channel.data_received(piece)

    def lose(self, error: Exception | None) -> None:
        """Take the port away, as an unplugged cable does."""
        if not self.closed:
            self.closed = True
            asyncio.get_running_loop().call_soon(self.channel.connection_lost, error)

    # The modem's side.

    def _take(self, written: bytes) -> int:
        """Take what belongs together; returns how much of it that was."""
        if self._data is not None:
            return self._take_data(self._data, written)
        self._take_typed(written[0])
        return 1

    def _take_typed(self, byte: int) -> None:
        if byte != ord("\r"):
            self._typed.append(byte)
            if self._typed.endswith(b"+++"):
                del self._typed[-3:]
            return
        if not self._typed:
            # An empty line: nothing answers it.
            return
        line = self._typed.decode("latin-1")
        self._typed.clear()
        self.lines.append(line)
        if self.echo:
            self._send(line.encode() + b"\r")
        self.before_line(line)
        if self.silent:
            return
        answer = self.answers.get(line, OK)
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else OK
        elif callable(answer):
            answer = answer()
        match answer:
            case bytes():
                self._send(answer)
            case Late(seconds, late):
                asyncio.get_running_loop().call_later(seconds, self.receive, late)
            case Data():
                self._data = answer
                self._got.clear()
                self._send(answer.opening)

    def _take_data(self, data: Data, written: bytes) -> int:
        until_mark = 1024 - len(self._got) % 1024
        taken = written[: min(until_mark, max(1, data.count - len(self._got)))]
        self._got += taken
        if data.acknowledge and len(self._got) % 1024 == 0:
            self._send(b"A")
        if len(self._got) == data.count:
            self._data = None
            self.taken.append(bytes(self._got))
            then = data.then(self.taken[-1]) if callable(data.then) else data.then
            self._send(then)
        return len(taken)

    def _send(self, data: bytes) -> None:
        asyncio.get_running_loop().call_soon(self.receive, data)


class SlowPort(ScriptedPort):
    """Takes each write only after a second; until then its buffer is full."""

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.channel.pause_writing()
        asyncio.get_running_loop().call_later(1, self._written, bytes(data))

    def _written(self, data: bytes) -> None:
        super().write(data)
        self.channel.resume_writing()


@dataclass
class Collector:
    """Takes what a subscriber is called with."""

    lines: list[str] = field(default_factory=list)

    def __call__(self, line: str) -> None:
        """Keep the line."""
        self.lines.append(line)


def open_port() -> ScriptedPort:
    """Return a port in memory with a channel on it."""
    return ScriptedPort(AtChannel())


def answering(**answers: bytes) -> ScriptedPort:
    """Return a port that answers ``AT+<name>`` as given."""
    port = open_port()
    for name, answer in answers.items():
        port.answers["AT+" + name.replace("_Q", "?")] = answer
    return port
