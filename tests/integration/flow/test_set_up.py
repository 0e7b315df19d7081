"""The first set-up, from the port to the first recipient."""

import asyncio
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, FlowType
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import (
    EVENT_DATA_ENTRY_FLOW_PROGRESSED,
    FlowResultType,
)
from homeassistant.exceptions import ConfigEntryNotReady
from tests.integration.dialog import (
    CELLULAR_INPUT,
    PORT_INPUT,
    SERVER_INPUT,
    Dialog,
    recipient_form,
    to_cellular,
    to_certificate,
    to_last_form,
)
from tests.integration.mail_on_the_desk import ROOT
from tests.integration.modem_on_the_desk import ANOTHER, ICCID, IMEI, PORT, Desk

OTHER_PORT = "/dev/serial/by-id/usb-Quectel-if03"


async def test_a_modem_is_set_up_from_its_port_to_its_first_recipient(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await Dialog.start(hass)
    await dialog.submit(**PORT_INPUT)
    await dialog.submit(**CELLULAR_INPUT)
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT)

    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    assert dialog.result["title"] == "Quectel EC200A"
    entry = dialog.result["result"]
    assert entry.unique_id == IMEI
    assert entry.data == {
        "device": PORT,
        "baudrate": 115200,
        "model": "EC200A",
        "firmware": "EC200AEUHAR01A07M16",
        "mail_client": True,
        **CELLULAR_INPUT,
        **SERVER_INPUT,
        # Found while the account was tried.
        "certificate": ROOT,
        "verification": "automatic",
    }
    # What the modem accepted before the entry was made is what the entry says.
    assert desk.activated[0].apn == "internet"
    assert desk.configured[0].host == "smtp.example.com"
    assert desk.configured[0].tls.ca_pem == ROOT
    assert desk.mail.logins == [("home@example.com", "correct horse")]
    assert desk.mail.senders == ["home@example.com"]
    assert desk.dialled == 0

    kind, flow_id = dialog.result["next_flow"]
    assert kind is FlowType.CONFIG_FLOW
    recipient = Dialog(hass, await hass.config_entries.flow.async_configure(flow_id))
    assert recipient.step == "recipient"
    await recipient.submit(**recipient_form("Anna", ["anna@example.com"]))
    assert recipient.ended == "test_sent_module"
    assert entry.state is ConfigEntryState.LOADED
    assert hass.states.get("notify.anna")
    (sent,) = desk.sent
    assert sent.to == ("anna@example.com",)
    assert not hass.config_entries.flow.async_progress()


async def test_two_modems_of_one_model_are_told_apart_by_the_end_of_the_imei(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    another = {"device": OTHER_PORT}
    hass.config_entries.async_update_entry(
        entry, unique_id="860000000000027", data=entry.data | another
    )
    dialog = await Dialog.start(hass)
    await dialog.submit(**PORT_INPUT)
    await dialog.submit(**CELLULAR_INPUT)
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT)
    assert dialog.result["title"] == f"Quectel EC200A {IMEI[-4:]}"


async def test_a_modem_without_a_mail_client_is_set_up_like_any_other(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.has_mail_client = False
    dialog = await Dialog.start(hass)
    await dialog.submit(**PORT_INPUT)
    await dialog.submit(**CELLULAR_INPUT)
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    assert dialog.result["result"].data["mail_client"] is False
    # By way of the modem's own TCP.
    assert desk.mail.logins == [("home@example.com", "correct horse")]
    assert desk.dialled == 0
    # Nothing is for a mail client that is not there.
    assert "configure" not in desk.calls


async def test_a_root_of_one_s_own_is_also_for_a_modem_without_a_mail_client(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.has_mail_client = False
    dialog = await to_certificate(hass)
    await dialog.choose("certificate_text")
    await dialog.submit(certificate=ROOT)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    assert dialog.result["result"].data["certificate"] == ROOT
    assert "configure" not in desk.calls


async def test_what_was_found_is_shown_before_more_is_asked(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_cellular(hass)
    shown = dialog.result["description_placeholders"]
    assert shown["model"] == "EC200A"
    assert shown["firmware"] == "EC200AEUHAR01A07M16"
    assert shown["imei"] == IMEI
    assert shown["sim"] == ICCID
    assert shown["operator"] == "Example Mobile"
    assert shown["signal"] == "-71 dBm"


async def test_the_stage_of_a_check_is_shown(hass: HomeAssistant, desk: Desk) -> None:
    told = async_capture_events(hass, EVENT_DATA_ENTRY_FLOW_PROGRESSED)
    dialog = await Dialog.start(hass)
    held = desk.hold_in("network")
    await dialog.begin(**PORT_INPUT)
    assert dialog.result["progress_action"] == "open"
    await desk.until(lambda: len(told) == 1)
    await dialog.look()
    assert dialog.result["progress_action"] == "register"
    held.set()
    await desk.until(lambda: len(told) == 2)
    await dialog.look()
    assert dialog.step == "cellular"


async def test_who_fetches_a_check_too_early_does_not_take_its_end(
    hass: HomeAssistant, desk: Desk
) -> None:
    """Else the frontend, which is told of the end a moment later, finds no flow."""
    dialog = await to_last_form(hass)
    seen = asyncio.Event()
    with patch(
        "custom_components.quectel_smtp.flow.progress._be_seen", side_effect=seen.wait
    ):
        await dialog.begin()
        await desk.until(lambda: len(desk.configured) == 1 and not desk.open_modems)
        await dialog.look()
        assert dialog.result["type"] == "progress"
        seen.set()
        await hass.async_block_till_done()
        await dialog.look()
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY


async def test_no_port_is_held_while_a_person_thinks(
    hass: HomeAssistant, desk: Desk
) -> None:
    await to_cellular(hass)
    assert desk.opened == 1
    assert not desk.open_modems


async def test_closing_the_dialog_ends_the_check_and_closes_the_port(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await Dialog.start(hass)
    desk.hold_in("network")
    await dialog.begin(**PORT_INPUT)
    await desk.reached("network")
    assert desk.open_modems
    dialog.close()
    await hass.async_block_till_done()
    assert not desk.open_modems


async def test_a_dialog_can_be_closed_between_checks(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_cellular(hass)
    dialog.close()
    assert not hass.config_entries.flow.async_progress()


async def test_a_modem_that_moved_takes_its_entry_along(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.unplug()
    desk.ports = {OTHER_PORT}
    dialog = await Dialog.start(hass)
    await dialog.submit(**PORT_INPUT | {"device": OTHER_PORT})
    assert dialog.ended == "already_configured"
    assert loaded.data["device"] == OTHER_PORT
    assert loaded.state is ConfigEntryState.LOADED
    await desk.until(lambda: desk.opened_at == OTHER_PORT)


async def test_a_port_that_an_entry_has_is_not_opened_again(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    dialog = await Dialog.start(hass)
    await dialog.submit(**PORT_INPUT)
    assert dialog.ended == "already_configured"
    assert not desk.opened


async def test_a_dialog_that_a_reloaded_page_left_behind_does_not_keep_the_modem(
    hass: HomeAssistant, desk: Desk
) -> None:
    await to_cellular(hass)
    second = await to_last_form(hass)
    await second.submit()
    assert second.result["type"] is FlowResultType.CREATE_ENTRY
    left = hass.config_entries.flow.async_progress()
    assert all(flow["context"]["source"] != SOURCE_USER for flow in left)


async def test_another_modem_in_place_of_the_one_that_was_found_is_not_set_up(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_last_form(hass)
    found, desk.identity = desk.identity, ANOTHER
    await dialog.submit()
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "wrong_modem"})
    desk.identity = found
    await dialog.submit()
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY


async def test_an_unexpected_exception_is_logged_and_the_dialog_goes_on(
    hass: HomeAssistant, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.fail("identify", RuntimeError("a bug"))
    dialog = await Dialog.start(hass)
    await dialog.submit(**PORT_INPUT)
    assert (dialog.step, dialog.errors) == ("user", {"base": "modem_error"})
    assert "a bug" in caplog.text
    await dialog.submit(**PORT_INPUT)
    assert dialog.step == "cellular"


async def test_the_password_reaches_no_log(
    hass: HomeAssistant, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    dialog = await to_last_form(hass)
    await dialog.submit()
    assert SERVER_INPUT["password"] not in caplog.text


async def test_a_port_that_its_integration_does_not_offer_yet_is_not_there(
    hass: HomeAssistant,
) -> None:
    """A serial proxy of ESPHome, while ESPHome is not set up."""
    dialog = await Dialog.start(hass)
    with patch(
        "custom_components.quectel_smtp.ports.connect",
        side_effect=ConfigEntryNotReady("later"),
    ):
        await dialog.submit(
            device="esphome-hass://esphome/1?port_name=modem",
            advanced={"baudrate": "115200"},
        )
    assert (dialog.step, dialog.errors) == ("user", {"device": "port_not_found"})
