"""The config flow's steps for the data connection: its form, and at once its proof."""

from abc import abstractmethod
from typing import Any

from homeassistant.config_entries import ConfigFlowResult

from ..const import CONF_APN_USERNAME, CONF_AUTHENTICATION, CONF_ROAMING
from ..entry_data import pdp_settings
from ..modem.at.errors import InvalidValueError
from ..modem.network.pdp import Authentication
from ..modem.network.status import Registration
from .apply import ApplySteps
from .modem_checks import Show, connect, identify
from .schemas import CELLULAR, CELLULAR_ABROAD


class CellularSteps(ApplySteps):
    """Opens the data connection before anybody fills in what needs it."""

    async def async_step_cellular(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the data connection."""
        if back := await self._back("cellular", user_input):
            return back
        if user_input is not None:
            unchecked = self._take(user_input)
            try:
                pdp_settings(self._draft)
            except InvalidValueError as err:
                self._say_invalid(err)
            else:
                if self._logs_in_nowhere:
                    self._say(CONF_AUTHENTICATION, "authentication_wanted")
                elif self._mended_entry is None and not self._asked_for_account:
                    return await self.async_step_connect()
                else:
                    return await self._apply_or_save(unchecked)
        return self._form(
            "cellular",
            CELLULAR_ABROAD if self._asks_about_roaming else CELLULAR,
            {**self._draft, CONF_ROAMING: self._roaming_allowed},
        )

    @property
    def _asks_about_roaming(self) -> bool:
        """Whether the modem is abroad, and no option of the entry allows that already."""
        network = self._found.network
        abroad = network and network.registration is Registration.ROAMING
        allowed = self._may_roam and not self._roaming_allowed
        return (self._barred or bool(abroad)) and not allowed

    @property
    def _logs_in_nowhere(self) -> bool:
        """Whether there is a user name that the modem would tell nobody."""
        return (
            bool(self._draft[CONF_APN_USERNAME])
            and pdp_settings(self._draft).authentication is Authentication.NONE
        )

    async def async_step_connect(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Open the data connection."""
        if progress := self._under_way("connect", self._connect):
            return progress
        err = self._check_result()
        if err is not None:
            self._retry = "connect"
            return self.async_show_progress_done(next_step_id=self._place_setting(err))
        return self.async_show_progress_done(next_step_id="provider")

    async def _connect(self, show: Show) -> None:
        async with self._modem() as modem:
            await identify(modem, self._found, self.unique_id, show)
            await self._make_ready(modem, show)
            await connect(
                modem, pdp_settings(self._draft, roaming=self._may_roam), show
            )

    @abstractmethod
    async def async_step_provider(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go on with a data connection that works."""
        ...
