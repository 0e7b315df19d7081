"""Sensors: the PDP context's state, and how the emails are doing."""

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
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .coordinator import QuectelConfigEntry
from .delivery.records import Last, Reason, State
from .delivery.status import Status
from .entity import QuectelEntity
from .findings import UNCONFIRMED, finding_attributes, refusal_attributes, state_name
from .modem.mail.smtp import Result
from .modem.network.pdp import PdpState

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
    return {
        **finding_attributes(last.finding),
        **refusal_attributes(last.finding),
        "reference": last.reference,
        "time": last.when.isoformat(),
        "attempts": last.attempts,
        "state": state_name(last.state),
    }


def _waiting_attributes(status: Status) -> dict[str, Any]:
    """Return why emails wait: what needs a person first, and what the modem suffers."""
    mail = status.mail
    reasons = [
        reason
        for why in (mail.held, mail.deferred)
        for reason in Reason
        if reason in why
    ]
    return {
        "reason": reasons[0].value if reasons else None,
        "trouble": None if status.trouble is None else status.trouble.key,
    }


@dataclass(frozen=True, kw_only=True)
class QuectelSensorDescription(SensorEntityDescription):
    """A sensor that shows a part of the status."""

    value_fn: Callable[[Status], StateType | datetime]
    attributes_fn: Callable[[Status], Mapping[str, Any] | None] = lambda _: None


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
