"""``Connection``: the open port of a modem, initialised anew in each of its boots.

What the modem was told holds for one boot; what it may still report of an email holds
over any number of openings.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
import logging
from typing import Final

from .at.channel import AtChannel
from .at.commands import Command
from .at.conversation import Conversation
from .at.errors import CommandError, NoAnswerError, NotAModemError, PortLostError
from .at.port import Connect, PortSettings
from .boot.memory import Memory
from .boot.opening import SPEEDS, open_synchronised
from .diagnosis import Diagnosis
from .mail.late_result import LateResult
from .network.pdp import DEFAULT_CONTEXT, PdpContext
from .network.profile import Profile
from .network.sim import SimState
from .tcp.preparation import Limits

_LOGGER = logging.getLogger(__name__)

# Seconds in which a modem that has started may not have found its SIM yet.
_STARTS: Final = 20.0

# Not kept by the modem over a reboot, whatever ``AT&W`` stores. ``&D0``: whoever opens
# or closes the port moves DTR, which must not end data mode or the data connection.
# ``CNMI``: no text message is written to our port, where it could pose as a result.
_INITIAL: Final = (
    Command("ATE0"),
    Command("AT+CMEE=1"),
    Command("AT&D0"),
    Command("AT+CNMI=0,0,0,0,0"),
    # It tells of each change of its registration, and of the SIM by itself.
    Command("AT+CEREG=1"),
)
_NEWS: Final = ("+CEREG:", "+CPIN:")

_THOROUGH: Final = 2
_THOROUGH_EACH: Final = 64
"""Looks at all speeds: the first ones, and one of so many later: each takes 20 s."""


@dataclass(slots=True)
class Session:
    """One opening of the port: what ends with it."""

    channel: AtChannel
    context: PdpContext
    profile: Profile | None = None
    # The limits of the TCP commands, and the boot in which they were set up.
    tcp: tuple[int, Limits] | None = None
    # Whether the modem counts what goes over its data connection, as far as is known.
    counts: bool = True
    # Whether it tells more of the signal than its strength, as far as is known.
    measures: bool = True
    # What the SIM waited for when it was asked last.
    sim: SimState | None = None


class Connection:
    """Opens and closes the port, and notices when the modem restarts."""

    def __init__(self, port: PortSettings, connector: Connect) -> None:
        """Take the port; nothing is opened yet."""
        self.port = port
        self._connector = connector
        self._session: Session | None = None
        self._watchers: list[Callable[[], None]] = []
        self._memory = Memory()
        self._conversation = Conversation()
        self._late = LateResult()
        self._heard = False
        self.upsets = 0
        """How often the port was lost, or the modem said that it restarted."""
        self.news = 0
        """How often it told that SIM or registration changed: it is to be asked."""
        # How often in a row nothing answered as a modem does.
        self._unanswered = 0
        self._started_by = 0.0

    @property
    def connected(self) -> bool:
        """Whether the port is open."""
        return self._session is not None and self._session.channel.connected

    @property
    def boot(self) -> int:
        """A number that changes whenever the modem may have forgotten its settings."""
        return self._memory.boots

    @property
    def starting(self) -> bool:
        """Whether the modem may be in the first 20 s of a boot.

        One whose port has just been opened may be: it may have come with its modem. So
        may one whose radio was turned on: some power the SIM with it.
        """
        return self._session is not None and (
            self._session.channel.now() < self._started_by
        )

    @property
    def heard(self) -> bool:
        """Whether any URC ever came from this port: it tells if results can come."""
        return self._heard or (
            self._session is not None and self._session.channel.heard
        )

    @property
    def busy(self) -> bool:
        """Whether a command is in flight: a poll then skips its turn."""
        return self._session is not None and self._session.channel.busy

    async def open(self) -> None:
        """Open the port and initialise the modem; a wrong port is told within 20 s.

        A modem that is set to another speed is found at that speed, which is looked for
        twice, and then at each 64th time that nothing answers. ``PortError`` and
        its kinds, ``NoAnswerError`` from a silent port, ``NotAModemError`` from one
        that talks otherwise.
        """
        await self.close()
        thorough = self._unanswered < _THOROUGH or not self._unanswered % _THOROUGH_EACH
        speeds = SPEEDS if thorough else ()
        try:
            channel = await open_synchronised(
                self.port, self._connector, self._listen, speeds
            )
        except NoAnswerError, NotAModemError:
            self._unanswered += 1
            raise
        self._unanswered = 0
        context = PdpContext(channel, DEFAULT_CONTEXT, self._changed)
        self._session = Session(channel, context)
        self._begins(channel)
        self._memory.forget()
        self._late.opened()
        channel.on_reboot(partial(self._on_reboot, channel, context))
        channel.on_lost(partial(self._on_lost, channel, context))
        try:
            await self._initialise()
        except BaseException:
            await self.close()
            raise
        self._changed()

    def _begins(self, channel: AtChannel) -> None:
        """From now on the SIM may be powered up anew."""
        self._started_by = channel.now() + _STARTS

    def _listen(self, channel: AtChannel) -> None:
        """Hear what an earlier email comes to, from the first byte on."""
        channel.conversation = self._conversation
        self._conversation.note("the port was opened", channel.now())
        channel.subscribe("+QSMTPPUT:", self._late.take)
        for line in ("RDY", "APP RDY"):
            channel.subscribe(line, lambda _: self._late.rebooted())
        for prefix in _NEWS:
            channel.subscribe(prefix, lambda _: self._has_news())

    def _has_news(self) -> None:
        self.news += 1
        self._changed()

    async def close(self) -> None:
        """Close the port; what waits on it fails with ``PortLostError``."""
        session, self._session = self._session, None
        if session is not None:
            self._heard = self._heard or session.channel.heard
            await session.channel.close()
            self._late.lost(PortLostError("the port was closed"))

    def diagnosis(self) -> Diagnosis:
        """Return what is known of port and firmware, without asking the modem."""
        session = self._session
        channel = None if session is None else session.channel
        return Diagnosis(
            self.connected,
            self.heard,
            self._memory.boots,
            self.upsets,
            0 if channel is None else channel.garbled_lines,
            0 if channel is None else channel.unhandled_lines,
            None if session is None else session.profile,
            None if session is None or session.tcp is None else session.tcp[1],
            session is not None and session.counts,
            session is not None and session.measures,
            asyncio.get_running_loop().time(),
            self._conversation.said(),
        )

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after each change of connection or state; returns the undoing."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    def _changed(self) -> None:
        for callback in tuple(self._watchers):
            callback()

    def _on_reboot(self, channel: AtChannel, context: PdpContext) -> None:
        _LOGGER.debug("The modem restarted")
        self._begins(channel)
        self.upsets += 1
        self._late.rebooted()
        self._memory.forget()
        context.reset()
        self._changed()

    def _on_lost(
        self, channel: AtChannel, context: PdpContext, error: PortLostError
    ) -> None:
        self._conversation.note("the port was closed", channel.now())
        self.upsets += 1
        self._late.lost(error)
        context.reset()
        self._changed()

    async def interrupt(self, task: asyncio.Task[object]) -> None:
        """Cancel a task that uses the modem after the command that it has in flight."""
        if self._session is None:
            task.cancel()
        else:
            await self._session.channel.cancel_between(task)

    def distrust(self) -> None:
        """Take the modem's settings for void: something tells that it restarted."""
        self._memory.forget()
        if self._session is not None:
            self._session.context.reset()

    @property
    def _open_session(self) -> Session:
        if self._session is None:
            raise PortLostError("the port is not open")
        return self._session

    async def _initialise(self) -> AtChannel:
        """Return the channel of a modem that was initialised in its present boot."""
        channel = self._open_session.channel
        if not self._memory.initialised:
            boot = self._memory.boots
            for command in _INITIAL:
                try:
                    await channel.execute(command)
                except CommandError:
                    # Each makes things safer, none is needed.
                    continue
            self._memory.initialised = boot == self._memory.boots
        return channel
