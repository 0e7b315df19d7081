"""Has a person asked for a PIN or a login, for as long as it is missing."""

from collections.abc import Callable, Mapping
from typing import Final

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.core import (
    DOMAIN as HOMEASSISTANT_DOMAIN,
    Event,
    HomeAssistant,
    callback,
)
from homeassistant.helpers import issue_registry as ir

from .const import CONF_REASON, DOMAIN, REASON_LOGIN, REASON_PIN
from .delivery.records import Reason
from .delivery.status import Status
from .modem.at.errors import NotRegisteredError, PinRequiredError
from .runtime import QuectelConfigEntry

# Where a flow waits for the person. One that checks something ends by itself.
_FORMS: Final = ("pin", "trouble", "reauth_confirm")
_ISSUES: Final[Mapping[str, frozenset[str]]] = {
    REASON_PIN: frozenset({"pin_required", "pin_tries_low"}),
    REASON_LOGIN: frozenset({"login_held"}),
}
"""Our own repair issues that tell of the same."""


class Reauthentication:
    """Starts reauthentication flows, once for each time that something is missing.

    Home Assistant has one flow at a time for an entry, and declines others without a
    word: what it declined is started later. A flow whose cause is over is ended.
    """

    def __init__(self, hass: HomeAssistant, entry: QuectelConfigEntry) -> None:
        """Have nothing asked for yet."""
        self._hass = hass
        self._entry = entry
        self._pin_missing = False
        # The flows that have asked, by their reasons; they may be closed since.
        self._asked: dict[str, str] = {}

    @callback
    def began(self, reason: str, flow_id: str) -> None:
        """Note that a flow for this reason has really begun."""
        self._asked[reason] = flow_id

    def asked_for(self) -> frozenset[str]:
        """Return the keys of our issues of which Home Assistant's own card tells now."""
        if ir.async_get(self._hass).async_get_issue(HOMEASSISTANT_DOMAIN, self._card):
            for reason, flow_id in self._asked.items():
                if flow_id in self._flows():
                    return _ISSUES[reason]
        return frozenset()

    def on_card(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Call back when that card comes or goes; returns the undoing."""

        @callback
        def look(event: Event[ir.EventIssueRegistryUpdatedData]) -> None:
            if event.data["issue_id"] == self._card:
                changed()

        return self._hass.bus.async_listen(
            ir.EVENT_REPAIRS_ISSUE_REGISTRY_UPDATED, look
        )

    @property
    def _card(self) -> str:
        return f"config_entry_reauth_{DOMAIN}_{self._entry.entry_id}"

    def _flows(self) -> Mapping[str, str | None]:
        """Return the steps that the flows for this entry are at, by their ids."""
        return {
            flow["flow_id"]: flow.get("step_id")
            for flow in self._entry.async_get_active_flows(self._hass, {SOURCE_REAUTH})
        }

    @callback
    def follow(self, status: Status) -> None:
        """Start what is missing now, the PIN first, and end what is not any more."""
        self._note_sim(status)
        missing = self._missing(status)
        for reason in tuple(self._asked):
            if reason not in missing:
                self._end(reason)
        for reason in missing:
            if reason not in self._asked:
                self._entry.async_start_reauth(self._hass, data={CONF_REASON: reason})

    def _note_sim(self, status: Status) -> None:
        if isinstance(status.trouble, PinRequiredError):
            self._pin_missing = True
        elif status.connected and (
            status.trouble is None or isinstance(status.trouble, NotRegisteredError)
        ):
            # Whatever else is wrong leaves the SIM as it was last seen.
            self._pin_missing = False

    def _missing(self, status: Status) -> list[str]:
        missing = [REASON_PIN] if self._pin_missing else []
        if Reason.LOGIN in status.mail.held:
            missing.append(REASON_LOGIN)
        return missing

    def _end(self, reason: str) -> None:
        """End the flow for this reason, unless it is at work, and forget it."""
        flows = self._flows()
        flow_id = self._asked[reason]
        if flow_id in flows:
            if flows[flow_id] not in _FORMS:
                return
            self._hass.config_entries.flow.async_abort(flow_id)
        del self._asked[reason]
