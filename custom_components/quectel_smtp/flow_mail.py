"""The config flow's steps for the data connection, the mail server and its proof."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT
from homeassistant.util import dt as dt_util

from .certificates import CertificateError, check_pem, roots
from .const import CONF_APN, CONF_CERTIFICATE, CONF_SAVE_UNCHECKED, CONF_SECURITY
from .entry_data import pdp_settings, server_settings, settings
from .flow_modem import ModemSteps
from .flow_schemas import (
    CELLULAR,
    CERTIFICATE_TEXT,
    NOTHING,
    SERVER,
    USUAL_PORTS,
    certificate_choice,
)
from .modem.codes import TcpError
from .modem.errors import (
    ApnMissingError,
    CommandError,
    DataModeError,
    InvalidValueError,
    ModemError,
    PdpError,
    ServerNameError,
)
from .modem.smtp import Security
from .modem_checks import ResultsElsewhereError, Show, Stage, identify, try_settings

# Refusals of the data connection that a person can do something particular about.
_PDP_NAMED = frozenset(
    {
        TcpError.PDP_OPEN_FAILED,
        TcpError.TIMEOUT,
        TcpError.PDP_BROKEN,
        TcpError.NOT_ALLOWED,
    }
)


class MailSteps(ModemSteps):
    """From the APN to settings that the modem has accepted."""

    _unchecked = False

    async def async_step_cellular(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the data connection."""
        if user_input is not None:
            unchecked = self._take(user_input)
            try:
                pdp_settings(self._draft)
            except InvalidValueError as err:
                self._say_invalid(err)
            else:
                return await self._after_cellular(unchecked)
        return self._form("cellular", CELLULAR, self._draft)

    async def _after_cellular(self, unchecked: bool) -> ConfigFlowResult:
        if self._mended_entry is None:
            return await self.async_step_server()
        return await self._apply_or_save(unchecked)

    async def async_step_server(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the mail server, the account and the sender."""
        if user_input is not None:
            self._unchecked = self._take(user_input)
            try:
                server_settings(self._draft)
            except InvalidValueError as err:
                self._say_invalid(err)
            else:
                return await self.async_step_unusual_port()
        return self._form("server", SERVER, self._draft)

    # Warnings: each can be overruled.

    @property
    def _security(self) -> Security:
        return Security[self._draft[CONF_SECURITY].upper()]

    async def async_step_unusual_port(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether a port that is used otherwise elsewhere is meant."""
        port = self._draft[CONF_PORT]
        if port in USUAL_PORTS.values() and port != USUAL_PORTS[self._security]:
            return self.async_show_menu(
                step_id="unusual_port",
                menu_options=["server", "plain_password"],
                description_placeholders={"port": str(port)},
            )
        return await self.async_step_plain_password()

    async def async_step_plain_password(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether the password may go over the air for all to read."""
        if self._security is Security.NONE and self._draft.get(CONF_PASSWORD):
            return self.async_show_menu(
                step_id="plain_password",
                menu_options=["server", "verification"],
                description_placeholders={"host": self._draft[CONF_HOST]},
            )
        return await self.async_step_verification()

    async def async_step_verification(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the server's certificate where there is one."""
        if self._security is not Security.NONE:
            return await self.async_step_certificate()
        self._draft[CONF_CERTIFICATE] = None
        return await self._apply_or_save(self._unchecked)

    # The server's certificate.

    async def async_step_certificate(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how the mail server proves who it is."""
        options = ["certificate_root", "certificate_text", "certificate_none"]
        if self._mended_entry is not None and CONF_CERTIFICATE in self._draft:
            options.insert(0, "certificate_keep")
        return self.async_show_menu(
            step_id="certificate",
            menu_options=options,
            description_placeholders={"host": self._draft[CONF_HOST]},
        )

    async def async_step_certificate_keep(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Leave the proof as it is."""
        return await self._apply_or_save(self._unchecked)

    async def async_step_certificate_root(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose a root from those that Home Assistant itself trusts."""
        offered = await self.hass.async_add_executor_job(roots)
        if user_input is not None:
            chosen = user_input[CONF_CERTIFICATE]
            pem = next(root.pem for root in offered if root.fingerprint == chosen)
            return await self._take_certificate(user_input, pem)
        now = self._draft.get(CONF_CERTIFICATE)
        chosen_before = next((root for root in offered if root.pem == now), None)
        return self._form(
            "certificate_root",
            certificate_choice(offered),
            None
            if chosen_before is None
            else {CONF_CERTIFICATE: chosen_before.fingerprint},
        )

    async def async_step_certificate_text(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take a pasted root certificate."""
        if user_input is not None:
            try:
                pem = await self.hass.async_add_executor_job(
                    check_pem, user_input[CONF_CERTIFICATE], dt_util.utcnow()
                )
            except CertificateError as err:
                self._say(CONF_CERTIFICATE, err.key)
            else:
                return await self._take_certificate(user_input, pem)
        return self._form(
            "certificate_text", CERTIFICATE_TEXT, user_input or self._draft
        )

    async def async_step_certificate_none(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say what it means not to verify the server, and have it confirmed."""
        if user_input is not None:
            return await self._take_certificate(user_input, None)
        return self._form(
            "certificate_none", NOTHING, host=self._draft[CONF_HOST], last=True
        )

    async def _take_certificate(
        self, user_input: dict[str, Any], pem: str | None
    ) -> ConfigFlowResult:
        self._draft[CONF_CERTIFICATE] = pem
        return await self._apply_or_save(
            self._unchecked or user_input.get(CONF_SAVE_UNCHECKED, False)
        )

    # The check.

    async def _apply_or_save(self, unchecked: bool) -> ConfigFlowResult:
        if unchecked:
            return await self._finish()
        return await self.async_step_apply()

    async def async_step_apply(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Activate the PDP context and give the settings to the modem."""
        if progress := self._under_way("apply", self._apply):
            return progress
        err = self._check_result()
        if err is not None:
            self._retry = "apply"
            return self.async_show_progress_done(next_step_id=self._place_setting(err))
        return self.async_show_progress_done(next_step_id="applied")

    async def _apply(self, show: Show) -> None:
        async with self._modem() as modem:
            await identify(modem, self._found, self._wanted_imei, show)
            await self._make_ready(modem, show)
            await try_settings(modem, settings(self._draft, None), show)

    async def async_step_applied(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Save what the modem has accepted."""
        return await self._finish()

    def _place_setting(self, err: ModemError) -> str:
        """Return the step whose setting failed, and have it say what happened."""
        if isinstance(err, ResultsElsewhereError):
            self._trouble = err
            return "results_elsewhere"
        match err:
            case ServerNameError():
                step, field, key = "server", CONF_HOST, err.key
            case ApnMissingError():
                step, field, key = "cellular", CONF_APN, err.key
            case PdpError(code=code) if code in _PDP_NAMED:
                step, field, key = "cellular", "base", f"pdp_failed_{code:d}"
            case PdpError():
                step, field, key = "cellular", "base", err.key
            case DataModeError():
                step, field, key = "certificate", "base", "file_store"
            case CommandError(command=command):
                step, field, key = _refused_setting(command)
            case _:
                return self._place(err)
        self._check_failed = True
        self._say(field, key, code=_code(err))
        return self._form_for(step)

    def _form_for(self, step: str) -> str:
        """Return a form of this flow that the error can be shown on.

        Who mends the data connection is not sent to the mail server's form.
        """
        if step == "certificate":
            step = next((s for s in self._visited if s.startswith(step)), "server")
        if step not in self._visited:
            (key,) = self._errors.values()
            self._errors = {"base": key}
            step = "cellular" if "cellular" in self._visited else "server"
        return step

    # Results that are routed to another port.

    async def async_step_results_elsewhere(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Offer to route result codes to every port of the modem."""
        trouble = self._trouble
        assert isinstance(trouble, ResultsElsewhereError)
        return self.async_show_menu(
            step_id="results_elsewhere",
            menu_options=["route_results", "other_port"],
            description_placeholders={"urc_port": trouble.urc_port},
        )

    async def async_step_other_port(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose another port of the modem."""
        if self._mended_entry is None:
            return await self.async_step_user()
        return await self.async_step_port()

    async def async_step_route_results(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Route result codes to every port, then check again."""
        if progress := self._under_way("route_results", self._route_results):
            return progress
        err = self._check_result()
        if err is not None:
            self._retry = "route_results"
            return self.async_show_progress_done(next_step_id=self._place(err))
        return self.async_show_progress_done(next_step_id="apply")

    async def _route_results(self, show: Show) -> None:
        async with self._modem() as modem:
            await identify(modem, self._found, self._wanted_imei, show)
            show(Stage.ROUTE)
            await modem.route_urcs_everywhere()


def _refused_setting(command: str) -> tuple[str, str, str]:
    """Return step, field and error for a setting that the modem has refused."""
    if command.startswith("AT+QF"):
        return "certificate", "base", "file_store"
    if command.startswith("AT+QSSLCFG"):
        return "certificate", "base", "tls_refused"
    return "server", "base", "settings_refused"


def _code(err: ModemError) -> str:
    code = getattr(err, "code", None)
    return "–" if code is None else str(int(code))
