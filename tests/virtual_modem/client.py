r"""Starts the virtual modem for a test, and talks to its control socket.

    async with VirtualModem(
        hosts={"mail.example.com": {465: smtp_port}}, settings={"pin": "1234"}
    ) as modem:
        await Driver(modem.port).send(...)          # a pty; or tcp=True: modem.url
        delivery, = modem.deliveries()              # what really went out
        assert [c.line for c in modem.commands() if c.phase is not Phase.COMMAND] == []

The same object is a plain context manager for synchronous tests. Calls on it are
synchronous and take well under a millisecond, so a coroutine may use them; what waits
for the modem is a coroutine and does not hold the event loop:

    await modem.wait_for_command(r"QSMTPPUT=")      # returns the CommandSeen
    await modem.wait_for_deliveries(1)
    await modem.wait_for_phase(Phase.DATA)
    await modem.wait_idle()

Faults and events, also while a command runs:

    modem.fault(Fault(Action.ERROR, "QIACT=1", code=0))              # one plain ERROR
    modem.fault(Fault(Action.URC, "CSQ", Moment.LINE, offset=1, text="+CEREG: 2"))
    modem.fault(Fault(Action.DROP, "QSMTPPUT", Moment.BEFORE_RESULT))
    modem.fault(Fault(Action.REBOOT, "QSMTPBODY", Moment.MID_DATA, offset=100))
    modem.pdpdeact(1); modem.reboot(); modem.hangup(seconds=0.2); modem.silence(1)
    modem.set("registration", "3"); modem.urc("+CMTI: \"ME\",1"); modem.inject(b"\xff")

Settings (`settings=`, `modem.set`, `--set`) are listed, with their meaning, in
`settings.py`; profiles in `profiles.py`. Time: `time_scale=0.01` makes the modem's long
waits (QIACT, boot, QPOWD, ...) a hundred times shorter. Waits for the host or the network
(input_time, QFUPL's and PUT's timeout) are scaled too, but never below the setting
`shortest_patience` (30 s; the command's own value if that is less), so that a busy test
machine is in time. The one second guards of `+++` stay unless `scale_guard=True`.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
import json
import os
from pathlib import Path
import re
import select
import signal
import socket
import sys
import tempfile
from types import TracebackType
from typing import Self

from ..fork_server import ForkServer
from .fault_model import Fault
from .observations import (
    CommandSeen,
    Delivery,
    Json,
    Phase,
    Ready,
    State,
    Stray,
    Transfer,
    from_json,
    to_json,
)
from .profiles import MailClient

_START_TIMEOUT = 60.0
_STOP_TIMEOUT = 5.0
_REPLY_TIMEOUT = 60.0


class VirtualModemError(Exception):
    """The virtual modem did not start, or refused a request."""


class VirtualModem:
    """A virtual modem process for the length of a `with` or `async with` block."""

    def __init__(
        self,
        *,
        profile: str = "EC200N-CN",
        mail_client: MailClient = MailClient.NOTE,
        hosts: Mapping[str, Mapping[int, int]] | None = None,
        settings: Mapping[str, str | float] | None = None,
        files: Mapping[str, bytes] | None = None,
        faults: Iterable[Fault] = (),
        tcp: bool = False,
        link: Path | None = None,
        baud: int | None = None,
        time_scale: float = 0.01,
        scale_guard: bool = False,
        cold_start: bool = False,
        seed: int = 0,
        arguments: Sequence[str] = (),
    ) -> None:
        """Describe the process; nothing runs before the block is entered.

        profile: a name from `profiles.py`.
        mail_client: note, as the SMTP note has it, or terse, as published firmware.
        hosts: what the modem can resolve: name -> {port it asks for: port on loopback}.
        settings: see `settings.py`.
        files: contents of the modem's file store, by name without storage prefix.
        link: the stable path of the pty; default: one in a temporary folder.
        baud: pace bytes like a UART of that speed; None: as fast as the pty goes.
        time_scale: factor for the modem's own long waits.
        scale_guard: whether the factor applies to the `+++` guards too.
        cold_start: the modem boots when the process starts, rather than running already.
        arguments: further command-line options, as `--help` lists them.
        """
        self._profile = profile
        self._hosts = {name: dict(ports) for name, ports in (hosts or {}).items()}
        self._settings = dict(settings or {})
        self._files = dict(files or {})
        self._faults = list(faults)
        self._tcp = tcp
        self._link = link
        self._options = [
            "--profile",
            profile,
            "--mail-client",
            mail_client,
            "--time-scale",
            str(time_scale),
            "--seed",
            str(seed),
            *(["--baud", str(baud)] if baud else []),
            *(["--scale-guard"] if scale_guard else []),
            *(["--cold-start"] if cold_start else []),
            *arguments,
        ]
        self._pidfd = -1
        # The other end of its standard input and output: it ends when this is closed.
        self._leash: socket.socket | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._ready: Ready | None = None

    # Start and stop

    def start(self) -> Self:
        """Start the process and wait until its port can be opened.

        Raises VirtualModemError with what the process said if it does not start.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="virtual-modem-")
        folder = Path(self._folder.name)
        arguments = [
            "--exit-with-parent",
            "--control",
            str(folder / "control"),
            *self._options,
        ]
        if self._tcp:
            arguments += ["--tcp", "0"]
        else:
            arguments += ["--link", str(self._link or folder / "modem")]
        for name, ports in self._hosts.items():
            arguments += ["--host", name]
            for asked, real in ports.items():
                arguments += ["--map-port", f"{name}:{asked}={real}"]
        for name, value in self._settings.items():
            arguments += ["--set", f"{name}={value}"]
        script: dict[str, Json] = {
            "files": {name: to_json(data) for name, data in self._files.items()},
            "faults": to_json(self._faults),
        }
        (folder / "script.json").write_text(json.dumps(script), encoding="utf-8")
        arguments += ["--script", str(folder / "script.json")]
        self._leash, theirs = socket.socketpair()
        with theirs, (folder / "stderr").open("w", encoding="utf-8") as stderr:
            self._pidfd = ForkServer.running("tests.virtual_modem.forked").start(
                json.dumps(arguments).encode(),
                *(theirs.fileno(), theirs.fileno(), stderr.fileno()),
            )
        with self._leash.makefile(encoding="utf-8") as said:
            line = said.readline()
        if not line:
            _ended(self._pidfd, _START_TIMEOUT)
            self.stop()
            raise VirtualModemError("the virtual modem did not start, see stderr")
        self._ready = from_json(Ready, json.loads(line))
        return self

    def stop(self) -> None:
        """End the process; its link and control socket are gone afterwards."""
        pidfd, self._pidfd = self._pidfd, -1
        if pidfd >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGTERM)
                if not _ended(pidfd, _STOP_TIMEOUT):
                    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                    _ended(pidfd, _STOP_TIMEOUT)
            os.close(pidfd)
        if self._leash is not None:
            self._leash.close()
        if self._folder is not None:
            # Its own mistakes belong into the report of the test that saw them
            sys.stderr.write(Path(self._folder.name, "stderr").read_text("utf-8"))
            self._folder.cleanup()
            self._folder = None

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    async def __aenter__(self) -> Self:
        """Start without holding the event loop."""
        return await asyncio.to_thread(self.start)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop without holding the event loop."""
        await asyncio.to_thread(self.stop)

    # Where it is

    @property
    def ready(self) -> Ready:
        """What the process printed when it could be opened."""
        if self._ready is None:
            raise VirtualModemError("the virtual modem is not started")
        return self._ready

    @property
    def port(self) -> str:
        """What a driver opens: the pty's stable link, or `socket://127.0.0.1:PORT`."""
        return self.ready.port

    @property
    def url(self) -> str:
        """The same as `port`."""
        return self.ready.port

    @property
    def pid(self) -> int:
        """The process."""
        return self.ready.pid

    # The control socket

    def control(self, do: str, **arguments: Json) -> Json:
        """Make one request (`control.py` lists them) and return its result.

        Raises VirtualModemError when the modem refuses it or is gone.
        """
        request = json.dumps({"do": do, **arguments}).encode() + b"\n"
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(_REPLY_TIMEOUT)
                connection.connect(self.ready.control)
                connection.sendall(request)
                with connection.makefile("rb") as stream:
                    reply = json.loads(stream.readline())
        except (OSError, ValueError) as error:
            raise VirtualModemError(f"control request {do!r} failed") from error
        if not reply["ok"]:
            raise VirtualModemError(reply["error"])
        result: Json = reply["result"]
        return result

    async def acontrol(self, do: str, **arguments: Json) -> Json:
        """Make one request without holding the event loop."""
        return await asyncio.to_thread(lambda: self.control(do, **arguments))

    # What happened

    def state(self) -> State:
        """The modem as it is now."""
        return from_json(State, self.control("state"))

    def commands(self, pattern: str = "") -> list[CommandSeen]:
        """Every command line since the start, or those that `pattern` is found in."""
        seen = from_json(tuple[CommandSeen, ...], self.control("commands"))
        found = re.compile(pattern, re.IGNORECASE)
        return [command for command in seen if found.search(command.line)]

    def transfers(self) -> list[Transfer]:
        """Every data mode from the host that has ended."""
        return list(from_json(tuple[Transfer, ...], self.control("transfers")))

    def strays(self) -> list[Stray]:
        """Bytes that came while the modem could not take them."""
        return list(from_json(tuple[Stray, ...], self.control("strays")))

    def deliveries(self) -> list[Delivery]:
        """Every AT+QSMTPPUT that has ended, in order."""
        return list(from_json(tuple[Delivery, ...], self.control("deliveries")))

    def forget(self) -> None:
        """Empty these records (`state` stays)."""
        self.control("forget")

    async def wait_for_command(
        self, pattern: str, *, count: int = 1, timeout: float = 60
    ) -> CommandSeen:
        """Wait until `pattern` was found in `count` command lines; the last of them."""
        reply = await self.acontrol(
            "wait_command", pattern=pattern, count=count, timeout=timeout
        )
        return from_json(CommandSeen, reply)

    async def wait_for_deliveries(
        self, count: int, *, timeout: float = 60
    ) -> list[Delivery]:
        """Wait until `count` QSMTPPUT have ended since the start; all of them."""
        reply = await self.acontrol("wait_deliveries", count=count, timeout=timeout)
        return list(from_json(tuple[Delivery, ...], reply))

    async def wait_for_phase(self, phase: Phase, *, timeout: float = 60) -> None:
        """Wait until the modem is in that phase."""
        await self.acontrol("wait_phase", phase=phase.value, timeout=timeout)

    async def wait_for_data(self, count: int, *, timeout: float = 60) -> None:
        """Wait until `count` bytes of the present data mode have come."""
        await self.acontrol("wait_data", bytes=count, timeout=timeout)

    async def wait_for_strays(self, count: int, *, timeout: float = 60) -> None:
        """Wait until `count` bytes were lost (`strays`)."""
        await self.acontrol("wait_stray", bytes=count, timeout=timeout)

    async def wait_for_port(self, *, timeout: float = 60) -> None:
        """Wait until the port is there after `hangup` or a fault."""
        await self.acontrol("wait_plugged", timeout=timeout)

    async def wait_for_silence(self, seconds: float) -> None:
        """Wait until the host has sent nothing for so long."""
        await self.acontrol("wait_silence", seconds=seconds)

    async def wait_idle(self, *, timeout: float = 60) -> None:
        """Wait until it takes commands, sends no email and has sent all its output."""
        await self.acontrol("wait_idle", timeout=timeout)

    # What happens to it

    def fault(self, fault: Fault) -> int:
        """Arm a fault; returns its number."""
        return from_json(int, self.control("fault", fault=to_json(fault)))

    def clear_faults(self) -> None:
        """Disarm all faults."""
        self.control("clear_faults")

    def fault_strikes(self, number: int) -> int:
        """How often that fault has struck."""
        return from_json(int, self.control("fault_strikes", number=number))

    def set(self, name: str, value: str | float) -> None:
        """Change a setting of `settings.py`, with what follows from it (URCs)."""
        self.control("set", name=name, value=str(value))

    def host(self, name: str, ports: Mapping[int, int] | None) -> None:
        """Make a name known with these ports, or unknown (None)."""
        mapped = None if ports is None else {str(k): v for k, v in ports.items()}
        self.control("host", name=name, ports=to_json(mapped))

    def urc(self, text: str) -> None:
        """Send an unsolicited result code now, if the URC port is ours."""
        self.control("urc", text=text)

    def inject(self, data: bytes) -> None:
        """Send these bytes now, whatever the modem is doing."""
        self.control("inject", data=to_json(data))

    def pdpdeact(self, cid: int = 1) -> None:
        """The network takes a PDP context away, with its URC."""
        self.control("pdpdeact", cid=cid)

    def drift(self, cid: int = 1) -> None:
        """A PDP context's bearer goes, and the modem does not notice."""
        self.control("drift", cid=cid)

    def reboot(self) -> None:
        """The modem starts anew, at once."""
        self.control("reboot")

    def power_off(self) -> None:
        """The modem loses its power; `reboot` brings it back."""
        self.control("power_off")

    def silence(self, seconds: float = 0) -> None:
        """Neither hear nor say anything for so long; 0: until `speak`."""
        self.control("silence", seconds=seconds)

    def speak(self) -> None:
        """End a silence."""
        self.control("speak")

    def hangup(self, seconds: float = 0) -> None:
        """Take the port away, as unplugging does; 0: until `plug`."""
        self.control("hangup", seconds=seconds)

    def plug(self, link: Path | None = None) -> str:
        """Bring the port back, under its old link or another; returns the port."""
        path = None if link is None else str(link)
        self._ready = from_json(Ready, self.control("plug", link=path))
        return self.port

    def dtr(self, level: bool) -> None:
        """Move the DTR line, which a pty does not have."""
        self.control("dtr", level=level)

    def put_file(self, name: str, data: bytes) -> None:
        """Put a file into the modem's store."""
        self.control("put_file", name=name, data=to_json(data))


def _ended(pidfd: int, timeout: float) -> bool:
    """Wait until a process has ended, at most `timeout` seconds; whether it has."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(timeout * 1000))
