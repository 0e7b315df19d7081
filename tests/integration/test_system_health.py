"""Home Assistant's system information counts modems and emails, and names nobody."""

from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    get_system_health_info,
)

from custom_components.quectel_smtp.const import DOMAIN
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from tests.translations import texts

from .conftest import deliver, send, until
from .modem_on_the_desk import Desk


async def test_what_is_ready_waits_and_was_sent_is_counted(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    assert await async_setup_component(hass, "system_health", {})
    await hass.async_block_till_done()
    before = await get_system_health_info(hass, DOMAIN)
    assert before == {
        "modems": 1,
        "lines_ready": 1,
        "emails_waiting": 0,
        "emails_held": 0,
    }
    await deliver(hass, loaded)
    desk.unplug()
    courier = loaded.runtime_data.courier
    await until(lambda: courier.status.trouble is not None)
    await send(hass, "And again")
    await until(lambda: courier.status.mail.waiting == 1)
    after = await get_system_health_info(hass, DOMAIN)
    assert (after["lines_ready"], after["emails_waiting"]) == (0, 1)
    assert after["last_email_sent"] == courier.status.mail.last_sent
    assert set(after) == set(texts()["system_health"]["info"])
