"""What the modem's own mail client lacks, or is too small for, goes by its TCP commands.

Through the real forms, a real courier and modem layer, a modem as a process, and a real
mail server.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
import ssl
from unittest.mock import patch

import pytest

from custom_components.quectel_smtp.const import DOMAIN
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.tests.mail_server import MailServer, Manners

from .conftest import send, until
from .dialog import CELLULAR_INPUT, MANUAL, SERVER_INPUT, Dialog, recipient_form
from .mail_on_the_desk import CA, ROOT, bundle

# The virtual modem's control socket.
pytestmark = pytest.mark.usefixtures("socket_enabled")

WITHOUT = "EG800K-CN"
PASSWORD = (
    'a pass phrase, "quoted", of 80 characters, such as a mail provider may hand out'
)
TO = [f"a{number}@example.com" for number in range(25)]


@pytest.fixture
async def mail(tmp_path: Path) -> AsyncGenerator[MailServer]:
    """Start a mail server that everybody trusts, with a password that is long."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    CA.issue_cert("smtp.example.com").configure_cert(context)
    manners = Manners(login=("home@example.com", PASSWORD))
    with patch("certifi.where", return_value=bundle(tmp_path)):
        async with MailServer(manners, implicit=context) as server:
            yield server


@asynccontextmanager
async def _modem(
    hass: HomeAssistant, mail: MailServer, profile: str
) -> AsyncIterator[VirtualModem]:
    hosts = {"smtp.example.com": {465: mail.port}}
    async with VirtualModem(profile=profile, hosts=hosts, time_scale=0.01) as found:
        found.set("urcport", "all")
        with patch("custom_components.quectel_smtp.flow.progress.SHOWN_FOR", 0):
            yield found
        for entry in hass.config_entries.async_entries(DOMAIN):
            if entry.state is ConfigEntryState.LOADED:
                assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


async def _set_up(
    hass: HomeAssistant, modem: VirtualModem, to: list[str], *, own_root: bool = False
) -> ConfigEntry:
    """Go through the forms from the port to the first recipient."""
    dialog = await Dialog.start(hass)
    await dialog.submit(device=modem.port, advanced={"baudrate": "115200"})
    await dialog.submit(**CELLULAR_INPUT)
    await dialog.choose("server")
    account = SERVER_INPUT | {"password": PASSWORD}
    await dialog.submit(**account, **(MANUAL if own_root else {}))
    if own_root:
        await dialog.choose("certificate_text")
        await dialog.submit(certificate=ROOT)
    assert dialog.result["type"] is FlowResultType.CREATE_ENTRY
    entry: ConfigEntry = dialog.result["result"]
    _, flow_id = dialog.result["next_flow"]
    recipient = Dialog(hass, await hass.config_entries.flow.async_configure(flow_id))
    await recipient.submit(**recipient_form("Anna", to))
    assert recipient.ended == "test_sent_stream"
    await hass.async_block_till_done()
    return entry


def _arrived(mail: MailServer) -> tuple[list[str], EmailMessage]:
    (envelope,) = mail.received
    assert envelope.content is not None
    content = envelope.content
    assert isinstance(content, bytes)
    return envelope.rcpt_tos, message_from_bytes(content, policy=policy.default)


@pytest.mark.parametrize("own_root", [False, True])
async def test_a_module_without_smtp_commands_is_set_up_and_sends_like_any_other(
    hass: HomeAssistant, mail: MailServer, own_root: bool
) -> None:
    async with _modem(hass, mail, WITHOUT) as modem:
        entry = await _set_up(hass, modem, ["anna@example.com"], own_root=own_root)
        mail.received.clear()
        assert entry.title == "Quectel EG800K"
        assert entry.data["certificate"] == ROOT
        await send(hass)
        await until(lambda: bool(mail.received))
        await until(lambda: not entry.runtime_data.courier.status.mail.waiting)
        await hass.async_block_till_done()
        state = hass.states.get("sensor.quectel_eg800k_last_send_result")
        assert state is not None
        assert (state.state, state.attributes["way"]) == ("sent", "stream")
        # It was asked whether it has a mail client; nothing was told to one.
        assert {seen.line for seen in modem.commands("QSMTP")} == {
            "AT+QSMTPCFG=?",
            "AT+QSMTPSRV=?",
        }
        assert not modem.commands(r"QFUPL=\"|QFDEL|QSSLCFG=\"(?!negotiatetime)")
    recipients, email = _arrived(mail)
    assert recipients == ["anna@example.com"]
    assert email["Subject"] == "Alarm"
    assert email.get_content().startswith("Water in the cellar")


async def test_a_long_text_to_many_with_a_long_password_arrives_whole(
    hass: HomeAssistant, mail: MailServer
) -> None:
    text = "\n".join(
        f"{number:04}: Wasser im Keller, ⚡ und {{}}" for number in range(400)
    )
    assert len(text.encode()) > 12_000
    async with _modem(hass, mail, "EC200N-CN") as modem:
        entry = await _set_up(hass, modem, TO)
        mail.received.clear()
        await send(hass, text)
        await until(lambda: bool(mail.received))
        await until(lambda: not entry.runtime_data.courier.status.mail.waiting)
        await hass.async_block_till_done()
    recipients, email = _arrived(mail)
    assert recipients == TO
    assert [one.addr_spec for one in email["To"].addresses] == TO
    content = email.get_content().replace("\r\n", "\n")
    assert content.startswith(f"{text}\n\nRef: ")
