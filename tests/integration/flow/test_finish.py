"""A dialog ends with an email that was really sent, or says what became of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.modem.at.codes import SmtpError, SmtpReply
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from homeassistant.config_entries import FlowType
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.integration.conftest import send, until
from tests.integration.dialog import (
    CELLULAR_INPUT,
    PORT_INPUT,
    SERVER_INPUT,
    Dialog,
    recipient_form,
    to_provider,
)
from tests.integration.modem_on_the_desk import Desk
from tests.translations import texts

PATIENCE = "custom_components.quectel_smtp.flow.finish.PATIENCE"
ALEX = recipient_form("Alex", ["alex@example.com"])
LOGIN = Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, SmtpReply.AUTH_FAILED)


@pytest.fixture(autouse=True)
def each_at_a_second_of_its_own() -> Iterator[None]:
    """Give each test email another time: the same text again is held for a minute."""
    begun = datetime(2026, 11, 26, 20, 45)
    times = (begun + timedelta(seconds=number) for number in count())
    clock = SimpleNamespace(now=lambda: next(times))
    with patch("custom_components.quectel_smtp.trial.dt_util", clock):
        yield


async def _set_up(hass: HomeAssistant) -> Dialog:
    """Set a modem up; the dialog that follows."""
    dialog = await to_provider(hass)
    await dialog.choose("gmail")
    await dialog.submit(username="home@gmail.com", password="correct horse")
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    kind, flow_id = dialog.result["next_flow"]
    assert kind is FlowType.CONFIG_FLOW
    return Dialog(hass, await hass.config_entries.flow.async_configure(flow_id))


async def _reconfigured(
    hass: HomeAssistant, entry: MockConfigEntry, **user_input: Any
) -> Dialog:
    """Change the data connection, up to the question whom the test email goes to."""
    dialog = Dialog(hass, await entry.start_reconfigure_flow(hass))
    await dialog.choose("cellular")
    await dialog.submit(**CELLULAR_INPUT | user_input)
    assert dialog.step == "test"
    return dialog


async def test_the_set_up_ends_with_an_email_that_was_sent(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await _set_up(hass)
    assert dialog.step == "recipient"
    assert dialog.suggested("address") == "home@gmail.com"
    await dialog.submit(**ALEX)
    assert dialog.progress_seen[-1] == "test"
    assert dialog.ended == "test_sent_module"
    (email,) = desk.sent
    assert email.to == ("alex@example.com",)
    assert email.subject == "Test email from Quectel EC200A"
    shown = dialog.result["description_placeholders"]
    assert shown["to"] == "Alex (alex@example.com)"
    assert shown["host"] == "smtp.gmail.com"
    assert f"Ref: {shown['reference']}" in email.body
    assert int(shown["seconds"]) >= 0
    assert hass.states.get("notify.alex")


async def test_an_email_by_home_assistant_s_client_is_told_as_that(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(loaded, options={"way": "stream"})
    desk.mail.takes_emails = True
    dialog = await _reconfigured(hass, loaded)
    await dialog.submit(test_to="sender")
    assert dialog.ended == "test_sent_stream"
    assert desk.mail.received[0].rcpt_tos == ["home@example.com"]
    assert dialog.result["description_placeholders"]["to"] == "home@example.com"


async def test_a_first_recipient_that_can_not_be_written_to_is_asked_for_anew(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await _set_up(hass)
    await dialog.submit(**recipient_form(to=["nobody"]))
    assert dialog.errors == {"address": "address_invalid"}
    assert not desk.sent
    await dialog.submit(**ALEX)
    assert dialog.ended == "test_sent_module"


async def test_settings_that_were_changed_are_tried_by_an_email_to_whom_one_chooses(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = await _reconfigured(hass, loaded)
    options = dialog.field("test_to").config["options"]
    assert [option["label"] for option in options] == [
        "home@example.com",
        "Anna",
        "nobody",
    ]
    await dialog.submit(test_to="recipient_1")
    assert dialog.ended == "test_sent_module"
    assert desk.sent[-1].to == ("anna@example.com",)


async def test_nobody_has_to_get_a_test_email_but_success_is_not_said_then(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = await _reconfigured(hass, loaded, apn="iot.example")
    assert await dialog.without_test() == "saved_untested"
    assert loaded.data["apn"] == "iot.example"
    assert not desk.sent


async def test_a_change_without_any_recipient_asks_for_the_first(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_remove_subentry(loaded, "recipient_1")
    dialog = Dialog(hass, await loaded.start_reconfigure_flow(hass))
    await dialog.choose("port")
    await dialog.submit(**PORT_INPUT)
    assert dialog.step == "recipient"
    await dialog.submit(**ALEX)
    assert dialog.ended == "test_sent_module"


async def test_a_login_that_the_server_refuses_after_all_leads_to_its_form_and_back(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.always = LOGIN
    dialog = await _set_up(hass)
    await dialog.submit(**ALEX)
    assert dialog.step == "test_failed"
    shown = dialog.result["description_placeholders"]
    assert shown["meaning"] == "The mail server refused username or password"
    assert dialog.result["menu_options"][0] == "server"
    await dialog.choose("server")
    desk.always = None
    await dialog.submit(**SERVER_INPUT)
    # The one that was in vain does not come, too.
    assert dialog.ended == "test_sent_module"
    assert len(desk.sent) == 1
    (entry,) = hass.config_entries.async_entries("quectel_smtp")
    assert entry.data["host"] == "smtp.example.com"


async def test_the_server_s_own_words_are_told(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(loaded, options={"way": "stream"})
    desk.mail.takes_emails = True
    dialog = await _reconfigured(hass, loaded)
    desk.mail.sender_reply = "553 5.7.1 Not your address"
    await dialog.submit(test_to="sender")
    assert dialog.step == "test_said"
    words = dialog.result["description_placeholders"]["words"]
    assert words == "553 5.7.1 Not your address"
    # Nobody but the sender is asked about.
    assert "recipient" not in dialog.result["menu_options"]
    desk.mail.sender_reply = "250 OK"
    await dialog.choose("send_test")
    assert dialog.ended == "test_sent_stream"


async def test_an_email_that_one_of_several_addresses_did_not_get_names_that_one(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.has_mail_client = False
    desk.mail.takes_emails = True
    desk.mail.refused = {"gone@example.org": "550 5.1.1 No such mailbox"}
    dialog = await _set_up(hass)
    both = ["alex@example.com", "gone@example.org"]
    await dialog.submit(**recipient_form("Alex", both))
    assert dialog.step == "test_said"
    words = dialog.result["description_placeholders"]["words"]
    assert words == "gone@example.org: 550 5.1.1 No such mailbox"
    assert [one.rcpt_tos for one in desk.mail.received] == [["alex@example.com"]]
    assert dialog.result["menu_options"][0] == "recipient"
    await dialog.choose("recipient")
    alex = recipient_form("Alex", ["alex@example.com"])
    await dialog.submit(**alex, back=False)
    assert dialog.ended == "test_sent_stream"
    (entry,) = hass.config_entries.async_entries("quectel_smtp")
    (recipient,) = entry.subentries.values()
    assert recipient.data["to"] == ["alex@example.com"]


async def test_another_address_can_be_given_and_gets_the_next_test(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.always = Outcome(
        Result.REFUSED, SmtpError.MAILBOX_UNAVAILABLE, SmtpReply.MAILBOX_UNAVAILABLE
    )
    dialog = await _set_up(hass)
    await dialog.submit(**ALEX)
    assert dialog.step == "test_failed"
    assert dialog.result["menu_options"][0] == "recipient"
    await dialog.choose("recipient")
    assert dialog.suggested("address") == "alex@example.com"
    await dialog.submit(**ALEX, back=True)
    assert dialog.step == "test_failed"
    await dialog.choose("recipient")
    desk.always = None
    await dialog.submit(**recipient_form("Alex", ["alex@example.org"]), back=False)
    assert dialog.ended == "test_sent_module"
    assert desk.sent[-1].to == ("alex@example.org",)
    (entry,) = hass.config_entries.async_entries("quectel_smtp")
    assert len(entry.subentries) == 1


async def test_an_email_that_can_not_be_tried_yet_waits_and_says_why(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = await _reconfigured(hass, loaded)
    desk.unplug()
    courier = loaded.runtime_data.courier
    await until(lambda: courier.status.trouble is not None)
    with patch(PATIENCE, 0.01):
        await dialog.submit(test_to="recipient_1")
    assert dialog.step == "test_waits"
    meaning = dialog.result["description_placeholders"]["meaning"]
    assert meaning == "Port not found"
    assert dialog.result["menu_options"][0] == "port"
    await dialog.choose("leave")
    assert dialog.ended == "saved_unsent"
    assert courier.status.mail.waiting == 1


async def test_what_keeps_an_email_from_being_tried_may_not_be_known(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = await _reconfigured(hass, loaded)
    held = desk.hold_in("put")
    with patch(PATIENCE, 0.01):
        await dialog.submit(test_to="recipient_1")
    assert dialog.step == "test_waits"
    assert dialog.result["description_placeholders"]["meaning"] == "Unknown"
    held.set()
    await dialog.choose("send_test")
    assert dialog.ended == "test_sent_module"


async def test_a_test_email_that_waits_behind_others_says_so(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = await _reconfigured(hass, loaded)
    held = desk.hold_in("put")
    for number in range(3):
        await send(hass, f"Water in cellar {number}")
    with patch(PATIENCE, 0.01):
        await dialog.submit(test_to="recipient_1")
    assert dialog.step == "test_waits"
    meaning = dialog.result["description_placeholders"]["meaning"]
    assert meaning == "Emails that are sent before it: 3"
    held.set()
    await dialog.choose("send_test")
    assert dialog.ended == "test_sent_module"
    # The one that waited was cancelled: it comes once.
    assert len(desk.sent) == 4


async def test_an_email_that_is_not_accepted_says_why(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = await _reconfigured(hass, loaded)
    (anna,) = loaded.subentries.values()
    hass.config_entries.async_update_subentry(loaded, anna, data={"to": ["nobody"]})
    await dialog.submit(test_to="recipient_1")
    assert dialog.step == "test_refused"
    # Whole, as the language of the instance has it: an error's own text is English.
    said = texts()["exceptions"]["invalid_recipients_invalid"]["message"]
    assert dialog.result["description_placeholders"]["meaning"] == said
    await dialog.choose("recipient")
    await dialog.submit(**ALEX)
    assert dialog.ended == "test_sent_module"


async def test_screens_and_clicks_of_a_set_up_with_a_provider(
    hass: HomeAssistant, desk: Desk, record_property: Any
) -> None:
    """A click for each field after the first, which has the focus, and for each button.

    To choose a port is two; an address that is suggested is taken as it is.
    """
    screens, clicks = [], 0
    dialog = await Dialog.start(hass)
    screens.append(dialog.step)
    clicks += 2 + 1
    await dialog.submit(**PORT_INPUT)
    screens.append(dialog.step)
    clicks += 1
    await dialog.submit(**CELLULAR_INPUT)
    screens.append(dialog.step)
    clicks += 1
    await dialog.choose("gmail")
    screens.append(dialog.step)
    clicks += 1 + 1
    await dialog.submit(username="home@gmail.com", password="correct horse")
    _, flow_id = dialog.result["next_flow"]
    dialog = Dialog(hass, await hass.config_entries.flow.async_configure(flow_id))
    screens.append(dialog.step)
    clicks += 1
    await dialog.submit(address=dialog.suggested("address"))
    assert dialog.ended is not None
    screens.append(dialog.ended)
    clicks += 1
    print(  # noqa: T201
        f"{len(screens)} screens, {clicks} clicks: {', '.join(screens)}"
    )
    record_property("screens", len(screens))
    record_property("clicks", clicks)
    assert len(screens) < 7
    assert clicks < 14
    assert len(desk.sent) == 1
