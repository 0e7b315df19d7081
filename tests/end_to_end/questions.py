"""Asks a person what a real modem and a real mail server need."""

from collections.abc import Callable
from getpass import getpass
from pathlib import Path
import sys
from typing import Final

from .processes import ProgramError
from .setting_up import Answers, Recipient

_PORTS: Final = {"tls": "465", "starttls": "587", "none": "25"}
_CERTIFICATE: Final = "-----BEGIN CERTIFICATE-----"


def ask(device: str, default_baudrate: int) -> tuple[Answers, Recipient]:
    """Ask everything, passwords without echo; nothing is kept.

    Raises ProgramError where there is nobody to ask.
    """
    if not sys.stdin.isatty():
        raise ProgramError(
            "A real modem needs answers (APN, mail server, log-in, recipient).\n"
            "Run scripts/demo --port in a terminal."
        )
    _say("The modem. An empty answer takes what stands in [brackets].")
    apn = _ask("APN [the network chooses]", "")
    apn_username = _ask("User name for the APN [none]", "")
    apn_password = _secret("Password for the APN") if apn_username else ""
    pin = _secret("The SIM's PIN [it asks for none]")
    baudrate = _ask(
        f"Speed of the port [{default_baudrate}]", str(default_baudrate), _is_number
    )
    _say("The mail account that emails are sent from.")
    host = _ask("Mail server, such as smtp.gmail.com", check=_is_filled)
    security = _ask("Security: tls, starttls or none [tls]", "tls", _is_security)
    port = _ask(f"Port [{_PORTS[security]}]", _PORTS[security], _is_number)
    username = _ask("User name, often the whole address")
    password = _secret("Password; many providers want an app password here")
    usual = username if "@" in username else ""
    sender = _ask(f"Sender's address{f' [{usual}]' if usual else ''}", usual, _is_mail)
    said = None if security == "none" else _ask_certificate()
    certificate, root = said or ("", "")
    _say("The recipient.")
    address = _ask(f"Address to send the test email to [{sender}]", sender, _is_mail)
    _say()
    answers = Answers(
        device=device,
        baudrate=int(baudrate),
        apn=apn,
        apn_username=apn_username,
        apn_password=apn_password,
        authentication="pap_or_chap" if apn_username else "none",
        pin=pin,
        host=host,
        port=int(port),
        security=security,
        username=username,
        password=password,
        sender_address=sender,
        certificate=certificate,
        root=root,
        finds_root=said is None,
    )
    return answers, Recipient("Test recipient", to=(address,))


def _ask_certificate() -> tuple[str, str] | None:
    """A root in PEM or the name of one; neither leaves the server unverified.

    None where it is left to the check of the account.
    """
    _say(
        "  The root that the server's certificate leads to is found by itself. Or give\n"
        "  its name, a file with it in PEM, or 'none' to send the password to whoever\n"
        "  answers."
    )
    while True:
        said = _ask("Root certificate [found by itself]")
        if not said:
            return None
        if said.casefold() == "none":
            return "", ""
        path = Path(said).expanduser()
        if path.is_file():
            try:
                text = path.read_text("ascii")
            except (OSError, UnicodeError) as error:
                _say(f"  {path} can't be read as PEM: {error}")
                continue
            if _CERTIFICATE in text:
                return text, ""
            _say(f"  {path} holds no certificate in PEM.")
        elif said and "/" not in said:
            return "", said
        else:
            _say("  There is no such file.")


def _ask(
    question: str, default: str = "", check: Callable[[str], str] = lambda _: ""
) -> str:
    """Ask until `check` finds nothing wrong with the answer."""
    while True:
        answer = input(f"  {question}: ").strip() or default
        wrong = check(answer)
        if not wrong:
            return answer
        _say(f"  {wrong}")


def _secret(question: str) -> str:
    return getpass(f"  {question} (not shown): ").strip()


def _say(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")


def _is_filled(answer: str) -> str:
    return "" if answer else "This is needed."


def _is_number(answer: str) -> str:
    return "" if answer.isascii() and answer.isdigit() else "This is a number."


def _is_security(answer: str) -> str:
    return "" if answer in _PORTS else "One of tls, starttls, none."


def _is_mail(answer: str) -> str:
    return "" if "@" in answer else "This is an email address, such as me@example.com."
