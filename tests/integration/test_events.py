"""The event entity tells what becomes of each email, once, and nothing secret."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.modem.at.codes import SmtpError, SmtpReply
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant, callback

from .conftest import in_service, send, settled, until
from .modem_on_the_desk import Desk

EMAIL = "event.quectel_ec200a_email_delivery"
LOGIN = Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, SmtpReply.AUTH_FAILED)
BUSY = Outcome(Result.REFUSED, SmtpError.BUSY)
GONE = Outcome(
    Result.REFUSED, SmtpError.MAILBOX_UNAVAILABLE, SmtpReply.MAILBOX_UNAVAILABLE
)


@pytest.fixture
def told(hass: HomeAssistant) -> list[dict[str, Any]]:
    """Collect the attributes of each event."""
    found: list[dict[str, Any]] = []
    seen: set[str] = set()

    @callback
    def take(event: Event[Any]) -> None:
        state = event.data["new_state"]
        if (
            event.data["entity_id"] == EMAIL
            and state is not None
            and state.attributes.get("event_type")
            and state.state not in seen
        ):
            # One that is restored is no new one.
            seen.add(state.state)
            found.append(dict(state.attributes))

    hass.bus.async_listen(EVENT_STATE_CHANGED, take)
    return found


def _types(told: list[dict[str, Any]]) -> list[str]:
    return [event["event_type"] for event in told]


async def test_an_email_is_accepted_and_sent(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    told: list[dict[str, Any]],
) -> None:
    state = hass.states.get(EMAIL)
    assert state is not None
    assert state.state == "unknown"
    await send(hass, "Water in the cellar", title="Alarm")
    await settled(hass, loaded)
    assert _types(told) == ["accepted", "sent"]
    assert {event["reference"] for event in told} == {
        loaded.runtime_data.courier.status.mail.last.reference
    }
    assert told[-1]["recipient"] == "Anna"
    assert told[-1]["attempts"] == 1
    everything = str(told)
    for secret in ("Water", "Alarm", "@example.com", "correct horse"):
        assert secret not in everything


async def test_a_login_that_is_refused_holds(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    told: list[dict[str, Any]],
) -> None:
    desk.always = LOGIN
    await send(hass)
    await until(lambda: "held" in _types(told))
    held = told[-1]
    assert held["reason"] == "login"
    assert (held["code"], held["code_name"]) == (677, "auth_failed")
    assert (held["reply"], held["reply_name"]) == (535, "auth_failed")
    assert "error" not in held
    desk.always = None
    await loaded.runtime_data.courier.retry(None)
    await settled(hass, loaded)
    assert _types(told)[-1] == "sent"


async def test_an_email_that_is_tried_again_says_when(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    told: list[dict[str, Any]],
) -> None:
    desk.always = BUSY
    await send(hass)
    await until(lambda: "deferred" in _types(told))
    deferred = next(event for event in told if event["event_type"] == "deferred")
    assert deferred["reason"] == "retry"
    assert deferred["next_attempt"] is not None
    assert deferred["code_name"] == "busy"


async def test_a_mailbox_that_does_not_exist_fails_for_one(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    told: list[dict[str, Any]],
) -> None:
    await send(hass, "first")
    await settled(hass, loaded)
    # To both, then to each of the two alone.
    desk.outcomes = [GONE, GONE]
    await send(hass, "second")
    await settled(hass, loaded)
    assert _types(told)[-1] == "partly_sent"
    desk.always = GONE
    await send(hass, "third")
    await settled(hass, loaded)
    assert _types(told)[-1] == "failed"
    assert told[-1]["code_name"] == "mailbox_unavailable"


async def test_the_same_text_twice_becomes_one_email(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    told: list[dict[str, Any]],
) -> None:
    desk.unplug()
    await desk.until(lambda: loaded.runtime_data.courier.status.trouble is not None)
    await send(hass, "same")
    await send(hass, "same")
    # Telling follows the acceptance; nobody waits for it.
    await until(lambda: "merged" in _types(told))
    merged = next(event for event in told if event["event_type"] == "merged")
    accepted = [event for event in told if event["event_type"] == "accepted"]
    assert merged["merged_into"] == accepted[0]["reference"]
    assert merged["reference"] != merged["merged_into"]


async def test_a_cancelled_email_is_told(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    told: list[dict[str, Any]],
) -> None:
    desk.unplug()
    await desk.until(lambda: loaded.runtime_data.courier.status.trouble is not None)
    await send(hass)
    assert await loaded.runtime_data.courier.cancel(None) == 1
    await until(lambda: "cancelled" in _types(told))
    assert _types(told) == ["accepted", "cancelled"]


async def test_what_happens_while_the_entry_is_unloaded_is_told_after_it(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    told: list[dict[str, Any]],
) -> None:
    """The result comes in between; the modem kept it."""
    desk.hold_in("put")
    await send(hass)
    await desk.reached("put")
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert "sent" not in _types(told)
    desk.held.pop("put").set()
    desk.late = Outcome(Result.SENT, None, SmtpReply.OK)
    assert await hass.config_entries.async_setup(loaded.entry_id)
    await settled(hass, loaded)
    assert _types(told).count("sent") == 1
    assert _types(told).count("accepted") == 1
    assert not desk.sent


async def test_an_email_accepted_in_the_first_second_is_told_once_the_courier_starts(
    hass: HomeAssistant,
    desk: Desk,
    entry: MockConfigEntry,
    told: list[dict[str, Any]],
) -> None:
    async def early(*_: Any) -> None:
        await send(hass)

    first: list[Callable[[], None]] = []

    @callback
    def added(event: Event[Any]) -> None:
        if event.data["entity_id"] == "notify.anna" and not event.data["old_state"]:
            hass.async_create_task(early())
            first.pop()()

    first.append(hass.bus.async_listen(EVENT_STATE_CHANGED, added))
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await in_service(entry)
    await settled(hass, entry)
    assert _types(told) == ["accepted", "sent"]
    assert len(desk.sent) == 1
