"""The test report: an email of each day or week that shows that emails arrive."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, TypedDict
import zlib

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_point_in_time
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .delivery.courier.courier import Courier
from .delivery.records import State, Transition
from .issues import issue_id
from .line_options import Interval, interval, report_to
from .runtime import QuectelConfigEntry
from .stored import moment, stored
from .trial import Trial, send_trial

if TYPE_CHECKING:
    # Home Assistant answers the import of voluptuous with this, its own engine.
    import probatio as vol
else:
    import voluptuous as vol

KEY: Final = "test_report_failed"
"""The repair issue where one was not sent."""
HOUR: Final = 9
"""At this hour of the house's own zone, and so many minutes later as its modem's number
makes: homes don't come all at once to the mail server."""
LIFETIME: Final = 6 * 3600.0
"""Seconds within which a report has to be sent."""
SOON: Final = timedelta(minutes=10)
"""What became due while Home Assistant was off waits for so long after its start."""

_FAILED: Final = (State.FAILED, State.EXPIRED, State.UNKNOWN, State.PARTLY_SENT)


def next_report(every: Interval, now: datetime, minutes: int) -> datetime:
    """Return when the next report is due: a day's or a Monday's, ``minutes`` past."""
    due = now.replace(hour=HOUR, minute=minutes, second=0, microsecond=0)
    while due <= now or (every is Interval.WEEKLY and due.weekday() != 0):
        due += timedelta(days=1)
    return due


class _Kept(TypedDict):
    """What is kept over restarts."""

    due: str | None
    reference: str | None
    success: str | None


_SHAPE: Final = vol.Schema(
    {
        vol.Required("due"): vol.Maybe(moment),
        vol.Required("reference"): vol.Maybe(str),
        vol.Required("success"): vol.Maybe(moment),
    }
)


def _store(hass: HomeAssistant, entry_id: str) -> Store[_Kept]:
    return Store(hass, 1, f"{DOMAIN}.{entry_id}.report")


async def forget_report(hass: HomeAssistant, entry_id: str) -> None:
    """Leave nothing behind."""
    await _store(hass, entry_id).async_remove()
    ir.async_delete_issue(hass, DOMAIN, issue_id(KEY, entry_id))


def _parsed(kept: str | None) -> datetime | None:
    return None if kept is None else dt_util.parse_datetime(kept)


class TestReport:
    """Sends the reports, and follows what becomes of each."""

    __test__ = False

    def __init__(
        self,
        hass: HomeAssistant,
        entry: QuectelConfigEntry,
        courier: Courier,
        changed: Callable[[], None],
    ) -> None:
        """Take whom emails go by, and whom to tell of a success."""
        self._hass = hass
        self._entry = entry
        self._courier = courier
        self._changed = changed
        self._store = _store(hass, entry.entry_id)
        self._timer: CALLBACK_TYPE | None = None
        self._every = interval(entry.options)
        self._minutes = zlib.crc32((entry.unique_id or entry.entry_id).encode()) % 60
        self._due: datetime | None = None
        # The report that is on its way.
        self._reference: str | None = None
        self.success: datetime | None = None
        """When the last report was sent that was."""
        entry.async_on_unload(courier.on_transition(self._take))
        entry.async_on_unload(self.stop)

    async def start(self) -> None:
        """Go on with what was kept over the restart."""
        kept = await stored(self._store, _SHAPE)
        if kept:
            self._reference = kept["reference"]
            self.success = _parsed(kept["success"])
            self._due = _parsed(kept["due"])
        now = dt_util.now()
        if self._every is Interval.OFF or self._due is None:
            self._plan()
        elif self._due < now:
            self._arm(now + SOON)
        else:
            self._arm(min(self._due, self._next()))

    @callback
    def stop(self) -> None:
        """Send no more."""
        if self._timer is not None:
            self._timer()
            self._timer = None

    @callback
    def entry_changed(self) -> None:
        """Follow how often a report is wanted."""
        every = interval(self._entry.options)
        if every is not self._every:
            self._every = every
            self._plan()

    def _next(self) -> datetime:
        return next_report(self._every, dt_util.now(), self._minutes)

    def _plan(self) -> None:
        """Have the next one come in its time, or none where none is wanted."""
        self.stop()
        if self._every is Interval.OFF:
            self._due = self._reference = None
            self._show(failed=False)
        else:
            self._arm(self._next())
        self._keep()

    def _arm(self, due: datetime) -> None:
        self.stop()
        self._due = due
        self._timer = async_track_point_in_time(self._hass, self._is_due, due)

    @callback
    def _is_due(self, _: datetime) -> None:
        self._timer = None
        self._plan()
        self._entry.async_create_background_task(
            self._hass, self._send(), "quectel_smtp test report"
        )

    async def _send(self) -> None:
        entry = self._entry
        recipient = entry.subentries.get(report_to(entry.options))
        try:
            self._reference = await send_trial(
                self._hass,
                entry,
                self._courier,
                Trial.REPORT,
                recipient,
                lifetime=LIFETIME,
            )
        except HomeAssistantError:
            # Not even accepted: whoever sends the next email is told why.
            self._show(failed=True)
        else:
            self._keep()

    @callback
    def _take(self, transition: Transition) -> None:
        """See what became of the report."""
        if transition.reference != self._reference or transition.state.waiting:
            return
        if transition.state is State.SENT:
            self.success = transition.when
            self._show(failed=False)
        elif transition.state in _FAILED:
            self._show(failed=True)
        # One that goes with another email ends as that does.
        self._reference = transition.merged_into
        self._keep()
        self._changed()

    def _keep(self) -> None:
        kept = _Kept(
            due=None if self._due is None else self._due.isoformat(),
            reference=self._reference,
            success=None if self.success is None else self.success.isoformat(),
        )
        self._hass.async_create_task(self._store.async_save(kept))

    def _show(self, *, failed: bool) -> None:
        """Have a person told, also after a restart; or not any more."""
        entry = self._entry
        issue = issue_id(KEY, entry.entry_id)
        if not failed:
            ir.async_delete_issue(self._hass, DOMAIN, issue)
            return
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue,
            is_fixable=False,
            is_persistent=True,
            severity=ir.IssueSeverity.ERROR,
            translation_key=KEY,
            translation_placeholders={"name": entry.title},
        )
