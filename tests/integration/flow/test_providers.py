"""A mail provider is chosen by its name, which fills in all that is to know of it."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.flow.providers import PROVIDERS, Provider, Secret
from custom_components.quectel_smtp.flow.schemas import USUAL_PORTS
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.integration.dialog import CELLULAR_INPUT, Dialog, to_cellular, to_provider
from tests.integration.mail_on_the_desk import ROOT
from tests.integration.modem_on_the_desk import Desk
from tests.translations import texts

ACCOUNT = {"username": "home@gmail.com", "password": "abcd efgh ijkl mnop"}


async def _to_account(hass: HomeAssistant, key: str = "gmail") -> Dialog:
    dialog = await to_provider(hass)
    return await dialog.choose(key)


async def test_a_provider_needs_an_address_and_a_password_and_nothing_else(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await _to_account(hass)
    assert dialog.step == "app_password"
    assert dialog.fields == ["username", "password", "advanced", "back"]
    shown = dialog.result["description_placeholders"]
    assert shown["provider"] == "Gmail"
    assert shown["link"] == PROVIDERS["gmail"].help
    await dialog.submit(**ACCOUNT)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    data = dialog.result["result"].data
    wanted = {
        "host": "smtp.gmail.com",
        "port": 465,
        "security": "tls",
        "username": "home@gmail.com",
        "sender_address": "home@gmail.com",
        "sender_name": "",
        "verification": "automatic",
        "certificate": ROOT,
    }
    assert {key: data[key] for key in wanted} == wanted
    assert desk.mail.logins == [("home@gmail.com", "abcd efgh ijkl mnop")]


async def test_the_data_connection_is_opened_before_a_mail_account_is_asked_for(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_cellular(hass)
    assert not desk.activated
    await dialog.submit(**CELLULAR_INPUT)
    assert [settings.apn for settings in desk.activated] == ["internet"]
    assert dialog.step == "provider"


@pytest.mark.parametrize("key", PROVIDERS)
async def test_each_provider_can_be_chosen_and_is_left_again(
    hass: HomeAssistant, desk: Desk, key: str
) -> None:
    dialog = await _to_account(hass, key)
    if PROVIDERS[key].oauth_only:
        assert dialog.step == "oauth_only"
        await dialog.choose("try_anyway")
    assert dialog.step == PROVIDERS[key].secret
    await dialog.submit(username="", password="", back=True)
    assert (dialog.step, dialog.result["type"]) == ("provider", FlowResultType.MENU)
    await dialog.choose("gmail")
    assert not dialog.errors
    await dialog.submit(**ACCOUNT)
    assert dialog.result["result"].data["host"] == "smtp.gmail.com"


async def test_a_provider_that_takes_no_password_is_named_with_the_reason(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await _to_account(hass, "outlook")
    assert dialog.step == "oauth_only"
    assert "OAuth" in texts()["config"]["step"]["oauth_only"]["description"]
    await dialog.choose("provider")
    assert dialog.step == "provider"


@pytest.mark.parametrize(
    ("address", "host"),
    [("home@gmx.de", "mail.gmx.net"), ("home@GMX.com", "mail.gmx.com")],
)
async def test_a_domain_may_have_a_server_of_its_own(
    hass: HomeAssistant, desk: Desk, address: str, host: str
) -> None:
    dialog = await _to_account(hass, "gmx")
    await dialog.submit(username=address, password="secret")
    assert dialog.result["result"].data["host"] == host


async def test_a_user_name_that_is_no_address_is_asked_for_anew(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await _to_account(hass)
    await dialog.submit(**ACCOUNT | {"username": "home"})
    assert dialog.errors == {"username": "address_wanted"}
    await dialog.submit(**ACCOUNT)
    # The one that was mended is the sender, too.
    assert dialog.result["result"].data["sender_address"] == "home@gmail.com"


async def test_an_account_without_its_password_is_not_tried(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await _to_account(hass)
    await dialog.submit(**ACCOUNT | {"password": ""})
    assert (dialog.step, dialog.errors) == ("app_password", {"password": "empty"})
    assert not desk.mail.logins


async def test_the_password_of_the_provider_before_is_not_told_to_another(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = Dialog(hass, await loaded.start_reconfigure_flow(hass))
    await dialog.choose("provider")
    await dialog.choose("gmail")
    await dialog.submit(**ACCOUNT | {"password": ""})
    assert dialog.errors == {"password": "empty"}
    await dialog.submit(**ACCOUNT)
    # Of the same provider, it is kept.
    again = Dialog(hass, await loaded.start_reconfigure_flow(hass))
    await again.choose("provider")
    await again.choose("gmail")
    await again.submit(**ACCOUNT | {"password": ""})
    assert await again.without_test() == "saved_untested"
    assert loaded.data["password"] == ACCOUNT["password"]


async def test_a_sender_can_be_another_and_is_named_where_it_can_not_be_used(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await _to_account(hass)
    await dialog.submit(
        **ACCOUNT, advanced={"sender_name": "Home", "sender_address": "nobody"}
    )
    assert dialog.errors == {"base": "sender_unusable"}
    await dialog.submit(
        **ACCOUNT, advanced={"sender_name": "Home", "sender_address": "a@example.com"}
    )
    data = dialog.result["result"].data
    assert (data["sender_name"], data["sender_address"]) == ("Home", "a@example.com")


async def test_a_refused_password_leads_back_to_the_provider_s_form(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.mail.login = (ACCOUNT["username"], ACCOUNT["password"])
    dialog = await _to_account(hass)
    await dialog.submit(**ACCOUNT | {"password": "the usual one"})
    assert (dialog.step, dialog.errors) == (
        "app_password",
        {"base": "account_login"},
    )
    await dialog.submit(**ACCOUNT)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY


async def test_what_is_wrong_with_a_provider_s_server_is_told_of_the_whole_form(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.mail.name = "another.example.com"
    dialog = await _to_account(hass)
    await dialog.submit(**ACCOUNT)
    assert (dialog.step, dialog.errors) == (
        "app_password",
        {"base": "account_certificate_name"},
    )
    desk.mail.name = None
    await dialog.submit(**ACCOUNT)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_limit_of_the_modem_s_client_counts_where_that_is_wanted(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(loaded, options={"way": "module"})
    dialog = Dialog(hass, await loaded.start_reconfigure_flow(hass))
    await dialog.choose("provider")
    await dialog.choose("gmail")
    await dialog.submit(**ACCOUNT | {"password": "p" * 51})
    assert dialog.errors == {"password": "module_too_long"}


def _everything() -> list[tuple[str, Provider]]:
    return list(PROVIDERS.items())


@pytest.mark.parametrize(("key", "provider"), _everything())
def test_a_provider_s_port_fits_its_security_and_its_form_has_words(
    key: str, provider: Provider
) -> None:
    assert USUAL_PORTS[provider.security] == provider.port
    assert provider.help.startswith("https://")
    assert set(texts()["config"]["step"]["provider"]["menu_options"]) == {
        *PROVIDERS,
        "server",
    }
    assert all(kind in texts()["config"]["step"] for kind in Secret)
