"""``Judge``: records what an attempt came to, and concludes for path and account."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from ...modem.at.errors import ModemError, NoAnswerError
from ...modem.mail.smtp import Outcome, Result
from ..changes import Change
from ..errors import OutboxWriteError
from ..outbox.outbox import Outbox
from ..outbox.thread import OutboxThread
from ..records import (
    MENDED_BY_A_PERSON,
    Again,
    Finding,
    History,
    Hold,
    Instant,
    Item,
    Part,
    Reason,
    Split,
    Standing,
    Way,
)
from ..rules import outcomes, policy
from ..rules.capacity import CAPACITIES, carries_account
from ..rules.lessons import Lesson, lesson_of
from ..rules.path import climbs
from ..rules.recovery import Recovery
from ..rules.storm import HOUR
from ..settings import Settings
from ..status import Board
from .books import Books
from .carrier import Refusal, Told
from .line import Line
from .pace import Pace, jitter
from .recent import Recent
from .sender import Sender

WRITE_EVERY: Final = 5.0
"""Seconds between two tries of writing what has to be written."""

_STRAY: Final = 2

type _Also = Callable[[Outbox, Instant], None]


class Judge:
    """Decides by the policy, and writes it down before anything follows from it."""

    def __init__(
        self,
        line: Line,
        outbox: OutboxThread,
        books: Books,
        sender: Sender,
        recovery: Recovery,
        pace: Pace,
        board: Board,
    ) -> None:
        """Take whom the conclusions concern."""
        self._line = line
        self._outbox = outbox
        self._books = books
        self._sender = sender
        self._recovery = recovery
        self._pace = pace
        self._board = board
        self.recent = Recent()
        """How the last attempts ended."""
        # To whom those emails were that the server put off since one was sent.
        self._put_off: set[frozenset[str]] = set()

    async def conclude(
        self,
        envelope: int,
        history: History,
        addresses: frozenset[str],
        told: Told,
        way: Way,
        settings: Settings,
    ) -> None:
        """Record what modem or server reported by this way, or that the result was lost."""
        outcome = told.outcome
        refused = {who: end for who, end in told.refused.items() if who in addresses}
        taken = addresses - refused.keys()
        account = policy.account(settings.server)
        standing = await self._firmly(lambda outbox, _: outbox.standing(account))
        proved = self._sender.proved
        lesson = lesson_of(outcome, standing, proved=proved)
        if way is Way.MODULE:
            lost = outcome.result is Result.UNKNOWN
            self._sender.stray = self._sender.stray + 1 if lost else 0
        verdict = policy.judge(
            outcome,
            history,
            # Nobody is asked twice where it is known whom the server refused.
            recipients=len(taken) or 1,
            standing=standing,
            proved=proved,
            jitter=jitter(),
            way=way,
            explained_next=(
                way is Way.MODULE
                and settings.options.way is None
                and not self._line.modem.lacks_tcp
            ),
            others_go=await self._others_go(outcome, way, settings),
        )
        troubled = bool(
            self._pace.failures
            or standing != Standing(proven=True)
            or self._board.status.mail.held
        )

        def proves(outbox: Outbox, at: Instant) -> None:
            if not standing.proven:
                outbox.prove(account, at)
            outbox.wake(at, *MENDED_BY_A_PERSON, asked=False)

        def spoils(outbox: Outbox, at: Instant) -> None:
            outbox.count_refusal(at)
            if standing.refusals and isinstance(verdict, Split):
                # Nobody says why; each of its parts would be one more log-in.
                outbox.hold_all(Reason.UNEXPLAINED, HOUR, at)

        also: _Also | None = None
        if lesson is Lesson.WORKS:
            also = proves if troubled else None
        elif outcomes.spoils(outcome, standing) and not (
            way is Way.STREAM and isinstance(verdict, Again)
        ):
            also = spoils

        # One that is damaged has no addresses that anybody knows, and its end all the same.
        whole = taken or not refused
        parts = (
            [Part(taken, verdict, _finding(told, way, changes=told.changes))]
            if whole
            else []
        )
        for who, end in refused.items():
            own = policy.judge(
                end.outcome,
                history,
                recipients=1,
                standing=Standing(proven=True) if lesson is Lesson.WORKS else standing,
                proved=proved,
                jitter=jitter(),
                way=way,
            )
            finding = _finding(end, way, who)
            parts.append(Part(frozenset({who}), own, finding))
        await self._record(envelope, parts, also)
        match lesson:
            case Lesson.WORKS:
                self._pace.reset()
                self._put_off.clear()
                await self._recovery.worked()
            case Lesson.LATER:
                self._wait_for_server(outcome, addresses, standing)
            case Lesson.ACCOUNT if way is Way.MODULE:
                self._recovery.renew()
            case Lesson.PATH:
                self._path_failed(None)
            case Lesson.OURS if way is Way.MODULE:
                # It may have restarted unnoticed.
                self._line.modem.distrust()
        self._board.post(trouble=None, exhausted=self._recovery.exhausted)

    async def _others_go(self, outcome: Outcome, way: Way, settings: Settings) -> bool:
        """Whether the modem's client carries other emails than this one.

        Asked of the modem only where that matters: all else is recorded without delay.
        """
        module = CAPACITIES[Way.MODULE]
        certificate = outcomes.classify(outcome) is outcomes.Kind.CERTIFICATE
        if certificate and way is Way.STREAM and settings.options.way is None:
            with suppress(ModemError):
                has_client = await self._line.modem.has_mail_client()
                return has_client and carries_account(module, settings.server)
        return False

    async def postpone(self, item: Item, wait: Again) -> None:
        """Record that an email which may have arrived waits: the path is not proved."""
        await self._record(
            item.envelope, [Part(frozenset(item.addresses), wait, Finding())]
        )

    async def conclude_error(self, item: Item, error: ModemError, way: Way) -> None:
        """Record an attempt by this way that certainly sent nothing."""
        await self.close_if_silent(error)
        # It may have restarted unnoticed, with its SIM locked again.
        self._line.leave_service()
        verdict = policy.judge_error(error, item.history, jitter=jitter())
        if item.history.in_doubt and isinstance(verdict, Again) and climbs(error):
            # A path that can't be proved costs no attempt, and the path sets the pace.
            pause = policy.delay(self._pace.failures + 1, jitter())
            verdict = Again(pause, Reason.DOUBT, item.history)
        finding = Finding(error=error.key, way=way)
        part = Part(frozenset(item.addresses), verdict, finding)
        code = getattr(error, "code", None)
        await self._record(
            item.envelope, [part], code=None if code is None else int(code)
        )
        if climbs(error):
            self._path_failed(error)
        self._board.post(trouble=error, exhausted=self._recovery.exhausted)

    async def close_if_silent(self, error: ModemError) -> None:
        """Have a modem that gave no answer opened anew.

        Not where another email's result may come, and it answers otherwise: that would
        be lost while the port is closed.
        """
        if not isinstance(error, NoAnswerError):
            return
        modem = self._line.modem
        if modem.unsettled:
            with suppress(ModemError):
                await modem.identify()
                return
        await self._line.close()

    async def _record(
        self,
        envelope: int,
        parts: Sequence[Part],
        also: _Also | None = None,
        code: int | None = None,
    ) -> None:
        elsewhere = self._sender.stray >= _STRAY and not self._line.modem.heard
        (first, *others) = parts
        verdict = first.verdict
        if elsewhere and isinstance(verdict, Again):
            # Each repeat would end alike, and may arrive all the same.
            verdict = Hold(Reason.RESULTS_ELSEWHERE, None, verdict.history)

        def record(outbox: Outbox, at: Instant) -> None:
            if others:
                outbox.record_parts(envelope, parts, at)
            else:
                outbox.record(envelope, verdict, first.finding, at)

        def conclude(outbox: Outbox, at: Instant) -> None:
            # Killed in between, it would log in once more than the account bears.
            with outbox.as_one(at):
                record(outbox, at)
                if elsewhere:
                    outbox.hold_all(Reason.RESULTS_ELSEWHERE, None, at)
                if also is not None:
                    also(outbox, at)

        await self._firmly(conclude if elsewhere or also is not None else record)
        self.recent.note(parts, self._outbox.now().wall, code)

    async def _firmly[T](self, work: Callable[[Outbox, Instant], T]) -> T:
        """Do what recording takes, however long the disk takes to be sound again.

        What is known of an attempt is known nowhere else.
        """
        while True:
            try:
                return await self._books.change(work)
            except OutboxWriteError:
                await asyncio.sleep(WRITE_EVERY)

    def _wait_for_server(
        self, outcome: Outcome, addresses: frozenset[str], standing: Standing
    ) -> None:
        """Have all emails wait for the server, unless it may be one mailbox only.

        The modem does not say to what the server replied. Where it puts off emails
        to different people, and takes none, it is not the mailbox of one of them.
        """
        others = any(earlier.isdisjoint(addresses) for earlier in self._put_off)
        self._put_off.add(addresses)
        if others or outcomes.turns_all_away(outcome) or not standing.proven:
            self._pace.put_off(self._outbox.now().elapsed)

    def _path_failed(self, error: ModemError | None) -> None:
        """Have the next attempt mend more, and all emails wait for it."""
        self._recovery.failed(error)
        self._pace.path_failed(self._outbox.now().elapsed)


def _finding(
    told: Told | Refusal,
    way: Way,
    refused: str | None = None,
    changes: tuple[Change, ...] = (),
) -> Finding:
    code, reply = told.outcome.code, told.outcome.reply
    return Finding(
        told.outcome.result,
        None if code is None else int(code),
        None if reply is None else int(reply),
        way=way,
        words=told.words or None,
        address=refused,
        changes=changes,
    )
