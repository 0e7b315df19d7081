"""The modem as a whole: its parts, its life from boot to reboot, who hears its URCs."""

import asyncio
from collections.abc import Callable, Coroutine
import contextlib
from dataclasses import replace
import random
import sys
import traceback

from .clock import Clock
from .console import Console
from .data_counter import DataCounter
from .fault_engine import FaultEngine
from .file_store import FileStore
from .journal import Journal
from .mail_service import MailService
from .names import Names, UnknownName
from .observations import Phase
from .packet import PacketService
from .preferences import Preferences
from .profiles import Profile
from .radio import Radio
from .settings import Settings, change
from .simcard import SimCard, SimStatus
from .sockets import Sockets
from .striking import Interrupted
from .tcp_settings import TcpSettings
from .tls_contexts import TlsContexts
from .wire import Wire


class Modem:
    """One modem: what commands act on."""

    wire: Wire

    def __init__(
        self,
        profile: Profile,
        settings: Settings,
        *,
        time_scale: float,
        guard_scale: float,
        seed: int,
    ) -> None:
        """A modem that is off; `plug_in` it and let it `boot` or `wake`.

        time_scale: factor for its own waits; guard_scale: for the guards of +++.
        """
        self.loop = asyncio.get_running_loop()
        self.profile = profile
        self.settings = settings
        self.time_scale = time_scale
        self.guard_scale = guard_scale
        self.random = random.Random(seed)
        self.journal = Journal()
        self.faults = FaultEngine()
        self.names = Names()
        # Non-volatile: AT&W's memory, the file store, the card, what the data counter
        # saved, urcport in `settings`
        self.stored = replace(Preferences(), cmee=profile.cmee)
        self.preferences = replace(self.stored)
        self.files = FileStore(self)
        self.sim = SimCard(settings)
        self.clock = Clock()
        self.radio = Radio(self)
        self.packet = PacketService(self)
        self.counter = DataCounter(self)
        self.tls = TlsContexts(profile)
        self.mail = MailService(self)
        self.sockets = Sockets(self)
        self.tcp = TcpSettings()
        self.console = Console(self)
        self.standstill: Phase | None = Phase.OFF
        self.on_hangup: Callable[[], None] = lambda: None
        self.on_plug: Callable[[], None] = lambda: None
        self.on_speed: Callable[[int], None] = lambda speed: None
        self._silences = 0
        self._tasks: set[asyncio.Task[None]] = set()

    # Time

    async def sleep(self, seconds: float) -> None:
        """Wait as long as the modem would, times the scale."""
        if seconds > 0:
            await asyncio.sleep(seconds * self.time_scale)

    def patience(self, seconds: float, size: int = 0) -> float:
        """How long to wait for the host or the network: scaled, but never too short.

        size: bytes that the host is to send meanwhile; the wire's own time is not scaled.
        """
        needed = self.settings.shortest_patience + 1.5 * self.wire.duration(size)
        return max(seconds * self.time_scale, min(seconds, needed))

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Run something that a reboot ends; it goes as far as it can at once."""
        task = asyncio.Task(work, loop=self.loop, eager_start=True)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, Interrupted):
            # A mistake of the virtual modem's own has to be seen
            traceback.print_exception(error, file=sys.stderr)

    # Life

    def wake(self) -> None:
        """Be a modem that has been running for long."""
        self._begin()
        self.standstill = None
        self.journal.changed()

    def reboot(self) -> None:
        """Start anew at once: what is not in flash is lost, what is under way too."""
        self.power_off()
        self.standstill = Phase.BOOTING
        if self.settings.reboot_port == "hangup":
            self.on_hangup()
        self._begin()
        self.start(self._boot())

    def power_off(self) -> None:
        """Lose power."""
        self.standstill = Phase.OFF
        current = None
        with contextlib.suppress(RuntimeError):
            current = asyncio.current_task()
        for task in list(self._tasks):
            if task is not current:
                task.cancel()
        lost = self.console.reset()
        if lost is not None:
            self._keep_partial_upload(*lost)
        self.mail.reset()
        self.sockets.reset()
        self.tcp.reset()
        self.wire.drop_output()
        self.journal.boot += 1
        self.journal.changed()

    def _begin(self) -> None:
        if not self.journal.boot:
            self.journal.boot = 1
        cmee = self.profile.cmee
        self.preferences = replace(self.stored, cmee=cmee)
        self.files.reset()
        self.sim.start()
        self.radio.reset()
        self.packet.reset()
        self.counter.reset()
        self.tls.reset()
        self.mail.reset()
        self.clock.start(self.settings.clock, self.settings.zone)
        self.radio.attach()

    async def _boot(self) -> None:
        await self.sleep(self.settings.boot_seconds)
        if self.settings.reboot_port == "hangup":
            self.on_plug()
        self.standstill = None
        self.journal.changed()
        told = self.settings.boot_urcs
        if told:
            self.urc("RDY")
            self.start(self._announce_radio())
        await self._find_sim()
        if told:
            await self.announce_sim()

    async def _announce_radio(self) -> None:
        if seconds := self.settings.cfun_seconds:
            await asyncio.sleep(seconds)
        self.urc("+CFUN: 1")

    async def _find_sim(self) -> None:
        """F13: CME 10, again 10, then 14 before a card is there."""
        if seconds := self.settings.sim_seconds:
            for status in (SimStatus.ABSENT, SimStatus.BUSY):
                self.sim.status = status
                await asyncio.sleep(seconds / 2)
            self.sim.start()
            self.radio.attach()

    async def announce_sim(self) -> None:
        """The result codes of a SIM that becomes usable, or the lack of one."""
        if not self.sim.ready:
            locked = self.sim.status.value.startswith("SIM")
            self.urc(f"+CPIN: {self.sim.status.value if locked else 'NOT READY'}")
            return
        self.urc("+CPIN: READY")
        self.urc("+QUSIM: 1")
        # N, NuttX, PinePhone: either order
        late = ["SMS", "PB"]
        self.random.shuffle(late)
        for name in late:
            await self.sleep(0.2)
            self.urc(f"+QIND: {name} DONE")
        self.radio.tell()

    def silence(self, seconds: float) -> None:
        """Neither hear nor say anything for so long; 0: until `speak`."""
        if self.standstill is None:
            self.standstill = Phase.SILENT
            self._silences += 1
            self.journal.changed()
            if seconds:
                self.loop.call_later(seconds, self._speak, self._silences)

    def speak(self) -> None:
        """End any silence."""
        self._speak(self._silences)

    def _speak(self, silence: int) -> None:
        if self.standstill is Phase.SILENT and silence == self._silences:
            self.standstill = None
            self.journal.changed()

    def hangup(self, seconds: float) -> None:
        """The port goes away, and comes back after so long; 0: when told."""
        self.on_hangup()
        if seconds:
            self.loop.call_later(seconds, self.on_plug)

    def _keep_partial_upload(self, line: str, data: bytes) -> None:
        """INF: what an upload wrote before a reboot stays in flash, as with +++."""
        _, found, rest = line.partition("+QFUPL=")
        if found and data:
            with contextlib.suppress(Exception):
                name = self.files.full_name(rest.split('"')[1])
                self.files.put(name, data)

    # The line

    def transmit(self, data: bytes) -> None:
        """Send bytes, unless the modem is off, booting or silent."""
        if self.standstill is None:
            self.wire.write(data)

    def urc(self, text: str, *, routed: bool = True) -> bool:
        """Send an unsolicited result code; False if our port does not get those."""
        if routed and not self.hears_urcs:
            return False
        self.console.urc(text)
        return self.standstill is None

    @property
    def hears_urcs(self) -> bool:
        """Whether AT+QURCCFG="urcport" names our port (N)."""
        if not self.profile.has_urcport:
            return True
        return self.settings.urcport in ("all", self.settings.role)

    def garble(self, data: bytes, host_speed: int | None) -> bytes:
        """What arrives where the two ends' speeds differ."""
        speed = self.preferences.baud
        if not self.settings.check_speed or speed == 0:
            return data
        if host_speed is None or host_speed == speed:
            return data
        return bytes(self.random.choice((0x00, 0x80, 0xE0, 0xF8, 0xFE)) for _ in data)

    # What follows from circumstances

    def set(self, name: str, value: str) -> None:
        """Change a setting, with the result codes that follow from it."""
        before = (self.radio.status, self.packet.attached)
        change(self.settings, name, value)
        if name == "sim":
            self.sim.start()
            self.radio.attach()
            self.start(self.announce_sim())
        if name in ("clock", "zone"):
            self.clock.start(self.settings.clock, self.settings.zone)
        self.radio_changed(*before)

    def radio_changed(self, status: int, attached: bool) -> None:
        """Tell of a registration that is no longer `status`, and what it takes along."""
        if self.radio.status != status:
            self.radio.tell()
        if attached and not self.packet.attached:
            self.packet.all_lost()

    def resolve(self, cid: int, name: str) -> str:
        """An address by DNS over that context. Raises UnknownName."""
        if not self.packet.carries(cid):
            raise UnknownName(name)
        return self.names.resolve(name)

    def connections_lost(self, cid: int) -> None:
        """A context's connections are gone."""
        self.mail.context_lost(cid)
        self.sockets.context_lost(cid)
