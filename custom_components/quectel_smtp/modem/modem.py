"""``Modem``: the one object that the rest of the house talks to.

It tells the modem what it lacks in its present boot, and keeps an email that may still
be on its way apart from the next one.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial

from .at.channel import AtChannel
from .at.commands import RESULT_MARGIN, Deadline
from .at.errors import CommandError, ModemRebootedError, UnsupportedModemError
from .at.port import Connect, PortSettings, connect
from .boot import boot_mark, restart
from .connection import Connection
from .mail import attachments, configuration, smtp
from .mail.message import Message
from .mail.server import ServerSettings
from .mail.smtp import Outcome, Result
from .network import pdp, probe, profile, radio, sim, status, traffic
from .network.profile import Profile
from .network.traffic import Traffic
from .tcp import opening, preparation
from .tcp.joined import Joined, joined
from .tcp.stream import TcpStream


class Modem(Connection):
    """A Quectel modem on a serial port, from opening it to sending an email."""

    def __init__(
        self,
        port: PortSettings,
        *,
        connector: Connect = connect,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take the port; ``now`` is the host's clock."""
        super().__init__(port, connector)
        self._now = now
        # With which settings the radio was turned, so that it attached.
        self._turned_for: pdp.PdpSettings | None = None
        self._streamed = Traffic()

    # Status.

    async def identify(self) -> status.Identity:
        """Ask who the modem is."""
        return await status.identify(await self._initialise())

    async def sim_state(self) -> sim.SimState:
        """Ask what the SIM waits for."""
        return await sim.state(await self._initialise())

    async def pin_tries(self) -> int | None:
        """Return the tries left for the PIN, None where the modem doesn't tell."""
        return await sim.pin_tries(await self._initialise())

    async def enter_pin(self, pin: str) -> None:
        """Unlock the SIM; ``PinRefusedError`` means: never again with this PIN.

        ``SimNotReadyError``: it was not looked at; ``PinUnjudgedError``: nobody tells.
        """
        await sim.enter_pin(await self._initialise(), pin)

    async def iccid(self) -> str | None:
        """Return the SIM's number."""
        return await sim.iccid(await self._initialise())

    async def network(self) -> status.Network:
        """Return registration, operator and signal."""
        return await status.network(await self._initialise())

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
            await self._tcp_limits()
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

    async def urc_port(self) -> str | None:
        """Return where URCs are routed to, None where the firmware can't tell."""
        return await profile.urc_port(await self._initialise())

    async def takes_all_ports(self) -> bool:
        """Whether URCs can be routed to every port, as far as the firmware tells."""
        return await profile.takes_all_ports(await self._initialise())

    async def route_urcs_everywhere(self) -> None:
        """Route URCs to every port; the modem keeps this over reboots."""
        await profile.route_urcs_everywhere(await self._initialise())

    # The data connection.

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
        boot = self._memory.boots
        if context.ready:
            await context.deactivate()
        await context.activate(settings)
        self._keep_pdp(settings, boot)

    async def share(self, settings: pdp.PdpSettings) -> None:
        """Use the PDP context beside an email that may be on its way; up to 150 s.

        That one needs it as it is: it is brought up where it is down, and else used
        whatever it was given.
        """
        await self._initialise()
        context = self._open_session.context
        if context.ready or await context.refresh() is pdp.PdpState.ACTIVE:
            return
        boot = self._memory.boots
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
        await probe.resolve(
            await self._initialise(), pdp.DEFAULT_CONTEXT, host, deadline
        )

    async def reach(self, host: str, port: int) -> None:
        """Open and close a TCP connection over the active PDP context; up to 155 s.

        ``ServerNameError`` and ``ServerUnreachableError`` with the modem's code if it
        can't be opened, ``CommandError`` where the firmware has no TCP commands.
        """
        await opening.reach(await self._initialise(), pdp.DEFAULT_CONTEXT, host, port)

    async def arm_tcp(self) -> None:
        """Set the TCP commands up, once in a boot: a stream needs no more to connect.

        ``CommandError`` where the firmware has none.
        """
        await self._tcp_limits()

    @asynccontextmanager
    async def stream(self, host: str, port: int) -> AsyncGenerator[Joined]:
        """Connect to a server over the active PDP context, as a socket for a library.

        ``CommandError`` where the firmware has no TCP commands, ``ServerNameError`` and
        ``ServerUnreachableError`` with the modem's code.
        """
        limits = await self._tcp_limits()
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

    async def _tcp_limits(self) -> preparation.Limits:
        """Set the TCP commands up, once in a boot.

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

    async def network_time(self) -> datetime | None:
        """Return the network's time, None where it has told none."""
        channel = await self._initialise()
        if not await status.network_set_clock(channel):
            return None
        return await status.clock(channel)

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
        """Give the modem's mail client the settings that it doesn't have yet.

        Nothing where there is no mail client: none of them serves our own.
        """
        channel = await self._initialise()
        await self.settled()
        if not await self.has_mail_client():
            return
        await self._tidy(channel)
        await configuration.configure(
            channel,
            self._memory,
            await self.profile(),
            server,
            pdp.DEFAULT_CONTEXT,
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

    async def arm_mail(self, server: ServerSettings) -> None:
        """Tell the mail client all that an email needs and that is not the email's own.

        What an earlier one left behind is cleared, and the boot gets its mark. Nothing
        where there is no mail client.
        """
        if not await self.has_mail_client():
            return
        await self.configure(server)
        await self._clear_rest(await self._initialise())
        await self.mark()

    async def _clear_rest(self, channel: AtChannel) -> None:
        if not self._memory.content_clear:
            await smtp.clear(channel)
            self._memory.content_clear = True

    async def prepare(self, message: Message) -> Outcome | None:
        """Hand an email's content to the modem; None when it took all of it.

        Whatever an earlier email left behind is cleared first. Any exception, and any
        outcome, means that nothing was sent.
        """
        channel = await self._initialise()
        await self.settled()
        await self._clear_rest(channel)
        self._memory.content_clear = False
        if message.attachments:
            self._memory.drop("tidy")
        return await smtp.prepare(channel, message)

    async def put(
        self, timeout: int, handed_over: Callable[[], None] = lambda: None
    ) -> Outcome:
        """Send the prepared email; the modem may take ``timeout`` seconds, 60-65535.

        An exception means that nothing was sent; a lost answer is an outcome.
        ``handed_over`` is called right before the first byte: it may leave from then on.
        """

        def begin() -> None:
            self._late.begin(timeout + RESULT_MARGIN)
            handed_over()

        outcome = await smtp.put(await self._initialise(), timeout, begin)
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

    @property
    def overdue(self) -> bool:
        """Whether the time of an earlier PUT is over and nobody knows if it ended.

        Until the modem restarts, or says that it sends nothing: ``give_up``. A result
        that it may still tell would be taken for that of the next PUT.
        """
        return self._late.overdue

    async def late_result(self) -> Outcome:
        """Return what became of the last PUT that got no answer; tells it once.

        Waits for its result unless that has come meanwhile. ``ModemRebootedError`` if
        the modem has restarted since, ``NoAnswerError`` when its time is over (or
        there is no such PUT), ``PortLostError`` if the port is gone: the result may
        still come when it is open again.
        """
        return await self._late.outcome()

    async def still_sending(self) -> bool | None:
        """Ask whether an earlier PUT still runs; None if the modem can't tell.

        Where it is over and has not told its result, that is lost.
        """
        self._memory.content_clear = False
        return await smtp.still_sending(await self._initialise())

    def give_up(self) -> None:
        """Await no result of an earlier PUT any longer: it is over, and was not heard."""
        self._late.withdraw()

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
