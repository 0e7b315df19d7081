"""No path and no media id leads to a file that Home Assistant may not give out."""

import os
from pathlib import Path
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.delivery.records import Way
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from tests.hostile.witness import check_commands, check_email
from tests.integration.conftest import settled

from .conftest import BY_EACH_ROAD, OWN, Far
from .test_actions import act

SECRET = b"correct horse"
PATHS = (
    "{config}/secrets.yaml",
    "secrets.yaml",
    "../secrets.yaml",
    "www/../secrets.yaml",
    "{config}/www/../secrets.yaml",
    "{config}/www/./../www/../secrets.yaml",
    "//{config}/secrets.yaml",
    "{config}/www/link.yaml",
    "{config}/www/folder/secrets.yaml",
    "{config}/www/fifo",
    "{config}/www",
    "{config}/www/",
    "{config}/www-other/secrets.yaml",
    "{config}/www\0/../secrets.yaml",
    "{config}/www/\ud800.jpg",
    "{config}/www/" + "x" * 5000,
    "~/secrets.yaml",
    "file://{config}/secrets.yaml",
    "http://127.0.0.1/secrets.yaml",
    "/proc/self/environ",
    "/proc/self/cwd/secrets.yaml",
    "/dev/zero",
    "",
)
MEDIA = (
    "media-source://media_source/local/../secrets.yaml",
    "media-source://media_source/local/%2e%2e/secrets.yaml",
    "media-source://media_source/local//{config}/secrets.yaml",
    "media-source://media_source/../secrets.yaml",
    "media-source://media_source/www/secrets.yaml",
    "media-source://media_source/local/link.yaml/..",
    "media-source:///secrets.yaml",
    "media-source://",
    "media-source://camera/camera.none",
    "media-source://image_upload/../../secrets.yaml",
    "media-source://{config}/secrets.yaml",
)


@pytest.fixture
async def traps(hass: HomeAssistant, www: Path) -> Path:
    """Lay out links and other traps in the folder that may be read."""
    config = www.parent
    hass.config.media_dirs = {"local": str(config / "media")}
    assert await async_setup_component(hass, "media_source", {})
    for name in ("media", "www-other"):
        (config / name).mkdir()
    (config / "www-other" / "secrets.yaml").write_bytes(SECRET)
    (www / "link.yaml").symlink_to(config / "secrets.yaml")
    (www / "folder").symlink_to(config, target_is_directory=True)
    (www / "good.txt").write_text("good")
    os.mkfifo(www / "fifo")
    return config


@BY_EACH_ROAD
async def test_no_path_and_no_media_id_leads_to_a_secret(
    hass: HomeAssistant, far: Far, at_home: MockConfigEntry, way: Way, traps: Path
) -> None:
    """The email goes, with what is allowed, and without a part of the others."""
    wanted = [{"path": path.format(config=traps)} for path in PATHS]
    wanted += [{"media_source": media.format(config=traps)} for media in MEDIA]
    good = {"path": str(traps / "www" / "good.txt")}
    for first in range(0, len(wanted), 9):
        more: dict[str, Any] = {"attachments": [good, *wanted[first : first + 9]]}
        action = "quectel_smtp.send_message"
        await act(hass, action, more, title=f"Files {first}", message="Text")
    images = [path.format(config=traps) for path in PATHS[:10]]
    more = {"images": images, "html": "<p>Page"}
    await act(hass, "notify.quectel_smtp_anna", more, message="Text")
    await settled(hass, at_home)
    for envelope in far.server.received:
        message = check_email(envelope, {OWN})
        for part in message.walk():
            content = part.get_payload(decode=True) or b""
            assert isinstance(content, bytes)
            assert SECRET not in content
        text = message.get_body(("plain",))
        assert text is not None
        assert "Not attached" in text.get_content()
    *files, last = (
        sorted(part.get_filename() or "" for part in message.iter_attachments())
        for message in (check_email(one, {OWN}) for one in far.server.received)
    )
    assert files == [["good.txt"]] * -(-len(wanted) // 9)
    assert last in ([], ["message.html"])
    check_commands(far.virtual)
