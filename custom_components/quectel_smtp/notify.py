"""One notify entity for each recipient, on a device of its own."""

from typing import Final, override

from homeassistant.components.notify import NotifyEntity
from homeassistant.components.notify.const import NotifyEntityFeature
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from . import typed
from .const import DEFAULT_SUBJECT, DOMAIN, SUBENTRY_RECIPIENT
from .coordinator import QuectelConfigEntry
from .delivery.email import Email
from .delivery.errors import OutboxError
from .devices import modem_identifier
from .failures import outbox_failure, refused_value
from .modem.at.errors import InvalidValueError
from .own_past import OwnPastEntity
from .recipients import addresses_of, is_critical

# No caller waits for another one's email: their order is the courier's business.
PARALLEL_UPDATES: Final = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: QuectelConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the recipients, and follow them without reloading anything."""
    present: set[str] = set()

    @callback
    def follow_recipients() -> None:
        recipients = entry.get_subentries_of_type(SUBENTRY_RECIPIENT)
        for subentry in recipients:
            if subentry.subentry_id in present:
                dr.async_get(hass).async_get_or_create(
                    config_entry_id=entry.entry_id,
                    config_subentry_id=subentry.subentry_id,
                    **recipient_device_info(hass, entry, subentry),
                )
            else:
                async_add_entities(
                    [RecipientNotifyEntity(hass, entry, subentry)],
                    config_subentry_id=subentry.subentry_id,
                )
        present.clear()
        present.update(subentry.subentry_id for subentry in recipients)

    async def entry_updated(_: HomeAssistant, __: QuectelConfigEntry) -> None:
        # Home Assistant itself removes the entity and device of a removed subentry.
        follow_recipients()

    follow_recipients()
    entry.async_on_unload(entry.add_update_listener(entry_updated))


def recipient_device_info(
    hass: HomeAssistant, entry: QuectelConfigEntry, subentry: ConfigSubentry
) -> DeviceInfo:
    """Return the recipient's device, linked to the modem's."""
    identifier = modem_identifier(entry)
    return DeviceInfo(
        entry_type=DeviceEntryType.SERVICE,
        identifiers={(DOMAIN, f"{identifier[1]}_{subentry.subentry_id}")},
        name=subentry.title,
        via_device_id=dr.async_get_device_id_by_identifier(
            hass, identifier, config_entry_id=entry.entry_id
        ),
    )


class RecipientNotifyEntity(OwnPastEntity, NotifyEntity):
    """Sends emails to one recipient.

    It is always available: Home Assistant drops an action on an unavailable entity
    without an error, and with it the alarm.
    """

    _attr_has_entity_name = True
    _attr_name = None
    _attr_supported_features = NotifyEntityFeature.TITLE
    _attr_translation_key = "recipient"

    def __init__(
        self, hass: HomeAssistant, entry: QuectelConfigEntry, subentry: ConfigSubentry
    ) -> None:
        """Send to this subentry's addresses as they are at the time."""
        self._entry = entry
        self._subentry_id = subentry.subentry_id
        self._attr_unique_id = f"{modem_identifier(entry)[1]}_{subentry.subentry_id}"
        self._attr_device_info = recipient_device_info(hass, entry, subentry)

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Have an email sent; it is accepted, and on disk, once this returns."""
        subentry = self._entry.subentries[self._subentry_id]
        try:
            to = addresses_of(subentry.data)
            email = Email(
                subject=typed.one_line(title or "") or DEFAULT_SUBJECT,
                body=typed.sendable(message),
                to=to.to,
                cc=to.cc,
                bcc=to.bcc,
                recipient=subentry.title,
                recipient_id=self._subentry_id,
                critical=is_critical(subentry.data),
            )
            await self._entry.runtime_data.courier.submit(email)
        except InvalidValueError as err:
            raise refused_value(err) from err
        except OutboxError as err:
            raise outbox_failure(err) from err
