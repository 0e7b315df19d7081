"""What a test can see of the virtual modem: records that cross the control socket."""

from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum, StrEnum
from typing import Any, cast, get_args, get_origin

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None


class Phase(StrEnum):
    """What the modem was doing when bytes reached it."""

    OFF = "off"
    BOOTING = "booting"
    COMMAND = "command"
    BUSY = "busy"
    DATA = "data"
    SILENT = "silent"


class TransferEnd(StrEnum):
    """Why a data mode ended."""

    COMPLETE = "complete"
    TIMEOUT = "timeout"
    ESCAPED = "escaped"
    DTR = "dtr"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class CommandSeen:
    """One command line, as its bytes came (Latin-1), without its CR.

    `at` counts seconds since the process started; `boot` counts the modem's starts
    from 1; `session` counts the host's openings of the port. `phase` other than
    `command` means that the line came when none was due. `junk` is what stood before
    `AT`. `final` is the final result, "" while there is none.
    """

    at: float
    boot: int
    session: int
    line: str
    phase: Phase
    junk: str = ""
    final: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One data mode from the host: what was announced and what came."""

    at: float
    boot: int
    command: str
    expected: int
    data: bytes
    end: TransferEnd


@dataclass(frozen=True, slots=True)
class Stray:
    """Bytes that the modem lost: it was off, booting, busy or silent."""

    at: float
    phase: Phase
    data: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """One AT+QSMTPPUT: what went over the network, and its result.

    `accepted` says whether the server acknowledged the message, whatever the modem
    then reported; `reported` whether the result reached the host's port.
    """

    at: float
    boot: int
    err: int
    protocol_error: int
    accepted: bool
    reported: bool
    server: str
    security: str
    server_name: str
    authenticated: bool
    sender: str
    recipients: tuple[str, ...]
    message: bytes


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the modem's store."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class PdpContextSeen:
    """A PDP context as configured, what QIACT? says of it, and whether it carries."""

    cid: int
    apn: str
    active: bool
    bearer: bool


@dataclass(frozen=True, slots=True)
class State:
    """The modem at one moment."""

    profile: str
    phase: Phase
    uptime: float
    boot: int
    session: int
    host_present: bool
    # bytes from the host since the start
    heard: int
    echo: bool
    quiet: bool
    verbose: bool
    cmee: int
    baud: int
    dtr: int
    urcport: str
    registration: int
    sim: str
    clock: str
    sending: bool
    contexts: tuple[PdpContextSeen, ...]
    files: tuple[StoredFile, ...]
    free_bytes: int
    smtp: dict[str, str] = field(default_factory=dict)
    tls: dict[str, dict[str, str]] = field(default_factory=dict)
    recipients: tuple[tuple[int, str], ...] = ()
    subject: tuple[int, str] = (0, "")
    body: bytes | None = None
    attachments: tuple[tuple[int, str], ...] = ()
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ready:
    """The line that the process prints once it can be opened."""

    port: str
    device: str
    tcp: int
    control: str
    pid: int


def to_json(value: object) -> Json:
    """A record as JSON; bytes become Latin-1 text."""
    match value:
        case Enum():
            return to_json(value.value)
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return value.decode("latin-1")
        case dict():
            return {str(key): to_json(item) for key, item in value.items()}
        case list() | tuple():
            return [to_json(item) for item in value]
    if is_dataclass(value):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value)}
    raise TypeError(f"no JSON form for {type(value).__name__}")


def from_json[T](kind: type[T], value: Json) -> T:
    """The record of type `kind` that `to_json` wrote."""
    return cast(T, _decode(kind, value))


def _decode(kind: Any, value: Json) -> object:
    origin = get_origin(kind)
    if kind is bytes and isinstance(value, str):
        return value.encode("latin-1")
    if origin is tuple and isinstance(value, list):
        kinds = get_args(kind)
        if len(kinds) == 2 and kinds[1] is Ellipsis:
            return tuple(_decode(kinds[0], item) for item in value)
        return tuple(_decode(k, v) for k, v in zip(kinds, value, strict=True))
    if origin is not None and type(None) in get_args(kind):
        present = next(k for k in get_args(kind) if k is not type(None))
        return None if value is None else _decode(present, value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if is_dataclass(kind) and isinstance(value, dict):
        made = {f.name: _decode(f.type, value[f.name]) for f in fields(kind)}
        return cast(Any, kind)(**made)
    return value
