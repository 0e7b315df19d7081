"""Turns an entry's data into the settings that it stands for."""

from collections.abc import Mapping
from typing import Any

from homeassistant.const import (
    CONF_DEVICE,
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PIN,
    CONF_PORT,
    CONF_USERNAME,
)

from .const import (
    CONF_APN,
    CONF_APN_PASSWORD,
    CONF_APN_USERNAME,
    CONF_AUTHENTICATION,
    CONF_BAUDRATE,
    CONF_CERTIFICATE,
    CONF_ICCID,
    CONF_SECURITY,
    CONF_SENDER_ADDRESS,
    CONF_SENDER_NAME,
)
from .delivery.courier import Pin, Settings
from .modem.pdp import Authentication, PdpSettings
from .modem.port import DEFAULT_BAUDRATE, PortSettings
from .modem.server import Security, ServerSettings
from .modem.tls import TlsSettings


def port_settings(data: Mapping[str, Any]) -> PortSettings:
    """Return the serial port."""
    return PortSettings(data[CONF_DEVICE], data.get(CONF_BAUDRATE, DEFAULT_BAUDRATE))


def pdp_settings(data: Mapping[str, Any]) -> PdpSettings:
    """Return the data connection; ``InvalidValueError`` names what can't be sent."""
    return PdpSettings(
        apn=data[CONF_APN],
        username=data.get(CONF_APN_USERNAME, ""),
        password=data.get(CONF_APN_PASSWORD, ""),
        authentication=Authentication[data[CONF_AUTHENTICATION].upper()],
    )


def server_settings(data: Mapping[str, Any]) -> ServerSettings:
    """Return the mail server; ``InvalidValueError`` names what can't be sent."""
    return ServerSettings(
        host=data[CONF_HOST],
        port=data[CONF_PORT],
        security=Security[data[CONF_SECURITY].upper()],
        username=data.get(CONF_USERNAME, ""),
        password=data.get(CONF_PASSWORD, ""),
        sender_name=data.get(CONF_SENDER_NAME, ""),
        sender_address=data[CONF_SENDER_ADDRESS],
        tls=TlsSettings(data.get(CONF_CERTIFICATE)),
    )


def sim_pin(data: Mapping[str, Any]) -> Pin | None:
    """Return the PIN and its SIM, if one is kept."""
    code = data.get(CONF_PIN)
    return None if code is None else Pin(code, data.get(CONF_ICCID))


def settings(data: Mapping[str, Any], imei: str | None) -> Settings:
    """Return everything that the courier needs."""
    return Settings(
        port=port_settings(data),
        pdp=pdp_settings(data),
        server=server_settings(data),
        pin=sim_pin(data),
        imei=imei,
    )
