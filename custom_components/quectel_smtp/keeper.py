"""Keeps an entry and its courier in step: what one of them learns, the other gets."""

from dataclasses import replace

from homeassistant.const import CONF_DEVICE, CONF_MODEL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr

from .const import CONF_FIRMWARE, CONF_MAIL_CLIENT
from .delivery.courier.courier import Courier
from .delivery.status import Status
from .devices import modem_device_info
from .entry_data import Reading, read
from .line_state import Obstacle, of_trouble
from .modem.at.errors import InvalidValueError
from .modem.network.status import Identity
from .port_search import PortSearch
from .ports import Gate
from .recipients import recipients_of
from .runtime import QuectelConfigEntry


class EntryKeeper:
    """Hands changed settings to the courier, and notes what it finds in the entry."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: QuectelConfigEntry,
        courier: Courier,
        reading: Reading,
        gate: Gate,
        search: PortSearch,
    ) -> None:
        """Take what the courier was made of."""
        self.invalid: InvalidValueError | None = reading.invalid
        """What in the entry can't be used."""
        self._hass = hass
        self._entry = entry
        self._courier = courier
        self.gate = gate
        self._wanted = reading.settings
        self._search = search
        self._port: str | None = None

    # From the entry to the courier.

    @callback
    def entry_changed(self) -> None:
        """Hand what has changed to the running courier: nothing is unloaded.

        Settings that can't be used leave it with those that it has.
        """
        self.recipients_changed()
        entry = self._entry
        reading = read(entry.data, entry.options, entry.unique_id)
        self.invalid = reading.invalid
        if reading.settings is not None and reading.settings != self._wanted:
            self._wanted = reading.settings
            self.gate.closed = False
            self._courier.update(reading.settings)

    @callback
    def recipients_changed(self) -> None:
        """Have what waits follow the recipients as they are now."""
        self._courier.follow(recipients_of(self._entry))

    # From the courier to the entry.

    @callback
    def status_changed(self, status: Status) -> None:
        """Note who the modem is and where."""
        if status.identity is not None:
            self._note_identity(status.identity)
        if not status.connected:
            # It may come back at another socket, under the same name.
            self._port = None
        elif self._answers(status):
            self._note_port(status.port)

    def _answers(self, status: Status) -> bool:
        """Whether it is our modem that is connected, whatever it suffers."""
        who = status.identity
        known = who is not None and who.imei == self._entry.unique_id
        if status.trouble is None or not known:
            return known
        unreached = (Obstacle.MODEM_AWAY, Obstacle.MODEM_SILENT)
        return of_trouble(status.trouble) not in unreached

    def _note_identity(self, identity: Identity) -> None:
        """Keep model and firmware as they are now, after an update for one."""
        entry = self._entry
        found = {CONF_MODEL: identity.model, CONF_FIRMWARE: identity.firmware}
        if identity.imei != entry.unique_id or found.items() <= entry.data.items():
            return
        # Whether another firmware has a mail client is not known yet.
        kept = {k: v for k, v in entry.data.items() if k != CONF_MAIL_CLIENT}
        self._hass.config_entries.async_update_entry(entry, data=kept | found)
        dr.async_get(self._hass).async_get_or_create(
            config_entry_id=entry.entry_id, **modem_device_info(entry)
        )

    def _note_port(self, port: str | None) -> None:
        """Keep the port that the modem was found behind, which the courier knows."""
        if port is None or port == self._port:
            return
        self._port = port
        entry = self._entry
        entry.async_create_background_task(
            self._hass, self._search.learn(port), "quectel_smtp learn port"
        )
        if self._wanted is None or entry.data.get(CONF_DEVICE) == port:
            return
        self._wanted = replace(self._wanted, port=replace(self._wanted.port, url=port))
        self._hass.config_entries.async_update_entry(
            entry, data=entry.data | {CONF_DEVICE: port}
        )
