"""The modem's state for entities: pushed by the courier, checked by a slow poll."""

from dataclasses import dataclass
from datetime import timedelta
import logging
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_MODEL, CONF_PIN
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .const import CONF_FIRMWARE, CONF_ICCID, CONF_REASON, REASON_LOGIN, REASON_PIN
from .delivery.courier import Courier, Report, Status
from .entity import modem_device_info
from .modem.codes import SmtpError
from .modem.errors import PinRefusedError, PinRequiredError
from .modem.status import Identity
from .pins import without_pin

_LOGGER = logging.getLogger(__name__)

POLL_INTERVAL: Final = timedelta(seconds=60)

LOGIN_REFUSED: Final = frozenset(
    {SmtpError.AUTH_TYPE_UNSUPPORTED, SmtpError.ACCESS_DENIED, SmtpError.AUTH_FAILED}
)


@dataclass(slots=True)
class RuntimeData:
    """What runs for one entry."""

    courier: Courier
    coordinator: QuectelCoordinator


type QuectelConfigEntry = ConfigEntry[RuntimeData]


class QuectelCoordinator(DataUpdateCoordinator[Status]):
    """Passes the courier's status on, and asks a person where only a person helps."""

    config_entry: QuectelConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: QuectelConfigEntry, courier: Courier
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
        self._lost = False
        self._pin_asked = False
        self._report_seen: Report | None = None
        entry.async_on_unload(courier.watch(self._status_changed))

    @override
    async def _async_update_data(self) -> Status:
        await self.courier.poll()
        return self.courier.status

    @callback
    def _status_changed(self) -> None:
        status = self.courier.status
        self._log_availability(status)
        if status.identity is not None:
            self._note_identity(status.identity)
        self._ask_for_pin(status)
        self._ask_for_login(status.last)
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

    def _note_identity(self, identity: Identity) -> None:
        """Keep model and firmware as they are now, after an update for one."""
        entry = self.config_entry
        found = {CONF_MODEL: identity.model, CONF_FIRMWARE: identity.firmware}
        if identity.imei != entry.unique_id or found.items() <= entry.data.items():
            return
        self.hass.config_entries.async_update_entry(entry, data=entry.data | found)
        dr.async_get(self.hass).async_get_or_create(
            config_entry_id=entry.entry_id, **modem_device_info(entry)
        )

    def _ask_for_pin(self, status: Status) -> None:
        """Have the PIN asked for, once for as long as it is missing."""
        if not isinstance(status.trouble, PinRequiredError):
            if status.trouble is None and status.connected:
                self._pin_asked = False
            return
        if isinstance(status.trouble, PinRefusedError):
            self._drop_pin()
        if not self._pin_asked:
            self._pin_asked = True
            self._start_reauth(REASON_PIN)

    def _drop_pin(self) -> None:
        """Forget a refused PIN for good: each further try may lock the SIM."""
        entry = self.config_entry
        # Dropped already while the same trouble goes on.
        if (pin := entry.data.get(CONF_PIN)) is not None:
            iccid = entry.data.get(CONF_ICCID)
            self.hass.config_entries.async_update_entry(
                entry, data=without_pin(self.hass, entry.data, pin, iccid)
            )

    def _ask_for_login(self, report: Report | None) -> None:
        """Have the login asked for, once for each email that it kept from going."""
        if report is None or report is self._report_seen:
            return
        self._report_seen = report
        if report.outcome is not None and report.outcome.code in LOGIN_REFUSED:
            self._start_reauth(REASON_LOGIN)

    def _start_reauth(self, reason: str) -> None:
        self.config_entry.async_start_reauth(self.hass, data={CONF_REASON: reason})
