"""``Modem``: the one object that the rest of the house talks to.

It tells the modem what it lacks in its present boot, and keeps an email that may still
be on its way apart from the next one.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from .at.channel import AtChannel
from .at.commands import RESULT_MARGIN
from .at.errors import CommandError, ModemRebootedError
from .at.port import Connect, PortSettings, connect
from .boot import boot_mark, restart
from .data_connection import DataConnection
from .mail import configuration, files, smtp, uploads
from .mail.attachments import NotAttached
from .mail.message import Message
from .mail.server import ServerSettings
from .mail.smtp import Outcome, Result
from .mail.uploads import UnkeptUploads, Uploads
from .network import pdp, profile, radio, sim, status


class Modem(DataConnection):
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
        self.uploads: Uploads = UnkeptUploads()
        """The note of which files in its store are ours."""

    # Status.

    async def identify(self) -> status.Identity:
        """Ask who the modem is."""
        return await status.identify(await self._initialise())

    async def sim_state(self) -> sim.SimState:
        """Ask what the SIM waits for."""
        session = self._open_session
        session.sim = await sim.state(await self._initialise())
        return session.sim

    @property
    def known_sim(self) -> sim.SimState | None:
        """What the SIM waited for when it was asked last, None without a port."""
        return None if self._session is None else self._session.sim

    async def pin_tries(self) -> int | None:
        """Return the tries left for the PIN, None where the modem doesn't tell."""
        return await sim.pin_tries(await self._initialise())

    async def enter_pin(self, pin: str, kept: int = sim.PIN_TRIES_KEPT) -> None:
        """Unlock the SIM; ``PinRefusedError`` means: never again with this PIN.

        With ``kept`` tries left, or fewer, nothing is sent: ``PinTriesExhaustingError``.
        ``SimNotReadyError``: it was not looked at; ``PinUnjudgedError``: nobody tells.
        """
        await sim.enter_pin(await self._initialise(), pin, kept)

    async def iccid(self) -> str | None:
        """Return the SIM's number."""
        return await sim.iccid(await self._initialise())

    async def network(self) -> status.Network:
        """Return registration, operator and signal."""
        return await status.network(await self._initialise())

    async def quality(self) -> radio.Quality | None:
        """Return the signal's quality, None where firmware or network has none.

        A firmware that is silent about it is not asked again until the port is opened.
        """
        channel = await self._initialise()
        session = self._open_session
        if not session.measures:
            return None
        session.measures = False
        found = await radio.quality(channel)
        session.measures = True
        return found

    async def network_time(self) -> datetime | None:
        """Return the network's time, None where it has told none."""
        channel = await self._initialise()
        if not await status.network_set_clock(channel):
            return None
        return await status.clock(channel)

    async def urc_port(self) -> str | None:
        """Return where URCs are routed to, None where the firmware can't tell."""
        return await profile.urc_port(await self._initialise())

    async def takes_all_ports(self) -> bool:
        """Whether URCs can be routed to every port, as far as the firmware tells."""
        return await profile.takes_all_ports(await self._initialise())

    async def route_urcs_everywhere(self) -> None:
        """Route URCs to every port; the modem keeps this over reboots."""
        await profile.route_urcs_everywhere(await self._initialise())

    # The modem's boots.

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

    @property
    def holds_files(self) -> bool:
        """Whether files of ours may lie in the modem's store, as far as is known."""
        return self._memory.get("tidy") is None

    async def _tidy(self, channel: AtChannel) -> None:
        """Delete attachments of ours: after each email that had some, and of a crash.

        Pictures of a home don't stay in the modem; but no email waits for that.
        """
        try:
            await self._memory.remember(
                "tidy", "", partial(uploads.tidy, channel, self.uploads)
            )
        except CommandError:
            self._memory.keep("tidy", "")

    async def room_for_attachments(self) -> int | None:
        """Return the bytes that are free in the modem's store, None if it doesn't tell.

        Each file takes whole blocks of them, ``files.space``, and is of at most
        ``files.SIZE_LIMIT`` bytes. To be asked once ``configure`` has stored what it has
        to.
        """
        channel = await self._initialise()
        await self.settled()
        await self._tidy(channel)
        return await files.free_space(channel)

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

    async def prepare(self, message: Message) -> Outcome | NotAttached | None:
        """Hand an email's content to the modem; None when it took all of it.

        Whatever an earlier email left behind is cleared first. Any exception, and any
        outcome, means that nothing was sent; so does ``NotAttached``, after which it
        may be prepared without these attachments.
        """
        channel = await self._initialise()
        await self.settled()
        names = await self._store(channel, message)
        if isinstance(names, NotAttached):
            return names
        await self._clear_rest(channel)
        self._memory.content_clear = False
        return await smtp.prepare(channel, message, names)

    async def _store(
        self, channel: AtChannel, message: Message
    ) -> tuple[str, ...] | NotAttached:
        """Store an email's attachments; returns the names of the files."""
        if not message.attachments:
            return ()
        await self._tidy(channel)
        self._memory.drop("tidy")
        acknowledged = (await self.profile()).can_acknowledge
        return await uploads.store(
            channel, message.attachments, self.uploads, acknowledged=acknowledged
        )

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

    async def clear(self) -> None:
        """Remove an email's content from the modem, after its result is recorded."""
        channel = await self._initialise()
        await smtp.clear(channel)
        self._memory.content_clear = True
        await self._tidy(channel)
