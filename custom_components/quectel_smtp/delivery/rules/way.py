"""By which way the next attempt with an email goes, where a person leaves that to us."""

from typing import Final

from ...modem.at.errors import (
    CommandError,
    DataModeError,
    NoAnswerError,
    UnexpectedAnswerError,
)
from ...modem.mail.server import ServerSettings
from ...modem.mail.smtp import Result
from ..records import Finding, History, Item, Way
from .fit import CAPACITIES, account_lacks, email_lacks
from .outcomes import says_nothing
from .wording import Wording, length

# What a command of the modem's mail client may end with, and nobody knows why.
_SILENT: Final = frozenset(
    error.key
    for error in (CommandError, DataModeError, NoAnswerError, UnexpectedAnswerError)
)
# Attempts in a row after which a reason of the modem's own is as good as none: it may be
# its client's, and nothing else would find that out.
_IN_VAIN: Final = 2


def prefers_stream(item: Item, server: ServerSettings, wording: Wording) -> bool:
    """Whether an email goes by the stream although the modem has a mail client.

    It does where that can't carry email or account, where its last attempt failed
    without a reason, or so often for one that is not the mail server's, and where the
    stream has heard the mail server's own words: the other would only say less.
    """
    module = CAPACITIES[Way.MODULE]
    return bool(
        account_lacks(module, server)
        or email_lacks(module, item.addresses, length(item, wording))
        or (item.finding is not None and _asks_for_stream(item.finding, item.history))
    )


def _asks_for_stream(last: Finding, history: History) -> bool:
    if last.way is Way.STREAM:
        return last.reply is not None
    if last.reply is None and history.attempts >= _IN_VAIN:
        return True
    if last.result is None:
        return last.error in _SILENT
    return last.result is Result.UNKNOWN or says_nothing(last.code, last.reply)
