"""``Postman``: has the email sent whose turn it is, and others beside one that hangs."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final

from ...modem.at.errors import InvalidValueError, ModemError, PortError, UnexpectedError
from ...modem.mail.smtp import LOST
from ..errors import OutboxError
from ..outbox.outbox import Outbox
from ..outbox.thread import OutboxThread
from ..records import Again, Instant, Item, Options, Unsettled, Way
from ..rules import policy
from ..rules.recovery import Recovery
from ..rules.wording import Wording, digest
from ..settings import Settings
from ..status import Board
from .books import Books
from .carrier import Carrier, Told
from .idling import Idling
from .judge import Judge
from .pace import PERSON_EVERY, TURN_LEAST, Pace
from .sender import Sender
from .serving import Serving
from .turns import until_woken, whatever_fails

# Seconds from PUT to its result after which others wait for it no longer.
_HANGS: Final = 15.0

type _Send = Callable[[Item, Settings], Coroutine[Any, Any, Told | Again | None]]


class Postman:
    """Takes emails from the outbox, and records what became of them, whatever happens."""

    def __init__(
        self,
        settings: Settings,
        wording: Wording,
        serving: Serving,
        idling: Idling,
        outbox: OutboxThread,
        books: Books,
        board: Board,
        carriers: Mapping[Way, Carrier],
        recovery: Recovery,
        pace: Pace,
    ) -> None:
        """Take the settings, and what is shared with the worker."""
        self._settings = settings
        self._serving = serving
        self._idling = idling
        self._line = line = serving.line
        self._outbox = outbox
        self._books = books
        self._board = board
        self._recovery = recovery
        self._pace = pace
        # Set when an email may have come that goes beside another, or can.
        self._beside = asyncio.Event()
        common = line, outbox, books, wording, carriers, recovery
        self._sender = Sender(*common, self._beside.set)
        self._second = Sender(*common)
        self._judge = Judge(line, outbox, books, self._sender, recovery, pace, board)
        self.recent = self._judge.recent
        """How the last attempts ended."""
        # Whether it is waited for the result of an earlier email.
        self._settling = False
        self.stopping = False
        """Whether no other email is begun any more."""

    @property
    def at_stake(self) -> bool:
        """Whether nobody could learn a second time what becomes of an email."""
        return self._sender.at_stake or self._second.at_stake

    def wake(self) -> None:
        """Look at once whether an email goes beside another."""
        self._beside.set()

    def update(self, settings: Settings) -> None:
        """Send emails beside another by other settings from now on."""
        self._settings = settings

    def reword(self, wording: Wording) -> None:
        """Write emails in these words, and with times of this zone, from now on."""
        self._sender.wording = self._second.wording = wording

    # One email.

    async def _take(
        self, now: float, options: Options, *, only_critical: bool = False
    ) -> Item | None:
        """Return the email to send now, or the digest that it goes out with."""
        compose = partial(digest, wording=self._sender.wording)

        def take(outbox: Outbox, at: Instant) -> Item | None:
            item = outbox.next_due(at, options, only_critical=only_critical)
            if item is None:
                return None
            return outbox.digest(item, at, compose) if options.digest else item

        item = await self._books.change(take)
        if item is not None:
            self._pace.knock(now)
            self._idling.used(now)
        return item

    async def deliver(self, now: float, settings: Settings) -> float | None:
        """Make an attempt with what is due, if it is; returns how long to rest then."""
        if self._pace.closed_for(now):
            return None
        item = await self._take(now, settings.options)
        if item is None:
            return None
        attempt = self._attempt(item, settings, self._sender, self._sender.send)
        return await self._serving_others(attempt)

    async def _attempt(
        self,
        item: Item,
        settings: Settings,
        sender: Sender,
        send: _Send,
    ) -> float:
        try:
            return await self._record(item, settings, sender, send)
        finally:
            sender.at_stake = False

    async def _record(
        self,
        item: Item,
        settings: Settings,
        sender: Sender,
        send: _Send,
    ) -> float:
        self._serving.attempt_begins()
        try:
            told = await send(item, settings)
        except ModemError as err:
            if sender.at_stake or not _untried(err):
                await self._judge.conclude_error(item, err, sender.way)
                return 0.0
            if not isinstance(err, PortError):
                self._pace.wait(self._outbox.now().elapsed, PERSON_EVERY)
            self._serving.failed(err)
            return self._serving.pause
        except OutboxError:
            raise
        except Exception:
            if sender.handed_over is None:
                await self._judge.conclude_error(item, UnexpectedError(), sender.way)
            raise
        finally:
            sender.handed_over = None
            self._serving.attempt_ends()
        if told is None:
            # It was cancelled on its way or parted, or is to be settled.
            return 0.0
        if isinstance(told, Again):
            await self._judge.postpone(item, told)
            return 0.0
        await self._conclude(item, told, sender.way, settings)
        await sender.clear()
        return 0.0

    # Two at once.

    async def _serving_others(self, work: Coroutine[Any, Any, float]) -> float:
        """Do what may have to wait for the modem's client; others go by the stream.

        The text of an alarm waits for no other email's pictures: they go after it.
        """
        return await self._looking_out(
            work, lambda working: self._serve_another(self._settings, working)
        )

    async def _looking_out(
        self,
        work: Coroutine[Any, Any, float],
        look: Callable[[asyncio.Task[float]], Coroutine[Any, Any, float | None]],
    ) -> float:
        """Do a piece of work, and look whenever something changes meanwhile.

        ``look`` returns how long to rest, None: until something changes; it may cut the
        work off.
        """
        working = asyncio.create_task(work)
        working.add_done_callback(lambda _: self._beside.set())
        try:
            while not working.done():
                self._beside.clear()
                pause = await whatever_fails(look(working), self._board)
                await until_woken(self._beside, pause and max(pause, TURN_LEAST))
        finally:
            working.cancel()
            await asyncio.wait((working,))
        return 0.0 if working.cancelled() else working.result()

    async def _give_way(self, sender: Sender, working: asyncio.Task[float]) -> None:
        """Cut off pictures that are on their way, if the text of an alarm waits."""
        if sender.gives_way:
            waits = await self._outbox.do(lambda box, at: box.alarm_waits(at))
            # Nothing of it has left: cut off, it was no attempt.
            if waits and sender.gives_way:
                working.cancel()

    async def _serve_another(
        self, settings: Settings, working: asyncio.Task[float]
    ) -> float | None:
        """Send an email by the stream if another one keeps the modem's client.

        Returns how long to rest, None: until something changes. A critical one waits
        for nothing; others until it seems to hang.
        """
        waited = _HANGS if self._settling else self._sender.hands_over
        if waited is None or self.stopping:
            await self._give_way(self._sender, working)
            return None
        now = self._outbox.now().elapsed
        # Another email's, or another's of the same one.
        due = await self._outbox.do(lambda outbox, _: outbox.next_turn())
        if due is None or due > now:
            return None if due is None else due - now
        try:
            if not await self._may_serve_others(settings):
                return None
        except ModemError as err:
            await self._judge.close_if_silent(err)
            return TURN_LEAST
        closed = self._pace.closed_for(now)
        if closed:
            return closed
        patience = max(_HANGS - waited, 0.0)
        item = await self._take(now, settings.options, only_critical=patience > 0)
        if item is None:
            return max(patience, TURN_LEAST)
        send = self._second.send_beside
        attempt = self._attempt(item, settings, self._second, send)
        return await self._looking_out(attempt, partial(self._give_way, self._second))

    async def _may_serve_others(self, settings: Settings) -> bool:
        """Whether emails may go by the stream beside one that keeps the modem's client."""
        return settings.options.way is not Way.MODULE and (
            await self._line.modem.has_tcp()
        )

    async def settle(self, unsettled: Unsettled, settings: Settings) -> float:
        """Find out what became of an email whose result nobody has seen yet.

        It speaks of the account that it went with, whatever is entered meanwhile.
        """
        if unsettled.way is Way.STREAM:
            # It went by a connection of ours, which is gone.
            told = Told(LOST, changes=unsettled.changes)
            await self._conclude(unsettled, told, unsettled.way, settings)
            return 0.0
        rest = max(unsettled.deadline - self._outbox.now().elapsed, 0.0)
        if not await self._serving.open(rest):
            return self._serving.pause
        self._sender.at_stake = self._settling = True
        try:
            return await self._serving_others(self._learn(unsettled, rest, settings))
        finally:
            self._sender.at_stake = self._settling = False

    async def _learn(
        self, unsettled: Unsettled, rest: float, settings: Settings
    ) -> float:
        serves_others = False
        with suppress(ModemError):
            serves_others = await self._may_serve_others(settings)
        try:
            outcome = await self._sender.late_outcome(
                unsettled, rest, serves_others=serves_others
            )
            self._serving.know()
        except ModemError as err:
            await self._serving.failed_to_answer(err)
            return self._serving.pause
        if outcome is None:
            self._board.post(exhausted=self._recovery.exhausted)
            wait = self._recovery.next_reboot(self._outbox.now().elapsed)
            # Less than the clock can tell apart would be no wait at all; and a person
            # may restart the modem, which settles it too.
            return min(max(wait, TURN_LEAST), PERSON_EVERY)
        told = Told(outcome, changes=unsettled.changes)
        await self._conclude(unsettled, told, unsettled.way, settings)
        return 0.0

    async def _conclude(
        self, of: Item | Unsettled, told: Told, way: Way, settings: Settings
    ) -> None:
        await self._judge.conclude(
            of.envelope, of.history, frozenset(of.addresses), told, way, settings
        )


def _untried(error: ModemError) -> bool:
    """Whether it kept the email from being tried at all: it goes when that is over."""
    if isinstance(error, PortError):
        return True
    # A value that can't be sent is the email's own.
    return policy.needs_person(error) and not isinstance(error, InvalidValueError)
