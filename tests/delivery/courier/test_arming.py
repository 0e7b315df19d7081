"""What every email needs is told to the modem before there is one."""

import asyncio
from dataclasses import replace
import logging
from pathlib import Path
from typing import Any

import pytest

from custom_components.quectel_smtp.delivery.courier.courier import Courier
from custom_components.quectel_smtp.delivery.courier.module import ModuleCarrier
from custom_components.quectel_smtp.delivery.records import Options, State, Way
from custom_components.quectel_smtp.modem.network.pdp import PdpSettings, PdpState
from tests.delivery.bench import OPEN_LINE, PUT_LINE, Office, email
from tests.modem.scripted_modem import MARK_LINE
from tests.modem.scripted_port import ERROR, OK, Late
from tests.modem.virtual_time import virtual_time

ACCOUNT = 'AT+QSMTPCFG="account","u","p"'
SENDER = 'AT+QSMTPCFG="sender","Home","h@example.com"'
STARTED = 10.0
"""Seconds in which a modem that answers is in service, and told."""
HOUR = 3600.0
PDPDEACT = b'\r\n+QIURC: "pdpdeact",1\r\n'
LOGIN_REFUSED = OK + b"\r\n+QSMTPPUT: 677,535\r\n"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Return a courier's surroundings."""
    return Office(tmp_path)


def choose(office: Office, **options: Any) -> None:
    """Have these options from the start."""
    office.settings = replace(office.settings, options=Options(**options))


def heard(office: Office, beginning: str) -> list[str]:
    """The commands that begin so."""
    return [line for line in office.modem.lines if line.startswith(beginning)]


def pdp_of(courier: Courier) -> PdpState:
    """What is shown of the data connection."""
    return courier.status.pdp


@virtual_time
async def test_a_modem_in_service_is_told_the_account_before_there_is_an_email(
    office: Office,
) -> None:
    async with office.at_work():
        await asyncio.sleep(HOUR)
        assert heard(office, ACCOUNT) == [ACCOUNT]
        assert heard(office, SENDER) == [SENDER]
        assert heard(office, "AT+QSMTPCLR") == ["AT+QSMTPCLR"]
        assert not heard(office, "AT+QIACT=")


@virtual_time
async def test_an_email_then_costs_its_own_commands_and_the_activation(
    office: Office,
) -> None:
    async with office.at_work() as courier:
        await asyncio.sleep(STARTED)
        before = len(office.modem.lines)
        assert await office.send(email()) is State.SENT
        await office.until(lambda: courier.status.mail.waiting == 0)
        names = [line[3:].split("=")[0] for line in office.modem.lines[before:]]
        assert names[: names.index("QSMTPPUT") + 1] == [
            "QIACT?",
            "QICSGP",
            "QIACT",
            "QSMTPDST",
            "QSMTPSUB",
            "QSMTPBODY",
            "QSMTPPUT",
        ]


@virtual_time
async def test_a_modem_that_has_restarted_is_told_again(office: Office) -> None:
    async with office.at_work():
        await asyncio.sleep(STARTED)
        office.modem.restart()
        await asyncio.sleep(STARTED)
        assert heard(office, ACCOUNT) == [ACCOUNT, ACCOUNT]


@virtual_time
async def test_another_account_is_told_as_soon_as_it_is_known(office: Office) -> None:
    async with office.at_work() as courier:
        await asyncio.sleep(STARTED)
        server = replace(office.settings.server, username="v")
        courier.update(replace(office.settings, server=server))
        await asyncio.sleep(STARTED)
        assert heard(office, 'AT+QSMTPCFG="account"')[1:] == [
            'AT+QSMTPCFG="account","v","p"'
        ]


@virtual_time
async def test_the_mail_client_of_the_modem_is_told_nothing_where_none_goes_by_it(
    office: Office,
) -> None:
    choose(office, way=Way.STREAM)
    office.modem.answers["AT+QISEND=?"] = OK
    async with office.at_work():
        await asyncio.sleep(HOUR)
        assert not heard(office, "AT+QSMTP")
        assert not heard(office, "AT+QFUPL")
        # What its own mail client needs of the modem, and takes no connection.
        assert heard(office, "AT+QISDE") == ["AT+QISDE=0"]
        assert not heard(office, "AT+QIOPEN")


@virtual_time
async def test_a_module_without_a_mail_client_is_told_nothing_for_one(
    office: Office,
) -> None:
    office.modem.answers["AT+QSMTPCFG=?"] = ERROR
    office.modem.answers["AT+QSMTPSRV=?"] = ERROR
    async with office.at_work() as courier:
        await asyncio.sleep(HOUR)
        assert heard(office, "AT+QSMTP") == ["AT+QSMTPCFG=?", "AT+QSMTPSRV=?"]
        assert courier.status.trouble is None


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        # One that can't be used, refuses, and is deaf.
        ("AT+QSMTPSRV=?", OK),
        (ACCOUNT, b"\r\n+CME ERROR: 50\r\n"),
        (ACCOUNT, None),
    ],
)
@virtual_time
async def test_what_fails_is_no_failure_and_is_not_repeated(
    office: Office, line: str, answer: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    office.modem.answers[line] = answer
    if line == "AT+QSMTPSRV=?":
        office.modem.answers["AT+QSMTPCFG=?"] = ERROR
    async with office.at_work() as courier:
        await asyncio.sleep(24 * HOUR)
        assert heard(office, line) == [line]
        assert not heard(office, SENDER)
        assert courier.status.trouble is None
        assert courier.status.connected
        assert not [one for one in caplog.records if one.levelno > logging.INFO]
        assert "The modem is not told what emails need" in caplog.text


@virtual_time
async def test_a_defect_of_ours_is_told_once_and_keeps_nothing_from_going(
    office: Office, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ModuleCarrier, "arm", fail)
    async with office.at_work() as courier:
        await asyncio.sleep(HOUR)
        assert caplog.text.count("Unexpected error") == 1
        assert courier.status.trouble is None
        assert await office.send(email()) is State.SENT


@virtual_time
async def test_an_email_that_comes_meanwhile_waits_for_the_one_command_that_runs(
    office: Office,
) -> None:
    office.modem.answers[ACCOUNT] = [Late(0.25, OK)]
    async with office.at_work():
        await office.until(lambda: heard(office, ACCOUNT))
        assert await office.send(email()) is State.SENT
        lines = office.modem.lines
        # Neither cut off, which would ask what the modem still answers; nor followed.
        assert lines[lines.index(ACCOUNT) + 1] == "AT+QIACT?"
        assert heard(office, SENDER) == [SENDER]
        # Nothing is left to be told.
        before = len(lines)
        await asyncio.sleep(HOUR / 4)
        assert not heard(office, ACCOUNT)[2:]
        assert len(office.modem.lines) == before


@virtual_time
async def test_nothing_is_told_while_an_email_waits(office: Office) -> None:
    choose(office, per_hour=1)
    async with office.at_work() as courier:
        assert await office.send(email()) is State.SENT
        await courier.submit(email("Second"))
        await office.until(lambda: State.DEFERRED in office.states)
        count = len(heard(office, ACCOUNT))
        office.modem.restart()
        await asyncio.sleep(STARTED)
        assert courier.status.network is not None
        assert len(heard(office, ACCOUNT)) == count
        await courier.cancel(None)
        await asyncio.sleep(STARTED)
        assert len(heard(office, ACCOUNT)) == count + 1


@virtual_time
async def test_nothing_is_told_while_an_email_is_unsettled(office: Office) -> None:
    office.modem.answers[PUT_LINE] = OK
    courier = await office.open()
    courier.start()
    await courier.submit(email())
    await office.until(lambda: office.modem.sends == 1)
    await courier.close()
    before = len(heard(office, "AT+QSMTPCFG"))
    async with office.at_work():
        await asyncio.sleep(100)
        assert len(heard(office, "AT+QSMTPCFG")) == before


@virtual_time
async def test_nothing_is_told_while_the_port_is_lent_and_all_afterwards(
    office: Office,
) -> None:
    office.modem.answers[ACCOUNT] = [Late(0.25, OK)]
    async with office.at_work() as courier:
        await office.until(lambda: heard(office, ACCOUNT))
        # Whoever asks for it waits for one command, too.
        async with courier.lend():
            assert office.modem.lines[-1] == ACCOUNT
            count = len(office.modem.lines)
            await asyncio.sleep(HOUR)
            assert len(office.modem.lines) == count
        await asyncio.sleep(STARTED)
        assert heard(office, SENDER) == [SENDER]


@virtual_time
async def test_a_courier_may_be_stopped_meanwhile(office: Office) -> None:
    office.modem.answers[ACCOUNT] = [Late(400, OK)]
    courier = await office.open()
    courier.start()
    await office.until(lambda: heard(office, ACCOUNT))
    async with asyncio.timeout(1):
        await courier.close()


# With a data connection that stays.


@virtual_time
async def test_a_data_connection_that_stays_is_up_before_there_is_an_email(
    office: Office,
) -> None:
    choose(office, idle=0.0)
    async with office.at_work() as courier:
        await asyncio.sleep(STARTED)
        assert pdp_of(courier) is PdpState.ACTIVE
        before = len(office.modem.lines)
        assert await office.send(email()) is State.SENT
        assert office.modem.lines[before].startswith("AT+QSMTPDST")
        await asyncio.sleep(24 * HOUR)
        assert heard(office, "AT+QIACT=") == ["AT+QIACT=1"]


@pytest.mark.parametrize("way", Way)
@virtual_time
async def test_it_is_brought_back_whenever_it_falls(office: Office, way: Way) -> None:
    choose(office, idle=0.0, way=way)
    async with office.at_work() as courier:
        await asyncio.sleep(STARTED)
        for count in (2, 3, 4):
            await asyncio.sleep(HOUR)
            office.modem.port.receive(PDPDEACT)
            assert pdp_of(courier) is PdpState.INACTIVE
            await asyncio.sleep(STARTED)
            assert pdp_of(courier) is PdpState.ACTIVE
            assert len(heard(office, "AT+QIACT=")) == count
        # However often it restarts.
        for _ in range(5):
            office.modem.restart()
            await asyncio.sleep(STARTED)
            assert pdp_of(courier) is PdpState.ACTIVE
        assert not heard(office, OPEN_LINE)


@virtual_time
async def test_it_is_brought_back_while_an_email_needs_a_person(office: Office) -> None:
    choose(office, idle=0.0)
    office.modem.answers[PUT_LINE] = LOGIN_REFUSED
    async with office.at_work() as courier:
        await courier.submit(email())
        await office.until(lambda: State.HELD in office.states)
        await asyncio.sleep(STARTED)
        tries = office.modem.sends
        office.modem.port.receive(PDPDEACT)
        assert pdp_of(courier) is PdpState.INACTIVE
        await asyncio.sleep(STARTED)
        assert pdp_of(courier) is PdpState.ACTIVE
        assert office.modem.sends == tries


@virtual_time
async def test_one_that_a_look_finds_gone_is_brought_back(office: Office) -> None:
    choose(office, idle=0.0)
    async with office.at_work() as courier:
        await asyncio.sleep(HOUR)
        # Its radio was turned off and on by somebody else; nothing told of it.
        office.modem.answers["AT+QIACT?"] = OK
        await courier.poll()
        await asyncio.sleep(STARTED)
        assert pdp_of(courier) is PdpState.ACTIVE
        assert len(heard(office, "AT+QIACT=")) == 2


@virtual_time
async def test_one_that_the_network_refuses_is_tried_ever_more_rarely(
    office: Office,
) -> None:
    choose(office, idle=0.0)
    office.modem.answers["AT+QIACT=1"] = ERROR
    async with office.at_work() as courier:
        await asyncio.sleep(HOUR)
        assert pdp_of(courier) is PdpState.FAILED
        assert courier.status.trouble is None
        first = len(heard(office, "AT+QIACT="))
        assert 5 < first < 12
        await asyncio.sleep(24 * HOUR)
        # Every quarter of an hour, more or less.
        assert 24 * 3 < len(heard(office, "AT+QIACT=")) - first < 24 * 6
        office.modem.answers["AT+QIACT=1"] = OK
        await asyncio.sleep(HOUR / 2)
        assert pdp_of(courier) is PdpState.ACTIVE


@virtual_time
async def test_one_that_falls_at_once_is_not_brought_back_at_every_fall(
    office: Office,
) -> None:
    choose(office, idle=0.0)

    def fall() -> bytes:
        return OK + PDPDEACT

    office.modem.answers["AT+QIACT=1"] = fall
    async with office.at_work():
        await asyncio.sleep(HOUR)
        assert len(heard(office, "AT+QIACT=")) < 12


@virtual_time
async def test_it_is_tried_at_once_where_the_network_is_back(office: Office) -> None:
    choose(office, idle=0.0)
    async with office.at_work() as courier:
        await asyncio.sleep(HOUR)
        office.modem.answers["AT+QIACT=1"] = ERROR
        office.modem.answers["AT+CEREG?"] = b"\r\n+CEREG: 0,2\r\n" + OK
        office.modem.port.receive(PDPDEACT)
        for _ in range(180):
            await asyncio.sleep(60)
            await courier.poll()
        office.modem.answers["AT+QIACT=1"] = OK
        office.modem.answers["AT+CEREG?"] = b"\r\n+CEREG: 0,1\r\n" + OK
        await courier.poll()
        await asyncio.sleep(1)
        assert pdp_of(courier) is PdpState.ACTIVE


@virtual_time
async def test_it_is_tried_at_once_with_another_apn(office: Office) -> None:
    choose(office, idle=0.0)
    office.modem.answers["AT+QIACT=1"] = ERROR
    async with office.at_work() as courier:
        await asyncio.sleep(3 * HOUR)
        office.modem.answers["AT+QIACT=1"] = OK
        courier.update(replace(office.settings, pdp=PdpSettings("other")))
        await asyncio.sleep(STARTED)
        assert pdp_of(courier) is PdpState.ACTIVE


@virtual_time
async def test_the_apn_is_written_once_in_a_boot(office: Office) -> None:
    choose(office, idle=0.0)
    office.modem.answers["AT+QIACT=1"] = ERROR
    async with office.at_work():
        await asyncio.sleep(12 * HOUR)
        assert len(heard(office, "AT+QIACT=")) > 30
        assert len(heard(office, 'AT+QICSGP=1,1,"internet"')) == 1


@virtual_time
async def test_no_data_connection_comes_back_while_an_email_waits(
    office: Office,
) -> None:
    choose(office, idle=0.0, per_hour=1)
    async with office.at_work() as courier:
        assert await office.send(email()) is State.SENT
        await courier.submit(email("Second"))
        await office.until(lambda: State.DEFERRED in office.states)
        count = len(heard(office, "AT+QIACT="))
        office.modem.port.receive(PDPDEACT)
        await asyncio.sleep(STARTED)
        assert len(heard(office, "AT+QIACT=")) == count


@virtual_time
async def test_a_boot_gets_its_mark_before_there_is_an_email(office: Office) -> None:
    async with office.at_work():
        await asyncio.sleep(STARTED)
        assert len(heard(office, f"{MARK_LINE},")) == 1
