"""One email to a real TLS server on loopback: what was reported, and what arrived."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import ssl
import warnings

import pytest

from custom_components.quectel_smtp.modem.at.codes import SmtpError
from custom_components.quectel_smtp.modem.at.errors import ModemError
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.message import Message
from custom_components.quectel_smtp.modem.mail.server import Security, ServerSettings
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from custom_components.quectel_smtp.modem.mail.tls import TlsSettings
from custom_components.quectel_smtp.modem.modem import Modem
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.fault_model import Fault
from tests.virtual_modem.observations import CommandSeen, Delivery
from tests.virtual_modem.tests import certificates
from tests.virtual_modem.tests.certificates import Identity
from tests.virtual_modem.tests.mail_server import MailServer, Manners

from .bench import HOST, PDP

# Later than the integration's release, or the host's clock would not be believed.
NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
PORTS = {Security.TLS: 465, Security.STARTTLS: 587}
LOGIN = ("home", "secret")
# SMTP note, table 3: 665, "SSL authentication failed".
REFUSED = Outcome(Result.REFUSED, SmtpError.TLS)

SECURITY = pytest.mark.parametrize(
    "security", [Security.TLS, Security.STARTTLS], ids=["TLS", "STARTTLS"]
)
MESSAGE = Message("Alarm", "The basement is under water.", to=("you@example.org",))


def authority(name: str = "Root") -> Identity:
    """Return a root certificate."""
    return certificates.make(
        name,
        authority=True,
        begins=NOW - timedelta(days=900),
        ends=NOW + timedelta(days=900),
    )


def leaf(
    issuer: Identity | None, name: str = HOST, *, begins: int = -10, ends: int = 10
) -> Identity:
    """Return a server's certificate, self-signed without issuer; valid in days."""
    return certificates.make(
        name,
        issuer,
        begins=NOW + timedelta(days=begins),
        ends=NOW + timedelta(days=ends),
    )


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended, seen from the driver, the server and the wire.

    Without an ``outcome`` the driver stopped before it asked the modem to send.
    """

    outcome: Outcome | None
    arrived: int
    logins: int
    names: list[str | None]
    deliveries: list[Delivery]
    clock_commands: list[CommandSeen]
    clock: datetime


@dataclass(slots=True)
class TlsBench:
    """A server, a modem and a host as a test wants them; ``send`` tries them out."""

    folder: Path
    identity: Identity
    trusted: Identity | None
    security: Security
    chain: tuple[Identity, ...] = ()
    manners: Manners = field(default_factory=Manners)
    only_tls_1_0: bool = False
    profile: str = "EC200N-CN"
    modem_clock: str = f"{NOW:%Y-%m-%dT%H:%M:%S}"
    host_clock: datetime = NOW
    faults: tuple[Fault, ...] = ()
    settings: dict[str, str | float] = field(default_factory=dict)

    def server_settings(self) -> ServerSettings:
        """Return what the user has entered."""
        return ServerSettings(
            HOST,
            PORTS[self.security],
            self.security,
            *LOGIN,
            "Home",
            "home@example.com",
            tls_settings(self.trusted),
        )

    def context(self) -> ssl.SSLContext:
        """Return the server's side of TLS."""
        context = self.identity.server_context(self.folder, *self.chain)
        return tls_1_0(context) if self.only_tls_1_0 else context

    @contextmanager
    def running(self) -> Iterator[tuple[Modem, VirtualModem, MailServer]]:
        """Run server and virtual modem, with a driver that is not open yet."""
        implicit = self.security is Security.TLS
        with (
            MailServer(
                replace(self.manners, login=LOGIN),
                implicit=self.context() if implicit else None,
                starttls=None if implicit else self.context(),
            ) as server,
            VirtualModem(
                profile=self.profile,
                hosts={HOST: {PORTS[self.security]: server.port}},
                settings={"clock": self.modem_clock, **self.settings},
                faults=self.faults,
            ) as virtual,
        ):
            yield (
                Modem(PortSettings(virtual.port), now=lambda: self.host_clock),
                virtual,
                server,
            )

    def send(self) -> Ending:
        """Send one email as the courier does; see ``Ending.outcome``."""
        with self.running() as (modem, virtual, server):
            outcome = asyncio.run(self._send(modem, virtual))
            return Ending(
                outcome,
                len(server.received),
                len(server.mechanisms),
                server.server_names,
                virtual.deliveries(),
                virtual.commands("CCLK="),
                datetime.fromisoformat(virtual.state().clock),
            )

    async def _send(self, modem: Modem, virtual: VirtualModem) -> Outcome | None:
        try:
            return await send(modem, self.server_settings())
        except ModemError:
            return None
        finally:
            await modem.close()
            # Whatever was under way has ended.
            await virtual.wait_idle()


async def send(modem: Modem, server: ServerSettings) -> Outcome:
    """Open, and send one email."""
    await modem.open()
    await modem.activate(PDP)
    await modem.configure(server)
    refused = await modem.prepare(MESSAGE)
    assert refused is None
    return await modem.put(60)


def tls_settings(trusted: Identity | None) -> TlsSettings:
    """Return the settings that trust one root, or verify nothing."""
    return TlsSettings(None if trusted is None else trusted.pem.decode())


def tls_1_0(context: ssl.SSLContext) -> ssl.SSLContext:
    """Let a server speak TLS 1.0 and nothing newer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1
    # OpenSSL gives such signatures no bit of security any more.
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def check_delivered(ending: Ending) -> None:
    """The email arrived once, over TLS, after a log-in."""
    assert ending.outcome is not None, ending
    assert ending.outcome.result is Result.SENT, ending
    assert (ending.arrived, ending.logins) == (1, 1), ending
    (delivery,) = ending.deliveries
    assert delivery.security.startswith("TLSv1.")


def check_refused(ending: Ending) -> None:
    """Nothing arrived, the password least of all, and 665 says why."""
    assert ending.outcome == REFUSED, ending
    assert (ending.arrived, ending.logins) == (0, 0), ending
    assert not any(delivery.authenticated for delivery in ending.deliveries)
