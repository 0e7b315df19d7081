"""What the entities of a modem share: its device, and that they are always there."""

from typing import override

from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .coordinator import QuectelCoordinator
from .devices import modem_device_info, modem_identifier


class QuectelEntity(CoordinatorEntity[QuectelCoordinator]):
    """An entity of the modem; what it shows is our knowledge, with or without it."""

    _attr_has_entity_name = True

    def __init__(
        self, coordinator: QuectelCoordinator, description: EntityDescription
    ) -> None:
        """Belong to the modem of this coordinator."""
        super().__init__(coordinator)
        entry = coordinator.config_entry
        self.entity_description = description
        self._attr_unique_id = f"{modem_identifier(entry)[1]}_{description.key}"
        self._attr_device_info = modem_device_info(entry)

    @property
    @override
    def available(self) -> bool:
        """Stay: the modem's absence is a state of its own, not ours."""
        return True
