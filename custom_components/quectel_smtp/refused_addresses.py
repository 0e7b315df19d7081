"""Tells of an address that the mail server refuses, until it takes it or it is gone."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .delivery.records import State, Transition
from .issues import issue_id, reply_of
from .recipients import recipients_of

KEY: Final = "address_refused"
"""The repair issue's; there is one for each address."""


class RefusedAddresses:
    """Shows them over restarts: nobody may look before the next alarm."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        """Take the entry whose emails they are of."""
        self._hass = hass
        self._entry = entry

    @callback
    def take(self, transition: Transition) -> None:
        """Show an address for which an email came to its end; clear it with one sent."""
        finding = transition.finding
        if transition.state is State.SENT:
            forget(
                self._hass,
                self._entry.entry_id,
                lambda of: of["recipient"] == transition.recipient,
            )
        elif not transition.state.waiting and finding and finding.address:
            of = {
                "entry_id": self._entry.entry_id,
                "recipient": transition.recipient,
                "address": finding.address,
            }
            ir.async_create_issue(
                self._hass,
                DOMAIN,
                f"{issue_id(KEY, self._entry.entry_id)}_{finding.address}",
                data={**of},
                is_fixable=False,
                is_persistent=True,
                severity=ir.IssueSeverity.WARNING,
                translation_key=KEY,
                translation_placeholders={
                    "name": self._entry.title,
                    "recipient": transition.recipient,
                    "address": finding.address,
                    "words": reply_of(finding),
                },
            )

    @callback
    def entry_changed(self) -> None:
        """Clear those that no recipient has any more."""
        wanted = {
            address
            for addresses in recipients_of(self._entry).values()
            for address in addresses or ()
        }
        forget(
            self._hass,
            self._entry.entry_id,
            lambda of: of["address"] not in wanted,
        )


@callback
def forget(
    hass: HomeAssistant,
    entry_id: str,
    which: Callable[[Mapping[str, Any]], bool] = lambda _: True,
) -> None:
    """Clear those of an entry, or some of them."""
    for (domain, number), issue in tuple(ir.async_get(hass).issues.items()):
        of = issue.data
        if domain == DOMAIN and issue.translation_key == KEY and of is not None:
            if of["entry_id"] == entry_id and which(of):
                ir.async_delete_issue(hass, DOMAIN, number)
