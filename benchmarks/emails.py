"""A text email through a modem that is configured: the engine beside its own bytes."""

import asyncio
from functools import partial

from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.message import Message
from custom_components.quectel_smtp.modem.mail.server import Security, ServerSettings
from custom_components.quectel_smtp.modem.mail.smtp import Result
from custom_components.quectel_smtp.modem.modem import Modem
from custom_components.quectel_smtp.modem.network.pdp import PdpSettings
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.tests.mail_server import MailServer

from .pairs import Pair, timed
from .replay import Replay, Step, recorded

BAUDRATE = 115200
COMMAND_SECONDS = 0.02
_HOST = "mail.example.com"
_PDP = PdpSettings("internet")
_SERVER = ServerSettings(_HOST, 25, Security.NONE, "", "", "Home", "home@example.com")
_MESSAGE = Message(
    "Water in the cellar",
    "The sensor beside the washing machine reports water.\n" * 8,
    to=("someone@example.com",),
)


async def _send(modem: Modem) -> None:
    """Send as the courier does, all of the way."""
    await modem.activate(_PDP)
    await modem.configure(_SERVER)
    if (refused := await modem.prepare(_MESSAGE)) is not None:
        raise RuntimeError(f"the email was not taken: {refused}")
    outcome = await modem.put(60)
    await modem.clear()
    if outcome.result is not Result.SENT:
        raise RuntimeError(f"the email was not sent: {outcome}")


async def _ours(virtual: VirtualModem, count: int) -> tuple[list[float], list[Step]]:
    """Send ``count`` emails after one that warms up; times, and bytes of the last."""
    modem = Modem(PortSettings(virtual.port, BAUDRATE))
    await modem.open()
    times: list[float] = []
    try:
        await _send(modem)
        for _ in range(count):
            virtual.forget()
            await timed(times, partial(_send, modem))
        return times, list(recorded(virtual))
    finally:
        await modem.close()


async def _both(port: int, turns: int, count: int) -> Pair:
    pair = Pair()
    async with VirtualModem(
        hosts={_HOST: {25: port}},
        settings={"command_seconds": COMMAND_SECONDS},
        baud=BAUDRATE,
    ) as virtual:
        for _ in range(turns):
            times, steps = await _ours(virtual, count)
            pair.ours.extend(times)
            async with Replay.opened(virtual.port, BAUDRATE) as replay:
                await replay.run(steps)
                for _ in range(count):
                    await timed(pair.floor, partial(replay.run, steps))
    return pair


def run(turns: int, count: int) -> Pair:
    """Send ``count`` emails each way in each of the ``turns``."""
    with MailServer() as server:
        return asyncio.run(_both(server.port, turns, count))
