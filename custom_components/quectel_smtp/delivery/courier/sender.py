"""``Sender``: one attempt with one email, from mending the path to the result."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

from ...modem.at.codes import SmtpError
from ...modem.at.errors import ModemRebootedError, NoAnswerError
from ...modem.mail.attachments import Attachment
from ...modem.mail.smtp import LOST, Outcome, Result
from ..changes import Change
from ..outbox.thread import OutboxThread
from ..records import Again, Item, Reason, Unsettled, Way
from ..rules import policy
from ..rules.capacity import CAPACITIES, Capacity, apart, carries_any
from ..rules.enclosing import Source
from ..rules.fit import Fitted, fit
from ..rules.outdone import Outdone
from ..rules.recovery import Recovery
from ..rules.way import prefers_stream
from ..rules.wording import Wording
from ..settings import Settings
from .books import Books
from .carrier import NOTHING, Carrier, FitTo, Refusal, Told
from .line import Line

# Certain not to have sent anything, and mended by doing it all once more at once.
_RESTARTS: Final = 3
# Seconds: less than a clock can tell apart would be no wait at all.
_RESTART_LEAST: Final = 0.5
# Characters of a text that may take too long to be fitted on the event loop.
_LONG: Final = 20_000
# What is said of an address that the modem's client has no room for.
_NO_ADDRESS: Final = Outcome(Result.REFUSED, SmtpError.MAILBOX_NAME)
# Seconds between two questions whether the modem still sends.
_ASK_EVERY: Final = 10.0


class Sender:
    """Drives the modem for one email at a time."""

    def __init__(
        self,
        line: Line,
        outbox: OutboxThread,
        books: Books,
        wording: Wording,
        carriers: Mapping[Way, Carrier],
        recovery: Recovery,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the line, and the ways over it; ``changed``: an email was handed over."""
        self._line = line
        self._outbox = outbox
        self._books = books
        self.wording = wording
        self._carriers = carriers
        self._recovery = recovery
        self._changed = changed
        # By which the email at hand goes.
        self._carrier = carriers[Way.MODULE]
        # The intent to send is written down, or just being so, and its end not yet.
        self.at_stake = False
        # From when on the email may leave, whatever becomes of us, on the loop's clock.
        self.handed_over: float | None = None
        # Whether what is being done may take minutes, and can be done anew: attachments
        # are on their way to the modem, and nothing of the email has left it.
        self.gives_way = False
        # Whether the modem had just reached the server's port.
        self.proved = False
        # Result codes in a row that never came.
        self.stray = 0
        self._outdone = Outdone()
        # What was done to the email at hand.
        self._changes: tuple[Change, ...] = ()

    async def send(self, item: Item, settings: Settings) -> Told | Again | None:
        """Make an attempt; None if it was cancelled, or its result did not come.

        None, too, where it was parted because its addresses can't go together by its
        way: it is due.

        ``Again`` where it has to wait first. A ``ModemError`` means that nothing was
        sent.
        """
        for _ in range(_RESTARTS - 1):
            try:
                return await self._send(item, settings)
            except ModemRebootedError:
                if self.at_stake:
                    raise
        return await self._send(item, settings)

    async def _send(self, item: Item, settings: Settings) -> Told | Again | None:
        self.proved = False
        self._carrier = self._carriers[settings.options.way or Way.MODULE]
        by_stream = await self._prefers_stream(item, settings)
        if item.history.copies > 1 and not by_stream:
            self._recovery.insist()
        now = self._outbox.now().elapsed
        await self._recovery.mend(self._line.modem, settings.pdp, now)
        await self._line.open()
        await self._line.bring_into_service()
        modem = self._line.modem
        boot = modem.boot
        way = await self._choose(item, settings, by_stream=by_stream)
        self._carrier = self._carriers[way]
        parting = partial(apart, capacity=CAPACITIES[way])
        if len(parting(item.addresses)) > 1:
            await self._books.change(lambda box, at: box.keep_apart(item, parting, at))
            return None
        if not carries_any(item.addresses, CAPACITIES[way]):
            (address,) = item.addresses
            return Told(_NO_ADDRESS, refused={address: Refusal(_NO_ADDRESS)})
        if way is Way.MODULE and modem.overdue:
            return await self._restart_first(item)
        # Whoever connects proves the path by that.
        if way is Way.STREAM or not await self._asks_for_proof(item, settings):
            await modem.activate(settings.pdp)
        elif not await self._prove(settings) and item.history.in_doubt:
            wait = policy.unproved(item.history)
            if wait is not None:
                return wait
        told = await self._go(item, settings, boot)
        if told is not None:
            self._outdone.take(item, way, told.outcome, self._outbox.now().elapsed)
        return told

    async def send_beside(self, item: Item, settings: Settings) -> Told | None:
        """Make an attempt by the stream, while the modem's client is at work on another.

        Whatever that one needs stays as it is: nothing of the path is mended. None if
        it was cancelled. A ``ModemError`` means that nothing was sent.
        """
        self._carrier = self._carriers[Way.STREAM]
        modem = self._line.modem
        boot = modem.boot
        await self._line.bring_into_service()
        await modem.share(settings.pdp)
        return await self._go(item, settings, boot)

    async def _go(self, item: Item, settings: Settings, boot: int) -> Told | None:
        """Send over a path that is there; ``boot``: the modem's, in which it was made."""
        carrier, modem = self._carrier, self._line.modem
        fit_to = await self._fitting(item, settings)
        self.gives_way = bool(item.enclosed)
        try:
            refused = await carrier.prepare(item, fit_to, settings)
        except NoAnswerError:
            if carrier.way is Way.STREAM:
                await self._count_stray()
            raise
        finally:
            self.gives_way = False
        if refused is not None:
            return replace(refused, changes=self._changes)
        mark = await carrier.mark()
        if modem.boot != boot:
            # It restarted between two commands, and has forgotten the email too.
            raise ModemRebootedError
        self.at_stake, self.handed_over = True, None
        try:
            if not await self._begin(item, mark):
                await self.clear()
                return None
            told = await carrier.hand_over(self._hand_over)
        except BaseException as err:
            if self.handed_over is None:
                if isinstance(err, asyncio.CancelledError):
                    self._books.soon(lambda box, at: box.withdraw(item.envelope, at))
                await carrier.give_up()
            raise
        late = carrier.patience > 0
        if late and told.outcome.result is Result.UNKNOWN:
            return None
        return replace(told, changes=self._changes)

    async def _fitting(self, item: Item, settings: Settings) -> FitTo:
        """Return what fits an email to a way; what it does last is what is told."""
        attachments: tuple[Attachment, ...] = ()
        if item.enclosed:
            attachments = await self._outbox.do(
                lambda box, _: box.attachments(item.envelope)
            )
        self._changes = ()

        async def fit_to(
            capacity: Capacity, refused: frozenset[Source] = NOTHING
        ) -> Fitted:
            work = partial(
                fit,
                item,
                attachments,
                capacity,
                settings.server,
                self.wording,
                self._outbox.now().elapsed,
                reply_to=settings.reply_to,
                refused=refused,
            )
            fitted = await _worked(work, item)
            self._changes = fitted.changes
            return fitted

        return fit_to

    @property
    def way(self) -> Way:
        """By which the email at hand goes, or went."""
        return self._carrier.way

    async def _prefers_stream(self, item: Item, settings: Settings) -> bool:
        """Whether an email is to go by the stream, if the modem has one."""
        if settings.options.way is Way.STREAM:
            return True
        if self._line.modem.lacks_tcp:
            return False
        if settings.options.way is None:
            if self._outdone.prefers_stream(item, self._outbox.now().elapsed):
                return True
            work = partial(prefers_stream, item, settings, self.wording)
            return await _worked(work, item)
        # All else that the modem's client can't carry is fitted to it.
        return not carries_any(item.addresses, CAPACITIES[Way.MODULE])

    async def _choose(self, item: Item, settings: Settings, *, by_stream: bool) -> Way:
        """Return the way that is wanted, or else that the modem has."""
        modem, wanted = self._line.modem, settings.options.way
        if wanted is Way.STREAM or not await modem.has_mail_client():
            return Way.STREAM
        if wanted is None:
            if modem.overdue and await modem.still_sending() is False:
                modem.give_up()
            # Where the stream came to nothing either, a restart makes room for the other.
            failed = item.finding is not None and item.finding.way is Way.STREAM
            room = failed and self._recovery.may_reboot(self._outbox.now().elapsed)
            by_stream = by_stream or (modem.overdue and not room)
        return Way.STREAM if by_stream and await modem.has_tcp() else Way.MODULE

    async def _restart_first(self, item: Item) -> Again:
        """Have the modem restarted: a result of an earlier PUT may still come.

        ``ModemRebootedError`` once it is; ``Again`` while that has to wait.
        """
        now = self._outbox.now().elapsed
        if await self._recovery.reboot(self._line.modem, now):
            raise ModemRebootedError
        wait = max(self._recovery.next_reboot(now), _RESTART_LEAST)
        return Again(wait, Reason.RETRY, item.history)

    def _hand_over(self) -> None:
        self.handed_over = asyncio.get_running_loop().time()
        self._changed()

    @property
    def hands_over(self) -> float | None:
        """Seconds for which the modem's client has been at work on an email of ours."""
        if self.handed_over is None or self.way is Way.STREAM:
            return None
        return asyncio.get_running_loop().time() - self.handed_over

    async def _begin(self, item: Item, mark: int | None) -> bool:
        """Commit that the email is about to be handed over; False: it was cancelled."""
        carrier, changes = self._carrier, self._changes
        return await self._books.change(
            lambda outbox, at: outbox.begin(
                item.envelope,
                at.elapsed + carrier.patience,
                mark,
                at,
                carrier.way,
                changes,
            )
        )

    async def _asks_for_proof(self, item: Item, settings: Settings) -> bool:
        """Whether it has to be known that the path is not to blame for a failure.

        For an email that may have been sent; and for an account that never sent, where
        a failure without a reason is to be no more than two log-ins.
        """
        if item.history.in_doubt:
            return True
        account = policy.account(settings.server)
        standing = await self._outbox.do(lambda outbox, _: outbox.standing(account))
        several = len(set(item.addresses)) > 1
        return not standing.proven and (several or standing.refusals > 0)

    async def _prove(self, settings: Settings) -> bool:
        """Prove the path anew; False where the firmware can't."""
        modem = self._line.modem
        if settings.options.way is None:
            # A failure without a reason means less where the stream can ask for it.
            await modem.has_tcp()
        try:
            self.proved = await modem.prove(settings.server, settings.pdp)
        except NoAnswerError:
            await self._count_stray()
            raise
        return self.proved

    async def _count_stray(self) -> None:
        """Count a result code that never came, if the modem answers otherwise."""
        await self._line.modem.identify()
        self.stray += 1

    async def clear(self) -> None:
        """Leave nothing of the email behind on its way."""
        await self._carrier.clear()

    async def late_outcome(
        self,
        unsettled: Unsettled,
        rest: float,
        *,
        serves_others: bool,
    ) -> Outcome | None:
        """Wait for the result of an email that was handed over, for ``rest`` seconds.

        Or until the modem says that it sends nothing any more. No other SMTP command is
        sent before: a result carries no name of its email. ``serves_others``: emails go
        by the stream meanwhile; else a restart of the modem ends the wait, and None is
        returned while that has to wait itself.
        """
        modem = self._line.modem
        self.proved = False
        if not modem.unsettled:
            modem.expect_late_result(rest)
        # A restart ends the wait; but its result may have come before that.
        with suppress(ModemRebootedError):
            await modem.same_boot(unsettled.mark)
        try:
            return await self._late_result()
        except ModemRebootedError:
            return LOST
        except NoAnswerError:
            if serves_others:
                return LOST
            # It may still report, and the next email would be taken for it.
            now = self._outbox.now().elapsed
            return LOST if await self._recovery.reboot(modem, now) else None

    async def _late_result(self) -> Outcome:
        modem = self._line.modem
        while modem.unsettled:
            over = await modem.still_sending() is False
            # Its result may have come before that answer.
            if over and modem.unsettled:
                modem.give_up()
                return LOST
            with suppress(TimeoutError):
                async with asyncio.timeout(_ASK_EVERY):
                    return await modem.late_result()
        return await modem.late_result()


async def _worked[T](work: Callable[[], T], item: Item) -> T:
    """Return what is to be found out of an email: of a long one beside the event loop."""
    long = len(item.subject) + len(item.body) + len(item.html or "") > _LONG
    return await asyncio.to_thread(work) if long else work()
