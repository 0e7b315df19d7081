"""Brings a modem into service: the SIM unlocked, the network found."""

import asyncio
from typing import Final

from .at.errors import (
    NotRegisteredError,
    PinRequiredError,
    PinTriesExhaustingError,
    PukRequiredError,
    RegistrationDeniedError,
    SimFailureError,
    SimMissingError,
)
from .modem import Modem
from .network.status import PIN_TRIES_KEPT, Network, Registration, SimState

_ASK_EVERY: Final = 1.0
_SIM_SETTLES: Final = 15.0


async def unlock(modem: Modem, pin: str | None, iccid: str | None) -> None:
    """Make sure that the SIM is usable, with its PIN if it asks for it.

    ``pin`` is sent to the SIM whose number is ``iccid`` only, where both are known.
    Raises the ``SimError`` that says what is missing; nothing is sent to a SIM that
    has two tries left or fewer.
    """
    deadline = _now() + _SIM_SETTLES
    while (state := await modem.sim_state()) is SimState.BUSY and _now() < deadline:
        await asyncio.sleep(_ASK_EVERY)
    match state:
        case SimState.READY:
            return
        case SimState.MISSING:
            raise SimMissingError
        case SimState.PUK_REQUIRED:
            raise PukRequiredError
        case SimState.PIN_REQUIRED:
            pass
        case _:
            raise SimFailureError
    tries = await modem.pin_tries()
    if tries is not None and tries <= PIN_TRIES_KEPT:
        raise PinTriesExhaustingError(tries)
    if pin is None:
        raise PinRequiredError(tries)
    if iccid is not None and await modem.iccid() not in (iccid, None):
        # Another SIM: this PIN would cost it a try.
        raise PinRequiredError(tries)
    await modem.enter_pin(pin)
    deadline = _now() + _SIM_SETTLES
    while await modem.sim_state() is not SimState.READY:
        if _now() >= deadline:
            raise SimFailureError
        await asyncio.sleep(_ASK_EVERY)


async def await_registration(modem: Modem, timeout: float) -> Network:
    """Return the network once the modem is registered, within ``timeout`` seconds.

    ``RegistrationDeniedError`` if the network refuses the SIM to the end,
    ``NotRegisteredError`` if none was found.
    """
    deadline = _now() + timeout
    while True:
        network = await modem.network()
        if network.registration.registered:
            return network
        if _now() >= deadline:
            if network.registration is Registration.DENIED:
                raise RegistrationDeniedError
            raise NotRegisteredError
        await asyncio.sleep(_ASK_EVERY)


def _now() -> float:
    return asyncio.get_running_loop().time()
