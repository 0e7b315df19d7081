"""What emails cost of the mobile plan is counted by either way, and in no email's way."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from custom_components.quectel_smtp.delivery.courier.courier import Courier
from custom_components.quectel_smtp.delivery.errors import OutboxWriteError
from custom_components.quectel_smtp.delivery.records import Options, State, Way
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.network.traffic import Traffic
from tests.delivery.bench import HOST, PUT_LINE, SENT, SETTINGS, WORDING, Office, email
from tests.modem.scripted_port import ERROR, frame
from tests.modem.virtual_time import virtual_time
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.fault_model import Action, Fault
from tests.virtual_modem.tests.mail_server import MailServer

QUESTION = "AT+QGDCNT?"


async def until(holds: Callable[[], object]) -> None:
    """Wait until something is so, in real time."""
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.02)


def shown(sent: int, received: int) -> bytes:
    """Return what a counter tells."""
    return frame(f"+QGDCNT: {sent},{received}")


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("counts", [True, False], ids=["modem", "ours"])
async def test_what_an_email_cost_is_in_the_status(
    tmp_path: Path, way: Way, counts: bool
) -> None:
    faults = [] if counts else [Fault(Action.ERROR, "QGDCNT", times=0)]
    async with (
        MailServer() as server,
        VirtualModem(hosts={HOST: {25: server.port}}, faults=faults) as virtual,
    ):
        settings = replace(
            SETTINGS,
            port=PortSettings(virtual.port),
            imei=None,
            server=replace(SETTINGS.server, username="", password=""),
            options=Options(way=way),
        )

        async def carried() -> Traffic:
            """Send an email, and return what it all cost."""
            courier = Courier(settings, tmp_path / "outbox.db", WORDING)
            await courier.open()
            before = courier.status.traffic
            courier.start()
            # What the modem counted before is none of ours.
            await until(lambda: virtual.commands("QGDCNT"))
            await courier.submit(email())
            await until(lambda: courier.status.mail.sent)
            await courier.poll()
            if counts or way is Way.STREAM:
                await until(lambda: courier.status.traffic != before)
            await courier.close()
            total = courier.status.traffic
            assert total is not None
            return total

        first, second = await carried(), await carried()
        contents = [envelope.content for envelope in server.received]
        size = min(len(content or b"") for content in contents)
        if not counts and way is Way.MODULE:
            # Nobody tells what the modem's own mail client sends.
            assert (first, second) == (Traffic(), Traffic())
            return
        assert size < first.sent < size + 400
        # It goes on where it stood before a restart of ours.
        assert first.sent + size < second.sent < first.sent + size + 400
        assert 0 < first.received < second.received
        assert not [seen for seen in virtual.commands() if "GDCNT=" in seen.line]


@virtual_time
async def test_an_email_that_waits_goes_before_anything_is_counted(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path)
    office.modem.answers[QUESTION] = [shown(5, 7), shown(105, 57)]
    async with office.at_work() as courier:
        await office.until(lambda: QUESTION in office.modem.lines)
        for subject in ("one", "two", "three"):
            await courier.submit(email(subject))
        await office.until(lambda: courier.status.mail.waiting == 0)
        await office.idle()
        await office.until(lambda: courier.status.traffic == Traffic(100, 50))
    lines = office.modem.lines
    puts = [at for at, line in enumerate(lines) if line == PUT_LINE]
    assert len(puts) == 3
    assert [at for at, line in enumerate(lines) if line == QUESTION][1:] == [
        at for at, line in enumerate(lines) if line == QUESTION and at > puts[-1]
    ]


@virtual_time
async def test_what_is_counted_costs_no_write_of_its_own(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.modem.answers[QUESTION] = [shown(count, 0) for count in range(1000)]
    async with office.at_work() as courier:
        await office.until(lambda: courier.status.network)
        before = office.path.with_name("outbox.db-wal").stat().st_size
        for _ in range(20):
            await courier.poll()
        assert office.path.with_name("outbox.db-wal").stat().st_size == before
        counted = courier.status.traffic
        assert counted is not None
        assert counted.sent >= 20
    courier = await office.open()
    assert courier.status.traffic == counted
    await courier.close()


@pytest.mark.parametrize("answer", [ERROR, None], ids=["refused", "silent"])
@virtual_time
async def test_a_modem_that_can_not_tell_sends_all_the_same(
    tmp_path: Path, answer: bytes | None
) -> None:
    office = Office(tmp_path)
    office.modem.answers[QUESTION] = answer
    office.modem.answers[PUT_LINE] = SENT
    async with office.at_work() as courier:
        await office.until(lambda: QUESTION in office.modem.lines)
        assert await office.send(email()) is State.SENT
        assert courier.status.trouble is None
        assert courier.status.traffic == Traffic()


@virtual_time
async def test_a_poll_never_fails_for_an_outbox_that_can_not_take_its_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OutboxWriteError("disk I/O error")

    office = Office(tmp_path)
    office.modem.answers[QUESTION] = [shown(count, 0) for count in range(1000)]
    async with office.at_work() as courier:
        await office.until(lambda: QUESTION in office.modem.lines)
        with monkeypatch.context() as patch:
            patch.setattr(office.outbox, "note_usage", fail)
            await courier.poll()
        counted = courier.status.traffic
        await courier.poll()
        total = courier.status.traffic
        assert counted is not None
        assert total is not None
        assert total.sent == counted.sent + 2
        assert await office.send(email()) is State.SENT
