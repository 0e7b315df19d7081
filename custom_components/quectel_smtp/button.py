"""Buttons: a test email, the modem restarted, the data connection made anew."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.components.button.const import ButtonDeviceClass
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import QuectelCoordinator
from .delivery.errors import BusyError, TooSoonError
from .devices import modem_identifier
from .entity import OwnPastEntity, QuectelEntity
from .failures import modem_failure
from .modem.at.errors import ModemError
from .recipient_devices import follow_recipients, recipient_device_info
from .runtime import QuectelConfigEntry
from .trial import Trial, send_trial

# What one does keeps no other waiting: the courier says no while it is at work.
PARALLEL_UPDATES: Final = 0


async def _send_test(coordinator: QuectelCoordinator) -> None:
    """Try the way to the sender's own mailbox: no recipient is woken by it."""
    entry = coordinator.config_entry
    await send_trial(coordinator.hass, entry, coordinator.courier, Trial.TEST, None)


@dataclass(frozen=True, kw_only=True)
class QuectelButtonDescription(ButtonEntityDescription):
    """A button of the modem."""

    press_fn: Callable[[QuectelCoordinator], Awaitable[None]]


BUTTONS: Final = (
    QuectelButtonDescription(
        key="send_test_email",
        translation_key="send_test_email",
        entity_category=EntityCategory.DIAGNOSTIC,
        press_fn=_send_test,
    ),
    QuectelButtonDescription(
        key="restart_modem",
        translation_key="restart_modem",
        device_class=ButtonDeviceClass.RESTART,
        entity_category=EntityCategory.CONFIG,
        press_fn=lambda coordinator: coordinator.courier.restart_modem(),
    ),
    QuectelButtonDescription(
        key="reconnect",
        translation_key="reconnect",
        entity_category=EntityCategory.CONFIG,
        press_fn=lambda coordinator: coordinator.courier.reconnect(),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: QuectelConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of the modem, and one of each recipient."""
    coordinator = entry.runtime_data.coordinator
    async_add_entities(
        QuectelButton(coordinator, description) for description in BUTTONS
    )
    follow_recipients(
        hass,
        entry,
        async_add_entities,
        lambda subentry: RecipientTestButton(hass, entry, subentry),
    )


class QuectelButton(QuectelEntity, OwnPastEntity, ButtonEntity):
    """Has something done with the modem, between two emails."""

    entity_description: QuectelButtonDescription

    @override
    async def async_press(self) -> None:
        """Have it done; what keeps it from being done is an error."""
        try:
            await self.entity_description.press_fn(self.coordinator)
        except (BusyError, TooSoonError, ModemError) as err:
            raise modem_failure(err) from err


class RecipientTestButton(OwnPastEntity, ButtonEntity):
    """Sends a test email to a recipient, at its addresses as they are."""

    _attr_has_entity_name = True
    _attr_entity_category = EntityCategory.DIAGNOSTIC
    _attr_translation_key = "send_test_email"

    def __init__(
        self, hass: HomeAssistant, entry: QuectelConfigEntry, subentry: ConfigSubentry
    ) -> None:
        """Belong to the recipient's device."""
        self._entry = entry
        self._subentry_id = subentry.subentry_id
        imei = modem_identifier(entry)[1]
        self._attr_unique_id = f"{imei}_{subentry.subentry_id}_send_test_email"
        self._attr_device_info = recipient_device_info(hass, entry, subentry)

    @override
    async def async_press(self) -> None:
        """Have it accepted; what becomes of it is told as of any email."""
        await send_trial(
            self.hass,
            self._entry,
            self._entry.runtime_data.courier,
            Trial.TEST,
            self._entry.subentries[self._subentry_id],
        )
