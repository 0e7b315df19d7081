"""Brings a modem into service: the SIM unlocked, the network found."""

import asyncio
from typing import Final

from .at.errors import (
    NetworkLockedError,
    NotRegisteredError,
    PinRequiredError,
    PinTriesExhaustingError,
    PinUnjudgedError,
    PukRequiredError,
    RegistrationDeniedError,
    SimError,
    SimFailureError,
    SimMissingError,
    SimNotReadyError,
)
from .modem import Modem
from .network.sim import PIN_TRIES_KEPT, SimState
from .network.status import Network, Registration

_ASK_EVERY: Final = 1.0
_SIM_SETTLES: Final = 20.0
_UNUSABLE: Final[dict[SimState, type[SimError]]] = {
    SimState.MISSING: SimMissingError,
    SimState.PUK_REQUIRED: PukRequiredError,
    SimState.NETWORK_LOCKED: NetworkLockedError,
    SimState.BUSY: SimNotReadyError,
}


async def unlock(
    modem: Modem, pin: str | None, iccid: str | None, kept: int = PIN_TRIES_KEPT
) -> None:
    """Make sure that the SIM is usable, with its PIN if it asks for it.

    ``pin`` is sent to the SIM whose number is ``iccid`` only, where both are known.
    Raises the ``SimError`` that says what is missing; nothing is sent to a SIM that
    has ``kept`` tries left or fewer. A SIM that is not ready is waited for, 20 s at most,
    and one that a modem just started has not found yet.
    """
    deadline = _now() + _SIM_SETTLES
    while (state := await _settled_state(modem, deadline)) is SimState.PIN_REQUIRED:
        tries = await modem.pin_tries()
        if tries is not None and tries <= kept:
            raise PinTriesExhaustingError(tries)
        if pin is None:
            raise PinRequiredError(tries)
        if iccid is not None and await modem.iccid() not in (iccid, None):
            # Another SIM: this PIN would cost it a try.
            raise PinRequiredError(tries)
        try:
            await modem.enter_pin(pin, kept)
        except SimNotReadyError:
            if _now() >= deadline:
                raise
            await asyncio.sleep(_ASK_EVERY)
            continue
        await _await_unlocked(modem)
        return
    if not state.usable:
        raise _UNUSABLE.get(state, SimFailureError)


async def settle(modem: Modem) -> SimState:
    """Return what the SIM waits for; one that is not ready yet is awaited, 20 s at most."""
    return await _settled_state(modem, _now() + _SIM_SETTLES)


async def _settled_state(modem: Modem, deadline: float) -> SimState:
    """Return the SIM's state once it is no passing one, or at the deadline."""
    while (state := await modem.sim_state()).passing and _now() < deadline:
        if state is not SimState.BUSY and not modem.starting:
            break
        await asyncio.sleep(_ASK_EVERY)
    return state


async def _await_unlocked(modem: Modem) -> None:
    """Wait until the SIM has taken its PIN; ``SimFailureError`` after 20 s.

    ``PinUnjudgedError`` if it asks for it still, and nothing tells whether it cost a try.
    """
    deadline = _now() + _SIM_SETTLES
    while not (state := await modem.sim_state()).usable:
        if _now() >= deadline:
            if state is SimState.PIN_REQUIRED and await modem.pin_tries() is None:
                raise PinUnjudgedError(None)
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
