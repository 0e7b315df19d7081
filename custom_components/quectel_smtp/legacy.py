"""An action ``notify.<name>`` of a recipient, for callers that know no entities.

``alert``, notify groups in YAML, many blueprints and other integrations call such a one.
Its name is the recipient's entity's with ours before it, so that it takes no other's; it
comes and goes with the entity, under the name that the entity has.
"""

from collections.abc import Awaitable, Callable
import logging
from typing import Any, override

from homeassistant.components.notify.const import DOMAIN as NOTIFY_DOMAIN
from homeassistant.components.notify.legacy import BaseNotificationService
from homeassistant.core import HomeAssistant

from .asked import Asked
from .const import DOMAIN

_LOGGER = logging.getLogger(__name__)


class LegacyAction(BaseNotificationService):
    """``notify.quectel_smtp_<name>``."""

    def __init__(self, send: Callable[[Asked], Awaitable[object]]) -> None:
        """Take what accepts an email for the recipient."""
        self._send = send
        self._registered = False

    async def register(self, hass: HomeAssistant, name: str) -> None:
        """Offer it, unless somebody has an action of that very name."""
        action = f"{DOMAIN}_{name}"
        if hass.services.has_service(NOTIFY_DOMAIN, action):
            _LOGGER.warning("There is another action notify.%s already", action)
            return
        await self.async_setup(hass, action, action)
        await self.async_register_services()
        self._registered = True

    async def unregister(self) -> None:
        """Offer it no more."""
        if self._registered:
            await self.async_unregister_services()

    @override
    async def async_send_message(self, message: str = "", **kwargs: Any) -> None:
        """Have an email sent; it is accepted, and on disk, once this returns."""
        await self._send(Asked.of_legacy(message, kwargs))
