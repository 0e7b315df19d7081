"""Any title, text, page and name, by each action and each way, is an email and no command."""

from pathlib import Path
import re
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.attachments.kinds import UNKNOWN
from custom_components.quectel_smtp.delivery.records import Way
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from tests.hostile.values import BODIES, HEADERS, NO_ADDRESSES, PAGES, VALUES
from tests.hostile.witness import check_commands, check_email
from tests.integration.conftest import ANNA, settled
from tests.virtual_modem.profiles import MailClient

from .conftest import BY_EACH_ROAD, OWN, Far

ACTIONS = (
    "notify.send_message",
    "quectel_smtp.send_message",
    "notify.quectel_smtp_anna",
)
MORE = ACTIONS[1:]
"""Those that take more than a title and a text."""


async def act(hass: HomeAssistant, action: str, more: Any = None, **data: Any) -> None:
    """Have an email sent by an action; ``more``: what only two of them take."""
    domain, _, name = action.partition(".")
    if name == "send_message":
        data |= {"entity_id": ANNA, **(more or {})}
    elif more is not None:
        data["data"] = more
    await hass.services.async_call(domain, name, data, blocking=True)


async def arrived(
    hass: HomeAssistant, far: Far, entry: MockConfigEntry, count: int
) -> list[Any]:
    """Wait for so many emails, no more and no less, each to the recipient alone."""
    await settled(hass, entry)
    assert len(far.server.received) == count
    found = [check_email(one, {OWN}) for one in far.server.received]
    check_commands(far.virtual)
    far.server.received.clear()
    return found


@BY_EACH_ROAD
@pytest.mark.parametrize("action", ACTIONS)
async def test_any_title_and_any_text_is_one_email_to_whom_it_is_meant(
    hass: HomeAssistant,
    far: Far,
    at_home: MockConfigEntry,
    way: Way,
    action: str,
) -> None:
    # Two of the same text would go as one.
    asked = [
        {"title": value, "message": f"Text {number}"}
        for number, value in enumerate(VALUES)
    ]
    asked += [{"title": "Title", "message": body} for body in (*BODIES, *HEADERS)]
    # Each by every action, and by every way, but not by all of both.
    road = 0 if way is Way.STREAM else [*MailClient].index(far.client) + 1
    asked = asked[(ACTIONS.index(action) + road) % 3 :: 3]
    for data in asked:
        await act(hass, action, **data)
    for message in await arrived(hass, far, at_home, len(asked)):
        text = message.get_body(("plain",))
        assert "Ref: " in text.get_content()


@BY_EACH_ROAD
@pytest.mark.parametrize("action", MORE)
async def test_any_page_is_shown_or_attached_and_no_more_than_a_page(
    hass: HomeAssistant, far: Far, at_home: MockConfigEntry, way: Way, action: str
) -> None:
    for number, page in enumerate(PAGES):
        more = {"html": page, "priority": "highest"}
        await act(hass, action, more, title=f"Page {number}", message="Text")
    for message in await arrived(hass, far, at_home, len(PAGES)):
        html = message.get_body(("html",))
        files = [part.get_filename() for part in message.iter_attachments()]
        assert (html is not None, files) == (
            (True, []) if way is Way.STREAM else (False, ["message.html"])
        )


@BY_EACH_ROAD
@pytest.mark.parametrize("action", MORE)
async def test_any_name_of_a_file_is_no_more_than_a_name(
    hass: HomeAssistant,
    far: Far,
    at_home: MockConfigEntry,
    way: Way,
    action: str,
    www: Path,
) -> None:
    """And any id by which a page might show it."""
    (www / "door.bin").write_bytes(bytes(range(256)))
    names = VALUES[MORE.index(action) :: 2]
    # The page is a file, too, by the modem's client.
    for first in range(0, len(names), 9):
        attachments = [
            {"path": str(www / "door.bin"), "filename": name, "content_id": name}
            for name in names[first : first + 9]
        ]
        await act(
            hass,
            action,
            {"attachments": attachments, "html": "<p>Page"},
            title=f"Files {first}",
            message="Text",
        )
    count = 0
    for message in await arrived(hass, far, at_home, -(-len(names) // 9)):
        files = [part for part in message.walk() if part.get_filename()]
        for part in files:
            if part.get_filename() != "message.html":
                count += 1
                assert part.get_payload(decode=True) == bytes(range(256))
                assert part.get_content_type() in (UNKNOWN, "image/jpeg")
            assert set(part.keys()) <= {
                "Content-Type",
                "Content-Transfer-Encoding",
                "Content-Disposition",
                "Content-ID",
                "MIME-Version",
            }
    assert count == len(names)
    # It is cleared away before the port is lent.
    async with at_home.runtime_data.courier.lend():
        assert far.virtual.state().files == ()


@pytest.mark.parametrize("far", [MailClient.NOTE], indirect=True)
@pytest.mark.parametrize("action", MORE)
@pytest.mark.parametrize("kind", ["to", "cc", "bcc"])
async def test_nothing_is_sent_to_what_is_no_address_nor_to_whom_is_not_allowed(
    hass: HomeAssistant, far: Far, at_home: MockConfigEntry, action: str, kind: str
) -> None:
    hass.config_entries.async_update_entry(
        at_home, options={**at_home.options, "allowed_addresses": ["example.com"]}
    )
    for address in (*NO_ADDRESSES, *NOT_ALLOWED):
        with pytest.raises(ServiceValidationError) as raised:
            await act(hass, action, {kind: [OWN, address]}, message="Text")
        assert raised.value.translation_key in (
            "address_unusable",
            "address_not_allowed",
        )
    await settled(hass, at_home)
    assert far.server.received == []


NOT_ALLOWED = (
    "evil@example.net",
    "evil@sub.example.com",
    "evil@example.com.evil.example",
    "evil@xample.com",
    "evil@aexample.com",
    "evil@examрle.com",
    "evil@example.cοm",
    "evil@xn--exampl-8of.com",
    "EVIL@EXAMPLE.COM.NET",
    "evil%example.com@example.net",
    "evil!example.com@example.net",
)
"""Who is not of ``example.com``, however it looks."""


@BY_EACH_ROAD
@pytest.mark.parametrize("action", MORE)
async def test_nobody_learns_of_a_hidden_address_nor_gets_what_is_for_another(
    hass: HomeAssistant, far: Far, at_home: MockConfigEntry, way: Way, action: str
) -> None:
    hass.config_entries.async_update_entry(
        at_home, options={**at_home.options, "allowed_addresses": ["example.com"]}
    )
    await act(hass, action, {"cc": ["ben@example.com"]}, message="Seen")
    await act(hass, action, {"bcc": ["leo@example.com"]}, message="Hidden")
    await act(hass, action, message="Alone")
    await settled(hass, at_home)
    got: dict[str, list[str]] = {}
    for envelope in far.server.received:
        message = check_email(envelope, envelope.rcpt_tos)
        text = message.get_body(("plain",))
        assert text is not None
        (word,) = re.findall("Seen|Hidden|Alone", text.get_content())
        got.setdefault(word, []).extend(envelope.rcpt_tos)
        if envelope.rcpt_tos != ["leo@example.com"]:
            assert "leo@example.com" not in str(message)
    assert {word: sorted(whom) for word, whom in got.items()} == {
        "Seen": [OWN, "ben@example.com"],
        "Hidden": [OWN, "leo@example.com"],
        "Alone": [OWN],
    }
    check_commands(far.virtual)
