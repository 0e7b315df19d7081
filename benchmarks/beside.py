"""A critical email by the second way, while the modem's client is at work on another."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Final

from tests.virtual_modem.client import VirtualModem

from .boundless import BAUDRATE, HOST, Office, folder
from .commands import ACCOUNT, mail_server
from .emails import COMMAND_SECONDS
from .pairs import timed
from .through_outbox import OPTIONS, Sending

_HANGS: Final = 6.0
"""Seconds for which the modem's client keeps an email."""


async def _measure(port: int, path: Path, count: int) -> list[float]:
    found: list[float] = []
    async with VirtualModem(
        hosts={HOST: {ACCOUNT.port: port}},
        settings={"command_seconds": COMMAND_SECONDS},
        baud=BAUDRATE,
    ) as virtual:
        office = Office(path, virtual.port, server=ACCOUNT, options=OPTIONS)
        sending = Sending(office)
        await office.courier.open()
        office.courier.start()
        office.courier.show()
        try:
            # The account has sent an email, and the modem's TCP is set up.
            await sending.send()
            await _one(virtual, sending, [])
            for _ in range(count):
                await _one(virtual, sending, found)
        finally:
            await office.courier.close()
    return found


async def _one(virtual: VirtualModem, sending: Sending, times: list[float]) -> None:
    await sending.rest()
    virtual.set("put_seconds", str(_HANGS))
    virtual.forget()
    hanging = asyncio.create_task(sending.send())
    await virtual.wait_for_command("QSMTPPUT=")
    await timed(times, partial(sending.send, critical=True))
    if hanging.done():
        raise RuntimeError("the email did not go beside the other one")
    await hanging


def run(count: int) -> list[float]:
    """Return the seconds until each of ``count`` emails was known to be sent."""
    with mail_server() as server, folder() as place:
        return asyncio.run(_measure(server.port, place / "beside.db", count))
