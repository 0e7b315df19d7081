"""What was seen of a modem: all that the answers may rest on, with nothing private in it."""

from dataclasses import dataclass, field
from enum import StrEnum

from ..modem.mail.smtp import Outcome
from ..modem.recording.transcript import Exchange
from .anatomy import Anatomy
from .usb_port import UsbPort


class Step(StrEnum):
    """What may be tried, in this order."""

    QUESTIONS = "questions"
    DATA = "data connection"
    LOG_IN = "log-in by the modem's TCP"
    OWN_CLIENT = "email 1, by the modem's own mail client"
    TCP = "email 2, by Home Assistant's mail client over the modem's TCP"
    KINDS = "email 3, to To, Cc and Bcc, by the modem's own mail client"
    WRONG_ROOT = "a wrong root certificate"
    NO_STARTTLS = "a server without STARTTLS"
    WRONG_PASSWORD = "a wrong password"


class Fate(StrEnum):
    """What became of a step that was tried."""

    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Told:
    """How a trial ended, in words of ours.

    ``outcome``: how the modem's mail client ended an email, None where none was handed to
    it.
    """

    words: str
    fate: Fate = Fate.DONE
    outcome: Outcome | None = None


def failed(words: str) -> Told:
    """Return that a trial was made and came to nothing."""
    return Told(words, Fate.FAILED)


@dataclass(frozen=True, slots=True)
class Trial:
    """One step that was tried: when it began, in UTC, and what passed over the port.

    ``lines`` are masked: what the engine keeps of a conversation.
    """

    told: Told
    began: str
    seconds: float
    lines: tuple[str, ...] = ()


@dataclass(slots=True)
class Evidence:
    """What is known so far.

    ``trials`` has the steps that were begun, ``untried`` why others were not.
    ``exchanges`` are the masked answers to commands. ``resolved``: whether the result code
    of a name's resolution came to this port, None where no name was asked for.
    ``hid``: whether email 3 had a hidden recipient. ``shows_login``: whether, by a person
    who looked, the server without STARTTLS heard from the modem after all.
    """

    exchanges: dict[str, Exchange] = field(default_factory=dict)
    usb: UsbPort | None = None
    trials: dict[Step, Trial] = field(default_factory=dict)
    untried: dict[Step, str] = field(default_factory=dict)
    arrived: dict[Step, Anatomy] = field(default_factory=dict)
    resolved: bool | None = None
    hid: bool = False
    shows_login: bool | None = None

    def outcome(self, step: Step) -> Outcome | None:
        """Return how the modem's client ended a step's email, None where it had none."""
        trial = self.trials.get(step)
        return None if trial is None else trial.told.outcome

    def why_not(self, step: Step) -> str | None:
        """Return why a step was not tried, None if it was."""
        if step in self.trials:
            return None
        return self.untried.get(step, "the check ended before it")

    def lines(self, command: str) -> tuple[str, ...] | None:
        """Return the lines of the answer to a command, None where it was not asked."""
        exchange = self.exchanges.get(command)
        if exchange is None:
            return None
        lines = exchange.received.decode("latin-1").splitlines()
        return tuple(line for line in lines if line and line != command)
