"""Sets the integration up through its own forms, with answers given beforehand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from .flows import FlowError, Flows, Kind, Step

BAUDRATE: Final = 115200


@dataclass(frozen=True, slots=True)
class Recipient:
    """What the form for a recipient is given."""

    name: str
    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()

    def form(self) -> dict[str, Any]:
        """The form, filled in."""
        return {
            "name": self.name,
            "address": self.to[0],
            "more": {
                "to": list(self.to[1:]),
                "cc": list(self.cc),
                "bcc": list(self.bcc),
            },
        }


@dataclass(frozen=True, slots=True)
class Answers:
    """What the forms are given, by form.

    `certificate` is a root in PEM; "" leaves the server unverified. `root` is, instead
    of it, the beginning of a name in the list of roots that the form offers. Where
    `finds_root`, the root is left to the check of the account.
    """

    device: str
    host: str
    username: str
    password: str = field(repr=False)
    sender_address: str
    sender_name: str = "Home"
    port: int = 465
    security: str = "tls"
    certificate: str = ""
    root: str = ""
    finds_root: bool = False
    apn: str = ""
    apn_username: str = ""
    apn_password: str = field(default="", repr=False)
    authentication: str = "none"
    pin: str = field(default="", repr=False)
    baudrate: int = BAUDRATE

    def port_form(self) -> dict[str, Any]:
        """The form for the serial port, filled in."""
        return {"device": self.device, "advanced": {"baudrate": str(self.baudrate)}}

    def cellular_form(self) -> dict[str, Any]:
        """The form for the data connection, filled in."""
        return {
            "apn": self.apn,
            "apn_username": self.apn_username,
            "apn_password": self.apn_password,
            "authentication": self.authentication,
        }

    def server_form(self) -> dict[str, Any]:
        """The form for the mail server, filled in."""
        return {
            "host": self.host,
            "port": self.port,
            "security": self.security,
            "username": self.username,
            "password": self.password,
            "sender_name": self.sender_name,
            "sender_address": self.sender_address,
            "advanced": {"verification": "automatic" if self.finds_root else "manual"},
        }


async def add_modem(
    flows: Flows,
    answers: Answers,
    *,
    mistyped: str = "",
    refused: Callable[[Step], None] = lambda _: None,
    found: Step | None = None,
) -> Step:
    """Add the modem; the step that created its entry.

    `found` is the step that a discovered one is at. `mistyped` is entered as the password first; `refused` gets the form that says so.
    Raises FlowError with the form that shows what went wrong.
    """
    step = found or await flows.add_modem()
    seen: set[str] = set()
    given = replace(answers, password=mistyped) if mistyped else answers
    while step.kind in (Kind.FORM, Kind.MENU):
        if step.errors.get("base") == "account_login" and given is not answers:
            refused(step)
            given = answers
            seen.clear()
            step = await answer(flows, step, given)
            continue
        # No form is to be seen twice: that shows an error, and the answer is the same.
        if step.errors or step.name in seen:
            raise FlowError(step)
        seen.add(step.name)
        step = await answer(flows, step, given)
    if step.kind is not Kind.CREATED:
        raise FlowError(step)
    return step


async def answer(flows: Flows, step: Step, answers: Answers) -> Step:
    """Answer one form or menu of those for a modem; the next one."""
    match step.name:
        case "user" | "port":
            return await flows.submit(step, answers.port_form())
        case "pin" if answers.pin:
            return await flows.submit(step, {"pin": answers.pin})
        case "cellular":
            return await flows.submit(step, answers.cellular_form())
        case "provider":
            return await flows.choose(step, "server")
        case "server":
            return await flows.submit(step, answers.server_form())
        case "certificate" if answers.certificate:
            return await flows.choose(step, "certificate_text")
        case "certificate" if answers.root:
            return await flows.choose(step, "certificate_root")
        case "certificate":
            return await flows.choose(step, "certificate_none")
        case "certificate_text":
            return await flows.submit(step, {"certificate": answers.certificate})
        case "certificate_root":
            return await flows.submit(step, {"certificate": _root(step, answers.root)})
        case "certificate_none":
            return await flows.submit(step, {})
        case "unusual_port":
            return await flows.choose(step, "plain_password")
        case "plain_password":
            return await flows.choose(step, "verification")
    raise FlowError(step)


def _root(step: Step, name: str) -> str:
    offered: list[Mapping[str, str]]
    offered = step.fields["certificate"]["selector"]["select"]["options"]
    for option in offered:
        if option["label"].casefold().startswith(name.casefold()):
            return option["value"]
    raise FlowError(step)
