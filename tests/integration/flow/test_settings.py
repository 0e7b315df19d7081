"""The forms for data connection, mail server and certificate, and their check."""

from typing import Any

import pytest

from custom_components.quectel_smtp.modem.at.codes import FileError, SmtpError, TcpError
from custom_components.quectel_smtp.modem.at.errors import (
    ApnMissingError,
    CommandError,
    DataModeError,
    ModemError,
    NoAnswerError,
    PdpError,
    ServerNameError,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from tests.integration.dialog import (
    CELLULAR_INPUT,
    MANUAL,
    PORT_INPUT,
    SERVER_INPUT,
    Dialog,
    to_cellular,
    to_certificate,
    to_last_form,
    to_server,
)
from tests.integration.mail_on_the_desk import LABEL, ROOT
from tests.integration.modem_on_the_desk import PORT, Desk

from .pki import expired, issued, not_yet_valid, root, self_signed

# Values.


@pytest.mark.parametrize(
    ("field", "value", "error", "limit"),
    [
        ("apn", "a" * 101, "too_long", "100"),
        ("apn", 'a"b', "forbidden_character", ""),
        ("apn_username", "ü", "not_ascii", ""),
        ("apn_password", "p" * 128, "too_long", "127"),
    ],
)
async def test_a_data_connection_that_the_modem_can_not_take_is_refused_by_field(
    hass: HomeAssistant, desk: Desk, field: str, value: str, error: str, limit: str
) -> None:
    dialog = await to_cellular(hass)
    await dialog.submit(**CELLULAR_INPUT | {field: value})
    assert (dialog.step, dialog.errors) == ("cellular", {field: error})
    assert dialog.result["description_placeholders"]["limit"] == limit
    assert dialog.suggested(field) == value
    await dialog.submit(**CELLULAR_INPUT)
    assert dialog.step == "provider"


@pytest.mark.parametrize(
    ("field", "value", "error", "limit"),
    [
        ("host", "h" * 201, "too_long", "200"),
        ("host", "", "empty", ""),
        ("host", "bücher.example", "not_ascii", ""),
        ("username", "u" * 256, "too_long", "255"),
        ("password", "p" * 256, "too_long", "255"),
        ("sender_name", "ä" * 128, "too_long", "255"),
        ("sender_address", "a" * 245 + "@b.example", "too_long", "254"),
        ("sender_address", "nobody", "invalid", ""),
    ],
)
async def test_a_mail_server_that_can_not_be_used_is_refused_by_field(
    hass: HomeAssistant, desk: Desk, field: str, value: str, error: str, limit: str
) -> None:
    dialog = await to_server(hass)
    await dialog.submit(**SERVER_INPUT | {field: value})
    assert (dialog.step, dialog.errors) == ("server", {field: error})
    assert dialog.result["description_placeholders"]["limit"] == limit
    await dialog.submit(**SERVER_INPUT, **MANUAL)
    assert dialog.step == "certificate"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "u" * 51),
        ("password", "p" * 255),
        ("password", 'a "password", of words'),
        ("sender_name", "ä" * 25),
        ("sender_address", "a" * 45 + "@b.example"),
    ],
)
async def test_an_account_that_only_home_assistant_s_client_can_carry_is_taken(
    hass: HomeAssistant, desk: Desk, field: str, value: str
) -> None:
    dialog = await to_server(hass)
    await dialog.submit(**SERVER_INPUT | {field: value})
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    assert dialog.result["result"].data[field] == value
    assert len(desk.mail.logins) == 1
    # The modem's own is not asked to.
    assert "configure" not in desk.calls


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("host", "smtp.exam\u200bple.com", "invisible"),
        ("host", "https://example.com", "no_server"),
        ("username", "home\u00a0@example.com", "odd_blank"),
        ("password", "abcd\u00a0efgh", "odd_blank"),
        ("sender_address", "home\t@example.com", "control"),
    ],
)
async def test_what_can_not_be_seen_is_named_on_its_field(
    hass: HomeAssistant, desk: Desk, field: str, value: str, error: str
) -> None:
    dialog = await to_server(hass)
    await dialog.submit(**SERVER_INPUT | {field: value})
    assert (dialog.step, dialog.errors) == ("server", {field: error})
    assert dialog.suggested(field) == value


async def test_a_url_in_place_of_a_server_fills_the_fields_that_it_tells_of(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_server(hass)
    pasted = {"host": " smtps://smtp.example.org:465\u200b", "port": 587}
    await dialog.submit(**SERVER_INPUT | pasted | {"security": "starttls"}, **MANUAL)
    await dialog.choose("certificate_none")
    await dialog.submit()
    data = dialog.result["result"].data
    assert (data["host"], data["port"]) == ("smtp.example.org", 465)
    assert data["security"] == "tls"


async def test_a_port_of_a_server_that_is_usual_for_another_security_is_asked_about(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_server(hass)
    await dialog.submit(**SERVER_INPUT | {"host": "smtp.example.com:587"})
    assert dialog.step == "unusual_port"


async def test_what_can_not_be_seen_in_a_port_is_named(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await Dialog.start(hass)
    await dialog.submit(**PORT_INPUT | {"device": "/dev/tty\u200bUSB2"})
    assert (dialog.step, dialog.errors) == ("user", {"device": "invisible"})
    await dialog.submit(**PORT_INPUT | {"device": f"\u00a0{PORT}\u200b"})
    assert dialog.step == "cellular"


@pytest.mark.parametrize("port", [0, 65536])
async def test_a_port_out_of_range_is_refused(
    hass: HomeAssistant, desk: Desk, port: int
) -> None:
    dialog = await to_server(hass)
    with pytest.raises(InvalidData):
        await dialog.submit(**SERVER_INPUT | {"port": port})


async def test_passwords_are_typed_in_fields_for_passwords(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_cellular(hass)
    assert dialog.field("apn_password").config["type"] == "password"
    await dialog.submit(**CELLULAR_INPUT)
    await dialog.choose("server")
    assert dialog.field("password").config["type"] == "password"
    assert dialog.field("password").config["autocomplete"] == "current-password"


# Warnings.


@pytest.mark.parametrize(
    ("port", "security"), [(465, "starttls"), (587, "tls"), (25, "tls")]
)
async def test_a_port_that_is_usual_for_another_security_is_asked_about_not_refused(
    hass: HomeAssistant, desk: Desk, port: int, security: str
) -> None:
    dialog = await to_server(hass)
    await dialog.submit(**SERVER_INPUT | {"port": port, "security": security}, **MANUAL)
    assert dialog.step == "unusual_port"
    await dialog.choose("server")
    assert dialog.step == "server"
    assert dialog.suggested("port") == port
    await dialog.submit(**SERVER_INPUT | {"port": port, "security": security}, **MANUAL)
    await dialog.choose("plain_password")
    assert dialog.step == "certificate"


@pytest.mark.parametrize(
    ("port", "security"), [(465, "tls"), (587, "starttls"), (2525, "tls")]
)
async def test_a_port_that_is_right_or_unheard_of_is_taken(
    hass: HomeAssistant, desk: Desk, port: int, security: str
) -> None:
    dialog = await to_server(hass)
    await dialog.submit(**SERVER_INPUT | {"port": port, "security": security}, **MANUAL)
    assert dialog.step == "certificate"


async def test_a_password_without_encryption_is_asked_about_not_refused(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_server(hass)
    await dialog.submit(**SERVER_INPUT | {"port": 25, "security": "none"})
    assert dialog.step == "plain_password"
    await dialog.choose("verification")
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    assert dialog.result["result"].data["certificate"] is None


async def test_a_server_without_login_and_encryption_is_just_taken(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_server(hass)
    await dialog.submit(
        host="relay.example.com",
        port=25,
        security="none",
        sender_address="home@example.com",
    )
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY


# The certificate.


async def test_a_root_is_one_of_the_list(hass: HomeAssistant, desk: Desk) -> None:
    """The list can be searched, which lets anything be typed."""
    dialog = await to_certificate(hass)
    await dialog.choose("certificate_root")
    await dialog.submit()
    assert dialog.errors == {"certificate": "empty"}
    await dialog.submit(certificate="GTS")
    assert dialog.step == "certificate_root"
    assert dialog.errors == {"certificate": "certificate_not_listed"}
    await dialog.submit(certificate=LABEL)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_pasted_root_is_kept_as_plain_pem(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_certificate(hass)
    await dialog.choose("certificate_text")
    await dialog.submit(certificate=f"Our own root\n\n{ROOT}\n\nGoodbye")
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    assert dialog.result["result"].data["certificate"] == ROOT


async def test_a_root_is_taken_as_it_comes_out_of_a_web_page(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_certificate(hass)
    await dialog.choose("certificate_text")
    pasted = ROOT.replace("CERT", "CE\u200bRT").replace("\n", "\u00a0\r\n\t")
    await dialog.submit(certificate=f"\ufeff{pasted}")
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    assert dialog.result["result"].data["certificate"] == ROOT


async def test_a_server_s_own_certificate_can_be_pasted(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_certificate(hass)
    await dialog.choose("certificate_text")
    await dialog.submit(certificate=self_signed())
    # It is taken, but is not the one that this server shows.
    assert (dialog.step, dialog.errors) == ("server", {"base": "account_root"})


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("nothing", "certificate_unreadable"),
        (root().replace("M", "!"), "certificate_unreadable"),
        (root() + self_signed(), "certificate_several"),
        (issued(), "certificate_not_root"),
        (expired(), "certificate_expired"),
        (not_yet_valid(), "certificate_not_yet_valid"),
    ],
    ids=["text", "garbled", "several", "leaf", "expired", "future"],
)
async def test_a_certificate_that_can_not_serve_is_refused_by_name(
    hass: HomeAssistant, desk: Desk, text: str, error: str
) -> None:
    dialog = await to_certificate(hass)
    await dialog.choose("certificate_text")
    await dialog.submit(certificate=text)
    assert (dialog.step, dialog.errors) == ("certificate_text", {"certificate": error})
    assert dialog.suggested("certificate") == text
    await dialog.submit(certificate=ROOT)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY


async def test_not_to_verify_is_a_decision_of_its_own(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_certificate(hass)
    await dialog.choose("certificate_none")
    assert dialog.fields == ["back"]
    assert not desk.configured
    await dialog.submit()
    assert dialog.result["result"].data["certificate"] is None


# The check of it all.


@pytest.mark.parametrize(
    ("method", "err", "step", "errors", "code"),
    [
        (
            "activate",
            ApnMissingError(TcpError.APN_NOT_CONFIGURED),
            "cellular",
            {"apn": "apn_missing"},
            "573",
        ),
        (
            "activate",
            PdpError(TcpError.PDP_OPEN_FAILED),
            "cellular",
            {"base": "pdp_failed_561"},
            "561",
        ),
        (
            "activate",
            PdpError(TcpError.TIMEOUT),
            "cellular",
            {"base": "pdp_failed_569"},
            "569",
        ),
        (
            "activate",
            PdpError(TcpError.PDP_BROKEN),
            "cellular",
            {"base": "pdp_failed_570"},
            "570",
        ),
        (
            "activate",
            PdpError(TcpError.NOT_ALLOWED),
            "cellular",
            {"base": "pdp_failed_572"},
            "572",
        ),
        ("activate", PdpError(599), "cellular", {"base": "pdp_failed"}, "599"),
        ("activate", PdpError(None), "cellular", {"base": "pdp_failed"}, "–"),
        (
            "resolve",
            ServerNameError(TcpError.DNS_FAILED),
            "server",
            {"base": "server_name"},
            "565",
        ),
        (
            "configure",
            CommandError("AT+QSMTPCFG", SmtpError.PARAMETER),
            "server",
            {"base": "settings_refused"},
            "664",
        ),
        (
            "configure",
            CommandError("AT+QFUPL", FileError.NO_SPACE),
            "certificate_root",
            {"base": "file_store"},
            "420",
        ),
        (
            "configure",
            DataModeError("AT+QFUPL"),
            "certificate_root",
            {"base": "file_store"},
            "–",
        ),
        (
            "configure",
            CommandError("AT+QSSLCFG"),
            "certificate_root",
            {"base": "tls_refused"},
            "–",
        ),
    ],
)
async def test_a_setting_that_fails_leads_back_to_its_form_with_the_values_kept(
    hass: HomeAssistant,
    desk: Desk,
    method: str,
    err: ModemError,
    step: str,
    errors: dict[str, str],
    code: str,
) -> None:
    dialog = await to_certificate(hass)
    await dialog.choose("certificate_root")
    desk.fail(method, err)
    await dialog.submit(certificate=LABEL)
    assert (dialog.step, dialog.errors) == (step, errors)
    assert dialog.result["description_placeholders"]["code"] == code
    assert "save_unchecked" not in dialog.fields
    if step == "cellular":
        assert dialog.suggested("apn") == "internet"
        await dialog.submit(**CELLULAR_INPUT)
        # What was entered since is still there, and is all checked anew.
        assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
        return
    if dialog.step == "server":
        assert dialog.suggested("host") == "smtp.example.com"
        await dialog.submit(**SERVER_INPUT)
        await dialog.choose("certificate_root")
    assert dialog.suggested("certificate") == LABEL
    await dialog.submit(certificate=LABEL)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_certificate_error_without_its_form_is_shown_on_the_server_s(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_server(hass)
    desk.fail("configure", CommandError("AT+QSSLCFG"))
    await dialog.submit(**SERVER_INPUT | {"port": 25, "security": "none"})
    await dialog.choose("verification")
    assert (dialog.step, dialog.errors) == ("server", {"base": "tls_refused"})


async def test_trouble_with_the_modem_is_mended_without_asking_all_again(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_last_form(hass)
    ports, desk.ports = desk.ports, set()
    await dialog.submit()
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "port_not_found"})
    desk.ports = ports
    desk.fail("activate", NoAnswerError())
    await dialog.submit()
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "no_answer"})
    await dialog.submit()
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_firmware_that_resolves_no_names_is_accepted(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_last_form(hass)
    desk.fail("resolve", CommandError("AT+QIDNSGIP"))
    await dialog.submit()
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY


# Results that go to another port.


async def _misrouted(hass: HomeAssistant, desk: Desk) -> Dialog:
    dialog = await to_last_form(hass)
    desk.urc_port = "usbmodem"
    desk.fail("resolve", NoAnswerError())
    await dialog.submit()
    return dialog


async def test_results_on_another_port_are_routed_here_only_with_consent(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await _misrouted(hass, desk)
    assert dialog.step == "results_elsewhere"
    assert dialog.result["description_placeholders"]["urc_port"] == "usbmodem"
    assert desk.urc_port == "usbmodem"
    await dialog.choose("route_results")
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    assert desk.urc_port == "all"


async def test_another_port_can_be_chosen_instead(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await _misrouted(hass, desk)
    await dialog.choose("other_port")
    assert dialog.step == "user"
    assert desk.urc_port == "usbmodem"


async def test_a_firmware_that_can_t_report_on_all_ports_has_its_port_named(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.takes_all_ports = False
    dialog = await _misrouted(hass, desk)
    assert dialog.step == "results_on_port"
    assert dialog.result["description_placeholders"]["urc_port"] == "usbmodem"
    assert dialog.result["menu_options"] == ["other_port"]
    await dialog.choose("other_port")
    assert dialog.step == "user"
    assert "route_urcs_everywhere" not in desk.calls


async def test_a_modem_that_refuses_to_route_results_has_its_port_named(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await _misrouted(hass, desk)
    desk.fail("route_urcs_everywhere", CommandError("AT+QURCCFG"))
    await dialog.choose("route_results")
    assert dialog.step == "results_on_port"
    await dialog.choose("other_port")
    assert dialog.step == "user"


async def test_a_modem_that_fails_while_results_are_routed_is_named(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await _misrouted(hass, desk)
    desk.fail("route_urcs_everywhere", CommandError("AT+CPIN"))
    await dialog.choose("route_results")
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "command_error"})
    await dialog.submit()
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    assert desk.urc_port == "all"


@pytest.mark.parametrize("urc_port", [None, "all"])
async def test_a_result_that_never_arrives_is_named_where_routing_is_not_the_cause(
    hass: HomeAssistant, desk: Desk, urc_port: str | None
) -> None:
    dialog = await to_last_form(hass)
    desk.urc_port = urc_port
    desk.fail("resolve", NoAnswerError())
    await dialog.submit()
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "no_result"})
    await dialog.submit()
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY


def test_the_inputs_of_these_tests_are_all_fields() -> None:
    """Else a test would pass on a default."""
    both: dict[str, Any] = CELLULAR_INPUT | SERVER_INPUT
    assert len(both) == len(CELLULAR_INPUT) + len(SERVER_INPUT)


async def test_a_user_name_for_the_apn_wants_a_way_to_log_in(
    hass: HomeAssistant, desk: Desk
) -> None:
    dialog = await to_cellular(hass)
    entered = CELLULAR_INPUT | {"apn_username": "web", "apn_password": "web"}
    await dialog.submit(**entered)
    assert dialog.errors == {"authentication": "authentication_wanted"}
    assert not desk.activated
    await dialog.submit(**entered | {"authentication": "pap"})
    assert dialog.step == "provider"


async def test_a_root_need_not_be_pasted_anew_because_the_password_was_wrong(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.mail.login = (SERVER_INPUT["username"], SERVER_INPUT["password"])
    dialog = await to_server(hass)
    await dialog.submit(**SERVER_INPUT | MANUAL | {"password": "wrong"})
    assert "certificate_keep" not in dialog.result["menu_options"]
    await dialog.choose("certificate_text")
    await dialog.submit(certificate=ROOT)
    assert dialog.errors == {"base": "account_login"}
    await dialog.submit(**SERVER_INPUT | MANUAL)
    await dialog.choose("certificate_keep")
    assert dialog.result["result"].data["certificate"] == ROOT
