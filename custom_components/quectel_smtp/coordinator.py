"""The modem's state for entities: pushed by the courier, checked by a slow poll."""

from datetime import datetime, timedelta
import logging
from typing import Final, override

from homeassistant.const import CONF_PIN
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .account_check import AccountCheck
from .const import CONF_ICCID, DOMAIN, SUBENTRY_RECIPIENT
from .delivery.courier.courier import Courier
from .delivery.status import Status
from .issues import DAMAGED, KEYS, issue_id, issues_of
from .keeper import EntryKeeper
from .line_options import line_lost_after
from .line_state import Obstacle, obstacle
from .modem.at.errors import PinRefusedError
from .pins import without_pin
from .reauthentication import Reauthentication
from .runtime import QuectelConfigEntry
from .typed import tidied

_LOGGER = logging.getLogger(__name__)

_NO_LOSS: Final = (None, Obstacle.STARTING, Obstacle.SETTINGS)
POLL_INTERVAL: Final = timedelta(seconds=60)


class QuectelCoordinator(DataUpdateCoordinator[Status]):
    """Passes the courier's status on, and asks a person where only a person helps."""

    config_entry: QuectelConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: QuectelConfigEntry,
        courier: Courier,
        keeper: EntryKeeper,
        check: AccountCheck,
    ) -> None:
        """Take the courier, which may be running or not."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=entry.title,
            update_interval=POLL_INTERVAL,
        )
        self.courier = courier
        self.data = courier.status
        self._keeper = keeper
        self._check = check
        check.on_change = self.async_update_listeners
        self._lost = False
        self.reauthentication = Reauthentication(hass, entry)
        entry.async_on_unload(
            self.reauthentication.on_card(lambda: self._show_issues(courier.status))
        )
        self._damage_shown = False
        # Since when the line is lost, and the minutes after which that is said.
        self._lost_since: float | None = None
        self._awaited: int | None = None
        self._lost_for_long = False
        self._absence_timer: CALLBACK_TYPE | None = None
        entry.async_on_unload(courier.watch(self.take_status))

    @override
    async def _async_update_data(self) -> Status:
        await self.courier.poll()
        # A dialog that was in the way may be closed.
        self.reauthentication.follow(self.courier.status)
        self._show_issues(self.courier.status)
        return self.courier.status

    @override
    async def async_shutdown(self) -> None:
        """Time and show nothing any more; done by Home Assistant on unloading."""
        await super().async_shutdown()
        self._stop_timer()
        self._clear_issues()

    @property
    def obstacle(self) -> Obstacle | None:
        """What is in the way of the next email, None where nothing is."""
        return obstacle(
            self.courier.status,
            closed=self._keeper.gate.closed,
            account_failed=self._check.failed,
        )

    @callback
    def take_status(self) -> None:
        """Pass on what is known now, and act on it."""
        status = self.courier.status
        self._log_availability(status)
        self._time_absence()
        self._keeper.status_changed(status)
        if isinstance(status.trouble, PinRefusedError):
            self._drop_pin()
        self.reauthentication.follow(status)
        self._show_issues(status)
        self.async_set_updated_data(status)

    def _log_availability(self, status: Status) -> None:
        """Log once when the modem goes and once when it is back.

        A port that is lent to a config flow is closed without trouble: not a loss.
        """
        if self._lost and status.connected:
            self._lost = False
            _LOGGER.info("%s is back", self.name)
        elif not self._lost and not status.connected and status.trouble is not None:
            self._lost = True
            _LOGGER.info("%s is not reachable: %s", self.name, status.trouble.key)

    def _drop_pin(self) -> None:
        """Forget a refused PIN for good: each further try may lock the SIM."""
        entry = self.config_entry
        # Dropped already while the same trouble goes on.
        if (pin := tidied(entry.data).get(CONF_PIN)) is not None:
            iccid = entry.data.get(CONF_ICCID)
            self.hass.config_entries.async_update_entry(
                entry, data=without_pin(self.hass, entry.data, pin, iccid)
            )

    # What is shown as repair issues.

    def _time_absence(self) -> None:
        """Note a line that is lost, whatever of it, for as long as a person may choose.

        Who chooses otherwise meanwhile means this loss, too.
        """
        now, patience = self.hass.loop.time(), self._patience
        if self.obstacle in _NO_LOSS:
            self._stop_timer()
            self._lost_since = self._awaited = None
            self._lost_for_long = False
            return
        if self._lost_since is None:
            self._lost_since = now
        if patience != self._awaited:
            self._stop_timer()
            self._awaited, self._lost_for_long = patience, False
            left = self._lost_since + patience * 60 - now
            self._absence_timer = async_call_later(
                self.hass, max(left, 0), self._stays_away
            )

    @property
    def _patience(self) -> int:
        """Minutes for which a line may be lost before a person is told."""
        return line_lost_after(self.config_entry.options)

    @callback
    def _stays_away(self, _: datetime) -> None:
        self._absence_timer = None
        self._lost_for_long = True
        self._show_issues(self.courier.status)

    def _stop_timer(self) -> None:
        if self._absence_timer is not None:
            self._absence_timer()
            self._absence_timer = None

    def _show_issues(self, status: Status) -> None:
        """Create what a person has to be told now, and clear what is mended."""
        lost = self.obstacle if self._lost_for_long else None
        recipients = self.config_entry.get_subentries_of_type(SUBENTRY_RECIPIENT)
        asked_for = self.reauthentication.asked_for()
        found = {
            issue
            for issue in issues_of(
                status,
                invalid=self._keeper.invalid,
                lost=lost,
                recipients=len(recipients),
            )
            if issue.key not in asked_for
        }
        for issue in found:
            if issue.lasting:
                # Shown once: a person confirms it, while the status goes on.
                if self._damage_shown:
                    continue
                self._damage_shown = True
            ir.async_create_issue(
                self.hass,
                DOMAIN,
                issue_id(issue.key, self.config_entry.entry_id),
                data={"entry_id": self.config_entry.entry_id, "key": issue.key},
                is_fixable=issue.fixable,
                is_persistent=issue.lasting,
                severity=ir.IssueSeverity.ERROR,
                translation_key=issue.key,
                translation_placeholders={
                    "name": self.name,
                    **({"minutes": str(self._patience)} if issue.lost else {}),
                    **dict(issue.placeholders),
                },
            )
        self._clear_issues(KEYS - {issue.key for issue in found})

    def _clear_issues(self, keys: frozenset[str] = KEYS) -> None:
        """Clear these; one that lasts is cleared by a person."""
        for key in keys - {DAMAGED}:
            ir.async_delete_issue(
                self.hass, DOMAIN, issue_id(key, self.config_entry.entry_id)
            )
