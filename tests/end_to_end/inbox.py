"""Starts the mail server, and hands out the emails that arrive there."""

import asyncio
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
import json
import os
from pathlib import Path
import sys
from types import TracebackType
from typing import Any, Self, cast

from .certificates import make_certificate
from .mail_server import PASSWORD_VARIABLE
from .processes import LeashedProgram, start_program

_START_TIMEOUT = 60


@dataclass(frozen=True, slots=True)
class ArrivedMail:
    """One email as the server took it.

    `at` is the machine's monotonic clock, in seconds; `recipients` are the envelope's,
    which hold Bcc too; `security` says how the connection was protected.
    """

    at: float
    security: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        """The message, taken apart."""
        return message_from_bytes(self.content, policy=policy.default)

    @property
    def text(self) -> str:
        """The text of the message."""
        part = self.message.get_body(("plain",))
        return "" if part is None else cast(str, part.get_content())


@dataclass(frozen=True, slots=True)
class Login:
    """One attempt to log in."""

    at: float
    user: str
    accepted: bool


class MailServer:
    """A mail server process for the length of an `async with` block."""

    host = "mail.example.com"
    user = "home@example.com"

    def __init__(self, folder: Path, password: str) -> None:
        """Keep certificate and log in `folder`; `password` opens the account."""
        self.password = password
        self.ports: dict[str, int] = {}
        self.logins: list[Login] = []
        self.authority_pem = ""
        self._folder = folder
        self._program: LeashedProgram | None = None
        self._reader: asyncio.Task[None] | None = None
        # None: there will be no more.
        self._arrived: asyncio.Queue[ArrivedMail | None] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        """Start it and wait until it listens."""
        certificate = make_certificate(self.host, self._folder)
        self.authority_pem = certificate.authority_pem
        self._program = await start_program(
            "mail server",
            [
                sys.executable,
                "-m",
                "tests.end_to_end.mail_server",
                str(certificate.chain_and_key),
                self.user,
            ],
            log=self._folder / "mail-server.log",
            environment={**os.environ, PASSWORD_VARIABLE: self.password},
            pipe_output=True,
        )
        try:
            async with asyncio.timeout(_START_TIMEOUT):
                line = await self._program.read_line()
        except BaseException:
            await self._program.stop()
            raise
        if line is None:
            await self._program.stop()
            raise self._program.failure("The mail server did not start:")
        self.ports = json.loads(line)["ports"]
        self._reader = asyncio.create_task(self._read(self._program))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        if self._program is not None:
            await self._program.stop()
        if self._reader is not None:
            await self._reader

    async def next_mail(self) -> ArrivedMail:
        """Wait for the next email that nobody has been handed yet."""
        arrived = await self._arrived.get()
        if arrived is None:
            assert self._program is not None
            self._arrived.put_nowait(None)
            raise self._program.failure("The mail server has ended by itself:")
        return arrived

    def no_mail_waits(self) -> bool:
        """Whether every email that has arrived was handed out."""
        return self._arrived.empty()

    async def _read(self, program: LeashedProgram) -> None:
        while (line := await program.read_line()) is not None:
            event: dict[str, Any] = json.loads(line)
            match event["event"]:
                case "mail":
                    self._arrived.put_nowait(
                        ArrivedMail(
                            at=event["at"],
                            security=event["security"],
                            sender=event["sender"],
                            recipients=tuple(event["recipients"]),
                            content=event["content"].encode("latin-1"),
                        )
                    )
                case "login":
                    self.logins.append(
                        Login(event["at"], event["user"], event["accepted"])
                    )
        self._arrived.put_nowait(None)
