"""What an attachment is called: as a person says, else as its file or entity is."""

import re
from typing import Final

from homeassistant.core import HomeAssistant

from .kinds import JPEG, PNG, extension
from .wanted import MEDIA_SOURCE, Wanted

_NAMELESS: Final = "attachment"
_HALF: Final = re.compile("[\ud800-\udfff]")


def called(hass: HomeAssistant, wanted: Wanted) -> str:
    """Return the name of what is not there yet, or never will be.

    Of a path or a media id only the last part: the rest is nobody's business.
    """
    return characters(
        wanted.filename or entity_name(hass, wanted.source) or file_name(wanted.source)
    )


def characters(text: str) -> str:
    """Return a name that has bytes: half a surrogate pair becomes the sign for that.

    Python has such for each byte of a file's name that is not UTF-8.
    """
    return _HALF.sub("\ufffd", text)


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


def file_name(source: str) -> str:
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
