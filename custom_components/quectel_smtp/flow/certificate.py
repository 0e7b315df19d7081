"""The config flow's steps for how the mail server proves who it is."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_HOST
from homeassistant.util import dt as dt_util

from ..const import (
    CONF_CERTIFICATE,
    CONF_SAVE_UNCHECKED,
    CONF_SECURITY,
    CONF_VERIFICATION,
    VERIFICATION_MANUAL,
)
from .cellular import CellularSteps
from .certificates import CertificateError, check_pem, roots
from .schemas import CERTIFICATE_TEXT, NOTHING, certificate_choice


class CertificateSteps(CellularSteps):
    """A root chosen or pasted, or the decision to do without."""

    # Whether the form before it asked to save without a check.
    _unchecked = False

    async def async_step_certificate(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how the mail server proves who it is."""
        self._draft[CONF_VERIFICATION] = VERIFICATION_MANUAL
        options = [
            "certificate_root",
            "certificate_text",
            "certificate_none",
            "account",
        ]
        decided = self._before.get(CONF_SECURITY) in ("tls", "starttls")
        if decided or self._draft.get(CONF_CERTIFICATE):
            options.insert(0, "certificate_keep")
        return self._menu("certificate", options, host=self._draft[CONF_HOST])

    async def async_step_account(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Go back to the form for the account."""
        self._draft.pop(CONF_VERIFICATION)
        step = getattr(self, f"async_step_{self._account_form}")
        result: ConfigFlowResult = await step()
        return result

    async def async_step_certificate_keep(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Leave the proof as it is."""
        return await self._apply_or_save(self._unchecked)

    async def async_step_certificate_root(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose a root from those that Home Assistant itself trusts."""
        if back := await self._back("certificate_root", user_input):
            return back
        offered = await self.hass.async_add_executor_job(roots)
        if user_input is not None:
            chosen = user_input.get(CONF_CERTIFICATE)
            for root in offered:
                if root.label == chosen:
                    return await self._take_certificate(user_input, root.pem)
            self._say(
                CONF_CERTIFICATE,
                "empty" if chosen is None else "certificate_not_listed",
            )
        now = self._draft.get(CONF_CERTIFICATE)
        chosen_before = next((root for root in offered if root.pem == now), None)
        return self._form(
            "certificate_root",
            certificate_choice(offered),
            None if chosen_before is None else {CONF_CERTIFICATE: chosen_before.label},
        )

    async def async_step_certificate_text(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take a pasted root certificate."""
        if back := await self._back("certificate_text", user_input):
            return back
        if user_input is not None:
            try:
                pem = await self.hass.async_add_executor_job(
                    check_pem, user_input.get(CONF_CERTIFICATE, ""), dt_util.utcnow()
                )
            except CertificateError as err:
                self._say(CONF_CERTIFICATE, err.key)
            else:
                return await self._take_certificate(user_input, pem)
        return self._form(
            "certificate_text", CERTIFICATE_TEXT, user_input or self._draft
        )

    async def async_step_certificate_none(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say what it means not to verify the server, and have it confirmed."""
        if back := await self._back("certificate_none", user_input):
            return back
        if user_input is not None:
            return await self._take_certificate(user_input, None)
        return self._form(
            "certificate_none", NOTHING, host=self._draft[CONF_HOST], last=True
        )

    async def _take_certificate(
        self, user_input: dict[str, Any], pem: str | None
    ) -> ConfigFlowResult:
        self._draft[CONF_CERTIFICATE] = pem
        return await self._apply_or_save(
            self._unchecked or user_input.get(CONF_SAVE_UNCHECKED, False)
        )
