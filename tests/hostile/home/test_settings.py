"""Any value in any field of a form, or of ``.storage``, is that value or is refused."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.quectel_smtp.entry_data import read
from custom_components.quectel_smtp.modem.at.errors import InvalidValueError
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from tests.hostile.values import NO_ADDRESSES, VALUES
from tests.hostile.witness import check_commands, check_email, check_line
from tests.integration.conftest import DATA, send, settled
from tests.integration.dialog import (
    CELLULAR_INPUT,
    SERVER_INPUT,
    Dialog,
    recipient_form,
)
from tests.virtual_modem.profiles import MailClient

from .conftest import IMEI, OPTIONS, OWN, Far

# Where the modem's mail client makes no difference.
BY_ONE = pytest.mark.parametrize("far", [MailClient.NOTE], indirect=True)


# Forms.


async def to_cellular(hass: HomeAssistant, far: Far) -> Dialog:
    """Begin to set a modem up, and choose its port."""
    dialog = await Dialog.start(hass)
    await dialog.submit(device=far.virtual.port, advanced={"baudrate": "115200"})
    assert dialog.step == "cellular"
    return dialog


def usable(*fields: str) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return forms' values of which all can be used, and those of which one can't."""
    taken: list[str] = []
    refused = []
    for value in VALUES:
        for field in fields:
            if read(DATA | {field: value}, {}, IMEI).settings is None:
                refused.append({field: value})
            elif value not in taken:
                taken.append(value)
    count = len(fields)
    groups = [taken[first : first + count] for first in range(0, len(taken), count)]
    return [dict(zip(fields, group, strict=False)) for group in groups], refused


@BY_ONE
async def test_no_value_of_the_data_connection_is_a_command(
    hass: HomeAssistant, far: Far, quick_forms: None
) -> None:
    far.virtual.forget()
    form = CELLULAR_INPUT | {"authentication": "pap"}
    taken, refused = usable("apn", "apn_username", "apn_password")
    dialog = await to_cellular(hass, far)
    for given in refused:
        await dialog.submit(**form | given)
        assert {*dialog.errors} == {*given}, given
    for given in taken:
        await dialog.submit(**form | given)
        dialog.close()
        dialog = await to_cellular(hass, far)
    dialog.close()
    check_commands(far.virtual)


@BY_ONE
async def test_no_value_of_the_mail_account_is_a_command(
    hass: HomeAssistant, far: Far, quick_forms: None
) -> None:
    far.virtual.forget()
    dialog = await to_cellular(hass, far)
    await dialog.submit(**CELLULAR_INPUT)
    await dialog.choose("server")
    for fields in (
        ("username", "password", "sender_name"),
        ("host",),
        ("sender_address",),
    ):
        taken, refused = usable(*fields)
        for given in (*taken, *refused):
            await dialog.submit(**SERVER_INPUT | given)
            assert dialog.step == "server"
            assert dialog.errors, given
    dialog.close()
    check_commands(far.virtual)


@BY_ONE
@pytest.mark.parametrize("kind", ["address", "to", "cc", "bcc"])
async def test_no_recipient_is_kept_whom_nothing_can_be_sent_to(
    hass: HomeAssistant, at_home: MockConfigEntry, kind: str
) -> None:
    flows = hass.config_entries.subentries
    started = await flows.async_init(
        (at_home.entry_id, "recipient"), context={"source": SOURCE_USER}
    )
    dialog = Dialog(hass, started, "config_subentries", "recipient", flows=flows)
    for address in NO_ADDRESSES:
        form = recipient_form(address, to=["b@example.com"])
        if kind == "address":
            form[kind] = address
        else:
            form["more"][kind] = ["c@example.com", address]
        await dialog.submit(**form)
        assert dialog.errors, address
    dialog.close()
    assert len(at_home.subentries) == 1


@BY_ONE
async def test_no_option_names_an_address_that_is_none(
    hass: HomeAssistant, at_home: MockConfigEntry
) -> None:
    flows = hass.config_entries.options
    started = await flows.async_init(at_home.entry_id)
    dialog = Dialog(hass, started, "options", flows=flows)
    fields = {field: dialog.default(field) for field in OPTIONS} | {
        "lifetime": 48,
        "idle": 30,
        "way": "automatic",
    }
    for address in NO_ADDRESSES:
        content = {"reply_to": address, "picture_budget": 200}
        await dialog.submit(**fields, content=content)
        assert dialog.errors == {"base": "reply_to_invalid"}, address
        if not address.startswith("@b"):
            await dialog.submit(**fields, additional={"allowed_addresses": [address]})
            assert dialog.errors == {"base": "allowed_address_invalid"}, address
    dialog.close()
    assert at_home.options == OPTIONS


# Storage, edited by hand or by a disk.

STORED = (
    "apn",
    "apn_username",
    "apn_password",
    "host",
    "username",
    "password",
    "sender_name",
    "sender_address",
    "pin",
)


@pytest.mark.parametrize("field", STORED)
def test_any_stored_value_makes_one_command_or_is_named(field: str) -> None:
    for value in (*VALUES, *NO_ADDRESSES):
        found = read(DATA | {field: value}, {}, IMEI)
        if found.settings is None:
            assert found.invalid is not None
            assert found.invalid.field == field
            continue
        check_line(found.settings.pdp.command())
        try:
            commands = found.settings.server.commands(1)
        except InvalidValueError:
            # By the modem's TCP no line has it.
            continue
        for _, line in commands:
            check_line(line)


@pytest.mark.parametrize(
    "field", ["apn", "host", "username", "password", "sender_name"]
)
async def test_stored_values_that_are_edited_while_it_runs_keep_no_email(
    hass: HomeAssistant, far: Far, at_home: MockConfigEntry, field: str
) -> None:
    data = dict(at_home.data)
    for value in VALUES:
        hass.config_entries.async_update_entry(at_home, data=data | {field: value})
        await hass.async_block_till_done()
    await send(hass)
    hass.config_entries.async_update_entry(at_home, data=data)
    await settled(hass, at_home)
    (envelope,) = far.server.received
    check_email(envelope, {OWN})
    check_commands(far.virtual)


@pytest.mark.parametrize("way", ["module", "stream"])
async def test_options_that_are_edited_into_anything_add_nobody_and_keep_no_email(
    hass: HomeAssistant, far: Far, at_home: MockConfigEntry, way: str
) -> None:
    for number, value in enumerate((*VALUES, *NO_ADDRESSES)):
        hass.config_entries.async_update_entry(
            at_home,
            options=OPTIONS
            | {"way": way, "reply_to": value, "allowed_addresses": [value]},
        )
        if number % 10 == 0:
            await send(hass, f"Text {number}")
            # By options that can't be used, several would go as one.
            await settled(hass, at_home)
    assert len(far.server.received) == len(range(0, number + 1, 10))
    for envelope in far.server.received:
        message = check_email(envelope, {OWN})
        assert str(message["Reply-To"] or OWN).isprintable()
    check_commands(far.virtual)


async def test_a_recipient_that_is_edited_into_anything_gets_no_one_else_s_email(
    hass: HomeAssistant, far: Far, at_home: MockConfigEntry
) -> None:
    (recipient,) = at_home.subentries.values()
    for address in NO_ADDRESSES:
        hass.config_entries.async_update_subentry(
            at_home, recipient, title=address, data={"to": [OWN], "bcc": [address]}
        )
        await hass.async_block_till_done()
        assert at_home.runtime_data.courier.status.mail.waiting == 0
    hass.config_entries.async_update_subentry(at_home, recipient, data={"to": [OWN]})
    await send(hass)
    await settled(hass, at_home)
    (envelope,) = far.server.received
    check_email(envelope, {OWN})
    check_commands(far.virtual)
