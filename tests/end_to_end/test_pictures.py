"""Pictures of a real Home Assistant, as they arrive by each way over the modem."""

from typing import Any

import pytest

from tests.integration.attachments.paintings import encoded, photograph, seen
from tests.virtual_modem.client import VirtualModem

from .flows import Kind
from .home_assistant import HomeAssistant
from .inbox import ArrivedMail, MailServer
from .scene import Person, answers_for
from .setting_up import Recipient, add_modem

KIM = Recipient("Kim", to=("kim@example.org",))

# Three of these and the demo camera's are less than the modem's store holds.
BUDGET = 50_000
# The least that can be set.
SMALL = 20_000


async def _send(
    mail: MailServer,
    modem: VirtualModem,
    person: Person,
    way: str,
    budget: int,
    **data: object,
) -> tuple[dict[str, Any], ArrivedMail]:
    """Set all up, and send an email; what the action answers, and what arrives."""
    created = await add_modem(person.flows, answers_for(mail, modem.port))
    entity = await person.name_recipient(created, KIM)
    options = await person.flows.options(created.content["result"]["entry_id"])
    chosen = {"way": way, "content": {"picture_budget": budget // 1000}}
    assert (await person.flows.submit(options, chosen)).kind is Kind.CREATED
    answer = await person.api.command(
        "call_service",
        domain="quectel_smtp",
        service="send_message",
        service_data={"message": "Somebody is here.", "wait_for_result": True, **data},
        target={"entity_id": entity},
        return_response=True,
    )
    result = answer["response"][entity]
    assert isinstance(result, dict)
    return result, await mail.next_mail()


@pytest.mark.parametrize("configuration", ["demo:\n"])
@pytest.mark.parametrize(
    "way", ["module", pytest.param("stream", marks=pytest.mark.long)]
)
async def test_pictures_of_every_kind_arrive_whole_and_within_the_budget(
    mail: MailServer,
    modem: VirtualModem,
    home: HomeAssistant,
    person: Person,
    way: str,
) -> None:
    www = home.folder / "www"
    www.mkdir()
    pictures = {
        "photograph.jpg": encoded(photograph((4000, 3000))),
        "map.png": encoded(photograph((1600, 1200)), "PNG"),
        "doorbell.webp": encoded(photograph((2000, 1500)), "WEBP"),
    }
    for name, data in pictures.items():
        assert len(data) > BUDGET
        (www / name).write_bytes(data)
    camera = {"media_content_id": "media-source://camera/camera.demo_camera"}

    result, arrived = await _send(
        mail,
        modem,
        person,
        way,
        BUDGET,
        attachments=[
            {"media_source": camera | {"media_content_type": "image/jpeg"}},
            *({"path": str(www / name)} for name in pictures),
        ],
    )

    assert (result["state"], result["way"]) == ("sent", way)
    found = {
        part.get_filename(): part.get_content()
        for part in arrived.message.iter_attachments()
    }
    shapes = {"JPEG": ["photograph.jpg", "map.jpg"], "WEBP": ["doorbell.webp"]}
    for kind, names in shapes.items():
        for name in names:
            data = found.pop(name)
            assert len(data) <= BUDGET
            assert seen(data).format == kind
            assert seen(data).width / seen(data).height == pytest.approx(
                4 / 3, abs=0.02
            )
    (still,) = found.values()
    assert seen(still).size == (600, 410)
    scaled = [
        change for change in result["fitted"] if change["change"] == "picture_scaled"
    ]
    assert len(scaled) == 3
    assert mail.no_mail_waits()


@pytest.mark.long
async def test_ten_pictures_arrive_and_the_eleventh_is_named_in_the_text(
    mail: MailServer, modem: VirtualModem, home: HomeAssistant, person: Person
) -> None:
    www = home.folder / "www"
    www.mkdir()
    for number in range(11):
        (www / f"{number}.jpg").write_bytes(encoded(photograph((900, 700))))

    result, arrived = await _send(
        mail,
        modem,
        person,
        "stream",
        SMALL,
        attachments=[{"path": str(www / f"{number}.jpg")} for number in range(11)],
    )

    assert result["state"] == "sent"
    parts = list(arrived.message.iter_attachments())
    assert [part.get_filename() for part in parts] == [f"{n}.jpg" for n in range(10)]
    assert all(len(part.get_content()) <= SMALL for part in parts)
    assert all(seen(part.get_content()).format == "JPEG" for part in parts)
    assert "10.jpg" in arrived.text
