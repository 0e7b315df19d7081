"""Records how a modem answers, for a transcript that its owner may share.

The engine finds the modem and makes it listen; then it leaves, and the port is opened
for a tape that only counts bytes: a transcript must tell what the modem said even where
the engine would misread it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import date
import re
from typing import Final, cast, override

from serialx import PinState, SerialException, create_serial_connection

from ..at.errors import PortLostError
from ..at.port import Connect, PortSettings, connect
from ..network import status
from .masking import Rule, mask, sweep
from .questions import QUESTIONS
from .transcript import Exchange, Transcript

RECORDER: Final = 3
"""Raised whenever what is asked for, or what is masked, changes."""

_FINAL: Final = re.compile(
    rb"(?:^|\n)(?:OK|ERROR|NO CARRIER|\+CM[ES] ERROR:[^\r\n]*)\r\n"
)
# AT+COPS? may wait for the network; every other answer comes in a fraction of this.
_DEADLINE: Final = 20.0
_QUIET: Final = 0.05
# Bytes of one answer that are kept: a port that streams logs tells no more by more.
_LONGEST_ANSWER: Final = 65_536
# After this many questions in a row without an answer the modem is given up.
_SILENCES: Final = 2


class Tape(asyncio.Protocol):
    """Everything that a port says, as it came."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._heard = asyncio.Event()
        self._closed = asyncio.Event()
        self._received = bytearray()
        self._last = 0.0

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the port."""
        self._transport = cast(asyncio.Transport, transport)

    @override
    def data_received(self, data: bytes) -> None:
        """Keep what was read, of a flood the beginning."""
        self._received += data[: _LONGEST_ANSWER - len(self._received)]
        self._last = self._loop.time()
        self._heard.set()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Wake who waits."""
        self._transport = None
        self._closed.set()
        self._heard.set()

    async def ask(self, command: str) -> Exchange:
        """Send a command line and take what comes until its final result, 20 s at most.

        ``PortLostError`` if the port goes away.
        """
        self._received.clear()
        asked = self._last = self._loop.time()
        try:
            self._open_transport.write(command.encode("ascii") + b"\r")
        except OSError as err:
            raise PortLostError("the port refused a write") from err
        answered = await self._listen(asked + _DEADLINE, _FINAL)
        # A URC that stands right behind the answer belongs to the picture.
        await self._listen(self._loop.time() + _QUIET)
        ends = self._last if answered else self._loop.time()
        return Exchange(command, bytes(self._received), round((ends - asked) * 1000))

    async def close(self) -> None:
        """Close the port and wait until it is closed."""
        if self._transport is not None:
            self._transport.abort()
        await self._closed.wait()

    @property
    def _open_transport(self) -> asyncio.Transport:
        if self._transport is None:
            raise PortLostError("the port went away")
        return self._transport

    async def _listen(
        self, deadline: float, wanted: re.Pattern[bytes] | None = None
    ) -> bool:
        """Wait for ``wanted`` until ``deadline``; whether it came."""
        while not (wanted and wanted.search(self._received)):
            self._heard.clear()
            try:
                async with asyncio.timeout_at(deadline):
                    await self._heard.wait()
            except TimeoutError:
                return False
            # Whether the port is still there.
            _ = self._open_transport
        return True


type OpenTape = Callable[[PortSettings], Awaitable[Tape]]


async def open_tape(settings: PortSettings) -> Tape:
    """Open the port again as the engine opened it; ``PortLostError`` if it is gone."""
    try:
        _, tape = await create_serial_connection(
            asyncio.get_running_loop(),
            Tape,
            settings.url,
            settings.baudrate,
            exclusive=True,
            dtr_on_close=PinState.UNDEFINED,
            rts_on_close=PinState.UNDEFINED,
        )
    except (OSError, SerialException) as err:
        raise PortLostError("the port could not be opened again") from err
    assert isinstance(tape, Tape)
    return tape


@dataclass(frozen=True, slots=True)
class Recording:
    """A transcript that is safe to show, and what a person wants to know of it.

    ``masked`` counts the values that were taken out; ``silent_after`` is the command
    after which the modem fell silent, None if it answered to the end.
    """

    transcript: Transcript
    masked: int
    silent_after: str | None


type Answers = list[tuple[Rule, Exchange]]
"""What a modem was asked, and what it said, before anything is masked."""


async def record(
    settings: PortSettings,
    today: date,
    *,
    connector: Connect = connect,
    opener: OpenTape = open_tape,
) -> Recording:
    """Ask the modem on a port everything that may be asked; takes about 10 s.

    Raises what ``connect``, ``AtChannel.synchronise`` and ``identify`` raise, and
    ``PortLostError`` if the port goes away on the way.
    """
    identity = await identify(settings, connector)
    answers: Answers = []
    silent = await ask(settings, QUESTIONS, answers, opener)
    return compose(identity, answers, today, silent)


async def ask(
    settings: PortSettings,
    questions: Iterable[Rule],
    answers: Answers,
    opener: OpenTape = open_tape,
) -> str | None:
    """Ask a modem that listens, and add what it says to ``answers`` as it comes.

    Returns the command after which it fell silent and was given up. ``PortLostError`` if
    the port goes away; what was heard before stays.
    """
    tape = await opener(settings)
    silent: list[str] = []
    try:
        for rule in questions:
            exchange = await tape.ask(rule.command)
            answers.append((rule, exchange))
            silent.append(rule.command)
            if _FINAL.search(exchange.received):
                silent.clear()
            if len(silent) == _SILENCES:
                return silent[0]
    finally:
        await tape.close()
    return None


async def identify(
    settings: PortSettings, connector: Connect = connect
) -> status.Identity:
    """Find the modem on a port, make it listen, ask who it is, and let go of the port."""
    channel = await connector(settings)
    try:
        await channel.synchronise()
        return await status.identify(channel)
    finally:
        await channel.close()


def compose(
    identity: status.Identity,
    answers: Answers,
    today: date,
    silent: str | None = None,
    typed: Iterable[str] = (),
) -> Recording:
    """Mask what was heard, and return what may be shown of it.

    ``typed``: what the modem was told, and may repeat.
    """
    masked = [mask(rule, exchange.received) for rule, exchange in answers]
    secrets = {text.encode() for text in (identity.imei, *typed)}.union(
        *(answer.taken for answer in masked)
    )

    def public(text: str) -> str:
        """Return what the modem calls itself, in case that tells more than a model."""
        shown = mask(Rule("", bare=True), text.encode()).shown
        said = sweep(shown, secrets).decode(errors="replace")
        return "".join(filter(str.isprintable, said)).strip() or "unknown"

    header = (
        ("manufacturer", public(identity.manufacturer)),
        ("model", public(identity.model)),
        ("firmware", public(identity.firmware)),
        ("recorded", today.isoformat()),
        ("recorder", str(RECORDER)),
    )
    exchanges = tuple(
        Exchange(rule.command, sweep(answer.shown, secrets), exchange.milliseconds)
        for (rule, exchange), answer in zip(answers, masked, strict=True)
    )
    return Recording(
        Transcript(header, exchanges),
        sum(len(answer.taken) for answer in masked),
        silent,
    )
