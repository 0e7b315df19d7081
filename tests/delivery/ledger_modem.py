"""A scripted modem that keeps a ledger: each email it was handed, and what became of it.

It goes on whatever becomes of the process that talks to it: what it was told, what it is
sending and what stands half-written in its data mode outlive a port and a courier.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from functools import partial
from itertools import zip_longest
import re
from typing import Any, Final, override

from custom_components.quectel_smtp.delivery.records import Way
from custom_components.quectel_smtp.modem.at.channel import AtChannel
from custom_components.quectel_smtp.modem.at.errors import PortNotFoundError
from custom_components.quectel_smtp.modem.at.port import PortSettings
from tests.modem.scripted_modem import MARK_LINE
from tests.modem.scripted_port import ERROR, OK, Answer, Data, Late, ScriptedPort, frame

from .bench import DNS_LINE, OPEN_LINE, RESTARTED, SendingModem
from .talking_modem import STREAM_LINE, PostOffice, TcpLine

HOME: Final = "socket://modem:1"
AWAY: Final = "socket://modem:2"
"""The names of the port: behind a URL no other speed is tried."""

_REFERENCE: Final = re.compile(r"Ref: (\w+)\r\n\Z")
_QUOTED: Final = re.compile(r'"([^"]*)"')
_REPEAT: Final = "(possible repeat)"
_TAKEN: Final = 250
_BUSY: Final = b"\r\n+CME ERROR: 652\r\n"
_NO_FILE: Final = b"\r\n+CME ERROR: 418\r\n"
_NO_SIM: Final = b"\r\n+CME ERROR: 10\r\n"


@dataclass(frozen=True)
class Fate:
    """What becomes of one PUT."""

    delivered: bool = True
    """Whether the server accepts the email, whatever is reported."""
    result: tuple[int, int] | None = (0, 250)
    """Code and reply that are reported; None: nothing ever."""
    after: float = 0.5
    """Seconds until that."""
    answer: bytes | None = OK
    """What answers PUT itself; no result follows an error."""
    then: str = ""
    """What befalls the modem meanwhile: a name of ``LedgerModem.strike``."""
    seconds: float = 0.0
    """How long that lasts."""
    kept: bool = False
    """Whether a result that nobody reads waits at the port until it is opened."""


SENT: Final = Fate()


@dataclass
class Attempt:
    """One PUT as the modem saw it, or one final dot as the server did."""

    reference: str
    addresses: tuple[str, ...]
    body: str
    fate: Fate
    at: float
    pending: bool = True
    """Whether the modem is still at work on it."""
    heard_by: int | None = None
    """The run of the courier that was given the result."""
    way: Way = Way.MODULE
    attached: tuple[bytes, ...] = ()
    """What the files hold that are attached to it."""

    @property
    def marked(self) -> bool:
        """Whether the email says that it may be a repeat."""
        return _REPEAT in self.body


@dataclass
class Weather:
    """What is wrong for as long as nobody mends it."""

    silent: bool = False
    unregistered: bool = False
    no_sim: bool = False
    no_pdp: bool = False
    no_name: bool = False
    no_server: bool = False
    no_tcp: bool = False
    """The firmware has no TCP commands but the one that looks for a server."""
    deaf: bool = False
    """Result codes go to another port."""
    markless: bool = False
    """The firmware keeps no mark of a boot."""
    takes_port_along: bool = False
    """A restart takes the port away for a while."""


@dataclass
class _Prepared:
    """The email that is being prepared in the modem."""

    addresses: list[str] = field(default_factory=list)
    subject: str | None = None
    body: str | None = None
    files: list[str] = field(default_factory=list)
    """Names of what is attached to it."""


class LedgerOffice(PostOffice):
    """The mail server, to which emails come over the modem's TCP: they have fates, too."""

    def __init__(self, modem: LedgerModem) -> None:
        """Know what the modem's own mail client knows."""
        super().__init__()
        self._modem = modem
        self._recipients: list[str] = []
        self.on_line = self._note

    def _note(self, line: bytes) -> None:
        if line.startswith(b"MAIL"):
            self._recipients = []
        if line.startswith(b"RCPT"):
            self._recipients.append(line.decode().split("<")[1].split(">")[0])

    @override
    def log_in(self, password: str) -> bool:
        return password == self._modem.password

    @override
    def take(self, content: bytes) -> str:
        fate = self._modem.fate()
        _, reply = fate.result or (0, 0)
        if reply and fate.answer != OK:
            reply = 0
        # It has taken what it says it has; of what it says nothing, nobody knows.
        delivered = fate.delivered if not reply else reply == _TAKEN
        said = (0, reply) if reply else None
        self._modem.took(
            content, self._recipients, replace(fate, delivered=delivered, result=said)
        )
        self.hung_up = not reply
        return f"{reply} as fate has it\r\n" if reply else ""


class Wire:
    """The end of the line that is the courier's process; it may die at any moment."""

    def __init__(self, run: int) -> None:
        """Count the runs of the process from 1."""
        self.run = run
        self.dead = False

    def step(self) -> None:
        """Something is about to happen between the process and the world."""


class LedgerPort(ScriptedPort):
    """A port of the modem: what a dead process writes never leaves it."""

    def __init__(self, modem: LedgerModem, wire: Wire) -> None:
        """Open the port: data mode may be on from before."""
        super().__init__(AtChannel())
        self._modem = modem
        self.wire = wire
        self.answers = _Answers(modem)
        self.before_line = modem.before

    def follow(self, earlier: LedgerPort) -> None:
        """Be in the state in which the port before was left."""
        self._data, self._got = earlier._data, earlier._got

    def leave_data_mode(self) -> None:
        """The modem has restarted."""
        self._data = None

    @property
    def heard(self) -> bool:
        """Whether what the modem says is read."""
        return not (self.closed or self.wire.dead or self._modem.weather.silent)

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.wire.dead:
            super().write(data)

    @override
    def receive(self, data: bytes) -> None:
        if self.heard:
            super().receive(data)


class LedgerModem(SendingModem):
    """A modem in whose ledger stands each email that it was handed."""

    def __init__(self, complain: Callable[[str], None]) -> None:
        """Be in service; ``complain`` is told what no courier may ever do."""
        super().__init__()
        self._complain = complain
        self.on_line: Callable[[str], None] = lambda _: None
        self.on_put: Callable[[Attempt], None] = lambda _: None
        self.wire = Wire(0)
        self.weather = Weather()
        self.urls: set[str] | None = {HOME}
        self.password = "p"
        self.usual = SENT
        self.fates: deque[Fate] = deque()
        self.ledger: list[Attempt] = []
        # Lines until something befalls the modem, and what.
        self.fuse: tuple[int, str, float] | None = None
        # What is to be done in the place of answering a line as usual.
        self._instead: Callable[[Callable[[], Answer]], Answer] | None = None
        self._prepared = _Prepared()
        self.tcp = TcpLine(LedgerOffice(self))
        self._settings: dict[str, str] = {}
        # What lies in its store, over restarts.
        self.files: dict[str, bytes] = {}
        self._pdp = False
        self._waiting_lines: list[tuple[Attempt, bytes]] = []
        self.answers |= {
            "AT+CFUN=1,1": self._told_to_restart,
            "AT+CFUN=4": self._radio_off,
            "AT+CPIN?": lambda: (
                _NO_SIM if self.weather.no_sim else frame("+CPIN: READY")
            ),
            "AT+QIACT=1": self._activate,
            "AT+QIDEACT=1": self._deactivate,
            "AT+QIACT?": lambda: frame('+QIACT: 1,1,1,"10.0.0.1"') if self._pdp else OK,
            "AT+CGACT?": lambda: frame(f"+CGACT: 1,{int(self._pdp)}"),
            MARK_LINE: self._tell_mark,
            DNS_LINE: self._resolve,
            OPEN_LINE: self._reach,
        }
        for name in ("CEREG", "CGREG", "CREG"):
            self.answers[f"AT+{name}?"] = partial(self._registration, name)
        del self.answers["AT+QSMTPPUT=300"], self.answers["AT+QISEND=?"]

    def _registration(self, name: str) -> bytes:
        return frame(f"+{name}: 0,{2 if self.weather.unregistered else 1}")

    # The port.

    @override
    async def connect(self, settings: PortSettings) -> AtChannel:
        """Open the port, if it is there under this name."""
        self.wire.step()
        if self.wire.dead or self.urls is None or settings.url not in self.urls:
            raise PortNotFoundError
        port = LedgerPort(self, self.wire)
        if self.ports:
            port.follow(self._port)
            if self._port.heard:
                self._complain("a second port was opened beside the first")
            # Nobody will ever ask for what was on the others.
            self.ports.clear()
        self.ports.append(port)
        asyncio.get_running_loop().call_soon(self._say_what_waited)
        return port.channel

    def hang_up(self) -> None:
        """The process is gone, and the port with it."""
        if self.ports:
            self._port.lose(None)

    def _say_what_waited(self) -> None:
        while self._waiting_lines and self._say(self._waiting_lines[0][1]):
            self._waiting_lines.pop(0)[0].heard_by = self.wire.run

    @property
    def _port(self) -> LedgerPort:
        port = self.ports[-1]
        assert isinstance(port, LedgerPort)
        return port

    @property
    def connected(self) -> bool:
        """Whether a port is open."""
        return bool(self.ports) and not self._port.closed

    def _say(self, data: bytes) -> bool:
        """Say something unasked; returns whether it is read."""
        if not self.ports or self.weather.deaf or not self._port.heard:
            return False
        self._port.receive(data)
        return True

    def before(self, line: str) -> None:
        """Take note of a line before it is answered."""
        self.wire.step()
        self._port.silent = self.weather.silent
        self._keep_mark(line)
        self.on_line(line)
        if self.fuse is not None:
            count, name, seconds = self.fuse
            self.fuse = (count - 1, name, seconds) if count else None
            if not count:
                self._befall(name, seconds)
        self._port.silent = self.weather.silent

    # What befalls it.

    def strike(self, name: str, seconds: float) -> None:
        """Let something befall the modem, or the line that it is about to answer."""
        loop = asyncio.get_running_loop()
        match name:
            case "restart" | "quiet restart":
                self.start_anew(quietly=name == "quiet restart")
            case "vanish":
                self.vanish(seconds)
            case "unplug":
                self.start_anew(quietly=True)
                self.vanish(seconds)
            case "move":
                self.vanish(seconds, moving=True)
            case "silence":
                self.weather.silent = True
                loop.call_later(seconds, self._speak_again)
            case "pdp lost":
                self._pdp = self.tcp.connected = False
                self._say(b'\r\n+QIURC: "pdpdeact",1\r\n')
            case "chatter":
                self._say(b"\r\n+QIND: PB DONE\r\n")

    def _befall(self, name: str, seconds: float) -> None:
        """Let something befall the modem while it takes a line."""
        match name:
            case "error":
                self._instead = lambda _: ERROR
            case "code":
                self._instead = lambda _: b"\r\n+CME ERROR: 100\r\n"
            case "nothing":
                self._instead = lambda _: None
            case "mute":
                self._instead = _mute
            case "late":
                self._instead = partial(_late, seconds)
            case _:
                if "restart" in name or name == "unplug":
                    # The line is taken by nobody.
                    self._instead = lambda _: None
                self.strike(name, seconds)

    def reply(self, line: str) -> Answer:
        """Answer a line."""

        def usual() -> Answer:
            found = self.answers.get(line, ...)
            if found is ...:
                return self.answer(line)
            assert not isinstance(found, list)
            return found() if callable(found) else found

        instead, self._instead = self._instead, None
        return usual() if instead is None else instead(usual)

    def _speak_again(self) -> None:
        self.weather.silent = False

    def vanish(self, seconds: float, *, moving: bool = False) -> None:
        """Take the port away for a while; it may come back under its other name."""
        urls = self.urls
        if not urls:
            return
        back = {AWAY if HOME in urls else HOME} if moving else urls
        self.urls = set()
        if self.ports:
            self._port.lose(OSError(5, "gone"))
        asyncio.get_running_loop().call_later(seconds, self._come_back, back)

    def _come_back(self, urls: set[str]) -> None:
        if not self.urls:
            self.urls = urls

    def start_anew(self, *, quietly: bool = False) -> bytes:
        """Restart: nothing it was told is known any more, nothing it does goes on."""
        self.mark = 300
        self._pdp = self.tcp.connected = False
        self._settings.clear()
        self._prepared = _Prepared()
        for attempt in self._last_put:
            attempt.pending = False
        self._waiting_lines.clear()
        if self.ports:
            self._port.leave_data_mode()
        if not quietly:
            self._say(RESTARTED)
        return OK

    def _told_to_restart(self) -> Answer:
        if self.weather.takes_port_along:
            self.start_anew(quietly=True)
            asyncio.get_running_loop().call_later(1.0, self.vanish, 10.0)
        else:
            asyncio.get_running_loop().call_soon(self.start_anew)
        return OK

    def _radio_off(self) -> Answer:
        self._pdp = self.tcp.connected = False
        return OK

    @property
    def _last_put(self) -> list[Attempt]:
        """The last of the modem's own mail client, if there is one."""
        return [one for one in self.ledger if one.way is Way.MODULE][-1:]

    # What it is told.

    @override
    def answer(self, line: str) -> Answer:
        """Answer what has no answer of its own."""
        if TcpLine.knows(line):
            return self._tcp(line)
        name, _, values = line.partition("=")
        match name:
            case "AT+QSMTPCFG":
                key = values.split(",")[0]
                self._settings[key] = values
            case "AT+QSMTPCLR":
                self._prepared = _Prepared()
            case "AT+QSMTPDST":
                self._prepared.addresses.append(_QUOTED.findall(line)[0])
            case "AT+QSMTPSUB":
                self._prepared.subject = values
            case "AT+QSMTPBODY":
                if any(attempt.pending for attempt in self._last_put):
                    return _BUSY
                return Data(int(values.split(",")[1]), self.take_body)
            case "AT+QSMTPATT":
                self._prepared.files = [
                    *(self._prepared.files if values != "0" else ()),
                    *_QUOTED.findall(values),
                ]
            case "AT+QSMTPPUT":
                return self._put()
            case "AT+QFUPL" if values != "?":
                (name,) = _QUOTED.findall(values)
                _, size, _, mode = values.rsplit(",", 3)
                keep = partial(self._keep, name)
                return Data(int(size), keep, acknowledge=mode == "1")
            case "AT+QFLST":
                return frame(
                    *(
                        f'+QFLST: "{name}",{len(data)}'
                        for name, data in self.files.items()
                    )
                )
            case "AT+QFLDS":
                return frame("+QFLDS: 1000000,2000000")
            case "AT+QFDEL":
                (name,) = _QUOTED.findall(values)
                return _NO_FILE if self.files.pop(name, None) is None else OK
            case _ if line.startswith(MARK_LINE) and self.weather.markless:
                return ERROR
        return OK

    @override
    def take_body(self, data: bytes) -> bytes:
        self._prepared.body = data.decode()
        return frame(f"+QSMTPBODY: {len(data)}")

    def _keep(self, name: str, data: bytes) -> bytes:
        """Keep a file; its checksum is the XOR of its words."""
        self.files[name] = data
        found = 0
        for high, low in zip_longest(data[::2], data[1::2], fillvalue=0):
            found ^= high << 8 | low
        return frame(f"+QFUPL: {len(data)},{found:x}")

    def _tell_mark(self) -> Answer:
        if self.weather.markless:
            return ERROR
        return frame(f'+QSSLCFG: "negotiatetime",5,{self.mark}')

    def _activate(self) -> Answer:
        if self.weather.no_pdp or self.weather.unregistered or self._pdp:
            return ERROR
        self._pdp = True
        return OK

    def _deactivate(self) -> Answer:
        self._pdp = self.tcp.connected = False
        return OK

    def _tcp(self, line: str) -> Answer:
        if self.weather.no_tcp:
            return ERROR
        opening = line == STREAM_LINE
        if not opening:
            answer = self.tcp.answer(line)
            if line.startswith("AT+QIRD") and isinstance(answer, bytes):
                self._read()
            return answer
        if not self._pdp:
            return ERROR
        if self.weather.deaf:
            return OK
        weather = self.weather
        code = 565 if weather.no_name else 566 if weather.no_server else 0
        if code:
            return OK + f"\r\n+QIOPEN: 10,{code}\r\n".encode()
        return self.tcp.answer(line)

    def _read(self) -> None:
        """What a server said to the last email may have been read now."""
        for attempt in self.ledger[-1:]:
            if attempt.way is Way.STREAM and attempt.heard_by is None:
                attempt.heard_by = self.wire.run

    def took(self, content: bytes, recipients: Sequence[str], fate: Fate) -> None:
        """Take note of an email that came to the server over our TCP."""
        parsed = message_from_bytes(content, policy=policy.default)
        told = parsed.get_body(("plain",))
        assert told is not None
        text = told.get_content().replace("\r\n", "\n").replace("\n", "\r\n")
        found = _REFERENCE.search(text)
        if found is None:
            self._complain(f"no reference line in {text!r}")
            return
        attempt = Attempt(
            found[1],
            tuple(recipients),
            text,
            fate,
            asyncio.get_running_loop().time(),
            pending=False,
            way=Way.STREAM,
            attached=tuple(
                bytes(part.get_content()) for part in parsed.iter_attachments()
            ),
        )
        self.ledger.append(attempt)
        self.on_put(attempt)

    def _resolve(self) -> Answer:
        if not self._pdp:
            return ERROR
        if self.weather.deaf:
            return OK
        if self.weather.no_name:
            return OK + b'\r\n+QIURC: "dnsgip",565\r\n'
        return OK + b'\r\n+QIURC: "dnsgip",0,1,60\r\n'

    def _reach(self) -> Answer:
        if self.weather.deaf:
            return OK
        return (
            OK + f"\r\n+QIOPEN: 11,{566 if self.weather.no_server else 0}\r\n".encode()
        )

    # An email.

    def fate(self) -> Fate:
        """Return what becomes of the next email."""
        return self.fates.popleft() if self.fates else self.usual

    def _fate(self) -> Fate:
        weather = self.weather
        if weather.no_name:
            return Fate(False, (653, 0))
        if weather.no_server:
            return Fate(False, (652, 0))
        fate = self.fate()
        if (
            fate.answer == OK
            and f'"{self.password}"' not in self._settings['"account"']
        ):
            return Fate(False, (677, 535), 1.0)
        return fate

    def _put(self) -> Answer:
        prepared, self._prepared = self._prepared, _Prepared()
        if any(attempt.pending for attempt in self._last_put):
            self._complain("PUT while the modem is still sending another email")
        whole = None not in (prepared.subject, prepared.body) and prepared.addresses
        body = prepared.body or ""
        found = _REFERENCE.search(body)
        if whole and found is None:
            self._complain(f"no reference line in {body!r}")
        if not whole or not self._settings:
            # It has restarted, and nobody noticed.
            fate = Fate(False, answer=b"\r\n+CME ERROR: 659\r\n")
        else:
            fate = self._fate() if self._pdp else Fate(False, (657, 0))
        attempt = Attempt(
            found[1] if whole and found else "",
            tuple(prepared.addresses),
            body,
            fate,
            asyncio.get_running_loop().time(),
            attached=tuple(self.files[name] for name in prepared.files),
        )
        self.ledger.append(attempt)
        self.on_put(attempt)
        return self._carry_out(attempt)

    def _carry_out(self, attempt: Attempt) -> Answer:
        loop, fate = asyncio.get_running_loop(), attempt.fate
        if fate.answer not in (OK, None):
            attempt.pending = False
            return fate.answer
        if fate.result is not None:
            loop.call_later(fate.after, self._report, attempt)
        else:
            # Its own time limit ends what it does.
            loop.call_later(300.0, setattr, attempt, "pending", False)
        if fate.then:
            loop.call_soon(self.strike, fate.then, fate.seconds)
        return fate.answer

    def _report(self, attempt: Attempt) -> None:
        if not attempt.pending:
            return
        attempt.pending = False
        code, reply = attempt.fate.result or (0, 0)
        line = f"\r\n+QSMTPPUT: {code},{reply}\r\n".encode()
        if self._say(line):
            attempt.heard_by = self.wire.run
        elif attempt.fate.kept and not self.weather.deaf:
            self._waiting_lines.append((attempt, line))


def _mute(usual: Callable[[], Answer]) -> Answer:
    """Do what the line says, and don't answer."""
    usual()
    return None


def _late(seconds: float, usual: Callable[[], Answer]) -> Answer:
    """Do what the line says, and answer late."""
    answer = usual()
    return Late(seconds, answer) if isinstance(answer, bytes) else answer


class _Answers(dict[str, Any]):
    """The modem's answers, with one for every line."""

    def __init__(self, modem: LedgerModem) -> None:
        super().__init__()
        self._modem = modem

    @override
    def get(self, line: str, default: Any = None) -> Any:
        return self._modem.reply(line)
