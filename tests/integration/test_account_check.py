"""What will fail next time is told before the night it matters, and nobody notices why."""

from datetime import datetime, timedelta
import socket
from typing import Any
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
import trustme

from custom_components.quectel_smtp.account_check import (
    ACCOUNT_KEYS,
    EVERY,
    FAILING,
    FIRST,
)
from custom_components.quectel_smtp.const import DOMAIN
from custom_components.quectel_smtp.modem.at.errors import (
    CommandError,
    NoAnswerError,
    ServerNameError,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from tests.translations import texts

from .conftest import deliver, in_service, send, settled, until
from .mail_on_the_desk import ROOT
from .modem_on_the_desk import Desk
from .test_repairs import LOGIN

RIGHT = ("home@example.com", "correct horse")
DIAL = "custom_components.quectel_smtp.delivery.client.check.dial"


@pytest.fixture
async def loaded(loaded: MockConfigEntry) -> MockConfigEntry:
    """Wait until the modem can be asked."""
    await in_service(loaded)
    return loaded


async def pass_time(hass: HomeAssistant, days: float = 10) -> None:
    """Let days go by, and wait for what they bring."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(days=days))
    await hass.async_block_till_done(wait_background_tasks=True)


def issues(hass: HomeAssistant) -> dict[str, dict[str, str]]:
    """Return the repair issues about the account, with what their texts name."""
    found = {}
    for issue in ir.async_get(hass).issues.values():
        if issue.domain == DOMAIN and issue.translation_key in ACCOUNT_KEYS:
            text = texts()["issues"][issue.translation_key]
            placeholders = issue.translation_placeholders or {}
            text["title"].format(**placeholders)
            text["fix_flow"]["step"]["confirm"]["description"].format(**placeholders)
            found[issue.translation_key] = placeholders
    return found


def stored(hass: HomeAssistant, entry: MockConfigEntry) -> Store[dict[str, str]]:
    """Return where the time of the next check is kept."""
    return Store(hass, 1, f"{DOMAIN}.{entry.entry_id}.check")


async def due_in(hass: HomeAssistant, entry: MockConfigEntry) -> timedelta:
    """Return how long it is until the next check."""
    kept = await stored(hass, entry).async_load()
    assert kept is not None
    return datetime.fromisoformat(kept["due"]) - dt_util.utcnow()


def about(found: timedelta, wanted: timedelta) -> bool:
    """Whether it is as long as wanted, but for the jitter."""
    return 0.85 * wanted < found < 1.35 * wanted


async def test_a_day_or_so_after_set_up_the_account_is_checked_in_silence(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.online, desk.mail.login = True, RIGHT
    assert about(await due_in(hass, loaded), FIRST)
    await pass_time(hass, days=0.8)
    assert not desk.mail.logins
    await pass_time(hass, days=2)
    assert desk.mail.logins == [RIGHT]
    assert "stream" not in desk.calls
    assert not issues(hass)
    assert about(await due_in(hass, loaded), EVERY)


async def test_a_password_that_has_changed_is_told_of_until_it_is_mended(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.online, desk.mail.login = True, ("home@example.com", "another")
    await pass_time(hass)
    assert issues(hass) == {
        "account_login": {
            "name": "Quectel EC200A",
            "words": "5.7.8 Authentication credentials invalid",
        }
    }
    assert len(desk.mail.logins) == 1
    assert about(await due_in(hass, loaded), FAILING)
    # It is still there after a restart.
    assert await hass.config_entries.async_reload(loaded.entry_id)
    await in_service(loaded)
    assert issues(hass)
    desk.mail.login = RIGHT
    await pass_time(hass)
    assert not issues(hass)


async def test_other_settings_are_another_account(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.online, desk.mail.login = True, ("home@example.com", "another")
    await pass_time(hass)
    assert issues(hass)
    hass.config_entries.async_update_entry(
        loaded, data=loaded.data | {"apn": "iot.example"}
    )
    await hass.async_block_till_done()
    assert issues(hass)
    hass.config_entries.async_update_entry(
        loaded, data=loaded.data | {"password": "another"}
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not issues(hass)
    assert about(await due_in(hass, loaded), FIRST)


async def test_without_internet_the_check_goes_over_the_modem(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.mail.login = ("home@example.com", "another")
    await pass_time(hass)
    assert (desk.dialled, desk.calls.count("stream")) == (1, 1)
    assert "account_login" in issues(hass)
    await deliver(hass, loaded)
    assert len(desk.sent) == 1


async def test_an_email_that_waits_is_not_kept_waiting_by_a_check(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.unplug()
    await send(hass)
    await pass_time(hass)
    assert "stream" not in desk.calls
    assert not desk.mail.logins


async def test_an_email_that_comes_while_the_modem_is_asked_goes_first(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.hold_in("stream")
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(days=2))
    await desk.reached("stream")
    await deliver(hass, loaded)
    assert len(desk.sent) == 1
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not desk.mail.logins
    assert not issues(hass)
    assert await due_in(hass, loaded) < FIRST


@pytest.mark.parametrize("failure", [CommandError("AT+QIOPEN"), ServerNameError(565)])
async def test_what_nobody_can_tell_is_no_repair(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, failure: Exception
) -> None:
    """The modem alone may just have no network; a name that is gone, both say."""
    desk.fail("stream", failure)
    await pass_time(hass)
    assert not issues(hass)
    assert await due_in(hass, loaded) < FIRST


async def test_a_name_that_is_gone_for_the_host_and_the_modem_is_told(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.fail("stream", ServerNameError(565))
    with patch(DIAL, side_effect=socket.gaierror(socket.EAI_NONAME, "none")):
        await pass_time(hass)
    assert set(issues(hass)) == {"account_name"}


async def test_a_modem_that_fails_meanwhile_is_no_word_of_the_account(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.fail("network_time", NoAnswerError())
    await pass_time(hass)
    assert not issues(hass)


async def set_up(
    hass: HomeAssistant, entry: MockConfigEntry, **change: Any
) -> MockConfigEntry:
    """Set the entry up with changed data."""
    hass.config_entries.async_update_entry(entry, data=entry.data | change)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


OTHER = trustme.CA().cert_pem.bytes().decode()


async def test_a_root_of_ones_own_that_fits_no_more_is_told(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.online = True
    await set_up(hass, entry, certificate=OTHER)
    await pass_time(hass)
    assert set(issues(hass)) == {"account_root"}
    assert entry.data["certificate"] == OTHER
    assert not desk.mail.logins


async def test_a_root_that_was_found_by_itself_follows_the_server(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.online = True
    await set_up(hass, entry, certificate=OTHER, verification="automatic")
    await pass_time(hass)
    assert entry.data["certificate"] == ROOT
    assert not issues(hass)
    assert about(await due_in(hass, entry), EVERY)
    await deliver(hass, entry)
    assert desk.configured[-1].tls.ca_pem == ROOT


async def test_the_time_of_the_check_outlives_restarts(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.online = True
    missed = dt_util.utcnow() - timedelta(days=3)
    await stored(hass, entry).async_save({"due": missed.isoformat()})
    await set_up(hass, entry)
    await pass_time(hass, days=0.005)
    assert not desk.mail.logins
    await pass_time(hass, days=0.01)
    assert len(desk.mail.logins) == 1


async def test_a_time_that_a_wrong_clock_has_set_is_set_anew(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    await stored(hass, entry).async_save({"due": "2090-01-01T00:00:00+00:00"})
    await set_up(hass, entry)
    assert about(await due_in(hass, entry), FIRST)


async def test_settings_that_can_not_be_used_are_not_checked(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.online = True
    await set_up(hass, entry, port=None)
    await pass_time(hass)
    assert not desk.dialled


async def test_settings_that_change_meanwhile_are_checked_in_their_own_time(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    held = desk.hold_in("stream")
    desk.mail.login = ("home@example.com", "another")
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(days=2))
    await desk.reached("stream")
    hass.config_entries.async_update_entry(
        loaded, data=loaded.data | {"password": "another"}
    )
    await hass.async_block_till_done()
    held.set()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not issues(hass)
    assert about(await due_in(hass, loaded), FIRST)


async def test_a_login_for_which_emails_wait_is_left_to_them(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.online, desk.always = True, LOGIN
    await send(hass)
    await until(lambda: bool(loaded.runtime_data.courier.status.mail.held))
    await pass_time(hass)
    assert not desk.dialled
    desk.always = None
    await loaded.runtime_data.courier.retry(None)
    await settled(hass, loaded)


async def test_nothing_is_left_of_an_entry_that_is_removed(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.online, desk.mail.login = True, ("home@example.com", "another")
    await pass_time(hass)
    assert issues(hass)
    await hass.config_entries.async_remove(loaded.entry_id)
    await hass.async_block_till_done()
    assert not issues(hass)
    assert await stored(hass, loaded).async_load() is None


async def test_what_is_kept_of_the_server_s_words_has_no_address(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    """Home Assistant adds what it keeps to each file of diagnostics."""
    desk.online, desk.mail.login = True, ("home@example.com", "another")
    desk.mail.login_reply = "535 5.7.8 No login for <home@example.com>"
    await pass_time(hass)
    assert issues(hass)["account_login"]["words"] == "5.7.8 No login for <…>"
