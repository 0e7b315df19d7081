"""The options: how long emails wait, how many may go, by what, and what they carry."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.const import UnitOfInformation, UnitOfTime
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .. import typed
from ..allowed_addresses import entry_of
from ..const import (
    CONF_ALLOWED_ADDRESSES,
    CONF_DIGEST,
    CONF_IDLE,
    CONF_LIFETIME,
    CONF_PER_DAY,
    CONF_PER_HOUR,
    CONF_PICTURE_BUDGET,
    CONF_REPLY_TO,
    CONF_REPORT_TO,
    CONF_WAY,
    SECTION_ADDITIONAL,
    SECTION_CONTENT,
    SECTION_LINE,
    SUBENTRY_RECIPIENT,
    WAY_AUTOMATIC,
)
from ..delivery.records import Way
from ..delivery.rules.capacity import (
    MailClientLimitError,
    check_account,
    check_addresses,
)
from ..email_options import BUDGETS, DEFAULT_BUDGET, reply_to
from ..entry_data import DEFAULTS, LIMITS, has_mail_client, server_settings
from ..modem.at.errors import InvalidValueError
from ..modem.mail.message import FIELD_LIMIT
from ..recipients import addresses_of
from ..runtime import QuectelConfigEntry
from .line_options import FIELDS as LINE_FIELDS, line_section

if TYPE_CHECKING:
    # Home Assistant answers the import of voluptuous with this, its own engine.
    import probatio as vol
else:
    import voluptuous as vol


_SECTIONS: Final = (SECTION_CONTENT, SECTION_ADDITIONAL, SECTION_LINE)


def _number(
    limits: tuple[int, int], unit: str | None = None, *, step: int = 1
) -> vol.All[Any]:
    least, most = limits
    config = NumberSelectorConfig(
        min=least, max=most, step=step, mode=NumberSelectorMode.BOX
    )
    if unit is not None:
        config["unit_of_measurement"] = unit
    return vol.All(NumberSelector(config), vol.Coerce(int))


def _field(key: str) -> vol.Required:
    return vol.Required(key, default=DEFAULTS[key])


_CONTENT: Final = vol.Schema(
    {
        vol.Optional(CONF_REPLY_TO, default=""): TextSelector(
            TextSelectorConfig(type=TextSelectorType.EMAIL, autocomplete="email")
        ),
        vol.Required(CONF_PICTURE_BUDGET, default=DEFAULT_BUDGET): _number(
            BUDGETS, UnitOfInformation.KILOBYTES, step=10
        ),
    }
)
_ADDITIONAL: Final = vol.Schema(
    {
        vol.Optional(CONF_ALLOWED_ADDRESSES, default=list): TextSelector(
            TextSelectorConfig(multiple=True)
        )
    }
)


def _options(entry: QuectelConfigEntry, *, offers_module: bool) -> vol.Schema:
    """Return the form; a modem without a mail client has no such choice."""
    ways = [way.value for way in Way if offers_module or way is not Way.MODULE]
    return vol.Schema(
        {
            _field(CONF_LIFETIME): _number(LIMITS[CONF_LIFETIME], UnitOfTime.HOURS),
            _field(CONF_PER_HOUR): _number(LIMITS[CONF_PER_HOUR]),
            _field(CONF_PER_DAY): _number(LIMITS[CONF_PER_DAY]),
            _field(CONF_DIGEST): BooleanSelector(),
            _field(CONF_IDLE): _number(LIMITS[CONF_IDLE], UnitOfTime.MINUTES),
            _field(CONF_WAY): SelectSelector(
                SelectSelectorConfig(
                    options=[WAY_AUTOMATIC, *ways], translation_key=CONF_WAY
                )
            ),
            vol.Optional(SECTION_CONTENT): section(_CONTENT, {"collapsed": True}),
            vol.Optional(SECTION_ADDITIONAL): section(_ADDITIONAL, {"collapsed": True}),
            vol.Optional(SECTION_LINE): section(
                line_section(entry), {"collapsed": True}
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
        placeholders = {"limit": "", "recipient": "", "address": ""}
        if user_input is not None:
            chosen = _flat(user_input)
            errors = _misspelt(chosen, placeholders)
            if not errors and chosen[CONF_WAY] == Way.MODULE:
                errors = _refusal(entry, placeholders)
            if not errors:
                # A section that was not shown, as to a caller by the API, stays.
                return self.async_create_entry(data={**_kept(entry.options), **chosen})
        offers_module = has_mail_client(entry.data)
        present = {
            key: value
            for key, value in (user_input or _in_sections(entry)).items()
            if offers_module or (key, value) != (CONF_WAY, Way.MODULE)
        }
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                _options(entry, offers_module=offers_module), present
            ),
            errors=errors,
            description_placeholders=placeholders,
        )


def _flat(user_input: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed without its sections, and without empty rows."""
    chosen = {k: v for k, v in user_input.items() if k not in _SECTIONS}
    for name in _SECTIONS:
        chosen |= user_input.get(name, {})
    if CONF_REPLY_TO in chosen:
        chosen[CONF_REPLY_TO] = typed.stripped(chosen[CONF_REPLY_TO])
    if CONF_ALLOWED_ADDRESSES in chosen:
        entries = map(typed.stripped, chosen[CONF_ALLOWED_ADDRESSES])
        chosen[CONF_ALLOWED_ADDRESSES] = [entry for entry in entries if entry]
    return chosen


def _in_sections(entry: QuectelConfigEntry) -> dict[str, Any]:
    """Return stored options as the form has them."""
    kept = _kept(entry.options)
    if kept.get(CONF_REPORT_TO) not in entry.subentries:
        # A recipient who is gone can't be chosen; the sender stands for them.
        kept.pop(CONF_REPORT_TO, None)
    return {**entry.options, **dict.fromkeys(_SECTIONS, kept)}


def _kept(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the stored options that stand in sections."""
    fields = {str(key) for part in (_CONTENT, _ADDITIONAL) for key in part.schema}
    fields |= LINE_FIELDS
    return {key: value for key, value in options.items() if key in fields}


def _misspelt(
    chosen: Mapping[str, Any], placeholders: dict[str, str]
) -> dict[str, str]:
    """Return which address or domain can't be used, if any.

    A form shows errors beside its own fields only, not beside those of a section.
    """
    try:
        reply_to(chosen)
    except InvalidValueError:
        placeholders["address"] = chosen[CONF_REPLY_TO]
        return {"base": "reply_to_invalid"}
    for entry in chosen.get(CONF_ALLOWED_ADDRESSES, ()):
        try:
            entry_of(entry)
        except InvalidValueError:
            placeholders["address"] = entry
            return {"base": "allowed_address_invalid"}
    return {}


def _refusal(entry: QuectelConfigEntry, placeholders: dict[str, str]) -> dict[str, str]:
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
