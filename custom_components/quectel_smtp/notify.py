"""One notify entity for each recipient, on a device of its own."""

from datetime import timedelta
from typing import Any, Final, override

from homeassistant.components.notify import NotifyEntity
from homeassistant.components.notify.const import NotifyEntityFeature
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant, ServiceResponse, split_entity_id
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .asked import Asked
from .delivery.errors import OutboxError
from .delivery.records import EmailResult
from .devices import modem_identifier
from .entity import OwnPastEntity
from .legacy import LegacyAction
from .recipient_devices import follow_recipients, recipient_device_info
from .response import response_to
from .runtime import QuectelConfigEntry
from .sending import accept

# No caller waits for another one's email: their order is the courier's business.
PARALLEL_UPDATES: Final = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: QuectelConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the recipients, and follow them without reloading anything."""
    follow_recipients(
        hass,
        entry,
        async_add_entities,
        lambda subentry: RecipientNotifyEntity(hass, entry, subentry),
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
        self._legacy = LegacyAction(self.accept)

    @override
    async def async_added_to_hass(self) -> None:
        """Offer an action of the entity's name, too."""
        await super().async_added_to_hass()
        await self._legacy.register(self.hass, split_entity_id(self.entity_id)[1])

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Offer it no more."""
        await self._legacy.unregister()
        await super().async_will_remove_from_hass()

    @override
    async def async_send_message(self, message: str, title: str | None = None) -> None:
        """Have an email sent; it is accepted, and on disk, once this returns."""
        await self._accept(Asked(message=message, title=title or ""))

    async def async_send_email(
        self, *, wait_for_result: bool, timeout: timedelta, **asked: Any
    ) -> ServiceResponse:
        """Have an email sent with all that one can have; answers what became of it.

        ``timeout``: how long to wait for that. A caller that waits no longer ends
        nothing of the email.
        """
        reference = await self.accept(Asked.of(asked))
        result = await self._result(reference, timeout) if wait_for_result else None
        return await response_to(self.hass, reference, result)

    async def accept(self, asked: Asked) -> str:
        """Have an email sent as it is asked for; returns its reference."""
        reference = await self._accept(asked)
        self._async_record_notification()
        return reference

    async def _accept(self, asked: Asked) -> str:
        return await accept(self.hass, self._entry, self._subentry_id, asked)

    async def _result(self, reference: str, timeout: timedelta) -> EmailResult | None:
        courier = self._entry.runtime_data.courier
        try:
            return await courier.result(reference, timeout.total_seconds())
        except OutboxError:
            # It is accepted: an error of the action would deny that.
            return None
