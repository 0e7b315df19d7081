"""The modem's life: boot, reboot, power, its port; and the faults of every moment."""

from collections.abc import Callable
import contextlib
import os
from pathlib import Path
import termios

import pytest

from ..fault_model import Action, Fault, Moment
from ..observations import Phase, TransferEnd
from .conftest import Started
from .host import Host

_BOOT = ["RDY", "+CFUN: 1", "+CPIN: READY", "+QUSIM: 1"]


def _lines(data: bytes) -> list[str]:
    return [line for line in data.decode("latin-1").split("\r\n") if line]


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_boot_announces_itself(start: Callable[..., Started], seed: int) -> None:
    """The order of the last two varies."""
    modem, host = start(seed=seed)
    host.ok("AT+CFUN=1,1")
    said = b"".join(host.read_until(b"DONE\r\n") for _ in range(2))
    assert _lines(said)[:4] == _BOOT
    assert sorted(_lines(said)[4:]) == ["+QIND: PB DONE", "+QIND: SMS DONE"]
    assert modem.state().boot == 2


def test_a_card_that_is_slow_is_not_there_at_first(
    start: Callable[..., Started],
) -> None:
    """F13; and the radio's own line may come late."""
    _, host = start(settings={"sim_seconds": 1, "cfun_seconds": 0.3})
    host.ok("AT+CFUN=1,1")
    host.read_until(b"RDY\r\n")
    host.command("ATE0")
    assert host.lines("AT+CPIN?") == ["+CME ERROR: 10"]
    host.read_until(b"+CFUN: 1\r\n")
    for _ in range(2):
        host.read_until(b"DONE\r\n")
    host.ok("AT+CFUN=0")
    assert host.lines("AT+CPIN?") == ["+CME ERROR: 13"]


@pytest.mark.parametrize(
    ("sim", "answer"),
    [
        ("no_sim", "NO SIM"),
        ("net_locked", "PH-NET PIN"),
        ("pin2", "SIM PIN2"),
    ],
)
def test_a_sim_says_what_is_the_matter(
    start: Callable[..., Started], sim: str, answer: str
) -> None:
    """F10."""
    _, host = start(settings={"sim": sim})
    assert host.lines("AT+CPIN?") == [f"+CPIN: {answer}", "OK"]
    served = "1" if sim == "pin2" else "0"
    assert host.lines("AT+CEREG?") == [f"+CEREG: 0,{served}", "OK"]


def test_a_firmware_may_take_one_command_in_a_line(
    start: Callable[..., Started],
) -> None:
    """Nothing of the line is done."""
    _, host = start(settings={"combined": "false"})
    assert host.lines("ATQ0V1E0") == ["ERROR"]
    host.ok("ATQ0", "ATV1", "ATE0")


def test_a_firmware_may_not_know_all_ports(start: Callable[..., Started]) -> None:
    """F17."""
    _, host = start(settings={"urcports": "usbat,usbmodem,uart1"})
    assert host.lines("AT+QURCCFG=?")[0] == (
        '+QURCCFG: "urcport",("usbat","usbmodem","uart1")'
    )
    assert host.lines('AT+QURCCFG="urcport","all"') == ["ERROR"]


@pytest.mark.parametrize("how", ["CFUN", "power"])
def test_a_restart_loses_the_settings_of_all_tls_contexts(
    modem_and_host: Started, how: str
) -> None:
    """N; of those that nobody uses too."""
    modem, host = modem_and_host
    read = 'AT+QSSLCFG="negotiatetime",5'
    assert host.lines(read) == ['+QSSLCFG: "negotiatetime",5,300', "OK"]
    assert host.lines(f"{read},9") == ["ERROR"]
    host.ok(f"{read},123")
    assert host.lines(read) == ['+QSSLCFG: "negotiatetime",5,123', "OK"]
    if how == "CFUN":
        host.ok("AT+CFUN=1,1")
    else:
        modem.reboot()
    host.read_until(b"RDY\r\n")
    host.command("ATE0")
    assert '+QSSLCFG: "negotiatetime",5,300' in host.lines(read)


def test_a_cold_start_boots_before_it_answers(start: Callable[..., Started]) -> None:
    """What comes before RDY is lost."""
    modem, host = start(
        cold_start=True, settings={"boot_seconds": 30}, echo=True, time_scale=0.01
    )
    host.write(b"AT\r")
    host.read_until(b"RDY\r\n")
    assert [(stray.phase, stray.data) for stray in modem.strays()] == [
        (Phase.BOOTING, b"AT\r")
    ]


def test_power_down_is_announced(modem_and_host: Started) -> None:
    """QPOWD: OK, POWERED DOWN, and then nothing."""
    modem, host = modem_and_host
    host.ok("AT+QPOWD=1")
    host.read_until(b"POWERED DOWN\r\n")
    modem.control("wait_phase", phase="off", timeout=20)
    host.write(b"AT\r")
    modem.control("wait_silence", seconds=0)
    modem.reboot()
    host.read_until(b"RDY\r\n")


def test_a_pulled_cable_is_an_end_of_the_port(modem_and_host: Started) -> None:
    """The link goes and comes back; a new opening talks to the same modem."""
    modem, host = modem_and_host
    link = modem.port
    modem.hangup()
    with contextlib.suppress(OSError):
        assert os.read(host.fd, 1) == b""
    assert not os.path.lexists(link)
    assert modem.plug() == link
    with Host(link) as again:
        again.ok("AT")
    assert modem.state().session == 2


def test_a_port_may_return_under_another_name(
    modem_and_host: Started, tmp_path: Path
) -> None:
    """ttyUSB2 after ttyUSB1."""
    modem, _ = modem_and_host
    other = tmp_path / "ttyUSB9"
    modem.hangup()
    assert modem.plug(other) == str(other)
    with Host(str(other)) as again:
        again.ok("AT")


def test_nobody_hears_what_is_said_while_the_port_is_closed(
    modem_and_host: Started,
) -> None:
    """As on a wire: a later opening begins with silence."""
    modem, host = modem_and_host
    host.close()
    modem.urc("+CEREG: 2")
    with Host(modem.port) as again:
        assert again.command("AT") == "\r\nOK\r\n"


def test_closing_the_port_drops_dtr(modem_and_host: Started) -> None:
    """Data mode ends with it (AT&D2), and what had come is kept."""
    modem, host = modem_and_host
    host.command("AT+QSMTPBODY=0,10")
    host.write(b"abc")
    modem.control("wait_data", bytes=3, timeout=20)
    host.close()
    modem.control("wait_phase", phase="command", timeout=20)
    (transfer,) = modem.transfers()
    assert (transfer.data, transfer.end) == (b"abc", TransferEnd.DTR)


def test_silence_hears_and_says_nothing(modem_and_host: Started) -> None:
    """Until it is over."""
    modem, host = modem_and_host
    modem.silence()
    host.write(b"AT\r")
    modem.control("wait_stray", bytes=3, timeout=20)
    modem.speak()
    host.ok("AT+CMEE=2")
    assert modem.strays()[0].data == b"AT\r"


def test_another_speed_is_garbage(start: Callable[..., Started]) -> None:
    """The host's termios against AT+IPR, which holds from after its OK on."""
    modem, host = start(settings={"check_speed": 1})
    host.ok("AT+IPR=9600")
    heard = modem.state().heard
    host.write(b"AT+CSQ\r")
    modem.control("wait_heard", bytes=heard + 7, timeout=20)
    host.set_speed(termios.B9600)
    host.write(b"\r")
    host.ok("AT")
    assert modem.commands("CSQ") == []


# Faults: one for each moment, and for each kind of output


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (Fault(Action.ERROR, "CSQ"), "\r\nERROR\r\n"),
        (Fault(Action.ERROR, "CSQ", code=30), "\r\n+CME ERROR: 30\r\n"),
        (
            Fault(Action.ERROR, "CSQ", Moment.BEFORE_FINAL, code=3),
            "\r\n+CSQ: 24,99\r\n\r\n+CME ERROR: 3\r\n",
        ),
        (
            Fault(Action.ANSWER, "CSQ", text="+CSQ: 1,2\nOK"),
            "\r\n+CSQ: 1,2\r\n\r\nOK\r\n",
        ),
        (
            Fault(Action.URC, "CSQ", Moment.LINE, text="+CREG: 2"),
            "\r\n+CREG: 2\r\n\r\n+CSQ: 24,99\r\n\r\nOK\r\n",
        ),
        (
            Fault(Action.URC, "CSQ", Moment.LINE, offset=1, text="+CREG: 2"),
            "\r\n+CSQ: 24,99\r\n\r\n+CREG: 2\r\n\r\nOK\r\n",
        ),
        (
            Fault(Action.URC, "CSQ", Moment.OUTPUT, offset=5, text="X"),
            "\r\n+CS\r\nX\r\nQ: 24,99\r\n\r\nOK\r\n",
        ),
        (
            Fault(Action.INJECT, "CSQ", Moment.OUTPUT, offset=0, data=b"\xff"),
            "\xff\r\n+CSQ: 24,99\r\n\r\nOK\r\n",
        ),
        (
            Fault(Action.CHOP, "CSQ", size=1, seconds=0.001),
            "\r\n+CSQ: 24,99\r\n\r\nOK\r\n",
        ),
        (Fault(Action.GLUE, "CSQ", seconds=0.05), "\r\n+CSQ: 24,99\r\n\r\nOK\r\n"),
        (Fault(Action.DELAY, "CSQ", seconds=0.05), "\r\n+CSQ: 24,99\r\n\r\nOK\r\n"),
        (
            Fault(Action.DELAY, "CSQ", Moment.OUTPUT, offset=4, seconds=0.05),
            "\r\n+CSQ: 24,99\r\n\r\nOK\r\n",
        ),
    ],
)
def test_a_fault_strikes_once_where_it_is_armed(
    modem_and_host: Started, fault: Fault, answer: str
) -> None:
    """Then the command is its old self."""
    modem, host = modem_and_host
    number = modem.fault(fault)
    host.ok("AT")
    assert host.command("AT+CSQ") == answer
    assert host.command("AT+CSQ") == "\r\n+CSQ: 24,99\r\n\r\nOK\r\n"
    assert modem.fault_strikes(number) == 1


def test_what_a_fault_drops_never_comes(modem_and_host: Started) -> None:
    """The command itself, the rest of its answer, its final result."""
    modem, host = modem_and_host
    modem.fault(Fault(Action.DROP, "CSQ"))
    modem.fault(Fault(Action.DROP, "CSQ", Moment.OUTPUT, offset=6))
    modem.fault(Fault(Action.DROP, "CSQ", Moment.BEFORE_FINAL))
    host.write(b"AT+CSQ\rAT+CSQ\rAT+CSQ\rAT\r")
    assert host.read_until(b"OK\r\n") == b"\r\n+CSQ\r\n+CSQ: 24,99\r\n\r\nOK\r\n"


def test_faults_are_skipped_repeated_and_cleared(modem_and_host: Started) -> None:
    """skip, times, clear."""
    modem, host = modem_and_host
    modem.fault(Fault(Action.ERROR, r"^AT$", skip=1, times=2))
    answers = [host.lines("AT")[0] for _ in range(4)]
    assert answers == ["OK", "ERROR", "ERROR", "OK"]
    modem.fault(Fault(Action.ERROR, r"^AT$", times=0))
    assert [host.lines("AT")[0] for _ in range(3)] == ["ERROR"] * 3
    modem.clear_faults()
    host.ok("AT")


@pytest.mark.parametrize(
    ("moment", "offset"),
    [
        (Moment.RECEIPT, 0),
        (Moment.BEFORE_CONNECT, 0),
        (Moment.AFTER_CONNECT, 0),
        (Moment.MID_DATA, 3),
        (Moment.LINE, 1),
        (Moment.OUTPUT, 20),
        (Moment.BEFORE_FINAL, 0),
        (Moment.AFTER_FINAL, 0),
    ],
)
def test_a_reboot_at_any_step_of_a_body(
    modem_and_host: Started, moment: Moment, offset: int
) -> None:
    """It comes back, in command mode, with echo as stored."""
    modem, host = modem_and_host
    modem.fault(Fault(Action.REBOOT, "BODY", moment, offset))
    host.write(b"AT+QSMTPBODY=0,6\r")
    if moment not in (Moment.RECEIPT, Moment.BEFORE_CONNECT, Moment.AFTER_CONNECT):
        host.write(b"abcdef")
    host.read_until(b"RDY\r\n")
    modem.control("wait_idle", timeout=20)
    assert host.command("AT")[-6:] == "\r\nOK\r\n"
    assert (modem.state().boot, modem.state().body) == (2, None)
    if moment is Moment.MID_DATA:
        (transfer,) = modem.transfers()
        assert (transfer.data, transfer.end) == (b"abc", TransferEnd.LOST)


@pytest.mark.parametrize(
    ("moment", "offset"),
    [
        (Moment.AFTER_CONNECT, 0),
        (Moment.MID_DATA, 3),
        (Moment.OUTPUT, 20),
        (Moment.AFTER_FINAL, 0),
    ],
)
@pytest.mark.parametrize("baud", [None, 115200])
def test_the_port_can_go_at_any_step_of_a_body(
    start: Callable[..., Started], moment: Moment, offset: int, baud: int | None
) -> None:
    """It comes back by itself; an open data mode ends with DTR."""
    modem, host = start(baud=baud)
    link = Path(modem.port)
    modem.fault(Fault(Action.HANGUP, "BODY", moment, offset, seconds=0.01))
    with contextlib.suppress(OSError):
        host.write(b"AT+QSMTPBODY=0,6,1\r")
        host.read_until(b"CONNECT\r\n")
        host.write(b"abcdef")
        while os.read(host.fd, 100):
            pass
    modem.control("wait_plugged", timeout=20)
    modem.control("wait_phase", phase="command", timeout=20)
    with Host(str(link)) as again:
        assert again.command("AT") == "\r\nOK\r\n"


def test_a_usb_modem_takes_its_port_along_when_it_reboots(
    start: Callable[..., Started],
) -> None:
    """Whoever opens it again comes too late for RDY."""
    modem, host = start(settings={"reboot_port": "hangup", "boot_seconds": 3})
    host.ok("AT+CFUN=1,1")
    with contextlib.suppress(OSError):
        while os.read(host.fd, 100):
            pass
    modem.control("wait_plugged", timeout=20)
    with Host(modem.port) as again:
        modem.control("wait_phase", phase="command", timeout=20)
        again.command("ATE0")
        assert modem.state().boot == 2


def test_bytes_of_a_body_can_be_lost_on_the_wire(modem_and_host: Started) -> None:
    """The count is not reached then."""
    modem, host = modem_and_host
    modem.fault(Fault(Action.LOSE, "BODY", Moment.MID_DATA, 2, size=3))
    host.command("AT+QSMTPBODY=0,8")
    host.write(b"ab...cdefgh")
    assert host.read_until(b"OK\r\n") == b"\r\n+QSMTPBODY: 8\r\n\r\nOK\r\n"
    assert modem.transfers()[0].data == b"abcdefgh"


def test_a_setting_can_change_in_the_middle_of_a_command(
    modem_and_host: Started,
) -> None:
    """Registration is lost between QIACT and its OK."""
    modem, host = modem_and_host
    host.ok('AT+QICSGP=1,1,"internet"', "AT+CEREG=1")
    modem.fault(
        Fault(Action.SET, "QIACT=1", Moment.BEFORE_FINAL, text="registration=2")
    )
    assert host.lines("AT+QIACT=1") == [
        "+CEREG: 2",
        '+QIURC: "pdpdeact",1',
        "OK",
    ]
