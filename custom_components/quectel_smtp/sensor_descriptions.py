"""Each sensor's description, and where its value comes from: a table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import (
    SIGNAL_STRENGTH_DECIBELS,
    SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
    STATE_UNKNOWN,
    EntityCategory,
    UnitOfInformation,
)
from homeassistant.helpers.typing import StateType

from .delivery.status import Status
from .findings import known
from .last_result import RESULTS, last_attributes, last_result, waiting_attributes
from .modem.network.pdp import PdpState
from .modem.network.radio import Quality
from .modem.network.sim import SimState
from .modem.network.status import Network, Registration, Technology
from .runtime import RuntimeData
from .signal_strength import strength_of


def _network(status: Status) -> Network | None:
    """Return the network, None while the modem is away."""
    return status.network if status.connected else None


def _of_network(value: Callable[[Network], StateType]) -> Callable[[Status], StateType]:
    def value_of(status: Status) -> StateType:
        network = _network(status)
        return None if network is None else value(network)

    return value_of


def _told[E: Enum](kinds: type[E]) -> list[str]:
    """Return what a sensor of these can be: "unknown" is Home Assistant's own word."""
    return [kind.value for kind in kinds if kind.value != STATE_UNKNOWN]


def _word(kind: Enum | None) -> str | None:
    """Return the word for it, None where the modem told nothing that is known."""
    return None if kind is None or kind.value == STATE_UNKNOWN else str(kind.value)


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
        options=list(RESULTS),
        value_fn=lambda status: last_result(status.mail.last),
        attributes_fn=lambda status: last_attributes(status.mail.last),
    ),
    QuectelSensorDescription(
        key="emails_waiting",
        translation_key="emails_waiting",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda status: status.mail.waiting,
        attributes_fn=waiting_attributes,
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
        options=_told(Registration),
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_of_network(lambda network: _word(network.registration)),
    ),
    QuectelSensorDescription(
        key="access_technology",
        translation_key="access_technology",
        device_class=SensorDeviceClass.ENUM,
        options=_told(Technology),
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_of_network(lambda network: _word(network.technology)),
    ),
    QuectelSensorDescription(
        key="sim",
        translation_key="sim",
        device_class=SensorDeviceClass.ENUM,
        options=_told(SimState),
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda status: _word(status.sim) if status.connected else None,
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
