"""What the outbox keeps, and what outbox, policy, courier and entities tell each other.

Times are seconds of the outbox's own clock (``Instant.elapsed``), which goes on over
restarts and which no change of the host's clock moves; ``wall`` is for people to read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from ..modem.mail.message import Priority
from ..modem.mail.smtp import Result
from .addresses import Addresses
from .changes import Change
from .enclosures import Carries, Enclosed, Missing


@dataclass(frozen=True, slots=True)
class Instant:
    """A point in time, on the outbox's clock and on the host's."""

    elapsed: float
    wall: datetime


class State(StrEnum):
    """States of an email, and of each of its envelopes."""

    QUEUED = "queued"
    SENDING = "sending"
    DEFERRED = "deferred"
    """Its next attempt has a time."""
    HELD = "held"
    """It needs a person."""

    SENT = "sent"
    PARTLY_SENT = "partly_sent"
    """Of an email only: it went to some of its recipients."""
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    MERGED = "merged"
    """Into another email, whose end is reported for this one's reference too."""

    @property
    def waiting(self) -> bool:
        """Whether something is still to come."""
        return self in _WAITING

    @property
    def over(self) -> bool:
        """Whether it is an end of its own: a merged email has that of another one."""
        return not self.waiting and self is not State.MERGED


_WAITING: Final = frozenset({State.QUEUED, State.SENDING, State.DEFERRED, State.HELD})


class Way(StrEnum):
    """By what an email leaves, over the same modem."""

    MODULE = "module"
    """The modem's own mail client."""
    STREAM = "stream"
    """Home Assistant's, over a TCP connection of the modem."""


class Reason(StrEnum):
    """Why an envelope is deferred or held, or goes before its time."""

    RETRY = "retry"
    """The last attempt did not succeed; another one follows."""
    SERVER = "server"
    """The mail server asked to try again later."""
    DOUBT = "doubt"
    """It may have been sent: it is repeated once the path is proved anew."""
    LIMIT = "limit"
    """As many emails as are allowed in an hour, or a day, have been sent."""
    REPEATED = "repeated"
    """The same text went to the same recipient a moment ago: more are awaited."""
    ASKED = "asked"
    """A person wants it tried at once, whatever is allowed; of a queued one."""

    LOGIN = "login"
    """The mail server refused the login; of all emails."""
    CERTIFICATE = "certificate"
    """The mail server could not be authenticated; of all emails."""
    RESULTS_ELSEWHERE = "results_elsewhere"
    """The modem writes its results to another port; of all emails."""
    UNEXPLAINED = "unexplained"
    """The modem does not say why it fails; of all emails of an account that never sent."""
    REFUSED = "refused"
    """Sender or recipient refused before this account ever sent an email."""
    RESTORED = "restored"
    """It waited when a backup was made that has been restored since."""

    @property
    def of_all(self) -> bool:
        """Whether it is about the account, and so about every email that waits."""
        return self in _OF_ALL


MENDED_BY_A_PERSON: Final = (
    Reason.LOGIN,
    Reason.CERTIFICATE,
    Reason.REFUSED,
    Reason.UNEXPLAINED,
    Reason.RESULTS_ELSEWHERE,
)
"""Why emails are held that new settings, or an email sent, show to be mended."""
_OF_ALL: Final = frozenset(
    {
        Reason.LOGIN,
        Reason.CERTIFICATE,
        Reason.RESULTS_ELSEWHERE,
        Reason.UNEXPLAINED,
    }
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of the account that sends."""

    proven: bool = False
    """Whether it ever sent an email."""
    refusals: int = 0
    """Log-ins in a row that came to nothing, of which the modem may know no reason."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What an attempt came to.

    ``result``, ``code`` (the modem's) and ``reply`` (the server's) are those of the
    modem's outcome; where it never came to one, ``error`` is the ``key`` of the
    ``ModemError`` that says why nothing was sent. ``words`` are the server's own, for
    people alone; ``address`` is the one that it refused, where it named one of several.
    """

    result: Result | None = None
    code: int | None = None
    reply: int | None = None
    error: str | None = None
    way: Way = Way.MODULE
    words: str | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    changes: tuple[Change, ...] = ()
    """What was done to the email so that it could go this way."""


@dataclass(frozen=True, slots=True)
class History:
    """What earlier attempts with an envelope came to; kept over restarts."""

    attempts: int = 0
    lost: int = 0
    """Results that never came."""
    doubts: int = 0
    """Errors reported that may follow acceptance by the server."""
    temporary: int = 0
    """Replies of the server that ask to try again later."""
    rebuilt: bool = False
    """Whether it was done once more after a fault of our own, the last attempt's."""
    full: int = 0
    """Replies of the server that the mailbox is full."""
    unproved: bool = False
    """Whether its repeat has waited because the path to the server can't be proved."""

    @property
    def copies(self) -> int:
        """How many copies of it may have arrived."""
        return self.lost + self.doubts

    @property
    def in_doubt(self) -> bool:
        """Whether it may have been sent already: the path is proved, and it says so."""
        return self.copies > 0


# What policy decides after an attempt.


@dataclass(frozen=True, slots=True)
class End:
    """The envelope is over: ``sent``, ``failed`` or ``unknown``."""

    state: State
    history: History


@dataclass(frozen=True, slots=True)
class Again:
    """Another attempt, ``delay`` seconds from now."""

    delay: float
    reason: Reason
    history: History


@dataclass(frozen=True, slots=True)
class Hold:
    """A person is needed; tried again after ``delay`` seconds, None: only if asked.

    A reason that is ``of_all`` holds every email that waits, and those to come.
    """

    reason: Reason
    delay: float | None
    history: History


@dataclass(frozen=True, slots=True)
class Split:
    """One envelope for each recipient, tried at once."""

    history: History


type Verdict = End | Again | Hold | Split


# What the outbox gives and takes.


@dataclass(frozen=True, slots=True)
class Item:
    """An envelope that is due: one email, or one part of it, to some recipients."""

    envelope: int
    reference: str
    recipient: str
    critical: bool
    subject: str = field(repr=False)
    body: str = field(repr=False)
    addresses: Addresses
    times: int
    """How often the same text was accepted, 1 or more."""
    accepted: Instant
    history: History
    recipient_id: str | None = field(default=None, repr=False)
    finding: Finding | None = None
    """What its last attempt came to."""
    html: str | None = field(default=None, repr=False)
    priority: Priority = Priority.NORMAL
    extra: Addresses = field(default_factory=Addresses)
    """Those of its addresses that are not the recipient's own."""
    missing: tuple[Missing, ...] = ()
    """What is not attached, and not told yet by what went before."""
    enclosed: tuple[Enclosed, ...] = ()
    """What is attached to this envelope."""
    carries: Carries = Carries.WHOLE
    changes: tuple[Change, ...] = ()
    """What was done to the email before it was accepted, and as it was."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One email of several that go out as one digest."""

    accepted: datetime
    """On the host's clock, aware."""
    subject: str = field(repr=False)
    body: str = field(repr=False)
    times: int = 1
    """How often the same text was accepted, 1 or more."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """An envelope that was handed over and whose result nobody has seen yet."""

    envelope: int
    reference: str
    deadline: float
    """When its result can't come any more, on the outbox's clock."""
    mark: int | None
    """The modem's boot, as ``Modem.mark`` gave it; None where it can't tell."""
    history: History
    addresses: frozenset[str] = field(default=frozenset(), repr=False)
    """To whom it goes, where that can still be read."""
    way: Way = Way.MODULE
    changes: tuple[Change, ...] = ()
    """What was done to it so that it could go this way."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some of an envelope's addresses, and what an attempt came to for them."""

    addresses: frozenset[str] = field(repr=False)
    verdict: Verdict
    finding: Finding


@dataclass(frozen=True, slots=True)
class Transition:
    """A change that a person may care about; kept until it was shown.

    ``state`` is what the email is now, ``queued`` standing for "accepted".
    ``merged_into`` is the email that this one went out with: its end is this one's.
    ``recipient`` is the name by which it was accepted, ``recipient_id`` who that is as long
    as that is known: a name may be another's by now.
    """

    number: int
    reference: str
    recipient: str
    state: State
    when: datetime
    attempts: int
    finding: Finding | None = None
    reason: Reason | None = None
    merged_into: str | None = None
    next_attempt: datetime | None = None
    recipient_id: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """An email that waits, as ``list_outbox`` shows it."""

    reference: str
    recipient: str
    state: State
    critical: bool
    accepted: datetime
    attempts: int
    next_attempt: datetime | None
    expires: datetime
    reason: Reason | None
    finding: Finding | None
    subject: str = field(default="", repr=False)
    """Empty where it can't be read."""


@dataclass(frozen=True, slots=True)
class EmailResult:
    """What has become of an email so far.

    ``state`` is one that waits as long as something is still to come. ``merged_into`` is
    the email that it goes out with: all else is that one's. ``finding`` is what the last
    attempt came to, as long as that is known: of what ended before the last start it is
    not.
    """

    reference: str
    state: State
    finding: Finding | None
    attempts: int
    merged_into: str | None
    seconds: float
    """From acceptance to its end, or so far."""
    reason: Reason | None = None
    """Why it waits, where that has a reason."""


@dataclass(frozen=True, slots=True)
class Last:
    """What the last attempt, or the last end, of any email was."""

    reference: str
    recipient: str
    state: State
    when: datetime
    finding: Finding
    attempts: int
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """The outbox at a glance."""

    waiting: int = 0
    oldest: datetime | None = None
    """When the email that waits longest was accepted."""
    last_sent: datetime | None = None
    sent: int = 0
    """Emails ever sent, at least to some of their recipients."""
    failed: int = 0
    """Emails that ever ended as failed, expired or unknown."""
    last: Last | None = None
    held_counts: Mapping[Reason, int] = field(default_factory=dict)
    """How many emails are held for each reason for which some are."""
    held_findings: Mapping[Reason, Finding] = field(default_factory=dict)
    """What one of them came to: one in which the server told more, if there is one."""
    deferred: frozenset[Reason] = frozenset()
    """Why emails wait for their next attempt, where some do."""
    only_held: bool = True
    """Whether none waits for the modem: a person is needed first, if any wait."""

    @property
    def held(self) -> frozenset[Reason]:
        """Why emails are held, where some are."""
        return frozenset(self.held_counts)


@dataclass(frozen=True, slots=True)
class Wear:
    """What recovery did that wears the modem's flash."""

    times: tuple[float, ...] = ()
    """When, on the outbox's clock, within the last day."""
    reboots: tuple[float, ...] = ()
    """The reboots since an email was last sent, and when."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a person may choose about delivery."""

    lifetime: float = 48 * 3600.0
    """Seconds that an email may wait, 1 h to 7 d."""
    per_hour: int = 30
    per_day: int = 200
    """Emails sent at most, critical ones not counted against their own burst."""
    digest: bool = True
    """Whether ten or more emails that wait for one recipient go out as one."""
    idle: float = 30 * 60.0
    """Seconds without mail after which the PDP context is given back; 0: never."""
    way: Way | None = None
    """By what emails go out; None: as each of them, and the modem, asks for."""
