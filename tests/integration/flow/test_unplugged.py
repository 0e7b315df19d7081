"""The modem is unplugged somewhere in its set-up, or the page left: what follows from it."""

import asyncio
from typing import Any

import pytest

from custom_components.quectel_smtp.modem.at.errors import PortLostError
from custom_components.quectel_smtp.modem.network.sim import SimState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.integration.conftest import until
from tests.integration.dialog import CELLULAR_INPUT, PORT_INPUT, SERVER_INPUT, Dialog
from tests.integration.modem_on_the_desk import PORT, Desk, DeskModem

FORMS: dict[str, dict[str, Any]] = {
    "user": PORT_INPUT,
    "pin": {"pin": "1234"},
    "cellular": CELLULAR_INPUT,
    "provider": {"next_step_id": "server"},
    "server": SERVER_INPUT,
}
"""What a person enters on each form of a set-up, in their order."""
GONE = {"port_lost", "port_not_found"}
# What the set-up has the modem do, and for the how-manieth time.
CALLS = [
    *(("identify", 1), ("has_mail_client", 1), ("sim_state", 1), ("iccid", 1)),
    *(("pin_tries", 1), ("enter_pin", 1), ("network", 1)),
    # With all settings.
    *(("identify", 3), ("iccid", 4), ("give_apn", 1), ("network", 2)),
    *(("activate", 1), ("resolve", 1), ("configure", 1)),
]


@pytest.fixture(autouse=True)
def locked(desk: Desk) -> None:
    """Have a SIM that asks for its PIN."""
    desk.sim = SimState.PIN_REQUIRED


async def go_on(dialog: Dialog) -> None:
    """Fill in the form that is shown, and wait for the next."""
    step = dialog.step
    fields = {} if step == "trouble" else dict(FORMS[step])
    if dialog.result["type"] is FlowResultType.FORM:
        offered = set(dialog.fields)
        fields = {key: value for key, value in fields.items() if key in offered}
        if "save_unchecked" in offered:
            fields["save_unchecked"] = False
    await dialog.submit(**fields)


def made(dialog: Dialog) -> bool:
    """Whether it has come to its end."""
    return dialog.result["type"] is FlowResultType.CREATE_ENTRY


def under_way(dialog: Dialog) -> bool:
    """Whether it shows that something is being checked."""
    return dialog.result["type"] is FlowResultType.SHOW_PROGRESS


def said(dialog: Dialog) -> set[str]:
    """Return what a form says went wrong."""
    is_form = dialog.result["type"] is FlowResultType.FORM
    return set(dialog.errors.values()) if is_form else set()


@pytest.mark.parametrize(("method", "time"), CALLS)
async def test_a_modem_that_is_unplugged_in_a_check_is_named_and_goes_on_once_it_is_back(
    hass: HomeAssistant,
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    time: int,
) -> None:
    do = DeskModem._do  # noqa: SLF001
    left = time

    async def pulled(self: DeskModem, name: str) -> None:
        nonlocal left
        await do(self, name)
        left -= name == method
        if name == method and left == 0:
            desk.unplug()
            raise PortLostError

    monkeypatch.setattr(DeskModem, "_do", pulled)
    dialog = await Dialog.start(hass)
    while left > 0:
        assert not made(dialog), "it was never asked for"
        await go_on(dialog)
    assert said(dialog) <= GONE
    assert said(dialog)
    # In vain once more, and then not.
    await go_on(dialog)
    assert said(dialog) <= GONE
    assert said(dialog)
    desk.ports.add(PORT)
    while not made(dialog):
        await go_on(dialog)
        assert not said(dialog)
    assert desk.pins_entered == ["1234"]


@pytest.mark.parametrize("form", FORMS)
async def test_a_modem_that_is_unplugged_while_a_person_reads_is_named_as_soon_as_it_counts(
    hass: HomeAssistant, desk: Desk, form: str
) -> None:
    dialog = await Dialog.start(hass)
    while dialog.step != form:
        await go_on(dialog)
    desk.unplug()
    while not said(dialog):
        await go_on(dialog)
    assert said(dialog) <= GONE
    desk.ports.add(PORT)
    while not made(dialog):
        await go_on(dialog)
        assert not said(dialog)


# Dialogs that are left.


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("form", FORMS)
async def test_a_page_that_is_left_at_a_form_keeps_nothing_from_the_next(
    hass: HomeAssistant, desk: Desk, form: str, closed: bool
) -> None:
    left = await Dialog.start(hass)
    while left.step != form:
        await go_on(left)
    assert not desk.open_modems
    if closed:
        left.close()
    dialog = await Dialog.start(hass)
    while not made(dialog):
        await go_on(dialog)
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries("quectel_smtp")
    assert entry.unique_id == desk.identity.imei
    assert desk.pins_entered == ["1234"]


async def test_a_data_connection_is_given_back_where_the_settings_did_not_serve(
    hass: HomeAssistant, desk: Desk
) -> None:
    """Nobody may come back to the form, and there is no entry yet that would close it."""
    desk.mail.login = ("home@example.com", "another")
    dialog = await Dialog.start(hass)
    while dialog.step != "server":
        await go_on(dialog)
    desk.calls.clear()
    await go_on(dialog)
    assert (dialog.step, said(dialog)) == ("server", {"account_login"})
    assert desk.calls.index("deactivate") > desk.calls.index("activate")
    # What served is left as it is, for the first email.
    desk.mail.login = None
    desk.calls.clear()
    await go_on(dialog)
    assert made(dialog)
    assert "activate" in desk.calls
    assert "deactivate" not in desk.calls


@pytest.mark.parametrize(
    "method", ["identify", "sim_state", "enter_pin", "network", "activate", "configure"]
)
async def test_a_page_that_is_closed_in_a_check_lets_go_of_the_port(
    hass: HomeAssistant, desk: Desk, method: str
) -> None:
    desk.hold_in(method)
    dialog = await Dialog.start(hass)
    while method not in desk.calls:
        await dialog.begin(**FORMS[dialog.step])
        while method not in desk.calls and under_way(dialog):
            await asyncio.sleep(0.001)
            await dialog.look()
    assert desk.open_modems
    dialog.close()
    await until(lambda: not desk.open_modems)
    await hass.async_block_till_done()
    assert not hass.config_entries.flow.async_progress()
    desk.held.pop(method).set()
    again = await Dialog.start(hass)
    while not made(again):
        await go_on(again)
        assert not said(again)
    assert desk.pins_entered == ["1234"]
