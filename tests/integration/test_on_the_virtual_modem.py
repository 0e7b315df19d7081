"""The whole way down to the port: a real courier and modem layer, a modem as a process."""

from collections.abc import AsyncGenerator
from pathlib import Path
import ssl
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.const import DOMAIN
from custom_components.quectel_smtp.modem.at.errors import SimError
from custom_components.quectel_smtp.modem.network.pdp import PdpState
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.setup import async_setup_component
from tests.translations import texts
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.fault_model import Action, Fault, Moment
from tests.virtual_modem.profiles import MailClient
from tests.virtual_modem.tests.mail_server import MailServer, Manners

from .conftest import ANNA, DATA, RECIPIENT, send, until
from .dialog import CELLULAR_INPUT, SERVER_INPUT, Dialog, dismiss_reauth
from .mail_on_the_desk import CA, ROOT, bundle

# Its control socket.
pytestmark = pytest.mark.usefixtures("socket_enabled")

IMEI = "867730050000017"
PDP = "sensor.quectel_ec200n_cn_data_connection"
LAST = "sensor.quectel_ec200n_cn_last_send_result"
WAITING = "sensor.quectel_ec200n_cn_emails_waiting"


@pytest.fixture
async def mail(tmp_path: Path) -> AsyncGenerator[MailServer]:
    """Start a mail server that knows the account, and that everybody trusts."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    CA.issue_cert("smtp.example.com").configure_cert(context)
    manners = Manners(login=("home@example.com", "correct horse"))
    with patch("certifi.where", return_value=bundle(tmp_path)):
        async with MailServer(manners, implicit=context) as server:
            yield server


@pytest.fixture
def mail_port(request: pytest.FixtureRequest) -> int:
    """Return where the mail server is; it is down unless the test asks for it."""
    if "mail" not in request.fixturenames:
        return 1
    port: int = request.getfixturevalue("mail").port
    return port


@pytest.fixture
async def modem(
    hass: HomeAssistant, mail_port: int, request: pytest.FixtureRequest
) -> AsyncGenerator[VirtualModem]:
    """Start a modem whose network knows the mail server."""
    base = "custom_components.quectel_smtp"
    async with VirtualModem(
        hosts={"smtp.example.com": {465: mail_port}},
        time_scale=0.01,
        mail_client=getattr(request, "param", MailClient.NOTE),
    ) as found:
        with (
            patch(f"{base}.flow.modem_checks.RESOLVE_WAIT", 2),
            patch(f"{base}.flow.progress.SHOWN_FOR", 0),
        ):
            yield found
        for entry in hass.config_entries.async_entries(DOMAIN):
            if entry.state is ConfigEntryState.LOADED:
                assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


@pytest.fixture
async def in_service(hass: HomeAssistant, modem: VirtualModem) -> MockConfigEntry:
    """Set an entry up for that modem, and wait until it is in service."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Quectel EC200N-CN",
        unique_id=IMEI,
        data=DATA | {"device": modem.port},
        # To several the path is proved first, where the account never sent.
        subentries_data=[
            RECIPIENT | {"data": {"to": ["anna@example.com"], "cc": [], "bcc": []}},
        ],
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: entry.runtime_data.courier.status.network is not None)
    return entry


def _shown(hass: HomeAssistant, entity: str) -> str:
    state = hass.states.get(entity)
    assert state is not None
    return state.state


async def test_a_locked_modem_with_its_results_elsewhere_is_set_up(
    hass: HomeAssistant, modem: VirtualModem, mail: MailServer
) -> None:
    modem.set("pin", "1234")
    modem.set("sim", "pin")
    modem.set("urcport", "usbmodem")
    dialog = await Dialog.start(hass)
    await dialog.submit(device=modem.port, advanced={"baudrate": "115200"})
    assert dialog.step == "pin"
    await dialog.submit(pin="1234")
    assert dialog.step == "cellular"
    await dialog.submit(**CELLULAR_INPUT)
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT)
    assert dialog.step == "results_elsewhere"
    await dialog.choose("route_results")
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    assert dialog.result["result"].data["pin"] == "1234"
    assert len(modem.commands(r"CPIN=")) == 1
    # The root of the mail server, found over the modem's own TCP.
    assert dialog.result["result"].data["certificate"] == ROOT
    assert any("qsmtp_ca_" in seen.line for seen in modem.commands("QFUPL"))
    assert len(mail.mechanisms) == 1
    assert not mail.received


async def test_a_sim_is_sent_two_wrong_pins_at_most_and_never_locks_itself(
    hass: HomeAssistant, modem: VirtualModem
) -> None:
    modem.set("pin", "1234")
    modem.set("sim", "pin")
    port = {"device": modem.port, "advanced": {"baudrate": "115200"}}
    dialog = await Dialog.start(hass)
    await dialog.submit(**port)
    await dialog.submit(pin="1111")
    assert (dialog.step, dialog.errors) == ("pin", {"pin": "pin_refused"})
    await dialog.submit(pin="1111", confirmed=True)
    assert dialog.errors == {"pin": "pin_refused_before"}
    await dialog.submit(pin="2222", confirmed=True)
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "pin_refused_low"})
    dialog.close()
    dialog = await Dialog.start(hass)
    await dialog.submit(**port)
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "pin_tries_low"})
    assert len(modem.commands(r"CPIN=")) == 2
    dialog.close()


@pytest.mark.parametrize("modem", [MailClient.TERSE], indirect=True)
async def test_a_modem_that_tells_elsewhere_of_connections_alone_is_set_up(
    hass: HomeAssistant, modem: VirtualModem, mail: MailServer
) -> None:
    """A terse one tells of emails and names where it was asked, wherever URCs go."""
    modem.set("urcport", "usbmodem")
    dialog = await Dialog.start(hass)
    await dialog.submit(device=modem.port, advanced={"baudrate": "115200"})
    await dialog.submit(**CELLULAR_INPUT)
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    assert dialog.result["result"].data["certificate"] == ROOT
    assert len(mail.mechanisms) == 1
    assert not mail.received


@pytest.mark.parametrize("modem", MailClient, indirect=True)
async def test_a_wrong_password_is_found_out_before_anything_is_saved(
    hass: HomeAssistant, modem: VirtualModem, mail: MailServer
) -> None:
    modem.set("urcport", "all")
    dialog = await Dialog.start(hass)
    await dialog.submit(device=modem.port, advanced={"baudrate": "115200"})
    await dialog.submit(**CELLULAR_INPUT)
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT | {"password": "wrong horse"})
    assert (dialog.step, dialog.errors) == ("server", {"base": "account_login"})
    words = dialog.result["description_placeholders"]["words"]
    assert words == "5.7.8 Authentication credentials invalid"
    assert len(mail.mechanisms) == 1
    await dialog.submit(**SERVER_INPUT)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    assert len(mail.mechanisms) == 2
    assert not mail.received


async def test_a_firmware_of_another_make_is_set_up_as_far_as_it_can_be(
    hass: HomeAssistant, modem: VirtualModem
) -> None:
    modem.set("combined", "false")
    modem.set("urcport", "usbmodem")
    modem.set("urcports", "usbat,usbmodem,uart1")
    dialog = await Dialog.start(hass)
    await dialog.submit(device=modem.port, advanced={"baudrate": "115200"})
    await _set_up(dialog, "internet")
    assert dialog.step == "results_on_port"
    assert not modem.commands(r"QURCCFG=.*,")


async def test_a_sim_that_is_slow_after_a_power_cut_is_not_missing(
    hass: HomeAssistant, modem: VirtualModem, in_service: MockConfigEntry
) -> None:
    courier = in_service.runtime_data.courier
    troubles = []
    courier.watch(lambda: troubles.append(courier.status.trouble))
    modem.set("sim_seconds", "2")
    modem.set("cfun_seconds", "1")
    asked = len(modem.commands(r"CPIN\?"))
    registered = len(modem.commands(r"CEREG\?"))
    modem.reboot()
    await until(lambda: len(modem.commands(r"CEREG\?")) > registered)
    assert len(modem.commands(r"CPIN\?")) > asked + 1
    assert not any(isinstance(trouble, SimError) for trouble in troubles)


@pytest.mark.parametrize(
    ("sim", "error"), [("no_sim", "sim_missing"), ("net_locked", "network_locked")]
)
async def test_what_a_firmware_says_of_a_sim_has_words(
    hass: HomeAssistant, modem: VirtualModem, sim: str, error: str
) -> None:
    modem.set("sim", sim)
    with patch("custom_components.quectel_smtp.modem.connection._STARTS", 0.0):
        dialog = await Dialog.start(hass)
        await dialog.submit(device=modem.port, advanced={"baudrate": "115200"})
    assert (dialog.step, dialog.errors) == ("trouble", {"base": error})


async def _set_up(dialog: Dialog, apn: str) -> None:
    """Go from the APN's form to the end."""
    await dialog.submit(**CELLULAR_INPUT | {"apn": apn})
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT)


async def test_a_network_that_wants_its_apn_first_is_set_up(
    hass: HomeAssistant, modem: VirtualModem, mail: MailServer
) -> None:
    modem.set("urcport", "all")
    modem.set("pin", "1234")
    modem.set("attach_apn", "internet")
    modem.set("sim", "pin")
    with patch("custom_components.quectel_smtp.flow.modem_checks.REGISTRATION_WAIT", 2):
        dialog = await Dialog.start(hass)
        await dialog.submit(device=modem.port, advanced={"baudrate": "115200"})
        await dialog.submit(pin="1234")
        assert (dialog.step, dialog.errors) == ("cellular", {"base": "apn_first"})
        await dialog.submit(**CELLULAR_INPUT | {"apn": "wrong"})
        assert (dialog.step, dialog.errors) == (
            "cellular",
            {"base": "not_registered_apn"},
        )
        await _set_up(dialog, "internet")
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    # Once for each APN.
    assert len(modem.commands(r"CGATT=1")) == 2
    assert len(modem.commands(r"CPIN=")) == 1


@pytest.mark.parametrize("kept", ["", "elsewhere"])
async def test_a_modem_that_restarts_gets_its_apn_before_it_is_waited_for(
    hass: HomeAssistant, modem: VirtualModem, in_service: MockConfigEntry, kept: str
) -> None:
    modem.set("attach_apn", "internet")
    modem.set("dialled", kept)
    sent = len(modem.commands("CGATT=1"))
    modem.reboot()
    await until(lambda: len(modem.commands("CGATT=1")) > sent)
    courier = in_service.runtime_data.courier
    await send(hass)
    await until(lambda: len(modem.commands("QSMTPPUT=")) > 0)
    assert courier.status.trouble is None
    assert [seen.apn for seen in modem.state().contexts] == ["internet"]


async def test_a_context_that_the_modem_keeps_up_itself_carries_mail(
    hass: HomeAssistant, modem: VirtualModem, in_service: MockConfigEntry
) -> None:
    modem.set("dialled", "internet")
    modem.reboot()
    await until(lambda: modem.state().boot == 2)
    await send(hass)
    await until(lambda: len(modem.commands("QSMTPPUT=")) > 0)
    assert _shown(hass, PDP) == PdpState.ACTIVE
    assert not [seen for seen in modem.commands("CGATT=") if seen.boot == 2]


async def test_a_pdp_context_that_the_network_takes_away_is_shown_at_once(
    hass: HomeAssistant, modem: VirtualModem, in_service: MockConfigEntry
) -> None:
    await send(hass)
    await until(lambda: _shown(hass, PDP) == PdpState.ACTIVE)
    modem.pdpdeact(1)
    await until(lambda: _shown(hass, PDP) == PdpState.INACTIVE)


async def test_a_mail_server_that_is_down_is_named_with_the_modem_s_code(
    hass: HomeAssistant, modem: VirtualModem, in_service: MockConfigEntry
) -> None:
    await send(hass)
    await until(lambda: _shown(hass, LAST) == "doubtful")
    state = hass.states.get(LAST)
    assert state is not None
    assert (state.attributes["code"], state.attributes["code_name"]) == (654, "network")
    assert _shown(hass, WAITING) == "1"


async def test_a_sim_that_is_locked_by_a_power_cut_is_asked_about(
    hass: HomeAssistant, modem: VirtualModem, in_service: MockConfigEntry
) -> None:
    modem.set("pin", "1234")
    modem.set("sim", "pin")
    modem.reboot()
    await until(lambda: bool(hass.config_entries.flow.async_progress()))
    (flow,) = hass.config_entries.flow.async_progress()
    dialog = Dialog(
        hass, await hass.config_entries.flow.async_configure(flow["flow_id"])
    )
    assert dialog.step == "pin"
    await dialog.submit(pin="1234")
    assert await dialog.without_test() == "saved_untested"
    assert in_service.data["pin"] == "1234"


async def test_a_modem_that_was_unplugged_is_found_again(
    hass: HomeAssistant, modem: VirtualModem, in_service: MockConfigEntry
) -> None:
    courier = in_service.runtime_data.courier
    modem.hangup()
    await until(lambda: courier.status.trouble is not None)
    modem.plug()
    await until(lambda: courier.status.trouble is None)
    assert courier.status.connected


# What every email needs, before there is one.

ACCOUNT = 'QSMTPCFG="account"'
SENDER = 'QSMTPCFG="sender"'


async def test_a_modem_is_told_the_account_before_there_is_an_email(
    hass: HomeAssistant, modem: VirtualModem, in_service: MockConfigEntry
) -> None:
    await modem.wait_for_command(SENDER)
    assert len(modem.commands(ACCOUNT)) == 1
    modem.reboot()
    await modem.wait_for_command(SENDER, count=2)
    (before, after) = modem.commands(ACCOUNT)
    assert (before.boot, after.boot) == (1, 2)
    assert not modem.commands("QIACT=|QSMTPDST|QSMTPPUT")
    assert _shown(hass, PDP) == PdpState.INACTIVE
    assert _shown(hass, WAITING) == "0"


async def test_a_certificate_is_told_in_each_boot_and_written_once(
    hass: HomeAssistant, modem: VirtualModem, in_service: MockConfigEntry
) -> None:
    data = in_service.data | {"certificate": ROOT, "verification": "manual"}
    hass.config_entries.async_update_entry(in_service, data=data)
    await modem.wait_for_command('QSSLCFG="cacert"')
    await modem.wait_for_command(SENDER)
    modem.reboot()
    await modem.wait_for_command('QSSLCFG="cacert"', count=2)
    # It lies in the modem's flash, which each writing wears.
    assert len(modem.commands("QFUPL=[^?]")) == 1


async def test_the_mail_client_of_the_modem_is_told_nothing_where_none_goes_by_it(
    hass: HomeAssistant, modem: VirtualModem, in_service: MockConfigEntry
) -> None:
    await modem.wait_for_command(SENDER)
    hass.config_entries.async_update_entry(in_service, options={"way": "stream"})
    await modem.wait_for_command("QISDE=0")
    told = len(modem.commands("QSMTP"))
    modem.reboot()
    await modem.wait_for_command("QISDE=0", count=2)
    assert len(modem.commands("QSMTP")) == told
    assert not modem.commands("QIOPEN")


async def test_an_email_that_comes_while_the_modem_is_told_goes_first(
    hass: HomeAssistant,
    modem: VirtualModem,
    mail: MailServer,
    in_service: MockConfigEntry,
) -> None:
    await modem.wait_for_command(SENDER)
    # Time to accept an email while the modem answers.
    fault = Fault(Action.DELAY, ACCOUNT, Moment.BEFORE_FINAL, seconds=1)
    number = modem.fault(fault)
    modem.reboot()
    await modem.wait_for_command(ACCOUNT, count=2)
    await send(hass)
    await until(lambda: _shown(hass, LAST) == "sent")
    assert modem.fault_strikes(number) == 1
    lines = [seen.line for seen in modem.commands() if seen.boot == 2]
    told = next(i for i, line in enumerate(lines) if ACCOUNT in line)
    assert not [
        line
        for line in lines[told + 1 : lines.index("AT+QIACT=1")]
        if "QSMTPCFG" in line
    ]
    assert len(mail.received) == 1


async def test_a_data_connection_that_stays_is_there_before_an_email_and_comes_back(
    hass: HomeAssistant, modem: VirtualModem, in_service: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(in_service, options={"idle": 0})
    await until(lambda: _shown(hass, PDP) == PdpState.ACTIVE)
    modem.pdpdeact(1)
    await modem.wait_for_command("QIACT=1", count=2)
    await until(lambda: _shown(hass, PDP) == PdpState.ACTIVE)
    modem.reboot()
    await modem.wait_for_command("QIACT=1", count=3)
    await until(lambda: _shown(hass, PDP) == PdpState.ACTIVE)
    assert not modem.commands("QSMTPPUT")


# What the mail server says of an address, or of the account.


@pytest.fixture
async def by_stream(
    hass: HomeAssistant, mail: MailServer, in_service: MockConfigEntry
) -> MockConfigEntry:
    """Return the entry, whose emails go by Home Assistant's own mail client."""
    hass.config_entries.async_update_entry(in_service, options={"way": "stream"})
    return in_service


def _issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    """Return the repair issues by the keys of their texts."""
    return {
        str(issue.translation_key): issue
        for issue in ir.async_get(hass).issues.values()
    }


async def _addressed(hass: HomeAssistant, entry: MockConfigEntry, *to: str) -> None:
    (subentry,) = entry.subentries.values()
    data = {"to": list(to), "cc": [], "bcc": []}
    hass.config_entries.async_update_subentry(entry, subentry, data=data)
    await hass.async_block_till_done()


async def _repair(hass: HomeAssistant, issue: ir.IssueEntry) -> Dialog:
    assert await async_setup_component(hass, "repairs", {})
    flows = hass.data["repairs"]["flow_manager"]
    key = str(issue.translation_key)
    result = await flows.async_init(DOMAIN, context={"issue_id": issue.issue_id})
    return Dialog(hass, result, "issues", key, "fix_flow", flows=flows)


async def test_a_refused_address_of_several_is_a_repair_until_it_is_corrected(
    hass: HomeAssistant, mail: MailServer, by_stream: MockConfigEntry
) -> None:
    mail.manners.refused["gone@example.com"] = "550 5.1.1 `nobody`\x07 here"
    await _addressed(hass, by_stream, "anna@example.com", "gone@example.com")
    await send(hass)
    await until(lambda: _shown(hass, LAST) == "partly_sent")
    issue = _issues(hass)["address_refused"]
    assert issue.translation_placeholders == {
        "name": "Quectel EC200N-CN",
        "recipient": "Anna",
        "address": "gone@example.com",
        "words": "550 5.1.1 'nobody' here",
    }
    text = texts()["issues"]["address_refused"]["description"]
    assert "gone@example.com" in text.format(**issue.translation_placeholders)
    # What Home Assistant keeps of a repair is in each file of diagnostics.
    assert "gone@example.com" not in str(issue.to_json())
    # A restart does not forget it, nor does an email to others.
    assert await hass.config_entries.async_unload(by_stream.entry_id)
    ir.async_delete_issue(hass, DOMAIN, issue.issue_id)
    assert await hass.config_entries.async_setup(by_stream.entry_id)
    await hass.async_block_till_done()
    again = _issues(hass)["address_refused"]
    assert again.translation_placeholders == issue.translation_placeholders
    await _addressed(hass, by_stream, "anna@example.com")
    assert "address_refused" not in _issues(hass)


async def test_a_refused_address_that_is_taken_again_is_a_repair_no_more(
    hass: HomeAssistant, mail: MailServer, by_stream: MockConfigEntry
) -> None:
    await send(hass)
    await until(lambda: _shown(hass, LAST) == "sent")
    mail.manners.refused["anna@example.com"] = "550 not today"
    await send(hass, "Once more")
    await until(lambda: "address_refused" in _issues(hass))
    mail.manners.refused.clear()
    await send(hass, "And again")
    await until(lambda: "address_refused" not in _issues(hass))


async def test_what_is_told_of_a_refused_address_goes_with_its_entry(
    hass: HomeAssistant, mail: MailServer, by_stream: MockConfigEntry
) -> None:
    await send(hass)
    await until(lambda: _shown(hass, LAST) == "sent")
    mail.manners.refused["anna@example.com"] = "550 not today"
    await send(hass, "Once more")
    await until(lambda: "address_refused" in _issues(hass))
    assert await hass.config_entries.async_remove(by_stream.entry_id)
    assert _issues(hass) == {}


async def test_an_address_that_an_account_is_refused_for_is_named_by_the_repair(
    hass: HomeAssistant, mail: MailServer, by_stream: MockConfigEntry
) -> None:
    mail.manners.refused["anna@example.com"] = "550 5.1.1 nobody here"
    await send(hass)
    await until(lambda: "refused" in _issues(hass))
    dialog = await _repair(hass, _issues(hass)["refused"])
    assert dialog.step == "named"
    known = dialog.result["description_placeholders"]
    assert (known["address"], known["words"]) == (
        "anna@example.com",
        "550 5.1.1 nobody here",
    )
    mail.manners.refused.clear()
    await dialog.choose("try_again")
    await until(lambda: _shown(hass, LAST) == "sent")
    assert "refused" not in _issues(hass)


async def test_a_refused_login_is_a_repair_in_the_server_s_own_words(
    hass: HomeAssistant, mail: MailServer, by_stream: MockConfigEntry
) -> None:
    mail.manners.login = ("home@example.com", "another")
    await send(hass)
    await dismiss_reauth(hass)
    await until(lambda: "login_held" in _issues(hass))
    dialog = await _repair(hass, _issues(hass)["login_held"])
    assert dialog.step == "said"
    assert dialog.result["description_placeholders"]["words"].startswith("535 ")
    assert "correct horse" not in str(_issues(hass))
    mail.manners.login = ("home@example.com", "correct horse")
    await dialog.choose("try_again")
    await until(lambda: _shown(hass, LAST) == "sent")


# Two ways.

ALARM = {
    "automation": {
        "triggers": {"trigger": "event", "event_type": "water"},
        "actions": {
            "action": "notify.send_message",
            "target": {"entity_id": ANNA},
            "data": {
                "title": "Alarm",
                "message": "Water in the {{ trigger.event.data.where }}",
            },
        },
    }
}
EMAIL = "event.quectel_ec200n_cn_email_delivery"


@pytest.mark.parametrize("modem", [MailClient.TERSE], indirect=True)
async def test_what_a_terse_modem_fails_to_send_home_assistant_s_client_sends(
    hass: HomeAssistant,
    modem: VirtualModem,
    mail: MailServer,
    in_service: MockConfigEntry,
) -> None:
    told = []

    @callback
    def hear(event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        assert state is not None
        told.append((state.attributes["event_type"], state.attributes.get("way")))

    async_track_state_change_event(hass, EMAIL, hear)
    assert await async_setup_component(hass, "automation", ALARM)
    modem.fault(
        Fault(Action.RESULT, "QSMTPPUT", Moment.BEFORE_RESULT, code=654, times=0)
    )
    hass.bus.async_fire("water", {"where": "cellar"})
    await until(lambda: _shown(hass, LAST) == "sent")
    state = hass.states.get(LAST)
    assert state is not None
    assert state.attributes["way"] == "stream"
    assert state.attributes["reply"] == 250
    assert ("deferred", "module") in told
    assert told[-1] == ("sent", "stream")
    assert len(modem.commands("QSMTPPUT=")) == 1
    # The modem's client had sent it after all.
    texts = [envelope.content for envelope in mail.received]
    assert len(texts) == 2
    assert isinstance(texts[1], bytes)
    assert b"(possible repeat)" in texts[1]


@pytest.mark.parametrize("modem", [MailClient.TERSE], indirect=True)
async def test_a_password_that_a_terse_modem_does_not_complain_of_is_asked_for(
    hass: HomeAssistant,
    modem: VirtualModem,
    mail: MailServer,
    in_service: MockConfigEntry,
) -> None:
    assert await async_setup_component(hass, "automation", ALARM)
    hass.bus.async_fire("water", {"where": "cellar"})
    await until(lambda: _shown(hass, LAST) == "sent")
    mail.manners.login = ("home@example.com", "battery staple")
    mail.mechanisms.clear()
    hass.bus.async_fire("water", {"where": "kitchen"})
    await until(lambda: _shown(hass, LAST) == "refused")
    state = hass.states.get(LAST)
    assert state is not None
    assert state.attributes["way"] == "stream"
    assert (state.attributes["state"], state.attributes["reply"]) == ("held", 535)
    assert state.attributes["server_words"].startswith("5.7.8 ")
    assert len(mail.mechanisms) == 2
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"


async def test_an_alarm_goes_by_the_other_way_while_an_email_hangs(
    hass: HomeAssistant,
    modem: VirtualModem,
    mail: MailServer,
    in_service: MockConfigEntry,
) -> None:
    assert await async_setup_component(hass, "automation", ALARM)
    number = modem.fault(Fault(Action.DROP, "QSMTPPUT", Moment.BEFORE_RESULT))
    with patch("custom_components.quectel_smtp.delivery.courier.postman._HANGS", 0.5):
        hass.bus.async_fire("water", {"where": "cellar"})
        await until(lambda: modem.fault_strikes(number) == 1)
        hass.bus.async_fire("water", {"where": "kitchen"})
        await until(lambda: _shown(hass, LAST) == "sent")
    state = hass.states.get(LAST)
    assert state is not None
    assert state.attributes["way"] == "stream"
    assert _shown(hass, WAITING) == "1"
    (put,) = modem.commands("QSMTPPUT=")
    # What the one that hangs needs stays as it is.
    assert not [seen for seen in modem.commands("CFUN=|QIDEACT") if seen.at > put.at]
    assert len(mail.received) == 2
