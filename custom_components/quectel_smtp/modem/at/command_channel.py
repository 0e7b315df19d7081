"""``CommandChannel``: one command at a time, and the answer is certain to be its own.

What a command does not own goes to the subscribers of unsolicited result codes (URCs).
A command that was cut off leaves the channel dirty: before the next one the channel
resynchronises, so that no late answer is ever given to another caller.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
import logging
from typing import Final, override

from .codes import cme_code
from .commands import PROMPT_LIMIT, Command
from .conversation import Conversation, masked_command
from .deadline import DeadlineTimer
from .dispatch import Dispatcher
from .errors import (
    CommandError,
    ModemError,
    ModemRebootedError,
    NoAnswerError,
    NotAModemError,
    UnexpectedAnswerError,
)
from .exchange import Exchange, Expectation
from .link import Link
from .parser import Acknowledgement, Broken, Data, Event, Parser, Prompt
from .syntax import LINE_LIMIT, is_imei

_LOGGER = logging.getLogger(__name__)

# Guard time of ``+++`` on each side (SMTP note 1.3: 1 s), and a little for clocks.
_GUARD: Final = 1.1
_QUIET: Final = 0.15
# Longer than any answer is late that isn't lost: then nothing is outstanding.
_LONG_QUIET: Final = 3.0
_PROBE_DEADLINE: Final = 1.0
_PROBE_ROUNDS: Final = 4
_GREETING: Final = Command("ATQ0V1E0", deadline=0.4)
_GREETINGS: Final = 3
# For a firmware that takes one command in a line.
_SINGLE_GREETINGS: Final = tuple(
    Command(line, deadline=0.4) for line in ("ATQ0", "ATV1", "ATE0")
)
# All functions are available (AT manual, result codes): after a start, and perhaps after
# this command.
_TURN_ON: Final = "AT+CFUN=1"
_TURNED_ON: Final = "+CFUN: 1"

# What arrives unasked, and as the answer to a read.
_READ_TOO: Final = ("+CEREG:", "+CFUN:", "+CGREG:", "+CPIN:", "+CREG:")
# ``AT+CEREG=1`` is a setting of who gives it (3GPP TS 27.007 10.1.22).
_ASKED_FOR: Final = "+CEREG:"


# Reads whose answers can't be taken for one another's: the modem answers in order, so
# that whatever arrives before the answer of the newest one is stale.
_PROBES: Final = (
    Command("AT+CGSN", bare=is_imei),
    Command("AT+CSQ", prefixes=("+CSQ:",)),
    Command("AT+CGATT?", prefixes=("+CGATT:",)),
    Command("AT+CCLK?", prefixes=("+CCLK:",)),
)


class CommandChannel(Link):
    """Commands over one open port, first come, first served."""

    def __init__(self) -> None:
        """Make a channel that becomes usable when its transport is connected."""
        super().__init__()
        self._parser = Parser()
        self._deadline = DeadlineTimer(self._loop)
        self._lock = asyncio.Lock()
        self._dispatcher = Dispatcher(self._on_reboot, self._on_urc)
        self._reboot_listeners: list[Callable[[], None]] = []
        self.conversation = Conversation()
        """What was said last; whoever opens ports one after another may set it."""
        self._used_since_boot = False
        self.epoch = 0
        """How often the modem was seen to restart; settings hold for one epoch."""
        self.dirty = False
        """Whether an answer may still be on its way: the next command resyncs."""
        self.heard = False
        """Whether any URC has come since the port was opened."""
        self._in_data_mode = False
        # Bytes that a prompt may still ask for, or has asked for.
        self._owed = 0
        # Blocks of an upload that the modem has taken; set with each, and with an end.
        self._acknowledged = 0
        self._progress = asyncio.Event()
        self._outstanding: set[str] = set()
        # The lines by which the modem's last start has told of itself.
        self._told: set[str] = set()
        # Whether one of them may also follow a command of ours.
        self._turning_on = False

    # The transport's side.

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Fail every waiter, each once and all with the same error."""
        self._deadline.close()
        super().connection_lost(exc)

    @override
    def resume_writing(self) -> None:
        """Let the writer go on: all that it wrote has left."""
        super().resume_writing()
        self._arm()

    @override
    def data_received(self, data: bytes) -> None:
        """Parse what was read; a final result counts once the whole piece is read."""
        super().data_received(data)
        for event in self._parser.feed(data):
            self._on_event(event)
        if self._dispatcher.settle():
            self._progress.set()

    # The callers' side.

    @property
    def busy(self) -> bool:
        """Whether a command is in flight: a poll skips its turn, it never queues."""
        return self._lock.locked()

    @property
    def garbled_lines(self) -> int:
        """Lines that were dropped as noise since the port was opened."""
        return self._parser.garbled_lines

    @property
    def unhandled_lines(self) -> int:
        """Lines that nobody owned since the port was opened."""
        return self._dispatcher.unhandled_lines

    def subscribe(
        self, prefix: str, callback: Callable[[str], None]
    ) -> Callable[[], None]:
        """Call back with each URC that begins with ``prefix``; returns the undoing."""
        return self._dispatcher.subscribe(prefix, callback)

    def on_reboot(self, callback: Callable[[], None]) -> None:
        """Call back each time the modem is seen to have restarted."""
        self._reboot_listeners.append(callback)

    @contextmanager
    def expect(self, prefix: str) -> Iterator[Expectation]:
        """Await one URC; entered before the command that causes it is written."""
        expectation = Expectation(prefix, self._loop)
        if self._lost is not None:
            expectation.settle(self._lost)
        self._dispatcher.expectations.append(expectation)
        try:
            yield expectation
        finally:
            self._dispatcher.expectations.remove(expectation)
            expectation.discard()

    async def execute(
        self, command: Command, *, written: Callable[[], None] | None = None
    ) -> tuple[str, ...]:
        """Send ``command`` and return the information lines of its answer.

        ``written`` is called right before the first byte leaves: an error before that
        means that the modem can't have seen the command. Raises ``CommandError`` as
        the modem answers, ``NoAnswerError`` after the command's deadline,
        ``PortLostError`` and ``ModemRebootedError``.
        """
        async with self._lock:
            await self._resync()
            if written is not None:
                written()
            exchange = await self._begin(command)
            return await self._finish(exchange, command.deadline)

    async def cancel_between(self, task: asyncio.Task[object]) -> None:
        """Cancel a task that uses this channel, once none of its commands is in flight.

        Cut off in the middle of one, its answer would be waited for by the next. Its own
        next command is not written any more: first come, first served.
        """
        async with self._lock:
            task.cancel()

    async def synchronise(self, *, escape: bool = True) -> bool:
        """Bring a freshly opened port to where commands can be trusted.

        Undoes what another program may have set (``Q1``, ``V0``, ``E1``) and, with
        ``escape``, leaves a data mode or a prompt that it left behind; then asks until
        an answer is certain. ``NoAnswerError`` if the port stays silent, after 5 s or
        2 s without ``escape``; ``NotAModemError`` if something else talks. Returns
        whether it took the escape to make it answer.
        """
        async with self._lock:
            heard = self._last_read
            self.dirty = True
            self._in_data_mode = False
            greeted = await self._greet()
            escaped = not greeted and escape
            if escaped:
                await self._escape()
                # Or a prompt that it left behind, which only its bytes end: each
                # greeting is taken for some of them, and has it wait for the others. To
                # a modem that has none they are empty lines.
                self._write(b"\r" * PROMPT_LIMIT)
                greeted = await self._greet()
            try:
                if greeted:
                    await self._resync()
                    return escaped
            except NoAnswerError:
                pass
            if self._last_read > heard:
                raise NotAModemError
            raise NoAnswerError("AT")

    # What arrives.

    def _on_event(self, event: Event) -> None:
        match event:
            case Acknowledgement():
                self._acknowledged += 1
                self._progress.set()
            case Prompt():
                self._dispatcher.prompt()
            case Data(content):
                self._dispatcher.data(content)
            case Broken():
                self._dispatcher.broken()
            case _:
                self.conversation.heard(event.text, self._last_read)
                self._dispatcher.take(event)

    def _on_reboot(self, text: str) -> None:
        """Start a new epoch, once for the several lines that tell of one start.

        Each start says ``RDY``, ``APP RDY`` and ``+CFUN: 1`` once at most, the later
        ones after any time: the radio may take long.
        """
        turning_on, self._turning_on = self._turning_on, False
        if turning_on and text == _TURNED_ON:
            return
        if self._told and text not in {"RDY", "POWERED DOWN", *self._told}:
            self._told.add(text)
            return
        self._told = set() if text == "POWERED DOWN" else {text}
        if not self._used_since_boot:
            return
        self._used_since_boot = False
        self.epoch += 1
        self.dirty = True
        self._in_data_mode = False
        self._fail_everything(ModemRebootedError())
        for listener in tuple(self._reboot_listeners):
            listener()

    def _on_urc(self, text: str) -> None:
        """Note that URCs reach us; a late answer to a read is none.

        Nor does it count what this port itself has asked for: that says nothing of
        where others go.
        """
        late = self.dirty and text.startswith(_READ_TOO)
        if not late and not text.startswith(_ASKED_FOR):
            self.heard = True

    @override
    def _fail_everything(self, error: ModemError) -> None:
        self._dispatcher.fail(error)
        self._progress.set()

    # Commands.

    async def _begin(self, command: Command, *, connect: bool = False) -> Exchange:
        """Write the command's line; matching starts once its last byte is written."""
        line = command.line.encode("ascii") + b"\r"
        if len(line) > LINE_LIMIT or b"\r" in line[:-1] or b"\n" in line:
            raise ValueError(f"{command.name} is not one AT line")
        exchange = Exchange(command, self._loop)
        if connect:
            exchange.connected = self._loop.create_future()
        if _LOGGER.isEnabledFor(logging.DEBUG):
            shown = command.name if command.secret else masked_command(command.line)
            _LOGGER.debug("> %s", shown)
        self.conversation.wrote(command, self._loop.time())
        self._used_since_boot = True
        self._turning_on = self._turning_on or command.line == _TURN_ON
        self._dispatcher.begin(exchange)
        try:
            self._write(line)
            if self._writable.is_set():
                self._arm()
            else:
                async with asyncio.timeout(command.deadline):
                    await self._writable.wait()
                self._require_port()
        except TimeoutError as err:
            self._abandon(exchange)
            raise NoAnswerError(command.name) from err
        except BaseException:
            self._abandon(exchange)
            raise
        return exchange

    def _arm(self) -> None:
        """Let lines answer the command, once its last byte is written."""
        if self._dispatcher.arm():
            self._parser.begin_answer()

    async def _finish(self, exchange: Exchange, deadline: float) -> tuple[str, ...]:
        """Wait for the final result and turn it into lines or an error."""
        command = exchange.command
        if not exchange.done.done():
            self._deadline.set(deadline, exchange.expire)
        try:
            result = await exchange.done
        except BaseException:
            self._abandon(exchange)
            raise
        finally:
            self._deadline.lift()
        self._dispatcher.end()
        if _LOGGER.isEnabledFor(logging.DEBUG):
            _LOGGER.debug("< %s: %s", command.name, result)
        self._raise_error(command, result)
        return tuple(exchange.lines)

    @staticmethod
    def _raise_error(command: Command, result: str) -> None:
        if result != "OK" and result not in command.finals:
            _, _, argument = result.partition(":")
            raise CommandError(command.name, cme_code(argument) if argument else None)

    def _abandon(self, exchange: Exchange) -> None:
        """Give up on an exchange whose answer may still arrive."""
        exchange.discard()
        self._dispatcher.end()
        self._outstanding.add(exchange.command.name)
        self.dirty = True

    # Resynchronisation.

    async def _resync(self) -> None:
        """Make sure that the next answer is the next command's; bounded in time."""
        self._require_port()
        if not self.dirty:
            return
        if self._in_data_mode:
            await self._escape()
        for _ in range(_PROBE_ROUNDS):
            await self._drain(_QUIET)
            # An answer that arrives late can't be taken for that of another command.
            # Where every probe is outstanding, a long silence says that none is.
            probe = next(
                (probe for probe in _PROBES if probe.name not in self._outstanding),
                None,
            )
            if probe is None:
                await self._drain(_LONG_QUIET)
                self._outstanding.clear()
                probe = _PROBES[0]
            exchange = await self._begin(probe)
            exchange.stale = True
            try:
                await self._finish(exchange, _PROBE_DEADLINE)
            except NoAnswerError, UnexpectedAnswerError:
                # None, or the rest of an earlier one that can't be framed.
                continue
            except CommandError:
                # Its own line came before the error: nothing older is on its way.
                pass
            self._outstanding.clear()
            self._owed = 0
            self._parser.expect_lines()
            self.dirty = False
            return
        raise NoAnswerError("AT")

    async def _greet(self) -> bool:
        """Set the line up, blindly; whether anything answers as a modem does."""
        refused = False
        for _ in range(_GREETINGS):
            try:
                await self._greet_with(_GREETING)
            except NoAnswerError:
                continue
            except CommandError:
                # It may be due to what stood on the line before ours.
                refused = True
                continue
            return True
        if refused:
            try:
                for greeting in _SINGLE_GREETINGS:
                    await self._greet_with(greeting)
            except NoAnswerError, CommandError:
                return False
        return refused

    async def _greet_with(self, greeting: Command) -> None:
        exchange = await self._begin(greeting)
        await self._finish(exchange, greeting.deadline)

    async def _escape(self) -> None:
        """Leave data mode by ``+++`` between its guard times (SMTP note 1.3)."""
        await self._silence(_GUARD)
        self._write(b"+++")
        await asyncio.sleep(_GUARD)
        self._in_data_mode = False

    async def _drain(self, quiet: float) -> None:
        """Prompt with ``AT`` and wait until the line is quiet, 3 times as long at most.

        A line that never falls silent ends the wait too: the probe decides.
        """
        self._parser.reset()
        # A prompt that waits takes so many bytes, whatever they are; to a modem that
        # has none they are empty lines.
        self._write(b"\r" * self._owed + b"AT\r")
        for _ in range(3):
            await asyncio.sleep(quiet)
            if self._loop.time() - self._last_read >= quiet:
                break
        self._parser.resume()
