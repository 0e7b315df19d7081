"""The config flow's form for a mail server of one's own, and its warnings."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME

from ..const import (
    CONF_CERTIFICATE,
    CONF_SECURITY,
    CONF_SENDER_ADDRESS,
    CONF_SENDER_NAME,
    CONF_VERIFICATION,
    SECTION_ADVANCED,
    VERIFICATION_AUTOMATIC,
    VERIFICATION_MANUAL,
)
from ..delivery.rules.capacity import check_account
from ..entry_data import finds_root, server_settings, wants_module
from ..modem.at.errors import InvalidValueError
from ..modem.mail.server import Security
from .certificate import CertificateSteps
from .schemas import SERVER, USUAL_PORTS


class MailSteps(CertificateSteps):
    """From the server to the sender, with warnings that can be overruled."""

    async def async_step_server(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the mail server, the account and the sender."""
        if back := await self._back("server", user_input):
            return back
        if user_input is not None:
            self._unchecked = self._take(user_input)
            try:
                # The proof of the server is not of this form.
                server = server_settings(self._draft | {CONF_CERTIFICATE: None})
                if wants_module(self._mended_entry):
                    check_account(server)
            except InvalidValueError as err:
                self._say_invalid(err)
            else:
                return await self.async_step_unusual_port()
        advanced = {CONF_VERIFICATION: self._verification}
        values = self._draft | self._sender_values | {SECTION_ADVANCED: advanced}
        return self._form("server", SERVER, values)

    @property
    def _sender_values(self) -> dict[str, Any]:
        """The sender as a form has it: empty where it is the user name."""
        values = {
            key: self._draft.get(key, "")
            for key in (CONF_SENDER_NAME, CONF_SENDER_ADDRESS)
        }
        if values[CONF_SENDER_ADDRESS] == self._draft.get(CONF_USERNAME):
            values[CONF_SENDER_ADDRESS] = ""
        return values

    # Warnings: each can be overruled.

    @property
    def _verification(self) -> str:
        """How the server's root is found; an entry from before keeps what it has."""
        usual = (
            VERIFICATION_AUTOMATIC
            if self._mended_entry is None
            else VERIFICATION_MANUAL
        )
        found: str = self._draft.get(CONF_VERIFICATION, usual)
        return found

    @property
    def _security(self) -> Security:
        return Security[self._draft[CONF_SECURITY].upper()]

    async def async_step_unusual_port(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether a port that is used otherwise elsewhere is meant."""
        port = self._draft[CONF_PORT]
        if port in USUAL_PORTS.values() and port != USUAL_PORTS[self._security]:
            return self._menu(
                "unusual_port", ["server", "plain_password"], port=str(port)
            )
        return await self.async_step_plain_password()

    async def async_step_plain_password(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether the password may go over the air for all to read."""
        if self._security is Security.NONE and self._draft.get(CONF_PASSWORD):
            host = self._draft[CONF_HOST]
            return self._menu("plain_password", ["server", "verification"], host=host)
        return await self.async_step_verification()

    async def async_step_verification(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a root only who wants one of their own, or none.

        So is who saves without the check that would have found it.
        """
        self._draft[CONF_VERIFICATION] = self._verification
        if self._security is Security.NONE:
            self._draft[CONF_CERTIFICATE] = None
        elif not finds_root(self._draft) or (self._unchecked and not self._has_root):
            return await self.async_step_certificate()
        return await self._apply_or_save(self._unchecked)

    @property
    def _has_root(self) -> bool:
        """Whether a root is known of the server that is entered."""
        known = self._proved or (
            self._before.get(CONF_HOST) if finds_root(self._before) else None
        )
        return (
            known == self._draft[CONF_HOST]
            and self._draft.get(CONF_CERTIFICATE) is not None
        )
