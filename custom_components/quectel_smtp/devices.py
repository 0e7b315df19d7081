"""What the device registry knows a modem by, and says of it."""

from homeassistant.const import CONF_MODEL
from homeassistant.helpers.device_registry import DeviceInfo

from .const import CONF_FIRMWARE, DOMAIN, MANUFACTURER
from .runtime import QuectelConfigEntry


def modem_identifier(entry: QuectelConfigEntry) -> tuple[str, str]:
    """Return what the device registry knows the modem by: its IMEI."""
    return (DOMAIN, entry.unique_id or entry.entry_id)


def modem_device_info(entry: QuectelConfigEntry) -> DeviceInfo:
    """Return the modem's device, as it was last identified."""
    return DeviceInfo(
        identifiers={modem_identifier(entry)},
        manufacturer=MANUFACTURER,
        model=entry.data.get(CONF_MODEL),
        name=entry.title,
        serial_number=entry.unique_id,
        sw_version=entry.data.get(CONF_FIRMWARE),
    )
