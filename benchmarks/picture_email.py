"""An email with a picture by each way, through the courier, beside its own bytes."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.records import Way
from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.tests.mail_server import MailServer

from . import stream_email
from .boundless import HOST, Office, email, folder
from .emails import COMMAND_SECONDS
from .pairs import Pair, timed
from .replay import Replay, Step
from .through_outbox import OPTIONS, Sending, until_sent

SIZE: Final = 100 * 1024
_NAME: Final = "door.jpg"
_AFTERWARDS: Final = (
    Step(b"AT+QSMTPCLR", None),
    Step(f'AT+QFDEL="UFS:{_NAME}"'.encode(), None),
)


def picture(size: int) -> Callable[[], Email]:
    """Return what makes emails with a picture of so many bytes."""
    data = Random(1).randbytes(size)

    def make() -> Email:
        return replace(email(), attachments=(Attachment(_NAME, data, "image/jpeg"),))

    return make


async def _through_courier(
    virtual: VirtualModem, path: Path, baudrate: int, times: list[float]
) -> list[Step]:
    """Send a picture after an email that warms up; its bytes until it is sent."""
    office = Office(
        path,
        virtual.port,
        baudrate=baudrate,
        options=replace(OPTIONS, way=Way.MODULE),
    )
    sending = Sending(office)
    pictures = Sending(office, picture(SIZE))
    await office.courier.open()
    office.courier.start()
    office.courier.show()
    try:
        await sending.send()
        await sending.rest()
        virtual.forget()
        await timed(times, pictures.send)
        await sending.rest()
        return until_sent(virtual)
    finally:
        await office.courier.close()


async def _measure(port: int, place: Path, baudrate: int, turns: int) -> Pair:
    pair = Pair()
    async with VirtualModem(
        hosts={HOST: {25: port}},
        settings={"command_seconds": COMMAND_SECONDS},
        baud=baudrate,
    ) as virtual:
        for turn in range(turns):
            path = place / f"{turn}.db"
            steps = await _through_courier(virtual, path, baudrate, pair.ours)
            async with Replay.opened(virtual.port, baudrate) as replay:
                await timed(pair.floor, partial(replay.run, steps))
                await replay.run(_AFTERWARDS)
    return pair


def run(way: Way, baudrate: int, turns: int) -> Pair:
    """Send one each way in each of the ``turns``."""
    if way is Way.STREAM:
        return stream_email.run(turns, 1, baudrate, picture(SIZE)).pair
    with MailServer() as server, folder() as place:
        return asyncio.run(_measure(server.port, place, baudrate, turns))
