"""What is told of an attempt: codes with their names, and nothing of the text."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.quectel_smtp.delivery.changes import Change, Fit
from custom_components.quectel_smtp.delivery.records import (
    Finding,
    Last,
    Reason,
    State,
    Transition,
    Way,
)
from custom_components.quectel_smtp.findings import (
    EVENT_TYPES,
    event_type,
    finding_attributes,
    state_name,
    transition_attributes,
)
from custom_components.quectel_smtp.last_result import last_result
from custom_components.quectel_smtp.modem.at.codes import (
    EquipmentError,
    FileError,
    SmtpError,
    SmtpReply,
    TcpError,
)
from custom_components.quectel_smtp.modem.mail.smtp import Result
from custom_components.quectel_smtp.sensor_descriptions import SENSORS
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from tests.translations import texts

WHEN = datetime(2026, 11, 23, 12, tzinfo=UTC)
TRANSITION = Transition(
    number=1,
    reference="7KQ2MXBD",
    recipient="Anna",
    state=State.DEFERRED,
    when=WHEN,
    attempts=2,
    finding=Finding(Result.REFUSED, 677, 535),
    reason=Reason.RETRY,
    next_attempt=WHEN,
    recipient_id="recipient_1",
)


@pytest.mark.parametrize(
    ("finding", "names"),
    [
        (None, (None, None)),
        (Finding(Result.REFUSED, SmtpError.AUTH_FAILED, 535), ("auth_failed",) * 2),
        (Finding(Result.REFUSED, FileError.NO_SPACE), ("no_space", None)),
        (Finding(Result.REFUSED, EquipmentError.MEMORY_FULL), ("memory_full", None)),
        (Finding(Result.REFUSED, TcpError.PDP_BROKEN), ("pdp_broken", None)),
        (Finding(Result.DOUBTFUL, 699, 299), (None, None)),
        (Finding(Result.DOUBTFUL, -1, 999), (None, None)),
        (Finding(Result.SENT, None, SmtpReply.OK), (None, "ok")),
    ],
)
def test_codes_get_their_names(
    finding: Finding | None, names: tuple[str | None, str | None]
) -> None:
    found = finding_attributes(finding)
    assert (found["code_name"], found["reply_name"]) == names
    assert found["code"] == (finding.code if finding else None)


def test_a_transition_says_all_that_may_be_known() -> None:
    assert transition_attributes(TRANSITION) == {
        "reference": "7KQ2MXBD",
        "recipient": "Anna",
        "recipient_id": "recipient_1",
        "attempts": 2,
        "code": 677,
        "code_name": "auth_failed",
        "reply": 535,
        "reply_name": "auth_failed",
        "error": None,
        "way": "module",
        "fitted": [],
        "server_words": None,
        "refused_address": None,
        "reason": "retry",
        "merged_into": None,
        "next_attempt": "2026-11-23T12:00:00+00:00",
    }


@pytest.mark.parametrize("state", [*State])
def test_each_state_that_is_told_has_a_word(state: State) -> None:
    if state is State.SENDING:
        return  # nobody is told
    assert event_type(replace(TRANSITION, state=state)) in EVENT_TYPES


def test_each_word_has_its_text() -> None:
    known = texts()["entity"]["event"]["email"]["state_attributes"]
    assert set(known["event_type"]["state"]) == set(EVENT_TYPES)
    assert set(known["reason"]["state"]) == {reason.value for reason in Reason}
    assert set(known["fitted"]["state"]) == {what.value for what in Fit}
    named = set(transition_attributes(TRANSITION)) | {"event_type"}
    assert set(known) == named


def test_what_was_changed_so_that_an_email_could_go_is_told_without_names() -> None:
    changes = (
        Change(Fit.SUBJECT_CUT),
        Change(Fit.PICTURE_SCALED, "door.jpg"),
        Change(Fit.PICTURE_SCALED, "porch.jpg"),
    )
    finding = Finding(Result.SENT, changes=changes)
    shown = transition_attributes(replace(TRANSITION, finding=finding))
    assert shown["fitted"] == ["subject_cut", "picture_scaled"]
    assert "door" not in str(shown)


def test_who_was_refused_is_named_with_the_servers_own_words() -> None:
    refused = Finding(
        Result.REFUSED,
        None,
        550,
        way=Way.STREAM,
        words="nobody here",
        address="bad@example.org",
    )
    shown = transition_attributes(replace(TRANSITION, finding=refused))
    assert shown["way"] == "stream"
    assert shown["server_words"] == "nobody here"
    assert shown["refused_address"] == "bad@example.org"
    # A list of what waits names nobody's address.
    assert "bad@example.org" not in finding_attributes(refused).values()


def test_the_event_names_codes_as_the_sensor_does() -> None:
    entity = texts()["entity"]
    event = entity["event"]["email"]["state_attributes"]
    sensor = entity["sensor"]["last_send_result"]["state_attributes"]
    for name in (
        *("code", "code_name", "reply", "reply_name", "error"),
        *("way", "server_words", "refused_address"),
    ):
        assert event[name] == sensor[name]


@pytest.mark.parametrize(
    ("state", "result", "shown"),
    [
        (State.SENT, Result.SENT, "sent"),
        (State.PARTLY_SENT, Result.REFUSED, "partly_sent"),
        (State.FAILED, Result.REFUSED, "failed"),
        (State.EXPIRED, None, "expired"),
        (State.CANCELLED, Result.DOUBTFUL, "cancelled"),
        (State.UNKNOWN, Result.UNKNOWN, "unconfirmed"),
        (State.DEFERRED, Result.REFUSED, "refused"),
        (State.DEFERRED, Result.DOUBTFUL, "doubtful"),
        (State.DEFERRED, Result.UNKNOWN, "unconfirmed"),
        (State.DEFERRED, None, "deferred"),
        (State.HELD, Result.REFUSED, "refused"),
        (State.HELD, None, "held"),
        (State.QUEUED, Result.REFUSED, "refused"),
        (State.MERGED, None, None),
    ],
)
def test_the_last_result_says_how_the_attempt_ended(
    state: State, result: Result | None, shown: str | None
) -> None:
    last = Last("7KQ2MXBD", "Anna", state, WHEN, Finding(result), 1)
    assert last_result(last) == shown


def test_each_last_result_has_its_text() -> None:
    (sensor,) = (found for found in SENSORS if found.key == "last_send_result")
    known: dict[str, Any] = texts()["entity"]["sensor"]["last_send_result"]
    assert set(known["state"]) == set(sensor.options or ())
    assert set(known["state_attributes"]["state"]["state"]) == {
        state_name(state) for state in State
    }


def test_no_word_is_one_that_home_assistant_keeps_for_itself() -> None:
    """Its trigger editor hides them among the types of an event."""
    words = {*EVENT_TYPES, *(state_name(state) for state in State)}
    assert not words & {STATE_UNKNOWN, STATE_UNAVAILABLE}
    assert event_type(replace(TRANSITION, state=State.UNKNOWN)) == "unconfirmed"
