"""How attempts ended is known by way and result, without whose emails they were."""

from unittest.mock import patch

import pytest

from custom_components.quectel_smtp.delivery.courier.recent import ATTEMPTS, Recent
from custom_components.quectel_smtp.delivery.errors import OutboxWriteError
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.records import (
    Again,
    End,
    Finding,
    History,
    Hold,
    Part,
    Reason,
    Split,
    State,
    Verdict,
    Way,
)
from custom_components.quectel_smtp.modem.mail.smtp import Result
from tests.delivery.bench import PUT_LINE, SENT, Office, email, result
from tests.delivery.outbox.bench import START
from tests.modem.scripted_port import ERROR
from tests.modem.virtual_time import virtual_time


@virtual_time
async def test_attempts_are_told_of_by_way_with_what_followed(office: Office) -> None:
    office.modem.answers[PUT_LINE] = [result(651), SENT]
    async with office.at_work() as courier:
        assert await office.send(email()) is State.SENT
        found = await courier.diagnosis()
    assert [one.result for one in found.attempts][-1] == Result.SENT
    assert found.attempts[0].code == 651
    assert found.counts[Way.MODULE, "sent"] == 1
    assert found.in_service
    assert [one.state for one in found.ended] == [State.SENT]
    assert not found.waiting
    assert found.modem.connected


@virtual_time
async def test_what_waits_is_told_of_with_the_error_that_it_waits_for(
    office: Office,
) -> None:
    office.modem.answers["AT+QIACT=1"] = ERROR
    async with office.at_work() as courier:
        one = email()
        await courier.submit(one)
        await office.until(lambda: courier.status.trouble is not None)
        found = await courier.diagnosis()
        assert [waiting.reference for waiting in found.waiting] == [one.reference]
        assert found.failures > 0
        finding = found.waiting[0].finding
        assert finding is not None
        assert found.attempts[0].result == finding.error


@virtual_time
async def test_an_error_is_told_of_with_the_modem_s_code(office: Office) -> None:
    office.modem.answers["AT+QIACT=1"] = ERROR
    office.modem.answers["AT+QIGETERROR"] = b"\r\n+QIGETERROR: 561,x\r\n\r\nOK\r\n"
    async with office.at_work() as courier:
        await courier.submit(email())
        await office.until(lambda: courier.status.trouble is not None)
        (found, *_) = (await courier.diagnosis()).attempts
    assert (found.result, found.code) == ("pdp_failed", 561)


@virtual_time
async def test_of_an_outbox_that_can_t_be_read_there_is_nothing(office: Office) -> None:
    async with office.at_work() as courier:
        with patch.object(Outbox, "listed", side_effect=OutboxWriteError("gone")):
            found = await courier.diagnosis()
    assert not found.waiting
    assert not found.ended


@pytest.mark.parametrize(
    ("verdict", "word"),
    [
        (End(State.FAILED, History(1)), "failed"),
        (Again(10.0, Reason.SERVER, History(1)), "server"),
        (Hold(Reason.LOGIN, None, History(1)), "held: login"),
        (Split(History(1)), "split"),
    ],
)
def test_what_follows_from_an_attempt_has_a_word(verdict: Verdict, word: str) -> None:
    recent = Recent()
    said = "535-5.7.9 anna@example.com: see example.com/5.1.1"
    part = Part(frozenset(), verdict, Finding(Result.REFUSED, words=said))
    recent.note([part], START)
    (found,) = recent.attempts
    assert (found.verdict, found.status_code) == (word, "5.7.9")
    assert "anna" not in repr(found)


def test_where_nothing_was_tried_nothing_is_noted_and_fifty_are_kept() -> None:
    recent = Recent()
    wait = Again(10.0, Reason.DOUBT, History(1))
    recent.note([Part(frozenset(), wait, Finding())], START)
    assert not recent.attempts
    part = Part(frozenset(), wait, Finding(error="no_answer"))
    for _ in range(ATTEMPTS + 5):
        recent.note([part], START)
    assert len(recent.attempts) == ATTEMPTS
    assert recent.counts == {(Way.MODULE, "no_answer"): ATTEMPTS + 5}
