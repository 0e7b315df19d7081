"""Asks for what an email needs: a mail account, and where its roots come from."""

from dataclasses import dataclass, field
from typing import Final

from ..modem.at.errors import InvalidValueError
from ..modem.mail.message import check_address
from ..modem.mail.server import Security, ServerSettings
from ..modem.mail.tls import TlsSettings
from ..modem.network.pdp import Authentication, PdpSettings
from .person import Person, named_file

_SECURITY: Final = {465: Security.TLS, 587: Security.STARTTLS}
_NAMES: Final = {
    "1": Security.TLS,
    "2": Security.STARTTLS,
    "0": Security.NONE,
}


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """A mail account and the person's own mailbox.

    ``known_roots``: the server proves itself by any well-known root; else by the one that
    its settings have.
    """

    server: ServerSettings
    to: str = field(repr=False)
    known_roots: bool


def ask_account(person: Person) -> OwnAccount | None:
    """Ask for a mail account until it may be right; None where none is given."""
    person.say(
        "\nThe mail account. What you type goes to the modem and to your mail server, and\n"
        "into no file. Press Enter at the first question to leave emails out."
    )
    while host := person.text("Mail server (such as smtp.example.com): "):
        try:
            return _ask_account(person, host)
        except (InvalidValueError, ValueError, OSError) as err:
            person.say(f"{_fault(err)} Please type it again.")
    return None


def _ask_account(person: Person, host: str) -> OwnAccount:
    port = int(person.text("Port (Enter: 465): ") or "465")
    security = _SECURITY.get(port)
    if security is None:
        kind = person.text("Security: 1 TLS, 2 STARTTLS, 0 none: ")
        security = _NAMES.get(kind, Security.TLS)
    username = person.text("User name (Enter: nobody logs in): ")
    password = person.secret("Password (not shown): ") if username else ""
    sender = person.text("Your email address, the sender: ")
    to = person.text("Mailbox of yours that gets the emails (Enter: the same): ")
    root = None
    if security is not Security.NONE:
        path = person.text(
            "File with the server's own root (Enter: a well-known one): "
        )
        root = named_file(path).read_text("ascii") if path else None
    server = ServerSettings(
        host=host,
        port=port,
        security=security,
        username=username,
        password=password,
        sender_name="",
        sender_address=sender,
        tls=TlsSettings(root),
    )
    return OwnAccount(
        server,
        check_address(to or sender, "recipient"),
        known_roots=root is None and security is not Security.NONE,
    )


def ask_pdp(person: Person) -> PdpSettings:
    """Ask for the APN until the modem's command can carry it."""
    while True:
        apn = person.text("APN of your SIM (Enter: none): ")
        username = person.text("Its user name (Enter: none): ")
        password = person.secret("Its password (not shown): ") if username else ""
        kind = Authentication.CHAP if username else Authentication.NONE
        try:
            return PdpSettings(apn, username, password, kind)
        except InvalidValueError as err:
            person.say(f"{_fault(err)} Please type it again.")


def ask_address(person: Person, question: str) -> tuple[str, ...]:
    """Ask for one address until it may be right; none for an empty line."""
    while address := person.text(question):
        try:
            return (check_address(address, "address"),)
        except InvalidValueError as err:
            person.say(f"{_fault(err)} Please type it again.")
    return ()


def _fault(err: Exception) -> str:
    """Say what is wrong without saying what was typed."""
    match err:
        case InvalidValueError(field=name, reason=reason):
            return f"The {name.replace('_', ' ')} is {reason.replace('_', ' ')}."
        case OSError():
            return "That file can't be read."
    return "That can't be read."
