"""What becomes of emails while Home Assistant starts is told once automations listen."""

import asyncio
from pathlib import Path

from tests.virtual_modem.client import VirtualModem

from .home_assistant import HomeAssistant
from .inbox import MailServer
from .scene import Person, person_at
from .test_outbox import LOOK_AGAIN, NOTIFY, SEND, set_up, set_up_is_stored, waiting

_SLOW = """
import asyncio
from pathlib import Path

async def async_setup(hass, config):
    while not Path(hass.config.path("go_on")).exists():
        await asyncio.sleep(0.1)
    return True
"""
_MANIFEST = (
    '{"domain": "slow", "name": "Slow", "version": "1.0.0", "codeowners": [],'
    ' "documentation": "https://example.com", "iot_class": "calculated"}'
)
_AUTOMATION = """
automation:
  - alias: Tell what became of emails
    mode: queued
    triggers:
      - trigger: state
        entity_id: {event}
        not_from: unavailable
    actions:
      - action: persistent_notification.create
        data:
          title: >
            {{{{ trigger.to_state.attributes.event_type }}}}
          message: >
            {{{{ trigger.to_state.attributes.reference }}}}
slow:
"""


def put_beside_us(home: HomeAssistant, event: str) -> Path:
    """Have a component hold the start back until a file is there; returns the file."""
    link = home.folder / "custom_components"
    real = link.resolve()
    link.unlink()
    link.mkdir()
    for folder in real.iterdir():
        (link / folder.name).symlink_to(folder)
    (link / "slow").mkdir()
    (link / "slow" / "__init__.py").write_text(_SLOW, "utf-8")
    (link / "slow" / "manifest.json").write_text(_MANIFEST, "utf-8")
    configuration = home.folder / "configuration.yaml"
    text = configuration.read_text("utf-8") + _AUTOMATION.format(event=event)
    configuration.write_text(text, "utf-8")
    return home.folder / "go_on"


async def told(person: Person) -> set[tuple[str, str]]:
    """What the automation has told: which event, of which email."""
    updates = await person.api.subscribe("persistent_notification/subscribe")
    notifications = (await updates.get())["notifications"].values()
    return {
        (found["title"].strip(), found["message"].strip()) for found in notifications
    }


async def test_an_email_sent_while_home_assistant_starts_is_heard_of_by_an_automation(
    mail: MailServer, modem: VirtualModem, home: HomeAssistant
) -> None:
    async with person_at(home) as person:
        await set_up(person, mail, modem)
        await set_up_is_stored(home)
        event = await person.entity("event", "_email")
        modem.hangup()
        await person.api.act(SEND, NOTIFY, title="Power cut", message="All is dark")
        (email,) = await waiting(person)
        await home.kill()

    go_on = put_beside_us(home, event)
    modem.plug()
    await home.start()
    async with person_at(home, returning=True) as person:
        # It leaves while another component still holds the start back.
        arrived = await mail.next_mail()
        assert email["reference"] in arrived.text
        await person.until_sensor("emails_waiting", "0")
        assert (await person.api.command("get_config"))["state"] != "RUNNING"
        assert await told(person) == set()
        go_on.touch()
        sent = ("sent", email["reference"])
        while sent not in await told(person):
            await asyncio.sleep(LOOK_AGAIN)
        assert (await person.api.command("get_config"))["state"] == "RUNNING"
