"""A process that is killed outright loses no email, and repeats none without saying so.

The modem and the mail server survive it. What it had accepted is sent by the process
that is started after it, on the same outbox and the same modem.
"""

import asyncio
from collections import Counter
from pathlib import Path
import random

import pytest

from custom_components.quectel_smtp.delivery.records import Options, Way
from tests.virtual_modem.observations import CommandSeen
from tests.virtual_modem.profiles import MailClient

from .hooks import PICTURE, PICTURED
from .points import Point
from .process import EngineDiedError
from .scene import Route, Scene, attached_to, scene, text_of

_GROUPS = {
    "accepting": (
        Point.BEFORE_BEGIN,
        Point.AFTER_INSERT,
        Point.BEFORE_COMMIT,
        Point.AFTER_COMMIT,
        Point.BEFORE_RETURN,
        Point.BEFORE_SHOWN,
        Point.AFTER_SHOWN,
    ),
    "preparing": (
        Point.CONFIGURING,
        Point.BETWEEN_RECIPIENTS,
        Point.AFTER_SUBJECT,
        Point.AFTER_CONNECT,
        Point.MID_BODY,
        Point.MID_UPLOAD,
        Point.BEFORE_INTENT,
    ),
    "sending": (
        Point.AFTER_INTENT,
        Point.BEFORE_PUT,
        Point.PUT_WRITTEN,
        Point.PUT_ACCEPTED,
        Point.BEFORE_RECORD,
        Point.AFTER_RECORD,
    ),
}
_LATE = 300.0
"""Results that the modem told a dead process don't come any more."""
_QUESTION = "AT+QSMTPBODY=0,1,1"

_KILLS = 100
"""At each point, in the long run."""
_KILLS_A_DAY = 25
"""Each may cost a restart of the modem, of which there are 30 a day at most."""


async def submit_until_death(set_scene: Scene, *subjects: str) -> None:
    """Submit these, as far as the process lives."""
    try:
        for subject in subjects:
            await set_scene.submit(subject, to=("a@example.com", "b@example.com"))
    except EngineDiedError:
        pass


def commands(set_scene: Scene) -> list[CommandSeen]:
    """Return what the modem was asked that concerns emails."""
    return set_scene.virtual.commands("QSMTP.*=[^?]")


def is_over(asked: list[CommandSeen], boot: int) -> bool:
    """Whether an earlier email was over before the modem was given another.

    Either it has restarted, or it was asked for a body until it took one, which it does
    only while it sends nothing (SMTP note 2.3.4).
    """
    first = next((seen for seen in asked if not seen.final.endswith("652")), None)
    return first is not None and (
        first.boot > boot or (first.line, first.final) == (_QUESTION, "OK")
    )


async def die(set_scene: Scene, point: Point, delay: float = 0.0) -> None:
    """Let the running process die at a point, with emails waiting behind.

    Returns once it is dead.
    """
    engine = set_scene.engine
    assert engine is not None
    await engine.ask("trap", point=point, delay=delay)
    if point is Point.CONFIGURING:
        # The modem knows it all, until it restarts.
        set_scene.virtual.reboot()
    # Where a connection is waited for, none of a file.
    bare = point in _GROUPS["preparing"] and point is not Point.MID_UPLOAD
    first = f"{'First' if bare else PICTURED} {point.name}"
    await submit_until_death(set_scene, first, "Second", "Third")
    await engine.until_dead()
    await set_scene.end()


def report(point: Point, figures: Counter[str], kills: int = 1) -> None:
    """Print the figures of one point."""
    said = ", ".join(f"{count} {name}" for name, count in sorted(figures.items()))
    print(f"{point}: {kills} killed, {said}")  # noqa: T201 - figures of the run


@pytest.mark.parametrize("group", _GROUPS)
async def test_a_kill_at_any_point_loses_nothing(
    group: str, tmp_path: Path, route: Route
) -> None:
    async with scene(tmp_path, route, late=_LATE) as set_scene:
        await (await set_scene.start()).until_ready()
        await set_scene.submit("Before")
        await set_scene.until_over()
        figures, repeats = set_scene.check(), 0
        for point in _GROUPS[group]:
            await die(set_scene, point)
            earlier, boot = len(commands(set_scene)), set_scene.virtual.state().boot
            await (await set_scene.start()).until_ready()
            await set_scene.until_over()
            in_doubt = point.in_doubt
            before, repeats = figures, repeats + in_doubt
            figures = set_scene.check(repeats=repeats)
            if in_doubt and route.way is Way.MODULE:
                # What the modem still had to report can't be taken for another's.
                assert is_over(commands(set_scene)[earlier:], boot), point
            if in_doubt:
                assert figures["marked"] == before["marked"] + 1, point
            else:
                assert figures["marked"] == before["marked"], point
            report(point, figures - before)
        attached = set()
        for received in set_scene.server.received:
            content = received.original_content or b""
            pictured = text_of(content).startswith(PICTURED)
            assert attached_to(content) == ([PICTURE.data] if pictured else [])
            attached.add(pictured)
        assert True in attached
        # The picture of the process that died in its upload was sent, and goes from the
        # modem with those of that email, a moment after its end.
        async with asyncio.timeout(60):
            while any("camera" in one.name for one in set_scene.virtual.state().files):
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("nth", [1, 5])
async def test_a_kill_while_recovering_loses_nothing(
    nth: int, tmp_path: Path, route: Route
) -> None:
    async with scene(tmp_path, route, late=_LATE) as set_scene:
        await (await set_scene.start()).until_ready()
        await die(set_scene, Point.PUT_ACCEPTED)
        engine = await set_scene.start(Point.RECOVERING, nth)
        await engine.until_dead()
        await set_scene.end()
        await (await set_scene.start()).until_ready()
        await set_scene.until_over()
        report(Point.RECOVERING, set_scene.check(repeats=1), 2)


async def test_a_result_that_is_lost_twice_ends_unknown_and_is_told(
    tmp_path: Path,
    route: Route,
) -> None:
    async with scene(tmp_path, route, late=_LATE) as set_scene:
        engine = await (await set_scene.start(Point.PUT_ACCEPTED)).until_ready()
        first = await set_scene.submit("First")
        await engine.until_dead()
        await set_scene.end()
        await set_scene.until_delivered(1)
        engine = await set_scene.start(Point.PUT_ACCEPTED)
        await engine.until_dead()
        await set_scene.end()
        await set_scene.until_delivered(2)
        await (await set_scene.start()).until_ready()
        second = await set_scene.submit("Second")
        await set_scene.until_over()
        assert set_scene.ends() == {first: {"unknown"}, second: {"sent"}}
        assert set_scene.mailbox.copies() == {first: [False, True], second: [False]}


async def test_nothing_is_waited_for_once_the_modem_has_restarted_too(
    tmp_path: Path,
    mail_client: MailClient,
) -> None:
    # What waits for a result waits by the host's clock: too long for this test.
    async with scene(tmp_path, mail_client=mail_client, late=1.0) as set_scene:
        engine = await (await set_scene.start(Point.PUT_ACCEPTED)).until_ready()
        first = await set_scene.submit("First")
        await engine.until_dead()
        await set_scene.end()
        await set_scene.until_delivered(1)
        set_scene.virtual.reboot()
        boot = set_scene.virtual.state().boot
        await (await set_scene.start()).until_ready()
        await set_scene.until_over(first, patience=50)
        assert set_scene.virtual.state().boot == boot
        assert set_scene.mailbox.copies() == {first: [False, True]}


async def test_a_kill_while_an_email_expires_leaves_it_expired(
    tmp_path: Path, mail_client: MailClient
) -> None:
    short = Options(lifetime=3600, per_hour=1000, per_day=1000, digest=False)
    async with scene(
        tmp_path, mail_client=mail_client, options=short, idle=5000
    ) as set_scene:
        set_scene.virtual.hangup()
        engine = await set_scene.start(Point.EXPIRING)
        await engine.until_ready()
        await submit_until_death(set_scene, "First", "Second")
        await engine.until_dead()
        await set_scene.end()
        await (await set_scene.start()).until_ready()
        await set_scene.until_over()
        figures = set_scene.check(ends=frozenset({"expired"}))
        assert not figures["copies"]
        report(Point.EXPIRING, figures)


async def test_a_kill_while_a_damaged_outbox_is_set_aside_keeps_nothing_from_going(
    tmp_path: Path,
    mail_client: MailClient,
) -> None:
    async with scene(tmp_path, mail_client=mail_client, late=_LATE) as set_scene:
        await (await set_scene.start()).until_ready()
        await set_scene.end()
        set_scene.plan.database.write_bytes(b"no database" * 1000)
        engine = await set_scene.start(Point.SETTING_ASIDE)
        await engine.until_dead()
        await set_scene.end()
        await (await set_scene.start()).until_ready()
        await set_scene.submit("After")
        await set_scene.until_over()
        report(Point.SETTING_ASIDE, set_scene.check())


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "point", [point for group in _GROUPS.values() for point in group]
)
async def test_a_hundred_kills_around_a_point_lose_nothing(
    point: Point, tmp_path: Path, route: Route
) -> None:
    dice = random.Random(point)
    figures: Counter[str] = Counter()
    for day in range(_KILLS // _KILLS_A_DAY):
        folder = tmp_path / str(day)
        folder.mkdir()
        async with scene(folder, route, late=_LATE) as set_scene:
            await (await set_scene.start()).until_ready()
            for _ in range(_KILLS_A_DAY):
                # Half of them right there, the others anywhere after it.
                await die(set_scene, point, dice.choice((0.0, dice.uniform(0, 0.1))))
                await (await set_scene.start()).until_ready()
                await set_scene.until_over()
                set_scene.virtual.forget()
            figures.update(set_scene.check(repeats=_KILLS_A_DAY))
    report(point, figures, _KILLS)
