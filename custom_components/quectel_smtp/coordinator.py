"""The modem's state for entities: pushed by the courier, checked by a slow poll."""

from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PIN
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .account_check import AccountCheck
from .const import CONF_ICCID, DOMAIN
from .delivery.courier.courier import Courier
from .delivery.status import Status
from .issues import DAMAGED, KEYS, UNREACHED, issue_id, issues_of
from .keeper import EntryKeeper
from .modem.at.errors import PinRefusedError
from .pins import without_pin
from .reauthentication import Reauthentication
from .typed import tidied

_LOGGER = logging.getLogger(__name__)

POLL_INTERVAL: Final = timedelta(seconds=60)
PATIENCE: Final = timedelta(minutes=10)
"""How long port or modem may be away, or silent, before a person is told."""


@dataclass(slots=True)
class RuntimeData:
    """What runs for one entry."""

    courier: Courier
    keeper: EntryKeeper
    coordinator: QuectelCoordinator
    check: AccountCheck


type QuectelConfigEntry = ConfigEntry[RuntimeData]


class QuectelCoordinator(DataUpdateCoordinator[Status]):
    """Passes the courier's status on, and asks a person where only a person helps."""

    config_entry: QuectelConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: QuectelConfigEntry,
        courier: Courier,
        keeper: EntryKeeper,
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
        self._lost = False
        self.reauthentication = Reauthentication(hass, entry)
        self._damage_shown = False
        self._unreached = False
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

    @callback
    def take_status(self) -> None:
        """Pass on what is known now, and act on it."""
        status = self.courier.status
        self._log_availability(status)
        self._time_absence(status)
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

    def _time_absence(self, status: Status) -> None:
        """Note a modem that could not be reached, whatever kept us from it, for long."""
        if not isinstance(status.trouble, UNREACHED) or self._keeper.gate.closed:
            self._stop_timer()
            self._unreached = False
        elif self._absence_timer is None and not self._unreached:
            self._absence_timer = async_call_later(
                self.hass, PATIENCE, self._stays_away
            )

    @callback
    def _stays_away(self, _: datetime) -> None:
        self._absence_timer = None
        self._unreached = True
        self._show_issues(self.courier.status)

    def _stop_timer(self) -> None:
        if self._absence_timer is not None:
            self._absence_timer()
            self._absence_timer = None

    def _show_issues(self, status: Status) -> None:
        """Create what a person has to be told now, and clear what is mended."""
        found = issues_of(
            status, invalid=self._keeper.invalid, unreached=self._unreached
        )
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
