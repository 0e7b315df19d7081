"""Whether the line is ready is seen at one glance, and told when it changes."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.quectel_smtp import repairs
from custom_components.quectel_smtp.const import DOMAIN
from custom_components.quectel_smtp.delivery.errors import OutboxWriteError
from custom_components.quectel_smtp.delivery.outbox.outbox import Outbox
from custom_components.quectel_smtp.delivery.records import Reason, Summary
from custom_components.quectel_smtp.delivery.status import OutboxState, Status
from custom_components.quectel_smtp.line_state import Obstacle, obstacle
from custom_components.quectel_smtp.modem.at import errors
from custom_components.quectel_smtp.modem.at.codes import SmtpError, SmtpReply
from custom_components.quectel_smtp.modem.at.errors import ModemError
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from custom_components.quectel_smtp.modem.network.pdp import PdpState
from custom_components.quectel_smtp.modem.network.radio import Quality
from custom_components.quectel_smtp.modem.network.sim import SimState
from custom_components.quectel_smtp.modem.network.status import (
    Network,
    Registration,
    Technology,
)
from custom_components.quectel_smtp.modem.network.traffic import Traffic
from custom_components.quectel_smtp.month_of_data import Month, followed
from custom_components.quectel_smtp.signal_strength import strength_of
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.translations import texts

from .conftest import deliver, in_service, send, settled, until
from .modem_on_the_desk import AT_HOME, EC200A, PORT, Desk

READY = "binary_sensor.quectel_ec200a_line_ready"
ROAMING = "binary_sensor.quectel_ec200a_roaming"
LINE = "event.quectel_ec200a_line"
_SENSOR = "sensor.quectel_ec200a_"
ABROAD = replace(AT_HOME, registration=Registration.ROAMING)
LOGIN = Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, SmtpReply.AUTH_FAILED)
WELL = Status(connected=True, identity=EC200A, network=AT_HOME, sim=SimState.READY)


def shown(hass: HomeAssistant, entity: str) -> State:
    """Return what an entity shows."""
    state = hass.states.get(entity)
    assert state is not None, entity
    return state


def ready(hass: HomeAssistant) -> tuple[str, str | None]:
    """Return whether the line is ready, and why not."""
    state = shown(hass, READY)
    return state.state, state.attributes.get("reason")


# What is in the way: a table.


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, None),
        ({"connected": False}, Obstacle.MODEM_AWAY),
        ({"connected": False, "identity": None}, Obstacle.STARTING),
        ({"network": None}, Obstacle.STARTING),
        ({"sim": SimState.MISSING}, Obstacle.SIM),
        ({"sim": SimState.PIN2_REQUIRED}, None),
        ({"sim": None}, None),
        ({"network": Network(Registration.SEARCHING, None, None)}, Obstacle.NO_NETWORK),
        ({"network": ABROAD}, None),
        ({"network": ABROAD, "barred": True}, Obstacle.ROAMING),
        ({"pdp": PdpState.FAILED}, Obstacle.NO_DATA_CONNECTION),
        ({"pdp": PdpState.INACTIVE}, None),
        ({"outbox": OutboxState.FAILED}, Obstacle.OUTBOX),
        ({"outbox": OutboxState.NEWER}, Obstacle.OUTBOX),
        ({"exhausted": True}, Obstacle.MODEM_FAILS),
        ({"trouble": errors.PdpError(561)}, Obstacle.NO_DATA_CONNECTION),
        ({"trouble": errors.PdpError(561), "pdp": PdpState.ACTIVE}, None),
        ({"trouble": errors.InvalidValueError("subject", "too_long")}, None),
    ],
)
def test_what_is_in_the_way(change: dict[str, Any], found: Obstacle | None) -> None:
    assert obstacle(replace(WELL, **change)) is found


@pytest.mark.parametrize(
    ("trouble", "found"),
    [
        (errors.PortNotFoundError(), Obstacle.MODEM_AWAY),
        (errors.NoAnswerError(), Obstacle.MODEM_SILENT),
        (errors.WrongModemError(), Obstacle.WRONG_MODEM),
        (errors.OldGsmModemError(), Obstacle.WRONG_MODEM),
        (errors.PinRequiredError(3), Obstacle.SIM),
        (errors.RegistrationDeniedError(), Obstacle.NO_NETWORK),
        (errors.RoamingError(), Obstacle.ROAMING),
        (errors.ServerNameError(565), Obstacle.SERVER),
        (errors.UnexpectedError(), Obstacle.MODEM_FAILS),
    ],
)
def test_what_the_modem_suffers_is_in_the_way(
    trouble: ModemError, found: Obstacle
) -> None:
    assert obstacle(replace(WELL, trouble=trouble)) is found


@pytest.mark.parametrize("reason", list(Reason))
def test_what_is_held_for_the_account_is_in_the_way_of_the_next_email(
    reason: Reason,
) -> None:
    status = replace(WELL, mail=Summary(held_counts={reason: 1}))
    keeps_all = {"login", "certificate", "unexplained", "refused", "results_elsewhere"}
    assert (obstacle(status) is Obstacle.ACCOUNT) == (reason.value in keeps_all)


def test_a_check_of_the_account_that_failed_is_in_the_way() -> None:
    assert obstacle(WELL, account_failed=True) is Obstacle.ACCOUNT
    assert obstacle(WELL, closed=True) is Obstacle.SETTINGS


def test_each_obstacle_has_its_words() -> None:
    entities = texts()["entity"]
    told = entities["binary_sensor"]["line_ready"]["state_attributes"]["reason"]
    assert set(told["state"]) == set(Obstacle)
    told = entities["event"]["line"]["state_attributes"]["reason"]
    assert set(told["state"]) == set(Obstacle) - {Obstacle.STARTING}


# The entity.


async def test_a_line_is_ready_once_the_modem_is_in_service(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    assert ready(hass) == ("on", None)
    await deliver(hass, loaded)
    assert ready(hass) == ("on", None)


async def test_before_anything_is_known_it_is_unknown(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.hold_in("identify")
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert ready(hass) == ("unknown", "starting")


async def test_unplugging_is_seen_before_anybody_polls(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    """No time passes but that of the event loop."""
    desk.unplug()
    assert ready(hass) == ("off", "modem_away")
    courier = loaded.runtime_data.courier
    await desk.until(lambda: courier.status.trouble is not None)
    assert ready(hass) == ("off", "modem_away")
    desk.ports = {PORT}
    await until(lambda: ready(hass) == ("on", None))


async def test_what_the_modem_tells_by_itself_is_shown(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    (modem,) = desk.open_modems
    desk.network = replace(AT_HOME, registration=Registration.SEARCHING)
    modem.tell()
    await until(lambda: ready(hass) == ("off", "no_network"))
    assert shown(hass, f"{_SENSOR}registration").state == "searching"


async def test_a_login_that_is_refused_is_in_the_way(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.always = LOGIN
    await send(hass)
    await until(lambda: ready(hass) == ("off", "account"))
    desk.always = None
    await loaded.runtime_data.courier.retry(None)
    await settled(hass, loaded)
    assert ready(hass) == ("on", None)


async def test_an_automation_hears_that_no_email_could_leave(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    """With the modem gone for two minutes, and not with one that is soon back."""
    told = async_capture_events(hass, "told")
    automation = {
        "alias": "Tell us when no email could leave",
        "triggers": {
            "trigger": "state",
            "entity_id": READY,
            "to": "off",
            "for": "00:02:00",
        },
        "actions": {
            "event": "told",
            "event_data": {"why": f"{{{{ state_attr('{READY}', 'reason') }}}}"},
        },
    }
    assert await async_setup_component(hass, "automation", {"automation": automation})
    await hass.async_block_till_done()
    desk.unplug()
    desk.ports = {PORT}
    await until(lambda: ready(hass)[0] == "on")
    await _pass(hass, minutes=3)
    assert not told
    desk.unplug()
    await hass.async_block_till_done()
    await _pass(hass, minutes=6)
    await until(lambda: bool(told))
    assert told[0].data == {"why": "modem_away"}


async def _pass(hass: HomeAssistant, **time: float) -> None:
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(**time))
    await hass.async_block_till_done()


# The event.


async def test_a_loss_and_the_return_are_told(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    assert shown(hass, LINE).state == "unknown"
    desk.unplug()
    lost = shown(hass, LINE)
    assert lost.attributes["event_type"] == "lost"
    assert lost.attributes["reason"] == "modem_away"
    desk.ports = {PORT}
    await until(lambda: shown(hass, LINE).attributes["event_type"] == "back")
    assert "reason" not in shown(hass, LINE).attributes


async def test_a_loss_before_a_restart_is_told_once_and_its_end_after_it(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.ports.clear()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: shown(hass, LINE).attributes["event_type"] == "lost")
    first = shown(hass, LINE).state
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await desk.until(lambda: entry.runtime_data.courier.status.trouble is not None)
    assert shown(hass, LINE).state == first
    desk.ports = {PORT}
    await in_service(entry)
    await until(lambda: shown(hass, LINE).attributes["event_type"] == "back")


# Repairs.


def _issues(hass: HomeAssistant) -> set[str | None]:
    found = ir.async_get(hass).issues.values()
    return {issue.translation_key for issue in found if issue.domain == DOMAIN}


async def test_a_network_that_is_away_is_said_after_as_long_as_a_person_chose(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(loaded, options={"line_lost_after": 30})
    await hass.async_block_till_done()
    (modem,) = desk.open_modems
    desk.network = replace(AT_HOME, registration=Registration.SEARCHING)
    modem.tell()
    await until(lambda: ready(hass) == ("off", "no_network"))
    await _pass(hass, minutes=29)
    assert _issues(hass) == set()
    await _pass(hass, minutes=31)
    assert _issues(hass) == {"no_network"}
    desk.network = AT_HOME
    modem.tell()
    await until(lambda: ready(hass)[0] == "on")
    assert _issues(hass) == set()


@pytest.mark.parametrize(("before", "after"), [(600, 1), (1, 600)])
async def test_a_loss_is_said_after_as_long_as_a_person_chose_meanwhile(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, before: int, after: int
) -> None:
    hass.config_entries.async_update_entry(loaded, options={"line_lost_after": before})
    await hass.async_block_till_done()
    desk.unplug()
    await until(lambda: ready(hass) == ("off", "modem_away"))
    hass.config_entries.async_update_entry(loaded, options={"line_lost_after": after})
    await hass.async_block_till_done()
    await _pass(hass, minutes=2)
    assert _issues(hass) == ({"port_missing"} if after == 1 else set())
    # What has been said is taken back where it is too early to say it now.
    hass.config_entries.async_update_entry(loaded, options={"line_lost_after": 600})
    await hass.async_block_till_done()
    assert _issues(hass) == set()
    await _pass(hass, minutes=601)
    assert _issues(hass) == {"port_missing"}


async def test_roaming_is_barred_until_a_person_allows_it_in_the_repair(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.network = ABROAD
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: ready(hass) == ("off", "roaming"))
    assert shown(hass, ROAMING).state == "on"
    await send(hass)
    assert _issues(hass) == {"roaming_barred"}
    assert not desk.sent
    assert not desk.activated
    flow: Any = await repairs.async_create_fix_flow(
        hass, "", {"entry_id": entry.entry_id, "key": "roaming_barred"}
    )
    flow.hass = hass
    flow.handler, flow.issue_id, flow.flow_id = DOMAIN, "x", "y"
    asked = await flow.async_step_init()
    assert asked["type"] == "form"
    assert (await flow.async_step_confirm({}))["type"] == "create_entry"
    await until(lambda: len(desk.sent) == 1)
    assert entry.options["roaming"] is True
    assert ready(hass) == ("on", None)
    assert _issues(hass) == set()
    await hass.config_entries.async_remove(entry.entry_id)
    assert (await flow.async_step_confirm({}))["reason"] == "not_loaded"


async def test_an_entry_from_before_there_was_a_choice_roams_as_it_did(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(entry, minor_version=1, options={"idle": 5})
    desk.network = ABROAD
    assert await hass.config_entries.async_setup(entry.entry_id)
    await in_service(entry)
    assert dict(entry.options) == {"roaming": True, "idle": 5}
    await deliver(hass, entry)
    assert len(desk.sent) == 1


# The network and the data.


async def test_the_network_is_shown_and_unknown_while_the_modem_is_away(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.network = replace(AT_HOME, technology=Technology.LTE)
    desk.quality = Quality("LTE", -66, -97, 12, -11)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await in_service(entry)
    await entry.runtime_data.courier.poll()
    await hass.async_block_till_done()

    def network() -> list[str]:
        names = ("signal", "operator", "registration", "network_type", "sim")
        return [shown(hass, f"{_SENSOR}{name}").state for name in names]

    assert network() == ["-71", "Example Mobile", "home", "lte", "ready"]
    assert shown(hass, f"{_SENSOR}signal").attributes["strength"] == "good"
    assert shown(hass, ROAMING).state == "off"
    for name in ("rsrp", "rsrq", "sinr", "ip_address"):
        assert not [one for one in hass.states.async_entity_ids() if name in one]
    desk.unplug()
    assert network() == ["unknown"] * 5
    assert shown(hass, ROAMING).state == "unknown"
    assert "strength" not in shown(hass, f"{_SENSOR}signal").attributes


@pytest.mark.parametrize(
    ("dbm", "word"),
    [(-51, "excellent"), (-71, "good"), (-95, "fair"), (-113, "poor"), (None, None)],
)
def test_a_signal_has_a_word(dbm: int | None, word: str | None) -> None:
    assert strength_of(dbm) == word
    known = texts()["entity"]["sensor"]["signal_strength"]["state_attributes"]
    assert word is None or word in known["strength"]["state"]


ZONE = ZoneInfo("Pacific/Auckland")
NOVEMBER = datetime(2026, 11, 30, 23, 59, tzinfo=ZONE)


def test_a_month_begins_at_midnight_in_the_house_s_own_zone() -> None:
    begun = followed(None, Traffic(100, 200), NOVEMBER)
    assert begun == Month(datetime(2026, 11, 1, tzinfo=ZONE), Traffic(100, 200))
    assert followed(begun, Traffic(150, 250), NOVEMBER) is begun
    later = NOVEMBER + timedelta(minutes=1)
    anew = followed(begun, Traffic(150, 250), later)
    assert anew == Month(datetime(2026, 12, 1, tzinfo=ZONE), Traffic(150, 250))


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
def test_a_house_that_moves_to_another_zone_keeps_its_month(zone: str) -> None:
    moved = NOVEMBER.replace(day=10).astimezone(ZoneInfo(zone))
    begun = followed(None, Traffic(100, 200), NOVEMBER)
    assert followed(begun, Traffic(150, 250), moved) is begun
    there = followed(None, Traffic(100, 200), moved)
    assert followed(there, Traffic(150, 250), NOVEMBER) is there


def test_a_count_that_has_begun_anew_is_no_negative_month() -> None:
    begun = Month(datetime(2026, 11, 1, tzinfo=ZONE), Traffic(100, 200))
    assert followed(begun, Traffic(1, 2), NOVEMBER) == Month(NOVEMBER, Traffic())


async def test_the_data_of_a_month_is_kept_over_a_restart(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.counter = Traffic(1000, 2000)
    await loaded.runtime_data.courier.poll()
    desk.counter = Traffic(4000, 9000)
    await loaded.runtime_data.courier.poll()
    await hass.async_block_till_done()
    sent, received = (
        shown(hass, f"{_SENSOR}data_{kind}_this_month") for kind in ("sent", "received")
    )
    assert (float(sent.state), float(received.state)) == (3, 7)
    assert sent.attributes["state_class"] == "total"
    assert sent.attributes["last_reset"].startswith(dt_util.now().strftime("%Y-%m-01"))
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert await hass.config_entries.async_setup(loaded.entry_id)
    again = shown(hass, f"{_SENSOR}data_sent_this_month")
    assert (again.state, again.attributes) == (sent.state, sent.attributes)


async def test_a_month_goes_on_after_a_start_on_which_the_outbox_could_not_be_read(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    for count in (1000, 4000):
        desk.counter = Traffic(count, count)
        await loaded.runtime_data.courier.poll()
    # Another month has begun since the modem was set up.
    kept = loaded.runtime_data.month
    kept._month = Month(kept.since, Traffic(1000, 1000))  # noqa: SLF001
    await kept._store.async_save(  # noqa: SLF001
        {"since": kept.since.isoformat(), "sent": 1000, "received": 1000}
    )
    assert kept.sent == 2000
    assert await hass.config_entries.async_unload(loaded.entry_id)
    with patch.object(Outbox, "open", side_effect=OutboxWriteError):
        assert await hass.config_entries.async_setup(loaded.entry_id)
        await hass.async_block_till_done()
        courier = loaded.runtime_data.courier
        assert courier.status.outbox is OutboxState.FAILED
        assert shown(hass, f"{_SENSOR}data_sent_this_month").state == "unknown"
    await until(lambda: courier.status.outbox is OutboxState.SOUND)
    # A moment later, once the month's data is read.
    await until(lambda: shown(hass, f"{_SENSOR}data_sent_this_month").state == "2.0")


# The recipient's device.


async def test_a_recipient_s_addresses_are_on_its_device_and_in_no_state(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    (subentry,) = loaded.subentries.values()

    def model() -> str | None:
        (device,) = (
            device
            for device in dr.async_entries_for_config_entry(
                dr.async_get(hass), loaded.entry_id
            )
            if device.name == "Anna"
        )
        return device.model

    assert model() == "anna@example.com, ben@example.com"
    hass.config_entries.async_update_subentry(
        loaded, subentry, data={"to": ["a@example.com"], "cc": [], "bcc": []}
    )
    await hass.async_block_till_done()
    assert model() == "a@example.com"
    hass.config_entries.async_update_subentry(loaded, subentry, data={"to": 7})
    await hass.async_block_till_done()
    assert model() is None
    assert "example.com" not in str(hass.states.async_all())
