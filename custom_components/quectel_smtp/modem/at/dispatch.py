"""``Dispatcher``: which waiter or subscriber each line of the modem belongs to.

A line answers the command in flight if the command owns it; everything else is an
unsolicited result code (URC). A URC may stand between any two bytes of an answer: the
missing opening of the lines around it tells that it cut one of them in two.
"""

from collections.abc import Callable
import logging
from typing import Final

from .errors import ModemError, UnexpectedAnswerError
from .exchange import Exchange, Expectation
from .parser import Line

_LOGGER = logging.getLogger(__name__)

_FINAL_RESULTS: Final = frozenset(
    {"OK", "ERROR", "NO CARRIER", "NO ANSWER", "NO DIALTONE", "BUSY"}
)
_ERROR_PREFIXES: Final = ("+CME ERROR:", "+CMS ERROR:")

# Lines that only a modem sends that has just started, or is about to stop.
_REBOOT_LINES: Final = frozenset({"RDY", "APP RDY", "+CFUN: 1", "POWERED DOWN"})

# URCs that are known to arrive at any time, whether someone subscribed or not.
_URC_PREFIXES: Final = (
    "+CEREG:",
    "+CFUN:",
    "+CGEV:",
    "+CGREG:",
    "+CMT:",
    "+CMTI:",
    "+CPIN:",
    "+CREG:",
    "+CTZ",
    "+QIND:",
    "+QIOPEN:",
    "+QIURC:",
    "+QNTP:",
    "+QSMTPPUT:",
    "+QUSIM:",
    "RING",
)


class Dispatcher:
    """Sorts lines; knows nothing of ports, time or bytes."""

    def __init__(
        self, on_reboot: Callable[[str], None], on_urc: Callable[[str], None]
    ) -> None:
        """Call ``on_reboot`` with each line that only a starting modem sends.

        ``on_urc`` is called with each line that a modem sends unasked.
        """
        self._on_reboot = on_reboot
        self._on_urc = on_urc
        self._exchange: Exchange | None = None
        self._subscribers: list[tuple[str, Callable[[str], None]]] = []
        self.expectations: list[Expectation] = []
        self.unhandled_lines = 0
        # The line before this one, while it may be the first half of one; whether a
        # URC has come since; and the line itself if it looks like a URC of its own.
        self._fragment: str | None = None
        self._torn = False
        self._held: str | None = None

    def begin(self, exchange: Exchange) -> None:
        """From now on lines may answer ``exchange``, once it is armed."""
        self._exchange = exchange
        self._fragment = None

    def arm(self) -> bool:
        """Let lines answer: the command's last byte is written; False if they may."""
        if self._exchange is None or self._exchange.armed:
            return False
        self._exchange.armed = True
        return True

    def end(self) -> None:
        """From now on no line answers anything."""
        self._exchange = None
        self._fragment = None
        self._release()

    def settle(self) -> bool:
        """Let a final result count, now that what was read with it is known."""
        exchange = self._exchange
        if exchange is None or exchange.result is None or exchange.done.done():
            return False
        exchange.done.set_result(exchange.result)
        return True

    def fail(self, error: ModemError) -> None:
        """Fail every waiter, each once and all with the same error."""
        if self._exchange is not None:
            self._exchange.fail(error)
        for expectation in self.expectations:
            expectation.settle(error)

    def subscribe(
        self, prefix: str, callback: Callable[[str], None]
    ) -> Callable[[], None]:
        """Call back with each URC that begins with ``prefix``; returns the undoing."""
        entry = (prefix, callback)
        self._subscribers.append(entry)
        return lambda: self._subscribers.remove(entry)

    def take(self, line: Line) -> None:
        """Give a line to whom it belongs."""
        if line.early:
            # However it reads, and wherever its end came from, it answers nothing.
            self._on_unsolicited(line.text)
            return
        fragment, self._fragment = self._fragment, None
        torn, self._torn = self._torn, False
        text = line.text
        exchange = self._exchange
        if exchange is not None and fragment is not None and not line.opened:
            if torn and not self._is_recognised(exchange, text):
                self._retract(exchange, fragment)
                self._on_line(fragment + text)
                return
            if not torn and self._is_urc(text) and not self._owns(exchange, text):
                self._on_unsolicited(text)
                self._fragment, self._torn = fragment, True
                return
        self._release()
        self._on_line(text)
        if self._exchange is not None:
            self._fragment = text

    def prompt(self) -> None:
        """Tell the command in flight that its data may be written."""
        if self._exchange is not None and self._exchange.armed:
            self._exchange.connect()

    def data(self, content: bytes) -> None:
        """Give counted data to the command in flight; what comes late is nobody's."""
        if self._exchange is not None and self._exchange.armed:
            self._exchange.data = content

    def broken(self) -> None:
        """Fail the command in flight: its answer can't be framed."""
        if self._exchange is not None:
            self._exchange.fail(UnexpectedAnswerError(self._exchange.command.name))

    def _on_line(self, text: str) -> None:
        exchange = self._exchange
        if exchange is None or not exchange.armed or exchange.done.done():
            self._on_unsolicited(text)
        elif text == exchange.command.line:
            # The echo.
            pass
        elif _is_final(exchange, text) and exchange.result is None:
            if exchange.lines or not exchange.stale:
                exchange.result = text
        elif self._owns(exchange, text):
            exchange.take(text)
        elif text == "CONNECT" and exchange.connected is not None:
            exchange.connect()
        elif text.startswith(exchange.command.prefixes):
            # A URC, or the first half of our own line: the next line tells.
            self._held = text
        else:
            self._on_unsolicited(text)

    def _release(self) -> None:
        """Publish a line that was held because it might have been half of one."""
        held, self._held = self._held, None
        if held is not None:
            self._on_unsolicited(held)

    def _retract(self, exchange: Exchange, fragment: str) -> None:
        """Take back the first half of a torn line, whatever it was taken for."""
        self._held = None
        if exchange.lines and exchange.lines[-1] == fragment:
            exchange.lines.pop()
        elif exchange.result == fragment:
            exchange.result = None

    def _owns(self, exchange: Exchange, text: str) -> bool:
        """Whether the command in flight owns ``text``; a bare answer is no URC."""
        return exchange.owns(text) and (
            text.startswith(exchange.command.prefixes) or not self._is_urc(text)
        )

    def _is_recognised(self, exchange: Exchange, text: str) -> bool:
        return (
            _is_final(exchange, text)
            or self._is_urc(text)
            or text.startswith(exchange.command.prefixes)
        )

    def _is_urc(self, text: str) -> bool:
        return (
            text in _REBOOT_LINES
            or text.startswith(_URC_PREFIXES)
            or any(text.startswith(prefix) for prefix, _ in self._subscribers)
        )

    def _on_unsolicited(self, text: str) -> None:
        if self._is_urc(text):
            self._on_urc(text)
        if text in _REBOOT_LINES:
            self._on_reboot(text)
        for expectation in self.expectations:
            if text.startswith(expectation.prefix) and not expectation.arrived:
                expectation.settle(text)
                return
        callbacks = [
            callback
            for prefix, callback in self._subscribers
            if text.startswith(prefix)
        ]
        for callback in callbacks:
            callback(text)
        if not callbacks:
            # The line itself may hold anything, an echoed password among it.
            self.unhandled_lines += 1
            _LOGGER.debug("Unhandled line of %d characters", len(text))


def _is_final(exchange: Exchange, text: str) -> bool:
    return (
        text in _FINAL_RESULTS
        or text.startswith(_ERROR_PREFIXES)
        or text in exchange.command.finals
    )
