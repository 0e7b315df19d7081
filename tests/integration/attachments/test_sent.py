"""What a recipient gets of pictures, files and HTML that an action is given."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
import shutil
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp import outbox_path
from custom_components.quectel_smtp.const import DOMAIN
from custom_components.quectel_smtp.delivery.enclosures import MissingReason
from custom_components.quectel_smtp.delivery.errors import OutboxWriteError
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.records import Instant, Options
from homeassistant.core import HomeAssistant
from tests.integration.conftest import ANNA, settled, until
from tests.integration.modem_on_the_desk import PORT, Desk

from .conftest import CAMERA, Eye, see
from .paintings import encoded, photograph

JPEG = encoded(photograph((64, 48)), "JPEG")


@pytest.fixture
async def by_stream(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, demo: HomeAssistant
) -> MockConfigEntry:
    """Have emails go out by our own mail client, which leaves nothing out."""
    desk.mail.takes_emails = True
    hass.config_entries.async_update_entry(loaded, options={"way": "stream"})
    await hass.async_block_till_done()
    return loaded


async def act(hass: HomeAssistant, **data: Any) -> Any:
    """Send an email; returns what the action answers."""
    data = {"entity_id": ANNA, "title": "Door", "message": "Look", **data}
    response: Any = await hass.services.async_call(
        DOMAIN, "send_message", data, blocking=True, return_response=True
    )
    return response[ANNA]


async def received(hass: HomeAssistant, entry: MockConfigEntry, desk: Desk) -> Any:
    """Wait until nothing waits any more; the one email that arrived."""
    await settled(hass, entry)
    (arrived,) = desk.mail.received
    return parsed(arrived.content)


def parsed(content: Any) -> EmailMessage:
    """Return an email, taken apart without a defect."""
    message = message_from_bytes(content, policy=policy.default)
    assert not [defect for part in message.walk() for defect in part.defects]
    return message


def files(message: EmailMessage) -> dict[str | None, Any]:
    """Return the attachments by their names."""
    return {
        part.get_filename(): part.get_content() for part in message.iter_attachments()
    }


def text(message: EmailMessage) -> str:
    """Return the text."""
    body = message.get_body(("plain",))
    assert body is not None
    return "\n".join(body.get_content().splitlines())


async def test_html_stands_beside_the_text(
    hass: HomeAssistant, desk: Desk, by_stream: MockConfigEntry
) -> None:
    await act(hass, html="<h1>Grüße</h1>", priority="highest")
    message = await received(hass, by_stream, desk)
    assert message.get_content_type() == "multipart/alternative"
    html = message.get_body(("html",))
    assert html is not None
    assert html.get_content().strip() == "<h1>Grüße</h1>"
    assert text(message).startswith("Look\n")
    assert message["X-Priority"].startswith("1")


async def test_html_alone_makes_a_text_of_its_own(
    hass: HomeAssistant, desk: Desk, by_stream: MockConfigEntry
) -> None:
    await act(hass, message=None, html="<p>Water in the <b>cellar</b></p>")
    message = await received(hass, by_stream, desk)
    assert text(message).startswith("Water in the cellar\n")


async def test_answers_go_where_the_option_says(
    hass: HomeAssistant, desk: Desk, by_stream: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(
        by_stream, options=by_stream.options | {"reply_to": "kim@example.org"}
    )
    await act(hass)
    message = await received(hass, by_stream, desk)
    assert message["Reply-To"] == "kim@example.org"


@pytest.mark.parametrize(
    ("filename", "name"), [("Tür 1.jpg", "Tür 1.jpg"), (None, "Demo camera.jpg")]
)
async def test_a_camera_s_picture_is_attached_with_and_without_a_name(
    hass: HomeAssistant,
    desk: Desk,
    by_stream: MockConfigEntry,
    filename: str | None,
    name: str,
) -> None:
    media = {"media_content_id": CAMERA, "media_content_type": "image/jpeg"}
    await act(hass, attachments=[{"media_source": media, "filename": filename}])
    message = await received(hass, by_stream, desk)
    (found,) = files(message).items()
    assert found[0] == name
    assert found[1].startswith(b"\xff\xd8")
    assert text(message).startswith("Look\n")


async def test_a_picture_is_shown_inside_the_html_that_names_it(
    hass: HomeAssistant, desk: Desk, by_stream: MockConfigEntry, www: Path
) -> None:
    (www / "door.jpg").write_bytes(JPEG)
    await act(
        hass,
        html='<img src="cid:door">',
        attachments=[{"path": str(www / "door.jpg"), "content_id": "door"}],
    )
    message = await received(hass, by_stream, desk)
    (inside,) = (part for part in message.walk() if part["Content-ID"])
    assert inside["Content-ID"] == "<door>"
    assert inside.get_content() == JPEG


@pytest.mark.parametrize("inside", [True, False])
async def test_the_legacy_action_takes_images_as_core_s_smtp_does(
    hass: HomeAssistant,
    desk: Desk,
    by_stream: MockConfigEntry,
    www: Path,
    inside: bool,
) -> None:
    (www / "door.jpg").write_bytes(JPEG)
    data: dict[str, Any] = {"images": [str(www / "door.jpg")]}
    if inside:
        data["html"] = '<img src="cid:door.jpg">'
    await hass.services.async_call(
        "notify",
        "quectel_smtp_anna",
        {"message": "Look", "data": data},
        blocking=True,
    )
    message = await received(hass, by_stream, desk)
    pictures = [part for part in message.walk() if part.get_filename() == "door.jpg"]
    assert [part.get_content() for part in pictures] == [JPEG]
    assert [part["Content-ID"] for part in pictures] == [
        "<door.jpg>" if inside else None
    ]


async def test_what_is_no_picture_is_attached_as_it_is(
    hass: HomeAssistant, desk: Desk, by_stream: MockConfigEntry, www: Path
) -> None:
    (www / "plan.pdf").write_bytes(b"%PDF-1.7 plan")
    (www / "of no kind").write_bytes(bytes(range(256)))
    paths = [str(www / "plan.pdf"), str(www / "of no kind")]
    await act(hass, attachments=[{"path": path} for path in paths])
    message = await received(hass, by_stream, desk)
    assert files(message) == {
        "plan.pdf": b"%PDF-1.7 plan",
        "of no kind": bytes(range(256)),
    }


async def test_what_is_not_attached_is_named_and_the_rest_goes(
    hass: HomeAssistant, desk: Desk, by_stream: MockConfigEntry, www: Path
) -> None:
    """Missing, not allowed, empty, or of a media source that has no file."""
    (www / "door.jpg").write_bytes(JPEG)
    (www / "empty.jpg").touch()
    await act(
        hass,
        attachments=[
            {"path": str(www / "gone.jpg")},
            {"path": str(www.parent / "secrets.yaml")},
            {"path": str(www / "empty.jpg")},
            {"media_source": "media-source://nowhere/song.mp3"},
            {"path": str(www / "door.jpg")},
        ],
    )
    message = await received(hass, by_stream, desk)
    assert files(message) == {"door.jpg": JPEG}
    said = text(message)
    for name in ("gone.jpg", "secrets.yaml", "empty.jpg", "song.mp3"):
        assert name in said
    assert b"correct horse" not in message.as_bytes()


async def test_an_eleventh_attachment_is_named_and_ten_go(
    hass: HomeAssistant, desk: Desk, by_stream: MockConfigEntry, www: Path
) -> None:
    names = [f"{number}.txt" for number in range(11)]
    for name in names:
        (www / name).write_bytes(name.encode())
    await act(hass, attachments=[{"path": str(www / name)} for name in names])
    message = await received(hass, by_stream, desk)
    assert list(files(message)) == names[:10]
    assert "10.txt" in text(message)


async def test_a_file_may_be_deleted_once_the_action_has_returned(
    hass: HomeAssistant, desk: Desk, by_stream: MockConfigEntry, www: Path
) -> None:
    desk.unplug()
    (www / "door.jpg").write_bytes(JPEG)
    await act(
        hass,
        attachments=[{"path": str(www / "door.jpg")}, {"media_source": CAMERA}],
    )
    (www / "door.jpg").unlink()
    desk.ports = {PORT}
    message = await received(hass, by_stream, desk)
    assert files(message).keys() == {"door.jpg", "Demo camera.jpg"}
    assert files(message)["door.jpg"] == JPEG


@pytest.mark.parametrize("budget", ["large", 0, 10_000])
async def test_a_budget_that_was_edited_into_nonsense_keeps_no_picture_back(
    hass: HomeAssistant,
    desk: Desk,
    by_stream: MockConfigEntry,
    www: Path,
    budget: object,
) -> None:
    hass.config_entries.async_update_entry(
        by_stream, options={"way": "stream", "picture_budget": budget}
    )
    (www / "door.jpg").write_bytes(JPEG)
    await act(hass, attachments=[{"path": str(www / "door.jpg")}])
    assert files(await received(hass, by_stream, desk)) == {"door.jpg": JPEG}


async def test_a_picture_has_the_budget_that_the_option_says(
    hass: HomeAssistant, desk: Desk, by_stream: MockConfigEntry, www: Path
) -> None:
    hass.config_entries.async_update_entry(
        by_stream, options={"way": "stream", "picture_budget": 20}
    )
    (www / "door.jpg").write_bytes(encoded(photograph((1200, 900))))
    answer = await act(
        hass, attachments=[{"path": str(www / "door.jpg")}], wait_for_result=True
    )
    message = await received(hass, by_stream, desk)
    (picture,) = files(message).values()
    assert len(picture) <= 20_000
    assert [change["text"] for change in answer["fitted"]] == [
        "door.jpg was scaled down or compressed."
    ]


async def test_pictures_that_the_outbox_can_not_keep_are_told_of_in_the_log(
    hass: HomeAssistant,
    desk: Desk,
    by_stream: MockConfigEntry,
    www: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The email was accepted all the same."""

    async def fail(*_: object) -> None:
        raise OutboxWriteError

    monkeypatch.setattr(by_stream.runtime_data.courier, "attach", fail)
    (www / "door.jpg").write_bytes(JPEG)
    answer = await act(hass, attachments=[{"path": str(www / "door.jpg")}])
    assert f"attachments of {answer['reference']} are not kept" in caplog.text
    assert "door.jpg" not in caplog.text
    assert by_stream.runtime_data.courier.status.mail.waiting == 1


async def test_the_text_of_a_critical_email_does_not_wait_for_its_picture(
    hass: HomeAssistant, desk: Desk, by_stream: MockConfigEntry
) -> None:
    """The camera hangs; once it gives its picture, that follows by itself."""
    eye = Eye("Porch")
    await see(hass, eye)
    source = "media-source://camera/camera.porch"
    answer = await act(hass, critical=True, attachments=[{"media_source": source}])
    await until(lambda: len(desk.mail.received) == 1)
    first = parsed(desk.mail.received[0].content)
    assert files(first) == {}
    assert answer["reference"] in text(first)
    eye._data = JPEG  # noqa: SLF001
    eye.released.set()
    await until(lambda: len(desk.mail.received) == 2)
    second = parsed(desk.mail.received[1].content)
    assert answer["reference"] in text(second)
    await settled(hass, by_stream)


async def test_a_file_is_safe_from_a_kill_while_a_camera_is_awaited_beside_it(
    hass: HomeAssistant,
    desk: Desk,
    by_stream: MockConfigEntry,
    www: Path,
    tmp_path: Path,
) -> None:
    (www / "door.jpg").write_bytes(JPEG)
    eye = Eye("Porch")
    await see(hass, eye)
    file = {"path": str(www / "door.jpg")}
    camera = {"media_source": "media-source://camera/camera.porch"}
    await act(hass, attachments=[file, camera])
    # What another process would find if this one were killed now.
    kept = outbox_path(hass, by_stream)
    for one in kept.parent.glob(f"{kept.name}*"):
        shutil.copy(one, tmp_path)
    left = Outbox(tmp_path / kept.name)
    now = datetime.now(UTC)
    opened = left.open(now)
    item = left.next_due(Instant(opened.elapsed, now), Options())
    assert item is not None
    assert [one.name for one in item.enclosed] == ["door.jpg"]
    assert [one.reason for one in item.missing] == [MissingReason.RESTARTED]
    left.close()
    eye._data = JPEG  # noqa: SLF001
    eye.released.set()
    message = await received(hass, by_stream, desk)
    assert len(files(message)) == 2


async def test_a_caller_that_is_cancelled_while_files_are_copied_ends_nothing_of_it(
    hass: HomeAssistant, desk: Desk, by_stream: MockConfigEntry
) -> None:
    eye = Eye("Porch")
    await see(hass, eye)
    source = "media-source://camera/camera.porch"
    desk.unplug()
    waiting = hass.async_create_task(
        act(hass, attachments=[{"media_source": source}], wait_for_result=True)
    )
    courier = by_stream.runtime_data.courier
    await until(lambda: courier.status.mail.waiting == 1)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    eye._data = JPEG  # noqa: SLF001
    eye.released.set()
    desk.ports = {PORT}
    await settled(hass, by_stream)
    assert len(desk.mail.received) == 1


async def test_whenever_its_caller_is_cancelled_an_accepted_email_has_its_picture(
    hass: HomeAssistant, desk: Desk, by_stream: MockConfigEntry, www: Path
) -> None:
    """As a script is that begins anew, once its trigger comes a second time."""
    (www / "door.jpg").write_bytes(JPEG)
    courier = by_stream.runtime_data.courier
    desk.unplug()
    for turns in range(12):
        acting = act(hass, attachments=[{"path": str(www / "door.jpg")}], title=turns)
        waiting = asyncio.create_task(acting)
        for _ in range(turns):
            await asyncio.sleep(0)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
    emails = await courier.listed()
    assert emails
    desk.ports = {PORT}
    await settled(hass, by_stream)
    assert len(desk.mail.received) == len(emails)
    for arrived in desk.mail.received:
        assert files(parsed(arrived.content)) == {"door.jpg": JPEG}


async def test_an_email_goes_with_what_is_there_when_home_assistant_stops(
    hass: HomeAssistant, desk: Desk, by_stream: MockConfigEntry, www: Path
) -> None:
    """It cancels what it calls background tasks, and the courier works on for a while."""
    await see(hass, Eye("Porch"))
    (www / "door.jpg").write_bytes(JPEG)
    await act(
        hass,
        attachments=[
            {"media_source": "media-source://camera/camera.porch"},
            {"path": str(www / "door.jpg")},
        ],
    )
    (fetching,) = [
        task
        for task in asyncio.all_tasks()
        if task.get_name().startswith("quectel_smtp attachments of")
    ]
    fetching.cancel()
    message = await received(hass, by_stream, desk)
    assert files(message) == {"door.jpg": JPEG}
    assert "Porch" in text(message)


async def test_an_email_that_a_restart_surprises_names_what_did_not_come(
    hass: HomeAssistant, desk: Desk, by_stream: MockConfigEntry
) -> None:
    await see(hass, Eye("Porch"))
    source = "media-source://camera/camera.porch"
    await act(hass, attachments=[{"media_source": source, "filename": "porch.jpg"}])
    assert not desk.mail.received
    assert await hass.config_entries.async_reload(by_stream.entry_id)
    message = await received(hass, by_stream, desk)
    assert files(message) == {}
    assert "porch.jpg" in text(message)
