"""Holds what the courier shows against what the modem did, and says where they differ.

It knows nothing of how either works: only which emails were offered and accepted, what
was handed to the modem, what was recorded of that, and what was shown.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
import copy
from dataclasses import dataclass, field, replace
from typing import Final

from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.enclosures import Carries
from custom_components.quectel_smtp.delivery.records import (
    Finding,
    History,
    Item,
    Options,
    State,
    Transition,
    Unsettled,
    Way,
)
from custom_components.quectel_smtp.delivery.rules.storm import (
    CRITICAL_BURST,
    DAY,
    HOUR,
)
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result, parse_result
from tests.modem.scripted_port import OK

from .ledger_modem import Attempt

_SENT: Final = frozenset({State.SENT, State.PARTLY_SENT})
_NOT_SENT: Final = frozenset({State.FAILED, State.EXPIRED})
_LOGIN: Final = frozenset({655, 676, 677})
_COPIES: Final = 6
_COPIES_LOST: Final = 2
# Whether the modem still sends: it takes no body then.
_QUESTION: Final = "AT+QSMTPBODY=0,1,1"
_LOGINS: Final = 2
_LOGINS_WITHIN: Final = 900.0


@dataclass
class Account:
    """One email to one address, or what follows it: what was done and is known of it."""

    delivered: int = 0
    sent: bool = False
    """Whether it was recorded that it was sent."""
    history: History = field(default_factory=History)
    restored: bool = False
    """Whether it may have been sent before the backup was restored."""
    names: set[str] = field(default_factory=set)
    """What was attached to what was sent, or named in it as missing."""


@dataclass
class Story:
    """One email, as it was shown; a digest has no text of its own."""

    email: Email | None
    accepted: float = 0.0
    lifetime: float = 0.0
    told: bool = False
    """Whether it was shown that it was accepted."""
    state: State = State.QUEUED
    attempts: int = 0
    merged_into: str | None = None
    members: list[str] = field(default_factory=list)
    """What went into it."""

    @property
    def ended(self) -> bool:
        """Whether its end was shown."""
        return not self.state.waiting and self.state is not State.MERGED

    @property
    def waits(self) -> bool:
        """Whether it counts as one that waits."""
        return self.state.waiting


@dataclass
class Books:
    """All that a restored backup undoes."""

    stories: dict[str, Story] = field(default_factory=dict)
    # By reference and address, and whether they are of what follows a text.
    accounts: dict[tuple[str, str, bool], Account] = field(default_factory=dict)
    transitions: dict[int, Transition] = field(default_factory=dict)
    accepted: dict[str, Email] = field(default_factory=dict)
    # What was begun, by envelope.
    handed: dict[int, Item] = field(default_factory=dict)
    # What is being sent by each way.
    sending: dict[Way, int] = field(default_factory=dict)
    normal: list[float] = field(default_factory=list)
    bursts: list[float] = field(default_factory=list)
    wear: list[float] = field(default_factory=list)
    # When the server refused the login, since it took one or somebody asked for more.
    refusals: list[float] = field(default_factory=list)
    # Emails that somebody wanted sent whatever the limits say.
    wanted: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)


class Notary:
    """Witnesses everything; ``complain`` is told what may not be."""

    def __init__(self, complain: Callable[[str], None]) -> None:
        """Begin with nothing offered."""
        self._complain = complain
        self.books = Books()
        self.offered: dict[str, Email] = {}
        self.refused: set[str] = set()
        self.forgotten: set[str] = set()
        self.seen: Counter[str] = Counter()
        """How often what was shown, in all."""
        self._shown: set[int] = set()
        # The attempt with what is being sent by each way, once it was seen.
        self._puts: dict[Way, Attempt] = {}
        # By which ways something was begun in this run, and not settled.
        self._begun: set[Way] = set()
        # Whether somebody asked for more tries since this turn began.
        self._asked = False

    # What is offered.

    def offer(self, email: Email) -> None:
        """Somebody wants an email sent."""
        self.offered[email.reference] = email

    def accept(self, email: Email) -> None:
        """It was accepted: whoever offered it was told so."""
        self.books.accepted[email.reference] = email

    def refuse(self, email: Email) -> None:
        """Whoever offered it got an error."""
        self.refused.add(email.reference)

    def stored(self, email: Email, at: float, options: Options) -> None:
        """It is on disk, whether whoever offered it was told so or not."""
        lifetime = options.lifetime if email.lifetime is None else email.lifetime
        self.books.stories[email.reference] = Story(email, at, lifetime)

    # What the outbox and the modem do.

    def begun(
        self, item: Item, at: float, options: Options, way: Way, *, wanted: bool
    ) -> None:
        """Take that an envelope is about to be handed over.

        ``wanted``: it is, or has in it, what somebody wanted sent now.
        """
        books = self.books
        if way in books.sending:
            self._complain(f"{item.reference} begins while another is being sent")
        if _within(books.refusals, at, _LOGINS_WITHIN) >= _LOGINS:
            self._complain("more than two log-ins in a quarter of an hour")
        for account in self._accounts_of(item):
            known = account.history
            if (known.lost, known.doubts) != (item.history.lost, item.history.doubts):
                self._complain(f"{item.reference}: {item.history}, and {known}")
        if books.sending:
            self.seen["beside another"] += 1
        books.sending[way] = item.envelope
        books.handed[item.envelope] = item
        self.seen[item.carries] += 1
        self._puts.pop(way, None)
        self._begun.add(way)
        if wanted or (
            item.critical and _within(books.bursts, at, HOUR) < CRITICAL_BURST
        ):
            return
        if item.carries is Carries.ATTACHMENTS:
            # Its email was counted when the text left.
            return
        if _within(books.normal, at, HOUR) >= max(options.per_hour, 1):
            self._complain("more emails in an hour than allowed")
        if _within(books.normal, at, DAY) >= max(options.per_day, 1):
            self._complain("more emails in a day than allowed")

    def wore(self, at: float) -> None:
        """Take an operation that wears the modem's flash."""
        if _within(self.books.wear, at, DAY) >= 30:
            self._complain("more than 30 operations in a day")
        self.books.wear.append(at)

    def command(self, line: str, unsettled: Unsettled | None) -> None:
        """Take a command about emails: none may come between PUT and its result."""
        if line.startswith("AT+QSMTPPUT"):
            begun = Way.MODULE in self._begun and Way.MODULE not in self._puts
            if unsettled is None or not begun:
                self._complain(f"{line} without having been begun")
        elif unsettled is not None and line != _QUESTION:
            self._complain(f"{line} while {unsettled.reference} is unsettled")

    def put(self, attempt: Attempt) -> None:
        """Take a PUT as the modem saw it."""
        self._puts[attempt.way] = attempt
        books = self.books
        item = books.handed.get(books.sending.get(attempt.way, 0))
        if not attempt.reference:
            return
        if (
            item is None
            or attempt.reference != item.reference
            or attempt.addresses != tuple(item.addresses)
        ):
            self._complain(
                f"{attempt.reference} to {attempt.addresses} in the place of {item}"
            )
            return
        reference = item.reference
        story = books.stories.get(reference)
        if story is None or reference in self.refused:
            self._complain(f"{reference} is sent and was never accepted")
            return
        if not story.state.waiting:
            self._complain(f"{reference} is sent and is {story.state}")
        if item.carries is not Carries.ATTACHMENTS:
            self._read(attempt, story)
        self._unpack(attempt, item)
        for address, account in zip(
            attempt.addresses, self._accounts_of(item), strict=True
        ):
            self._hand_over(attempt, address, account)

    def _read(self, attempt: Attempt, story: Story) -> None:
        """Hold the text against what was accepted."""
        members = (self.books.stories[name].email for name in story.members)
        texts = [story.email] if story.email is not None else members
        missing = [one.body for one in texts if one and one.body not in attempt.body]
        times = len(story.members) + 1
        counts = f"({times} times)" in attempt.body
        if missing or (story.email is not None and counts is not (times > 1)):
            self._complain(f"{story} says {attempt.body!r}, without {missing}")

    def _unpack(self, attempt: Attempt, item: Item) -> None:
        """Hold what is attached against what was to be, and what is named."""
        for missing in item.missing:
            if missing.name not in attempt.body:
                self._complain(f"{item.reference} does not name {missing.name}")
        for one in item.enclosed:
            there = any(one.name.encode() in data for data in attempt.attached)
            if not there and one.name not in attempt.body:
                self._complain(f"{item.reference} lacks {one.name}")
        if len(attempt.attached) > len(item.enclosed):
            self._complain(f"{item.reference} brings more than {item.enclosed}")

    def _hand_over(self, attempt: Attempt, address: str, account: Account) -> None:
        name = f"{attempt.reference} to {address}"
        if account.sent:
            self._complain(f"{name} was sent already")
        if attempt.marked is not account.history.in_doubt:
            self._complain(f"{name}: marked is {attempt.marked}, {account.history}")
        if attempt.fate.delivered:
            account.delivered += 1
            if account.delivered > 1 and not attempt.marked:
                self._complain(f"{name} came twice without a mark")
            most = _COPIES if account.history.doubts else _COPIES_LOST
            if account.delivered > _COPIES or (
                account.delivered > most and not self._doubtful(attempt)
            ):
                self._complain(f"{name} came {account.delivered} times")

    @staticmethod
    def _doubtful(attempt: Attempt) -> bool:
        result = attempt.fate.result
        return result is not None and _outcome(result).result is Result.DOUBTFUL

    def _accounts_of(self, item: Item) -> list[Account]:
        """Return the accounts of an envelope, one for each of its addresses."""
        follows = item.carries is Carries.ATTACHMENTS
        return [
            self.books.accounts.setdefault((item.reference, one, follows), Account())
            for one in item.addresses
        ]

    def settled(
        self, envelope: int, history: History, finding: Finding, run: int, at: float
    ) -> None:
        """Take what was recorded of the envelope that was being sent."""
        books = self.books
        way = finding.way
        if books.sending.get(way) != envelope:
            self._complain(f"settled {envelope} while {books.sending} was being sent")
            return
        put = self._over(way)
        item = books.handed[envelope]
        reference = item.reference
        told = replace(finding, way=Way.MODULE, words=None, changes=())
        expected = _finding(put) if put is not None and put.heard_by == run else None
        if (put is None or put.fate.answer not in (OK, None)) and (
            finding.result is Result.REFUSED
        ):
            # That is what answered PUT itself.
            expected = told
        lost = Finding(Result.UNKNOWN)
        # A connection may end between a reply and us.
        if finding.error is None and told not in (
            (expected or lost, lost) if way is Way.STREAM else (expected or lost,)
        ):
            self._complain(f"{reference}: recorded {finding}, reported {expected}")
        if finding.result is Result.SENT:
            if item.carries is not Carries.ATTACHMENTS:
                self._left(reference, at)
            books.refusals.clear()
        if finding.code in _LOGIN and not self._asked:
            books.refusals.append(at)
        for account in self._accounts_of(item):
            account.history = history
            if finding.result is Result.SENT:
                account.sent = True
                account.names |= {one.name for one in item.enclosed}
                account.names |= {one.name for one in item.missing}

    def _left(self, reference: str, at: float) -> None:
        """Take that an email has left, as it counts for the limits."""
        books = self.books
        story = books.stories.get(reference)
        # A digest is never critical.
        critical = (
            story is not None and story.email is not None and story.email.critical
        )
        burst = critical and _within(books.bursts, at, HOUR) < CRITICAL_BURST
        (books.bursts if burst else books.normal).append(at)

    @staticmethod
    def _in_doubt(accounts: Iterable[Account]) -> bool:
        """Whether an attempt was recorded as lost or doubtful."""
        return any(account.history.in_doubt or account.restored for account in accounts)

    def _accounts(self, reference: str) -> list[Account]:
        return [
            account
            for (name, *_), account in self.books.accounts.items()
            if name == reference
        ]

    def turn(self) -> None:
        """Take that the courier begins a turn, and knows all that was asked for."""
        self._asked = False

    def asked(self) -> None:
        """Take that somebody wants more tries, or has ended what waits for one."""
        self.books.refusals.clear()
        self._asked = True

    def given_up(self) -> None:
        """Take that nobody will settle what was being sent: it counts as lost.

        A backup was restored, or the outbox takes it for that.
        """
        books = self.books
        for way, envelope in tuple(books.sending.items()):
            self._over(way)
            for account in self._accounts_of(books.handed[envelope]):
                history = account.history
                account.history = copy.replace(history, lost=history.lost + 1)

    def _over(self, way: Way) -> Attempt | None:
        """Nothing is being sent by this way any more; return what was seen of it."""
        del self.books.sending[way]
        self._begun.discard(way)
        return self._puts.pop(way, None)

    def withdrawn(self, envelope: int) -> None:
        """Take that an envelope that was begun is not handed over after all."""
        for way, sending in tuple(self.books.sending.items()):
            if sending == envelope:
                if self._over(way) is not None:
                    self._complain(f"withdrawn after it was handed over: {envelope}")

    # What is shown.

    def begin_run(self) -> None:
        """Another process begins: it may show again what was not noted as shown."""
        self._shown = set()
        self._begun = set()

    def show(self, found: Transition, at: float) -> None:
        """Take a transition that was shown."""
        if found.number in self._shown:
            self._complain(f"shown twice: {found}")
        self._shown.add(found.number)
        earlier = self.books.transitions.get(found.number)
        if earlier is not None:
            if earlier != found:
                self._complain(f"shown as {earlier}, and then as {found}")
            return
        self.books.transitions[found.number] = found
        self.seen[" ".join(filter(None, (found.state, found.reason)))] += 1
        self._follow(found, at)

    def _follow(self, found: Transition, at: float) -> None:
        stories, counts = self.books.stories, self.books.counts
        story = stories.get(found.reference)
        if found.state is State.QUEUED and story is None:
            # A digest: it says of itself that it was accepted.
            story = stories[found.reference] = Story(None)
        if story is None or found.reference in self.refused:
            self._complain(f"shown, and never accepted: {found}")
            return
        if story.ended:
            self._complain(f"shown after its end ({story.state}): {found}")
            return
        if found.state is State.MERGED:
            self._merge(story, found)
            return
        if (story.merged_into is None) is not (found.merged_into is None):
            self._complain(f"merged into {story.merged_into}: {found}")
            return
        if (found.state is State.QUEUED) is story.told:
            self._complain(f"accepted once, and first of all: {found}")
        if found.state is State.QUEUED:
            counts["waiting"] += 1
        if found.attempts < story.attempts:
            self._complain(f"after {story.attempts} attempts: {found}")
        story.attempts = found.attempts
        story.told, story.state = True, found.state
        if found.state.waiting:
            return
        if found.merged_into is not None:
            whole = stories.get(found.merged_into)
            if whole is None or whole.state is not found.state:
                self._complain(f"ended otherwise than {whole}: {found}")
            return
        counts["waiting"] -= 1
        counts["sent" if found.state in _SENT else "failed"] += (
            found.state is not State.CANCELLED
        )
        self._end(found, story, at)

    def _merge(self, story: Story, found: Transition) -> None:
        stories = self.books.stories
        if story.state is State.MERGED:
            self._complain(f"merged twice: {found}")
        into = stories.get(found.merged_into or "")
        if into is None or not into.state.waiting:
            self._complain(f"merged into nothing: {found}")
            return
        handed = {item.reference for item in self.books.handed.values()}
        if story.email is None or story.email.critical or found.reference in handed:
            self._complain(f"merged in spite of {story}: {found}")
        into.members.append(found.reference)
        story.state, story.merged_into = State.MERGED, found.merged_into
        self.books.counts["waiting"] -= 1

    def _end(self, found: Transition, story: Story, at: float) -> None:
        """Hold an end against what the modem did."""
        state, reference = found.state, found.reference
        accounts = self._accounts(reference)
        copies = [account.delivered for account in accounts]
        if state is State.SENT and not (
            copies and all(copies) and all(account.sent for account in accounts)
        ):
            self._complain(f"{reference} is sent, and {accounts}")
        if state is State.SENT and story.email is not None:
            self._name(story.email)
        if state is State.PARTLY_SENT and not any(copies):
            self._complain(f"{reference} is sent to some, and to nobody")
        if state in _NOT_SENT and any(copies):
            self._complain(f"{reference} is {state}, and {copies} were delivered")
        if state is State.CANCELLED and any(
            account.delivered and not account.history.in_doubt for account in accounts
        ):
            self._complain(f"{reference} is cancelled, and {accounts}")
        sending = [
            way
            for way, envelope in self.books.sending.items()
            if self.books.handed[envelope].reference == reference
        ]
        if sending:
            # Nobody could settle it for too long.
            for way in sending:
                self._over(way)
        elif state is State.UNKNOWN and not self._in_doubt(accounts):
            self._complain(f"{reference} is unknown, and nothing is in doubt")
        if state is State.EXPIRED and at < story.accepted + story.lifetime - 1e-3:
            self._complain(f"{reference} expired after {at - story.accepted} s")

    def _name(self, email: Email) -> None:
        """Complain of what is neither attached nor named to somebody who got an email."""
        wanted = {one.name for one in email.attachments} | set(email.awaits)
        names: dict[str, set[str]] = {}
        for (reference, address, _), account in self.books.accounts.items():
            if reference == email.reference:
                names.setdefault(address, set()).update(account.names)
        for address, found in names.items():
            if wanted - found:
                self._complain(f"{email.reference} to {address} lacks {wanted - found}")
        self.seen["with attachments"] += bool(wanted)

    # What there is to see.

    @property
    def figures(self) -> tuple[int, int, int]:
        """Emails that wait, that were sent, and that were not."""
        counts = self.books.counts
        return counts["waiting"], counts["sent"], counts["failed"]

    def figures_with(self, unshown: Iterable[Transition]) -> tuple[int, int, int]:
        """Return the figures as they are once these are shown too."""
        waiting, sent, failed = self.figures
        for found in unshown:
            if found.number in self.books.transitions:
                continue
            over = not found.state.waiting and found.merged_into is None
            waiting += (found.state is State.QUEUED) - over
            waiting -= found.state is State.MERGED
            sent += over and found.state in _SENT
            failed += over and found.state in (*_NOT_SENT, State.UNKNOWN)
        return waiting, sent, failed

    @property
    def waiting(self) -> list[str]:
        """The references of what waits."""
        return [name for name, story in self.books.stories.items() if story.waits]

    def unended(self) -> list[str]:
        """Return what was accepted and has not been shown to end."""
        stories = self.books.stories
        return [name for name in self.books.accepted if name not in stories] + [
            name
            for name, story in stories.items()
            if not story.ended or (story.email is None and len(story.members) < 2)
        ]

    # Backups.

    def copy(self) -> Books:
        """Return what a backup of this moment brings back."""
        return copy.deepcopy(self.books)

    def restore(self, books: Books) -> None:
        """Forget what was after a backup; what was sent since may be sent again."""
        later = self.books
        self.forgotten |= later.accepted.keys() - books.accepted.keys()
        self.books = copy.deepcopy(books)
        self._puts.clear()
        books = self.books
        for (reference, *_), account in books.accounts.items():
            if books.stories[reference].waits and not account.sent:
                account.restored = True
                account.delivered = 0


def _within(times: list[float], now: float, window: float) -> int:
    """Return how many of the times lie within the window that ends now."""
    return len(times) - bisect_right(times, now, key=lambda time: time + window)


def _outcome(result: tuple[int, int]) -> Outcome:
    return parse_result(f"+QSMTPPUT: {result[0]},{result[1]}")


def _finding(attempt: Attempt) -> Finding:
    outcome = _outcome(attempt.fate.result or (0, 0))
    if attempt.way is Way.STREAM:
        result = attempt.fate.result
        if result is None:
            return Finding(Result.UNKNOWN)
        sent = Result.SENT if attempt.fate.delivered else Result.REFUSED
        return Finding(sent, None, result[1])
    code, reply = outcome.code, outcome.reply
    return Finding(
        outcome.result,
        None if code is None else int(code),
        None if reply is None else int(reply),
    )
