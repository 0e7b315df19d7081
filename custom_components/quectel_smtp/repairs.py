"""What a person does about a repair issue."""

from typing import Any

from homeassistant.components.repairs import (
    ConfirmRepairFlow,
    RepairsFlow,
    RepairsFlowResult,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .const import CONF_ROAMING, DOMAIN
from .coordinator import QuectelConfigEntry
from .delivery.courier.courier import Courier
from .delivery.errors import OutboxError
from .delivery.records import Reason
from .flow.schemas import NOTHING
from .held import retry_held
from .issues import BARRED, RESTORED, TRY_AGAIN


class HeldFlow(RepairsFlow):
    """Shows why emails are held, and does something about it."""

    def __init__(self, entry_id: str, reason: Reason) -> None:
        """Take the entry whose emails are held, and why."""
        self._entry_id = entry_id
        self._reason = reason

    @property
    def _courier(self) -> Courier | None:
        """The entry's courier, None if it is not loaded any more."""
        entry: QuectelConfigEntry | None = self.hass.config_entries.async_get_entry(
            self._entry_id
        )
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return None
        return entry.runtime_data.courier

    @property
    def _placeholders(self) -> dict[str, str]:
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return dict((issue and issue.translation_placeholders) or {})


class TryAgainFlow(HeldFlow):
    """Has what waits tried at once, after a person has mended what held it."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin, with as much as the mail server has told."""
        known = self._placeholders
        if "address" in known:
            return await self.async_step_named()
        if "words" in known:
            return await self.async_step_said()
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Say what to mend, then try again."""
        return await self._try_again("confirm", user_input)

    async def async_step_said(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """The same, with the server's own words."""
        return await self._try_again("said", user_input)

    async def async_step_named(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """The same, with the address that the server refuses."""
        return await self._try_again("named", user_input)

    async def _try_again(
        self, step: str, user_input: dict[str, Any] | None
    ) -> RepairsFlowResult:
        if user_input is None:
            return self.async_show_form(
                step_id=step,
                data_schema=NOTHING,
                description_placeholders=self._placeholders,
            )
        courier = self._courier
        if courier is None:
            return self.async_abort(reason="not_loaded")
        try:
            await retry_held(courier, self._reason)
        except OutboxError:
            return self.async_abort(reason="outbox_failed")
        return self.async_create_entry(data={})


class RestoredFlow(HeldFlow):
    """Has what waited when a backup was made sent, or dropped."""

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Ask which."""
        return self.async_show_menu(
            step_id="init",
            menu_options=["send", "drop"],
            description_placeholders=self._placeholders,
        )

    async def async_step_send(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Send it, although it may have been sent after the backup was made."""
        return await self._settle(send=True)

    async def async_step_drop(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Cancel it."""
        return await self._settle(send=False)

    async def _settle(self, *, send: bool) -> RepairsFlowResult:
        courier = self._courier
        if courier is None:
            return self.async_abort(reason="not_loaded")
        try:
            await courier.settle_restored(send)
        except OutboxError:
            return self.async_abort(reason="outbox_failed")
        return self.async_create_entry(data={})


class AllowRoamingFlow(RepairsFlow):
    """Has emails go from the network where the modem is."""

    def __init__(self, entry_id: str) -> None:
        """Take the entry."""
        self._entry_id = entry_id

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Say what it costs, then allow it."""
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None:
            return self.async_abort(reason="not_loaded")
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                data_schema=NOTHING,
                description_placeholders={"name": entry.title},
            )
        self.hass.config_entries.async_update_entry(
            entry, options={**entry.options, CONF_ROAMING: True}
        )
        return self.async_create_entry(data={})


async def async_create_fix_flow(
    hass: HomeAssistant,
    issue_id: str,
    data: dict[str, str | int | float | None] | None,
) -> RepairsFlow:
    """Return the flow for an issue."""
    found = data or {}
    key, entry_id = str(found.get("key")), str(found.get("entry_id"))
    if key == RESTORED:
        return RestoredFlow(entry_id, Reason.RESTORED)
    if key == BARRED:
        return AllowRoamingFlow(entry_id)
    if key in TRY_AGAIN:
        return TryAgainFlow(entry_id, TRY_AGAIN[key])
    return ConfirmRepairFlow()
