"""What each outcome comes to, from the server or the modem to the email's end."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from custom_components.quectel_smtp.delivery.records import Options, Way
from tests.virtual_modem.fault_model import Action, Fault, Moment
from tests.virtual_modem.profiles import MailClient

from .scene import Route, Scene, scene

_FAST = 2000.0
# Where hours pass between two attempts.
_FASTEST = 50_000.0
_HOUR = 3600.0
_TWO_DAYS = 48 * _HOUR
_SCENES = 4

on_both = pytest.mark.parametrize("mail_client", MailClient)
"""Whichever program is behind the modem's mail commands."""


class Class(StrEnum):
    """What the promises make of a code."""

    DOUBTFUL = "doubtful"
    """Sent six times at most, hours apart, then unknown."""
    RETRY = "retry"
    """Tried until it succeeds or expires."""
    OURS = "ours"
    """Built anew once, then failed."""
    REFUSED = "refused"
    """Failed at once, for an account that has sent before."""
    FULL = "full"
    """Tried once an hour for six hours, then failed."""
    LOGIN = "login"
    """Held, as all others are, if it is so a second time."""
    CERTIFICATE = "certificate"
    """Held, as all others are, if it is so a second time."""


@dataclass(frozen=True, slots=True)
class Case:
    """A code of the modem, the server's reply beside it, and its class."""

    code: int
    reply: int
    means: Class

    @property
    def shown(self) -> tuple[int, int | None]:
        """Return the code and the reply that are shown of it."""
        # Here the modem gives its own code in the server's place.
        if self.reply in range(651, 683):
            return self.reply, None
        return self.code, self.reply or None


def _cases(means: Class, *codes: int) -> list[Case]:
    return [Case(code, 0, means) for code in codes]


def _replies(means: Class, *replies: int) -> list[Case]:
    """Return what the reply decides where the modem's own code says nothing."""
    return [Case(660, reply, means) for reply in replies]


# By the promises, R13, each of 651-682 once, and numbers that nobody knows.
CODES = [
    *_cases(Class.DOUBTFUL, 651, 654, 656, 658, 660, 683, 799, 1, 650, 999999999),
    # Of attachments: what has gone of the email may be ended as if it were all of it.
    *_cases(Class.DOUBTFUL, 661, 662, 663),
    Case(682, 661, Class.DOUBTFUL),
    Case(682, 662, Class.DOUBTFUL),
    *_cases(Class.RETRY, 652, 653, 657, 666, 667, 668, 669),
    *_cases(Class.OURS, 659, 664, *range(670, 675)),
    *_cases(Class.REFUSED, 675, 678, 679, 681, 682),
    *_cases(Class.FULL, 680),
    *_cases(Class.LOGIN, 655, 676, 677),
    *_cases(Class.CERTIFICATE, 665),
]
# The servers' replies (SMTP note, chapter 6), and some that it does not list. After 421
# the server only closes the connection, whenever that was.
REPLIES = [
    *_replies(Class.DOUBTFUL, 200, 211, 214, 220, 221, 235, 250, 251, 334, 354, 421),
    *_replies(Class.RETRY, 450, 451, 452, 454, 499),
    *_replies(Class.OURS, 500, 501, 502, 503, 504),
    *_replies(Class.LOGIN, 530, 534, 535, 538),
    *_replies(Class.REFUSED, 521, 550, 551, 553, 554, 555, 599),
    *_replies(Class.FULL, 552),
]


async def attempts(set_scene: Scene, count: int) -> None:
    """Wait until the modem has been asked to send so often since the records began."""
    await set_scene.virtual.wait_for_deliveries(count, timeout=60)


async def begin(set_scene: Scene, case: Case) -> str:
    """Submit an email whose every result is the case's; returns its reference."""
    set_scene.virtual.forget()
    set_scene.virtual.fault(
        Fault(
            Action.RESULT,
            "QSMTPPUT=",
            Moment.BEFORE_RESULT,
            times=0,
            code=case.code,
            protocol_code=case.reply,
        )
    )
    return await set_scene.submit(f"Case {case.code} {case.reply}")


async def mend(set_scene: Scene) -> None:
    """Let everything succeed again."""
    set_scene.virtual.clear_faults()
    set_scene.server.manners.replies.clear()


def told(set_scene: Scene, reference: str) -> list[dict[str, Any]]:
    """Return what was shown of an email."""
    return [shown for shown in set_scene.shown() if shown["reference"] == reference]


async def until_state(set_scene: Scene, reference: str, state: str) -> dict[str, Any]:
    """Wait until an email was shown to be in a state; returns what was shown."""
    assert set_scene.engine is not None

    def found() -> list[dict[str, Any]]:
        return [seen for seen in told(set_scene, reference) if seen["state"] == state]

    await set_scene.engine.until(lambda _: found())
    return found()[-1]


async def suffer(set_scene: Scene, case: Case) -> None:
    """Follow one email through its case, to its end."""
    copies = set_scene.mailbox.copies
    manners = set_scene.server.manners
    engine = set_scene.engine
    assert engine is not None
    if case.means is not Class.DOUBTFUL:
        # The server did not accept what the modem says was refused.
        manners.replies["MAIL"] = "451 later"
    reference = await begin(set_scene, case)
    match case.means:
        case Class.DOUBTFUL:
            await engine.ask("idle", speed=_FASTEST)
            end = await until_state(set_scene, reference, "unknown")
            assert copies()[reference] == [False, *[True] * 5], case
            await engine.ask("idle", speed=_FAST)
        case Class.RETRY:
            await attempts(set_scene, 4)
            await mend(set_scene)
            end = await until_state(set_scene, reference, "sent")
            assert copies()[reference] == [False], case
            assert end["attempts"] >= 5
            return
        case Class.OURS:
            end = await until_state(set_scene, reference, "failed")
            assert len(set_scene.virtual.deliveries()) == 2, case
        case Class.REFUSED:
            end = await until_state(set_scene, reference, "failed")
            assert len(set_scene.virtual.deliveries()) == 1, case
        case Class.FULL:
            await engine.ask("idle", speed=_FASTEST)
            end = await until_state(set_scene, reference, "failed")
            assert len(set_scene.virtual.deliveries()) == 7, case
            await engine.ask("idle", speed=_FAST)
        case Class.LOGIN | Class.CERTIFICATE:
            held = await until_state(set_scene, reference, "held")
            assert held["reason"] == case.means.value, case
            assert len(set_scene.virtual.deliveries()) == 2, case
            other = await set_scene.submit("Held as well")
            await mend(set_scene)
            await engine.ask("retry")
            await until_state(set_scene, reference, "sent")
            await until_state(set_scene, other, "sent")
            assert copies()[reference] == copies()[other] == [False], case
            return
    assert (end["code"], end["reply"]) == case.shown, case
    await mend(set_scene)


async def suffer_all(
    folder: Path, cases: Sequence[Case], mail_client: MailClient
) -> None:
    """Let one process and one modem go through many cases."""
    folder.mkdir()
    async with scene(
        folder, mail_client=mail_client, idle=_FAST, time_scale=0.001
    ) as set_scene:
        await (await set_scene.start()).until_ready()
        await set_scene.submit("Before")
        await set_scene.until_over()
        for case in cases:
            await suffer(set_scene, case)


@on_both
async def test_every_outcome_comes_to_its_end(
    mail_client: MailClient, tmp_path: Path
) -> None:
    cases = [*CODES, *REPLIES]
    async with asyncio.TaskGroup() as group:
        for number in range(_SCENES):
            part = cases[number::_SCENES]
            group.create_task(suffer_all(tmp_path / str(number), part, mail_client))


def test_every_code_of_the_note_is_among_the_outcomes() -> None:
    assert {case.code for case in CODES} >= set(range(651, 683))


@on_both
async def test_what_never_succeeds_expires(
    mail_client: MailClient, tmp_path: Path
) -> None:
    short = Options(lifetime=_HOUR, per_hour=1000, per_day=1000, digest=False)
    async with scene(
        tmp_path, mail_client=mail_client, idle=_FAST, time_scale=0.001, options=short
    ) as set_scene:
        await (await set_scene.start()).until_ready()
        set_scene.server.manners.replies["MAIL"] = "451 later"
        reference = await begin(set_scene, Case(653, 0, Class.RETRY))
        await until_state(set_scene, reference, "expired")
        assert not set_scene.mailbox.copies()


@on_both
async def test_a_server_that_closes_after_data_gets_six_copies_at_most(
    mail_client: MailClient,
    tmp_path: Path,
) -> None:
    two_days = Options(lifetime=_TWO_DAYS, per_hour=1000, per_day=1000, digest=False)
    async with scene(
        tmp_path,
        mail_client=mail_client,
        idle=_FAST,
        time_scale=0.001,
        options=two_days,
    ) as set_scene:
        engine = await (await set_scene.start()).until_ready()
        set_scene.server.manners.close_at_data = True
        reference = await set_scene.submit("Into a closing door")
        began = engine.heard.at
        # A person who asks for more gets no more either, once it is over.
        await engine.ask("idle", speed=100_000)
        await set_scene.until_over(reference)
        while engine.heard.at - began < _TWO_DAYS:
            await engine.ask("listed")
        assert set_scene.ends()[reference] == {"unknown"}
        assert 1 <= len(set_scene.mailbox.copies()[reference]) <= 6


@on_both
async def test_a_server_that_closes_after_data_and_a_person_get_no_more_copies(
    mail_client: MailClient,
    tmp_path: Path,
) -> None:
    async with scene(
        tmp_path, mail_client=mail_client, idle=_FAST, time_scale=0.001
    ) as set_scene:
        engine = await (await set_scene.start()).until_ready()
        set_scene.server.manners.close_at_data = True
        reference = await set_scene.submit("Into a closing door")
        while reference not in set_scene.ends():
            await engine.ask("retry")
        assert 1 <= len(set_scene.mailbox.copies()[reference]) <= 6


@on_both
async def test_a_hidden_address_is_seen_by_nobody_else(
    mail_client: MailClient, tmp_path: Path
) -> None:
    async with scene(
        tmp_path, mail_client=mail_client, idle=_FAST, time_scale=0.001
    ) as set_scene:
        await (await set_scene.start()).until_ready()
        shown = ["a@example.com", "b@example.com", "c@example.com"]
        hidden = ["x@example.com", "y@example.com"]
        reference = await set_scene.submit(
            "To some, and to others behind their backs",
            to=(*shown[:2],),
            cc=shown[2:],
            bcc=hidden,
        )
        await set_scene.until_over(reference)
        assert set_scene.ends()[reference] == {"sent"}
        assert set_scene.mailbox.copies()[reference] == [False] * 3
        received = set_scene.server.received
        expected = [shown, *([one] for one in hidden)]
        assert [mail.rcpt_tos for mail in received] == expected
        for mail in received:
            content = (mail.original_content or b"").decode()
            found = [one for one in (*shown, *hidden) if f"<{one}>" in content]
            assert found == mail.rcpt_tos


@pytest.mark.parametrize("reply", ["550 no such mailbox", "450 mailbox busy"])
@pytest.mark.parametrize("way", Way)
async def test_one_bad_recipient_keeps_no_other_from_the_email(
    way: Way, reply: str, tmp_path: Path
) -> None:
    short = Options(lifetime=_HOUR, per_hour=1000, per_day=1000, digest=False)
    async with scene(
        tmp_path, Route(way=way), idle=_FAST, time_scale=0.001, options=short
    ) as set_scene:
        await (await set_scene.start()).until_ready()
        await set_scene.submit("Before")
        await set_scene.until_over()
        set_scene.server.manners.refused["bad@example.com"] = reply
        before = len(set_scene.server.received)
        people = ("a@example.com", "bad@example.com", "b@example.com")
        reference = await set_scene.submit("To three", to=people)
        await set_scene.until_over(reference)
        assert set_scene.ends()[reference] == {"partly_sent"}
        received = set_scene.server.received[before:]
        taken = sorted(mail.rcpt_tos for mail in received)
        others = ["a@example.com", "b@example.com"]
        # By the stream the server tells who it is that it doesn't take.
        by_module = way is Way.MODULE
        assert taken == ([[one] for one in others] if by_module else [others])


async def test_a_refusal_before_the_first_success_waits_for_a_person(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, idle=_FAST, time_scale=0.001) as set_scene:
        engine = await (await set_scene.start()).until_ready()
        set_scene.server.manners.replies["MAIL"] = "553 sender not allowed"
        reference = await set_scene.submit("From whom?")
        held = await until_state(set_scene, reference, "held")
        assert held["reason"] == "refused"
        assert (held["code"], held["reply"]) == (681, 553)
        await mend(set_scene)
        await engine.ask("retry")
        await until_state(set_scene, reference, "sent")
        assert set_scene.mailbox.copies()[reference] == [False]


async def test_a_refused_login_is_tried_ever_more_rarely(tmp_path: Path) -> None:
    two_days = Options(lifetime=_TWO_DAYS, per_hour=1000, per_day=1000, digest=False)
    async with scene(
        tmp_path, idle=10 * _FAST, time_scale=0.001, options=two_days
    ) as set_scene:
        engine = await (await set_scene.start()).until_ready()
        set_scene.server.manners.replies["MAIL"] = "535 no"
        references = [await set_scene.submit(f"Number {n}") for n in range(5)]
        await until_state(set_scene, references[0], "held")
        began, before = engine.heard.at, len(set_scene.virtual.deliveries())
        await attempts(set_scene, before + 4)
        await engine.ask("listed")
        hours = (engine.heard.at - began) / _HOUR
        tried = len(set_scene.virtual.deliveries()) - before
        # After 15 and 30 minutes, then once an hour.
        assert tried <= hours + 2
        await mend(set_scene)
        await set_scene.until_over()
        set_scene.check()


class Wrong(StrEnum):
    """What a modem that says 654 and nothing more does not tell apart."""

    PASSWORD = "535 authentication failed"
    SENDER = "553 sender not allowed"


@pytest.mark.parametrize("wrong", Wrong)
async def test_a_modem_that_gives_no_reason_has_a_person_look_after_two_log_ins(
    wrong: Wrong, tmp_path: Path
) -> None:
    async with scene(
        tmp_path, mail_client=MailClient.TERSE, idle=_FAST, time_scale=0.001
    ) as set_scene:
        engine = await (await set_scene.start()).until_ready()
        set_scene.server.manners.replies["MAIL"] = wrong.value
        references = [await set_scene.submit(f"Number {n}") for n in range(3)]
        held = await until_state(set_scene, references[0], "held")
        assert held["reason"] == "unexplained"
        assert (held["code"], held["reply"]) == (654, None)
        assert len(set_scene.virtual.deliveries()) == 2
        began, before = engine.heard.at, 2
        await attempts(set_scene, before + 4)
        await engine.ask("listed")
        hours = (engine.heard.at - began) / _HOUR
        assert len(set_scene.virtual.deliveries()) - before <= hours
        await mend(set_scene)
        after = await set_scene.submit("After")
        await engine.ask("retry")
        await set_scene.until_over()
        ends = set_scene.ends()
        assert ends[after] == {"sent"}
        # Six copies are all there are of one, had any of them arrived.
        assert all(ends[one] in ({"sent"}, {"unknown"}) for one in references)


async def test_on_a_modem_that_gives_no_reason_one_recipient_keeps_no_other_waiting(
    tmp_path: Path,
) -> None:
    async with scene(
        tmp_path, mail_client=MailClient.TERSE, idle=_FAST, time_scale=0.001
    ) as set_scene:
        await (await set_scene.start()).until_ready()
        set_scene.server.manners.refused["bad@example.com"] = "550 no such mailbox"
        people = ("bad@example.com", "a@example.com", "b@example.com")
        await set_scene.submit("To three", to=people)
        other = await set_scene.submit("To another")
        await set_scene.until_over(other)
        received = [mail.rcpt_tos for mail in set_scene.server.received]
        assert sorted(received) == [
            ["a@example.com"],
            ["a@example.com"],
            ["b@example.com"],
        ]
