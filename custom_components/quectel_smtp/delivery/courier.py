"""``Courier``: the one worker per modem that takes emails and records what happened.

Emails wait in memory, first come, first sent. The courier keeps the port open, brings
the modem back into service after a loss or a restart, and lends the port to whoever
needs it between two emails.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
import logging
import random
from typing import Final

from ..modem.errors import (
    ModemError,
    ModemRebootedError,
    NoAnswerError,
    PinRefusedError,
    PortLostError,
    UnexpectedAnswerError,
    UnexpectedError,
    WrongModemError,
)
from ..modem.modem import Modem
from ..modem.pdp import PdpSettings, PdpState
from ..modem.port import PortSettings
from ..modem.server import ServerSettings
from ..modem.service import await_registration, unlock
from ..modem.smtp import Outcome, Result
from ..modem.status import Identity, Network, SimState
from .email import Email

_LOGGER = logging.getLogger(__name__)

PUT_TIMEOUT: Final = 300
"""Seconds that the modem may take for one email."""
REGISTRATION_TIMEOUT: Final = 60.0
"""Seconds that a modem may take to register after its start."""

# Certain not to have sent anything, and mended by doing it all once more.
_WORTH_ANOTHER_TRY: Final = (
    ModemRebootedError,
    PortLostError,
    UnexpectedAnswerError,
)
_TRIES: Final = 3
_RECONNECT_FIRST: Final = 1.0
_RECONNECT_MOST: Final = 30.0
_JITTER: Final = 0.2


@dataclass(frozen=True, slots=True)
class Pin:
    """A SIM's PIN, and the ICCID of the SIM that it unlocks, where that is known."""

    code: str
    iccid: str | None


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that a courier needs; ``imei`` guards against another modem."""

    port: PortSettings
    pdp: PdpSettings
    server: ServerSettings
    pin: Pin | None = None
    imei: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one email.

    ``outcome`` is what the modem reported; where it never came to that, ``error``
    says why and nothing was sent.
    """

    reference: str
    when: datetime
    outcome: Outcome | None = None
    error: ModemError | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of modem and mail; ``trouble`` is what keeps mail from going."""

    connected: bool = False
    identity: Identity | None = None
    sim: SimState | None = None
    network: Network | None = None
    pdp: PdpState = PdpState.INACTIVE
    trouble: ModemError | None = None
    last: Report | None = None


class DeliveryError(Exception):
    """An email was not sent, or not certainly: ``report`` says what happened."""

    def __init__(self, report: Report) -> None:
        """Take the report."""
        self.report = report
        super().__init__(report.reference)


@dataclass(slots=True)
class _Job:
    email: Email
    done: asyncio.Future[Report]
    # From now on the email may have left, whatever becomes of us.
    handed_over: bool = False


class Courier:
    """Sends emails through one modem, one at a time."""

    def __init__(
        self,
        settings: Settings,
        *,
        modem: Callable[[PortSettings], Modem] = Modem,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take the settings; nothing is opened before ``start``."""
        self._settings = settings
        self._make_modem = modem
        self._now = now
        self._modem = modem(settings.port)
        self._unwatch = self._modem.watch(self._on_modem_changed)
        self._queue: deque[_Job] = deque()
        self._wake = asyncio.Event()
        # Whoever holds it has the port: the worker, a poll, or who it is lent to.
        self._port = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._stopped = False
        self._watchers: list[Callable[[], None]] = []
        self._status = Status()
        self._in_service: int | None = None
        self._refused: set[Pin | None] = set()
        self._failures = 0

    # The callers' side.

    @property
    def status(self) -> Status:
        """What is known now."""
        return self._status

    def start(self) -> None:
        """Begin to work; returns at once, whether the modem is there or not."""
        self._task = asyncio.create_task(self._run(), name="quectel_smtp courier")

    async def stop(self) -> None:
        """Stop working and close the port; emails that still wait end with an error."""
        self._stopped = True
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))
        while self._queue:
            self._finish(self._queue.popleft(), error=PortLostError("stopped"))
        await self._modem.close()

    async def submit(self, email: Email) -> Report:
        """Send ``email`` and return the report; ``DeliveryError`` unless it was sent."""
        job = _Job(email, asyncio.get_running_loop().create_future())
        if self._stopped:
            # Nobody will come for it, as when Home Assistant is about to end.
            self._finish(job, error=PortLostError("stopped"))
        else:
            self._queue.append(job)
            self._wake.set()
        report = await job.done
        if report.outcome is None or report.outcome.result is not Result.SENT:
            raise DeliveryError(report)
        return report

    def update(self, settings: Settings) -> None:
        """Work with other settings from the next email on."""
        self._settings = settings
        self._failures = 0
        self._in_service = None
        self._wake.set()

    @asynccontextmanager
    async def lend(self) -> AsyncGenerator[None]:
        """Lend the port after the current email; emails are accepted meanwhile."""
        async with self._port:
            await self._modem.close()
            try:
                yield
            finally:
                self._failures = 0
                self._in_service = None
                self._wake.set()

    async def poll(self) -> None:
        """Refresh network and PDP state, unless the modem is away or at work."""
        if self._port.locked() or not self._modem.connected:
            return
        async with self._port:
            try:
                await self._refresh()
            except NoAnswerError, UnexpectedAnswerError:
                # What does not even answer this is opened anew.
                await self._modem.close()
                self._wake.set()
            except ModemError:
                self._wake.set()
        self._publish()

    def watch(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after each change of status; returns the undoing."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    # The worker.

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                async with self._port:
                    await self._take_settings()
                    if self._queue:
                        await self._deliver(self._queue.popleft())
                        continue
                    await self._keep_in_service()
            except Exception:
                # A defect of ours costs one email, never the ones after it.
                _LOGGER.exception("Unexpected error, the courier goes on")
                self._publish(trouble=UnexpectedError())
            await self._rest()

    async def _rest(self) -> None:
        """Sleep until there is something to do; longer after each failure."""
        pause = None
        if self._status.trouble is not None:
            pause = min(_RECONNECT_FIRST * 2**self._failures, _RECONNECT_MOST)
            # Not a secret: it only keeps two hosts from knocking in step.
            pause *= random.uniform(1 - _JITTER, 1 + _JITTER)
            self._failures = min(self._failures + 1, 10)
        try:
            async with asyncio.timeout(pause):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _take_settings(self) -> None:
        if self._modem.port == self._settings.port:
            return
        self._unwatch()
        await self._modem.close()
        self._modem = self._make_modem(self._settings.port)
        self._unwatch = self._modem.watch(self._on_modem_changed)
        self._in_service = None

    async def _keep_in_service(self) -> None:
        """Bring the modem into service while there is no email to send."""
        try:
            await self._bring_into_service()
        except ModemError as err:
            self._publish(trouble=err)

    async def _bring_into_service(self) -> None:
        """Open the port, unlock the SIM, wait for the network: once in each boot."""
        modem = self._modem
        if not modem.connected:
            self._in_service = None
            await modem.open()
        if self._in_service == modem.boot:
            return
        boot = modem.boot
        identity = await modem.identify()
        if self._settings.imei not in (None, identity.imei):
            await modem.close()
            raise WrongModemError
        self._publish(identity=identity)
        await self._unlock()
        self._publish(sim=SimState.READY)
        network = await await_registration(modem, REGISTRATION_TIMEOUT)
        self._failures = 0
        self._in_service = boot if boot == modem.boot else None
        self._publish(network=network, trouble=None)

    async def _unlock(self) -> None:
        pin = self._settings.pin
        usable = None if pin in self._refused else pin
        try:
            await unlock(
                self._modem,
                None if usable is None else usable.code,
                None if usable is None else usable.iccid,
            )
        except PinRefusedError:
            self._refused.add(pin)
            raise

    async def _refresh(self) -> None:
        network = await self._modem.network()
        await self._modem.refresh_pdp()
        self._publish(network=network)

    # One email.

    async def _deliver(self, job: _Job) -> None:
        """Send one email and tell its caller, whatever happens."""
        try:
            outcome = await self._try_to_send(job)
        except ModemError as err:
            if isinstance(err, NoAnswerError):
                await self._modem.close()
            self._finish(job, error=err)
            self._publish(trouble=err)
        except BaseException as err:
            if job.handed_over:
                self._finish(job, outcome=Outcome(Result.UNKNOWN))
            elif isinstance(err, asyncio.CancelledError):
                self._finish(job, error=PortLostError("stopped"))
            else:
                self._finish(job, error=UnexpectedError())
            raise
        else:
            self._finish(job, outcome=outcome)
            self._publish(trouble=None)
            await self._clear()

    async def _try_to_send(self, job: _Job) -> Outcome:
        """Send, and do it all once more after what certainly sent nothing."""
        for _ in range(_TRIES - 1):
            try:
                return await self._send(job)
            except NoAnswerError:
                await self._modem.close()
            except _WORTH_ANOTHER_TRY:
                pass
        return await self._send(job)

    async def _send(self, job: _Job) -> Outcome:
        settings = self._settings
        modem = self._modem
        await self._bring_into_service()
        boot = modem.boot
        await modem.activate(settings.pdp)
        await modem.configure(settings.server)
        refused = await modem.prepare(job.email.message())
        if refused is not None:
            return refused
        if modem.boot != boot:
            # It restarted between two commands, and has forgotten the email too.
            raise ModemRebootedError
        job.handed_over = True
        try:
            return await modem.put(PUT_TIMEOUT)
        except ModemError:
            job.handed_over = False
            raise

    async def _clear(self) -> None:
        """Clear the modem's copy; where that fails the next email begins with it."""
        try:
            await self._modem.clear()
        except ModemError as err:
            _LOGGER.debug("The email's content stays in the modem: %s", err)

    def _finish(
        self,
        job: _Job,
        outcome: Outcome | None = None,
        error: ModemError | None = None,
    ) -> None:
        report = Report(job.email.reference, self._now(), outcome, error)
        if not job.done.done():
            job.done.set_result(report)
        self._publish(last=report)

    # Status.

    def _on_modem_changed(self) -> None:
        if not self._modem.connected or self._in_service != self._modem.boot:
            self._wake.set()
        self._publish()

    def _publish(self, **changes: object) -> None:
        """Take the changes, and tell the watchers if anything is different now."""
        trouble = changes.get("trouble")
        if repr(trouble) == repr(self._status.trouble):
            # The same trouble as before is no news.
            changes.pop("trouble", None)
        status = replace(
            self._status,
            connected=self._modem.connected,
            pdp=self._modem.pdp_state,
            **changes,  # type: ignore[arg-type]  # the fields' own types hold at each call
        )
        if status == self._status:
            return
        self._status = status
        for callback in tuple(self._watchers):
            callback()
