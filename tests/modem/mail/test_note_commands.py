"""Every command of the SMTP note, read and written, against the virtual modem."""

from collections.abc import AsyncGenerator, Generator

import pytest

from custom_components.quectel_smtp.modem.at.channel import AtChannel
from custom_components.quectel_smtp.modem.at.codes import SmtpError, TcpError
from custom_components.quectel_smtp.modem.at.commands import Command, Deadline
from custom_components.quectel_smtp.modem.at.errors import (
    CommandError,
    InvalidValueError,
    ModemRebootedError,
    ServerNameError,
    ServerUnreachableError,
)
from custom_components.quectel_smtp.modem.at.port import PortSettings, connect
from custom_components.quectel_smtp.modem.mail import attachments, readback, smtp
from custom_components.quectel_smtp.modem.mail.attachments import Attached, Attachment
from custom_components.quectel_smtp.modem.mail.message import Message, TextCharset
from custom_components.quectel_smtp.modem.mail.readback import Recipient, Subject
from custom_components.quectel_smtp.modem.mail.server import Security, ServerSettings
from custom_components.quectel_smtp.modem.mail.smtp import Outcome, Result
from custom_components.quectel_smtp.modem.modem import Modem
from custom_components.quectel_smtp.modem.network import radio, status
from custom_components.quectel_smtp.modem.network.dns import resolve
from custom_components.quectel_smtp.modem.network.pdp import PdpContext, PdpSettings
from custom_components.quectel_smtp.modem.tcp.opening import reach
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.profiles import MailClient
from tests.virtual_modem.tests.mail_server import MailServer

HOST = "mail.example.com"
SERVER = ServerSettings(
    HOST, 25, Security.NONE, "user", "secret", "Home", "home@example.com"
)
MESSAGE = Message(
    "Hello", "Body", ("a@example.com",), ("b@example.com",), ("c@example.com",)
)


@pytest.fixture
def server() -> Generator[MailServer]:
    """Give a mail server in a thread of its own."""
    with MailServer() as running:
        yield running


@pytest.fixture(params=MailClient)
def mail_client(request: pytest.FixtureRequest) -> MailClient:
    """Give each of the programs that may be behind the mail commands."""
    client: MailClient = request.param
    return client


@pytest.fixture
async def virtual(mail_client: MailClient) -> AsyncGenerator[VirtualModem]:
    """Give a virtual modem."""
    async with VirtualModem(mail_client=mail_client) as modem:
        yield modem


@pytest.fixture
async def channel(virtual: VirtualModem) -> AsyncGenerator[AtChannel]:
    """Give a channel to it."""
    opened = await connect(PortSettings(virtual.port))
    await opened.synchronise()
    await opened.execute(Command("AT+CMEE=1"))
    yield opened
    await opened.close()


async def test_each_setting_is_read_back_as_it_was_set(channel: AtChannel) -> None:
    for _, line in SERVER.commands(3, has_body_original=True):
        await channel.execute(Command(line))
    assert await readback.setting(channel, "contextid") == ("3",)
    assert await readback.setting(channel, "ssltype") == ("0",)
    assert await readback.setting(channel, "sslctxid") == ("1",)
    assert await readback.setting(channel, "smtpserver") == (HOST, "25")
    assert await readback.setting(channel, "sender") == ("Home", "home@example.com")
    assert await readback.setting(channel, "bodyoriginal") == ("0",)
    # The modem reads the password back in clear: it goes no further.
    assert await readback.setting(channel, "account") == ("user",)


async def test_recipients_are_read_back_and_removed_one_by_kind_or_all(
    channel: AtChannel,
) -> None:
    assert await smtp.prepare(channel, MESSAGE) is None
    to, cc, bcc = (
        Recipient(1, "a@example.com"),
        Recipient(2, "b@example.com"),
        Recipient(3, "c@example.com"),
    )
    assert await readback.recipients(channel) == (to, cc, bcc)
    await readback.remove_recipients(channel, 2, "b@example.com")
    assert await readback.recipients(channel) == (to, bcc)
    await readback.remove_recipients(channel, 3)
    assert await readback.recipients(channel) == (to,)
    await readback.remove_recipients(channel)
    assert await readback.recipients(channel) == ()


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        (TextCharset.ASCII, "TEST SMTP"),
        (TextCharset.UTF_8, "Grüße 😀"),
        (TextCharset.GB2312, "停电了"),
        (TextCharset.BIG5, "停電了"),
    ],
)
async def test_each_charset_carries_subject_and_body(
    virtual: VirtualModem, channel: AtChannel, charset: TextCharset, text: str
) -> None:
    body = text + "\n"
    message = Message(
        text, body, ("a@example.com",), charset=charset, subject_charset=charset
    )
    assert await smtp.prepare(channel, message) is None
    assert await readback.subject(channel) == Subject(charset, text)
    sent = virtual.transfers()[-1]
    assert sent.command.startswith(f"AT+QSMTPBODY={int(charset)},")
    assert sent.data.decode(charset.codec) == text + "\r\n"


def test_a_text_that_its_charset_lacks_is_refused() -> None:
    big5 = TextCharset.BIG5
    with pytest.raises(InvalidValueError):
        Message("😀", "", ("a@example.com",), subject_charset=big5)
    with pytest.raises(InvalidValueError):
        Message("", "😀", ("a@example.com",), charset=big5)


async def test_clearing_removes_all_of_it(channel: AtChannel) -> None:
    assert await smtp.prepare(channel, MESSAGE) is None
    await smtp.clear(channel)
    assert await readback.recipients(channel) == ()
    # The note prints another name here, which is read too.
    assert await readback.subject(channel) == Subject(TextCharset.ASCII, "")
    assert await attachments.attached(channel) == ()


TEN = tuple(Attachment(f"{n}.txt", bytes((65 + n,)) * (100 + n)) for n in range(10))


async def test_ten_attachments_are_listed_and_removed(
    virtual: VirtualModem, channel: AtChannel
) -> None:
    for n in range(10):
        virtual.put_file(f"{n}.txt", bytes(100 + n))
    names = [f"{n}.txt" for n in range(10)]
    assert await smtp.prepare(channel, MESSAGE, names) is None
    assert await attachments.attached(channel) == tuple(
        Attached(n + 1, f"{n}.txt", 100 + n) for n in range(10)
    )
    await attachments.detach_all(channel)
    assert await attachments.attached(channel) == ()


async def test_an_attachment_that_the_modem_can_not_read_leaves_a_doubt(
    server: MailServer, mail_client: MailClient
) -> None:
    message = Message(
        "Hello", "Body", ("a@example.com",), attachments=(Attachment("p.jpg", b"two"),)
    )
    async with VirtualModem(
        hosts={HOST: {25: server.port}},
        settings={"attachment_memory": 2},
        mail_client=mail_client,
    ) as virtual:
        modem = Modem(PortSettings(virtual.port))
        await modem.open()
        await modem.activate(PdpSettings("internet"))
        await modem.configure(SERVER)
        assert await modem.prepare(message) is None
        outcome = await modem.put(60)
        await modem.close()
    assert outcome == Outcome(Result.DOUBTFUL, SmtpError.ATTACHMENT_MEMORY)
    # One of them has sent what it could, and the server can't know that it is not all.
    assert len(server.received) == (mail_client is MailClient.TERSE)


def test_attachments_beyond_their_limits_are_refused() -> None:
    with pytest.raises(InvalidValueError) as caught:
        Message("", "", ("a@b",), attachments=TEN + TEN[:1])
    assert caught.value.limit == 10
    with pytest.raises(InvalidValueError):
        Attachment("a", b"")


async def test_the_time_of_a_send_has_its_range(channel: AtChannel) -> None:
    assert await readback.put_times(channel) == (60, 65535)


async def test_an_email_without_recipients_is_refused_with_its_code(
    channel: AtChannel,
) -> None:
    outcome = await smtp.put(channel, 60)
    assert outcome == Outcome(Result.REFUSED, SmtpError.NO_RECIPIENT)


async def test_radio_and_sim_are_read(channel: AtChannel) -> None:
    quality = await radio.quality(channel)
    assert quality is not None
    assert quality.technology == "LTE"
    cell = await radio.cell(channel)
    assert cell is not None
    assert cell.band.startswith("LTE BAND")
    assert (await radio.subscriber(channel) or "").isdigit()
    assert await radio.functionality(channel) == 1
    assert await status.attached(channel)


async def test_the_radio_goes_off_and_on_and_attaches_again(channel: AtChannel) -> None:
    await radio.set_functionality(channel, radio.Functionality.RADIO_OFF)
    assert await radio.functionality(channel) == 4
    await radio.set_functionality(channel, radio.Functionality.FULL)
    await radio.attach(channel)


async def test_a_restart_is_answered_and_then_told(channel: AtChannel) -> None:
    rebooted: list[int] = []
    channel.on_reboot(lambda: rebooted.append(1))
    with channel.expect("+NEVER:") as never:
        await radio.restart(channel)
        with pytest.raises(ModemRebootedError):
            await never.wait(60)
    assert rebooted == [1]


async def test_a_context_of_anothers_is_seen_and_released(channel: AtChannel) -> None:
    before = await radio.active_contexts(channel)
    await PdpContext(channel, 1, lambda: None).activate(PdpSettings("internet"))
    assert set(await radio.active_contexts(channel)) == {*before, 1}
    await radio.release(channel, 1)
    assert 1 not in await radio.active_contexts(channel)


async def test_a_servers_name_and_port_are_probed(
    server: MailServer, mail_client: MailClient
) -> None:
    hosts = {HOST: {25: server.port, 26: 1}}
    async with VirtualModem(hosts=hosts, mail_client=mail_client) as virtual:
        channel = await connect(PortSettings(virtual.port))
        await channel.synchronise()
        await PdpContext(channel, 1, lambda: None).activate(PdpSettings("internet"))
        await resolve(channel, 1, HOST, Deadline.RESOLVE)
        await reach(channel, 1, HOST, 25)
        await reach(channel, 1, HOST, 25)
        with pytest.raises(ServerUnreachableError) as closed:
            await reach(channel, 1, HOST, 26)
        assert closed.value.code is TcpError.CONNECT_FAILED
        with pytest.raises(ServerNameError):
            await resolve(channel, 1, "nowhere.example.com", Deadline.RESOLVE)
        with pytest.raises(ServerNameError):
            await reach(channel, 1, "nowhere.example.com", 25)
        await channel.close()


async def test_the_modem_refuses_what_the_note_says_it_refuses(
    channel: AtChannel,
) -> None:
    for line in (
        'AT+QSMTPDST=1,4,"a@b"',
        'AT+QSMTPSUB=1,"4"',
        "AT+QSMTPBODY=0,10241",
        "AT+QSMTPPUT=59",
        'AT+QSMTPATT=1,11,"UFS:a"',
    ):
        with pytest.raises(CommandError):
            await channel.execute(Command(line))
