"""The port comes and goes, under whatever name, and mail goes out all the same."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
import itertools
from pathlib import Path
import random
import time

import pytest

from tests.virtual_modem.client import VirtualModem

from .left_over import Figures
from .scene import Scene, scene

IMEI = "867730050000017"
OTHERS = "867730050000025"
_A_COMMIT = 5
_LONG = 100


@dataclass(slots=True)
class Wanderer:
    """Takes the modem's port away, and brings it back where a test wants it."""

    set_scene: Scene
    folder: Path
    dice: random.Random

    async def same_name(self) -> None:
        """Unplug and replug under the same name."""
        self.set_scene.virtual.hangup()
        await self._until_gone()
        self.set_scene.virtual.plug()

    async def other_name(self) -> None:
        """Unplug and replug under a name that only a search finds."""
        assert self.set_scene.engine is not None
        self.set_scene.virtual.hangup()
        await self._until_gone()
        link = self.folder / f"modem-{self.dice.getrandbits(32)}"
        # A search finds other ports as well, and some of them are dead.
        ports = (str(self.folder / "nothing"), str(link))
        await self.set_scene.engine.ask("ports", ports=list(ports))
        # A process that is started later finds the same.
        self.set_scene.plan = replace(self.set_scene.plan, ports=ports)
        self.set_scene.virtual.plug(link)

    async def _until_gone(self) -> None:
        assert self.set_scene.engine is not None
        await self.set_scene.engine.until(
            lambda heard: not heard.status.get("connected")
        )


type Move = Callable[[Wanderer], Awaitable[None]]


async def wander(
    set_scene: Scene, folder: Path, cycles: int, dice: random.Random
) -> None:
    """Unplug and replug with an email on its way, again and again."""
    wanderer = Wanderer(set_scene, folder, dice)
    moves = itertools.cycle((Wanderer.other_name, Wanderer.same_name))
    engine = await (await set_scene.start()).until_ready()
    for move in itertools.islice(moves, 2):
        await set_scene.submit("To warm up")
        await set_scene.until_over()
        await move(wanderer)
    await set_scene.submit("Before")
    await set_scene.until_over()
    before = await Figures.of(set_scene)
    for move in itertools.islice(moves, cycles):
        subjects = [f"Cycle {dice.getrandbits(64)}" for _ in range(3)]
        await set_scene.submit(subjects[0])
        # Anywhere on the email's way, or before it, or after it.
        await asyncio.sleep(dice.uniform(0, 0.2))
        await move(wanderer)
        await set_scene.submit(subjects[1])
        await engine.until(lambda heard: heard.status["connected"])
        await set_scene.submit(subjects[2])
        await set_scene.until_over()
    counted = set_scene.check(repeats=cycles)
    print(f"{cycles} cycles: {dict(counted)}")  # noqa: T201 - figures of the run
    await before.check(set_scene)


async def test_unplugging_loses_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path, imei=IMEI, idle=20) as set_scene:
        await wander(set_scene, tmp_path, _A_COMMIT, random.Random(1))


@pytest.mark.long
@pytest.mark.timeout(3600)
async def test_unplugging_a_hundred_times_leaves_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path, imei=IMEI, idle=20) as set_scene:
        await wander(set_scene, tmp_path, _LONG, random.Random(2))


async def test_another_modem_in_its_place_gets_no_email(tmp_path: Path) -> None:
    async with scene(tmp_path, imei=IMEI, idle=20) as set_scene:
        engine = await (await set_scene.start()).until_ready()
        await set_scene.submit("Before")
        await set_scene.until_over()
        set_scene.virtual.hangup()
        await engine.until(lambda heard: not heard.status["connected"])
        async with VirtualModem(
            settings={"imei": OTHERS}, link=tmp_path / "modem"
        ) as other:
            first = await set_scene.submit("While another is in its place")
            await engine.until(lambda heard: heard.status["trouble"] == "wrong_modem")
            link = tmp_path / "elsewhere"
            await engine.ask("ports", ports=[other.port, str(link)])
            set_scene.virtual.plug(link)
            await set_scene.until_over(first)
            assert not other.commands("QSMTP|QIACT=|CPIN=")
        set_scene.check()


async def test_the_processor_idles_while_the_port_is_absent(tmp_path: Path) -> None:
    async with scene(tmp_path, imei=IMEI) as set_scene:
        engine = await (await set_scene.start()).until_ready()
        await set_scene.submit("Before")
        await set_scene.until_over()
        set_scene.virtual.hangup()
        await engine.until(lambda heard: not heard.status["connected"])
        await set_scene.submit("While the port is absent")
        # From here on the clock is the host's.
        await engine.ask("idle", speed=1)
        before, began = await Figures.of(set_scene), time.monotonic()
        await asyncio.sleep(3)
        after, ended = await Figures.of(set_scene), time.monotonic()
        share = (after.processor - before.processor) / (ended - began)
        print(f"{share:.2%} of a processor while the port is absent")  # noqa: T201
        assert share < 0.25
        set_scene.virtual.plug()
        back = time.monotonic()
        await set_scene.until_over()
        took = time.monotonic() - back
        print(f"sent {took:.1f} s after the port's return")  # noqa: T201
        set_scene.check()
