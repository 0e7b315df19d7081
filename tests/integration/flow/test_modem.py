"""What keeps a modem from being ready, named one by one, and the way on from each."""

from dataclasses import replace
from typing import Any

import pytest

from custom_components.quectel_smtp.const import DOMAIN
from custom_components.quectel_smtp.modem.at.errors import (
    CommandError,
    ModemError,
    ModemRebootedError,
    NoAnswerError,
    NotAModemError,
    PinUnjudgedError,
    PortBusyError,
    PortError,
    PortInvalidError,
    PortLostError,
    PortNotFoundError,
    PortPermissionError,
    SimNotReadyError,
    UnexpectedAnswerError,
)
from custom_components.quectel_smtp.modem.network.sim import SimState
from custom_components.quectel_smtp.modem.network.status import Network, Registration
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.integration.dialog import (
    CELLULAR_INPUT,
    MANUAL,
    PORT_INPUT,
    SERVER_INPUT,
    Dialog,
    to_last_form,
)
from tests.integration.modem_on_the_desk import AT_HOME, ICCID, Desk


async def _tried(hass: HomeAssistant) -> Dialog:
    dialog = await Dialog.start(hass)
    return await dialog.submit(**PORT_INPUT)


@pytest.mark.parametrize(
    ("err", "errors"),
    [
        (PortError(), {"device": "port_error"}),
        (PortNotFoundError(), {"device": "port_not_found"}),
        (PortBusyError(), {"device": "port_busy"}),
        (PortPermissionError(), {"device": "port_permission"}),
        (PortInvalidError(), {"device": "port_invalid"}),
        (PortLostError(), {"device": "port_lost"}),
        (NoAnswerError(), {"base": "no_answer"}),
        (NotAModemError(), {"base": "not_a_modem"}),
        (ModemRebootedError(), {"base": "modem_rebooted"}),
        (UnexpectedAnswerError(), {"base": "unexpected_answer"}),
    ],
    ids=lambda value: value.key if isinstance(value, ModemError) else "",
)
async def test_a_port_that_does_not_serve_is_named_and_another_can_be_chosen(
    hass: HomeAssistant, desk: Desk, err: ModemError, errors: dict[str, str]
) -> None:
    desk.fail("open", err)
    dialog = await _tried(hass)
    assert dialog.step == "user"
    assert dialog.errors == errors
    assert dialog.suggested("device") == PORT_INPUT["device"]
    assert dialog.suggested("advanced") is None
    await dialog.submit(**PORT_INPUT)
    assert dialog.step == "cellular"
    assert not dialog.errors


async def test_a_firmware_that_no_email_leaves_by_is_named(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.has_mail_client = desk.has_tcp = False
    dialog = await _tried(hass)
    assert (dialog.step, dialog.errors) == ("user", {"base": "unsupported_modem"})
    desk.has_tcp = True
    await dialog.submit(**PORT_INPUT)
    assert dialog.step == "cellular"


@pytest.mark.parametrize(
    ("sim", "error"),
    [
        (SimState.MISSING, "sim_missing"),
        (SimState.FAILURE, "sim_failure"),
        (SimState.PUK_REQUIRED, "puk_required"),
        (SimState.NETWORK_LOCKED, "network_locked"),
    ],
)
async def test_a_sim_that_does_not_serve_is_named_and_checked_again_once_it_is_mended(
    hass: HomeAssistant, desk: Desk, sim: SimState, error: str
) -> None:
    desk.sim = sim
    dialog = await _tried(hass)
    assert (dialog.step, dialog.errors) == ("trouble", {"base": error})
    assert dialog.fields == []
    assert dialog.result["description_placeholders"]["model"] == "EC200A"
    desk.sim = SimState.READY
    await dialog.submit()
    assert dialog.step == "cellular"


@pytest.mark.parametrize(
    ("registration", "error"),
    [
        (Registration.SEARCHING, "not_registered_apn"),
        (Registration.DENIED, "registration_denied_apn"),
    ],
)
async def test_a_modem_without_network_may_lack_its_apn_and_is_checked_again_with_it(
    hass: HomeAssistant, desk: Desk, registration: Registration, error: str
) -> None:
    desk.network = Network(registration, None, None)
    dialog = await _tried(hass)
    assert (dialog.step, dialog.errors) == ("cellular", {"base": "apn_first"})
    assert dialog.result["description_placeholders"]["operator"] == "–"
    assert "give_apn" not in desk.calls
    await dialog.submit(**CELLULAR_INPUT)
    assert (dialog.step, dialog.errors) == ("cellular", {"base": error})
    assert desk.calls.index("give_apn") > 0
    desk.network = AT_HOME
    dialog = await _with_all_settings(dialog)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_refused_command_is_named(hass: HomeAssistant, desk: Desk) -> None:
    desk.fail("network", CommandError("AT+CEREG"))
    dialog = await _tried(hass)
    assert (dialog.step, dialog.errors) == ("user", {"base": "command_error"})


async def _with_all_settings(dialog: Dialog) -> Dialog:
    """Go through the forms that follow, to the check of all settings."""
    await dialog.submit(**CELLULAR_INPUT)
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT, **MANUAL)
    await dialog.choose("certificate_none")
    await dialog.submit()
    return dialog


# The PIN.


async def test_the_pin_is_asked_for_with_its_tries_and_kept_with_its_sim(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    dialog = await _tried(hass)
    assert dialog.step == "pin"
    assert not dialog.errors
    assert dialog.result["description_placeholders"]["tries"] == "3"
    assert dialog.field("pin").config["type"] == "password"
    await dialog.submit(pin="1234")
    assert dialog.step == "cellular"
    assert desk.pins_entered == ["1234"]
    await dialog.submit(**CELLULAR_INPUT)
    await dialog.choose("server")
    await dialog.submit(**SERVER_INPUT, **MANUAL)
    await dialog.choose("certificate_none")
    await dialog.submit()
    data = dialog.result["result"].data
    assert (data["pin"], data["iccid"]) == ("1234", ICCID)


async def test_a_wrong_pin_is_called_wrong_and_a_second_one_wants_to_be_confirmed(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.sim, desk.tries = SimState.PIN_REQUIRED, 4
    dialog = await _tried(hass)
    assert dialog.fields == ["pin"]
    await dialog.submit(pin="1111")
    assert (dialog.step, dialog.errors) == ("pin", {"pin": "pin_refused"})
    assert dialog.result["description_placeholders"]["tries"] == "3"
    await dialog.submit(pin="1234", confirmed=False)
    assert (dialog.step, dialog.errors) == ("pin", {"confirmed": "pin_unconfirmed"})
    assert desk.pins_entered == ["1111"]
    await dialog.submit(pin="1234", confirmed=True)
    assert dialog.step == "cellular"


async def test_a_refused_pin_is_never_sent_again(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    desk.tries = None
    dialog = await _tried(hass)
    assert dialog.result["description_placeholders"]["tries"] == "–"
    await dialog.submit(pin="1111")
    assert (dialog.step, dialog.errors) == ("pin", {"pin": "pin_refused"})
    await dialog.submit(pin="1111", confirmed=True)
    assert (dialog.step, dialog.errors) == ("pin", {"pin": "pin_refused_before"})
    assert desk.pins_entered == ["1111"]
    await dialog.submit(pin="1234", confirmed=True)
    assert dialog.step == "cellular"


async def test_where_nobody_counts_the_tries_no_third_pin_is_sent(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.sim, desk.tries = SimState.PIN_REQUIRED, None
    dialog = await _tried(hass)
    await dialog.submit(pin="1111")
    await dialog.submit(pin="2222", confirmed=True)
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "pin_refused_unknown"})
    await dialog.submit()
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "pin_tries_low"})
    assert desk.pins_entered == ["1111", "2222"]
    # Its PIN was switched off in a phone.
    desk.sim = SimState.READY
    await dialog.submit()
    assert dialog.step == "cellular"


async def test_a_pin_that_the_sim_did_not_look_at_is_sent_again_and_kept(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    dialog = await _tried(hass)
    desk.fail("enter_pin", SimNotReadyError())
    await dialog.submit(pin="1234")
    assert dialog.step == "cellular"
    assert desk.calls.count("enter_pin") == 2


async def test_a_pin_that_nobody_judged_is_a_person_s_to_give_again(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    desk.tries = None
    dialog = await _tried(hass)
    desk.fail("enter_pin", PinUnjudgedError(None))
    await dialog.submit(pin="1234")
    assert (dialog.step, dialog.errors) == ("pin", {"pin": "pin_unjudged"})
    assert desk.calls.count("enter_pin") == 1
    await dialog.submit(pin="1234")
    assert dialog.step == "cellular"


async def test_a_refused_pin_is_remembered_when_the_dialog_is_closed(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    desk.tries = None
    dialog = await _tried(hass)
    await dialog.submit(pin="1111")
    dialog.close()
    dialog = await _tried(hass)
    await dialog.submit(pin="1111", confirmed=True)
    assert dialog.errors == {"pin": "pin_refused_before"}
    assert desk.pins_entered == ["1111"]


async def test_a_refused_pin_is_known_again_by_a_sim_that_is_slow_to_tell_its_number(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    desk.tries = None
    dialog = await _tried(hass)
    await dialog.submit(pin="1111")
    number, desk.iccid = desk.iccid, None
    asked = desk.calls.count("sim_state")
    ready = desk.hold_in("sim_state")
    await dialog.begin(pin="1111", confirmed=True)
    await desk.reached("sim_state", asked + 1)
    desk.iccid = number
    ready.set()
    await hass.async_block_till_done()
    await dialog.look()
    await dialog.watch()
    assert dialog.errors == {"pin": "pin_refused_before"}
    assert desk.pins_entered == ["1111"]


async def test_a_pin_that_one_sim_refused_may_be_another_one_s(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    desk.tries = None
    dialog = await _tried(hass)
    await dialog.submit(pin="1111")
    desk.iccid, desk.pin = "8949000000000000000", "1111"
    await dialog.submit(pin="1111", confirmed=True)
    assert dialog.step == "cellular"


async def test_with_two_tries_left_one_more_pin_is_sent_if_it_is_confirmed(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    dialog = await _tried(hass)
    await dialog.submit(pin="1111")
    assert (dialog.step, dialog.errors) == ("pin", {"pin": "pin_refused"})
    assert dialog.fields == ["pin", "confirmed"]
    assert dialog.result["description_placeholders"]["tries"] == "2"
    await dialog.submit(pin="1234", confirmed=False)
    assert (dialog.step, dialog.errors) == ("pin", {"confirmed": "pin_unconfirmed"})
    await dialog.submit(pin="1111", confirmed=True)
    assert (dialog.step, dialog.errors) == ("pin", {"pin": "pin_refused_before"})
    assert dialog.fields == ["pin", "confirmed"]
    assert desk.pins_entered == ["1111"]
    await dialog.submit(pin="1234", confirmed=True)
    assert dialog.step == "cellular"
    assert desk.pins_entered == ["1111", "1234"]


async def test_the_last_try_is_not_risked(hass: HomeAssistant, desk: Desk) -> None:
    desk.sim = SimState.PIN_REQUIRED
    dialog = await _tried(hass)
    await dialog.submit(pin="1111")
    await dialog.submit(pin="2222", confirmed=True)
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "pin_refused_low"})
    await dialog.submit()
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "pin_tries_low"})
    dialog.close()
    dialog = await _tried(hass)
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "pin_tries_low"})
    assert desk.pins_entered == ["1111", "2222"]
    # Unlocked in a phone, the SIM has its three tries again.
    desk.tries = 3
    await dialog.submit()
    assert dialog.step == "pin"
    assert dialog.fields == ["pin"]
    assert dialog.result["description_placeholders"]["tries"] == "3"
    await dialog.submit(pin="1234")
    assert dialog.step == "cellular"


async def test_a_first_pin_wants_to_be_confirmed_where_two_tries_are_left(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    dialog = await _tried(hass)
    await dialog.submit(pin="1111")
    dialog.close()
    dialog = await _tried(hass)
    assert (dialog.step, dialog.errors) == ("pin", {})
    assert dialog.fields == ["pin", "confirmed"]
    await dialog.submit(pin="1234", confirmed=False)
    assert dialog.errors == {"confirmed": "pin_unconfirmed"}
    await dialog.submit(pin="1234", confirmed=True)
    assert dialog.step == "cellular"


async def test_a_pin_that_was_confirmed_for_one_sim_is_not_sent_to_another(
    hass: HomeAssistant, desk: Desk
) -> None:
    """Nor when it has been taken, and two tries are left of another reason."""
    desk.sim = SimState.PIN_REQUIRED
    dialog = await _tried(hass)
    await dialog.submit(pin="1111")
    await dialog.submit(pin="1234", confirmed=True)
    assert dialog.step == "cellular"
    # Somebody has tried it in a phone meanwhile.
    desk.sim, desk.tries = SimState.PIN_REQUIRED, 2
    await dialog.submit(**CELLULAR_INPUT)
    assert dialog.step == "pin"
    assert desk.pins_entered == ["1111", "1234"]


async def test_closed_dialogs_do_not_add_up_to_a_third_pin_that_nobody_counts(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.sim, desk.tries = SimState.PIN_REQUIRED, None
    for pin in ("1111", "2222"):
        dialog = await _tried(hass)
        assert dialog.step == "pin"
        confirmed = {} if dialog.fields == ["pin"] else {"confirmed": True}
        await dialog.submit(pin=pin, **confirmed)
        dialog.close()
    dialog = await _tried(hass)
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "pin_tries_low"})
    assert desk.pins_entered == ["1111", "2222"]


async def test_a_pin_for_another_sim_is_not_sent_to_one_that_has_had_its_two(
    hass: HomeAssistant, desk: Desk
) -> None:
    """It was put in while the form was open; nobody counts its tries but we."""
    desk.sim, desk.tries = SimState.PIN_REQUIRED, None
    dialog = await _tried(hass)
    await dialog.submit(pin="1111")
    await dialog.submit(pin="2222", confirmed=True)
    dialog.close()
    spent, desk.iccid = desk.iccid, "8949000000000000000"
    dialog = await _tried(hass)
    assert dialog.step == "pin"
    desk.iccid = spent
    await dialog.submit(pin="3333")
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "pin_tries_low"})
    assert desk.pins_entered == ["1111", "2222"]


def restarted(hass: HomeAssistant) -> None:
    """Forget what is not on disk, as a restart of Home Assistant does."""
    for key in [key for key in hass.data if str(key).startswith(DOMAIN)]:
        del hass.data[key]


async def test_a_restart_does_not_add_up_to_a_third_pin_that_nobody_counts(
    hass: HomeAssistant, desk: Desk, hass_storage: dict[str, Any]
) -> None:
    desk.sim, desk.tries = SimState.PIN_REQUIRED, None
    for pin in ("1111", "2222"):
        dialog = await _tried(hass)
        confirmed = {} if dialog.fields == ["pin"] else {"confirmed": True}
        await dialog.submit(pin=pin, **confirmed)
        dialog.close()
        await hass.async_block_till_done()
        restarted(hass)
    dialog = await _tried(hass)
    assert (dialog.step, dialog.errors) == ("trouble", {"base": "pin_tries_low"})
    assert desk.pins_entered == ["1111", "2222"]
    # On disk there is neither PIN nor SIM.
    kept = str(hass_storage[f"{DOMAIN}.refused_pins"]["data"])
    assert not [text for text in ("1111", "2222", ICCID) if text in kept]


@pytest.mark.parametrize("told_first", [ICCID, None])
async def test_a_sim_that_was_unlocked_has_all_its_tries_again(
    hass: HomeAssistant, desk: Desk, told_first: str | None
) -> None:
    desk.sim, desk.tries, desk.iccid = SimState.PIN_REQUIRED, None, told_first
    dialog = await _tried(hass)
    for right in ("1234", "4321"):
        desk.sim, desk.pin = SimState.PIN_REQUIRED, right
        await dialog.submit(pin="1111" if right == "1234" else "3333")
        assert dialog.errors == {"pin": "pin_refused"}
        await dialog.submit(pin=right, confirmed=True)
        assert dialog.step == "cellular"
        dialog.close()
        # It was changed in a phone.
        desk.sim, desk.pin, desk.tries = SimState.PIN_REQUIRED, "4321", None
        await hass.async_block_till_done()
        restarted(hass)
        dialog = await _tried(hass)
        assert (dialog.step, dialog.fields) == ("pin", ["pin"])


async def test_what_a_network_calls_itself_is_no_markdown(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.network = replace(AT_HOME, operator="![x](//a.example/b)`<a href=c>")
    dialog = await _tried(hass)
    shown = dialog.result["description_placeholders"]["operator"]
    assert shown == r"!\[x\](//a.example/b)\`\<a href=c\>"


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", "１２３４", "12 34"])
async def test_what_is_no_pin_is_not_sent(
    hass: HomeAssistant, desk: Desk, pin: str
) -> None:
    desk.sim = SimState.PIN_REQUIRED
    dialog = await _tried(hass)
    await dialog.submit(pin=pin)
    assert (dialog.step, dialog.errors) == ("pin", {"pin": "pin_invalid"})
    assert not desk.pins_entered


async def test_a_sim_that_locks_itself_during_set_up_is_unlocked_again(
    hass: HomeAssistant, desk: Desk
) -> None:
    """As after a power cut between two forms."""
    dialog = await to_last_form(hass)
    desk.sim = SimState.PIN_REQUIRED
    await dialog.submit()
    assert dialog.step == "pin"
    await dialog.submit(pin="1234")
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    assert dialog.result["result"].data["pin"] == "1234"


async def test_an_iccid_that_is_readable_only_once_the_sim_is_unlocked_is_kept(
    hass: HomeAssistant, desk: Desk
) -> None:
    desk.sim, desk.iccid = SimState.PIN_REQUIRED, None
    dialog = await _tried(hass)
    assert dialog.step == "pin"
    held = desk.hold_in("enter_pin")
    await dialog.begin(pin="1234")
    await desk.reached("enter_pin")
    desk.iccid = ICCID
    held.set()
    await hass.async_block_till_done()
    await dialog.look()
    assert dialog.result["description_placeholders"]["sim"] == ICCID
