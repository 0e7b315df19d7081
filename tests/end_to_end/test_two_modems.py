"""Two modems at one Home Assistant, one at a port of its own, one across the network."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
import time

import pytest

from tests.virtual_modem.client import VirtualModem

from .inbox import MailServer
from .scene import Person, answers_for, modem_that_reaches
from .ser2net import on_the_network
from .setting_up import Recipient, add_modem

SEND = "notify.send_message"
IMEIS = {"near": "867730050000017", "far": "867730050000025"}
EACH = 4
"""Emails that go through each modem at once."""


@dataclass(frozen=True, slots=True)
class SetUp:
    """A modem that is set up, with who gets emails through it."""

    name: str
    modem: VirtualModem
    entity: str
    line: str

    @property
    def recipient(self) -> str:
        """To whom alone emails go through it."""
        return f"{self.name}@example.com"


@pytest.fixture
async def two(
    mail: MailServer, person: Person, tmp_path: Path
) -> AsyncIterator[tuple[SetUp, SetUp]]:
    """The modem at a port of this machine, and the one behind ser2net."""
    near, far = (
        modem_that_reaches(mail, time_scale=0.01, settings={"imei": imei})
        for imei in IMEIS.values()
    )
    async with near, far, on_the_network(far.port, tmp_path) as url:
        yield (
            await set_up(person, mail, "near", near, near.port),
            await set_up(person, mail, "far", far, url),
        )


async def set_up(
    person: Person, mail: MailServer, name: str, modem: VirtualModem, device: str
) -> SetUp:
    """Set a modem up, with a recipient of its own, and wait until its line is ready."""
    created = await add_modem(person.flows, answers_for(mail, device))
    recipient = Recipient(name, to=(f"{name}@example.com",))
    entity = await person.name_recipient(created, recipient)
    line = await person.entity("binary_sensor", f"{IMEIS[name]}_line_ready")
    await person.states.until(line, lambda shown: shown.state == "on")
    return SetUp(name, modem, entity, line)


async def arrivals(mail: MailServer, count: int) -> list[tuple[str, str]]:
    """The next emails, each by its subject and who got it, in alphabetical order."""
    arrived = [await mail.next_mail() for _ in range(count)]
    return sorted((mail.message["Subject"], *mail.recipients) for mail in arrived)


async def test_two_modems_send_at_once_and_each_its_own(
    mail: MailServer, person: Person, two: tuple[SetUp, SetUp]
) -> None:
    wanted = sorted(
        (f"{one.name} {number}", one.recipient) for one in two for number in range(EACH)
    )

    await asyncio.gather(
        *(
            person.api.act(
                SEND, one.entity, title=f"{one.name} {number}", message="At once."
            )
            for number in range(EACH)
            for one in two
        )
    )

    assert await arrivals(mail, len(wanted)) == wanted
    for one in two:
        deliveries = await one.modem.wait_for_deliveries(EACH)
        assert {email.recipients for email in deliveries} == {(one.recipient,)}
        assert not one.modem.strays()
        assert person.states[one.line].state == "on"
    assert mail.no_mail_waits()


@pytest.mark.parametrize("which", [pytest.param("near", marks=pytest.mark.long), "far"])
async def test_of_two_modems_only_the_line_of_the_unplugged_one_is_lost(
    mail: MailServer, person: Person, two: tuple[SetUp, SetUp], which: str
) -> None:
    gone, stays = sorted(two, key=lambda one: one.name != which)
    changes = await person.api.subscribe(
        "subscribe_trigger",
        trigger={"trigger": "state", "entity_id": stays.line},
    )

    gone.modem.hangup()
    unplugged = time.monotonic()
    shown = await person.states.until(gone.line, lambda shown: shown.state == "off")
    seconds = time.monotonic() - unplugged
    print(f"{which} unplugged: its line is lost after {seconds:.2f} s")  # noqa: T201
    assert shown.attributes["reason"] == "modem_away"

    for one in two:
        await person.api.act(SEND, one.entity, title=one.name, message="One is away.")
    assert await arrivals(mail, 1) == [(stays.name, stays.recipient)]

    gone.modem.plug()
    plugged = time.monotonic()
    assert await arrivals(mail, 1) == [(gone.name, gone.recipient)]
    await person.states.until(gone.line, lambda shown: shown.state == "on")
    seconds = time.monotonic() - plugged
    print(f"{which} plugged in: its line is back after {seconds:.2f} s")  # noqa: T201
    # Nothing was to be said of the other's line all the while.
    assert person.states[stays.line].state == "on"
    assert changes.empty
