"""``Modem``: what the modem forgets at a restart is sent again, and nothing twice."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from custom_components.quectel_smtp.modem.at.errors import (
    CommandError,
    InvalidValueError,
    ModemError,
    NoAnswerError,
    PdpError,
    PortLostError,
    ServerUnreachableError,
    UnsupportedModemError,
)
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.message import Message
from custom_components.quectel_smtp.modem.mail.server import Security, ServerSettings
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from custom_components.quectel_smtp.modem.mail.tls import TlsSettings
from custom_components.quectel_smtp.modem.modem import Modem
from custom_components.quectel_smtp.modem.network.pdp import PdpSettings, PdpState

from .mail.test_files import PEM
from .scripted_modem import IMEI, ScriptedModem, body
from .scripted_port import ERROR, OK, Late, frame
from .virtual_time import virtual_time

PDP = PdpSettings("internet", password="apn-secret")
PLAIN = ServerSettings(
    "mail.example.com", 25, Security.NONE, "user", "secret", "Home", "home@example.com"
)
TLS = ServerSettings(
    "mail.example.com", 465, Security.TLS, "user", "secret", "Home", "home@example.com"
)
VERIFIED = ServerSettings(
    "mail.example.com",
    465,
    Security.TLS,
    "user",
    "secret",
    "Home",
    "home@example.com",
    TlsSettings(PEM),
)
MESSAGE = Message("Hello", "Body", ("a@example.com",))
BODY_LINE = "AT+QSMTPBODY=0,6,30"
SENT = OK + b"\r\n+QSMTPPUT: 0,250\r\n"


def bench_that_sends() -> ScriptedModem:
    """Return a modem that takes and sends ``MESSAGE``."""
    bench = ScriptedModem()
    bench.answers[BODY_LINE] = lambda: body(6)
    bench.answers["AT+QSMTPPUT=300"] = SENT
    return bench


async def send(modem: Modem) -> Outcome:
    """Send ``MESSAGE`` as the courier does."""
    await modem.activate(PDP)
    await modem.configure(PLAIN)
    assert await modem.prepare(MESSAGE) is None
    await modem.mark()
    outcome = await modem.put(300)
    await modem.clear()
    return outcome


@virtual_time
async def test_opening_synchronises_and_initialises() -> None:
    bench = ScriptedModem()
    bench.answers["AT+CNMI=0,0,0,0,0"] = ERROR
    modem = bench.modem()
    changes: list[bool] = []
    modem.watch(lambda: changes.append(modem.connected))
    assert (modem.connected, modem.busy) == (False, False)
    await modem.open()
    assert changes == [True]
    assert bench.lines[0] == "ATQ0V1E0"
    assert bench.lines[-5:] == [
        "ATE0",
        "AT+CMEE=1",
        "AT&D0",
        "AT+CNMI=0,0,0,0,0",
        "AT+CEREG=1",
    ]
    assert (await modem.identify()).imei == IMEI


@virtual_time
async def test_a_port_that_stays_silent_is_closed_again() -> None:
    bench = ScriptedModem()
    bench.answers = dict.fromkeys(("AT", "ATQ0V1E0"))
    modem = bench.modem()
    start = asyncio.get_running_loop().time()
    with pytest.raises(NoAnswerError):
        await modem.open()
    assert asyncio.get_running_loop().time() - start < 20
    assert all(port.closed for port in bench.ports)
    assert not modem.connected
    assert bench.speeds == [115200, 9600, 921600, 460800, 230400, 57600, 38400, 19200]


@virtual_time
async def test_a_modem_at_another_speed_is_found_at_that_speed() -> None:
    bench = ScriptedModem()
    bench.hears_only = 9600
    modem = bench.modem()
    await modem.open()
    assert bench.speeds == [115200, 9600]
    assert modem.connected
    assert (await modem.identify()).imei == IMEI


@virtual_time
async def test_behind_a_url_the_speed_is_not_ours_to_try() -> None:
    bench = ScriptedModem()
    bench.hears_only = 9600
    modem = Modem(PortSettings("socket://host:1"), connector=bench.connect)
    with pytest.raises(NoAnswerError):
        await modem.open()
    assert bench.speeds == [115200]


@virtual_time
async def test_a_modem_lost_while_it_is_initialised_is_closed_again() -> None:
    bench = ScriptedModem()
    bench.answers["AT+CMEE=1"] = None
    modem = bench.modem()
    with pytest.raises(NoAnswerError):
        await modem.open()
    assert bench.port.closed


@virtual_time
async def test_opening_again_closes_the_port_before() -> None:
    bench = ScriptedModem()
    modem = bench.modem()
    await modem.open()
    boot = modem.boot
    await modem.open()
    assert bench.ports[0].closed
    assert not bench.ports[1].closed
    assert modem.boot != boot


@virtual_time
async def test_a_closed_modem_says_that_its_port_is_not_open() -> None:
    modem = ScriptedModem().modem()
    for ask in (modem.identify, modem.settled, modem.refresh_pdp):
        with pytest.raises(PortLostError):
            await ask()
    await modem.deactivate()
    assert modem.pdp_state is PdpState.INACTIVE
    await modem.close()


@virtual_time
async def test_every_question_goes_to_an_initialised_modem() -> None:
    bench = ScriptedModem()
    bench.answers['AT+QPINC="SC"'] = frame('+QPINC: "SC",3,10')
    bench.answers["AT+QCCID"] = frame("+QCCID: 8986001")
    bench.answers['AT+QURCCFG="urcport"'] = frame('+QURCCFG: "urcport","usbat"')
    bench.answers['AT+QIDNSGIP=1,"mail.example.com"'] = (
        OK + b'\r\n+QIURC: "dnsgip",0,1,600\r\n'
    )
    modem = bench.modem()
    await modem.open()
    assert await modem.sim_state() == "ready"
    assert await modem.pin_tries() == 3
    await modem.enter_pin("1234")
    assert await modem.iccid() == "8986001"
    assert (await modem.network()).operator == "TEST"
    assert await modem.has_mail_client()
    assert await modem.urc_port() == "usbat"
    assert await modem.takes_all_ports()
    await modem.route_urcs_everywhere()
    assert bench.lines[-1] == 'AT+QURCCFG="urcport","all"'
    await modem.resolve("mail.example.com", 20)
    assert bench.lines.count("ATE0") == 1


@virtual_time
async def test_a_modem_without_a_mail_client_is_given_nothing_that_is_for_one() -> None:
    bench = ScriptedModem()
    bench.answers["AT+QSMTPCFG=?"] = bench.answers["AT+QSMTPSRV=?"] = ERROR
    modem = bench.modem()
    await modem.open()
    assert not await modem.has_mail_client()
    asked = len(bench.lines)
    await modem.configure(VERIFIED)
    assert bench.lines[asked:] == []


@virtual_time
async def test_an_account_that_its_mail_client_can_not_carry_is_told_to_no_modem() -> (
    None
):
    bench = ScriptedModem()
    modem = bench.modem()
    await modem.open()
    with pytest.raises(InvalidValueError, match="password"):
        await modem.configure(replace(VERIFIED, password="p" * 51))
    told = ('AT+QSMTPCFG="', 'AT+QSSLCFG="', 'AT+QFUPL="', "AT+CCLK=")
    assert not any(line.startswith(told) for line in bench.lines)


@virtual_time
async def test_a_modem_without_smtp_and_tcp_commands_serves_for_no_email() -> None:
    bench = ScriptedModem()
    for name in ("QSMTPCFG", "QSMTPSRV", "QISEND"):
        bench.answers[f"AT+{name}=?"] = ERROR
    modem = bench.modem()
    await modem.open()
    with pytest.raises(UnsupportedModemError):
        await modem.has_mail_client()
    with pytest.raises(UnsupportedModemError):
        async with modem.stream("mail.example.com", 465):
            pass


@virtual_time
async def test_a_modem_with_a_mail_client_lacks_no_more_than_its_tcp_commands() -> None:
    bench = ScriptedModem()
    bench.answers["AT+QISEND=?"] = ERROR
    modem = bench.modem()
    await modem.open()
    assert await modem.has_mail_client()
    with pytest.raises(CommandError):
        async with modem.stream("mail.example.com", 465):
            pass


@virtual_time
async def test_a_warm_email_takes_five_commands() -> None:
    bench = bench_that_sends()
    modem = bench.modem()
    await modem.open()
    assert (await send(modem)).result is Result.SENT
    before = len(bench.lines)
    assert (await send(modem)).result is Result.SENT
    assert bench.lines[before:] == [
        'AT+QSMTPDST=1,1,"a@example.com"',
        'AT+QSMTPSUB=0,"Hello"',
        BODY_LINE,
        "AT+QSMTPPUT=300",
        "AT+QSMTPCLR",
    ]


@virtual_time
async def test_content_that_was_not_cleared_is_cleared_before_the_next_email() -> None:
    bench = bench_that_sends()
    modem = bench.modem()
    await modem.open()
    await send(modem)
    bench.answers["AT+QSMTPCLR"] = [ERROR, OK]
    await modem.prepare(MESSAGE)
    with pytest.raises(CommandError):
        await modem.clear()
    before = len(bench.lines)
    await modem.prepare(MESSAGE)
    assert bench.lines[before] == "AT+QSMTPCLR"


SETTING_LINES = (
    'AT+QICSGP=1,1,"internet","","apn-secret",0',
    "AT+QIACT=1",
    'AT+QSMTPCFG="contextid",1',
    'AT+QSMTPCFG="ssltype",0',
    'AT+QSMTPCFG="smtpserver","mail.example.com",25',
    'AT+QSMTPCFG="account","user","secret"',
    'AT+QSMTPCFG="sender","Home","home@example.com"',
    "AT+QSMTPCLR",
)


@pytest.mark.parametrize("how", ["reboot", "reopen", "used by another"])
@virtual_time
async def test_what_the_modem_may_have_forgotten_is_sent_again(how: str) -> None:
    bench = bench_that_sends()
    modem = bench.modem()
    await modem.open()
    await send(modem)
    before = len(bench.lines)
    match how:
        case "reboot":
            bench.port.receive(b"\r\nRDY\r\n")
            assert modem.pdp_state is PdpState.INACTIVE
        case "reopen":
            await modem.open()
        case _:
            await modem.open()
            bench.answers["AT+QIACT?"] = frame('+QIACT: 1,1,1,"10.0.0.1"')
    await send(modem)
    again = bench.lines[before:]
    expected = list(SETTING_LINES)
    if how == "used by another":
        expected.insert(0, "AT+QIDEACT=1")
    assert [line for line in again if line in expected][: len(expected)] == expected
    assert "ATE0" in again


@pytest.mark.parametrize("line", SETTING_LINES[:-1])
@virtual_time
async def test_a_reboot_right_after_a_setting_forgets_that_setting(line: str) -> None:
    bench = bench_that_sends()
    modem = bench.modem()
    await modem.open()
    # Two reads in one turn of the loop: the setting's answer, then the restart.
    bench.port.cut = lambda data: iter(
        data.partition(OK)[1:] if RESTART in data else (data,)
    )
    bench.answers[line] = [OK + RESTART, OK]
    await modem.activate(PDP)
    await modem.configure(PLAIN)
    boot = modem.boot
    await modem.activate(PDP)
    await modem.configure(PLAIN)
    assert bench.lines.count(line) == 2
    assert modem.boot == boot


@virtual_time
async def test_a_reboot_while_initialising_initialises_again() -> None:
    bench = ScriptedModem()
    modem = bench.modem()
    await modem.open()
    bench.port.receive(RESTART)
    bench.port.cut = lambda data: iter(
        data.partition(OK)[1:] if RESTART in data else (data,)
    )
    bench.answers["AT+CNMI=0,0,0,0,0"] = [OK + RESTART, OK]
    await modem.identify()
    before = len(bench.lines)
    await modem.identify()
    assert "ATE0" in bench.lines[before:]


RESTART = b"\r\nRDY\r\n"


@pytest.mark.parametrize("line", [*SETTING_LINES, 'AT+QSMTPSUB=0,"Hello"', BODY_LINE])
@virtual_time
async def test_a_reboot_at_any_step_is_told_and_the_next_email_sends_all_settings(
    line: str,
) -> None:
    bench = bench_that_sends()
    modem = bench.modem()
    await modem.open()
    answer = bench.answers.get(line, OK)
    bench.answers[line] = RESTART
    with pytest.raises(ModemError):
        await send(modem)
    bench.answers[line] = answer
    before = len(bench.lines)
    assert (await send(modem)).result is Result.SENT
    again = bench.lines[before:]
    assert [sent for sent in again if sent in SETTING_LINES][: len(SETTING_LINES)] == [
        *SETTING_LINES
    ]


@virtual_time
async def test_changed_settings_are_the_only_ones_sent_again() -> None:
    bench = bench_that_sends()
    modem = bench.modem()
    await modem.open()
    await send(modem)
    before = len(bench.lines)
    other = ServerSettings(
        "mail.example.com",
        25,
        Security.NONE,
        "user",
        "other",
        "Home",
        "home@example.com",
    )
    await modem.configure(other)
    assert bench.lines[before:] == ['AT+QSMTPCFG="account","user","other"']
    await modem.activate(PdpSettings("other"))
    assert bench.lines[-3:] == [
        "AT+QIDEACT=1",
        'AT+QICSGP=1,1,"other","","",0',
        "AT+QIACT=1",
    ]


@virtual_time
async def test_a_setting_that_failed_is_not_remembered() -> None:
    bench = bench_that_sends()
    modem = bench.modem()
    await modem.open()
    line = 'AT+QSMTPCFG="account","user","secret"'
    bench.answers[line] = [ERROR, OK]
    with pytest.raises(CommandError):
        await modem.configure(PLAIN)
    await modem.configure(PLAIN)
    assert bench.lines.count(line) == 2


SET_APN = 'AT+QICSGP=1,1,"internet","","apn-secret",0'


@pytest.mark.parametrize("known", ["internet", "INTERNET"])
@virtual_time
async def test_an_apn_that_the_modem_has_is_left_alone(known: str) -> None:
    bench = ScriptedModem()
    bench.answers["AT+QICSGP=1"] = frame(f'+QICSGP: 1,"{known}","","",0')
    modem = bench.modem()
    await modem.open()
    await modem.give_apn(PDP)
    assert bench.lines[-1] == "AT+QICSGP=1"


@pytest.mark.parametrize("refused", ["AT+CGATT=0", SET_APN, None])
@virtual_time
async def test_a_modem_with_another_apn_attaches_anew(refused: str | None) -> None:
    bench = ScriptedModem()
    bench.answers["AT+QICSGP=1"] = frame('+QICSGP: 1,"other","","",0')
    modem = bench.modem()
    await modem.open()
    await modem.activate(PDP)
    if refused is not None:
        bench.answers[refused] = ERROR
    await modem.give_apn(PDP)
    assert bench.lines[-3:] == ["AT+CGATT=0", SET_APN, "AT+CGATT=1"]
    assert modem.pdp_state is PdpState.INACTIVE


@virtual_time
async def test_a_modem_that_refuses_to_attach_anew_turns_its_radio() -> None:
    bench = ScriptedModem()
    bench.answers["AT+QICSGP=1"] = frame('+QICSGP: 1,"","","",0')
    bench.answers["AT+CGATT=1"] = ERROR
    modem = bench.modem()
    await modem.open()
    await modem.give_apn(PDP)
    assert bench.lines[-3:] == ["AT+CGATT=1", "AT+CFUN=4", "AT+CFUN=1"]


@pytest.mark.parametrize("read", [frame('+QICSGP: 1,"other","","",0'), ERROR])
@virtual_time
async def test_an_apn_that_helps_nothing_wears_no_flash_and_keeps_nobody_from_searching(
    read: bytes,
) -> None:
    """No network at all, and a firmware that does not keep the APN as it is given."""
    bench = ScriptedModem()
    bench.answers["AT+QICSGP=1"] = read
    bench.answers["AT+CGATT=1"] = ERROR
    for name in ("CEREG", "CGREG", "CREG"):
        bench.answers[f"AT+{name}?"] = frame(f"+{name}: 0,2")
    modem = bench.modem()
    await modem.open()
    for _ in range(5):
        await modem.give_apn(PDP)
    assert bench.lines.count("AT+CGATT=0") == 1
    for _ in range(5):
        await modem.open()
        await modem.give_apn(PDP)
    assert bench.lines.count("AT+CFUN=4") == 1


@pytest.mark.parametrize("refused", ["AT+CFUN=4", "AT+CFUN=1"])
@virtual_time
async def test_a_radio_that_refuses_to_turn_is_for_the_registration_to_tell(
    refused: str,
) -> None:
    bench = ScriptedModem()
    bench.answers["AT+QICSGP=1"] = frame('+QICSGP: 1,"","","",0')
    bench.answers["AT+CGATT=1"] = bench.answers[refused] = ERROR
    modem = bench.modem()
    await modem.open()
    await modem.give_apn(PDP)
    assert bench.lines[-2:] == ["AT+CFUN=4", "AT+CFUN=1"]


@virtual_time
async def test_a_radio_is_on_again_whatever_cuts_its_turn_off() -> None:
    bench = ScriptedModem()
    bench.answers["AT+QICSGP=1"] = frame('+QICSGP: 1,"","","",0')
    bench.answers["AT+CGATT=1"] = ERROR
    bench.answers["AT+CFUN=4"] = Late(3, OK)
    modem = bench.modem()
    await modem.open()
    giving = asyncio.create_task(modem.give_apn(PDP))
    while "AT+CFUN=4" not in bench.lines:
        await asyncio.sleep(0.1)
    giving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await giving
    assert bench.lines[-1] == "AT+CFUN=1"


@pytest.mark.parametrize(("registered", "attaches"), [(1, False), (2, True)])
@virtual_time
async def test_a_modem_that_does_not_tell_its_apn_attaches_anew_if_it_found_no_network(
    registered: int, attaches: bool
) -> None:
    bench = ScriptedModem()
    bench.answers["AT+QICSGP=1"] = ERROR
    for name in ("CEREG", "CGREG", "CREG"):
        bench.answers[f"AT+{name}?"] = frame(f"+{name}: 0,{registered}")
    modem = bench.modem()
    await modem.open()
    await modem.give_apn(PDP)
    assert ("AT+CGATT=1" in bench.lines) is attaches


@virtual_time
async def test_a_context_that_fails_is_activated_anew_the_next_time() -> None:
    bench = bench_that_sends()
    modem = bench.modem()
    await modem.open()
    bench.answers["AT+QIACT=1"] = [ERROR, OK]
    with pytest.raises(PdpError):
        await modem.activate(PDP)
    states = [modem.pdp_state]
    await modem.activate(PDP)
    assert [*states, modem.pdp_state] == [PdpState.FAILED, PdpState.ACTIVE]
    assert await modem.refresh_pdp() is PdpState.INACTIVE
    await modem.activate(PDP)
    # After the failure, and after the loss that the refresh found.
    assert bench.lines.count("AT+QIDEACT=1") == 2
    await modem.deactivate()
    await modem.deactivate()
    assert bench.lines.count("AT+QIDEACT=1") == 3


@virtual_time
async def test_files_that_can_not_be_tidied_up_hold_no_email() -> None:
    bench = bench_that_sends()
    bench.answers['AT+QFLST="*"'] = b"\r\n+CME ERROR: 417\r\n"
    modem = bench.modem()
    await modem.open()
    assert (await send(modem)).result is Result.SENT
    assert (await send(modem)).result is Result.SENT
    assert bench.lines.count('AT+QFLST="*"') == 1


@virtual_time
async def test_tls_is_configured_before_the_server_and_once() -> None:
    bench = ScriptedModem()
    modem = bench.modem()
    await modem.open()
    before = len(bench.lines)
    await modem.configure(TLS)
    await modem.configure(TLS)
    assert bench.lines[before:] == [
        "AT+QSMTPCFG=?",
        "AT+QSSLCFG=?",
        "AT+QFUPL=?",
        "AT+QICSGP=?",
        'AT+QFLST="*"',
        "AT+QLTS",
        "AT+CCLK?",
        'AT+QSSLCFG="sslversion",1,3',
        'AT+QSSLCFG="ciphersuite",1,0XFFFF',
        'AT+QSSLCFG="seclevel",1,0',
        'AT+QSSLCFG="sni",1,1',
        'AT+QSMTPCFG="contextid",1',
        'AT+QSMTPCFG="ssltype",1',
        'AT+QSMTPCFG="sslctxid",1',
        'AT+QSMTPCFG="smtpserver","mail.example.com",465',
        'AT+QSMTPCFG="account","user","secret"',
        'AT+QSMTPCFG="sender","Home","home@example.com"',
    ]


LATE = frame('+CCLK: "26/11/20,00:00:00+00"')
UNSET = frame('+CCLK: "20/01/06,00:00:00+00"')


@pytest.mark.parametrize(
    ("qlts", "cclk", "host", "is_set"),
    [
        ('+QLTS: "2026/11/23,10:00:00+32,0"', UNSET, 2026, False),
        ('+QLTS: ""', LATE, 2026, False),
        ('+QLTS: ""', UNSET, 2026, True),
        ('+QLTS: ""', ERROR, 2026, True),
        ('+QLTS: ""', UNSET, 1970, False),
    ],
)
@virtual_time
async def test_the_clock_is_set_only_if_it_is_wrong_and_ours_is_right(
    qlts: str, cclk: bytes, host: int, is_set: bool
) -> None:
    bench = ScriptedModem()
    bench.answers |= {
        "AT+QLTS": frame(qlts),
        "AT+CCLK?": cclk,
        'AT+QFLST="*"': frame(f'+QFLST: "UFS:{VERIFIED.tls.ca_file}",{len(PEM)}'),
    }
    moment = datetime(host, 11, 23, 10, tzinfo=UTC)
    modem = Modem(PortSettings("x"), connector=bench.connect, now=lambda: moment)
    await modem.open()
    await modem.configure(VERIFIED)
    assert ('AT+CCLK="26/11/23,10:00:00+00"' in bench.lines) is is_set
    assert f'AT+QSSLCFG="cacert",1,"UFS:{VERIFIED.tls.ca_file}"' in bench.lines
    await modem.configure(VERIFIED)
    assert bench.lines.count('AT+QFLST="*"') == 2


@pytest.mark.parametrize("server", [PLAIN, TLS], ids=["no TLS", "no certificate"])
@virtual_time
async def test_the_clock_is_set_without_a_certificate_too(
    server: ServerSettings,
) -> None:
    """The modem may write the email's Date from it."""
    bench = ScriptedModem()
    bench.answers["AT+CCLK?"] = UNSET
    modem = bench.modem()
    await modem.open()
    await modem.configure(server)
    await modem.configure(server)
    assert bench.lines.count('AT+CCLK="26/11/23,10:00:00+00"') == 1


@virtual_time
async def test_a_modem_that_refuses_its_clock_is_set_up_all_the_same() -> None:
    bench = ScriptedModem()
    bench.answers |= {"AT+CCLK?": UNSET, 'AT+CCLK="26/11/23,10:00:00+00"': ERROR}
    modem = bench.modem()
    await modem.open()
    await modem.configure(PLAIN)
    assert bench.lines[-1].startswith('AT+QSMTPCFG="sender"')


async def left_unsettled(bench: ScriptedModem) -> Modem:
    """Return a closed modem whose last email may still be on its way."""
    modem = bench.modem()
    await modem.open()
    bench.answers["AT+QSMTPPUT=300"] = OK
    await modem.prepare(MESSAGE)
    task = asyncio.create_task(modem.put(300))
    await asyncio.sleep(10)
    await modem.close()
    assert (await task).result is Result.UNKNOWN
    return modem


@virtual_time
async def test_a_result_that_came_too_late_never_settles_the_next_email() -> None:
    bench = bench_that_sends()
    modem = bench.modem()
    await modem.open()
    await send(modem)
    bench.answers["AT+QSMTPPUT=300"] = OK
    await modem.prepare(MESSAGE)
    outcome = asyncio.create_task(modem.put(300))
    await asyncio.sleep(10)
    bench.port.lose(OSError(5, "gone"))
    assert (await outcome).result is Result.UNKNOWN
    assert not modem.connected
    assert modem.pdp_state is PdpState.INACTIVE

    bench.answers["AT+QSMTPPUT=300"] = SENT
    await modem.open()
    preparing = asyncio.create_task(modem.prepare(MESSAGE))
    await asyncio.sleep(100)
    assert "AT+QSMTPCLR" not in bench.port.lines
    bench.port.receive(b"\r\n+QSMTPPUT: 682,554\r\n")
    assert await preparing is None
    assert (await modem.put(300)).result is Result.SENT


@virtual_time
async def test_an_unsettled_send_is_waited_for_until_its_time_is_over() -> None:
    bench = bench_that_sends()
    start = asyncio.get_running_loop().time()
    modem = await left_unsettled(bench)
    await modem.open()
    await modem.prepare(MESSAGE)
    assert asyncio.get_running_loop().time() - start > 300


@virtual_time
async def test_an_unsettled_send_whose_time_is_over_holds_nobody() -> None:
    bench = bench_that_sends()
    modem = await left_unsettled(bench)
    await asyncio.sleep(400)
    await modem.open()
    start = asyncio.get_running_loop().time()
    await modem.settled()
    assert asyncio.get_running_loop().time() == start


@virtual_time
async def test_a_reboot_settles_what_was_unsettled() -> None:
    bench = bench_that_sends()
    modem = await left_unsettled(bench)
    await modem.open()
    preparing = asyncio.create_task(modem.prepare(MESSAGE))
    await asyncio.sleep(10)
    bench.port.receive(b"\r\nRDY\r\n")
    assert await preparing is None


@virtual_time
async def test_a_port_lost_while_an_unsettled_send_is_waited_for_is_told() -> None:
    bench = bench_that_sends()
    modem = await left_unsettled(bench)
    await modem.open()
    preparing = asyncio.create_task(modem.prepare(MESSAGE))
    await asyncio.sleep(10)
    bench.port.lose(None)
    with pytest.raises(PortLostError):
        await preparing
    await modem.open()
    await modem.settled()


@virtual_time
async def test_a_late_result_that_nobody_awaits_settles_what_was_unsettled() -> None:
    bench = bench_that_sends()
    modem = await left_unsettled(bench)
    await modem.open()
    bench.port.receive(b"\r\n+QSMTPPUT: 0,0\r\n")
    start = asyncio.get_running_loop().time()
    await modem.settled()
    assert asyncio.get_running_loop().time() == start


@virtual_time
async def test_a_send_that_never_began_leaves_nothing_unsettled() -> None:
    bench = bench_that_sends()
    modem = bench.modem()
    await modem.open()
    await modem.prepare(MESSAGE)
    bench.port.silent = True
    with pytest.raises(NoAnswerError):
        await modem.network()
    with pytest.raises(NoAnswerError):
        await modem.put(300)
    bench.port.silent = False
    start = asyncio.get_running_loop().time()
    await modem.settled()
    assert asyncio.get_running_loop().time() == start


@virtual_time
async def test_a_poll_can_see_that_the_modem_is_busy() -> None:
    bench = ScriptedModem()
    modem = bench.modem()
    await modem.open()
    bench.answers["AT+CEREG?"] = Late(1, frame("+CEREG: 0,1"))
    task = asyncio.create_task(modem.network())
    await asyncio.sleep(0.5)
    busy = modem.busy
    await task
    assert [busy, modem.busy] == [True, False]


@virtual_time
async def test_a_watcher_is_told_of_each_change_until_it_is_undone() -> None:
    bench = ScriptedModem()
    modem = bench.modem()
    await modem.open()
    states: list[PdpState] = []
    undo = modem.watch(lambda: states.append(modem.pdp_state))
    await modem.activate(PDP)
    bench.port.receive(b'\r\n+QIURC: "pdpdeact",1\r\n')
    undo()
    await modem.activate(PDP)
    assert states == [PdpState.ACTIVATING, PdpState.ACTIVE, PdpState.INACTIVE]


OPENING = 'AT+QIOPEN=1,10,"TCP","mail.example.com",465,0,0'


def bench_with_tcp() -> ScriptedModem:
    """Return a modem that connects, and then has nothing to read."""
    bench = ScriptedModem()
    bench.answers |= {
        OPENING: OK + b"\r\n+QIOPEN: 10,0\r\n",
        "AT+QIRD=10,1500": frame("+QIRD: 0"),
        "AT+QISTATE=1,10": OK,
    }
    return bench


def known(modem: Modem) -> str:
    """What is known of its TCP commands."""
    return "lacking" if modem.lacks_tcp else "unknown"


async def connect(modem: Modem) -> None:
    """Connect to a server that says nothing, and hang up."""
    async with modem.stream("mail.example.com", 465) as pair:
        pair.socket.close()


async def test_a_socket_for_a_library_is_set_up_once_in_a_boot() -> None:
    bench = bench_with_tcp()
    modem = bench.modem()
    await modem.open()
    try:
        await connect(modem)
        await connect(modem)
        assert bench.lines.count("AT+QISEND=?") == 1
        assert bench.lines.count(OPENING) == 2
        bench.restart()
        await connect(modem)
        assert bench.lines.count("AT+QISEND=?") == 2
    finally:
        await modem.close()


async def test_a_socket_for_a_library_can_be_set_up_before_it_is_needed() -> None:
    bench = bench_with_tcp()
    modem = bench.modem()
    await modem.open()
    try:
        await modem.arm_tcp()
        before = len(bench.lines)
        await connect(modem)
        assert bench.lines[before] == OPENING
    finally:
        await modem.close()


@virtual_time
async def test_a_firmware_without_tcp_commands_has_no_socket_for_a_library() -> None:
    bench = ScriptedModem()
    bench.answers["AT+QISEND=?"] = ERROR
    modem = bench.modem()
    await modem.open()
    assert known(modem) == "unknown"
    with pytest.raises(CommandError):
        await connect(modem)
    assert known(modem) == "lacking"
    assert not await modem.has_tcp()
    assert bench.lines.count("AT+QISEND=?") == 1
    # Another boot may be one with another firmware.
    bench.restart()
    del bench.answers["AT+QISEND=?"]
    assert await modem.has_tcp()
    assert known(modem) == "unknown"


@pytest.mark.parametrize(
    ("answer", "lacking"),
    [
        (ERROR, True),
        (b"\r\n+CME ERROR: 4\r\n", True),
        (b"\r\n+CME ERROR: 552\r\n", True),
        (b"\r\n+CME ERROR: 561\r\n", False),
        (OK + b"\r\n+QIOPEN: 10,566\r\n", False),
    ],
)
@virtual_time
async def test_only_a_connection_that_is_not_understood_means_that_there_are_none(
    answer: bytes, lacking: bool
) -> None:
    bench = bench_with_tcp()
    bench.answers[OPENING] = answer
    modem = bench.modem()
    await modem.open()
    with pytest.raises((CommandError, ServerUnreachableError)):
        await connect(modem)
    assert modem.lacks_tcp is lacking
    assert await modem.has_tcp() is not lacking


@virtual_time
async def test_a_context_is_shared_as_it_is_with_an_email_that_is_on_its_way() -> None:
    bench = bench_that_sends()
    modem = await left_unsettled(bench)
    await modem.open()
    begun = len(bench.lines)
    bench.answers["AT+CGACT?"] = frame("+CGACT: 1,1")
    bench.answers["AT+QIACT?"] = frame('+QIACT: 1,1,1,"10.0.0.1"')
    start = asyncio.get_running_loop().time()
    await modem.share(PdpSettings("another"))
    assert asyncio.get_running_loop().time() == start
    assert not [line for line in bench.lines[begun:] if "QIDEACT" in line]
    assert not [line for line in bench.lines[begun:] if "QIACT=" in line]
    assert modem.unsettled


@virtual_time
async def test_a_context_that_is_down_is_brought_up_beside_an_email() -> None:
    bench = bench_that_sends()
    modem = await left_unsettled(bench)
    await modem.open()
    begun = len(bench.lines)
    for _ in range(2):
        await modem.share(PdpSettings("internet"))
    assert bench.lines[begun:].count("AT+QIACT=1") == 1
    assert modem.pdp_state is PdpState.ACTIVE
    assert modem.unsettled


@virtual_time
async def test_the_networks_time_is_told_once_the_network_has_told_it() -> None:
    bench = ScriptedModem()
    modem = bench.modem()
    await modem.open()
    assert await modem.network_time() is None
    bench.answers["AT+QLTS"] = frame('+QLTS: "26/11/23,09:00:00+00,0"')
    assert await modem.network_time() == datetime(2026, 11, 23, 9, tzinfo=UTC)


# Before there is an email.


@virtual_time
async def test_a_mail_client_that_is_armed_lacks_nothing_but_the_email() -> None:
    bench = bench_that_sends()
    modem = bench.modem()
    await modem.open()
    await modem.arm_mail(PLAIN)
    before = len(bench.lines)
    await modem.arm_mail(PLAIN)
    assert len(bench.lines) == before
    await modem.configure(PLAIN)
    await modem.mark()
    await modem.prepare(MESSAGE)
    assert bench.lines[before].startswith("AT+QSMTPDST=")
    # And what an email has left behind is cleared.
    await modem.arm_mail(PLAIN)
    assert bench.lines[-1] == "AT+QSMTPCLR"


@virtual_time
async def test_who_uses_a_modem_is_interrupted_after_the_command_that_runs() -> None:
    bench = bench_that_sends()
    sender = 'AT+QSMTPCFG="sender","Home","home@example.com"'
    account = 'AT+QSMTPCFG="account","user","secret"'
    bench.answers[account] = [Late(1, OK)]
    modem = bench.modem()
    await modem.open()
    arming = asyncio.create_task(modem.arm_mail(PLAIN))
    while account not in bench.lines:
        await asyncio.sleep(0.1)
    await modem.interrupt(arming)
    with pytest.raises(asyncio.CancelledError):
        await arming
    assert bench.lines[-1] == account
    await modem.arm_mail(PLAIN)
    assert sender in bench.lines


@virtual_time
async def test_who_waits_for_a_modem_without_a_port_is_interrupted_at_once() -> None:
    modem = bench_that_sends().modem()
    waiting = asyncio.create_task(asyncio.sleep(1000))
    await modem.interrupt(waiting)
    with pytest.raises(asyncio.CancelledError):
        await waiting


@virtual_time
async def test_a_data_connection_is_known_with_the_settings_that_it_has() -> None:
    bench = bench_that_sends()
    modem = bench.modem()
    assert not modem.has_pdp(PDP)
    await modem.open()
    assert not modem.has_pdp(PDP)
    await modem.activate(PDP)
    assert modem.has_pdp(PDP)
    assert not modem.has_pdp(PdpSettings("other"))
    bench.port.receive(b'\r\n+QIURC: "pdpdeact",1\r\n')
    await asyncio.sleep(1)
    assert not modem.has_pdp(PDP)
