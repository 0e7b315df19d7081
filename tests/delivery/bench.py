"""A courier on an outbox on disk, with a scripted modem and virtual time."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import Executor, Future
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, override

from custom_components.quectel_smtp.delivery.courier.courier import Courier
from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.outbox.thread import OutboxThread
from custom_components.quectel_smtp.delivery.records import Instant, State, Transition
from custom_components.quectel_smtp.delivery.rules.wording import Wording
from custom_components.quectel_smtp.delivery.settings import Settings
from custom_components.quectel_smtp.delivery.status import Status
from custom_components.quectel_smtp.modem.at.errors import PortNotFoundError
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.server import Security, ServerSettings
from custom_components.quectel_smtp.modem.modem import Modem
from custom_components.quectel_smtp.modem.network.pdp import PdpSettings
from tests.modem.scripted_modem import IMEI, NOW, ScriptedModem
from tests.modem.scripted_port import ERROR, OK, Answer, Data, ScriptedPort, frame

HOUR = 3600.0
HOST = "mail.example.com"
SETTINGS = Settings(
    PortSettings("scripted"),
    PdpSettings("internet"),
    ServerSettings(HOST, 25, Security.NONE, "u", "p", "Home", "h@example.com"),
    imei=IMEI,
)
WORDING = Wording(
    reference="Ref: {reference}",
    repeat="(possible repeat)",
    waited="(waited since {time})",
    times="({count} times)",
    digest_subject="{count} notifications",
    digest_entry="{time} {subject}",
    attachments="The attachments of this email.",
    whole_text="(the whole text: {name})",
    not_attached="Not attached: {name} ({reason})",
    more_not_attached="Not attached: {count} more",
)
PUT_LINE = "AT+QSMTPPUT=300"
DNS_LINE = f'AT+QIDNSGIP=1,"{HOST}"'
OPEN_LINE = f'AT+QIOPEN=1,11,"TCP","{HOST}",25,0,0'
# Whether it still sends an email, and the answer while it does.
QUESTION = "AT+QSMTPBODY=0,1,1"
BUSY = b"\r\n+CME ERROR: 652\r\n"
SENT = OK + b"\r\n+QSMTPPUT: 0,250\r\n"
RESTARTED = b"\r\nRDY\r\n"
ACTIVE = frame('+QIACT: 1,1,1,"10.0.0.1"')


def names(count: int) -> list[str]:
    """Return subjects that differ, so that nothing is taken for a repeat."""
    return [f"Mail {number}" for number in range(count)]


def result(code: int, reply: int = 0) -> bytes:
    """Return ``OK`` and a result code, as after PUT."""
    return OK + f"\r\n+QSMTPPUT: {code},{reply}\r\n".encode()


def email(subject: str = "Hello", **fields: Any) -> Email:
    """Return an email."""
    return Email(subject, fields.pop("body", "Body"), ("a@example.com",), **fields)


class InlineExecutor(Executor):
    """Runs each piece of work at once: a thread would not wait for virtual time."""

    @override
    def submit[**P, T](
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as err:  # noqa: BLE001  # the future passes it on
            future.set_exception(err)
        return future


class LaggingExecutor(InlineExecutor):
    """Has done its work before anybody hears of it, as a thread has."""

    @override
    def submit[**P, T](
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        done = super().submit(fn, *args, **kwargs)
        future: Future[T] = Future()

        def tell() -> None:
            if (error := done.exception()) is not None:
                future.set_exception(error)
            else:
                future.set_result(done.result())

        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, tell)
        return future


class SendingModem(ScriptedModem):
    """A modem that takes any body and sends; its boot mark is lost at a restart."""

    def __init__(self) -> None:
        """Answer like a modem in service."""
        super().__init__()
        self.answers[PUT_LINE] = SENT
        self.answers[DNS_LINE] = OK + b'\r\n+QIURC: "dnsgip",0,1,60\r\n'
        self.answers[OPEN_LINE] = OK + b"\r\n+QIOPEN: 11,0\r\n"
        self.answers[QUESTION] = BUSY
        # It has no more of the TCP commands than what proves a path.
        self.answers["AT+QISEND=?"] = ERROR
        self.answers["AT+CFUN=1,1"] = self._restarted
        self.absent = False
        self.urls: set[str] | None = None
        self.opened: list[str] = []
        self.bodies: list[str] = []

    def _restarted(self) -> bytes:
        self.mark = 300
        return OK + RESTARTED

    async def connect(self, settings: PortSettings) -> Any:
        """Open another port, unless the modem is not there."""
        self.opened.append(settings.url)
        if self.absent or (self.urls is not None and settings.url not in self.urls):
            raise PortNotFoundError
        channel = await super().connect(settings)
        self.port.answers = _Answers(self, self.port)
        return channel

    def make(self, port: PortSettings) -> Modem:
        """Return a modem for ``port``."""
        return Modem(port, connector=self.connect, now=lambda: NOW)

    def answer(self, line: str) -> Answer:
        """Answer what has no answer of its own."""
        if line.startswith("AT+QSMTPBODY="):
            count = int(line.split(",")[1])
            return Data(count, self.take_body)
        return OK

    def take_body(self, data: bytes) -> bytes:
        """Keep what an email says."""
        self.bodies.append(data.decode())
        return frame(f"+QSMTPBODY: {len(data)}")

    @property
    def subjects(self) -> list[str]:
        """The subjects that were handed over, in order."""
        return [
            line.partition('"')[2].rstrip('"')
            for line in self.lines
            if line.startswith("AT+QSMTPSUB")
        ]

    @property
    def sends(self) -> int:
        """How many emails were handed over."""
        return sum(line.startswith("AT+QSMTPPUT=") for line in self.lines)


class _Answers(dict[str, Any]):
    """The modem's answers, with one for every line."""

    def __init__(self, modem: SendingModem, port: ScriptedPort) -> None:
        super().__init__()
        self._modem = modem
        self._port = port

    @override
    def get(self, line: str, default: Any = None) -> Any:
        if line in self._modem.answers:
            return self._modem.answers[line]
        return self._modem.answer(line)


class Office:
    """A courier at work, and all that it said."""

    def __init__(
        self,
        folder: Path,
        modem: SendingModem | None = None,
        settings: Settings = SETTINGS,
        shown_apart: float = 0.0,
    ) -> None:
        """Nothing runs yet; ``folder`` is where the outbox is."""
        self.modem = modem or SendingModem()
        self.settings = settings
        self.path = folder / "outbox.db"
        self.transitions: list[Transition] = []
        self.statuses: list[Status] = []
        self.ports: list[str] = []
        self.clock_jump = timedelta()
        self.executor: Executor = InlineExecutor()
        self.shown_apart = shown_apart
        self.outbox = Outbox(self.path)
        self._courier: Courier | None = None

    @property
    def courier(self) -> Courier:
        """The courier at work."""
        assert self._courier is not None
        return self._courier

    def now(self) -> datetime:
        """Return the host's time."""
        passed = timedelta(seconds=asyncio.get_running_loop().time())
        return NOW + passed + self.clock_jump

    def instant(self) -> Instant:
        """Return now, by the clock of an outbox that was new at the loop's start."""
        return Instant(asyncio.get_running_loop().time() - 1000.0, self.now())

    async def _find_ports(self) -> Sequence[str]:
        return self.ports

    def make(self) -> Courier:
        """Make a courier, whose outbox is not open yet."""
        self.outbox = Outbox(self.path)
        self._courier = Courier(
            self.settings,
            self.path,
            WORDING,
            modem=self.modem.make,
            find_ports=self._find_ports,
            now=self.now,
            outbox=OutboxThread(self.outbox, self.now, self.executor),
            shown_apart=self.shown_apart,
        )
        return self.courier

    def listen(self) -> None:
        """Keep what the courier says."""
        self.courier.on_transition(self.transitions.append)
        self.courier.watch(lambda: self.statuses.append(self.courier.status))

    async def open(self) -> Courier:
        """Make a courier, listen to it, and open its outbox."""
        courier = self.make()
        self.listen()
        await courier.open()
        return courier

    @asynccontextmanager
    async def at_work(self) -> AsyncGenerator[Courier]:
        """Give a courier that works, and stop it at the end."""
        courier = await self.open()
        courier.start()
        courier.show()
        try:
            yield courier
        finally:
            await courier.close()

    @property
    def states(self) -> list[State]:
        """The states that emails came to, in order."""
        return [transition.state for transition in self.transitions]

    def states_of(self, found: Email) -> list[State]:
        """The states that one email came to."""
        return [
            transition.state
            for transition in self.transitions
            if transition.reference == found.reference
        ]

    async def until(self, condition: Callable[[], object], most: float = 1e7) -> None:
        """Wait until something is so; ``most``: seconds after which it is hopeless."""
        loop = asyncio.get_running_loop()
        start = loop.time()
        async with asyncio.timeout(most):
            while not condition():
                # Days are not looked at as closely as seconds.
                await asyncio.sleep(0.05 if loop.time() - start < 60 else 2.0)

    async def ended(self, found: Email) -> State:
        """Wait for the end of an email and return it."""
        await self.until(
            lambda: self.states_of(found) and not self.states_of(found)[-1].waiting
        )
        return self.states_of(found)[-1]

    async def send(self, found: Email) -> State:
        """Submit an email and wait for its end."""
        await self.courier.submit(found)
        return await self.ended(found)

    async def idle(self) -> None:
        """Wait until the courier has tidied up and does nothing."""
        async with self.courier._port_lock:  # noqa: SLF001  # ours when nobody works
            pass
