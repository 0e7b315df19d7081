"""What Home Assistant's system information says of all modems together."""

from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN
from .runtime import QuectelConfigEntry


@callback
def async_register(
    hass: HomeAssistant, register: system_health.SystemHealthRegistration
) -> None:
    """Tell who is to be asked."""
    register.async_register_info(system_health_info)


async def system_health_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return what is known; no modem is asked, and none named."""
    entries: list[QuectelConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    coordinators = [entry.runtime_data.coordinator for entry in entries]
    statuses = [coordinator.courier.status for coordinator in coordinators]
    sent = [status.mail.last_sent for status in statuses if status.mail.last_sent]
    return {
        "modems": len(entries),
        "lines_ready": sum(one.obstacle is None for one in coordinators),
        "emails_waiting": sum(status.mail.waiting for status in statuses),
        "emails_held": sum(
            sum(status.mail.held_counts.values()) for status in statuses
        ),
        **({"last_email_sent": max(sent)} if sent else {}),
    }
