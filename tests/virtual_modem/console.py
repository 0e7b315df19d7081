"""The modem's end of the wire: echo, command lines, data mode, and who may speak when."""

import asyncio
from typing import TYPE_CHECKING

from .call import Call, Replaced
from .data_mode import DataMode
from .errors import PLAIN_ERROR, AtError
from .fault_model import Moment
from .interpreter import interpret
from .observations import Phase, TransferEnd
from .profiles import BusyInput
from .prompt_input import PromptInput
from .striking import Interrupted, strike
from .syntax import CommandSyntaxError, find_command, parse

if TYPE_CHECKING:
    from .modem import Modem

_CR = b"\r"
_LF = b"\n"
_BACKSPACE = 0x08
# INF: longer lines are refused; the longest that the note allows stays far below
_LONGEST_LINE = 2048


class Console:
    """Takes the host's bytes, in whatever pieces, and runs one command at a time."""

    def __init__(self, modem: Modem) -> None:
        """Begin in command mode, with nothing heard."""
        self._modem = modem
        self._loop = asyncio.get_running_loop()
        # Bytes from the host since the process started
        self.heard = 0
        self._input = bytearray()
        self._line = bytearray()
        self._repeat = ""
        self._last_input = self._loop.time()
        self._to_lose = 0
        self._holds = 0
        self._pumping = False
        self._call: Call | None = None
        self._data: DataMode | PromptInput | None = None
        self._data_line = ""
        self._data_done: asyncio.Future[tuple[bytes, TransferEnd]] | None = None
        self._data_ack = False
        self._data_echo = False
        self._data_from = 0.0
        self._data_struck = 0
        self._idle_limit: float | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._waiting_urcs: list[str] = []

    @property
    def phase(self) -> Phase:
        """What a byte that comes now meets."""
        if self._modem.standstill is not None:
            return self._modem.standstill
        if self._data is not None:
            return Phase.DATA
        return Phase.COMMAND if self._call is None else Phase.BUSY

    @property
    def data_count(self) -> int:
        """Bytes of the present data mode so far."""
        return 0 if self._data is None else len(self._data.data)

    @property
    def silent_for(self) -> float:
        """Seconds since the host's last byte."""
        return self._loop.time() - self._last_input

    def reset(self) -> tuple[str, bytes] | None:
        """Forget everything that is under way (a reboot).

        Returns the command line and the bytes so far of a data mode that is lost.
        """
        lost = None
        self._input.clear()
        self._line.clear()
        self._call = None
        self._waiting_urcs.clear()
        self._holds = 0
        if self._data is not None:
            self._modem.journal.transfer(
                self._data_line,
                self._data.expected or len(self._data.data),
                bytes(self._data.data),
                TransferEnd.LOST,
            )
            lost = (self._data_line, bytes(self._data.data))
        self._end_data_mode()
        return lost

    # Input

    def feed(self, data: bytes) -> None:
        """Take bytes from the wire."""
        self.heard += len(data)
        lost = min(self._to_lose, len(data))
        self._to_lose -= lost
        self._input += data[lost:]
        self._pump()
        self._modem.journal.changed()

    def lose(self, size: int) -> None:
        """Lose the next `size` bytes of the host."""
        lost = min(size, len(self._input))
        del self._input[:lost]
        self._to_lose += size - lost

    def hold(self, seconds: float) -> None:
        """Leave input unread for so long."""
        self._holds += 1
        self._loop.call_later(seconds, self._unhold)

    def _unhold(self) -> None:
        self._holds = max(0, self._holds - 1)
        self._pump()

    def _pump(self) -> None:
        if self._pumping:
            return
        self._pumping = True
        try:
            while self._input and not self._holds and not self._finishing:
                self._step()
        finally:
            self._pumping = False

    @property
    def _finishing(self) -> bool:
        """Whether data mode is over and its command's answer still due.

        Bytes beyond the announced count wait for it; then they are a command.
        """
        return self._data is None and self._data_done is not None

    def _step(self) -> None:
        match self.phase:
            case Phase.COMMAND:
                self._take_line()
            case Phase.BUSY:
                self._take_busy()
            case Phase.DATA:
                self._take_data()
            case phase:
                self._modem.journal.stray(phase, bytes(self._input))
                self._input.clear()
        self._last_input = self._loop.time()

    def _take_line(self) -> None:
        text, cr, _ = self._input.partition(_CR)
        del self._input[: len(text) + len(cr)]
        if self._modem.preferences.echo:
            # The ignored LF of a CR LF is not echoed
            self._modem.transmit(bytes(text + cr).replace(_LF, b""))
        self._line += text.replace(_LF, b"")
        if cr:
            line, self._line = self._line, bytearray()
            self._begin(_edited(line).decode("latin-1"))

    def _take_busy(self) -> None:
        """V.250 lets input abort some commands; a Quectel loses or refuses it."""
        text, cr, _ = self._input.partition(_CR)
        del self._input[: len(text) + len(cr)]
        if self._modem.profile.busy_input is BusyInput.LOST:
            self._modem.journal.stray(Phase.BUSY, bytes(text + cr))
            if cr:
                self._modem.journal.command(_text(text), Phase.BUSY)
            return
        self._line += text.replace(_LF, b"")
        if cr:
            line, self._line = self._line, bytearray()
            number = self._modem.journal.command(_text(line), Phase.BUSY)
            self._modem.journal.final(number, "ERROR")
            self._modem.transmit(b"\r\nERROR\r\n")

    # Commands

    def _begin(self, line: str) -> None:
        journal = self._modem.journal
        if line in ("A/", "a/"):
            line = self._repeat
        found = find_command(line)
        if found is None:
            if line:
                journal.command(line, Phase.COMMAND, junk=line)
            return
        junk, body = found
        self._repeat = line
        number = journal.command(line, Phase.COMMAND, junk)
        self._call = Call(self._modem, line, number)
        self._modem.start(self._run(self._call, body))

    async def _run(self, call: Call, body: str) -> None:
        try:
            try:
                await self._execute(call, body)
            except Replaced as fault:
                await call.replace(str(fault))
            except AtError as error:
                await call.finish(error.code)
        except Interrupted:
            return
        finally:
            if self._call is call:
                self._call = None
                self._data_done = None
                self._flush_urcs()
                self._modem.journal.changed()
                self._loop.call_soon(self._pump)

    async def _execute(self, call: Call, body: str) -> None:
        if await call.meet(Moment.RECEIPT):
            return
        if seconds := self._modem.settings.command_seconds:
            await asyncio.sleep(seconds)
        if len(body) > _LONGEST_LINE:
            raise AtError(PLAIN_ERROR)
        try:
            commands = parse(body)
        except CommandSyntaxError:
            raise AtError(PLAIN_ERROR) from None
        if len(commands) > 1 and not self._modem.settings.combined:
            raise AtError(PLAIN_ERROR)
        for command in commands:
            call.command = command
            call.wrong = PLAIN_ERROR
            await interpret(self._modem, call)
        await call.finish(call.success)
        for follow_up in call.follow_ups:
            self._modem.start(follow_up())

    # Unsolicited result codes

    def urc(self, text: str) -> None:
        """Send a result code, or keep it until data mode is over."""
        if self._data is not None or self._finishing:
            self._waiting_urcs.append(text)
        else:
            self._modem.transmit(f"\r\n{text}\r\n".encode("latin-1"))

    def _flush_urcs(self) -> None:
        waiting, self._waiting_urcs = self._waiting_urcs, []
        for text in waiting:
            self.urc(text)

    # Data mode

    def enter_data_mode(
        self, line: str, expected: int, timeout: float, *, ack: bool, idle: bool
    ) -> asyncio.Future[tuple[bytes, TransferEnd]]:
        """Take what comes from now on as data; the future gives it when that is over.

        timeout: seconds until it ends by itself, from now or from the last byte (idle).
        """
        guard = self._modem.preferences.guard * self._modem.guard_scale
        data = DataMode(expected, self._last_input, guard)
        self._data_from = self._loop.time() + self._modem.settings.connect_settle / 1000
        return self._take(line, data, timeout, ack=ack, idle=idle, echo=False)

    def take_prompted(
        self, line: str, data: PromptInput, timeout: float, *, echo: bool
    ) -> asyncio.Future[tuple[bytes, TransferEnd]]:
        """Take what comes from now on as the answer to a prompt.

        timeout: seconds until it ends by itself, from the last byte.
        """
        self._data_from = self._loop.time()
        return self._take(line, data, timeout, ack=False, idle=True, echo=echo)

    def _take(
        self,
        line: str,
        data: DataMode | PromptInput,
        timeout: float,
        *,
        ack: bool,
        idle: bool,
        echo: bool,
    ) -> asyncio.Future[tuple[bytes, TransferEnd]]:
        now = self._loop.time()
        self._data = data
        self._data_line = line
        self._data_ack = ack
        self._data_echo = echo
        self._data_struck = 0
        self._data_done = self._loop.create_future()
        self._idle_limit = timeout if idle else None
        if not idle:
            self._timers.append(self._loop.call_at(now + timeout, self._time_over))
        self._rearm(now)
        self._modem.journal.changed()
        return self._data_done

    def dtr_drops(self) -> None:
        """DTR goes from on to off: data mode ends unless AT&D0 (AT manual S)."""
        if self._data is not None and self._modem.preferences.dtr:
            self._data.finish(TransferEnd.DTR)
            self._conclude()

    def _take_data(self) -> None:
        data = self._data
        assert data is not None
        now = self._loop.time()
        if now < self._data_from:
            self._modem.journal.stray(Phase.DATA, bytes(self._input))
            self._input.clear()
            return
        try:
            self._strike_data(data)
            if self._data is not data or self._holds:
                return
            offset = self._modem.faults.next_offset(
                Moment.MID_DATA, self._data_line, self._data_struck
            )
            piece = bytes(self._input)
            if offset is not None:
                piece = piece[: offset - len(data.data)]
            taken = data.take(piece, now)
            del self._input[:taken]
            if self._data_echo:
                self._modem.transmit(piece[:taken])
            if self._data_ack:
                self._modem.transmit(b"A" * data.acks_due())
            self._strike_data(data)
        except Interrupted:
            return
        if self._data is data:
            self._rearm(now)
            self._conclude()

    def _strike_data(self, data: DataMode | PromptInput) -> None:
        start, self._data_struck = self._data_struck, len(data.data) + 1
        for fault in self._modem.faults.due(
            Moment.MID_DATA, self._data_line, start, self._data_struck
        ):
            strike(self._modem, fault)

    def _rearm(self, now: float) -> None:
        """Set the timers that every byte moves."""
        assert self._data is not None
        kept = 0 if self._idle_limit is not None else 1
        while len(self._timers) > kept:
            self._timers.pop().cancel()
        if self._idle_limit is not None:
            over = self._loop.call_at(now + self._idle_limit, self._time_over)
            self._timers.append(over)
        if (escape := self._data.escape_at()) is not None:
            self._timers.append(self._loop.call_at(escape, self._escape_due))

    def _escape_due(self) -> None:
        if self._data is not None:
            self._data.tick(self._loop.time())
            self._conclude()

    def _time_over(self) -> None:
        if self._data is not None:
            self._data.finish(TransferEnd.TIMEOUT)
            self._conclude()

    def _conclude(self) -> None:
        data, done = self._data, self._data_done
        if data is None or data.end is None:
            return
        result = (bytes(data.data), data.end)
        self._end_data_mode()
        if done is not None and not done.done():
            self._data_done = done
            done.set_result(result)

    def _end_data_mode(self) -> None:
        while self._timers:
            self._timers.pop().cancel()
        self._data = None
        self._data_done = None


def _edited(line: bytearray) -> bytearray:
    """A command line after its backspaces (S5)."""
    if _BACKSPACE not in line:
        return line
    kept = bytearray()
    for byte in line:
        if byte != _BACKSPACE:
            kept.append(byte)
        elif kept:
            kept.pop()
    return kept


def _text(line: bytes | bytearray) -> str:
    return bytes(line).replace(_LF, b"").decode("latin-1")
