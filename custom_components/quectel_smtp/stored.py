"""Reads what is kept over restarts beside the outbox, whatever became of its file."""

from collections.abc import Mapping
import logging
from typing import TYPE_CHECKING, Any, Final

from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

if TYPE_CHECKING:
    # Home Assistant answers the import of voluptuous with this, its own engine.
    import probatio as vol
else:
    import voluptuous as vol

_LOGGER = logging.getLogger(__name__)

# What a file that can't be read, is of a newer version or lacks its frame ends in.
_UNREADABLE: Final = (
    *(HomeAssistantError, OSError, NotImplementedError),
    *(AttributeError, KeyError, TypeError, vol.Invalid),
)


def moment(kept: object) -> str:
    """Return a point in time as it was kept; ``vol.Invalid`` where it is none."""
    found = dt_util.parse_datetime(kept) if isinstance(kept, str) else None
    if found is None or found.tzinfo is None:
        raise vol.Invalid("no point in time")
    return str(kept)


async def stored[T: Mapping[str, Any]](store: Store[T], shape: vol.Schema) -> T | None:
    """Return what is kept; None where there is nothing, or nothing that has this shape.

    It is no reason to take no emails: what can't be read is begun anew.
    """
    try:
        kept = await store.async_load()
        if kept is None:
            return None
        shape(kept)
    except _UNREADABLE as err:
        _LOGGER.warning(
            "%s can't be read (%s) and is begun anew", store.key, type(err).__name__
        )
        return None
    return kept
