"""The figures in README and docs are those of the code, each in the words that it stands in."""

# ruff: noqa: SLF001  # what a figure is called is its file's own business
from typing import Final

import pytest

from custom_components.quectel_smtp import account_check, services, test_report
from custom_components.quectel_smtp.delivery.courier.courier import PUT_TIMEOUT
from custom_components.quectel_smtp.delivery.courier.pace import (
    _SILENT_MOST,
    _STRANGER_MOST,
)
from custom_components.quectel_smtp.delivery.courier.postman import _HANGS
from custom_components.quectel_smtp.delivery.outbox.merging import REPEATS_TOLD
from custom_components.quectel_smtp.delivery.outbox.outbox import KEPT_MOST
from custom_components.quectel_smtp.delivery.outbox.start import _BACKUP_MOST
from custom_components.quectel_smtp.delivery.rules import outdone, policy, recovery, way
from custom_components.quectel_smtp.delivery.rules.storm import CRITICAL_BURST, HOUR
from custom_components.quectel_smtp.line_options import DEFAULT_MINUTES, MINUTES
from custom_components.quectel_smtp.modem.mail.attachments import ATTACHMENT_LIMIT
from custom_components.quectel_smtp.sending import _COPYING
from custom_components.quectel_smtp.signal_strength import Strength, strength_of

from .documents import ALL

DOCUMENTS: Final = " ".join(ALL.split())

FIGURES: Final = (
    # What an email waits for.
    (policy._JITTER, 0.2, "20 % more or less"),
    (
        policy._HOLD_DELAYS,
        (900, 1800, HOUR),
        "again after 15 and 30 minutes, then once an hour, so that",
    ),
    (policy._MOST_FULL, 6, "is tried once an hour, six times"),
    (
        policy._SPREAD,
        (HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR),
        "or an hour; then after 2, 4 and 8 hours",
    ),
    (PUT_TIMEOUT, 300, "after seconds, 5 minutes at most"),
    (PUT_TIMEOUT, 300, "May still come, for five minutes"),
    (_HANGS, 15, "for 15 seconds or from before a restart"),
    # What is mended.
    (recovery._AT_ONCE, 3, "Restarts come three at once at most"),
    (recovery._PAUSES, (600, 1800, 3600), "then after 10, 30 and 60 minutes. R"),
    (recovery._OPERATIONS, 30, "together are 30 a day at most"),
    (recovery._IN_VAIN, 6, "doesn't recover after six restarts"),
    (_SILENT_MOST, 45, "asked again every 45 s at the longest"),
    (_STRANGER_MOST, 900, "is no modem every quarter of an hour"),
    # By which way.
    (way._IN_VAIN, 2, "has failed without a reason, or twice with one"),
    (outdone._LEAST, 2, "first, for a day, after it sent two emails in a row"),
    # Many emails.
    (REPEATS_TOLD, 10, "The first ten repeats have references"),
    (CRITICAL_BURST, 10, "as long as they are ten an hour"),
    (KEPT_MOST, 10_000, "of the last 10,000 emails"),
    (_BACKUP_MOST, HOUR, "a backup that is restored within an hour"),
    # Actions.
    (ATTACHMENT_LIMIT, 10, "Up to ten, each with a `media_source`"),
    (_COPYING, 4, "before the action returns, for up to 4 seconds"),
    (services.PATIENCE.total_seconds(), 120, "the timeout (2 minutes; up to an hour)"),
    (services.PATIENCE_MOST.total_seconds(), HOUR, "(2 minutes; up to an hour)"),
    # What is looked at by itself.
    (account_check.EVERY.days, 7, "The account is checked once a week"),
    (account_check.FIRST.days, 1, "for the first time a day or so after the set-up"),
    (test_report.HOUR, 9, "each Monday, between nine and ten"),
    (DEFAULT_MINUTES, 10, "10 minutes; 1 minute to a day can be set"),
    (MINUTES, (1, 24 * 60), "10 minutes; 1 minute to a day can be set"),
    (strength_of(-100), Strength.FAIR, "below -100 dBm is poor"),
    (strength_of(-101), Strength.POOR, "below -100 dBm is poor"),
)


@pytest.mark.parametrize(("held", "meant", "words"), FIGURES, ids=range(len(FIGURES)))
def test_a_figure_of_the_documents_holds(
    held: object, meant: object, words: str
) -> None:
    assert held == meant
    assert words in DOCUMENTS
