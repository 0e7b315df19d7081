"""Whatever happens in whatever order, every email has exactly one end, told once."""

from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
import errno
from functools import partial
from pathlib import Path
import shutil
import tempfile
from typing import override

from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.errors import (
    BeingSentError,
    NotWaitingError,
    OutboxFullError,
    OutboxWriteError,
)
from custom_components.quectel_smtp.delivery.outbox.merging import REPEATS_TOLD
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.outbox.waiting import SETTLED_WITHIN
from custom_components.quectel_smtp.delivery.records import (
    Again,
    End,
    Finding,
    History,
    Hold,
    Item,
    Options,
    Reason,
    Split,
    State,
    Verdict,
)
from custom_components.quectel_smtp.modem.mail.smtp import Result

from .bench import DAY, HOUR, Bench, at, compose, mail
from .failing_disk import installed

OPTIONS = Options(lifetime=6 * HOUR, per_hour=5, per_day=40)
EMAILS, RESERVED = 24, 4
FAILS = st.sampled_from([0, 0, 0, 1, 2, 5, 12, 25])
"""The write that fails, and all that follow if it is an odd one; none if 0."""
VERDICTS: st.SearchStrategy[Callable[[History], Verdict]] = st.one_of(
    st.sampled_from([State.SENT, State.FAILED, State.UNKNOWN]).map(
        lambda state: partial(End, state)
    ),
    st.builds(
        lambda reason, delay: partial(Again, delay, reason),
        st.sampled_from([Reason.RETRY, Reason.DOUBT, Reason.SERVER]),
        st.sampled_from([0.0, 10.0, HOUR]),
    ),
    st.builds(
        lambda reason, delay: partial(Hold, reason, delay),
        st.sampled_from([Reason.REFUSED, Reason.LOGIN, Reason.RESULTS_ELSEWHERE]),
        st.sampled_from([None, HOUR]),
    ),
    st.just(Split),
)
"""What follows from an attempt, once its history is known."""

_FAILED = {State.FAILED, State.EXPIRED, State.UNKNOWN}
_SENT = {State.SENT, State.PARTLY_SENT}


@dataclass
class Known:
    """What a model knows of an email that waits, or is over."""

    email: Email
    accepted: float
    expires: float
    waiting: set[str]
    """The addresses for which it waits."""
    asked: bool = False
    """Whether a person wants it tried, and it was not yet."""
    attempts: int = 0
    ends: list[State] = field(default_factory=list)
    end: State | None = None
    told: list[State] = field(default_factory=list)

    def end_for(self, addresses: set[str], state: State) -> None:
        """End it for some addresses; its end follows once it waits for none."""
        if not addresses:
            return
        self.ends.append(state)
        self.waiting -= addresses
        if self.waiting:
            return
        ends = set(self.ends)
        if len(ends) == 1:
            (self.end,) = ends
        elif State.SENT in ends:
            self.end = State.PARTLY_SENT
        else:
            order = [State.UNKNOWN, State.FAILED, State.EXPIRED, State.CANCELLED]
            self.end = min(ends, key=order.index)


class OutboxMachine(RuleBasedStateMachine):
    """An outbox beside a model of it, on a disk that fails at times."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self._folder = Path(tempfile.mkdtemp(prefix="outbox-"))
        self._resources = ExitStack()
        self._resources.callback(shutil.rmtree, self._folder)
        self._disk = self._resources.enter_context(installed())
        self._now = 0.0
        self._known: dict[str, Known] = {}
        # What went out with something else: with what, and what was told of it.
        self._merged: dict[str, str] = {}
        self._merged_told: dict[str, list[State]] = {}
        # What was taken, and what of it was handed over.
        self._item: Item | None = None
        self._sending: Item | None = None
        self._shown = 0
        # When what is being sent was handed over, and what has left.
        self._handed = 0.0
        self._sends: list[tuple[float, bool]] = []
        self._processes = self._flooded = 0
        self._box = self._start(self._folder / "0")

    @override
    def teardown(self) -> None:
        """Send all that is left: nothing stays behind, and every end was told."""
        with self._resources:
            if self._sending is not None:
                self._conclude(self._sending, State.SENT)
                self._sending = None
            self._box.outbox.retry(None, at(self._now))
            everything = Options(per_hour=10_000, per_day=10_000)
            while item := self._box.outbox.next_due(at(self._now), everything):
                self._conclude(item, State.SENT)
            self.agree()
            assert not self._waiting()
            self._tell()
            for reference, known in self._known.items():
                assert known.told == [State.QUEUED, known.end], reference
            for reference, told in self._merged_told.items():
                end = self._known[self._merged[reference]].end
                assert told == [State.QUEUED, State.MERGED, end], reference
            self._box.outbox.close()

    def _conclude(self, item: Item, state: State) -> None:
        verdict = End(state, History(item.history.attempts + 1))
        self._box.outbox.record(item.envelope, verdict, Finding(), at(self._now))
        self._ended(item, state)

    # How things are done.

    def _start(self, folder: Path, away: float = 0.0) -> Bench:
        """Start a process on the files in a folder, which was away for so long."""
        folder.mkdir(exist_ok=True)
        outbox = Outbox(folder / "outbox.db", emails=EMAILS, reserved=RESERVED)
        box = Bench(folder, outbox)
        opened = box.open(at(self._now + away).wall)
        assert not opened.damaged
        assert abs(opened.elapsed - (self._now + away)) < 0.001
        self._now = self._opened = opened.elapsed
        self._item = None
        return box

    def _do[T](self, fails: int, work: Callable[[Outbox], T]) -> T:
        """Do something; at first on a disk that fails, if it is to."""
        if fails:
            with self._disk.failing(fails, errno.EIO, once=fails % 2 == 0):
                try:
                    return work(self._box.outbox)
                except OutboxWriteError:
                    pass
            # Nothing of it happened.
            self.agree()
        return work(self._box.outbox)

    def _waiting(self) -> dict[str, Known]:
        return {name: one for name, one in self._known.items() if one.end is None}

    def _ended(self, item: Item, state: State) -> None:
        known = self._known[item.reference]
        known.attempts += 1
        known.end_for(addresses(item), state)

    def _tell(self) -> None:
        """Show what is to be shown."""
        news = self._box.outbox.unshown()
        for transition in news:
            assert transition.number > self._shown
            self._shown = transition.number
            if transition.state in {State.DEFERRED, State.HELD}:
                continue
            reference = transition.reference
            if reference in self._merged:
                self._merged_told[reference].append(transition.state)
                if transition.state is not State.QUEUED:
                    assert transition.merged_into is not None
            else:
                self._known[reference].told.append(transition.state)
                assert transition.merged_into is None
        self._box.outbox.shown(self._shown)

    # What can happen.

    @rule(
        text=st.integers(0, 2),
        to=st.sampled_from(
            [("a@x.y",), ("a@x.y", "b@x.y"), ("a@x.y", "b@x.y", "c@x.y")]
        ),
        critical=st.sampled_from([False, False, False, True]),
        fails=FAILS,
    )
    def accept(
        self, text: int, to: tuple[str, ...], critical: bool, fails: int
    ) -> None:
        """Accept an email, of which others may have the text."""
        email = mail(f"Text {text}", "Body", to, critical=critical)
        waiting = self._waiting()
        try:
            reference = self._do(
                fails, lambda outbox: outbox.accept(email, at(self._now), OPTIONS)
            )
        except OutboxFullError:
            assert len(waiting) >= (EMAILS if critical else EMAILS - RESERVED)
            return
        into = self._merged_into().get(reference)
        if reference in self._known:
            # It is only counted: as many repeats as may be are told of by themselves.
            into_what = [one for one in self._merged.values() if one in waiting]
            assert (
                into_what.count(reference) >= REPEATS_TOLD or len(into_what) >= EMAILS
            )
            into = reference
        if into is None:
            assert len(waiting) < (EMAILS if critical else EMAILS - RESERVED)
            expires = self._now + OPTIONS.lifetime
            self._known[reference] = Known(email, self._now, expires, set(to))
            return
        target = self._known[into]
        assert not critical and not target.email.critical
        assert (target.email.subject, target.email.to) == (email.subject, to)
        assert target.end is None and not target.attempts
        assert self._now - target.accepted < 60.0
        assert self._sending is None or self._sending.reference != into
        if reference != into:
            self._merge(reference, into)

    def _merged_into(self) -> dict[str, str]:
        """Return what was merged and not told yet."""
        return {
            one.reference: one.merged_into
            for one in self._box.outbox.unshown()
            if one.state is State.MERGED and one.merged_into is not None
        }

    def _merge(self, reference: str, into: str) -> None:
        self._merged[reference] = into
        self._merged_told.setdefault(reference, [])

    @rule(accept=st.integers(8, 14))
    def flood(self, accept: int) -> None:
        """Accept more than a handful of emails that differ."""
        for _ in range(accept):
            # No two of them are the same.
            self._flooded += 1
            email = mail(f"Flood {self._flooded:06}", "Body", ("a@x.y",))
            with suppress(OutboxFullError):
                reference = self._box.outbox.accept(email, at(self._now), OPTIONS)
                expires = self._now + OPTIONS.lifetime
                self._known[reference] = Known(email, self._now, expires, set(email.to))

    @rule(text=st.integers(0, 2), times=st.integers(8, 14))
    def repeat(self, text: int, times: int) -> None:
        """Accept the same text again and again."""
        for _ in range(times):
            self.accept(text, ("a@x.y",), critical=False, fails=0)

    @precondition(lambda self: self._sending is None)
    @rule(digests=st.booleans(), fails=FAILS)
    def take(self, digests: bool, fails: int) -> None:
        """Take what is due."""

        def work(outbox: Outbox) -> Item | None:
            return outbox.next_due(at(self._now), OPTIONS)

        self._item = item = self._do(fails, work)
        if item is None:
            return
        known = self._known[item.reference]
        assert known.end is None
        assert addresses(item) <= known.waiting
        assert (item.subject, item.body) == (known.email.subject, known.email.body)
        assert item.history.attempts <= known.attempts
        if digests:
            self._tell()
            whole = self._do(
                fails, lambda outbox: outbox.digest(item, at(self._now), compose)
            )
            if whole != item:
                self._digested(whole)
            self._item = whole

    def _digested(self, whole: Item) -> None:
        members = self._merged_into()
        assert len(members) > 1 and set(members.values()) == {whole.reference}
        gone = [self._known.pop(reference) for reference in members]
        assert all(
            one.end is None and not one.email.critical and not one.attempts
            for one in gone
        )
        email = mail(whole.subject, whole.body, whole.addresses.to)
        self._known[whole.reference] = Known(
            email,
            min(one.accepted for one in gone),
            max(one.expires for one in gone),
            set(whole.addresses.to),
            asked=any(one.asked for one in gone),
        )
        for reference, one in zip(members, gone, strict=True):
            self._merge(reference, whole.reference)
            self._merged_told[reference] = one.told
        for reference, into in self._merged.items():
            if into in members:
                self._merged[reference] = whole.reference

    @precondition(lambda self: self._item is not None and self._sending is None)
    @rule(fails=FAILS)
    def begin(self, fails: int) -> None:
        """Hand over what was taken, unless it was cancelled."""
        item, self._item = self._item, None
        assert item is not None
        begun = self._do(
            fails,
            lambda outbox: outbox.begin(item.envelope, self._now, None, at(self._now)),
        )
        known = self._known[item.reference]
        assert begun == (addresses(item) <= known.waiting)
        if not begun:
            return
        self._sending = item
        burst, hour, day = self._room(item)
        assert known.asked or burst or hour < OPTIONS.per_hour
        assert known.asked or burst or day < OPTIONS.per_day
        # One that goes to each by itself is tried as often.
        known.asked &= addresses(item) != known.waiting
        self._handed = self._now

    def _room(self, item: Item) -> tuple[bool, int, int]:
        """Return whether it is of a burst, and how many left in an hour and a day."""
        hour = [one for one in self._sends if one[0] > self._now - HOUR]
        day = [one for one in self._sends if one[0] > self._now - DAY]
        return (
            item.critical and sum(one[1] for one in hour) < 10,
            sum(not one[1] for one in hour),
            sum(not one[1] for one in day),
        )

    def _left(self, item: Item) -> None:
        self._sends.append((self._now, self._room(item)[0]))

    @precondition(lambda self: self._sending is None)
    @rule(verdicts=st.lists(VERDICTS, min_size=1, max_size=6), fails=FAILS)
    def deliver(self, verdicts: list[Callable[[History], Verdict]], fails: int) -> None:
        """Go all the way with what is due, a few times."""
        for verdict in verdicts:
            self.take(digests=False, fails=0)
            if self._item is not None:
                self.begin(fails=0)
                self.record(verdict=verdict, fails=fails)

    @precondition(lambda self: self._sending or self._item)
    @rule(verdict=VERDICTS, fails=FAILS)
    def record(self, verdict: Callable[[History], Verdict], fails: int) -> None:
        """Record what became of it, handed over or not."""
        item = self._sending or self._item
        assert item is not None
        what = verdict(History(item.history.attempts + 1))
        finding = Finding(Result.REFUSED, 681, 550)
        self._do(
            fails,
            lambda outbox: outbox.record(item.envelope, what, finding, at(self._now)),
        )
        self._item = self._sending = None
        known = self._known[item.reference]
        if not addresses(item) <= known.waiting:
            # It was over already.
            return
        if isinstance(what, End):
            self._ended(item, what.state)
            if what.state is State.SENT:
                self._left(item)
        else:
            known.attempts += 1

    @precondition(lambda self: self._known)
    @rule(
        which=st.integers(0, 1000),
        every=st.sampled_from([False] * 5 + [True]),
        fails=FAILS,
    )
    def cancel(self, which: int, every: bool, fails: int) -> None:
        """Cancel one email, whether it waits or not, or what may be cancelled."""
        names = [*self._known, *self._merged]
        name = names[which % len(names)]
        waiting = self._waiting()
        sending = self._sending and self._sending.reference
        try:
            count = self._do(
                fails,
                lambda outbox: outbox.cancel(None if every else name, at(self._now)),
            )
        except BeingSentError:
            assert name == sending
            return
        except NotWaitingError:
            assert name not in waiting
            return
        gone = set(waiting) - {sending} if every else {name}
        assert count == len(gone)
        for one in gone:
            known = self._known[one]
            known.end_for(set(known.waiting), State.CANCELLED)

    @rule(fails=FAILS)
    def expire(self, fails: int) -> None:
        """End what has waited too long."""
        self._do(fails, lambda outbox: outbox.expire(at(self._now)))
        for name, known in self._waiting().items():
            if known.expires > self._now:
                continue
            item = self._sending
            if item is not None and item.reference == name:
                since = max(self._handed, self._opened)
                if since > self._now - SETTLED_WITHIN:
                    continue
                # Nobody could settle it for too long.
                known.end_for(addresses(item), State.UNKNOWN)
                self._sending = None
            known.end_for(set(known.waiting), State.EXPIRED)

    @rule(
        reasons=st.lists(st.sampled_from(Reason), max_size=3),
        held=st.sampled_from([None, Reason.LOGIN, Reason.RESULTS_ELSEWHERE]),
        fails=FAILS,
    )
    def hold_or_wake(
        self, reasons: list[Reason], held: Reason | None, fails: int
    ) -> None:
        """Hold all, or wake some, which ends nothing."""
        if held is None:
            self._do(fails, lambda outbox: outbox.wake(at(self._now), *reasons))
        else:
            self._do(fails, lambda outbox: outbox.hold_all(held, None, at(self._now)))

    @rule(fails=FAILS)
    def retry(self, fails: int) -> None:
        """Make everything due."""
        self._do(fails, lambda outbox: outbox.retry(None, at(self._now)))
        for known in self._waiting().values():
            known.asked = True

    @rule(seconds=st.sampled_from([1.0, 30.0, 61.0, 900.0, HOUR, 5 * HOUR]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds

    @rule()
    def show(self) -> None:
        """Show what is to be shown."""
        self._tell()

    @rule(away=st.sampled_from([0.0, 100.0, 3 * HOUR]), fails=FAILS)
    def restart(self, away: float, fails: int) -> None:
        """Stop and start."""
        self._box.outbox.close()
        if fails:
            with self._disk.failing(fails, errno.ENOSPC, once=False):
                # It may fail, and loses nothing by that.
                with suppress(OutboxWriteError):
                    self._box.open(at(self._now).wall)
                self._box.outbox.close()
        self._box = self._start(self._box.path.parent, away)

    @rule(away=st.sampled_from([0.0, 3 * HOUR]))
    def be_killed(self, away: float) -> None:
        """Start anew with the files as they are."""
        old = self._box
        self._processes += 1
        folder = self._folder / str(self._processes)
        shutil.copytree(old.path.parent, folder)
        old.outbox.close()
        self._box = self._start(folder, away)

    # What always holds.

    @invariant()
    def agree(self) -> None:
        """The outbox and its model agree."""
        outbox = self._box.outbox
        waiting = self._waiting()
        listed = {one.reference: one.state for one in outbox.listed(at(self._now))}
        assert set(listed) == set(waiting)
        summary = outbox.summary()
        assert summary.waiting == len(waiting)
        ends = [known.end for known in self._known.values()]
        assert summary.sent == sum(end in _SENT for end in ends)
        assert summary.failed == sum(end in _FAILED for end in ends)
        assert sum(summary.held_counts.values()) >= sum(
            state is State.HELD for state in listed.values()
        )
        unsettled = outbox.unsettled()
        if self._sending is None:
            assert unsettled is None
        else:
            assert unsettled is not None
            assert unsettled.envelope == self._sending.envelope
            assert unsettled.addresses == addresses(self._sending)
            assert listed[self._sending.reference] is State.SENDING


def addresses(item: Item) -> set[str]:
    """Return to whom an item goes."""
    return set(item.addresses)


TestOutbox = OutboxMachine.TestCase
TestOutbox.settings = settings(max_examples=30, stateful_step_count=50, deadline=None)
