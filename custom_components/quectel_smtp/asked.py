"""What a caller asks of an email, read from the data of an action.

``notify.<name>`` of old has ``data`` that one caller gives to all whom it notifies, by
whatever they are reached: what is not for emails is left alone there, and what can't be
used is told of in the log. No alarm is lost over it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
import logging
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final, Self

from homeassistant.components.notify.const import ATTR_DATA, ATTR_TARGET, ATTR_TITLE
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv

from . import typed
from .attachments.wanted import Wanted
from .const import CONF_BCC, CONF_CC, CONF_CRITICAL, CONF_TO, DOMAIN
from .delivery.addresses import Addresses
from .entry_data import HOUR, LIMITS
from .modem.mail.message import Priority

if TYPE_CHECKING:
    # Home Assistant answers the import of voluptuous with this, its own engine.
    import probatio as vol
else:
    import voluptuous as vol

_LOGGER = logging.getLogger(__name__)

ATTR_MESSAGE: Final = "message"
ATTR_HTML: Final = "html"
ATTR_ATTACHMENTS: Final = "attachments"
ATTR_MEDIA_SOURCE: Final = "media_source"
ATTR_PATH: Final = "path"
ATTR_FILENAME: Final = "filename"
ATTR_CONTENT_ID: Final = "content_id"
ATTR_PRIORITY: Final = "priority"
ATTR_EXPIRES_AFTER: Final = "expires_after"
ATTR_IMAGES: Final = "images"
"""Paths of files, as core's own SMTP integration knows them."""

EXPIRES_AFTER: Final = (
    timedelta(minutes=1),
    timedelta(seconds=LIMITS["lifetime"][1] * HOUR),
)
"""Least and most."""


def _one_source(attachment: Mapping[str, Any]) -> Mapping[str, Any]:
    if (ATTR_MEDIA_SOURCE in attachment) is (ATTR_PATH in attachment):
        raise ServiceValidationError(
            translation_domain=DOMAIN, translation_key="attachment_source"
        )
    return attachment


# A template that gives none leaves out what it is for.
_TEXT: Final = vol.Any(None, cv.string)
_ADDRESSES: Final = vol.Any(None, vol.All(cv.ensure_list, [cv.string]))
_MEDIA: Final = vol.Any(
    cv.string,
    vol.Schema({vol.Required("media_content_id"): cv.string}, extra=vol.ALLOW_EXTRA),
)
_ATTACHMENT: Final = vol.All(
    vol.Schema(
        {
            vol.Optional(ATTR_MEDIA_SOURCE): _MEDIA,
            vol.Optional(ATTR_PATH): cv.string,
            vol.Optional(ATTR_FILENAME): _TEXT,
            vol.Optional(ATTR_CONTENT_ID): _TEXT,
        }
    ),
    _one_source,
)
_BESIDE_TEXT: Final[dict[str | vol.Marker, Any]] = {
    vol.Optional(ATTR_HTML): _TEXT,
    vol.Optional(ATTR_ATTACHMENTS): vol.Any(
        None, vol.All(cv.ensure_list, [_ATTACHMENT])
    ),
    vol.Optional(ATTR_PRIORITY): vol.Any(None, vol.Coerce(Priority)),
    vol.Optional(CONF_TO): _ADDRESSES,
    vol.Optional(CONF_CC): _ADDRESSES,
    vol.Optional(CONF_BCC): _ADDRESSES,
    vol.Optional(ATTR_EXPIRES_AFTER): vol.Any(
        None,
        vol.All(
            cv.positive_time_period,
            vol.Range(min=EXPIRES_AFTER[0], max=EXPIRES_AFTER[1]),
        ),
    ),
    vol.Optional(CONF_CRITICAL): cv.boolean,
}
SCHEMA: Final[dict[str | vol.Marker, Any]] = {
    vol.Optional(ATTR_TITLE): _TEXT,
    vol.Optional(ATTR_MESSAGE): _TEXT,
    **_BESIDE_TEXT,
}
_OF_DATA: Final = {
    **{str(key): vol.Schema({key: kind}) for key, kind in _BESIDE_TEXT.items()},
    ATTR_IMAGES: vol.Schema({ATTR_IMAGES: vol.All(cv.ensure_list, [cv.string])}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a caller wants sent to a recipient; ``extra``: to whom else."""

    message: str = field(default="", repr=False)
    title: str = field(default="", repr=False)
    html: str | None = field(default=None, repr=False)
    attachments: tuple[Wanted, ...] = ()
    priority: Priority = Priority.NORMAL
    extra: Addresses = field(default_factory=Addresses)
    lifetime: float | None = None
    """Seconds that it may wait; None: as the options say."""
    critical: bool = False

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Read the data of an action, as ``SCHEMA`` has let it pass."""
        lifetime: timedelta | None = data.get(ATTR_EXPIRES_AFTER)
        return cls(
            message=data.get(ATTR_MESSAGE) or "",
            title=data.get(ATTR_TITLE) or "",
            html=data.get(ATTR_HTML) or None,
            attachments=tuple(map(_wanted, data.get(ATTR_ATTACHMENTS) or ())),
            priority=data.get(ATTR_PRIORITY) or Priority.NORMAL,
            extra=Addresses(
                *(_listed(data.get(kind)) for kind in (CONF_TO, CONF_CC, CONF_BCC))
            ),
            lifetime=None if lifetime is None else lifetime.total_seconds(),
            critical=data.get(CONF_CRITICAL, False),
        )

    @classmethod
    def of_legacy(cls, message: str, given: Mapping[str, Any]) -> Self:
        """Read what a ``notify.<name>`` was given."""
        found = dict(_usable(given.get(ATTR_DATA) or {}))
        images = found.pop(ATTR_IMAGES, ())
        # Core's own shows pictures inside of HTML by their files' names.
        inside = found.get(ATTR_HTML)
        found[ATTR_ATTACHMENTS] = [
            *(found.get(ATTR_ATTACHMENTS) or ()),
            *(
                {
                    ATTR_PATH: path,
                    ATTR_CONTENT_ID: PurePath(path).name if inside else None,
                }
                for path in images
            ),
        ]
        targets = given.get(ATTR_TARGET) or ()
        found[CONF_TO] = [*(found.get(CONF_TO) or ()), *targets]
        return cls.of(
            {**found, ATTR_MESSAGE: message, ATTR_TITLE: given.get(ATTR_TITLE)}
        )


def _listed(addresses: Iterable[str] | None) -> tuple[str, ...]:
    """Return a list's addresses; a row that is left empty, or a template gave, is none."""
    return tuple(address for address in addresses or () if typed.stripped(address))


def _wanted(attachment: Mapping[str, Any]) -> Wanted:
    source = attachment.get(ATTR_MEDIA_SOURCE, attachment.get(ATTR_PATH))
    return Wanted.of(
        source, attachment.get(ATTR_FILENAME), attachment.get(ATTR_CONTENT_ID)
    )


def _usable(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, schema in _OF_DATA.items():
        if key in data:
            try:
                yield from schema({key: data[key]}).items()
            except vol.Invalid, ServiceValidationError:
                _LOGGER.warning("An email goes without %r: it can't be used", key)
