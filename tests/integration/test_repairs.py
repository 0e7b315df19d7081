"""Repair issues come when a person is needed, and go by themselves once it is mended."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.quectel_smtp.const import DOMAIN
from custom_components.quectel_smtp.delivery.errors import (
    NotWaitingError,
    OutboxWriteError,
)
from custom_components.quectel_smtp.delivery.outbox import schema
from custom_components.quectel_smtp.flow.beginning import begin_at
from custom_components.quectel_smtp.issues import KEYS, MENDED_AT
from custom_components.quectel_smtp.modem.at.codes import SmtpError, SmtpReply
from custom_components.quectel_smtp.modem.at.errors import (
    ModemError,
    NoAnswerError,
    NotAModemError,
    PortLostError,
    UnexpectedAnswerError,
)
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from custom_components.quectel_smtp.modem.network.sim import SimState
from custom_components.quectel_smtp.modem.network.status import Network, Registration
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .conftest import in_service, send, settled, until
from .dialog import SERVER_INPUT, Dialog, recipient_form
from .modem_on_the_desk import ANOTHER, AT_HOME, EC200A, ICCID, PORT, Desk

LOGIN = Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, SmtpReply.AUTH_FAILED)
CERTIFICATE = Outcome(Result.REFUSED, SmtpError.TLS)
SENDER = Outcome(Result.REFUSED, SmtpError.MAILBOX_NAME, SmtpReply.MAILBOX_NAME)
NO_REASON = Outcome(Result.DOUBTFUL, SmtpError.NETWORK)


def _issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    return {
        issue.translation_key or "": issue
        for issue in ir.async_get(hass).issues.values()
        if issue.domain == DOMAIN
    }


def _cards(hass: HomeAssistant) -> set[str]:
    """Return what tells of a problem: our issues, and Home Assistant's own card."""
    asked = {
        "asked"
        for issue in ir.async_get(hass).issues.values()
        if issue.translation_key == "config_entry_reauth"
    }
    return {*_issues(hass), *asked}


def _dismiss(hass: HomeAssistant) -> None:
    """Close the dialogs that ask for a PIN or a login, so that our issues tell of it."""
    for flow in hass.config_entries.flow.async_progress():
        hass.config_entries.flow.async_abort(flow["flow_id"])


async def _held_for_login(hass: HomeAssistant, desk: Desk) -> None:
    """Have an email refused for its login, and the dialog that asks for it closed."""
    desk.always = LOGIN
    await send(hass)
    await until(lambda: _cards(hass) == {"asked"})
    _dismiss(hass)
    await until(lambda: _cards(hass) == {"login_held"})


async def _fix(hass: HomeAssistant, entry: MockConfigEntry, key: str) -> Dialog:
    assert await async_setup_component(hass, "repairs", {})
    flows = hass.data["repairs"]["flow_manager"]
    result = await flows.async_init(
        DOMAIN, context={"issue_id": f"{key}_{entry.entry_id}"}
    )
    return Dialog(hass, result, "issues", key, "fix_flow", flows=flows)


async def _start(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def test_all_is_well(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await send(hass)
    await settled(hass, loaded)
    assert _issues(hass) == {}


@pytest.mark.parametrize(
    ("change", "mend", "key"),
    [
        ({"sim": SimState.PIN_REQUIRED}, {"sim": SimState.READY}, "pin_required"),
        (
            {"sim": SimState.PIN_REQUIRED, "tries": 2},
            {"sim": SimState.READY},
            "pin_tries_low",
        ),
        ({"sim": SimState.PUK_REQUIRED}, {"sim": SimState.READY}, "puk_required"),
        ({"sim": SimState.MISSING}, {"sim": SimState.READY}, "sim_missing"),
        ({"sim": SimState.FAILURE}, {"sim": SimState.READY}, "sim_failure"),
        (
            {"network": Network(Registration.DENIED, None, None)},
            {"network": AT_HOME},
            "registration_denied",
        ),
        ({"identity": ANOTHER}, {"identity": EC200A}, "wrong_modem"),
    ],
)
async def test_what_the_modem_needs_is_said_until_it_has_it(
    hass: HomeAssistant,
    desk: Desk,
    entry: MockConfigEntry,
    change: dict[str, Any],
    mend: dict[str, Any],
    key: str,
) -> None:
    for name, value in change.items():
        setattr(desk, name, value)
    await _start(hass, entry)
    if key in ("pin_required", "pin_tries_low"):
        await until(lambda: _cards(hass) == {"asked"})
        _dismiss(hass)
    await until(lambda: set(_issues(hass)) == {key})
    issue = _issues(hass)[key]
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["name"] == "Quectel EC200A"
    assert issue.is_fixable == (key in MENDED_AT)
    await send(hass)
    for name, value in mend.items():
        setattr(desk, name, value)
    await settled(hass, entry)
    assert _issues(hass) == {}
    assert len(desk.sent) == 1


async def test_a_refused_pin_is_in_no_issue(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.sim, desk.tries = SimState.PIN_REQUIRED, None
    hass.config_entries.async_update_entry(
        entry, data=entry.data | {"pin": "1111", "iccid": ICCID}
    )
    await _start(hass, entry)
    await until(lambda: _cards(hass) == {"asked"})
    _dismiss(hass)
    await until(lambda: set(_issues(hass)) == {"pin_required"})
    assert "1111" not in str(_issues(hass))


@pytest.mark.parametrize(
    ("outcome", "key"),
    [
        (LOGIN, "login_held"),
        (CERTIFICATE, "certificate_held"),
        (SENDER, "refused"),
        (NO_REASON, "unexplained"),
    ],
)
async def test_what_is_held_can_be_tried_again_from_the_issue(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    outcome: Outcome,
    key: str,
) -> None:
    desk.has_tcp = False
    desk.always = outcome
    await send(hass)
    await until(lambda: bool(loaded.runtime_data.courier.status.mail.held))
    await hass.async_block_till_done()
    _dismiss(hass)
    await until(lambda: key in _issues(hass))
    issue = _issues(hass)[key]
    assert issue.is_fixable
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["count"] in "12"
    assert "correct horse" not in str(issue)
    assert "@example.com" not in str(issue)
    dialog = await _fix(hass, loaded, key)
    assert dialog.step == "confirm"
    desk.always = None
    await dialog.choose("try_again")
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    await settled(hass, loaded)
    assert _issues(hass) == {}
    assert desk.sent


async def test_a_corrected_address_is_used_by_what_is_held_for_it(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    (subentry,) = loaded.subentries.values()
    hass.config_entries.async_update_subentry(
        loaded, subentry, data={"to": ["wrong@example.com"], "cc": [], "bcc": []}
    )
    desk.always = SENDER
    await send(hass)
    await until(lambda: "refused" in _issues(hass))
    desk.always = None
    (subentry,) = loaded.subentries.values()
    hass.config_entries.async_update_subentry(
        loaded, subentry, data={"to": ["carla@example.com"], "cc": [], "bcc": []}
    )
    await settled(hass, loaded)
    assert _issues(hass) == {}
    assert [message.to for message in desk.sent] == [("carla@example.com",)]
    assert desk.sent[0].cc == ()


async def test_what_is_not_mended_is_said_again(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.has_tcp = False
    desk.always = CERTIFICATE
    await send(hass)
    await until(lambda: "certificate_held" in _issues(hass))
    tried = desk.calls.count("put")
    dialog = await _fix(hass, loaded, "certificate_held")
    await dialog.choose("try_again")
    assert dialog.ended == "still_so"
    await desk.reached("put", tried + 1)
    await until(lambda: "certificate_held" in _issues(hass))


async def test_new_settings_mend_what_is_held(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.has_tcp = False
    desk.always = CERTIFICATE
    await send(hass)
    await until(lambda: "certificate_held" in _issues(hass))
    desk.always = None
    hass.config_entries.async_update_entry(
        loaded, data=loaded.data | {"host": "mail.example.org"}
    )
    await settled(hass, loaded)
    assert _issues(hass) == {}


async def test_results_that_go_elsewhere_hold_all(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.heard = desk.has_tcp = False
    desk.always = Outcome(Result.UNKNOWN)
    held = desk.hold_in("put")
    await send(hass, "first")
    await desk.reached("put")
    await send(hass, "second")
    held.set()
    await until(lambda: "results_elsewhere" in _issues(hass))
    puts = desk.calls.count("put")
    await send(hass, "third")
    # After two copies that may have arrived, the first is not repeated any more.
    assert loaded.runtime_data.courier.status.mail.waiting == 2
    assert desk.calls.count("put") == puts
    dialog = await _fix(hass, loaded, "results_elsewhere")
    desk.always = None
    desk.heard = True
    await dialog.choose("try_again")
    await settled(hass, loaded)
    assert _issues(hass) == {}


async def test_an_email_that_went_while_the_dialog_was_open_is_no_error(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await _held_for_login(hass, desk)
    dialog = await _fix(hass, loaded, "login_held")
    await loaded.runtime_data.courier.cancel(None)
    await dialog.choose("try_again")
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    assert _issues(hass) == {}


async def test_an_email_that_goes_in_the_very_moment_is_no_error_either(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await _held_for_login(hass, desk)
    dialog = await _fix(hass, loaded, "login_held")
    courier = loaded.runtime_data.courier
    with (
        patch.object(courier, "retry", side_effect=NotWaitingError),
        patch("custom_components.quectel_smtp.repairs.PATIENCE", 0),
    ):
        await dialog.choose("try_again")
    # It is still held here, since nothing was really tried.
    assert dialog.ended == "still_so"


async def test_a_dialog_says_that_the_outbox_can_not_be_written(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await _held_for_login(hass, desk)
    dialog = await _fix(hass, loaded, "login_held")
    with patch.object(
        loaded.runtime_data.courier, "listed", side_effect=OutboxWriteError
    ):
        await dialog.choose("try_again")
    assert dialog.ended == "outbox_failed"
    assert "login_held" in _issues(hass)


@pytest.mark.parametrize("choice", ["try_again", "mend"])
@pytest.mark.parametrize("removed", [False, True])
async def test_a_dialog_outlives_its_entry(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    removed: bool,
    choice: str,
) -> None:
    await _held_for_login(hass, desk)
    dialog = await _fix(hass, loaded, "login_held")
    if removed:
        await hass.config_entries.async_remove(loaded.entry_id)
    else:
        assert await hass.config_entries.async_unload(loaded.entry_id)
    await dialog.choose(choice)
    assert dialog.ended == "not_loaded"


# One problem has one card, which leads to the form that mends it.


async def _led_on(hass: HomeAssistant, dialog: Dialog) -> Dialog:
    """Return the dialog that a repair has led to."""
    assert dialog.ended == "led_on"
    kind, flow_id = dialog.result["next_flow"]
    assert kind == "config_flow"
    return Dialog(hass, await hass.config_entries.flow.async_configure(flow_id))


async def test_a_repair_is_there_until_the_form_that_it_leads_to_has_helped(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await _held_for_login(hass, desk)
    repair = await _fix(hass, loaded, "login_held")
    dialog = await _led_on(hass, await repair.choose("mend"))
    assert dialog.step == "server"
    assert "login_held" in _issues(hass)
    desk.always = None
    await dialog.submit(**SERVER_INPUT | {"password": "battery staple"})
    await dialog.choose("certificate_none")
    await dialog.submit()
    assert dialog.step == "test"
    await settled(hass, loaded)
    await until(lambda: _cards(hass) == set())
    assert loaded.data["password"] == "battery staple"


async def test_a_pin_is_asked_for_by_the_dialog_that_asks_already(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    await _start(hass, entry)
    await until(lambda: _cards(hass) == {"asked"})
    (asking,) = hass.config_entries.flow.async_progress()
    assert await begin_at(hass, entry, "pin") == asking["flow_id"]
    _dismiss(hass)
    await until(lambda: _cards(hass) == {"pin_required"})
    repair = await _fix(hass, entry, "pin_required")
    dialog = await _led_on(hass, await repair.submit())
    assert dialog.step == "pin"
    await dialog.submit(pin="1234")
    await until(lambda: _cards(hass) == set())


async def test_what_the_weekly_check_has_found_leads_to_the_mail_server_s_form(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.online = True
    desk.mail.login = ("home@example.com", "another one")
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(days=2))
    await until(lambda: set(_issues(hass)) == {"account_login"})
    repair = await _fix(hass, loaded, "account_login")
    dialog = await _led_on(hass, await repair.submit())
    assert dialog.step == "server"


@pytest.mark.parametrize("key", MENDED_AT)
async def test_each_repair_that_a_form_mends_leads_there(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, key: str
) -> None:
    flow_id = await begin_at(hass, loaded, MENDED_AT[key])
    dialog = Dialog(hass, await hass.config_entries.flow.async_configure(flow_id))
    assert dialog.step == MENDED_AT[key]
    # Another one takes its place: nobody finds one again that was left behind.
    await begin_at(hass, loaded, "port")
    left = {flow["flow_id"] for flow in hass.config_entries.flow.async_progress()}
    assert flow_id not in left or MENDED_AT[key] == "pin"


async def test_a_modem_that_nobody_gets_emails_from_leads_to_a_first_recipient(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    """The dialog of the set-up was closed before that."""
    hass.config_entries.async_remove_subentry(loaded, "recipient_1")
    await until(lambda: _cards(hass) == {"no_recipient"})
    repair = await _fix(hass, loaded, "no_recipient")
    dialog = await _led_on(hass, await repair.submit())
    assert dialog.step == "recipient"
    await dialog.submit(**recipient_form("Alex", ["alex@example.com"]))
    assert dialog.ended == "test_sent_module"
    await until(lambda: _cards(hass) == set())


# The port.


async def _pass_time(hass: HomeAssistant, **time: float) -> None:
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(**time))
    await hass.async_block_till_done()


async def test_a_port_that_is_away_for_ten_minutes_is_said(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    courier = loaded.runtime_data.courier
    desk.unplug()
    await desk.until(lambda: courier.status.trouble is not None)
    await _pass_time(hass, minutes=9, seconds=50)
    assert _issues(hass) == {}
    await _pass_time(hass, minutes=10, seconds=1)
    assert set(_issues(hass)) == {"port_missing"}
    placeholders = _issues(hass)["port_missing"].translation_placeholders
    told = {"name": "Quectel EC200A", "port": PORT, "minutes": "10"}
    assert placeholders == told
    desk.ports = {PORT}
    await desk.until(lambda: courier.status.trouble is None)
    assert _issues(hass) == {}


async def test_a_port_that_comes_back_in_between_is_no_issue(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    courier = loaded.runtime_data.courier
    for _ in range(2):
        desk.unplug()
        await desk.until(lambda: courier.status.trouble is not None)
        await _pass_time(hass, minutes=6)
        desk.ports = {PORT}
        await desk.until(lambda: courier.status.trouble is None)
    assert _issues(hass) == {}


@pytest.mark.parametrize(
    "errors",
    [
        (NoAnswerError(),),
        (NotAModemError(),),
        (UnexpectedAnswerError(),),
        # It never comes further than that, by whatever way.
        (PortLostError(), NoAnswerError()),
    ],
    ids=["silent", "nonsense", "garbled", "flapping"],
)
async def test_a_modem_that_does_not_answer_for_ten_minutes_is_said(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    errors: tuple[ModemError, ...],
) -> None:
    courier = loaded.runtime_data.courier
    desk.fail("open", *errors * 100_000)
    desk.lose_port()
    await desk.until(lambda: type(courier.status.trouble) is type(errors[-1]))
    await _pass_time(hass, minutes=9, seconds=50)
    assert _issues(hass) == {}
    await _pass_time(hass, minutes=10, seconds=1)
    await until(lambda: "modem_silent" in _issues(hass))
    issue = _issues(hass)["modem_silent"]
    told = {"name": "Quectel EC200A", "port": PORT, "minutes": "10"}
    assert issue.translation_placeholders == told
    desk.failures["open"].clear()
    await desk.until(lambda: courier.status.trouble is None)
    assert _issues(hass) == {}


# The outbox.


async def test_an_outbox_that_can_not_be_written_is_said_until_it_can(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    storage = Path(hass.config.path(".storage"))
    storage.rename(storage.with_name("away"))
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert set(_issues(hass)) == {"outbox_failed"}
    with pytest.raises(HomeAssistantError) as raised:
        await send(hass)
    assert raised.value.translation_key == "outbox_failed"
    storage.with_name("away").rename(storage)
    await send(hass)
    await settled(hass, entry)
    assert _issues(hass) == {}
    assert len(desk.sent) == 1


async def test_an_outbox_of_a_newer_version_is_no_damage_and_waits_for_that(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.ports.clear()
    newer = (*schema.MIGRATIONS, ("CREATE TABLE colours (name TEXT)",))
    with patch.object(schema, "MIGRATIONS", newer):
        assert await hass.config_entries.async_setup(entry.entry_id)
        await send(hass)
        assert await hass.config_entries.async_unload(entry.entry_id)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert set(_issues(hass)) == {"outbox_newer"}
    with pytest.raises(HomeAssistantError) as raised:
        await send(hass)
    assert raised.value.translation_key == "outbox_newer"
    assert await hass.config_entries.async_unload(entry.entry_id)
    desk.ports = {PORT}
    with patch.object(schema, "MIGRATIONS", newer):
        assert await hass.config_entries.async_setup(entry.entry_id)
        await settled(hass, entry)
        assert _issues(hass) == {}
        assert len(desk.sent) == 1
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_an_outbox_that_was_damaged_is_said_until_it_is_confirmed(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    path = Path(hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}.db"))
    path.write_bytes(b"no database" * 1000)
    await _start(hass, entry)
    await in_service(entry)
    assert set(_issues(hass)) == {"outbox_damaged"}
    await send(hass)
    await settled(hass, entry)
    # It is there after a restart too.
    assert await hass.config_entries.async_reload(entry.entry_id)
    await in_service(entry)
    assert _issues(hass)["outbox_damaged"].is_persistent
    dialog = await _fix(hass, entry, "outbox_damaged")
    assert dialog.step == "confirm"
    await dialog.submit()
    await send(hass)
    await settled(hass, entry)
    assert _issues(hass) == {}


async def test_what_was_confirmed_is_not_said_again(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    path = Path(hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}.db"))
    path.write_bytes(b"no database" * 1000)
    await _start(hass, entry)
    await in_service(entry)
    await (await _fix(hass, entry, "outbox_damaged")).submit()
    await send(hass)
    await settled(hass, entry)
    await entry.runtime_data.coordinator.async_refresh()
    assert _issues(hass) == {}


# The end.


async def test_issues_go_with_the_entry(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    path = Path(hass.config.path(".storage", f"{DOMAIN}.{entry.entry_id}.db"))
    path.write_bytes(b"no database" * 1000)
    desk.sim = SimState.MISSING
    await _start(hass, entry)
    await until(lambda: set(_issues(hass)) == {"outbox_damaged", "sim_missing"})
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert set(_issues(hass)) == {"outbox_damaged"}
    await hass.config_entries.async_remove(entry.entry_id)
    assert _issues(hass) == {}


async def test_two_modems_have_issues_of_their_own(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.sim = SimState.MISSING
    await _start(hass, entry)
    await until(lambda: set(_issues(hass)) == {"sim_missing"})
    ids = {issue.issue_id for issue in _issues(hass).values()}
    assert ids == {f"sim_missing_{entry.entry_id}"}
    assert all(key.isidentifier() for key in KEYS)
