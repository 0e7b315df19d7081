"""What the entities of a modem share: its device, and that they are always there."""

from typing import TYPE_CHECKING, override

from homeassistant.const import CONF_MODEL
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import CONF_FIRMWARE, DOMAIN, MANUFACTURER

if TYPE_CHECKING:
    from .coordinator import QuectelConfigEntry, QuectelCoordinator


def modem_identifier(entry: QuectelConfigEntry) -> tuple[str, str]:
    """Return what the device registry knows the modem by: its IMEI."""
    return (DOMAIN, entry.unique_id or entry.entry_id)


def modem_device_info(entry: QuectelConfigEntry) -> DeviceInfo:
    """Return the modem's device, as it was last identified."""
    return DeviceInfo(
        identifiers={modem_identifier(entry)},
        manufacturer=MANUFACTURER,
        model=entry.data.get(CONF_MODEL),
        name=entry.title,
        serial_number=entry.unique_id,
        sw_version=entry.data.get(CONF_FIRMWARE),
    )


class QuectelEntity(CoordinatorEntity["QuectelCoordinator"]):
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
