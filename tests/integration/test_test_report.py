"""A report that emails arrive, each day or week, and a repair where one does not."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.quectel_smtp.const import DOMAIN
from custom_components.quectel_smtp.delivery.errors import NotWaitingError
from custom_components.quectel_smtp.delivery.records import State
from custom_components.quectel_smtp.line_options import Interval
from custom_components.quectel_smtp.modem.at.codes import SmtpError, SmtpReply
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from custom_components.quectel_smtp.test_report import next_report
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from .conftest import in_service, settled, until
from .modem_on_the_desk import PORT, Desk

SENSOR = "sensor.quectel_ec200a_last_test_report"
GONE = Outcome(
    Result.REFUSED, SmtpError.MAILBOX_UNAVAILABLE, SmtpReply.MAILBOX_UNAVAILABLE
)
ZONE = ZoneInfo("Europe/Berlin")
# A Thursday.
MORNING = datetime(2026, 11, 26, 8, 0, tzinfo=ZONE)


def last(hass: HomeAssistant) -> str:
    """Return when a report was last sent."""
    state = hass.states.get(SENSOR)
    assert state is not None
    return state.state


def failed(hass: HomeAssistant) -> bool:
    """Whether a repair says that one was not."""
    found = ir.async_get(hass).issues.values()
    keys = {one.translation_key for one in found if one.domain == DOMAIN}
    return "test_report_failed" in keys


async def choose(hass: HomeAssistant, entry: MockConfigEntry, **options: Any) -> None:
    """Choose options."""
    hass.config_entries.async_update_entry(entry, options=options)
    await hass.async_block_till_done()


async def pass_days(hass: HomeAssistant, days: float = 1) -> None:
    """Let what is due within so many days happen; no clock moves."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(days=days))
    await hass.async_block_till_done()


async def at_once(entry: MockConfigEntry, done: Callable[[], bool]) -> None:
    """Have a report sent, also where it says the same as another of the same second."""
    courier = entry.runtime_data.courier
    await until(lambda: courier.status.mail.waiting > 0 or done())
    with suppress(NotWaitingError):
        await courier.retry(None)
    await until(done)


@pytest.mark.parametrize(
    ("every", "now", "due"),
    [
        (Interval.DAILY, MORNING, MORNING.replace(hour=9, minute=7)),
        (
            Interval.DAILY,
            MORNING.replace(hour=9, minute=7),
            MORNING.replace(day=27, hour=9, minute=7),
        ),
        (Interval.WEEKLY, MORNING, MORNING.replace(day=30, hour=9, minute=7)),
    ],
)
def test_a_report_is_due_in_the_morning(
    every: Interval, now: datetime, due: datetime
) -> None:
    assert next_report(every, now, 7) == due


async def test_none_is_sent_unless_it_was_chosen(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
) -> None:
    await pass_days(hass, 8)
    assert not desk.sent
    assert last(hass) == "unknown"


async def test_a_report_of_each_day_is_sent_and_its_time_shown(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
) -> None:
    await choose(hass, loaded, test_report="daily")
    await pass_days(hass)
    await until(lambda: len(desk.sent) == 1)
    await settled(hass, loaded)
    assert desk.sent[0].subject == "Test report from Quectel EC200A"
    assert desk.sent[0].to == ("home@example.com",)
    assert last(hass) != "unknown"
    assert not failed(hass)
    # It goes on after a restart, and is still known.
    before = last(hass)
    assert await hass.config_entries.async_unload(loaded.entry_id)
    assert await hass.config_entries.async_setup(loaded.entry_id)
    await in_service(loaded)
    assert last(hass) == before
    await pass_days(hass)
    await until(lambda: len(desk.sent) == 2)


async def test_a_report_that_goes_with_another_email_succeeds_with_it(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
) -> None:
    """As one that says the same as one that waits, after the clock was put back."""
    told: list[State] = []
    courier = loaded.runtime_data.courier
    courier.on_transition(lambda transition: told.append(transition.state))
    desk.unplug()
    # Not a day of the calendar: the timers go by the host's clock.
    stopped = dt_util.now()
    with patch("custom_components.quectel_smtp.trial.dt_util.now", lambda: stopped):
        await choose(hass, loaded, test_report="daily")
        await pass_days(hass)
        await until(lambda: State.QUEUED in told)
        await pass_days(hass, 2)
        await until(lambda: State.MERGED in told)
    await hass.async_block_till_done()
    assert last(hass) == "unknown"
    desk.ports.add(PORT)
    courier.look()
    await until(lambda: last(hass) != "unknown")
    assert len(desk.sent) == 1


async def test_a_report_goes_to_the_recipient_who_was_chosen(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
) -> None:
    await choose(hass, loaded, test_report="weekly", report_to="recipient_1")
    await pass_days(hass, 7)
    await until(lambda: len(desk.sent) == 1)
    assert desk.sent[0].to == ("anna@example.com",)


async def test_a_report_that_fails_is_said_until_one_does_not(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
) -> None:
    await choose(hass, loaded, test_report="daily")
    await pass_days(hass)
    await until(lambda: len(desk.sent) == 1)
    await settled(hass, loaded)
    report = loaded.runtime_data.report
    before = report.success
    assert before is not None
    desk.always = GONE
    await pass_days(hass)
    await at_once(loaded, lambda: failed(hass))
    assert report.success == before
    desk.always = None
    await pass_days(hass)
    await at_once(loaded, lambda: not failed(hass))
    assert report.success != before


async def test_a_report_that_waits_too_long_fails(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
) -> None:
    await choose(hass, loaded, test_report="daily")
    desk.unplug()
    await pass_days(hass)
    courier = loaded.runtime_data.courier
    await until(lambda: courier.status.mail.waiting == 1)
    (listed,) = await courier.listed()
    lifetime = listed.expires - listed.accepted
    assert abs(lifetime - timedelta(hours=6)) < timedelta(seconds=1)
    await courier.cancel(None)
    await settled(hass, loaded)
    assert not failed(hass)


async def test_a_report_that_is_not_accepted_fails_and_none_is_said_once_it_is_off(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
) -> None:
    await choose(hass, loaded, test_report="daily", report_to="recipient_1")
    (anna,) = loaded.subentries.values()
    hass.config_entries.async_update_subentry(loaded, anna, data={"to": 7})
    await pass_days(hass)
    await until(lambda: failed(hass))
    await choose(hass, loaded, test_report="off")
    assert not failed(hass)
    await pass_days(hass)
    assert not desk.sent


async def test_what_became_due_while_home_assistant_was_off_is_sent_soon(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    desk: Desk,
    loaded: MockConfigEntry,
) -> None:
    await choose(hass, loaded, test_report="weekly")
    assert await hass.config_entries.async_unload(loaded.entry_id)
    kept = hass_storage[f"{DOMAIN}.{loaded.entry_id}.report"]["data"]
    kept["due"] = (dt_util.utcnow() - timedelta(hours=1)).isoformat()
    assert await hass.config_entries.async_setup(loaded.entry_id)
    await in_service(loaded)
    await pass_days(hass, 11 / 1440)
    await until(lambda: len(desk.sent) == 1)
