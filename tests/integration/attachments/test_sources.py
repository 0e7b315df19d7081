"""Where attachments come from, and what they are called by themselves."""

from pathlib import Path

import pytest

from custom_components.quectel_smtp.attachments.resolve import resolve
from custom_components.quectel_smtp.attachments.wanted import Budget, Resolved, Wanted
from custom_components.quectel_smtp.delivery.enclosures import Missing, MissingReason
from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from homeassistant.components import demo as demo_package
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .conftest import CAMERA, Eye, Painting, see
from .paintings import encoded, photograph

DEMO = Path(demo_package.__file__).parent


async def _one(hass: HomeAssistant, wanted: Wanted) -> Attachment:
    resolved = await resolve(hass, [wanted], Budget())
    assert resolved.missing == ()
    (attachment,) = resolved.attachments
    return attachment


async def _why(hass: HomeAssistant, source: str) -> MissingReason:
    resolved = await resolve(hass, [Wanted(source)], Budget())
    assert resolved.attachments == ()
    (missing,) = resolved.missing
    return missing.reason


async def test_a_camera_gives_the_picture_of_now(demo: HomeAssistant) -> None:
    found = await _one(demo, Wanted(CAMERA))
    assert found.data == (DEMO / "demo_1.jpg").read_bytes()
    assert found.content_type == "image/jpeg"
    assert found.name == "Demo camera.jpg"
    assert found.content_id is None


async def test_it_is_called_as_a_person_says_and_shown_where_html_says(
    demo: HomeAssistant,
) -> None:
    wanted = Wanted.of(
        {
            "media_content_id": CAMERA,
            "media_content_type": "application/vnd.apple.mpegurl",
            "metadata": {"title": "Demo camera"},
        },
        filename="Haustür 🚪.jpeg",
        content_id="door",
    )
    found = await _one(demo, wanted)
    assert found.name == "Haustür 🚪.jpeg"
    assert found.content_id == "door"
    assert found.content_type == "image/jpeg"


async def test_a_camera_that_says_png_gives_a_png(demo: HomeAssistant) -> None:
    wanted = [Wanted("media-source://camera/camera.demo_camera_png")]
    (found,) = (await resolve(demo, wanted, Budget(picture=300_000))).attachments
    assert found.data == (DEMO / "demo_1.png").read_bytes()
    assert found.content_type == "image/png"
    assert found.name == "Demo camera png.png"


async def test_an_image_is_called_after_its_entity(demo: HomeAssistant) -> None:
    data = encoded(photograph((40, 30)), "WEBP")
    await see(demo, Painting(demo, "Living room 1.5/plan", data))
    found = await _one(demo, Wanted("media-source://image/image.living_room_1_5_plan"))
    assert found.data == data
    assert found.content_type == "image/webp"
    assert found.name == "Living room 1.5-plan.webp"


async def test_speech_is_spoken_into_a_file(speaking: HomeAssistant) -> None:
    found = await _one(speaking, Wanted("media-source://tts/demo?message=Water"))
    assert found.data == (DEMO / "tts.mp3").read_bytes()
    assert found.content_type == "audio/mpeg"
    assert found.name == "demo.mp3"


async def test_media_of_the_media_folder_are_called_as_their_file(
    demo: HomeAssistant, www: Path
) -> None:
    path = www.parent / "media" / "clips" / "door bell.mp3"
    path.parent.mkdir()
    path.write_bytes(b"ID3 sound")
    source = "media-source://media_source/local/clips/door bell.mp3"
    found = await _one(demo, Wanted(source))
    assert found.data == b"ID3 sound"
    assert found.content_type == "audio/mpeg"
    assert found.name == "door bell.mp3"


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("report.pdf", b"%PDF-1.7", "application/pdf"),
        ("readings.csv", b"1,2\n", "text/csv"),
        # What it is counts, not what it is called.
        ("door.txt", encoded(photograph((40, 30))), "image/jpeg"),
        ("moves.jpg", b"GIF89a...", "image/gif"),
        # A camera's snapshot by ffmpeg begins with a comment.
        ("snapshot", b"\xff\xd8\xff\xfe\x00\x10Lavc", "image/jpeg"),
        ("drawing.svgz", b"\x1f\x8b...", "application/octet-stream"),
        ("unknown", b"\x00\x01", "application/octet-stream"),
    ],
)
async def test_a_file_is_called_what_it_is(
    name: str, data: bytes, kind: str, demo: HomeAssistant, www: Path
) -> None:
    (www / name).write_bytes(data)
    found = await _one(demo, Wanted(str(www / name)))
    assert found == Attachment(name, data, kind)


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ("Image/BMP; x=y", "image/bmp"),
        ("image/x\r\nBcc: everybody@example.com", "application/octet-stream"),
        ("image", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
async def test_a_camera_that_says_nonsense_of_its_picture_is_not_quoted(
    told: str, kind: str, demo: HomeAssistant
) -> None:
    eye = Eye("Garden", b"a picture of another kind")
    eye.content_type = told
    await see(demo, eye)
    found = await _one(demo, Wanted("media-source://camera/camera.garden"))
    assert found.content_type == kind


async def test_a_path_that_is_not_absolute_begins_at_the_configuration(
    demo: HomeAssistant, www: Path
) -> None:
    (www / "door.txt").write_bytes(b"open")
    assert (await _one(demo, Wanted("www/door.txt"))).data == b"open"
    assert await _why(demo, "secrets.yaml") is MissingReason.NOT_ALLOWED


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("media-source://camera/camera.gone", MissingReason.NOT_FOUND),
        ("media-source://camera/", MissingReason.NOT_FOUND),
        ("media-source://camera/../../secrets.yaml", MissingReason.NOT_FOUND),
        ("media-source://image/image.gone", MissingReason.NOT_FOUND),
        ("media-source://image/camera.demo_camera", MissingReason.UNREADABLE),
        ("media-source://tts/demo?message=Water", MissingReason.NOT_FOUND),
        ("media-source://nobody/x", MissingReason.NOT_FOUND),
        ("media-source://", MissingReason.UNREADABLE),
        ("media-source://media_source/local/gone.mp3", MissingReason.NOT_FOUND),
        ("media-source://media_source/other/x.mp3", MissingReason.NOT_FOUND),
        ("media-source://media_source/local/../secrets.yaml", MissingReason.NOT_FOUND),
        ("media-source://media_source/local//etc/passwd", MissingReason.NOT_FOUND),
        ("media-source://media_source/local/%2e%2e/x.mp3", MissingReason.NOT_FOUND),
        ("../../secrets.yaml", MissingReason.NOT_ALLOWED),
        ("/proc/self/environ", MissingReason.NOT_ALLOWED),
        ("/local/door.jpg", MissingReason.NOT_ALLOWED),
        ("http://192.0.2.1/x.jpg", MissingReason.UNSUPPORTED),
        ("", MissingReason.NOT_ALLOWED),
    ],
)
async def test_what_can_not_be_had_is_named_with_its_reason(
    source: str, reason: MissingReason, demo: HomeAssistant
) -> None:
    assert await _why(demo, source) is reason


@pytest.mark.parametrize("domain", ["camera", "image", "tts", "media_source"])
async def test_a_home_without_cameras_and_media_is_told_that_there_is_none(
    domain: str, hass: HomeAssistant
) -> None:
    source = f"media-source://{domain}/{domain}.x"
    assert await _why(hass, source) is MissingReason.NOT_FOUND


async def test_a_camera_that_is_off_or_fails_is_unreadable(demo: HomeAssistant) -> None:
    await see(
        demo,
        Eye("Broken", HomeAssistantError("no route")),
        Eye("Buggy", ZeroDivisionError()),
        Eye("Black", b""),
    )
    target = {"entity_id": "camera.demo_camera"}
    await demo.services.async_call("camera", "turn_off", target, blocking=True)
    for name in ("demo_camera", "broken", "buggy", "black"):
        why = await _why(demo, f"media-source://camera/camera.{name}")
        assert why is MissingReason.UNREADABLE, name


async def test_what_is_missing_is_named_by_no_more_than_its_name(
    demo: HomeAssistant,
) -> None:
    wanted = [
        Wanted("/home/anna/letters/doctor.pdf"),
        Wanted("/home/anna/letters/doctor.pdf", filename="Letter"),
        Wanted("media-source://camera/camera.garden_gate"),
        Wanted("media-source://tts/demo?message=The key is under the mat"),
        Wanted("media-source://nobody/"),
    ]
    resolved = await resolve(demo, wanted, Budget())
    names = [missing.name for missing in resolved.missing]
    assert names == ["doctor.pdf", "Letter", "garden_gate", "demo", "nobody"]
    assert "doctor" not in repr(resolved)
    assert "doctor" not in repr(wanted)
    assert "correct horse" not in repr(Missing("correct horse", MissingReason.EMPTY))
    assert Resolved() + resolved == resolved
