"""Home Assistant asks anew for a login or a PIN that was refused."""

from dataclasses import replace
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.const import DOMAIN
from custom_components.quectel_smtp.modem.at.codes import SmtpError, SmtpReply
from custom_components.quectel_smtp.modem.at.errors import (
    PinTriesExhaustingError,
    SimFailureError,
)
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from custom_components.quectel_smtp.modem.network.pdp import PdpState
from custom_components.quectel_smtp.modem.network.sim import SimState
from custom_components.quectel_smtp.modem.network.status import Registration
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.integration.conftest import deliver, send, settled, until
from tests.integration.dialog import CELLULAR_INPUT, SERVER_INPUT, Dialog
from tests.integration.modem_on_the_desk import ANOTHER, ICCID, Desk
from tests.integration.usb_on_the_desk import Sockets, discovered

LOGIN = Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, SmtpReply.AUTH_FAILED)


async def _asked(hass: HomeAssistant) -> Dialog:
    """Return the one flow that asks."""
    await until(lambda: bool(hass.config_entries.flow.async_progress()))
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"
    return Dialog(hass, await hass.config_entries.flow.async_configure(flow["flow_id"]))


@pytest.mark.parametrize(
    "code",
    [
        SmtpError.AUTH_TYPE_UNSUPPORTED,
        SmtpError.ACCESS_DENIED,
        SmtpError.AUTH_FAILED,
    ],
)
async def test_a_refused_login_is_asked_for_and_used_without_unloading(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry, code: SmtpError
) -> None:
    courier = loaded.runtime_data.courier
    desk.always = Outcome(Result.REFUSED, code, SmtpReply.AUTH_FAILED)
    await send(hass)
    dialog = await _asked(hass)
    assert dialog.step == "reauth_confirm"
    assert dialog.suggested("username") == "home@example.com"
    await dialog.submit(username="home@example.com", password="p" * 256)
    assert dialog.errors == {"password": "too_long"}
    desk.always = None
    await dialog.submit(username="home@example.com", password="battery staple")
    assert await dialog.without_test() == "saved_untested"
    assert loaded.data["password"] == "battery staple"
    assert loaded.runtime_data.courier is courier
    await settled(hass, loaded)
    assert desk.configured[-1].password == "battery staple"
    assert len(desk.sent) == 1


@pytest.mark.parametrize(
    ("reply", "errors"),
    [(SmtpReply.AUTH_FAILED, {"base": "login_answer"}), (None, {})],
)
async def test_who_is_asked_for_a_login_reads_the_server_s_answer_if_there_was_one(
    hass: HomeAssistant,
    desk: Desk,
    loaded: MockConfigEntry,
    reply: SmtpReply | None,
    errors: dict[str, str],
) -> None:
    desk.always = Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, reply)
    await send(hass)
    dialog = await _asked(hass)
    assert dialog.errors == errors
    assert dialog.result["description_placeholders"].get("words") == (
        "535" if reply else None
    )


async def test_a_login_is_refused_for_the_modem_s_client_where_that_is_wanted(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(loaded, options={"way": "module"})
    desk.always = Outcome(Result.REFUSED, SmtpError.AUTH_FAILED, SmtpReply.AUTH_FAILED)
    await send(hass)
    dialog = await _asked(hass)
    await dialog.submit(username="home@example.com", password="p" * 51)
    assert dialog.errors == {"password": "module_too_long"}
    assert dialog.result["description_placeholders"]["limit"] == "50"


async def test_a_login_that_is_confirmed_as_it_is_is_tried_at_once(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    """The provider had locked it, and has unlocked it since."""
    desk.always = LOGIN
    await send(hass)
    dialog = await _asked(hass)
    desk.always = None
    await dialog.submit(username="home@example.com", password="")
    assert await dialog.without_test() == "saved_untested"
    await settled(hass, loaded)
    assert len(desk.sent) == 1


async def test_a_user_name_is_corrected_and_the_password_stays(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.always = LOGIN
    await send(hass)
    dialog = await _asked(hass)
    desk.always = None
    await dialog.submit(username=" me@example.com", password="")
    assert await dialog.without_test() == "saved_untested"
    await settled(hass, loaded)
    assert desk.configured[-1].username == "me@example.com"
    assert desk.configured[-1].password == "correct horse"


async def test_a_login_can_be_confirmed_where_nothing_waits(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    dialog = Dialog(hass, await loaded.start_reauth_flow(hass))
    await dialog.submit(username="home@example.com", password="")
    assert await dialog.without_test() == "saved_untested"


async def test_a_login_can_be_given_while_something_else_has_to_be_mended(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(loaded, data=loaded.data | {"port": None})
    dialog = Dialog(hass, await loaded.start_reauth_flow(hass))
    await dialog.submit(username="home@example.com", password="battery staple")
    assert await dialog.without_test() == "saved_untested"
    assert loaded.data["password"] == "battery staple"


async def test_it_is_asked_once_however_many_emails_are_refused(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.always = LOGIN
    for number in range(3):
        await send(hass, f"message {number}")
    await _asked(hass)


async def test_one_hold_is_not_asked_about_again_on_each_poll(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.always = LOGIN
    await send(hass)
    (await _asked(hass)).close()
    await loaded.runtime_data.coordinator.async_refresh()
    await send(hass, "another one")
    await hass.async_block_till_done()
    assert not hass.config_entries.flow.async_progress()


async def test_a_login_that_is_refused_anew_is_asked_for_anew(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.always = LOGIN
    await send(hass)
    (await _asked(hass)).close()
    desk.always = None
    await loaded.runtime_data.courier.retry(None)
    await settled(hass, loaded)
    desk.always = LOGIN
    await send(hass, "another one")
    await _asked(hass)


async def test_a_hold_is_asked_about_after_a_restart(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.always = LOGIN
    await send(hass)
    (await _asked(hass)).close()
    desk.ports.clear()
    assert await hass.config_entries.async_reload(loaded.entry_id)
    assert (await _asked(hass)).step == "reauth_confirm"


async def test_another_refusal_asks_for_nothing(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.always = Outcome(Result.REFUSED, SmtpError.TLS)
    await send(hass)
    await until(lambda: bool(loaded.runtime_data.courier.status.mail.held))
    await hass.async_block_till_done()
    assert not hass.config_entries.flow.async_progress()


async def test_a_login_is_changed_while_an_email_is_being_sent(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    held = desk.hold_in("put")
    await send(hass, "first")
    await desk.reached("put")
    dialog = Dialog(hass, await loaded.start_reauth_flow(hass))
    await dialog.begin(username="home@example.com", password="battery staple")
    assert desk.opened == 1
    held.set()
    await dialog.watch()
    assert await dialog.without_test() == "saved_untested"
    await deliver(hass, loaded, "second")
    assert [server.password for server in desk.configured] == [
        "correct horse",
        "battery staple",
    ]


# The PIN.


async def _started(hass: HomeAssistant, entry: MockConfigEntry, desk: Desk) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    await desk.until(lambda: entry.runtime_data.courier.status.trouble is not None)
    await hass.async_block_till_done()


async def test_a_pin_that_is_needed_is_asked_for_and_kept_with_its_sim(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    await _started(hass, entry, desk)
    dialog = await _asked(hass)
    assert (dialog.step, dialog.errors) == ("pin", {})
    assert dialog.result["description_placeholders"]["tries"] == "3"
    await dialog.submit(pin="1234")
    assert await dialog.without_test() == "saved_untested"
    assert (entry.data["pin"], entry.data["iccid"]) == ("1234", ICCID)
    await deliver(hass, entry)
    assert desk.pins_entered == ["1234"]


async def test_a_kept_pin_that_is_refused_is_dropped_for_good(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    hass.config_entries.async_update_entry(
        entry, data=entry.data | {"pin": "1111", "iccid": ICCID}
    )
    await _started(hass, entry, desk)
    await desk.reached("sim_state", count=3)
    assert desk.pins_entered == ["1111"]
    assert entry.data["pin"] is None
    assert "1111" not in str(entry.data)

    desk.tries = None
    dialog = await _asked(hass)
    await dialog.submit(pin="1111", confirmed=True)
    assert dialog.errors == {"pin": "pin_refused_before"}
    assert desk.pins_entered == ["1111"]
    await dialog.submit(pin="1234", confirmed=True, save_unchecked=False)
    assert await dialog.without_test() == "saved_untested"
    await deliver(hass, entry)


async def test_a_pin_that_was_refused_once_is_sent_after_a_phone_has_made_it_the_sim_s(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    hass.config_entries.async_update_entry(
        entry, data=entry.data | {"pin": "1111", "iccid": ICCID}
    )
    await _started(hass, entry, desk)
    await desk.reached("sim_state", count=3)
    desk.tries = None
    dialog = await _asked(hass)
    await dialog.submit(pin="1234", confirmed=True)
    assert await dialog.without_test() == "saved_untested"
    await deliver(hass, entry)
    desk.sim, desk.pin, desk.tries = SimState.PIN_REQUIRED, "1111", None
    await hass.config_entries.async_reload(entry.entry_id)
    await until(lambda: entry.data["pin"] is None)
    dialog = await _asked(hass)
    await dialog.submit(pin="1111", confirmed=True)
    assert desk.pins_entered == ["1111", "1234", "1234", "1111"]
    assert await dialog.without_test() == "saved_untested"


async def test_a_kept_pin_with_a_blank_is_not_sent_twice_either(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    hass.config_entries.async_update_entry(
        entry, data=entry.data | {"pin": " 1111\u200b", "iccid": ICCID}
    )
    await _started(hass, entry, desk)
    await desk.reached("sim_state", count=3)
    assert desk.pins_entered == ["1111"]
    assert entry.data["pin"] is None
    desk.tries = None
    dialog = await _asked(hass)
    await dialog.submit(pin="1111", confirmed=True)
    assert dialog.errors == {"pin": "pin_refused_before"}
    assert desk.pins_entered == ["1111"]


async def test_a_refused_pin_is_dropped_once(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    desk: Desk,
    entry: MockConfigEntry,
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    hass.config_entries.async_update_entry(
        entry, data=entry.data | {"pin": "1111", "iccid": ICCID}
    )
    held = desk.hold_in("enter_pin")
    assert await hass.config_entries.async_setup(entry.entry_id)
    await desk.reached("enter_pin")
    desk.hold_in("sim_state")
    held.set()
    await desk.reached("sim_state", count=2)
    # The modem has news while the courier has not looked at the SIM again.
    (modem,) = desk.open_modems
    modem.set_pdp(PdpState.ACTIVE)
    assert len(await _remembered(desk, hass_storage)) == 1


async def _remembered(desk: Desk, hass_storage: dict[str, Any]) -> list[str]:
    """Return what is on disk of the PINs that the one SIM has refused."""
    await desk.until(lambda: f"{DOMAIN}.refused_pins" in hass_storage)
    (digests,) = hass_storage[f"{DOMAIN}.refused_pins"]["data"].values()
    return list(digests)


async def test_a_pin_that_is_refused_here_is_remembered_although_nothing_is_saved(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    desk: Desk,
    entry: MockConfigEntry,
) -> None:
    desk.sim, desk.tries = SimState.PIN_REQUIRED, None
    await _started(hass, entry, desk)
    dialog = await _asked(hass)
    await dialog.submit(pin="1111")
    assert dialog.errors == {"pin": "pin_refused"}
    dialog.close()
    assert len(await _remembered(desk, hass_storage)) == 1
    assert entry.data.get("pin") is None


async def test_the_pin_is_asked_for_once_for_as_long_as_it_is_missing(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    await _started(hass, entry, desk)
    (await _asked(hass)).close()
    await desk.reached("sim_state", count=desk.calls.count("sim_state") + 3)
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done()
    assert not hass.config_entries.flow.async_progress()


async def test_a_pin_that_is_missing_anew_is_asked_for_anew(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    await _started(hass, entry, desk)
    (await _asked(hass)).close()
    desk.sim = SimState.READY
    await desk.until(lambda: entry.runtime_data.courier.status.trouble is None)
    desk.sim = SimState.PIN_REQUIRED
    desk.lose_port()
    await desk.until(lambda: entry.runtime_data.courier.status.trouble is not None)
    assert (await _asked(hass)).step == "pin"


async def test_a_pin_can_be_saved_without_another_check(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.sim, desk.tries = SimState.PIN_REQUIRED, None
    await _started(hass, entry, desk)
    dialog = await _asked(hass)
    await dialog.submit(pin="1111")
    assert dialog.errors == {"pin": "pin_refused"}
    await dialog.submit(pin="1234", confirmed=True, save_unchecked=True)
    assert await dialog.without_test() == "saved_unchecked"
    await deliver(hass, entry)
    assert desk.pins_entered == ["1111", "1234"]


async def test_too_few_tries_are_explained_and_nothing_is_entered(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.sim, desk.tries = SimState.PIN_REQUIRED, 1
    await _started(hass, entry, desk)
    assert isinstance(
        entry.runtime_data.courier.status.trouble, PinTriesExhaustingError
    )
    dialog = await _asked(hass)
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "pin_tries_low"})
    await dialog.submit(save_unchecked=False)
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "pin_tries_low"})
    assert not desk.pins_entered
    # Unlocked in a phone, where it has got its tries back.
    desk.tries = 3
    await dialog.submit(save_unchecked=False)
    assert dialog.step == "pin"
    await dialog.submit(pin="1234", save_unchecked=False)
    assert await dialog.without_test() == "saved_untested"


async def test_a_pin_that_the_entry_had_is_the_first_of_two(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    hass.config_entries.async_update_entry(
        entry, data=entry.data | {"pin": "1111", "iccid": ICCID}
    )
    await _started(hass, entry, desk)
    await desk.reached("sim_state", count=desk.calls.count("sim_state") + 3)
    dialog = await _asked(hass)
    assert dialog.step == "pin"
    assert dialog.fields == ["pin", "confirmed"]
    assert dialog.result["description_placeholders"]["tries"] == "2"
    await dialog.submit(pin="2222", confirmed=True)
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "pin_refused_low"})
    await desk.reached("sim_state", count=desk.calls.count("sim_state") + 3)
    assert desk.pins_entered == ["1111", "2222"]


async def test_a_pin_that_the_entry_had_is_the_first_of_two_that_nobody_counts(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.sim, desk.tries = SimState.PIN_REQUIRED, None
    hass.config_entries.async_update_entry(
        entry, data=entry.data | {"pin": "1111", "iccid": ICCID}
    )
    await _started(hass, entry, desk)
    await until(lambda: entry.data["pin"] is None)
    dialog = await _asked(hass)
    assert dialog.step == "pin"
    await dialog.submit(pin="2222", confirmed=True)
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "pin_refused_unknown"})
    assert desk.pins_entered == ["1111", "2222"]


async def test_a_pin_that_two_tries_are_left_for_is_confirmed_for_each_and_checked(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.sim, desk.tries = SimState.PIN_REQUIRED, 2
    await _started(hass, entry, desk)
    dialog = await _asked(hass)
    assert dialog.fields == ["pin", "confirmed"]
    desk.fail("enter_pin", SimFailureError())
    await dialog.submit(pin="1234", confirmed=True)
    assert dialog.step == "trouble"
    await dialog.submit(save_unchecked=False)
    # It was confirmed for one try.
    assert (dialog.step, dialog.errors) == ("pin", {})
    assert dialog.fields == ["pin", "confirmed"]
    assert not desk.pins_entered
    await dialog.submit(pin="1234", confirmed=True)
    assert await dialog.without_test() == "saved_untested"
    assert desk.pins_entered == ["1234"]


async def test_a_pin_can_be_saved_while_the_modem_is_away(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    await _started(hass, entry, desk)
    dialog = await _asked(hass)
    desk.unplug()
    await dialog.submit(pin="1234")
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "port_not_found"})
    await dialog.submit(save_unchecked=True)
    assert await dialog.without_test() == "saved_unchecked"
    assert entry.data["pin"] == "1234"


# One flow at a time, and for as long as there is a cause.


async def test_what_another_dialog_was_in_the_way_of_is_asked_for_after_it(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    """Home Assistant declines it without a word."""
    in_the_way = Dialog(hass, await loaded.start_reconfigure_flow(hass))
    desk.always = LOGIN
    await send(hass)
    await until(lambda: bool(loaded.runtime_data.courier.status.mail.held))
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reconfigure"
    in_the_way.close()
    await loaded.runtime_data.coordinator.async_refresh()
    assert (await _asked(hass)).step == "reauth_confirm"


async def test_a_login_that_was_mended_elsewhere_is_not_asked_for_any_more(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.always = LOGIN
    await send(hass)
    await _asked(hass)
    desk.always = None
    await loaded.runtime_data.courier.retry(None)
    await settled(hass, loaded)
    assert not hass.config_entries.flow.async_progress()


async def test_a_pin_is_asked_for_after_a_login_that_was_mended_elsewhere(
    hass: HomeAssistant, desk: Desk, loaded: MockConfigEntry
) -> None:
    desk.always = LOGIN
    await send(hass)
    assert (await _asked(hass)).step == "reauth_confirm"
    desk.sim = SimState.PIN_REQUIRED
    desk.lose_port()
    await desk.until(lambda: loaded.runtime_data.courier.status.trouble is not None)
    await hass.async_block_till_done()
    assert (await _asked(hass)).step == "reauth_confirm"
    hass.config_entries.async_update_entry(
        loaded, data=loaded.data | {"password": "battery staple"}
    )
    await loaded.runtime_data.courier.retry(None)
    await loaded.runtime_data.coordinator.async_refresh()
    await until(
        lambda: (
            [flow["step_id"] for flow in hass.config_entries.flow.async_progress()]
            == ["pin"]
        )
    )


@pytest.mark.parametrize("registration", [Registration.HOME, Registration.SEARCHING])
async def test_a_pin_that_is_not_needed_any_more_is_not_asked_for_any_more(
    hass: HomeAssistant,
    desk: Desk,
    entry: MockConfigEntry,
    registration: Registration,
) -> None:
    """Whether it has found a network since or not."""
    desk.sim = SimState.PIN_REQUIRED
    await _started(hass, entry, desk)
    await _asked(hass)
    desk.lose_port()
    await hass.async_block_till_done()
    assert hass.config_entries.flow.async_progress()
    desk.network = replace(desk.network, registration=registration)
    desk.sim = SimState.READY
    await until(lambda: not hass.config_entries.flow.async_progress())


async def test_a_check_that_is_under_way_is_left_to_its_end(
    hass: HomeAssistant, desk: Desk, entry: MockConfigEntry
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    await _started(hass, entry, desk)
    dialog = await _asked(hass)
    held = desk.hold_in("enter_pin")
    await dialog.begin(pin="1234")
    assert dialog.step == "examine"
    coordinator = entry.runtime_data.coordinator
    unlocked = replace(coordinator.courier.status, connected=True, trouble=None)
    coordinator.reauthentication.follow(unlocked)
    held.set()
    await dialog.watch()
    assert await dialog.without_test() == "saved_untested"
    assert entry.data["pin"] == "1234"


async def test_a_login_is_asked_for_beside_the_card_of_another_modem(
    hass: HomeAssistant, desk: Desk, sockets: Sockets, loaded: MockConfigEntry
) -> None:
    """Neither dialog ends the other, and both come to their end."""
    nodes = sockets.plug()
    desk.ports.add(nodes[3])
    desk.others[nodes[3]] = ANOTHER
    second = await discovered(hass)
    await second.submit()
    assert second.step == "cellular"
    desk.always = LOGIN
    await send(hass)
    await until(lambda: any(loaded.async_get_active_flows(hass, {"reauth"})))
    desk.always = None
    await second.submit(**CELLULAR_INPUT)
    await second.choose("server")
    (asking,) = loaded.async_get_active_flows(hass, {"reauth"})
    first = Dialog(
        hass, await hass.config_entries.flow.async_configure(asking["flow_id"])
    )
    await first.submit(username="home@example.com", password="battery staple")
    assert await first.without_test() == "saved_untested"
    await settled(hass, loaded)
    assert loaded.data["password"] == "battery staple"
    await second.submit(**SERVER_INPUT)
    assert second.result["type"] is FlowResultType.CREATE_ENTRY
    assert second.result["result"].unique_id == ANOTHER.imei
