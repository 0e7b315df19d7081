"""``Worker``: what is done for emails and modem, one thing after the other."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
import logging
from typing import Any, Final

from ...modem.at.errors import (
    InvalidValueError,
    ModemError,
    NoAnswerError,
    PortError,
    RoamingError,
    UnexpectedAnswerError,
    UnexpectedError,
)
from ...modem.at.port import PortSettings
from ...modem.mail.smtp import LOST
from ...modem.modem import Modem
from ...modem.network.pdp import PdpState
from ...modem.network.sim import SimState
from ...modem.network.status import Identity, Network, Registration
from ..errors import OutboxError, TooSoonError
from ..outbox.outbox import Outbox
from ..outbox.readdress import Recipients
from ..outbox.thread import OutboxThread
from ..records import Again, Instant, Item, Options, Reason, Unsettled, Way, Wear
from ..rules import policy
from ..rules.recovery import Recovery
from ..rules.wording import Wording, digest
from ..settings import Settings
from ..status import Board, OutboxState
from .arming import Arming
from .books import Books
from .carrier import Carrier, Told
from .following import Following
from .judge import MENDED_BY_A_PERSON, WRITE_EVERY, Judge
from .line import FindPorts, Line
from .meter import Meter
from .module import ModuleCarrier
from .pace import PERSON_EVERY, Pace
from .sender import Sender
from .stream import StreamCarrier
from .uploads import KeptUploads

_LOGGER = logging.getLogger(__name__)

STOP_PATIENCE: Final = 4.0
"""Seconds that stopping waits for the result of an email that is being sent."""
_TIDYING: Final = 0.5
"""Seconds in which the modem may be left in order: a connection closed, a radio on."""

_TURN_LEAST: Final = 0.5
# Seconds from PUT to its result after which others wait for it no longer.
_HANGS: Final = 15.0
_AFTER_DEFECT: Final = 30.0
_PRUNE_EVERY: Final = 3600.0
# Seconds between two looks at the line for what the modem tells: some tell it again
# whenever they are asked.
_LOOK_EVERY: Final = 2.0


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
        uploads = partial(KeptUploads, outbox)
        self.line = Line(settings, modem, find_ports, self, uploads)
        self.pace = Pace()
        # Whoever holds it has the port: we in our turn, a poll, or who it is lent to.
        self.port_lock = asyncio.Lock()
        self._settings = settings
        self._outbox = outbox
        self._books = books
        self._board = board
        carriers: dict[Way, Carrier] = {
            Way.MODULE: ModuleCarrier(self.line, put_timeout),
            Way.STREAM: StreamCarrier(self.line, lambda: outbox.now().wall),
        }
        self._carriers = carriers
        self._arming = Arming(self.line, carriers, lambda: outbox.now().elapsed)
        # Set when an email may have come that goes beside another, or can.
        self._beside = asyncio.Event()
        self._recovery = Recovery(Wear(), self._save_wear, self._modem_restarted)
        common = self.line, outbox, books, wording, carriers, self._recovery
        self._sender = Sender(*common, self._beside.set)
        self._second = Sender(*common)
        self._judge = Judge(
            self.line, outbox, books, self._sender, self._recovery, self.pace, board
        )
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._serving = self._stopping = self._resumed = False
        self._delivering = 0
        # Whether it is waited for the result of an earlier email.
        self._settling = False
        self._meter = Meter(self.line, outbox, board)
        # How much the modem has told of its line, and what of that it was asked about.
        self._news_known = (self.line.modem, 0)
        self._looked = float("-inf")
        # Whether the modem could not be brought into service the last time.
        self._absent = False
        # What it suffered that we know of: more of it may have mended something.
        self._upsets_known = self._upsets
        # What may have been mended since our last turn.
        self._mended: set[Reason] | None = None
        # Whom what waits may not know of yet.
        self._following: Following | None = None
        self._last_mail: float | None = None
        self._pruned = float("-inf")

    # The callers' side has a say.

    async def resume(self) -> None:
        """Open the outbox, and go on from what is known of mail and modem.

        ``OutboxError`` if it can't be: it is tried again with the first turn.
        """
        opened = await self._outbox.open()
        self._recovery.resume(await self._outbox.do(lambda outbox, _: outbox.wear()))
        await self._meter.resume()
        self._resumed = True
        self._board.post(damaged=opened.damaged)
        await self._books.change(lambda _, __: None)

    def start(self) -> None:
        """Begin to work."""
        self._stopping = False
        self._task = asyncio.create_task(self._run(), name="quectel_smtp courier")

    async def stop(self) -> None:
        """Stop working and close the port.

        What is being sent, or settled, has a few seconds to come to its result and be
        written down: nobody could learn of it a second time.
        """
        self._stopping = True
        self._wake.set()
        task, self._task = self._task, None
        if task is not None:
            if self._sender.at_stake or self._second.at_stake:
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
        self._beside.set()

    def update(self, settings: Settings) -> None:
        """Work with other settings from the next email on; what they mend is tried."""
        before, self._settings = self._settings, settings
        # A login that was refused is not tried again for another APN's sake.
        anew = settings.server != before.server
        self._post_network(self._board.status.network)
        self.try_anew(*(MENDED_BY_A_PERSON if anew else ()))

    def reword(self, wording: Wording) -> None:
        """Write emails in these words, and with times of this zone, from now on."""
        self._sender.wording = self._second.wording = wording

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

    async def look(self) -> None:
        """Refresh SIM, network and PDP state; the caller holds the port."""
        modem = self.line.modem
        self._news_known = self._news
        self._looked = self._outbox.now().elapsed
        try:
            sim = await modem.sim_state()
            network = await modem.network()
            await modem.refresh_pdp()
        except NoAnswerError, UnexpectedAnswerError:
            # What does not even answer this is opened anew.
            await modem.close()
            self._wake.set()
        except ModemError:
            self._wake.set()
        else:
            known = self._board.status.network
            if network.registration.registered and not (
                known is None or known.registration.registered
            ):
                self._arming.reset()
                self._wake.set()
            if not sim.usable and self.line.in_service:
                # It was taken out, or has lost its power: it may want its PIN again.
                self.line.leave_service()
                self._wake.set()
            self._post_network(network)
            await self._measure()
            await self._meter.read()
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
        self._last_mail = self._outbox.now().elapsed
        await self.line.modem.renew(self._settings.pdp)
        self.try_anew()

    def _post_network(self, network: Network | None) -> None:
        """Post the network, and what follows from where it is."""
        abroad = network and network.registration is Registration.ROAMING
        barred = bool(abroad) and not self._settings.pdp.roaming
        status = self._board.status
        over = not barred and isinstance(status.trouble, RoamingError)
        if status.barred and not barred:
            self._mended = self._mended or set()
            self.pace.reset()
            self._wake.set()
        self._board.post(
            sim=self.line.modem.known_sim or status.sim,
            network=network,
            address=self.line.modem.address,
            barred=barred,
            trouble=None if over else status.trouble,
        )

    async def _measure(self) -> None:
        """Look at the signal; give back a data connection that may not be used here."""
        modem = self.line.modem
        try:
            self._board.post(quality=await modem.quality())
            if self._board.status.barred:
                await modem.deactivate()
        except ModemError as err:
            _LOGGER.debug("The signal can't be measured: %s", err)

    # Our turns.

    async def _run(self) -> None:
        try:
            while not self._stopping:
                self._wake.clear()
                async with self.port_lock:
                    pause = await self._whatever_fails(self._turn())
                await _rest(self._wake, pause)
        finally:
            for carrier in self._carriers.values():
                await carrier.give_up()

    async def _whatever_fails(
        self, work: Coroutine[Any, Any, float | None]
    ) -> float | None:
        """Return how long to rest after a piece of work, or after its failure."""
        try:
            return await work
        except OutboxError as err:
            self._board.post(outbox=OutboxState.after(err))
            return WRITE_EVERY
        except Exception:
            # A defect of ours costs time, never the emails after it.
            _LOGGER.exception("Unexpected error, the courier goes on")
            self._board.post(trouble=UnexpectedError())
            return _AFTER_DEFECT

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
            return await self._settle(unsettled, settings)
        if not await self._open_line():
            return self.pace.service_pause(self._board.status.trouble)
        if self._settings is not settings:
            return 0.0
        if not self.pace.closed_for(now):
            item = await self._take(now, settings.options)
            if item is not None:
                return await self._serving_others(self._deliver(item, settings))
        await self._keep_in_service()
        if self._until_look(now) == 0.0:
            await self.look()
        if self._idle:
            await self._arming.arm(settings, self._wake)
            if self._meter.due and not self._wake.is_set():
                await self._meter.read()
        await self._give_back(now)
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
            times.append(max(mail - now, gate, _TURN_LEAST))
        if not self.line.in_service:
            times.append(self.pace.service_pause(self._board.status.trouble))
        idle = self._until_idle(now)
        if idle is not None:
            times.append(idle)
        look = self._until_look(now)
        if look is not None:
            times.append(max(look, _TURN_LEAST))
        armed = self._arming.pause(self._settings) if self._idle else None
        if armed is not None:
            times.append(max(armed, _TURN_LEAST))
        return min(times) if times else None

    def _until_look(self, now: float) -> float | None:
        """Return the seconds until the modem is asked for what it has told of."""
        if self._news == self._news_known or not self.line.in_service:
            return None
        return max(self._looked + _LOOK_EVERY - now, 0.0)

    # The line.

    async def _open_line(self, unsettled_for: float | None = None) -> bool:
        try:
            await self.line.open(unsettled_for)
        except ModemError as err:
            self._no_service(err)
            return False
        return True

    @property
    def _idle(self) -> bool:
        """Whether the modem is in service and nothing waits for it."""
        waiting = self._board.status.mail.waiting
        return self.line.in_service and not waiting and not self.line.modem.unsettled

    async def _keep_in_service(self) -> None:
        """Bring the modem into service while there is no email to send."""
        if self.line.in_service:
            return
        try:
            await self.line.bring_into_service()
        except ModemError as err:
            if isinstance(err, NoAnswerError):
                await self.line.close()
            self._no_service(err)

    def _no_service(self, trouble: ModemError) -> None:
        self._absent = True
        self.pace.service_failed()
        self._board.post(
            trouble=trouble,
            connected=self.line.modem.connected,
            sim=self.line.modem.known_sim or self._board.status.sim,
        )

    def _until_idle(self, now: float) -> float | None:
        idle = self._settings.options.idle
        if not idle or self.line.modem.pdp_state is not PdpState.ACTIVE:
            return None
        if self._last_mail is None:
            self._last_mail = now
        rest = self._last_mail + idle - now
        # A difference of floats is not always the zero that it should be.
        return rest if rest > _TURN_LEAST else 0.0

    async def _give_back(self, now: float) -> None:
        """Give the PDP context back when no mail needs it (SMTP note 3.1)."""
        if self._until_idle(now) != 0.0 or not self.line.in_service:
            return
        self._last_mail = now
        try:
            await self.line.modem.deactivate()
        except ModemError as err:
            _LOGGER.debug("The PDP context stays: %s", err)

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
            self.pace.knock(now)
            self._last_mail = now
        return item

    async def _deliver(self, item: Item, settings: Settings) -> float:
        """Make one attempt, and record what became of it, whatever happens."""
        sending = self._sender.send(item, settings)
        return await self._attempt(item, settings, self._sender, sending)

    async def _attempt(
        self,
        item: Item,
        settings: Settings,
        sender: Sender,
        sending: Coroutine[Any, Any, Told | Again | None],
    ) -> float:
        try:
            return await self._record(item, settings, sender, sending)
        finally:
            sender.at_stake = False

    async def _record(
        self,
        item: Item,
        settings: Settings,
        sender: Sender,
        sending: Coroutine[Any, Any, Told | Again | None],
    ) -> float:
        self._delivering += 1
        try:
            told = await sending
        except ModemError as err:
            if sender.at_stake or not _untried(err):
                await self._judge.conclude_error(item, err, sender.way)
                return 0.0
            if not isinstance(err, PortError):
                self.pace.wait(self._outbox.now().elapsed, PERSON_EVERY)
            self._no_service(err)
            return self.pace.service_pause(err)
        except OutboxError:
            raise
        except Exception:
            if sender.handed_over is None:
                await self._judge.conclude_error(item, UnexpectedError(), sender.way)
            raise
        finally:
            self._delivering -= 1
            sender.handed_over = None
            self._meter.due = True
            # What sending does to it is no news.
            self._upsets_known = self._upsets
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
        """Do what may have to wait for the modem's client; others go by the stream."""
        working = asyncio.create_task(work)
        working.add_done_callback(lambda _: self._beside.set())
        try:
            while not working.done():
                self._beside.clear()
                another = self._serve_another(self._settings)
                pause = await self._whatever_fails(another)
                await _rest(self._beside, pause and max(pause, _TURN_LEAST))
        finally:
            working.cancel()
            await asyncio.wait((working,))
        return working.result()

    async def _serve_another(self, settings: Settings) -> float | None:
        """Send an email by the stream if another one keeps the modem's client.

        Returns how long to rest, None: until something changes. A critical one waits
        for nothing; others until it seems to hang.
        """
        waited = _HANGS if self._settling else self._sender.hands_over
        if waited is None or self._stopping:
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
            return _TURN_LEAST
        closed = self.pace.closed_for(now)
        if closed:
            return closed
        patience = max(_HANGS - waited, 0.0)
        item = await self._take(now, settings.options, only_critical=patience > 0)
        if item is None:
            return max(patience, _TURN_LEAST)
        sending = self._second.send_beside(item, settings)
        return await self._attempt(item, settings, self._second, sending)

    async def _may_serve_others(self, settings: Settings) -> bool:
        """Whether emails may go by the stream beside one that keeps the modem's client."""
        return settings.options.way is not Way.MODULE and (
            await self.line.modem.has_tcp()
        )

    async def _settle(self, unsettled: Unsettled, settings: Settings) -> float:
        """Find out what became of an email whose result nobody has seen yet.

        It speaks of the account that it went with, whatever is entered meanwhile.
        """
        if unsettled.way is Way.STREAM:
            # It went by a connection of ours, which is gone.
            await self._conclude(unsettled, Told(LOST), unsettled.way, settings)
            return 0.0
        rest = max(unsettled.deadline - self._outbox.now().elapsed, 0.0)
        if not await self._open_line(rest):
            return self.pace.service_pause(self._board.status.trouble)
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
            self._upsets_known = self._upsets
        except ModemError as err:
            if isinstance(err, NoAnswerError):
                await self.line.close()
            self._no_service(err)
            return self.pace.service_pause(err)
        if outcome is None:
            self._board.post(exhausted=self._recovery.exhausted)
            wait = self._recovery.next_reboot(self._outbox.now().elapsed)
            # Less than the clock can tell apart would be no wait at all; and a person
            # may restart the modem, which settles it too.
            return min(max(wait, _TURN_LEAST), PERSON_EVERY)
        told = Told(outcome, changes=self._sender.changes_of(unsettled.envelope))
        await self._conclude(unsettled, told, unsettled.way, settings)
        return 0.0

    async def _conclude(
        self, of: Item | Unsettled, told: Told, way: Way, settings: Settings
    ) -> None:
        await self._judge.conclude(
            of.envelope, of.history, frozenset(of.addresses), told, way, settings
        )

    async def _save_wear(self, wear: Wear) -> None:
        await self._outbox.do(lambda outbox, at: outbox.save_wear(wear, at))

    async def _modem_restarted(self) -> None:
        await self._outbox.do(lambda outbox, at: outbox.restarted(at))

    # What the line tells.

    def changed(self) -> None:
        """Take a change of connection or PDP context."""
        modem = self.line.modem
        serving = self.line.in_service
        before, now = self._board.status.pdp, modem.pdp_state
        activated = now is not before is PdpState.INACTIVE
        # One that stays is brought back.
        fell = before is PdpState.ACTIVE is not now and not self._settings.options.idle
        news = (activated or fell) and not self._delivering
        told = self._news != self._news_known
        if news or told or (self._serving and not serving):
            self._wake.set()
        self._serving = serving
        self._board.post(
            connected=modem.connected,
            port=modem.port.url,
            pdp=modem.pdp_state,
            address=modem.address,
        )

    def identified(self, identity: Identity) -> None:
        """Take who the modem is."""
        self._board.post(identity=identity)

    def unlocked(self) -> None:
        """Take that the SIM is ready."""
        self._board.post(sim=SimState.READY)

    def registered(self, network: Network) -> None:
        """Take that the modem is in service; what waited for it need not wait."""
        self._serving = self.line.in_service
        self.pace.in_service()
        self._post_network(network)
        known, self._upsets_known = self._upsets_known, self._upsets
        trouble = self._board.status.trouble
        if self._absent or isinstance(trouble, NoAnswerError | UnexpectedAnswerError):
            # Whatever an attempt met: it answers.
            self._board.post(trouble=None)
        if self._absent:
            self._absent = False
            if not self._delivering:
                self.try_anew()
        elif known != self._upsets and not self._delivering:
            # It may do better now.
            self._mended = self._mended or set()
            self.pace.welcome(critical=False)
            self._wake.set()

    @property
    def _news(self) -> tuple[Modem, int]:
        """Which modem it is, and how often it told that its line changed."""
        return self.line.modem, self.line.modem.news

    @property
    def _upsets(self) -> tuple[Modem, int]:
        """Which modem it is, and how often it was unplugged or restarted."""
        return self.line.modem, self.line.modem.upsets


async def _rest(wake: asyncio.Event, pause: float | None) -> None:
    """Sleep for so many seconds, None: for ever, or until woken."""
    if pause is None or pause > 0:
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await wake.wait()


def _untried(error: ModemError) -> bool:
    """Whether it kept the email from being tried at all: it goes when that is over."""
    if isinstance(error, PortError):
        return True
    # A value that can't be sent is the email's own.
    return policy.needs_person(error) and not isinstance(error, InvalidValueError)
