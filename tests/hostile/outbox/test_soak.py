"""Thirty days of everything at once: emails, faults, unplugging, kills, a moody server."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
import random
import time

import pytest

from custom_components.quectel_smtp.delivery.records import Options
from tests.virtual_modem.fault_model import Action, Fault, Moment
from tests.virtual_modem.profiles import MailClient

from .left_over import Figures
from .scene import Scene, scene
from .test_ports import IMEI, Wanderer
from .test_steps import LOSSES

_EMAILS = 5000
_DAYS = 30
_FAST = 2000.0
# On average: an email every eight minutes, something that happens to it every hour.
_BETWEEN = _DAYS * 86400 / (_EMAILS * 1.03)
_TROUBLE = 0.15
_KILL = 0.01
# From here on the process lives to the end, so that what it keeps can be seen.
_LAST_LIFE = 0.6
# Those after which the server may have the email: it is refused by the server alone.
_CODES = (651, 654, 656, 658, 660, 799)


class Weather:
    """What happens to modem, port and server, drawn at random."""

    def __init__(self, set_scene: Scene, folder: Path, dice: random.Random) -> None:
        """Take the scene and the dice."""
        self._scene = set_scene
        self._dice = dice
        self._wanderer = Wanderer(set_scene, folder, dice)
        self.happened: Counter[str] = Counter()

    async def strike(self) -> None:
        """Let something happen, and be over soon."""
        events: tuple[Callable[[], Awaitable[None]], ...] = (
            self.fault,
            self.fault,
            self.result,
            self.result_is_late,
            self.unplugged,
            self.moved,
            self.rebooted,
            self.offline,
            self.silent,
            self.noise,
            self.server_is_moody,
            self.server_closes,
        )
        event = self._dice.choice(events)
        self.happened[event.__name__] += 1
        await event()

    async def fault(self) -> None:
        """Restart, or lose the data connection, at some step of some send."""
        self._scene.virtual.fault(self._dice.choice(LOSSES))

    async def result(self) -> None:
        """Report some error, whatever happened."""
        self._scene.virtual.fault(
            Fault(
                Action.RESULT,
                "QSMTPPUT=",
                Moment.BEFORE_RESULT,
                code=self._dice.choice(_CODES),
            )
        )

    async def result_is_late(self) -> None:
        """Report late, or not at all."""
        action = self._dice.choice((Action.DELAY, Action.DROP, Action.HANGUP))
        seconds = self._dice.uniform(0.05, 2)
        self._scene.virtual.fault(
            Fault(action, "QSMTPPUT=", Moment.BEFORE_RESULT, seconds=seconds)
        )

    async def unplugged(self) -> None:
        """Go, and come back under the same name."""
        self._scene.virtual.hangup()
        await self._a_while()
        self._scene.virtual.plug()

    async def moved(self) -> None:
        """Go, and come back under another name."""
        await self._wanderer.other_name()

    async def rebooted(self) -> None:
        """Restart at any moment."""
        self._scene.virtual.reboot()

    async def offline(self) -> None:
        """Lose the network for a while."""
        self._scene.virtual.set("registration", "2")
        await self._a_while()
        self._scene.virtual.set("registration", "1")

    async def silent(self) -> None:
        """Hear and say nothing for a while."""
        self._scene.virtual.silence(self._dice.uniform(0.05, 3))

    async def noise(self) -> None:
        """Say what means nothing."""
        self._scene.virtual.inject(self._dice.randbytes(100))

    async def server_is_moody(self) -> None:
        """Refuse for a while, for now."""
        manners = self._scene.server.manners
        manners.replies[self._dice.choice(("EHLO", "MAIL", "RCPT", "DATA"))] = (
            self._dice.choice(("421 busy", "450 later", "451 later", "452 later"))
        )
        await self._a_while()
        manners.replies.clear()

    async def server_closes(self) -> None:
        """Accept an email, and close before the client is told."""
        manners = self._scene.server.manners
        manners.close_at_data = True
        await self._a_while()
        manners.close_at_data = False

    async def _a_while(self) -> None:
        await asyncio.sleep(self._dice.uniform(0, 2))


async def restart(set_scene: Scene, *, kill: bool) -> None:
    """End the process, one way or the other, and start another."""
    await set_scene.end(kill=kill)
    await (await set_scene.start()).until_ready()


def share(set_scene: Scene) -> float:
    """Return how much of the run is over: of its emails and its days, the lesser."""
    assert set_scene.engine is not None
    days = set_scene.engine.heard.at / 86400
    return min(len(set_scene.accepted) / _EMAILS, days / _DAYS)


async def at_rest(set_scene: Scene) -> Figures:
    """Return what the process uses with its port open."""
    assert set_scene.engine is not None
    await set_scene.engine.until(lambda heard: heard.status["connected"])
    return await Figures.of(set_scene)


@pytest.mark.long
@pytest.mark.timeout(3 * 3600)
async def test_thirty_days_of_everything_lose_no_email(
    tmp_path: Path, mail_client: MailClient
) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")  # noqa: T201 - without it no failure can be repeated
    dice = random.Random(seed)
    began = time.monotonic()
    kills = stops = 0
    async with scene(
        tmp_path,
        mail_client=mail_client,
        imei=IMEI,
        idle=_FAST,
        time_scale=0.001,
        options=Options(),
    ) as set_scene:
        await (await set_scene.start()).until_ready()
        weather = Weather(set_scene, tmp_path, dice)
        before = None
        while (progress := share(set_scene)) < 1:
            await asyncio.sleep(dice.expovariate(_FAST / _BETWEEN))
            await set_scene.submit(
                "Day and night",
                f"Number {len(set_scene.offered)}\n" * dice.randint(1, 100),
                critical=dice.random() < 0.1,
            )
            if dice.random() < _TROUBLE:
                await weather.strike()
            if progress < _LAST_LIFE and dice.random() < _KILL:
                kill = dice.random() < 0.7
                kills, stops = kills + kill, stops + (not kill)
                await restart(set_scene, kill=kill)
            elif progress >= _LAST_LIFE + 0.05 and before is None:
                before = await at_rest(set_scene)
            if not len(set_scene.offered) % 100:
                set_scene.virtual.forget()
        set_scene.virtual.clear_faults()
        await set_scene.until_over(patience=1800)
        await at_rest(set_scene)
        days = set_scene.engine.heard.at / 86400 if set_scene.engine else 0
        counted = tally(set_scene)
        print(  # noqa: T201 - figures of the run
            f"{days:.1f} days in {time.monotonic() - began:.0f} s: {dict(counted)}, "
            f"{kills} kills, {stops} stops, {dict(weather.happened)}"
        )
        assert before is not None
        await before.check(set_scene)


def tally(set_scene: Scene) -> Counter[str]:
    """Check that each email has its end, and the end is true; returns figures."""
    ends, copies = set_scene.ends(), set_scene.mailbox.copies()
    texts = set_scene.mailbox.texts
    counted: Counter[str] = Counter(accepted=len(set_scene.accepted))
    for reference in set_scene.accepted:
        end = ends[reference]
        counted[" and ".join(sorted(end))] += 1
        # A digest has its own reference, and tells the subjects of what is in it.
        if "sent" in end:
            subject = set_scene.offered[reference]
            if not copies.get(reference):
                assert any(subject in text for text in texts), f"{reference} is lost"
    for reference, marks in copies.items():
        if marks.count(False) > 1 or len(marks) > 6:
            told = [
                seen for seen in set_scene.shown() if seen["reference"] == reference
            ]
            raise AssertionError(f"{reference} came as {marks}, told was {told}")
        counted["repeats"] += len(marks) - 1
    return counted
