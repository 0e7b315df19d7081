"""Changing settings while the entry stays loaded and its emails are accepted."""

from dataclasses import replace

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.modem.at.errors import (
    CommandError,
    NoAnswerError,
    ServerNameError,
)
from custom_components.quectel_smtp.modem.network.sim import SimState
from custom_components.quectel_smtp.modem.network.status import Registration
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from tests.integration.conftest import ANNA, deliver, send, settled
from tests.integration.dialog import CELLULAR_INPUT, PORT_INPUT, SERVER_INPUT, Dialog
from tests.integration.mail_on_the_desk import ROOT
from tests.integration.modem_on_the_desk import ANOTHER, EC200A, IMEI, PORT, Desk

OTHER_PORT = "/dev/serial/by-id/usb-Quectel-if03"


async def _reconfigure(hass: HomeAssistant, entry: MockConfigEntry) -> Dialog:
    dialog = Dialog(hass, await entry.start_reconfigure_flow(hass))
    assert dialog.step == "reconfigure"
    return dialog


async def test_the_data_connection_is_changed_without_unloading(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    courier = loaded.runtime_data.courier
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("cellular")
    assert dialog.suggested("apn") == "internet"
    await dialog.submit(**CELLULAR_INPUT | {"apn": "iot.example"})
    assert await dialog.without_test() == "saved_untested"
    assert loaded.data["apn"] == "iot.example"
    assert desk.activated[-1].apn == "iot.example"
    assert loaded.runtime_data.courier is courier
    await deliver(hass, loaded)
    assert desk.activated[-1].apn == "iot.example"


async def test_no_data_connection_is_tried_abroad_where_roaming_is_not_allowed(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.network = replace(desk.network, registration=Registration.ROAMING)
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("cellular")
    await dialog.submit(**CELLULAR_INPUT | {"apn": "iot.example"})
    assert dialog.errors == {"roaming": "roaming_unasked"}
    assert not desk.activated
    hass.config_entries.async_update_entry(loaded, options={"roaming": True})
    await dialog.submit(**CELLULAR_INPUT | {"apn": "iot.example"})
    assert desk.activated
    assert loaded.options == {"roaming": True}


async def test_the_mail_server_is_changed_without_unloading(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    courier = loaded.runtime_data.courier
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("server")
    assert dialog.suggested("host") == "smtp.example.com"
    await dialog.submit(**SERVER_INPUT | {"host": "mail.example.org"})
    await dialog.choose("certificate_text")
    await dialog.submit(certificate=ROOT)
    assert await dialog.without_test() == "saved_untested"
    assert loaded.data["host"] == "mail.example.org"
    assert loaded.data["certificate"] == ROOT
    assert loaded.runtime_data.courier is courier
    await deliver(hass, loaded)
    assert desk.configured[-1].host == "mail.example.org"
    assert desk.configured[-1].tls.ca_pem == ROOT


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"password": "p" * 51}, {"password": "module_too_long"}),
        ({"username": "jürgen"}, {"username": "module_not_ascii"}),
        ({"password": 'a"b'}, {"password": "module_forbidden_character"}),
    ],
)
async def test_an_account_is_refused_for_the_modem_s_client_where_that_is_wanted(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    change: dict[str, str],
    error: dict[str, str],
) -> None:
    hass.config_entries.async_update_entry(loaded, options={"way": "module"})
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT | change)
    assert (dialog.step, dialog.errors) == ("server", error)
    hass.config_entries.async_update_entry(loaded, options={"way": "stream"})
    await dialog.submit(**SERVER_INPUT | change)
    await dialog.choose("certificate_none")
    await dialog.submit()
    assert await dialog.without_test() == "saved_untested"


async def test_a_password_is_never_shown_and_stays_when_left_empty(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    before = loaded.data["password"]
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("server")
    assert dialog.suggested("password") is None
    assert dialog.suggested("username") == SERVER_INPUT["username"]
    await dialog.submit(**SERVER_INPUT | {"host": "mail.example.org", "password": ""})
    await dialog.choose("certificate_keep")
    assert await dialog.without_test() == "saved_untested"
    assert loaded.data["password"] == before
    assert desk.configured[-1].password == before


async def test_a_user_name_is_corrected_and_the_password_stays(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT | {"username": "me@example.com", "password": ""})
    await dialog.choose("certificate_keep")
    assert await dialog.without_test() == "saved_untested"
    assert loaded.data["username"] == "me@example.com"
    assert loaded.data["password"] == desk.configured[-1].password == "correct horse"


async def test_a_user_name_of_the_apn_is_corrected_and_the_password_stays(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(
        loaded, data=loaded.data | {"apn_username": "wep", "apn_password": "secret"}
    )
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("cellular")
    entered = {"apn_username": "web", "authentication": "pap"}
    await dialog.submit(**CELLULAR_INPUT | entered)
    assert await dialog.without_test() == "saved_untested"
    assert loaded.data["apn_username"] == "web"
    assert loaded.data["apn_password"] == desk.activated[-1].password == "secret"


async def test_a_password_that_is_deleted_after_a_failed_check_is_the_present_one(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.fail("resolve", ServerNameError(565))
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT | {"password": "a typing error"})
    await dialog.choose("certificate_keep")
    assert (dialog.step, dialog.suggested("password")) == ("server", "a typing error")
    await dialog.submit(**SERVER_INPUT | {"password": ""}, save_unchecked=False)
    await dialog.choose("certificate_keep")
    assert await dialog.without_test() == "saved_untested"
    assert loaded.data["password"] == desk.configured[-1].password == "correct horse"


async def test_a_login_that_is_taken_away_takes_its_password_with_it(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT | {"username": "", "password": ""})
    await dialog.choose("certificate_keep")
    assert await dialog.without_test() == "saved_untested"
    assert (loaded.data["username"], loaded.data["password"]) == ("", "")


async def test_the_proof_of_the_server_can_be_left_as_it_is(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(
        loaded, data=loaded.data | {"certificate": ROOT}
    )
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT | {"password": "other"})
    await dialog.choose("certificate_keep")
    assert await dialog.without_test() == "saved_untested"
    assert loaded.data["certificate"] == ROOT
    assert loaded.data["password"] == "other"


async def test_a_server_that_had_no_proof_must_get_one(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(
        loaded, data=loaded.data | {"security": "none", "port": 25}
    )
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT)
    assert "certificate_keep" not in dialog.result["menu_options"]


async def test_the_port_is_changed_without_unloading(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    courier = loaded.runtime_data.courier
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("port")
    assert dialog.suggested("device") == PORT
    assert dialog.result["description_placeholders"]["expected"] == IMEI
    desk.ports = {OTHER_PORT}
    await dialog.submit(device=OTHER_PORT, advanced={"baudrate": "9600"})
    assert await dialog.without_test() == "saved_untested"
    assert (loaded.data["device"], loaded.data["baudrate"]) == (OTHER_PORT, 9600)
    assert loaded.runtime_data.courier is courier
    await deliver(hass, loaded)
    assert desk.opened_at == OTHER_PORT


async def test_a_firmware_that_has_lost_its_mail_client_is_noticed_with_the_port(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.has_mail_client = False
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("port")
    await dialog.submit(**PORT_INPUT)
    assert await dialog.without_test() == "saved_untested"
    assert loaded.data["mail_client"] is False


async def test_the_port_of_another_modem_is_refused(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("port")
    desk.identity = ANOTHER
    await dialog.submit(**PORT_INPUT)
    assert (dialog.step, dialog.errors) == ("port", {"base": "wrong_modem"})
    shown = dialog.result["description_placeholders"]
    assert (shown["imei"], shown["expected"]) == (ANOTHER.imei, IMEI)
    desk.identity = EC200A
    await dialog.submit(**PORT_INPUT)
    assert await dialog.without_test() == "saved_untested"


async def test_a_port_is_changed_whatever_the_sim_is_like(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.sim = SimState.MISSING
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("port")
    await dialog.submit(**PORT_INPUT)
    assert await dialog.without_test() == "saved_untested"


async def test_a_port_that_does_not_serve_is_named(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("port")
    await dialog.submit(**PORT_INPUT | {"device": OTHER_PORT})
    assert (dialog.step, dialog.errors) == ("port", {"device": "port_not_found"})
    await dialog.submit(**PORT_INPUT)
    assert await dialog.without_test() == "saved_untested"


async def test_a_check_waits_for_the_email_that_is_being_sent(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    held = desk.hold_in("put")
    await send(hass, "first")
    await desk.reached("put")
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT | {"host": "mail.example.org"})
    await dialog.begin(next_step_id="certificate_none")
    await dialog.begin()
    await send(hass, "second")
    assert desk.opened == 1
    held.set()
    await hass.async_block_till_done()
    await dialog.look()
    assert await dialog.without_test() == "saved_untested"
    await settled(hass, loaded)
    assert [message.body.split("\n")[0] for message in desk.sent] == ["first", "second"]
    assert [server.host for server in desk.configured] == [
        "smtp.example.com",
        "mail.example.org",
        "mail.example.org",
    ]
    assert hass.states.get(ANNA) is not None


async def test_settings_are_mended_while_the_modem_is_away(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.unplug()
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT | {"password": "other"})
    await dialog.choose("certificate_none")
    await dialog.submit()
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "port_not_found"})
    assert dialog.fields == ["save_unchecked"]
    await dialog.submit(save_unchecked=False)
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "port_not_found"})
    await dialog.submit(save_unchecked=True)
    assert await dialog.without_test() == "saved_unchecked"
    assert loaded.data["password"] == "other"
    assert "save_unchecked" not in loaded.data


async def test_a_form_that_an_error_led_to_can_be_saved_without_a_check(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.fail("resolve", ServerNameError(565))
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("server")
    assert "save_unchecked" not in dialog.fields
    await dialog.submit(**SERVER_INPUT)
    await dialog.choose("certificate_none")
    await dialog.submit()
    assert (dialog.step, dialog.errors) == ("server", {"base": "server_name"})
    calls = len(desk.calls)
    await dialog.submit(**SERVER_INPUT, save_unchecked=True)
    await dialog.choose("certificate_none")
    await dialog.submit()
    assert await dialog.without_test() == "saved_unchecked"
    assert "resolve" not in desk.calls[calls:]


async def test_who_changes_the_data_connection_is_not_sent_to_the_mail_server(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.fail("resolve", ServerNameError(565))
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("cellular")
    await dialog.submit(**CELLULAR_INPUT)
    assert (dialog.step, dialog.errors) == ("cellular", {"base": "server_name"})
    await dialog.submit(**CELLULAR_INPUT, save_unchecked=True)
    assert await dialog.without_test() == "saved_unchecked"


async def test_a_pin_that_is_missing_can_be_given_while_settings_are_changed(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = await _reconfigure(hass, loaded)
    desk.sim = SimState.PIN_REQUIRED
    await dialog.choose("cellular")
    await dialog.submit(**CELLULAR_INPUT)
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "pin_required"})
    await dialog.submit()
    assert dialog.step == "pin"
    await dialog.submit(pin="1234")
    assert await dialog.without_test() == "saved_untested"
    assert loaded.data["pin"] == "1234"


async def test_results_on_another_port_are_mended_by_changing_the_port(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.urc_port = "usbmodem"
    desk.fail("resolve", NoAnswerError())
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("cellular")
    await dialog.submit(**CELLULAR_INPUT)
    assert dialog.step == "results_elsewhere"
    await dialog.choose("other_port")
    assert dialog.step == "port"
    desk.ports = {OTHER_PORT}
    activated = len(desk.activated)
    await dialog.submit(**PORT_INPUT | {"device": OTHER_PORT})
    assert await dialog.without_test() == "saved_untested"
    # The change that it was all about is checked on the new port.
    assert len(desk.activated) > activated
    assert loaded.data["device"] == OTHER_PORT


async def test_an_entry_that_is_not_loaded_can_be_changed(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    assert entry.state is ConfigEntryState.NOT_LOADED
    dialog = await _reconfigure(hass, entry)
    await dialog.choose("cellular")
    await dialog.submit(**CELLULAR_INPUT | {"apn": "iot.example"})
    assert await dialog.without_test() == "saved_untested"
    assert entry.data["apn"] == "iot.example"


async def test_what_changes_meanwhile_is_not_undone(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("cellular")
    hass.config_entries.async_update_entry(
        loaded, data=loaded.data | {"password": "changed meanwhile"}
    )
    await dialog.submit(**CELLULAR_INPUT | {"apn": "iot.example"})
    assert loaded.data["password"] == "changed meanwhile"
    assert loaded.data["apn"] == "iot.example"


@pytest.mark.parametrize("command", ["AT+QFUPL", "AT+QSSLCFG"])
async def test_a_certificate_that_was_kept_is_named_on_the_server_s_form(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, command: str
) -> None:
    dialog = await _reconfigure(hass, loaded)
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT)
    desk.fail("configure", CommandError(command))
    await dialog.choose("certificate_keep")
    assert dialog.step == "server"
    assert set(dialog.errors) == {"base"}


@pytest.mark.parametrize(
    ("change", "path", "step", "errors"),
    [
        ({"host": "h" * 201}, "cellular", "server", {"host": "too_long"}),
        ({"security": "ssl3"}, "cellular", "server", {"security": "unusable"}),
        ({"apn": 1}, "server", "cellular", {"apn": "unusable"}),
        (
            {"certificate": "x"},
            "cellular",
            "server",
            {"base": "certificate_unreadable"},
        ),
        ({"pin": 1234}, "cellular", "pin", {"pin": "pin_invalid"}),
        ({"baudrate": "fast"}, "cellular", "port", {"base": "unusable"}),
    ],
)
async def test_what_was_edited_into_nonsense_is_asked_for_wherever_one_begins(
    hass: HomeAssistant,
    desk: Desk,
    entry: MockConfigEntry,
    change: dict[str, object],
    path: str,
    step: str,
    errors: dict[str, str],
) -> None:
    hass.config_entries.async_update_entry(entry, data=entry.data | change)
    assert await hass.config_entries.async_setup(entry.entry_id)
    dialog = await _reconfigure(hass, entry)
    await dialog.choose(path)
    if path == "cellular":
        await dialog.submit(**CELLULAR_INPUT)
    else:
        await dialog.submit(**SERVER_INPUT)
        await dialog.choose("certificate_none")
        await dialog.submit()
    assert (dialog.step, dialog.errors) == (step, errors)
    match step:
        case "pin":
            await dialog.submit(pin="1234")
        case "port":
            await dialog.submit(**PORT_INPUT)
        case "cellular":
            await dialog.submit(**CELLULAR_INPUT, save_unchecked=False)
        case _:
            await dialog.submit(**SERVER_INPUT, save_unchecked=False)
            await dialog.choose("certificate_none")
            await dialog.submit(save_unchecked=False)
    assert await dialog.without_test() == "saved_untested"
    await deliver(hass, entry)
