"""The event entities: what becomes of each email, and of the line, as it happens."""

from typing import Final, override

from homeassistant.components.event import (
    ATTR_EVENT_TYPE,
    EventEntity,
    EventEntityDescription,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .delivery.records import Transition
from .entity import OwnPastEntity, QuectelEntity
from .findings import EVENT_TYPES, event_type, known, transition_attributes
from .line_state import BACK, LOST, Obstacle
from .runtime import QuectelConfigEntry

# It is pushed.
PARALLEL_UPDATES: Final = 0

EMAIL: Final = EventEntityDescription(
    key="email", translation_key="email", event_types=list(EVENT_TYPES)
)
LINE: Final = EventEntityDescription(
    key="line", translation_key="line", event_types=[LOST, BACK]
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: QuectelConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the event entities of the modem."""
    coordinator = entry.runtime_data.coordinator
    async_add_entities([EmailEvent(coordinator, EMAIL), LineEvent(coordinator, LINE)])


class EmailEvent(QuectelEntity, OwnPastEntity, EventEntity):
    """Tells of each email once it is accepted, deferred, held, and over."""

    @override
    async def async_added_to_hass(self) -> None:
        """Listen; what happened before is told once the courier starts."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.courier.on_transition(self._tell))

    @callback
    def _tell(self, transition: Transition) -> None:
        attributes = known(transition_attributes(transition))
        self._trigger_event(event_type(transition), attributes)
        self.async_write_ha_state()


class LineEvent(QuectelEntity, OwnPastEntity, EventEntity):
    """Tells when an email could not leave any more, and when it could again."""

    # Until the contrary is known it is ready, so that a loss is told of after a start too.
    _ready = True

    @override
    async def async_added_to_hass(self) -> None:
        """Go on from what was told last; a loss before a restart is told once."""
        await super().async_added_to_hass()
        self._ready = self.state_attributes.get(ATTR_EVENT_TYPE) != LOST

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Tell what is news."""
        obstacle = self.coordinator.obstacle
        if obstacle is Obstacle.STARTING or (obstacle is None) is self._ready:
            return
        self._ready = obstacle is None
        if obstacle is None:
            self._trigger_event(BACK)
        else:
            self._trigger_event(LOST, {"reason": obstacle.value})
        self.async_write_ha_state()
