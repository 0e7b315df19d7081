"""The console, and what is asked of a person until it may be right."""

from collections.abc import Callable
import errno

import pytest

from custom_components.quectel_smtp.hardware_check import person
from custom_components.quectel_smtp.hardware_check.account import (
    ask_account,
    ask_address,
    ask_pdp,
)
from custom_components.quectel_smtp.hardware_check.person import Console, agrees
from custom_components.quectel_smtp.modem.mail.server import Security

from .scene import ANSWERS, Owner, Reply

type Asking = Callable[[str], str]


def ended(_: str) -> str:
    """Be a terminal whose input has ended."""
    raise EOFError


def owner(**replies: Reply) -> Owner:
    """Return an owner with no root of their own."""
    return Owner({"File with": "", **replies, **ANSWERS, **replies})


def test_a_console_asks_and_tells(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("builtins.input", lambda question: f" {question} ")
    monkeypatch.setattr(person, "getpass", lambda _: " p@ss ")
    console = Console()
    console.say("hello")
    assert capsys.readouterr().out == "hello\n"
    assert console.text("name") == "name"
    assert console.secret("password") == " p@ss "


def test_the_end_of_the_input_is_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builtins.input", ended)
    monkeypatch.setattr(person, "getpass", ended)
    for ask in (Console().text, Console().secret):
        with pytest.raises(KeyboardInterrupt):
            ask("?")


def test_a_terminal_that_is_gone_is_told_nothing_and_asked_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone(*_: object, **__: object) -> str:
        raise OSError(errno.EIO, "Input/output error")

    for name in ("print", "input"):
        monkeypatch.setattr(f"builtins.{name}", gone)
    monkeypatch.setattr(person, "getpass", gone)
    console = Console()
    console.say("hello")
    for ask in (console.text, console.secret):
        with pytest.raises(KeyboardInterrupt):
            ask("?")


@pytest.mark.parametrize(
    ("typed", "agreed"),
    [("y", True), ("YES", True), ("", False), ("n", False), ("yeah", False)],
)
def test_only_a_yes_is_one(typed: str, agreed: bool) -> None:
    assert agrees(Owner({"Go?": typed}), "Go?") is agreed


@pytest.mark.parametrize(
    ("question", "typed", "why"),
    [
        ("Your email address", "jane canary", "The sender address is invalid."),
        ("Mailbox of yours", "<canary>", "The recipient is invalid."),
        ("Port (Enter: 465)", "canary", "That can't be read."),
        ("File with", "/no/such/canary", "That file can't be read."),
        ("File with", "~no-such-user/canary", "That file can't be read."),
        ("File with", __file__, "The certificate is invalid."),
    ],
)
def test_what_can_not_be_is_asked_for_again_and_not_repeated(
    question: str, typed: str, why: str
) -> None:
    tries = iter((typed, ""))
    wrong = owner(**{question: lambda: next(tries, "")})
    servers = iter((ANSWERS["Mail server"], ""))
    wrong.replies = {**wrong.replies, "Mail server": lambda: next(servers)}
    assert ask_account(wrong) is None
    assert why in wrong.heard
    assert "canary" not in wrong.heard.lower()


@pytest.mark.parametrize(
    ("port", "kind", "security"),
    [
        ("465", "", Security.TLS),
        ("587", "", Security.STARTTLS),
        ("2525", "2", Security.STARTTLS),
        ("2525", "", Security.TLS),
        ("25", "0", Security.NONE),
    ],
)
def test_the_port_tells_the_security_or_it_is_asked_for(
    port: str, kind: str, security: Security
) -> None:
    asked = owner(**{"Port (Enter: 465)": port, "Security": kind, "User name": ""})
    found = ask_account(asked)
    assert found is not None
    assert found.server.security is security
    assert found.known_roots is (security is not Security.NONE)
    assert found.server.password == ""
    assert "Password (not shown):" not in asked.asked


def test_an_apn_or_an_address_is_asked_for_until_it_may_be() -> None:
    apns = iter(('a"b', "internet"))
    people = iter(("nobody", "jane@canary.example"))
    replies: dict[str, Reply] = {
        "APN of": lambda: next(apns),
        "Its user name": "",
        "To:": lambda: next(people),
        "Cc:": "",
    }
    asked = owner(**replies)
    assert ask_pdp(asked).apn == "internet"
    assert ask_address(asked, "To: ") == ("jane@canary.example",)
    assert ask_address(asked, "Cc: ") == ()
