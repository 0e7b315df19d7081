"""What ``notify.send_message`` sends, and what it says when it can't."""

import asyncio

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.modem.codes import (
    EquipmentError,
    SmtpError,
    SmtpReply,
    TcpError,
)
from custom_components.quectel_smtp.modem.errors import (
    ApnMissingError,
    CommandError,
    DataModeError,
    InvalidValueError,
    ModemError,
    PdpError,
    ServerNameError,
)
from custom_components.quectel_smtp.modem.smtp import Outcome, Result
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .conftest import ANNA, send
from .dialog import texts
from .modem_on_the_desk import Desk

LOGIN_REFUSED = Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, SmtpReply.AUTH_FAILED)


async def test_a_notification_is_sent_as_an_email(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await send(hass, "Water in the cellar", title="Alarm")
    (message,) = desk.sent
    assert message.subject == "Alarm"
    assert message.body == "Water in the cellar"
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
    assert desk.sent[0].subject == subject


async def test_one_slow_email_holds_no_caller_s_turn(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    """Both are accepted; the modem takes them one after the other."""
    held = desk.hold_in("put")
    first = asyncio.create_task(send(hass, "first"))
    await desk.reached("put")
    second = asyncio.create_task(send(hass, "second"))
    with pytest.raises(ServiceValidationError):
        await send(hass, title="t" * 81)
    held.set()
    await asyncio.gather(first, second)
    assert [message.body for message in desk.sent] == ["first", "second"]


async def test_the_entity_is_there_while_the_modem_is_not(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.unplug()
    await desk.until(lambda: loaded.runtime_data.courier.status.trouble is not None)
    state = hass.states.get(ANNA)
    assert state is not None
    assert state.state != "unavailable"
    with pytest.raises(HomeAssistantError) as raised:
        await send(hass)
    assert raised.value.translation_key == "port_not_found"


@pytest.mark.parametrize(
    ("message", "title", "key", "limit"),
    [
        ("m", "t" * 81, "invalid_subject_too_long", "80"),
        ("m", "ä" * 41, "invalid_subject_too_long", "80"),
        ("m", "a\x07b", "invalid_subject_forbidden_character", ""),
        ("m", "\ud800", "invalid_subject_invalid", ""),
        ("m" * 10_001, None, "invalid_body_too_long", "10000"),
        ("a\0b", None, "invalid_body_forbidden_character", ""),
        ("\ud800", None, "invalid_body_invalid", ""),
    ],
)
async def test_what_can_not_be_sent_is_refused_by_field_and_limit(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    message: str,
    title: str | None,
    key: str,
    limit: str,
) -> None:
    with pytest.raises(ServiceValidationError) as raised:
        await send(hass, message, title=title)
    assert raised.value.translation_key == key
    assert raised.value.translation_placeholders == {"limit": limit}
    assert not desk.sent


@pytest.mark.parametrize(
    ("addresses", "key"),
    [
        ([], "invalid_recipients_empty"),
        (["nobody"], "invalid_recipients_invalid"),
        (["ü@example.com"], "invalid_recipients_not_ascii"),
        (['"@example.com'], "invalid_recipients_forbidden_character"),
        (["a" * 51], "invalid_recipients_too_long"),
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


@pytest.mark.parametrize("code", list(SmtpError))
async def test_each_code_of_the_modem_is_said_in_words(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, code: SmtpError
) -> None:
    desk.outcomes.append(Outcome(Result.REFUSED, code, SmtpReply.AUTH_FAILED))
    with pytest.raises(HomeAssistantError) as raised:
        await send(hass)
    error = raised.value
    assert error.translation_key == f"smtp_{int(code)}"
    assert error.translation_placeholders is not None
    assert error.translation_placeholders["code"] == str(int(code))
    assert error.translation_placeholders["reply"] == "535 (Authentication failed)"
    said = texts()["exceptions"][error.translation_key]["message"]
    assert said.format(**error.translation_placeholders)
    doubtful = code in (651, 654, 656, 658, 660)
    assert ("may have been delivered" in said or "may not" in said) is doubtful


@pytest.mark.parametrize(
    ("outcome", "key", "code", "reply"),
    [
        (Outcome(Result.UNKNOWN), "result_lost", "–", "no reply"),
        (
            Outcome(Result.DOUBTFUL, 699, 299),
            "result_doubtful",
            "699",
            "299 (not listed)",
        ),
        (Outcome(Result.REFUSED), "modem_refused", "–", "no reply"),
        (
            Outcome(Result.REFUSED, EquipmentError.MEMORY_FULL),
            "modem_refused",
            "20",
            "no reply",
        ),
        (LOGIN_REFUSED, "smtp_677", "677", "535 (Authentication failed)"),
    ],
)
async def test_other_ends_are_said_in_words(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    outcome: Outcome,
    key: str,
    code: str,
    reply: str,
) -> None:
    desk.outcomes.append(outcome)
    with pytest.raises(HomeAssistantError) as raised:
        await send(hass)
    assert raised.value.translation_key == key
    placeholders = raised.value.translation_placeholders
    assert placeholders is not None
    assert (placeholders["code"], placeholders["reply"]) == (code, reply)
    assert texts()["exceptions"][key]["message"].format(**placeholders)


@pytest.mark.parametrize(
    ("err", "key", "code"),
    [
        (PdpError(TcpError.PDP_OPEN_FAILED), "pdp_failed", "561"),
        (ApnMissingError(573), "apn_missing", "573"),
        (ServerNameError(565), "server_name", "565"),
        (CommandError("AT+X", EquipmentError.SIM_BUSY), "command_error", "14"),
        (DataModeError(), "data_mode", "–"),
        (InvalidValueError("host", "too_long", 50), "settings_invalid", "–"),
        (ModemError(), "modem_error", "–"),
        (PdpError(None), "pdp_failed", "–"),
    ],
)
async def test_what_kept_an_email_from_being_sent_is_said_in_words(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    err: ModemError,
    key: str,
    code: str,
) -> None:
    desk.fail("activate", err)
    with pytest.raises(HomeAssistantError) as raised:
        await send(hass)
    assert raised.value.translation_key == key
    placeholders = raised.value.translation_placeholders
    assert placeholders is not None
    assert placeholders["code"] == code
    assert texts()["exceptions"][key]["message"].format(**placeholders)


async def test_a_failed_notification_is_not_recorded_as_sent(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.outcomes.append(LOGIN_REFUSED)
    with pytest.raises(HomeAssistantError):
        await send(hass)
    state = hass.states.get(ANNA)
    assert state is not None
    assert state.state == "unknown"


async def test_a_password_is_in_no_error(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.outcomes.append(LOGIN_REFUSED)
    with pytest.raises(HomeAssistantError) as raised:
        await send(hass)
    assert "correct horse" not in f"{raised.value!r}{raised.value}"
