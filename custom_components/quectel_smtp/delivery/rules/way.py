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
from ..records import Addresses, Finding, Item, Way
from .fit import CAPACITIES, account_lacks, email_lacks
from .outcomes import says_nothing
from .wording import Wording, length

# What a command of the modem's mail client may end with, and nobody knows why.
_SILENT: Final = frozenset(
    error.key
    for error in (CommandError, DataModeError, NoAnswerError, UnexpectedAnswerError)
)


def prefers_stream(item: Item, server: ServerSettings, wording: Wording) -> bool:
    """Whether an email goes by the stream although the modem has a mail client.

    It does where that can't carry email or account, where its last attempt failed
    without a reason, and where the stream has heard the mail server's own words: the
    other would only say less.
    """
    module = CAPACITIES[Way.MODULE]
    addresses = Addresses(item.to, item.cc, item.bcc)
    return bool(
        account_lacks(module, server)
        or email_lacks(module, addresses, length(item, wording))
        or (item.finding is not None and _asks_for_stream(item.finding))
    )


def _asks_for_stream(last: Finding) -> bool:
    if last.way is Way.STREAM:
        return last.reply is not None
    if last.result is None:
        return last.error in _SILENT
    return last.result is Result.UNKNOWN or says_nothing(last.code, last.reply)
