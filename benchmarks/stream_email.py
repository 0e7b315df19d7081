"""An email by the second way, over TLS: the courier beside its own bytes."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final, Self

from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.records import Way
from tests.virtual_modem.client import VirtualModem

from .boundless import BAUDRATE, HOST, Office, email, folder
from .commands import ACCOUNT, mail_server
from .emails import COMMAND_SECONDS
from .pairs import Pair, timed
from .tape import Tape, TcpReplay, Turn, counting, heard
from .through_outbox import OPTIONS, Sending

_SENDS: Final = 465
_RECORDS: Final = 466
_PLAYS: Final = 467
_CLOSE: Final = Turn(b"AT+QICLOSE=10,1")


@dataclass(frozen=True, slots=True)
class StreamEmail:
    """Seconds until an email is known to be sent, and its command lines until then."""

    commands: int
    pair: Pair = field(default_factory=Pair)


@dataclass(frozen=True, slots=True)
class _Scene:
    """A modem, the speed of its line, and what makes the emails."""

    virtual: VirtualModem
    baudrate: int
    make: Callable[[], Email]


class _Office:
    """A courier whose emails go to one port of the server's name."""

    def __init__(self, scene: _Scene, path: Path, port: int) -> None:
        self._virtual = scene.virtual
        self._office = Office(
            path,
            scene.virtual.port,
            baudrate=scene.baudrate,
            server=replace(ACCOUNT, port=port),
            options=replace(OPTIONS, way=Way.STREAM),
        )
        self.sending = Sending(self._office, scene.make)

    async def __aenter__(self) -> Self:
        courier = self._office.courier
        await courier.open()
        courier.start()
        courier.show()
        warm = Sending(self._office)
        await warm.send()
        await warm.rest()
        self._virtual.forget()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._office.courier.close()


async def _recorded(scene: _Scene, path: Path) -> list[Turn]:
    """Send an email; returns what the modem heard until it had told of the result."""
    async with _Office(scene, path, _RECORDS) as office:
        with counting() as counts:
            await office.sending.send()
            await office.sending.rest()
        turns = heard(scene.virtual, counts)
    last = max(number for number, turn in enumerate(turns) if turn.read)
    return [
        replace(turn, line=turn.line.replace(b",%d," % _RECORDS, b",%d," % _PLAYS))
        for turn in turns[: last + 1]
    ]


async def _measure(
    port: int,
    place: Path,
    turns: int,
    count: int,
    baudrate: int,
    make: Callable[[], Email],
) -> StreamEmail:
    tape = Tape()
    async with AsyncExitStack() as stack:
        ports = {
            _SENDS: port,
            _RECORDS: await stack.enter_async_context(tape.recording(port)),
            _PLAYS: await stack.enter_async_context(tape.playing()),
        }
        virtual = await stack.enter_async_context(
            VirtualModem(
                hosts={HOST: ports},
                settings={"command_seconds": COMMAND_SECONDS},
                baud=baudrate,
            )
        )
        scene = _Scene(virtual, baudrate, make)
        steps = await _recorded(scene, place / "recorded.db")
        found = StreamEmail(len(steps))
        for turn in range(turns):
            async with _Office(scene, place / f"{turn}.db", _SENDS) as office:
                for _ in range(count):
                    await timed(found.pair.ours, office.sending.send)
                    await office.sending.rest()
            async with TcpReplay.opened(virtual.port, baudrate) as replay:
                for _ in range(count):
                    await timed(found.pair.floor, partial(replay.run, steps))
                    await replay.run((_CLOSE,))
    return found


def run(
    turns: int,
    count: int,
    baudrate: int = BAUDRATE,
    make: Callable[[], Email] = email,
) -> StreamEmail:
    """Send ``count`` emails each way in each of the ``turns``."""
    with mail_server() as server, folder() as place:
        return asyncio.run(_measure(server.port, place, turns, count, baudrate, make))
