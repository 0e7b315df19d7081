"""A modem in software, mail servers that it reaches, and an owner who checks it.

Everything that the owner types is a canary: none of it may be in a report.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
import ssl
from typing import override

import trustme

from custom_components.quectel_smtp.hardware_check.command import main
from custom_components.quectel_smtp.hardware_check.person import Person
from custom_components.quectel_smtp.hardware_check.report import Report, parse
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.profiles import MailClient
from tests.virtual_modem.tests.host import Host
from tests.virtual_modem.tests.mail_server import MailServer, Manners

SERVER = "smtp.canary.example"
PLAIN_SERVER = "plain.canary.example"
SECURED = "submission.canary.example"
LOGIN = ("canary-login", "canary-p@ss")
TO = "to.bird@canary.example"
HIDDEN = "hidden.bird@canary.example"
ANSWERS = {
    "APN of your SIM": "canary.apn",
    "Its user name": "apn-user",
    "Its password": "apn-pass",
    "Mail server": SERVER,
    "Port (Enter: 465)": "",
    "User name": LOGIN[0],
    "Password": LOGIN[1],
    "Your email address": "jane@canary.example",
    "Mailbox of yours": TO,
    "To (Enter": "",
    "Cc (Enter": "cc.bird@canary.example",
    "Bcc (Enter": HIDDEN,
    "Its name": PLAIN_SERVER,
    "Port (Enter: 25)": "",
    "Does that server": "",
    "PIN (not shown)": "4711",
    "The port is gone": "",
}
"""What the owner answers to a question that begins like this."""
NUMBERS = {
    "imei": "867730051928374",
    "imsi": "460019182736455",
    "iccid": "89860198765432109876",
    "tac": "C0DE",
    "cell": "0CA4A201",
    "address": "100.64.201.77",
}
"""The modem's own canaries."""

type Reply = str | Callable[[], str]


class Owner(Person):
    """Answers by the beginnings of questions; yes to each step that is not named."""

    def __init__(self, replies: Mapping[str, Reply]) -> None:
        """Take the answers; a callable is asked when the question comes."""
        self.replies = replies
        self.asked: list[str] = []
        self.heard = ""

    @override
    def say(self, text: str) -> None:
        self.heard += f"{text}\n"

    @override
    def text(self, question: str) -> str:
        self.asked.append(question.strip())
        self.heard += question
        for beginning, reply in self.replies.items():
            if question.strip().startswith(beginning):
                return reply if isinstance(reply, str) else reply()
        assert "(y/N)" in question, question
        return "y"

    @override
    def secret(self, question: str) -> str:
        return self.text(question)


@dataclass(slots=True)
class Scene:
    """A modem, and three mail servers: with TLS, with STARTTLS, and with neither."""

    modem: VirtualModem
    server: MailServer
    plain: MailServer
    folder: Path
    root: Path
    last: Path = field(init=False)
    """Where the last report was written."""
    _checks: int = field(default=0, init=False)

    def circumstances(self, settings: Mapping[str, str | float]) -> None:
        """Change the modem's circumstances, before it starts anew."""
        for name, value in settings.items():
            self.modem.set(name, value)

    def reset(self) -> None:
        """Begin anew: a modem that has just started, servers that know nobody."""
        self.modem.plug()
        self.modem.clear_faults()
        self.circumstances(
            {
                "sim": "ready",
                "pin": "1234",
                "pin_tries": 3,
                "attach_apn": "",
            }
        )
        self.modem.reboot()
        self.modem.control("wait_idle", timeout=60)
        if self.modem.state().files:
            with Host(self.modem.port) as host:
                host.command('AT+QFDEL="*"')
        self.modem.forget()
        self.server.received.clear()
        self.server.mechanisms.clear()
        for server in (self.server, self.plain):
            server.manners.replies.clear()
            server.manners.close_at_data = False

    def owner(self, **replies: Reply) -> Owner:
        """Return an owner who says yes to everything but what ``replies`` name."""
        return Owner({**replies, **self.replies, **replies})

    @property
    def sent(self) -> list[tuple[str, ...]]:
        """Who got an email by the server with TLS, one after another."""
        return [tuple(map(str, envelope.rcpt_tos)) for envelope in self.server.received]

    @property
    def replies(self) -> dict[str, Reply]:
        """What an owner answers."""
        return {
            **ANSWERS,
            "File with the server's own root": str(self.root),
            "That file": self.saved,
        }

    def saved(self) -> str:
        """Save the email that came last, as its reader would; return where."""
        path = self.folder / f"arrived-{len(self.server.received)}.eml"
        content = self.server.received[-1].content
        assert isinstance(content, bytes)
        path.write_bytes(b"Received: from localhost ([10.0.0.1])\r\n" + content)
        return str(path)

    def check(self, owner: Owner) -> tuple[int, Path]:
        """Check the modem; return the exit status and where the report is."""
        self._checks += 1
        self.last = self.folder / f"report-{self._checks}.txt"
        status = main([self.modem.port, "--output", str(self.last)], owner)
        return status, self.last

    def report(self, owner: Owner) -> Report:
        """Check the modem to the end and read the report."""
        status, path = self.check(owner)
        assert status == 0, owner.heard
        return parse(path.read_text("utf-8"))


@contextmanager
def scene(
    folder: Path,
    client: MailClient = MailClient.NOTE,
    *,
    profile: str = "EC200N-CN",
    settings: Mapping[str, str | float] | None = None,
) -> Iterator[Scene]:
    """Run a modem and the servers that it reaches."""
    authority = trustme.CA()
    root = folder / "root.pem"
    root.write_bytes(authority.cert_pem.bytes())
    secured = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(SERVER).configure_cert(secured)
    with (
        MailServer(Manners(login=LOGIN), implicit=secured) as server,
        MailServer() as plain,
        MailServer(starttls=secured) as submission,
        VirtualModem(
            profile=profile,
            mail_client=client,
            hosts={
                SERVER: {465: server.port},
                PLAIN_SERVER: {25: plain.port},
                SECURED: {587: submission.port},
            },
            settings={**NUMBERS, **(settings or {})},
        ) as modem,
    ):
        yield Scene(modem, server, plain, folder, root)
