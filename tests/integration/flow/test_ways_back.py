"""What was chosen by mistake can be left; what was left behind is in nobody's way."""

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.quectel_smtp.flow.forms import LEFT_AFTER
from custom_components.quectel_smtp.modem.at.codes import SmtpError, SmtpReply
from custom_components.quectel_smtp.modem.at.errors import (
    NoAnswerError,
    PdpError,
    PortNotFoundError,
)
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util
from tests.integration.conftest import send, until
from tests.integration.dialog import (
    CELLULAR_INPUT,
    PORT_INPUT,
    SERVER_INPUT,
    Dialog,
    to_certificate,
    to_provider,
    to_server,
)
from tests.integration.mail_on_the_desk import ROOT
from tests.integration.modem_on_the_desk import Desk


@pytest.mark.parametrize(
    "chosen", ["certificate_root", "certificate_text", "certificate_none"]
)
async def test_a_proof_of_the_server_can_be_left_for_another(
    hass: HomeAssistant, desk: Desk, chosen: str
) -> None:
    dialog = await to_certificate(hass)
    await dialog.choose(chosen)
    await dialog.submit(back=True)
    assert (dialog.step, dialog.result["type"]) == ("certificate", FlowResultType.MENU)
    await dialog.choose("certificate_text")
    await dialog.submit(certificate=ROOT)
    assert dialog.result["result"].data["certificate"] == ROOT


async def test_a_proof_of_one_s_own_can_be_left_for_the_one_that_is_found(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_certificate(hass)
    await dialog.choose("account")
    assert dialog.step == "server"
    assert dialog.suggested("host") == SERVER_INPUT["host"]
    await dialog.submit(**SERVER_INPUT)
    assert dialog.result["result"].data["verification"] == "automatic"


async def test_a_server_of_one_s_own_can_be_left_for_a_provider(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_server(hass)
    await dialog.submit(**SERVER_INPUT | {"host": "nonsense//"}, back=True)
    assert dialog.step == "provider"
    await dialog.choose("gmail")
    assert (dialog.step, dialog.errors) == ("app_password", {})


@pytest.mark.parametrize(
    ("chosen", "entered"),
    [
        ("port", PORT_INPUT),
        ("cellular", CELLULAR_INPUT),
        ("server", SERVER_INPUT),
    ],
)
async def test_a_setting_can_be_left_for_another(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    chosen: str,
    entered: dict[str, object],
) -> None:
    before = dict(loaded.data)
    dialog = Dialog(hass, await loaded.start_reconfigure_flow(hass))
    await dialog.choose(chosen)
    await dialog.submit(**entered, back=True)
    assert (dialog.step, dialog.result["type"]) == ("reconfigure", FlowResultType.MENU)
    assert loaded.data == before
    assert desk.opened == 1


async def test_another_port_can_be_left_for_routing_the_results(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.urc_port = "usbmodem"
    desk.fail("resolve", NoAnswerError())
    dialog = await to_server(hass)
    await dialog.submit(**SERVER_INPUT)
    await dialog.choose("other_port")
    assert dialog.step == "user"
    desk.fail("open", PortNotFoundError())
    await dialog.submit(**PORT_INPUT, back=False)
    assert dialog.errors == {"device": "port_not_found"}
    await dialog.submit(**PORT_INPUT, back=True)
    assert dialog.step == "results_elsewhere"
    await dialog.choose("route_results")
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY


async def test_what_was_entered_on_the_form_before_is_no_error_any_more(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_provider(hass)
    await dialog.choose("gmail")
    await dialog.submit(username="home", password="secret")
    assert dialog.errors
    await dialog.submit(username="home", password="secret", back=True)
    await dialog.choose("yahoo")
    assert not dialog.errors


async def test_a_password_of_one_provider_is_not_filled_in_for_another(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.mail.login = ("somebody", "else")
    dialog = await to_provider(hass)
    await dialog.choose("gmail")
    account = {"username": "home@gmail.com", "password": "abcd efgh"}
    await dialog.submit(**account)
    assert dialog.errors == {"base": "account_login"}
    await dialog.submit(**account, back=True)
    for other in ("server", "yahoo"):
        await dialog.choose(other)
        assert not dialog.suggested("username")
        assert not dialog.suggested("password")
        await dialog.submit(**SERVER_INPUT if other == "server" else account, back=True)


async def test_what_is_entered_on_a_form_is_left_out_when_it_is_left(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.fail("activate", PdpError(None))
    dialog = Dialog(hass, await loaded.start_reconfigure_flow(hass))
    await dialog.choose("cellular")
    await dialog.submit(**CELLULAR_INPUT | {"apn": "mistyped"})
    assert dialog.errors == {"base": "pdp_failed"}
    await dialog.submit(**CELLULAR_INPUT | {"apn": "mistyped"}, back=True)
    await dialog.choose("cellular")
    assert dialog.suggested("apn") == "internet"


# A page that was reloaded.


async def test_a_check_that_a_reloaded_page_left_behind_gives_the_port_to_a_newer_one(
    hass: HomeAssistant, desk: Desk
) -> None:
    left = await Dialog.start(hass)
    desk.hold_in("network")
    await left.begin(**PORT_INPUT)
    await desk.reached("network")
    assert desk.open_modems
    newer = await Dialog.start(hass)
    await newer.begin(**PORT_INPUT)
    await desk.reached("network", count=2)
    assert len(desk.open_modems) == 1
    desk.held.pop("network").set()
    await newer.watch()
    assert newer.step == "cellular"
    # Had it not been left, it would say why.
    await left.look()
    await left.watch()
    assert (left.step, left.errors) == ("user", {"device": "port_busy"})


async def test_a_dialog_that_was_closed_at_once_leaves_the_port_to_a_third(
    hass: HomeAssistant, desk: Desk
) -> None:
    left = await Dialog.start(hass)
    desk.hold_in("network")
    await left.begin(**PORT_INPUT)
    await desk.reached("network")
    newer = await Dialog.start(hass)
    await newer.begin(**PORT_INPUT)
    newer.close()
    third = await Dialog.start(hass)
    await third.begin(**PORT_INPUT)
    await desk.reached("network", count=2)
    desk.held.pop("network").set()
    await third.watch()
    assert third.step == "cellular"


async def test_what_a_check_has_found_stays_found(
    hass: HomeAssistant, desk: Desk
) -> None:
    first = await Dialog.start(hass)
    await first.begin(**PORT_INPUT)
    await desk.until(lambda: "network" in desk.calls and not desk.open_modems)
    second = await Dialog.start(hass)
    await second.submit(**PORT_INPUT)
    assert second.step == "cellular"
    await first.watch()
    assert first.step == "cellular"


async def test_a_dialog_about_an_entry_that_was_left_ends_and_a_login_is_asked_for(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    """It would keep Home Assistant from asking for ever."""
    left = Dialog(hass, await loaded.start_reconfigure_flow(hass))
    await left.choose("cellular")
    desk.always = Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, SmtpReply.AUTH_FAILED)
    await send(hass)
    await until(lambda: bool(loaded.runtime_data.courier.status.mail.held))
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["flow_id"] == left.result["flow_id"]
    async_fire_time_changed(hass, dt_util.utcnow() + LEFT_AFTER, fire_all=True)
    await hass.async_block_till_done()
    await loaded.runtime_data.coordinator.async_refresh()
    await until(lambda: bool(hass.config_entries.flow.async_progress()))
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"


async def test_a_login_that_was_saved_is_not_asked_for_by_a_dialog_that_was_left(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = Dialog(hass, await loaded.start_reauth_flow(hass))
    await dialog.submit(username="home@example.com", password="battery staple")
    assert dialog.step == "test"
    async_fire_time_changed(hass, dt_util.utcnow() + LEFT_AFTER, fire_all=True)
    await hass.async_block_till_done()
    assert not hass.config_entries.flow.async_progress()
