"""The recipients of an entry: to which addresses their emails go."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry

from . import typed
from .const import CONF_BCC, CONF_CC, CONF_TO, SUBENTRY_RECIPIENT
from .delivery.email import Email
from .delivery.records import Addresses
from .modem.at.errors import InvalidValueError


def addresses_of(subentry: ConfigSubentry) -> Addresses:
    """Return a recipient's addresses, which may have been edited by hand."""
    to, cc, bcc = (
        tuple(map(typed.stripped, subentry.data[kind]))
        for kind in (CONF_TO, CONF_CC, CONF_BCC)
    )
    return Addresses(to, cc, bcc)


def recipients_of(entry: ConfigEntry[Any]) -> Mapping[str, Addresses | None]:
    """Return the addresses of all recipients by id; None where they can't be used."""
    return {
        subentry.subentry_id: _usable(addresses_of(subentry))
        for subentry in entry.get_subentries_of_type(SUBENTRY_RECIPIENT)
    }


def _usable(addresses: Addresses) -> Addresses | None:
    try:
        Email("", "", addresses.to, addresses.cc, addresses.bcc)
    except InvalidValueError:
        return None
    return addresses
