"""The config flow's way in for a modem that was plugged in: no port is opened unasked."""

from typing import Any, override

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_DEVICE
from homeassistant.helpers.service_info.usb import UsbServiceInfo

from .. import typed, usb_modems
from ..const import CONF_BAUDRATE
from ..entry_data import port_settings
from ..modem.at.errors import InvalidValueError, PortBusyError, PortNotFoundError
from ..modem.at.port import DEFAULT_BAUDRATE
from ..port_search import free_ports
from ..usb_modems import UsbModem
from .at_port import find_at_port
from .modem import ModemSteps
from .modem_checks import Show, Stage
from .schemas import NOTHING, USB_PORT


class DiscoverySteps(ModemSteps):
    """From a USB device with Quectel's ids to the port that the modem answers on."""

    _modem_plugged_in: UsbModem

    @override
    async def async_step_usb(self, discovery_info: UsbServiceInfo) -> ConfigFlowResult:
        """Offer a modem to be set up: once, although each of its ports is told of."""
        modems = await usb_modems.present(self.hass)
        modem = next((m for m in modems if m.has(discovery_info.device)), None)
        if modem is None:
            return self.async_abort(reason="modem_gone")
        await self.async_set_unique_id(modem.unique_id)
        # As ignored: who it is can't be known before it is asked.
        self._abort_if_unique_id_configured()
        if usb_modems.is_configured(self.hass, modem, modems):
            return self.async_abort(reason="already_configured")
        if usb_modems.shown_flows(self.hass, modem):
            # It goes by its IMEI already.
            return self.async_abort(reason="already_in_progress")
        if not await free_ports(self.hass, modem.ports):
            return self.async_abort(reason="ports_in_use")
        self._modem_plugged_in = modem
        self.context["title_placeholders"] = {"name": modem.name}
        return await self.async_step_usb_confirm()

    async def async_step_usb_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say what was found; open a port only when a person goes on.

        After a search in vain a port can also be chosen.
        """
        if user_input is not None:
            self._forget_errors()
            device = typed.stripped(user_input.get(CONF_DEVICE, ""))
            if not device:
                return await self.async_step_find()
            self._take_port(device)
            try:
                port_settings(self._draft)
            except InvalidValueError as err:
                self._say_invalid(err)
            else:
                return await self.async_step_examine()
        modem = self._modem_plugged_in
        return self._form(
            "usb_confirm",
            USB_PORT if self._check_failed else NOTHING,
            checked=True,
            name=modem.name,
            ports=", ".join(modem.ttys),
        )

    async def async_step_find(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask the modem's ports which of them takes commands."""
        if progress := self._under_way("find", self._find, Stage.FIND):
            return progress
        err = self._check_result()
        if err is not None:
            self._check_failed = True
            self._say("base", err.key)
            return self.async_show_progress_done(next_step_id="usb_confirm")
        return self.async_show_progress_done(next_step_id="examine")

    async def _find(self, _: Show) -> None:
        # Its ports may have other names than when it was found.
        modem = next(
            (
                modem
                for modem in await usb_modems.present(self.hass)
                if modem.unique_id == self._modem_plugged_in.unique_id
            ),
            None,
        )
        if modem is None:
            raise PortNotFoundError
        free = await free_ports(self.hass, modem.ports)
        if not free:
            raise PortBusyError
        self._take_port(await find_at_port(port.device for port in free))

    def _take_port(self, device: str) -> None:
        self._draft |= {CONF_DEVICE: device, CONF_BAUDRATE: DEFAULT_BAUDRATE}
