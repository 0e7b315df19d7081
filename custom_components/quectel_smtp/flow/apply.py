"""The config flow's check of all settings, and the way back to what failed."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_HOST, CONF_PIN

from ..const import CONF_APN, CONF_CERTIFICATE, CONF_ROAMING
from ..entry_data import finds_root, server_settings, settings
from ..modem.at.codes import TcpError
from ..modem.at.errors import (
    ApnMissingError,
    CommandError,
    DataModeError,
    InvalidValueError,
    ModemError,
    NotRegisteredError,
    PdpError,
    RoamingError,
    ServerNameError,
)
from ..modem.modem import Modem
from ..modem.network.profile import URC_ROUTING
from .account_checks import AccountError, check_account
from .forms import SETTINGS_STEPS
from .modem import ModemSteps
from .modem_checks import (
    ResultsElsewhereError,
    Show,
    Stage,
    find_server,
    hand_over,
    identify,
)
from .schemas import CELLULAR, SERVER
from .trouble import code_of

# Refusals of the data connection that a person can do something particular about.
_PDP_NAMED = frozenset(
    {
        TcpError.PDP_OPEN_FAILED,
        TcpError.TIMEOUT,
        TcpError.PDP_BROKEN,
        TcpError.NOT_ALLOWED,
    }
)


class ApplySteps(ModemSteps):
    """Gives the settings to the modem before they are saved."""

    async def _apply_or_save(self, unchecked: bool) -> ConfigFlowResult:
        if unchecked:
            return await self._finish_unchecked()
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
            imei = self._wanted_imei or self.unique_id
            await identify(modem, self._found, imei, show)
            await self._make_ready(modem, show)
            wanted = settings(self._draft, None, roaming=self._may_roam)
            await find_server(modem, wanted, show)
            if self._asked_for_account:
                await self._check_account(modem, show)
            await hand_over(modem, server_settings(self._draft), self._found, show)
            self._save_changes()

    async def _check_account(self, modem: Modem | None, show: Show) -> None:
        """Have the server take the account; its root becomes the modem's by itself."""
        find_root = finds_root(self._draft)
        server = server_settings(self._draft)
        try:
            root = await check_account(modem, server, find_root=find_root, show=show)
        except AccountError as err:
            if find_root and err.root is not None:
                self._take_root(err.root)
            raise
        if find_root:
            self._take_root(root)

    def _take_root(self, root: str | None) -> None:
        self._draft[CONF_CERTIFICATE] = root
        self._proved = self._draft[CONF_HOST]

    # Whether a data connection was not made, because it would have been abroad.
    _barred = False
    # Where results go that don't come here.
    _urc_port = ""
    # The server that the draft's root was found for in this flow.
    _proved: str | None = None

    async def async_step_applied(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Save what the modem has accepted."""
        return await self._finish()

    def _place_setting(self, err: ModemError) -> str:
        """Return the step whose setting failed, and have it say what happened."""
        self._server_unreached = False
        if isinstance(err, ResultsElsewhereError):
            self._urc_port = err.urc_port
            return "results_elsewhere" if err.routable else "results_on_port"
        match err:
            case AccountError():
                return self._place_account(err, self._account_form)
            case ServerNameError():
                step, field, key = "server", "base", err.key
            case NotRegisteredError() if "cellular" in self._visited:
                step, field, key = "cellular", "base", f"{err.key}_apn"
            case ApnMissingError():
                step, field, key = "cellular", CONF_APN, err.key
            case PdpError(code=code) if code in _PDP_NAMED:
                step, field, key = "cellular", "base", f"pdp_failed_{code:d}"
            case RoamingError() if "cellular" in self._visited:
                self._barred = True
                step, field, key = "cellular", CONF_ROAMING, "roaming_unasked"
            case PdpError() | RoamingError():
                step, field, key = "cellular", "base", err.key
            case InvalidValueError():
                return self._place_invalid(err)
            case DataModeError():
                step, field, key = "certificate", "base", "file_store"
            case CommandError(command=command):
                step, field, key = _refused_setting(command)
            case _:
                return self._place(err)
        self._check_failed = True
        self._say(field, key, code=code_of(err), host=self._host)
        return self._form_for(step)

    @property
    def _host(self) -> str:
        """The mail server of the draft, if there is one yet."""
        host: str = self._draft.get(CONF_HOST, "")
        return host

    def _place_account(self, err: AccountError, step: str) -> str:
        """Return the form that mends the account, with the server's own words.

        They stand above its fields: a small screen shows no more of it at first.
        What the server has refused is not offered to be saved unchecked.
        """
        self._check_failed = self._server_unreached = err.savable
        self._say(
            "base", err.error, words=err.words, code=code_of(err), host=self._host
        )
        return step

    def _place_invalid(self, err: InvalidValueError) -> str:
        """Return the form of a value that can't be used, for it to be mended.

        Forms check their own: it is another's, of an entry that was edited by hand.
        """
        self._check_failed = True
        match err.field:
            case field if field in CELLULAR.schema:
                step = "cellular"
            case field if field in SERVER.schema:
                step = "server"
            case field if field == CONF_PIN:
                self._say(field, "pin_invalid")
                return "pin"
            case field if field == CONF_CERTIFICATE:
                self._say("base", "certificate_unreadable")
                return "server"
            case _:
                self._say("base", "unusable")
                return "port"
        self._say_invalid(err)
        return step

    def _form_for(self, step: str) -> str:
        """Return a form of this flow that the error can be shown on.

        Who mends the data connection is not sent to the mail server's form.
        """
        form = self._account_form if step == "server" else step
        if step == "certificate":
            form = next(
                (s for s in reversed(self._visited) if s.startswith(step)),
                self._account_form,
            )
        if form not in self._visited:
            form = next(s for s in self._visited if s in SETTINGS_STEPS)
        if form != step:
            # It may not have the field.
            (key,) = self._errors.values()
            self._errors = {"base": key}
        return form

    # Results that are routed to another port.

    async def async_step_results_elsewhere(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Offer to route result codes to every port of the modem."""
        return self._ports_menu("results_elsewhere", ["route_results", "other_port"])

    async def async_step_results_on_port(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say which port to choose, where the firmware can't route to every port."""
        return self._ports_menu("results_on_port", ["other_port"])

    def _ports_menu(self, step_id: str, options: list[str]) -> ConfigFlowResult:
        return self._menu(step_id, options, urc_port=self._urc_port)

    async def async_step_other_port(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose another port of the modem."""
        form = "user" if self._mended_entry is None else "port"
        self._ways_back[form] = self._ways_back["other_port"]
        step = getattr(self, f"async_step_{form}")
        result: ConfigFlowResult = await step()
        return result

    async def async_step_route_results(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Route result codes to every port, then check again."""
        if progress := self._under_way("route_results", self._route_results):
            return progress
        err = self._check_result()
        if isinstance(err, CommandError) and err.command == URC_ROUTING:
            return self.async_show_progress_done(next_step_id="results_on_port")
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
