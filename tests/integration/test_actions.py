"""The actions: what waits is listed, tried at once, or cancelled."""

from typing import Any

import probatio as vol
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.quectel_smtp import outbox_path
from custom_components.quectel_smtp.const import DOMAIN
from custom_components.quectel_smtp.delivery.errors import OutboxWriteError
from custom_components.quectel_smtp.modem.at.codes import SmtpError
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.setup import async_setup_component
from tests.translations import texts

from .conftest import DATA, send, settled, until
from .modem_on_the_desk import PORT, Desk

LOGIN = Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, 535)


async def _listed(hass: HomeAssistant, **data: Any) -> list[dict[str, Any]]:
    response = await hass.services.async_call(
        DOMAIN, "list_outbox", data, blocking=True, return_response=True
    )
    assert response is not None
    emails = response["emails"]
    assert isinstance(emails, list)
    return emails  # type: ignore[return-value]  # of the form that services.py gives


async def _do(hass: HomeAssistant, action: str, **data: Any) -> Any:
    return await hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=True
    )


@pytest.fixture
async def waiting(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> MockConfigEntry:
    """Have two emails wait."""
    desk.unplug()
    await desk.until(lambda: loaded.runtime_data.courier.status.trouble is not None)
    await send(hass, "first", title="Water")
    await send(hass, "second", title="Fire")
    return loaded


async def test_the_actions_are_there_before_any_entry(hass: HomeAssistant) -> None:
    assert await async_setup_component(hass, DOMAIN, {})
    for action in ("send_message", "list_outbox", "retry_now", "cancel"):
        assert hass.services.has_service(DOMAIN, action)
    for action in ("list_outbox", "retry_now"):
        with pytest.raises(ServiceValidationError):
            await _do(hass, action)


async def test_an_empty_outbox_is_an_empty_list(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    assert await _listed(hass) == []


async def test_what_waits_is_listed_without_its_text(
    hass: HomeAssistant, waiting: MockConfigEntry
) -> None:
    emails = await _listed(hass, config_entry_id=waiting.entry_id)
    assert [email["recipient"] for email in emails] == ["Anna", "Anna"]
    assert {email["state"] for email in emails} == {"queued"}
    assert set(emails[0]) == {
        "modem",
        "reference",
        "recipient",
        "subject",
        "state",
        "reason",
        "critical",
        "accepted",
        "attempts",
        "next_attempt",
        "expires",
        "code",
        "code_name",
        "reply",
        "reply_name",
        "error",
        "way",
        "fitted",
        "reason_meaning",
        "code_meaning",
        "reply_meaning",
        "error_meaning",
    }
    assert [email["subject"] for email in emails] == ["Water", "Fire"]
    everything = str(emails)
    for text in ("first", "second", "example.com"):
        assert text not in everything


async def test_subjects_are_for_automations_and_administrators(
    hass: HomeAssistant,
    waiting: MockConfigEntry,
    hass_admin_user: MockUser,
    hass_read_only_user: MockUser,
) -> None:
    async def subjects(user_id: str | None) -> list[Any]:
        response: Any = await hass.services.async_call(
            DOMAIN,
            "list_outbox",
            blocking=True,
            return_response=True,
            context=Context(user_id=user_id),
        )
        return [email["subject"] for email in response["emails"]]

    assert await subjects(None) == ["Water", "Fire"]
    assert await subjects(hass_admin_user.id) == ["Water", "Fire"]
    assert await subjects(hass_read_only_user.id) == [None, None]
    assert await subjects("nobody") == [None, None]


async def test_one_email_is_cancelled_by_its_reference(
    hass: HomeAssistant, desk: Desk, waiting: MockConfigEntry
) -> None:
    first, second = await _listed(hass)
    done = await _do(
        hass, "cancel", reference=f"\u200b {first['reference'].lower()}\u00a0"
    )
    assert done == {"cancelled": 1}
    (left,) = await _listed(hass)
    assert left["reference"] == second["reference"]
    desk.ports = {PORT}
    await settled(hass, waiting)
    assert [message.subject for message in desk.sent] == ["Fire"]


async def test_the_text_of_what_is_cancelled_is_in_no_file_though_the_modem_is_away(
    hass: HomeAssistant, desk: Desk, waiting: MockConfigEntry
) -> None:
    path = outbox_path(hass, waiting)

    def content() -> bytes:
        return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))

    assert b"second" in await hass.async_add_executor_job(content)
    await _do(hass, "cancel", all=True)
    assert b"second" not in await hass.async_add_executor_job(content)


async def test_all_are_cancelled(
    hass: HomeAssistant, desk: Desk, waiting: MockConfigEntry
) -> None:
    assert await _do(hass, "cancel", all=True) == {"cancelled": 2}
    assert await _listed(hass) == []
    desk.ports = {PORT}
    await until(lambda: waiting.runtime_data.courier.status.trouble is None)
    assert not desk.sent


@pytest.mark.parametrize("action", ["cancel", "retry_now"])
@pytest.mark.parametrize("reference", ["BBBBBBBB", ""])
async def test_an_email_that_does_not_wait_is_named(
    hass: HomeAssistant, waiting: MockConfigEntry, action: str, reference: str
) -> None:
    """An empty reference, of a template that failed for one, is not "all"."""
    with pytest.raises(ServiceValidationError) as raised:
        await _do(hass, action, reference=reference)
    assert raised.value.translation_key == "not_waiting"
    assert texts()["exceptions"]["not_waiting"]["message"].format(
        **raised.value.translation_placeholders or {}
    )
    assert len(await _listed(hass)) == 2


async def test_an_email_that_is_being_sent_is_not_cancelled(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    held = desk.hold_in("put")
    await send(hass)
    await desk.reached("put")
    (email,) = await _listed(hass)
    assert email["state"] == "sending"
    with pytest.raises(ServiceValidationError) as raised:
        await _do(hass, "cancel", reference=email["reference"])
    assert raised.value.translation_key == "being_sent"
    assert await _do(hass, "cancel", all=True) == {"cancelled": 0}
    held.set()
    await settled(hass, loaded)
    assert len(desk.sent) == 1


async def test_what_is_held_is_tried_at_once(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.always = LOGIN
    await send(hass)
    await until(lambda: bool(loaded.runtime_data.courier.status.mail.held))
    (email,) = await _listed(hass)
    assert (email["state"], email["reason"]) == ("held", "login")
    assert (email["code"], email["code_name"]) == (677, "auth_failed")
    desk.always = None
    done = await _do(hass, "retry_now", reference=email["reference"])
    assert done == {"retried": 1}
    await settled(hass, loaded)
    assert len(desk.sent) == 1


@pytest.mark.parametrize(
    "data",
    [{}, {"all": False}, {"all": True, "reference": "7KQ2MXBD"}, {"reference": None}],
)
async def test_nothing_is_cancelled_unless_one_or_all_are_meant(
    hass: HomeAssistant, waiting: MockConfigEntry, data: dict[str, Any]
) -> None:
    with pytest.raises((ServiceValidationError, vol.Invalid)) as raised:
        await _do(hass, "cancel", **data)
    if isinstance(raised.value, ServiceValidationError):
        assert raised.value.translation_key == "reference_or_all"
    assert len(await _listed(hass)) == 2


async def test_two_modems_are_listed_together_but_one_is_named_for_more(
    hass: HomeAssistant, waiting: MockConfigEntry
) -> None:
    other = MockConfigEntry(
        domain=DOMAIN,
        title="Other",
        unique_id="8" * 15,
        data=DATA | {"device": "/dev/serial/by-id/usb-other"},
    )
    other.add_to_hass(hass)
    assert await hass.config_entries.async_setup(other.entry_id)
    assert [email["modem"] for email in await _listed(hass)] == [waiting.title] * 2
    assert await _listed(hass, config_entry_id=other.entry_id) == []
    assert len(await _listed(hass, config_entry_id=waiting.entry_id)) == 2
    with pytest.raises(ServiceValidationError):
        await _do(hass, "cancel", all=True)
    with pytest.raises(ServiceValidationError):
        await _do(hass, "cancel", config_entry_id="nothing")


@pytest.mark.parametrize(
    ("action", "method"),
    [("list_outbox", "listed"), ("retry_now", "retry"), ("cancel", "cancel")],
)
async def test_an_outbox_that_can_not_be_read_raises(
    hass: HomeAssistant,
    waiting: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    action: str,
    method: str,
) -> None:
    async def fail(*_: object) -> None:
        raise OutboxWriteError

    monkeypatch.setattr(waiting.runtime_data.courier, method, fail)
    data = {"all": True} if action == "cancel" else {}
    asked = _do(hass, action, **data)
    with pytest.raises(HomeAssistantError) as raised:
        await asked
    assert raised.value.translation_key == "outbox_failed"
