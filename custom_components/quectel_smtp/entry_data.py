"""Turns an entry's data and options into the settings that they stand for.

``InvalidValueError`` names what can't be used: forms refuse such values, but an entry
may have been edited by hand. Its reason ``unusable`` stands for anything but text,
number or choice where that is needed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Final

from homeassistant.const import (
    CONF_DEVICE,
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PIN,
    CONF_PORT,
    CONF_USERNAME,
)

from . import typed
from .const import (
    CONF_APN,
    CONF_APN_PASSWORD,
    CONF_APN_USERNAME,
    CONF_AUTHENTICATION,
    CONF_BAUDRATE,
    CONF_CERTIFICATE,
    CONF_DIGEST,
    CONF_ICCID,
    CONF_IDLE,
    CONF_LIFETIME,
    CONF_MAIL_CLIENT,
    CONF_PER_DAY,
    CONF_PER_HOUR,
    CONF_SECURITY,
    CONF_SENDER_ADDRESS,
    CONF_SENDER_NAME,
    CONF_VERIFICATION,
    CONF_WAY,
    VERIFICATION_AUTOMATIC,
    WAY_AUTOMATIC,
)
from .delivery.records import Options, Way
from .delivery.rules.capacity import check_account
from .delivery.settings import Pin, Settings
from .email_options import reply_to
from .line_options import roaming_allowed
from .modem.at.errors import InvalidValueError
from .modem.at.port import DEFAULT_BAUDRATE, PortSettings
from .modem.mail.server import Security, ServerSettings
from .modem.mail.tls import TlsSettings
from .modem.network.pdp import Authentication, PdpSettings
from .runtime import QuectelConfigEntry

HOUR: Final = 3600
MINUTE: Final = 60

LIMITS: Final = {
    CONF_LIFETIME: (1, 168),
    CONF_PER_HOUR: (1, 1000),
    CONF_PER_DAY: (1, 10_000),
    CONF_IDLE: (0, 1440),
}
"""Least and most of each option that is a number."""

_DEFAULTS: Final = Options()
DEFAULTS: Final[Mapping[str, int | bool | str]] = {
    CONF_LIFETIME: int(_DEFAULTS.lifetime) // HOUR,
    CONF_PER_HOUR: _DEFAULTS.per_hour,
    CONF_PER_DAY: _DEFAULTS.per_day,
    CONF_DIGEST: _DEFAULTS.digest,
    CONF_IDLE: int(_DEFAULTS.idle) // MINUTE,
    CONF_WAY: WAY_AUTOMATIC,
}


def port_settings(data: Mapping[str, Any]) -> PortSettings:
    """Return the serial port."""
    baudrate = _value(data, CONF_BAUDRATE, int, DEFAULT_BAUDRATE)
    return PortSettings(_text(data, CONF_DEVICE), baudrate)


def pdp_settings(data: Mapping[str, Any], *, roaming: bool = True) -> PdpSettings:
    """Return the data connection, which may be made abroad or not."""
    return PdpSettings(
        apn=_text(data, CONF_APN),
        username=_text(data, CONF_APN_USERNAME, ""),
        password=_text(data, CONF_APN_PASSWORD, ""),
        authentication=_choice(data, CONF_AUTHENTICATION, Authentication),
        roaming=roaming,
    )


def server_settings(data: Mapping[str, Any]) -> ServerSettings:
    """Return the mail server."""
    data = typed.tidied(data)
    certificate = data.get(CONF_CERTIFICATE)
    return ServerSettings(
        host=typed.server_name(_value(data, CONF_HOST, str)),
        port=_value(data, CONF_PORT, int),
        security=_choice(data, CONF_SECURITY, Security),
        username=_text(data, CONF_USERNAME, ""),
        password=_text(data, CONF_PASSWORD, ""),
        sender_name=_value(data, CONF_SENDER_NAME, str, ""),
        sender_address=_text(data, CONF_SENDER_ADDRESS),
        tls=TlsSettings(
            None if certificate is None else _value(data, CONF_CERTIFICATE, str)
        ),
    )


def has_mail_client(data: Mapping[str, Any]) -> bool:
    """Whether the modem has a mail client of its own, as far as it is known."""
    return data.get(CONF_MAIL_CLIENT) is not False


def wants_module(entry: QuectelConfigEntry | None) -> bool:
    """Whether a person has chosen the modem's own mail client for an entry's emails."""
    if entry is None or not has_mail_client(entry.data):
        return False
    return entry.options.get(CONF_WAY) == Way.MODULE


def finds_root(data: Mapping[str, Any]) -> bool:
    """Whether the root is what the check finds, and no person's choice."""
    return data.get(CONF_VERIFICATION) == VERIFICATION_AUTOMATIC


def sim_pin(data: Mapping[str, Any]) -> Pin | None:
    """Return the PIN and its SIM, if one is kept."""
    if data.get(CONF_PIN) is None:
        return None
    return Pin(_text(data, CONF_PIN), data.get(CONF_ICCID))


def delivery_options(options: Mapping[str, Any]) -> Options:
    """Return what was chosen about delivery, the defaults where nothing was."""
    return Options(
        lifetime=float(_number(options, CONF_LIFETIME) * HOUR),
        per_hour=_number(options, CONF_PER_HOUR),
        per_day=_number(options, CONF_PER_DAY),
        digest=_value(options, CONF_DIGEST, bool, _DEFAULTS.digest),
        idle=float(_number(options, CONF_IDLE) * MINUTE),
        way=_way(options),
    )


def settings(
    data: Mapping[str, Any],
    imei: str | None,
    *,
    roaming: bool,
) -> Settings:
    """Return everything that the courier needs, delivery as it is by default."""
    return Settings(
        port=port_settings(data),
        pdp=pdp_settings(data, roaming=roaming),
        server=server_settings(data),
        pin=sim_pin(data),
        imei=imei,
        known_roots=finds_root(data),
    )


def stand_in(data: Mapping[str, Any]) -> Settings:
    """Return settings that stand for some that can't be used.

    They serve to accept emails with. Nothing is sent by them: see ``Gate``.
    """
    device = data.get(CONF_DEVICE)
    return Settings(
        port=PortSettings(device if isinstance(device, str) else ""),
        pdp=PdpSettings(apn=""),
        server=ServerSettings(
            host="invalid",
            port=1,
            security=Security.NONE,
            username="",
            password="",
            sender_name="",
            sender_address="nobody@invalid",
        ),
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """An entry's settings, None where they can't be used, and what is wrong in it."""

    settings: Settings | None
    invalid: InvalidValueError | None = None


def read(
    data: Mapping[str, Any], options: Mapping[str, Any], imei: str | None
) -> Reading:
    """Read an entry, whatever is in it.

    No email waits for an option that can't be used: the defaults serve as well, and our
    own mail client where the modem has none, or one that can't carry the account.
    """
    try:
        found = settings(data, imei, roaming=roaming_allowed(options))
    except InvalidValueError as err:
        return Reading(None, err)
    try:
        chosen = delivery_options(options)
        found = replace(found, reply_to=reply_to(options))
    except InvalidValueError as err:
        return Reading(found, err)
    by_stream = replace(found, options=replace(chosen, way=Way.STREAM))
    if not has_mail_client(data):
        return Reading(by_stream)
    try:
        if chosen.way is Way.MODULE:
            check_account(found.server)
    except InvalidValueError as err:
        return Reading(by_stream, err)
    return Reading(replace(found, options=chosen))


def _text(data: Mapping[str, Any], key: str, default: str | None = None) -> str:
    return typed.visible(_value(data, key, str, default), key)


def _value[T](
    data: Mapping[str, Any], key: str, kind: type[T], default: T | None = None
) -> T:
    value = data.get(key, default)
    if value is None:
        raise InvalidValueError(key, "empty")
    # True is an int to Python, but no number to a person.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise InvalidValueError(key, "unusable")
    return value


def _choice[E: IntEnum](data: Mapping[str, Any], key: str, kind: type[E]) -> E:
    name = _value(data, key, str)
    try:
        return kind[name.upper()]
    except KeyError as err:
        raise InvalidValueError(key, "unusable") from err


def _way(options: Mapping[str, Any]) -> Way | None:
    chosen = _value(options, CONF_WAY, str, WAY_AUTOMATIC)
    if chosen == WAY_AUTOMATIC:
        return None
    try:
        return Way(chosen)
    except ValueError as err:
        raise InvalidValueError(CONF_WAY, "unusable") from err


def _number(options: Mapping[str, Any], key: str) -> int:
    least, most = LIMITS[key]
    number = _value(options, key, int, int(DEFAULTS[key]))
    if not least <= number <= most:
        raise InvalidValueError(key, "out_of_range", most)
    return number
