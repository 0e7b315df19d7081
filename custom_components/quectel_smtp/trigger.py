"""The triggers that an automation's editor offers: what becomes of emails and the line."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, override

from homeassistant.components.event.const import ATTR_EVENT_TYPE
from homeassistant.const import CONF_OPTIONS
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import config_validation as cv, entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
    TriggerConfig,
)
from homeassistant.helpers.typing import ConfigType

from .delivery.records import MENDED_BY_A_PERSON, Reason, State as Fate
from .findings import RECIPIENT_ID, UNCONFIRMED
from .line_state import BACK, LOST, Obstacle
from .own_entities import own_entities, refuse_others

if TYPE_CHECKING:
    # Home Assistant answers the import of voluptuous with this, its own engine.
    import probatio as vol
else:
    import voluptuous as vol

type _Fields = Mapping[vol.Marker, Any]

CONF_RECIPIENT: Final = "recipient"
CONF_REASON: Final = "reason"

FAILURES: Final = (
    Fate.FAILED.value,
    Fate.EXPIRED.value,
    UNCONFIRMED,
    Fate.PARTLY_SENT.value,
)
"""Ends of which somebody may have got nothing."""
HOLDS: Final = tuple(reason.value for reason in (*MENDED_BY_A_PERSON, Reason.RESTORED))
"""What an email is held for."""
LOSSES: Final = tuple(
    obstacle.value for obstacle in Obstacle if obstacle is not Obstacle.STARTING
)
"""What a line is lost by."""

_RECIPIENT: Final[_Fields] = {vol.Optional(CONF_RECIPIENT): cv.entity_ids}


def _reason(known: tuple[str, ...]) -> _Fields:
    """Return the field that chooses among reasons; all of them where it is left out."""
    return {vol.Optional(CONF_REASON): vol.All(cv.ensure_list, [vol.In(known)])}


def _schema(fields: _Fields) -> vol.Schema:
    return ENTITY_STATE_TRIGGER_SCHEMA.extend(
        {vol.Required(CONF_OPTIONS, default={}): fields}
    )


class _EventTrigger(StatelessEntityTriggerBase):
    """What one of our event entities tells, as it happens.

    What it shows again after a restart or a reload is no event: then it comes out of
    nothing, or out of "unavailable".
    """

    _domain_specs = {"event": DomainSpec()}
    _entity: ClassVar[str]
    _types: ClassVar[tuple[str, ...]]
    # Which attribute tells what the field "reason" chooses by.
    _reason_from: ClassVar[str] = CONF_REASON

    @classmethod
    @override
    async def async_validate_config(
        cls, hass: HomeAssistant, config: ConfigType
    ) -> ConfigType:
        """Take what can come true."""
        config = await super().async_validate_config(hass, config)
        return await refuse_others(hass, config, cls._entity)

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        """Take what a person chose."""
        super().__init__(hass, config)
        self._recipients: list[str] | None = self._options.get(CONF_RECIPIENT)
        self._reasons: list[str] | None = self._options.get(CONF_REASON)

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Listen to the entities of this kind alone."""
        return own_entities(self._hass, entities, self._entity)

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        """Tell whether it is what a person wants to hear of."""
        told = state.attributes
        return (
            told.get(ATTR_EVENT_TYPE) in self._types
            and (not self._reasons or told.get(self._reason_from) in self._reasons)
            and (not self._recipients or self._goes_to_one_of(self._recipients, state))
        )

    def _goes_to_one_of(self, recipients: list[str], state: State) -> bool:
        """Tell whether the email is for one of these notify entities.

        A recipient keeps its id, whatever it is called by now.
        """
        registry = er.async_get(self._hass)
        modem = registry.async_get(state.entity_id)
        told = state.attributes.get(RECIPIENT_ID)
        return any(
            told is not None
            and modem is not None
            and chosen is not None
            and chosen.config_entry_id == modem.config_entry_id
            and chosen.config_subentry_id == told
            for chosen in map(registry.async_get, recipients)
        )


class EmailSent(_EventTrigger):
    """The mail server has accepted an email, for all its addresses."""

    _entity = "email"
    _types = (Fate.SENT.value,)
    _schema = _schema(_RECIPIENT)


class EmailFailed(_EventTrigger):
    """An email is over, and somebody did not get it, or may not have."""

    _entity = "email"
    _types = FAILURES
    _schema = _schema({**_RECIPIENT, **_reason(FAILURES)})
    _reason_from = ATTR_EVENT_TYPE


class EmailHeld(_EventTrigger):
    """An email waits for a person."""

    _entity = "email"
    _types = (Fate.HELD.value,)
    _schema = _schema({**_RECIPIENT, **_reason(HOLDS)})


class LineLost(_EventTrigger):
    """An email that came now could not leave."""

    _entity = "line"
    _types = (LOST,)
    _schema = _schema(_reason(LOSSES))


class LineBack(_EventTrigger):
    """It could again."""

    _entity = "line"
    _types = (BACK,)
    _schema = _schema({})


_TRIGGERS: Final[dict[str, type[Trigger]]] = {
    "email_sent": EmailSent,
    "email_failed": EmailFailed,
    "email_held": EmailHeld,
    "line_lost": LineLost,
    "line_back": LineBack,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return them by their names."""
    return _TRIGGERS
