"""Sensors: the data connection, the network, and how the emails are doing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    SIGNAL_STRENGTH_DECIBELS,
    SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
    EntityCategory,
    UnitOfInformation,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .coordinator import QuectelConfigEntry, RuntimeData
from .delivery.records import Last, Reason, State
from .delivery.status import Status
from .entity import QuectelEntity
from .findings import (
    UNCONFIRMED,
    finding_attributes,
    known,
    refusal_attributes,
    state_name,
)
from .modem.mail.smtp import Result
from .modem.network.pdp import PdpState
from .modem.network.radio import Quality
from .modem.network.sim import SimState
from .modem.network.status import Network, Registration, Technology
from .signal_strength import strength_of

# They are pushed, and the coordinator polls for all.
PARALLEL_UPDATES: Final = 0

_ENDS: Final = {
    state: state_name(state)
    for state in (
        State.SENT,
        State.PARTLY_SENT,
        State.FAILED,
        State.EXPIRED,
        State.CANCELLED,
        State.UNKNOWN,
        State.DEFERRED,
        State.HELD,
    )
}
# Of an email that goes on waiting, how the last attempt with it ended says more.
_ATTEMPTS: Final = {
    Result.REFUSED: "refused",
    Result.DOUBTFUL: "doubtful",
    Result.UNKNOWN: UNCONFIRMED,
}


def last_result(last: Last | None) -> str | None:
    """Return how the last attempt, or the last email, ended."""
    if last is None:
        return None
    if last.state.waiting and last.finding.result in _ATTEMPTS:
        return _ATTEMPTS[last.finding.result]
    return _ENDS.get(last.state)


def _last_attributes(last: Last | None) -> dict[str, Any] | None:
    """Return what is known of it; no text of the email."""
    if last is None:
        return None
    return known(
        {
            **finding_attributes(last.finding),
            **refusal_attributes(last.finding),
            "reference": last.reference,
            "time": last.when.isoformat(),
            "attempts": last.attempts,
            "state": state_name(last.state),
        }
    )


def _waiting_attributes(status: Status) -> dict[str, Any]:
    """Return why emails wait: what needs a person first, and what the modem suffers."""
    mail = status.mail
    reasons = [
        reason
        for why in (mail.held, mail.deferred)
        for reason in Reason
        if reason in why
    ]
    return known(
        {
            "reason": reasons[0].value if reasons else None,
            "trouble": None if status.trouble is None else status.trouble.key,
        }
    )


def _network(status: Status) -> Network | None:
    """Return the network, None while the modem is away."""
    return status.network if status.connected else None


def _of_network(value: Callable[[Network], StateType]) -> Callable[[Status], StateType]:
    def value_of(status: Status) -> StateType:
        network = _network(status)
        return None if network is None else value(network)

    return value_of


def _of_quality(value: Callable[[Quality], StateType]) -> Callable[[Status], StateType]:
    def value_of(status: Status) -> StateType:
        quality = status.quality if status.connected else None
        return None if quality is None else value(quality)

    return value_of


def _signal_attributes(status: Status) -> dict[str, Any]:
    """Return the signal's strength in a word."""
    network = _network(status)
    strength = None if network is None else strength_of(network.signal)
    return known({"strength": strength})


@dataclass(frozen=True, kw_only=True)
class QuectelSensorDescription(SensorEntityDescription):
    """A sensor that shows a part of the status."""

    value_fn: Callable[[Status], StateType | datetime]
    attributes_fn: Callable[[Status], Mapping[str, Any] | None] = lambda _: None


@dataclass(frozen=True, kw_only=True)
class QuectelRuntimeSensorDescription(SensorEntityDescription):
    """A sensor that shows what is kept beside the status."""

    value_fn: Callable[[RuntimeData], StateType | datetime]
    last_reset_fn: Callable[[RuntimeData], datetime | None] = lambda _: None


SENSORS: Final = (
    QuectelSensorDescription(
        key="pdp_context",
        translation_key="pdp_context",
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in PdpState],
        value_fn=lambda status: status.pdp.value,
    ),
    QuectelSensorDescription(
        key="last_send_result",
        translation_key="last_send_result",
        device_class=SensorDeviceClass.ENUM,
        options=[*dict.fromkeys((*_ENDS.values(), *_ATTEMPTS.values()))],
        value_fn=lambda status: last_result(status.mail.last),
        attributes_fn=lambda status: _last_attributes(status.mail.last),
    ),
    QuectelSensorDescription(
        key="emails_waiting",
        translation_key="emails_waiting",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda status: status.mail.waiting,
        attributes_fn=_waiting_attributes,
    ),
    QuectelSensorDescription(
        key="oldest_email_waiting",
        translation_key="oldest_email_waiting",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda status: status.mail.oldest,
    ),
    QuectelSensorDescription(
        key="last_email_sent",
        translation_key="last_email_sent",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda status: status.mail.last_sent,
    ),
    QuectelSensorDescription(
        key="emails_sent",
        translation_key="emails_sent",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda status: status.mail.sent,
    ),
    QuectelSensorDescription(
        key="emails_failed",
        translation_key="emails_failed",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda status: status.mail.failed,
    ),
    QuectelSensorDescription(
        key="signal_strength",
        translation_key="signal_strength",
        device_class=SensorDeviceClass.SIGNAL_STRENGTH,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_of_network(lambda network: network.signal),
        attributes_fn=_signal_attributes,
    ),
    QuectelSensorDescription(
        key="rsrp",
        translation_key="rsrp",
        device_class=SensorDeviceClass.SIGNAL_STRENGTH,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=_of_quality(lambda quality: quality.rsrp),
    ),
    QuectelSensorDescription(
        key="rsrq",
        translation_key="rsrq",
        device_class=SensorDeviceClass.SIGNAL_STRENGTH,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=SIGNAL_STRENGTH_DECIBELS,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=_of_quality(lambda quality: quality.rsrq),
    ),
    QuectelSensorDescription(
        # Some firmwares give decibels, some fifths of them: a number without a unit.
        key="sinr",
        translation_key="sinr",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=_of_quality(lambda quality: quality.sinr),
    ),
    QuectelSensorDescription(
        key="operator",
        translation_key="operator",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_of_network(lambda network: network.operator),
    ),
    QuectelSensorDescription(
        key="registration",
        translation_key="registration",
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in Registration],
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_of_network(lambda network: network.registration.value),
    ),
    QuectelSensorDescription(
        key="access_technology",
        translation_key="access_technology",
        device_class=SensorDeviceClass.ENUM,
        options=[technology.value for technology in Technology],
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_of_network(
            lambda network: network.technology and network.technology.value
        ),
    ),
    QuectelSensorDescription(
        key="sim",
        translation_key="sim",
        device_class=SensorDeviceClass.ENUM,
        options=[state.value for state in SimState],
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda status: (
            status.sim.value if status.connected and status.sim else None
        ),
    ),
    QuectelSensorDescription(
        key="ip_address",
        translation_key="ip_address",
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda status: status.address,
    ),
)
RUNTIME_SENSORS: Final = (
    QuectelRuntimeSensorDescription(
        key="data_sent",
        translation_key="data_sent",
        value_fn=lambda runtime: runtime.month.sent,
        last_reset_fn=lambda runtime: runtime.month.since,
        device_class=SensorDeviceClass.DATA_SIZE,
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.KILOBYTES,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    QuectelRuntimeSensorDescription(
        key="data_received",
        translation_key="data_received",
        value_fn=lambda runtime: runtime.month.received,
        last_reset_fn=lambda runtime: runtime.month.since,
        device_class=SensorDeviceClass.DATA_SIZE,
        state_class=SensorStateClass.TOTAL,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.KILOBYTES,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    QuectelRuntimeSensorDescription(
        key="last_test_report",
        translation_key="last_test_report",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda runtime: runtime.report.success,
    ),
)


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
