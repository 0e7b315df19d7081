"""In each language that there is, an automation's email goes, in words of that language."""

from email import message_from_bytes, policy
from types import MappingProxyType
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.const import DOMAIN
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import slugify
from tests.translations import LANGUAGES, texts

from .automations import automate, telling
from .conftest import in_service, settled
from .modem_on_the_desk import PORT, Desk

TITLE = "警报 ⚡ Überschwemmung"
TEXT = "地下室进水"
ALARM = "alarm"


def _sent(desk: Desk, way: str) -> tuple[str, str]:
    """Return the only email's subject and text."""
    if way == "module":
        (message,) = desk.sent
        return message.subject, message.body
    (envelope,) = desk.mail.received
    assert isinstance(envelope.content, bytes)
    email = message_from_bytes(envelope.content, policy=policy.default)
    return str(email["subject"]), email.get_content().replace("\r\n", "\n").rstrip("\n")


@pytest.mark.parametrize("way", ["module", "stream"])
@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_automation_s_email_closes_in_the_instance_s_language(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry, language: str, way: str
) -> None:
    await hass.config.async_update(language=language)
    hass.config_entries.async_update_entry(entry, options={"way": way})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await in_service(entry)
    (device,) = (
        found.id
        for found in dr.async_entries_for_config_entry(
            dr.async_get(hass), entry.entry_id
        )
        if found.entry_type is None
    )
    sending: dict[str, Any] = {
        "action": "notify.send_message",
        "target": {"entity_id": "notify.anna"},
        "data": {"title": TITLE, "message": TEXT},
    }
    told = await automate(
        hass,
        {
            "mode": "queued",
            "triggers": [
                {"trigger": "event", "event_type": ALARM, "id": ALARM},
                {"trigger": f"{DOMAIN}.email_sent", "target": {"device_id": device}},
            ],
            "actions": [
                {
                    "if": [{"condition": "trigger", "id": ALARM}],
                    "then": [sending, sending],
                    "else": [
                        telling(
                            reference="{{ trigger.to_state.attributes.reference }}",
                        )
                    ],
                }
            ],
        },
    )
    desk.mail.takes_emails = True
    desk.unplug()
    hass.bus.async_fire(ALARM)
    await hass.async_block_till_done()
    desk.ports = {PORT}
    await settled(hass, entry)
    subject, body = _sent(desk, way)
    assert subject == TITLE
    ours = texts(language)["common"]
    *lines, last = body.split("\n")
    assert lines == [TEXT, "", ours["email_times"].format(count=2)]
    # Each of the two is told of by a reference of its own; the email has one of them.
    references = {event.data["reference"] for event in told}
    assert len(references) == 2
    assert last in {
        ours["email_reference"].format(reference=reference) for reference in references
    }


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_recipient_is_called_by_entity_and_by_action_whatever_the_language(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry, language: str
) -> None:
    """They are named after the recipient alone, whose name has no Latin letters here."""
    await hass.config.async_update(language=language)
    hass.config_entries.async_add_subentry(
        entry,
        ConfigSubentry(
            subentry_type="recipient",
            title="妈妈",
            unique_id=None,
            data=MappingProxyType({"to": ["mama@example.com"], "cc": [], "bcc": []}),
        ),
    )
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await in_service(entry)
    assert {found.entity_id for found in er.async_get(hass).entities.values()} >= {
        "notify.anna",
        "notify.ma_ma",
    }
    await hass.services.async_call(
        "notify",
        f"{DOMAIN}_ma_ma",
        {"title": TITLE, "message": TEXT},
        blocking=True,
    )
    await settled(hass, entry)
    (message,) = desk.sent
    assert message.to == ("mama@example.com",)


@pytest.mark.skipif("zh-Hans" not in LANGUAGES, reason="no such language")
async def test_in_chinese_entities_have_english_ids_and_chinese_names(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    """Automations and dashboards that are shared name the same entities everywhere."""
    await hass.config.async_update(language="zh-Hans")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    of_english, of_chinese = (texts(one)["entity"] for one in ("en", "zh-Hans"))
    for found in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id):
        if found.original_name is not None:
            english, chinese = (
                of[found.domain][found.translation_key]["name"]
                for of in (of_english, of_chinese)
            )
            assert found.entity_id.endswith(f"_{slugify(english)}")
            assert found.original_name == chinese
