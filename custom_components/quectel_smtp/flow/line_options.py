"""The options' section on the line: roaming, its loss, and test reports."""

from typing import TYPE_CHECKING, Final

from homeassistant.const import UnitOfTime
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..const import (
    CONF_LINE_LOST_AFTER,
    CONF_REPORT_TO,
    CONF_ROAMING,
    CONF_TEST_REPORT,
    REPORT_TO_SENDER,
    SUBENTRY_RECIPIENT,
)
from ..line_options import DEFAULT_MINUTES, MINUTES, Interval
from ..runtime import QuectelConfigEntry

if TYPE_CHECKING:
    # Home Assistant answers the import of voluptuous with this, its own engine.
    import probatio as vol
else:
    import voluptuous as vol

FIELDS: Final = frozenset(
    {CONF_ROAMING, CONF_LINE_LOST_AFTER, CONF_TEST_REPORT, CONF_REPORT_TO}
)


def line_section(entry: QuectelConfigEntry) -> vol.Schema:
    """Return the section; a test report goes to one of the entry's recipients."""
    recipients = [
        SelectOptionDict(value=subentry.subentry_id, label=subentry.title)
        for subentry in entry.get_subentries_of_type(SUBENTRY_RECIPIENT)
    ]
    # Its label is translated: those of recipients are what they are called.
    sender = SelectOptionDict(value=REPORT_TO_SENDER, label=REPORT_TO_SENDER)
    least, most = MINUTES
    return vol.Schema(
        {
            vol.Required(CONF_ROAMING, default=False): BooleanSelector(),
            vol.Required(CONF_LINE_LOST_AFTER, default=DEFAULT_MINUTES): vol.All(
                NumberSelector(
                    NumberSelectorConfig(
                        min=least,
                        max=most,
                        step=1,
                        mode=NumberSelectorMode.BOX,
                        unit_of_measurement=UnitOfTime.MINUTES,
                    )
                ),
                vol.Coerce(int),
            ),
            vol.Required(CONF_TEST_REPORT, default=Interval.OFF.value): SelectSelector(
                SelectSelectorConfig(
                    options=[every.value for every in Interval],
                    translation_key=CONF_TEST_REPORT,
                )
            ),
            vol.Required(CONF_REPORT_TO, default=REPORT_TO_SENDER): SelectSelector(
                SelectSelectorConfig(
                    options=[sender, *recipients],
                    mode=SelectSelectorMode.DROPDOWN,
                    translation_key=CONF_REPORT_TO,
                )
            ),
        }
    )
