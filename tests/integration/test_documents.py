"""What README and docs show to be copied does what they say, word for word."""

from datetime import timedelta
from email import message_from_bytes
from typing import Any
from unittest.mock import patch

from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.quectel_smtp.modem.at.codes import SmtpError, SmtpReply
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import parse_yaml
from tests.documents import example

from .attachments.conftest import Eye, see
from .attachments.paintings import encoded, photograph
from .conftest import ANNA, deliver, send, settled, until
from .modem_on_the_desk import PORT, Desk

JPEG = encoded(photograph((64, 48)), "JPEG")
GONE = Outcome(
    Result.REFUSED, SmtpError.MAILBOX_UNAVAILABLE, SmtpReply.MAILBOX_UNAVAILABLE
)


def copied(words: str) -> Any:
    """Return the example with these words, with this house's entities in it."""
    text = example(words).replace("notify.alex", ANNA).replace("ec200n_cn", "ec200a")
    return parse_yaml(text)


async def passes(hass: HomeAssistant, **delay: float) -> None:
    """Let so much time pass for automations."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(**delay))
    await hass.async_block_till_done()


async def test_mains_power_that_is_gone_is_told(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.states.async_set("binary_sensor.mains_power", "on")
    hass.states.async_set("sensor.battery", "80")
    assert await async_setup_component(
        hass, "automation", copied("Mains power is gone")
    )
    hass.states.async_set("binary_sensor.mains_power", "off")
    await hass.async_block_till_done()
    await passes(hass, seconds=31)
    await until(lambda: len(desk.sent) == 1)
    assert desk.sent[0].subject == "Mains power is gone"
    assert "The battery holds 80 %." in desk.sent[0].body


async def sends_a_picture(
    hass: HomeAssistant, loaded: MockConfigEntry, way: str
) -> list[Any]:
    """Run the example with a camera's picture; returns how often its siren sounded."""
    hass.config_entries.async_update_entry(loaded, options={"way": way})
    for domain in ("media_source", "camera"):
        assert await async_setup_component(hass, domain, {})
    await see(hass, Eye("Door", JPEG))
    sounded = async_mock_service(hass, "siren", "turn_on")
    script = {"sequence": copied("Somebody is at the door")["actions"]}
    assert await async_setup_component(hass, "script", {"script": {"door": script}})
    await hass.services.async_call("script", "door", blocking=True)
    await settled(hass, loaded)
    return sounded


async def test_a_picture_of_the_door_is_sent_and_no_siren_sounds(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.mail.takes_emails = True
    assert await sends_a_picture(hass, loaded, "stream") == []
    content: Any = desk.mail.received[0].content
    email = message_from_bytes(content)
    assert email["Subject"] == "Somebody is at the door"
    (picture,) = (one for one in email.walk() if one.get_filename() == "door.jpg")
    assert picture.get_payload(decode=True) == JPEG


async def test_a_siren_sounds_if_the_picture_of_the_door_was_not_sent(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    # A refusal before an account's first email is for a person to look at.
    await deliver(hass, loaded)
    desk.always = GONE
    assert len(await sends_a_picture(hass, loaded, "module")) == 1


async def test_a_line_that_stays_away_is_told(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    assert await async_setup_component(hass, "persistent_notification", {})
    ready = "binary_sensor.quectel_ec200a_line_ready"
    await until(lambda: hass.states.is_state(ready, "on"))
    assert await async_setup_component(
        hass, "automation", copied("no email could leave")
    )
    desk.unplug()
    await until(lambda: hass.states.is_state(ready, "off"))
    await passes(hass, seconds=121)
    client = await hass_ws_client(hass)
    await client.send_json_auto_id({"type": "persistent_notification/get"})
    (shown,) = (await client.receive_json())["result"]
    assert (shown["title"], shown["message"]) == ("No email can leave", "modem_away")


async def test_an_email_is_cancelled_by_its_reference(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.unplug()
    await desk.until(lambda: loaded.runtime_data.courier.status.trouble is not None)
    await send(hass)
    (waiting,) = await loaded.runtime_data.courier.listed()
    action = copied("action: quectel_smtp.cancel")
    action["data"]["reference"] = waiting.reference
    script = {"script": {"end": {"sequence": [action]}}}
    assert await async_setup_component(hass, "script", script)
    await hass.services.async_call("script", "end", blocking=True)
    assert await loaded.runtime_data.courier.listed() == ()


async def test_the_line_proves_itself_as_the_readme_says(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    """With the test email's button: while the modem is plugged in, and while it is not."""

    async def press() -> None:
        await hass.services.async_call(
            "button",
            "press",
            {"entity_id": "button.quectel_ec200a_send_test_email"},
            blocking=True,
        )

    await press()
    await settled(hass, loaded)
    assert [one.to for one in desk.sent] == [("home@example.com",)]
    desk.unplug()
    await desk.until(lambda: loaded.runtime_data.courier.status.trouble is not None)
    # The very same text would wait for a minute, and a person is no quicker than a second.
    later = dt_util.now() + timedelta(seconds=1)
    with patch("homeassistant.util.dt.now", return_value=later):
        await press()
    waiting = "sensor.quectel_ec200a_emails_waiting"
    await until(lambda: hass.states.is_state(waiting, "1"))
    desk.ports = {PORT}
    await until(lambda: len(desk.sent) == 2)
    await settled(hass, loaded)
    assert hass.states.is_state(waiting, "0")
