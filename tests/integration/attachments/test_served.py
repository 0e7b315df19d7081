"""Media that Home Assistant serves itself, from whichever integration."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import override
from urllib.parse import quote

from aiohttp import web
from aiohttp.test_utils import TestServer
import pytest
from pytest_homeassistant_custom_component.common import (
    MockModule,
    mock_integration,
    mock_platform,
)

from custom_components.quectel_smtp.attachments.resolve import resolve
from custom_components.quectel_smtp.attachments.wanted import Budget, Wanted
from custom_components.quectel_smtp.delivery.enclosures import Missing, MissingReason
from homeassistant.components.media_source import (
    MediaSource,
    MediaSourceItem,
    PlayMedia,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.setup import async_setup_component

from .paintings import encoded, photograph, seen

NAME = "back door 100% ü#1?.jpg"


@dataclass
class Doorbell:
    """An integration that serves its recordings, and where."""

    urls: dict[str, str] = field(default_factory=dict)
    answers: dict[str, web.StreamResponse] = field(default_factory=dict)
    asked: list[web.Request] = field(default_factory=list)
    hang: asyncio.Event | None = None


class _Recordings(HomeAssistantView):
    """Answers those only who may."""

    url = "/api/doorbell/{name:.*}"
    name = "api:doorbell"

    def __init__(self, doorbell: Doorbell) -> None:
        self.doorbell = doorbell

    async def get(self, request: web.Request, name: str) -> web.StreamResponse:
        self.doorbell.asked.append(request)
        if self.doorbell.hang:
            await self.doorbell.hang.wait()
        return self.doorbell.answers[name]


class _Source(MediaSource):
    name = "Doorbell"

    def __init__(self, doorbell: Doorbell) -> None:
        super().__init__("doorbell")
        self.doorbell = doorbell

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        return PlayMedia(self.doorbell.urls[item.identifier], "image/jpeg")


@pytest.fixture
async def doorbell(
    hass: HomeAssistant, socket_enabled: None
) -> AsyncGenerator[Doorbell]:
    """Return the integration, with Home Assistant's web server on a port of its own."""
    found = Doorbell()

    async def get_source(hass: HomeAssistant) -> MediaSource:
        return _Source(found)

    mock_integration(hass, MockModule("doorbell"))
    mock_platform(
        hass,
        "doorbell.media_source",
        SimpleNamespace(async_get_media_source=get_source),  # type: ignore[arg-type]
    )
    for domain in ("http", "doorbell", "media_source"):
        assert await async_setup_component(hass, domain, {})
    hass.http.register_view(_Recordings(found))
    await hass.async_block_till_done()
    server = TestServer(hass.http.app)
    await server.start_server()
    assert hass.config.api
    assert server.port
    hass.config.api.port = server.port
    yield found
    if found.hang:
        found.hang.set()
    await server.close()


def _wanted(*names: str) -> list[Wanted]:
    return [Wanted(f"media-source://doorbell/{name}") for name in names]


async def test_what_an_integration_serves_is_fetched_on_this_machine(
    hass: HomeAssistant, doorbell: Doorbell
) -> None:
    data = encoded(photograph((40, 30)))
    doorbell.urls["event"] = f"/api/doorbell/{quote(NAME)}"
    doorbell.answers[NAME] = web.Response(body=data, content_type="image/jpeg")
    resolved = await resolve(hass, _wanted("event"), Budget())
    (found,) = resolved.attachments
    assert found.data == data
    assert found.content_type == "image/jpeg"
    assert doorbell.asked[0].host.startswith("127.0.0.1:")


async def test_what_comes_after_a_question_mark_is_asked_for_too(
    hass: HomeAssistant, doorbell: Doorbell
) -> None:
    doorbell.urls["event"] = "/api/doorbell/x?width=640&name=a%26b"
    doorbell.answers["x"] = web.Response(body=b"data")
    resolved = await resolve(hass, _wanted("event"), Budget())
    assert resolved.attachments[0].data == b"data"
    query = doorbell.asked[0].query
    assert (query["width"], query["name"]) == ("640", "a&b")


async def test_a_url_of_its_own_with_its_name_is_asked_for_on_this_machine_too(
    hass: HomeAssistant, doorbell: Doorbell
) -> None:
    hass.config.internal_url = "https://home.example"
    doorbell.urls["event"] = "https://home.example/api/doorbell/x"
    doorbell.answers["x"] = web.Response(body=b"data")
    assert (await resolve(hass, _wanted("event"), Budget())).attachments


async def test_a_signature_that_is_there_already_is_used(
    hass: HomeAssistant, doorbell: Doorbell
) -> None:
    """And if it is over, that is all that is heard of it."""
    doorbell.urls["event"] = "/api/doorbell/x?authSig=over"
    resolved = await resolve(hass, _wanted("event"), Budget())
    assert resolved.missing == (Missing("event", MissingReason.UNREADABLE),)
    assert not doorbell.asked


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (web.Response(status=404), MissingReason.NOT_FOUND),
        (web.Response(status=500), MissingReason.UNREADABLE),
        (
            web.Response(status=302, headers={"Location": "http://127.0.0.1/"}),
            MissingReason.UNREADABLE,
        ),
        (web.Response(body=b""), MissingReason.EMPTY),
        (web.Response(body=bytes(2_000_000)), MissingReason.TOO_LARGE),
        (
            web.Response(content_type="multipart/x-mixed-replace", body=b"--"),
            MissingReason.UNSUPPORTED,
        ),
        (
            web.Response(content_type="application/vnd.apple.mpegurl", body=b"#EXTM3U"),
            MissingReason.UNSUPPORTED,
        ),
    ],
)
async def test_what_is_served_and_no_attachment_is_named(
    answer: web.Response,
    reason: MissingReason,
    hass: HomeAssistant,
    doorbell: Doorbell,
) -> None:
    doorbell.urls["event"] = "/api/doorbell/x"
    doorbell.answers["x"] = answer
    resolved = await resolve(hass, _wanted("event"), Budget())
    assert resolved.missing == (Missing("event", reason),)


async def test_a_picture_that_is_served_is_scaled(
    hass: HomeAssistant, doorbell: Doorbell
) -> None:
    doorbell.urls["event"] = "/api/doorbell/x"
    data = encoded(photograph((2000, 1500)))
    assert len(data) > 1_000_000
    doorbell.answers["x"] = web.Response(body=data)
    resolved = await resolve(hass, _wanted("event"), Budget(picture=100_000))
    assert len(resolved.attachments[0].data) <= 100_000
    assert seen(resolved.attachments[0].data).format == "JPEG"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/api/doorbell/x",
        "https://radio.example/x.mp3",
        "file:///etc/passwd",
        "rtsp://192.0.2.1/x",
        "x.jpg",
    ],
)
async def test_what_is_elsewhere_is_not_fetched(
    url: str, hass: HomeAssistant, doorbell: Doorbell
) -> None:
    """An automation's attachment is no way to ask other machines of a home anything."""
    assert hass.config.api
    doorbell.urls["event"] = url.format(port=hass.config.api.port)
    doorbell.answers["x"] = web.Response(body=b"data")
    resolved = await resolve(hass, _wanted("event"), Budget())
    assert resolved.missing == (Missing("event", MissingReason.UNSUPPORTED),)
    assert not doorbell.asked


async def test_the_host_of_a_url_without_its_scheme_is_never_asked(
    hass: HomeAssistant, doorbell: Doorbell
) -> None:
    doorbell.urls["event"] = "//192.0.2.1/api/doorbell/x"
    doorbell.answers["x"] = web.Response(body=b"ours")
    resolved = await resolve(hass, _wanted("event"), Budget())
    assert resolved.attachments[0].data == b"ours"


async def test_a_server_that_hangs_is_too_slow(
    hass: HomeAssistant, doorbell: Doorbell
) -> None:
    doorbell.hang = asyncio.Event()
    doorbell.urls["event"] = "/api/doorbell/x"
    resolved = await resolve(hass, _wanted("event"), Budget(seconds=0.2))
    assert resolved.missing == (Missing("event", MissingReason.TOO_SLOW),)


async def test_a_server_that_can_not_be_reached_is_unreadable(
    hass: HomeAssistant, doorbell: Doorbell
) -> None:
    doorbell.urls["event"] = "/api/doorbell/x"
    assert hass.config.api
    hass.config.api.port = 9
    resolved = await resolve(hass, _wanted("event"), Budget())
    assert resolved.missing == (Missing("event", MissingReason.UNREADABLE),)
    hass.config.api = None
    resolved = await resolve(hass, _wanted("event"), Budget())
    assert resolved.missing == (Missing("event", MissingReason.UNSUPPORTED),)


async def test_a_source_that_is_broken_is_unreadable(
    hass: HomeAssistant, doorbell: Doorbell
) -> None:
    resolved = await resolve(hass, _wanted("no such key"), Budget())
    assert resolved.missing == (Missing("no such key", MissingReason.UNREADABLE),)
