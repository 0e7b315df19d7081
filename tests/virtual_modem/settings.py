"""Everything about the modem's circumstances that a test can choose, by name.

`--set NAME=VALUE`, a script's "settings" and the control request `set` all end here.
Seconds are the modem's own, before the time scale, unless a comment says otherwise.
"""

from dataclasses import dataclass, fields


class SettingError(ValueError):
    """No such setting, or a value that it can't have."""


@dataclass(slots=True)
class Settings:
    """The circumstances, with what an ordinary day looks like as defaults."""

    # Identity
    imei: str = "867730050000017"
    imsi: str = "460010123456789"
    iccid: str = "89860121801234567890"

    # SIM: ready, absent, pin (asked for at every start), puk, failure, busy; F10:
    # no_sim, net_locked, pin2 say so in CPIN?'s answer
    sim: str = "ready"
    # seconds after RDY until the card is found: CME 10, then 14 (F13); unscaled
    sim_seconds: float = 0.0
    pin: str = "1234"
    puk: str = "12345678"
    pin_tries: int = 3
    puk_tries: int = 10

    # Network. registration as in 27.007: 0 off, 1 home, 2 searching, 3 denied,
    # 4 unknown, 5 roaming
    registration: int = 1
    operator: str = "CHN-UNICOM"
    plmn: str = "46001"
    tac: str = "1A2B"
    cell: str = "0C3D4E01"
    rssi: int = 24
    ber: int = 99
    rsrp: int = -92
    sinr: int = 15
    rsrq: int = -11
    # Operator scan of COPS=?
    scan_seconds: float = 60.0

    # APNs of context 1 with which the network lets the modem attach, comma-separated
    # (F14); "": any. What it has at each try counts, none is repeated by itself
    attach_apn: str = ""
    # Whether QICSGP's settings are kept over a restart (F15)
    keeps_apn: bool = False
    # Context 1 is up with this APN by the modem's own dialling (default bearer, ECM,
    # RNDIS): nothing takes it down but a detach (F16); "": it is not
    dialled: str = ""

    # Packet service. apn: what the network accepts, comma-separated; "*" is anything
    # but an empty one, "any" also an empty one
    apn: str = "*"
    apn_user: str = ""
    apn_password: str = ""
    attach_seconds: float = 1.0
    qiact_seconds: float = 1.0
    qideact_seconds: float = 0.5
    # QIACT of an active context: ok, or error (undocumented; both are reported)
    qiact_again: str = "error"
    # error that QIACT fails with although nothing is wrong (0: none)
    qiact_error: int = 0
    # how QIGETERROR numbers: note, or terse (F9: 573 port busy, 574 already active)
    error_numbers: str = "note"
    # a cid that the network has given the only bearer to (0: no such limit)
    only_bearer: int = 0
    address: str = "10.7.157.1"
    address6: str = "2408:8456:1::1"
    # connections after which every further one fails until a reboot (0: never)
    decay_after: int = 0

    # Clock: network (set by it, right), unset, or a UTC time as 2026-11-25T12:00:00
    clock: str = "network"
    # quarter-hours of the network's time zone
    zone: int = 0

    # Port. role: usbat, usbmodem, uart1, uart2; urcport: the stored setting
    role: str = "usbat"
    urcport: str = "usbat"
    # what urcport may be; some firmware has no "all" (F17)
    urcports: str = "usbat,usbmodem,uart1,uart2,all"
    # what happens to the port while the modem boots: stay (UART), hangup (USB)
    reboot_port: str = "stay"
    # seconds from start to RDY
    boot_seconds: float = 3.3
    # whether RDY and its companions are sent
    boot_urcs: bool = True
    # seconds from RDY to +CFUN: 1; unscaled
    cfun_seconds: float = 0.0
    # seconds from the OK of CFUN=1,1 to the reboot
    reboot_delay_seconds: float = 0.5
    # seconds from QPOWD's OK to POWERED DOWN (60-65 at most, AT manual)
    power_down_seconds: float = 2.0

    # Waits for the host or the network (input_time, PUT's timeout) are not scaled below
    # this, or the scale would fail hosts that are in time
    shortest_patience: float = 30.0

    # The AT interpreter. command_seconds is what every command takes; unscaled
    command_seconds: float = 0.0
    # whether several commands may stand in one line
    combined: bool = True
    # a host whose termios speed is not AT+IPR's hears and sends garbage
    check_speed: bool = False

    # Data mode. Milliseconds after CONNECT in which bytes are lost; unscaled
    connect_settle: float = 0.0

    # Mail. put_seconds is what sending takes besides the network; unscaled
    put_seconds: float = 0.0
    # how a text body travels: auto, 8bit, base64
    body_encoding: str = "auto"
    # bytes of one attachment that there is memory for (0: no limit)
    attachment_memory: int = 0
    # how QSMTPCFG="account" shows a password: clear, masked
    password_echo: str = "clear"

    # TCP. longest_send, longest_read: what QISEND takes and QIRD gives at most
    longest_send: int = 1460
    longest_read: int = 1500
    # bytes that wait for the peer's acknowledgement, beyond which QISEND says SEND FAIL,
    # and how long that takes at least; unscaled
    send_buffer: int = 10240
    ack_seconds: float = 0.0
    # bytes that wait for QIRD; beyond them the peer is held back
    receive_buffer: int = 10240
    # how late the result codes recv and closed come, one for all until then; unscaled
    recv_seconds: float = 0.0
    # what a new recv needs: that all was read (emptied), or that QIRD has answered 0
    recv_again: str = "emptied"

    # Files
    file_store_bytes: int = 286720
    # timeout of an upload counted from CONNECT (total) or from the last byte (idle)
    upload_timer: str = "total"


_CHOICES: dict[str, frozenset[str]] = {
    "sim": frozenset(
        {"ready", "absent", "pin", "puk", "failure", "busy"}
        | {"no_sim", "net_locked", "pin2"}
    ),
    "error_numbers": frozenset({"note", "terse"}),
    "qiact_again": frozenset({"ok", "error"}),
    "role": frozenset({"usbat", "usbmodem", "uart1", "uart2"}),
    "urcport": frozenset({"usbat", "usbmodem", "uart1", "uart2", "all"}),
    "reboot_port": frozenset({"stay", "hangup"}),
    "body_encoding": frozenset({"auto", "8bit", "base64"}),
    "password_echo": frozenset({"clear", "masked"}),
    "recv_again": frozenset({"emptied", "read_zero"}),
    "upload_timer": frozenset({"total", "idle"}),
}


def change(settings: Settings, name: str, text: str) -> None:
    """Give the setting `name` the value that `text` spells.

    Raises SettingError for an unknown name or an impossible value.
    """
    kinds = {f.name: f.type for f in fields(settings)}
    if name not in kinds:
        raise SettingError(f"no setting {name!r}; there are {', '.join(sorted(kinds))}")
    kind = kinds[name]
    try:
        value: object
        if kind is bool:
            value = {"0": False, "false": False, "1": True, "true": True}[text.lower()]
        elif kind is int:
            value = int(float(text))
        elif kind is float:
            value = float(text)
        else:
            value = text
    except (KeyError, ValueError) as error:
        raise SettingError(f"{name} can't be {text!r}") from error
    if name in _CHOICES and value not in _CHOICES[name]:
        raise SettingError(f"{name} is one of {', '.join(sorted(_CHOICES[name]))}")
    setattr(settings, name, value)


def names(text: str) -> list[str]:
    """A setting that is a list, in lower case."""
    return [part.strip().lower() for part in text.split(",") if part.strip()]


def assignment(text: str) -> tuple[str, str]:
    """The two sides of "name=value"."""
    name, equals, value = text.partition("=")
    if not equals:
        raise SettingError(f"{text!r} is not NAME=VALUE")
    return name.strip(), value


def as_text(settings: Settings) -> dict[str, str]:
    """Every setting as text."""
    return {f.name: str(getattr(settings, f.name)) for f in fields(settings)}
