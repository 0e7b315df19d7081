"""Binary sensors: whether the next email can go, and in whose network the modem is."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import QuectelEntity
from .line_state import Obstacle
from .modem.network.status import Registration
from .runtime import QuectelConfigEntry

# They are pushed, and the coordinator polls for all.
PARALLEL_UPDATES: Final = 0

LINE_READY: Final = BinarySensorEntityDescription(
    key="line_ready",
    translation_key="line_ready",
    device_class=BinarySensorDeviceClass.CONNECTIVITY,
)
ROAMING: Final = BinarySensorEntityDescription(
    key="roaming",
    translation_key="roaming",
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: QuectelConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors of the modem."""
    coordinator = entry.runtime_data.coordinator
    async_add_entities(
        [LineReady(coordinator, LINE_READY), Roaming(coordinator, ROAMING)]
    )


class LineReady(QuectelEntity, BinarySensorEntity):
    """Whether an email that comes now can leave; what is in its way if not."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether it can; None where nothing is known yet."""
        obstacle = self.coordinator.obstacle
        return None if obstacle is Obstacle.STARTING else obstacle is None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return what is in its way."""
        obstacle = self.coordinator.obstacle
        return {} if obstacle is None else {"reason": obstacle.value}


class Roaming(QuectelEntity, BinarySensorEntity):
    """Whether the modem is in another operator's network."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Return whether it is; None where it is in none."""
        status = self.coordinator.data
        network = status.network
        if not status.connected or network is None:
            return None
        if not network.registration.registered:
            return None
        return network.registration is Registration.ROAMING
