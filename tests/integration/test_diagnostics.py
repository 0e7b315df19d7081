"""A maintainer gets what a fault is found by, and nothing that tells of its owner."""

from dataclasses import replace
import json
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
from syrupy.assertion import SnapshotAssertion

from custom_components.quectel_smtp import diagnostics
from custom_components.quectel_smtp.modem.at.conversation import Said, Speaker
from custom_components.quectel_smtp.modem.at.errors import (
    NoAnswerError,
    SimMissingError,
)
from custom_components.quectel_smtp.modem.diagnosis import Diagnosis
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from custom_components.quectel_smtp.modem.network.profile import Profile
from custom_components.quectel_smtp.modem.network.radio import Quality
from custom_components.quectel_smtp.modem.network.traffic import Traffic
from custom_components.quectel_smtp.modem.tcp.preparation import Limits
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .conftest import DATA, deliver, send, until
from .modem_on_the_desk import AT_HOME, EC200A, IMEI, PORT, Desk, DeskModem
from .timeless import timeless

# It is fetched as a browser does.
pytestmark = pytest.mark.usefixtures("socket_enabled")


async def downloaded(
    hass: HomeAssistant, client: ClientSessionGenerator, entry: MockConfigEntry
) -> dict[str, Any]:
    """Return the file that is offered for download, with what Home Assistant adds."""
    assert await async_setup_component(hass, "diagnostics", {})
    await hass.async_block_till_done()
    http = await client()
    response = await http.get(f"/api/diagnostics/config_entry/{entry.entry_id}")
    assert response.status == 200
    found: dict[str, Any] = await response.json()
    return found


async def test_what_happened_is_told_without_whose_it_was(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    desk: Desk,
    loaded: MockConfigEntry,
) -> None:
    desk.quality = Quality("LTE", -71, -103, 118, -12)
    desk.counter = Traffic(1000, 2000)
    await deliver(hass, loaded)
    file = await downloaded(hass, hass_client, loaded)
    data = file["data"]
    assert data["modem"]["model"] == "EC200A"
    assert data["modem"]["firmware"] == "EC200AEUHAR01A07M16"
    assert data["modem"]["network"]["operator"] == "Example Mobile"
    assert data["modem"]["in_service"] is True
    assert data["outbox"]["sent"] == 1
    assert data["ways"] == {"module: sent": 1}
    (ended,) = data["ended"]
    assert (ended["state"], ended["attempts"]) == ("sent", 1)
    assert data["recipients"] == [{"to": 1, "cc": 1, "bcc": 0, "critical": False}]
    assert data["entities"]["sensor.emails_sent"]["state"] == "1"
    assert not [key for key in data["entities"] if key.startswith("notify.")]
    assert set(data["versions"]) >= {"serialx", "aiosmtplib", "sqlite", "openssl"}
    assert data["line"] == {
        "obstacle": None,
        "invalid_setting": None,
        "account_check_failed": False,
    }
    text = json.dumps(file)
    for private in (
        *("Anna", "anna@example.com", "ben@example.com", "home@example.com"),
        *("Water in the cellar", "Alarm", "correct horse", IMEI, "smtp.example.com"),
    ):
        assert private not in text, private


async def test_a_number_of_modem_or_sim_is_shown_nowhere(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    spaced = f"{IMEI[:2]} {IMEI[2:8]}-{IMEI[8:]}"
    desk.network = replace(AT_HOME, operator=f"Canary {IMEI}")
    desk.identity = replace(EC200A, firmware=f"EC200A {spaced}")
    desk.unplug()
    courier = loaded.runtime_data.courier
    await until(lambda: courier.status.trouble is not None)
    desk.ports = {PORT}
    await until(lambda: courier.status.network == desk.network)
    await hass.async_block_till_done()
    found = await diagnostics.async_get_config_entry_diagnostics(hass, loaded)
    assert found["modem"]["network"]["operator"] == "Canary **REDACTED**"
    for number in (IMEI, spaced):
        assert number not in json.dumps(found, default=str)


async def test_the_whole_file_after_an_email(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    desk: Desk,
    loaded: MockConfigEntry,
    snapshot: SnapshotAssertion,
) -> None:
    """``pytest --snapshot-update`` writes it anew: look at what is new before you do."""
    desk.quality = Quality("LTE", -71, -103, 118, -12)
    desk.counter = Traffic(1000, 2000)
    await deliver(hass, loaded)
    await loaded.runtime_data.coordinator.async_refresh()
    data = (await downloaded(hass, hass_client, loaded))["data"]
    data["versions"] = sorted(data["versions"])
    assert timeless(data) == snapshot


async def test_what_waits_is_told_of_by_its_reference_and_what_it_waits_for(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    desk: Desk,
    loaded: MockConfigEntry,
) -> None:
    desk.fail("activate", *[NoAnswerError()] * 50)
    await send(hass)
    courier = loaded.runtime_data.courier
    await until(lambda: courier.status.mail.last is not None)
    data = (await downloaded(hass, hass_client, loaded))["data"]
    (waiting,) = data["waiting"]
    assert waiting["error"] == "no_answer"
    assert waiting["way"] in {"module", "stream"}
    assert waiting["reason"] == "retry"
    assert data["attempts"][0]["result"] == "no_answer"
    assert data["outbox"]["waiting"] == 1
    assert "Anna" not in json.dumps(data)


async def test_a_modem_that_never_was_there_has_diagnostics_too(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    desk: Desk,
    entry: MockConfigEntry,
) -> None:
    desk.ports.clear()
    data = {**DATA, "pin": "4711", "usb": {"vid": "2C7C", "serial_number": "S3R1AL"}}
    data |= {"host": "smtp.gmail.com", "device": "socket://cellar:7000", "port": "465x"}
    hass.config_entries.async_update_entry(
        entry,
        data=data,
        options={"allowed_addresses": ["example.org"], "way": "stream"},
    )
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    found = (await downloaded(hass, hass_client, entry))["data"]
    assert found["modem"]["model"] is None
    assert found["modem"]["profile"] is None
    assert found["line"]["obstacle"] == "settings"
    assert found["line"]["invalid_setting"] == "port"
    assert "settings_invalid" in found["repairs"]
    shown = found["entry"]["data"]
    assert shown["host"] == "smtp.gmail.com"
    assert shown["device"] == "socket://**REDACTED**"
    assert shown["usb"] == {"vid": "2C7C", "serial_number": "**REDACTED**"}
    assert shown["password"] == shown["pin"] == "**REDACTED**"
    assert shown["apn_password"] == ""
    assert found["entry"]["options"] == {
        "allowed_addresses": "**REDACTED**",
        "way": "stream",
    }


@pytest.mark.parametrize(
    ("device", "shown"),
    [
        ("/dev/ttyUSB2", "/dev/ttyUSB2"),
        (
            "/dev/serial/by-id/usb-Quectel_EC25_S3R1AL-if02-port0",
            "/dev/serial/by-id/**REDACTED**-if02-port0",
        ),
        ("esphome://cellar.local/?key=S3R1AL", "esphome://**REDACTED**"),
        (None, "/**REDACTED**"),
        ("/home/jane/modem-if02", "/**REDACTED**-if02"),
    ],
)
async def test_a_port_is_shown_by_its_kind(
    hass: HomeAssistant, loaded: MockConfigEntry, device: str | None, shown: str
) -> None:
    hass.config_entries.async_update_entry(
        loaded, data=loaded.data | {"device": device}
    )
    found = await diagnostics.async_get_config_entry_diagnostics(hass, loaded)
    assert found["entry"]["data"]["device"] == shown


async def test_profile_limits_and_the_last_lines_are_told_with_their_times(
    hass: HomeAssistant, loaded: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = (Said(99.5, Speaker.WE, "AT+CSQ"), Said(99.75, Speaker.MODEM, "OK"))
    profile = Profile(tls_settings=frozenset({"sni", "cacert"}))
    told = Diagnosis(
        True, True, 1, 0, 0, 0, profile, Limits(1460, 1500), True, True, 100.0, said
    )
    monkeypatch.setattr(DeskModem, "diagnosis", lambda _: told)
    loaded.runtime_data.courier._board.post(  # noqa: SLF001  # as the worker does
        address="10.20.30.40", trouble=SimMissingError()
    )
    found = await diagnostics.async_get_config_entry_diagnostics(hass, loaded)
    assert found["modem"]["profile"]["tls_settings"] == ["cacert", "sni"]
    assert found["modem"]["tcp_limits"] == {"send": 1460, "read": 1500}
    assert found["modem"]["has_address"]
    first, second = found["conversation"]
    assert first.endswith(" > AT+CSQ")
    assert second.endswith(" < OK")
    assert first < second
    unknown = Diagnosis(
        False, False, 0, 0, 0, 0, Profile(), None, False, False, 100.0, ()
    )
    monkeypatch.setattr(DeskModem, "diagnosis", lambda _: unknown)
    found = await diagnostics.async_get_config_entry_diagnostics(hass, loaded)
    assert found["modem"]["profile"]["tls_settings"] is None


async def test_a_refusal_is_told_by_its_codes_and_not_in_the_server_s_words(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.always = Outcome(Result.UNKNOWN)
    await send(hass)
    await until(lambda: bool(loaded.runtime_data.courier.status.mail.last))
    found = await diagnostics.async_get_config_entry_diagnostics(hass, loaded)
    assert found["attempts"][0]["result"] == "unknown"


async def test_an_entry_that_is_not_loaded_shows_its_settings(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    desk: Desk,
    entry: MockConfigEntry,
) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(entry.entry_id)
    found = (await downloaded(hass, hass_client, entry))["data"]
    assert set(found) == {"versions", "entry"}
    assert found["entry"]["data"]["password"] == "**REDACTED**"  # none
