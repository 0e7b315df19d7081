"""``Courier``: accepts emails and has each brought to its end: one for each modem.

An email is accepted once the outbox has it on disk. The worker takes the most urgent
one that is due, has it sent, and what became of it recorded.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ...modem.at.port import PortSettings
from ...modem.mail.attachments import Attachment
from ...modem.modem import Modem
from ..changes import Change
from ..email import Email
from ..enclosures import Missing
from ..errors import BusyError, OutboxError
from ..outbox.outbox import Outbox
from ..outbox.past import Ended
from ..outbox.readdress import Recipients
from ..outbox.thread import OutboxThread
from ..records import EmailResult, Listed, Reason, Transition
from ..rules.wording import Wording
from ..settings import Settings
from ..status import Board, OutboxState, Status
from .books import Books
from .diagnosis import Diagnosis
from .line import FindPorts, no_ports
from .results import Results
from .showing import Showing
from .worker import Worker

PUT_TIMEOUT: Final = 300
"""Seconds that the modem may take for one email."""
_MOMENT: Final = 1
"""Seconds that a turn takes at most which has nothing to send."""


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
        shown_apart: float = 0.0,
    ) -> None:
        """Take the settings, and where the outbox is; nothing is opened yet.

        ``shown_apart``: least seconds between two transitions that are told.
        """
        self._settings = settings
        self._board = Board(Status(port=settings.port.url))
        self._outbox = outbox or OutboxThread(Outbox(path), now)
        self._showing = Showing(self._outbox, shown_apart)
        self._results = Results(self._outbox)
        self._books = Books(self._outbox, self._board, self._showing, self._results)
        self._worker = Worker(
            settings,
            wording,
            self._outbox,
            self._books,
            self._board,
            modem=modem,
            find_ports=find_ports,
            put_timeout=put_timeout,
        )
        self._port_lock = self._worker.port_lock

    @property
    def status(self) -> Status:
        """What is known now."""
        return self._board.status

    async def open(self) -> None:
        """Open the outbox: emails are accepted from now on. Trouble becomes status."""
        try:
            await self._worker.resume()
        except OutboxError as err:
            self._board.post(outbox=OutboxState.after(err))

    def start(self) -> None:
        """Begin to work; returns at once, whether the modem is there or not."""
        self._worker.start()

    def show(self) -> None:
        """Tell what becomes of emails from now on, and what has not been told yet."""
        self._showing.on = True
        self._books.look()

    def hide(self) -> None:
        """Tell nothing any more: it is kept until it is shown again."""
        self._showing.on = False

    async def stop(self) -> None:
        """Stop working and close the port, within 5 s; emails are accepted further on.

        An email that is being sent has a few seconds to come to its result; without
        one it is settled after the next start. Whoever waits for a result is told how
        it is.
        """
        await self._worker.stop()
        await self._results.release()
        await self._books.settle()

    async def close(self) -> None:
        """Stop, and close the outbox."""
        await self.stop()
        await self._outbox.close()

    async def submit(
        self, email: Email, then: Callable[[str], None] = lambda _: None
    ) -> str:
        """Accept ``email``: once this returns it is on disk, and will have its end.

        Returns the reference by which it goes; ``then`` is called with that, also where
        whoever wanted the email is gone by then.

        ``OutboxFullError`` and ``OutboxWriteError`` tell that nothing was accepted.
        """
        options = self._settings.options

        def welcome(reference: str) -> None:
            self._worker.pace.welcome(critical=email.critical)
            self._worker.wake()
            then(reference)

        return await self._books.change(
            lambda outbox, at: outbox.accept(email, at, options), welcome
        )

    async def attach(
        self,
        reference: str,
        attachments: Sequence[Attachment],
        missing: Sequence[Missing],
        changes: Sequence[Change] = (),
        awaits: Sequence[str] = (),
    ) -> None:
        """Add what an email awaits; ``missing``: what of it does not come.

        Once, but for the names that it still ``awaits``: it is added to again for these.
        It travels with a text that has not been given out, and follows one that has, or
        is critical. What there is no room for is named as missing. Nothing happens where
        the email is over, or has gone without: it waits 30 s, and not over a restart.
        ``OutboxWriteError`` tells that nothing was added.
        """
        await self._books.change(
            lambda outbox, at: outbox.attach(
                reference, attachments, missing, at, changes, awaits
            ),
            lambda _: self._worker.wake(),
        )

    async def result(self, reference: str, timeout: float) -> EmailResult | None:
        """Return what becomes of an email, or has so far after ``timeout`` seconds.

        None if there is no such email, or it ended 30 days ago. Whoever waits may be
        cancelled: the email is not. Nobody waits for a courier that stops.
        """
        return await self._results.of(reference, timeout)

    def look(self) -> None:
        """Look for the modem at once: a port has come that it may be behind."""
        self._worker.wake()

    def update(self, settings: Settings) -> None:
        """Work with other settings from the next email on; what they mend is tried."""
        self._settings = settings
        self._worker.update(settings)

    def reword(self, wording: Wording) -> None:
        """Write emails in these words, and with times of this zone, from now on."""
        self._worker.reword(wording)

    def follow(self, recipients: Recipients) -> None:
        """Have what waits go to its recipients' present addresses.

        ``recipients``: all that there are, by their ids. What waits for another one is
        cancelled; None leaves a recipient's emails as they are.
        """
        self._worker.follow(recipients)

    @asynccontextmanager
    async def lend(self) -> AsyncGenerator[None]:
        """Lend the port after the current email; emails are accepted meanwhile."""
        line = self._worker.line
        # What it does without need ends.
        self._worker.wake()
        async with self._port_lock:
            await line.close()
            try:
                yield
            finally:
                line.leave_service()
                # Result codes may have been routed to this port meanwhile.
                self._worker.try_anew(Reason.RESULTS_ELSEWHERE)

    async def while_idle[T](self, work: Callable[[Modem], Awaitable[T]]) -> T | None:
        """Have something done with the modem while no email wants it.

        None where one waits or is unsettled, or the modem is not in service; and where
        one comes meanwhile: the work is cancelled then, and the email goes.
        """
        line = self._worker.line
        async with self._port_if_free() as free:
            if not free or not line.in_service:
                return None
            unsettled = await self._outbox.do(lambda outbox, _: outbox.unsettled())
            if unsettled is not None or self.status.mail.waiting:
                return None
            working = asyncio.ensure_future(work(line.modem))

            def give_way() -> None:
                if self.status.mail.waiting:
                    working.cancel()

            unwatch = self.watch(give_way)
            try:
                await asyncio.wait((working,))
            finally:
                unwatch()
                working.cancel()
                await asyncio.wait((working,))
            return None if working.cancelled() else working.result()

    async def poll(self) -> None:
        """Refresh network and PDP state, unless the modem is away or at work."""
        async with self._port_if_free() as free:
            if free and self._worker.line.modem.connected:
                await self._worker.look()

    async def restart_modem(self) -> None:
        """Restart the modem between two emails; up to 90 s.

        ``BusyError`` while it is at work or lent, ``TooSoonError`` where it was
        restarted as often as its flash bears, ``ModemError`` where it is not there.
        """
        async with self._port_if_free() as free:
            if not free:
                raise BusyError
            await self._worker.restart_modem()

    async def reconnect(self) -> None:
        """Take the data connection down and bring it up between two emails.

        Up to 5 minutes. ``BusyError`` while the modem is at work or lent,
        ``ModemError`` where there is no connection then.
        """
        async with self._port_if_free() as free:
            if not free:
                raise BusyError
            await self._worker.reconnect()

    @asynccontextmanager
    async def _port_if_free(self) -> AsyncGenerator[bool]:
        """Hold the port, and tell whether we do: not while it is at work or lent."""
        try:
            # A turn that finds nothing to send has the port, too, but for a moment.
            async with asyncio.timeout(_MOMENT):
                await self._port_lock.acquire()
        except TimeoutError:
            yield False
            return
        try:
            yield True
        finally:
            self._port_lock.release()

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after each change of status; returns the undoing."""
        return self._board.watch(callback)

    def on_transition(
        self, callback: Callable[[Transition], None]
    ) -> Callable[[], None]:
        """Call back for each transition of an email; returns the undoing."""
        return self._showing.listen(callback)

    async def diagnosis(self) -> Diagnosis:
        """Return what helps to find a fault; the modem is not asked.

        Of an outbox that can't be read there is nothing.
        """
        waiting: tuple[Listed, ...] = ()
        ended: tuple[Ended, ...] = ()
        with suppress(OutboxError):
            waiting, ended = await self._outbox.do(
                lambda outbox, at: (outbox.listed(at), outbox.ended())
            )
        worker = self._worker
        return Diagnosis(
            worker.line.modem.diagnosis(),
            worker.line.in_service,
            worker.pace.failures,
            worker.recent.attempts,
            worker.recent.counts,
            waiting,
            ended,
        )

    async def listed(self) -> tuple[Listed, ...]:
        """Return the emails that wait."""
        return await self._outbox.do(lambda outbox, at: outbox.listed(at))

    async def retry(self, reference: str | None) -> int:
        """Try what waits at once, all or one; returns how many.

        ``NotWaitingError`` if no such email waits.
        """
        return await self._books.change(
            lambda outbox, at: outbox.retry(reference, at),
            lambda _: self._worker.try_anew(),
        )

    async def cancel(self, reference: str | None) -> int:
        """End what waits, all or one; returns how many.

        ``NotWaitingError`` if no such email waits, ``BeingSentError`` in mid-send.
        """
        return await self._books.change(
            lambda outbox, at: outbox.cancel(reference, at),
            lambda _: self._worker.wake(),
        )

    async def settle_restored(self, send: bool) -> int:
        """Send, or drop, what was held because a backup was restored; how many."""
        return await self._books.change(
            lambda outbox, at: outbox.settle_restored(send, at),
            lambda _: self._worker.wake(),
        )

    async def before_backup(self) -> None:
        """Make the outbox's file whole, and note that a backup is made of it."""
        await self._outbox.do(lambda outbox, at: outbox.note_backup(at))

    async def after_backup(self) -> None:
        """Forget the note: this outbox is not the one in the backup."""
        await self._outbox.do(lambda outbox, at: outbox.clear_backup(at))
