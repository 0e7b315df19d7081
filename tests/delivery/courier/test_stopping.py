"""Stopping at any moment throws no result away, and makes no doubt where there is none."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
import gc
from pathlib import Path
from typing import Any, override
import warnings

import pytest

from custom_components.quectel_smtp.delivery.courier.courier import Courier
from custom_components.quectel_smtp.delivery.errors import OutboxWriteError
from custom_components.quectel_smtp.delivery.records import Options, State, Way
from custom_components.quectel_smtp.modem.at.errors import ModemError
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.modem import Modem
from tests.delivery.bench import (
    HOST,
    PUT_LINE,
    RESTARTED,
    SENT,
    SETTINGS,
    WORDING,
    InlineExecutor,
    LaggingExecutor,
    Office,
    email,
)
from tests.modem.scripted_port import OK
from tests.modem.virtual_time import virtual_time
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.fault_model import Action, Fault, Moment

# More than there are between a result and its record on disk.
TICKS = range(40)
RESULT = b"\r\n+QSMTPPUT: 0,250\r\n"


class SlowDisk(InlineExecutor):
    """Does its work at once, or not before it is let go on."""

    def __init__(self) -> None:
        """Hold nothing up."""
        self._stuck: list[tuple[Callable[[], Any], Future[Any]]] | None = None

    def hold(self) -> None:
        """Do nothing from now on."""
        self._stuck = []

    def go_on(self) -> None:
        """Do what has come meanwhile, in order."""
        stuck, self._stuck = self._stuck or [], None
        for work, future in stuck:
            try:
                future.set_result(work())
            except BaseException as err:  # noqa: BLE001  # the future passes it on
                future.set_exception(err)

    @override
    def submit[**P, T](
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        if self._stuck is None:
            return super().submit(fn, *args, **kwargs)
        future: Future[T] = Future()
        self._stuck.append((lambda: fn(*args, **kwargs), future))
        return future


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Return a courier's office with an empty outbox, on a disk that takes its time."""
    found = Office(tmp_path)
    found.executor = LaggingExecutor()
    return found


async def turns(ticks: int) -> None:
    """Let the event loop go round so often."""
    for _ in range(ticks):
        await asyncio.sleep(0)


async def was_sent_once(office: Office, found: Any) -> None:
    """Start anew, and hold what becomes of the email against the one that left."""
    office.modem.answers[PUT_LINE] = SENT
    async with office.at_work():
        assert await office.ended(found) is State.SENT
        assert office.modem.sends == 1
        assert "AT+CFUN=1,1" not in office.modem.lines


@pytest.mark.parametrize("ticks", TICKS)
@virtual_time
async def test_a_result_that_was_read_when_we_stop_is_kept(
    office: Office, ticks: int
) -> None:
    office.modem.answers[PUT_LINE] = OK
    found = email()
    async with office.at_work() as courier:
        await courier.submit(found)
        await office.until(lambda: office.modem.sends == 1)
        office.modem.port.receive(RESULT)
        await turns(ticks)
    await was_sent_once(office, found)


@pytest.mark.parametrize("ticks", TICKS)
@virtual_time
async def test_a_late_result_that_was_read_when_we_stop_is_kept(
    office: Office, ticks: int
) -> None:
    office.modem.answers[PUT_LINE] = OK
    found = email()
    async with office.at_work() as courier:
        await courier.submit(found)
        await office.until(lambda: office.modem.sends == 1)
    async with office.at_work():
        await office.until(lambda: len(office.modem.ports) == 2)
        await asyncio.sleep(50)
        office.modem.port.receive(RESULT)
        await turns(ticks)
    await was_sent_once(office, found)


@virtual_time
async def test_a_result_is_kept_where_the_disk_is_slow_to_take_it(
    office: Office,
) -> None:
    disk = office.executor = SlowDisk()
    office.modem.answers[PUT_LINE] = OK
    found = email()
    async with office.at_work() as courier:
        await courier.submit(found)
        await office.until(lambda: office.modem.sends == 1)
        disk.hold()
        office.modem.port.receive(RESULT)
        stopping = asyncio.create_task(courier.stop())
        await asyncio.sleep(2)
        disk.go_on()
        await stopping
    await was_sent_once(office, found)


@pytest.mark.parametrize("ticks", TICKS)
@virtual_time
async def test_stopping_in_the_moment_of_the_intent_makes_no_doubt(
    office: Office, ticks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()
    begin = office.outbox.begin

    def begin_and_tell(*args: Any) -> bool:
        begun.set()
        return begin(*args)

    found = email()
    async with office.at_work() as courier:
        begin = office.outbox.begin
        monkeypatch.setattr(office.outbox, "begin", begin_and_tell)
        await courier.submit(found)
        await begun.wait()
        await turns(ticks)
    await was_sent_once(office, found)
    assert "(possible repeat)" not in office.modem.bodies[-1]


@virtual_time
async def test_an_intent_that_the_disk_took_too_late_is_withdrawn(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = office.executor = SlowDisk()
    marked = asyncio.Event()
    found = email()
    async with office.at_work() as courier:
        take = office.modem.take_body

        def take_and_tell(data: bytes) -> bytes:
            disk.hold()
            marked.set()
            return take(data)

        monkeypatch.setattr(office.modem, "take_body", take_and_tell)
        await courier.submit(found)
        await marked.wait()
        stopping = asyncio.create_task(courier.close())
        # Longer than we wait for anything.
        await asyncio.sleep(30)
        disk.go_on()
        await stopping
        assert office.modem.sends == 0
    monkeypatch.undo()
    start = asyncio.get_running_loop().time()
    await was_sent_once(office, found)
    assert asyncio.get_running_loop().time() - start < 60
    assert "(possible repeat)" not in office.modem.bodies[-1]
    assert office.states_of(found) == [State.QUEUED, State.SENT]


@virtual_time
async def test_an_intent_is_withdrawn_where_the_modem_restarts_before_it_takes_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says nothing any more, so that we stop before the email was handed over."""
    found = email()
    begun = asyncio.Event()
    async with office.at_work() as courier:
        await office.until(lambda: courier.status.network)
        begin = office.outbox.begin

        def begin_and_restart(*args: Any) -> bool:
            taken = begin(*args)
            office.modem.answers["ATE0"] = None
            office.modem.port.channel.data_received(RESTARTED)
            begun.set()
            return taken

        monkeypatch.setattr(office.outbox, "begin", begin_and_restart)
        monkeypatch.setattr(
            "custom_components.quectel_smtp.delivery.courier.worker.STOP_PATIENCE", 0.01
        )
        await courier.submit(found)
        await begun.wait()
    monkeypatch.undo()
    office.modem.answers["ATE0"] = OK
    await was_sent_once(office, found)
    assert "(possible repeat)" not in office.modem.bodies[-1]


@virtual_time
async def test_an_intent_that_could_not_be_written_is_none(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office.at_work() as courier:
        await office.until(lambda: courier.status.network)

        def fail(*_: Any) -> bool:
            monkeypatch.undo()
            raise OutboxWriteError("disk I/O error")

        monkeypatch.setattr(office.outbox, "begin", fail)
        found = email()
        assert await office.send(found) is State.SENT
        assert office.modem.sends == 1
        assert "(possible repeat)" not in office.modem.bodies[-1]


@virtual_time
async def test_a_flood_does_not_keep_us_from_stopping(office: Office) -> None:
    office.executor = LaggingExecutor()
    accepted = 0

    async def flood() -> None:
        nonlocal accepted
        while accepted < 1000:
            await office.courier.submit(email("The same again"))
            accepted += 1

    async with office.at_work() as courier:
        await office.until(lambda: courier.status.network)
        flooding = asyncio.create_task(flood())
        while not accepted:
            await asyncio.sleep(0)
        await courier.stop()
        assert accepted < 1000
        flooding.cancel()


@virtual_time
async def test_a_loop_that_ends_at_any_step_leaves_nothing_that_was_not_begun(
    office: Office,
) -> None:
    """All its tasks are cancelled then, those among them that have not begun yet."""
    for steps in range(30):
        courier = await office.open()
        courier.start()
        await office.until(lambda: office.courier.status.network)
        await office.idle()
        await courier.submit(email(f"Mail {steps}"))
        for _ in range(steps):
            await asyncio.sleep(0)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        with warnings.catch_warnings(record=True) as told:
            await asyncio.sleep(1)
            gc.collect()
        await courier.close()
        assert [str(one.message) for one in told] == []


@virtual_time
async def test_no_timer_is_left_once_it_is_closed(tmp_path: Path) -> None:
    office = Office(tmp_path, shown_apart=0.5)
    async with office.at_work() as courier:
        await courier.submit(email())
    loop = asyncio.get_running_loop()
    left = loop._scheduled  # type: ignore[attr-defined]  # noqa: SLF001  # no other way
    assert [timer for timer in left if not timer.cancelled()] == []


@pytest.mark.parametrize(
    "silence",
    [
        Fault(Action.DROP, "QICLOSE", Moment.BEFORE_FINAL, times=0),
        Fault(Action.SILENCE, "QISTATE", Moment.BEFORE_FINAL),
    ],
    ids=["while_it_closes", "already"],
)
async def test_a_stream_over_a_silent_modem_holds_no_stop_up(
    tmp_path: Path, silence: Fault
) -> None:
    # It takes the connection, and says nothing.
    loop = asyncio.get_running_loop()
    server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with (
        server,
        VirtualModem(hosts={HOST: {25: port}}, faults=[silence]) as virtual,
    ):
        settings = replace(
            SETTINGS,
            port=PortSettings(virtual.port),
            imei=None,
            options=Options(way=Way.STREAM),
        )
        courier = Courier(settings, tmp_path / "outbox.db", WORDING)
        await courier.open()
        courier.start()
        await courier.submit(email())
        await virtual.wait_for_command("QISTATE")
        async with asyncio.timeout(5.0):
            await courier.close()


@virtual_time
async def test_who_uses_a_silent_modem_meanwhile_holds_no_stop_up(
    office: Office,
) -> None:
    """The check of an account, for one."""

    async def use(modem: Modem) -> None:
        office.modem.port.silent = True
        try:
            await modem.activate(office.settings.pdp)
        finally:
            # As a connection is closed.
            await modem.restart()

    courier = await office.open()
    courier.start()
    await office.until(lambda: courier.status.network)
    await office.idle()
    using = asyncio.create_task(courier.while_idle(use))
    await office.until(lambda: office.modem.port.silent)
    await asyncio.sleep(1)
    began = asyncio.get_running_loop().time()
    await courier.close()
    assert asyncio.get_running_loop().time() - began <= 5.0
    with pytest.raises(ModemError):
        await using
