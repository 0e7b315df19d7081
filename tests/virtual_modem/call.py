"""One command line under way: its answer, its data mode, and the faults that meet it."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING

from .errors import AtError, final_result
from .fault_model import Action, Fault, Moment
from .observations import TransferEnd
from .prompt_input import PromptInput
from .striking import Interrupted, strike
from .syntax import Command, Form, Parameter

if TYPE_CHECKING:
    from .modem import Modem

_NUMERIC = {"OK": "0", "CONNECT": "1", "RING": "2", "NO CARRIER": "3", "ERROR": "4"}


class Replaced(Exception):
    """A fault answers in the command's place."""


class Call:
    """One command line, from its CR to its final result and what comes later."""

    def __init__(self, modem: Modem, line: str, number: int) -> None:
        """`number`: the line's place in the journal."""
        self.modem = modem
        self.line = line
        self.command = Command("", Form.EXECUTE)
        # What a wrong parameter is answered with; None is a plain ERROR
        self.wrong: int | None = None
        self.result_first = False
        # The final result of a command that succeeds
        self.success = "OK"
        # What begins once the final result is sent
        self.follow_ups: list[Callable[[], Coroutine[None, None, None]]] = []
        self._number = number
        self._boot = modem.journal.boot
        self._lines = 0
        # Whether the next line of information opens an information text
        self._headed = True
        self._sent = 0
        self._dropping = False
        self._chop: Fault | None = None
        self._override: Fault | None = None

    # The command's parameters

    @property
    def form(self) -> Form:
        """Which of the four forms the command has."""
        return self.command.form

    def count(self, least: int, most: int) -> int:
        """How many parameters there are; an error unless between these."""
        number = len(self.command.parameters)
        if not least <= number <= most:
            raise AtError(self.wrong)
        return number

    def number(
        self, index: int, low: int, high: int, default: int | None = None
    ) -> int:
        """An integer parameter in its range; an error if it is none."""
        text = self._parameter(index).text
        if text is None:
            if default is None:
                raise AtError(self.wrong)
            return default
        if not (text.isascii() and text.isdigit()) or not low <= int(text) <= high:
            raise AtError(self.wrong)
        return int(text)

    def string(
        self, index: int, longest: int | None = None, default: str | None = None
    ) -> str:
        """A parameter in quotes of at most `longest` bytes; an error if it is none."""
        parameter = self._parameter(index)
        if parameter.text is None and default is not None:
            return default
        if parameter.text is None or not parameter.quoted:
            raise AtError(self.wrong)
        if longest is not None and len(parameter.text) > longest:
            raise AtError(self.wrong)
        return parameter.text

    def given(self, index: int) -> bool:
        """Whether there is such a parameter."""
        return self._parameter(index).text is not None

    def _parameter(self, index: int) -> Parameter:
        parameters = self.command.parameters
        return parameters[index] if index < len(parameters) else Parameter(None)

    # The answer

    def info(self, text: str) -> None:
        """Send one line of information."""
        # V.250 5.7.1: the header of an information text stands before its first line
        # only; with V0 there is none
        head = "\r\n" if self.modem.preferences.verbose and self._headed else ""
        self._headed = False
        self._answer(f"{head}{text}\r\n")

    async def finish(self, code: int | str | None) -> None:
        """Send the final result: "OK" or another line as it is, or an error code."""
        try:
            if await self.meet(Moment.BEFORE_FINAL):
                return
        except Replaced as fault:
            await self.replace(str(fault))
            return
        except AtError as fault:
            code = fault.code
        await self._finish(code)

    async def replace(self, text: str) -> None:
        """Answer with lines that are not the command's own."""
        *infos, final = text.splitlines() or [""]
        for line in infos:
            self.info(line)
        await self._finish(final)

    async def _finish(self, code: int | str | None) -> None:
        cmee = self.modem.preferences.cmee
        text = code if isinstance(code, str) else final_result(code, cmee)
        self.modem.journal.final(self._number, text)
        self._result_code(text)
        await self.meet(Moment.AFTER_FINAL)

    def _result_code(self, text: str) -> None:
        self._headed = True
        preferences = self.modem.preferences
        if preferences.quiet:
            return
        if preferences.verbose:
            self._answer(f"\r\n{text}\r\n")
        elif text in _NUMERIC:
            self._answer(f"{_NUMERIC[text]}\r")
        else:
            self._answer(f"{text}\r\n")

    def _answer(self, text: str) -> None:
        """Send a line of the answer, with the faults that meet it on the way."""
        data, start = text.encode("latin-1"), self._sent
        for fault in self._due(Moment.LINE, self._lines, self._lines + 1):
            self._strike_output(fault)
        self._lines += 1
        done = 0
        for fault in self._due(Moment.OUTPUT, start, start + len(data)):
            self._write(data[done : fault.offset - start])
            done = fault.offset - start
            self._strike_output(fault)
        self._write(data[done:])
        self._sent = start + len(data)

    def _write(self, data: bytes) -> None:
        if self._dropping or self._boot != self.modem.journal.boot:
            return
        if self._chop is None:
            self.modem.transmit(data)
            return
        size = max(1, self._chop.size)
        for index in range(0, len(data), size):
            self.modem.transmit(data[index : index + size])
            self.modem.wire.pause(self._chop.seconds)

    def _due(self, moment: Moment, start: int = 0, stop: int = 1) -> list[Fault]:
        return self.modem.faults.due(moment, self.line, start, stop)

    def _strike_output(self, fault: Fault) -> None:
        match fault.action:
            case Action.DELAY:
                self.modem.wire.pause(fault.seconds)
            case Action.DROP:
                self._dropping = True
            case Action.CHOP:
                self._chop = fault
            case _:
                strike(self.modem, fault)

    # Data mode

    async def receive(
        self, expected: int, timeout: float, *, ack: bool = False, idle: bool = False
    ) -> tuple[bytes, TransferEnd]:
        """CONNECT, and what the host sends then.

        timeout: seconds of the modem's, from CONNECT, or from the last byte if `idle`.
        """
        dropped = await self.meet(Moment.BEFORE_CONNECT)
        if not dropped:
            self._result_code("CONNECT")
        transfer = self.modem.console.enter_data_mode(
            self.line,
            expected,
            self.modem.patience(timeout, expected),
            ack=ack,
            idle=idle,
        )
        await self.meet(Moment.AFTER_CONNECT)
        data, end = await transfer
        self.modem.journal.transfer(self.line, expected, data, end)
        return data, end

    async def prompted(
        self, prompt: PromptInput, timeout: float
    ) -> tuple[bytes, TransferEnd]:
        """A prompt, and what the host sends then; `timeout` seconds from its last byte."""
        modem = self.modem
        dropped = await self.meet(Moment.BEFORE_CONNECT)
        if not dropped:
            self._answer(modem.tcp.prompt)
        patience = modem.patience(timeout, prompt.expected or 0)
        transfer = modem.console.take_prompted(
            self.line, prompt, patience, echo=modem.tcp.echo
        )
        await self.meet(Moment.AFTER_CONNECT)
        data, end = await transfer
        modem.journal.transfer(self.line, prompt.expected or len(data), data, end)
        return data, end

    def output(self, head: str, data: bytes) -> None:
        """Data towards the host after a CONNECT line (QFDWL, QFREAD)."""
        self._answer(f"\r\n{head}\r\n")
        self._answer(data.decode("latin-1"))
        self._headed = True

    # Faults at moments where waiting is possible

    async def meet(self, moment: Moment) -> bool:
        """Let the faults of this moment strike; whether what is due is to be dropped."""
        dropped = False
        for fault in self._due(moment):
            match fault.action:
                case Action.DELAY:
                    await asyncio.sleep(fault.seconds)
                case Action.DROP:
                    dropped = True
                case Action.ANSWER:
                    raise Replaced(fault.text)
                case Action.ERROR:
                    raise AtError(fault.code or None)
                case Action.RESULT:
                    self._override = fault
                case Action.RESULT_FIRST:
                    self.result_first = True
                case Action.CHOP:
                    self._chop = fault
                case _:
                    strike(self.modem, fault)
        return dropped

    async def later(
        self,
        lines: Sequence[str],
        replaced: Callable[[int, int], str],
        *,
        routed: bool = True,
        before: Callable[[], None] = lambda: None,
    ) -> bool:
        """Send the result code that a command promised; whether a host could get it.

        replaced: the line for other codes, which a fault may demand.
        routed: whether AT+QURCCFG="urcport" decides on it.
        before: what is over when the result is sent.
        """
        try:
            dropped = await self.meet(Moment.BEFORE_RESULT)
        except Interrupted:
            return False
        before()
        if self._override is not None:
            lines = [replaced(self._override.code, self._override.protocol_code)]
        reached = False
        if not dropped and self._boot == self.modem.journal.boot:
            for line in lines:
                reached = self.modem.urc(line, routed=routed)
        await self.meet(Moment.AFTER_RESULT)
        return reached
