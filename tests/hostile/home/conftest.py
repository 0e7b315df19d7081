"""A Home Assistant of each test's own, and a virtual modem that all of a module share."""

from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.const import DOMAIN
from custom_components.quectel_smtp.delivery.records import Way
from homeassistant.config_entries import ConfigEntryState, ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from tests.hostile.bench import HOST
from tests.integration.conftest import DATA, RECIPIENT, until
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.profiles import MailClient
from tests.virtual_modem.tests.mail_server import MailServer

IMEI = "867730050000017"
OWN = "anna@example.com"
OPTIONS: dict[str, Any] = {
    "emails_per_hour": 1000,
    "emails_per_day": 10_000,
    "digest": False,
}
ACCOUNT: dict[str, Any] = {
    "host": HOST,
    "port": 25,
    "security": "none",
    "username": "",
    "password": "",
}

BY_EACH_ROAD = pytest.mark.parametrize(
    ("far", "way"),
    [
        (MailClient.NOTE, Way.MODULE),
        (MailClient.TERSE, Way.MODULE),
        # The modem's mail client does nothing then.
        (MailClient.NOTE, Way.STREAM),
    ],
    indirect=True,
)


@dataclass(frozen=True, slots=True)
class Far:
    """What lies behind the serial port."""

    virtual: VirtualModem
    server: MailServer
    client: MailClient


@pytest.fixture(scope="module", params=MailClient)
def far(request: pytest.FixtureRequest) -> Generator[Far]:
    """Start a virtual modem with each of the mail clients, and a mail server."""
    with (
        MailServer() as server,
        VirtualModem(
            hosts={HOST: {25: server.port}}, time_scale=0.01, mail_client=request.param
        ) as virtual,
    ):
        yield Far(virtual, server, request.param)


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Return a folder of the test's own: outboxes are files."""
    (tmp_path / ".storage").mkdir()
    return str(tmp_path)


@pytest.fixture
def entry(hass: HomeAssistant, far: Far) -> MockConfigEntry:
    """Return an entry for that modem, with one recipient, not set up yet."""
    found = MockConfigEntry(
        domain=DOMAIN,
        title="Quectel EC200N-CN",
        unique_id=IMEI,
        minor_version=2,
        data=DATA | ACCOUNT | {"device": far.virtual.port},
        options=OPTIONS,
        subentries_data=[
            ConfigSubentryDataWithId(
                **RECIPIENT | {"data": {"to": [OWN], "cc": [], "bcc": []}}
            )
        ],
    )
    found.add_to_hass(hass)
    return found


@pytest.fixture
def quick_forms() -> Generator[None]:
    """Wait for nothing in a form that a person could not see."""
    base = "custom_components.quectel_smtp.flow"
    with (
        patch(f"{base}.progress.SHOWN_FOR", 0),
        patch(f"{base}.modem_checks.RESOLVE_WAIT", 0.2),
        patch(f"{base}.modem_checks.REGISTRATION_WAIT", 0.2),
    ):
        yield


@pytest.fixture
async def at_home(
    hass: HomeAssistant, far: Far, entry: MockConfigEntry
) -> AsyncGenerator[MockConfigEntry]:
    """Set it up, and forget what the modem and the server have seen before."""
    far.virtual.forget()
    far.server.received.clear()
    assert await hass.config_entries.async_setup(entry.entry_id)
    courier = entry.runtime_data.courier
    await until(lambda: courier.status.network is not None)
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


@pytest.fixture
def www(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Return the one folder that may be read, beside a file with secrets."""
    (tmp_path / "www").mkdir()
    (tmp_path / "secrets.yaml").write_text("password: correct horse")
    hass.config.allowlist_external_dirs = {str(tmp_path / "www")}
    return tmp_path / "www"


@pytest.fixture
def way(
    hass: HomeAssistant, at_home: MockConfigEntry, request: pytest.FixtureRequest
) -> Way:
    """Have emails go by a way."""
    found: Way = request.param
    hass.config_entries.async_update_entry(
        at_home, options={**at_home.options, "way": found.value}
    )
    return found
