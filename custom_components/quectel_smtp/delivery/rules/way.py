"""By which way the next attempt with an email goes, where a person leaves that to us."""

from typing import Final

from ...modem.at.errors import (
    CommandError,
    DataModeError,
    NoAnswerError,
    UnexpectedAnswerError,
)
from ...modem.mail.smtp import Result
from ..records import Finding, History, Item, Way
from ..settings import Settings
from .capacity import CAPACITIES, carries_account, carries_any, carries_email
from .fit import sizes
from .outcomes import says_nothing
from .wording import Wording

# What a command of the modem's mail client may end with, and nobody knows why.
_SILENT: Final = frozenset(
    error.key
    for error in (CommandError, DataModeError, NoAnswerError, UnexpectedAnswerError)
)
# Attempts in a row after which a reason of the modem's own is as good as none: it may be
# its client's, and nothing else would find that out.
_IN_VAIN: Final = 2


def prefers_stream(item: Item, settings: Settings, wording: Wording) -> bool:
    """Whether an email goes by the stream although the modem has a mail client.

    It does where that can't carry the account, or the email as it is, where its last
    attempt failed without a reason, or so often for one that is not the mail server's,
    and where the stream has heard the mail server's own words: the other would only say
    less. An email that the stream fails to send is better fitted to the modem's client
    than not sent at all.
    """
    module = CAPACITIES[Way.MODULE]
    last = item.finding
    if not carries_account(module, settings.server):
        return True
    if not carries_any(item.addresses, module):
        return True
    if last is not None and _asks_for_stream(last, item.history):
        return True
    by_stream = last is not None and last.way is Way.STREAM
    if by_stream and item.history.attempts >= _IN_VAIN:
        return False
    title, body = sizes(item, wording)
    return not carries_email(
        module, item, title=title, body=body, reply_to=settings.reply_to
    )


def _asks_for_stream(last: Finding, history: History) -> bool:
    if last.way is Way.STREAM:
        return last.reply is not None
    if last.reply is None and history.attempts >= _IN_VAIN:
        return True
    if last.result is None:
        return last.error in _SILENT
    return last.result is Result.UNKNOWN or says_nothing(last.code, last.reply)
