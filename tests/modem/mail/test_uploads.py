"""Attachments in the modem's store: under names that are free, ours by a note, and gone."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from email import message_from_bytes, policy
from email.message import EmailMessage
import logging

import pytest

from custom_components.quectel_smtp.modem.at.channel import AtChannel
from custom_components.quectel_smtp.modem.at.commands import Command
from custom_components.quectel_smtp.modem.at.errors import ModemError, NoAnswerError
from custom_components.quectel_smtp.modem.at.port import PortSettings, connect
from custom_components.quectel_smtp.modem.mail import files, uploads
from custom_components.quectel_smtp.modem.mail.attachments import (
    Attachment,
    NotAttached,
)
from custom_components.quectel_smtp.modem.mail.message import Message
from custom_components.quectel_smtp.modem.mail.server import Security, ServerSettings
from custom_components.quectel_smtp.modem.mail.smtp import Result
from custom_components.quectel_smtp.modem.mail.uploads import UnkeptUploads
from custom_components.quectel_smtp.modem.modem import Modem
from custom_components.quectel_smtp.modem.network.pdp import PdpSettings
from tests.modem.scripted_modem import ScriptedModem, body
from tests.modem.scripted_port import OK, Data, ScriptedPort, cme, frame, open_port
from tests.modem.virtual_time import virtual_time
from tests.virtual_modem.client import VirtualModem
from tests.virtual_modem.fault_model import Action, Fault, Moment
from tests.virtual_modem.profiles import MailClient
from tests.virtual_modem.tests.mail_server import MailServer

HOST = "mail.example.com"
SERVER = ServerSettings(
    HOST, 25, Security.NONE, "user", "secret", "Home", "home@example.com"
)
LIST = 'AT+QFLST="*"'
PICTURE = b"picture of the door"


def digests(*names: str) -> tuple[str, ...]:
    """Return what is noted of these files."""
    return tuple(map(uploads.digest, names))


def email(*attachments: Attachment) -> Message:
    """Return an email with these."""
    return Message("Hello", "Body", ("a@example.com",), attachments=attachments)


@pytest.fixture
def server() -> Generator[MailServer]:
    """Give a mail server in a thread of its own."""
    with MailServer() as running:
        yield running


@pytest.fixture(params=MailClient)
async def virtual(
    request: pytest.FixtureRequest, server: MailServer
) -> AsyncGenerator[VirtualModem]:
    """Give a virtual modem with each of the programs behind its mail commands."""
    async with VirtualModem(
        hosts={HOST: {25: server.port}}, mail_client=request.param
    ) as running:
        yield running


@pytest.fixture
async def modem(virtual: VirtualModem) -> AsyncGenerator[Modem]:
    """Give it with everything told that no email is needed for."""
    opened = await started(virtual)
    yield opened
    await opened.close()


async def started(virtual: VirtualModem) -> Modem:
    """Return a modem that is ready for an email."""
    modem = Modem(PortSettings(virtual.port))
    await modem.open()
    await modem.activate(PdpSettings("internet"))
    await modem.configure(SERVER)
    return modem


def stored(virtual: VirtualModem) -> dict[str, bytes]:
    """Return what lies in the modem's store."""
    return {file.name.removeprefix("UFS:"): file.data for file in virtual.state().files}


def parts(server: MailServer) -> list[tuple[str | None, bytes]]:
    """Return the names and bytes of the attachments that the server got."""
    content = message_from_bytes(
        server.received[-1].original_content or b"", policy=policy.default
    )
    assert isinstance(content, EmailMessage)
    return [
        (part.get_filename(), part.get_content()) for part in content.iter_attachments()
    ]


async def test_a_picture_arrives_under_its_own_name_and_does_not_stay(
    server: MailServer, virtual: VirtualModem, modem: Modem
) -> None:
    picture = bytes(range(256)) * 20 + b"+++\r\n\xff\xff"
    message = email(
        Attachment("Front door.jpg", picture), Attachment("Front door.jpg", PICTURE)
    )
    assert await modem.prepare(message) is None
    assert await modem.uploads.noted() == digests("Front door.jpg", "Front door_2.jpg")
    assert (await modem.put(60)).result is Result.SENT
    await modem.clear()
    assert stored(virtual) == {}
    assert await modem.uploads.noted() == ()
    assert parts(server) == [
        ("Front door.jpg", picture),
        ("Front door_2.jpg", PICTURE),
    ]


async def test_no_log_has_the_name_of_an_attachment(
    modem: Modem, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert await modem.prepare(email(Attachment("Nursery.jpg", PICTURE))) is None
        await modem.clear()
    assert "QFUPL" in caplog.text
    assert "Nursery" not in caplog.text


async def test_what_an_upload_left_that_was_cancelled_is_deleted(
    virtual: VirtualModem, modem: Modem
) -> None:
    preparing = asyncio.ensure_future(
        modem.prepare(email(Attachment("door.jpg", bytes(200_000))))
    )
    await virtual.wait_for_data(1)
    preparing.cancel()
    await asyncio.wait((preparing,))
    await modem.configure(SERVER)
    assert stored(virtual) == {}
    assert await modem.uploads.noted() == ()
    assert await modem.prepare(email(Attachment("door.jpg", PICTURE))) is None


async def test_a_modem_that_restarts_in_an_upload_is_left_with_nothing_of_it(
    virtual: VirtualModem, modem: Modem
) -> None:
    virtual.fault(
        Fault(Action.REBOOT, "QFUPL.*b.jpg", Moment.MID_DATA, offset=2000),
    )
    found = Attachment("a.jpg", bytes(5000)), Attachment("b.jpg", bytes(5000))
    with pytest.raises(ModemError):
        await modem.prepare(email(*found))
    assert "a.jpg" in stored(virtual)
    await modem.configure(SERVER)
    assert stored(virtual) == {}
    assert await modem.prepare(email(*found)) is None


async def test_somebody_elses_file_of_the_name_stays_as_it_is(
    server: MailServer, virtual: VirtualModem, modem: Modem
) -> None:
    virtual.put_file("door.jpg", b"somebody else's")
    assert await modem.prepare(email(Attachment("Door.jpg", PICTURE))) is None
    assert (await modem.put(60)).result is Result.SENT
    await modem.clear()
    assert stored(virtual) == {"door.jpg": b"somebody else's"}
    assert parts(server) == [("Door_2.jpg", PICTURE)]


async def test_what_a_crash_left_behind_is_deleted_at_the_next_start_by_its_note(
    virtual: VirtualModem, modem: Modem
) -> None:
    virtual.put_file("users.pem", b"x")
    assert await modem.prepare(email(Attachment("door.jpg", PICTURE))) is None
    assert "door.jpg" in stored(virtual)
    await modem.close()
    again = Modem(PortSettings(virtual.port))
    again.uploads = modem.uploads
    await again.open()
    held = again.holds_files
    await again.configure(SERVER)
    assert (held, again.holds_files) == (True, False)
    assert stored(virtual) == {"users.pem": b"x"}
    assert await again.uploads.noted() == ()
    await again.close()


async def test_what_lay_there_when_the_modem_restarted_is_deleted(
    virtual: VirtualModem, modem: Modem
) -> None:
    assert await modem.prepare(email(Attachment("door.jpg", PICTURE))) is None
    await modem.restart()
    assert "door.jpg" in stored(virtual)
    await modem.configure(SERVER)
    assert stored(virtual) == {}


async def test_leftovers_of_earlier_versions_are_deleted_and_nothing_else(
    virtual: VirtualModem,
) -> None:
    virtual.put_file("homeassistant_left_behind.jpg", b"x")
    virtual.put_file("users.pem", b"x")
    modem = await started(virtual)
    assert stored(virtual) == {"users.pem": b"x"}
    await modem.close()


async def test_an_email_that_is_prepared_anew_leaves_nothing_of_the_one_before(
    virtual: VirtualModem, modem: Modem
) -> None:
    assert await modem.prepare(email(Attachment("door.jpg", PICTURE))) is None
    assert await modem.prepare(email(Attachment("gate.jpg", PICTURE))) is None
    assert stored(virtual) == {"gate.jpg": PICTURE}
    assert await modem.uploads.noted() == digests("gate.jpg")


async def test_the_modem_tells_how_much_room_there_is_in_whole_blocks(
    virtual: VirtualModem, modem: Modem
) -> None:
    room = await modem.room_for_attachments()
    assert room == 286_720
    virtual.put_file("users.pem", b"x")
    assert await modem.room_for_attachments() == room - 4096
    # What an email before left behind does not count: it goes.
    assert await modem.prepare(email(Attachment("door.jpg", bytes(5000)))) is None
    assert await modem.room_for_attachments() == room - 4096


async def test_what_there_is_no_room_for_is_told_and_the_rest_can_go(
    server: MailServer, virtual: VirtualModem, modem: Modem
) -> None:
    big, small = Attachment("big.jpg", bytes(300_000)), Attachment("a.jpg", PICTURE)
    vast = Attachment("vast.jpg", bytes(files.SIZE_LIMIT + 1))
    found = await modem.prepare(email(vast, small, big))
    assert found == NotAttached((0, 2))
    assert await modem.prepare(email(small)) is None
    assert (await modem.put(60)).result is Result.SENT
    await modem.clear()
    assert parts(server) == [("a.jpg", PICTURE)]
    assert stored(virtual) == {}


async def test_a_certificate_is_never_taken_for_a_file_of_ours(
    virtual: VirtualModem, modem: Modem
) -> None:
    virtual.put_file("qsmtp_ca_0123.pem", b"x")
    await modem.uploads.note(digests("door.jpg"))
    attachment = Attachment("qsmtp_ca_0123.pem", PICTURE)
    assert await modem.prepare(email(attachment)) is None
    await modem.clear()
    assert stored(virtual) == {"qsmtp_ca_0123.pem": b"x"}


# Where the modem answers otherwise than it should.


def upload_line(name: str, size: int = len(PICTURE), mode: int = 1) -> str:
    """Return the command that stores a file."""
    return f'AT+QFUPL="UFS:{name}",{size},60,{mode}'


def taken(data: bytes = PICTURE) -> Data:
    """Take a file as it is."""
    return Data(len(data), frame(f"+QFUPL: {len(data)},{files.checksum(data):x}"))


async def store(
    port: ScriptedPort, *names: str, note: UnkeptUploads | None = None
) -> tuple[str, ...] | NotAttached:
    """Store a picture under each of these names."""
    found = tuple(Attachment(name, PICTURE) for name in names)
    return await uploads.store(
        port.channel, found, note or UnkeptUploads(), acknowledged=True
    )


@virtual_time
async def test_a_file_that_came_to_harm_is_stored_once_more() -> None:
    port = open_port()
    port.answers["AT+CGSN"] = frame("861234567890123")
    port.answers[upload_line("a")] = [
        Data(len(PICTURE), frame(f"+QFUPL: {len(PICTURE)},1")),
        taken(),
    ]
    assert await store(port, "a") == ("a",)
    assert port.lines.count('AT+QFDEL="UFS:a"') == 1


@virtual_time
async def test_a_file_that_comes_to_harm_each_time_is_left_out() -> None:
    port = open_port()
    port.answers["AT+CGSN"] = frame("861234567890123")
    harmed = Data(len(PICTURE), frame(f"+QFUPL: {len(PICTURE)},1"))
    port.answers[upload_line("a")] = [harmed, harmed]
    port.answers[upload_line("b")] = taken()
    assert await store(port, "a", "b") == NotAttached((0,))
    assert len(port.taken) == 3


@pytest.mark.parametrize("code", [403, 409, 420, 423, "no such words"])
@virtual_time
async def test_what_the_store_does_not_take_is_left_out(code: int | str) -> None:
    port = open_port()
    port.answers[upload_line("a")] = cme(code)
    port.answers[upload_line("b")] = taken()
    assert await store(port, "a", "b") == NotAttached((0,))
    assert port.lines[-2:] == ['AT+QFDEL="UFS:a"', upload_line("b")]


@virtual_time
async def test_an_upload_that_ends_in_mid_file_is_left_out() -> None:
    port = open_port()
    port.answers["AT+CGSN"] = frame("861234567890123")
    port.answers[upload_line("a")] = Data(
        5, b"\r\n+QFUPL: 5,1\r\n\r\n+CME ERROR: 420\r\n"
    )
    assert await store(port, "a") == NotAttached((0,))
    assert port.lines[-1] == 'AT+QFDEL="UFS:a"'


@pytest.mark.parametrize("code", [406, 407])
@virtual_time
async def test_a_name_that_the_modem_refuses_is_changed_and_noted_no_longer(
    code: int,
) -> None:
    port, note = open_port(), UnkeptUploads()
    port.answers[upload_line("a b")] = cme(code)
    port.answers[upload_line("a_b")] = taken()
    assert await store(port, "a b", note=note) == ("a_b",)
    assert await note.noted() == digests("a_b")


@virtual_time
async def test_a_modem_that_refuses_both_names_gets_none() -> None:
    port, note = open_port(), UnkeptUploads()
    port.answers[upload_line("a")] = port.answers[upload_line("a_2")] = cme(407)
    assert await store(port, "a", note=note) == NotAttached((0,))


@virtual_time
async def test_nothing_is_stored_where_it_is_not_known_what_lies_there() -> None:
    port = open_port()
    port.answers[LIST] = cme(417)
    assert await store(port, "a", "b") == NotAttached((0, 1))
    assert port.lines == [LIST]


@pytest.mark.parametrize("answer", [OK, cme(418)])
@virtual_time
async def test_an_upload_without_an_end_is_left_out_where_the_modem_lives_on(
    answer: bytes,
) -> None:
    port = open_port()
    port.answers["AT+CGSN"] = frame("861234567890123")
    port.answers[upload_line("a")] = Data(len(PICTURE), b"")
    port.answers['AT+QFDEL="UFS:a"'] = answer
    assert await store(port, "a") == NotAttached((0,))


@virtual_time
async def test_a_modem_that_falls_silent_in_an_upload_is_no_attachments_fault() -> None:
    port = open_port()

    def silent(_: bytes) -> bytes:
        port.silent = True
        return b""

    port.answers[upload_line("a")] = Data(len(PICTURE), silent)
    with pytest.raises(NoAnswerError):
        await store(port, "a")


@virtual_time
async def test_the_note_is_written_before_anything_is_stored() -> None:
    port, note = open_port(), UnkeptUploads()
    await note.note(digests("before"))
    noted: list[tuple[str, ...]] = []
    port.before_line = lambda line: noted.append(note._digests)  # noqa: SLF001
    port.answers[upload_line("a")] = taken()
    await store(port, "a", note=note)
    assert noted == [digests("before"), digests("before", "a")]


@virtual_time
async def test_a_file_that_can_not_be_deleted_stays_noted() -> None:
    port, note = open_port(), UnkeptUploads()
    await note.note(digests("a", "b", "gone"))
    port.answers[LIST] = frame('+QFLST: "UFS:a",1', '+QFLST: "UFS:b",1')
    port.answers['AT+QFDEL="UFS:a"'] = cme(418)
    await uploads.tidy(port.channel, note)
    assert await note.noted() == digests("a")
    await uploads.tidy(port.channel, note)
    assert await note.noted() == digests("a")


@virtual_time
async def test_a_file_that_the_mail_client_does_not_take_is_told() -> None:
    bench = ScriptedModem()
    modem = bench.modem()
    await modem.open()
    bench.answers["AT+QSMTPBODY=0,6,30"] = body(6)
    for name in ("a", "b"):
        bench.answers[upload_line(name)] = taken()
    bench.answers['AT+QSMTPATT=1,2,"UFS:b"'] = cme(661)
    found = tuple(Attachment(name, PICTURE) for name in ("a", "b"))
    assert await modem.prepare(email(*found)) == NotAttached((1,))


@virtual_time
async def test_a_firmware_without_ack_mode_is_not_asked_for_it() -> None:
    bench = ScriptedModem()
    bench.answers["AT+QFUPL=?"] = frame("+QFUPL: <filename>,(1-286720),(1-65535),(0)")
    bench.answers["AT+QSMTPBODY=0,6,30"] = body(6)
    bench.answers[upload_line("a", mode=0)] = taken()
    modem = bench.modem()
    await modem.open()
    assert await modem.prepare(email(Attachment("a", PICTURE))) is None


@virtual_time
async def test_a_store_that_can_not_be_listed_keeps_no_email_from_being_sent() -> None:
    bench = ScriptedModem()
    bench.answers[LIST] = cme(417)
    modem = bench.modem()
    await modem.open()
    await modem.configure(SERVER)
    assert not modem.holds_files


async def test_a_file_in_use_is_left_where_it_is(virtual: VirtualModem) -> None:
    channel: AtChannel = await connect(PortSettings(virtual.port))
    await channel.synchronise()
    await channel.execute(Command("AT+CMEE=1"))
    note = UnkeptUploads()
    found = (Attachment("a.txt", PICTURE),)
    assert await uploads.store(channel, found, note, acknowledged=True) == ("a.txt",)
    (line,) = await channel.execute(
        Command('AT+QFOPEN="a.txt",2', prefixes=("+QFOPEN:",))
    )
    await uploads.tidy(channel, note)
    assert await note.noted() == digests("a.txt")
    await channel.execute(Command(f"AT+QFCLOSE={line.rpartition(' ')[2]}"))
    await uploads.tidy(channel, note)
    assert await note.noted() == ()
    await channel.close()
