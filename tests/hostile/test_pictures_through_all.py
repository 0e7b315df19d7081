"""Pictures from the moment that they are accepted to a real server, by each way."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from random import Random
import re
import ssl

import pytest
import trustme

from custom_components.quectel_smtp.delivery.courier.courier import Courier
from custom_components.quectel_smtp.delivery.email import Email
from custom_components.quectel_smtp.delivery.records import Options, State, Way
from custom_components.quectel_smtp.delivery.settings import Settings
from custom_components.quectel_smtp.modem.at.port import PortSettings
from custom_components.quectel_smtp.modem.mail.attachments import Attachment
from custom_components.quectel_smtp.modem.mail.server import Security
from tests.delivery.bench import WORDING
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.profiles import MailClient
from tests.virtual_modem.tests.mail_server import MailServer

from .bench import HOST, PDP, SERVER
from .test_pictures import PICTURE, pictures

_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Road:
    """By which way, by which of the modem's mail clients, and how secured."""

    way: Way
    client: MailClient = MailClient.NOTE
    security: Security = Security.NONE


PATHS = (
    Road(Way.MODULE),
    Road(Way.MODULE, MailClient.TERSE),
    Road(Way.STREAM),
    Road(Way.STREAM, security=Security.TLS),
)


@dataclass(frozen=True, slots=True)
class Office:
    """A courier at work, its modem, and the server."""

    courier: Courier
    virtual: VirtualModem
    server: MailServer

    async def send(self, *attachments: Attachment) -> EmailMessage:
        """Have an email sent; returns it as it arrived."""
        email = Email(
            "Door", "Look", ("you@example.org",), attachments=tuple(attachments)
        )
        reference = await self.courier.submit(email)
        result = await self.courier.result(reference, _PATIENCE)
        assert result is not None
        assert result.state is State.SENT
        content = self.server.received[-1].original_content or b""
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        assert not message.defects
        return message

    def stored(self) -> list[str]:
        """Return what lies in the modem."""
        return [file.name for file in self.virtual.state().files]


@pytest.fixture(
    params=PATHS, ids=lambda path: f"{path.way} {path.client} {path.security!s}"
)
async def office(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncGenerator[Office]:
    """Give everything between an email and its server."""
    path: Road = request.param
    context = None
    if path.security is Security.TLS:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        trustme.CA().issue_cert(HOST).configure_cert(context)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(MailServer(implicit=context))
        virtual = await stack.enter_async_context(
            VirtualModem(
                hosts={HOST: {SERVER.port: server.port}}, mail_client=path.client
            )
        )
        courier = Courier(
            Settings(
                PortSettings(virtual.port),
                PDP,
                replace(SERVER, security=path.security),
                options=Options(way=path.way),
            ),
            tmp_path / "outbox.db",
            WORDING,
        )
        await courier.open()
        courier.start()
        courier.show()
        stack.push_async_callback(courier.close)
        yield Office(courier, virtual, server)


async def test_a_picture_with_all_that_a_line_may_misread_arrives_as_it_was(
    office: Office,
) -> None:
    message = await office.send(Attachment("Front door.jpg", PICTURE, "image/jpeg"))
    assert pictures(message) == {"Front door.jpg": PICTURE}
    assert not [seen for seen in office.virtual.commands() if seen.junk]
    assert not office.virtual.strays()


async def test_ten_attachments_arrive_in_their_order_and_two_of_one_name_apart(
    office: Office,
) -> None:
    made = Random(3)
    found = [
        Attachment("door.jpg", made.randbytes(3000 + number)) for number in range(10)
    ]
    message = await office.send(*found)
    arrived = [part.get_content() for part in message.iter_attachments()]
    assert arrived == [one.data for one in found]
    names = [part.get_filename() for part in message.iter_attachments()]
    assert len(set(names)) in (1, 10)


HOSTILE = (
    '"\r\nAT+CFUN=0\r\n.jpg',
    'x";+QPOWD.jpg',
    "UFS:qsmtp_ca_0123456789ab.pem",
    "RAM:a.jpg",
    "../../secrets.yaml",
    "\0\x1a\x1b+++\x7f",
    "Grüße von 门口 🚪.jpg",
    "\ud800\u202egpj.exe",
    "x" * 300 + ".jpeg",
    "$(reboot)`id`|sh %s%n",
)
"""Names that are meant for somebody else than the recipient."""


async def test_no_name_is_more_than_a_name(office: Office) -> None:
    office.virtual.forget()
    data = [f"content {number}".encode() for number in range(len(HOSTILE))]
    message = await office.send(
        *(Attachment(name, one) for name, one in zip(HOSTILE, data, strict=True))
    )
    arrived = [part.get_payload(decode=True) for part in message.iter_attachments()]
    assert arrived == data
    names = [part.get_filename() or "" for part in message.iter_attachments()]
    assert all(name.isprintable() and "/" not in name for name in names)
    heard = office.virtual.commands()
    assert all(not seen.junk and seen.line.startswith("AT") for seen in heard)
    unquoted = [re.sub('"[^"]*"', "", seen.line) for seen in heard]
    assert not [line for line in unquoted if re.search("CFUN|QPOWD|;", line)]
    assert not [seen for seen in heard if "RAM:" in seen.line]


async def test_nothing_of_an_email_stays_in_the_modem_nor_a_word_of_the_owners_goes(
    office: Office,
) -> None:
    office.virtual.put_file("door.jpg", b"somebody else's")
    message = await office.send(Attachment("door.jpg", b"a picture"))
    assert list(pictures(message).values()) == [b"a picture"]
    # It is told as sent before it is cleared away; the port is lent after that.
    async with office.courier.lend():
        assert office.stored() == ["UFS:door.jpg"]


async def test_what_the_store_has_no_room_for_is_named_and_the_text_goes(
    office: Office,
) -> None:
    office.virtual.set("file_store_bytes", 4 * 4096)
    message = await office.send(
        Attachment("large.jpg", bytes(20_000)), Attachment("small.jpg", b"a picture")
    )
    text = message.get_body(("plain",))
    assert text is not None
    if any(seen.line.startswith("AT+QFLDS") for seen in office.virtual.commands()):
        assert pictures(message) == {"small.jpg": b"a picture"}
        assert "large.jpg" in text.get_content()
    else:
        assert set(pictures(message)) == {"large.jpg", "small.jpg"}
