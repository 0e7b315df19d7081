"""What an attachment is called: as a person says, else as its file or entity is."""

from typing import Final

from homeassistant.core import HomeAssistant

from ..delivery.rules.characters import with_bytes
from .kinds import JPEG, PNG, extension
from .wanted import MEDIA_SOURCE, Wanted

_NAMELESS: Final = "attachment"


def called(hass: HomeAssistant, wanted: Wanted) -> str:
    """Return the name of what is not there yet, or never will be.

    Of a path or a media id only the last part: the rest is nobody's business.
    """
    return with_bytes(
        wanted.filename or entity_name(hass, wanted.source) or last_part(wanted.source)
    )


def entity_name(hass: HomeAssistant, source: str) -> str | None:
    """Return the name of the entity that a media id is of; None if it is of none."""
    domain, _, rest = source.removeprefix(MEDIA_SOURCE).partition("/")
    entity_id = rest.partition("?")[0]
    if not entity_id.startswith(f"{domain}."):
        return None
    state = hass.states.get(entity_id)
    name = state.name if state else entity_id.partition(".")[2]
    # A name, not a path whose last part would be left of it.
    return name.replace("/", "-").replace("\\", "-").strip() or _NAMELESS


def last_part(source: str) -> str:
    """Return the last part of a path or a media id, without what speech is to say."""
    if source.startswith(f"{MEDIA_SOURCE}tts/"):
        source = source.partition("?")[0]
    return source.rstrip("/").rpartition("/")[2] or _NAMELESS


def with_extension(name: str, content_type: str) -> str:
    """Return the name of an entity as that of a file which it gave."""
    return name + extension(content_type)


def renamed(name: str, before: str, after: str) -> str:
    """Return the name of a picture that became another kind of one: ``x.jpg``."""
    if (before, after) != (PNG, JPEG) or not name.lower().endswith(".png"):
        return name
    return name[: -len(".png")] + extension(JPEG)
