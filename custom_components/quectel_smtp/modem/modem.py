"""``Modem``: the one object that the rest of the house talks to.

It opens and initialises the port, remembers which settings the modem has in its present
boot, and keeps an email that may still be on its way apart from the next one.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
import logging
from typing import Final

from . import (
    attachments,
    boot_mark,
    configuration,
    pdp,
    probe,
    profile,
    radio,
    restart,
    smtp,
    status,
)
from .at import AtChannel
from .commands import RESULT_MARGIN, Command, Deadline
from .errors import CommandError, ModemError, ModemRebootedError, PortLostError
from .late_result import LateResult
from .memory import Memory
from .message import Message
from .opening import open_synchronised
from .port import Connect, PortSettings, connect
from .profile import Profile
from .server import ServerSettings
from .smtp import Outcome, Result

_LOGGER = logging.getLogger(__name__)

# Not kept by the modem over a reboot, whatever ``AT&W`` stores. ``&D0``: whoever opens
# or closes the port moves DTR, which must not end data mode or the data connection.
# ``CNMI``: no text message is written to our port, where it could pose as a result.
_INITIAL: Final = (
    Command("ATE0"),
    Command("AT+CMEE=1"),
    Command("AT&D0"),
    Command("AT+CNMI=0,0,0,0,0"),
)


@dataclass(frozen=True, slots=True)
class _Session:
    """One opening of the port: what ends with it."""

    channel: AtChannel
    context: pdp.PdpContext


class Modem:
    """A Quectel modem on a serial port, from opening it to sending an email."""

    def __init__(
        self,
        port: PortSettings,
        *,
        connector: Connect = connect,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take the port; ``now`` is the host's clock."""
        self.port = port
        self._connector = connector
        self._now = now
        self._session: _Session | None = None
        self._profile: Profile | None = None
        self._context_id = pdp.DEFAULT_CONTEXT
        self._watchers: list[Callable[[], None]] = []
        self._memory = Memory()
        self._late = LateResult()
        self._heard = False

    # The port.

    @property
    def connected(self) -> bool:
        """Whether the port is open."""
        return self._session is not None and self._session.channel.connected

    @property
    def boot(self) -> int:
        """A number that changes whenever the modem may have forgotten its settings."""
        return self._memory.boots

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

        A modem that is set to another speed is found at that speed. ``PortError`` and
        its kinds, ``NoAnswerError`` from a silent port, ``NotAModemError`` from one
        that talks otherwise.
        """
        await self.close()
        channel = await open_synchronised(self.port, self._connector, self._listen)
        self._profile = None
        context = pdp.PdpContext(channel, self._context_id, self._changed)
        self._session = _Session(channel, context)
        self._memory.forget()
        self._late.opened()
        channel.on_reboot(partial(self._on_reboot, context))
        channel.on_lost(partial(self._on_lost, context))
        try:
            await self._initialise()
        except BaseException:
            await self.close()
            raise
        self._changed()

    def _listen(self, channel: AtChannel) -> None:
        """Hear what an earlier email comes to, from the first byte on."""
        channel.subscribe("+QSMTPPUT:", self._late.take)
        for line in ("RDY", "APP RDY"):
            channel.subscribe(line, lambda _: self._late.rebooted())

    async def close(self) -> None:
        """Close the port; what waits on it fails with ``PortLostError``."""
        session, self._session = self._session, None
        if session is not None:
            self._heard = self._heard or session.channel.heard
            await session.channel.close()
            self._late.lost(PortLostError("the port was closed"))

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after each change of connection or state; returns the undoing."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    def _changed(self) -> None:
        for callback in tuple(self._watchers):
            callback()

    def _on_reboot(self, context: pdp.PdpContext) -> None:
        _LOGGER.debug("The modem restarted")
        self._late.rebooted()
        self._memory.forget()
        context.reset()
        self._changed()

    def _on_lost(self, context: pdp.PdpContext, error: PortLostError) -> None:
        self._late.lost(error)
        context.reset()
        self._changed()

    @property
    def _open_session(self) -> _Session:
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

    # Status.

    async def identify(self) -> status.Identity:
        """Ask who the modem is."""
        return await status.identify(await self._initialise())

    async def sim_state(self) -> status.SimState:
        """Ask what the SIM waits for."""
        return await status.sim_state(await self._initialise())

    async def pin_tries(self) -> int | None:
        """Return the tries left for the PIN, None where the modem doesn't tell."""
        return await status.pin_tries(await self._initialise())

    async def enter_pin(self, pin: str) -> None:
        """Unlock the SIM; ``PinRefusedError`` means: never again with this PIN."""
        await status.enter_pin(await self._initialise(), pin)

    async def iccid(self) -> str | None:
        """Return the SIM's number."""
        return await status.iccid(await self._initialise())

    async def network(self) -> status.Network:
        """Return registration, operator and signal."""
        return await status.network(await self._initialise())

    async def profile(self) -> Profile:
        """Return what the firmware can do; it is asked once.

        ``UnsupportedModemError`` where the SMTP commands are missing.
        """
        channel = await self._initialise()
        if self._profile is None:
            self._profile = await profile.probe(channel)
        return self._profile

    async def require_smtp(self) -> None:
        """Raise ``UnsupportedModemError`` where the SMTP commands are missing."""
        await self.profile()

    async def urc_port(self) -> str | None:
        """Return where URCs are routed to, None where the firmware can't tell."""
        return await profile.urc_port(await self._initialise())

    async def route_urcs_everywhere(self) -> None:
        """Route URCs to every port; the modem keeps this over reboots."""
        await profile.route_urcs_everywhere(await self._initialise())

    # The data connection.

    @property
    def pdp_state(self) -> pdp.PdpState:
        """State of the PDP context as last known; inactive without a port."""
        if self._session is None:
            return pdp.PdpState.INACTIVE
        return self._session.context.state

    async def activate(self, settings: pdp.PdpSettings) -> None:
        """Bring the PDP context up with these settings, unless it is; up to 150 s.

        An email that may still be on its way is waited for: it needs the context.
        """
        await self._initialise()
        await self.settled()
        context = self._open_session.context
        if context.ready and self._memory.get("pdp") == settings.command():
            return
        boot = self._memory.boots
        if context.ready:
            await context.deactivate()
        await context.activate(settings)
        self._keep_pdp(settings, boot)

    async def renew(self, settings: pdp.PdpSettings) -> None:
        """Take the PDP context down and bring it up, whatever its state; up to 200 s.

        ``PdpError`` if the network refuses it. An email that may still be on its way
        is waited for.
        """
        await self._initialise()
        await self.settled()
        boot = self._memory.boots
        await self._open_session.context.renew(settings)
        self._keep_pdp(settings, boot)

    def _keep_pdp(self, settings: pdp.PdpSettings, boot: int) -> None:
        if boot == self._memory.boots:
            self._memory.keep("pdp", settings.command())

    async def deactivate(self) -> None:
        """Take the PDP context down, if it is up; up to 40 s."""
        if self.pdp_state is pdp.PdpState.ACTIVE:
            await self._open_session.context.deactivate()

    async def refresh_pdp(self) -> pdp.PdpState:
        """Ask the modem for the state of the PDP context."""
        await self._initialise()
        return await self._open_session.context.refresh()

    async def resolve(self, host: str, deadline: float) -> None:
        """Resolve a server's name over the active PDP context, within ``deadline`` s.

        ``NoAnswerError`` if no URC arrives: it may be routed to another port.
        """
        await probe.resolve(await self._initialise(), self._context_id, host, deadline)

    async def reach(self, host: str, port: int) -> None:
        """Open and close a TCP connection over the active PDP context; up to 150 s.

        ``ServerUnreachableError`` with the modem's code if it can't be opened.
        """
        await probe.reach(await self._initialise(), self._context_id, host, port)

    async def prove(self, server: ServerSettings, settings: pdp.PdpSettings) -> None:
        """Prove the path anew: PDP context, server's name, server's port.

        ``PdpError``, ``ServerNameError`` and ``ServerUnreachableError`` tell what
        fails. Where the firmware has no command for a step, the step is taken as
        proved.
        """
        await self.renew(settings)
        with suppress(CommandError):
            await self.resolve(server.host, Deadline.RESOLVE)
        with suppress(CommandError):
            await self.reach(server.host, server.port)

    # What mends the connection (SMTP note 4.2).

    async def attached(self) -> bool:
        """Return whether the packet domain is attached."""
        return await status.attached(await self._initialise())

    async def attach(self) -> None:
        """Attach the packet domain; up to 140 s."""
        await radio.attach(await self._initialise())

    async def contexts(self) -> tuple[int, ...]:
        """Return the PDP contexts whose bearer is up, whoever activated them."""
        return await radio.active_contexts(await self._initialise())

    async def release(self, context_id: int) -> None:
        """Take down another PDP context's bearer; up to 40 s."""
        await radio.release(await self._initialise(), context_id)

    async def leave_data_mode(self) -> bool:
        """Leave a data mode that is stuck, and resynchronise; up to 15 s.

        Returns whether one was. ``NoAnswerError`` if the modem stays silent.
        """
        return await self._open_session.channel.synchronise()

    async def radio_on(self) -> bool:
        """Return whether the radio is on, as far as the modem tells."""
        level = await radio.functionality(await self._initialise())
        return level in (radio.Functionality.FULL, None)

    async def set_radio(self, on: bool) -> None:
        """Turn the radio on or off; up to 15 s. It wears the modem's flash."""
        channel = await self._initialise()
        wanted = radio.Functionality.FULL if on else radio.Functionality.RADIO_OFF
        try:
            await radio.set_functionality(channel, wanted)
        finally:
            if not on:
                self._open_session.context.taken()

    async def restart(self) -> None:
        """Restart the modem and wait until it answers again, up to 90 s.

        All its settings are void then, and nothing is unsettled. It may take its port
        along: that is no error. ``NoAnswerError`` if it doesn't come back, or never
        answered. It wears the modem's flash.
        """
        channel = self._open_session.channel
        boot = self._memory.boots
        try:
            await restart.restart(channel, self._late.rebooted)
        finally:
            if boot == self._memory.boots:
                self.distrust()

    def distrust(self) -> None:
        """Take the modem's settings for void: something tells that it restarted."""
        self._memory.forget()
        if self._session is not None:
            self._session.context.reset()

    # The modem's boots.

    async def mark(self) -> int | None:
        """Return a number that the modem forgets when it restarts, 10-299.

        None where the firmware keeps none. It costs commands once in a boot.
        """
        channel = await self._initialise()
        known = self._memory.get("mark")
        if known is None:
            boot = self._memory.boots
            mark = await boot_mark.leave(channel)
            if boot != self._memory.boots:
                raise ModemRebootedError
            known = "" if mark is None else str(mark)
            self._memory.keep("mark", known)
        return int(known) if known else None

    async def same_boot(self, mark: int | None) -> bool | None:
        """Ask whether the modem has run without a restart since it had ``mark``.

        None if it can't tell. After a restart nothing is unsettled any longer.
        """
        if mark is None:
            return None
        channel = await self._initialise()
        found = await boot_mark.read(channel)
        if found is None:
            return None
        if found == mark:
            return True
        self._late.rebooted()
        if self._memory.get("mark") == str(mark):
            self.distrust()
        return False

    # Email.

    async def configure(self, server: ServerSettings) -> None:
        """Give the modem the mail server's settings that it doesn't have yet."""
        channel = await self._initialise()
        await self.settled()
        await self._tidy(channel)
        await configuration.configure(
            channel,
            self._memory,
            await self.profile(),
            server,
            self._context_id,
            self._now,
        )

    async def _tidy(self, channel: AtChannel) -> None:
        """Delete attachments of ours: after each email that had some, and of a crash.

        Pictures of a home don't stay in the modem; but no email waits for that.
        """
        try:
            await self._memory.remember(
                "tidy", "", partial(attachments.delete_files, channel)
            )
        except CommandError:
            self._memory.keep("tidy", "")

    async def prepare(self, message: Message) -> Outcome | None:
        """Hand an email's content to the modem; None when it took all of it.

        Whatever an earlier email left behind is cleared first. Any exception, and any
        outcome, means that nothing was sent.
        """
        channel = await self._initialise()
        await self.settled()
        if not self._memory.content_clear:
            await smtp.clear(channel)
        self._memory.content_clear = False
        if message.attachments:
            self._memory.drop("tidy")
        return await smtp.prepare(channel, message)

    async def put(self, timeout: int) -> Outcome:
        """Send the prepared email; the modem may take ``timeout`` seconds, 60-65535.

        An exception means that nothing was sent; a lost answer is an outcome.
        """
        channel = await self._initialise()
        self._late.begin(timeout + RESULT_MARGIN)
        try:
            outcome = await smtp.put(channel, timeout)
        except ModemError:
            self._late.withdraw()
            raise
        if outcome.result is not Result.UNKNOWN:
            self._late.withdraw()
        return outcome

    def expect_late_result(self, seconds: float) -> None:
        """Guard an earlier PUT, of ours or an earlier process.

        It may still report within ``seconds``. To be called before ``open`` where the
        result may be waiting there. How that PUT ended is kept if it is known already.
        """
        self._late.expect(seconds)

    @property
    def unsettled(self) -> bool:
        """Whether nobody knows yet what became of an earlier PUT.

        False once its result has arrived or the modem restarted, which ``late_result``
        then tells; where its time is over, once somebody was told so.
        """
        return self._late.unsettled

    async def late_result(self) -> Outcome:
        """Return what became of the last PUT that got no answer; tells it once.

        Waits for its result unless that has come meanwhile. ``ModemRebootedError`` if
        the modem has restarted since, ``NoAnswerError`` when its time is over (or
        there is no such PUT), ``PortLostError`` if the port is gone: the result may
        still come when it is open again.
        """
        return await self._late.outcome()

    async def settled(self) -> None:
        """Wait until no earlier email's result can be taken for the next one's.

        That is when its late result arrives, the modem restarts, or its time is over.
        """
        _ = self._open_session
        await self._late.wait()

    async def clear(self) -> None:
        """Remove an email's content from the modem, after its result is recorded."""
        channel = await self._initialise()
        await smtp.clear(channel)
        self._memory.content_clear = True
        await self._tidy(channel)
