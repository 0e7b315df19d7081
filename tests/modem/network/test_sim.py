"""What the SIM waits for is read, and its PIN is entered no time too often."""

import pytest

from custom_components.quectel_smtp.modem.at.errors import (
    InvalidValueError,
    PinRefusedError,
    PinTriesExhaustingError,
    PinUnjudgedError,
    PukRequiredError,
    SimFailureError,
    SimMissingError,
    SimNotReadyError,
)
from custom_components.quectel_smtp.modem.network import sim
from custom_components.quectel_smtp.modem.network.sim import SimState
from tests.modem.scripted_port import (
    ERROR,
    OK,
    ScriptedPort,
    answering,
    cme,
    frame,
    open_port,
)
from tests.modem.virtual_time import virtual_time


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (frame("+CPIN: READY"), SimState.READY),
        (frame("+CPIN: SIM PIN"), SimState.PIN_REQUIRED),
        (frame("+CPIN: SIM PUK"), SimState.PUK_REQUIRED),
        (frame("+CPIN: NOT INSERTED"), SimState.MISSING),
        (frame("+CPIN: NO SIM"), SimState.MISSING),
        (frame("+CPIN: NOT READY"), SimState.BUSY),
        (frame("+CPIN: PH-NET PIN"), SimState.NETWORK_LOCKED),
        (frame("+CPIN: PH-SIM PIN"), SimState.NETWORK_LOCKED),
        (frame("+CPIN: SIM PIN2"), SimState.PIN2_REQUIRED),
        (frame("+CPIN: SIM PUK2"), SimState.PUK2_REQUIRED),
        (frame("+CPIN: SOMETHING"), SimState.UNKNOWN),
        (OK, SimState.UNKNOWN),
        (ERROR, SimState.MISSING),
        (cme(10), SimState.MISSING),
        (cme("SIM not inserted"), SimState.MISSING),
        (cme(11), SimState.PIN_REQUIRED),
        (cme(12), SimState.PUK_REQUIRED),
        (cme(13), SimState.FAILURE),
        (cme(15), SimState.FAILURE),
        (cme(14), SimState.BUSY),
        (cme(3), SimState.BUSY),
        (cme(515), SimState.BUSY),
        (cme(17), SimState.PIN2_REQUIRED),
        (cme(18), SimState.PUK2_REQUIRED),
        *((cme(code), SimState.NETWORK_LOCKED) for code in (5, 6, 7, *range(40, 48))),
    ],
)
@virtual_time
async def test_the_sims_state_is_read_from_answer_or_error(
    answer: bytes, state: SimState
) -> None:
    assert await sim.state(answering(CPIN_Q=answer).channel) is state


@pytest.mark.parametrize(
    ("answer", "tries"),
    [
        (frame('+QPINC: "SC",3,10'), 3),
        (frame('+QPINC: "SC"'), None),
        (OK, None),
        (ERROR, None),
    ],
)
@virtual_time
async def test_the_tries_left_are_told_or_unknown(
    answer: bytes, tries: int | None
) -> None:
    port = open_port()
    port.answers['AT+QPINC="SC"'] = answer
    assert await sim.pin_tries(port.channel) == tries


def pin_port(tries: int, answer: bytes) -> ScriptedPort:
    """Return a port whose SIM has ``tries`` left and answers to PIN 1234."""
    port = open_port()
    port.answers['AT+QPINC="SC"'] = frame(f'+QPINC: "SC",{tries},10')
    port.answers['AT+CPIN="1234"'] = answer
    return port


@virtual_time
async def test_the_right_pin_is_sent_once() -> None:
    port = pin_port(3, OK)
    await sim.enter_pin(port.channel, "1234")
    assert port.lines.count('AT+CPIN="1234"') == 1


@pytest.mark.parametrize("tries", [0, 1, 2])
@virtual_time
async def test_no_pin_is_sent_with_two_tries_left_or_fewer(tries: int) -> None:
    port = pin_port(tries, OK)
    with pytest.raises(PinTriesExhaustingError) as caught:
        await sim.enter_pin(port.channel, "1234")
    assert caught.value.tries == tries
    assert not any("CPIN" in line for line in port.lines)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (cme(16), PinRefusedError),
        (cme("incorrect password"), PinRefusedError),
        (cme(10), SimMissingError),
        (cme(12), PukRequiredError),
        (cme(13), SimFailureError),
        *((cme(code), SimNotReadyError) for code in (3, 14, 20, 100, 515)),
        (ERROR, SimNotReadyError),
    ],
)
@virtual_time
async def test_a_pin_that_is_not_taken_says_why(
    answer: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        await sim.enter_pin(pin_port(3, answer).channel, "1234")
    assert caught.type is error


@pytest.mark.parametrize("answer", [cme(100), cme(13), ERROR])
@virtual_time
async def test_a_pin_that_costs_a_try_is_refused_whatever_the_modem_says(
    answer: bytes,
) -> None:
    port = pin_port(3, answer)
    port.answers['AT+QPINC="SC"'] = [
        frame(f'+QPINC: "SC",{tries},10') for tries in (3, 2)
    ]
    with pytest.raises(PinRefusedError) as caught:
        await sim.enter_pin(port.channel, "1234")
    assert caught.value.tries == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (cme(16), PinRefusedError),
        *((cme(code), SimNotReadyError) for code in (3, 14, 515)),
        *((cme(code), PinUnjudgedError) for code in (20, 100)),
        (ERROR, PinUnjudgedError),
    ],
)
@virtual_time
async def test_without_a_count_of_the_tries_only_what_the_modem_says_counts(
    answer: bytes, error: type[Exception]
) -> None:
    port = pin_port(3, answer)
    port.answers['AT+QPINC="SC"'] = ERROR
    with pytest.raises(error) as caught:
        await sim.enter_pin(port.channel, "1234")
    assert caught.type is error


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", '1";', "١٢٣٤"])
@virtual_time
async def test_what_is_no_pin_is_never_sent(pin: str) -> None:
    port = open_port()
    with pytest.raises(InvalidValueError):
        await sim.enter_pin(port.channel, pin)
    assert port.lines == []


@pytest.mark.parametrize(
    ("qccid", "iccid", "number"),
    [
        (frame("+QCCID: 89860012345678901234"), ERROR, "89860012345678901234"),
        (frame("+QCCID: 8986001234567890123F"), ERROR, "8986001234567890123"),
        (ERROR, frame("+ICCID: 89860012345678901234"), "89860012345678901234"),
        (OK, frame("+ICCID: 1"), "1"),
        (ERROR, ERROR, None),
    ],
)
@virtual_time
async def test_the_sims_number_is_read_by_whichever_command_the_model_has(
    qccid: bytes, iccid: bytes, number: str | None
) -> None:
    port = answering(QCCID=qccid, ICCID=iccid)
    assert await sim.iccid(port.channel) == number
