"""What the modem says of itself is read as its specification gives it."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from hypothesis import given, strategies as st
import pytest

from custom_components.quectel_smtp.modem.at.channel import AtChannel
from custom_components.quectel_smtp.modem.at.errors import (
    NotAModemError,
    UnexpectedAnswerError,
)
from custom_components.quectel_smtp.modem.network import profile, sim, status
from custom_components.quectel_smtp.modem.network.status import Registration, Technology
from tests.modem.scripted_port import ERROR, OK, answering, frame, open_port
from tests.modem.virtual_time import virtual_time


@virtual_time
async def test_identity_is_read_from_four_bare_lines() -> None:
    port = answering(
        CGSN=frame("861234567890123"),
        CGMI=frame("Quectel"),
        CGMM=frame("EC200N"),
        CGMR=frame("EC200NCNAAR01A01M16"),
    )
    assert await status.identify(port.channel) == status.Identity(
        "Quectel", "EC200N", "EC200NCNAAR01A01M16", "861234567890123"
    )


@pytest.mark.parametrize("answer", [OK, ERROR, frame("12345")])
@virtual_time
async def test_what_has_no_imei_is_not_a_modem(answer: bytes) -> None:
    with pytest.raises(NotAModemError):
        await status.identify(answering(CGSN=answer).channel)


@virtual_time
async def test_an_identity_without_its_line_is_unexpected() -> None:
    port = answering(CGSN=frame("861234567890123"), CGMI=OK)
    with pytest.raises(UnexpectedAnswerError):
        await status.identify(port.channel)


@virtual_time
async def test_half_an_echo_is_not_taken_for_the_model() -> None:
    port = answering(
        CGSN=frame("861234567890123"),
        CGMI=b"CGMI\r" + frame("Quectel"),
        CGMM=frame("EC200N"),
        CGMR=frame("EC200NCNAAR01A01M16"),
    )
    assert (await status.identify(port.channel)).manufacturer == "Quectel"


NOT_REGISTERED = frame("+C: 0,2")


@pytest.mark.parametrize(
    ("eps", "packet", "circuit", "state"),
    [
        ("0,1", "0,0", "0,0", Registration.HOME),
        ('2,5,"18C3","27DDD01",7', "0,0", "0,0", Registration.ROAMING),
        ("0,0", "0,1", "0,0", Registration.HOME),
        ("0,0", "0,0", "0,1", Registration.HOME),
        ("0,2", "0,0", "0,3", Registration.DENIED),
        ("0,0", "0,2", "0,0", Registration.SEARCHING),
        ("0,0", "0,0", "0,0", Registration.NOT_SEARCHING),
        ("0,11", "0,x", "0,4", Registration.UNKNOWN),
    ],
)
@virtual_time
async def test_registration_is_home_or_roaming_wherever_it_is_known(
    eps: str, packet: str, circuit: str, state: Registration
) -> None:
    port = answering(
        CEREG_Q=frame(f"+CEREG: {eps}"),
        CGREG_Q=frame(f"+CGREG: {packet}"),
        CREG_Q=frame(f"+CREG: {circuit}"),
    )
    found = await status.registration(port.channel)
    assert found is state
    assert found.registered == (state in {Registration.HOME, Registration.ROAMING})


@virtual_time
async def test_registration_is_unknown_where_no_command_works() -> None:
    port = answering(CEREG_Q=ERROR, CGREG_Q=ERROR, CREG_Q=ERROR)
    assert await status.registration(port.channel) is Registration.UNKNOWN
    port = answering(CEREG_Q=OK, CGREG_Q=OK, CREG_Q=OK)
    assert await status.registration(port.channel) is Registration.UNKNOWN


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("+CEREG: 1", Registration.HOME),
        ('+CEREG: 5,"18C3","27DDD01",7', Registration.ROAMING),
        ('+CEREG: 2,"0001","27DDD01",7', Registration.SEARCHING),
        ('+CEREG: 2,"0001"', Registration.SEARCHING),
        ('+CEREG: 2,1,"0003","27DDD01",7', Registration.HOME),
        ("+CEREG: 0,2", Registration.SEARCHING),
        ("+CEREG: x", Registration.UNKNOWN),
        ("+CEREG: -1", Registration.UNKNOWN),
    ],
)
def test_a_registration_urc_is_told_from_an_answer(
    line: str, state: Registration
) -> None:
    assert status.parse_registration(line) is state


@virtual_time
async def test_a_registration_urc_with_an_area_of_digits_is_no_answer() -> None:
    port = answering(
        CEREG_Q=b'\r\n+CEREG: 2,"0001","27DDD01",7\r\n' + frame('+CEREG: 2,5,"0001"')
    )
    assert await status.registration(port.channel) is Registration.ROAMING


@pytest.mark.parametrize(
    ("answer", "name", "technology"),
    [
        (frame('+COPS: 0,0,"CHN-UNICOM",7'), "CHN-UNICOM", Technology.LTE),
        (frame('+COPS: 0,0,"A, B",0'), "A, B", Technology.GSM),
        (frame('+COPS: 0,0," ",6'), None, Technology.UMTS),
        (frame('+COPS: 0,2,"46001",9'), "46001", Technology.NB_IOT),
        (frame('+COPS: 0,2,"46001",11'), "46001", Technology.NR),
        (frame('+COPS: 0,2,"46001",99'), "46001", None),
        (frame('+COPS: 0,2,"46001",-1'), "46001", None),
        (frame('+COPS: 0,2,"46001"'), "46001", None),
        (frame("+COPS: 0"), None, None),
        (OK, None, None),
        (ERROR, None, None),
    ],
)
@virtual_time
async def test_operator_and_technology_are_read_or_none(
    answer: bytes, name: str | None, technology: Technology | None
) -> None:
    found = await status.operator(answering(COPS_Q=answer).channel)
    assert found == (name, technology)


@pytest.mark.parametrize(
    ("answer", "dbm"),
    [
        (frame("+CSQ: 0,99"), -113),
        (frame("+CSQ: 31,99"), -51),
        (frame("+CSQ: 99,99"), None),
        (frame("+CSQ: 150,99"), None),
        (frame("+CSQ: x"), None),
        (OK, None),
        (ERROR, None),
    ],
)
@virtual_time
async def test_the_signal_is_given_in_dbm_or_unknown(
    answer: bytes, dbm: int | None
) -> None:
    assert await status.signal(answering(CSQ=answer).channel) == dbm


@pytest.mark.parametrize(
    ("answer", "attached"),
    [(frame("+CGATT: 1"), True), (frame("+CGATT: 0"), False), (OK, False)],
)
@virtual_time
async def test_the_packet_domain_is_attached_or_not(
    answer: bytes, attached: bool
) -> None:
    assert await status.attached(answering(CGATT_Q=answer).channel) is attached


@pytest.mark.parametrize(
    ("answer", "possible"),
    [
        (frame('+QURCCFG: "urcport",("usbat","usbmodem","uart1","all")'), True),
        (frame('+QURCCFG: "urcport",("usbat", "usbmodem", "uart1")'), False),
        (frame('+QURCCFG: "urcport",(usbat,usbmodem,uart1,all)'), True),
        (frame('+QURCCFG: "urcport","usbat","usbmodem","uart1"'), False),
        (frame('+QURCCFG: "urcport"'), True),
        (frame('+QURCCFG: "delay",(0-1)', '+QURCCFG: "urcport",("usbat")'), False),
        (OK, True),
        (ERROR, True),
    ],
)
@virtual_time
async def test_a_firmware_tells_whether_results_can_go_to_all_ports(
    answer: bytes, possible: bool
) -> None:
    port = open_port()
    port.answers["AT+QURCCFG=?"] = answer
    assert await profile.takes_all_ports(port.channel) is possible


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("26/11/23,10:00:00+00", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("26/11/23,10:00:00+32", datetime(2026, 11, 23, 2, tzinfo=UTC)),
        ("26/11/23,10:00:00-04", datetime(2026, 11, 23, 11, tzinfo=UTC)),
        ("26/11/23,10:00:00", datetime(2026, 11, 23, 10, tzinfo=UTC)),
        ("80/01/06,00:00:12+00", datetime(1980, 1, 6, 0, 0, 12, tzinfo=UTC)),
        ("70/01/01,00:00:00+04", datetime(1969, 12, 31, 23, tzinfo=UTC)),
        ("69/12/31,00:00:00+00", datetime(2069, 12, 31, tzinfo=UTC)),
        ("26/13/23,10:00:00+00", None),
        ("26/11/23,10:00:00+99", None),
        ("", None),
        ("26/11/23", None),
    ],
)
def test_the_clock_counts_its_zone_in_quarters_of_an_hour(
    text: str, moment: datetime | None
) -> None:
    assert status.parse_clock(text) == moment


@given(st.datetimes(datetime(1971, 1, 1), datetime(2069, 1, 1), timezones=st.just(UTC)))
def test_the_clock_that_is_set_is_the_clock_that_is_read(moment: datetime) -> None:
    text = moment.strftime("%y/%m/%d,%H:%M:%S+00")
    assert status.parse_clock(text) == moment.replace(microsecond=0)


@given(st.text())
def test_any_text_is_a_clock_or_none(text: str) -> None:
    status.parse_clock(text)


@virtual_time
async def test_the_clock_is_read_and_set() -> None:
    port = answering(CCLK_Q=frame('+CCLK: "26/11/23,10:00:00+00"'))
    moment = datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert await status.clock(port.channel) == moment
    await status.set_clock(port.channel, moment)
    assert port.lines[-1] == 'AT+CCLK="26/11/23,10:00:00+00"'
    for answer in (OK, ERROR):
        assert await status.clock(answering(CCLK_Q=answer).channel) is None


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        (frame('+QLTS: "2026/11/23,10:00:00+32,0"'), True),
        (frame('+QLTS: ""'), False),
        (OK, False),
        (ERROR, False),
    ],
)
@virtual_time
async def test_the_networks_time_is_known_or_not(answer: bytes, known: bool) -> None:
    assert await status.network_set_clock(answering(QLTS=answer).channel) is known


@pytest.mark.parametrize(
    ("answer", "port_name"),
    [
        (frame('+QURCCFG: "urcport","usbat"'), "usbat"),
        (frame('+QURCCFG: "urcport"'), None),
        (OK, None),
        (ERROR, None),
    ],
)
@virtual_time
async def test_the_port_of_unsolicited_results_is_read_or_unknown(
    answer: bytes, port_name: str | None
) -> None:
    port = open_port()
    port.answers['AT+QURCCFG="urcport"'] = answer
    assert await profile.urc_port(port.channel) == port_name


READS: tuple[Callable[[AtChannel], Awaitable[object]], ...] = (
    sim.state,
    sim.pin_tries,
    sim.iccid,
    status.registration,
    status.operator,
    status.signal,
    status.clock,
    status.network_set_clock,
    profile.urc_port,
)


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("noise", ["", ":", ",,,", '"', "\u202e", "9" * 50])
@virtual_time
async def test_no_answer_makes_a_read_raise_what_it_does_not_promise(
    read: Callable[[AtChannel], Awaitable[object]], noise: str
) -> None:
    prefixes = "CPIN QPINC QCCID ICCID CEREG CGREG CREG COPS CSQ CCLK QLTS QURCCFG"
    port = open_port()
    for prefix in prefixes.split():
        answer = frame(f"+{prefix}: {noise}")
        for line in (f"AT+{prefix}", f"AT+{prefix}?"):
            port.answers[line] = answer
    port.answers['AT+QPINC="SC"'] = frame(f"+QPINC: {noise}")
    port.answers['AT+QURCCFG="urcport"'] = frame(f"+QURCCFG: {noise}")
    await read(port.channel)
