"""The config flow's ways in and out: set-up, reconfiguration, reauthentication."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_USB,
    ConfigEntryState,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
)
from homeassistant.const import CONF_DEVICE, CONF_HOST
from homeassistant.core import callback

from .const import (
    CONF_BAUDRATE,
    CONF_BEGIN,
    CONF_REASON,
    DOMAIN,
    MANUFACTURER,
    REASON_PIN,
    ROAMING_CHOSEN,
    SUBENTRY_RECIPIENT,
)
from .delivery.errors import OutboxError
from .delivery.records import Reason
from .delivery.rules.capacity import check_account
from .entry_data import pdp_settings, server_settings, wants_module
from .flow.account_checks import AccountError
from .flow.beginning import begin_at
from .flow.discovery import DiscoverySteps
from .flow.finish import FinishSteps
from .flow.modem_checks import Show, Stage, identify
from .flow.options import DeliveryOptionsFlow
from .flow.recipient import RecipientFlow
from .flow.schemas import LOGIN
from .flow.trouble import code_of
from .held import retry_held
from .issues import reply_of
from .modem.at.errors import InvalidValueError, ModemError, PinRequiredError
from .runtime import QuectelConfigEntry


class QuectelConfigFlow(DiscoverySteps, FinishSteps, domain=DOMAIN):
    """Sets up a modem, and mends its settings without ever unloading it."""

    VERSION = 1
    MINOR_VERSION = ROAMING_CHOSEN

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: QuectelConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Return what can be added to a modem."""
        return {SUBENTRY_RECIPIENT: RecipientFlow}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: QuectelConfigEntry) -> DeliveryOptionsFlow:
        """Return what can be chosen about delivery."""
        return DeliveryOptionsFlow()

    @override
    async def async_step_examined(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go on with the modem that was found, unless an entry has it."""
        if self._mended_entry is not None:
            if self._visited_settings:
                return await self.async_step_apply()
            return await self._finish()
        identity = self._found.identity
        assert identity is not None
        # A page that is reloaded leaves its dialog behind, where nobody finds it again:
        # it must not keep the modem. The first dialog that ends has it, and ends others.
        await self.async_set_unique_id(identity.imei, raise_on_progress=False)
        moved = {key: self._draft[key] for key in (CONF_DEVICE, CONF_BAUDRATE)}
        self._abort_if_unique_id_configured(
            updates=None if self._is_in_use() else moved, reload_on_update=False
        )
        return await self.async_step_cellular()

    def _is_in_use(self) -> bool:
        """Whether the modem that was plugged in is one that an entry has another way to.

        A person who chooses a port means that port; who goes on with what was found
        does not.
        """
        entry = self.hass.config_entries.async_entry_for_domain_unique_id(
            DOMAIN, self.unique_id or ""
        )
        return (
            self.source == SOURCE_USB
            and entry is not None
            and entry.state is ConfigEntryState.LOADED
            and entry.runtime_data.courier.status.connected
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask what is to be changed; who was led here begins with the form meant."""
        if not self._before:
            self._begin_with(self._get_reconfigure_entry())
        if user_input is not None and user_input[CONF_BEGIN] != "reconfigure":
            begin = getattr(self, f"async_step_{user_input[CONF_BEGIN]}")
            result: ConfigFlowResult = await begin()
            return result
        return self._menu("reconfigure", ["port", "cellular", "server", "provider"])

    async def async_step_reauth(
        self, entry_data: Mapping[str, Any]
    ) -> ConfigFlowResult:
        """Ask for what the SIM or the mail server did not accept."""
        entry = self._get_reauth_entry()
        self._begin_with(entry)
        reason = entry_data.get(CONF_REASON)
        if reason is not None:
            entry.runtime_data.coordinator.reauthentication.began(reason, self.flow_id)
        if reason == REASON_PIN:
            trouble = entry.runtime_data.courier.status.trouble
            self._trouble = trouble
            if isinstance(trouble, PinRequiredError) and not self._may_try_pin(trouble):
                self._place(trouble)
                return await self.async_step_trouble()
            return await self.async_step_pin()
        self._say_answer()
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for user name and password, and try them."""
        if user_input is not None:
            unchecked = self._take(user_input)
            try:
                server = server_settings(self._draft)
                if wants_module(self._get_reauth_entry()):
                    check_account(server)
            except InvalidValueError as err:
                if err.field not in LOGIN.schema:
                    # Another form has to mend that, before anything can be tried.
                    return await self._finish_login()
                self._say_invalid(err)
            else:
                if unchecked:
                    return await self._finish_unchecked()
                return await self.async_step_check_login()
        return self._form(
            "reauth_confirm",
            LOGIN,
            self._draft,
            host=self._draft[CONF_HOST],
            last=True,
        )

    def _say_answer(self) -> None:
        """Have the form tell what the mail server answered, as far as it is known."""
        entry = self._get_reauth_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return
        findings = entry.runtime_data.courier.status.mail.held_findings
        finding = findings.get(Reason.LOGIN)
        if finding is not None and (answer := reply_of(finding)):
            self._say("base", "login_answer", words=answer)

    async def async_step_check_login(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Have the mail server asked, over the modem or the host's own line."""
        if progress := self._under_way("check_login", self._check_login):
            return progress
        err = self._check_result()
        if isinstance(err, AccountError):
            step = self._place_account(err, "reauth_confirm")
            return self.async_show_progress_done(next_step_id=step)
        if err is not None:
            self._check_failed = True
            self._say("base", err.key, code=code_of(err))
            return self.async_show_progress_done(next_step_id="reauth_confirm")
        return self.async_show_progress_done(next_step_id="login_checked")

    async def _check_login(self, show: Show) -> None:
        """Try the login; a modem that can't be used just now is no reason against."""
        try:
            async with self._modem() as modem:
                await identify(modem, self._found, self._wanted_imei, show)
                await self._make_ready(modem, show)
                show(Stage.ACTIVATE)
                pdp = pdp_settings(self._draft, roaming=self._may_roam)
                await modem.activate(pdp)
                await self._check_account(modem, show)
        except AccountError:
            raise
        except ModemError:
            await self._check_account(None, show)

    async def async_step_login_checked(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Save the login that the server has taken."""
        return await self._finish_login()

    async def _finish_login(self) -> ConfigFlowResult:
        """Save the login; one that is left as it is was mended elsewhere: try it."""
        entry = self._get_reauth_entry()
        before = entry.data
        result = await self._finish()
        if entry.data == before and entry.state is ConfigEntryState.LOADED:
            with suppress(OutboxError):
                await retry_held(entry.runtime_data.courier, Reason.LOGIN)
        return result

    def _begin_with(self, entry: QuectelConfigEntry) -> None:
        self._before = dict(entry.data)
        self._draft = dict(entry.data)

    @override
    async def _finish(self) -> ConfigFlowResult:
        """Make the entry, or change in it what was changed here."""
        entry = self._mended_entry
        if entry is None:
            identity = self._found.identity
            assert identity is not None
            title = f"{MANUFACTURER} {identity.model}"
            if title in (other.title for other in self._async_current_entries()):
                # What tells two of them apart, and stands on the modem itself.
                title = f"{title} {identity.imei[-4:]}"
            return self.async_create_entry(
                title=title, data=self._draft, options=self._options
            )
        self._save_changes()
        return await self._conclude()

    @override
    async def _finish_unchecked(self) -> ConfigFlowResult:
        """Make the entry, or change it; a test email would say no more than the next."""
        if self._mended_entry is None:
            return await self._finish()
        self._save_changes()
        return self.async_abort(reason="saved_unchecked")

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Go on to the first recipient, and to an email that is really sent."""
        flow_id = await begin_at(self.hass, result["result"], "recipient")
        result["next_flow"] = (FlowType.CONFIG_FLOW, flow_id)
        return result
