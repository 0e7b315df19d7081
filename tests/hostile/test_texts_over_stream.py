"""Any text over all of Unicode arrives by the stream as it was, and without a defect.

At a real server, and at Debian's Postfix behind TLS and a log-in by SASL.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from hypothesis import HealthCheck, given, reject, settings
import pytest

from custom_components.quectel_smtp.delivery.client.clock import Clock
from custom_components.quectel_smtp.delivery.client.mime import compose
from custom_components.quectel_smtp.delivery.client.session import Account, MailSession
from custom_components.quectel_smtp.delivery.client.trust import (
    client_context,
    unverified_context,
)
from custom_components.quectel_smtp.delivery.rules.cutting import wrap
from custom_components.quectel_smtp.modem.at.errors import InvalidValueError
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.message import Message
from custom_components.quectel_smtp.modem.mail.server import Security
from custom_components.quectel_smtp.modem.modem import Modem
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.tests.mail_server import MailServer

from .bench import HOST, PDP, SERVER
from .postfix import LOGIN, postfix, require_postfix
from .test_texts import TO, names, texts

_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class Bench:
    """A modem in service, and a server with what arrived there."""

    modem: Modem
    account: Account
    root: str | None
    take: Callable[[], Awaitable[EmailMessage]]
    """Take out the email that has arrived."""

    async def send(self, content: bytes) -> EmailMessage:
        """Send an email by the stream; return it as it arrived."""
        clock = Clock(datetime.now(UTC), of_host=True)
        context = unverified_context()
        if self.root is not None:
            context = client_context(self.root, clock)
        async with self.modem.stream(HOST, SERVER.port) as pair:
            session = await MailSession.open(
                pair.socket, self.account, context, clock, timeout=_TIMEOUT
            )
            try:
                assert await session.offer(SERVER.sender_address, TO) == {}
                await session.announce()
                await session.write(content)
                assert (await session.finish()).code == 250
            finally:
                session.close()
        return await self.take()


@asynccontextmanager
async def modem_to(number: int) -> AsyncIterator[Modem]:
    """Give a modem that reaches a server on this machine."""
    async with VirtualModem(hosts={HOST: {SERVER.port: number}}) as virtual:
        modem = Modem(PortSettings(virtual.port))
        await modem.open()
        try:
            await modem.activate(PDP)
            yield modem
        finally:
            await modem.close()


async def plain(stack: AsyncExitStack) -> Bench:
    """Give a server that is spoken to in the clear."""
    server = await stack.enter_async_context(MailServer())

    async def take() -> EmailMessage:
        content = server.received.pop().original_content
        message = message_from_bytes(content or b"", policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message

    modem = await stack.enter_async_context(modem_to(server.port))
    return Bench(modem, Account(HOST, Security.NONE), None, take)


async def by_postfix(stack: AsyncExitStack, security: Security) -> Bench:
    """Give Postfix, behind TLS and a log-in."""
    server = await stack.enter_async_context(postfix())
    modem = await stack.enter_async_context(modem_to(server.ports[security]))
    return Bench(modem, Account(HOST, security, *LOGIN), server.root, server.take)


class Run:
    """Runs coroutines one after the other against one bench."""

    def __init__(self, security: Security) -> None:
        """Start it: in the clear without Postfix, else with it."""
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        postfix_ = security is not Security.NONE
        self.bench = self._runner.run(
            by_postfix(self._stack, security) if postfix_ else plain(self._stack)
        )

    def send(self, content: bytes) -> EmailMessage:
        """Send, and return what arrived."""
        return self._runner.run(self.bench.send(content))

    def close(self) -> None:
        """Stop everything."""
        self._runner.run(self._stack.aclose())
        self._runner.close()


@pytest.fixture(scope="module", params=Security)
def run(request: pytest.FixtureRequest) -> Generator[Run]:
    """Give one bench for all texts."""
    if request.param is not Security.NONE:
        require_postfix()
    ready = Run(request.param)
    try:
        yield ready
    finally:
        ready.close()


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.function_scoped_fixture,
    ],
)
@given(subject=texts, body=texts, name=names)
def test_any_text_arrives_as_it_was_and_without_a_defect(
    run: Run, subject: str, body: str, name: str
) -> None:
    try:
        message = Message(subject, wrap(body), TO)
        server = replace(SERVER, sender_name=name)
    except InvalidValueError:
        # Never accepted.
        reject()
    now = datetime.now(UTC).replace(microsecond=0)
    arrived = run.send(compose(message, server, now=now, reference="ABCD"))
    assert not arrived.defects
    for header in arrived.values():
        assert not header.defects
    (sender,) = arrived["From"].addresses
    assert sender.addr_spec == SERVER.sender_address
    assert arrived["To"].addresses[0].addr_spec == TO[0]
    assert arrived["Date"].datetime == now
    assert "".join(arrived["Subject"].split()) == "".join(subject.split())
    text = message.body.replace("\r\n", "\n").replace("\r", "\n")
    content = arrived.get_content().replace("\r\n", "\n")
    assert content.rstrip("\n") == text.rstrip("\n")
