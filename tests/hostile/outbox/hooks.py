"""Puts the traps into a process's own courier, outbox and modem, from outside.

On either way: an email that goes by the stream is in the clear here, and is followed by
what the modem is given to send. Nothing of this stands in what is shipped: classes are wrapped, or a subclass is put in
their place, in a process that exists to be killed.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
import functools
from pathlib import Path
import sqlite3
from typing import Any, override
from unittest.mock import patch

from custom_components.quectel_smtp.delivery.outbox.file import connect
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.modem.at import port
from custom_components.quectel_smtp.modem.at.channel import AtChannel
from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.exchange import Exchange, Expectation
from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from custom_components.quectel_smtp.modem.mail.smtp import Outcome
from custom_components.quectel_smtp.modem.modem import Modem
from custom_components.quectel_smtp.modem.tcp.joined import Joined

from .fast_clock import FastClock
from .points import Point, Trap

PICTURED = "With a picture"
"""How the subject of an email begins that has an attachment."""
PICTURE = Attachment("camera.jpg", b"What the camera sees. " * 136)
_SECOND = 2
_QUICK = 10.0
_COMMANDS = {
    'AT+QSMTPCFG="sender"': Point.CONFIGURING,
    "AT+QIOPEN": Point.CONFIGURING,
    "AT+QSMTPPUT": Point.BEFORE_PUT,
}
_ANSWERS = {
    "AT+QSMTPDST=1": Point.BETWEEN_RECIPIENTS,
    "AT+QSMTPSUB": Point.AFTER_SUBJECT,
    "AT+QSMTPPUT": Point.PUT_ACCEPTED,
}


class Conversation:
    """What is being told to a mail server over the modem's TCP, piece by piece."""

    _END = b"\r\n.\r\n"

    def __init__(self) -> None:
        """Begin with the greeting."""
        self._recipients = 0
        self._in_content = False
        self._tail = b""
        self.pieces = 0
        """Of the content, so far."""

    def point(self, piece: bytes) -> Point | None:
        """Return the point that stands before a piece."""
        if not self._in_content:
            self._recipients += piece.startswith(b"RCPT")
            self._in_content = piece == b"DATA\r\n"
            if self._in_content:
                return Point.AFTER_SUBJECT
            if piece.startswith(b"RCPT") and self._recipients == _SECOND:
                return Point.BETWEEN_RECIPIENTS
            return None
        self.pieces += 1
        self._tail = (self._tail + piece)[-len(self._END) :]
        if self.ended:
            return Point.BEFORE_PUT
        return {1: Point.AFTER_CONNECT, 2: Point.MID_UPLOAD}.get(self.pieces)

    @property
    def ended(self) -> bool:
        """Whether the piece is the last: from here on the server may accept it all."""
        return self._tail == self._END


class HookedChannel(AtChannel):
    """A channel on which each step can be the last, and that slows the clock down."""

    trap = Trap()
    clock = FastClock()
    _middle: Point | None = None
    _until_middle = 0
    _piece: bytes | None = None
    _conversation = Conversation()

    @override
    async def execute(
        self, command: Command, *, written: Callable[[], None] | None = None
    ) -> tuple[str, ...]:
        def on_written() -> None:
            if written is not None:
                written()
            if command.line.startswith("AT+QSMTPPUT"):
                # The bytes leave in this turn of the loop; their answer comes in another.
                loop = asyncio.get_running_loop()
                loop.call_soon(self.trap.reach, Point.PUT_WRITTEN)

        if command.line.startswith("AT+QIOPEN"):
            self._conversation = Conversation()
        self._reach(_COMMANDS, command.line)
        # Minutes are for the network to answer, as with a result code.
        slow = command.deadline > _QUICK
        with self.clock.expecting() if slow else self.clock.talking():
            lines = await super().execute(command, written=on_written)
        self._reach(_ANSWERS, command.line)
        return lines

    @override
    async def transfer(
        self,
        command: Command,
        data: bytes,
        *,
        timeout: float,
        acknowledged: bool = False,
        settle: float = 0.0,
    ) -> tuple[str, ...]:
        with self.clock.talking():
            return await super().transfer(
                command,
                data,
                timeout=timeout,
                acknowledged=acknowledged,
                settle=settle,
            )

    @override
    async def send(self, command: Command, data: bytes) -> str:
        self._piece = data
        if point := self._conversation.point(data):
            self.trap.reach(point)
        result = await super().send(command, data)
        if self._conversation.ended:
            self.trap.reach(Point.PUT_ACCEPTED)
        return result

    @override
    async def synchronise(self, *, escape: bool = True) -> bool:
        with self.clock.talking():
            return await super().synchronise(escape=escape)

    @override
    @contextmanager
    def expect(self, prefix: str) -> Iterator[Expectation]:
        with self.clock.expecting(), super().expect(prefix) as expectation:
            yield expectation

    @override
    async def _write_data(
        self, exchange: Exchange, data: bytes, acknowledged: bool, settle: float
    ) -> None:
        body = exchange.command.name == "AT+QSMTPBODY"
        if body:
            self.trap.reach(Point.AFTER_CONNECT)
        self._middle = Point.MID_BODY if body else Point.MID_UPLOAD
        self._until_middle = len(data) // 2
        try:
            await super()._write_data(exchange, data, acknowledged, settle)
        finally:
            self._middle = None

    @override
    def _write(self, data: bytes) -> None:
        if self._middle is not None:
            if self._until_middle < 0:
                self.trap.reach(self._middle)
            self._until_middle -= len(data)
        if data is self._piece:
            self._write_piece(data)
        else:
            super()._write(data)

    def _write_piece(self, piece: bytes) -> None:
        conversation, half = self._conversation, 0
        if conversation.ended:
            asyncio.get_running_loop().call_soon(self.trap.reach, Point.PUT_WRITTEN)
        elif conversation.pieces == 1:
            half = len(piece) // 2
            super()._write(piece[:half])
            self.trap.reach(Point.MID_BODY)
        super()._write(piece[half:])

    def _reach(self, points: dict[str, Point], line: str) -> None:
        for beginning, point in points.items():
            if line.startswith(beginning):
                self.trap.reach(point)


async def _connect(settings: port.PortSettings) -> AtChannel:
    with (
        HookedChannel.clock.talking(),
        patch.object(port, "AtChannel", HookedChannel),
    ):
        return await port.connect(settings)


class HookedModem(Modem):
    """A modem by whose port the trap is set."""

    def __init__(self, settings: port.PortSettings) -> None:
        """Take the port."""
        super().__init__(settings, connector=_connect)

    @override
    @asynccontextmanager
    async def stream(self, host: str, port: int) -> AsyncGenerator[Joined]:
        # Whoever talks over it gives a server up by the same clock.
        with HookedChannel.clock.expecting():
            async with super().stream(host, port) as pair:
                yield pair

    @override
    async def late_result(self) -> Outcome:
        with HookedChannel.clock.expecting_late():
            return await super().late_result()

    @override
    async def settled(self) -> None:
        with HookedChannel.clock.expecting_late():
            await super().settled()


class _Statements:
    """Hears each SQL statement before it is carried out, and knows what it is part of."""

    def __init__(self, trap: Trap) -> None:
        self._trap = trap
        self._during = ""
        self._inserted = False

    @contextmanager
    def during(self, method: str) -> Iterator[None]:
        """Take the statements that follow as those of a method of the outbox."""
        outer, self._during = self._during, self._during or method
        self._inserted = False
        try:
            yield
        finally:
            self._during = outer

    def hear(self, statement: str) -> None:
        """Pass the points that stand before this statement."""
        word = statement.split(None, 1)[0].upper()
        match self._during:
            case "accept":
                if word == "BEGIN":
                    self._trap.reach(Point.BEFORE_BEGIN)
                if self._inserted:
                    self._trap.reach(Point.AFTER_INSERT)
                if word == "COMMIT":
                    self._trap.reach(Point.BEFORE_COMMIT)
                self._inserted = word == "INSERT"
            case "open":
                self._trap.reach(Point.RECOVERING)
            case "expire" if word in ("UPDATE", "DELETE", "COMMIT"):
                self._trap.reach(Point.EXPIRING)


_BEFORE = {
    "begin": Point.BEFORE_INTENT,
    "record": Point.BEFORE_RECORD,
    "unsettled": Point.RECOVERING,
}
_AFTER = {
    "accept": Point.AFTER_COMMIT,
    "begin": Point.AFTER_INTENT,
    "record": Point.AFTER_RECORD,
}


def trap_outbox(trap: Trap) -> Callable[[Path], sqlite3.Connection]:
    """Set traps in the outbox of this process; returns how it is to connect."""
    statements = _Statements(trap)
    for name in ("open", "expire", *(_BEFORE | _AFTER)):
        _wrap(name, statements, trap)

    def reach_setting_aside(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def wrapper(*args: Any) -> Any:
            trap.reach(Point.SETTING_ASIDE)
            return method(*args)

        return wrapper

    for name in ("rename", "replace"):
        setattr(Path, name, reach_setting_aside(getattr(Path, name)))

    def connect_trapped(path: Path) -> sqlite3.Connection:
        connection = connect(path)
        connection.set_trace_callback(statements.hear)
        return connection

    return connect_trapped


def _wrap(name: str, statements: _Statements, trap: Trap) -> None:
    method = getattr(Outbox, name)

    @functools.wraps(method)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if point := _BEFORE.get(name):
            trap.reach(point)
        with statements.during(name):
            result = method(*args, **kwargs)
        if point := _AFTER.get(name):
            trap.reach(point)
        return result

    setattr(Outbox, name, wrapper)
