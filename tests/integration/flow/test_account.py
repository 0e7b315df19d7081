"""The account is tried before anything is saved, and what fails leads to its form."""

from collections.abc import Callable
import socket
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)
import trustme

from custom_components.quectel_smtp.delivery.client.check import Failed, Trouble
from custom_components.quectel_smtp.flow.account_checks import AccountError
from custom_components.quectel_smtp.modem.at.errors import (
    CommandError,
    ServerNameError,
    ServerUnreachableError,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import (
    EVENT_DATA_ENTRY_FLOW_PROGRESSED,
    FlowResultType,
)
from tests.integration.dialog import (
    CELLULAR_INPUT,
    MANUAL,
    SERVER_INPUT,
    Dialog,
    to_server,
)
from tests.integration.mail_on_the_desk import LABEL, ROOT
from tests.integration.modem_on_the_desk import Desk
from tests.translations import texts

DIAL = "custom_components.quectel_smtp.delivery.client.check.dial"
RIGHT = ("home@example.com", "correct horse")
NO_TCP = CommandError("AT+QISEND=?")


async def reconfigure(hass: HomeAssistant, entry: MockConfigEntry) -> Dialog:
    """Begin to change the mail server."""
    dialog = Dialog(hass, await entry.start_reconfigure_flow(hass))
    return await dialog.choose("server")


async def test_a_wrong_password_is_told_in_the_servers_words_and_tried_once(
    hass: HomeAssistant, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.mail.login = RIGHT
    desk.mail.login_reply = "535 5.7.8 Use an app\x07 password, home@example.com"
    dialog = await to_server(hass)
    await dialog.submit(**SERVER_INPUT | {"password": "wrong"})
    assert (dialog.step, dialog.errors) == ("server", {"base": "account_login"})
    words = dialog.result["description_placeholders"]["words"]
    assert words == "5.7.8 Use an app password, home@example.com"
    assert "save_unchecked" not in dialog.fields
    assert dialog.suggested("password") == "wrong"
    assert len(desk.mail.logins) == 1
    assert not desk.configured
    assert "app password" not in "".join(
        record.getMessage()
        for record in caplog.records
        if record.name.startswith("custom_components")
    )
    await dialog.submit(**SERVER_INPUT)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    assert len(desk.mail.logins) == 2
    assert not desk.dialled


async def test_a_wrong_password_is_found_out_when_settings_are_changed(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.mail.login = RIGHT
    dialog = await reconfigure(hass, loaded)
    await dialog.submit(**SERVER_INPUT | {"password": "wrong"})
    await dialog.choose("certificate_keep")
    assert (dialog.step, dialog.errors) == ("server", {"base": "account_login"})
    assert "save_unchecked" not in dialog.fields
    assert loaded.data["password"] == "correct horse"


async def test_a_wrong_password_is_found_out_when_it_is_asked_for(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.mail.login = ("home@example.com", "battery staple")
    dialog = Dialog(hass, await loaded.start_reauth_flow(hass))
    await dialog.submit(username="home@example.com", password="wrong")
    assert (dialog.step, dialog.errors) == (
        "reauth_confirm",
        {"base": "account_login"},
    )
    assert dialog.fields == ["username", "password"]
    await dialog.submit(username="home@example.com", password="battery staple")
    assert await dialog.without_test() == "saved_untested"
    assert loaded.data["password"] == "battery staple"
    assert len(desk.mail.logins) == 2


def _sender(desk: Desk) -> None:
    desk.mail.sender_reply = "553 not yours"


def _later(desk: Desk) -> None:
    desk.mail.sender_reply = "451 later"


def _name(desk: Desk) -> None:
    desk.mail.name = "other.example.com"


def _root(desk: Desk) -> None:
    desk.mail.authority = trustme.CA()


def _unknown(desk: Desk) -> None:
    desk.fail("stream", ServerNameError(565))


def _modem_alone(desk: Desk) -> None:
    desk.online = True
    desk.fail("stream", ServerUnreachableError(566))


def _nobody(desk: Desk) -> None:
    desk.fail("stream", ServerUnreachableError(566))


def _no_tcp(desk: Desk) -> None:
    desk.fail("stream", NO_TCP)


@pytest.mark.parametrize(
    ("spoil", "errors", "savable", "code"),
    [
        (_sender, {"base": "account_sender"}, False, "553"),
        (_later, {"base": "account_sender"}, True, "451"),
        (_name, {"base": "account_certificate_name"}, False, "–"),
        (_root, {"base": "account_root"}, False, "–"),
        (_unknown, {"base": "account_unreached"}, True, "565"),
        (_modem_alone, {"base": "account_modem_unreached"}, True, "566"),
        (_nobody, {"base": "account_unreached"}, True, "566"),
        (_no_tcp, {"base": "account_unreached"}, True, "–"),
    ],
)
async def test_each_failure_leads_back_to_the_form_that_mends_it(
    hass: HomeAssistant,
    desk: Desk,
    spoil: Callable[[Desk], None],
    errors: dict[str, str],
    savable: bool,
    code: str,
) -> None:
    spoil(desk)
    dialog = await to_server(hass)
    await dialog.submit(**SERVER_INPUT)
    assert (dialog.step, dialog.errors) == ("server", errors)
    assert ("save_unchecked" in dialog.fields) is savable
    assert dialog.result["description_placeholders"]["code"] == code
    assert not desk.configured


async def test_without_tcp_commands_the_hosts_own_line_serves(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.online = True
    desk.fail("stream", NO_TCP)
    dialog = await to_server(hass)
    await dialog.submit(**SERVER_INPUT)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    assert dialog.result["result"].data["certificate"] == ROOT
    assert (desk.dialled, len(desk.mail.logins)) == (1, 1)


async def test_the_progress_says_that_the_account_is_tried(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_server(hass)
    told = async_capture_events(hass, EVENT_DATA_ENTRY_FLOW_PROGRESSED)
    held = desk.hold_in("stream")
    await dialog.begin(**SERVER_INPUT)
    await desk.reached("stream")
    await desk.until(lambda: len(told) == 1)
    await dialog.look()
    assert dialog.result["progress_action"] == "account"
    held.set()
    await dialog.watch()
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_login_is_tried_over_the_hosts_line_while_the_modem_is_away(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.online = True
    desk.mail.login = ("home@example.com", "battery staple")
    desk.unplug()
    dialog = Dialog(hass, await loaded.start_reauth_flow(hass))
    await dialog.submit(username="home@example.com", password="wrong")
    assert dialog.errors == {"base": "account_login"}
    await dialog.submit(username="home@example.com", password="battery staple")
    assert await dialog.without_test() == "saved_untested"


async def test_a_login_that_nobody_could_try_can_be_saved_all_the_same(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.unplug()
    dialog = Dialog(hass, await loaded.start_reauth_flow(hass))
    login = {"username": "home@example.com", "password": "battery staple"}
    await dialog.submit(**login)
    assert (dialog.step, dialog.errors) == (
        "reauth_confirm",
        {"base": "account_unreached"},
    )
    await dialog.submit(**login, save_unchecked=True)
    assert await dialog.without_test() == "saved_unchecked"
    assert loaded.data["password"] == "battery staple"


async def test_a_defect_while_a_login_is_tried_does_not_lock_it_out(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.fail("identify", RuntimeError("a bug"))
    dialog = Dialog(hass, await loaded.start_reauth_flow(hass))
    await dialog.submit(username="home@example.com", password="battery staple")
    assert dialog.errors == {"base": "modem_error"}
    assert "save_unchecked" in dialog.fields


async def test_without_a_check_the_root_is_a_persons_choice(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.fail("stream", NO_TCP)
    dialog = await to_server(hass)
    await dialog.submit(**SERVER_INPUT)
    await dialog.submit(**SERVER_INPUT, save_unchecked=True)
    assert dialog.step == "certificate"
    await dialog.choose("certificate_root")
    await dialog.submit(certificate=LABEL)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    data = dialog.result["result"].data
    assert (data["certificate"], data["verification"]) == (ROOT, "manual")


async def test_a_root_that_was_found_is_kept_where_only_the_modem_has_no_way(
    hass: HomeAssistant, desk: Desk
) -> None:
    _modem_alone(desk)
    dialog = await to_server(hass)
    await dialog.submit(**SERVER_INPUT)
    await dialog.submit(**SERVER_INPUT, save_unchecked=True)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    data = dialog.result["result"].data
    assert (data["certificate"], data["verification"]) == (ROOT, "automatic")


async def test_a_person_with_a_root_of_their_own_finds_it_under_advanced(
    hass: HomeAssistant, desk: Desk
) -> None:
    _root(desk)
    dialog = await to_server(hass)
    await dialog.submit(**SERVER_INPUT)
    assert dialog.errors == {"base": "account_root"}
    await dialog.submit(**SERVER_INPUT, **MANUAL)
    await dialog.choose("certificate_text")
    own = desk.mail.authority.cert_pem.bytes().decode()
    await dialog.submit(certificate=own)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    data = dialog.result["result"].data
    assert (data["certificate"], data["verification"]) == (own, "manual")


async def test_an_entry_from_before_keeps_its_root_until_it_is_changed(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = await reconfigure(hass, loaded)
    await dialog.submit(**SERVER_INPUT, advanced={"verification": "automatic"})
    assert await dialog.without_test() == "saved_untested"
    assert loaded.data["certificate"] == ROOT
    assert loaded.data["verification"] == "automatic"


async def test_a_root_that_the_check_found_serves_again_without_it(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    found = {"certificate": ROOT, "verification": "automatic"}
    hass.config_entries.async_update_entry(loaded, data=loaded.data | found)
    desk.fail("stream", NO_TCP)
    dialog = await reconfigure(hass, loaded)
    await dialog.submit(**SERVER_INPUT)
    assert dialog.errors == {"base": "account_unreached"}
    await dialog.submit(**SERVER_INPUT, save_unchecked=True)
    assert await dialog.without_test() == "saved_unchecked"
    assert loaded.data["certificate"] == ROOT


async def test_who_changes_the_data_connection_costs_the_account_no_login(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = Dialog(hass, await loaded.start_reconfigure_flow(hass))
    await dialog.choose("cellular")
    await dialog.submit(**CELLULAR_INPUT | {"apn": "iot.example"})
    assert await dialog.without_test() == "saved_untested"
    assert not desk.mail.logins


@pytest.mark.parametrize("trouble", sorted(set(Trouble) - {Trouble.PORT}))
def test_each_trouble_has_its_sentence_with_what_to_do(trouble: Trouble) -> None:
    """A port that does not answer is told together with the way that was tried."""
    error = AccountError(Failed(trouble, "words", 535))
    said = texts()["config"]["error"][error.error].format(
        words=error.words, code=535, host="smtp.example.com"
    )
    assert said.count(". ") >= 1


async def test_a_name_that_the_host_does_not_find_either_is_named(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.fail("stream", NO_TCP)
    dialog = await to_server(hass)
    none = socket.gaierror(socket.EAI_NONAME, "none")
    with patch.object(desk, "dial", side_effect=none), patch(DIAL, desk.dial):
        await dialog.submit(**SERVER_INPUT)
    assert (dialog.step, dialog.errors) == ("server", {"base": "account_name"})
    assert dialog.result["description_placeholders"]["host"] == SERVER_INPUT["host"]
    assert "save_unchecked" in dialog.fields
