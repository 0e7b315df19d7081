"""Media that this Home Assistant serves itself: fetched from its own web server."""

from datetime import timedelta
from typing import Final

from aiohttp import ClientError
from yarl import URL

from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.network import is_hass_url

from ..delivery.enclosures import MissingReason
from .errors import NotAttachedError
from .files import Limit

# A signed URL of Home Assistant's has it last.
_SIGNATURE: Final = "authSig"
_VALID: Final = timedelta(minutes=1)
_CHUNK: Final = 65_536
_ANY_ADDRESS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}
_ENDLESS: Final = (
    "multipart/",
    "application/vnd.apple.mpegurl",
    "application/x-mpegurl",
)


async def fetch(hass: HomeAssistant, url: str, limit: Limit) -> tuple[bytes, str]:
    """Return what Home Assistant serves under a URL of its own, and its content type.

    It is asked on this machine, signed as for a media player: that needs no network, no
    name server and no certificate. ``limit`` says how many bytes may come, from the first
    ones. Raises ``NotAttachedError``: unsupported for what is elsewhere, or never ends.
    """
    if not url.startswith("/") and not is_hass_url(hass, url):
        raise NotAttachedError(MissingReason.UNSUPPORTED)
    session = async_get_clientsession(hass, verify_ssl=False)
    try:
        async with session.get(_here(hass, URL(url)), allow_redirects=False) as answer:
            if answer.status != 200:
                missing = answer.status == 404
                raise NotAttachedError(
                    MissingReason.NOT_FOUND if missing else MissingReason.UNREADABLE
                )
            if answer.content_type.lower().startswith(_ENDLESS):
                raise NotAttachedError(MissingReason.UNSUPPORTED)
            data = bytearray()
            async for chunk in answer.content.iter_chunked(_CHUNK):
                data += chunk
                if len(data) > limit(data):
                    raise NotAttachedError(MissingReason.TOO_LARGE)
            return bytes(data), answer.content_type
    except (ClientError, OSError) as err:
        raise NotAttachedError(MissingReason.UNREADABLE) from err


def _here(hass: HomeAssistant, url: URL) -> URL:
    """Return the URL as this machine reaches it, with leave to read it for a minute."""
    api = hass.config.api
    if api is None:
        raise NotAttachedError(MissingReason.UNSUPPORTED)
    here = URL.build(
        scheme="https" if api.use_ssl else "http",
        host=_ANY_ADDRESS.get(api.host, api.host),
        port=api.port,
        path=url.raw_path,
        query_string=url.raw_query_string,
        encoded=True,
    )
    if _SIGNATURE in here.query:
        return here
    signed = async_sign_path(hass, here.raw_path_qs, _VALID, use_content_user=True)
    signature = signed.rpartition(f"{_SIGNATURE}=")[2]
    return here.update_query({_SIGNATURE: signature})
