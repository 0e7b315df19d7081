"""The options: how long emails wait, how many may go, and by what."""

from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.const import UnitOfTime
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
)

from ..const import (
    CONF_DIGEST,
    CONF_IDLE,
    CONF_LIFETIME,
    CONF_PER_DAY,
    CONF_PER_HOUR,
    CONF_WAY,
)
from ..delivery.records import Way
from ..entry_data import DEFAULTS, LIMITS

if TYPE_CHECKING:
    # Home Assistant answers the import of voluptuous with this, its own engine.
    import probatio as vol
else:
    import voluptuous as vol


def _number(key: str, unit: str | None = None) -> vol.All[Any]:
    least, most = LIMITS[key]
    config = NumberSelectorConfig(
        min=least, max=most, step=1, mode=NumberSelectorMode.BOX
    )
    if unit is not None:
        config["unit_of_measurement"] = unit
    return vol.All(NumberSelector(config), vol.Coerce(int))


def _field(key: str) -> vol.Required:
    return vol.Required(key, default=DEFAULTS[key])


OPTIONS: Final = vol.Schema(
    {
        _field(CONF_LIFETIME): _number(CONF_LIFETIME, UnitOfTime.HOURS),
        _field(CONF_PER_HOUR): _number(CONF_PER_HOUR),
        _field(CONF_PER_DAY): _number(CONF_PER_DAY),
        _field(CONF_DIGEST): BooleanSelector(),
        _field(CONF_IDLE): _number(CONF_IDLE, UnitOfTime.MINUTES),
        _field(CONF_WAY): SelectSelector(
            SelectSelectorConfig(
                options=[way.value for way in Way], translation_key=CONF_WAY
            )
        ),
    }
)


class DeliveryOptionsFlow(OptionsFlow):
    """Asks for what may be chosen about delivery; nothing is reloaded."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the options as they are, and save them."""
        if user_input is not None:
            return self.async_create_entry(data=user_input)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                OPTIONS, self.config_entry.options
            ),
        )
