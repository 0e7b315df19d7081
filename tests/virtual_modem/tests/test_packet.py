"""PDP contexts, registration, SIM and clock: what each circumstance makes of them."""

from collections.abc import Callable

import pytest

from .conftest import Started
from .host import Host

_APN = 'AT+QICSGP=1,1,"internet","","",0'


def _reason(host: Host) -> int:
    line = host.lines("AT+QIGETERROR")[0]
    return int(line.removeprefix("+QIGETERROR: ").partition(",")[0])


def test_a_context_comes_up_and_goes(modem_and_host: Started) -> None:
    """Nothing is listed while none is active."""
    _, host = modem_and_host
    host.ok("AT+QIACT?", _APN, "AT+QIACT=1")
    assert host.lines("AT+QICSGP=1") == ['+QICSGP: 1,"internet","","",0', "OK"]
    assert host.lines("AT+QIACT?") == ['+QIACT: 1,1,1,"10.7.157.1"', "OK"]
    assert host.lines("AT+CGACT?") == ["+CGACT: 1,1", "OK"]
    assert host.lines("AT+CGPADDR=1") == ['+CGPADDR: 1,"10.7.157.1"', "OK"]
    host.ok("AT+QIDEACT=1", "AT+QIACT?")
    assert _reason(host) == 0


@pytest.mark.parametrize(
    ("settings", "lines", "code"),
    [
        ({}, [], 573),
        ({"apn": "other"}, [_APN], 561),
        ({"apn_user": "me", "apn_password": "x"}, [_APN], 561),
        ({"registration": 2}, [_APN], 561),
        ({"only_bearer": 9}, [_APN], 572),
        ({"qiact_error": 550}, [_APN], 550),
        ({}, [_APN, "AT+CGATT=0"], 561),
        ({}, [_APN, "AT+CGACT=1,1"], 561),
        ({}, [_APN, "AT+QIACT=1"], 561),
    ],
)
def test_activation_fails_for_a_reason(
    start: Callable[..., Started], settings: dict[str, str], lines: list[str], code: int
) -> None:
    """A plain ERROR, whatever CMEE says; QIGETERROR tells the rest."""
    _, host = start(settings=settings)
    host.ok(*lines)
    assert host.lines("AT+QIACT=1") == ["ERROR"]
    assert _reason(host) == code


def test_a_network_that_wants_its_apn_lets_nobody_attach_without(
    start: Callable[..., Started],
) -> None:
    """F14; the APN counts at the next try, none comes by itself."""
    _, host = start(settings={"attach_apn": "internet", "keeps_apn": "true"})
    assert host.lines("AT+CEREG?") == ["+CEREG: 0,2", "OK"]
    assert host.lines("AT+CGATT?") == ["+CGATT: 0", "OK"]
    assert host.lines("AT+CGATT=1") == ["ERROR"]
    host.ok(_APN)
    assert host.lines("AT+CEREG?") == ["+CEREG: 0,2", "OK"]
    host.ok("AT+CGATT=0", "AT+CGATT=1")
    assert host.lines("AT+CEREG?") == ["+CEREG: 0,1", "OK"]
    host.ok('AT+QICSGP=1,1,"other"', "AT+CFUN=4", "AT+CFUN=1")
    assert host.lines("AT+CEREG?") == ["+CEREG: 0,2", "OK"]
    # F15: it is kept, also when it is wrong.
    host.ok("AT+CFUN=1,1")
    for _ in range(2):
        host.read_until(b"DONE\r\n")
    host.command("ATE0")
    assert host.lines("AT+QICSGP=1")[0] == '+QICSGP: 1,"other","","",0'


def test_a_context_that_the_modem_has_dialled_goes_with_a_detach_only(
    start: Callable[..., Started],
) -> None:
    """F16."""
    _, host = start(settings={"dialled": "internet", "error_numbers": "terse"})
    shown = ['+QIACT: 1,1,1,"10.7.157.1"', "OK"]
    assert host.lines("AT+QIACT?") == shown
    assert host.lines("AT+QIACT=1") == ["ERROR"]
    assert host.lines("AT+QIGETERROR")[0] == ("+QIGETERROR: 574,context already active")
    for line in ("AT+QIDEACT=1", "AT+CGACT=0,1"):
        assert host.lines(line) == ["ERROR"]
    assert host.lines("AT+QIACT?") == shown
    host.ok('AT+QICSGP=1,1,"other"')
    assert '+QIURC: "pdpdeact",1' in host.lines("AT+CGATT=0")
    host.ok("AT+QIACT?")
    host.ok("AT+CGATT=1")
    assert host.lines("AT+QIACT?")[0].startswith("+QIACT: 1,1")


def test_the_only_bearer_can_be_taken_from_another_context(
    start: Callable[..., Started],
) -> None:
    """N: CGACT? shows who has it, CGACT=0 frees it."""
    _, host = start(settings={"only_bearer": 9})
    host.ok(_APN)
    assert host.lines("AT+CGACT?") == ["+CGACT: 1,0", "+CGACT: 9,1", "OK"]
    host.ok("AT+CGACT=0,9", "AT+QIACT=1")


def test_three_contexts_at_most(modem_and_host: Started) -> None:
    """SMTP note 4.2, point 5."""
    _, host = modem_and_host
    for cid in range(1, 5):
        host.ok(f'AT+QICSGP={cid},1,"internet"')
    host.ok("AT+QIACT=1", "AT+QIACT=2", "AT+QIACT=3")
    assert host.lines("AT+QIACT=4") == ["ERROR"]


def test_after_pdpdeact_the_context_must_be_deactivated_first(
    modem_and_host: Started,
) -> None:
    """T."""
    modem, host = modem_and_host
    host.ok(_APN, "AT+QIACT=1")
    modem.pdpdeact()
    assert host.read_until(b'deact",1\r\n') == b'\r\n+QIURC: "pdpdeact",1\r\n'
    assert host.lines("AT+QIACT=1") == ["ERROR"]
    assert _reason(host) == 570
    host.ok("AT+QIDEACT=1", "AT+QIACT=1")


def test_drift_shows_in_cgact_only(modem_and_host: Started) -> None:
    """N: QIACT? is not to be trusted alone."""
    modem, host = modem_and_host
    host.ok(_APN, "AT+QIACT=1")
    modem.drift()
    assert host.lines("AT+QIACT?")[0].startswith("+QIACT: 1,1")
    assert host.lines("AT+CGACT?") == ["+CGACT: 1,0", "OK"]


def test_contexts_are_not_saved(modem_and_host: Started) -> None:
    """T: not over a reset."""
    modem, host = modem_and_host
    host.ok(_APN, "AT+QIACT=1")
    modem.reboot()
    host.read_until(b"PB DONE\r\n", b"SMS DONE\r\n")
    assert modem.state().contexts == ()


def test_a_server_can_be_probed(start: Callable[..., Started]) -> None:
    """Name, then port: OK first, the result later."""
    _, host = start(hosts={"mail.example.com": {465: 1}})
    host.ok(_APN, "AT+QIACT=1", 'AT+QIDNSGIP=1,"mail.example.com"')
    answer = host.read_until(b'113.1"\r\n').decode()
    assert answer == (
        '\r\n+QIURC: "dnsgip",0,1,600\r\n\r\n+QIURC: "dnsgip","203.0.113.1"\r\n'
    )
    host.ok('AT+QIDNSGIP=1,"nowhere.example.com"')
    assert host.read_until(b"565\r\n") == b'\r\n+QIURC: "dnsgip",565\r\n'
    host.ok('AT+QIOPEN=1,0,"TCP","mail.example.com",465,0,0')
    assert host.read_until(b",566\r\n") == b"\r\n+QIOPEN: 0,566\r\n"


@pytest.mark.parametrize(
    ("level", "answer", "told"),
    [
        (0, "+CEREG: 0,1", None),
        (1, "+CEREG: 1,1", "+CEREG: 3"),
        (2, '+CEREG: 2,1,"1A2B","0C3D4E01",7', "+CEREG: 3"),
    ],
)
def test_registration_is_told_in_its_two_forms(
    modem_and_host: Started, level: int, answer: str, told: str | None
) -> None:
    """The answer has <n>, the result code has not."""
    modem, host = modem_and_host
    host.ok(f"AT+CEREG={level}")
    assert host.lines("AT+CEREG?") == [answer, "OK"]
    modem.set("registration", 3)
    if told is not None:
        assert host.read_until(b"\r\n\r\n", b": 3\r\n").decode().strip() == told
    assert host.lines("AT+CEREG?") == [f"+CEREG: {level},3", "OK"]
    assert host.lines("AT+COPS?") == ["+COPS: 0", "OK"]
    assert host.lines("AT+QNWINFO") == ["+QNWINFO: No Service", "OK"]


def test_losing_the_network_takes_the_contexts_along(modem_and_host: Started) -> None:
    """With a pdpdeact for each."""
    modem, host = modem_and_host
    host.ok(_APN, "AT+QIACT=1")
    modem.set("registration", 2)
    host.read_until(b'+QIURC: "pdpdeact",1\r\n')
    host.ok("AT+QIACT?")


def test_the_radio_takes_the_contexts_along(modem_and_host: Started) -> None:
    """They have to be deactivated, once it is on again, before they come up."""
    _, host = modem_and_host
    host.ok(_APN, "AT+QIACT=1")
    assert host.lines("AT+CFUN=4") == ['+QIURC: "pdpdeact",1', "OK"]
    assert host.lines("AT+CGATT?") == ["+CGATT: 0", "OK"]
    assert host.lines("AT+CGACT?") == ["+CGACT: 1,0", "OK"]
    host.ok("AT+CFUN=1")
    assert host.lines("AT+CGATT?") == ["+CGATT: 1", "OK"]
    assert host.lines("AT+QIACT=1") == ["ERROR"]
    host.ok("AT+QIDEACT=1", "AT+QIACT=1")


def test_a_context_that_was_activated_otherwise_has_to_be_released(
    modem_and_host: Started,
) -> None:
    """The note's 4.2, point 4."""
    _, host = modem_and_host
    host.ok(_APN, "AT+CGACT=1,1")
    assert host.lines("AT+QIACT=1") == ["ERROR"]
    host.ok("AT+QIDEACT=1")
    assert host.lines("AT+QIACT=1") == ["ERROR"]
    host.ok("AT+CGACT=0,1", "AT+QIACT=1")


@pytest.mark.parametrize(
    ("sim", "numbered", "worded"),
    [
        ("absent", "10", "SIM not inserted"),
        ("failure", "13", "SIM failure"),
        ("busy", "14", "SIM busy"),
    ],
)
def test_a_sim_that_can_not_be_used(
    start: Callable[..., Started], sim: str, numbered: str, worded: str
) -> None:
    """In each form that CMEE knows; SMTP commands say ERROR (SMTP note 4.1)."""
    _, host = start(settings={"sim": sim})
    assert host.lines("AT+CPIN?") == [f"+CME ERROR: {numbered}"]
    assert host.lines('AT+QSMTPCFG="ssltype",1') == ["ERROR"]
    host.ok("AT+CMEE=2")
    assert host.lines("AT+CPIN?") == [f"+CME ERROR: {worded}"]
    host.ok("AT+CMEE=0")
    assert host.lines("AT+CPIN?") == ["ERROR"]


def test_a_pin_is_asked_for_at_every_start(start: Callable[..., Started]) -> None:
    """Right once; then its tries are full again."""
    modem, host = start(settings={"sim": "pin", "pin": "4321", "pin_tries": 2})
    assert host.lines("AT+CPIN?") == ["+CPIN: SIM PIN", "OK"]
    assert host.lines("AT+CREG?") == ["+CREG: 0,0", "OK"]
    assert host.lines('AT+QPINC="SC"') == ['+QPINC: "SC",2,10', "OK"]
    host.ok('AT+CPIN="4321"')
    host.read_until(b"+CPIN: READY\r\n")
    host.read_until(b"DONE\r\n")
    host.read_until(b"DONE\r\n")
    assert host.lines("AT+QPINC?")[0] == '+QPINC: "SC",3,10'
    assert host.lines("AT+CREG?") == ["+CREG: 0,1", "OK"]
    modem.reboot()
    host.read_until(b"+CPIN: SIM PIN\r\n")


def test_wrong_pins_lead_to_the_puk(start: Callable[..., Started]) -> None:
    """Three tries, over a reboot too; the PUK sets a new PIN."""
    modem, host = start(settings={"sim": "pin", "pin": "4321"})
    assert host.lines('AT+CPIN="1111"') == ["+CME ERROR: 16"]
    modem.reboot()
    host.read_until(b"+CPIN: SIM PIN\r\n")
    assert host.lines('AT+CPIN="1111"')[-1] == "+CME ERROR: 16"
    assert host.lines('AT+CPIN="1111"')[-1] == "+CME ERROR: 12"
    assert host.lines("AT+CPIN?")[-2:] == ["+CPIN: SIM PUK", "OK"]
    host.command('AT+CPIN="12345678","9999"')
    host.read_until(b"+CPIN: READY\r\n")
    assert modem.state().settings["pin"] == "9999"


def test_a_clock_that_was_never_set(start: Callable[..., Started]) -> None:
    """QLTS is empty until the network tells the time."""
    modem, host = start(settings={"clock": "unset", "zone": 4})
    assert host.lines("AT+CCLK?")[0].startswith('+CCLK: "80/01/06,')
    assert host.lines("AT+QLTS") == ['+QLTS: ""', "OK"]
    modem.set("clock", "network")
    assert host.lines("AT+QLTS=1")[0] != '+QLTS: ""'
    assert host.lines("AT+CCLK?")[0].endswith('+04"')


def test_a_clock_set_by_the_host(modem_and_host: Started) -> None:
    """Local time with its zone in quarter-hours."""
    modem, host = modem_and_host
    host.ok('AT+CCLK="26/11/25,14:30:00+08"')
    assert modem.state().clock.startswith("2026-11-25T12:30:0")
    assert host.lines("AT+CCLK?")[0].startswith('+CCLK: "26/11/25,14:30:0')
    assert host.lines('AT+CCLK="nonsense"') == ["ERROR"]
