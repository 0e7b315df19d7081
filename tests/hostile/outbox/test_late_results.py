"""A result that comes late settles the email that it is about, and no other."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.virtual_modem.profiles import MailClient

from .points import Point
from .scene import Scene, scene

REFUSAL = "550 no such mailbox"


async def restart(set_scene: Scene) -> None:
    """Kill the process while the modem sends, and start another one."""
    assert set_scene.engine is not None
    await set_scene.engine.until_dead()
    await set_scene.end()
    await set_scene.start()


async def reconnect(set_scene: Scene) -> None:
    """Take the port away while the modem sends, and bring it back."""
    assert set_scene.engine is not None
    await set_scene.virtual.wait_for_command("QSMTPPUT=", count=2)
    set_scene.virtual.hangup()
    await set_scene.engine.until(lambda heard: not heard.status["connected"])
    set_scene.virtual.plug()


async def both(set_scene: Scene) -> None:
    """Take the port away, then kill the process; the port is back before the next."""
    assert set_scene.engine is not None
    await set_scene.virtual.wait_for_command("QSMTPPUT=", count=2)
    set_scene.virtual.hangup()
    await set_scene.engine.until(lambda heard: not heard.status["connected"])
    await set_scene.end(kill=True)
    set_scene.virtual.plug()
    await set_scene.start()


async def check_doubts(
    set_scene: Scene, first: str, second: str, first_is_refused: bool
) -> None:
    """Check that the first alone is doubted where its result doesn't say of a refusal."""
    if first_is_refused:
        engine = set_scene.engine
        assert engine is not None
        await engine.until(
            lambda _: any(
                (seen["reference"], seen["state"]) == (first, "deferred")
                for seen in set_scene.shown()
            )
        )
        set_scene.server.manners.replies.clear()
    await set_scene.until_over()
    assert set_scene.ends() | {first: {"sent"}, second: {"sent"}} == set_scene.ends()
    copies = set_scene.mailbox.copies()
    assert copies[second] == [False]
    assert copies[first] == [first_is_refused]
    set_scene.check()


@pytest.mark.parametrize("first_is_refused", [False, True])
@pytest.mark.parametrize("away", [restart, reconnect, both])
async def test_a_late_result_settles_its_own_email_only(
    away: Callable[[Scene], Awaitable[None]],
    first_is_refused: bool,
    tmp_path: Path,
    mail_client: MailClient,
) -> None:
    # The clock is the host's while the result is held back.
    async with scene(
        tmp_path,
        mail_client=mail_client,
        settings={"shortest_patience": 60},
        waiting=1.0,
        late=1.0,
    ) as set_scene:
        manners = set_scene.server.manners
        await (await set_scene.start()).until_ready()
        await set_scene.submit("Before")
        await set_scene.until_over()
        manners.hang_at_data = True
        if first_is_refused:
            manners.replies["DATA"] = REFUSAL
        assert set_scene.engine is not None
        if away is restart:
            await set_scene.engine.ask("trap", point=Point.PUT_ACCEPTED)
        first = await set_scene.submit("First")
        if away is not restart:
            second = await set_scene.submit("Second")
        await away(set_scene)
        assert set_scene.engine is not None
        await set_scene.engine.until(lambda heard: heard.status.get("connected"))
        if away is restart:
            second = await set_scene.submit("Second")
        # Nothing of the second has reached the modem: its result could be taken for it.
        puts = set_scene.virtual.commands("QSMTPPUT=")
        assert len(puts) == 2
        assert not [
            seen
            for seen in set_scene.virtual.commands("QSMTP")
            # But for the question whether the modem still sends.
            if seen.at > puts[-1].at and "QSMTPBODY=0,1,1" not in seen.line
        ]
        set_scene.server.release()
        if mail_client is MailClient.TERSE:
            await check_doubts(set_scene, first, second, first_is_refused)
            return
        await set_scene.until_over(first)
        if first_is_refused:
            manners.replies.clear()
        else:
            manners.replies["RCPT"] = REFUSAL
        await set_scene.until_over(second)
        ends = set_scene.ends()
        sent, failed = {"sent"}, {"failed"}
        assert ends[first] == (failed if first_is_refused else sent)
        assert ends[second] == (sent if first_is_refused else failed)
        arrived = second if first_is_refused else first
        assert set_scene.mailbox.copies().keys() & {first, second} == {arrived}
        set_scene.check(ends=frozenset({"sent", "failed"}))
