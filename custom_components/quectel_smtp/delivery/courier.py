"""``Courier``: the one worker per modem that takes from the outbox and sends.

An email is accepted once the outbox has it on disk. The worker takes the most urgent
one that is due, has it sent, and what became of it recorded, until each has its end.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
import logging
from pathlib import Path
from typing import Final

from ..modem.errors import (
    InvalidValueError,
    ModemError,
    NoAnswerError,
    PortError,
    UnexpectedAnswerError,
    UnexpectedError,
)
from ..modem.modem import Modem
from ..modem.pdp import PdpState
from ..modem.port import PortSettings
from ..modem.status import Identity, Network, SimState
from . import policy
from .books import Books
from .email import Email
from .judge import MENDED_BY_A_PERSON, WRITE_EVERY, Judge
from .line import FindPorts, Line, no_ports
from .outbox import Outbox
from .outbox_thread import OutboxThread
from .pace import PERSON_EVERY, Pace
from .records import (
    Instant,
    Item,
    Listed,
    Options,
    OutboxError,
    OutboxWriteError,
    Reason,
    Transition,
    Unsettled,
    Wear,
)
from .recovery import Recovery
from .sender import Sender
from .settings import Settings
from .status import Board, Status
from .wording import Wording, digest

_LOGGER = logging.getLogger(__name__)

PUT_TIMEOUT: Final = 300
"""Seconds that the modem may take for one email."""
STOP_PATIENCE: Final = 4.0
"""Seconds that stopping waits for the result of an email that is being sent."""

_TURN_LEAST: Final = 0.5
_AFTER_DEFECT: Final = 30.0
_PRUNE_EVERY: Final = 3600.0


class Courier:
    """Sends emails through one modem, one at a time, until each has its end."""

    def __init__(
        self,
        settings: Settings,
        path: Path,
        wording: Wording,
        *,
        modem: Callable[[PortSettings], Modem] = Modem,
        find_ports: FindPorts = no_ports,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        outbox: OutboxThread | None = None,
        put_timeout: int = PUT_TIMEOUT,
    ) -> None:
        """Take the settings, and where the outbox is; nothing is opened yet."""
        self._settings = settings
        self._wording = wording
        self._board = Board(Status(port=settings.port.url))
        self._outbox = outbox or OutboxThread(Outbox(path), now)
        self._books = Books(self._outbox, lambda found: self._board.post(mail=found))
        self._line = Line(settings, modem, find_ports, self)
        self._pace = Pace()
        self._sender = Sender(
            self._line, self._outbox, self._books, wording, put_timeout
        )
        self._judge = Judge(
            self._line, self._outbox, self._books, self._sender, self._pace, self._board
        )
        self._recovery = Recovery(Wear(), self._save_wear)
        self._wake = asyncio.Event()
        # Whoever holds it has the port: the worker, a poll, or who it is lent to.
        self._port = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._delivering = self._serving = self._stopping = False
        # Whether the modem could not be brought into service the last time.
        self._absent = False
        # What may have been mended since the worker's last turn.
        self._mended: set[Reason] | None = None
        self._last_mail: float | None = None
        self._pruned = float("-inf")

    # The callers' side.

    @property
    def status(self) -> Status:
        """What is known now."""
        return self._board.status

    async def open(self) -> None:
        """Open the outbox: emails are accepted from now on. Trouble becomes status."""
        try:
            opened = await self._outbox.open()
            wear, summary = await self._outbox.do(
                lambda outbox, _: (outbox.wear(), outbox.summary())
            )
        except OutboxError:
            self._board.post(outbox_failed=True)
            return
        self._recovery = Recovery(wear, self._save_wear)
        self._board.post(damaged=opened.damaged, mail=summary)

    def start(self) -> None:
        """Begin to work; returns at once, whether the modem is there or not."""
        self._stopping = False
        self._books.show_from_now()
        self._task = asyncio.create_task(self._run(), name="quectel_smtp courier")

    async def stop(self) -> None:
        """Stop working and close the port, within 5 s; emails are accepted further on.

        An email that is being sent has a few seconds to come to its result; without
        one it is settled after the next start.
        """
        self._stopping = True
        self._wake.set()
        task, self._task = self._task, None
        if task is not None:
            if self._sender.handed_over:
                await asyncio.wait((task,), timeout=STOP_PATIENCE)
            task.cancel()
            await asyncio.wait((task,))
        await self._line.close()

    async def close(self) -> None:
        """Stop, and close the outbox."""
        await self.stop()
        await self._outbox.close()

    async def submit(self, email: Email) -> None:
        """Accept ``email``: once this returns it is on disk, and will have its end.

        ``OutboxFullError`` and ``OutboxWriteError`` tell that nothing was accepted.
        """
        options = self._settings.options
        try:
            await self._books.change(
                lambda outbox, at: outbox.accept(email, at, options)
            )
        except OutboxWriteError:
            self._board.post(outbox_failed=True)
            raise
        self._board.post(outbox_failed=False)
        self._pace.welcome(critical=email.critical)
        self._wake.set()

    def update(self, settings: Settings) -> None:
        """Work with other settings from the next email on; what they mend is tried."""
        before, self._settings = self._settings, settings
        # A login that was refused is not tried again for another APN's sake.
        anew = settings.server != before.server
        self._try_anew(*(MENDED_BY_A_PERSON if anew else ()))

    @asynccontextmanager
    async def lend(self) -> AsyncGenerator[None]:
        """Lend the port after the current email; emails are accepted meanwhile."""
        async with self._port:
            await self._line.close()
            try:
                yield
            finally:
                self._line.leave_service()
                # Result codes may have been routed to this port meanwhile.
                self._try_anew(Reason.RESULTS_ELSEWHERE)

    async def poll(self) -> None:
        """Refresh network and PDP state, unless the modem is away or at work."""
        modem = self._line.modem
        if self._port.locked() or not modem.connected:
            return
        async with self._port:
            try:
                network = await modem.network()
                await modem.refresh_pdp()
            except NoAnswerError, UnexpectedAnswerError:
                # What does not even answer this is opened anew.
                await modem.close()
                self._wake.set()
            except ModemError:
                self._wake.set()
            else:
                self._board.post(network=network)
        if self._results_do_come:
            self._wake.set()

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after each change of status; returns the undoing."""
        return self._board.watch(callback)

    def on_transition(
        self, callback: Callable[[Transition], None]
    ) -> Callable[[], None]:
        """Call back for each transition of an email; returns the undoing."""
        return self._books.listen(callback)

    async def listed(self) -> tuple[Listed, ...]:
        """Return the emails that wait."""
        return await self._outbox.do(lambda outbox, at: outbox.listed(at))

    async def retry(self, reference: str | None) -> int:
        """Try what waits at once, all or one; returns how many.

        ``NotWaitingError`` if no such email waits.
        """
        count = await self._books.change(lambda outbox, at: outbox.retry(reference, at))
        self._try_anew()
        return count

    async def cancel(self, reference: str | None) -> int:
        """End what waits, all or one; returns how many.

        ``NotWaitingError`` if no such email waits, ``BeingSentError`` in mid-send.
        """
        return await self._books.change(lambda outbox, at: outbox.cancel(reference, at))

    async def settle_restored(self, send: bool) -> int:
        """Send, or drop, what was held because a backup was restored; how many."""
        count = await self._books.change(
            lambda outbox, at: outbox.settle_restored(send, at)
        )
        self._wake.set()
        return count

    async def before_backup(self) -> None:
        """Make the outbox's file whole, and note that a backup is made of it."""
        await self._outbox.do(lambda outbox, at: outbox.note_backup(at))

    async def after_backup(self) -> None:
        """Forget the note: this outbox is not the one in the backup."""
        await self._outbox.do(lambda outbox, at: outbox.clear_backup(at))

    # The worker.

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                async with self._port:
                    pause = await self._turn()
            except OutboxError:
                self._board.post(outbox_failed=True)
                pause = WRITE_EVERY
            except Exception:
                # A defect of ours costs time, never the emails after it.
                _LOGGER.exception("Unexpected error, the courier goes on")
                self._board.post(trouble=UnexpectedError())
                pause = _AFTER_DEFECT
            await self._rest(pause)

    async def _rest(self, pause: float | None) -> None:
        """Sleep until something may be done."""
        if pause is not None and pause <= 0:
            return
        try:
            async with asyncio.timeout(pause):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _turn(self) -> float | None:
        """Do what is to be done next; returns how long to rest, None: until woken."""
        now = self._outbox.now().elapsed
        # Those of which _keep_books wakes what they mend: with later ones an email would
        # be tried before it is woken for them, and once more after it.
        settings = self._settings
        await self._line.take(settings)
        await self._keep_books(now)
        unsettled = await self._outbox.do(lambda outbox, _: outbox.unsettled())
        if unsettled is not None:
            return await self._settle(unsettled)
        if not await self._open_line():
            return self._pace.service_pause(self.status.trouble)
        if self._settings is not settings:
            return 0.0
        if not self._pace.closed_for(now):
            item = await self._take(now, settings.options)
            if item is not None:
                return await self._deliver(item, settings)
        await self._keep_in_service()
        await self._give_back(now)
        return await self._until_next(now)

    async def _keep_books(self, now: float) -> None:
        """Show and end what is due for it, and wake what may be mended."""
        mended, self._mended = self._mended, None
        if self._results_do_come:
            mended = {*(mended or ()), Reason.RESULTS_ELSEWHERE}
        prune = now - self._pruned >= _PRUNE_EVERY

        def keep(outbox: Outbox, at: Instant) -> None:
            outbox.expire(at)
            if mended is not None:
                outbox.wake(at, *mended)
            if prune:
                outbox.prune(at)

        await self._books.change(keep)
        self._board.post(outbox_failed=False)
        if prune:
            self._pruned = now

    @property
    def _results_do_come(self) -> bool:
        """Whether emails are held for something that turned out to be wrong."""
        held = Reason.RESULTS_ELSEWHERE in self.status.mail.held
        return held and self._line.modem.heard

    def _try_anew(self, *reasons: Reason) -> None:
        """The path may be mended: what waits for it need not wait longer."""
        self._mended = {*(self._mended or ()), *reasons}
        self._pace.reset()
        self._wake.set()

    async def _until_next(self, now: float) -> float | None:
        """Return the seconds until mail, service or idleness asks for something."""
        times = []
        mail = await self._outbox.do(lambda outbox, at: outbox.next_time(at))
        if mail is not None:
            gate = min(self._pace.closed_for(now), PERSON_EVERY)
            times.append(max(mail - now, gate, _TURN_LEAST))
        if not self._line.in_service:
            times.append(self._pace.service_pause(self.status.trouble))
        idle = self._until_idle(now)
        if idle is not None:
            times.append(idle)
        return min(times) if times else None

    # The line.

    async def _open_line(self, unsettled_for: float | None = None) -> bool:
        try:
            await self._line.open(unsettled_for)
        except ModemError as err:
            self._no_service(err)
            return False
        return True

    async def _keep_in_service(self) -> None:
        """Bring the modem into service while there is no email to send."""
        if self._line.in_service:
            return
        try:
            await self._line.bring_into_service()
        except ModemError as err:
            if isinstance(err, NoAnswerError):
                await self._line.close()
            self._no_service(err)

    def _no_service(self, trouble: ModemError) -> None:
        self._absent = True
        self._pace.service_failed()
        self._board.post(trouble=trouble)

    def _until_idle(self, now: float) -> float | None:
        idle = self._settings.options.idle
        if not idle or self._line.modem.pdp_state is not PdpState.ACTIVE:
            return None
        if self._last_mail is None:
            self._last_mail = now
        rest = self._last_mail + idle - now
        # A difference of floats is not always the zero that it should be.
        return rest if rest > _TURN_LEAST else 0.0

    async def _give_back(self, now: float) -> None:
        """Give the PDP context back when no mail needs it (SMTP note 3.1)."""
        if self._until_idle(now) != 0.0 or not self._line.in_service:
            return
        self._last_mail = now
        try:
            await self._line.modem.deactivate()
        except ModemError as err:
            _LOGGER.debug("The PDP context stays: %s", err)

    # One email.

    async def _take(self, now: float, options: Options) -> Item | None:
        """Return the email to send now, or the digest that it goes out with."""
        compose = partial(digest, wording=self._wording)

        def take(outbox: Outbox, at: Instant) -> Item | None:
            item = outbox.next_due(at, options)
            if item is None or not options.digest:
                return item
            return outbox.digest(item, at, compose)

        item = await self._books.change(take)
        if item is not None:
            self._pace.knock(now)
            self._last_mail = now
        return item

    async def _deliver(self, item: Item, settings: Settings) -> float:
        """Make one attempt, and record what became of it, whatever happens."""
        self._delivering = True
        try:
            outcome = await self._sender.send(item, settings, self._recovery)
        except ModemError as err:
            if self._sender.handed_over or not _untried(err):
                await self._judge.conclude_error(item, err, self._recovery)
                return 0.0
            if not isinstance(err, PortError):
                self._pace.wait(self._outbox.now().elapsed, PERSON_EVERY)
            self._no_service(err)
            return self._pace.service_pause(err)
        except OutboxError:
            raise
        except Exception:
            if not self._sender.handed_over:
                await self._judge.conclude_error(
                    item, UnexpectedError(), self._recovery
                )
            raise
        finally:
            self._delivering = self._sender.handed_over = False
        if outcome is None:
            # It was cancelled on its way, or is to be settled.
            return 0.0
        await self._judge.conclude(
            item.envelope,
            item.history,
            len(item.to) + len(item.cc) + len(item.bcc),
            outcome,
            settings,
            self._recovery,
        )
        await self._sender.clear()
        return 0.0

    async def _settle(self, unsettled: Unsettled) -> float:
        """Find out what became of an email whose result nobody has seen yet."""
        rest = max(unsettled.deadline - self._outbox.now().elapsed, 0.0)
        if not await self._open_line(rest):
            return self._pace.service_pause(self.status.trouble)
        try:
            outcome = await self._sender.late_outcome(unsettled, rest, self._recovery)
        except ModemError as err:
            if isinstance(err, NoAnswerError):
                await self._line.close()
            self._no_service(err)
            return self._pace.service_pause(err)
        if outcome is None:
            wait = self._recovery.next_reboot(self._outbox.now().elapsed)
            # Less than the clock can tell apart would be no wait at all.
            return max(wait, _TURN_LEAST)
        await self._judge.conclude(
            unsettled.envelope,
            unsettled.history,
            unsettled.recipients,
            outcome,
            self._settings,
            self._recovery,
        )
        return 0.0

    async def _save_wear(self, wear: Wear) -> None:
        await self._outbox.do(lambda outbox, at: outbox.save_wear(wear, at))

    # What the line tells.

    def changed(self) -> None:
        """Take a change of connection or PDP context."""
        modem = self._line.modem
        serving = self._line.in_service
        activated = modem.pdp_state is not self.status.pdp is PdpState.INACTIVE
        if (activated and not self._delivering) or (self._serving and not serving):
            self._wake.set()
        self._serving = serving
        self._board.post(
            connected=modem.connected, port=modem.port.url, pdp=modem.pdp_state
        )

    def identified(self, identity: Identity) -> None:
        """Take who the modem is."""
        self._board.post(identity=identity)

    def unlocked(self) -> None:
        """Take that the SIM is ready."""
        self._board.post(sim=SimState.READY)

    def registered(self, network: Network) -> None:
        """Take that the modem is in service; what waited for it need not wait."""
        self._serving = self._line.in_service
        self._pace.in_service()
        self._board.post(network=network)
        if not self._absent:
            return
        self._absent = False
        self._board.post(trouble=None)
        if not self._delivering:
            self._try_anew()


def _untried(error: ModemError) -> bool:
    """Whether it kept the email from being tried at all: it goes when that is over."""
    if isinstance(error, PortError):
        return True
    # A value that can't be sent is the email's own.
    return policy.needs_person(error) and not isinstance(error, InvalidValueError)
