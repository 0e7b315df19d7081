"""The ladder is climbed rung by rung, in order, and no faster than is good for it."""

import asyncio
from itertools import pairwise

import pytest

from custom_components.quectel_smtp.delivery.errors import OutboxWriteError
from custom_components.quectel_smtp.delivery.records import Wear
from custom_components.quectel_smtp.delivery.rules.policy import delay
from custom_components.quectel_smtp.delivery.rules.recovery import Recovery, Rung
from custom_components.quectel_smtp.modem.at.codes import TcpError
from custom_components.quectel_smtp.modem.at.errors import (
    CommandError,
    ModemError,
    NoAnswerError,
    NotRegisteredError,
    PdpError,
    PortLostError,
    PukRequiredError,
    RegistrationDeniedError,
    SimFailureError,
    SimMissingError,
)
from custom_components.quectel_smtp.modem.modem import Modem
from custom_components.quectel_smtp.modem.network.pdp import PdpSettings, PdpState
from tests.modem.scripted_modem import ScriptedModem
from tests.modem.scripted_port import ERROR, OK, Answer, frame
from tests.modem.virtual_time import virtual_time

PDP = PdpSettings("internet")
RESTART = b"\r\nRDY\r\n"
DAY = 24 * 3600.0
RADIO = ["AT+CFUN=4", "AT+CFUN=1"]
REBOOT = "AT+CFUN=1,1"
WEARS = {"AT+CFUN=4", REBOOT}
REFUSED = PdpError(TcpError.NOT_ALLOWED)


def now() -> float:
    """Return the time, on the clock that recovery is told."""
    return asyncio.get_running_loop().time()


class Bench:
    """A modem in service whose emails fail, and what recovery does to it."""

    def __init__(self) -> None:
        """Begin at the bottom of the ladder."""
        self.scripted = ScriptedModem()
        self.scripted.answers |= {
            "AT+CFUN?": frame("+CFUN: 1"),
            REBOOT: OK + RESTART,
        }
        self.saved: list[Wear] = []
        self.modem: Modem = self.scripted.modem()
        self.recovery = Recovery(Wear(), self.save)

    async def save(self, wear: Wear) -> None:
        """Keep the wear, as the outbox does."""
        self.saved.append(wear)

    async def open(self) -> None:
        """Bring the modem's data connection up."""
        await self.modem.open()
        await self.modem.activate(PDP)

    def fail(self, times: int, error: ModemError | None = None) -> None:
        """Have attempts fail, without mending in between."""
        for _ in range(times):
            self.recovery.failed(error)

    async def mend(self, at: float | None = None) -> list[str]:
        """Mend, and return the commands that it took."""
        before = len(self.scripted.lines)
        await self.recovery.mend(self.modem, PDP, now() if at is None else at)
        return self.scripted.lines[before:]

    def rung(self) -> Rung:
        """Return the rung that is to be taken, or was."""
        return self.recovery.rung

    def exhausted(self) -> bool:
        """Whether a person is asked."""
        return self.recovery.exhausted

    def restart(self) -> None:
        """Begin with what was saved, as after a restart of the host."""
        self.recovery = Recovery(self.saved[-1] if self.saved else Wear(), self.save)


async def opened() -> Bench:
    """Return a bench whose modem is in service."""
    bench = Bench()
    await bench.open()
    return bench


# The rungs.


@virtual_time
async def test_a_login_that_was_refused_is_resent_over_a_new_connection() -> None:
    bench = await opened()
    bench.recovery.renew()
    assert bench.rung() is Rung.CONTEXT
    assert "AT+QIDEACT=1" in await bench.mend()
    assert await bench.mend() == []


@virtual_time
async def test_one_who_insists_gets_the_last_rung_once_and_only_where_it_fails() -> (
    None
):
    bench = await opened()
    bench.recovery.insist()
    assert await bench.mend() == []
    bench.fail(1)
    bench.recovery.insist()
    assert REBOOT in await bench.mend()
    bench.recovery.insist()
    assert await bench.mend() == []


@virtual_time
async def test_each_restart_of_the_ladder_is_told() -> None:
    bench, told = await opened(), 0

    async def restarted() -> None:
        nonlocal told
        told += 1

    bench.recovery = Recovery(Wear(), bench.save, restarted)
    bench.fail(1)
    bench.recovery.insist()
    await bench.mend()
    assert await bench.recovery.reboot(bench.modem, now())
    assert told == 2


@virtual_time
async def test_each_rung_is_taken_only_when_the_one_before_it_has_failed() -> None:
    bench = await opened()
    assert await bench.mend() == []
    taken = []
    for _ in range(6):
        bench.fail(1)
        rung = bench.rung()
        lines = await bench.mend()
        if bench.modem.pdp_state is not PdpState.ACTIVE:
            await bench.modem.activate(PDP)
        taken.append((rung, lines))
    rungs, did = zip(*taken, strict=True)
    assert rungs == (
        Rung.RESEND,
        Rung.CONTEXT,
        Rung.CHECKS,
        Rung.DATA_MODE,
        Rung.REBOOT,
        Rung.REBOOT,
    )
    assert did[0] == []
    assert did[1] == ["AT+QIDEACT=1"]
    assert did[2] == [
        "AT+CFUN?",
        "AT+CPIN?",
        "AT+QICSGP=1",
        "AT+CGATT?",
        "AT+CEREG?",
        "AT+COPS?",
        "AT+CSQ",
        "AT+CGACT?",
    ]
    # No data mode was stuck: the radio's turn came at once.
    assert "ATQ0V1E0" in did[3]
    assert [line for line in did[3] if "CFUN" in line] == RADIO
    assert did[4] == did[5] == [REBOOT]


@virtual_time
async def test_a_data_mode_that_was_stuck_is_all_that_is_mended_then() -> None:
    bench = await opened()
    bench.fail(4)
    bench.scripted.port.enter_data_mode()
    assert not WEARS & set(await bench.mend())
    assert bench.rung() is Rung.DATA_MODE
    assert await bench.modem.sim_state() == "ready"
    bench.fail(1)
    assert bench.rung() is Rung.RADIO


@pytest.mark.parametrize("failures", [2, 3, 4, 5, 6])
@virtual_time
async def test_a_rung_is_taken_once_until_the_next_failure(failures: int) -> None:
    bench = await opened()
    bench.fail(failures)
    assert await bench.mend() != []
    assert await bench.mend() == []


@virtual_time
async def test_a_sent_email_leads_back_to_the_bottom() -> None:
    bench = await opened()
    bench.fail(6)
    await bench.mend()
    await bench.recovery.worked()
    assert bench.rung() is Rung.RESEND
    assert [len(wear.reboots) for wear in bench.saved] == [1, 0]
    assert [len(wear.times) for wear in bench.saved] == [1, 1]
    await bench.recovery.worked()
    assert len(bench.saved) == 2
    bench.fail(1)
    assert await bench.mend() == []


@virtual_time
async def test_a_context_that_can_not_be_deactivated_is_none_the_less_tried() -> None:
    bench = await opened()
    bench.scripted.answers["AT+QIDEACT=1"] = [ERROR, OK]
    bench.fail(2)
    assert (await bench.mend())[0] == "AT+QIDEACT=1"
    await bench.modem.activate(PDP)
    assert bench.scripted.lines[-3] == "AT+QIDEACT=1"


@pytest.mark.parametrize("failures", [2, 3, 4, 5, 6])
@virtual_time
async def test_without_a_port_no_rung_can_be_taken(failures: int) -> None:
    bench = await opened()
    bench.fail(failures)
    bench.scripted.port.lose(None)
    if failures == 2:
        # Without a port no context is up.
        await asyncio.sleep(1)
        assert await bench.mend() == []
        return
    with pytest.raises(PortLostError):
        await bench.mend()
    await bench.open()
    assert await bench.mend() != []


@virtual_time
async def test_the_first_ladder_is_climbed_within_five_minutes() -> None:
    """However long the retry plan's pauses turn out."""
    bench = await opened()
    start = now()
    failures = 0
    while REBOOT not in bench.scripted.lines:
        await bench.mend()
        failures += 1
        bench.fail(1)
        await asyncio.sleep(delay(failures, 1.0))
    assert now() - start - delay(failures, 1.0) < 300


# The checks.


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"\r\n+CME ERROR: 10\r\n", SimMissingError),
        (b"\r\n+CME ERROR: 13\r\n", SimFailureError),
        (frame("+CPIN: SIM PUK"), PukRequiredError),
    ],
)
@virtual_time
async def test_a_sim_that_is_not_usable_is_told(
    answer: Answer, error: type[Exception]
) -> None:
    bench = await opened()
    bench.scripted.answers["AT+CPIN?"] = answer
    bench.fail(3)
    with pytest.raises(error):
        await bench.mend()


@pytest.mark.parametrize("failures", [3, 4])
@virtual_time
async def test_a_pin_is_never_sent_but_the_modem_brought_into_service_anew(
    failures: int,
) -> None:
    bench = await opened()
    bench.scripted.answers["AT+CPIN?"] = frame("+CPIN: SIM PIN")
    bench.fail(failures)
    boot = bench.modem.boot
    lines = await bench.mend()
    assert not any(line.startswith("AT+CPIN=") for line in lines)
    assert bench.modem.boot != boot
    assert bench.modem.pdp_state is PdpState.INACTIVE


@pytest.mark.parametrize(
    ("answer", "error"),
    [("+CEREG: 0,2", NotRegisteredError), ("+CEREG: 0,3", RegistrationDeniedError)],
)
@virtual_time
async def test_a_modem_without_a_network_is_told(
    answer: str, error: type[Exception]
) -> None:
    bench = await opened()
    bench.scripted.answers["AT+CEREG?"] = frame(answer)
    bench.scripted.answers["AT+CGREG?"] = frame(answer.replace("E", "G"))
    bench.scripted.answers["AT+CREG?"] = frame(answer.replace("CE", "C"))
    bench.fail(3)
    start = now()
    with pytest.raises(error):
        await bench.mend()
    assert 25 < now() - start < 40


@pytest.mark.parametrize("answer", [OK, ERROR])
@virtual_time
async def test_a_modem_that_is_not_attached_is(answer: bytes) -> None:
    bench = await opened()
    bench.scripted.answers |= {"AT+CGATT?": frame("+CGATT: 0"), "AT+CGATT=1": answer}
    bench.fail(3)
    lines = await bench.mend()
    assert lines.index("AT+CGATT=1") < lines.index("AT+CEREG?")


@pytest.mark.parametrize(
    ("error", "contexts", "released"),
    [
        (REFUSED, (9,), [9]),
        (REFUSED, (1, 9), [9]),
        (REFUSED, (), []),
        (PdpError(TcpError.PDP_BROKEN), (1, 2, 9), []),
        (REFUSED, (2, 9), [9]),
        (PdpError(None), (1, 2, 3, 9), [9]),
        (None, (2, 9), []),
        (None, (2, 3, 9), [9]),
        (None, (2, 3, 4, 9), [9]),
    ],
)
@virtual_time
async def test_one_of_the_others_contexts_is_released_where_they_are_in_the_way(
    error: ModemError | None, contexts: tuple[int, ...], released: list[int]
) -> None:
    bench = await opened()
    bench.scripted.answers["AT+CGACT?"] = frame(
        "+CGACT: 7,0", *(f"+CGACT: {place},1" for place in contexts)
    )
    for place in released[:1]:
        bench.scripted.answers[f"AT+CGACT=0,{place}"] = ERROR
    bench.fail(3, error)
    lines = await bench.mend()
    assert [line for line in lines if line.startswith("AT+CGACT=0,")] == [
        f"AT+CGACT=0,{place}" for place in released
    ]


@virtual_time
async def test_our_context_is_released_where_someone_else_has_activated_it() -> None:
    bench = await opened()
    await bench.modem.deactivate()
    bench.scripted.answers["AT+CGACT?"] = frame("+CGACT: 1,1", "+CGACT: 2,1")
    bench.scripted.answers["AT+CGATT?"] = [frame("+CGATT: 1"), frame("+CGATT: 0")]
    bench.fail(3, PdpError(TcpError.PDP_BROKEN))
    assert (await bench.mend())[-4:] == [
        "AT+CGACT?",
        "AT+CGACT=0,1",
        "AT+CGATT?",
        "AT+CGATT=1",
    ]
    # Not where it was no activation that failed.
    bench.recovery = Recovery(Wear(), bench.save)
    bench.fail(3)
    assert (await bench.mend())[-1] == "AT+CGACT?"


@virtual_time
async def test_a_firmware_that_lists_no_contexts_is_left_alone() -> None:
    bench = await opened()
    bench.scripted.answers["AT+CGACT?"] = ERROR
    bench.fail(3, REFUSED)
    assert (await bench.mend())[-1] == "AT+CGACT?"


@virtual_time
async def test_a_radio_that_someone_left_off_is_turned_on() -> None:
    bench = await opened()
    bench.scripted.answers["AT+CFUN?"] = frame("+CFUN: 4")
    bench.fail(3)
    assert "AT+CFUN=1" in await bench.mend()
    assert len(bench.saved[-1].times) == 1


# Radio and reboot.


@virtual_time
async def test_a_radio_that_refuses_to_go_off_is_turned_on_all_the_same() -> None:
    bench = await opened()
    bench.scripted.answers["AT+CFUN=4"] = ERROR
    bench.fail(4)
    assert "AT+CFUN=1" in await bench.mend()


@virtual_time
async def test_a_radio_that_finds_no_network_again_is_told() -> None:
    bench = await opened()
    bench.scripted.answers["AT+CEREG?"] = frame("+CEREG: 0,0")
    bench.fail(4)
    with pytest.raises(NotRegisteredError):
        await bench.mend()
    bench.fail(1)
    assert bench.rung() is Rung.REBOOT


@pytest.mark.parametrize(
    ("failures", "answer", "error"),
    [(4, None, NoAnswerError), (6, None, NoAnswerError), (6, ERROR, CommandError)],
)
@virtual_time
async def test_what_the_modem_does_not_do_is_told_and_counted(
    failures: int, answer: Answer, error: type[Exception]
) -> None:
    bench = await opened()
    bench.scripted.answers |= {"AT+CFUN=4": answer, REBOOT: answer}
    bench.fail(failures)
    with pytest.raises(error):
        await bench.mend()
    assert len(bench.saved[-1].times) == 1


@pytest.mark.parametrize("failures", [4, 6])
@virtual_time
async def test_wear_is_saved_before_the_command_or_the_command_not_sent(
    failures: int,
) -> None:
    bench = await opened()
    before: list[str] = []

    async def save(wear: Wear) -> None:
        before.extend(bench.scripted.lines)

    async def fail(wear: Wear) -> None:
        raise OutboxWriteError

    bench.recovery = Recovery(Wear(), fail)
    bench.fail(failures)
    with pytest.raises(OutboxWriteError):
        await bench.mend()
    assert not WEARS & set(bench.scripted.lines)
    bench.recovery = Recovery(Wear(), save)
    bench.fail(failures)
    assert WEARS & set(await bench.mend())
    assert not WEARS & set(before)


@virtual_time
async def test_the_modem_is_rebooted_where_that_alone_helps() -> None:
    bench = await opened()
    at = now()
    for _ in range(3):
        assert bench.recovery.may_reboot(at)
        assert await bench.recovery.reboot(bench.modem, at)
    assert not await bench.recovery.reboot(bench.modem, at)
    assert bench.scripted.lines.count(REBOOT) == 3
    assert bench.recovery.next_reboot(at) == 600
    assert bench.recovery.next_reboot(at + 599) == 1
    assert bench.recovery.next_reboot(at + 700) == 0
    assert bench.rung() is Rung.RESEND
    assert len(bench.saved[-1].reboots) == 3


@virtual_time
async def test_where_a_reboot_is_not_allowed_yet_the_cheaper_rungs_are_taken() -> None:
    bench = await opened()
    bench.fail(6)
    for _ in range(3):
        assert (await bench.mend(5000))[-1] == REBOOT
        bench.fail(1)
    await bench.modem.activate(PDP)
    lines = await bench.mend(5599)
    assert lines[0] == "AT+QIDEACT=1"
    assert lines[-1] == "AT+CGACT?"
    assert not WEARS & set(lines)
    bench.fail(1)
    assert (await bench.mend(5600))[-1] == REBOOT


@pytest.mark.parametrize("every", [300.0, 1234.5])
@pytest.mark.parametrize("host_restarts", [False, True])
@virtual_time
async def test_reboots_are_paced_over_days(every: float, host_restarts: bool) -> None:
    bench = await opened()
    reboots: list[float] = []
    operations: list[float] = []
    count, at = 0, 1000.0
    while at < 1000.0 + 3 * DAY:
        bench.fail(1)
        lines = await bench.mend(at)
        operations += [at for line in lines if line in WEARS]
        reboots += [at for line in lines if line == REBOOT]
        count += 1
        if host_restarts and count % 7 == 0:
            bench.restart()
            bench.fail(6)
        at += every
    pauses = [after - before for before, after in pairwise(reboots)]
    assert pauses[0] < 3600
    assert pauses[2] >= 600
    assert pauses[3] >= 1800
    assert all(pause >= 3600 for pause in pauses[4:])
    # It goes on, as long as it takes.
    assert max(pauses) < 3 * 3600
    for first in operations:
        assert sum(first <= time < first + DAY for time in operations) <= 30
    assert bench.exhausted()


@virtual_time
async def test_thirty_operations_a_day_are_the_most_whatever_they_are() -> None:
    times = tuple(100.0 * index for index in range(29))
    bench = await opened()
    bench.recovery = Recovery(Wear(times), bench.save)
    assert not bench.exhausted()
    bench.fail(4)
    assert "AT+CFUN=4" in await bench.mend(5000)
    assert bench.exhausted()
    assert bench.recovery.next_reboot(5000) == DAY - 5000
    bench.fail(1)
    assert not WEARS & set(await bench.mend(5000))
    # Neither radio nor reboot, nor the radio that someone left off.
    await bench.recovery.worked()
    bench.scripted.answers["AT+CFUN?"] = frame("+CFUN: 4")
    bench.fail(4)
    lines = await bench.mend(5000)
    assert not {*WEARS, "AT+CFUN=1"} & set(lines)
    assert bench.rung() is Rung.RADIO
    bench.fail(1)
    assert not bench.recovery.may_reboot(DAY - 1)
    assert await bench.mend(DAY) == [REBOOT]
    assert bench.exhausted()
    assert bench.recovery.may_reboot(DAY + 100)
    assert not bench.exhausted()


@virtual_time
async def test_six_reboots_in_a_row_that_helped_nothing_ask_for_a_person() -> None:
    bench = await opened()
    bench.fail(6)
    at = 1000.0
    for count in range(1, 9):
        at += bench.recovery.next_reboot(at)
        assert (await bench.mend(at))[-1] == REBOOT
        assert bench.exhausted() is (count >= 6)
        bench.fail(1)
    bench.restart()
    assert bench.exhausted()
    assert bench.recovery.next_reboot(at) == 3600
    await bench.recovery.worked()
    assert not bench.exhausted()
    assert bench.recovery.may_reboot(at)
