"""What ``notify.send_message`` accepts, what it refuses, and that it never waits."""

from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.quectel_smtp.delivery.errors import (
    OutboxFullError,
    OutboxWriteError,
)
from custom_components.quectel_smtp.modem.at.codes import SmtpError, SmtpReply
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.setup import async_setup_component
from tests.translations import texts

from .conftest import ANNA, send, settled
from .modem_on_the_desk import PORT, Desk


async def test_a_notification_is_sent_as_an_email(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await send(hass, "Water in the cellar", title="Alarm")
    await settled(hass, loaded)
    (message,) = desk.sent
    assert message.subject == "Alarm"
    text, _, reference = message.body.partition("\n\n")
    assert text == "Water in the cellar"
    last = loaded.runtime_data.courier.status.mail.last
    assert reference == f"Ref: {last.reference}"
    assert message.to == ("anna@example.com",)
    assert message.cc == ("ben@example.com",)
    assert message.bcc == ()
    state = hass.states.get(ANNA)
    assert state is not None
    assert state.state not in ("unknown", "unavailable")


@pytest.mark.parametrize(
    ("title", "subject"),
    [
        (None, "Home Assistant"),
        ("", "Home Assistant"),
        (" \n ", "Home Assistant"),
        ("Water\r\nBcc: someone@example.com", "Water Bcc: someone@example.com"),
        ("Water\u2028in the\tcellar", "Water in the cellar"),
        ("Water\x07 in\0 the\x7f cellar", "Water in the cellar"),
        ("\x1b[31mWater\x1b[0m in the cellar", "Water in the cellar"),
        ("\x1b", "Home Assistant"),
        ("Water \ud800", "Water \ufffd"),
    ],
)
async def test_a_subject_is_one_line_and_never_empty(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    title: str | None,
    subject: str,
) -> None:
    await send(hass, title=title)
    await settled(hass, loaded)
    assert desk.sent[0].subject == subject


async def test_a_long_title_in_chinese_with_emoji_is_sent_by_the_modems_client(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    """Cut in the subject, whole in the text, and the event says so."""
    hass.config_entries.async_update_entry(loaded, options={"way": "module"})
    await hass.async_block_till_done()
    title = "厨房烟雾探测器报警请立即查看" * 4 + "🔥"
    await send(hass, "Now!", title=title)
    await settled(hass, loaded)
    (message,) = desk.sent
    assert (
        message.subject
        == "厨房烟雾探测器报警请立即查看" * 2 + "厨房烟雾探测器报警请立…"
    )
    assert message.body.startswith(f"{title}\n\nNow!\n")
    event = hass.states.get("event.quectel_ec200a_email_delivery")
    assert event is not None
    assert event.attributes["fitted"] == ["subject_cut"]


async def test_a_message_is_sent_without_what_no_email_can_have(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await send(hass, "Water\0in the \ud800cellar\x07")
    await settled(hass, loaded)
    assert desk.sent[0].body.startswith("Waterin the \ufffdcellar\n")


async def test_addresses_that_are_stored_with_blanks_are_read_without(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    (subentry,) = loaded.subentries.values()
    hass.config_entries.async_update_subentry(
        loaded,
        subentry,
        data={"to": ["\u00a0a@example.com\u200b"], "cc": [], "bcc": []},
    )
    await send(hass)
    await settled(hass, loaded)
    assert desk.sent[0].to == ("a@example.com",)


async def test_no_caller_waits_for_the_modem(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    """Both are accepted at once; the modem takes them one after the other."""
    held = desk.hold_in("put")
    await send(hass, "first")
    await desk.reached("put")
    await send(hass, "second")
    assert not desk.sent
    held.set()
    await settled(hass, loaded)
    assert [message.body.split("\n")[0] for message in desk.sent] == ["first", "second"]


async def test_the_entity_accepts_while_the_modem_is_away(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.unplug()
    await desk.until(lambda: loaded.runtime_data.courier.status.trouble is not None)
    state = hass.states.get(ANNA)
    assert state is not None
    assert state.state != "unavailable"
    await send(hass)
    assert loaded.runtime_data.courier.status.mail.waiting == 1
    desk.ports = {PORT}
    await settled(hass, loaded)
    assert len(desk.sent) == 1


async def test_a_notification_is_accepted_while_home_assistant_stops(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    await send(hass)
    assert loaded.runtime_data.courier.status.mail.waiting == 1
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await settled(hass, loaded)
    assert len(desk.sent) == 1


@pytest.mark.parametrize(
    ("message", "title"),
    [
        ("m", "t" * 81),
        ("m", "ä" * 41),
        ("m", "门前有人 🚪" * 50),
        ("m", "\ud83d\0\x1b[31m"),
        ("m\0\ud83d", None),
        ("m" * 300_000, None),
        ("mmmmmmmmm\n" * 120_000, "t" * 100_000),
    ],
    ids=range(7),
)
async def test_nothing_is_refused_for_its_length_or_its_characters(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    message: str,
    title: str | None,
) -> None:
    desk.mail.takes_emails = True
    await send(hass, message, title=title)
    await settled(hass, loaded)
    assert len(desk.sent) + len(desk.mail.received) == 1


@pytest.mark.parametrize(
    ("message", "addresses"),
    [
        ("m" * 12_000, ["a@example.com"]),
        ("m", [f"a{n}@example.com" for n in range(25)]),
        ("m", ["a" * 39 + "@example.com"]),
    ],
    ids=["text", "recipients", "address"],
)
async def test_nothing_is_refused_because_of_the_way_that_is_chosen(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    message: str,
    addresses: list[str],
) -> None:
    desk.mail.takes_emails = True
    (subentry,) = loaded.subentries.values()
    hass.config_entries.async_update_subentry(
        loaded, subentry, data={"to": addresses, "cc": [], "bcc": []}
    )
    hass.config_entries.async_update_entry(loaded, options={"way": "module"})
    await hass.async_block_till_done()
    await send(hass, message)
    await settled(hass, loaded)
    arrived = [one.rcpt_tos for one in desk.mail.received]
    sent = [[*one.to] for one in desk.sent]
    assert [to for whom in (*arrived, *sent) for to in whom] == addresses


@pytest.mark.parametrize(
    ("addresses", "key"),
    [
        ([], "invalid_recipients_empty"),
        (["nobody"], "invalid_recipients_invalid"),
        (["ü@example.com"], "invalid_recipients_not_ascii"),
        (['"@example.com'], "invalid_recipients_forbidden_character"),
        (["a" * 255], "invalid_recipients_too_long"),
        (["a@example.com"] * 101, "invalid_recipients_too_many"),
    ],
)
async def test_a_recipient_that_was_spoilt_by_hand_is_named(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    addresses: list[str],
    key: str,
) -> None:
    (subentry,) = loaded.subentries.values()
    hass.config_entries.async_update_subentry(
        loaded, subentry, data={"to": addresses, "cc": [], "bcc": []}
    )
    with pytest.raises(ServiceValidationError) as raised:
        await send(hass)
    assert raised.value.translation_key == key
    assert key in texts()["exceptions"]


@pytest.mark.parametrize(
    ("err", "key", "placeholders"),
    [
        (OutboxFullError(200, "emails"), "outbox_full_emails", {"limit": "200"}),
        (
            OutboxFullError(52428800, "bytes"),
            "outbox_full_bytes",
            {"limit": "52"},
        ),
        (OutboxWriteError("disk I/O error"), "outbox_failed", None),
    ],
)
async def test_what_is_not_accepted_raises_and_says_what_to_do(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    err: Exception,
    key: str,
    placeholders: dict[str, str] | None,
) -> None:
    courier = loaded.runtime_data.courier
    with (
        patch.object(courier, "submit", side_effect=err),
        pytest.raises(HomeAssistantError) as raised,
    ):
        await send(hass)
    assert raised.value.translation_key == key
    assert raised.value.translation_placeholders == placeholders
    said = texts()["exceptions"][key]["message"].format(**placeholders or {})
    assert said.count(". ") >= 1
    state = hass.states.get(ANNA)
    assert state is not None
    assert state.state == "unknown"


async def test_an_outbox_that_is_full_says_how_many_wait(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.unplug()
    for number in range(180):
        await send(hass, f"message {number}")
    with pytest.raises(HomeAssistantError) as raised:
        await send(hass, "one too many")
    assert raised.value.translation_key == "outbox_full_emails"
    assert loaded.runtime_data.courier.status.mail.waiting == 180


async def test_what_the_server_refuses_is_no_error_of_the_caller_s(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.always = Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, SmtpReply.AUTH_FAILED)
    await send(hass)
    assert loaded.runtime_data.courier.status.mail.waiting == 1


async def test_what_waits_for_a_recipient_who_is_removed_is_cancelled_and_told(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.unplug()
    await desk.until(lambda: loaded.runtime_data.courier.status.trouble is not None)
    await send(hass)
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "triggers": {
                    "trigger": "state",
                    "entity_id": "event.quectel_ec200a_email_delivery",
                },
                "conditions": "{{ trigger.to_state.attributes.event_type == 'cancelled' }}",
                "actions": {"event": "told"},
            }
        },
    )
    told = async_capture_events(hass, "told")
    (subentry,) = loaded.subentries.values()
    hass.config_entries.async_remove_subentry(loaded, subentry.subentry_id)
    await desk.until(lambda: bool(told))
    assert loaded.runtime_data.courier.status.mail.waiting == 0
    assert not desk.sent
