"""The config flow's steps up to a modem that is ready: port, PIN, network."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_USB,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.const import CONF_DEVICE, CONF_MODEL, CONF_PIN

from .. import typed
from ..const import (
    CONF_APN,
    CONF_BAUDRATE,
    CONF_CONFIRMED,
    CONF_FIRMWARE,
    CONF_ICCID,
    CONF_MAIL_CLIENT,
    CONF_SAVE_UNCHECKED,
    CONF_USB,
    DOMAIN,
    SECTION_ADVANCED,
)
from ..entry_data import pdp_settings, port_settings, sim_pin
from ..modem.at.errors import (
    InvalidValueError,
    ModemError,
    NotRegisteredError,
    PinRefusedError,
    PinRequiredError,
    PinTriesExhaustingError,
    PinUnjudgedError,
    SimError,
)
from ..modem.modem import Modem
from ..modem.network.sim import PIN_TRIES_KEPT
from ..pins import refused_pins, without_pin
from .base import FlowBase
from .modem_checks import Found, PinKnownRefusedError, Show, identify, make_ready
from .schemas import NOTHING, PIN, PIN_AGAIN, PORT

_PINS_UNCOUNTED: Final = 2
"""PINs that a SIM may refuse whose tries nobody counts; most have three."""

# The forms that a port is chosen on.
_PORT_STEPS = ("user", "port", "usb_confirm")


class ModemSteps(FlowBase):
    """From the choice of a port to a modem that is registered with its network."""

    # The check that a trouble interrupts, and that is taken up again after it.
    _retry = "examine"
    _trouble: ModemError | None = None
    _pins_refused = 0

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

    async def _make_ready(self, modem: Modem, show: Show) -> None:
        """Unlock the SIM, remembering a PIN that it refuses, and find the network."""
        pin = sim_pin(self._draft)
        refused = refused_pins(self.hass, self._draft)
        try:
            pdp = pdp_settings(self._draft)
        except InvalidValueError:
            # Not asked for yet, or to be mended on a form of its own.
            pdp = None
        try:
            await make_ready(modem, self._found, pin, refused, pdp, show)
        except PinKnownRefusedError:
            self._draft[CONF_PIN] = None
            raise
        except PinRefusedError:
            assert pin is not None
            self._remember_refused(pin.code)
            raise
        if pin is not None:
            self._draft[CONF_ICCID] = self._found.iccid

    def _remember_refused(self, pin: str) -> None:
        """Remember it at once: the dialog may be closed before it is saved."""
        self._pins_refused += 1
        iccid = self._found.iccid
        self._draft = without_pin(self.hass, self._draft, pin, iccid)
        entry = self._mended_entry
        if entry is not None:
            self.hass.config_entries.async_update_entry(
                entry, data=without_pin(self.hass, entry.data, pin, iccid)
            )

    async def async_step_examined(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go on with the modem that was found."""
        if self._mended_entry is not None:
            return await self._after_examination()
        identity = self._found.identity
        assert identity is not None
        # A page that is reloaded leaves its dialog behind, where nobody finds it again:
        # it must not keep the modem. The first dialog that ends has it, and ends others.
        await self.async_set_unique_id(identity.imei, raise_on_progress=False)
        moved = {key: self._draft[key] for key in (CONF_DEVICE, CONF_BAUDRATE)}
        self._abort_if_unique_id_configured(
            updates=None if self._is_in_use() else moved, reload_on_update=False
        )
        return await self._after_examination()

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

    @abstractmethod
    async def _after_examination(self) -> ConfigFlowResult:
        """Go on with a modem that is ready."""
        ...

    @abstractmethod
    async def _finish(self) -> ConfigFlowResult:
        """Save the draft that was checked, and go on to the end."""
        ...

    @abstractmethod
    async def _finish_unchecked(self) -> ConfigFlowResult:
        """Save the draft although nobody could check it, and end."""
        ...

    # What keeps the modem from being ready.

    def _place(self, err: ModemError) -> str:
        """Return the step that an error leads to, and have it say what happened."""
        self._check_failed = True
        self._trouble = err
        port_step = next((s for s in self._visited if s in _PORT_STEPS), None)
        if (
            self._retry == "examine"
            and port_step is not None
            and not isinstance(err, SimError | NotRegisteredError)
        ):
            self._say(_port_field(err), err.key, code=code_of(err))
            return port_step
        if self._may_try_pin(err) and self.source != SOURCE_RECONFIGURE:
            return "pin"
        key = err.key
        if isinstance(err, PinRequiredError) and not self._may_try_pin(err):
            key = PinTriesExhaustingError.key
            if isinstance(err, PinRefusedError):
                key = "pin_refused_unknown" if err.tries is None else "pin_refused_low"
        self._say("base", key, code=code_of(err))
        return "trouble"

    async def async_step_pin(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the SIM's PIN, with the tries left."""
        trouble = self._trouble
        tries = trouble.tries if isinstance(trouble, PinRequiredError) else None
        refused = isinstance(trouble, PinRefusedError)
        if user_input is not None:
            pin = typed.stripped(user_input[CONF_PIN])
            if refused and not user_input[CONF_CONFIRMED]:
                self._say(CONF_CONFIRMED, "pin_unconfirmed")
            elif 4 <= len(pin) <= 8 and pin.isascii() and pin.isdigit():
                unchecked = self._take({**user_input, CONF_PIN: pin, CONF_ICCID: None})
                return await self._resume(unchecked)
            else:
                self._say(CONF_PIN, "pin_invalid")
        elif isinstance(trouble, PinRefusedError | PinUnjudgedError):
            self._say(CONF_PIN, trouble.key)
        return self._form(
            "pin",
            PIN_AGAIN if refused else PIN,
            last=self.source == SOURCE_REAUTH,
            tries="–" if tries is None else str(tries),
        )

    async def async_step_trouble(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Wait for a person to mend what the form names, then check again."""
        if user_input is not None:
            if user_input.get(CONF_SAVE_UNCHECKED):
                return await self._finish_unchecked()
            if self._may_try_pin(self._trouble):
                return await self.async_step_pin()
            return await self._resume(unchecked=False)
        return self._form("trouble", NOTHING)

    def _may_try_pin(self, err: ModemError | None) -> bool:
        """Whether a PIN may be asked for: the last two tries are not risked.

        Where nobody counts them, a second PIN is the last that is tried here.
        """
        if not isinstance(err, PinRequiredError):
            return False
        if err.tries is None:
            return self._pins_refused < _PINS_UNCOUNTED
        return err.tries > PIN_TRIES_KEPT

    async def _resume(self, unchecked: bool) -> ConfigFlowResult:
        """Take the interrupted check up again, or save without it."""
        if unchecked:
            return await self._finish_unchecked()
        step = getattr(self, f"async_step_{self._retry}")
        result: ConfigFlowResult = await step()
        return result


def _port_field(err: ModemError) -> str:
    """Return the field that the error belongs to: most are about the port."""
    return CONF_DEVICE if err.key.startswith("port_") else "base"


def code_of(err: ModemError) -> str:
    """Return the number of the modem's result code, for the text of an error."""
    code = getattr(err, "code", None)
    return "–" if code is None else str(int(code))
