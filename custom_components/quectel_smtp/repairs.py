"""What a person does about a repair issue."""

import asyncio
from typing import Any, Final, override

from homeassistant.components.repairs import (
    ConfirmRepairFlow,
    FlowType,
    RepairsFlow,
    RepairsFlowResult,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .account_check import ACCOUNT_KEYS
from .const import CONF_ROAMING, DOMAIN
from .delivery.courier.courier import Courier
from .delivery.errors import OutboxError
from .flow.beginning import begin_at
from .held import is_mended, retry_held
from .issues import BARRED, MENDED_AT, RESTORED, TRY_AGAIN
from .runtime import QuectelConfigEntry

_MENDED_AT: Final = {**MENDED_AT, **dict.fromkeys(ACCOUNT_KEYS, "server")}
PATIENCE: Final = 60.0
"""Seconds that a repair waits for what becomes of what it has had tried."""


class EntryFlow(ConfirmRepairFlow):
    """A repair of an entry, which says what is wrong before all else."""

    def __init__(self, entry_id: str) -> None:
        """Take the entry that it is about."""
        self._entry_id = entry_id

    @property
    def _entry(self) -> QuectelConfigEntry | None:
        """The entry, None if it is not loaded any more."""
        entry: QuectelConfigEntry | None = self.hass.config_entries.async_get_entry(
            self._entry_id
        )
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return None
        return entry

    @property
    def _courier(self) -> Courier | None:
        entry = self._entry
        return None if entry is None else entry.runtime_data.courier

    @property
    def _placeholders(self) -> dict[str, str]:
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return dict((issue and issue.translation_placeholders) or {})


class MendFlow(EntryFlow):
    """Leads to the form that mends it; it is repaired once that has helped."""

    def __init__(self, entry_id: str, key: str) -> None:
        """Take the entry, and the issue's key."""
        super().__init__(entry_id)
        self._key = key

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Say what is wrong."""
        if user_input is not None:
            return await self.async_step_mend()
        return await super().async_step_confirm()

    async def async_step_mend(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Go on in the dialog about the entry's settings."""
        entry = self._entry
        if entry is None:
            return self.async_abort(reason="not_loaded")
        flow_id = await begin_at(self.hass, entry, _MENDED_AT[self._key])
        return self.async_abort(
            reason="led_on", next_flow=(FlowType.CONFIG_FLOW, flow_id)
        )


class TryAgainFlow(MendFlow):
    """Has what waits tried at once, too, after a person has mended what held it."""

    _trying: asyncio.Task[str | None] | None = None

    @override
    async def async_step_init(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Begin, with as much as the mail server has told."""
        known = self._placeholders
        if "address" in known:
            return await self.async_step_named()
        if "words" in known:
            return await self.async_step_said()
        return await self.async_step_confirm()

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Say what to mend, or try again."""
        return self._choice("confirm")

    async def async_step_said(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """The same, with the server's own words."""
        return self._choice("said")

    async def async_step_named(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """The same, with the address that the server refuses."""
        return self._choice("named")

    def _choice(self, step: str) -> RepairsFlowResult:
        return self.async_show_menu(
            step_id=step,
            menu_options=["mend", "try_again"],
            description_placeholders=self._placeholders,
        )

    async def async_step_try_again(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Try what waits, and say that it is repaired only once it is."""
        courier = self._courier
        if courier is None:
            return self.async_abort(reason="not_loaded")
        if self._trying is None:
            self._trying = self.hass.async_create_task(self._try_again(courier))
        if not self._trying.done():
            return self.async_show_progress(
                step_id="try_again",
                progress_action="try_again",
                progress_task=self._trying,
            )
        return self.async_show_progress_done(next_step_id="tried")

    async def _try_again(self, courier: Courier) -> str | None:
        """Return why it was in vain, None if it was not."""
        reason = TRY_AGAIN[self._key]
        before = courier.status.mail.last
        try:
            await retry_held(courier, reason)
        except OutboxError:
            return "outbox_failed"
        mended = await is_mended(courier, reason, before, PATIENCE)
        return None if mended else "still_so"

    async def async_step_tried(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """End with what came of it."""
        assert self._trying is not None
        vain = self._trying.result()
        if vain is not None:
            return self.async_abort(reason=vain)
        return self.async_create_entry(data={})


class RestoredFlow(EntryFlow):
    """Has what waited when a backup was made sent, or dropped."""

    @override
    async def async_step_init(
        self, user_input: dict[str, str] | None = None
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


class AllowRoamingFlow(EntryFlow):
    """Has emails go from the network where the modem is."""

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Say what it costs, then allow it."""
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None:
            return self.async_abort(reason="not_loaded")
        if user_input is None:
            return await super().async_step_confirm()
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
        return RestoredFlow(entry_id)
    if key == BARRED:
        return AllowRoamingFlow(entry_id)
    if key in TRY_AGAIN:
        return TryAgainFlow(entry_id, key)
    if key in _MENDED_AT:
        return MendFlow(entry_id, key)
    return ConfirmRepairFlow()
