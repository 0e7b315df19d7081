"""The event entity: what becomes of each email, as it happens."""

from typing import Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import QuectelConfigEntry
from .delivery.records import Transition
from .entity import QuectelEntity
from .findings import EVENT_TYPES, event_type, transition_attributes
from .own_past import OwnPastEntity

# It is pushed.
PARALLEL_UPDATES: Final = 0

EMAIL: Final = EventEntityDescription(
    key="email", translation_key="email", event_types=list(EVENT_TYPES)
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: QuectelConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the event entity of the modem."""
    async_add_entities([EmailEvent(entry.runtime_data.coordinator, EMAIL)])


class EmailEvent(QuectelEntity, OwnPastEntity, EventEntity):
    """Tells of each email once it is accepted, deferred, held, and over."""

    @override
    async def async_added_to_hass(self) -> None:
        """Listen; what happened before is told once the courier starts."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.courier.on_transition(self._tell))

    @callback
    def _tell(self, transition: Transition) -> None:
        self._trigger_event(event_type(transition), transition_attributes(transition))
        self.async_write_ha_state()
