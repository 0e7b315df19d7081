"""The TLS matrix by the stream: an email and its password go to the right server only.

And why they don't go is named: by the account's check, which says it to a person.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import socket
import ssl
from threading import Thread
from types import SimpleNamespace
from typing import cast
import warnings

import pytest

from custom_components.quectel_smtp.delivery.addresses import Addresses
from custom_components.quectel_smtp.delivery.client.check import (
    Failed,
    Passed,
    Trouble,
    Verdict,
    over_modem,
)
from custom_components.quectel_smtp.delivery.courier.carrier import Told
from custom_components.quectel_smtp.delivery.courier.line import Line
from custom_components.quectel_smtp.delivery.courier.stream import StreamCarrier
from custom_components.quectel_smtp.delivery.records import History, Instant, Item
from custom_components.quectel_smtp.delivery.rules.fit import Fitted
from custom_components.quectel_smtp.delivery.settings import Settings
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.server import Security, ServerSettings
from custom_components.quectel_smtp.modem.mail.smtp import Result
from custom_components.quectel_smtp.modem.modem import Modem
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.tests import certificates
from tests.virtual_modem.tests.certificates import Identity
from tests.virtual_modem.tests.mail_server import MailServer, Manners

from .bench import HOST, PDP
from .tls_bench import LOGIN, MESSAGE, PORTS, REFUSED, SECURITY, tls_settings

_NO_CLOCK = datetime(1970, 1, 1, tzinfo=UTC)
_OLD = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1}


def authority(name: str = "Root") -> Identity:
    """Return a root certificate."""
    return certificates.make(name, authority=True)


def leaf(
    issuer: Identity | None, name: str = HOST, *, begins: int = -10, ends: int = 10
) -> Identity:
    """Return a server's certificate, self-signed without issuer; valid in days."""
    now = datetime.now(UTC)
    return certificates.make(
        name,
        issuer,
        begins=now + timedelta(days=begins),
        ends=now + timedelta(days=ends),
    )


def right() -> tuple[Identity, Identity]:
    """Return a server, and the root that it has its certificate of."""
    root = authority()
    return leaf(root), root


def expired() -> tuple[Identity, Identity]:
    """Return a server whose certificate has run out."""
    root = authority()
    return leaf(root, begins=-20, ends=-10), root


def not_yet_valid() -> tuple[Identity, Identity]:
    """Return a server whose certificate holds from next week on."""
    root = authority()
    return leaf(root, begins=7, ends=20), root


def wrong_name() -> tuple[Identity, Identity]:
    """Return a server with the right authority's certificate for another name."""
    root = authority()
    return leaf(root, "mail.example.org"), root


def wrong_root() -> tuple[Identity, Identity]:
    """Return a server of another authority."""
    return leaf(authority("Theirs")), authority()


def namesake_root() -> tuple[Identity, Identity]:
    """Return a server of another authority of the same name."""
    return leaf(authority()), authority()


def signed_by_a_server() -> tuple[Identity, Identity]:
    """Return a server whose issuer is trusted, and is no authority."""
    pinned = leaf(None)
    return leaf(pinned), pinned


def self_signed() -> tuple[Identity, Identity]:
    """Return a server that vouches for itself."""
    return leaf(None), authority()


type Servers = Callable[[], tuple[Identity, Identity]]

IMPOSTORS: dict[Servers, Trouble] = {
    wrong_root: Trouble.ROOT,
    namesake_root: Trouble.ROOT,
    signed_by_a_server: Trouble.ROOT,
    self_signed: Trouble.ROOT,
    expired: Trouble.EXPIRED,
    not_yet_valid: Trouble.CLOCK,
    wrong_name: Trouble.CERTIFICATE_NAME,
}


@dataclass(slots=True)
class House:
    """A modem, its server, and what a person has entered."""

    modem: Modem
    settings: ServerSettings
    server: MailServer = field(default_factory=MailServer)
    host_clock: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def check(self) -> Verdict | None:
        """Check the account, as set-up does."""
        return await over_modem(
            self.modem, self.settings, find_root=False, now=self.host_clock
        )

    async def send(self) -> Told:
        """Send one email, as the courier does."""
        line = cast(Line, SimpleNamespace(modem=self.modem))
        carrier = StreamCarrier(line, lambda: self.host_clock)
        settings = Settings(PortSettings(""), PDP, self.settings)
        told = await carrier.prepare(_ITEM, self._fit_to, settings)
        if told is None:
            told = await carrier.hand_over(lambda: None)
        await carrier.clear()
        return told

    async def _fit_to(self, *_: object, **__: object) -> Fitted:
        return Fitted(MESSAGE, self.settings)

    async def check_delivered(self) -> None:
        """Check that the account passes, and that an email goes."""
        assert isinstance(await self.check(), Passed)
        assert (await self.send()).outcome.result is Result.SENT
        assert len(self.server.received) == 1

    async def check_refused(self, failed: Failed) -> None:
        """Check that it is said why, and that nobody was told a password."""
        assert await self.check() == failed
        await self.send()
        assert (self.server.received, self.server.mechanisms) == ([], [])


_ITEM = Item(
    envelope=1,
    reference="ABCD",
    recipient="",
    critical=False,
    subject=MESSAGE.subject,
    body=MESSAGE.body,
    addresses=Addresses(MESSAGE.to),
    times=1,
    accepted=Instant(0.0, datetime.now(UTC)),
    history=History(),
)


@asynccontextmanager
async def reaching(
    number: int, trusted: Identity | None, security: Security, clock: str = "network"
) -> AsyncIterator[House]:
    """Run a modem that reaches a server on this machine; ``clock`` is the modem's."""
    port = PORTS[security]
    hosts = {HOST: {port: number}}
    async with VirtualModem(hosts=hosts, settings={"clock": clock}) as virtual:
        modem = Modem(PortSettings(virtual.port))
        await modem.open()
        try:
            await modem.activate(PDP)
            entered = ServerSettings(
                HOST,
                port,
                security,
                *LOGIN,
                "Home",
                "home@example.com",
                tls_settings(trusted),
            )
            yield House(modem, entered)
        finally:
            await modem.close()


@asynccontextmanager
async def house(
    folder: Path,
    identity: Identity,
    trusted: Identity | None,
    security: Security,
    *,
    manners: Manners | None = None,
    clock: str = "network",
) -> AsyncIterator[House]:
    """Run a server that shows ``identity``, and a modem; ``clock`` is the modem's."""
    context = identity.server_context(folder)
    implicit = security is Security.TLS
    server = MailServer(
        replace(manners or Manners(), login=LOGIN),
        implicit=context if implicit else None,
        starttls=None if implicit else context,
    )
    async with server, reaching(server.port, trusted, security, clock) as bench:
        bench.server = server
        yield bench


def answer(listening: socket.socket, context: ssl.SSLContext, greeting: bool) -> None:
    """Shake hands with whoever connects, as far as it goes; it tells why it does not.

    Unlike asyncio's, which ends the connection without an alert.
    """
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                if greeting:
                    connection.sendall(b"220 mail\r\n")
                    connection.recv(100)
                    connection.sendall(b"250-mail\r\n250 STARTTLS\r\n")
                    connection.recv(100)
                    connection.sendall(b"220 go on\r\n")
                with context.wrap_socket(connection, server_side=True) as secured:
                    secured.recv(100)


def only(context: ssl.SSLContext, version: ssl.TLSVersion) -> None:
    """Let a server speak one old TLS and nothing newer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    # OpenSSL gives such signatures no bit of security any more.
    context.set_ciphers("ALL:@SECLEVEL=0")


@SECURITY
async def test_the_right_server_gets_the_email(
    tmp_path: Path, security: Security
) -> None:
    async with house(tmp_path, *right(), security) as bench:
        await bench.check_delivered()
        # Many servers share one address: they must hear which one is meant.
        assert set(bench.server.server_names) == {HOST}


@SECURITY
@pytest.mark.parametrize("impostor", IMPOSTORS)
async def test_no_other_server_gets_email_or_password_and_it_is_said_why(
    tmp_path: Path, security: Security, impostor: Servers
) -> None:
    async with house(tmp_path, *impostor(), security) as bench:
        await bench.check_refused(Failed(IMPOSTORS[impostor]))
        assert (await bench.send()).outcome == REFUSED


@pytest.mark.parametrize("impostor", IMPOSTORS)
async def test_without_verification_every_server_gets_the_email(
    tmp_path: Path, impostor: Servers
) -> None:
    identity, _ = impostor()
    async with house(tmp_path, identity, None, Security.TLS) as bench:
        await bench.check_delivered()


@SECURITY
@pytest.mark.parametrize("version", _OLD)
async def test_a_server_with_an_old_tls_alone_gets_nothing(
    tmp_path: Path, security: Security, version: str
) -> None:
    identity, root = right()
    context = identity.server_context(tmp_path)
    only(context, _OLD[version])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        starttls = security is Security.STARTTLS
        thread = Thread(target=answer, args=(listening, context, starttls))
        thread.start()
        try:
            for trusted in (root, None):
                number = listening.getsockname()[1]
                async with reaching(number, trusted, security) as bench:
                    await bench.check_refused(Failed(Trouble.VERSION))
                    assert (await bench.send()).outcome == REFUSED
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(
    ("manners", "failed"),
    [
        (Manners(hide_starttls=True), Failed(Trouble.TLS)),
        (
            Manners(replies={"STARTTLS": "454 no TLS for now"}),
            Failed(Trouble.TLS, "no TLS for now", 454),
        ),
        (
            Manners(replies={"STARTTLS": "502 what is that"}),
            Failed(Trouble.TLS, "what is that", 502),
        ),
    ],
    ids=["stripped", "put off", "refused"],
)
async def test_a_server_without_starttls_gets_nothing_in_the_clear(
    tmp_path: Path, manners: Manners, failed: Failed
) -> None:
    """It may be someone on the way who strips the offer, to read what follows."""
    manners.offer_auth = "LOGIN PLAIN"
    identity, root = right()
    for trusted in (root, None):
        async with house(
            tmp_path, identity, trusted, Security.STARTTLS, manners=manners
        ) as bench:
            await bench.check_refused(failed)


async def test_a_clock_of_the_modem_that_is_not_set_keeps_no_email(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, *right(), Security.TLS, clock="unset") as bench:
        await bench.check_delivered()


@pytest.mark.parametrize("server", [right, expired, not_yet_valid])
async def test_the_networks_clock_decides_where_the_host_lost_its_own(
    tmp_path: Path, server: Servers
) -> None:
    async with house(tmp_path, *server(), Security.TLS) as bench:
        bench.host_clock = _NO_CLOCK
        if server is right:
            await bench.check_delivered()
        else:
            await bench.check_refused(Failed(IMPOSTORS[server]))
