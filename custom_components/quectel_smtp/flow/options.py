"""The options: how long emails wait, how many may go, and by what."""

from typing import TYPE_CHECKING, Any

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
    CONF_MAIL_CLIENT,
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


def _options(*, has_mail_client: bool) -> vol.Schema:
    """Return the form; a modem without a mail client has no such choice."""
    ways = [way.value for way in Way if has_mail_client or way is not Way.MODULE]
    usual = DEFAULTS[CONF_WAY]
    return vol.Schema(
        {
            _field(CONF_LIFETIME): _number(CONF_LIFETIME, UnitOfTime.HOURS),
            _field(CONF_PER_HOUR): _number(CONF_PER_HOUR),
            _field(CONF_PER_DAY): _number(CONF_PER_DAY),
            _field(CONF_DIGEST): BooleanSelector(),
            _field(CONF_IDLE): _number(CONF_IDLE, UnitOfTime.MINUTES),
            vol.Required(
                CONF_WAY, default=usual if usual in ways else ways[0]
            ): SelectSelector(
                SelectSelectorConfig(options=ways, translation_key=CONF_WAY)
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
        entry = self.config_entry
        has_mail_client = entry.data.get(CONF_MAIL_CLIENT) is not False
        present = {
            key: value
            for key, value in entry.options.items()
            if has_mail_client or (key, value) != (CONF_WAY, Way.MODULE)
        }
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                _options(has_mail_client=has_mail_client), present
            ),
        )
