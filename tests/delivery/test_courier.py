"""The courier sends one email after the other, and every caller learns the end."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
import itertools
from typing import Any

import pytest

from custom_components.quectel_smtp.delivery.courier import (
    Courier,
    DeliveryError,
    Pin,
    Report,
    Settings,
    Status,
)
from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.modem.codes import SmtpError
from custom_components.quectel_smtp.modem.commands import Command
from custom_components.quectel_smtp.modem.errors import (
    ModemError,
    NoAnswerError,
    NotRegisteredError,
    PdpError,
    PinRefusedError,
    PinRequiredError,
    PortLostError,
    PortNotFoundError,
    SimMissingError,
    UnexpectedError,
    WrongModemError,
)
from custom_components.quectel_smtp.modem.modem import Modem
from custom_components.quectel_smtp.modem.pdp import PdpSettings, PdpState
from custom_components.quectel_smtp.modem.port import PortSettings
from custom_components.quectel_smtp.modem.server import Security, ServerSettings
from custom_components.quectel_smtp.modem.smtp import Result
from custom_components.quectel_smtp.modem.status import SimState
from tests.modem.scripted_modem import IMEI, NOW, ScriptedModem, body
from tests.modem.scripted_port import ERROR, OK, Data, Late, frame
from tests.modem.virtual_time import virtual_time

SETTINGS = Settings(
    PortSettings("scripted"),
    PdpSettings("internet"),
    ServerSettings(
        "mail.example.com", 25, Security.NONE, "u", "p", "Home", "h@example.com"
    ),
    imei=IMEI,
)
BODY_LINE = "AT+QSMTPBODY=0,6,30"
PUT_LINE = "AT+QSMTPPUT=300"
SENT = OK + b"\r\n+QSMTPPUT: 0,250\r\n"
ACTIVE = frame('+QIACT: 1,1,1,"10.0.0.1"')


def email(subject: str = "Hello") -> Email:
    """Return an email that the bench takes."""
    return Email(subject, "Body", ("a@example.com",))


class Bench(ScriptedModem):
    """A modem that sends, and a courier on it."""

    def __init__(self) -> None:
        """Answer like a modem in service that can send."""
        super().__init__()
        self.answers[BODY_LINE] = lambda: body(6)
        self.answers[PUT_LINE] = SENT
        self.absent = False
        self.opened: list[str] = []

    async def connect(self, settings: PortSettings) -> Any:
        """Open another port, unless the modem is not there."""
        self.opened.append(settings.url)
        if self.absent:
            raise PortNotFoundError
        return await super().connect(settings)

    def make(self, port: PortSettings) -> Modem:
        """Return a modem for ``port``."""
        return Modem(port, connector=self.connect, now=lambda: NOW)

    @property
    def subjects(self) -> list[str]:
        """The subjects that were handed over, in order."""
        return [
            line.partition('"')[2].rstrip('"')
            for line in self.lines
            if line.startswith("AT+QSMTPSUB")
        ]


@asynccontextmanager
async def at_work(
    bench: Bench, settings: Settings = SETTINGS
) -> AsyncGenerator[Courier]:
    """Give a courier that works, and stop it at the end."""
    courier = Courier(settings, modem=bench.make, now=lambda: NOW)
    courier.start()
    try:
        yield courier
    finally:
        await courier.stop()


async def until_status(courier: Courier, field: str, value: object) -> Status:
    """Wait until the courier's status says so."""
    while getattr(courier.status, field) != value:
        await asyncio.sleep(0.01)
    return courier.status


async def idle(courier: Courier) -> None:
    """Wait until the courier has tidied up and does nothing."""
    async with courier._port:  # noqa: SLF001  # its turn comes when nobody works
        pass


async def failure(courier: Courier) -> Report:
    """Submit an email that is not sent, and return the report."""
    with pytest.raises(DeliveryError) as caught:
        await courier.submit(email())
    assert str(caught.value) == caught.value.report.reference
    return caught.value.report


@virtual_time
async def test_an_email_is_sent_and_reported() -> None:
    async with at_work(Bench()) as courier:
        sent = email()
        report = await courier.submit(sent)
        assert report.reference == sent.reference
        assert report.when == NOW
        assert report.outcome is not None
        assert report.outcome.result is Result.SENT
        assert courier.status.last == report
        assert courier.status.pdp is PdpState.ACTIVE


@virtual_time
async def test_emails_leave_in_the_order_they_came() -> None:
    bench = Bench()
    async with at_work(bench) as courier:
        names = [f"Mail {n}" for n in range(10)]
        await asyncio.gather(*(courier.submit(email(name)) for name in names))
        assert bench.subjects == names


@virtual_time
async def test_start_returns_at_once_and_the_modem_comes_into_service() -> None:
    bench = Bench()
    async with at_work(bench) as courier:
        assert bench.opened == []
        assert courier.status == Status()
        status = await until_status(courier, "trouble", None)
        while status.network is None:
            await asyncio.sleep(0.01)
            status = courier.status
        assert status.connected
        assert status.identity is not None
        assert status.identity.imei == IMEI
        assert status.network.operator == "TEST"


@pytest.mark.parametrize("code", [651, 665, 677, 682])
@virtual_time
async def test_an_outcome_other_than_sent_raises_with_the_report(code: int) -> None:
    bench = Bench()
    bench.answers[PUT_LINE] = OK + f"\r\n+QSMTPPUT: {code},535\r\n".encode()
    async with at_work(bench) as courier:
        report = await failure(courier)
        assert report.outcome is not None
        assert report.outcome.code is SmtpError.of(code)
        assert report.error is None
        bench.answers[PUT_LINE] = SENT
        await courier.submit(email())


@virtual_time
async def test_a_refused_recipient_is_refused_and_the_next_email_is_clean() -> None:
    bench = Bench()
    line = 'AT+QSMTPDST=1,1,"a@example.com"'
    bench.answers[line] = [ERROR, OK]
    async with at_work(bench) as courier:
        report = await failure(courier)
        assert report.outcome is not None
        assert report.outcome.result is Result.REFUSED
        await courier.submit(email())
        assert bench.lines[bench.lines.index(line) + 1] == "AT+QSMTPCLR"


@pytest.mark.parametrize(
    ("line", "answer", "error"),
    [
        ("AT+CPIN?", b"\r\n+CME ERROR: 10\r\n", SimMissingError),
        ("AT+CPIN?", frame("+CPIN: SIM PIN"), PinRequiredError),
        ("AT+QIACT=1", ERROR, PdpError),
        ("AT+CGSN", frame("861234567890199"), WrongModemError),
    ],
)
@virtual_time
async def test_what_keeps_mail_from_going_is_the_trouble_until_it_is_mended(
    line: str, answer: bytes, error: type[ModemError]
) -> None:
    bench = Bench()
    whole = bench.answers.get(line, OK)
    bench.answers[line] = answer
    bench.answers['AT+QPINC="SC"'] = frame('+QPINC: "SC",3,10')
    async with at_work(bench) as courier:
        report = await failure(courier)
        assert type(report.error) is error
        assert report.outcome is None
        assert type(courier.status.trouble) is error
        bench.answers[line] = whole
        await courier.submit(email())
        assert courier.status.trouble is None


@virtual_time
async def test_a_modem_that_is_not_there_is_looked_for_ever_more_slowly() -> None:
    bench = Bench()
    bench.absent = True
    async with at_work(bench) as courier:
        report = await failure(courier)
        assert isinstance(report.error, PortNotFoundError)
        changes: list[Status] = []
        courier.watch(lambda: changes.append(courier.status))
        await asyncio.sleep(3600)
        assert 100 < len(bench.opened) < 200
        assert changes == []
        assert isinstance(courier.status.trouble, PortNotFoundError)
        bench.absent = False
        await asyncio.sleep(60)
        assert courier.status.connected
        assert changes[-1].trouble is None
        await courier.submit(email())


@virtual_time
async def test_a_modem_that_does_not_register_is_trouble() -> None:
    bench = Bench()
    for name in ("CEREG", "CGREG", "CREG"):
        bench.answers[f"AT+{name}?"] = frame(f"+{name}: 0,2")
    async with at_work(bench) as courier:
        report = await failure(courier)
        assert isinstance(report.error, NotRegisteredError)


RESTART = b"\r\nRDY\r\n"


@pytest.mark.parametrize(
    "line",
    ["AT+QIACT=1", 'AT+QSMTPCFG="ssltype",0', 'AT+QSMTPSUB=0,"Hello"', BODY_LINE],
)
@virtual_time
async def test_a_reboot_before_the_send_costs_no_email(line: str) -> None:
    bench = Bench()
    whole = bench.answers.get(line, OK)
    restarts = iter((RESTART,))

    def answer() -> Any:
        return next(restarts, whole() if callable(whole) else whole)

    bench.answers[line] = answer
    async with at_work(bench) as courier:
        await courier.submit(email())
        assert bench.lines.count(PUT_LINE) == 1


@virtual_time
async def test_a_reboot_between_content_and_send_costs_no_email() -> None:
    bench = Bench()

    def take_and_restart(data: bytes) -> bytes:
        bench.answers[BODY_LINE] = lambda: body(6)
        loop = asyncio.get_running_loop()
        # Two reads in one turn: the content is confirmed, then the modem restarts.
        loop.call_soon(bench.port.receive, frame(f"+QSMTPBODY: {len(data)}"))
        loop.call_soon(bench.port.receive, RESTART)
        return b""

    bench.answers[BODY_LINE] = Data(6, take_and_restart)
    async with at_work(bench) as courier:
        await courier.submit(email())
        assert bench.lines.count(PUT_LINE) == 1
        assert bench.subjects == ["Hello", "Hello"]


@virtual_time
async def test_a_port_lost_before_the_send_costs_no_email() -> None:
    bench = Bench()

    def vanish() -> bytes:
        bench.answers['AT+QSMTPSUB=0,"Hello"'] = OK
        bench.port.lose(OSError(5, "gone"))
        return b""

    bench.answers['AT+QSMTPSUB=0,"Hello"'] = vanish
    async with at_work(bench) as courier:
        await courier.submit(email())
        assert len(bench.ports) == 2
        assert bench.lines.count(PUT_LINE) == 1


@virtual_time
async def test_a_modem_that_falls_silent_is_opened_anew_then_given_up() -> None:
    bench = Bench()
    async with at_work(bench) as courier:
        await courier.submit(email())
        bench.answers['AT+QSMTPSUB=0,"Hello"'] = None
        report = await failure(courier)
        assert isinstance(report.error, NoAnswerError)
        assert len(bench.ports) == 4
        bench.answers['AT+QSMTPSUB=0,"Hello"'] = OK
        await courier.submit(email())


@virtual_time
async def test_a_lost_result_is_reported_as_unknown_and_never_sent_again() -> None:
    bench = Bench()
    bench.answers[PUT_LINE] = OK
    async with at_work(bench) as courier:
        report = await failure(courier)
        assert report.outcome is not None
        assert report.outcome.result is Result.UNKNOWN
        await asyncio.sleep(3600)
        assert bench.lines.count(PUT_LINE) == 1


@virtual_time
async def test_content_that_can_not_be_cleared_does_not_hold_the_outcome() -> None:
    bench = Bench()
    async with at_work(bench) as courier:
        await courier.submit(email())
        bench.answers["AT+QSMTPCLR"] = [ERROR, OK, OK]
        await courier.submit(email())
        await courier.submit(email())
        assert bench.subjects == ["Hello"] * 3


@virtual_time
async def test_lending_waits_for_the_email_under_way_and_then_keeps_the_rest() -> None:
    bench = Bench()
    bench.answers[PUT_LINE] = [Late(50, SENT), SENT]
    async with at_work(bench) as courier:
        first = asyncio.create_task(courier.submit(email("one")))
        while PUT_LINE not in bench.lines:
            await asyncio.sleep(0.01)
        second = asyncio.create_task(courier.submit(email("two")))
        async with courier.lend():
            assert first.done()
            assert bench.port.closed
            assert not courier.status.connected
            await asyncio.sleep(100)
            assert not second.done()
        await second
        assert bench.subjects == ["one", "two"]


@virtual_time
async def test_another_server_is_used_from_the_next_email_on() -> None:
    bench = Bench()
    async with at_work(bench) as courier:
        await courier.submit(email())
        courier.update(
            replace(SETTINGS, server=replace(SETTINGS.server, host="other.example"))
        )
        await courier.submit(email())
        assert 'AT+QSMTPCFG="smtpserver","other.example",25' in bench.lines
        assert len(bench.ports) == 1


@virtual_time
async def test_another_port_is_opened_and_the_old_one_closed() -> None:
    bench = Bench()
    async with at_work(bench) as courier:
        await courier.submit(email())
        courier.update(replace(SETTINGS, port=PortSettings("other")))
        await courier.submit(email())
        assert bench.opened == ["scripted", "other"]
        assert bench.ports[0].closed


@virtual_time
async def test_a_pin_that_was_refused_is_not_sent_again_until_it_is_another() -> None:
    bench = Bench()
    bench.answers["AT+CPIN?"] = frame("+CPIN: SIM PIN")
    bench.answers['AT+QPINC="SC"'] = frame('+QPINC: "SC",5,10')
    bench.answers['AT+CPIN="1111"'] = b"\r\n+CME ERROR: 16\r\n"

    def accept() -> bytes:
        bench.answers["AT+CPIN?"] = frame("+CPIN: READY")
        return OK

    bench.answers['AT+CPIN="2222"'] = accept
    wrong = replace(SETTINGS, pin=Pin("1111", None))
    async with at_work(bench, wrong) as courier:
        report = await failure(courier)
        assert isinstance(report.error, PinRefusedError | PinRequiredError)
        await asyncio.sleep(3600)
        courier.update(wrong)
        await asyncio.sleep(3600)
        assert bench.lines.count('AT+CPIN="1111"') == 1
        courier.update(replace(SETTINGS, pin=Pin("2222", None)))
        await courier.submit(email())
        assert bench.lines.count('AT+CPIN="2222"') == 1


@virtual_time
async def test_a_poll_refreshes_network_and_context() -> None:
    bench = Bench()
    async with at_work(bench) as courier:
        await courier.submit(email())
        await idle(courier)
        bench.answers["AT+COPS?"] = frame('+COPS: 0,0,"OTHER",7')
        await courier.poll()
        assert courier.status.network is not None
        assert courier.status.network.operator == "OTHER"
        # No context is active any longer, whatever we believed.
        states = [courier.status.pdp]
        bench.answers |= {"AT+QIACT?": ACTIVE, "AT+CGACT?": frame("+CGACT: 1,1")}
        await courier.poll()
        states.append(courier.status.pdp)
        assert states == [PdpState.INACTIVE, PdpState.ACTIVE]


@virtual_time
async def test_a_poll_never_opens_a_port_and_never_waits_for_one_at_work() -> None:
    bench = Bench()
    bench.absent = True
    async with at_work(bench) as courier:
        await failure(courier)
        opened = len(bench.opened)
        await courier.poll()
        assert len(bench.opened) == opened
        bench.absent = False
        async with courier.lend():
            start = asyncio.get_running_loop().time()
            await courier.poll()
            assert asyncio.get_running_loop().time() == start


@virtual_time
async def test_a_poll_that_gets_no_answer_makes_the_port_be_opened_anew() -> None:
    bench = Bench()
    async with at_work(bench) as courier:
        await courier.submit(email())
        await idle(courier)
        bench.port.silent = True
        await courier.poll()
        await courier.submit(email())
        assert len(bench.ports) == 2


@virtual_time
async def test_a_poll_during_which_the_modem_restarts_brings_it_back() -> None:
    bench = Bench()
    async with at_work(bench) as courier:
        await courier.submit(email())
        await idle(courier)
        bench.answers["AT+CEREG?"] = [RESTART, frame("+CEREG: 0,1")]
        before = bench.lines.count("AT+CPIN?")
        await courier.poll()
        while bench.lines.count("AT+CPIN?") == before:
            await asyncio.sleep(0.01)


@virtual_time
async def test_a_modem_that_restarts_by_itself_is_brought_back_into_service() -> None:
    bench = Bench()
    async with at_work(bench) as courier:
        await courier.submit(email())
        await idle(courier)
        before = bench.lines.count("AT+CPIN?")
        bench.port.receive(RESTART)
        while bench.lines.count("AT+CPIN?") == before:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("line", ["AT+QIACT=1", PUT_LINE])
@virtual_time
async def test_a_defect_costs_its_own_email_and_no_other(
    line: str, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench()
    whole = bench.answers.get(line, OK)
    async with at_work(bench) as courier:
        await until_status(courier, "sim", SimState.READY)
        await idle(courier)
        channel = bench.port.channel
        execute = channel.execute

        async def fail(command: Command, **options: Any) -> tuple[str, ...]:
            if command.line == line:
                channel.execute = execute  # type: ignore[method-assign]  # once
                raise ZeroDivisionError
            return await execute(command, **options)

        channel.execute = fail  # type: ignore[method-assign]  # stands for a defect
        report = await failure(courier)
        if line == PUT_LINE:
            assert report.outcome is not None
            assert report.outcome.result is Result.UNKNOWN
        else:
            assert isinstance(report.error, UnexpectedError)
        assert "ZeroDivisionError" in caplog.text
        bench.answers[line] = whole
        await courier.submit(email())
        assert courier.status.trouble is None


@virtual_time
async def test_stopping_ends_what_waits_and_what_is_under_way_with_a_report() -> None:
    bench = Bench()
    bench.answers[PUT_LINE] = OK
    courier = Courier(SETTINGS, modem=bench.make, now=lambda: NOW)
    courier.start()
    tasks = [asyncio.create_task(courier.submit(email())) for _ in range(3)]
    while PUT_LINE not in bench.lines:
        await asyncio.sleep(0.01)
    await courier.stop()
    errors = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(error, DeliveryError) for error in errors)
    assert bench.port.closed


@virtual_time
async def test_an_email_stopped_after_its_send_began_is_unknown_not_failed() -> None:
    bench = Bench()
    bench.answers[PUT_LINE] = OK
    courier = Courier(SETTINGS, modem=bench.make, now=lambda: NOW)
    courier.start()
    task = asyncio.create_task(courier.submit(email()))
    while PUT_LINE not in bench.lines:
        await asyncio.sleep(0.01)
    await courier.stop()
    with pytest.raises(DeliveryError) as caught:
        await task
    assert caught.value.report.outcome is not None
    assert caught.value.report.outcome.result is Result.UNKNOWN


@virtual_time
async def test_an_email_stopped_before_its_send_began_was_not_sent() -> None:
    bench = Bench()
    bench.answers["AT+QIACT=1"] = None
    courier = Courier(SETTINGS, modem=bench.make, now=lambda: NOW)
    courier.start()
    task = asyncio.create_task(courier.submit(email()))
    while "AT+QIACT=1" not in bench.lines:
        await asyncio.sleep(0.01)
    await courier.stop()
    with pytest.raises(DeliveryError) as caught:
        await task
    assert isinstance(caught.value.report.error, PortLostError)


@virtual_time
async def test_a_port_lost_between_content_and_send_costs_no_email() -> None:
    bench = Bench()

    def take_and_vanish(data: bytes) -> bytes:
        bench.answers[BODY_LINE] = lambda: body(6)
        loop = asyncio.get_running_loop()
        # After the content was confirmed, before the next command is written.
        loop.call_soon(bench.port.receive, frame(f"+QSMTPBODY: {len(data)}"))
        loop.call_soon(bench.port.channel.connection_lost, None)
        return b""

    bench.answers[BODY_LINE] = Data(6, take_and_vanish)
    async with at_work(bench) as courier:
        await courier.submit(email())
        assert len(bench.ports) == 2
        assert bench.lines.count(PUT_LINE) == 1


@virtual_time
async def test_stopping_a_courier_that_never_started_is_fine() -> None:
    courier = Courier(SETTINGS, modem=Bench().make)
    waiting = asyncio.create_task(courier.submit(email()))
    await asyncio.sleep(0.1)
    await courier.stop()
    with pytest.raises(DeliveryError) as caught:
        await waiting
    assert isinstance(caught.value.report.error, PortLostError)
    # Nor does anyone wait who comes later.
    with pytest.raises(DeliveryError):
        await courier.submit(email())


@virtual_time
async def test_a_caller_that_gives_up_does_not_stop_its_email() -> None:
    bench = Bench()
    async with at_work(bench) as courier:
        task = asyncio.create_task(courier.submit(email()))
        await asyncio.sleep(0.001)
        task.cancel()
        while courier.status.last is None:
            await asyncio.sleep(0.01)
        assert bench.lines.count(PUT_LINE) == 1


@virtual_time
async def test_watchers_are_told_of_each_change_and_of_nothing_else() -> None:
    bench = Bench()
    async with at_work(bench) as courier:
        seen: list[Status] = []
        undo = courier.watch(lambda: seen.append(courier.status))
        await courier.submit(email())
        assert all(a != b for a, b in itertools.pairwise(seen))
        states = [status.pdp for status in seen]
        assert PdpState.ACTIVATING in states
        undo()
        count = len(seen)
        await courier.submit(email())
        assert len(seen) == count
