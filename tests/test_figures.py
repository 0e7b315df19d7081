"""The figures in README and docs are those of the code, each in the words that it stands in."""

# ruff: noqa: SLF001  # what a figure is called is its file's own business
from typing import Final

import pytest

from custom_components.quectel_smtp import account_check, services, test_report
from custom_components.quectel_smtp.attachments.wanted import Budget
from custom_components.quectel_smtp.coordinator import POLL_INTERVAL
from custom_components.quectel_smtp.delivery.courier.courier import PUT_TIMEOUT
from custom_components.quectel_smtp.delivery.courier.pace import (
    _SILENT_MOST,
    _STRANGER_MOST,
)
from custom_components.quectel_smtp.delivery.courier.postman import _HANGS
from custom_components.quectel_smtp.delivery.outbox.merging import (
    DIGEST_LEAST,
    REPEATS_TOLD,
    WINDOW,
)
from custom_components.quectel_smtp.delivery.outbox.outbox import (
    EMAILS,
    KEPT,
    KEPT_MOST,
    RESERVED,
    SIZE,
)
from custom_components.quectel_smtp.delivery.outbox.start import _BACKUP_MOST
from custom_components.quectel_smtp.delivery.records import Options, Way
from custom_components.quectel_smtp.delivery.rules import (
    outdone,
    policy,
    recovery,
    storm,
    way,
)
from custom_components.quectel_smtp.delivery.rules.acceptance import TEXT_MOST
from custom_components.quectel_smtp.delivery.rules.capacity import (
    CAPACITIES,
    TITLE_LIMIT,
)
from custom_components.quectel_smtp.delivery.rules.storm import CRITICAL_BURST, HOUR
from custom_components.quectel_smtp.delivery.rules.wording import LATE
from custom_components.quectel_smtp.email_options import BUDGETS, DEFAULT_BUDGET
from custom_components.quectel_smtp.entry_data import LIMITS
from custom_components.quectel_smtp.line_options import DEFAULT_MINUTES, MINUTES
from custom_components.quectel_smtp.modem.mail.attachments import ATTACHMENT_LIMIT
from custom_components.quectel_smtp.modem.mail.file_names import stored_name
from custom_components.quectel_smtp.modem.mail.message import (
    ADDRESS_LIMIT,
    FIELD_LIMIT,
    RECIPIENT_LIMIT,
    RECIPIENTS_MOST,
)
from custom_components.quectel_smtp.modem.mail.server import TEXT_LIMIT
from custom_components.quectel_smtp.modem.network.dns import HOST_LIMIT
from custom_components.quectel_smtp.sending import _COPYING
from custom_components.quectel_smtp.signal_strength import Strength, strength_of
from homeassistant.components.smtp.notify import RETRIES

from .documents import DOCUMENTS, PAGES_BY_NAME, README, rows

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


def test_the_figures_of_the_documents_hold() -> None:
    options = Options()
    delays = [policy.delay(attempts, 0.0) for attempts in range(1, 9)]
    assert delays[:5] == [0, 10, 30, 60, 120]
    assert "at once, then after 10, 30, 60 and 120 s, then doubling" in DOCUMENTS
    assert f"to {delays[-1] / 60:.0f} minutes" in DOCUMENTS
    hours = f"{options.lifetime / storm.HOUR:.0f} hours"
    assert f"for {hours}." in DOCUMENTS
    assert f"An email that can't be sent for {hours} expires" in DOCUMENTS
    assert f"on disk, {hours}" in DOCUMENTS
    assert f"{DEFAULT_BUDGET} KB; {BUDGETS[0]} to {BUDGETS[1]:,} can be set" in (
        DOCUMENTS
    )
    assert LIMITS["lifetime"] == (1, 7 * 24)
    assert f"{hours}; 1 hour to 7 days can be set" in DOCUMENTS
    assert (
        f"{options.per_hour} emails an hour and {options.per_day} a day leave"
        in DOCUMENTS
    )
    assert (
        f"and {options.per_hour} an hour, {options.per_day} a day leave at most"
        in DOCUMENTS
    )
    assert f"within {WINDOW:.0f} s become one email" in DOCUMENTS
    assert f"leaves more than {LATE / 60:.0f} minutes after" in DOCUMENTS
    assert DIGEST_LEAST == 10
    assert "Ten or more that wait" in DOCUMENTS
    assert f"after {options.idle / 60:.0f} minutes without mail" in DOCUMENTS
    assert f"full** at {EMAILS} emails or {SIZE // 2**20} MiB" in DOCUMENTS
    assert f"{RESERVED} emails and a tenth of the bytes" in DOCUMENTS
    assert f"an error from the {EMAILS - RESERVED + 1}st on" in DOCUMENTS
    assert f"for {KEPT / storm.DAY:.0f} days longer" in DOCUMENTS
    assert f"Every {POLL_INTERVAL.total_seconds():.0f} seconds" in DOCUMENTS


def test_what_the_readme_says_of_core_s_own_smtp_holds() -> None:
    assert RETRIES == 2
    assert "two tries, then an error" in README


def test_the_documents_have_the_limits_of_an_email_by_either_way() -> None:
    page = PAGES_BY_NAME["how-an-email-is-sent"]
    limits = {what: cells for what, *cells in rows("What an email may hold", page)}
    module = CAPACITIES[Way.MODULE]
    assert limits["Title"][0].startswith(f"{module.subject} bytes: ")
    assert limits["Title"][1] == f"{TITLE_LIMIT} characters"
    assert limits["Text"][0].startswith(f"{module.body:,} bytes; ")
    assert limits["Text"][1] == f"Of a text {TEXT_MOST:,} bytes are kept"
    assert limits["Addresses"][0].startswith(
        f"{RECIPIENT_LIMIT}, of up to {FIELD_LIMIT} bytes, "
    )
    assert limits["Addresses"][1] == (
        f"up to {RECIPIENTS_MOST} addresses of up to {ADDRESS_LIMIT} bytes"
    )
    for what in ("User name, password", "Sender's name"):
        assert limits[what][0].startswith(f"{FIELD_LIMIT} bytes")
        assert limits[what][1] == f"up to {TEXT_LIMIT} bytes"
    assert limits["Mail server's name"] == [
        f"{FIELD_LIMIT} bytes",
        f"up to {HOST_LIMIT}",
    ]
    budget = Budget()
    assert (
        f"are fetched after that, for up to {budget.seconds:.0f} seconds" in DOCUMENTS
    )
    assert f"may have {budget.file // 10**6} MB, and all attachments" in DOCUMENTS
    assert f"attachments of an email {budget.total // 10**6} MB" in DOCUMENTS
    longest = len(stored_name("x" * 99, ()))
    assert f"under names of up to {longest} characters in ASCII" in DOCUMENTS
