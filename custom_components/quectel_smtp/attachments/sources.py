"""From what a person asks for to its bytes, by the kind of source."""

from dataclasses import dataclass, field
from functools import partial
from typing import Final

from homeassistant.core import HomeAssistant

from ..delivery.enclosures import MissingReason
from . import files, served
from .errors import NotAttachedError
from .files import Limit
from .kinds import content_type
from .names import entity_name, last_part
from .threads import for_files
from .wanted import MEDIA_SOURCE, Wanted

_NO_LIMIT: Final = 3600

# Components are imported where they are used: a home without cameras has not even what they
# need installed. One that is loaded is imported already.


@dataclass(frozen=True, slots=True)
class Fetched:
    """The bytes of an attachment, and what their source says of them.

    ``name``: that of a file, or of an entity, which ``is_entity`` and has no extension.
    """

    name: str = field(repr=False)
    data: bytes = field(repr=False)
    content_type: str | None = field(repr=False)
    is_entity: bool = False


async def fetch(hass: HomeAssistant, wanted: Wanted, limit: Limit) -> Fetched:
    """Return what is wanted: of what is read here, no more than ``limit`` bytes.

    Raises ``NotAttachedError``, and whatever an integration with a media source may.
    """
    if not wanted.is_media:
        return await _file(hass, wanted.source, limit)
    domain, _, identifier = wanted.source.removeprefix(MEDIA_SOURCE).partition("/")
    if domain in {"camera", "image"}:
        data, told = await _picture(hass, domain, identifier)
    elif domain == "tts":
        data, told = await _speech(hass, wanted.source)
    else:
        return await _media(hass, wanted.source, limit)
    name = entity_name(hass, wanted.source)
    return Fetched(name or last_part(wanted.source), data, told, is_entity=True)


async def _file(hass: HomeAssistant, path: str, limit: Limit) -> Fetched:
    if "://" in path:
        raise NotAttachedError(MissingReason.UNSUPPORTED)
    # One that is not absolute begins where configuration.yaml lies.
    path = hass.config.path(path)
    allowed = hass.config.allowlist_external_dirs
    job = partial(files.read_allowed, path, tuple(allowed), limit)
    return Fetched(last_part(path), await for_files(hass).run(job), None)


async def _picture(
    hass: HomeAssistant, domain: str, entity_id: str
) -> tuple[bytes, str | None]:
    if domain not in hass.config.components or hass.states.get(entity_id) is None:
        raise NotAttachedError(MissingReason.NOT_FOUND)
    # Whoever calls this has a limit of its own, and knows when that is over.
    if domain == "camera":
        from homeassistant.components import camera  # noqa: PLC0415

        still = await camera.async_get_image(hass, entity_id, timeout=_NO_LIMIT)
        return still.content, still.content_type
    from homeassistant.components import image  # noqa: PLC0415

    picture = await image.async_get_image(hass, entity_id, timeout=_NO_LIMIT)
    return picture.content, picture.content_type


async def _speech(hass: HomeAssistant, media_id: str) -> tuple[bytes, str | None]:
    if "tts" not in hass.config.components:
        raise NotAttachedError(MissingReason.NOT_FOUND)
    from homeassistant.components import tts  # noqa: PLC0415

    ending, data = await tts.async_get_media_source_audio(hass, media_id)
    return data, content_type(data, None, f"speech.{ending}")


async def _media(hass: HomeAssistant, media_id: str, limit: Limit) -> Fetched:
    if "media_source" not in hass.config.components:
        raise NotAttachedError(MissingReason.NOT_FOUND)
    from homeassistant.components import media_source  # noqa: PLC0415

    try:
        media = await media_source.async_resolve_media(hass, media_id, None)
    except media_source.Unresolvable as err:
        raise NotAttachedError(MissingReason.NOT_FOUND) from err
    if media.path is None:
        data, told = await served.fetch(hass, media.url, limit)
        return Fetched(last_part(media_id), data, told)
    data = await for_files(hass).run(partial(files.read, media.path, limit))
    return Fetched(media.path.name, data, media.mime_type)
