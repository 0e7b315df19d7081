"""A start with emails waiting, until emails are accepted and the first one goes out."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
import time
from typing import override

from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.message import Message
from custom_components.quectel_smtp.modem.mail.smtp import Outcome
from custom_components.quectel_smtp.modem.modem import Modem
from tests.virtual_modem.client import VirtualModem

from .boundless import HOST, Image, Office, email, folder


@dataclass(frozen=True, slots=True)
class Restarts:
    """Seconds from the opening of an outbox on in which so many emails wait."""

    waiting: int
    cached: bool
    """Whether the system still has its file in memory: the host was not restarted."""
    open: list[float] = field(default_factory=list)
    """Until emails are accepted."""
    accepted: list[float] = field(default_factory=list)
    """Until one was accepted."""
    handed: list[float] = field(default_factory=list)
    """Until the first email was handed to the modem layer, which was started first."""


class _Taker(Modem):
    """A modem that keeps the first email that it is handed."""

    def __init__(self, handed: asyncio.Event, port: PortSettings) -> None:
        """Tell of the email by ``handed``."""
        super().__init__(port)
        self._handed = handed

    @override
    async def prepare(self, message: Message) -> Outcome | None:
        """Wait until the courier is stopped."""
        self._handed.set()
        await asyncio.Event().wait()
        return None


async def _restart(path: Path, virtual: VirtualModem, found: Restarts) -> None:
    handed = asyncio.Event()
    office = Office(path, virtual.port, modem=partial(_Taker, handed))
    before = time.perf_counter()
    try:
        await office.courier.open()
        found.open.append(time.perf_counter() - before)
        await office.courier.submit(email())
        found.accepted.append(time.perf_counter() - before)
        office.courier.start()
        office.courier.show()
        await handed.wait()
        found.handed.append(time.perf_counter() - before)
    finally:
        await office.courier.close()


async def _measure(
    images: Mapping[int, Image], place: Path, count: int
) -> list[Restarts]:
    found = [
        Restarts(waiting, cached) for waiting in images for cached in (True, False)
    ]
    async with VirtualModem(hosts={HOST: {}}) as virtual:
        for turn in range(count):
            for number, restarts in enumerate(found):
                path = images[restarts.waiting].restored(
                    place / f"{turn}-{number}", cached=restarts.cached
                )
                await _restart(path, virtual, restarts)
    return found


def run(images: Mapping[int, Image], count: int) -> list[Restarts]:
    """Start ``count`` times with each of the outboxes, by the emails waiting there."""
    with folder() as place:
        return asyncio.run(_measure(images, place, count))
