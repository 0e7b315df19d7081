"""What an attempt teaches beyond its own email: about server, account, path or modem."""

from enum import StrEnum

from ...modem.mail.smtp import Outcome
from ..records import Standing
from . import outcomes
from .outcomes import Kind
from .path import climbs


class Lesson(StrEnum):
    """For whom else it matters."""

    WORKS = "works"
    """Path, server and account: an email was sent."""
    LATER = "later"
    """The server asks to be asked again later."""
    ACCOUNT = "account"
    """The account was refused: nothing of the path is to blame."""
    PATH = "path"
    """The path may be to blame, so that the next attempt mends more of it."""
    OURS = "ours"
    """We or the modem: it may know no setting of ours any more."""
    NONE = "none"
    """It is this email's alone."""


def lesson_of(outcome: Outcome, standing: Standing, *, proved: bool) -> Lesson:
    """Return what an outcome teaches; ``standing`` is the account's before it.

    ``proved``: the server's port had just been reached. A failure without a reason, of
    an account that never sent, is none of the path's then.
    """
    kind = outcomes.classify(outcome)
    if kind is Kind.SENT:
        return Lesson.WORKS
    if outcomes.asks_later(outcome):
        return Lesson.LATER
    spoilt = outcomes.spoils(outcome, standing)
    if spoilt and kind is not Kind.DOUBTFUL:
        return Lesson.ACCOUNT
    if climbs(outcome) and not (spoilt and proved):
        return Lesson.PATH
    return Lesson.OURS if kind is Kind.OURS else Lesson.NONE
