"""Ends what waits in the outbox of an entry that was removed, and erases it."""

from dataclasses import dataclass
from datetime import datetime
import logging
from pathlib import Path

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .delivery.errors import OutboxError
from .delivery.outbox.outbox import Outbox
from .delivery.records import End, Finding, Instant, State, Transition
from .findings import event_type, transition_attributes
from .modem.mail.smtp import Result

_LOGGER = logging.getLogger(__name__)


async def remove_outbox(hass: HomeAssistant, path: Path, name: str) -> None:
    """Cancel what waits, tell of it by log and on the event bus, remove the file.

    The entities are gone by now, and the event entity with them.
    """
    left = await hass.async_add_executor_job(_empty, path, dt_util.utcnow())
    for transition in left.transitions:
        hass.bus.async_fire(
            f"{DOMAIN}_{event_type(transition)}", transition_attributes(transition)
        )
    if left.cancelled:
        _LOGGER.warning(
            "%s was removed: %s waiting emails were cancelled", name, left.cancelled
        )


@dataclass(frozen=True, slots=True)
class _Left:
    """What was left in an outbox."""

    cancelled: int = 0
    transitions: tuple[Transition, ...] = ()


def _empty(path: Path, now: datetime) -> _Left:
    """End what is in the outbox, and remove it with all that was ever set aside."""
    outbox = Outbox(path)
    try:
        # It may never have been set up.
        return _end_all(outbox, now) if path.exists() else _Left()
    except OutboxError as err:
        _LOGGER.warning("What waited in the outbox can't be told any more: %s", err)
        return _Left()
    finally:
        try:
            outbox.destroy()
        except OutboxError as err:
            _LOGGER.warning("%s could not be removed: %s", path, err)


def _end_all(outbox: Outbox, now: datetime) -> _Left:
    at = Instant(outbox.open(now).elapsed, now)
    unsettled = outbox.unsettled()
    if unsettled is not None:
        # Handed over, and nobody will ask the modem any more.
        outbox.record(
            unsettled.envelope,
            End(State.UNKNOWN, unsettled.history),
            Finding(Result.UNKNOWN),
            at,
        )
    return _Left(outbox.cancel(None, at), outbox.unshown())
