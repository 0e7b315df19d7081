"""What emails, and the failures that were meant, say of a firmware."""

from collections.abc import Callable
import re
from typing import Final

from ..modem.at.codes import SmtpError
from ..modem.mail.smtp import Outcome, Result
from .anatomy import Anatomy
from .answer import Answering, Found, not_tried, observed, unclear
from .evidence import Evidence, Fate, Step
from .on_commands import shown

_MEANT_TO_FAIL: Final = (Step.WRONG_PASSWORD, Step.WRONG_ROOT, Step.NO_STARTTLS)

# What a mail server says of a log-in, a sender or a recipient, and never of STARTTLS
# (RFC 4954 6, RFC 5321 4.2.3, RFC 3207 4).
_BEHIND_STARTTLS: Final = frozenset({235, 530, 534, 535, 550, 551, 553, 554})


def _result(outcome: Outcome) -> str:
    """Return a result as the modem's line gives it."""
    if outcome.result is Result.UNKNOWN:
        return "no result"
    code = "no code" if outcome.code is None else str(int(outcome.code))
    return f"{code},{0 if outcome.reply is None else int(outcome.reply)}"


def _results(evidence: Evidence, step: Step) -> tuple[str, ...]:
    trial = evidence.trials.get(step)
    lines = () if trial is None else trial.lines
    return tuple(line.strip() for line in lines if "+QSMTPPUT:" in line)


def by_own_client(step: Step, judge: Callable[[Evidence, Outcome], Found]) -> Answering:
    """Judge how an email to the modem's client ended, where there was one."""

    def answering(evidence: Evidence) -> Found:
        why = evidence.why_not(step)
        if why is not None:
            return not_tried(why)
        outcome = evidence.outcome(step)
        if outcome is None:
            return unclear(evidence.trials[step].told.words)
        verdict, words, lines = judge(evidence, outcome)
        return verdict, words, (*lines, *_results(evidence, step))

    return answering


def ended(_: Evidence, outcome: Outcome) -> Found:
    """Tell how an email ended."""
    if outcome.result is Result.SENT:
        return observed("the modem says that the server took it")
    if outcome.result is Result.UNKNOWN:
        return observed("no result came in time")
    return observed(f"the modem says that it failed: {_result(outcome)}")


def failures(evidence: Evidence) -> Found:
    """Tell how each failure that was meant was told."""
    told: list[str] = []
    lines: list[str] = []
    for step in _MEANT_TO_FAIL:
        outcome = evidence.outcome(step)
        if outcome is not None and outcome.result is not Result.SENT:
            told.append(f"{step}: {_result(outcome)}")
            lines += _results(evidence, step)
    if told:
        return observed("; ".join(told), *lines)
    tried = [
        evidence.trials[step] for step in _MEANT_TO_FAIL if step in evidence.trials
    ]
    if tried:
        return unclear(f"nothing was told of a failure: {tried[0].told.words}")
    return not_tried(evidence.why_not(Step.WRONG_PASSWORD) or "")


def root_refused(_: Evidence, outcome: Outcome) -> Found:
    """Tell whether the modem's client looks at a server's root."""
    match outcome:
        case Outcome(code=SmtpError.TLS):
            return observed("the modem refuses a server whose root is another")
        case Outcome(result=Result.SENT):
            return observed("the modem takes a server whose root is another")
        case Outcome(reply=reply) if reply is not None:
            return observed("the modem takes a server whose root is another")
    return unclear(f"{_result(outcome)} may mean either")


def starttls(evidence: Evidence, outcome: Outcome) -> Found:
    """Tell whether a log-in goes on in clear."""
    reply = None if outcome.reply is None else int(outcome.reply)
    if outcome.result is Result.SENT or reply in _BEHIND_STARTTLS:
        return observed("it goes on in clear")
    if outcome.code is SmtpError.TLS:
        return observed("it ends there: nothing goes in clear")
    if evidence.shows_login is not None:
        words = "it goes on in clear" if evidence.shows_login else "it ends there"
        return observed(f"{words}, by the server's log; told as {_result(outcome)}")
    return unclear(
        f"{_result(outcome)} may mean either, and nobody saw the server's log"
    )


def arrived(
    step: Step,
    judge: Callable[[Evidence, Anatomy], Found],
    other: Step | None = None,
) -> Answering:
    """Judge an email as it arrived, or another one."""

    def answering(evidence: Evidence) -> Found:
        found = evidence.arrived.get(step)
        if found is None and other is not None:
            found = evidence.arrived.get(other)
        if found is not None:
            return judge(evidence, found)
        why = evidence.why_not(step)
        if why is not None:
            return not_tried(why)
        return unclear("nobody showed the email as it arrived")

    return answering


def hidden(evidence: Evidence, found: Anatomy) -> Found:
    """Tell which recipients are in the email that all get."""
    if not evidence.hid:
        return unclear("email 3 had no hidden recipient")
    order = [name for name in found.headers if name in ("To", "Cc", "Bcc")]
    written = "is" if "Bcc" in order else "is not"
    return observed(
        f"a Bcc line {written} in what arrived; order: {', '.join(order) or 'none'}"
    )


def form(_: Evidence, found: Anatomy) -> Found:
    """Tell how an email is built."""
    calls = {True: "localhost", False: "something else", None: "unknown"}
    return observed(
        f"{found.content_type}, text in {found.encoding}, "
        f"Date {_there(found, 'Date')}, Message-ID {_there(found, 'Message-ID')} "
        "(a server may have added them), longest encoded word of the subject "
        f"{found.longest_word} characters, EHLO: {calls[found.localhost]}",
        f"headers: {', '.join(found.headers)}",
    )


def _there(found: Anatomy, name: str) -> str:
    return "there" if name in found.headers else "missing"


def dots(_: Evidence, found: Anatomy) -> Found:
    """Tell whether a line that begins with a dot comes to harm."""
    kept = "whole" if found.dots else "damaged"
    return observed(
        f"lines that begin with a dot arrive {kept}; text in {found.encoding}"
    )


def routing(evidence: Evidence) -> Found:
    """Tell which result codes came to the port that gave the commands."""
    routed = shown(evidence, 'AT+QURCCFG="urcport"')
    port = re.search(r'"urcport","(\w+)"', " ".join(routed))
    named = port[1] if port else "unknown"
    ends = [
        (step, outcome)
        for step in Step
        if (outcome := evidence.outcome(step)) is not None
    ]
    heard = [step for step, outcome in ends if outcome.result is not Result.UNKNOWN]
    came = {True: "came here", False: "did not come here", None: "was not asked for"}
    dns = f"that of a name's resolution {came[evidence.resolved]}"
    lines = (
        *routed,
        *(line for step in heard[:1] for line in _results(evidence, step)),
    )
    if not ends:
        return not_tried(f"no email was handed to the modem; {dns}", *lines)
    result = "came here" if heard else "did not come here"
    words = f"with urcport {named} the result of an email {result}, {dns}"
    if (
        heard
        and evidence.resolved is not False
        and named in ("all", "usbat", "unknown")
    ):
        return unclear(f"{words}: that may be the port of this check", *lines)
    return observed(words, *lines)


def told_of(step: Step) -> Answering:
    """Tell how a step ended that has no question of its own."""

    def answering(evidence: Evidence) -> Found:
        why = evidence.why_not(step)
        if why is not None:
            return not_tried(why)
        told = evidence.trials[step].told
        return observed(told.words) if told.fate is Fate.DONE else unclear(told.words)

    return answering
