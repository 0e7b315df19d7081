"""``DataConnection``: a modem's PDP context, TCP over it, and what mends it.

An email that may still be on its way needs it: what makes it anew waits for that.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

from .at.channel import AtChannel
from .at.commands import Deadline
from .at.errors import CommandError, RoamingError, UnsupportedModemError
from .at.port import Connect, PortSettings
from .connection import Connection
from .mail.server import ServerSettings
from .network import dns, pdp, profile, radio, status, traffic
from .network.profile import Profile
from .network.traffic import Traffic
from .tcp import opening, preparation
from .tcp.joined import Joined, joined
from .tcp.stream import TcpStream


class DataConnection(Connection):
    """From the APN that the network is asked for to a socket at a server."""

    def __init__(self, port: PortSettings, connector: Connect) -> None:
        """Take the port; nothing is opened yet."""
        super().__init__(port, connector)
        # With which settings the radio was turned, so that it attached.
        self._turned_for: pdp.PdpSettings | None = None
        self._streamed = Traffic()

    async def settled(self) -> None:
        """Wait until no earlier email's result can be taken for the next one's.

        That is when its late result arrives, the modem restarts, or its time is over.
        """
        _ = self._open_session
        await self._late.wait()

    # The PDP context.

    async def give_apn(self, settings: pdp.PdpSettings) -> None:
        """Have the network asked for these settings' APN; up to 5 minutes if it wasn't.

        LTE attaches with the APN of the first context, and a network may let nobody in
        with a missing or another one: where it differs, the modem attaches anew, by the
        radio where it refuses that otherwise. What the modem refuses, the activation
        tells. An email that may still be on its way is waited for.

        Once in a boot: a firmware that takes other settings, or gives others back, is
        not kept from its search for a network. And by the radio once for the same
        settings: it wears the modem's flash, and the ladder has its own turn.
        """
        channel = await self._initialise()
        await self._memory.remember(
            "apn", settings.command(), partial(self._attach_with, channel, settings)
        )

    async def _attach_with(self, channel: AtChannel, settings: pdp.PdpSettings) -> None:
        found = await pdp.configured(channel, settings.context_id)
        if found is not None and found.is_of(settings):
            return
        await self.settled()
        if found is None and (await status.registration(channel)).registered:
            # Whatever it attached with served.
            return
        with suppress(CommandError):
            await radio.detach(channel)
        self._open_session.context.taken()
        with suppress(CommandError):
            await pdp.configure(channel, settings)
        try:
            await radio.attach(channel)
        except CommandError:
            if self._turned_for != settings:
                self._turned_for = settings
                with suppress(CommandError):
                    await self._turn_radio()

    async def _turn_radio(self) -> None:
        """Turn the radio off and on: on whatever happens, or no network is found."""
        try:
            await self.set_radio(False)
        finally:
            await self.set_radio(True)

    @property
    def pdp_state(self) -> pdp.PdpState:
        """State of the PDP context as last known; inactive without a port."""
        if self._session is None:
            return pdp.PdpState.INACTIVE
        return self._session.context.state

    @property
    def address(self) -> str | None:
        """The IP address of the PDP context, as far as it is known."""
        return None if self._session is None else self._session.context.address

    def has_pdp(self, settings: pdp.PdpSettings) -> bool:
        """Whether the PDP context is up with these settings, as far as is known."""
        session = self._session
        return (
            session is not None
            and session.context.ready
            and self._memory.get("pdp") == settings.command()
        )

    async def activate(self, settings: pdp.PdpSettings) -> None:
        """Bring the PDP context up with these settings, unless it is; up to 150 s.

        An email that may still be on its way is waited for: it needs the context.
        """
        await self._initialise()
        await self.settled()
        if self.has_pdp(settings):
            return
        context = self._open_session.context
        if context.ready:
            await context.deactivate()
        await self._give(context.activate, settings)

    async def share(self, settings: pdp.PdpSettings) -> None:
        """Use the PDP context beside an email that may be on its way; up to 150 s.

        That one needs it as it is: it is brought up where it is down, and else used
        whatever it was given.
        """
        await self._initialise()
        context = self._open_session.context
        if context.ready or await context.refresh() is pdp.PdpState.ACTIVE:
            return
        await self._give(context.activate, settings)

    async def renew(self, settings: pdp.PdpSettings) -> None:
        """Take the PDP context down and bring it up, whatever its state; up to 200 s.

        ``PdpError`` if the network refuses it. An email that may still be on its way
        is waited for.
        """
        await self._initialise()
        await self.settled()
        await self._give(self._open_session.context.renew, settings)

    async def _give(
        self,
        bring_up: Callable[[pdp.PdpSettings], Awaitable[None]],
        settings: pdp.PdpSettings,
    ) -> None:
        """Have the context brought up with these settings, and remember them.

        ``RoamingError`` where the network is another operator's and they bar that.
        """
        if not settings.roaming:
            channel = self._open_session.channel
            if await status.registration(channel) is status.Registration.ROAMING:
                raise RoamingError
        boot = self._memory.boots
        await bring_up(settings)
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

    # What the firmware has for mail.

    async def profile(self) -> Profile:
        """Return what the firmware can do; it is asked once.

        ``OldGsmModemError`` from a module that no email can leave through.
        """
        channel = await self._initialise()
        session = self._open_session
        if session.profile is None:
            session.profile = await profile.probe(channel)
        return session.profile

    async def has_mail_client(self) -> bool:
        """Whether the firmware has the commands of the SMTP note.

        ``UnsupportedModemError`` where it has no TCP commands either.
        """
        found = (await self.profile()).has_mail_client
        if not found:
            await self.arm_tcp()
        return found

    async def has_tcp(self) -> bool:
        """Whether the firmware has the TCP commands that a stream needs."""
        if not self.lacks_tcp:
            with suppress(CommandError):
                await self._prepare_tcp()
        return not self.lacks_tcp

    @property
    def lacks_tcp(self) -> bool:
        """Whether it is known in this boot that the firmware has no TCP commands."""
        return self._memory.get("lacks_tcp") is not None

    # TCP over it.

    async def resolve(self, host: str, deadline: float) -> None:
        """Resolve a server's name over the active PDP context, within ``deadline`` s.

        ``NoAnswerError`` if no URC arrives: it may be routed to another port.
        """
        await dns.resolve(await self._initialise(), pdp.DEFAULT_CONTEXT, host, deadline)

    async def reach(self, host: str, port: int) -> None:
        """Open and close a TCP connection over the active PDP context; up to 155 s.

        ``ServerNameError`` and ``ServerUnreachableError`` with the modem's code if it
        can't be opened, ``CommandError`` where the firmware has no TCP commands.
        """
        await opening.reach(await self._initialise(), pdp.DEFAULT_CONTEXT, host, port)

    @asynccontextmanager
    async def stream(self, host: str, port: int) -> AsyncGenerator[Joined]:
        """Connect to a server over the active PDP context, as a socket for a library.

        ``CommandError`` where the firmware has no TCP commands, ``ServerNameError`` and
        ``ServerUnreachableError`` with the modem's code.
        """
        limits = await self.arm_tcp()
        channel = self._open_session.channel
        try:
            stream = await TcpStream.open(
                channel, pdp.DEFAULT_CONTEXT, host, port, limits
            )
        except CommandError:
            self._memory.keep("lacks_tcp", "")
            raise
        try:
            async with joined(stream) as pair:
                yield pair
        finally:
            self._streamed += Traffic(stream.sent, stream.received)

    async def traffic(self) -> tuple[Traffic | None, Traffic]:
        """Return what the modem's own counter shows, and what went by streams since.

        Since this was asked last. The counter is None where the firmware has none, which
        is asked once for each opening of the port.
        """
        channel = await self._initialise()
        session = self._open_session
        found = None
        if session.counts:
            # Until it has answered: what is silent once would be at each time.
            session.counts = False
            found = await traffic.counter(channel)
            session.counts = found is not None
        streamed, self._streamed = self._streamed, Traffic()
        return found, streamed

    async def arm_tcp(self) -> preparation.Limits:
        """Set the TCP commands up, once in a boot: a stream needs no more to connect.

        ``CommandError`` where the firmware has none; ``UnsupportedModemError`` where it
        has no mail client either.
        """
        try:
            return await self._prepare_tcp()
        except CommandError as err:
            if (await self.profile()).has_mail_client:
                raise
            raise UnsupportedModemError from err

    async def _prepare_tcp(self) -> preparation.Limits:
        channel = await self._initialise()
        session = self._open_session
        boot = self._memory.boots
        if session.tcp is None or session.tcp[0] != boot:
            try:
                session.tcp = boot, await preparation.prepare(channel)
            except CommandError:
                self._memory.keep("lacks_tcp", "")
                raise
        return session.tcp[1]

    async def prove(self, server: ServerSettings, settings: pdp.PdpSettings) -> bool:
        """Prove the path anew: PDP context, server's name, server's port.

        ``PdpError``, ``ServerNameError`` and ``ServerUnreachableError`` tell what
        fails. False where the firmware has no command that reaches the port: a step
        that can't be proved isn't proved. One that does has resolved the name, too.
        """
        await self.renew(settings)
        with suppress(CommandError):
            await self.resolve(server.host, Deadline.RESOLVE)
        try:
            await self.reach(server.host, server.port)
        except CommandError:
            return False
        return True

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
        context = self._open_session.context
        wanted = radio.Functionality.FULL if on else radio.Functionality.RADIO_OFF
        try:
            await radio.set_functionality(channel, wanted)
        finally:
            if on:
                self._begins(channel)
            else:
                context.taken()
