"""The process: puts a modem on its port, says so, and leaves nothing behind."""

import asyncio
from contextlib import suppress
import ctypes
import json
import os
from pathlib import Path
import selectors
import signal
import sys

from .control import ControlServer
from .endpoint import PtyEndpoint, TcpEndpoint
from .fault_model import Action, Fault
from .modem import Modem
from .observations import Json, Ready, from_json, to_json
from .options import Options
from .profiles import PROFILES, with_mail_client
from .settings import Settings, assignment, change as change_setting
from .wire import Wire

_PR_SET_TIMERSLACK = 29


class Process:
    """One modem, its port and its control socket."""

    def __init__(self, options: Options) -> None:
        """Build what `options` describe. Raises ValueError for what can't be."""
        self._loop = asyncio.get_running_loop()
        self._options = options
        self._script: dict[str, Json] = {}
        if options.script is not None:
            self._script = json.loads(options.script.read_text(encoding="utf-8"))
        settings = Settings()
        for text in options.settings:
            change_setting(settings, *assignment(text))
        for name, value in _entries(self._script, "settings"):
            change_setting(settings, name, str(value))
        scale = options.time_scale
        self.modem = Modem(
            with_mail_client(PROFILES[options.profile], options.mail_client),
            settings,
            time_scale=scale,
            guard_scale=scale if options.scale_guard else 1.0,
            seed=options.seed,
        )
        self.endpoint: PtyEndpoint | TcpEndpoint
        if options.tcp is not None:
            self.endpoint = TcpEndpoint(options.tcp, self._presence, self._changed)
        else:
            link = None if options.link is None else options.link.absolute()
            self.endpoint = PtyEndpoint(link, self._presence)
        self.modem.wire = Wire(
            self.endpoint,
            self.modem.console.feed,
            options.baud,
            lambda data: self.modem.garble(data, self.endpoint.host_speed()),
        )
        self.modem.on_hangup = self.unplug
        self.modem.on_plug = self.plug
        self._watched: list[int] = []
        self.plugged = False
        self.finished = asyncio.Event()

    def furnish(self) -> None:
        """Fill the name table, the file store and the faults."""
        for host in self._options.hosts:
            self.modem.names.add(host)
        for host, ports in _entries(self._script, "hosts"):
            self.modem.names.add(host)
            for asked, real in ports.items() if isinstance(ports, dict) else ():
                self.modem.names.map_port(f"{host}:{asked}={real}")
        for text in self._options.port_maps:
            self.modem.names.map_port(text)
        for name, data in _entries(self._script, "files"):
            files = self.modem.files
            files.put(files.full_name(name), str(data).encode("latin-1"))
        faults = self._script.get("faults")
        for fault in faults if isinstance(faults, list) else ():
            self.modem.faults.arm(fault_from_json(fault))

    # The port

    def plug(self) -> None:
        """Make the port openable."""
        if self.plugged:
            return
        self.plugged = True
        self.endpoint.open()
        for fd, call in self.endpoint.watched:
            self._loop.add_reader(fd, call)
            self._watched.append(fd)
        self.modem.wire.attach()
        self.modem.journal.changed()

    def unplug(self) -> None:
        """Take the port away."""
        if not self.plugged:
            return
        self.plugged = False
        for fd in self._watched:
            self._loop.remove_reader(fd)
        self._watched.clear()
        self.modem.wire.detach()
        self.endpoint.close()

    def move(self, link: Path) -> None:
        """The port's next link."""
        if isinstance(self.endpoint, PtyEndpoint):
            self.endpoint.link = link.absolute()

    def ready(self) -> Ready:
        """Where everything is."""
        tcp = self.endpoint.port if isinstance(self.endpoint, TcpEndpoint) else 0
        control = self._options.control
        return Ready(
            port=self.endpoint.address,
            device=self.endpoint.device,
            tcp=tcp,
            control="" if control is None else str(control.absolute()),
            pid=os.getpid(),
        )

    def _presence(self, present: bool) -> None:
        if present:
            self.modem.journal.session += 1
        elif isinstance(self.endpoint, PtyEndpoint):
            # The last close of a tty drops DTR
            self.modem.console.dtr_drops()
        self.modem.journal.changed()

    def _changed(self) -> None:
        self.modem.wire.detach()
        self.modem.wire.attach()

    # Life

    async def run(self) -> None:
        """Serve until told to end."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            self._loop.add_signal_handler(number, self.finished.set)
        if self._options.exit_with_parent:
            self._end_with_parent()
        control = ControlServer(self)
        self.furnish()
        try:
            if self._options.control is not None:
                await control.start(self._options.control)
            self.modem.wake()
            self.plug()
            if self._options.cold_start:
                self.modem.reboot()
                self.modem.journal.boot = 1
            print(json.dumps(to_json(self.ready())), flush=True)
            await self.finished.wait()
        finally:
            await control.stop()
            self.modem.power_off()
            self.unplug()

    def _end_with_parent(self) -> None:
        """A pipe from the parent ends with it.

        The kernel's own notice (PDEATHSIG) would also come when only the parent's thread
        ends that started us.
        """

        def heard() -> None:
            with suppress(OSError):
                if os.read(0, 4096):
                    return
            self._loop.remove_reader(0)
            self.finished.set()

        with suppress(OSError, PermissionError):
            self._loop.add_reader(0, heard)


def _entries(script: dict[str, Json], key: str) -> list[tuple[str, Json]]:
    part = script.get(key)
    return list(part.items()) if isinstance(part, dict) else []


def fault_from_json(value: Json) -> Fault:
    """A fault of a script or a control request, which may leave defaults out."""
    if not isinstance(value, dict):
        raise TypeError("a fault is an object")
    complete = to_json(Fault(Action(str(value["action"]))))
    assert isinstance(complete, dict)
    if unknown := value.keys() - complete.keys():
        raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
    return from_json(Fault, {**complete, **value})


def main(options: Options) -> int:
    """Run to the end; the exit code."""
    # Timers on the dot, for the pacing of bytes
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1)

    async def run() -> int:
        try:
            process = Process(options)
        except (ValueError, OSError) as error:
            print(f"virtual modem: {error}", file=sys.stderr)
            return 2
        await process.run()
        return 0

    # select() waits in microseconds where epoll rounds to milliseconds
    def loop() -> asyncio.AbstractEventLoop:
        return asyncio.SelectorEventLoop(selectors.SelectSelector())

    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(run())
