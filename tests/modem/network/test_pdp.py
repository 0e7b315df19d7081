"""The PDP context: its state is what the network says, and never taken on trust."""

import asyncio

import pytest

from custom_components.quectel_smtp.modem.at.codes import TcpError
from custom_components.quectel_smtp.modem.at.errors import (
    ApnMissingError,
    InvalidValueError,
    ModemRebootedError,
    NoAnswerError,
    PdpError,
    ServerNameError,
    UnexpectedAnswerError,
)
from custom_components.quectel_smtp.modem.network.dns import resolve
from custom_components.quectel_smtp.modem.network.pdp import (
    Authentication,
    PdpContext,
    PdpSettings,
    PdpState,
)
from tests.modem.scripted_port import ERROR, OK, Late, ScriptedPort, frame, open_port
from tests.modem.virtual_time import virtual_time

SETTINGS = PdpSettings("internet", "user", "secret", Authentication.CHAP)
ACTIVE = frame('+QIACT: 1,1,1,"10.7.157.1"')
PDPDEACT = b'\r\n+QIURC: "pdpdeact",1\r\n'


class Bench:
    """A context on a scripted port, and each state that it told of."""

    def __init__(self) -> None:
        """Begin with a modem that has no context active."""
        self.port: ScriptedPort = open_port()
        self.states: list[PdpState] = []
        self.context = PdpContext(self.port.channel, 1, self._changed)

    def _changed(self) -> None:
        self.states.append(self.context.state)


@virtual_time
async def test_activation_configures_and_activates_and_is_told() -> None:
    bench = Bench()
    assert not bench.context.ready
    await bench.context.activate(SETTINGS)
    assert bench.port.lines == [
        "AT+QIACT?",
        'AT+QICSGP=1,1,"internet","user","secret",2',
        "AT+QIACT=1",
    ]
    assert bench.states == [PdpState.ACTIVATING, PdpState.ACTIVE]
    assert bench.context.ready


@virtual_time
async def test_a_context_that_someone_else_left_active_is_taken_down_first() -> None:
    bench = Bench()
    bench.port.answers["AT+QIACT?"] = ACTIVE
    await bench.context.activate(SETTINGS)
    assert bench.port.lines[:2] == ["AT+QIACT?", "AT+QIDEACT=1"]
    assert bench.context.ready


OURS = frame('+QICSGP: 1,"Internet","user","secret",2')
KEPT_UP = {
    "AT+QIACT?": ACTIVE,
    "AT+CGACT?": frame("+CGACT: 1,1"),
    "AT+QICSGP=1": OURS,
    "AT+QIACT=1": ERROR,
    "AT+QIDEACT=1": ERROR,
}


@pytest.mark.parametrize(
    "known",
    [
        OURS,
        frame('+QICSGP: 3,"internet","user","****",2'),
    ],
)
@virtual_time
async def test_a_context_that_the_modem_keeps_up_with_our_apn_is_used(
    known: bytes,
) -> None:
    bench = Bench()
    bench.port.answers |= {**KEPT_UP, "AT+QICSGP=1": known}
    await bench.context.activate(SETTINGS)
    assert bench.context.ready
    # And so when it is to be activated anew, or was to be taken down.
    await bench.context.renew(SETTINGS)
    assert bench.context.ready
    with pytest.raises(PdpError):
        await bench.context.deactivate()
    await bench.context.activate(SETTINGS)
    assert bench.context.ready
    assert not any("QICSGP=1,1" in line for line in bench.port.lines)


@virtual_time
async def test_a_context_that_only_seems_to_go_is_used() -> None:
    bench = Bench()
    bench.port.answers |= {**KEPT_UP, "AT+QIDEACT=1": OK}
    await bench.context.activate(SETTINGS)
    assert bench.context.ready


@virtual_time
async def test_a_context_that_comes_up_by_itself_while_it_is_activated_is_used() -> (
    None
):
    bench = Bench()
    bench.port.answers |= {**KEPT_UP, "AT+QIACT?": [OK, ACTIVE]}
    await bench.context.activate(SETTINGS)
    assert bench.context.ready
    assert bench.port.lines.count("AT+QIACT=1") == 1


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("AT+QICSGP=1", frame('+QICSGP: 1,"other","user","secret",2')),
        ("AT+QICSGP=1", frame('+QICSGP: 1,"internet","","",0')),
        ("AT+QICSGP=1", frame('+QICSGP: 1,"internet","user","else",2')),
        ("AT+QICSGP=1", frame('+QICSGP: 1,"internet","user","secret",1')),
        ("AT+QICSGP=1", frame("+QICSGP: 1")),
        ("AT+QICSGP=1", OK),
        ("AT+QICSGP=1", ERROR),
        ("AT+QIACT?", frame("+QIACT: 1,1,1")),
        ("AT+QIACT?", ERROR),
        ("AT+CGACT?", frame("+CGACT: 1,0")),
    ],
)
@virtual_time
async def test_a_context_that_is_not_ours_is_not_used_whoever_keeps_it_up(
    line: str, answer: bytes
) -> None:
    bench = Bench()
    bench.port.answers |= {**KEPT_UP, line: answer}
    for _ in range(2):
        with pytest.raises(PdpError):
            await bench.context.activate(SETTINGS)
        assert bench.context.state is PdpState.FAILED
    # Its settings are still those that it was found with.
    assert line == "AT+QIACT?" or not any(
        "QICSGP=1,1" in line for line in bench.port.lines
    )


@virtual_time
async def test_the_network_takes_the_context_and_it_is_deactivated_before_reuse() -> (
    None
):
    bench = Bench()
    await bench.context.activate(SETTINGS)
    bench.port.receive(b'\r\n+QIURC: "pdpdeact",2\r\n')
    bench.port.receive(b'\r\n+QIURC: "pdpdeact"\r\n')
    assert bench.context.ready
    bench.port.receive(PDPDEACT)
    assert bench.context.state is PdpState.INACTIVE
    # The modem demands it although it shows no context any longer, or refuses it.
    bench.port.answers["AT+QIDEACT=1"] = ERROR
    await bench.context.activate(SETTINGS)
    assert bench.port.lines.count("AT+QIDEACT=1") == 1
    assert bench.states == [
        PdpState.ACTIVATING,
        PdpState.ACTIVE,
        PdpState.INACTIVE,
        PdpState.ACTIVATING,
        PdpState.ACTIVE,
    ]


@pytest.mark.parametrize(
    ("answer", "code", "error"),
    [
        (frame("+QIGETERROR: 561,open PDP failed"), 561, PdpError),
        (frame("+QIGETERROR: 572,not allowed"), 572, PdpError),
        (frame("+QIGETERROR: 573,no APN"), 573, ApnMissingError),
        (frame("+QIGETERROR: 573"), 573, ApnMissingError),
        (frame("+QIGETERROR: 574"), 574, PdpError),
        # Firmwares that number otherwise.
        (frame("+QIGETERROR: 573,port busy"), 574, PdpError),
        (frame("+QIGETERROR: 575,APN not configured"), 573, ApnMissingError),
        (frame("+QIGETERROR: 574,context already active"), 574, PdpError),
        (frame("+QIGETERROR: 999"), 999, PdpError),
        (frame("+QIGETERROR: x"), None, PdpError),
        (OK, None, PdpError),
        (ERROR, None, PdpError),
    ],
)
@virtual_time
async def test_a_refused_activation_carries_the_modems_reason(
    answer: bytes, code: int | None, error: type[PdpError]
) -> None:
    bench = Bench()
    bench.port.answers["AT+QIACT=1"] = ERROR
    bench.port.answers["AT+QIGETERROR"] = answer
    with pytest.raises(error) as caught:
        await bench.context.activate(SETTINGS)
    assert type(caught.value) is error
    assert caught.value.code == code
    assert bench.context.state is PdpState.FAILED
    assert not bench.context.ready


@virtual_time
async def test_an_activation_cut_off_is_failed_not_pending() -> None:
    bench = Bench()
    bench.port.answers["AT+QIACT=1"] = Late(100, OK)
    task = asyncio.create_task(bench.context.activate(SETTINGS))
    await asyncio.sleep(10)
    assert await bench.context.refresh() is PdpState.ACTIVATING
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bench.context.state is PdpState.FAILED


@virtual_time
async def test_an_activation_may_take_150_seconds() -> None:
    bench = Bench()
    bench.port.answers["AT+QIACT=1"] = Late(150, OK)
    await bench.context.activate(SETTINGS)
    assert bench.context.ready


@virtual_time
async def test_deactivation_is_told_step_by_step() -> None:
    bench = Bench()
    await bench.context.activate(SETTINGS)
    await bench.context.deactivate()
    assert bench.states[2:] == [PdpState.DEACTIVATING, PdpState.INACTIVE]
    assert bench.port.lines[-1] == "AT+QIDEACT=1"


@virtual_time
async def test_a_refused_deactivation_is_failed_with_its_reason() -> None:
    bench = Bench()
    bench.port.answers["AT+QIDEACT=1"] = ERROR
    bench.port.answers["AT+QIGETERROR"] = frame("+QIGETERROR: 562,close failed")
    with pytest.raises(PdpError) as caught:
        await bench.context.deactivate()
    assert caught.value.code is TcpError.PDP_CLOSE_FAILED
    assert bench.context.state is PdpState.FAILED


@virtual_time
async def test_a_restart_during_deactivation_is_told() -> None:
    bench = Bench()
    bench.port.answers["AT+QIDEACT=1"] = b"\r\nRDY\r\n"
    with pytest.raises(ModemRebootedError):
        await bench.context.deactivate()
    assert bench.context.state is PdpState.FAILED


@pytest.mark.parametrize(
    ("qiact", "cgact", "state"),
    [
        (ACTIVE, frame("+CGACT: 1,1", "+CGACT: 9,1"), PdpState.ACTIVE),
        (ACTIVE, ERROR, PdpState.ACTIVE),
        (ACTIVE, frame("+CGACT: 9,1"), PdpState.INACTIVE),
        (ACTIVE, frame("+CGACT: 1,0"), PdpState.INACTIVE),
        (frame('+QIACT: 1,0,1,""'), frame("+CGACT: 1,1"), PdpState.INACTIVE),
        (OK, frame("+CGACT: 1,1"), PdpState.INACTIVE),
    ],
)
@virtual_time
async def test_an_address_alone_does_not_make_the_context_active(
    qiact: bytes, cgact: bytes, state: PdpState
) -> None:
    bench = Bench()
    await bench.context.activate(SETTINGS)
    bench.port.answers |= {"AT+QIACT?": qiact, "AT+CGACT?": cgact}
    assert await bench.context.refresh() is state
    assert bench.context.ready == (state is PdpState.ACTIVE)


@virtual_time
async def test_a_context_found_active_is_shown_but_not_relied_on() -> None:
    bench = Bench()
    bench.port.answers |= {"AT+QIACT?": ACTIVE, "AT+CGACT?": frame("+CGACT: 1,1")}
    assert await bench.context.refresh() is PdpState.ACTIVE
    assert not bench.context.ready


@virtual_time
async def test_a_context_that_is_down_stays_down() -> None:
    bench = Bench()
    assert await bench.context.refresh() is PdpState.INACTIVE
    assert bench.states == []


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"apn": "x" * 101}, "apn"),
        ({"apn": "a", "username": "x" * 128}, "apn_username"),
        ({"apn": "a", "password": 'a"'}, "apn_password"),
        ({"apn": "a", "context_id": 0}, "context"),
        ({"apn": "a", "context_id": 17}, "context"),
    ],
)
def test_settings_beyond_their_limits_are_refused_by_name(
    settings: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        PdpSettings(**settings)  # type: ignore[arg-type]  # the numbers are numbers
    assert caught.value.field == field


NAME = 'AT+QIDNSGIP=1,"mail.example.com"'


@virtual_time
async def test_a_name_that_resolves_is_fine() -> None:
    port = open_port()
    port.answers[NAME] = OK + (
        b'\r\n+QIURC: "dnsgip",0,1,600\r\n\r\n+QIURC: "dnsgip","192.0.2.1"\r\n'
    )
    await resolve(port.channel, 1, "mail.example.com", 20)


@virtual_time
async def test_a_name_without_an_address_says_so() -> None:
    port = open_port()
    port.answers[NAME] = OK + b'\r\n+QIURC: "dnsgip",565\r\n'
    with pytest.raises(ServerNameError) as caught:
        await resolve(port.channel, 1, "mail.example.com", 20)
    assert caught.value.code is TcpError.DNS_FAILED


@virtual_time
async def test_a_result_that_goes_to_another_port_is_no_answer() -> None:
    with pytest.raises(NoAnswerError):
        await resolve(open_port().channel, 1, "mail.example.com", 20)


@pytest.mark.parametrize("result", ['"dnsgip"', '"dnsgip","x"'])
@virtual_time
async def test_a_result_without_a_number_is_unexpected(result: str) -> None:
    port = open_port()
    port.answers[NAME] = OK + f"\r\n+QIURC: {result}\r\n".encode()
    with pytest.raises(UnexpectedAnswerError):
        await resolve(port.channel, 1, "mail.example.com", 20)


WRITTEN = 'AT+QICSGP=1,1,"internet","user","secret",2'


@pytest.mark.parametrize(
    "known", [OURS, frame('+QICSGP: 1,"internet","user","***",2'), ERROR]
)
@virtual_time
async def test_settings_that_it_has_from_us_are_not_written_again(known: bytes) -> None:
    bench = Bench()
    bench.port.answers["AT+QICSGP=1"] = known
    for _ in range(3):
        await bench.context.activate(SETTINGS)
        bench.port.receive(PDPDEACT)
        await asyncio.sleep(1)
    assert bench.port.lines.count("AT+QIACT=1") == 3
    assert bench.port.lines.count(WRITTEN) == 1


@virtual_time
async def test_settings_that_somebody_else_has_changed_are_written_again() -> None:
    bench = Bench()
    await bench.context.activate(SETTINGS)
    bench.port.receive(PDPDEACT)
    await asyncio.sleep(1)
    bench.port.answers["AT+QICSGP=1"] = frame('+QICSGP: 1,"other","","",0')
    await bench.context.activate(SETTINGS)
    assert bench.port.lines.count(WRITTEN) == 2


@virtual_time
async def test_settings_that_were_refused_or_lost_are_written_again() -> None:
    bench = Bench()
    bench.port.answers["AT+QICSGP=1"] = OURS
    bench.port.answers[WRITTEN] = [ERROR, OK, OK]
    with pytest.raises(PdpError):
        await bench.context.activate(SETTINGS)
    await bench.context.activate(SETTINGS)
    bench.context.reset()
    await bench.context.activate(SETTINGS)
    assert bench.port.lines.count(WRITTEN) == 3
