"""What entities share: that they belong to the modem and stay, and show their own past."""

from typing import override

from homeassistant.core import State
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.restore_state import RestoreEntity
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


class OwnPastEntity(RestoreEntity):
    """Restores what it showed itself, not what one of the same entity id did.

    Home Assistant keeps states for days by their entity ids, also of what was deleted,
    and a crash brings back those that were cleared shortly before. So what is older than
    the entry, or than the entity in the registry, is another's. Both are asked: the
    registry knows the entities of a modem again that was set up before.
    """

    @override
    async def async_get_last_state(self) -> State | None:
        """Return the state before the restart, None if it was another's."""
        state = await super().async_get_last_state()
        made = [
            thing.created_at
            for thing in (self.platform.config_entry, self.registry_entry)
            if thing is not None
        ]
        return state if state and state.last_updated >= max(made) else None
