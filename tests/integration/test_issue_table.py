"""Which repair issues a status stands for: a table, without Home Assistant."""

import pytest

from custom_components.quectel_smtp.account_check import ACCOUNT_KEYS
from custom_components.quectel_smtp.delivery.records import Finding, Reason, Summary
from custom_components.quectel_smtp.delivery.status import OutboxState, Status
from custom_components.quectel_smtp.issues import (
    BARRED,
    DAMAGED,
    KEYS,
    LOST,
    TOLD,
    Issue,
    issues_of,
)
from custom_components.quectel_smtp.line_state import Obstacle
from custom_components.quectel_smtp.modem.at import errors
from custom_components.quectel_smtp.modem.at.errors import InvalidValueError, ModemError
from custom_components.quectel_smtp.modem.mail.smtp import Result
from custom_components.quectel_smtp.refused_addresses import KEY as REFUSED_ADDRESS
from custom_components.quectel_smtp.test_report import KEY as REPORT_FAILED
from tests.translations import texts


def _shown(
    status: Status,
    *,
    invalid: InvalidValueError | None = None,
    lost: Obstacle | None = None,
) -> set[str]:
    return {issue.key for issue in issues_of(status, invalid=invalid, lost=lost)}


@pytest.mark.parametrize(
    ("trouble", "keys"),
    [
        (None, set()),
        (errors.PinRequiredError(3), {"pin_required"}),
        (errors.PinRefusedError(2), {"pin_required"}),
        (errors.PinTriesExhaustingError(2), {"pin_tries_low"}),
        (errors.PinUnjudgedError(None), {"pin_required"}),
        (errors.PukRequiredError(), {"puk_required"}),
        (errors.NetworkLockedError(), {"network_locked"}),
        (errors.SimNotReadyError(), {"sim_failure"}),
        (errors.SimMissingError(), {"sim_missing"}),
        (errors.SimFailureError(), {"sim_failure"}),
        (errors.SimError(), {"sim_failure"}),
        (errors.RegistrationDeniedError(), {"registration_denied"}),
        (errors.ApnMissingError(573), {"apn_missing"}),
        (errors.WrongModemError(), {"wrong_modem"}),
        (errors.UnsupportedModemError(), {"unsupported_modem"}),
        (errors.OldGsmModemError(), {"unsupported_modem"}),
        # These pass, or recovery mends them.
        (errors.NotRegisteredError(), set()),
        (errors.PdpError(561), set()),
        (errors.NoAnswerError(), set()),
        (errors.PortNotFoundError(), set()),
        (errors.ModemRebootedError(), set()),
    ],
)
def test_trouble_that_needs_a_person(
    trouble: ModemError | None, keys: set[str]
) -> None:
    assert _shown(Status(trouble=trouble)) == keys


@pytest.mark.parametrize(
    ("reason", "key"),
    [
        (Reason.LOGIN, "login_held"),
        (Reason.CERTIFICATE, "certificate_held"),
        (Reason.RESULTS_ELSEWHERE, "results_elsewhere"),
        (Reason.UNEXPLAINED, "unexplained"),
        (Reason.REFUSED, "refused"),
        (Reason.RESTORED, "restored"),
    ],
)
def test_emails_that_are_held(reason: Reason, key: str) -> None:
    mail = Summary(held_counts={reason: 7})
    (issue,) = issues_of(Status(mail=mail), invalid=None, lost=None)
    assert issue.key == key
    assert dict(issue.placeholders) == {"count": "7"}
    assert issue.fixable


@pytest.mark.parametrize(
    ("finding", "told"),
    [
        (Finding(Result.REFUSED, 677, 535), {}),
        (Finding(words="no"), {"words": "no"}),
        (Finding(reply=535, words="5.7.8 no"), {"words": "535 5.7.8 no"}),
        (Finding(reply=550, address="a@b.c"), {"words": "550", "address": "a@b.c"}),
        (Finding(address="a@b.c"), {}),
    ],
)
@pytest.mark.parametrize("reason", list(Reason))
def test_what_the_server_said_is_told_where_a_text_has_a_place_for_it(
    reason: Reason, finding: Finding, told: dict[str, str]
) -> None:
    mail = Summary(held_counts={reason: 1}, held_findings={reason: finding})
    for issue in issues_of(Status(mail=mail), invalid=None, lost=None):
        known = dict(issue.placeholders)
        assert known.pop("count") == "1"
        steps = texts()["issues"][issue.key]["fix_flow"]["step"]
        assert known == (told if issue.key in TOLD else {})
        assert set(TOLD.get(issue.key, ())) <= set(steps)


@pytest.mark.parametrize(
    "reason", [Reason.RETRY, Reason.SERVER, Reason.DOUBT, Reason.LIMIT, Reason.REPEATED]
)
def test_what_passes_by_itself_is_no_issue(reason: Reason) -> None:
    assert not _shown(Status(mail=Summary(held_counts={reason: 1})))


def test_the_outbox_and_the_modem_s_end() -> None:
    assert _shown(Status(outbox=OutboxState.FAILED)) == {"outbox_failed"}
    assert _shown(Status(outbox=OutboxState.NEWER)) == {"outbox_newer"}
    assert _shown(Status(damaged=True)) == {DAMAGED}
    assert _shown(Status(exhausted=True)) == {"recovery_exhausted"}


def test_a_port_that_stays_away_is_named_without_its_key() -> None:
    status = Status(port="esphome://10.0.0.2:6053/?port_name=a&key=SECRET")
    (issue,) = issues_of(status, invalid=None, lost=Obstacle.MODEM_AWAY)
    assert issue == Issue("port_missing", (("port", "esphome://10.0.0.2:6053/"),))


def test_a_setting_that_can_not_be_used_is_named_without_its_value() -> None:
    (issue,) = issues_of(
        Status(),
        invalid=InvalidValueError("password", "too_long", 50),
        lost=None,
    )
    assert dict(issue.placeholders) == {"field": "password"}
    assert issue.fixable


def test_a_modem_without_recipients_is_told_of() -> None:
    (issue,) = issues_of(Status(), invalid=None, lost=None, recipients=0)
    assert issue == Issue("no_recipient")


def test_all_at_once() -> None:
    held = dict.fromkeys(Reason, 1)
    status = Status(
        trouble=errors.WrongModemError(),
        mail=Summary(held_counts=held),
        outbox=OutboxState.FAILED,
        damaged=True,
        exhausted=True,
        barred=True,
    )
    # What is lost for long is told by the other modem's issue already.
    assert len(_shown(status, lost=Obstacle.MODEM_AWAY)) == 11


@pytest.mark.parametrize("lost", list(Obstacle))
def test_a_line_that_is_lost_for_long_is_told_where_nothing_else_tells_it(
    lost: Obstacle,
) -> None:
    assert _shown(Status(), lost=lost) == ({LOST[lost]} if lost in LOST else set())
    denied = Status(trouble=errors.RegistrationDeniedError())
    assert _shown(denied, lost=lost) == {"registration_denied"}


def test_roaming_that_is_not_allowed_is_told() -> None:
    assert _shown(Status(barred=True)) == {BARRED}


@pytest.mark.parametrize("key", sorted(KEYS))
def test_each_issue_says_what_happened_and_what_to_do(key: str) -> None:
    issue = texts()["issues"][key]
    known = {"name": "Modem", "count": "1", "port": "x", "field": "x"}
    known |= {"words": "x", "address": "x", "minutes": "10"}
    assert issue["title"].format(**known)
    if Issue(key).fixable:
        for step in issue["fix_flow"]["step"].values():
            assert step["description"].format(**known).count(". ") >= 1
    else:
        assert issue["description"].format(**known).count(". ") >= 1


def test_each_text_is_of_an_issue() -> None:
    assert set(texts()["issues"]) == KEYS | ACCOUNT_KEYS | {
        REFUSED_ADDRESS,
        REPORT_FAILED,
    }
