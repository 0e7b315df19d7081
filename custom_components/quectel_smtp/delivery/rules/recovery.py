"""``Recovery``: the ladder from resend to reboot, paced as the vendor documents.

SMTP note 4.2 and 4.4 name the rungs. Each is climbed only when the one before it has
not helped. Times are seconds of the outbox's clock, which goes on over restarts.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from enum import IntEnum
import logging
from typing import Final

from ...modem.at.codes import TcpError
from ...modem.at.errors import CommandError, ModemError, PdpError, PinRequiredError
from ...modem.modem import Modem
from ...modem.network.pdp import PdpSettings, PdpState
from ...modem.service import await_registration, unlock
from ..records import Wear

_LOGGER = logging.getLogger(__name__)

# What touches the modem's flash in any 24 hours: restarts, and turns of the radio.
_OPERATIONS: Final = 30
_DAY: Final = 24 * 3600.0
# Reboots in a row: so many at once, then so long after the one before; the last stays.
_AT_ONCE: Final = 3
_PAUSES: Final = (600.0, 1800.0, 3600.0)
# So many in a row that helped nothing are a person's business.
_IN_VAIN: Final = 6

_REGISTRATION_CHECK: Final = 30.0
_REGISTRATION_ANEW: Final = 60.0
# The modem has room for three contexts at once (SMTP note 4.2).
_CONTEXTS: Final = 3


class Rung(IntEnum):
    """What is done before the next attempt."""

    RESEND = 0
    """Nothing: the first failure may have been chance (note 4.4)."""
    CONTEXT = 1
    """The PDP context is deactivated; sending activates it (note 4.4)."""
    CHECKS = 2
    """SIM, attachment, registration, others' PDP contexts (note 4.1, 4.2)."""
    DATA_MODE = 3
    """A data mode that is stuck is left; where none is, the next rung at once."""
    RADIO = 4
    """The radio is turned off and on."""
    REBOOT = 5
    """The modem is restarted (note 4.2)."""


async def _nothing() -> None:
    """Tell nobody."""


class Recovery:
    """Remembers what has been tried, and does the next thing."""

    def __init__(
        self,
        wear: Wear,
        save: Callable[[Wear], Awaitable[None]],
        restarted: Callable[[], Awaitable[None]] = _nothing,
    ) -> None:
        """Take what was done before; ``save`` keeps what is done, over restarts.

        ``restarted`` is called after each restart of the modem.
        """
        self._wear = wear
        self._save = save
        self._restarted = restarted
        self._rung = Rung.RESEND
        self._failing = False
        # Whether the rung is done, so that the next attempt has to show what it helped.
        self._mended = False
        self._error: ModemError | None = None

    def resume(self, wear: Wear) -> None:
        """Take what was done before, where that was not known at first."""
        self._wear = wear

    # What the attempts come to.

    @property
    def rung(self) -> Rung:
        """What is done before the next attempt."""
        return self._rung

    def failed(self, error: ModemError | None) -> None:
        """Climb one rung; the first failure asks for no more than another attempt.

        ``error``: what kept the attempt from sending, None if the modem reported that
        it could not be sent, or never reported.
        """
        if self._failing:
            self._rung = Rung(min(self._rung + 1, Rung.REBOOT))
        self._failing = True
        self._mended = False
        self._error = error

    def renew(self) -> None:
        """Have the data connection made anew before the next attempt (note 4.4)."""
        self._rung = max(self._rung, Rung.CONTEXT)
        self._mended = False

    def insist(self) -> None:
        """Take the last rung next, if nothing was sent since the path first failed.

        The server is reached, and email fails all the same: what is left is the modem.
        """
        if self._failing and self._rung is not Rung.REBOOT:
            self._rung = Rung.REBOOT
            self._mended = False

    async def worked(self) -> None:
        """An email was sent: begin at the bottom the next time."""
        self._rung = Rung.RESEND
        self._failing = self._mended = False
        self._error = None
        if self._wear.reboots:
            self._wear = replace(self._wear, reboots=())
            await self._save(self._wear)

    @property
    def exhausted(self) -> bool:
        """Whether a person is to be asked.

        Six reboots in a row helped nothing, or the day's operations are used up.
        """
        return (
            len(self._wear.reboots) >= _IN_VAIN or len(self._wear.times) >= _OPERATIONS
        )

    # How much is allowed.

    def next_reboot(self, now: float) -> float:
        """Return the seconds until the modem may be restarted; 0: it may be now.

        Three times at once, then 10, 30 and 60 minutes after the restart before, and
        30 operations in 24 hours at most.
        """
        wait = self._next_operation(now)
        reboots = self._wear.reboots
        if len(reboots) >= _AT_ONCE:
            pause = _PAUSES[min(len(reboots) - _AT_ONCE, len(_PAUSES) - 1)]
            wait = max(wait, reboots[-1] + pause - now)
        return wait

    def may_reboot(self, now: float) -> bool:
        """Whether the modem may be restarted now."""
        return self.next_reboot(now) <= 0

    def _next_operation(self, now: float) -> float:
        times = tuple(time for time in self._wear.times if now - time < _DAY)
        self._wear = replace(self._wear, times=times)
        if len(times) < _OPERATIONS:
            return 0.0
        return max(times[-_OPERATIONS] + _DAY - now, 0.0)

    async def _spend(self, now: float, *, reboot: bool = False) -> None:
        """Write down what is about to be done: a crash must not have it forgotten."""
        reboots = (*self._wear.reboots, now)[-_IN_VAIN:]
        wear = Wear((*self._wear.times, now), reboots if reboot else self._wear.reboots)
        await self._save(wear)
        self._wear = wear

    # What is done.

    async def mend(self, modem: Modem, pdp: PdpSettings, now: float) -> None:
        """Do what the rung asks for, once: up to some minutes.

        A ``ModemError`` says what a check has found, or that the rung can't be done.
        Where the pacing forbids a rung, the context and the checks are its turn again.
        """
        # Forget what is older than a day.
        may_operate = self._next_operation(now) <= 0
        if self._mended:
            return
        _LOGGER.debug("Mending the path: %s", self._rung.name)
        if self._rung is Rung.DATA_MODE and not await modem.leave_data_mode():
            self._rung = Rung.RADIO
        match self._rung:
            case Rung.CONTEXT:
                await self._deactivate(modem)
            case Rung.CHECKS:
                await self._check(modem, pdp, now)
            case Rung.RADIO if may_operate:
                await self._turn_radio(modem, now)
            case Rung.REBOOT if self.may_reboot(now):
                await self._restart(modem, now)
            case Rung.RADIO | Rung.REBOOT:
                await self._deactivate(modem)
                await self._check(modem, pdp, now)
        self._mended = True

    async def reboot(self, modem: Modem, now: float) -> bool:
        """Restart the modem whatever the rung, where that alone helps.

        False if the pacing forbids it: ``next_reboot`` tells until when.
        """
        if not self.may_reboot(now):
            return False
        await self._restart(modem, now)
        return True

    async def _deactivate(self, modem: Modem) -> None:
        # What can't be deactivated is deactivated once more before it is activated.
        with suppress(PdpError):
            await modem.deactivate()

    async def _check(self, modem: Modem, pdp: PdpSettings, now: float) -> None:
        """Check what the note's 4.1 and 4.2 name, and mend what can be.

        ``SimError`` and ``NotRegisteredError`` say what can't be. That the APN is
        missing is found at the activation that follows.
        """
        if not await modem.radio_on() and self._next_operation(now) <= 0:
            # Somebody was interrupted between turning it off and on.
            await self._spend(now)
            await modem.set_radio(True)
        if not await self._has_sim(modem):
            return
        await modem.give_apn(pdp)
        await self._attach(modem)
        await await_registration(modem, _REGISTRATION_CHECK)
        if await self._make_room(modem, pdp):
            # An LTE modem that has lost its last context is attached no longer.
            await self._attach(modem)

    async def _has_sim(self, modem: Modem) -> bool:
        """Whether the SIM is usable; ``SimError`` if it can't be. No PIN is sent."""
        try:
            await unlock(modem, None, None)
        except PinRequiredError:
            # It has started anew and nobody noticed. Bringing it into service knows the
            # PIN, and whether it may be used.
            modem.distrust()
            return False
        return True

    async def _attach(self, modem: Modem) -> None:
        # Where that is refused, the registration tells more.
        with suppress(CommandError):
            if not await modem.attached():
                await modem.attach()

    async def _make_room(self, modem: Modem, pdp: PdpSettings) -> bool:
        """Release the context that keeps ours from being activated; whether one does.

        Our own number, where someone else has activated it; else one of the others',
        where the network grants no more or the modem has no room (note 4.2, points 4
        and 5). The last one: networks give the first ones a purpose.
        """
        try:
            active = await modem.contexts()
        except CommandError:
            return False
        error = self._error if isinstance(self._error, PdpError) else None
        ours = modem.pdp_state is PdpState.ACTIVE
        others = [place for place in active if place != pdp.context_id]
        refused = error is not None and error.code == TcpError.NOT_ALLOWED
        if error is not None and pdp.context_id in active and not ours:
            in_the_way = pdp.context_id
        elif len(others) >= _CONTEXTS or (others and refused):
            in_the_way = others[-1]
        else:
            return False
        with suppress(CommandError):
            await modem.release(in_the_way)
        return True

    async def _turn_radio(self, modem: Modem, now: float) -> None:
        await self._spend(now)
        with suppress(CommandError):
            await modem.set_radio(False)
        await modem.set_radio(True)
        if await self._has_sim(modem):
            await await_registration(modem, _REGISTRATION_ANEW)

    async def _restart(self, modem: Modem, now: float) -> None:
        """Restart the modem; that it registers is seen when it comes into service."""
        await self._spend(now, reboot=True)
        _LOGGER.info("Restarting the modem")
        await modem.restart()
        await self._restarted()
