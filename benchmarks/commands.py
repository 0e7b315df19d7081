"""Which commands a warm text email costs, by either way."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
import ssl
from typing import Final

import trustme

from custom_components.quectel_smtp.delivery.records import Way
from custom_components.quectel_smtp.modem.at.syntax import command_name
from custom_components.quectel_smtp.modem.mail.server import Security
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.tests.mail_server import MailServer, Manners

from .boundless import HOST, SERVER, Office, folder
from .through_outbox import OPTIONS, Sending

_PORT: Final = 465
LOGIN: Final = ("home@example.com", "correct horse")
ACCOUNT: Final = replace(
    SERVER,
    port=_PORT,
    security=Security.TLS,
    username=LOGIN[0],
    password=LOGIN[1],
)
"""One whose connections are secured, and that wants a password."""

_EMAILS: Final = 9
"""Of as many the median's commands: over TCP chance decides how many there are."""

WHY: Final[Mapping[str, str]] = {
    "AT+QSMTPDST": "an address",
    "AT+QSMTPSUB": "the subject",
    "AT+QSMTPBODY": "the text",
    "AT+QSMTPPUT": "send it: connection, TLS, log-in and SMTP are the modem's",
    "AT+QSMTPCLR": "nothing of it stays",
    "AT+QLTS": "whether the network has told its time",
    "AT+CCLK?": "that time: certificates are judged by it",
    "AT+QIOPEN": "connect",
    "AT+QISEND": "one for each TLS record: handshake, SMTP command, text",
    "AT+QIRD": "each piece that has come, or a look that finds none",
    "AT+QISTATE": "whether it is open still, after 2 s of silence",
    "AT+QICLOSE": "hang up",
    "AT+QGDCNT?": "what it all cost of the mobile plan",
}


@dataclass(frozen=True, slots=True)
class Heard:
    """How often each command was heard: until the email was sent, and afterwards."""

    until_sent: Counter[str]
    afterwards: Counter[str]


@dataclass(frozen=True, slots=True)
class Commands:
    """Those of one email that follows others."""

    of: Mapping[Way, Heard]


async def _count(virtual: VirtualModem, path: Path, way: Way) -> Heard:
    office = Office(
        path, virtual.port, server=ACCOUNT, options=replace(OPTIONS, way=way)
    )
    sending = Sending(office)
    await office.courier.open()
    office.courier.start()
    office.courier.show()
    try:
        for _ in range(2):
            await sending.send()
            await sending.rest()
        found = []
        for _ in range(_EMAILS):
            virtual.forget()
            await sending.send()
            await sending.rest()
            found.append(_heard(virtual, way))
    finally:
        await office.courier.close()
    return sorted(found, key=lambda one: one.until_sent.total())[_EMAILS // 2]


def _heard(virtual: VirtualModem, way: Way) -> Heard:
    names = [command_name(seen.line) for seen in virtual.commands()]
    if way is Way.MODULE:
        sent = names.index("AT+QSMTPPUT") + 1
    else:
        # The last that is said to a server takes leave of it.
        sent = max(i for i, name in enumerate(names) if name == "AT+QISEND")
    return Heard(Counter(names[:sent]), Counter(names[sent:]))


async def _measure(port: int, place: Path) -> Commands:
    async with VirtualModem(hosts={HOST: {_PORT: port}}) as virtual:
        return Commands(
            {way: await _count(virtual, place / f"{way}.db", way) for way in Way}
        )


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Run the account's server."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert(HOST).configure_cert(context)
    with MailServer(Manners(login=LOGIN), implicit=context) as server:
        yield server


def run() -> Commands:
    """Send an email by each way, over TLS and with a log-in."""
    with mail_server() as server, folder() as place:
        return asyncio.run(_measure(server.port, place))
