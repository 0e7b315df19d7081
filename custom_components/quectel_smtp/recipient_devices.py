"""The recipients' devices, and what follows the recipients without reloading anything."""

from collections.abc import Callable

from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN, SUBENTRY_RECIPIENT
from .devices import modem_identifier
from .modem.at.errors import InvalidValueError
from .recipients import addresses_of
from .runtime import QuectelConfigEntry


def recipient_device_info(
    hass: HomeAssistant, entry: QuectelConfigEntry, subentry: ConfigSubentry
) -> DeviceInfo:
    """Return the recipient's device, linked to the modem's.

    Its addresses stand where others have their model. That is no state, so that nothing
    records it, and Home Assistant's analytics leave out devices that are services.
    """
    identifier = modem_identifier(entry)
    return DeviceInfo(
        entry_type=DeviceEntryType.SERVICE,
        identifiers={(DOMAIN, f"{identifier[1]}_{subentry.subentry_id}")},
        model=_addresses(subentry),
        name=subentry.title,
        via_device_id=dr.async_get_device_id_by_identifier(
            hass, identifier, config_entry_id=entry.entry_id
        ),
    )


def _addresses(subentry: ConfigSubentry) -> str | None:
    try:
        found = addresses_of(subentry.data)
    except InvalidValueError:
        return None
    return ", ".join(found) or None


@callback
def follow_recipients(
    hass: HomeAssistant,
    entry: QuectelConfigEntry,
    add_entities: AddConfigEntryEntitiesCallback,
    make: Callable[[ConfigSubentry], Entity],
) -> None:
    """Add an entity for each recipient, now and later, and keep its device true."""
    present: set[str] = set()

    @callback
    def follow() -> None:
        recipients = entry.get_subentries_of_type(SUBENTRY_RECIPIENT)
        for subentry in recipients:
            if subentry.subentry_id in present:
                dr.async_get(hass).async_get_or_create(
                    config_entry_id=entry.entry_id,
                    config_subentry_id=subentry.subentry_id,
                    **recipient_device_info(hass, entry, subentry),
                )
            else:
                add_entities([make(subentry)], config_subentry_id=subentry.subentry_id)
        present.clear()
        present.update(subentry.subentry_id for subentry in recipients)

    async def entry_updated(_: HomeAssistant, __: QuectelConfigEntry) -> None:
        # Home Assistant itself removes the entity and device of a removed subentry.
        follow()

    follow()
    entry.async_on_unload(entry.add_update_listener(entry_updated))
