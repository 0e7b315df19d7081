"""Automations of a real Home Assistant that send emails with all that one can have."""

import pytest

from tests.virtual_modem.client import VirtualModem

from .flows import Kind
from .inbox import MailServer
from .scene import Person, answers_for
from .setting_up import Recipient, add_modem

KIM = Recipient("Kim", to=("kim@example.org",))
TITLE = "门口有人按门铃，请看照片确认是谁再开门🚪👨‍👩‍👧‍👦；家里没有人，请千万不要让陌生人进来，谢谢你们大家的合作与理解🙏🏽"

DOORBELL = f"""\
demo:
automation:
  - alias: Doorbell
    triggers:
      - trigger: event
        event_type: doorbell_rang
    actions:
      - action: quectel_smtp.send_message
        target:
          entity_id: notify.kim
        data:
          title: "{TITLE}"
          message: Somebody is at the door.
          attachments:
            - media_source:
                media_content_id: media-source://camera/camera.demo_camera
                media_content_type: application/vnd.apple.mpegurl
              filename: 门口.jpg
          wait_for_result: true
        response_variable: results
      - event: doorbell_answered
        event_data:
          answer: "{{{{ results['notify.kim'] }}}}"
"""

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


@pytest.mark.parametrize("configuration", [DOORBELL], ids=["doorbell"])
@pytest.mark.parametrize(
    "way", ["automatic", pytest.param("module", marks=pytest.mark.long)]
)
async def test_an_automation_sends_a_picture_under_a_chinese_title_and_hears_of_it(
    mail: MailServer, modem: VirtualModem, person: Person, way: str
) -> None:
    assert len(TITLE) == 60
    created = await add_modem(person.flows, answers_for(mail, modem.port))
    await person.name_recipient(created, KIM)
    options = await person.flows.options(created.content["result"]["entry_id"])
    assert (await person.flows.submit(options, {"way": way})).kind is Kind.CREATED
    answered = await person.api.subscribe(
        "subscribe_events", event_type="doorbell_answered"
    )

    await person.api.post("/api/events/doorbell_rang", {})

    arrived = await mail.next_mail()
    result = (await answered.get())["data"]["answer"]
    assert (result["state"], result["attempts"]) == ("sent", 1)
    assert result["way"] == ("module" if way == "module" else "stream")
    assert arrived.text.rstrip().endswith(f"Ref: {result['reference']}")
    if way == "module":
        changed = [change["change"] for change in result["fitted"]]
        assert "subject_cut" in changed
        assert arrived.text.startswith(TITLE)
    else:
        assert arrived.message["Subject"] == TITLE
    (picture,) = arrived.message.iter_attachments()
    content = picture.get_content()
    assert content.startswith(b"\xff\xd8")
    assert content.endswith(b"\xff\xd9")
    assert mail.no_mail_waits()


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
