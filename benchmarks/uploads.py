"""A file into the modem's store in ACK mode: the engine beside its own bytes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from random import Random
from typing import Final

from custom_components.quectel_smtp.modem.at.channel import AtChannel
from custom_components.quectel_smtp.modem.at.port import PortSettings, connect
from custom_components.quectel_smtp.modem.mail import files
from tests.virtual_modem.client import VirtualModem

from .loop_watch import LoopWatch, watch_loop
from .pairs import Pair, timed
from .replay import Replay, recorded

SIZE: Final = 100 * 1024
_NAME: Final = "picture.jpg"
_DATA: Final = Random(1).randbytes(SIZE)


@asynccontextmanager
async def _opened(virtual: VirtualModem, baudrate: int) -> AsyncIterator[AtChannel]:
    channel = await connect(PortSettings(virtual.port, baudrate))
    try:
        await channel.synchronise()
        yield channel
    finally:
        await channel.close()


async def _replace(channel: AtChannel) -> None:
    """Store it where it may lie already."""
    await files.delete(channel, _NAME)
    await files.upload(channel, _NAME, _DATA)


async def _both(baudrate: int, turns: int) -> tuple[Pair, LoopWatch]:
    pair = Pair()
    async with VirtualModem(baud=baudrate) as virtual:
        # Also leaves a file there that the first one of each way replaces.
        with watch_loop() as watch:
            async with _opened(virtual, baudrate) as channel:
                await _replace(channel)
        for _ in range(turns):
            async with _opened(virtual, baudrate) as channel:
                virtual.forget()
                await timed(pair.ours, partial(_replace, channel))
            steps = recorded(virtual)
            async with Replay.opened(virtual.port, baudrate) as replay:
                await timed(pair.floor, partial(replay.run, steps))
        stored = {file.name: file.data for file in virtual.state().files}
    if _DATA not in stored.values():
        raise RuntimeError("the file did not arrive")
    return pair, watch


def run(baudrate: int, turns: int) -> tuple[Pair, LoopWatch]:
    """Upload once each way in each of the ``turns``, after one that is watched."""
    return asyncio.run(_both(baudrate, turns))
