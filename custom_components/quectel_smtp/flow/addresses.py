"""What the form for a recipient asks for: whom its emails go to, and under which name."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.const import CONF_ADDRESS

from .. import typed
from ..const import (
    CONF_BCC,
    CONF_CC,
    CONF_CRITICAL,
    CONF_TO,
    SECTION_MORE,
    SUBENTRY_RECIPIENT,
)
from ..delivery.addresses import Addresses
from ..delivery.rules.capacity import check_addresses
from ..entry_data import wants_module
from ..modem.at.errors import InvalidValueError
from ..modem.mail.message import RECIPIENTS_MOST, check_address
from ..recipients import addresses_of, is_critical
from ..runtime import QuectelConfigEntry
from .schemas import CONF_NAME

_LISTS: Final = (CONF_TO, CONF_CC, CONF_BCC)
PLACEHOLDERS: Final = {
    "limit": "",
    "address": "",
    "recipient": "",
    "character": "",
    "position": "",
}
"""What the texts of this form's errors have a place for."""


def entered(user_input: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the name and the data of the recipient that was entered.

    An empty row is no address. Without a name it is called what stands before the @.
    """
    more = user_input.get(SECTION_MORE, {})
    data = {kind: _given(more.get(kind, ())) for kind in _LISTS}
    first = _given((user_input[CONF_ADDRESS],))
    name = typed.name(user_input[CONF_NAME]) or typed.name(
        "".join(first).partition("@")[0]
    )
    critical = user_input[CONF_CRITICAL]
    return name, {**data, CONF_TO: first + data[CONF_TO], CONF_CRITICAL: critical}


def shown(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form's values for a recipient as it is."""
    to = list(data.get(CONF_TO) or ())
    more = {kind: list(data.get(kind) or ()) for kind in (CONF_CC, CONF_BCC)}
    return {
        CONF_ADDRESS: "".join(to[:1]),
        CONF_NAME: name,
        CONF_CRITICAL: is_critical(data),
        SECTION_MORE: {CONF_TO: to[1:], **more},
    }


def has_more(values: Mapping[str, Any]) -> bool:
    """Whether a form's values hold other addresses than the first."""
    return any(values.get(SECTION_MORE, {}).values())


def refusal(
    entry: QuectelConfigEntry,
    data: Mapping[str, Any],
    placeholders: dict[str, str],
    present: str | None = None,
) -> dict[str, str]:
    """Return the first error, with what it names in ``placeholders``.

    ``present``: the id of the recipient that is being changed, if there is one.
    """
    if not data[CONF_TO]:
        return {CONF_ADDRESS: "empty"}
    errors = _check(data, placeholders, by_module=wants_module(entry))
    if not errors and (other := _like(entry, data, present)) is not None:
        placeholders["recipient"] = other
        return {"base": "same_addresses"}
    return errors


def _given(rows: Any) -> list[str]:
    found = (typed.address(address) for address in rows)
    return [address for address in found if address]


def _like(
    entry: QuectelConfigEntry, data: Mapping[str, Any], present: str | None
) -> str | None:
    """Return the name of another recipient with the same addresses.

    One whose emails are critical, and one whose are not, are different ones.
    """
    wanted = (_everyone(data), is_critical(data))
    for other in entry.get_subentries_of_type(SUBENTRY_RECIPIENT):
        found = (_everyone(other.data), is_critical(other.data))
        if other.subentry_id != present and found == wanted:
            return other.title
    return None


def _everyone(data: Mapping[str, Any]) -> frozenset[str]:
    """Return the addresses that an email goes to, in whatever order or case.

    None of a recipient that was edited into nonsense: nothing is the same as that.
    """
    try:
        addresses = addresses_of(data)
    except InvalidValueError:
        return frozenset()
    return frozenset(address.casefold() for address in addresses)


def _check(
    data: Mapping[str, Any], placeholders: dict[str, str], *, by_module: bool
) -> dict[str, str]:
    """Return the first error; of the addresses that are folded in, on all of the form.

    ``by_module``: whether the modem's own mail client has to send to them.
    """
    seen: set[str] = set()
    for kind in _LISTS:
        for number, address in enumerate(data[kind]):
            field = CONF_ADDRESS if (kind, number) == (CONF_TO, 0) else "base"
            placeholders["address"] = address
            try:
                check_address(typed.visible(address, kind), kind)
                if by_module:
                    check_addresses(Addresses((address,)))
            except InvalidValueError as err:
                placeholders |= typed.placeholders(err)
                return {field: f"address_{typed.reason(err)}"}
            if address.casefold() in seen:
                return {field: "address_duplicate"}
            seen.add(address.casefold())
    if len(seen) > RECIPIENTS_MOST:
        placeholders["limit"] = str(RECIPIENTS_MOST)
        return {"base": "too_many_addresses"}
    try:
        if by_module:
            check_addresses(Addresses(tuple(seen)))
    except InvalidValueError as err:
        placeholders |= typed.placeholders(err)
        return {"base": "module_too_many_addresses"}
    return {}
