"""Emails are accepted at any time: while starting, while anything is being changed."""

import asyncio
from collections.abc import Awaitable, Callable
import sys
import time
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.modem.at.errors import (
    NoAnswerError,
    NotAModemError,
    PortBusyError,
    PortPermissionError,
)
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType

from .conftest import ANNA, in_service, send, settled
from .dialog import CELLULAR_INPUT, PORT_INPUT, SERVER_INPUT, Dialog, recipient_form
from .modem_on_the_desk import PORT, Desk


def _absent(desk: Desk) -> None:
    desk.ports.clear()


def _silent(desk: Desk) -> None:
    desk.hold_in("identify")


def _busy(desk: Desk) -> None:
    desk.fail("open", *(PortBusyError() for _ in range(1000)))


def _forbidden(desk: Desk) -> None:
    desk.fail("open", *(PortPermissionError() for _ in range(1000)))


def _strange(desk: Desk) -> None:
    desk.fail("open", *(NotAModemError() for _ in range(1000)))


def _mute(desk: Desk) -> None:
    desk.fail("open", *(NoAnswerError() for _ in range(1000)))


type Spoil = Callable[[Desk], None]


@pytest.mark.parametrize(
    "spoil", [_absent, _silent, _busy, _forbidden, _strange, _mute]
)
async def test_a_notification_is_accepted_whatever_the_modem_is_like(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry, spoil: Spoil
) -> None:
    spoil(desk)
    begun = time.perf_counter()
    assert await hass.config_entries.async_setup(entry.entry_id)
    ready = time.perf_counter()
    await send(hass, "first")
    accepted = time.perf_counter()
    sys.stdout.write(
        f"\nset up in {ready - begun:.3f} s, accepted in {accepted - ready:.3f} s\n"
    )
    assert entry.state is ConfigEntryState.LOADED
    await send(hass, "second")
    assert entry.runtime_data.courier.status.mail.waiting == 2
    # It is mended.
    desk.ports = {PORT}
    desk.failures["open"].clear()
    for event in desk.held.values():
        event.set()
    await settled(hass, entry)
    assert [message.body.split("\n")[0] for message in desk.sent] == ["first", "second"]


@pytest.mark.parametrize("spoil", [_absent, _silent, _busy, lambda _: None])
async def test_a_notification_in_the_first_second_of_a_start_is_accepted(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry, spoil: Spoil
) -> None:
    """It is sent as soon as the entity is there, before set-up has ended."""
    sending: list[asyncio.Task[None]] = []

    @callback
    def added(event: Event[Any]) -> None:
        if event.data["entity_id"] == ANNA and not sending:
            assert entry.state is ConfigEntryState.SETUP_IN_PROGRESS
            sending.append(hass.async_create_task(send(hass), eager_start=True))

    stop = hass.bus.async_listen(EVENT_STATE_CHANGED, added)
    spoil(desk)
    assert await hass.config_entries.async_setup(entry.entry_id)
    stop()
    await sending[0]
    desk.ports = {PORT}
    desk.failures["open"].clear()
    for event in desk.held.values():
        event.set()
    await settled(hass, entry)
    assert len(desk.sent) == 1


async def test_many_at_once_are_all_accepted(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await asyncio.gather(*(send(hass, f"message {number}") for number in range(25)))
    await settled(hass, loaded)
    received = "\n".join(message.body for message in desk.sent)
    assert all(f"message {number}\n" in received for number in range(25))


class Steps:
    """Sends an email at each step of a dialog."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Have sent none."""
        self.hass = hass
        self.sent = 0

    async def after(self, step: Awaitable[object]) -> None:
        """Take a step, then send."""
        await step
        await send(self.hass, f"after step {self.sent}")
        self.sent += 1


@pytest.fixture
def steps(hass: HomeAssistant) -> Steps:
    """Return a counter of steps."""
    return Steps(hass)


async def _all_arrive(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry, steps: Steps
) -> None:
    await hass.async_block_till_done()
    await settled(hass, entry)
    received = "\n".join(message.body for message in desk.sent)
    assert all(f"after step {number}" in received for number in range(steps.sent))


async def test_at_each_step_of_adding_a_recipient(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, steps: Steps
) -> None:
    flows = hass.config_entries.subentries
    result = await flows.async_init(
        (loaded.entry_id, "recipient"), context={"source": SOURCE_USER}
    )
    dialog = Dialog(hass, result, "config_subentries", "recipient", flows=flows)
    await steps.after(asyncio.sleep(0))
    await steps.after(dialog.submit(**recipient_form("Ben", ["nobody"])))
    await steps.after(dialog.submit(**recipient_form("Ben", ["ben@example.com"])))
    await hass.async_block_till_done()
    await send(hass, "to Ben", entity="notify.ben")
    (added,) = (sub for sub in loaded.subentries.values() if sub.title == "Ben")
    hass.config_entries.async_remove_subentry(loaded, added.subentry_id)
    await steps.after(hass.async_block_till_done())
    await _all_arrive(hass, desk, loaded, steps)
    assert steps.sent == 4


@pytest.mark.parametrize("spoil", [lambda _: None, Desk.unplug])
async def test_at_each_step_of_reconfiguring(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    steps: Steps,
    spoil: Spoil,
) -> None:
    for path in ("port", "cellular", "server"):
        desk.ports = {PORT}
        await in_service(loaded)
        dialog = Dialog(hass, await loaded.start_reconfigure_flow(hass))
        await steps.after(dialog.choose(path))
        spoil(desk)
        match path:
            case "port":
                await steps.after(dialog.submit(**PORT_INPUT))
            case "cellular":
                await steps.after(dialog.submit(**CELLULAR_INPUT | {"apn": "other"}))
            case _:
                await steps.after(dialog.submit(**SERVER_INPUT))
                await steps.after(dialog.choose("certificate_none"))
                await steps.after(dialog.submit())
        if dialog.result["type"] is FlowResultType.FORM:
            dialog.close()
            await steps.after(hass.async_block_till_done())
    desk.ports = {PORT}
    await _all_arrive(hass, desk, loaded, steps)


async def test_while_a_check_holds_the_port(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, steps: Steps
) -> None:
    held = desk.hold_in("resolve")
    dialog = Dialog(hass, await loaded.start_reconfigure_flow(hass))
    await dialog.choose("cellular")
    await dialog.begin(**CELLULAR_INPUT | {"apn": "other"})
    await desk.reached("resolve")
    await steps.after(asyncio.sleep(0))
    assert not desk.sent
    held.set()
    await hass.async_block_till_done()
    await steps.after(dialog.look())
    assert await dialog.without_test() == "saved_untested"
    await _all_arrive(hass, desk, loaded, steps)


async def test_at_each_step_of_reauthenticating(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, steps: Steps
) -> None:
    dialog = Dialog(hass, await loaded.start_reauth_flow(hass))
    await steps.after(asyncio.sleep(0))
    await steps.after(dialog.submit(username="home@example.com", password="p" * 256))
    await steps.after(
        dialog.submit(username="home@example.com", password="battery staple")
    )
    await _all_arrive(hass, desk, loaded, steps)


async def test_after_each_reload(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, steps: Steps
) -> None:
    for _ in range(3):
        await steps.after(hass.config_entries.async_reload(loaded.entry_id))
    await _all_arrive(hass, desk, loaded, steps)
