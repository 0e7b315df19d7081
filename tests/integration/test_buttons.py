"""A test email on demand, the modem restarted, the data connection made anew."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.line_state import Obstacle
from custom_components.quectel_smtp.modem.at.errors import (
    CommandError,
    ModemError,
    PdpError,
    PortLostError,
)
from custom_components.quectel_smtp.modem.network.pdp import PdpState
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from tests.translations import texts

from .conftest import deliver, settled, until
from .modem_on_the_desk import Desk

_OF_MODEM = "button.quectel_ec200a_"
TEST = f"{_OF_MODEM}send_test_email"
TEST_ANNA = "button.anna_send_test_email"
RESTART = f"{_OF_MODEM}restart_modem"
RECONNECT = f"{_OF_MODEM}reconnect"


async def press(hass: HomeAssistant, entity: str) -> None:
    """Press a button, and hear of what keeps it from doing anything."""
    await hass.services.async_call(
        "button", "press", {"entity_id": entity}, blocking=True
    )


async def test_a_test_email_of_the_modem_goes_to_the_sender_s_own_mailbox(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await press(hass, TEST)
    await settled(hass, loaded)
    (message,) = desk.sent
    assert (message.to, message.cc, message.bcc) == (("home@example.com",), (), ())
    assert message.subject == "Test email from Quectel EC200A"
    assert "{" not in message.body


async def test_a_test_email_of_a_recipient_goes_where_its_emails_go(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await press(hass, TEST_ANNA)
    await settled(hass, loaded)
    (message,) = desk.sent
    assert (message.to, message.cc) == (("anna@example.com",), ("ben@example.com",))


async def test_a_recipient_who_is_added_has_a_button_and_one_who_is_removed_none(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    data = {"to": ["carl@example.com"], "cc": [], "bcc": []}
    carl = ConfigSubentry(
        data=data,  # type: ignore[arg-type]  # it is made a mapping that can't be changed
        subentry_type="recipient",
        title="Carl",
        unique_id=None,
    )
    hass.config_entries.async_add_subentry(loaded, carl)
    await hass.async_block_till_done()
    await press(hass, "button.carl_send_test_email")
    await settled(hass, loaded)
    assert desk.sent[-1].to == ("carl@example.com",)
    hass.config_entries.async_remove_subentry(loaded, carl.subentry_id)
    await hass.async_block_till_done()
    assert hass.states.get("button.carl_send_test_email") is None


async def test_a_test_email_that_can_not_be_accepted_is_an_error(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    (anna,) = loaded.subentries.values()
    hass.config_entries.async_update_subentry(
        loaded, anna, data={"to": ["no address"], "cc": [], "bcc": []}
    )
    with pytest.raises(HomeAssistantError):
        await press(hass, TEST_ANNA)
    await loaded.runtime_data.courier.close()
    with pytest.raises(HomeAssistantError):
        await press(hass, TEST)


async def test_the_modem_is_restarted_but_not_too_often(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    for _ in range(3):
        await press(hass, RESTART)
    assert desk.restarts == 3
    with pytest.raises(HomeAssistantError) as refused:
        await press(hass, RESTART)
    assert refused.value.translation_key == "restart_too_soon"
    assert refused.value.translation_placeholders == {"minutes": "10"}
    await deliver(hass, loaded)


async def test_the_data_connection_is_made_anew(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    await press(hass, RECONNECT)
    assert "renew" in desk.calls
    assert loaded.runtime_data.courier.status.pdp is PdpState.ACTIVE


@pytest.mark.parametrize("button", [RESTART, RECONNECT])
async def test_nothing_is_done_in_the_middle_of_an_email(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, button: str
) -> None:
    desk.hold_in("put")
    await press(hass, TEST)
    await desk.reached("put")
    with pytest.raises(HomeAssistantError) as refused:
        await press(hass, button)
    assert refused.value.translation_key == "modem_busy"
    desk.held["put"].set()
    await settled(hass, loaded)
    assert desk.restarts == 0
    assert "renew" not in desk.calls


@pytest.mark.parametrize(
    ("error", "obstacle"),
    [
        (PdpError(561), Obstacle.NO_DATA_CONNECTION),
        (PortLostError(), Obstacle.MODEM_AWAY),
        (CommandError("AT"), Obstacle.MODEM_FAILS),
    ],
)
async def test_what_keeps_it_from_being_done_is_said(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    error: ModemError,
    obstacle: Obstacle,
) -> None:
    await until(lambda: "arm_mail" in desk.calls)
    desk.fail("renew", error)
    with pytest.raises(HomeAssistantError) as refused:
        await press(hass, RECONNECT)
    assert refused.value.translation_key == f"line_{obstacle}"
    not_of_the_modem = {"starting", "settings", "outbox", "account"}
    for kind in set(Obstacle) - not_of_the_modem:
        assert f"line_{kind}" in texts()["exceptions"]
