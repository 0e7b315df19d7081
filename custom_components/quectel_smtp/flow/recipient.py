"""The subentry flow that adds and changes a recipient."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigSubentryFlow,
    SubentryFlowResult,
)

from .. import typed
from ..const import CONF_BCC, CONF_CC, CONF_CRITICAL, CONF_TO, SUBENTRY_RECIPIENT
from ..delivery.records import Addresses
from ..delivery.rules.fit import check_addresses
from ..entry_data import wants_module
from ..modem.at.errors import InvalidValueError
from ..modem.mail.message import RECIPIENTS_MOST, check_address
from ..recipients import addresses_of, is_critical
from .schemas import CONF_NAME, RECIPIENT

_LISTS = (CONF_TO, CONF_CC, CONF_BCC)


class RecipientFlow(ConfigSubentryFlow):
    """Asks for a recipient's name and addresses."""

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Add a recipient."""
        return self._step("user", user_input, None)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change a recipient."""
        subentry = self._get_reconfigure_subentry()
        return self._step(
            "reconfigure", user_input, {CONF_NAME: subentry.title, **subentry.data}
        )

    def _step(
        self,
        step_id: str,
        user_input: dict[str, Any] | None,
        present: dict[str, Any] | None,
    ) -> SubentryFlowResult:
        errors: dict[str, str] = {}
        placeholders = {"limit": "", "address": "", "recipient": ""}
        if user_input is not None:
            name = typed.name(user_input[CONF_NAME])
            addresses = {kind: _addresses(user_input, kind) for kind in _LISTS}
            data = {**addresses, CONF_CRITICAL: user_input[CONF_CRITICAL]}
            if not name:
                errors[CONF_NAME] = "empty"
            else:
                errors = _check(
                    addresses, placeholders, by_module=wants_module(self._get_entry())
                )
            if not errors and (other := self._like(data)) is not None:
                placeholders["recipient"] = other
                errors["base"] = "same_addresses"
            if not errors:
                return self._save(name, data)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                RECIPIENT, user_input or present
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _like(self, data: Mapping[str, Any]) -> str | None:
        """Return the name of another recipient with the same addresses.

        One whose emails are critical, and one whose are not, are different ones.
        """
        changed = (
            None
            if self.source == SOURCE_USER
            else self._get_reconfigure_subentry().subentry_id
        )
        wanted = (_everyone(data), is_critical(data))
        for other in self._get_entry().get_subentries_of_type(SUBENTRY_RECIPIENT):
            found = (_everyone(other.data), is_critical(other.data))
            if other.subentry_id != changed and found == wanted:
                return other.title
        return None

    def _save(self, name: str, data: dict[str, Any]) -> SubentryFlowResult:
        if self.source == SOURCE_USER:
            return self.async_create_entry(title=name, data=data)
        return self.async_update_and_abort(
            self._get_entry(),
            self._get_reconfigure_subentry(),
            title=name,
            data=data,
        )


def _addresses(user_input: dict[str, Any], kind: str) -> list[str]:
    """Return a list's addresses; an empty row of the form is none."""
    stripped = (typed.stripped(address) for address in user_input[kind])
    return [address for address in stripped if address]


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
    data: dict[str, list[str]], placeholders: dict[str, str], *, by_module: bool
) -> dict[str, str]:
    """Return the first error, with what it names in ``placeholders``.

    ``by_module``: whether the modem's own mail client has to send to them.
    """
    seen: set[str] = set()
    for kind, addresses in data.items():
        for address in addresses:
            placeholders["address"] = address
            try:
                check_address(typed.visible(address, kind), kind)
                if by_module:
                    check_addresses(Addresses((address,)))
            except InvalidValueError as err:
                placeholders |= typed.placeholders(err)
                return {kind: f"address_{typed.reason(err)}"}
            if address.casefold() in seen:
                return {kind: "address_duplicate"}
            seen.add(address.casefold())
    if not seen:
        return {"base": "no_address"}
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
