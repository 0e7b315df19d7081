"""``Modem``: the one object that the rest of the house talks to.

It opens and initialises the port, remembers which settings the modem has in its present
boot, and keeps an email that may still be on its way apart from the next one.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
import logging
from typing import Final

from . import attachments, pdp, probe, profile, smtp, status, tls
from .at import AtChannel
from .commands import RESULT_MARGIN, Command
from .errors import (
    CommandError,
    ModemError,
    NoAnswerError,
    NotAModemError,
    PortLostError,
)
from .message import Message
from .port import Connect, PortSettings, connect
from .profile import Profile
from .server import Security, ServerSettings
from .smtp import Outcome, Result

_LOGGER = logging.getLogger(__name__)

# A clock before this is not set; the host's own is not trusted either.
RELEASED: Final = datetime(2026, 11, 1, tzinfo=UTC)

# Where a modem is found that someone has set up: the usual ones first.
SPEEDS: Final = (115200, 9600, 921600, 460800, 230400, 57600, 38400, 19200)

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
        # What was sent in this boot: name of the setting -> its line.
        self._remembered: dict[str, str] = {}
        self._initialised = False
        self._content_clear = False
        self._boots = 0
        self._unsettled_until: float | None = None

    # The port.

    @property
    def connected(self) -> bool:
        """Whether the port is open."""
        return self._session is not None and self._session.channel.connected

    @property
    def boot(self) -> int:
        """A number that changes whenever the modem may have forgotten its settings."""
        return self._boots

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
        try:
            channel = await self._synchronised(self.port)
        except (NoAnswerError, NotAModemError) as err:
            channel = await self._at_another_speed(err)
        self._profile = None
        context = pdp.PdpContext(channel, self._context_id, self._changed)
        self._session = _Session(channel, context)
        self._forget()
        channel.on_reboot(partial(self._on_reboot, context))
        channel.on_lost(partial(self._on_lost, context))
        channel.subscribe("+QSMTPPUT:", self._on_late_result)
        try:
            await self._initialise()
        except BaseException:
            await self.close()
            raise
        self._changed()

    async def _synchronised(
        self, settings: PortSettings, *, escape: bool = True
    ) -> AtChannel:
        channel = await self._connector(settings)
        try:
            await channel.synchronise(escape=escape)
        except BaseException:
            await channel.close()
            raise
        return channel

    async def _at_another_speed(self, silent: ModemError) -> AtChannel:
        """Try the speeds that modems are found at; ``silent`` where none helps."""
        # Behind a URL the other end knows the speed.
        others = () if "://" in self.port.url else SPEEDS
        for speed in others:
            if speed == self.port.baudrate:
                continue
            try:
                return await self._synchronised(
                    replace(self.port, baudrate=speed), escape=False
                )
            except NoAnswerError, NotAModemError:
                continue
        raise silent

    async def close(self) -> None:
        """Close the port; what waits on it fails with ``PortLostError``."""
        session, self._session = self._session, None
        if session is not None:
            await session.channel.close()

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after each change of connection or state; returns the undoing."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    def _changed(self) -> None:
        for callback in tuple(self._watchers):
            callback()

    def _on_reboot(self, context: pdp.PdpContext) -> None:
        _LOGGER.debug("The modem restarted")
        # Nothing that it was sending goes on.
        self._unsettled_until = None
        self._forget()
        context.reset()
        self._changed()

    def _on_lost(self, context: pdp.PdpContext, _: PortLostError) -> None:
        context.reset()
        self._changed()

    def _on_late_result(self, _: str) -> None:
        self._unsettled_until = None

    def _forget(self) -> None:
        self._boots += 1
        self._remembered.clear()
        self._initialised = False
        self._content_clear = False

    @property
    def _open_session(self) -> _Session:
        if self._session is None:
            raise PortLostError("the port is not open")
        return self._session

    async def _initialise(self) -> AtChannel:
        """Return the channel of a modem that was initialised in its present boot."""
        channel = self._open_session.channel
        if not self._initialised:
            boot = self._boots
            for command in _INITIAL:
                try:
                    await channel.execute(command)
                except CommandError:
                    # Each makes things safer, none is needed.
                    continue
            self._initialised = boot == self._boots
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
        line = settings.command()
        if context.ready and self._remembered.get("pdp") == line:
            return
        boot = self._boots
        if context.ready:
            await context.deactivate()
        await context.activate(settings)
        if boot == self._boots:
            self._remembered["pdp"] = line

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

    # Email.

    async def configure(self, server: ServerSettings) -> None:
        """Give the modem the mail server's settings that it doesn't have yet."""
        channel = await self._initialise()
        await self.settled()
        await self._tidy(channel)
        if server.security is not Security.NONE:
            await self._configure_tls(channel, server.tls)
        known = await self.profile()
        for name, line in server.commands(
            self._context_id, has_body_original=known.has_body_original
        ):
            await self._remember(
                name, line, partial(channel.execute, Command(line, secret=True))
            )

    async def _configure_tls(
        self, channel: AtChannel, settings: tls.TlsSettings
    ) -> None:
        if settings.ca_file is not None:
            await self._remember(
                "ca", settings.ca_file, partial(tls.store_ca, channel, settings)
            )
            await self._remember("clock", "set", partial(self._set_clock, channel))
        for name, spellings in tls.commands(settings, await self.profile()):
            await self._remember(
                name, spellings[0], partial(tls.configure, channel, spellings)
            )

    async def _tidy(self, channel: AtChannel) -> None:
        """Delete attachments of ours: after each email that had some, and of a crash.

        Pictures of a home don't stay in the modem; but no email waits for that.
        """
        try:
            await self._remember("tidy", "", partial(attachments.delete_files, channel))
        except CommandError:
            self._remembered["tidy"] = ""

    async def _remember(
        self, name: str, value: str, send: Callable[[], Awaitable[object]]
    ) -> None:
        """Send a setting unless the modem has it in this boot."""
        if self._remembered.get(name) == value:
            return
        boot = self._boots
        # Whether a setting that fails half-way took effect is unknown.
        self._remembered.pop(name, None)
        await send()
        if boot == self._boots:
            self._remembered[name] = value

    async def _set_clock(self, channel: AtChannel) -> None:
        """Set the clock that certificates are judged by, if it is not plausible.

        The network's time is better than ours, which a host without a battery may
        have lost in the power cut.
        """
        if await status.network_set_clock(channel):
            return
        clock = await status.clock(channel)
        if clock is not None and clock >= RELEASED - timedelta(days=1):
            return
        now = self._now()
        if now >= RELEASED:
            await status.set_clock(channel, now)

    async def prepare(self, message: Message) -> Outcome | None:
        """Hand an email's content to the modem; None when it took all of it.

        Whatever an earlier email left behind is cleared first. Any exception, and any
        outcome, means that nothing was sent.
        """
        channel = await self._initialise()
        await self.settled()
        if not self._content_clear:
            await smtp.clear(channel)
        self._content_clear = False
        if message.attachments:
            self._remembered.pop("tidy", None)
        return await smtp.prepare(channel, message)

    async def put(self, timeout: int) -> Outcome:
        """Send the prepared email; the modem may take ``timeout`` seconds, 60-65535.

        An exception means that nothing was sent; a lost answer is an outcome.
        """
        channel = await self._initialise()
        boot = self._boots
        self._unsettled_until = channel.now() + timeout + RESULT_MARGIN
        try:
            outcome = await smtp.put(channel, timeout)
        except ModemError:
            self._unsettled_until = None
            raise
        if outcome.result is not Result.UNKNOWN or boot != self._boots:
            self._unsettled_until = None
        return outcome

    async def settled(self) -> None:
        """Wait until no earlier email's result can be taken for the next one's.

        That is when its late result arrives, the modem restarts, or its time is over.
        """
        channel = self._open_session.channel
        with channel.expect("+QSMTPPUT:") as late:
            if self._unsettled_until is not None:
                rest = self._unsettled_until - channel.now()
                if rest > 0:
                    try:
                        await late.wait(rest)
                    except PortLostError:
                        raise
                    except ModemError:
                        pass
                self._unsettled_until = None

    async def clear(self) -> None:
        """Remove an email's content from the modem, after its result is recorded."""
        channel = await self._initialise()
        await smtp.clear(channel)
        self._content_clear = True
        await self._tidy(channel)
