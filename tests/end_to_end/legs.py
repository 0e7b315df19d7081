"""How long each leg of an email's way took, from what the modem and the server saw."""

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
    content = next(i for i, (_, line) in enumerate(seen) if "QSMTPDST" in line)
    put = next(i for i, (_, line) in enumerate(seen) if "QSMTPPUT" in line)
    # The modem may have begun before the answer was here.
    taken = max(seen[content][0], sending.accepted)
    sent = seen[put][0]
    return [
        LegTime(
            "accepted: it is on disk, and the automation goes on",
            sending.accepted - sending.begun,
        ),
        LegTime(
            f"modem: data connection and settings, {content} AT commands",
            taken - sending.accepted,
        ),
        LegTime(
            f"modem: recipients, subject and body, {put - content} AT commands",
            sent - taken,
        ),
        LegTime("mail server: TLS, log-in, email accepted", mail.at - sent),
        LegTime("Home Assistant knows that it was sent", sending.ended - mail.at),
    ]
