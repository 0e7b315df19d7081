"""Automations of the three blueprints, in a real Home Assistant: each says what it is for."""

from pathlib import Path
from typing import Final

import pytest

from tests.integration.attachments.paintings import seen
from tests.source import ROOT
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.fault_model import Action, Fault, Moment

from .inbox import MailServer
from .scene import Person, answers_for
from .setting_up import Recipient, add_modem

ALEX: Final = Recipient("Alex", to=("alex@example.com",))
BLUEPRINTS: Final = ROOT / "blueprints" / "automation" / "quectel_smtp"
INTERNET: Final = "binary_sensor.internet"
UPS: Final = "sensor.ups_status"
CAMERA: Final = "camera.demo_camera"


@pytest.fixture
def configuration(tmp_path: Path) -> str:
    """Home Assistant with its automations, a camera, and who tells of notifications."""
    automations = tmp_path / "home" / "automations.yaml"
    automations.parent.mkdir()
    automations.write_text("[]", "utf-8")
    return "automation: !include automations.yaml\ndemo:\npersistent_notification:\n"


async def automate(person: Person, name: str, **inputs: object) -> None:
    """Save a blueprint, as its import does, and an automation of it, as the editor does."""
    path = f"quectel_smtp/{name}.yaml"
    await person.api.command(
        "blueprint/save",
        domain="automation",
        path=path,
        yaml=(BLUEPRINTS / f"{name}.yaml").read_text("utf-8"),
    )
    await person.api.post(
        f"/api/config/automation/config/{name}",
        {"alias": name, "use_blueprint": {"path": path, "input": inputs}},
    )
    await person.states.until(f"automation.{name}", lambda state: state.state == "on")


async def show(person: Person, entity: str, state: str) -> None:
    """Have somebody else's entity show this."""
    await person.api.post(f"/api/states/{entity}", {"state": state})


@pytest.mark.long
async def test_each_blueprint_tells_what_it_is_for(
    mail: MailServer, modem: VirtualModem, person: Person
) -> None:
    created = await add_modem(person.flows, answers_for(mail, modem.port))
    alex = await person.name_recipient(created, ALEX)
    device = await person.modem(created.content["result"]["entry_id"])
    soon = {"seconds": 1}
    await show(person, INTERNET, "on")
    await show(person, UPS, "OL")
    await automate(
        person, "internet_down", internet=INTERNET, recipients=[alex], patience=soon
    )
    await automate(
        person, "power_lost", ups=[UPS], recipients=[alex], camera=CAMERA, patience=soon
    )
    await automate(person, "email_failed", modem=[device])
    notified = await person.api.subscribe("persistent_notification/subscribe")
    # What is there already, the demo's own.
    await notified.get()

    await show(person, INTERNET, "off")
    arrived = await mail.next_mail()
    assert arrived.message["Subject"] == "The internet line is gone"
    assert "This email went through the modem." in arrived.text

    await show(person, UPS, "OB DISCHRG")
    arrived = await mail.next_mail()
    assert arrived.message["Subject"] == "The mains power is gone"
    assert "Home Assistant runs on a battery." in arrived.text
    pictures = list(arrived.message.iter_attachments())
    if not pictures:
        # The camera was slow.
        pictures = list((await mail.next_mail()).message.iter_attachments())
    (picture,) = pictures
    assert seen(picture.get_content()).format == "JPEG"

    modem.fault(
        Fault(
            Action.RESULT,
            "QSMTPPUT",
            Moment.BEFORE_RESULT,
            code=678,
            protocol_code=550,
        )
    )
    await person.api.act("notify.send_message", alex, message="Water in the cellar")
    (shown,) = (await notified.get())["notifications"].values()
    assert shown["title"] == "Email to Alex failed"
    assert shown["message"].startswith("The mail server refused it")
    assert "Reference: " in shown["message"]
