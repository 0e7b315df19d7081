"""Whatever the modem does at any step, no email is doubled and no report is wrong."""

import asyncio
from collections.abc import Generator
import itertools

import pytest

from custom_components.quectel_smtp.delivery.courier import (
    Courier,
    DeliveryError,
    Report,
    Settings,
)
from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.modem.port import PortSettings
from custom_components.quectel_smtp.modem.smtp import Result
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.fault_model import Action, Fault, Moment
from tests.virtual_modem.observations import Phase
from tests.virtual_modem.tests.mail_server import MailServer

from .bench import HOST, PDP, SERVER

STEPS = (
    "ATE0",
    "CPIN\\?",
    "CEREG\\?",
    "QICSGP=",
    "QIACT=",
    'QSMTPCFG="smtpserver"',
    'QSMTPCFG="account"',
    "QSMTPCLR",
    "QSMTPDST=1",
    "QSMTPSUB=",
    "QSMTPBODY=",
    "QSMTPPUT=",
)
URC = '+QIURC: "pdpdeact",7'


def faults_at(step: str) -> list[Fault]:
    """Return what may happen at one command."""
    return [
        Fault(Action.REBOOT, step),
        Fault(Action.REBOOT, step, Moment.AFTER_FINAL),
        Fault(Action.HANGUP, step, seconds=0.2),
        Fault(Action.DROP, step, Moment.BEFORE_FINAL),
        Fault(Action.DROP, step, Moment.RECEIPT),
        Fault(Action.ERROR, step, code=0),
        Fault(Action.URC, step, Moment.LINE, text=URC),
        Fault(Action.URC, step, Moment.OUTPUT, offset=3, text=URC),
        Fault(Action.NOISE, step, Moment.LINE, size=200),
        Fault(Action.CHOP, step, Moment.LINE, size=1, seconds=0.001),
        Fault(Action.GLUE, step, seconds=0.2),
        Fault(Action.DELAY, step, Moment.BEFORE_FINAL, seconds=2.5),
        Fault(Action.PDPDEACT, step),
    ]


DATA_FAULTS = [
    Fault(action, "QSMTPBODY=", moment, offset=4, seconds=0.2)
    for action, moment in itertools.product(
        (Action.REBOOT, Action.HANGUP, Action.DROP, Action.PDPDEACT),
        (Moment.BEFORE_CONNECT, Moment.AFTER_CONNECT, Moment.MID_DATA),
    )
    if (action, moment)
    not in {
        (Action.DROP, Moment.AFTER_CONNECT),
        (Action.DROP, Moment.MID_DATA),
    }
]
PUT_FAULTS = [
    Fault(Action.REBOOT, "QSMTPPUT=", Moment.BEFORE_RESULT),
    Fault(Action.HANGUP, "QSMTPPUT=", Moment.BEFORE_RESULT, seconds=0.2),
    Fault(Action.HANGUP, "QSMTPPUT=", Moment.AFTER_FINAL, seconds=0.2),
    Fault(Action.RESULT, "QSMTPPUT=", Moment.BEFORE_RESULT, code=654),
    Fault(Action.RESULT, "QSMTPPUT=", Moment.BEFORE_RESULT, code=799),
    Fault(Action.RESULT_FIRST, "QSMTPPUT="),
    Fault(Action.URC, "QSMTPPUT=", Moment.BEFORE_RESULT, text=URC),
    Fault(Action.DELAY, "QSMTPPUT=", Moment.BEFORE_RESULT, seconds=1),
    Fault(Action.REBOOT, "QSMTPPUT=", Moment.AFTER_RESULT),
]
EVERY = [
    *(fault for step in STEPS for fault in faults_at(step)),
    *DATA_FAULTS,
    *PUT_FAULTS,
]
# One step of each kind for every change, all of them in the long run.
ALWAYS = [
    *faults_at("QSMTPSUB="),
    *DATA_FAULTS,
    *PUT_FAULTS,
    *(Fault(Action.REBOOT, step) for step in STEPS),
]
EVERY = [fault for fault in EVERY if fault not in ALWAYS]


def name(fault: Fault) -> str:
    """Return a fault's name for the report."""
    return f"{fault.command} {fault.moment.value} {fault.action.value} {fault.code}"


@pytest.fixture
def server() -> Generator[MailServer]:
    """Give a mail server in a thread of its own."""
    with MailServer() as running:
        yield running


async def submit(courier: Courier, subject: str) -> Report:
    """Send an email, and return the report whatever it says."""
    email = Email(subject, "Body", ("a@example.com",))
    try:
        return await courier.submit(email)
    except DeliveryError as err:
        return err.report


def accepted(server: MailServer, subject: str) -> int:
    """Return how often the server took the email."""
    mark = f"Subject: {subject}\r\n".encode()
    return sum(mark in (mail.original_content or b"") for mail in server.received)


async def until_connected(courier: Courier) -> None:
    """Wait until the modem's port is open again."""
    changed = asyncio.Event()
    undo = courier.watch(changed.set)
    while not courier.status.connected:
        changed.clear()
        await changed.wait()
    undo()


def check(report: Report, copies: int) -> None:
    """Check that a report tells the truth, and that there is no second copy."""
    if report.outcome is None or report.outcome.result is Result.REFUSED:
        assert copies == 0
    elif report.outcome.result is Result.SENT:
        assert copies == 1
    else:
        assert copies <= 1


async def suffer(fault: Fault, server: MailServer, warm: bool) -> None:
    """Send through the fault, then once more without it."""
    async with VirtualModem(hosts={HOST: {25: server.port}}) as virtual:
        courier = Courier(Settings(PortSettings(virtual.port), PDP, SERVER))
        if warm:
            courier.start()
            assert (await submit(courier, "before")).outcome is not None
        virtual.fault(fault)
        if not warm:
            courier.start()
        report = await submit(courier, "through")
        # A modem that restarts takes its time: whoever sends then is told.
        sent = None
        if report.outcome is not None and report.outcome.result is Result.UNKNOWN:
            # Nothing else is sent until the modem has restarted, or five minutes on.
            await until_connected(courier)
            virtual.reboot()
        while sent is not Result.SENT:
            await until_connected(courier)
            last = await submit(courier, "after")
            sent = None if last.outcome is None else last.outcome.result
        await courier.stop()
        check(report, accepted(server, "through"))
        assert accepted(server, "after") == 1
        # Nothing of an email ever stood where commands are read.
        for seen in virtual.commands():
            # A data mode that nobody knew of may take the beginning of our greeting.
            ours = "ATQ0V1E0".endswith(seen.line) or not seen.line.strip("+")
            assert ours or seen.line.upper().startswith("AT")
            assert "Body" not in seen.line
        assert not any(
            b"Body" in stray.data
            for stray in virtual.strays()
            if stray.phase not in (Phase.OFF, Phase.BOOTING)
        )


@pytest.mark.parametrize("fault", ALWAYS, ids=name)
async def test_a_fault_at_a_cold_send_costs_no_more_than_its_email(
    fault: Fault, server: MailServer
) -> None:
    await suffer(fault, server, warm=False)


@pytest.mark.parametrize("fault", [*DATA_FAULTS[:3], *PUT_FAULTS], ids=name)
async def test_a_fault_at_a_warm_send_costs_no_more_than_its_email(
    fault: Fault, server: MailServer
) -> None:
    await suffer(fault, server, warm=True)


# One of them waits for a result that is lost for good: five minutes and a quarter.
@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", EVERY, ids=name)
async def test_every_fault_at_every_step_costs_no_more_than_its_email(
    fault: Fault, server: MailServer
) -> None:
    await suffer(fault, server, warm=False)


async def test_a_result_that_comes_after_reconnecting_settles_nobody_elses_email(
    server: MailServer,
) -> None:
    async with VirtualModem(hosts={HOST: {25: server.port}}) as virtual:
        courier = Courier(Settings(PortSettings(virtual.port), PDP, SERVER))
        courier.start()
        await submit(courier, "before")
        server.manners.replies["DATA"] = "554 refused"
        virtual.fault(Fault(Action.DELAY, "QSMTPPUT=", Moment.BEFORE_RESULT, seconds=3))
        first = asyncio.create_task(submit(courier, "first"))
        await virtual.wait_for_command("QSMTPPUT=", count=2)
        # The modem has the server's refusal by now, or will: the port goes first.
        virtual.hangup(seconds=0.2)
        report = await first
        assert report.outcome is not None
        assert report.outcome.result is Result.UNKNOWN
        server.manners.replies.clear()
        # The refusal of the first arrives while the second waits.
        await until_connected(courier)
        second = await submit(courier, "second")
        await courier.stop()
        assert second.outcome is not None
        assert second.outcome.result is Result.SENT
        assert accepted(server, "first") == 0
        assert accepted(server, "second") == 1
