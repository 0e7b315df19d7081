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


def legs_of(
    modem: VirtualModem, mail: ArrivedMail, begun: float, ended: float
) -> list[LegTime]:
    """The legs of the one email that was sent between `begun` and `ended`.

    All times are the machine's monotonic clock, which its processes share.
    """
    started = time.monotonic() - modem.state().uptime
    seen = [
        (started + command.at, command.line.upper())
        for command in modem.commands()
        if begun <= started + command.at <= ended
    ]
    content = next(i for i, (_, line) in enumerate(seen) if "QSMTPDST" in line)
    put = next(i for i, (_, line) in enumerate(seen) if "QSMTPPUT" in line)
    ready, taken, sent = seen[0][0], seen[content][0], seen[put][0]
    legs = [LegTime("Home Assistant has taken the notification", ready - begun)]
    if content > 1:
        words = f"modem: data connection and settings, {content} AT commands"
        legs.append(LegTime(words, taken - ready))
    else:
        # At most what clears the email before.
        content, taken = 0, ready
    return [
        *legs,
        LegTime(
            f"modem: recipients, subject and body, {put - content} AT commands",
            sent - taken,
        ),
        LegTime("mail server: TLS, log-in, email accepted", mail.at - sent),
        LegTime("Home Assistant knows that it was sent", ended - mail.at),
    ]
