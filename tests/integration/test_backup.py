"""A backup holds a whole outbox, and a restored one sends nothing unasked."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
import shutil
from unittest.mock import patch

from freezegun import freeze_time
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp import outbox_path
from custom_components.quectel_smtp.backup import async_post_backup, async_pre_backup
from custom_components.quectel_smtp.const import DOMAIN
from custom_components.quectel_smtp.delivery.errors import OutboxWriteError
from custom_components.quectel_smtp.delivery.outbox.store import Store
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util

from .conftest import send, settled, until
from .dialog import dismiss_reauth
from .modem_on_the_desk import PORT, Desk
from .test_repairs import LOGIN, _fix, _issues


@contextmanager
def _days_later(days: int) -> Iterator[None]:
    """Put the host's clock forward; the event loop's goes on as it did."""
    then = dt_util.utcnow() + timedelta(days=days)
    with freeze_time(then, tick=True, real_asyncio=True):
        yield


@pytest.fixture
async def restored(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry, tmp_path: Path
) -> AsyncGenerator[MockConfigEntry]:
    """Restore a backup in which an email waits that was sent since."""
    desk.ports.clear()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await send(hass, "long ago")
    path = outbox_path(hass, entry)
    copy = tmp_path / "backup.db"
    await async_pre_backup(hass)
    await hass.async_add_executor_job(shutil.copyfile, path, copy)
    await async_post_backup(hass)
    desk.ports = {PORT}
    await settled(hass, entry)
    assert len(desk.sent) == 1
    assert await hass.config_entries.async_unload(entry.entry_id)
    for file in path.parent.glob(f"{path.name}*"):
        file.unlink()
    shutil.copyfile(copy, path)
    with _days_later(3):
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        yield entry


async def test_what_waits_in_a_restored_backup_is_held(
    hass: HomeAssistant, desk: Desk, restored: MockConfigEntry
) -> None:
    await until(lambda: "restored" in _issues(hass))
    placeholders = _issues(hass)["restored"].translation_placeholders
    assert placeholders == {"name": "Quectel EC200A", "count": "1"}
    await send(hass, "new")
    courier = restored.runtime_data.courier
    await until(lambda: courier.status.mail.sent == 1)
    assert desk.sent[-1].body.startswith("new")
    assert courier.status.mail.waiting == 1


@pytest.mark.parametrize(("choice", "sent"), [("send", 2), ("drop", 1)])
async def test_a_person_decides_what_becomes_of_it(
    hass: HomeAssistant, desk: Desk, restored: MockConfigEntry, choice: str, sent: int
) -> None:
    dialog = await _fix(hass, restored, "restored")
    assert dialog.step == "init"
    await dialog.choose(choice)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    await settled(hass, restored)
    assert len(desk.sent) == sent
    assert _issues(hass) == {}


async def test_mending_a_login_does_not_decide_it(
    hass: HomeAssistant, desk: Desk, restored: MockConfigEntry
) -> None:
    desk.always = LOGIN
    await send(hass, "new")
    await dismiss_reauth(hass)
    await until(lambda: "login_held" in _issues(hass))
    desk.always = None
    await (await _fix(hass, restored, "login_held")).choose("try_again")
    courier = restored.runtime_data.courier
    await until(lambda: courier.status.mail.sent == 1)
    assert set(_issues(hass)) == {"restored"}
    assert courier.status.mail.waiting == 1


async def test_a_decision_that_can_not_be_written_is_asked_for_again(
    hass: HomeAssistant, desk: Desk, restored: MockConfigEntry
) -> None:
    dialog = await _fix(hass, restored, "restored")
    with patch.object(
        restored.runtime_data.courier, "settle_restored", side_effect=OutboxWriteError
    ):
        await dialog.choose("drop")
    assert dialog.ended == "outbox_failed"
    assert "restored" in _issues(hass)
    dialog = await _fix(hass, restored, "restored")
    assert await hass.config_entries.async_unload(restored.entry_id)
    await dialog.choose("drop")
    assert dialog.ended == "not_loaded"


async def test_a_backup_alone_holds_nothing(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await async_pre_backup(hass)
    await async_post_backup(hass)
    desk.unplug()
    await send(hass)
    assert await hass.config_entries.async_unload(loaded.entry_id)
    desk.ports = {PORT}
    with _days_later(1):
        assert await hass.config_entries.async_setup(loaded.entry_id)
        await settled(hass, loaded)
    assert len(desk.sent) == 1


@pytest.mark.parametrize(
    ("method", "step", "warning"),
    [
        ("before_backup", async_pre_backup, "can't be readied for a backup: EIO"),
        (
            "after_backup",
            async_post_backup,
            "can't be told that the backup is over: EIO. It is tried again",
        ),
    ],
)
async def test_a_backup_of_all_the_rest_does_not_fail_with_the_outbox(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    method: str,
    step: Callable[[HomeAssistant], Awaitable[None]],
    warning: str,
) -> None:
    with patch.object(
        loaded.runtime_data.courier, method, side_effect=OutboxWriteError("EIO")
    ):
        await step(hass)
    assert f"The outbox of Quectel EC200A {warning}" in caplog.text


async def test_a_disk_that_was_full_at_the_backups_end_makes_no_restore_of_a_restart(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.unplug()
    await send(hass)
    await async_pre_backup(hass)
    full = OutboxWriteError("SQLITE_FULL")
    with patch.object(Store, "run", side_effect=full):
        await async_post_backup(hass)
    # Anything that is written later takes the note along.
    await send(hass, "more")
    assert await hass.config_entries.async_unload(loaded.entry_id)
    with _days_later(1):
        assert await hass.config_entries.async_setup(loaded.entry_id)
        await hass.async_block_till_done()
        assert "restored" not in _issues(hass)


async def test_no_entry_is_no_reason_for_a_backup_to_fail(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await async_pre_backup(hass)
    await async_post_backup(hass)
    assert hass.config_entries.async_entries(DOMAIN) == [entry]
