"""The text email once more, with the outbox in its way: from acceptance to its end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.records import Options, State, Transition
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.smtp import Result
from custom_components.quectel_smtp.modem.modem import Modem
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.tests.mail_server import MailServer

from .boundless import BAUDRATE, HOST, PDP, SERVER, Office, email, folder, message
from .emails import COMMAND_SECONDS
from .pairs import timed
from .replay import Replay, Step, recorded

_CLEAR: Final = Step(b"AT+QSMTPCLR", None)
OPTIONS: Final = Options(per_hour=1 << 20, per_day=1 << 20)
"""No limit keeps an email back."""


@dataclass(frozen=True, slots=True)
class ThroughOutbox:
    """Seconds of each email, from the call on until it is known to be sent."""

    courier: list[float] = field(default_factory=list)
    outbox: list[float] = field(default_factory=list)
    """Of these, how long the outbox was waited for."""
    modem: list[float] = field(default_factory=list)
    """An email of the same length through ``Modem`` alone."""
    replay: list[float] = field(default_factory=list)
    """The bytes that the courier sent, by bare serialx."""
    commands: list[int] = field(default_factory=list)
    """Command lines of the courier's email, and of the modem's."""


class Sending:
    """Submits an email and waits for its end."""

    def __init__(self, office: Office, make: Callable[[], Email] = email) -> None:
        """Listen to what becomes of emails; ``make`` gives another one each time."""
        self._office = office
        self._make = make
        self._ended: dict[str, asyncio.Future[State]] = {}
        office.courier.on_transition(self._heard)

    def _heard(self, transition: Transition) -> None:
        ended = self._ended.get(transition.reference)
        if ended is not None and not transition.state.waiting and not ended.done():
            ended.set_result(transition.state)

    async def send(self, *, critical: bool = False) -> None:
        """Return once an email is known to be sent."""
        one = replace(self._make(), critical=critical)
        ended = asyncio.get_running_loop().create_future()
        self._ended[one.reference] = ended
        await self._office.courier.submit(one)
        state = await ended
        del self._ended[one.reference]
        if state is not State.SENT:
            raise RuntimeError(f"the email was not sent: {state}")

    async def rest(self) -> None:
        """Wait until the courier has nothing left to do."""
        await self._office.outbox.quiet()
        # Clearing the modem's copy, and its pictures: all that may come between.
        await asyncio.sleep(8 * COMMAND_SECONDS)
        await self._office.outbox.quiet()


async def _through_courier(
    virtual: VirtualModem, path: Path, count: int, found: ThroughOutbox
) -> list[Step]:
    """Send ``count`` emails after one that warms up; the bytes of the last."""
    office = Office(path, virtual.port, options=OPTIONS)
    sending = Sending(office)
    await office.courier.open()
    office.courier.start()
    office.courier.show()
    try:
        await sending.send()
        for _ in range(count):
            await sending.rest()
            virtual.forget()
            before = office.outbox.waited
            await timed(found.courier, sending.send)
            found.outbox.append(office.outbox.waited - before)
        await sending.rest()
        return until_sent(virtual)
    finally:
        await office.courier.close()


def until_sent(virtual: VirtualModem) -> list[Step]:
    """Return what the modem has heard since it was told to forget, up to the send."""
    steps: list[Step] = []
    for step in recorded(virtual):
        steps.append(step)
        if step.line.startswith(b"AT+QSMTPPUT="):
            return steps
    raise RuntimeError("no email was sent")


async def _put(modem: Modem) -> None:
    """Send as the courier does, all of the way to the result."""
    await modem.activate(PDP)
    await modem.configure(SERVER)
    if (refused := await modem.prepare(message())) is not None:
        raise RuntimeError(f"the email was not taken: {refused}")
    outcome = await modem.put(300)
    if outcome.result is not Result.SENT:
        raise RuntimeError(f"the email was not sent: {outcome}")


async def _through_modem(
    virtual: VirtualModem, count: int, found: ThroughOutbox
) -> list[Step]:
    modem = Modem(PortSettings(virtual.port, BAUDRATE))
    await modem.open()
    try:
        await _put(modem)
        for _ in range(count):
            await modem.clear()
            virtual.forget()
            await timed(found.modem, partial(_put, modem))
        return until_sent(virtual)
    finally:
        await modem.close()


async def _measure(port: int, place: Path, turns: int, count: int) -> ThroughOutbox:
    found = ThroughOutbox()
    async with VirtualModem(
        hosts={HOST: {25: port}},
        settings={"command_seconds": COMMAND_SECONDS},
        baud=BAUDRATE,
    ) as virtual:
        for turn in range(turns):
            path = place / f"{turn}.db"
            steps = await _through_courier(virtual, path, count, found)
            bare = await _through_modem(virtual, count, found)
            found.commands[:] = [len(steps), len(bare)]
            async with Replay.opened(virtual.port, BAUDRATE) as replay:
                for _ in range(count):
                    await replay.run((_CLEAR,))
                    await timed(found.replay, partial(replay.run, steps))
    return found


def run(turns: int, count: int) -> ThroughOutbox:
    """Send ``count`` emails each way in each of the ``turns``."""
    with MailServer() as server, folder() as place:
        return asyncio.run(_measure(server.port, place, turns, count))
