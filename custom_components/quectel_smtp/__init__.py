"""Quectel Cellular Email: emails through an LTE modem's own SMTP client."""

from pathlib import Path

from homeassistant.components import usb
from homeassistant.const import (
    EVENT_CORE_CONFIG_UPDATE,
    EVENT_HOMEASSISTANT_CLOSE,
    EVENT_HOMEASSISTANT_FINAL_WRITE,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import (
    config_validation as cv,
    device_registry as dr,
    issue_registry as ir,
)
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.helpers.typing import ConfigType

from . import refused_addresses, usb_modems
from .account_check import AccountCheck, forget
from .const import CONF_ROAMING, DOMAIN, PLATFORMS, ROAMING_CHOSEN, SHOWN_APART
from .coordinator import QuectelCoordinator
from .delivery.courier.courier import Courier
from .devices import modem_device_info
from .email_wording import load_wording
from .entry_data import read, stand_in
from .flow.beginning import end_all
from .issues import KEYS, issue_id
from .keeper import EntryKeeper
from .month_of_data import MonthOfData, forget_month
from .pins import load_refused_pins
from .port_search import PortSearch
from .ports import Gate
from .refused_addresses import RefusedAddresses
from .removal import remove_outbox
from .runtime import QuectelConfigEntry, RuntimeData
from .services import async_setup_services
from .test_report import TestReport, forget_report

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register the actions, and know what no SIM is to be sent again."""
    await load_refused_pins(hass)
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: QuectelConfigEntry) -> bool:
    """Set up one modem; succeeds at once, whether it is there or not.

    Nor does it take settings that can be used: emails are accepted, and a repair issue
    says what they wait for.
    """
    reading = read(entry.data, entry.options, entry.unique_id)
    search = PortSearch(hass, entry)
    gate = Gate(search.admit, closed=reading.settings is None)
    courier = Courier(
        reading.settings or stand_in(entry.data),
        outbox_path(hass, entry),
        await load_wording(hass),
        modem=gate.make_modem,
        find_ports=search.find,
        shown_apart=SHOWN_APART,
    )
    entry.async_on_unload(courier.close)
    await courier.open()
    keeper = EntryKeeper(hass, entry, courier, reading, gate, search)
    check = AccountCheck(hass, entry, courier)
    coordinator = QuectelCoordinator(hass, entry, courier, keeper, check)
    month = MonthOfData(hass, entry, courier)
    report = TestReport(hass, entry, courier, coordinator.async_update_listeners)
    refused = RefusedAddresses(hass, entry)
    await refused.start()
    entry.async_on_unload(courier.on_transition(refused.take))
    entry.runtime_data = RuntimeData(courier, keeper, coordinator, check, month, report)
    await month.start()
    entry.async_on_unload(coordinator.async_add_listener(month.follow))

    # The recipients' devices are linked to it.
    dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, **modem_device_info(entry)
    )
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)

    async def entry_changed(_: HomeAssistant, __: QuectelConfigEntry) -> None:
        keeper.entry_changed()
        check.entry_changed()
        refused.entry_changed()
        report.entry_changed()
        coordinator.take_status()

    async def language_or_zone_changed(_: Event) -> None:
        courier.reword(await load_wording(hass))

    @callback
    def ports_changed(added: set[usb.USBDevice], _: set[usb.USBDevice]) -> None:
        if added:
            courier.look()

    async def stop_sending(_: Event) -> None:
        check.stop()
        await courier.stop()
        courier.hide()

    async def close_outbox(_: Event) -> None:
        await courier.close()

    entry.async_on_unload(entry.add_update_listener(entry_changed))
    entry.async_on_unload(usb.async_register_port_event_callback(hass, ports_changed))
    entry.async_on_unload(
        hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, language_or_zone_changed)
    )
    # What is sent, and what is accepted, while Home Assistant stops is not cut off.
    for event, stop in (
        (EVENT_HOMEASSISTANT_FINAL_WRITE, stop_sending),
        (EVENT_HOMEASSISTANT_CLOSE, close_outbox),
    ):
        entry.async_on_unload(hass.bus.async_listen_once(event, stop))
    keeper.recipients_changed()
    courier.start()
    _show_once_started(hass, entry, courier)
    coordinator.take_status()
    entry.async_on_unload(check.stop)
    await check.start()
    await report.start()
    return True


def _show_once_started(
    hass: HomeAssistant, entry: QuectelConfigEntry, courier: Courier
) -> None:
    """Have told what becomes of emails once somebody hears it.

    Automations are armed only when Home Assistant has started. Emails leave before that.
    """

    @callback
    def show(_: HomeAssistant) -> None:
        courier.show()

    entry.async_on_unload(async_at_started(hass, show))


async def async_migrate_entry(hass: HomeAssistant, entry: QuectelConfigEntry) -> bool:
    """Leave to entries from before there was a choice what they could do then.

    Some SIMs roam all the time, and nobody knows whose before the modem is in service: an
    update that had their alarms wait would be worse than what roaming costs.
    """
    if entry.version == 1 and entry.minor_version < ROAMING_CHOSEN:
        hass.config_entries.async_update_entry(
            entry,
            options={CONF_ROAMING: True, **entry.options},
            minor_version=ROAMING_CHOSEN,
        )
    return True


async def async_unload_entry(hass: HomeAssistant, entry: QuectelConfigEntry) -> bool:
    """Stop sending, then unload the entities: they are there to show the last end."""
    courier = entry.runtime_data.courier
    await courier.stop()
    courier.hide()
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if not unloaded:
        courier.start()
        _show_once_started(hass, entry, courier)
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: QuectelConfigEntry) -> None:
    """Leave nothing behind; what waited is told of as cancelled."""
    end_all(hass, entry)
    runtime: RuntimeData | None = getattr(entry, "runtime_data", None)
    if runtime is not None:
        # It could not be unloaded.
        runtime.check.stop()
        runtime.report.stop()
        await runtime.courier.close()
        await runtime.coordinator.async_shutdown()
    await remove_outbox(hass, outbox_path(hass, entry), entry.title)
    await forget(hass, entry.entry_id)
    await forget_month(hass, entry.entry_id)
    await forget_report(hass, entry.entry_id)
    await refused_addresses.forget(hass, entry.entry_id)
    for key in KEYS:
        ir.async_delete_issue(hass, DOMAIN, issue_id(key, entry.entry_id))
    await usb_modems.offer(hass, entry.data)


def outbox_path(hass: HomeAssistant, entry: QuectelConfigEntry) -> Path:
    """Return where the entry's emails wait."""
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{entry.entry_id}.db"))
