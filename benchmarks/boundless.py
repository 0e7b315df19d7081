"""Couriers whose outbox has no bound, and what they are given to send."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
import os
from pathlib import Path
import shutil
from tempfile import TemporaryDirectory
import time
from typing import Final, override

from custom_components.quectel_smtp.delivery.courier.courier import Courier
from custom_components.quectel_smtp.delivery.email import Email, new_reference
from custom_components.quectel_smtp.delivery.outbox.file import Connect, connect
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.outbox.thread import OutboxThread
from custom_components.quectel_smtp.delivery.records import Instant, Options
from custom_components.quectel_smtp.delivery.rules.wording import Wording
from custom_components.quectel_smtp.delivery.settings import Settings
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.message import Message
from custom_components.quectel_smtp.modem.mail.server import Security, ServerSettings
from custom_components.quectel_smtp.modem.modem import Modem
from custom_components.quectel_smtp.modem.network.pdp import PdpSettings

from .children import ROOT

BAUDRATE: Final = 115200
HOST: Final = "mail.example.com"
PDP: Final = PdpSettings("internet")
SERVER: Final = ServerSettings(
    HOST, 25, Security.NONE, "", "", "Home", "home@example.com"
)
RECIPIENT: Final = "someone@example.com"
SUBJECT: Final = "Water in the cellar"
BODY: Final = "The sensor beside the washing machine reports water.\n" * 8
ABSENT: Final = "/dev/serial/by-id/absent"
"""A port that is not there."""

_ENOUGH: Final = 1 << 40
QUIET: Final = 0.005
"""Seconds without work after which an outbox is left alone."""
_WORDING: Final = Wording(
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


def email() -> Email:
    """Return an email that differs from every other one."""
    reference = new_reference()
    return Email(
        SUBJECT,
        BODY + reference,
        (RECIPIENT,),
        reference=reference,
        recipient="Someone",
    )


def message() -> Message:
    """Return an email as it reaches the modem, of the same length."""
    reference = new_reference()
    return Message(SUBJECT, f"{BODY}{reference}\n\nRef: {reference}", to=(RECIPIENT,))


@contextmanager
def folder() -> Iterator[Path]:
    """Give a folder for a while, on the disk that the project is on.

    Folders for temporary files are often no disk: an fsync costs nothing there.
    """
    with TemporaryDirectory(prefix="outbox-", dir=ROOT / ".venv-bench") as name:
        yield Path(name)


class WatchedThread(OutboxThread):
    """Knows for how long somebody has waited for the outbox."""

    def __init__(self, path: Path, connect: Connect = connect) -> None:
        """Have an outbox there, not opened yet."""
        super().__init__(
            Outbox(path, connect=connect, emails=_ENOUGH, size=_ENOUGH, reserved=0),
            lambda: datetime.now(UTC),
        )
        self.waited = 0.0
        """Seconds in which one or more have waited."""
        self._waiting = 0
        self._since = 0.0

    @override
    async def do[T](self, work: Callable[[Outbox, Instant], T]) -> T:
        """Do it, and take the time."""
        if not self._waiting:
            self._since = time.perf_counter()
        self._waiting += 1
        try:
            return await super().do(work)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self.waited += time.perf_counter() - self._since

    async def quiet(self) -> None:
        """Wait until nobody wants anything from the outbox any more."""
        before = -1.0
        while self._waiting or self.waited != before:
            before = self.waited
            await asyncio.sleep(QUIET)
        # What nobody waits for.
        await super().do(lambda _, __: None)


class Office:
    """A courier and its outbox, at work or not."""

    def __init__(
        self,
        path: Path,
        port: str = ABSENT,
        *,
        baudrate: int = BAUDRATE,
        server: ServerSettings = SERVER,
        options: Options | None = None,
        modem: Callable[[PortSettings], Modem] = Modem,
        connect: Connect = connect,
    ) -> None:
        """Have the outbox at ``path``; without a port the modem is absent."""
        self.outbox = WatchedThread(path, connect)
        self.courier = Courier(
            Settings(
                PortSettings(port, baudrate), PDP, server, options=options or Options()
            ),
            path,
            _WORDING,
            modem=modem,
            outbox=self.outbox,
        )


class Image:
    """An outbox as a process that was killed has left it; an empty one if none has."""

    def __init__(self, path: Path) -> None:
        """Take the database, which nobody uses any more."""
        self._path = path

    def restored(self, folder: Path, *, cached: bool = True) -> Path:
        """Put a copy into a folder that is made for it; returns its path.

        cached: whether the system still has it in memory, as it has unless the host
        was restarted.
        """
        folder.mkdir()
        for file in self._path.parent.glob(f"{self._path.name}*"):
            copy = shutil.copy(file, folder)
            opened = os.open(copy, os.O_RDWR)
            try:
                os.fsync(opened)
                if not cached:
                    os.posix_fadvise(opened, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(opened)
        return folder / self._path.name
