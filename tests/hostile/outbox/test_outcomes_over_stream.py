"""What each reply of the server comes to, by the stream: it says itself what it means."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from custom_components.quectel_smtp.delivery.records import Way

from .scene import Route, Scene, scene
from .test_outcomes import Class, until_state

_BY_STREAM = Route(way=Way.STREAM)
_FAST = 2000.0
# Where hours pass between two attempts.
_FASTEST = 50_000.0
_SCENES = 4


@dataclass(frozen=True, slots=True)
class Case:
    """A command, what the server replies to it, and the class of that."""

    verb: str
    code: int
    means: Class


def _cases(means: Class, verb: str, *codes: int) -> list[Case]:
    return [Case(verb, code, means) for code in codes]


# RFC 5321 4.2.1, and the SMTP note's chapter 6. DATA: to the text, not to the command.
CASES = [
    *_cases(Class.RETRY, "MAIL", 421, 450, 451, 452, 499),
    *_cases(Class.RETRY, "RCPT", 421, 450, 451, 452, 499),
    *_cases(Class.RETRY, "DATA", 450, 451, 452, 499),
    *_cases(Class.OURS, "MAIL", 500, 501, 503),
    *_cases(Class.OURS, "RCPT", 502, 504),
    *_cases(Class.OURS, "DATA", 503),
    *_cases(Class.LOGIN, "MAIL", 530, 534, 535, 538),
    *_cases(Class.REFUSED, "MAIL", 521, 550, 553, 555),
    *_cases(Class.REFUSED, "RCPT", 550, 551, 553, 554, 599),
    *_cases(Class.REFUSED, "DATA", 521, 550, 554),
    *_cases(Class.FULL, "RCPT", 552),
    *_cases(Class.FULL, "DATA", 552),
]
_SESSIONS = {Class.OURS: 2, Class.REFUSED: 1, Class.FULL: 7}


async def suffer(set_scene: Scene, case: Case) -> None:
    """Follow one email through its case, to its end."""
    engine, server = set_scene.engine, set_scene.server
    assert engine is not None
    sessions = len(server.client_names)
    server.manners.replies[case.verb] = f"{case.code} in its own words"
    reference = await set_scene.submit(f"Case {case.verb} {case.code}")
    copies = set_scene.mailbox.copies
    match case.means:
        case Class.RETRY:
            told = await until_state(set_scene, reference, "deferred")
            server.manners.replies.clear()
            await until_state(set_scene, reference, "sent")
        case Class.LOGIN:
            told = await until_state(set_scene, reference, "held")
            assert told["reason"] == "login", case
            server.manners.replies.clear()
            await engine.ask("retry")
            await until_state(set_scene, reference, "sent")
        case _:
            await engine.ask("idle", speed=_FASTEST)
            told = await until_state(set_scene, reference, "failed")
            await engine.ask("idle", speed=_FAST)
            assert len(server.client_names) - sessions == _SESSIONS[case.means], case
            assert reference not in copies(), case
            server.manners.replies.clear()
    assert (told["code"], told["reply"]) == (None, case.code), case
    # The server said each time that it took nothing: no copy is marked.
    assert copies().get(reference, [False]) == [False], case


async def suffer_all(folder: Path, cases: Sequence[Case]) -> None:
    """Let one process and one modem go through many cases."""
    folder.mkdir()
    async with scene(folder, _BY_STREAM, idle=_FAST, time_scale=0.001) as set_scene:
        await (await set_scene.start()).until_ready()
        await set_scene.submit("Before")
        await set_scene.until_over()
        for case in cases:
            await suffer(set_scene, case)


async def test_every_reply_comes_to_its_end(tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(_SCENES):
            part = CASES[number::_SCENES]
            group.create_task(suffer_all(tmp_path / str(number), part))


async def test_a_server_that_closes_before_its_last_reply_gets_one_marked_repeat(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, _BY_STREAM, idle=_FAST, time_scale=0.001) as set_scene:
        await (await set_scene.start()).until_ready()
        set_scene.server.manners.close_at_data = True
        reference = await set_scene.submit("Into a closing door")
        await set_scene.until_over(reference)
        assert set_scene.ends()[reference] == {"unknown"}
        assert set_scene.mailbox.copies()[reference] == [False, True]
