"""A modem in memory that stands for ``Modem``, where it is the layers above that count.

What a test changes of the ``Desk`` is what the next command meets.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
import socket
from types import SimpleNamespace
from typing import Any

from custom_components.quectel_smtp.modem.at.errors import (
    ModemError,
    NoAnswerError,
    PinRefusedError,
    PinTriesExhaustingError,
    PortLostError,
    PortNotFoundError,
    RoamingError,
    UnsupportedModemError,
)
from custom_components.quectel_smtp.modem.at.port import Connect, PortSettings
from custom_components.quectel_smtp.modem.diagnosis import Diagnosis
from custom_components.quectel_smtp.modem.mail.message import Message
from custom_components.quectel_smtp.modem.mail.server import ServerSettings
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from custom_components.quectel_smtp.modem.mail.uploads import UnkeptUploads, Uploads
from custom_components.quectel_smtp.modem.network.pdp import PdpSettings, PdpState
from custom_components.quectel_smtp.modem.network.radio import Quality
from custom_components.quectel_smtp.modem.network.sim import PIN_TRIES_KEPT, SimState
from custom_components.quectel_smtp.modem.network.status import (
    Identity,
    Network,
    Registration,
)
from custom_components.quectel_smtp.modem.network.traffic import Traffic

from .mail_on_the_desk import DeskMail

IMEI = "860000000000019"
ICCID = "89490200001234567890"
EC200A = Identity("Quectel", "EC200A", "EC200AEUHAR01A07M16", IMEI)
ANOTHER = Identity("Quectel", "EC25", "EC25EFAR06A06", "8" * 15)
AT_HOME = Network(Registration.HOME, "Example Mobile", -71)
PORT = "/dev/serial/by-id/usb-Quectel-if02"


@dataclass
class Desk:
    """Everything that a modem's surroundings decide."""

    ports: set[str] = field(default_factory=lambda: {PORT})
    # Ports that can't be opened, or that don't answer as our modem does, and why.
    refusing: dict[str, Exception] = field(default_factory=dict)
    identity: Identity = EC200A
    # Who else is there, by port.
    others: dict[str, Identity] = field(default_factory=dict)
    sim: SimState = SimState.READY
    iccid: str | None = ICCID
    pin: str = "1234"
    tries: int | None = 3
    network: Network = AT_HOME
    quality: Quality | None = None
    counter: Traffic | None = None
    has_mail_client: bool = True
    has_tcp: bool = True
    takes_all_ports: bool = True
    urc_port: str | None = "all"
    heard: bool = True
    # The number that it forgets when it restarts.
    mark: int = 42
    # What an email of an earlier process comes to; without it nothing is heard.
    late: Outcome | None = None
    # What the next call of a method raises, in order.
    failures: dict[str, list[Exception]] = field(
        default_factory=lambda: defaultdict(list)
    )
    # How the next emails end; then all of them, sent without one.
    outcomes: list[Outcome] = field(default_factory=list)
    always: Outcome | None = None
    # Methods that wait for their event, and those that have been reached.
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    # What was done.
    pins_entered: list[str] = field(default_factory=list)
    activated: list[PdpSettings] = field(default_factory=list)
    configured: list[ServerSettings] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    open_modems: set[DeskModem] = field(default_factory=set)
    opened: int = 0
    restarts: int = 0
    opened_at: str | None = None
    # The mail server, which the modem reaches; whether the host's own line does, too.
    mail: DeskMail = field(default_factory=DeskMail)
    online: bool = False
    dialled: int = 0

    async def dial(self, host: str, port: int) -> socket.socket:
        """Connect over the host's own internet line."""
        self.dialled += 1
        if not self.online:
            raise OSError("the line is down")
        return await self.mail.connect(host, port)

    def fail(self, method: str, *errors: Exception) -> None:
        """Have the next calls of a method fail."""
        self.failures[method] += errors

    async def connect(self, port: PortSettings) -> Any:
        """Stand for what opens a port."""
        if port.url in self.refusing:
            raise self.refusing[port.url]
        if port.url not in self.ports:
            raise PortNotFoundError

    def hold_in(self, method: str) -> asyncio.Event:
        """Have a method wait until the event is set."""
        return self.held.setdefault(method, asyncio.Event())

    async def reached(self, method: str, count: int = 1) -> None:
        """Wait until a method was called so often."""
        await self.until(lambda: self.calls.count(method) >= count)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.001)

    def unplug(self) -> None:
        """Take the modem away from its port."""
        self.ports.clear()
        self.lose_port()

    def lose_port(self) -> None:
        """Have open ports fail once."""
        for modem in tuple(self.open_modems):
            modem.lose()


class DeskModem:
    """Has ``Modem``'s methods; what they do is the desk's business."""

    desk: Desk

    def __init__(self, port: PortSettings, *, connector: Connect) -> None:
        """Take the port."""
        self.port = port
        self._connector = connector
        self._expected = False
        self.boot = self.upsets = self.news = 0
        self.known_sim: SimState | None = None
        self.address: str | None = None
        self.pdp_state = PdpState.INACTIVE
        self.watchers: list[Callable[[], None]] = []
        self._message: Message | None = None
        self.uploads: Uploads = UnkeptUploads()

    @property
    def connected(self) -> bool:
        """Whether the port is open."""
        return self in self.desk.open_modems

    busy = False
    starting = False
    holds_files = False

    async def _do(self, method: str) -> None:
        if not self.connected:
            raise PortLostError
        self.desk.calls.append(method)
        if method in self.desk.held:
            await self.desk.held[method].wait()
        if self.desk.failures[method]:
            raise self.desk.failures[method].pop(0)

    async def open(self) -> None:
        """Open the port."""
        await asyncio.sleep(0)
        if self.desk.failures["open"]:
            raise self.desk.failures["open"].pop(0)
        await self._connector(self.port)
        taken = {modem.port.url for modem in self.desk.open_modems}
        assert self.port.url not in taken, "the port is locked"
        self.desk.open_modems.add(self)
        self.desk.opened += 1
        self.desk.opened_at = self.port.url
        self.boot += 1
        self._changed()

    async def close(self) -> None:
        """Close the port."""
        self.desk.open_modems.discard(self)
        self.pdp_state = PdpState.INACTIVE

    def lose(self) -> None:
        """Lose the port, as unplugging does."""
        self.desk.open_modems.discard(self)
        self.set_pdp(PdpState.INACTIVE)
        self._changed()

    def set_pdp(self, state: PdpState) -> None:
        """Change the state of the PDP context, as a URC does."""
        self.pdp_state = state
        self._changed()

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after changes."""
        self.watchers.append(callback)
        return lambda: self.watchers.remove(callback)

    def _changed(self) -> None:
        for callback in tuple(self.watchers):
            callback()

    def diagnosis(self) -> Diagnosis:
        """Tell of a port over which nothing was said."""
        return Diagnosis(
            self.connected,
            self.heard,
            self.boot,
            self.upsets,
            0,
            0,
            None,
            None,
            True,
            True,
            asyncio.get_running_loop().time(),
            (),
        )

    async def identify(self) -> Identity:
        """Return who it is."""
        await self._do("identify")
        return self.desk.others.get(self.port.url, self.desk.identity)

    @property
    def lacks_tcp(self) -> bool:
        """Whether it has no TCP commands."""
        return not self.desk.has_tcp

    async def has_tcp(self) -> bool:
        """Return whether it has TCP commands."""
        await self._do("has_tcp")
        return self.desk.has_tcp

    async def has_mail_client(self) -> bool:
        """Have a mail client, or TCP commands at least, where the desk has it so."""
        await self._do("has_mail_client")
        if not self.desk.has_mail_client and not self.desk.has_tcp:
            raise UnsupportedModemError
        return self.desk.has_mail_client

    async def sim_state(self) -> SimState:
        """Return the state of the SIM."""
        await self._do("sim_state")
        self.known_sim = self.desk.sim
        return self.desk.sim

    async def pin_tries(self) -> int | None:
        """Return the tries left."""
        await self._do("pin_tries")
        return self.desk.tries

    async def iccid(self) -> str | None:
        """Return the SIM's number."""
        await self._do("iccid")
        return self.desk.iccid

    async def enter_pin(self, pin: str, kept: int = PIN_TRIES_KEPT) -> None:
        """Unlock the SIM, or lose a try."""
        await self._do("enter_pin")
        desk = self.desk
        if desk.tries is not None and desk.tries <= kept:
            raise PinTriesExhaustingError(desk.tries)
        desk.pins_entered.append(pin)
        if pin != desk.pin:
            desk.tries = None if desk.tries is None else desk.tries - 1
            raise PinRefusedError(desk.tries)
        desk.sim = SimState.READY
        desk.tries = 3

    async def network(self) -> Network:
        """Return the network."""
        await self._do("network")
        return self.desk.network

    def tell(self) -> None:
        """Tell that SIM or registration changed, as a URC does."""
        self.news += 1
        self._changed()

    async def quality(self) -> Quality | None:
        """Return the signal's quality."""
        await self._do("quality")
        return self.desk.quality

    async def urc_port(self) -> str | None:
        """Return where URCs go."""
        await self._do("urc_port")
        return self.desk.urc_port

    async def takes_all_ports(self) -> bool:
        """Return whether URCs can be routed to every port."""
        await self._do("takes_all_ports")
        return self.desk.takes_all_ports

    async def route_urcs_everywhere(self) -> None:
        """Route them to every port."""
        await self._do("route_urcs_everywhere")
        self.desk.urc_port = "all"

    async def give_apn(self, settings: PdpSettings) -> None:
        """Have the network asked for this APN."""
        await self._do("give_apn")

    async def activate(self, settings: PdpSettings) -> None:
        """Bring the PDP context up."""
        abroad = self.desk.network.registration is Registration.ROAMING
        if abroad and not settings.roaming:
            raise RoamingError
        try:
            await self._do("activate")
        except ModemError:
            self.set_pdp(PdpState.FAILED)
            raise
        self.desk.activated.append(settings)
        self.set_pdp(PdpState.ACTIVE)

    async def share(self, settings: PdpSettings) -> None:
        """Use the PDP context beside an email that is being sent."""
        if self.pdp_state is not PdpState.ACTIVE:
            await self.activate(settings)

    async def renew(self, settings: PdpSettings) -> None:
        """Take the PDP context down and bring it up."""
        await self._do("renew")
        await self.activate(settings)

    async def deactivate(self) -> None:
        """Take the PDP context down."""
        await self._do("deactivate")
        self.set_pdp(PdpState.INACTIVE)

    async def refresh_pdp(self) -> PdpState:
        """Return the state of the PDP context."""
        await self._do("refresh_pdp")
        return self.pdp_state

    async def resolve(self, host: str, deadline: float) -> None:
        """Find the mail server."""
        await self._do("resolve")

    async def reach(self, host: str, port: int) -> None:
        """Reach the mail server's port."""
        await self._do("reach")

    @asynccontextmanager
    async def stream(self, host: str, port: int) -> AsyncGenerator[SimpleNamespace]:
        """Connect to the mail server over the PDP context."""
        await self._do("stream")
        assert self.pdp_state is PdpState.ACTIVE
        sock = await self.desk.mail.connect(host, port)

        async def carried(count: int) -> None:
            """Carry all at once."""

        yield SimpleNamespace(socket=sock, failure=None, sent=0, carried=carried)

    async def traffic(self) -> tuple[Traffic | None, Traffic]:
        """Count what the desk has it count."""
        await self._do("traffic")
        return self.desk.counter, Traffic()

    async def network_time(self) -> datetime | None:
        """Know no time."""
        await self._do("network_time")
        return None

    async def prove(self, server: ServerSettings, settings: PdpSettings) -> bool:
        """Prove the path."""
        await self.renew(settings)
        await self.resolve(server.host, 60)
        await self.reach(server.host, server.port)

        # What mends the connection.
        return True

    async def attached(self) -> bool:
        """Be attached."""
        await self._do("attached")
        return True

    async def attach(self) -> None:
        """Attach."""
        await self._do("attach")

    async def contexts(self) -> tuple[int, ...]:
        """Return the PDP contexts that are up: ours."""
        await self._do("contexts")
        return (1,)

    async def release(self, context_id: int) -> None:
        """Take down another one."""
        await self._do("release")

    async def leave_data_mode(self) -> None:
        """Leave data mode."""
        await self._do("leave_data_mode")

    async def set_radio(self, on: bool) -> None:
        """Turn the radio on or off."""
        await self._do("set_radio")

    async def restart(self) -> None:
        """Restart."""
        await self._do("restart")
        self.desk.restarts += 1
        self.desk.mark += 1
        self.boot += 1
        self.set_pdp(PdpState.INACTIVE)

    # Results that come late.

    @property
    def heard(self) -> bool:
        """Whether a URC ever came from this port."""
        return self.desk.heard

    async def mark(self) -> int | None:
        """Return what it forgets when it restarts."""
        await self._do("mark")
        return self.desk.mark

    async def same_boot(self, mark: int | None) -> bool | None:
        """Tell whether it has run on since it had this mark."""
        await self._do("same_boot")
        return None if mark is None else mark == self.desk.mark

    def expect_late_result(self, seconds: float) -> None:
        """Await the result of an earlier email."""
        self._expected = True

    @property
    def unsettled(self) -> bool:
        """Whether it is awaited."""
        return self._expected

    overdue = False

    def give_up(self) -> None:
        """Await no result any longer."""
        self._expected = False

    async def still_sending(self) -> bool | None:
        """Ask whether it is still being sent, which nobody knows here."""
        await self._do("still_sending")
        return None

    async def late_result(self) -> Outcome:
        """Return what became of the earlier email."""
        await self._do("late_result")
        self._expected = False
        if self.desk.late is None:
            raise NoAnswerError
        return self.desk.late

    async def settled(self) -> None:
        """Wait for nothing."""

    async def arm_mail(self, server: ServerSettings) -> None:
        """Take what an email needs beforehand."""
        await self._do("arm_mail")

    async def arm_tcp(self) -> None:
        """Set the TCP commands up."""
        await self._do("arm_tcp")

    async def interrupt(self, task: asyncio.Task[object]) -> None:
        """Have no command in flight."""
        task.cancel()

    def has_pdp(self, settings: PdpSettings) -> bool:
        """Tell whether the PDP context is up."""
        return self.pdp_state is PdpState.ACTIVE

    async def configure(self, server: ServerSettings) -> None:
        """Take the mail server's settings."""
        await self._do("configure")
        if self.desk.has_mail_client:
            self.desk.configured.append(server)

    async def room_for_attachments(self) -> int | None:
        """Say what a store has that is nearly empty."""
        await self._do("room")
        return 250_000

    async def prepare(self, message: Message) -> Outcome | None:
        """Take an email."""
        await self._do("prepare")
        self._message = message
        return None

    async def put(self, timeout: int, handed_over: Callable[[], None]) -> Outcome:
        """Send the email."""
        handed_over()
        await self._do("put")
        assert self._message is not None
        if self.desk.outcomes:
            return self.desk.outcomes.pop(0)
        if self.desk.always is not None:
            return self.desk.always
        self.desk.sent.append(self._message)
        return Outcome(Result.SENT)

    async def clear(self) -> None:
        """Forget the email."""
        await self._do("clear")
