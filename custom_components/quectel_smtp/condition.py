"""The conditions that an automation's editor offers: of the line, and of the outbox."""

from typing import ClassVar, Final, override

from homeassistant.const import STATE_ON
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import Condition, EntityConditionBase
from homeassistant.helpers.typing import ConfigType

from .own_entities import own_entities, refuse_others


class _OwnCondition(EntityConditionBase):
    """Something that one of our entities shows."""

    _entity: ClassVar[str]

    @classmethod
    @override
    async def async_validate_config(
        cls, hass: HomeAssistant, config: ConfigType
    ) -> ConfigType:
        """Take what can come true."""
        config = await super().async_validate_config(hass, config)
        return await refuse_others(hass, config, cls._entity)

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        """Look at the entities of this kind alone."""
        return own_entities(self._hass, entities, self._entity)


class IsLineReady(_OwnCondition):
    """An email that comes now can leave."""

    _domain_specs = {"binary_sensor": DomainSpec()}
    _entity = "line_ready"

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        """Tell whether it is ready."""
        return entity_state.state == STATE_ON


class IsEmailWaiting(_OwnCondition):
    """An email that was accepted is not over yet."""

    _domain_specs = {"sensor": DomainSpec()}
    _entity = "emails_waiting"

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        """Tell whether there is one."""
        return entity_state.state != "0"


_CONDITIONS: Final[dict[str, type[Condition]]] = {
    "is_line_ready": IsLineReady,
    "is_email_waiting": IsEmailWaiting,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return them by their names."""
    return _CONDITIONS
