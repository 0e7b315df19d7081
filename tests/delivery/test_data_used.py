"""What emails take of the mobile plan, by each way: the README's figures.

scripts/test tests/delivery/test_data_used.py -s     prints them
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
import re
import ssl
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
import pytest

from custom_components.quectel_smtp.delivery.client.check import Passed, over_modem
from custom_components.quectel_smtp.delivery.courier.courier import Courier
from custom_components.quectel_smtp.delivery.records import Options, Way
from custom_components.quectel_smtp.delivery.settings import Settings
from custom_components.quectel_smtp.email_options import DEFAULT_BUDGET
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from custom_components.quectel_smtp.modem.mail.server import Security
from custom_components.quectel_smtp.modem.mail.tls import TlsSettings
from custom_components.quectel_smtp.modem.modem import Modem
from custom_components.quectel_smtp.modem.network.traffic import Traffic
from tests.delivery.bench import HOST, SETTINGS, WORDING, Office, email
from tests.modem.virtual_time import virtual_time
from tests.source import ROOT
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.tests.mail_server import MailServer

TEXT: Final = "It is 20:45, and the house runs on its battery....\n" * 6
PICTURE: Final = Attachment(
    "door.jpg", Random(1).randbytes(DEFAULT_BUDGET * 1000), "image/jpeg"
)
README: Final = (ROOT / "README.md").read_text("utf-8")
_WAYS: Final = (Way.MODULE, Way.STREAM)
_PEM: Final = serialization.Encoding.PEM


@dataclass(frozen=True, slots=True)
class Provider:
    """A mail server's side of TLS, and the root that it leads to."""

    context: ssl.SSLContext
    root: str

    def settings(self, port: str, way: Way) -> Settings:
        """What a house that sends by this provider has."""
        server = replace(
            SETTINGS.server,
            port=465,
            security=Security.TLS,
            tls=TlsSettings(self.root),
        )
        return replace(
            SETTINGS,
            port=PortSettings(port),
            imei=None,
            server=server,
            options=Options(way=way),
        )


type Issuer = tuple[str, rsa.RSAPrivateKey]


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _certified(
    name: str, key: rsa.RSAPrivateKey, issuer: Issuer | None = None
) -> x509.Certificate:
    issuing, signer = issuer or (name, key)
    now = datetime.now(UTC)
    authority = x509.BasicConstraints(ca=name != HOST, path_length=None)
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuing))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=800))
        .add_extension(authority, critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
        )
        .sign(signer, hashes.SHA256())
    )


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Provider:
    """A server that shows three certificates of RSA, the root's among them."""
    keys = {
        name: rsa.generate_private_key(65537, bits)
        for name, bits in (("Root", 4096), ("Intermediate", 2048), (HOST, 2048))
    }
    root = _certified("Root", keys["Root"])
    chain = (
        _certified(HOST, keys[HOST], ("Intermediate", keys["Intermediate"])),
        _certified("Intermediate", keys["Intermediate"], ("Root", keys["Root"])),
        root,
    )
    path = tmp_path_factory.mktemp("provider") / "chain.pem"
    path.write_bytes(
        keys[HOST].private_bytes(
            _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + b"".join(one.public_bytes(_PEM) for one in chain)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path)
    return Provider(context, root.public_bytes(_PEM).decode())


def stated(what: str) -> list[int]:
    """Return the bytes that the README's table has in the row of that name."""
    row = re.search(rf"^\| {re.escape(what)} \|(.*)\|$", README, re.MULTILINE)
    assert row is not None, f"the README says nothing of: {what}"
    return [int(cell) * 1000 for cell in re.findall(r"(\d+) KB", row[1])]


def told(what: str, way: str, traffic: Traffic) -> int:
    """Print a figure, and return it."""
    total = traffic.sent + traffic.received
    print(  # noqa: T201
        f"{what}, {way}: {traffic.sent:,} bytes sent, {traffic.received:,} received, "
        f"{total / 1000:.0f} KB"
    )
    return total


@pytest.mark.parametrize("way", _WAYS)
@pytest.mark.parametrize(
    ("what", "attachments"),
    [
        ("A text of 300 letters", ()),
        (f"The same with a picture of {DEFAULT_BUDGET} KB", (PICTURE,)),
    ],
    ids=["text", "picture"],
)
async def test_an_email_takes_as_much_data_as_the_readme_says(
    tmp_path: Path,
    provider: Provider,
    way: Way,
    what: str,
    attachments: tuple[Attachment, ...],
) -> None:
    async with (
        MailServer(implicit=provider.context) as server,
        VirtualModem(hosts={HOST: {465: server.port}}) as virtual,
    ):
        settings = provider.settings(virtual.port, way)
        courier = Courier(settings, tmp_path / "outbox.db", WORDING)
        await courier.open()
        courier.start()
        # What the modem counted before is none of ours.
        await virtual.wait_for_command("QGDCNT")
        await courier.submit(email(body=TEXT, attachments=attachments))
        async with asyncio.timeout(120):
            while courier.status.traffic in (None, Traffic()):
                await courier.poll()
        assert courier.status.mail.sent == 1
        await courier.close()
    assert courier.status.traffic is not None
    used = told(what, way.value, courier.status.traffic)
    assert used == pytest.approx(stated(what)[_WAYS.index(way)], rel=0.05, abs=500)


async def test_a_check_of_the_account_takes_as_much_data_as_the_readme_says(
    provider: Provider,
) -> None:
    async with (
        MailServer(implicit=provider.context) as server,
        VirtualModem(hosts={HOST: {465: server.port}}) as virtual,
    ):
        modem = Modem(PortSettings(virtual.port))
        await modem.open()
        settings = provider.settings(virtual.port, Way.STREAM)
        await modem.activate(settings.pdp)
        verdict = await over_modem(
            modem, settings.server, find_root=False, now=datetime.now(UTC)
        )
        assert isinstance(verdict, Passed)
        _, streamed = await modem.traffic()
        await modem.close()
    what = "A check of the account"
    used = told(what, "stream", streamed)
    assert [used] == pytest.approx(stated(what), rel=0.05, abs=500)


@virtual_time
async def test_a_day_without_emails_asks_nothing_of_the_network(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path)
    async with office.at_work() as courier:
        await office.until(lambda: courier.status.network)
        for _ in range(24 * 60):
            await asyncio.sleep(60)
            await courier.poll()
    assert "AT+CSQ" in office.modem.lines
    done = {line.partition("=")[0] for line in office.modem.lines if "?" not in line}
    assert not done & {
        *("AT+QIACT", "AT+QIOPEN", "AT+QISEND", "AT+QIDNSGIP", "AT+QPING", "AT+QNTP"),
        "AT+QSMTPPUT",
    }
    print("A day without emails: 0 bytes")  # noqa: T201
