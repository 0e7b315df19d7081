"""The options: how long emails wait, how many may go, and by what."""

from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult, OptionsFlow
from homeassistant.const import UnitOfTime
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
)

from .. import typed
from ..const import (
    CONF_DIGEST,
    CONF_IDLE,
    CONF_LIFETIME,
    CONF_PER_DAY,
    CONF_PER_HOUR,
    CONF_WAY,
    SUBENTRY_RECIPIENT,
    WAY_AUTOMATIC,
)
from ..delivery.records import Way
from ..delivery.rules.fit import MailClientLimitError, check_account, check_addresses
from ..entry_data import DEFAULTS, LIMITS, has_mail_client, server_settings
from ..modem.at.errors import InvalidValueError
from ..modem.mail.message import FIELD_LIMIT
from ..recipients import addresses_of

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


def _options(*, offers_module: bool) -> vol.Schema:
    """Return the form; a modem without a mail client has no such choice."""
    ways = [way.value for way in Way if offers_module or way is not Way.MODULE]
    return vol.Schema(
        {
            _field(CONF_LIFETIME): _number(CONF_LIFETIME, UnitOfTime.HOURS),
            _field(CONF_PER_HOUR): _number(CONF_PER_HOUR),
            _field(CONF_PER_DAY): _number(CONF_PER_DAY),
            _field(CONF_DIGEST): BooleanSelector(),
            _field(CONF_IDLE): _number(CONF_IDLE, UnitOfTime.MINUTES),
            _field(CONF_WAY): SelectSelector(
                SelectSelectorConfig(
                    options=[WAY_AUTOMATIC, *ways], translation_key=CONF_WAY
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
        entry = self.config_entry
        errors: dict[str, str] = {}
        placeholders = {"limit": "", "recipient": ""}
        if user_input is not None:
            if user_input[CONF_WAY] == Way.MODULE:
                errors = _refusal(entry, placeholders)
            if not errors:
                return self.async_create_entry(data=user_input)
        offers_module = has_mail_client(entry.data)
        present = {
            key: value
            for key, value in (user_input or entry.options).items()
            if offers_module or (key, value) != (CONF_WAY, Way.MODULE)
        }
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                _options(offers_module=offers_module), present
            ),
            errors=errors,
            description_placeholders=placeholders,
        )


def _refusal(entry: ConfigEntry[Any], placeholders: dict[str, str]) -> dict[str, str]:
    """Return what of an entry the modem's own mail client can't carry, if anything."""
    try:
        check_account(server_settings(entry.data))
    except MailClientLimitError:
        placeholders["limit"] = str(FIELD_LIMIT)
        return {CONF_WAY: "module_account"}
    except InvalidValueError:
        # What no way can carry is no reason against this one.
        pass
    for recipient in entry.get_subentries_of_type(SUBENTRY_RECIPIENT):
        try:
            check_addresses(addresses_of(recipient.data))
        except MailClientLimitError as err:
            placeholders |= typed.placeholders(err)
            placeholders["recipient"] = recipient.title
            return {CONF_WAY: f"{typed.reason(err)}_recipient"}
        except InvalidValueError:
            continue
    return {}
