"""Home Assistant with what pictures, speech and media come from."""

import asyncio
from pathlib import Path
from typing import override
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.components import camera, image
from homeassistant.components.camera.const import DATA_COMPONENT as CAMERAS
from homeassistant.components.image.const import DATA_COMPONENT as IMAGES
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

CAMERA = "media-source://camera/camera.demo_camera"


@pytest.fixture
def www(hass: HomeAssistant, tmp_path: Path) -> Path:
    """Return a folder that may be read, beside one with media and one with secrets."""
    for name in ("www", "media"):
        (tmp_path / name).mkdir()
    (tmp_path / "secrets.yaml").write_text("password: correct horse")
    hass.config.allowlist_external_dirs = {str(tmp_path / "www")}
    hass.config.media_dirs = {"local": str(tmp_path / "media")}
    return tmp_path / "www"


@pytest.fixture
async def demo(hass: HomeAssistant, www: Path) -> HomeAssistant:
    """Return Home Assistant with the cameras of its demo, and media sources."""
    # The demo's other platforms need more than there is here.
    hass.config.components.update(("conversation", "group", "zone", "ffmpeg"))
    assert await async_setup_component(hass, "homeassistant", {})
    for domain in ("http", "media_source", "image"):
        assert await async_setup_component(hass, domain, {})
    entry = MockConfigEntry(domain="demo")
    entry.add_to_hass(hass)
    platforms = (
        "homeassistant.components.demo.COMPONENTS_WITH_CONFIG_ENTRY_DEMO_PLATFORM"
    )
    with patch(platforms, [Platform.CAMERA]):
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
    return hass


@pytest.fixture
async def speaking(demo: HomeAssistant) -> HomeAssistant:
    """Return it with the demo's text to speech, too."""
    assert await async_setup_component(demo, "tts", {"tts": {"platform": "demo"}})
    await demo.async_block_till_done()
    return demo


class Painting(image.ImageEntity):
    """An image entity that shows what it is given."""

    def __init__(self, hass: HomeAssistant, name: str, data: bytes) -> None:
        """Call it ``name``."""
        super().__init__(hass)
        self._attr_name = name
        self._data = data

    @override
    async def async_image(self) -> bytes:
        return self._data


class Eye(camera.Camera):
    """A camera that shows what it is given, waits for ever, or does as it likes."""

    def __init__(self, name: str, data: bytes | Exception | None = None) -> None:
        """Call it ``name``; without ``data`` it hangs."""
        super().__init__()
        self._attr_name = name
        self._data = data
        self.stubborn = False
        self.released = asyncio.Event()

    @override
    async def async_camera_image(
        self, width: int | None = None, height: int | None = None
    ) -> bytes:
        if isinstance(self._data, Exception):
            raise self._data
        if self._data is not None:
            return self._data
        while not self.released.is_set():
            try:
                await self.released.wait()
            except asyncio.CancelledError:
                if not self.stubborn:
                    raise
        return self._data or b""


async def see(hass: HomeAssistant, *entities: Eye | Painting) -> None:
    """Add cameras and images to those that are there."""
    for entity in entities:
        if isinstance(entity, Eye):
            await hass.data[CAMERAS].async_add_entities([entity])
        else:
            await hass.data[IMAGES].async_add_entities([entity])
    await hass.async_block_till_done()
