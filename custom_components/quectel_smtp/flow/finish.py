"""The config flow's end: the first recipient, and an email that really goes out."""

from contextlib import suppress
from math import ceil
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import (
    ConfigEntryState,
    ConfigFlowResult,
    ConfigSubentry,
)
from homeassistant.const import CONF_HOST
from homeassistant.exceptions import HomeAssistantError

from ..const import CONF_SENDER_ADDRESS, CONF_TEST_TO, CONF_TO, SUBENTRY_RECIPIENT
from ..delivery.errors import BeingSentError, NotWaitingError, OutboxError
from ..delivery.records import Last, Reason, Way
from ..runtime import QuectelConfigEntry
from ..texts import message_of
from ..trial import Trial, send_trial
from .addresses import PLACEHOLDERS, entered, has_more, refusal, shown
from .modem_checks import Show, Stage
from .outcome import PATIENCE, Outcome, meaning_of, outcome_of
from .provider import ProviderSteps
from .schemas import NOBODY, SENDER, recipient, test_email

# What mends it comes first.
_MENDING: Final = ("server", "cellular", "port")
_MENDING_PORT: Final = ("port", "cellular", "server")


class FinishSteps(ProviderSteps):
    """Says that all is well only once an email has been accepted by the mail server."""

    # To whom the test email goes: a recipient's id, or what the form has instead of one.
    _test_to: str | None = None
    _reference: str | None = None
    _outcome = Outcome(0)
    _not_accepted = ""

    async def _conclude(self) -> ConfigFlowResult:
        """Go on to the test email, for which there has to be a recipient."""
        self._concluding = True
        entry = self._entry
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="saved_untested")
        if self._test_to is not None:
            return await self.async_step_send_test()
        if not entry.get_subentries_of_type(SUBENTRY_RECIPIENT):
            return await self.async_step_recipient()
        return await self.async_step_test()

    @property
    def _entry(self) -> QuectelConfigEntry:
        entry = self._mended_entry
        assert entry is not None
        return entry

    # The first recipient.

    async def async_step_recipient(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a recipient; for another address, where a test email was in vain."""
        if back := await self._back("recipient", user_input):
            return back
        entry = self._entry
        present = entry.subentries.get(self._test_to or "")
        if present is None:
            values = shown("", {"to": [self._draft.get(CONF_SENDER_ADDRESS, "")]})
        else:
            values = shown(present.title, present.data)
        if user_input is not None:
            values = user_input
            name, data = entered(user_input)
            placeholders = dict(PLACEHOLDERS)
            errors = refusal(entry, data, placeholders, self._test_to)
            if not errors:
                self._save_recipient(present, name, data)
                return await self.async_step_send_test()
            ((field, error),) = errors.items()
            self._say(field, error, **placeholders)
        return self._form(
            "recipient", recipient(more=has_more(values)), values, checked=True
        )

    def _save_recipient(
        self, present: ConfigSubentry | None, name: str, data: dict[str, Any]
    ) -> None:
        entries = self.hass.config_entries
        self._forget_errors()
        if present is not None:
            entries.async_update_subentry(self._entry, present, title=name, data=data)
            return
        added = ConfigSubentry(
            data=MappingProxyType(data),
            subentry_type=SUBENTRY_RECIPIENT,
            title=name,
            unique_id=None,
        )
        entries.async_add_subentry(self._entry, added)
        self._test_to = added.subentry_id

    # The test email.

    async def async_step_test(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whom a test email shall go to."""
        if user_input is not None:
            self._test_to = user_input[CONF_TEST_TO]
            if self._test_to == NOBODY:
                return self.async_abort(reason="saved_untested")
            return await self.async_step_send_test()
        recipients = {
            subentry.subentry_id: subentry.title
            for subentry in self._entry.get_subentries_of_type(SUBENTRY_RECIPIENT)
        }
        sender = self._entry.data.get(CONF_SENDER_ADDRESS, "")
        return self._form("test", test_email(sender, recipients), checked=True)

    async def async_step_send_test(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Send it, and wait for what becomes of it."""
        if progress := self._under_way("send_test", self._send_test, Stage.TEST):
            return progress
        self._check_result()
        return self.async_show_progress_done(next_step_id=self._result_step())

    async def _send_test(self, _: Show) -> None:
        courier = self._entry.runtime_data.courier
        if self._reference is not None:
            # One that was in vain would come, too.
            with suppress(NotWaitingError, BeingSentError, OutboxError):
                await courier.cancel(self._reference)
        self._reference, self._not_accepted = None, ""
        to = self._entry.subentries.get(self._test_to or "")
        try:
            self._reference = await send_trial(
                self.hass, self._entry, courier, Trial.TEST, to
            )
        except HomeAssistantError as err:
            self._not_accepted = await message_of(
                self.hass, err.translation_key, err.translation_placeholders
            )
            return
        self._outcome = await outcome_of(courier, self._reference, PATIENCE)

    def _result_step(self) -> str:
        if self._reference is None:
            return "test_refused"
        if self._outcome.sent:
            return "test_sent"
        if self._outcome.words is not None:
            return "test_said"
        return "test_waits" if self._outcome.last is None else "test_failed"

    async def async_step_test_sent(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say that it was sent, by which way and how fast."""
        last = self._outcome.last
        assert isinstance(last, Last)
        by_module = last.finding.way is Way.MODULE
        return self.async_abort(
            reason="test_sent_module" if by_module else "test_sent_stream",
            description_placeholders={
                "to": self._addressee,
                "host": self._entry.data[CONF_HOST],
                "seconds": str(ceil(self._outcome.seconds)),
                "reference": last.reference,
            },
        )

    @property
    def _addressee(self) -> str:
        to = self._entry.subentries.get(self._test_to or "")
        if to is None:
            address: str = self._entry.data[CONF_SENDER_ADDRESS]
            return address
        return f"{to.title} ({', '.join(to.data[CONF_TO])})"

    async def async_step_test_said(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Tell the mail server's own words, and lead to what mends it."""
        return self._test_menu("test_said", words=self._outcome.words or "")

    async def async_step_test_failed(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Tell what the modem's code means, and lead to what mends it."""
        meaning = await meaning_of(self.hass, self._outcome)
        return self._test_menu("test_failed", meaning=meaning)

    async def async_step_test_waits(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say that nothing could be tried yet, and why."""
        meaning = await meaning_of(self.hass, self._outcome)
        return self._test_menu("test_waits", meaning=meaning)

    async def async_step_test_refused(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say why it was not even accepted."""
        return self._test_menu("test_refused", meaning=self._not_accepted)

    def _test_menu(self, step_id: str, **placeholders: str) -> ConfigFlowResult:
        outcome = self._outcome
        at_port = step_id == "test_waits" or outcome.reason is Reason.RESULTS_ELSEWHERE
        mending = [*(_MENDING_PORT if at_port else _MENDING)]
        if self._test_to != SENDER:
            mending.insert(not outcome.at_recipient, "recipient")
        # They have been answered once already: each can be left for this menu.
        self._lead_back_to(step_id, *mending)
        return self._menu(
            step_id,
            [*mending, "send_test", "leave"],
            to=self._addressee,
            **placeholders,
        )

    async def async_step_leave(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """End with what is saved; the email goes on waiting."""
        return self.async_abort(reason="saved_unsent")
