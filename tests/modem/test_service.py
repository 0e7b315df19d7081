"""A modem is brought into service without ever risking its SIM."""

import asyncio

import pytest

from custom_components.quectel_smtp.modem.at.errors import (
    NetworkLockedError,
    NoAnswerError,
    NotRegisteredError,
    PinRefusedError,
    PinRequiredError,
    PinTriesExhaustingError,
    PinUnjudgedError,
    PukRequiredError,
    RegistrationDeniedError,
    SimFailureError,
    SimMissingError,
    SimNotReadyError,
)
from custom_components.quectel_smtp.modem.modem import Modem
from custom_components.quectel_smtp.modem.network.sim import (
    CONFIRMED_TRIES_KEPT,
    SimState,
)
from custom_components.quectel_smtp.modem.network.status import Registration
from custom_components.quectel_smtp.modem.service import (
    await_registration,
    settle,
    unlock,
)

from .scripted_modem import ScriptedModem
from .scripted_port import ERROR, OK, Answer, Late, frame
from .virtual_time import virtual_time

PIN_LINE = 'AT+CPIN="1234"'


def locked(tries: int | None = 3) -> ScriptedModem:
    """Return a modem whose SIM wants its PIN 1234."""
    bench = ScriptedModem()
    bench.answers["AT+CPIN?"] = frame("+CPIN: SIM PIN")
    if tries is not None:
        bench.answers['AT+QPINC="SC"'] = frame(f'+QPINC: "SC",{tries},10')
    bench.answers["AT+QCCID"] = frame("+QCCID: 8986001")

    def accept() -> bytes:
        bench.answers["AT+CPIN?"] = [
            b"\r\n+CME ERROR: 14\r\n",
            frame("+CPIN: READY"),
        ]
        return OK

    bench.answers[PIN_LINE] = accept
    return bench


async def opened(bench: ScriptedModem) -> Modem:
    """Return an open modem on ``bench``."""
    modem = bench.modem()
    await modem.open()
    return modem


@virtual_time
async def test_a_sim_without_pin_needs_nothing() -> None:
    bench = ScriptedModem()
    bench.answers["AT+CPIN?"] = [b"\r\n+CME ERROR: 14\r\n", frame("+CPIN: READY")]
    await unlock(await opened(bench), None, None)
    assert PIN_LINE not in bench.lines


@pytest.mark.parametrize("iccid", ["8986001", None])
@virtual_time
async def test_the_pin_unlocks_its_own_sim(iccid: str | None) -> None:
    bench = locked()
    await unlock(await opened(bench), "1234", iccid)
    assert bench.lines.count(PIN_LINE) == 1


@pytest.mark.parametrize(
    ("pin", "iccid"), [(None, None), ("1234", "8986999")], ids=["no PIN", "other SIM"]
)
@virtual_time
async def test_without_a_pin_for_this_sim_it_is_asked_for(
    pin: str | None, iccid: str | None
) -> None:
    bench = locked()
    with pytest.raises(PinRequiredError) as caught:
        await unlock(await opened(bench), pin, iccid)
    assert caught.value.tries == 3
    assert PIN_LINE not in bench.lines


@virtual_time
async def test_two_tries_left_are_kept_for_the_owner() -> None:
    bench = locked(tries=2)
    with pytest.raises(PinTriesExhaustingError):
        await unlock(await opened(bench), "1234", None)
    assert PIN_LINE not in bench.lines


@virtual_time
async def test_a_sim_is_awaited_until_it_says_what_it_waits_for() -> None:
    bench = locked()
    bench.answers["AT+CPIN?"] = [b"\r\n+CME ERROR: 14\r\n", frame("+CPIN: SIM PIN")]
    assert await settle(await opened(bench)) is SimState.PIN_REQUIRED
    assert PIN_LINE not in bench.lines


@virtual_time
async def test_a_person_may_risk_the_second_try_and_never_the_last_one() -> None:
    bench = locked(tries=2)
    await unlock(await opened(bench), "1234", None, CONFIRMED_TRIES_KEPT)
    assert bench.lines.count(PIN_LINE) == 1
    bench = locked(tries=1)
    with pytest.raises(PinTriesExhaustingError):
        await unlock(await opened(bench), "1234", None, CONFIRMED_TRIES_KEPT)
    assert PIN_LINE not in bench.lines


@virtual_time
async def test_a_refused_pin_is_told_with_the_tries_left() -> None:
    bench = locked()
    bench.answers[PIN_LINE] = b"\r\n+CME ERROR: 16\r\n"
    with pytest.raises(PinRefusedError):
        await unlock(await opened(bench), "1234", None)
    assert bench.lines.count(PIN_LINE) == 1


@virtual_time
async def test_a_modem_that_does_not_tell_the_tries_is_trusted_once() -> None:
    bench = locked(tries=None)
    bench.answers['AT+QPINC="SC"'] = b"\r\nERROR\r\n"
    await unlock(await opened(bench), "1234", None)
    assert bench.lines.count(PIN_LINE) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"\r\n+CME ERROR: 10\r\n", SimMissingError),
        (b"\r\n+CME ERROR: 13\r\n", SimFailureError),
        (b"\r\n+CME ERROR: 14\r\n", SimNotReadyError),
        (frame("+CPIN: SIM PUK"), PukRequiredError),
        (frame("+CPIN: NO SIM"), SimMissingError),
        (frame("+CPIN: PH-NET PIN"), NetworkLockedError),
        (frame("+CPIN: SOMETHING"), SimFailureError),
    ],
)
@virtual_time
async def test_a_sim_that_no_pin_helps_says_why(
    answer: bytes, error: type[Exception]
) -> None:
    bench = ScriptedModem()
    bench.answers["AT+CPIN?"] = answer
    with pytest.raises(error):
        await unlock(await opened(bench), "1234", None)


@pytest.mark.parametrize("code", ["PIN2", "PUK2"])
@virtual_time
async def test_a_sim_that_asks_for_its_second_pin_serves(code: str) -> None:
    bench = ScriptedModem()
    bench.answers["AT+CPIN?"] = frame(f"+CPIN: SIM {code}")
    await unlock(await opened(bench), None, None)


NOT_YET = [
    b"\r\n+CME ERROR: 10\r\n",
    b"\r\n+CME ERROR: 13\r\n",
    b"\r\n+CME ERROR: 14\r\n",
    b"\r\n+CME ERROR: 3\r\n",
    ERROR,
    frame("+CPIN: NOT READY"),
]


@virtual_time
async def test_a_sim_is_judged_only_once_the_modem_has_had_time_to_find_it() -> None:
    bench = ScriptedModem()
    bench.answers["AT+CPIN?"] = [*NOT_YET * 3, frame("+CPIN: READY")]
    modem = await opened(bench)
    await unlock(modem, None, None)
    # It restarts hours later.
    await asyncio.sleep(10_000)
    bench.restart()
    bench.answers["AT+CPIN?"] = [*NOT_YET * 3, frame("+CPIN: READY")]
    await unlock(modem, None, None)


@virtual_time
async def test_a_sim_that_goes_missing_later_is_told_at_once() -> None:
    bench = ScriptedModem()
    modem = await opened(bench)
    opened_just_now = modem.starting
    await asyncio.sleep(30)
    assert (opened_just_now, modem.starting) == (True, False)
    bench.answers["AT+CPIN?"] = b"\r\n+CME ERROR: 10\r\n"
    with pytest.raises(SimMissingError):
        await unlock(modem, None, None)
    assert bench.lines.count("AT+CPIN?") == 1


@virtual_time
async def test_a_sim_that_the_radio_takes_along_is_waited_for() -> None:
    bench = ScriptedModem()
    modem = await opened(bench)
    await asyncio.sleep(30)
    await modem.set_radio(False)
    await modem.set_radio(True)
    bench.answers["AT+CPIN?"] = [*NOT_YET, frame("+CPIN: READY")]
    await unlock(modem, None, None)


@pytest.mark.parametrize("code", [3, 14, 20, 100, 515])
@virtual_time
async def test_a_pin_is_sent_again_once_the_sim_looks_at_it(code: int) -> None:
    bench = locked()
    accept = bench.answers[PIN_LINE]
    assert callable(accept)
    entries = iter([f"\r\n+CME ERROR: {code}\r\n".encode()] * 2)
    bench.answers[PIN_LINE] = lambda: next(entries, None) or accept()
    await unlock(await opened(bench), "1234", None)
    assert bench.lines.count(PIN_LINE) == 3


@virtual_time
async def test_a_pin_that_no_sim_looks_at_is_given_up_and_may_be_tried_later() -> None:
    bench = locked()
    bench.answers[PIN_LINE] = b"\r\n+CME ERROR: 14\r\n"
    with pytest.raises(SimNotReadyError):
        await unlock(await opened(bench), "1234", None)


@virtual_time
async def test_a_pin_that_cost_a_try_is_never_sent_again() -> None:
    bench = locked()
    bench.answers['AT+QPINC="SC"'] = [
        frame(f'+QPINC: "SC",{tries},10') for tries in (3, 3, 2, 2, 2)
    ]
    bench.answers[PIN_LINE] = b"\r\n+CME ERROR: 100\r\n"
    modem = await opened(bench)
    with pytest.raises(PinRefusedError):
        await unlock(modem, "1234", None)
    with pytest.raises(PinTriesExhaustingError):
        await unlock(modem, "1234", None)
    assert bench.lines.count(PIN_LINE) == 1


@virtual_time
async def test_a_sim_that_never_gets_ready_is_a_failure() -> None:
    bench = locked()
    bench.answers[PIN_LINE] = OK
    with pytest.raises(SimFailureError):
        await unlock(await opened(bench), "1234", None)
    assert bench.lines.count(PIN_LINE) == 1


def tells_no_tries() -> ScriptedModem:
    """Return a modem whose SIM wants its PIN, and that doesn't count the tries."""
    bench = locked(tries=None)
    bench.answers['AT+QPINC="SC"'] = ERROR
    return bench


@pytest.mark.parametrize(
    "answer",
    [Late(8, b"\r\n+CME ERROR: 16\r\n"), None, b"\r\nRDY\r\n", OK],
    ids=["late", "none", "restart", "taken, it says"],
)
@virtual_time
async def test_a_pin_whose_end_nobody_knows_is_a_person_s_to_give_again(
    answer: Answer,
) -> None:
    bench = tells_no_tries()
    bench.answers[PIN_LINE] = answer
    with pytest.raises(PinUnjudgedError):
        await unlock(await opened(bench), "1234", None)
    assert bench.lines.count(PIN_LINE) == 1


@virtual_time
async def test_a_port_that_goes_with_the_pin_leaves_it_to_a_person() -> None:
    bench = tells_no_tries()

    def go() -> None:
        bench.port.lose(OSError())

    bench.answers[PIN_LINE] = go
    with pytest.raises(PinUnjudgedError):
        await unlock(await opened(bench), "1234", None)


@virtual_time
async def test_a_pin_that_got_no_answer_costs_one_try_at_most() -> None:
    bench = locked()
    bench.answers['AT+QPINC="SC"'] = [
        *[frame('+QPINC: "SC",3,10')] * 2,
        frame('+QPINC: "SC",2,10'),
    ]
    bench.answers[PIN_LINE] = None
    modem = await opened(bench)
    with pytest.raises(NoAnswerError):
        await unlock(modem, "1234", None)
    with pytest.raises(PinTriesExhaustingError):
        await unlock(modem, "1234", None)
    assert bench.lines.count(PIN_LINE) == 1


@virtual_time
async def test_registration_is_waited_for() -> None:
    bench = ScriptedModem()
    bench.answers["AT+CEREG?"] = [frame("+CEREG: 0,2"), frame("+CEREG: 0,5")]
    bench.answers["AT+CGREG?"] = bench.answers["AT+CREG?"] = frame("+C: 0,0")
    network = await await_registration(await opened(bench), 60)
    assert network.registration is Registration.ROAMING


@pytest.mark.parametrize(
    ("stat", "error"), [(2, NotRegisteredError), (3, RegistrationDeniedError)]
)
@virtual_time
async def test_registration_that_never_comes_says_why(
    stat: int, error: type[Exception]
) -> None:
    bench = ScriptedModem()
    for name in ("CEREG", "CGREG", "CREG"):
        bench.answers[f"AT+{name}?"] = frame(f"+{name}: 0,{stat}")
    with pytest.raises(error):
        await await_registration(await opened(bench), 60)
