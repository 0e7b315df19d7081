"""What is private stays where it has to be, on whole paths from discovery to removal.

Each secret and each private value of a house is a word that stands nowhere else. A modem
is plugged in and set up with them, emails with attachments go by both ways, fail, and are
refused in words that repeat addresses, each dialog that mends something is gone through;
then all that anybody gets to see is searched for them.
"""

from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from dataclasses import dataclass
import json
import logging
from pathlib import Path
import re
import ssl
from types import MappingProxyType
from typing import Any, ClassVar, override
from unittest.mock import patch

from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    get_system_health_info,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.quectel_smtp import logbook
from custom_components.quectel_smtp.const import DOMAIN
from homeassistant.components.trace.const import DATA_TRACE
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigFlowContext,
    ConfigSubentry,
)
from homeassistant.const import (
    EVENT_CALL_SERVICE,
    EVENT_HOMEASSISTANT_FINAL_WRITE,
    MATCH_ALL,
)
from homeassistant.core import Event, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.tests.mail_server import MailServer, Manners

from .attachments.paintings import encoded, photograph
from .conftest import settled, until
from .dialog import Dialog
from .mail_on_the_desk import CA, bundle
from .test_diagnostics import downloaded
from .usb_on_the_desk import Sockets, cards, look

# Its control socket, and the download.
pytestmark = pytest.mark.usefixtures("socket_enabled")

HOST = "mail.canaryhost.example"
# Mistyped; the dialog in which it was shows it again.
WRONG = "canary-wrong-password"
SECRETS = ("canary-mail-password", "70615243", "canary-apn-password", WRONG)
PIN = SECRETS[1]
# Of the person, the SIM, the modem and the place.
PERSONAL = {
    "user": "canaryuser@canaryhost.example",
    "apn_user": "canary-apn-user",
    "sender": "canarysender@canaryhost.example",
    "sender_name": "Canarysendername",
    "to": "canaryto@example.com",
    "hidden": "canarybcc@example.com",
    "imei": "867730057654321",
    "imsi": "460019876543210",
    "iccid": "89860129876543210987",
    "tac": "7E5D",
    "cell": "0BADCE11",
    "address": "10.147.213.99",
}
USB = "CANARYUSB0042"
GPS = "canarygps 52.5163 N 13.3777 E"
# The mail server refuses it, and says so.
REFUSED = "canaryrefused@example.com"
TEXTS = (
    "Canarysubject",
    "Canarybodytext",
    "Canaryhtml",
    "canaryattachment",
    "canarygps",
)
NAME = "Canaryname"


def _taken_at(place: str) -> bytes:
    """Return a photograph that says where, and is too large for an email."""
    tags = Image.Exif()
    tags[0x010E] = place
    return encoded(photograph((2000, 1500)), exif=tags)


PHOTOGRAPH = _taken_at(GPS)


@dataclass
class House:
    """A modem that is set up, and all that was heard of it."""

    hass: HomeAssistant
    modem: VirtualModem
    mail: MailServer
    entry: MockConfigEntry
    events: list[Event]
    seen: list[str]
    """What dialogs have shown, and filled their fields with."""


class Reader(Dialog):
    """Somebody who writes down all that a dialog shows."""

    seen: ClassVar[list[str]]

    @override
    def _read(self) -> None:
        super()._read()
        if self.result["type"] is FlowResultType.CREATE_ENTRY:
            # What is saved in it Home Assistant shows nobody.
            return
        is_form = self.result["type"] is FlowResultType.FORM
        schema = self.result["data_schema"].schema if is_form else {}
        filled = list(_filled(schema))
        self.seen.append(f"{self.result} {filled}")


def _filled(fields: Mapping[Any, Any]) -> Iterator[Any]:
    """Yield what the fields of a form are filled with."""
    for key, value in fields.items():
        yield key.description
        if isinstance(value, section):
            yield from _filled(value.schema.schema)


@pytest.fixture
async def mail(tmp_path: Path) -> AsyncGenerator[MailServer]:
    """Start a mail server that repeats addresses in what it refuses."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    CA.issue_cert(HOST).configure_cert(context)
    manners = Manners(
        login=(PERSONAL["user"], SECRETS[0]),
        refused={REFUSED: f"550 5.1.1 <{REFUSED}>: no such mailbox"},
    )
    with patch("certifi.where", return_value=bundle(tmp_path)):
        async with MailServer(manners, implicit=context) as server:
            yield server


@pytest.fixture
async def house(
    hass: HomeAssistant, mail: MailServer, sockets: Sockets, tmp_path: Path
) -> AsyncGenerator[House]:
    """Set a modem up as a person does, with canaries wherever something is private."""
    events: list[Event] = []
    Reader.seen = []
    hass.bus.async_listen(MATCH_ALL, events.append)
    hass.config.allowlist_external_dirs = {str(tmp_path)}
    async with VirtualModem(hosts={HOST: {465: mail.port}}, time_scale=0.01) as modem:
        for setting in ("imei", "imsi", "iccid", "tac", "cell", "address"):
            modem.set(setting, PERSONAL[setting])
        for name, value in (("urcport", "all"), ("pin", PIN), ("sim", "pin")):
            modem.set(name, value)
        base = "custom_components.quectel_smtp.flow"
        with (
            patch(f"{base}.modem_checks.RESOLVE_WAIT", 2),
            patch(f"{base}.progress.SHOWN_FOR", 0),
        ):
            sockets.plug(interfaces=(3,), behind={3: modem.port}, serial=USB)
            entry = await _set_up(hass)
            yield House(hass, modem, mail, entry, events, Reader.seen)
            for left in hass.config_entries.async_loaded_entries(DOMAIN):
                assert await hass.config_entries.async_unload(left.entry_id)
            await hass.async_block_till_done()


CELLULAR: dict[str, Any] = {
    "apn": "internet",
    "apn_username": PERSONAL["apn_user"],
    "apn_password": SECRETS[2],
    "authentication": "pap",
}
SERVER: dict[str, Any] = {
    "host": HOST,
    "port": 465,
    "security": "tls",
    "username": PERSONAL["user"],
    "sender_name": PERSONAL["sender_name"],
    "sender_address": PERSONAL["sender"],
}


async def _set_up(hass: HomeAssistant) -> Any:
    await look(hass)
    (card,) = cards(hass)
    flow = await hass.config_entries.flow.async_configure(card["flow_id"])
    dialog = Reader(hass, flow)
    await dialog.submit()
    await dialog.submit(pin=PIN)
    await dialog.submit(**CELLULAR)
    await dialog.choose("server")
    await dialog.submit(**SERVER, password=WRONG)
    await dialog.submit(**SERVER, password=SECRETS[0])
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    entry = dialog.result["result"]
    # Its last part asks for a recipient, and sends an email.
    hass.config_entries.flow.async_abort(dialog.result["next_flow"][1])
    _add_recipient(hass, entry, NAME, [PERSONAL["to"]], [PERSONAL["hidden"]])
    _add_recipient(hass, entry, f"{NAME} two", [PERSONAL["to"], REFUSED], [])
    await hass.async_block_till_done()
    return entry


def _add_recipient(
    hass: HomeAssistant, entry: Any, name: str, to: list[str], bcc: list[str]
) -> None:
    hass.config_entries.async_add_subentry(
        entry,
        ConfigSubentry(
            data=MappingProxyType({"to": to, "cc": [], "bcc": bcc}),
            subentry_type="recipient",
            title=name,
            unique_id=None,
        ),
    )


AUTOMATION = {
    "id": "alarm",
    "alias": "Alarm",
    "triggers": {"trigger": "event", "event_type": "canary_alarm"},
    "actions": {
        "action": f"{DOMAIN}.send_message",
        "data": {
            "entity_id": "notify.canaryname",
            "title": f"{TEXTS[0]} of an automation",
            "message": TEXTS[1],
            "wait_for_result": True,
        },
        "response_variable": "told",
    },
}


async def _live(house: House, tmp_path: Path) -> None:
    """Have emails sent by both ways, refused, tried in vain, and fetched in vain."""
    hass, entry = house.hass, house.entry
    (tmp_path / f"{TEXTS[3]}.txt").write_text("canaryattachment inside")
    (tmp_path / f"{TEXTS[3]}.jpg").write_bytes(PHOTOGRAPH)
    courier = entry.runtime_data.courier
    await until(lambda: courier.status.network is not None)
    for way in ("module", "stream", "automatic"):
        hass.config_entries.async_update_entry(entry, options={"way": way})
        for number, who in enumerate(("canaryname", "canaryname_two")):
            await hass.services.async_call(
                DOMAIN,
                "send_message",
                {
                    "entity_id": f"notify.{who}",
                    "title": f"{TEXTS[0]} {way} {number}",
                    "message": TEXTS[1],
                    "html": f"<p>{TEXTS[2]}</p>",
                    "attachments": [
                        {"path": str(tmp_path / f"{TEXTS[3]}.txt")},
                        {"path": str(tmp_path / f"{TEXTS[3]}.jpg")},
                        {"path": str(tmp_path / f"{TEXTS[3]}-missing.txt")},
                    ],
                },
                blocking=True,
            )
        await settled(hass, entry)
    received = len(house.mail.received)
    assert received >= 6
    hass.bus.async_fire("canary_alarm")
    await until(lambda: len(house.mail.received) > received)
    await settled(hass, entry)
    await hass.services.async_call(
        "notify",
        f"{DOMAIN}_canaryname",
        {"title": f"{TEXTS[0]} of old", "message": TEXTS[1]},
        blocking=True,
    )
    await settled(hass, entry)
    await _mend(house)
    # Refused again, and it waits.
    house.mail.manners.login = (PERSONAL["user"], "another")
    await _send_plain(hass)
    await until(lambda: courier.status.mail.waiting == 1)
    house.modem.reboot()
    await until(lambda: house.modem.state().boot == 2)
    house.modem.hangup()
    await until(lambda: courier.status.trouble is not None)
    await hass.async_block_till_done()


async def _send_plain(hass: HomeAssistant) -> None:
    await hass.services.async_call(
        "notify",
        "send_message",
        {"entity_id": "notify.canaryname", "title": TEXTS[0], "message": TEXTS[1]},
        blocking=True,
    )


async def _mend(house: House) -> None:
    """Go through each dialog that mends something, or changes it."""
    hass, entry, entries = house.hass, house.entry, house.hass.config_entries
    right = house.mail.manners.login
    house.mail.manners.login = (PERSONAL["user"], "another")
    await _send_plain(hass)
    reauth = {SOURCE_REAUTH}
    await until(lambda: any(entry.async_get_active_flows(hass, reauth)))
    (asking,) = entry.async_get_active_flows(hass, reauth)
    dialog = Reader(hass, await entries.flow.async_configure(asking["flow_id"]))
    login = {"username": PERSONAL["user"]}
    await dialog.submit(**login, password=WRONG)
    assert dialog.step == "reauth_confirm"
    dialog.close()
    await until(lambda: f"login_held_{entry.entry_id}" in str(_issues(hass)))
    repairs = hass.data["repairs"]["flow_manager"]
    issue = {"issue_id": f"login_held_{entry.entry_id}"}
    shown = await repairs.async_init(DOMAIN, context=issue)
    repair = Reader(hass, shown, "issues", "login_held", "fix_flow", flows=repairs)
    house.mail.manners.login = right
    await repair.choose("try_again")
    await settled(hass, entry)
    changing = ConfigFlowContext(source=SOURCE_RECONFIGURE, entry_id=entry.entry_id)
    dialog = Reader(hass, await entries.flow.async_init(DOMAIN, context=changing))
    await dialog.choose("server")
    await dialog.submit(**SERVER, password=SECRETS[0])
    assert await dialog.without_test() == "saved_untested"
    dialog = Reader(hass, await entries.flow.async_init(DOMAIN, context=changing))
    await dialog.choose("cellular")
    await dialog.submit(**CELLULAR)
    assert await dialog.without_test() == "saved_untested"
    options = Reader(
        hass,
        await entries.options.async_init(entry.entry_id),
        "options",
        flows=entries.options,
    )
    additional = {"allowed_addresses": [PERSONAL["to"]]}
    await options.submit(way="automatic", additional=additional)
    assert options.result["type"] is FlowResultType.CREATE_ENTRY
    await settled(hass, entry)


def _issues(hass: HomeAssistant) -> list[ir.IssueEntry]:
    return list(ir.async_get(hass).issues.values())


def _found(text: str, canaries: Iterable[str]) -> list[str]:
    return [
        f"{canary}: {text[max(0, match.start() - 200) : match.start() + 80]!r}"
        for canary in canaries
        if (match := re.search(_pattern(canary), text, re.IGNORECASE))
    ]


def _pattern(canary: str) -> str:
    """Return what a canary is found by: a short one is in many a key and id by chance."""
    word = re.escape(canary)
    return rf"(?<![0-9a-z]){word}(?![0-9a-z])" if len(canary) < 6 else word


def _ours(record: logging.LogRecord) -> bool:
    """Whether it is ours, or of what works for us.

    Not Home Assistant's of its bus, which has the calls of actions; nor those of the mail
    server and the storage of the test, which are in this process.
    """
    others = (
        "homeassistant.core",
        # It says what it has discovered, with its serial number.
        "homeassistant.components.usb",
        "mail.log",
        "pytest_homeassistant",
    )
    return not record.name.startswith(others)


async def test_nothing_private_is_seen_where_it_need_not_be(
    house: House,
    hass_client: ClientSessionGenerator,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    hass, entry = house.hass, house.entry
    caplog.set_level(logging.DEBUG)
    for component in ("system_health", "repairs"):
        assert await async_setup_component(hass, component, {})
    assert await async_setup_component(hass, "automation", {"automation": AUTOMATION})
    await _live(house, tmp_path)
    everything = (*SECRETS, *PERSONAL.values(), USB, HOST, REFUSED, *TEXTS, NAME)
    # What is told of an email names its recipient, and an address that was refused.
    told = (*SECRETS, *PERSONAL.values(), USB, HOST, *TEXTS)

    # Of what was entered in a dialog a person may read all but what is secret.
    assert _found(str(house.seen), [PERSONAL["user"]])
    assert not _found(str(house.seen), SECRETS[:3])

    file = json.dumps(await downloaded(hass, hass_client, entry), ensure_ascii=False)
    assert not _found(file, everything)
    assert '"conversation": ["' in file
    # There is none of a device: what its page offers is the entry's.
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    client = await hass_client()
    for device in devices:
        base = f"/api/diagnostics/config_entry/{entry.entry_id}"
        assert (await client.get(f"{base}/device/{device.id}")).status == 404
    assert not _found(str(await get_system_health_info(hass, DOMAIN)), everything)

    states = json.dumps(
        [state.as_dict() for state in hass.states.async_all()], default=str
    )
    assert not _found(states, told)
    heard = [
        event.as_dict()
        for event in house.events
        if event.event_type != EVENT_CALL_SERVICE
    ]
    assert not _found(json.dumps(heard, default=str), told)
    assert not _found(str(_issues(hass)), told)

    log = "\n".join(
        caplog.handler.format(record) for record in caplog.records if _ours(record)
    )
    assert "quectel_smtp" in log
    assert not _found(log, everything)

    # An automation has what it sends itself, and its trace, too.
    traces = [
        trace.as_extended_dict()
        for of_one in hass.data[DATA_TRACE].values()
        for trace in of_one.all_traces()
    ]
    assert _found(str(traces), [TEXTS[0]])
    assert not _found(str(traces), (*SECRETS, *PERSONAL.values(), HOST, REFUSED))

    # Where they have to be, they are: it is known then that they would be found.
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    stored = {
        key: json.dumps(content, default=str, ensure_ascii=False)
        for key, content in hass_storage.items()
    }
    assert len(_found(stored.pop("core.config_entries"), SECRETS)) == 3
    assert _found(stored.pop("core.device_registry"), [PERSONAL["imei"]])
    assert _found(stored.pop(f"{DOMAIN}.{entry.entry_id}.refused"), [REFUSED])
    # Entities are named for recipients, and known by the modem's IMEI.
    assert not _found(stored.pop("core.entity_registry"), (*SECRETS, HOST, REFUSED))
    assert not _found(str(stored), (*SECRETS, *PERSONAL.values(), HOST, REFUSED))

    described: dict[str, Any] = {}
    logbook.async_describe_events(
        hass, lambda _, name, words: described.update({name: words})
    )
    house.events.clear()
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    words = [
        described[str(event.event_type)](event)
        for event in house.events
        if str(event.event_type) in described
    ]
    assert words
    assert not _found(str(words), everything)
