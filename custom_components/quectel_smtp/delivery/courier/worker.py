"""``Worker``: what is done for emails and modem, one thing after the other."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from ...modem.at.port import PortSettings
from ...modem.modem import Modem
from ..errors import TooSoonError
from ..outbox.outbox import Outbox
from ..outbox.readdress import Recipients
from ..outbox.thread import OutboxThread
from ..records import MENDED_BY_A_PERSON, Instant, Reason, Way, Wear
from ..rules.recovery import Recovery
from ..rules.wording import Wording
from ..settings import Settings
from ..status import Board
from .arming import Arming
from .books import Books
from .carrier import Carrier
from .following import Following
from .idling import Idling
from .line import FindPorts
from .module import ModuleCarrier
from .pace import PERSON_EVERY, TURN_LEAST, Pace
from .postman import Postman
from .recent import Recent
from .serving import Serving
from .stream import StreamCarrier
from .turns import until_woken, whatever_fails
from .uploads import KeptUploads

STOP_PATIENCE: Final = 4.0
"""Seconds that stopping waits for the result of an email that is being sent."""
_TIDYING: Final = 0.5
"""Seconds in which the modem may be left in order: a connection closed, a radio on."""

_PRUNE_EVERY: Final = 3600.0


class Worker:
    """Settles, sends and keeps the modem in service, a turn at a time."""

    def __init__(
        self,
        settings: Settings,
        wording: Wording,
        outbox: OutboxThread,
        books: Books,
        board: Board,
        *,
        modem: Callable[[PortSettings], Modem],
        find_ports: FindPorts,
        put_timeout: int,
    ) -> None:
        """Take the settings, and what is shared with the callers' side."""
        self.pace = Pace()
        uploads = partial(KeptUploads, outbox)
        self._serving = Serving(
            settings, modem, find_ports, uploads, outbox, board, self.pace, self
        )
        self.line = line = self._serving.line
        # Whoever holds it has the port: we in our turn, a poll, or who it is lent to.
        self.port_lock = asyncio.Lock()
        self._settings = settings
        self._outbox = outbox
        self._books = books
        self._board = board
        self._carriers: dict[Way, Carrier] = {
            Way.MODULE: ModuleCarrier(line, put_timeout),
            Way.STREAM: StreamCarrier(line, lambda: outbox.now().wall),
        }
        self._arming = Arming(line, self._carriers, lambda: outbox.now().elapsed)
        self._idling = Idling(line)
        self._recovery = Recovery(Wear(), self._save_wear, self._modem_restarted)
        self._postman = Postman(
            settings,
            wording,
            self._serving,
            self._idling,
            outbox,
            books,
            board,
            self._carriers,
            self._recovery,
            self.pace,
        )
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._resumed = False
        # What may have been mended since our last turn.
        self._mended: set[Reason] | None = None
        # Whom what waits may not know of yet.
        self._following: Following | None = None
        self._pruned = float("-inf")

    @property
    def recent(self) -> Recent:
        """How the last attempts ended."""
        return self._postman.recent

    # The callers' side has a say.

    async def resume(self) -> None:
        """Open the outbox, and go on from what is known of mail and modem.

        ``OutboxError`` if it can't be: it is tried again with the first turn.
        """
        opened = await self._outbox.open()
        self._recovery.resume(await self._outbox.do(lambda outbox, _: outbox.wear()))
        await self._serving.meter.resume()
        self._resumed = True
        self._board.post(damaged=opened.damaged)
        await self._books.change(lambda _, __: None)

    def start(self) -> None:
        """Begin to work."""
        self._postman.stopping = False
        self._task = asyncio.create_task(self._run(), name="quectel_smtp courier")

    async def stop(self) -> None:
        """Stop working and close the port.

        What is being sent, or settled, has a few seconds to come to its result and be
        written down: nobody could learn of it a second time.
        """
        self._postman.stopping = True
        self._wake.set()
        task, self._task = self._task, None
        if task is not None:
            if self._postman.at_stake:
                await asyncio.wait((task,), timeout=STOP_PATIENCE)
            task.cancel()
            await asyncio.wait((task,), timeout=_TIDYING)
        await self.line.close()
        if task is not None:
            # Nothing holds it up: whoever waits for the modem knows that its port is gone.
            await asyncio.wait((task,))

    def wake(self) -> None:
        """Look at once whether there is something to do."""
        self._wake.set()
        self._postman.wake()

    def update(self, settings: Settings) -> None:
        """Work with other settings from the next email on; what they mend is tried."""
        before, self._settings = self._settings, settings
        # A login that was refused is not tried again for another APN's sake.
        anew = settings.server != before.server
        self._postman.update(settings)
        self._serving.update(settings)
        self.try_anew(*(MENDED_BY_A_PERSON if anew else ()))

    def reword(self, wording: Wording) -> None:
        """Write emails in these words, and with times of this zone, from now on."""
        self._postman.reword(wording)

    def follow(self, recipients: Recipients) -> None:
        """Have what waits go to these recipients' addresses, as soon as may be."""
        following = self._following = Following(recipients)

        def follow(outbox: Outbox, at: Instant) -> None:
            following.follow(outbox, at)

        # At once, for what is on its way to the modem; what is left follows in its turn.
        self._books.soon(follow)
        self._wake.set()

    def try_anew(self, *reasons: Reason) -> None:
        """The path may be mended: what waits for it need not wait longer."""
        self._mended = {*(self._mended or ()), *reasons}
        self.pace.reset()
        self._arming.reset()
        self.wake()

    def wake_turn(self) -> None:
        """Look at once whether there is something to do for us."""
        self._wake.set()

    def mended(self) -> None:
        """The path may be mended for what waits for it."""
        self._mended = self._mended or set()
        self._wake.set()

    def connect_anew(self) -> None:
        """The data connection may be made at once."""
        self._arming.reset()
        self._wake.set()

    async def look(self) -> None:
        """Refresh SIM, network and PDP state; the caller holds the port."""
        await self._serving.look()
        if self._results_do_come:
            self._wake.set()

    async def restart_modem(self) -> None:
        """Restart the modem, as often as recovery itself may; the caller holds the port."""
        await self.line.open()
        now = self._outbox.now().elapsed
        try:
            if not await self._recovery.reboot(self.line.modem, now):
                raise TooSoonError(self._recovery.next_reboot(now))
        finally:
            self._board.post(exhausted=self._recovery.exhausted)
            self.try_anew()

    async def reconnect(self) -> None:
        """Make the data connection anew; the caller holds the port."""
        await self.line.open()
        await self.line.bring_into_service()
        self._idling.used(self._outbox.now().elapsed)
        await self.line.modem.renew(self._settings.pdp)
        self.try_anew()

    # Our turns.

    async def _run(self) -> None:
        try:
            while not self._postman.stopping:
                self._wake.clear()
                async with self.port_lock:
                    pause = await whatever_fails(self._turn(), self._board)
                await until_woken(self._wake, pause)
        finally:
            for carrier in self._carriers.values():
                await carrier.give_up()

    async def _turn(self) -> float | None:
        """Do what is to be done next; returns how long to rest, None: until woken."""
        if not self._resumed:
            await self.resume()
        now = self._outbox.now().elapsed
        # Those of which _keep_books wakes what they mend: with later ones an email would
        # be tried before it is woken for them, and once more after it.
        settings = self._settings
        await self.line.take(settings)
        await self._keep_books(now)
        unsettled = await self._outbox.do(lambda outbox, _: outbox.unsettled())
        if unsettled is not None:
            return await self._postman.settle(unsettled, settings)
        if not await self._serving.open():
            return self._serving.pause
        if self._settings is not settings:
            return 0.0
        pause = await self._postman.deliver(now, settings)
        if pause is not None:
            return pause
        await self._serving.keep()
        if self._serving.until_look(now) == 0.0:
            await self.look()
        if self._free:
            await self._arming.arm(settings, self._wake)
            meter = self._serving.meter
            if meter.due and not self._wake.is_set():
                await meter.read()
        await self._idling.give_back(now, self._settings.options.idle)
        return await self._until_next(now)

    async def _keep_books(self, now: float) -> None:
        """Show and end what is due for it, and wake what may be mended."""
        taken, self._mended = self._mended, None
        mended = taken
        if self._results_do_come:
            mended = {*(mended or ()), Reason.RESULTS_ELSEWHERE}
        prune = now - self._pruned >= _PRUNE_EVERY

        following = self._following

        def keep(outbox: Outbox, at: Instant) -> Following | None:
            outbox.expire(at)
            if mended is not None:
                outbox.wake(at, *mended)
            if prune:
                outbox.prune(at)
            return following and following.follow(outbox, at)

        try:
            left = await self._books.change(keep)
        except BaseException:
            # It is no less mended because it could not be written down.
            if taken is not None:
                self._mended = {*taken, *(self._mended or ())}
            raise
        if self._following is following:
            self._following = left
        if prune:
            self._pruned = now

    @property
    def _results_do_come(self) -> bool:
        """Whether emails are held for something that turned out to be wrong."""
        held = Reason.RESULTS_ELSEWHERE in self._board.status.mail.held
        return held and self.line.modem.heard

    async def _until_next(self, now: float) -> float | None:
        """Return the seconds until mail, service or idleness asks for something."""
        times = []
        mail = await self._outbox.do(lambda outbox, at: outbox.next_time(at))
        if mail is not None:
            gate = min(self.pace.closed_for(now), PERSON_EVERY)
            times.append(max(mail - now, gate, TURN_LEAST))
        if not self.line.in_service:
            times.append(self._serving.pause)
        idle = self._idling.pause(now, self._settings.options.idle)
        if idle is not None:
            times.append(idle)
        look = self._serving.until_look(now)
        if look is not None:
            times.append(max(look, TURN_LEAST))
        armed = self._arming.pause(self._settings) if self._free else None
        if armed is not None:
            times.append(max(armed, TURN_LEAST))
        return min(times) if times else None

    @property
    def _free(self) -> bool:
        """Whether the modem is in service and nothing waits for it."""
        idle = self._board.status.mail.only_held and not self.line.modem.unsettled
        return self.line.in_service and idle

    async def _save_wear(self, wear: Wear) -> None:
        await self._outbox.do(lambda outbox, at: outbox.save_wear(wear, at))

    async def _modem_restarted(self) -> None:
        await self._outbox.do(lambda outbox, at: outbox.restarted(at))
