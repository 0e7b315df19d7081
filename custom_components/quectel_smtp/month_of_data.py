"""How much went over the data connection in this month, kept over restarts."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypedDict

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .delivery.courier.courier import Courier
from .modem.network.traffic import Traffic
from .runtime import QuectelConfigEntry
from .stored import moment, stored

if TYPE_CHECKING:
    # Home Assistant answers the import of voluptuous with this, its own engine.
    import probatio as vol
else:
    import voluptuous as vol


@dataclass(frozen=True, slots=True)
class Month:
    """When counting began, and what had gone over the line before."""

    since: datetime
    before: Traffic


def followed(month: Month | None, total: Traffic, now: datetime) -> Month:
    """Return the month that ``now``, in the house's own zone, belongs to.

    ``total``: what ever went over the line. What went before it was first looked at is
    nobody's; where it has become less, its count has begun anew.
    """
    # By the calendar: the same first of a month begins earlier in another zone.
    if month is None or (month.since.year, month.since.month) < (now.year, now.month):
        first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return Month(first, total)
    return month if total >= month.before else Month(now, Traffic())


class _Kept(TypedDict):
    """What is kept over restarts."""

    since: str
    sent: int
    received: int


_SHAPE: Final = vol.Schema(
    {
        vol.Required("since"): moment,
        vol.Required("sent"): int,
        vol.Required("received"): int,
    }
)


def _store(hass: HomeAssistant, entry_id: str) -> Store[_Kept]:
    return Store(hass, 1, f"{DOMAIN}.{entry_id}.month")


async def forget_month(hass: HomeAssistant, entry_id: str) -> None:
    """Leave nothing behind."""
    await _store(hass, entry_id).async_remove()


class MonthOfData:
    """Follows the courier's count, and begins anew with each month."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: QuectelConfigEntry,
        courier: Courier,
    ) -> None:
        """Take who counts."""
        self._hass = hass
        self._courier = courier
        self._store = _store(hass, entry.entry_id)
        self._month: Month | None = None

    async def start(self) -> None:
        """Go on with the month that was kept."""
        kept = await stored(self._store, _SHAPE)
        since = dt_util.parse_datetime(kept["since"]) if kept else None
        if kept and since is not None:
            before = Traffic(kept["sent"], kept["received"])
            self._month = Month(since, before)
        self.follow()

    @property
    def since(self) -> datetime | None:
        """When counting began."""
        return None if self._month is None else self._month.since

    @property
    def sent(self) -> int | None:
        """Bytes that were sent since then."""
        counted = self._counted
        return None if counted is None else counted.sent

    @property
    def received(self) -> int | None:
        """Bytes that were received since then."""
        counted = self._counted
        return None if counted is None else counted.received

    @property
    def _counted(self) -> Traffic | None:
        month, total = self._month, self._courier.status.traffic
        if month is None or total is None:
            return None
        # Less than before: its count has begun anew, and nobody has looked yet.
        return total - month.before if total >= month.before else None

    @callback
    def follow(self) -> None:
        """Begin anew where another month has begun; to be called once a minute."""
        total = self._courier.status.traffic
        if total is None:
            return
        month = followed(self._month, total, dt_util.now())
        if month == self._month:
            return
        self._month = month
        before = month.before
        kept = _Kept(
            since=month.since.isoformat(), sent=before.sent, received=before.received
        )
        self._hass.async_create_task(self._store.async_save(kept))
