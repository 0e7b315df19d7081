"""The config flow's steps up to a modem that is ready: its port, and what it says."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigFlowResult,
)
from homeassistant.const import CONF_DEVICE, CONF_MODEL

from .. import typed
from ..const import (
    CONF_APN,
    CONF_BAUDRATE,
    CONF_FIRMWARE,
    CONF_MAIL_CLIENT,
    CONF_USB,
    DOMAIN,
    SECTION_ADVANCED,
)
from ..entry_data import port_settings
from ..modem.at.errors import InvalidValueError, NotRegisteredError
from .modem_checks import Found, Show, identify
from .schemas import PORT
from .trouble import TroubleSteps


class ModemSteps(TroubleSteps):
    """From the choice of a port to a modem that is registered with its network."""

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the serial port."""
        return await self._port_form("user", user_input)

    async def async_step_port(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for another serial port of the same modem."""
        return await self._port_form("port", user_input)

    async def _port_form(
        self, step_id: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        if back := await self._back(step_id, user_input):
            return back
        if user_input is not None:
            device = typed.stripped(user_input[CONF_DEVICE])
            self._found = Found()
            self._draft[CONF_DEVICE] = device
            self._draft[CONF_BAUDRATE] = int(
                user_input[SECTION_ADVANCED][CONF_BAUDRATE]
            )
            try:
                port_settings(self._draft)
            except InvalidValueError as err:
                self._say_invalid(err)
            else:
                if self.source not in (SOURCE_RECONFIGURE, SOURCE_REAUTH):
                    self._async_abort_entries_match({CONF_DEVICE: device})
                return await self.async_step_examine()
        return self._form(step_id, PORT, self._port_values(), checked=True)

    def _port_values(self) -> Mapping[str, Any]:
        values: dict[str, Any] = {}
        if CONF_DEVICE in self._draft:
            values[CONF_DEVICE] = self._draft[CONF_DEVICE]
        if CONF_BAUDRATE in self._draft:
            values[SECTION_ADVANCED] = {CONF_BAUDRATE: str(self._draft[CONF_BAUDRATE])}
        return values

    # The check.

    async def async_step_examine(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Open the modem, identify it and make it ready."""
        if progress := self._under_way("examine", self._examine):
            return progress
        err = self._check_result()
        if isinstance(err, NotRegisteredError) and CONF_APN not in self._draft:
            # Some networks let nobody in without their APN, which comes next.
            self._say("base", "apn_first")
        elif err is not None:
            self._retry = "examine"
            return self.async_show_progress_done(next_step_id=self._place(err))
        return self.async_show_progress_done(next_step_id="examined")

    async def _examine(self, show: Show) -> None:
        async with self._modem() as modem:
            await identify(modem, self._found, self._wanted_imei, show)
            self._take_identity()
            if not self._is_known() and self.source != SOURCE_RECONFIGURE:
                await self._make_ready(modem, show)
            if not self._visited_settings:
                self._save_changes()

    def _take_identity(self) -> None:
        identity = self._found.identity
        assert identity is not None
        self._draft |= {
            CONF_MODEL: identity.model,
            CONF_FIRMWARE: identity.firmware,
            CONF_MAIL_CLIENT: self._found.has_mail_client,
        }
        if CONF_USB in self._draft:
            # A person says that this is the port, whatever it was before.
            self._draft[CONF_USB] = None

    @property
    def _wanted_imei(self) -> str | None:
        entry = self._mended_entry
        return None if entry is None else entry.unique_id

    def _is_known(self) -> bool:
        """Whether another entry has this modem, which is then all there is to learn."""
        identity = self._found.identity
        return (
            self._mended_entry is None
            and identity is not None
            and self.hass.config_entries.async_entry_for_domain_unique_id(
                DOMAIN, identity.imei
            )
            is not None
        )

    @abstractmethod
    async def async_step_examined(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go on with the modem that was found."""
        ...
