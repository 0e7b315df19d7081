"""``quectel_smtp.send_message``: an email with all that one can have, and its result."""

import asyncio
from datetime import timedelta
import json
from typing import Any

import probatio as vol
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.const import DOMAIN
from custom_components.quectel_smtp.delivery.changes import Change, Fit
from custom_components.quectel_smtp.delivery.errors import (
    OutboxFullError,
    OutboxWriteError,
)
from custom_components.quectel_smtp.delivery.records import (
    EmailResult,
    Finding,
    Reason,
    State,
)
from custom_components.quectel_smtp.modem.at.codes import SmtpError
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from tests.translations import texts

from .conftest import ANNA, send, settled
from .modem_on_the_desk import Desk


async def act(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    """Send an email; returns what the action answers for the recipient."""
    data = {"entity_id": ANNA, "title": "Alarm", "message": "Water", **data}
    response: Any = await hass.services.async_call(
        DOMAIN, "send_message", data, blocking=True, return_response=True
    )
    assert set(response) == {ANNA}
    # As the API and an automation's trace give it on.
    answer: dict[str, Any] = json.loads(json.dumps(response[ANNA]))
    return answer


def allow(hass: HomeAssistant, entry: MockConfigEntry, *addresses: str) -> None:
    """Have an option allow these addresses and domains."""
    hass.config_entries.async_update_entry(
        entry, options={"allowed_addresses": list(addresses)}
    )


async def test_an_email_is_accepted_and_its_reference_answered(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    answer = await act(hass)
    assert answer["state"] == "accepted"
    assert answer["fitted"] == []
    await settled(hass, loaded)
    (message,) = desk.sent
    assert message.subject == "Alarm"
    assert message.body == f"Water\n\nRef: {answer['reference']}"
    assert (message.to, message.cc) == (("anna@example.com",), ("ben@example.com",))
    state = hass.states.get(ANNA)
    assert state is not None
    assert state.state != "unknown"


@pytest.mark.parametrize(
    "data", [{"message": None, "title": None}, {"message": "", "title": ""}, {}]
)
async def test_an_email_needs_no_text(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, data: dict[str, Any]
) -> None:
    """As where a template gives none, or nothing."""
    await hass.services.async_call(
        DOMAIN, "send_message", {"entity_id": ANNA, **data}, blocking=True
    )
    await settled(hass, loaded)
    (message,) = desk.sent
    assert message.subject == "Home Assistant"


async def test_a_number_is_a_text_and_what_is_none_is_refused(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await act(hass, title=7, message=21.5)
    await settled(hass, loaded)
    assert desk.sent[0].subject == "7"
    assert desk.sent[0].body.startswith("21.5\n")
    unusable: list[dict[str, Any]] = [
        {"message": {"a": 1}},
        {"title": ["a"]},
        {"priority": "urgent"},
        {"critical": "perhaps"},
        {"expires_after": {"seconds": 59}},
        {"expires_after": {"days": 7, "seconds": 1}},
        {"timeout": {"hours": 2}},
        {"colour": "red"},
    ]
    for data in unusable:
        with pytest.raises(vol.Invalid):
            await act(hass, **data)
    assert len(desk.sent) == 1


@pytest.mark.parametrize(
    "attachment", [{}, {"path": "/a", "media_source": "media-source://a"}]
)
async def test_an_attachment_of_no_source_or_of_two_is_refused_in_words(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, attachment: dict[str, str]
) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await act(hass, attachments=[attachment])
    assert refused.value.translation_key == "attachment_source"
    assert not desk.sent


# To whom else it goes.


async def test_an_email_goes_to_further_addresses_that_the_option_allows(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.mail.takes_emails = True
    allow(hass, loaded, "example.org", "noah@example.net")
    await act(
        hass, to="mia@example.org", cc=["Noah@example.NET"], bcc=["leo@example.org"]
    )
    await settled(hass, loaded)
    (arrived,) = desk.mail.received
    assert sorted(arrived.rcpt_tos) == [
        "Noah@example.net",
        "anna@example.com",
        "ben@example.com",
        "leo@example.org",
        "mia@example.org",
    ]
    assert "leo@" not in str(arrived.content)


@pytest.mark.parametrize(
    ("allowed", "refused"),
    [
        ([], "mia@example.org"),
        (["example.org"], "noah@mail.example.org"),
        (["mia@example.org"], "noah@mail.example.org"),
        (["nonsense"], "mia@example.org"),
    ],
)
async def test_the_first_address_that_is_not_allowed_is_named_and_nothing_sent(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    allowed: list[str],
    refused: str,
) -> None:
    allow(hass, loaded, *allowed)
    with pytest.raises(ServiceValidationError) as raised:
        await act(hass, to=["mia@example.org"], bcc=["noah@mail.example.org"])
    assert raised.value.translation_key == "address_not_allowed"
    assert raised.value.translation_placeholders == {"address": refused}
    assert "{address}" in texts()["exceptions"]["address_not_allowed"]["message"]
    assert loaded.runtime_data.courier.status.mail.waiting == 0


async def test_an_address_that_is_left_empty_is_none(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await act(hass, to="", cc=[" ", "\u200b"], bcc=None)
    await settled(hass, loaded)
    assert desk.sent[0].to == ("anna@example.com",)


@pytest.mark.parametrize("address", ["mia", "mia@", "a b@example.org", "x" * 300])
async def test_what_is_no_address_is_named(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, address: str
) -> None:
    allow(hass, loaded, "example.org")
    with pytest.raises(ServiceValidationError) as raised:
        await act(hass, to=["mia@example.org", address])
    assert raised.value.translation_key == "address_unusable"
    assert raised.value.translation_placeholders == {"address": address}


async def test_each_address_gets_one_email(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    """Whether it is written otherwise, in two lists, or the recipient's own."""
    allow(hass, loaded, "example.com", "bücher.example")
    await act(
        hass,
        to=["ANNA@example.com", "mia@bücher.example"],
        cc=["mia@xn--bcher-kva.example", "Ben@Example.com"],
        bcc=["anna@example.com"],
    )
    await settled(hass, loaded)
    (message,) = desk.sent
    assert message.to == ("anna@example.com", "mia@xn--bcher-kva.example")
    assert (message.cc, message.bcc) == (("ben@example.com",), ())


async def test_an_allow_list_that_was_edited_into_nonsense_allows_nobody(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(loaded, options={"allowed_addresses": 7})
    with pytest.raises(ServiceValidationError):
        await act(hass, to="mia@example.org")
    await act(hass)


# How urgent it is.


async def test_an_email_may_be_critical_and_have_a_time_of_its_own(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.unplug()
    await act(hass, message="first")
    await act(hass, message="second", critical=True, expires_after={"minutes": 10})
    first, second = await loaded.runtime_data.courier.listed()
    assert (first.critical, second.critical) == (True, False)
    second_of_clock = timedelta(seconds=1)
    for email, lifetime in (
        (first, timedelta(minutes=10)),
        (second, timedelta(days=2)),
    ):
        assert abs(email.expires - email.accepted - lifetime) < second_of_clock


# What became of it.


async def test_a_caller_may_wait_for_the_result(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    answer = await act(hass, wait_for_result=True)
    assert answer["state"] == "sent"
    assert (answer["way"], answer["attempts"]) == ("module", 1)
    assert answer["seconds"] >= 0


async def test_a_result_has_codes_and_what_they_mean(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.has_tcp = False
    desk.always = Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, 535)
    answer = await act(hass, wait_for_result=True, timeout={"milliseconds": 500})
    assert answer["state"] in ("held", "deferred")
    assert (answer["code"], answer["code_name"]) == (677, "auth_failed")
    assert answer["code_meaning"] == "The mail server refused username or password"
    assert answer["reply"] == 535
    assert answer["reply_meaning"]


async def test_the_answer_and_the_list_say_why_an_email_is_held(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.has_tcp = False
    desk.always = Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, 535)
    first = await act(hass)
    courier = loaded.runtime_data.courier
    await desk.until(lambda: Reason.LOGIN in courier.status.mail.held)
    # One that comes now has not been tried: nothing but this says why it waits.
    second = await act(
        hass, message="Fire", wait_for_result=True, timeout={"milliseconds": 1}
    )
    meaning = "The mail server refused the login"
    assert (second["state"], second["code"]) == ("held", None)
    assert (second["reason"], second["reason_meaning"]) == ("login", meaning)
    listed: Any = await hass.services.async_call(
        DOMAIN, "list_outbox", blocking=True, return_response=True
    )
    told = {
        email["reference"]: (email["reason_meaning"], email["code_meaning"])
        for email in listed["emails"]
    }
    refused = "The mail server refused username or password"
    assert told[first["reference"]] == (meaning, refused)
    assert told[second["reference"]] == (meaning, None)


async def test_a_caller_waits_no_longer_than_it_says(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.unplug()
    answer = await act(hass, wait_for_result=True, timeout=0)
    assert answer["state"] == "queued"
    assert loaded.runtime_data.courier.status.mail.waiting == 1


async def test_a_caller_that_gives_up_waiting_ends_nothing_of_the_email(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    held = desk.hold_in("put")
    waiting = hass.async_create_task(act(hass, wait_for_result=True))
    await desk.reached("put")
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    held.set()
    await settled(hass, loaded)
    assert len(desk.sent) == 1


async def test_a_result_that_can_not_be_read_is_no_error_of_an_accepted_email(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_: object) -> None:
        raise OutboxWriteError

    monkeypatch.setattr(loaded.runtime_data.courier, "result", fail)
    answer = await act(hass, wait_for_result=True)
    assert answer["state"] == "accepted"
    await settled(hass, loaded)
    assert len(desk.sent) == 1


async def test_what_was_changed_is_told_in_sentences(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changes = tuple(Change(what, "Tür.jpg") for what in Fit)
    finding = Finding(Result.SENT, changes=changes)

    async def result(reference: str, _: float) -> EmailResult:
        return EmailResult(reference, State.SENT, finding, 1, None, 2.04)

    monkeypatch.setattr(loaded.runtime_data.courier, "result", result)
    answer = await act(hass, wait_for_result=True)
    assert answer["seconds"] == 2.0
    told = {change["change"]: change["text"] for change in answer["fitted"]}
    assert set(told) == set(Fit)
    assert told["picture_scaled"] == "Tür.jpg was scaled down or compressed."
    assert {change["name"] for change in answer["fitted"]} == {"Tür.jpg"}


async def test_an_attachment_that_is_missing_is_told_to_who_waits(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    secret = {"path": "/etc/passwd"}
    answer = await act(hass, attachments=[secret], wait_for_result=True)
    assert answer["state"] == "sent"
    (change,) = answer["fitted"]
    assert (change["change"], change["name"]) == ("attachment_left_out", "passwd")
    assert change["text"] == "passwd is not attached. The email says why."


# Either action.


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (OutboxFullError(200, "emails"), "outbox_full_emails"),
        (OutboxWriteError(), "outbox_failed"),
    ],
)
async def test_either_action_fails_alike(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    key: str,
) -> None:
    async def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(loaded.runtime_data.courier, "submit", fail)
    for action in (act(hass), send(hass)):
        with pytest.raises(HomeAssistantError) as raised:
            await action
        assert raised.value.translation_key == key
    state = hass.states.get(ANNA)
    assert state is not None
    assert state.state == "unknown"


@pytest.mark.parametrize("addresses", [[], ["nobody"], ["a@example.com"] * 101])
async def test_either_action_refuses_a_spoilt_recipient_alike(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, addresses: list[str]
) -> None:
    (recipient,) = loaded.subentries.values()
    hass.config_entries.async_update_subentry(
        loaded, recipient, data={"to": addresses, "cc": [], "bcc": []}
    )
    found = []
    for action in (act(hass), send(hass)):
        with pytest.raises(ServiceValidationError) as raised:
            await action
        found.append(
            (raised.value.translation_key, raised.value.translation_placeholders)
        )
    assert found[0] == found[1]
