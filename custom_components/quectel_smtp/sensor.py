"""Sensors: the PDP context's state, and how the last email ended."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.restore_state import RestoreEntity

from .coordinator import QuectelConfigEntry, QuectelCoordinator
from .delivery.courier import Report, Status
from .entity import QuectelEntity
from .failures import code_name
from .modem.pdp import PdpState
from .modem.smtp import Result

# They are pushed, and the coordinator polls for all.
PARALLEL_UPDATES: Final = 0

FAILED: Final = "failed"
"""The email never got as far as an outcome: nothing was sent."""
UNCONFIRMED: Final = "unconfirmed"
"""The result was lost; Home Assistant keeps the word "unknown" for itself."""

_ATTRIBUTES: Final = (
    "code",
    "code_name",
    "reply",
    "reply_name",
    "error",
    "reference",
    "time",
)


@dataclass(frozen=True, kw_only=True)
class QuectelSensorDescription(SensorEntityDescription):
    """A sensor that shows a value of the status as it is."""

    value_fn: Callable[[Status], str]


PDP_CONTEXT: Final = QuectelSensorDescription(
    key="pdp_context",
    translation_key="pdp_context",
    device_class=SensorDeviceClass.ENUM,
    options=[state.value for state in PdpState],
    value_fn=lambda status: status.pdp.value,
)
LAST_SEND_RESULT: Final = SensorEntityDescription(
    key="last_send_result",
    translation_key="last_send_result",
    device_class=SensorDeviceClass.ENUM,
    options=[Result.SENT, Result.REFUSED, Result.DOUBTFUL, UNCONFIRMED, FAILED],
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: QuectelConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of the modem."""
    coordinator = entry.runtime_data.coordinator
    async_add_entities(
        [
            QuectelSensor(coordinator, PDP_CONTEXT),
            LastSendResultSensor(coordinator, LAST_SEND_RESULT),
        ]
    )


class QuectelSensor(QuectelEntity, SensorEntity):
    """Shows a value of the status."""

    entity_description: QuectelSensorDescription

    @property
    @override
    def native_value(self) -> str:
        """Return the value as last known."""
        return self.entity_description.value_fn(self.coordinator.data)


def _result(report: Report) -> str:
    if report.outcome is None:
        return FAILED
    if report.outcome.result is Result.UNKNOWN:
        return UNCONFIRMED
    return report.outcome.result.value


def _attributes(report: Report) -> dict[str, Any]:
    """Return what is known of the end of an email; no text of the email."""
    outcome = report.outcome
    code = None if outcome is None else outcome.code
    reply = None if outcome is None else outcome.reply
    return {
        "code": None if code is None else int(code),
        "code_name": code_name(code),
        "reply": None if reply is None else int(reply),
        "reply_name": code_name(reply),
        "error": None if report.error is None else report.error.key,
        "reference": report.reference,
        "time": report.when.isoformat(),
    }


class LastSendResultSensor(QuectelEntity, SensorEntity, RestoreEntity):
    """Shows how the last email ended, also after a restart."""

    def __init__(
        self, coordinator: QuectelCoordinator, description: SensorEntityDescription
    ) -> None:
        """Know of no email yet."""
        super().__init__(coordinator, description)
        self._value: str | None = None
        self._details: Mapping[str, Any] = {}

    @override
    async def async_added_to_hass(self) -> None:
        """Take up what was shown before the restart, until there is news."""
        await super().async_added_to_hass()
        last = await self.async_get_last_state()
        if last is not None and last.state in (self.options or ()):
            self._value = last.state
            self._details = {
                name: last.attributes[name]
                for name in _ATTRIBUTES
                if name in last.attributes
            }
        self._take_report()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        self._take_report()
        super()._handle_coordinator_update()

    def _take_report(self) -> None:
        report = self.coordinator.data.last
        if report is not None:
            self._value = _result(report)
            self._details = _attributes(report)

    @property
    @override
    def native_value(self) -> str | None:
        """Return how the last email ended."""
        return self._value

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return the modem's and the server's codes."""
        return self._details
