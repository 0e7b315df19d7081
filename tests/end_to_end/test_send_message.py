"""Automations of a real Home Assistant that send emails with all that one can have."""

import pytest

from tests.virtual_modem.client import VirtualModem

from .inbox import MailServer
from .scene import Person, answers_for
from .setting_up import Recipient, add_modem

KIM = Recipient("Kim", to=("kim@example.org",))

ALARM = """\
input_boolean:
  water:
notify:
  - platform: group
    name: everybody
    services:
      - action: quectel_smtp_kim
        data:
          data:
            html: <b>Water</b>
alert:
  cellar:
    name: Water in the cellar
    title: Alarm
    entity_id: input_boolean.water
    repeat: 30
    notifiers:
      - everybody
    data:
      priority: highest
      ttl: 0
"""


@pytest.mark.parametrize("configuration", [ALARM], ids=["alarm"])
async def test_an_alert_reaches_a_recipient_by_way_of_a_notify_group(
    mail: MailServer, modem: VirtualModem, person: Person
) -> None:
    created = await add_modem(person.flows, answers_for(mail, modem.port))
    await person.name_recipient(created, KIM)

    await person.api.act("input_boolean.turn_on", "input_boolean.water")

    arrived = await mail.next_mail()
    assert arrived.message["Subject"] == "Alarm"
    assert arrived.text.startswith("Water in the cellar")
    assert arrived.recipients == KIM.to
    await person.api.act("input_boolean.turn_off", "input_boolean.water")
