"""The blueprints are imported as a person does, and automations made of them work."""

from datetime import timedelta
from email import message_from_bytes
import json
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.quectel_smtp.modem.at.codes import SmtpError, SmtpReply
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import parse_yaml
from tests.source import ROOT

from .attachments.conftest import Eye, see
from .attachments.paintings import encoded, photograph
from .conftest import ANNA, deliver, settled, until
from .modem_on_the_desk import Desk

BLUEPRINTS = ROOT / "blueprints" / "automation" / "quectel_smtp"
JPEG = encoded(photograph((64, 48)), "JPEG")
GONE = Outcome(
    Result.REFUSED, SmtpError.MAILBOX_UNAVAILABLE, SmtpReply.MAILBOX_UNAVAILABLE
)


class Importer:
    """Someone who imports a blueprint by its address, and makes an automation of it."""

    def __init__(
        self, hass: HomeAssistant, web: AiohttpClientMocker, client: WebSocketGenerator
    ) -> None:
        """Use Home Assistant's own commands."""
        self._hass = hass
        self._web = web
        self._client = client

    async def automate(self, name: str, **inputs: Any) -> None:
        """Have an automation of this blueprint with these inputs."""
        assert await async_setup_component(self._hass, "automation", {})
        text = (BLUEPRINTS / f"{name}.yaml").read_text("utf-8")
        blueprint: Any = parse_yaml(text)
        url: str = blueprint["blueprint"]["source_url"]
        assert url.endswith(f"/blueprints/automation/quectel_smtp/{name}.yaml")
        raw = url.replace("github.com", "raw.githubusercontent.com").replace(
            "/blob/", "/"
        )
        web: Any = self._web
        web.get(raw, text=text)
        client = await self._client(self._hass)
        await client.send_json_auto_id({"type": "blueprint/import", "url": url})
        imported = (await client.receive_json())["result"]
        assert imported["validation_errors"] is None
        path = f"{imported['suggested_filename']}.yaml"
        await client.send_json_auto_id(
            {
                "type": "blueprint/save",
                "domain": "automation",
                "path": path,
                "yaml": imported["raw_data"],
                "source_url": url,
            }
        )
        assert (await client.receive_json())["success"]
        automation = {"use_blueprint": {"path": path, "input": inputs}}
        configuration = Path(self._hass.config.path("configuration.yaml"))
        # JSON is YAML.
        configuration.write_text(json.dumps({"automation": automation}), "utf-8")
        await self._hass.services.async_call("automation", "reload", blocking=True)
        (state,) = self._hass.states.async_all("automation")
        assert state.state == "on"


@pytest.fixture
def importer(
    hass: HomeAssistant,
    aioclient_mock: AiohttpClientMocker,
    hass_ws_client: WebSocketGenerator,
) -> Importer:
    """Return someone who imports blueprints."""
    return Importer(hass, aioclient_mock, hass_ws_client)


async def passes(hass: HomeAssistant, **time: float) -> None:
    """Let time pass."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(**time))
    await hass.async_block_till_done()


def test_each_blueprint_is_tried_here() -> None:
    assert {path.stem for path in BLUEPRINTS.iterdir()} == {
        "internet_down",
        "power_lost",
        "email_failed",
    }


async def test_an_internet_line_that_stays_away_is_told_through_the_modem(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, importer: Importer
) -> None:
    line = "binary_sensor.internet"
    hass.states.async_set(line, "on")
    await importer.automate("internet_down", internet=line, recipients=[ANNA])
    hass.states.async_set(line, "off")
    await passes(hass, minutes=4)
    hass.states.async_set(line, "on")
    await passes(hass, minutes=10)
    assert desk.sent == []
    hass.states.async_set(line, "off")
    await hass.async_block_till_done()
    await passes(hass, minutes=6)
    await until(lambda: len(desk.sent) == 1)
    assert desk.sent[0].subject == "The internet line is gone"
    assert desk.sent[0].body.startswith("This email went through the modem.\n")


@pytest.mark.parametrize(
    ("entity", "field", "well", "battery"),
    [
        ("binary_sensor.mains", "power", "on", "off"),
        ("sensor.ups_status_data", "ups", "OL CHRG", "OB DISCHRG"),
        ("sensor.ups_status", "ups", "Online", "On Battery, Battery Discharging"),
        ("sensor.ups_status", "ups", "ONLINE", "ONBATT"),
    ],
)
async def test_power_that_is_lost_is_told_with_a_camera_s_picture(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    importer: Importer,
    entity: str,
    field: str,
    well: str,
    battery: str,
) -> None:
    desk.mail.takes_emails = True
    hass.config_entries.async_update_entry(loaded, options={"way": "stream"})
    for domain in ("media_source", "camera"):
        assert await async_setup_component(hass, domain, {})
    await see(hass, Eye("Hall", JPEG))
    hass.states.async_set(entity, well)
    await importer.automate(
        "power_lost", **{field: [entity]}, recipients=[ANNA], camera="camera.hall"
    )
    for state in (battery, "unavailable", well):
        hass.states.async_set(entity, state)
        await hass.async_block_till_done()
    await passes(hass, minutes=1)
    assert desk.mail.received == []
    hass.states.async_set(entity, battery)
    await hass.async_block_till_done()
    await passes(hass, minutes=1)
    await until(lambda: bool(desk.mail.received))
    await settled(hass, loaded)
    contents: list[Any] = [one.content for one in desk.mail.received]
    emails = [message_from_bytes(content) for content in contents]
    assert emails[0]["Subject"] == "The mains power is gone"
    parts = [part for email in emails for part in email.walk()]
    texts = [str(part.get_payload()) for part in parts]
    assert texts[0].startswith("Home Assistant runs on a battery.")
    pictures = [part for part in parts if part.get_content_type() == "image/jpeg"]
    assert [part.get_payload(decode=True) for part in pictures] == [JPEG]


async def test_an_email_that_failed_is_a_notification(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    importer: Importer,
    hass_ws_client: WebSocketGenerator,
) -> None:
    assert await async_setup_component(hass, "persistent_notification", {})
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), loaded.entry_id)
    (modem,) = (one for one in devices if one.name == "Quectel EC200A")
    await importer.automate("email_failed", modem=[modem.id])
    await deliver(hass, loaded)
    desk.always = GONE
    await deliver(hass, loaded, "Another text")
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "persistent_notification/get"})
    (shown,) = (await client.receive_json())["result"]
    last = loaded.runtime_data.courier.status.mail.last
    assert shown["title"] == "Email to Anna failed"
    assert shown["message"].startswith("The mail server refused it")
    assert shown["message"].endswith(f"Reference: {last.reference}")
    # What a mail server says makes no link, and fetches no picture.
    told = hass.states.get("event.quectel_ec200a_email_delivery")
    assert told is not None
    words = "no [app](https://evil.example) ![](https://evil.example/x.png)"
    hass.states.async_set(
        told.entity_id,
        dt_util.utcnow().isoformat(),
        {**told.attributes, "server_words": words},
    )
    await hass.async_block_till_done()
    await client.send_json_auto_id({"type": "persistent_notification/get"})
    (shown,) = (await client.receive_json())["result"]
    assert f" `{words}` " in shown["message"]
