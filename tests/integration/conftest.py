"""A modem on the desk, and an entry that is set up with it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.const import DOMAIN
from homeassistant.config_entries import ConfigEntryState, ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component

from .mail_on_the_desk import bundle
from .modem_on_the_desk import ICCID, IMEI, PORT, Desk, DeskModem
from .usb_on_the_desk import Sockets, look

PASSWORD = "correct horse"
DATA: dict[str, Any] = {
    "device": PORT,
    "baudrate": 115200,
    "model": "EC200A",
    "firmware": "EC200AEUHAR01A07M16",
    "apn": "internet",
    "apn_username": "",
    "apn_password": "",
    "authentication": "none",
    "host": "smtp.example.com",
    "port": 465,
    "security": "tls",
    "username": "home@example.com",
    "password": PASSWORD,
    "sender_name": "Home",
    "sender_address": "home@example.com",
    "certificate": None,
}
ANNA = "notify.anna"
RECIPIENT = ConfigSubentryDataWithId(
    subentry_id="recipient_1",
    subentry_type="recipient",
    title="Anna",
    unique_id=None,
    data={"to": ["anna@example.com"], "cc": ["ben@example.com"], "bcc": []},
)


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Return a folder of the test's own: outboxes are files."""
    (tmp_path / ".storage").mkdir()
    return str(tmp_path)


@pytest.fixture(autouse=True)
def nothing_private_is_shown(request: pytest.FixtureRequest) -> Generator[None]:
    """Fail a test at whose end a state or a repair has a secret, or tells of a SIM."""
    if "hass" not in request.fixturenames:
        yield
        return
    hass: HomeAssistant = request.getfixturevalue("hass")
    yield
    shown = f"{hass.states.async_all()} {[*ir.async_get(hass).issues.values()]}"
    assert not [word for word in (PASSWORD, IMEI, ICCID) if word in shown]


@pytest.fixture
async def desk(hass: HomeAssistant, tmp_path: Path) -> AsyncGenerator[Desk]:
    """Put a modem on the desk, and shorten what takes long with a real one.

    At the end all entries are unloaded, which leaves no port open.
    """
    found = Desk()
    base = "custom_components.quectel_smtp"
    with (
        patch(f"{base}.ports.Modem", type("Modem", (DeskModem,), {"desk": found})),
        patch(f"{base}.ports.connect", found.connect),
        patch(f"{base}.ports._PAUSE", 0.001),
        patch(f"{base}.delivery.client.check.dial", found.dial),
        patch("certifi.where", return_value=bundle(tmp_path)),
        patch(f"{base}.flow.modem_checks.REGISTRATION_WAIT", 0),
        patch(f"{base}.flow.progress.SHOWN_FOR", 0),
        patch(f"{base}.delivery.courier.line.REGISTRATION_TIMEOUT", 0),
        patch(f"{base}.delivery.courier.worker.STOP_PATIENCE", 0.05),
        patch(f"{base}.delivery.courier.worker.TURN_LEAST", 0.001),
        patch(f"{base}.delivery.courier.postman.TURN_LEAST", 0.001),
        patch(f"{base}.delivery.courier.idling.TURN_LEAST", 0.001),
        patch(f"{base}.delivery.courier.pace.PORT_EVERY", 0.005),
        patch(f"{base}.delivery.courier.pace.PERSON_EVERY", 0.005),
        patch(f"{base}.delivery.courier.pace._SERVICE_FIRST", 0.001),
        patch(f"{base}.delivery.courier.pace._SERVICE_MOST", 0.01),
        patch(f"{base}.delivery.courier.pace._SILENT_MOST", 0.01),
        patch(f"{base}.delivery.courier.pace._STRANGER_MOST", 0.01),
    ):
        yield found
        for event in found.held.values():
            event.set()
        await hass.async_block_till_done()
        for entry in hass.config_entries.async_entries(DOMAIN):
            if entry.state is ConfigEntryState.LOADED:
                assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()
        await until(lambda: not found.mail.conversations)
    assert not found.open_modems, "a port was left open"


@pytest.fixture
async def sockets(hass: HomeAssistant, tmp_path: Path) -> AsyncGenerator[Sockets]:
    """Have USB sockets, with nothing plugged in, that Home Assistant looks at."""
    found = Sockets(tmp_path / "host")
    with (
        patch(
            "homeassistant.components.usb.utils.list_serial_ports",
            found.list_serial_ports,
        ),
        patch("custom_components.quectel_smtp.usb_modems._TTYS", found.sysfs),
    ):
        assert await async_setup_component(hass, "usb", {})
        await look(hass)
        yield found
        for entry in hass.config_entries.async_loaded_entries(DOMAIN):
            assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    """Return an entry that is not set up yet, with one recipient."""
    found = MockConfigEntry(
        domain=DOMAIN,
        title="Quectel EC200A",
        unique_id=IMEI,
        minor_version=2,
        data=dict(DATA),
        subentries_data=[RECIPIENT],
    )
    found.add_to_hass(hass)
    return found


@pytest.fixture
async def loaded(
    hass: HomeAssistant, entry: MockConfigEntry, desk: Desk
) -> MockConfigEntry:
    """Return the entry once the modem is in service."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await in_service(entry)
    return entry


async def in_service(entry: MockConfigEntry) -> None:
    """Wait until the modem is in service."""
    courier = entry.runtime_data.courier
    await until(
        lambda: courier.status.network is not None and courier.status.trouble is None
    )


async def send(
    hass: HomeAssistant,
    message: str = "Water in the cellar",
    *,
    title: str | None = "Alarm",
    entity: str = ANNA,
) -> None:
    """Send a notification, and return once it is accepted."""
    data = {"message": message, "entity_id": entity}
    if title is not None:
        data["title"] = title
    await hass.services.async_call("notify", "send_message", data, blocking=True)


async def deliver(
    hass: HomeAssistant, entry: MockConfigEntry, message: str = "Water in the cellar"
) -> None:
    """Send a notification and wait until its email is over."""
    await send(hass, message)
    await settled(hass, entry)


async def settled(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Wait until no email waits any more, and all has been shown."""
    courier = entry.runtime_data.courier
    await until(lambda: courier.status.mail.waiting == 0)
    # Each is told a moment after the one before it.
    await until(lambda: not courier._showing._queue)  # noqa: SLF001
    await hass.async_block_till_done()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so that another process brings about."""
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)
