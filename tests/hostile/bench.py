"""A driver, a virtual modem and a real SMTP server that stay up for many emails."""

import asyncio
from collections.abc import Coroutine
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.smtp import Envelope

from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.message import Message
from custom_components.quectel_smtp.modem.mail.server import Security, ServerSettings
from custom_components.quectel_smtp.modem.mail.smtp import Outcome
from custom_components.quectel_smtp.modem.modem import Modem
from custom_components.quectel_smtp.modem.network.pdp import PdpSettings
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.profiles import MailClient
from tests.virtual_modem.tests.mail_server import MailServer

HOST = "mail.example.com"
PDP = PdpSettings("internet")
SERVER = ServerSettings(HOST, 25, Security.NONE, "", "", "Home", "home@example.com")


class Bench:
    """Runs coroutines one after the other against the same modem and server."""

    def __init__(self, mail_client: MailClient = MailClient.NOTE) -> None:
        """Nothing runs before the block is entered."""
        self._mail_client = mail_client
        self._runner = asyncio.Runner()
        self._server = MailServer()

    def __enter__(self) -> Self:
        """Start the server, the virtual modem and the driver."""
        self._server.__enter__()
        self.virtual = VirtualModem(
            hosts={HOST: {25: self._server.port}}, mail_client=self._mail_client
        ).start()
        self.modem = Modem(PortSettings(self.virtual.port))
        self.run(self.modem.open())
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything."""
        self.run(self.modem.close())
        self.virtual.stop()
        self._server.__exit__(None, None, None)
        self._runner.close()

    def run[T](self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run to the end."""
        return self._runner.run(coroutine)

    async def send(self, message: Message, server: ServerSettings = SERVER) -> Outcome:
        """Send as the courier does."""
        await self.modem.activate(PDP)
        await self.modem.configure(server)
        refused = await self.modem.prepare(message)
        assert refused is None
        outcome = await self.modem.put(60)
        await self.modem.clear()
        return outcome

    @property
    def received(self) -> list[Envelope]:
        """What the server accepted."""
        return self._server.received

    def last(self) -> EmailMessage:
        """The email that arrived last, as its recipient sees it."""
        content = self.received[-1].original_content
        assert content is not None
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message

    def last_body(self) -> bytes:
        """Its body, as its sender meant it."""
        text = self.last().get_body(("plain",))
        assert text is not None
        body = text.get_payload(decode=True)
        assert isinstance(body, bytes)
        return body
