"""What an email with ten pictures costs of memory; a process of its own.

    python -m benchmarks.picture_memory PORT

PORT is that of a mail server on loopback. Prints as JSON how the process's memory has
grown, in bytes: once the email is accepted, and once it is sent through the modem's TCP.
"""

import asyncio
from dataclasses import asdict, dataclass, replace
import json
from random import Random
import sys
from typing import Final

from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.records import Way
from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from tests.virtual_modem.client import VirtualModem

from .boundless import HOST, Office, email, folder
from .children import told_by
from .commands import ACCOUNT, mail_server
from .filling import Growth, Watched
from .through_outbox import OPTIONS, Sending

PICTURES: Final = 10
SIZE: Final = 200 * 1024


@dataclass(frozen=True, slots=True)
class PictureMemory:
    """Growth while an email with ten pictures is accepted, and until it is sent."""

    accepted: Growth
    sent: Growth


def _many() -> Email:
    """Return an email with ten pictures, which nobody else holds."""
    made = Random(1)
    return replace(
        email(),
        attachments=tuple(
            Attachment(f"{number}.jpg", made.randbytes(SIZE), "image/jpeg")
            for number in range(PICTURES)
        ),
    )


async def _measure(port: int) -> PictureMemory:
    with folder() as place:
        async with VirtualModem(hosts={HOST: {ACCOUNT.port: port}}) as virtual:
            office = Office(
                place / "outbox.db",
                virtual.port,
                server=ACCOUNT,
                options=replace(OPTIONS, way=Way.STREAM),
            )
            warm = Sending(office)
            await office.courier.open()
            office.courier.start()
            office.courier.show()
            try:
                await warm.send()
                await warm.rest()
                accepted = await _accepted(office)
                memory = Watched()
                await Sending(office, _many).send()
                await warm.rest()
                return PictureMemory(accepted, memory.growth())
            finally:
                await office.courier.close()


async def _accepted(office: Office) -> Growth:
    """Have one accepted and cancelled while the port is somebody else's."""
    async with office.courier.lend():
        memory = Watched()
        reference = await office.courier.submit(_many())
        await office.outbox.quiet()
        growth = memory.growth()
        await office.courier.cancel(reference)
    return growth


def run() -> PictureMemory:
    """Have it measured by a process that does nothing else."""
    with mail_server() as server:
        told = json.loads(told_by("picture_memory", str(server.port)))
    return PictureMemory(Growth(**told["accepted"]), Growth(**told["sent"]))


def _main(port: str) -> None:
    print(json.dumps(asdict(asyncio.run(_measure(int(port))))), flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
