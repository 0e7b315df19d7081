"""The recipients of an entry: to which addresses their emails go."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigSubentry

from . import typed
from .const import CONF_BCC, CONF_CC, CONF_CRITICAL, CONF_TO, SUBENTRY_RECIPIENT
from .delivery.addresses import Addresses
from .delivery.email import Email
from .modem.at.errors import InvalidValueError
from .runtime import QuectelConfigEntry


def addresses_of(data: Mapping[str, Any]) -> Addresses:
    """Return the addresses in a recipient's data, which may have been edited by hand.

    ``InvalidValueError`` for what are no addresses at all.
    """
    to, cc, bcc = (_listed(data, kind) for kind in (CONF_TO, CONF_CC, CONF_BCC))
    return Addresses(to, cc, bcc)


def is_critical(data: Mapping[str, Any]) -> bool:
    """Whether all emails of a recipient are critical."""
    return data.get(CONF_CRITICAL) is True


def _listed(data: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    found = data.get(kind, ())
    if not isinstance(found, list | tuple) or not all(
        isinstance(address, str) for address in found
    ):
        raise InvalidValueError("recipients", "invalid")
    return tuple(map(typed.address, found))


def recipients_of(entry: QuectelConfigEntry) -> Mapping[str, Addresses | None]:
    """Return the addresses of all recipients by id; None where they can't be used."""
    return {
        subentry.subentry_id: _usable(subentry)
        for subentry in entry.get_subentries_of_type(SUBENTRY_RECIPIENT)
    }


def _usable(subentry: ConfigSubentry) -> Addresses | None:
    """Return a recipient's addresses; None for what keeps no other from its emails."""
    try:
        addresses = addresses_of(subentry.data)
        Email("", "", *addresses.kinds)
    except InvalidValueError:
        return None
    return addresses
