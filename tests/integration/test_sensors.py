"""The sensors show what is known of the PDP context and of the last email."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    mock_restore_cache,
)

from custom_components.quectel_smtp.modem.codes import SmtpError, SmtpReply
from custom_components.quectel_smtp.modem.errors import PdpError
from custom_components.quectel_smtp.modem.pdp import PdpState
from custom_components.quectel_smtp.modem.smtp import Outcome, Result
from homeassistant.core import HomeAssistant, State
from homeassistant.exceptions import HomeAssistantError

from .conftest import send
from .dialog import texts
from .modem_on_the_desk import Desk

PDP = "sensor.quectel_ec200a_pdp_context"
LAST = "sensor.quectel_ec200a_last_send_result"


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
    assert _state(hass, PDP).state == "active"


async def test_sensors_stay_while_the_modem_is_away(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await send(hass)
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
            {"code": None, "code_name": None, "reply": 250, "reply_name": "ok"},
        ),
        (
            Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, SmtpReply.AUTH_FAILED),
            "refused",
            {
                "code": 677,
                "code_name": "auth_failed",
                "reply": 535,
                "reply_name": "auth_failed",
            },
        ),
        (
            Outcome(Result.DOUBTFUL, 699, 599),
            "doubtful",
            {"code": 699, "code_name": None, "reply": 599, "reply_name": None},
        ),
        (
            Outcome(Result.UNKNOWN),
            "unconfirmed",
            {"code": None, "code_name": None, "reply": None, "reply_name": None},
        ),
    ],
)
async def test_the_end_of_an_email_is_shown_with_both_codes(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    outcome: Outcome,
    state: str,
    attributes: dict[str, Any],
) -> None:
    assert _state(hass, LAST).state == "unknown"
    desk.outcomes.append(outcome)
    if outcome.result is Result.SENT:
        await send(hass)
    else:
        with pytest.raises(HomeAssistantError):
            await send(hass)
    shown = _state(hass, LAST)
    assert shown.state == state
    assert state in shown.attributes["options"]
    assert attributes.items() <= shown.attributes.items()
    last = loaded.runtime_data.courier.status.last
    assert shown.attributes["reference"] == last.reference
    assert shown.attributes["time"] == last.when.isoformat()
    assert shown.attributes["error"] is None


async def test_an_email_that_never_got_as_far_is_shown_as_failed(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.fail("activate", PdpError(561))
    with pytest.raises(HomeAssistantError):
        await send(hass)
    shown = _state(hass, LAST)
    assert shown.state == "failed"
    assert shown.attributes["error"] == "pdp_failed"
    assert "correct horse" not in str(shown)


async def test_the_last_result_is_shown_after_a_restart(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    mock_restore_cache(
        hass,
        [State(LAST, "refused", {"code": 677, "reply": 535, "icon": "mdi:gone"})],
    )
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    shown = _state(hass, LAST)
    assert shown.state == "refused"
    assert (shown.attributes["code"], shown.attributes["reply"]) == (677, 535)
    assert "icon" not in shown.attributes
    await send(hass)
    assert _state(hass, LAST).state == "sent"


@pytest.mark.parametrize("state", ["unavailable", "unknown", "of a later version"])
async def test_a_state_that_says_nothing_is_not_restored(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry, state: str
) -> None:
    mock_restore_cache(hass, [State(LAST, state, {"code": 677})])
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert _state(hass, LAST).state == "unknown"
    assert "code" not in _state(hass, LAST).attributes


@pytest.mark.parametrize("entity", [PDP, LAST])
async def test_each_state_has_its_text(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, entity: str
) -> None:
    key = entity.removeprefix("sensor.quectel_ec200a_")
    known = texts()["entity"]["sensor"][key]["state"]
    assert set(known) == set(_state(hass, entity).attributes["options"])
