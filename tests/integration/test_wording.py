"""Emails are written in Home Assistant's language, with times of its zone."""

from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.delivery.enclosures import MissingReason
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .conftest import send, settled
from .modem_on_the_desk import PORT, Desk

_LOAD = "custom_components.quectel_smtp.texts.async_get_translations"


@pytest.fixture
async def waiting(hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry) -> None:
    """Have as many emails wait for one recipient as leave as one."""
    desk.unplug()
    await desk.until(lambda: loaded.runtime_data.courier.status.trouble is not None)
    for number in range(10):
        await send(hass, f"Drop {number}")


async def test_a_time_zone_that_is_changed_holds_for_the_next_email(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, waiting: None
) -> None:
    courier = loaded.runtime_data.courier
    accepted = courier.status.mail.oldest
    await hass.config.async_update(time_zone="Pacific/Kiritimati")
    await hass.async_block_till_done()
    desk.ports = {PORT}
    await settled(hass, loaded)
    there = dt_util.as_local(accepted)
    assert there.utcoffset() != accepted.utcoffset()
    assert f"--- {there:%Y-%m-%d %H:%M:%S} Alarm" in desk.sent[0].body
    assert loaded.runtime_data.courier is courier


async def test_a_language_that_is_changed_holds_for_the_next_email(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, waiting: None
) -> None:
    async def of_language(_: HomeAssistant, language: str, *__: Any) -> dict[str, str]:
        names = (
            *("reference", "repeat", "waited", "times"),
            *("digest_subject", "digest_entry", "attachments", "whole_text"),
            *("not_attached", "more_not_attached", *MissingReason),
        )
        return {
            f"component.quectel_smtp.common.email_{name}": f"{language} {name}"
            for name in names
        }

    with patch(_LOAD, of_language):
        await hass.config.async_update(language="de")
        await hass.async_block_till_done()
    desk.ports = {PORT}
    await settled(hass, loaded)
    assert desk.sent[0].subject == "de digest_subject"
    assert desk.sent[0].body.endswith("\n\nde reference")
