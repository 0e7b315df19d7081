"""Whatever happens, in whatever order: every email has one end, and the end is true.

Random steps over the real outbox, policy, recovery and courier, with a scripted modem and
virtual time. ``STATE_MACHINE_SEED=n`` chooses other steps than those of the last run.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
import itertools
import os
from pathlib import Path
import random
import sys
import tempfile
import time
from typing import Any, Final

from hypothesis import HealthCheck, Phase, seed, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)
import pytest

from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.enclosures import Missing, MissingReason
from custom_components.quectel_smtp.delivery.records import Options, Reason, State, Way
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from tests.modem.scripted_port import ERROR
from tests.modem.virtual_time import VirtualTimeLoop

from .ledger_modem import AWAY, HOME, SENT, Fate, Weather
from .mortal_office import START, MortalOffice
from .outbox.failing_disk import Disk as Cache, installed, reached

SEED: Final = int(os.environ.get("STATE_MACHINE_SEED", "1"))
STEPS: Final = 150
# Not Phase.shrink: it takes minutes, in which a failure looks like a hang.
PHASES: Final = (Phase.generate,)
MINUTE: Final = 60.0
HOUR: Final = 3600.0
DAY: Final = 86400.0

_NOT_SENT = {
    # By the classes of the policy: retry, temporary, our own fault, refused, login, TLS.
    **{code: Fate(False, (code, 0)) for code in (652, 653, 657, 662)},
    **{code: Fate(False, (code, code - 217)) for code in (667, 668, 669)},
    **{code: Fate(False, (code, 0)) for code in (659, 661, 664, 670, 674)},
    **{code: Fate(False, (code, 0)) for code in (675, 678, 680, 682)},
    **{code: Fate(False, (code, 0)) for code in (655, 676, 677, 665)},
}
FATES: Final = (
    SENT,
    Fate(after=20.0),
    Fate(after=250.0),
    *_NOT_SENT.values(),
    Fate(False, (678, 550), 100.0),
    Fate(False, (654, 550)),
    Fate(False, (656, 451)),
    Fate(False, answer=ERROR),
    Fate(False, answer=b"\r\n+CME ERROR: 652\r\n"),
    # May have been sent.
    *(
        Fate(delivered, (code, reply))
        for delivered in (False, True)
        for code, reply in (
            (651, 0),
            (654, 0),
            (656, 421),
            (658, 0),
            (660, 0),
            (999, 0),
        )
    ),
    # Nothing is ever reported, or not to us.
    *(
        fate
        for delivered in (False, True)
        for fate in (
            Fate(delivered, None),
            Fate(delivered, None, then="restart"),
            Fate(delivered, None, then="unplug", seconds=20.0),
            Fate(delivered, None, answer=None, then="silence", seconds=600.0),
        )
    ),
    Fate(then="vanish", seconds=30.0, after=10.0),
    Fate(then="vanish", seconds=30.0, after=10.0, kept=True),
    Fate(then="vanish", seconds=30.0, after=200.0),
    Fate(then="move", seconds=5.0, after=100.0),
    Fate(then="silence", seconds=30.0, after=10.0),
    Fate(after=100.0, answer=None),
    Fate(after=1.0, kept=True),
    Fate(after=0.0, then="restart"),
    Fate(False, (678, 550), 60.0, then="vanish", seconds=20.0, kept=True),
)
BEFALLS: Final = (
    ("restart", 0.0),
    ("quiet restart", 0.0),
    ("vanish", 3.0),
    ("vanish", 100.0),
    ("unplug", 15.0),
    ("move", 5.0),
    ("silence", 8.0),
    ("silence", 300.0),
    ("error", 0.0),
    ("code", 0.0),
    ("nothing", 0.0),
    ("mute", 0.0),
    ("late", 1.0),
    ("late", 9.0),
    ("pdp lost", 0.0),
    ("chatter", 0.0),
)
RECIPIENTS: Final = (
    ("a@example.com",),
    ("b@example.com",),
    ("a@example.com", "b@example.com"),
    ("a@example.com", "b@example.com", "c@example.com"),
)
OPTIONS: Final = (
    Options(),
    Options(digest=False),
    Options(per_hour=3, per_day=20, digest=False),
    Options(per_hour=5, per_day=8),
    Options(lifetime=HOUR),
    Options(lifetime=7 * DAY, idle=0.0),
    Options(way=Way.MODULE),
    Options(way=Way.STREAM),
)
GENEROUS: Final = Options(per_hour=10_000, per_day=10_000)
WAITS: Final = (0.1, 1.0, 3.0, 10.0, 30.0)
LONG_WAITS: Final = (MINUTE, 5 * MINUTE, 20 * MINUTE, HOUR)
DAYS: Final = (6 * HOUR, DAY, 3 * DAY, 8 * DAY)

short = st.sampled_from(WAITS)
whiles = st.sampled_from((1.0, 20.0, 5 * MINUTE, 2 * HOUR, 2 * DAY))
# Which of those that wait; None: all of them.
choices = st.sampled_from((0, 0, 0, 1, 2, 3, 5, 8, 13, None))


def _attachment(name: str) -> Attachment:
    """Return something to attach: more than one page of a database."""
    return Attachment(name, name.encode() * 500, "image/jpeg")


class Days(RuleBasedStateMachine):
    """Days of a courier's life."""

    folder: Path
    figures: Counter[str]
    cache: Cache | None

    def __init__(self) -> None:
        """Begin with an empty outbox."""
        super().__init__()
        self._runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
        self._place = tempfile.TemporaryDirectory(dir=self.folder)
        self._texts = 0
        self._sound = True
        self._errors: list[dict[str, Any]] = []
        self.office = self._run(self._make())
        self._step(self.office.start())
        self.figures["runs"] += 1

    async def _make(self) -> MortalOffice:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self._errors.append(context))
        return MortalOffice(Path(self._place.name), self.cache)

    def _run(self, coroutine: Any) -> Any:
        return self._runner.run(coroutine)

    def _step(self, coroutine: Any = None) -> None:
        """Do something, and see that all is as it must be."""
        office = self.office
        self.figures["steps"] += 1
        office.disk.failed = bool(office.disk.fails)
        try:
            if coroutine is not None:
                self._run(coroutine)
            office.check()
            assert not office.complaints, office.complaints
            assert not self._errors, self._errors
        except BaseException:
            self._sound = False
            raise

    def _email(self, critical: bool, to: tuple[str, ...], text: int | None) -> Email:
        if text is None:
            self._texts += 1
            text = 100 + self._texts
        self.figures["emails"] += 1
        return Email(
            f"Subject {text}",
            f"Text <{text}>",
            # The third, if any, is hidden.
            to[:2],
            bcc=to[2:],
            reference=f"R{self.figures['emails']:06}",
            critical=critical,
        )

    # What people want sent.

    @rule(
        critical=st.sampled_from((False, False, False, True)),
        to=st.sampled_from(RECIPIENTS),
        text=st.sampled_from((None, None, 1, 2)),
    )
    def submit(self, critical: bool, to: tuple[str, ...], text: int | None) -> None:
        found = self._email(critical, to, text)
        self._step(self.office.do(self.office.submit(found)))

    @rule(
        count=st.sampled_from((2, 3, 4, 11)),
        to=st.sampled_from(RECIPIENTS),
        critical=st.sampled_from((False, False, True)),
    )
    def submit_many(self, count: int, to: tuple[str, ...], critical: bool) -> None:
        async def submit() -> None:
            await asyncio.gather(
                *(
                    self.office.submit(self._email(critical, to, None))
                    for _ in range(count)
                )
            )

        self._step(self.office.do(submit()))

    @rule(
        critical=st.booleans(),
        to=st.sampled_from(RECIPIENTS),
        there=st.integers(0, 2),
        awaited=st.integers(0, 2),
        lifetime=st.sampled_from((None, None, None, 10.0, HOUR)),
    )
    def submit_with_attachments(
        self,
        critical: bool,
        to: tuple[str, ...],
        there: int,
        awaited: int,
        lifetime: float | None,
    ) -> None:
        found = self._email(critical, to, None)
        found = replace(
            found,
            attachments=tuple(
                _attachment(f"{found.reference}-{number}.jpg")
                for number in range(there)
            ),
            awaits=tuple(
                f"{found.reference}-late-{number}.jpg" for number in range(awaited)
            ),
            lifetime=lifetime,
        )
        self._step(self.office.do(self.office.submit(found)))

    @precondition(lambda self: self._awaiting())
    @rule(index=st.integers(0, 5), come=st.integers(0, 2))
    def attach(self, index: int, come: int) -> None:
        waiting = self._awaiting()
        found = self.office.notary.offered[waiting[index % len(waiting)]]
        there, lacking = found.awaits[:come], found.awaits[come:]
        attaching = self.office.attach(
            found.reference,
            [_attachment(name) for name in there],
            [Missing(name, MissingReason.NOT_FOUND) for name in lacking],
        )
        self._step(self.office.do(attaching))

    def _awaiting(self) -> list[str]:
        notary = self.office.notary
        # The last of them: the others were told to go without.
        awaiting = [one for one in notary.waiting if one in notary.offered]
        return [one for one in awaiting if notary.offered[one].awaits][-2:]

    # Time passes.

    @rule(seconds=short)
    def wait(self, seconds: float) -> None:
        self._step(self.office.do(self.office.wait(seconds)))

    @rule(seconds=st.sampled_from(LONG_WAITS))
    def wait_long(self, seconds: float) -> None:
        self._step(self.office.do(self.office.wait(seconds)))

    @rule(seconds=st.sampled_from(DAYS))
    def wait_for_days(self, seconds: float) -> None:
        self._step(self.office.do(self.office.wait(seconds)))

    # What the modem does.

    @rule(fate=st.sampled_from(FATES))
    def next_email(self, fate: Fate) -> None:
        self.office.modem.fates.append(fate)
        self._step()

    @rule(fate=st.sampled_from(FATES), seconds=whiles)
    def every_email(self, fate: Fate, seconds: float) -> None:
        modem = self.office.modem
        modem.usual = fate

        def recover() -> None:
            modem.usual = SENT

        self._step(self._later(seconds, recover))

    @rule(lines=st.integers(0, 40), what=st.sampled_from(BEFALLS))
    def befall(self, lines: int, what: tuple[str, float]) -> None:
        self.office.modem.fuse = (lines, *what)
        self._step()

    @rule(what=st.sampled_from(BEFALLS))
    def strike(self, what: tuple[str, float]) -> None:
        async def strike() -> None:
            self.office.modem.strike(*what)

        self._step(self.office.do(strike()))

    @rule(name=st.sampled_from(list(Weather.__dataclass_fields__)), seconds=whiles)
    def worse(self, name: str, seconds: float) -> None:
        modem = self.office.modem
        setattr(modem.weather, name, True)
        self._step(self._later(seconds, lambda: setattr(modem.weather, name, False)))

    @rule(urls=st.sampled_from(((), (HOME,), (AWAY,))), seconds=whiles)
    def plug(self, urls: tuple[str, ...], seconds: float) -> None:
        modem = self.office.modem

        async def plug() -> None:
            if modem.connected and set(urls) != modem.urls:
                modem.vanish(0.0)
            modem.urls = set(urls)

        def plug_in() -> None:
            modem.urls = modem.urls or {HOME}

        self._step(self.office.do(plug()))
        self._run(self._later(seconds, plug_in))

    async def _later(self, seconds: float, change: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(seconds, change)

    @rule(seconds=whiles)
    def refuse_login(self, seconds: float) -> None:
        modem = self.office.modem
        modem.password = "another"
        self._step(self._later(seconds, lambda: setattr(modem, "password", "p")))

    @rule()
    def mend(self) -> None:
        self._step(self.office.do(self._mend()))

    async def _mend(self) -> None:
        modem, disk = self.office.modem, self.office.disk
        modem.weather = Weather()
        modem.urls = modem.urls or {HOME}
        modem.usual, modem.fuse, modem.password = SENT, None, "p"
        modem.fates.clear()
        disk.fails = ""

    # What happens to the host.

    @rule(
        steps=st.integers(0, 150),
        downtime=st.sampled_from((0.5, 1.0, 30.0, 400.0, HOUR)),
        again=st.sampled_from((None, None, 3, 10, 20, 40)),
        cut=st.none() | st.integers(0, 1 << 32),
    )
    def crash(
        self, steps: int, downtime: float, again: int | None, cut: int | None
    ) -> None:
        office = self.office
        office.life.fuse, office.downtime = steps, downtime
        office.next_fuse = again
        if cut is not None:
            # The power is gone: with the process goes what was not synced.
            office.cut = random.Random(cut)
            self.figures["power cuts"] += 1
        self._step()

    @rule(downtime=st.sampled_from((0.0, 1.0, 30.0, 400.0, DAY)), early=st.booleans())
    def restart(self, downtime: float, early: bool) -> None:
        async def restart() -> None:
            await self.office.stop(downtime)
            await self.office.start(
                self._email(False, RECIPIENTS[0], None) if early else None
            )

        self._step(restart())

    @rule(hours=st.sampled_from((-100_000, -1000, -2, -0.1, 0.1, 2, 1000, 100_000)))
    def jump(self, hours: float) -> None:
        self.office.jump += timedelta(hours=hours)
        if abs(self.office.jump) > timedelta(hours=1_000_000):
            self.office.jump = timedelta()
        self._step()

    @rule(
        how=st.sampled_from(("write", "commit", "all")),
        seconds=st.sampled_from((0.5, 5.0, 60.0, HOUR)),
    )
    def fail_disk(self, how: str, seconds: float) -> None:
        async def fail() -> None:
            disk = self.office.disk
            disk.fails = how
            asyncio.get_running_loop().call_later(seconds, setattr, disk, "fails", "")

        self._step(self.office.do(fail()))

    @precondition(lambda self: not self.office.noted)
    @rule()
    def back_up(self) -> None:
        self._step(self.office.do(self.office.ask(self.office.back_up())))

    @precondition(lambda self: self.office.noted)
    @rule()
    def copy_files(self) -> None:
        self.office.copy()
        self._step()

    @precondition(lambda self: self.office.noted)
    @rule()
    def end_backup(self) -> None:
        self._step(self.office.do(self.office.ask(self.office.after_backup())))

    @precondition(lambda self: self.office.backup is not None)
    @rule()
    def restore(self) -> None:
        self._step(self.office.restore())

    # What people ask for.

    @rule(index=choices)
    def cancel(self, index: int | None) -> None:
        if index is None:
            asking = self.office.cancel_all()
        elif reference := self._chosen(index):
            asking = self.office.at_work.cancel(reference)
        else:
            return
        self._step(self.office.do(self.office.ask(asking)))

    @rule(index=choices)
    def retry(self, index: int | None) -> None:
        reference = None if index is None else self._chosen(index)
        if index is None or reference:
            asking = self.office.at_work.retry(reference)
            self._step(self.office.do(self.office.ask(asking)))

    @precondition(lambda self: Reason.RESTORED in self.office.held)
    @rule(send=st.booleans())
    def settle_restored(self, send: bool) -> None:
        asking = self.office.at_work.settle_restored(send)
        self._step(self.office.do(self.office.ask(asking)))

    @rule(password=st.sampled_from(("p", "p", "q")), name=st.sampled_from(("u", "v")))
    def change_server(self, password: str, name: str) -> None:
        server = replace(START.server, password=password, username=name)
        self._step(self._update(server=server))

    @rule(options=st.sampled_from(OPTIONS))
    def change_options(self, options: Options) -> None:
        self._step(self._update(options=options))

    @rule(url=st.sampled_from((HOME, AWAY)))
    def change_port(self, url: str) -> None:
        self._step(self._update(port=PortSettings(url)))

    async def _update(self, **changes: Any) -> None:
        self.office.update(**changes)

    @rule()
    def poll(self) -> None:
        self._step(self.office.do(self.office.at_work.poll()))

    @rule(seconds=short)
    def lend(self, seconds: float) -> None:
        async def lend() -> None:
            self.office.lend(seconds)

        self._step(self.office.do(lend()))

    @rule()
    def look(self) -> None:
        self._step(self.office.do(self.office.ask(self.office.look())))

    def _chosen(self, index: int) -> str | None:
        waiting = self.office.notary.waiting
        return waiting[index % len(waiting)] if waiting else None

    # The end of all.

    def teardown(self) -> None:
        """Mend everything, let time pass, and hold all against the ledger."""
        try:
            if self._sound:
                self._step(self._end())
        finally:
            self.office.leave()
            self._runner.close()
            self._place.cleanup()

    async def _end(self) -> None:
        office, notary = self.office, self.office.notary
        office.life.fuse = office.next_fuse = None
        await self._mend()
        await office.do(asyncio.sleep(10 * MINUTE))
        if office.noted:
            await office.after_backup()
        server = replace(START.server, password=office.modem.password)
        office.update(server=server, options=GENEROUS)
        await office.at_work.settle_restored(True)
        await office.at_work.retry(None)
        # No day's wait for a restart of the modem's that a person makes.
        office.modem.strike("unplug", 30.0)
        await asyncio.sleep(HOUR)
        assert not notary.unended(), [
            (name, notary.books.stories.get(name)) for name in notary.unended()
        ]
        assert office.at_work.status.mail.waiting == 0
        assert not office.at_work.status.mail.held
        await self._sends_at_once()
        await office.stop(MINUTE)
        await office.start()
        await asyncio.sleep(35 * DAY)
        await self._sends_at_once()
        mail = office.at_work.status.mail
        assert (mail.waiting, mail.sent, mail.failed) == notary.figures
        self._count()
        await office.stop()

    async def _sends_at_once(self) -> None:
        found = self._email(False, RECIPIENTS[0], None)
        await self.office.submit(found)
        await asyncio.sleep(MINUTE)
        story = self.office.notary.books.stories[found.reference]
        assert story.state is State.SENT, story

    def _count(self) -> None:
        office = self.office
        self.figures.update(office.notary.seen)
        self.figures["refused"] += len(office.notary.refused)
        self.figures["restored"] += office.restored
        self.figures["marked"] += sum(attempt.marked for attempt in office.modem.ledger)
        ways = Counter(attempt.way for attempt in office.modem.ledger)
        self.figures["PUTs"] += ways[Way.MODULE]
        self.figures["final dots"] += ways[Way.STREAM]
        self.figures["processes"] += office.life.run


def live(runs: int, first: int, steps: int = STEPS) -> Counter[str]:
    """Live through so many runs of steps that are drawn from the seed."""
    figures: Counter[str] = Counter()
    memory = Path("/dev/shm")  # noqa: S108  # nothing is sought there
    began = time.process_time()
    with ExitStack() as stack:
        place = stack.enter_context(
            tempfile.TemporaryDirectory(
                prefix="days-", dir=memory if memory.is_dir() else None
            )
        )
        # Where it can't be reached there are only kills.
        cache = stack.enter_context(installed()) if reached() else None
        machine = type(
            "Days",
            (Days,),
            {"folder": Path(place), "figures": figures, "cache": cache},
        )
        run_state_machine_as_test(
            seed(first)(machine),
            settings=settings(
                max_examples=runs,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                phases=PHASES,
                print_blob=False,
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
    figures["seconds of processor"] = round(time.process_time() - began)
    return figures


def report(capsys: pytest.CaptureFixture[str], first: int, found: Counter[str]) -> None:
    """Show the figures whether the test passes or not."""
    with capsys.disabled():
        sys.stdout.write(f"\nSTATE_MACHINE_SEED={first}: {dict(found)}\n")


@pytest.mark.usefixtures("no_threads")
@pytest.mark.timeout(300)
def test_every_email_has_one_true_end(capsys: pytest.CaptureFixture[str]) -> None:
    report(capsys, SEED, live(60, SEED))


@pytest.mark.usefixtures("no_threads")
@pytest.mark.long
@pytest.mark.timeout(6 * 3600)
def test_every_email_has_one_true_end_in_a_million_steps(
    capsys: pytest.CaptureFixture[str],
) -> None:
    steps = 0
    for first in itertools.count(SEED + 1):
        found = live(500, first)
        report(capsys, first, found)
        steps += found["steps"]
        if steps >= 1_000_000:
            break
