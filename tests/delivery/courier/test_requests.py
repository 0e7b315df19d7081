"""What waits is cancelled, readdressed, tried anew or let go when a person asks for it."""

import asyncio

import pytest

from custom_components.quectel_smtp.delivery.addresses import Addresses
from custom_components.quectel_smtp.delivery.errors import (
    BeingSentError,
    NotWaitingError,
)
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.outbox.readdress import (
    Followed,
    Recipients,
)
from custom_components.quectel_smtp.delivery.records import Instant, Reason, State
from tests.delivery.bench import HOUR, PUT_LINE, SENT, Office, email, result
from tests.modem.scripted_port import OK, Late
from tests.modem.virtual_time import virtual_time


@virtual_time
async def test_what_waits_can_be_cancelled_until_it_is_being_sent(
    office: Office,
) -> None:
    office.modem.answers[PUT_LINE] = [Late(50, SENT), SENT]
    async with office.at_work() as courier:
        first, second = email("one"), email("two")
        await courier.submit(first)
        await courier.submit(second)
        await office.until(lambda: office.modem.sends == 1)
        with pytest.raises(BeingSentError):
            await courier.cancel(first.reference)
        assert await courier.cancel(second.reference) == 1
        assert office.states_of(second) == [State.QUEUED, State.CANCELLED]
        assert await office.ended(first) is State.SENT
        with pytest.raises(NotWaitingError):
            await courier.cancel(first.reference)
        assert office.modem.subjects == ["one"]


@virtual_time
async def test_one_that_is_cancelled_while_it_is_prepared_is_not_sent(
    office: Office,
) -> None:
    office.modem.answers['AT+QSMTPSUB=0,"one"'] = Late(0.2, OK)
    async with office.at_work() as courier:
        first = email("one")
        await courier.submit(first)
        await office.until(lambda: office.modem.subjects)
        assert await courier.cancel(None) == 1
        assert await office.send(email("two")) is State.SENT
        assert office.states_of(first) == [State.QUEUED, State.CANCELLED]
        assert office.modem.sends == 1


@virtual_time
async def test_what_waits_follows_its_recipient_once_it_is_not_being_sent(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    async with office.at_work() as courier:
        assert await office.send(email("before")) is State.SENT
        office.modem.answers[PUT_LINE] = [Late(50, result(667, 450)), SENT]
        first = email("one", recipient_id="anna")
        second = email("two", recipient_id="ben")
        await courier.submit(first)
        await courier.submit(second)
        await office.until(lambda: office.modem.sends == 2)
        courier.follow({"anna": Addresses(("new@example.com",))})
        assert await office.ended(first) is State.SENT
        assert office.modem.lines.count('AT+QSMTPDST=1,1,"new@example.com"') == 1
        assert office.states_of(second)[-1] is State.CANCELLED
        assert "recipient was removed: 1 email" in caplog.text


@pytest.mark.parametrize("gone", [False, True])
@virtual_time
async def test_what_is_on_its_way_to_the_modem_follows_its_recipient(
    office: Office, gone: bool
) -> None:
    activate = "AT+QIACT=1"
    async with office.at_work() as courier:
        await office.until(lambda: courier.status.network)
        office.modem.answers[activate] = [Late(100, OK), OK]
        found = email(recipient_id="anna")
        await courier.submit(found)
        await office.until(lambda: activate in office.modem.lines)
        courier.follow({} if gone else {"anna": Addresses(("new@example.com",))})
        end = await office.ended(found)
        assert end is (State.CANCELLED if gone else State.SENT)
        assert office.modem.sends == (0 if gone else 1)
        if not gone:
            await office.idle()
            lines = office.modem.lines
            told = [line for line in lines if line.startswith("AT+QSMTPDST=1")]
            assert told[-1] == 'AT+QSMTPDST=1,1,"new@example.com"'


@virtual_time
async def test_nothing_is_written_again_and_again_while_what_is_unsettled_is_to_follow(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.modem.answers[PUT_LINE] = OK
    courier = await office.open()
    courier.start()
    await courier.submit(email(recipient_id="anna"))
    await office.until(lambda: office.modem.sends == 1)
    await courier.close()
    office.modem.absent = True
    follows = 0
    follow = Outbox.follow

    def counted(outbox: Outbox, recipients: Recipients, at: Instant) -> Followed:
        nonlocal follows
        follows += 1
        return follow(outbox, recipients, at)

    monkeypatch.setattr(Outbox, "follow", counted)
    async with office.at_work() as courier:
        courier.follow({"anna": Addresses(("new@example.com",))})
        await asyncio.sleep(600)
        # At once, and once in its turn.
        assert follows == 2
        office.modem.absent = False
        await office.until(lambda: courier.status.connected)
        office.modem.port.receive(b"\r\n+QSMTPPUT: 678,550\r\n")
        await office.until(lambda: follows == 3)


@virtual_time
async def test_an_unsettled_email_follows_its_recipient_once_it_is_settled(
    office: Office,
) -> None:
    office.modem.answers[PUT_LINE] = OK
    courier = await office.open()
    courier.start()
    found = email(recipient_id="anna")
    await courier.submit(found)
    await office.until(lambda: office.modem.sends == 1)
    await courier.close()
    async with office.at_work() as courier:
        courier.follow({})
        await asyncio.sleep(100)
        assert office.states_of(found) == [State.QUEUED]
        office.modem.port.receive(b"\r\n+QSMTPPUT: 678,550\r\n")
        assert await office.ended(found) is State.CANCELLED


@virtual_time
async def test_retrying_does_not_wait_for_the_next_attempt(office: Office) -> None:
    office.modem.answers[PUT_LINE] = result(667, 450)
    async with office.at_work() as courier:
        found = email()
        await courier.submit(found)
        await asyncio.sleep(HOUR)
        office.modem.answers[PUT_LINE] = SENT
        assert await courier.retry(found.reference) == 1
        await asyncio.sleep(10)
        assert office.states_of(found)[-1] is State.SENT
        with pytest.raises(NotWaitingError):
            await courier.retry(found.reference)


@virtual_time
async def test_a_restored_backup_sends_nothing_unasked(office: Office) -> None:
    office.modem.absent = True
    found = email()
    async with office.at_work() as courier:
        await courier.submit(found)
        await courier.before_backup()
        saved = office.path.read_bytes()
        await courier.after_backup()
    office.path.write_bytes(saved)
    office.modem.absent = False
    async with office.at_work() as courier:
        await asyncio.sleep(HOUR)
        # Young enough to be a crash in the middle of a backup.
        assert office.states_of(found)[-1] is State.SENT
    office.path.write_bytes(saved)
    office.clock_jump += 86400 * 1_000_000 * (office.now() - office.now()).resolution
    async with office.at_work() as courier:
        await asyncio.sleep(HOUR)
        assert await courier.retry(None) == 0
        assert courier.status.mail.held == {Reason.RESTORED}
        assert await courier.settle_restored(send=True) == 1
        assert await office.ended(found) is State.SENT
