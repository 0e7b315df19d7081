"""What all forms and menus of the config flow share: the draft, its errors, ways back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
import re
from typing import Any, Final, NamedTuple

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigFlow,
    ConfigFlowResult,
)
from homeassistant.const import CONF_MODEL, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import CALLBACK_TYPE, HassJob, callback
from homeassistant.helpers.event import async_call_later

from .. import typed
from ..const import (
    CONF_APN_PASSWORD,
    CONF_APN_USERNAME,
    CONF_BACK,
    CONF_CONFIRMED,
    CONF_FIRMWARE,
    CONF_ICCID,
    CONF_ROAMING,
    CONF_SAVE_UNCHECKED,
    CONF_SENDER_ADDRESS,
    SECTION_ADVANCED,
)
from ..line_options import roaming_allowed
from ..modem.at.errors import InvalidValueError
from ..runtime import QuectelConfigEntry
from .modem_checks import Found
from .providers import Secret
from .schemas import Form, leavable, savable

_MARKDOWN: Final = re.compile(r"[\\`*_\[\]<>]")

# Forms for the mail account.
ACCOUNT_STEPS: Final = ("server", *Secret)
SETTINGS_STEPS: Final = ("cellular", *ACCOUNT_STEPS)

LEFT_AFTER: Final = timedelta(minutes=30)
"""How long a dialog about an entry waits for a person."""

# Whose password it is, and the password.
_SECRETS: Final = {
    CONF_USERNAME: CONF_PASSWORD,
    CONF_APN_USERNAME: CONF_APN_PASSWORD,
}


class WayBack(NamedTuple):
    """The menu that a step was chosen from, and what was in the draft by then."""

    menu: str
    draft: Mapping[str, Any]


class FlowForms(ConfigFlow):
    """Keeps what is known between two forms; nothing is saved before the end."""

    def __init__(self) -> None:
        """Know nothing yet."""
        # The entry's data as it was, and as it will be.
        self._before: Mapping[str, Any] = {}
        self._draft: dict[str, Any] = {}
        self._found = Found()
        # What the next form says went wrong, until it is submitted: the frontend may
        # fetch one form several times.
        self._errors: dict[str, str] = {}
        self._placeholders: dict[str, str] = {}
        self._errors_shown_on: str | None = None
        self._visited: list[str] = []
        self._ways_back: dict[str, WayBack] = {}

    @property
    def _mended_entry(self) -> QuectelConfigEntry | None:
        """The entry that is being mended, None in the first set-up."""
        if self.source == SOURCE_RECONFIGURE:
            return self._get_reconfigure_entry()
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        return None

    # Whether a person has allowed roaming in this dialog.
    _roaming_allowed = False

    @property
    def _may_roam(self) -> bool:
        """Whether a check may make a data connection abroad: only as a person has said."""
        entry = self._mended_entry
        return self._roaming_allowed or (
            entry is not None and roaming_allowed(entry.options)
        )

    # Menus and forms.

    _concluding = False
    """Whether all is saved, and only a test email is left to send."""
    _left: CALLBACK_TYPE | None = None

    @callback
    def _await_person(self) -> None:
        """End a dialog about an entry that was left: nobody is asked for a login beside it.

        The frontend leaves one behind when its page is reloaded, and one that another
        has led to when it is closed.
        """
        self._stop_waiting()
        if self.source == SOURCE_RECONFIGURE or self._concluding:
            self._left = async_call_later(
                self.hass, LEFT_AFTER, HassJob(self._end, cancel_on_shutdown=True)
            )

    @callback
    def _end(self, _: datetime) -> None:
        self.hass.config_entries.flow.async_abort(self.flow_id)

    @callback
    def _stop_waiting(self) -> None:
        if self._left is not None:
            self._left()
            self._left = None

    @callback
    def _menu(
        self, step_id: str, options: list[str], **placeholders: str
    ) -> ConfigFlowResult:
        """Show a menu. What is chosen from it has a way back, unless it is one itself."""
        self._await_person()
        self._lead_back_to(step_id, *(o for o in options if o not in self._visited))
        return self.async_show_menu(
            step_id=step_id,
            menu_options=options,
            description_placeholders=placeholders,
        )

    @callback
    def _lead_back_to(self, menu: str, *steps: str) -> None:
        """Let these steps be left for a menu, and what is entered on them be left out."""
        self._ways_back |= dict.fromkeys(steps, WayBack(menu, dict(self._draft)))

    async def _back(
        self, step_id: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult | None:
        """Return to the menu that a form was chosen from, if that is wanted.

        Nothing stays that was entered on it: a password of one provider is not to be
        told to another.
        """
        if user_input is None or not user_input.get(CONF_BACK):
            return None
        self._forget_errors()
        way = self._ways_back[step_id]
        self._draft = dict(way.draft)
        step = getattr(self, f"async_step_{way.menu}")
        result: ConfigFlowResult = await step()
        return result

    @callback
    def _form(
        self,
        step_id: str,
        schema: Form,
        values: Mapping[str, Any] | None = None,
        *,
        last: bool = False,
        checked: bool = False,
        **placeholders: str,
    ) -> ConfigFlowResult:
        """Show a form, with the errors that lead to it and the values as they were.

        A form that an error leads to also offers to save without a check when an entry
        is mended: settings can be put right while the modem is away. So does the mail
        server's in the first set-up, where only the server is not reached. What must
        be ``checked`` is not offered to be saved so.
        """
        self._await_person()
        if self._errors_shown_on not in (None, step_id):
            self._forget_errors()
        self._errors_shown_on = step_id
        if step_id not in self._visited:
            self._visited.append(step_id)
        may_save = self._mended_entry is not None or self._server_unreached
        if self._check_failed and may_save and not checked:
            schema = savable(schema)
        if step_id in self._ways_back:
            schema = leavable(schema)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                schema, self._without_kept_secrets(values)
            ),
            errors=self._errors,
            description_placeholders={
                **self._found_placeholders(),
                **placeholders,
                **self._placeholders,
            },
            last_step=last,
        )

    def _without_kept_secrets(
        self, values: Mapping[str, Any] | None
    ) -> Mapping[str, Any] | None:
        """Return what a form may show: a password that is kept never leaves us."""
        return values and {
            key: value
            for key, value in values.items()
            if key not in _SECRETS.values() or value != self._before.get(key)
        }

    _check_failed = False
    """Whether the settings of the draft have failed a check."""
    _server_unreached = False
    """Whether it was the last one, that of the account, by no fault of theirs."""

    @property
    def _account_form(self) -> str:
        """The form that the mail account was asked for on, the one for any otherwise."""
        return next(
            (s for s in reversed(self._visited) if s in ACCOUNT_STEPS), "server"
        )

    @property
    def _asked_for_account(self) -> bool:
        """Whether the mail account is among what is being set."""
        return any(step in self._visited for step in ACCOUNT_STEPS)

    @property
    def _visited_settings(self) -> bool:
        """Whether settings have been asked for that need a check of their own."""
        return any(step in self._visited for step in SETTINGS_STEPS)

    def _say(self, field: str, error: str, **placeholders: str) -> None:
        """Have the next form show an error."""
        self._errors = {field: error}
        self._placeholders = placeholders
        self._errors_shown_on = None

    def _forget_errors(self) -> None:
        self._errors = {}
        self._placeholders = {}
        self._errors_shown_on = None

    def _say_invalid(self, err: InvalidValueError) -> None:
        """Have the next form name a value that can't be given to the modem."""
        self._say(err.field, typed.reason(err), **typed.placeholders(err))

    def _take(self, user_input: dict[str, Any]) -> bool:
        """Put a form's values into the draft; True if they are to be saved unchecked."""
        self._forget_errors()
        apart = user_input.get(SECTION_ADVANCED, {})
        values = typed.tidied(
            {k: v for k, v in user_input.items() if k != SECTION_ADVANCED} | apart
        )
        for name, secret in _SECRETS.items():
            if values.get(name) and not values.get(secret):
                # Left empty: it is not shown, and stays as it is saved.
                values[secret] = self._before.get(secret, "")
        if not values.get(CONF_SENDER_ADDRESS, True):
            values[CONF_SENDER_ADDRESS] = values[CONF_USERNAME]
        values.pop(CONF_BACK, None)
        values.pop(CONF_CONFIRMED, None)
        self._roaming_allowed = values.pop(CONF_ROAMING, self._roaming_allowed)
        unchecked = bool(values.pop(CONF_SAVE_UNCHECKED, False))
        self._draft |= values
        return unchecked

    @callback
    def _save_changes(self) -> None:
        """Save what was changed here; what others changed meanwhile stays.

        Done while the port is still ours: the next email that waits for it already
        goes by the settings that were checked.
        """
        entry = self._mended_entry
        if entry is not None:
            self.hass.config_entries.async_update_entry(
                entry,
                data=entry.data
                | {
                    key: value
                    for key, value in self._draft.items()
                    if key not in self._before or self._before[key] != value
                },
                options={**entry.options, **self._options},
            )

    @property
    def _options(self) -> dict[str, Any]:
        """The options that were chosen in this dialog: what was not is left as it is."""
        return {CONF_ROAMING: True} if self._roaming_allowed else {}

    def _found_placeholders(self) -> dict[str, str]:
        """Return what was found, or is known already, for the descriptions of forms."""
        identity, network = self._found.identity, self._found.network
        signal = None if network is None else network.signal
        entry = self._mended_entry
        expected = (self if entry is None else entry).unique_id or "–"
        known = self._draft
        found = {
            "model": identity.model if identity else known.get(CONF_MODEL, "–"),
            "firmware": identity.firmware
            if identity
            else known.get(CONF_FIRMWARE, "–"),
            "imei": identity.imei if identity else expected,
            "expected": expected,
            "sim": self._found.iccid or known.get(CONF_ICCID) or "–",
            "operator": (None if network is None else network.operator) or "–",
            "signal": "–" if signal is None else f"{signal} dBm",
        }
        # What a modem or a network calls itself makes no link, and fetches no picture.
        return {key: _MARKDOWN.sub(r"\\\g<0>", text) for key, text in found.items()}
