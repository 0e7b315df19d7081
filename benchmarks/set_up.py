"""The integration's set-up in Home Assistant's core while its modem is not there.

    python -m benchmarks.set_up FOLDER PORT COUNT

is a process with a Home Assistant in an empty FOLDER: prints the seconds of the first
set-up, imports included, and of ``COUNT`` more as JSON. It runs in each environment that
has a Home Assistant, so it imports nothing else.
"""

import asyncio
from dataclasses import dataclass
import json
import os
from pathlib import Path
import pty
import sys
from tempfile import TemporaryDirectory
import time
import tty
from types import MappingProxyType
from typing import Any, Final

from homeassistant import bootstrap, loader
from homeassistant.config_entries import (
    ConfigEntries,
    ConfigEntry,
    ConfigEntryState,
    ConfigSubentryDataWithId,
)
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant
from homeassistant.core_config import async_process_ha_core_config
from homeassistant.setup import async_setup_component

from .children import ROOT, told_by

_ENVIRONMENTS: Final = (".venv", ".venv-ha")

_DOMAIN: Final = "quectel_smtp"
_ABSENT_PORT: Final = "/dev/serial/by-id/absent"
# Set up by other integrations, or by Home Assistant itself, before any entry is.
_BEFORE: Final = ("homeassistant", "usb", "notify", "sensor", "event")
_DATA: Final[dict[str, Any]] = {
    "baudrate": 115200,
    "model": "EC200A",
    "firmware": "EC200AEUHAR01A07M16",
    "apn": "internet",
    "apn_username": "",
    "apn_password": "",
    "authentication": "none",
    "host": "mail.example.com",
    "port": 25,
    "security": "none",
    "username": "",
    "password": "",
    "sender_name": "Home",
    "sender_address": "home@example.com",
    "certificate": None,
}
_RECIPIENT: Final = ConfigSubentryDataWithId(
    subentry_id="someone",
    subentry_type="recipient",
    title="Someone",
    unique_id=None,
    data={"to": ["someone@example.com"], "cc": [], "bcc": []},
)


@dataclass(frozen=True, slots=True)
class SetUps:
    """Seconds that it took, with a modem that is absent or silent."""

    home_assistant: str
    modem: str
    first: list[float]
    """In a process that has not imported the integration yet."""
    again: list[float]


def _entry(port: str) -> ConfigEntry:
    return ConfigEntry(
        data={"device": port, **_DATA},
        discovery_keys=MappingProxyType({}),
        domain=_DOMAIN,
        minor_version=1,
        options={},
        source="user",
        subentries_data=[_RECIPIENT],
        title="Quectel EC200A",
        unique_id="861234567890123",
        version=1,
    )


async def _home_assistant(folder: str) -> HomeAssistant:
    """Return the core of a Home Assistant, with what is set up before any entry."""
    hass = HomeAssistant(folder)
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = ConfigEntries(hass, {})
    await loader.async_get_custom_components(hass)
    await bootstrap.async_load_base_functionality(hass)
    await async_process_ha_core_config(hass, {})
    for domain in _BEFORE:
        if not await async_setup_component(hass, domain, {}):
            raise RuntimeError(f"{domain} could not be set up")
    await hass.async_block_till_done()
    return hass


async def _timed(folder: str, port: str, count: int) -> list[float]:
    hass = await _home_assistant(folder)
    entry = _entry(port)
    times: list[float] = []
    for turn in range(count + 1):
        before = time.perf_counter()
        if turn:
            await hass.config_entries.async_setup(entry.entry_id)
        else:
            await hass.config_entries.async_add(entry)
        times.append(time.perf_counter() - before)
        if entry.state is not ConfigEntryState.LOADED:
            raise RuntimeError(f"the entry is {entry.state}")
        # Its entities are there, and it looks for its modem.
        await asyncio.sleep(0.1)
        if not hass.states.async_entity_ids("notify"):
            raise RuntimeError("there is nothing to send a notification to")
        await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_stop(force=True)
    return times


def _main(folder: str, port: str, count: str) -> None:
    times = asyncio.run(_timed(folder, port, int(count)))
    print(json.dumps([__version__, times]))


def _measure(environment: str, port: str, count: int) -> tuple[str, list[float]]:
    with TemporaryDirectory(prefix="set-up-", dir=ROOT / ".venv-bench") as folder:
        Path(folder, ".storage").mkdir()
        Path(folder, "custom_components").symlink_to(ROOT / "custom_components")
        told = told_by(
            "set_up",
            *(folder, port, str(count)),
            python=ROOT / environment / "bin" / "python",
        )
    version, times = json.loads(told)
    return version, times


def run(processes: int, count: int) -> list[SetUps]:
    """Set up once and ``count`` times more in each process, in each environment."""
    silent, port = pty.openpty()
    tty.setraw(port)
    found = []
    try:
        for environment in _ENVIRONMENTS:
            # The second one is made for those who run the end-to-end tests.
            if not (ROOT / environment / "stamp").exists():
                continue
            for modem, device in (
                ("absent", _ABSENT_PORT),
                ("silent", os.ttyname(port)),
            ):
                told = [_measure(environment, device, count) for _ in range(processes)]
                found.append(
                    SetUps(
                        told[0][0],
                        modem,
                        [times[0] for _, times in told],
                        [time for _, times in told for time in times[1:]],
                    )
                )
    finally:
        os.close(silent)
        os.close(port)
    return found


if __name__ == "__main__":
    _main(*sys.argv[1:])
