"""How long each leg of an email's way took, from what the modem and the server saw."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
import time

from tests.virtual_modem.client import VirtualModem

from .inbox import ArrivedMail


@dataclass(frozen=True, slots=True)
class LegTime:
    """One leg and its seconds."""

    words: str
    taken: float


@dataclass(frozen=True, slots=True)
class Sending:
    """When an email was asked for, accepted and known to be sent.

    All times are the machine's monotonic clock, which its processes share.
    """

    begun: float
    accepted: float
    ended: float


def legs_of(modem: VirtualModem, mail: ArrivedMail, sending: Sending) -> list[LegTime]:
    """The legs of the one email that was sent meanwhile."""
    started = time.monotonic() - modem.state().uptime
    seen = [
        (started + command.at, command.line.upper())
        for command in modem.commands()
        if sending.begun <= started + command.at <= sending.ended
    ]
    legs = _by_stream if any("QISEND" in line for _, line in seen) else _by_module
    return [
        LegTime(
            "accepted: it is on disk, and the automation goes on",
            sending.accepted - sending.begun,
        ),
        *legs(seen, mail, sending.accepted),
        LegTime("Home Assistant knows that it was sent", sending.ended - mail.at),
    ]


def _by_module(
    seen: Sequence[tuple[float, str]], mail: ArrivedMail, accepted: float
) -> Iterator[LegTime]:
    content = next(i for i, (_, line) in enumerate(seen) if "QSMTPDST" in line)
    put = next(i for i, (_, line) in enumerate(seen) if "QSMTPPUT" in line)
    # The modem may have begun before the answer was here.
    taken = max(seen[content][0], accepted)
    sent = seen[put][0]
    yield LegTime(f"modem: data connection, {content} AT commands", taken - accepted)
    yield LegTime(
        f"modem: recipients, subject and body, {put - content} AT commands",
        sent - taken,
    )
    yield LegTime("mail server: TLS, log-in, email accepted", mail.at - sent)


def _by_stream(
    seen: Sequence[tuple[float, str]], mail: ArrivedMail, accepted: float
) -> Iterator[LegTime]:
    first = next(i for i, (_, line) in enumerate(seen) if "QISEND=" in line)
    last = sum(at <= mail.at for at, _ in seen)
    connected = max(seen[first][0], accepted)
    yield LegTime(
        f"modem: a TCP connection to the mail server, {first} AT commands",
        connected - accepted,
    )
    yield LegTime(
        f"Home Assistant over it: TLS, log-in, email accepted, {last - first} AT commands",
        mail.at - connected,
    )
