"""What keeps a modem from being ready, and the config flow's way on from each."""

from abc import abstractmethod
from functools import partial
from typing import Any

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigFlowResult,
)
from homeassistant.const import CONF_DEVICE, CONF_PIN

from .. import typed
from ..const import CONF_CONFIRMED, CONF_ICCID, CONF_SAVE_UNCHECKED
from ..entry_data import pdp_settings, sim_pin
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
from ..modem.network.sim import CONFIRMED_TRIES_KEPT, PIN_TRIES_KEPT
from ..pins import all_tries_are_back, load_refused_pins, refused_pins, without_pin
from .base import FlowBase
from .modem_checks import PinKnownRefusedError, Show, make_ready
from .schemas import NOTHING, PIN, PIN_AGAIN

# The forms that a port is chosen on.
_PORT_STEPS = ("user", "port", "usb_confirm")


class TroubleSteps(FlowBase):
    """Asks for the SIM's PIN, or for what else only a person can do."""

    # The check that a trouble interrupts, and that is taken up again after it.
    _retry = "examine"
    _trouble: ModemError | None = None
    # Whether a person has confirmed the PIN, knowing how many tries are left: for one.
    _confirmed = False

    async def _make_ready(self, modem: Modem, show: Show) -> None:
        """Unlock the SIM, remembering a PIN that it refuses, and find the network."""
        await load_refused_pins(self.hass)
        pin = sim_pin(self._draft)
        refused = refused_pins(self.hass)
        kept = CONFIRMED_TRIES_KEPT if self._confirmed else PIN_TRIES_KEPT
        self._confirmed = False
        try:
            pdp = pdp_settings(self._draft)
        except InvalidValueError:
            # Not asked for yet, or to be mended on a form of its own.
            pdp = None
        unlocked = partial(all_tries_are_back, self.hass)
        try:
            await make_ready(
                modem, self._found, pin, kept, refused, pdp, show, unlocked
            )
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
        iccid = self._found.iccid
        self._draft = without_pin(self.hass, self._draft, pin, iccid)
        entry = self._mended_entry
        if entry is not None:
            self.hass.config_entries.async_update_entry(
                entry, data=without_pin(self.hass, entry.data, pin, iccid)
            )

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
        self._say("base", self._key_of(err), code=code_of(err))
        return "trouble"

    def _key_of(self, err: ModemError) -> str:
        """Return the error's text: what is said of a PIN depends on what may follow."""
        if not isinstance(err, PinRequiredError):
            return err.key
        if self._may_try_pin(err):
            exhausting = isinstance(err, PinTriesExhaustingError)
            return PinRequiredError.key if exhausting else err.key
        if isinstance(err, PinRefusedError):
            return "pin_refused_unknown" if err.tries is None else "pin_refused_low"
        return PinTriesExhaustingError.key

    async def async_step_pin(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the SIM's PIN, with the tries left."""
        trouble = self._trouble
        tries = trouble.tries if isinstance(trouble, PinRequiredError) else None
        last = tries is not None and tries <= PIN_TRIES_KEPT
        again = last or isinstance(trouble, PinRefusedError) or self._uncounted(tries)
        if user_input is not None:
            pin = typed.stripped(user_input[CONF_PIN])
            if again and not user_input[CONF_CONFIRMED]:
                self._say(CONF_CONFIRMED, "pin_unconfirmed")
            elif 4 <= len(pin) <= 8 and pin.isascii() and pin.isdigit():
                self._confirmed = again
                unchecked = self._take({**user_input, CONF_PIN: pin, CONF_ICCID: None})
                return await self._resume(unchecked)
            else:
                self._say(CONF_PIN, "pin_invalid")
        elif isinstance(trouble, PinRefusedError | PinUnjudgedError):
            self._say(CONF_PIN, trouble.key)
        return self._form(
            "pin",
            PIN_AGAIN if again else PIN,
            last=self.source == SOURCE_REAUTH,
            # Nobody would send it: what a person confirms is not done by itself.
            checked=last,
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
        """Whether a PIN may be asked for: the last try is not risked.

        Where nobody counts them, a second PIN is the last that is tried here.
        """
        if not isinstance(err, PinRequiredError):
            return False
        if err.tries is None:
            return not refused_pins(self.hass).spent(self._sim)
        return err.tries > CONFIRMED_TRIES_KEPT

    def _uncounted(self, tries: int | None) -> bool:
        """Whether the SIM has refused a PIN, and nobody tells how many tries are left."""
        refused = refused_pins(self.hass)
        return tries is None and refused.count(self._sim) > 0

    @property
    def _sim(self) -> str | None:
        """The number of the SIM, as it was found or as the entry has it."""
        return self._found.iccid or self._before.get(CONF_ICCID)

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
