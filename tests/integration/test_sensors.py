"""The sensors show what is known of the PDP context and of the emails."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.quectel_smtp.modem.at.codes import SmtpError, SmtpReply
from custom_components.quectel_smtp.modem.at.errors import PdpError
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from custom_components.quectel_smtp.modem.network.pdp import PdpState
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from tests.translations import texts

from .conftest import in_service, send, settled, until
from .modem_on_the_desk import PORT, Desk

_OF_MODEM = "sensor.quectel_ec200a_"
PDP = f"{_OF_MODEM}data_connection"
LAST = f"{_OF_MODEM}last_send_result"
WAITING = f"{_OF_MODEM}emails_waiting"
OLDEST = f"{_OF_MODEM}oldest_email_waiting_since"
LAST_SENT = f"{_OF_MODEM}last_email_sent"
SENT = f"{_OF_MODEM}emails_sent"
FAILED = f"{_OF_MODEM}emails_failed"

GONE = Outcome(
    Result.REFUSED, SmtpError.MAILBOX_UNAVAILABLE, SmtpReply.MAILBOX_UNAVAILABLE
)


def _state(hass: HomeAssistant, entity: str) -> State:
    state = hass.states.get(entity)
    assert state is not None
    return state


@pytest.mark.parametrize("pdp", list(PdpState))
async def test_the_pdp_context_is_shown_as_soon_as_the_modem_tells(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, pdp: PdpState
) -> None:
    (modem,) = desk.open_modems
    modem.set_pdp(pdp)
    assert _state(hass, PDP).state == pdp.value
    assert pdp.value in _state(hass, PDP).attributes["options"]


async def test_the_pdp_context_is_checked_by_a_poll(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    (modem,) = desk.open_modems
    modem.pdp_state = PdpState.ACTIVE
    freezer.tick(timedelta(seconds=61))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert "refresh_pdp" in desk.calls


async def test_sensors_stay_while_the_modem_is_away(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await send(hass)
    await settled(hass, loaded)
    desk.unplug()
    await desk.until(lambda: loaded.runtime_data.courier.status.trouble is not None)
    assert _state(hass, PDP).state == "inactive"
    assert _state(hass, LAST).state == "sent"


@pytest.mark.parametrize(
    ("outcome", "state", "attributes"),
    [
        (
            Outcome(Result.SENT, None, SmtpReply.OK),
            "sent",
            {
                "reply": 250,
                "reply_name": "ok",
                "state": "sent",
            },
        ),
        (
            Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, SmtpReply.AUTH_FAILED),
            "refused",
            {
                "code": 677,
                "code_name": "auth_failed",
                "reply": 535,
                "reply_name": "auth_failed",
                "state": "held",
            },
        ),
        (
            Outcome(Result.DOUBTFUL, 699, 299),
            "doubtful",
            {
                "code": 699,
                "reply": 299,
                "state": "deferred",
            },
        ),
    ],
)
async def test_the_end_of_an_attempt_is_shown_with_both_codes(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    outcome: Outcome,
    state: str,
    attributes: dict[str, Any],
) -> None:
    assert _state(hass, LAST).state == "unknown"
    desk.always = outcome
    await send(hass)
    await until(lambda: attributes.items() <= _state(hass, LAST).attributes.items())
    shown = _state(hass, LAST)
    assert shown.state == state
    assert state in shown.attributes["options"]
    last = loaded.runtime_data.courier.status.mail.last
    assert shown.attributes["reference"] == last.reference
    assert shown.attributes["time"] == last.when.isoformat()
    assert shown.attributes["attempts"] >= 1
    assert None not in shown.attributes.values()
    assert "anna" not in str(shown).lower()


async def test_an_email_that_never_got_as_far_names_the_error(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.fail("activate", *(PdpError(561) for _ in range(20)))
    desk.fail("renew", *(PdpError(561) for _ in range(20)))
    await send(hass)
    await until(lambda: _state(hass, LAST).state == "deferred")
    assert _state(hass, LAST).attributes["error"] == "pdp_failed"
    assert "correct horse" not in str(_state(hass, LAST))


async def test_emails_are_counted_and_timed(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    assert _state(hass, WAITING).state == "0"
    assert _state(hass, WAITING).attributes["state_class"] == "measurement"
    assert _state(hass, OLDEST).state == "unknown"
    assert _state(hass, LAST_SENT).state == "unknown"
    desk.unplug()
    await desk.until(lambda: loaded.runtime_data.courier.status.trouble is not None)
    before = dt_util.utcnow().replace(microsecond=0)
    await send(hass, "first")
    await send(hass, "second")
    assert _state(hass, WAITING).state == "2"
    oldest = dt_util.parse_datetime(_state(hass, OLDEST).state)
    assert oldest is not None
    assert before <= oldest <= dt_util.utcnow()
    desk.ports = {PORT}
    await settled(hass, loaded)
    assert _state(hass, WAITING).state == "0"
    assert _state(hass, OLDEST).state == "unknown"
    assert _state(hass, SENT).state == "2"
    assert _state(hass, FAILED).state == "0"
    sent = dt_util.parse_datetime(_state(hass, LAST_SENT).state)
    assert sent is not None
    assert sent >= before
    # To both, then to each of the two alone.
    desk.outcomes = [GONE, GONE, GONE]
    await send(hass, "third")
    await settled(hass, loaded)
    assert _state(hass, FAILED).state == "1"
    assert _state(hass, LAST).state == "failed"


async def test_all_is_shown_after_a_restart(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    await in_service(entry)
    await send(hass, "first")
    await settled(hass, entry)
    before = {
        name: (_state(hass, name).state, _state(hass, name).attributes)
        for name in (LAST, LAST_SENT, SENT, FAILED, WAITING)
    }
    assert await hass.config_entries.async_unload(entry.entry_id)
    desk.ports.clear()
    assert await hass.config_entries.async_setup(entry.entry_id)
    after = {
        name: (_state(hass, name).state, _state(hass, name).attributes)
        for name in before
    }
    assert after == before


@pytest.mark.parametrize("entity", [PDP, LAST])
async def test_each_state_has_its_text(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, entity: str
) -> None:
    registered = er.async_get(hass).async_get(entity)
    assert registered is not None
    known = texts()["entity"]["sensor"][registered.translation_key]["state"]
    assert set(known) == set(_state(hass, entity).attributes["options"])


async def test_figures_that_few_look_at_are_diagnostic(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    registry = er.async_get(hass)
    diagnostic = {
        entry.entity_id
        for entry in er.async_entries_for_config_entry(registry, loaded.entry_id)
        if entry.entity_category is not None
    }
    assert diagnostic >= {OLDEST, LAST_SENT, SENT, FAILED}
    assert not diagnostic & {
        PDP,
        LAST,
        WAITING,
        "binary_sensor.quectel_ec200a_line_ready",
    }


async def test_it_is_shown_why_emails_wait(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    def why() -> tuple[str | None, str | None]:
        shown = _state(hass, WAITING).attributes
        return shown.get("reason"), shown.get("trouble")

    assert why() == (None, None)
    desk.always = Outcome(Result.REFUSED, SmtpError.BUSY)
    await send(hass, "first")
    await until(lambda: why()[0] == "retry")
    # With attempts behind it, the first would wait before the second log-in.
    courier = loaded.runtime_data.courier
    await courier.cancel(None)
    desk.always = Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, SmtpReply.AUTH_FAILED)
    await send(hass, "second")
    await courier.retry(None)
    await until(lambda: why() == ("login", None))
    desk.unplug()
    await until(lambda: why() == ("login", "port_not_found"))
    known = texts()["entity"]["sensor"]["emails_waiting"]["state_attributes"]
    assert set(why()) <= {*known["reason"]["state"], *known["trouble"]["state"]}
    assert "correct horse" not in str(_state(hass, WAITING))
