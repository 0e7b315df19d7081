"""Sensors: the data connection, the network, and how the emails are doing."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .entity import QuectelEntity
from .runtime import QuectelConfigEntry, RuntimeData
from .sensor_descriptions import (
    RUNTIME_SENSORS,
    SENSORS,
    QuectelRuntimeSensorDescription,
    QuectelSensorDescription,
)

# They are pushed, and the coordinator polls for all.
PARALLEL_UPDATES: Final = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: QuectelConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of the modem."""
    coordinator = entry.runtime_data.coordinator
    async_add_entities(
        QuectelSensor(coordinator, description) for description in SENSORS
    )
    async_add_entities(
        QuectelRuntimeSensor(coordinator, description)
        for description in RUNTIME_SENSORS
    )


class QuectelSensor(QuectelEntity, SensorEntity):
    """Shows a part of the status, which the outbox keeps over restarts."""

    entity_description: QuectelSensorDescription

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the value as last known."""
        return self.entity_description.value_fn(self.coordinator.data)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return what else is known of it."""
        return self.entity_description.attributes_fn(self.coordinator.data)


class QuectelRuntimeSensor(QuectelEntity, SensorEntity):
    """Shows what is kept beside the status."""

    entity_description: QuectelRuntimeSensorDescription

    @property
    def _runtime(self) -> RuntimeData:
        return self.coordinator.config_entry.runtime_data

    @property
    @override
    def native_value(self) -> StateType | datetime:
        """Return the value as last known."""
        return self.entity_description.value_fn(self._runtime)

    @property
    @override
    def last_reset(self) -> datetime | None:
        """Return when a count began that begins anew at times."""
        return self.entity_description.last_reset_fn(self._runtime)
