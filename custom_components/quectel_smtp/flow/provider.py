"""The config flow's choice of a mail provider, and the form for an account with one."""

from functools import partialmethod
from typing import Any, Final, override

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME

from ..const import (
    CONF_SECURITY,
    CONF_SENDER_ADDRESS,
    CONF_SENDER_NAME,
    CONF_VERIFICATION,
    SECTION_ADVANCED,
    VERIFICATION_AUTOMATIC,
)
from ..delivery.rules.capacity import check_account
from ..entry_data import server_settings, wants_module
from ..modem.at.errors import InvalidValueError
from .mail import MailSteps
from .providers import PROVIDERS, Provider, Secret
from .schemas import ACCOUNT

_NO_SENDER: Final = {CONF_SENDER_NAME: "", CONF_SENDER_ADDRESS: ""}


class ProviderSteps(MailSteps):
    """A provider by its name, which is all there is to know of its server."""

    _provider: Provider | None = None

    @override
    async def async_step_provider(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whose mailbox the emails are sent from."""
        return self._menu("provider", [*PROVIDERS, "server"])

    async def _choose(
        self, key: str, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        self._provider = provider = PROVIDERS[key]
        self._lead_back_to("provider", provider.secret)
        if provider.oauth_only:
            return await self.async_step_oauth_only()
        return await self.async_step_try_anyway()

    async_step_gmail = partialmethod(_choose, "gmail")
    async_step_outlook = partialmethod(_choose, "outlook")
    async_step_icloud = partialmethod(_choose, "icloud")
    async_step_yahoo = partialmethod(_choose, "yahoo")
    async_step_gmx = partialmethod(_choose, "gmx")
    async_step_web_de = partialmethod(_choose, "web_de")
    async_step_fastmail = partialmethod(_choose, "fastmail")
    async_step_mail_163 = partialmethod(_choose, "mail_163")
    async_step_qq = partialmethod(_choose, "qq")
    async_step_mail_126 = partialmethod(_choose, "mail_126")
    async_step_sina = partialmethod(_choose, "sina")

    async def async_step_oauth_only(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say why most accounts of this provider can't be used."""
        provider = self._provider
        assert provider is not None
        return self._menu(
            "oauth_only",
            ["provider", "try_anyway"],
            provider=provider.name,
            link=provider.help,
        )

    async def async_step_try_anyway(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the account, in the words of what the provider takes."""
        assert self._provider is not None
        return await self._account(self._provider.secret)

    async def _account(
        self, step_id: str, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        if back := await self._back(step_id, user_input):
            return back
        if user_input is not None:
            self._unchecked = self._take({SECTION_ADVANCED: _NO_SENDER, **user_input})
            self._take_provider()
            # What is kept is told to the same server only.
            kept = self._before.get(CONF_HOST) == self._draft[CONF_HOST]
            if not (kept or user_input.get(CONF_PASSWORD)):
                self._say(CONF_PASSWORD, "empty")
            elif self._is_usable():
                return await self.async_step_verification()
        provider = self._provider
        assert provider is not None
        return self._form(
            step_id,
            ACCOUNT,
            self._draft | {SECTION_ADVANCED: self._sender_values},
            provider=provider.name,
            link=provider.help,
        )

    async_step_app_password = partialmethod(_account, Secret.APP_PASSWORD)
    async_step_authorization_code = partialmethod(_account, Secret.AUTHORIZATION_CODE)
    async_step_mail_password = partialmethod(_account, Secret.MAIL_PASSWORD)

    def _is_usable(self) -> bool:
        """Whether the account can be tried; else the next form says why not."""
        if "@" not in self._draft[CONF_USERNAME]:
            self._say(CONF_USERNAME, "address_wanted")
            return False
        try:
            server = server_settings(self._draft)
            if wants_module(self._mended_entry):
                check_account(server)
        except InvalidValueError as err:
            self._say_invalid(err)
            if err.field not in ACCOUNT.schema:
                # It is folded in, where no error is shown.
                self._say("base", "sender_unusable")
            return False
        return True

    def _take_provider(self) -> None:
        provider = self._provider
        assert provider is not None
        self._draft |= {
            CONF_HOST: provider.host_of(self._draft[CONF_USERNAME]),
            CONF_PORT: provider.port,
            CONF_SECURITY: provider.security.name.lower(),
            CONF_VERIFICATION: VERIFICATION_AUTOMATIC,
        }
