"""The subentry flow that adds and changes a recipient."""

from typing import Any

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigSubentryFlow,
    SubentryFlowResult,
)

from .addresses import PLACEHOLDERS, entered, has_more, refusal, shown
from .schemas import recipient


class RecipientFlow(ConfigSubentryFlow):
    """Asks for a recipient's name and addresses."""

    async def async_step_user(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Add a recipient."""
        return self._step("user", user_input, {})

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Change a recipient."""
        subentry = self._get_reconfigure_subentry()
        return self._step(
            "reconfigure", user_input, shown(subentry.title, subentry.data)
        )

    def _step(
        self,
        step_id: str,
        user_input: dict[str, Any] | None,
        present: dict[str, Any],
    ) -> SubentryFlowResult:
        errors: dict[str, str] = {}
        placeholders = dict(PLACEHOLDERS)
        if user_input is not None:
            name, data = entered(user_input)
            errors = refusal(self._get_entry(), data, placeholders, self._changed)
            if not errors:
                return self._save(name, data)
        values = user_input or present
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(
                recipient(more=has_more(values)), values
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    @property
    def _changed(self) -> str | None:
        """The id of the recipient that is being changed, None of one that is added."""
        if self.source == SOURCE_USER:
            return None
        return self._get_reconfigure_subentry().subentry_id

    def _save(self, name: str, data: dict[str, Any]) -> SubentryFlowResult:
        if self.source == SOURCE_USER:
            return self.async_create_entry(title=name, data=data)
        return self.async_update_and_abort(
            self._get_entry(),
            self._get_reconfigure_subentry(),
            title=name,
            data=data,
        )
